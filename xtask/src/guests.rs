//! Guests for machines: Debian's kernels and initramfs archives, fetched and built when something first needs them, and
//! kept in `target/guests`.
//!
//! Neighbours: `isthmus_beds::packages` and `isthmus_beds::initramfs` do the work; [`crate::image`] asks for them.

use crate::{
    programs,
    setup::{self, Need},
    workspace,
};
use isthmus_beds::{
    error::Result,
    initramfs::{self, Content},
    packages::Package,
};
use std::path::PathBuf;

/// The file that boots out of `package`.
///
/// # Errors
/// If it cannot be fetched.
pub fn package(package: Package) -> Result<PathBuf> {
    let store = workspace::folder("guests")?;
    if let Some(file) = package.cached(&store) {
        return Ok(file);
    }
    setup::require(&[Need::Guests])?;
    setup::update_lists(false)?;
    println!(
        "guests: fetching Debian's {} (unpacked into target/guests, not installed)",
        package.name()
    );
    package.fetch(&store)
}

/// The initramfs whose `/init` is `integration/initramfs/NAME.sh`. That of `measure` has the program of that name in it.
///
/// # Errors
/// If there is no such script, or busybox cannot be fetched.
pub fn initramfs(name: &str) -> Result<PathBuf> {
    let busybox = package(Package::Busybox)?;
    let script = workspace::integration()
        .join("initramfs")
        .join(format!("{name}.sh"));
    let program = match name {
        "measure" => Some(programs::linux_static("isthmus-measure")?),
        _ => None,
    };
    let content = Content {
        busybox: &busybox,
        script: &script,
        program: program.as_deref().map(|path| ("measure", path)),
    };
    let archive = workspace::folder("guests")?.join(format!("{name}.cpio"));
    initramfs::write(&content, &archive)?;
    Ok(archive)
}

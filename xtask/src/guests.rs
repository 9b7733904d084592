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
    error::{Error, Result},
    initramfs::{self, Content},
    packages::Package,
};
use std::path::{Path, PathBuf};

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
    initramfs_with(name, &[])
}

/// The modules that make Debian's cloud kernel a KVM, in the order in which they are loaded, with their file names.
///
/// # Errors
/// If the package cannot be fetched, or has them no longer.
pub fn kvm_modules() -> Result<Vec<(&'static str, PathBuf)>> {
    package(Package::LinuxCloud)?;
    let store = workspace::folder("guests")?;
    ["irqbypass.ko", "kvm.ko", "kvm-intel.ko"]
        .into_iter()
        .map(|name| {
            let file = Package::LinuxCloud.module(&store, name);
            file.map(|file| (name, file)).ok_or_else(|| {
                Error::Input(format!(
                    "the package {} has no {name}",
                    Package::LinuxCloud.name()
                ))
            })
        })
        .collect()
}

/// As [`initramfs`], with more files in `/data`. That of `exits` has the program `kvm-host`.
///
/// # Errors
/// As [`initramfs`], or a file that cannot be read.
pub fn initramfs_with(name: &str, data: &[(&str, &Path)]) -> Result<PathBuf> {
    let busybox = package(Package::Busybox)?;
    let script = workspace::integration()
        .join("initramfs")
        .join(format!("{name}.sh"));
    let program = match name {
        "measure" => Some(("measure", programs::linux_static("isthmus-measure")?)),
        "exits" => Some(("kvm-host", programs::linux_static("isthmus-kvm-host")?)),
        _ => None,
    };
    let content = Content {
        busybox: &busybox,
        script: &script,
        program: program.as_ref().map(|(name, path)| (*name, path.as_path())),
        data,
    };
    let archive = workspace::folder("guests")?.join(format!("{name}.cpio"));
    initramfs::write(&content, &archive)?;
    Ok(archive)
}

//! Guests that nobody here wrote, out of the distribution's packages: fetched with `apt-get download`, unpacked with
//! `dpkg-deb`, never installed, and kept.
//!
//! Trusts apt's signatures. Neighbours: [`crate::initramfs`] takes busybox from here, `xtask` decides when.

use crate::{
    command,
    error::{Error, Result},
};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

const HELP: &str = "this needs Debian's apt and dpkg";

/// A guest, or a part of one, that comes as a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Package {
    /// Debian's kernel for clouds.
    LinuxCloud,
    /// Debian's ordinary kernel.
    LinuxAmd64,
    /// Debian's real-time kernel.
    LinuxRt,
    /// A shell and tools in one static file.
    Busybox,
    /// A memory tester that boots like a bzImage.
    Memtest,
    /// Another hypervisor, as a Multiboot guest.
    Xen,
}

impl Package {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::LinuxCloud,
        Self::LinuxAmd64,
        Self::LinuxRt,
        Self::Busybox,
        Self::Memtest,
        Self::Xen,
    ];

    /// The name in the distribution.
    pub const fn name(self) -> &'static str {
        match self {
            Self::LinuxCloud => "linux-image-cloud-amd64",
            Self::LinuxAmd64 => "linux-image-amd64",
            Self::LinuxRt => "linux-image-rt-amd64",
            Self::Busybox => "busybox-static",
            Self::Memtest => "memtest86+",
            Self::Xen => "xen-hypervisor-4.17-amd64",
        }
    }

    /// How the name of the file that boots (or runs) begins, and the folder it is in.
    const fn file(self) -> (&'static str, &'static str) {
        match self {
            Self::LinuxCloud | Self::LinuxAmd64 | Self::LinuxRt => ("boot", "vmlinuz-"),
            Self::Busybox => ("bin", "busybox"),
            Self::Memtest => ("boot", "memtest86+x64.bin"),
            Self::Xen => ("boot", "xen-4.17-amd64"),
        }
    }

    /// Whether the package only names another one, of a certain version, that has the files.
    const fn is_meta(self) -> bool {
        matches!(self, Self::LinuxCloud | Self::LinuxAmd64 | Self::LinuxRt)
    }

    /// The package's file, if it was fetched before.
    pub fn cached(self, store: &Path) -> Option<PathBuf> {
        let (folder, prefix) = self.file();
        let entries = fs::read_dir(store.join(self.name()).join(folder)).ok()?;
        // A kernel's name ends in its version; any other name is whole.
        let named = |path: &PathBuf| {
            let name = path.file_name().map(|name| name.to_string_lossy());
            name.is_some_and(|name| name == prefix || (self.is_meta() && name.starts_with(prefix)))
        };
        entries.flatten().map(|entry| entry.path()).find(named)
    }

    /// A module of the package's kernel, by the name of its file, if the package was fetched before.
    pub fn module(self, store: &Path, name: &str) -> Option<PathBuf> {
        let mut folders = vec![store.join(self.name()).join("lib/modules")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).ok()?.flatten() {
                let path = entry.path();
                if path.is_dir() {
                    folders.push(path);
                } else if entry.file_name() == name {
                    return Some(path);
                }
            }
        }
        None
    }

    /// Fetches and unpacks the package into `store`, and returns the file that boots.
    ///
    /// # Errors
    /// What apt or dpkg said; the network may be missing, or apt's lists.
    pub fn fetch(self, store: &Path) -> Result<PathBuf> {
        if let Some(file) = self.cached(store) {
            return Ok(file);
        }
        // Unpacked beside its place and then moved there, so that what is there is whole.
        let work = store.join(format!("{}.part", self.name()));
        if work.exists() {
            fs::remove_dir_all(&work).map_err(Error::io("remove", &work))?;
        }
        fs::create_dir_all(&work).map_err(Error::io("create", &work))?;
        let mut archive = download(self.name(), &work)?;
        if self.is_meta() {
            archive = download(&dependency(&archive)?, &work)?;
        }
        let place = work.join("root");
        command::run(
            Command::new("dpkg-deb").arg("-x").arg(&archive).arg(&place),
            HELP,
        )?;
        if self == Self::Xen {
            // A guest's loader takes the ELF itself.
            command::run(
                Command::new("gzip")
                    .arg("-d")
                    .arg(place.join("boot/xen-4.17-amd64.gz")),
                HELP,
            )?;
        }
        let target = store.join(self.name());
        if target.exists() {
            fs::remove_dir_all(&target).map_err(Error::io("remove", &target))?;
        }
        fs::rename(&place, &target).map_err(Error::io("move", &place))?;
        fs::remove_dir_all(&work).map_err(Error::io("remove", &work))?;
        self.cached(store).ok_or_else(|| {
            Error::Input(format!(
                "the package {} has no file {}/{}*",
                self.name(),
                self.file().0,
                self.file().1
            ))
        })
    }
}

/// Downloads the package `name` into `folder` and returns the archive.
fn download(name: &str, folder: &Path) -> Result<PathBuf> {
    let mut apt = Command::new("apt-get");
    // Without a sandbox user apt need not be able to write into the folder as somebody else.
    apt.args([
        "-o",
        "APT::Sandbox::User=root",
        "-o",
        "Acquire::Retries=3",
        "download",
        name,
    ])
    .current_dir(folder);
    command::run(&mut apt, HELP)?;
    let package = name.split('=').next().unwrap_or(name);
    let entries = fs::read_dir(folder).map_err(Error::io("read", folder))?;
    let prefix = format!("{package}_");
    let named = |path: &PathBuf| {
        path.file_name()
            .is_some_and(|file| file.to_string_lossy().starts_with(&prefix))
    };
    let found = entries.flatten().map(|entry| entry.path()).find(named);
    found.ok_or_else(|| {
        Error::Input(format!(
            "apt-get download {name} left no file {prefix}*.deb"
        ))
    })
}

/// What a meta package depends on, in the form that apt-get takes.
fn dependency(archive: &Path) -> Result<String> {
    let output = command::run(
        Command::new("dpkg-deb")
            .arg("-f")
            .arg(archive)
            .arg("Depends"),
        HELP,
    )?;
    let text = String::from_utf8_lossy(&output).into_owned();
    exact_dependency(&text).ok_or_else(|| {
        Error::Input(format!(
            "{} depends on no package of one version: {text}",
            archive.display()
        ))
    })
}

/// `linux-image-6.1.0-1-amd64 (= 6.1.2-3), other` as `linux-image-6.1.0-1-amd64=6.1.2-3`.
fn exact_dependency(depends: &str) -> Option<String> {
    let first = depends.split(',').next()?.trim();
    let (name, version) = first.split_once(' ')?;
    let version = version.strip_prefix("(= ")?.strip_suffix(')')?;
    Some(format!("{name}={version}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_whose_name_only_begins_alike_is_not_taken() {
        let store = std::env::temp_dir().join(format!("isthmus-packages-{}", std::process::id()));
        let folder = store.join(Package::Xen.name()).join("boot");
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join("xen-4.17-amd64.efi"), "").expect("a file");
        assert_eq!(Package::Xen.cached(&store), None);
        fs::write(folder.join("xen-4.17-amd64"), "").expect("a file");
        assert_eq!(
            Package::Xen.cached(&store),
            Some(folder.join("xen-4.17-amd64"))
        );
        fs::remove_dir_all(&store).expect("removed");
    }

    #[test]
    fn the_versioned_dependency_is_read() {
        let text = "linux-image-6.1.0-56-cloud-amd64 (= 6.1.192-2)\n";
        assert_eq!(
            exact_dependency(text).as_deref(),
            Some("linux-image-6.1.0-56-cloud-amd64=6.1.192-2")
        );
        assert_eq!(exact_dependency("linux-base (>= 4.3~)"), None);
    }
}

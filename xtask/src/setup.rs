//! What the commands need from the system, and how it gets there: by apt on Debian as root, else by telling the user.
//!
//! Nothing is installed that the command at hand does not need, and nothing without a line that says what and why.
//! Neighbours: [`crate::programs`], [`crate::guests`] and [`crate::run`] call [`require`] first.

use isthmus_beds::error::{Error, Result};
use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

/// A package and the file by which its presence is known.
#[derive(Debug, PartialEq, Eq)]
pub struct Package {
    name: &'static str,
    file: &'static str,
}

/// Something a command needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// To build for `x86_64-unknown-none` without rustup's target.
    BareToolchain,
    /// To pack GRUB images.
    Image,
    /// To boot in Bochs.
    Bochs,
    /// To boot in QEMU.
    Qemu,
    /// To unpack guests.
    Guests,
    /// To compile interface files.
    Schema,
}

impl Need {
    const ALL: [Self; 6] = [
        Self::BareToolchain,
        Self::Image,
        Self::Bochs,
        Self::Qemu,
        Self::Guests,
        Self::Schema,
    ];

    fn why(self) -> &'static str {
        match self {
            Self::BareToolchain => {
                "to compile for the bare machine (rustup's toolchain here lacks the target x86_64-unknown-none)"
            }
            Self::Image => "to pack the boot image",
            Self::Bochs => "to boot on an emulated CPU with VT-x",
            Self::Qemu => "to boot in QEMU",
            Self::Guests => "to fetch and unpack guest kernels",
            Self::Schema => "to compile interface files",
        }
    }

    fn packages(self) -> &'static [Package] {
        const fn package(name: &'static str, file: &'static str) -> Package {
            Package { name, file }
        }
        match self {
            Self::BareToolchain => {
                const {
                    &[
                        package("rustc-web", "/usr/bin/rustc"),
                        package("cargo-web", "/usr/bin/cargo"),
                        package(
                            "rust-web-src",
                            "/usr/lib/rustlib/src/rust/library/core/Cargo.toml",
                        ),
                        package("lld", "/usr/bin/ld.lld"),
                    ]
                }
            }
            Self::Image => {
                const {
                    &[
                        package("grub-common", "/usr/bin/grub-mkimage"),
                        package("grub-pc-bin", "/usr/lib/grub/i386-pc/multiboot2.mod"),
                        package("xorriso", "/usr/bin/xorriso"),
                    ]
                }
            }
            Self::Bochs => {
                const {
                    &[
                        package("bochs", "/usr/bin/bochs"),
                        package("bochsbios", "/usr/share/bochs/BIOS-bochs-latest"),
                        package("vgabios", "/usr/share/bochs/VGABIOS-lgpl-latest"),
                    ]
                }
            }
            Self::Qemu => {
                const {
                    &[
                        package("qemu-system-x86", "/usr/bin/qemu-system-x86_64"),
                        package("seabios", "/usr/share/seabios/bios-256k.bin"),
                    ]
                }
            }
            Self::Schema => const { &[package("capnproto", "/usr/bin/capnp")] },
            Self::Guests => {
                const {
                    &[
                        package("dpkg", "/usr/bin/dpkg-deb"),
                        package("apt", "/usr/bin/apt-get"),
                    ]
                }
            }
        }
    }

    fn missing(self) -> Vec<&'static str> {
        if self == Self::BareToolchain && crate::programs::rustup_has_target() {
            return Vec::new();
        }
        let own_bochs = std::env::var_os("ISTHMUS_BOCHS").is_some();
        let present = |package: &&Package| {
            Path::new(package.file).exists() || (own_bochs && package.name == "bochs")
        };
        self.packages()
            .iter()
            .filter(|package| !present(package))
            .map(|package| package.name)
            .collect()
    }
}

/// Makes sure that `needs` are met: installs what is missing, or says how to.
///
/// # Errors
/// [`Error::Unavailable`] with the exact command to type, or apt's own words.
pub fn require(needs: &[Need]) -> Result<()> {
    let mut packages = Vec::new();
    for need in needs {
        let missing = need.missing();
        if !missing.is_empty() {
            println!("setup: {} needed {}", missing.join(" "), need.why());
            packages.extend(missing);
        }
    }
    if packages.is_empty() {
        return Ok(());
    }
    let bare = needs.contains(&Need::BareToolchain) && !Need::BareToolchain.missing().is_empty();
    let advice = advice(&packages, bare);
    if !Path::new("/etc/debian_version").exists() {
        return Err(Error::Unavailable(format!(
            "this is not a Debian machine, so nothing was installed. {advice}"
        )));
    }
    if !is_root() {
        return Err(Error::Unavailable(format!(
            "without root nothing was installed. {advice}"
        )));
    }
    install(&packages).map_err(|error| Error::Unavailable(format!("{error}\n{advice}")))
}

/// Installs what every command needs.
///
/// # Errors
/// As [`require`].
pub fn everything() -> Result<()> {
    require(&Need::ALL)?;
    println!("setup: everything is there");
    Ok(())
}

fn advice(packages: &[&str], bare: bool) -> String {
    let mut text = format!(
        "Install these packages, or what your distribution calls them:\n\n    apt-get install --no-install-recommends {}\n",
        packages.join(" ")
    );
    if bare {
        text.push_str("\nInstead of rustc-web, cargo-web, rust-web-src and lld this does as well:\n\n    rustup target add x86_64-unknown-none\n");
    }
    text
}

fn is_root() -> bool {
    Command::new("id")
        .arg("-u")
        .output()
        .is_ok_and(|output| output.stdout == b"0\n")
}

/// Whether apt knows any package at all; on a fresh container it does not.
fn has_lists() -> bool {
    let Ok(folder) = fs::read_dir("/var/lib/apt/lists") else {
        return false;
    };
    folder
        .flatten()
        .any(|entry| entry.file_name().to_string_lossy().contains("_Packages"))
}

/// Fetches apt's package lists, if it has none or `again` says that they are too old.
///
/// # Errors
/// What apt says, after three tries.
pub fn update_lists(again: bool) -> Result<()> {
    if !again && has_lists() {
        return Ok(());
    }
    if !is_root() {
        return Err(Error::Unavailable(
            "apt has no package lists yet; run `apt-get update` as root once".to_owned(),
        ));
    }
    println!("setup: apt-get update, because apt's package lists are missing or too old");
    apt(&["update"])
}

fn install(packages: &[&str]) -> Result<()> {
    update_lists(false)?;
    println!("setup: apt-get install {}", packages.join(" "));
    let mut arguments = vec![
        "install",
        "-y",
        "--no-install-recommends",
        "-o",
        "Dpkg::Use-Pty=0",
    ];
    arguments.extend(packages);
    if apt(&arguments).is_ok() {
        return Ok(());
    }
    // The lists may name versions that the mirror no longer has.
    update_lists(true)?;
    apt(&arguments)
}

/// Runs apt-get with its output shown; three tries, because mirrors fail.
fn apt(arguments: &[&str]) -> Result<()> {
    const TRIES: u64 = 3;
    for attempt in 1..=TRIES {
        let status = Command::new("apt-get")
            .args(arguments)
            .env("DEBIAN_FRONTEND", "noninteractive")
            .stdin(Stdio::null())
            .status()
            .map_err(Error::io("run", "apt-get"))?;
        if status.success() {
            return Ok(());
        }
        if attempt < TRIES {
            println!(
                "setup: apt-get failed; try {} of {TRIES} in {} s",
                attempt + 1,
                attempt * 3
            );
            thread::sleep(Duration::from_secs(attempt * 3));
        }
    }
    Err(Error::Failed {
        command: format!("apt-get {}", arguments.join(" ")),
        output: "its messages are above; is the network there?".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_advice_is_a_command_to_type() {
        let text = advice(&["bochs", "xorriso"], false);
        assert!(text.contains("apt-get install --no-install-recommends bochs xorriso\n"));
        assert!(!text.contains("rustup"));
        assert!(advice(&["lld"], true).contains("rustup target add x86_64-unknown-none"));
    }
}

//! Test beds: what Isthmus boots on without a rack of servers, and the machine tests that run there.
//!
//! A [`machine::Machine`] is booted on a [`bed::Bed`] from an [`image::Image`]; its serial line becomes a
//! [`transcript::Transcript`], and a scenario's judge says whether what is on it holds. A tool of the host: it trusts the programs
//! of the distribution, and nothing that a guest prints. Neighbours: `xtask` is its command line.
#![forbid(unsafe_code)]

pub mod bed;
pub mod bochs;
pub mod cmos;
pub mod command;
pub mod cpio;
pub mod error;
pub mod image;
pub mod initramfs;
pub mod kvm;
pub mod machine;
pub mod packages;
pub mod process;
pub mod qemu;
pub mod report;
pub mod scenarios;
pub mod transcript;

/// Whether a program of this name is in the search path.
pub fn in_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

//! Builds the bare-metal programs for `x86_64-unknown-none`.
//!
//! Where rustup's toolchain has the target, it is used as it is. Elsewhere Debian's `cargo-web` builds `core` and `alloc` from
//! source, which takes half a minute once; both compile the same code with stable features only.
//! Neighbours: [`crate::image`] packs the results, [`crate::setup`] installs Debian's toolchain.

use crate::{
    setup::{self, Need},
    workspace,
};
use isthmus_beds::{
    command,
    error::{Error, Result},
};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
    time::Instant,
};

const TARGET: &str = "x86_64-unknown-none";

/// A bare-metal program of this tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Program {
    /// The hypervisor.
    Hypervisor,
    /// The capability kernel.
    Kernel,
    /// The hostile guest.
    Trespass,
}

impl Program {
    /// The guest that a manifest calls `build:NAME`.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "kernel" => Some(Self::Kernel),
            "trespass" => Some(Self::Trespass),
            _ => None,
        }
    }

    /// Its cargo package.
    pub const fn package(self) -> &'static str {
        match self {
            Self::Hypervisor => "isthmus-hv",
            Self::Kernel => "isthmus-kernel",
            Self::Trespass => "isthmus-trespass",
        }
    }

    const fn binary(self) -> &'static str {
        match self {
            Self::Hypervisor => "isthmus",
            Self::Kernel => "isthmus-kernel",
            Self::Trespass => "isthmus-trespass",
        }
    }
}

/// How a program is compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// With debug assertions, as tests boot it.
    Dev,
    /// As it is measured and installed.
    Release,
}

impl Profile {
    /// The one that `--release` asks for.
    pub const fn from_flag(release: bool) -> Self {
        if release { Self::Release } else { Self::Dev }
    }

    const fn folder(self) -> &'static str {
        match self {
            Self::Dev => "debug",
            Self::Release => "release",
        }
    }
}

/// Whether rustup's toolchain, with which this program was built, has the bare target.
pub fn rustup_has_target() -> bool {
    static FOUND: OnceLock<bool> = OnceLock::new();
    *FOUND.get_or_init(|| {
        let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let output = Command::new(rustc)
            .args(["--print", "target-libdir", "--target", TARGET])
            .output();
        output.is_ok_and(|output| {
            let folder = String::from_utf8_lossy(&output.stdout).trim().to_owned();
            !folder.is_empty() && Path::new(&folder).is_dir()
        })
    })
}

/// Builds `programs` and returns their ELF files in the same order. Cargo's own progress is shown.
///
/// # Errors
/// A missing toolchain, or a compile error (whose text cargo has shown).
pub fn build(programs: &[Program], profile: Profile) -> Result<Vec<PathBuf>> {
    setup::require(&[Need::BareToolchain])?;
    let folder = workspace::target().join("bare");
    let mut cargo = cargo(&folder);
    if profile == Profile::Release {
        cargo.arg("--release");
    }
    for program in programs {
        cargo.args(["-p", program.package()]);
    }
    let start = Instant::now();
    let status = cargo
        .status()
        .map_err(|error| command::start_error(&cargo, &error, "is cargo installed?"))?;
    if !status.success() {
        let names: Vec<_> = programs.iter().map(|program| program.package()).collect();
        return Err(Error::Input(format!(
            "{} did not compile; cargo's messages are above",
            names.join(", ")
        )));
    }
    if start.elapsed().as_secs() > 2 {
        println!("build: done after {} s", start.elapsed().as_secs());
    }
    let binary = |program: &Program| {
        folder
            .join(TARGET)
            .join(profile.folder())
            .join(program.binary())
    };
    Ok(programs.iter().map(binary).collect())
}

/// The file to be packed for a program whose ELF is `elf`: without debug information, which a boot loader would read
/// from the disk at ten instructions a byte. Kept beside it.
///
/// # Errors
/// If `strip` is missing or fails.
pub fn stripped(elf: &Path) -> Result<PathBuf> {
    let small = elf.with_extension("stripped");
    let time = |path: &Path| fs::metadata(path).and_then(|meta| meta.modified()).ok();
    if time(&small).is_some_and(|made| time(elf).is_some_and(|built| made > built)) {
        return Ok(small);
    }
    let mut strip = Command::new("strip");
    strip.arg("-s").arg("-o").arg(&small).arg(elf);
    command::run(
        &mut strip,
        "it is part of binutils, which comes with the C compiler that Rust links with",
    )?;
    Ok(small)
}

/// Builds a program of this tree for Linux, static, so that it runs in an initramfs without libraries.
///
/// # Errors
/// A compile error (whose text cargo has shown).
pub fn linux_static(package: &str) -> Result<PathBuf> {
    const HOST: &str = "x86_64-unknown-linux-gnu";
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args([
        "rustc",
        "--quiet",
        "--release",
        "-p",
        package,
        "--target",
        HOST,
    ]);
    cargo.args(["--", "-Ctarget-feature=+crt-static", "-Cstrip=symbols"]);
    cargo.current_dir(workspace::root());
    let status = cargo
        .status()
        .map_err(|error| command::start_error(&cargo, &error, "is cargo installed?"))?;
    if status.success() {
        return Ok(workspace::target().join(HOST).join("release").join(package));
    }
    Err(Error::Input(format!(
        "{package} did not compile; cargo's messages are above. A static program needs glibc's static library (package libc6-dev)"
    )))
}

/// The cargo that can build for the bare machine, with its environment.
fn cargo(folder: &Path) -> Command {
    let mut cargo;
    if rustup_has_target() {
        cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    } else {
        cargo = Command::new("/usr/bin/cargo");
        cargo.env("RUSTC", "/usr/bin/rustc");
        // Only for -Zbuild-std: the code itself uses stable features.
        cargo.env("RUSTC_BOOTSTRAP", "1");
        cargo.env("CARGO_TARGET_X86_64_UNKNOWN_NONE_LINKER", "ld.lld");
        cargo
            .env_remove("RUSTUP_TOOLCHAIN")
            .env_remove("RUSTDOC")
            .env_remove("CARGO");
    }
    cargo.arg("build").args(["--target", TARGET]);
    if !rustup_has_target() {
        cargo.args([
            "-Zbuild-std=core,alloc,compiler_builtins",
            "-Zbuild-std-features=compiler-builtins-mem",
        ]);
    }
    cargo
        .current_dir(workspace::root())
        .env("CARGO_TARGET_DIR", folder);
    cargo
}

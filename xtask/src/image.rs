//! `cargo xtask image`: from a manifest to an image that boots.
//!
//! A manifest names its files by path, or as something to be made: `build:kernel` and `build:trespass` are programs of this
//! tree, `debian:PACKAGE` is the file that boots out of a Debian package, `initramfs:NAME` is the archive whose `/init` is
//! `integration/initramfs/NAME.sh`. Neighbours: [`crate::programs`] and [`crate::guests`] make them, `isthmus_manifest`
//! reads and compiles the manifest, `isthmus_beds::image` packs.

use crate::{
    Options,
    elf::Elf,
    guests,
    programs::{self, Profile, Program},
    setup::{self, Need},
    symbols, workspace,
};
use isthmus_beds::{
    error::{Error, Result},
    image::{Image, Module, Packed as Made, Protocol},
    packages::Package,
};
use isthmus_manifest::{
    MANIFEST_MODULE, Manifest, compile,
    toml::{Document, FileSource, ModuleFile},
};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Memory that the hypervisor, GRUB and the BIOS keep for themselves, in MiB, with room to spare.
const OWN_MEMORY_MIB: u64 = 48;

/// The loader module with the hypervisor's own symbols, for its backtraces.
const SYMBOLS_MODULE: &str = "symbols";

/// An image, and the machine that its manifest asks for.
#[derive(Debug)]
pub struct Packed {
    /// The manifest's file name without ending.
    pub name: String,
    /// The image.
    pub iso: PathBuf,
    /// Processors.
    pub cores: u8,
    /// Memory in MiB.
    pub memory_mib: u32,
}

/// How an image is built and what the hypervisor is told.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    /// How programs of this tree are compiled.
    pub profile: Profile,
    /// Whether somebody sits at the serial line: a partition in focus, keys and colours.
    pub interactive: bool,
}

impl Style {
    /// As machine tests boot it.
    pub const TEST: Self = Self {
        profile: Profile::Dev,
        interactive: false,
    };
}

/// The command.
///
/// # Errors
/// What keeps the image from being packed.
pub fn command(options: &Options) -> Result<u8> {
    let style = Style {
        profile: Profile::from_flag(options.release),
        interactive: true,
    };
    let packed = pack(&manifest_path(options.words.first())?, style)?;
    let mut place = packed.iso;
    if let Some(output) = &options.output {
        fs::copy(&place, output).map_err(Error::io("write", output))?;
        place.clone_from(output);
    }
    println!(
        "image: {} ({} cores, {} MiB); it boots from CD and USB",
        place.display(),
        packed.cores,
        packed.memory_mib
    );
    Ok(0)
}

/// The manifest that the user means: a path, a name in `integration/manifests`, or the default one.
///
/// # Errors
/// If there is none, with the names there are.
pub fn manifest_path(word: Option<&String>) -> Result<PathBuf> {
    let folder = workspace::integration().join("manifests");
    let Some(word) = word else {
        return Ok(folder.join("default.toml"));
    };
    let named = folder.join(format!("{word}.toml"));
    if Path::new(word).is_file() {
        return Ok(PathBuf::from(word));
    }
    if named.is_file() {
        return Ok(named);
    }
    let mut names: Vec<String> = fs::read_dir(&folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            Some(
                entry
                    .file_name()
                    .to_str()?
                    .strip_suffix(".toml")?
                    .to_owned(),
            )
        })
        .collect();
    names.sort();
    Err(Error::Input(format!(
        "there is no manifest `{word}`: give a path, or one of {}",
        names.join(", ")
    )))
}

/// Builds and fetches all that `manifest` names, and packs it.
///
/// # Errors
/// What is wrong with the manifest, or keeps a file from being made.
pub fn pack(manifest: &Path, style: Style) -> Result<Packed> {
    let document = Document::load(manifest).map_err(|found| Error::Input(found.to_string()))?;
    document
        .check_files()
        .map_err(|found| Error::Input(found.to_string()))?;
    setup::require(&[Need::Image])?;
    let name = manifest.file_stem().map_or_else(
        || "image".to_owned(),
        |stem| stem.to_string_lossy().into_owned(),
    );
    let folder = workspace::folder("images")?;
    let mut programs = vec![Program::Hypervisor];
    programs.extend(
        document
            .module_files()
            .iter()
            .filter_map(|file| program(&file.source)),
    );
    programs.sort_unstable();
    programs.dedup();
    let built = programs::build(&programs, style.profile)?;
    let elf = |wanted: Program| {
        programs
            .iter()
            .position(|program| *program == wanted)
            .and_then(|at| built.get(at))
            .cloned()
    };
    let compiled = folder.join(format!("{name}.manifest"));
    write_if_changed(&compiled, &compile(document.manifest()))?;
    let kernel = elf(Program::Hypervisor)
        .ok_or_else(|| Error::Input("the hypervisor was not built".to_owned()))?;
    let names = folder.join(format!("{name}.symbols"));
    write_if_changed(&names, &symbols::table(&Elf::load(&kernel)?.functions()))?;
    let mut modules = vec![
        Module {
            file: compiled,
            name: MANIFEST_MODULE.to_owned(),
        },
        Module {
            file: names,
            name: SYMBOLS_MODULE.to_owned(),
        },
    ];
    for file in document.module_files() {
        let made = match program(&file.source) {
            Some(program) => elf(program)
                .ok_or_else(|| Error::Input(format!("{} was not built", program.package())))
                .and_then(|elf| programs::stripped(&elf)),
            None => make(&document, file),
        };
        modules.push(Module {
            file: made?,
            name: file.module.clone(),
        });
    }
    let suffix = if style.interactive {
        "-interactive"
    } else {
        ""
    };
    let iso = folder.join(format!(
        "{name}{}{suffix}.iso",
        if style.profile == Profile::Release {
            "-release"
        } else {
            ""
        }
    ));
    let command_line = if style.interactive {
        "interactive colours"
    } else {
        ""
    }
    .to_owned();
    let files: Vec<PathBuf> = modules.iter().map(|module| module.file.clone()).collect();
    let image = Image {
        protocol: Protocol::Multiboot2,
        kernel: programs::stripped(&kernel)?,
        command_line,
        modules,
    };
    if image.pack(&iso)? == Made::Made {
        println!("image: packed {}", iso.display());
    }
    let (cores, memory_mib) = size(document.manifest(), &files)?;
    Ok(Packed {
        name,
        iso,
        cores,
        memory_mib,
    })
}

/// The program of this tree that a file is, if it is one.
fn program(source: &FileSource) -> Option<Program> {
    match source {
        FileSource::Made { maker, name } if maker == "build" => Program::named(name),
        _ => None,
    }
}

/// Fetches or builds a file that is no program of this tree.
fn make(document: &Document, file: &ModuleFile) -> Result<PathBuf> {
    let unknown = |problem: &str| Error::Input(document.complain(file, problem).to_string());
    match &file.source {
        FileSource::Path(path) => Ok(path.clone()),
        FileSource::Made { maker, name } => match maker.as_str() {
            "debian" => {
                let known = Package::ALL
                    .into_iter()
                    .find(|package| package.name() == name);
                guests::package(
                    known
                        .ok_or_else(|| unknown("no guest is known to be in that Debian package"))?,
                )
            }
            "initramfs" => guests::initramfs(name).map_err(|error| unknown(&error.to_string())),
            "build" => Err(unknown(
                "this tree has no such program; kernel and trespass are right",
            )),
            _ => Err(unknown("files are made by build, debian or initramfs")),
        },
    }
}

/// Cores and memory of a machine for `manifest`, whose modules stay in memory while it runs so that partitions can restart.
fn size(manifest: &Manifest, files: &[PathBuf]) -> Result<(u8, u32)> {
    let vcpus = manifest
        .partitions()
        .iter()
        .flat_map(|partition| &partition.vcpus);
    let cores = vcpus.map(|vcpu| vcpu.core.0 + 1).max().unwrap_or(1);
    let cores = u8::try_from(cores).map_err(|_| {
        Error::Input(format!(
            "{cores} cores are more than an emulated machine has"
        ))
    })?;
    let mut bytes: u64 = manifest
        .partitions()
        .iter()
        .map(|partition| partition.memory)
        .sum();
    for file in files {
        bytes += fs::metadata(file).map_err(Error::io("read", file))?.len();
    }
    let mib = (bytes.div_ceil(1 << 20) + OWN_MEMORY_MIB).next_multiple_of(16);
    let mib = u32::try_from(mib)
        .map_err(|_| Error::Input(format!("{mib} MiB are more than an emulated machine has")))?;
    Ok((cores, mib))
}

fn write_if_changed(path: &Path, data: &[u8]) -> Result<()> {
    if fs::read(path).is_ok_and(|old| old == data) {
        return Ok(());
    }
    fs::write(path, data).map_err(Error::io("write", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every manifest of the tree, so that a mistake in one is found without booting it.
    #[test]
    fn the_manifests_of_the_tree_are_right() {
        let folder = workspace::integration().join("manifests");
        let mut count = 0;
        for entry in fs::read_dir(folder).expect("manifests").flatten() {
            let document = Document::load(&entry.path()).unwrap_or_else(|found| panic!("{found}"));
            for file in document.module_files() {
                if let FileSource::Made { maker, name } = &file.source {
                    let known = match maker.as_str() {
                        "build" => Program::named(name).is_some(),
                        "debian" => Package::ALL.iter().any(|package| package.name() == name),
                        "initramfs" => workspace::integration()
                            .join("initramfs")
                            .join(format!("{name}.sh"))
                            .is_file(),
                        _ => false,
                    };
                    assert!(known, "{}: {maker}:{name}", entry.path().display());
                }
            }
            count += 1;
        }
        assert!(count > 5);
    }

    #[test]
    fn every_scenario_has_its_manifest() {
        for scenario in isthmus_beds::scenarios::ALL
            .iter()
            .filter(|scenario| scenario.bed.is_none())
        {
            for run in scenario.runs {
                let path = workspace::integration()
                    .join("manifests")
                    .join(format!("{}.toml", run.manifest));
                assert!(path.is_file(), "{}", path.display());
            }
        }
    }

    #[test]
    fn an_unknown_manifest_lists_those_there_are() {
        let error = manifest_path(Some(&"nowhere".to_owned()))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("default") && error.contains("linux-and-services"),
            "{error}"
        );
    }
}

//! Reads a manifest from TOML (`docs/manifest.md` is the reference). A host tool's code: it trusts nobody's
//! typing, and every complaint shows the line, what is wrong with it and what would be right.
//!
//! Neighbours: [`diagnostic`] prints complaints, [`fields`] reads single values, [`partition`] the partitions;
//! what must hold between values is [`crate::rules`]' to say.

pub mod diagnostic;
mod fields;
mod partition;
pub mod values;

use alloc::{string::String, vec, vec::Vec};
use std::{
    format, fs,
    path::{Path, PathBuf},
    string::ToString,
};

use isthmus_abi::PartitionId;
use toml_edit::{Item, TableLike};

pub use self::diagnostic::{Diagnostic, Diagnostics};
use self::{
    fields::{Reader, nearest},
    partition::{Draft, read_partition},
};
use crate::{
    model::{Machine, Manifest},
    rules::{Fault, Place, RuleError},
};

/// Where a file of a partition comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FileSource {
    /// A file of the host; a relative path has been joined to the manifest's folder.
    Path(PathBuf),
    /// Something the image packer knows to build or to fetch, written `maker:name`.
    Made {
        /// Who makes it, `build` or `debian` say.
        maker: String,
        /// What it calls it.
        name: String,
    },
}

/// One file to be packed, under the loader module's name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ModuleFile {
    /// Name in the image, `linux.kernel` say.
    pub module: String,
    /// Where it comes from.
    pub source: FileSource,
    span: diagnostic::Span,
}

/// A manifest with the files it names.
#[derive(Clone, Debug)]
pub struct Document {
    manifest: Manifest,
    files: Vec<ModuleFile>,
    file: String,
    text: String,
}

impl Document {
    /// Reads the manifest at `path`.
    ///
    /// # Errors
    /// The file cannot be read, or all that is wrong with it.
    pub fn load(path: &Path) -> Result<Self, Diagnostics> {
        match fs::read_to_string(path) {
            Ok(text) => Self::parse(path, text),
            Err(error) => Err(Diagnostics::of_file(
                &path.display().to_string(),
                &format!("cannot be read: {error}"),
            )),
        }
    }

    /// Reads the manifest in `text`. `path` names it in complaints, and relative paths in it start from its folder.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn parse(path: &Path, text: String) -> Result<Self, Diagnostics> {
        let file = path.display().to_string();
        let folder = path.parent().unwrap_or(Path::new("")).to_path_buf();
        let mut reader = Reader::new(&file, &text);
        let read = read_document(&mut reader, &folder);
        let found = reader.finish();
        match read {
            Some((manifest, files)) if found.is_empty() => Ok(Self {
                manifest,
                files,
                file,
                text,
            }),
            _ => Err(Diagnostics(found)),
        }
    }

    /// The manifest itself.
    #[must_use]
    pub const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Every file to be packed, in the order of [`Manifest::module_names`].
    #[must_use]
    pub fn module_files(&self) -> &[ModuleFile] {
        &self.files
    }

    /// Complains about each file that is named by path and is not there.
    ///
    /// # Errors
    /// One complaint for each.
    pub fn check_files(&self) -> Result<(), Diagnostics> {
        let missing = self
            .files
            .iter()
            .filter(|file| matches!(&file.source, FileSource::Path(path) if !path.is_file()));
        let complaints: Vec<_> = missing
            .map(|file| self.complain(file, "there is no such file"))
            .collect();
        if complaints.is_empty() {
            Ok(())
        } else {
            Err(Diagnostics(complaints))
        }
    }

    /// A complaint about a file that points at the place where the manifest names it, for packers that cannot
    /// find or make it.
    #[must_use]
    pub fn complain(&self, about: &ModuleFile, problem: &str) -> Diagnostic {
        let help = match &about.source {
            FileSource::Path(path) => format!("looked for {}", path.display()),
            FileSource::Made { maker, name } => format!("`{maker}` was asked for `{name}`"),
        };
        Diagnostic::new(
            &self.file,
            &self.text,
            about.span.clone(),
            problem.into(),
            help,
        )
    }
}

const TOP_KEYS: [&str; 2] = ["machine", "partition"];
const MACHINE_KEYS: [&str; 2] = ["verdict", "time-limit"];

fn read_document(reader: &mut Reader<'_>, folder: &Path) -> Option<(Manifest, Vec<ModuleFile>)> {
    let document = match toml_edit::Document::parse(reader.text()) {
        Ok(document) => document,
        Err(error) => {
            let problem = format!("this is not TOML: {}", error.message());
            reader.complain(error.span().unwrap_or(0..0), problem, String::new());
            return None;
        }
    };
    let top: &dyn TableLike = document.as_table();
    reader.unknown_keys(top, &TOP_KEYS, "a manifest");
    let drafts = read_partitions(reader, top, folder);
    let machine = read_machine(reader, top, &drafts);
    if reader.has_complaints() {
        return None;
    }
    let mut files = Vec::new();
    let mut partitions = Vec::new();
    for draft in drafts {
        let names =
            (0..draft.partition.modules.len()).map(|index| draft.partition.module_name(index));
        let names = core::iter::once(draft.partition.kernel_name()).chain(names);
        let named = names
            .zip(draft.files)
            .map(|(module, (source, span))| ModuleFile {
                module,
                source,
                span,
            });
        files.extend(named);
        partitions.push(draft.partition);
    }
    match Manifest::new(machine, partitions) {
        Ok(manifest) => Some((manifest, files)),
        Err(errors) => {
            errors
                .iter()
                .for_each(|error| complain_of_rule(reader, error));
            None
        }
    }
}

fn read_partitions(reader: &mut Reader<'_>, top: &dyn TableLike, folder: &Path) -> Vec<Draft> {
    let tables = match top.get("partition") {
        None => Vec::new(),
        Some(Item::ArrayOfTables(tables)) => tables.iter().collect(),
        Some(other) => {
            let span = other.span().unwrap_or(0..0);
            reader.complain(
                span,
                "partitions are a list of tables".into(),
                "begin each with a line [[partition]]".into(),
            );
            return Vec::new();
        }
    };
    let numbered = tables.into_iter().enumerate();
    numbered
        .map(|(index, table)| {
            read_partition(reader, table, table.span().unwrap_or(0..0), index, folder)
        })
        .collect()
}

fn read_machine(reader: &mut Reader<'_>, top: &dyn TableLike, drafts: &[Draft]) -> Machine {
    let mut machine = Machine::default();
    let Some(item) = top.get("machine") else {
        return machine;
    };
    let Some(table) = item.as_table_like() else {
        reader.complain(
            item.span().unwrap_or(0..0),
            "`machine` is not a table".into(),
            "write [machine] on a line of its own".into(),
        );
        return machine;
    };
    reader.at(None);
    reader.unknown_keys(table, &MACHINE_KEYS, "the machine");
    machine.time_limit = reader.duration(table, "time-limit");
    if let Some((name, span)) = reader.text_of(table, "verdict", "the name of a partition") {
        let names: Vec<&str> = drafts
            .iter()
            .map(|draft| draft.partition.name.as_str())
            .collect();
        let id = names
            .iter()
            .position(|other| *other == name)
            .and_then(|index| u16::try_from(index).ok());
        machine.verdict = id.map(PartitionId);
        if id.is_none() {
            reader.complain(
                span,
                format!("there is no partition `{name}`"),
                nearest(name, &names),
            );
        }
    }
    machine
}

/// Shows a broken rule at the value that breaks it.
fn complain_of_rule(reader: &mut Reader<'_>, error: &RuleError) {
    let help = match &error.fault {
        Fault::NoPartitions => "add a table [[partition]]",
        Fault::NoDebugExit(_) => "add \"debug-exit\" to its devices",
        Fault::SameName(..) => "give each partition a name of its own",
        Fault::CoreFull(..) => "lower a budget, lengthen a period, or move a vCPU to another core",
        Fault::Memory(_) => "write a size like \"256M\"",
        Fault::NoVcpus => "write vcpus = [{ core = 0 }]",
        _ => "",
    };
    let anywhere = Place {
        key: "",
        element: None,
        ..error.place
    };
    let whole = Place {
        element: None,
        ..error.place
    };
    let span = [error.place, whole, anywhere]
        .into_iter()
        .find_map(|place| reader.span_of(place))
        .unwrap_or(0..0);
    reader.complain(span, format!("{}", error.fault), help.into());
}

impl Diagnostics {
    fn of_file(file: &str, problem: &str) -> Self {
        Self(vec![Diagnostic::new(
            file,
            "",
            0..0,
            problem.into(),
            String::new(),
        )])
    }
}

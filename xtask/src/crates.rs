//! The crates of the workspace with what their `Cargo.toml` says about trust, and the table rendered from it.
//!
//! Neighbours: [`crate::lint`] checks it, [`crate::size`] counts by it.

use crate::{
    source::{self, Counts},
    workspace,
};
use isthmus_beds::error::{Error, Result};
use std::{
    fs,
    path::{Path, PathBuf},
};
use toml_edit::{DocumentMut, Item};

/// What a crate says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crate {
    /// Its folder in the tree.
    pub folder: String,
    /// Its package name.
    pub name: String,
    /// Its description.
    pub description: String,
    /// `trusted`, `checked`, `tool` or `guest`.
    pub trust: String,
    /// `none` or `island`.
    pub unsafe_code: String,
    /// `host`, `boot` or `host+boot`.
    pub tests: String,
    /// Whether the workspace's lints apply.
    pub lints: bool,
    /// Crates that are linked into it, by name, as far as it names them itself.
    pub dependencies: Vec<String>,
}

/// What may stand in a field of `[package.metadata.isthmus]`.
pub const TRUST: [&str; 4] = ["trusted", "checked", "tool", "guest"];
/// As [`TRUST`].
pub const UNSAFE: [&str; 2] = ["none", "island"];
/// As [`TRUST`].
pub const TESTS: [&str; 3] = ["host", "boot", "host+boot"];

impl Crate {
    /// Whether it is one of the few that may have unsafe code.
    pub fn is_island(&self) -> bool {
        self.unsafe_code == "island"
    }

    /// Its source files: everything in `src`, `tests`, `benches` and its build script.
    pub fn files(&self) -> Vec<PathBuf> {
        let root = workspace::root().join(&self.folder);
        let mut files = Vec::new();
        for folder in ["src", "tests", "benches", "examples"] {
            walk(&root.join(folder), &mut files);
        }
        files.extend(Some(root.join("build.rs")).filter(|path| path.exists()));
        files.sort();
        files
    }

    /// Lines in `src`, Rust and assembly.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn counts(&self) -> Result<(Counts, usize)> {
        let mut files = Vec::new();
        walk(
            &workspace::root().join(&self.folder).join("src"),
            &mut files,
        );
        let mut counts = Counts::default();
        let mut assembly = 0;
        for file in files {
            let text = fs::read_to_string(&file).map_err(Error::io("read", &file))?;
            if file.extension().is_some_and(|extension| extension == "rs") {
                let counted = source::count(&text);
                if is_test_file(&file) {
                    counts.tests += counted.code + counted.tests;
                } else {
                    counts += counted;
                }
            } else {
                let is_code = |line: &&str| {
                    !line.trim().is_empty() && !line.trim_start().starts_with(['#', '/'])
                };
                assembly += text.lines().filter(is_code).count();
            }
        }
        Ok((counts, assembly))
    }
}

/// Whether a file in `src` is a module of tests by the tree's convention: `tests.rs`, or anything in a folder `tests`.
fn is_test_file(file: &Path) -> bool {
    file.file_name().is_some_and(|name| name == "tests.rs")
        || file.components().any(|part| part.as_os_str() == "tests")
}

/// The crates of this tree that are linked into `root`, itself included.
pub fn linked_into<'a>(root: &str, crates: &'a [Crate]) -> Vec<&'a Crate> {
    let mut names = vec![root.to_owned()];
    let mut linked: Vec<&Crate> = Vec::new();
    while let Some(name) = names.pop() {
        let entry = crates.iter().find(|entry| entry.name == name);
        if let Some(entry) =
            entry.filter(|entry| linked.iter().all(|known| known.name != entry.name))
        {
            linked.push(entry);
            names.extend(entry.dependencies.iter().cloned());
        }
    }
    linked
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            walk(&path, files);
        } else if path
            .extension()
            .is_some_and(|extension| extension == "rs" || extension == "s" || extension == "S")
        {
            files.push(path);
        }
    }
}

/// All members of the workspace, in the order in which the root lists them.
///
/// # Errors
/// A `Cargo.toml` that cannot be read.
pub fn all() -> Result<Vec<Crate>> {
    let root = document(&workspace::root().join("Cargo.toml"))?;
    let members = root
        .get("workspace")
        .and_then(|item| item.get("members"))
        .and_then(Item::as_array);
    let folders = members
        .into_iter()
        .flatten()
        .filter_map(|value| value.as_str().map(str::to_owned));
    folders.map(|folder| read(&folder)).collect()
}

fn read(folder: &str) -> Result<Crate> {
    let document = document(&workspace::root().join(folder).join("Cargo.toml"))?;
    Ok(describe(folder, &document))
}

fn document(path: &Path) -> Result<DocumentMut> {
    let text = fs::read_to_string(path).map_err(Error::io("read", path))?;
    text.parse()
        .map_err(|error| Error::Input(format!("{}: {error}", path.display())))
}

fn describe(folder: &str, document: &DocumentMut) -> Crate {
    let package = |key: &str| text(document.get("package").and_then(|item| item.get(key)));
    let metadata = document
        .get("package")
        .and_then(|item| item.get("metadata"))
        .and_then(|item| item.get("isthmus"));
    let field = |key: &str| text(metadata.and_then(|item| item.get(key)));
    let lints = document
        .get("lints")
        .and_then(|item| item.get("workspace"))
        .and_then(Item::as_bool);
    let dependencies = document.get("dependencies").and_then(Item::as_table_like);
    Crate {
        folder: folder.to_owned(),
        name: package("name"),
        description: package("description"),
        trust: field("trust"),
        unsafe_code: field("unsafe"),
        tests: field("tests"),
        lints: lints == Some(true),
        dependencies: dependencies
            .map(|table| table.iter().map(|(name, _)| name.to_owned()).collect())
            .unwrap_or_default(),
    }
}

fn text(item: Option<&Item>) -> String {
    item.and_then(Item::as_str).unwrap_or_default().to_owned()
}

/// The page `docs/trust.md`.
pub fn trust_page(crates: &[Crate]) -> String {
    let mut page = String::from(
        "# Who trusts whom\n\n\
         Written by `cargo xtask doc` from the `[package.metadata.isthmus]` of each crate; `cargo xtask lint` fails when it is stale.\n\n\
         - **trusted**: everyone relies on it.\n\
         - **checked**: hostile input ends here; a mistake in it is caught by the types and tests around it.\n\
         - **guest**: trusted by its own partition alone.\n\
         - **tool**: runs on the developer's host, never in a machine.\n\n\
         Unsafe code is only in the crates marked *island*; every other crate forbids it. Tests run on the host, on a booted machine, or both.\n\n\
         | crate | folder | trust | unsafe code | tests | what it is |\n|---|---|---|---|---|---|\n",
    );
    for entry in crates {
        page.push_str(&format!(
            "| `{}` | `{}` | {} | {} | {} | {} |\n",
            entry.name,
            entry.folder,
            entry.trust,
            entry.unsafe_code,
            entry.tests,
            entry.description.replace('|', "\\|")
        ));
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = "[package]\nname = \"x\"\ndescription = \"Does x\"\n[package.metadata.isthmus]\ntrust = \"checked\"\n\
        unsafe = \"none\"\ntests = \"host\"\n[dependencies]\ny.workspace = true\n[lints]\nworkspace = true\n";

    #[test]
    fn the_metadata_is_read_and_rendered() {
        let entry = describe("hv/x", &SAMPLE.parse().expect("TOML"));
        assert!(entry.lints && !entry.is_island());
        assert!(
            trust_page(&[entry]).ends_with("| `x` | `hv/x` | checked | none | host | Does x |\n")
        );
    }

    #[test]
    fn what_is_linked_is_found_through_others() {
        let named = |name: &str, needs: &str| {
            let text = format!(
                "[package]\nname = \"{name}\"\n[dependencies]\n{needs}\n[dev-dependencies]\nd = \"1\"\n"
            );
            describe(name, &text.parse().expect("TOML"))
        };
        let crates = [
            named("a", "b = \"1\""),
            named("b", "c.workspace = true\na = \"1\""),
            named("c", ""),
            named("d", ""),
        ];
        let names: Vec<&str> = linked_into("a", &crates)
            .iter()
            .map(|entry| entry.name.as_str())
            .collect();
        assert_eq!(names, ["a", "b", "c"]);
    }

    #[test]
    fn what_is_missing_is_empty() {
        let entry = describe("hv/x", &"[package]\nname = \"x\"\n".parse().expect("TOML"));
        assert_eq!((entry.trust.as_str(), entry.lints), ("", false));
    }

    #[test]
    fn this_workspace_has_this_crate() {
        assert!(
            all()
                .expect("read")
                .iter()
                .any(|entry| entry.name == "xtask" && entry.trust == "tool")
        );
    }
}

//! A set of Cap'n Proto files that are compiled together, and what is kept of it in the tree.

use super::shown;
use crate::workspace;
use isthmus_beds::error::{Error, Result};
use isthmus_schema_codegen::{
    compatible::{self, Break},
    generate, house, listing,
    model::Schema,
    request,
};
use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// What the schema of a folder is compared with.
enum Before {
    /// The last folder in this one, by number.
    Releases(PathBuf),
    /// Another set of files.
    Files(PathBuf, Vec<String>),
    /// Nothing.
    None,
}

/// Files that are compiled together.
pub struct Set {
    /// Where they are.
    folder: PathBuf,
    /// Their names there.
    files: Vec<String>,
    /// Where generated code goes.
    generated: PathBuf,
    /// The module of it all, and the listing; the system's set alone has them.
    root: Option<(PathBuf, PathBuf)>,
    before: Before,
}

/// A file of the tree and what has to be in it.
type Expected = (PathBuf, String);

impl Set {
    /// The system's interfaces, and the schemas with which evolution is tested.
    pub fn all() -> Vec<Self> {
        let tests = workspace::root().join("ioring/schema/tests/evolution");
        let version = |name: &str, before: Before| Self {
            folder: tests.clone(),
            files: vec![name.to_owned()],
            generated: tests.clone(),
            root: None,
            before,
        };
        let first = || vec!["v1.capnp".to_owned()];
        vec![
            Self::system(),
            version("v1.capnp", Before::None),
            version("v2.capnp", Before::Files(tests.clone(), first())),
        ]
    }

    /// The system's interfaces.
    pub fn system() -> Self {
        let schema = workspace::root().join("ioring/schema");
        let folder = schema.join("capnp");
        Self {
            files: names(&folder, "capnp"),
            folder,
            generated: schema.join("src/generated"),
            root: Some((schema.join("src/generated.rs"), schema.join("schema.txt"))),
            before: Before::Releases(schema.join("released")),
        }
    }

    fn schema(&self) -> Result<Schema> {
        compile(&self.folder, &self.files)
    }

    /// Everything that is wrong with the set, each with its place.
    pub fn check(&self) -> Result<Vec<String>> {
        let schema = self.schema()?;
        let mut found = self.house(&schema);
        for (path, text) in self.expected(&schema)? {
            let written = fs::read_to_string(&path).unwrap_or_default();
            if written != text {
                found.push(format!(
                    "{}: stale; `cargo xtask check-schema write` writes it",
                    shown(&path)
                ));
            }
        }
        found.extend(self.surplus(&schema));
        found.extend(self.breaks(&schema)?);
        Ok(found)
    }

    /// What can be said by the listing alone.
    pub fn listed(&self) -> Result<Vec<String>> {
        let Some((_, path)) = &self.root else {
            return Ok(Vec::new());
        };
        self.breaks(&read_listing(path)?)
    }

    /// Writes what is generated, as far as it changed.
    pub fn write(&self) -> Result<()> {
        let schema = self.schema()?;
        let problems = self.house(&schema);
        if !problems.is_empty() {
            return Err(Error::Input(problems.join("\n")));
        }
        fs::create_dir_all(&self.generated).map_err(Error::io("create", &self.generated))?;
        for (path, text) in self.expected(&schema)? {
            if fs::read_to_string(&path).unwrap_or_default() != text {
                fs::write(&path, text).map_err(Error::io("write", &path))?;
                println!("check-schema: wrote {}", shown(&path));
            }
        }
        for path in self.surplus_files(&schema) {
            fs::remove_file(&path).map_err(Error::io("remove", &path))?;
            println!("check-schema: removed {}", shown(&path));
        }
        Ok(())
    }

    /// Whether there is a release to compare with.
    pub fn is_released(&self) -> bool {
        matches!(&self.before, Before::Releases(folder) if last_release(folder).is_some())
    }

    /// Keeps the files and their listing as the next release, and gives its number.
    pub fn release(&self) -> Result<u32> {
        let Before::Releases(folder) = &self.before else {
            return Err(Error::Input(
                "only the system's schema is released".to_owned(),
            ));
        };
        let number = last_release(folder).map_or(1, |(number, _)| number + 1);
        let to = folder.join(number.to_string());
        fs::create_dir_all(&to).map_err(Error::io("create", &to))?;
        for name in &self.files {
            fs::copy(self.folder.join(name), to.join(name))
                .map_err(Error::io("copy", self.folder.join(name)))?;
        }
        let path = to.join("schema.txt");
        fs::write(&path, listing::write(&self.schema()?)).map_err(Error::io("write", &path))?;
        Ok(number)
    }

    fn house(&self, schema: &Schema) -> Vec<String> {
        let place = |problem: String| format!("{}/{problem}", shown(&self.folder));
        house::problems(schema).into_iter().map(place).collect()
    }

    fn expected(&self, schema: &Schema) -> Result<Vec<Expected>> {
        let files = generate::files(schema);
        let mut expected = Vec::new();
        if let Some((root, list)) = &self.root {
            expected.push((root.clone(), rustfmt(&generate::root(&files))?));
            expected.push((list.clone(), listing::write(schema)));
        }
        for file in &files {
            expected.push((
                self.generated.join(format!("{}.rs", file.module)),
                rustfmt(&file.text)?,
            ));
        }
        Ok(expected)
    }

    /// Generated files without a Cap'n Proto file.
    fn surplus_files(&self, schema: &Schema) -> Vec<PathBuf> {
        if self.root.is_none() {
            return Vec::new();
        }
        let wanted: Vec<String> = generate::files(schema)
            .into_iter()
            .map(|file| format!("{}.rs", file.module))
            .collect();
        let there = names(&self.generated, "rs").into_iter();
        there
            .filter(|name| !wanted.contains(name))
            .map(|name| self.generated.join(name))
            .collect()
    }

    fn surplus(&self, schema: &Schema) -> Vec<String> {
        let say = |path: PathBuf| format!("{}: generated from a file that is gone", shown(&path));
        self.surplus_files(schema).into_iter().map(say).collect()
    }

    /// What breaks peers of the release before, with the file and line to look at.
    fn breaks(&self, schema: &Schema) -> Result<Vec<String>> {
        let before = match &self.before {
            Before::None => return Ok(Vec::new()),
            Before::Files(folder, files) => compile(folder, files)?,
            Before::Releases(folder) => match last_release(folder) {
                Some((_, release)) => self.released(&release)?,
                None => {
                    return Ok(vec![format!(
                        "{}: holds no release to compare with",
                        shown(folder)
                    )]);
                }
            },
        };
        let found = compatible::breaks(&before, schema);
        Ok(found.iter().map(|one| self.place(one)).collect())
    }

    /// The schema of a release by its listing, which is what its files say as long as nobody changed either.
    fn released(&self, release: &Path) -> Result<Schema> {
        let path = release.join("schema.txt");
        let listed = read_listing(&path)?;
        if has_compiler() && compile(release, &names(release, "capnp"))?.without_docs() != listed {
            return Err(Error::Input(format!(
                "{}: not the listing of the files beside it; a release is not changed",
                shown(&path)
            )));
        }
        Ok(listed)
    }

    /// `file:line: what`.
    fn place(&self, one: &Break) -> String {
        let file = self.folder.join(&one.file);
        let text = fs::read_to_string(&file).unwrap_or_default();
        let line =
            line_of(&text, &one.node, &one.member).map_or(String::new(), |line| format!(":{line}"));
        format!("{}{line}: {one}", shown(&file))
    }
}

/// The line, counted from 1, that declares a type or its member, as far as a search for words finds it.
fn line_of(text: &str, node: &str, member: &str) -> Option<usize> {
    let declares = |line: &str, name: &str| {
        let code = line.split('#').next().unwrap_or_default();
        let mut words = code.split(|c: char| !c.is_alphanumeric() && c != '@');
        words.any(|word| word == name)
    };
    let mut from = 0;
    let mut found = None;
    let parts = node
        .split(['.', '$'])
        .filter(|part| !matches!(*part, "Params" | "Results"));
    for part in parts.chain(Some(member).filter(|member| !member.is_empty())) {
        let next = text
            .lines()
            .enumerate()
            .skip(from)
            .find(|(_, line)| declares(line, part));
        let Some((index, _)) = next else { break };
        found = Some(index + 1);
        from = index;
    }
    found
}

/// Names of the files with an extension in a folder, sorted.
fn names(folder: &Path, extension: &str) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned()))
        .collect();
    names.sort();
    names
}

/// The release of the highest number.
fn last_release(folder: &Path) -> Option<(u32, PathBuf)> {
    let entries = fs::read_dir(folder).ok()?.flatten();
    let numbered =
        entries.filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path())));
    numbered.max_by_key(|(number, _)| *number)
}

fn read_listing(path: &Path) -> Result<Schema> {
    let text = fs::read_to_string(path).map_err(Error::io("read", path))?;
    listing::read(&text).map_err(|problem| Error::Input(format!("{}: {problem}", shown(path))))
}

/// Whether the Cap'n Proto compiler can be run.
pub fn has_compiler() -> bool {
    let mut capnp = Command::new("capnp");
    capnp
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    capnp.status().is_ok_and(|status| status.success())
}

fn compile(folder: &Path, files: &[String]) -> Result<Schema> {
    let mut capnp = Command::new("capnp");
    capnp
        .args(["compile", "-o-"])
        .args(files)
        .current_dir(folder)
        // Or it warns that the shell was elsewhere.
        .env("PWD", folder);
    let output = capnp.output().map_err(Error::io("run", "capnp"))?;
    if !output.status.success() {
        return Err(Error::Failed {
            command: format!(
                "capnp compile -o- {} (in {})",
                files.join(" "),
                shown(folder)
            ),
            output: String::from_utf8_lossy(&output.stderr).into_owned(),
        });
    }
    request::read(&output.stdout)
        .map_err(|problem| Error::Input(format!("{}/{problem}", shown(folder))))
}

fn rustfmt(text: &str) -> Result<String> {
    let mut rustfmt = Command::new("rustfmt");
    rustfmt
        .args(["--edition", "2024"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut child = rustfmt.spawn().map_err(Error::io("run", "rustfmt"))?;
    if let Some(mut input) = child.stdin.take() {
        input
            .write_all(text.as_bytes())
            .map_err(Error::io("write to", "rustfmt"))?;
    }
    let output = child
        .wait_with_output()
        .map_err(Error::io("run", "rustfmt"))?;
    if !output.status.success() {
        return Err(Error::Input(
            "rustfmt refuses generated code; its messages are above".to_owned(),
        ));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# run\ninterface Pump @0x1 {\n  # Pumps; run it.\n  stop @0 ();\n  run @1 (seconds :UInt64) -> (litres :UInt64);\n}\n";

    #[test]
    fn a_declaration_is_found_in_its_file() {
        assert_eq!(line_of(FILE, "Pump", ""), Some(2));
        assert_eq!(line_of(FILE, "Pump", "run"), Some(5));
        assert_eq!(line_of(FILE, "Pump.run$Params", "seconds"), Some(5));
        assert_eq!(line_of(FILE, "Valve", ""), None);
    }

    #[test]
    fn what_is_gone_is_looked_for_as_far_as_it_is_there() {
        assert_eq!(line_of(FILE, "Pump", "reverse"), Some(2));
    }

    #[test]
    fn the_listing_of_the_tree_breaks_no_release() {
        assert_eq!(Set::system().listed().expect("read"), Vec::<String>::new());
    }
}

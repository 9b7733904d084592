//! `cargo xtask lint`: formatting, clippy, and the house rules that a program can hold (`docs/` has the rest).
//!
//! Neighbours: [`crate::crates`] and [`crate::source`] read what is judged here.

use crate::{
    check_schema,
    crates::{self, Crate, TESTS, TRUST, UNSAFE},
    source, workspace,
};
use isthmus_beds::error::{Error, Result};
use std::{fs, path::Path, process::Command};

/// From this length on, a file is mentioned: does it hold one subject?
const LONG_FILE: usize = 500;

/// Words that admit something unfinished; written so that this file does not contain them.
const UNFINISHED: [&str; 6] = [
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X:"),
    concat!("todo", "!("),
    concat!("unimplemented", "!("),
    concat!("#[ign", "ore]"),
];

/// A part of the lint: its name, and whether the tree passes.
type Step = (&'static str, fn() -> Result<bool>);

/// The command.
///
/// # Errors
/// If cargo cannot be run or a file cannot be read.
pub fn command() -> Result<u8> {
    let steps: [Step; 4] = [
        ("rustfmt", format),
        ("clippy", clippy),
        ("house rules", rules),
        ("schema", check_schema::lint),
    ];
    let mut code = 0;
    for (name, step) in steps {
        println!("lint: {name}");
        if !step()? {
            println!("lint: {name} FAILED");
            code = 1;
        }
    }
    Ok(code)
}

fn cargo(arguments: &[&str]) -> Result<bool> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    let status = cargo
        .args(arguments)
        .current_dir(workspace::root())
        .status()
        .map_err(Error::io("run", "cargo"))?;
    Ok(status.success())
}

fn format() -> Result<bool> {
    cargo(&["fmt", "--all", "--check"])
}

/// The host's crates with all that belongs to them; the bare-metal programs are linted where they are built.
fn clippy() -> Result<bool> {
    cargo(&[
        "clippy",
        "--quiet",
        "--keep-going",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ])
}

/// The house rules over the whole tree; prints what is broken.
fn rules() -> Result<bool> {
    let crates = crates::all()?;
    let mut broken = Vec::new();
    let mut long = Vec::new();
    for entry in &crates {
        broken.extend(metadata(entry));
        for file in entry.files() {
            let text = fs::read_to_string(&file).map_err(Error::io("read", &file))?;
            let name = file
                .strip_prefix(workspace::root())
                .unwrap_or(&file)
                .display()
                .to_string();
            broken.extend(file_rules(entry, &name, &text));
            // A generated file is as long as its subject.
            if text.lines().count() > LONG_FILE && !text.starts_with("//! Generated") {
                long.push(format!("{name} ({})", text.lines().count()));
            }
        }
    }
    broken.extend(trust_table(&crates)?);
    for problem in &broken {
        println!("  {problem}");
    }
    if !long.is_empty() {
        println!(
            "  to look at, longer than {LONG_FILE} lines: {}",
            long.join(", ")
        );
    }
    Ok(broken.is_empty())
}

fn metadata(entry: &Crate) -> Vec<String> {
    let mut broken = Vec::new();
    let fields = [
        ("trust", &entry.trust, &TRUST[..]),
        ("unsafe", &entry.unsafe_code, &UNSAFE),
        ("tests", &entry.tests, &TESTS),
    ];
    for (field, value, allowed) in fields {
        if !allowed.contains(&value.as_str()) {
            let allowed = allowed.join(", ");
            broken.push(format!("{}/Cargo.toml: [package.metadata.isthmus] {field} is \"{value}\", not one of {allowed}", entry.folder));
        }
    }
    if entry.description.is_empty() {
        broken.push(format!(
            "{}/Cargo.toml: the description is empty",
            entry.folder
        ));
    }
    if !entry.lints {
        broken.push(format!(
            "{}/Cargo.toml: `[lints] workspace = true` is missing",
            entry.folder
        ));
    }
    broken
}

fn file_rules(entry: &Crate, name: &str, text: &str) -> Vec<String> {
    if !name.ends_with(".rs") {
        return Vec::new();
    }
    let mut broken = Vec::new();
    if !text.starts_with("//!") {
        broken.push(format!(
            "{name}: does not open with //! saying what it is for"
        ));
    }
    for (index, line) in text.lines().enumerate() {
        if let Some(word) = UNFINISHED.iter().find(|word| line.contains(**word)) {
            broken.push(format!("{name}:{}: {word}", index + 1));
        }
    }
    if entry.is_island() {
        return broken;
    }
    let root = ["src/lib.rs", "src/main.rs"]
        .iter()
        .any(|root| Path::new(name) == Path::new(&entry.folder).join(root));
    if root && !text.contains("#![forbid(unsafe_code)]") {
        broken.push(format!(
            "{name}: a crate that is no island has to say #![forbid(unsafe_code)]"
        ));
    }
    let code = source::blank(text);
    // The attribute that takes or exports an entry point is unsafe by name only where the crate is an island.
    if source::count(text).unsafe_code > 0 {
        broken.push(format!("{name}: unsafe code outside of the islands"));
    }
    // Tests may compare with the processor they run on.
    let is_test = name.ends_with("tests.rs") || name.contains("/tests/");
    for (index, line) in code.lines().enumerate() {
        if !is_test && line.contains("target_arch") {
            broken.push(format!(
                "{name}:{}: cfg(target_arch) outside of the islands",
                index + 1
            ));
        }
    }
    broken
}

fn trust_table(crates: &[Crate]) -> Result<Option<String>> {
    let path = workspace::root().join("docs/trust.md");
    let written = fs::read_to_string(&path).unwrap_or_default();
    Ok((written != crates::trust_page(crates))
        .then(|| "docs/trust.md is stale; `cargo xtask doc` writes it".to_owned()))
}

/// `cargo xtask doc`: writes what is rendered from the tree.
///
/// # Errors
/// If a file cannot be read or written.
pub fn doc() -> Result<u8> {
    let path = workspace::root().join("docs/trust.md");
    let page = crates::trust_page(&crates::all()?);
    fs::write(&path, page).map_err(Error::io("write", &path))?;
    println!("doc: wrote {}", path.display());
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(unsafe_code: &str) -> Crate {
        Crate {
            folder: "hv/x".into(),
            name: "x".into(),
            description: "d".into(),
            trust: "checked".into(),
            unsafe_code: unsafe_code.into(),
            tests: "host".into(),
            lints: true,
            dependencies: Vec::new(),
        }
    }

    #[test]
    fn a_good_crate_breaks_nothing() {
        assert!(metadata(&entry("none")).is_empty());
        assert!(
            file_rules(
                &entry("none"),
                "hv/x/src/lib.rs",
                "//! X.\n#![forbid(unsafe_code)]\n"
            )
            .is_empty()
        );
    }

    #[test]
    fn metadata_outside_of_the_allowed_words_is_named() {
        assert!(metadata(&entry("some"))[0].contains("unsafe is \"some\""));
        let unsaid = Crate {
            description: String::new(),
            lints: false,
            ..entry("none")
        };
        assert_eq!(metadata(&unsaid).len(), 2);
    }

    #[test]
    fn each_rule_of_a_file_is_held() {
        let broken = |text: &str| file_rules(&entry("none"), "hv/x/src/lib.rs", text).len();
        assert_eq!(broken("fn f() {}\n"), 2);
        assert_eq!(
            broken("//! X.\n#![forbid(unsafe_code)]\nfn f() { unsafe { g() } }\n"),
            1
        );
        assert_eq!(
            broken(
                "//! X.\n#![forbid(unsafe_code)]\n#[cfg(target_arch = \"x86_64\")]\nfn f() {}\n"
            ),
            1
        );
        assert_eq!(
            broken(&format!(
                "//! X.\n#![forbid(unsafe_code)]\n// {}: later\n",
                UNFINISHED[0]
            )),
            1
        );
    }

    #[test]
    fn an_island_may_be_unsafe_but_not_unfinished() {
        let text = format!(
            "//! X.\nfn f() {{ unsafe {{ g() }} }}\n// {}\n",
            UNFINISHED[1]
        );
        assert_eq!(
            file_rules(&entry("island"), "hv/x/src/lib.rs", &text).len(),
            1
        );
    }
}

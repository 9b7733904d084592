//! `cargo xtask check-schema`: the interface files against what is generated from them, the house's rules, and the last release.
//!
//! `check-schema write` writes what is generated; `check-schema release` keeps the present schema as the next release, which
//! no later one may break. Neighbours: `isthmus-schema-codegen` reads, generates and compares; [`crate::lint`] runs the check;
//! `docs/schema.md` has the rules.

mod set;

use crate::{
    Options,
    setup::{self, Need},
    workspace,
};
use isthmus_beds::error::{Error, Result};
use set::Set;
use std::path::Path;

/// The command.
///
/// # Errors
/// A word that is none, files that cannot be read or written, and what the compiler says of the files.
pub fn command(options: &Options) -> Result<u8> {
    let words: Vec<&str> = options.words.iter().map(String::as_str).collect();
    setup::require(&[Need::Schema])?;
    let sets = Set::all();
    match words.as_slice() {
        [] => {}
        ["write"] => {
            for set in &sets {
                set.write()?;
            }
        }
        ["release"] => {
            let system = Set::system();
            if system.is_released() && !holds(&sets)? {
                return Ok(1);
            }
            let release = system.release()?;
            println!("check-schema: release {release} is kept; commit it");
            return Ok(0);
        }
        _ => {
            let problem = "check-schema takes no word, `write` or `release`";
            return Err(Error::Input(problem.to_owned()));
        }
    }
    Ok(u8::from(!holds(&sets)?))
}

/// The check as a part of the lint. Where the compiler cannot be had, what can be held without: the listing against the release.
///
/// # Errors
/// As [`command`].
pub fn lint() -> Result<bool> {
    if !set::has_compiler()
        && let Err(error) = setup::require(&[Need::Schema])
    {
        println!("  {error}");
        println!(
            "  the interface files are not compiled; their listing is compared with the release"
        );
        return Ok(report(&Set::system().listed()?));
    }
    holds(&Set::all())
}

fn holds(sets: &[Set]) -> Result<bool> {
    let mut found = Vec::new();
    for set in sets {
        found.extend(set.check()?);
    }
    Ok(report(&found))
}

fn report(found: &[String]) -> bool {
    for problem in found {
        println!("  {problem}");
    }
    if found.is_empty() {
        println!("check-schema: holds");
    } else {
        println!("check-schema: {} to be put right", found.len());
    }
    found.is_empty()
}

/// A path in the tree, as it is printed.
fn shown(path: &Path) -> String {
    let short = path.strip_prefix(workspace::root()).unwrap_or(path);
    short.display().to_string()
}

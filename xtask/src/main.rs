//! `cargo xtask`: the one command that builds, packs, boots, tests, lints and measures Isthmus.
//!
//! Reads the command line and calls the module of the same name. A tool of the host: it trusts this tree and the
//! distribution's packages. Neighbours: `isthmus-beds` has the machines and scenarios, `isthmus-manifest` the manifests.
#![forbid(unsafe_code)]

mod bench;
mod check_schema;
mod crates;
mod elf;
mod fuzz;
mod guests;
mod image;
mod lint;
mod programs;
mod run;
mod scenario;
mod setup;
mod size;
mod source;
mod symbols;
mod test;
mod watch;
mod workspace;

use isthmus_beds::error::{Error, Result};
use lexopt::prelude::*;
use std::{ffi::OsString, path::PathBuf, process::ExitCode, time::Duration};

const HELP: &str = "\
cargo xtask COMMAND

  run [MANIFEST] [--bed BED] [--release] [--limit SECONDS] [--gdb]
                         build, pack and boot a manifest (the default one shows Linux beside the capability kernel)
  run --bed standalone [WORDS]
                         boot the capability kernel alone; WORDS are its command line
  test [--quick]         run every test; --quick leaves out the machine tests
  scenario NAME [--bed BED]
                         run one machine test, or NAME/BOOT for one boot of it; exits 0 only if it holds
  scenario --list        name the machine tests
  image [MANIFEST] [--release] [-o FILE]
                         build and pack the boot image, without booting it
  fuzz [TARGET...] [--seconds N]
                         look for inputs that break a parser or a device, 60 s each; --list names the targets,
                         --minimise puts what was found into the committed corpus
  lint                   formatting, clippy and the house rules
  bench [NAME] [--bed BED]
                         measure against peers in the same run; writes target/bench/NAME.json
  check-schema [write|release]
                         hold the interface files against what is generated from them and against the last release;
                         `write` generates, `release` keeps the present ones as the next release
  size                   sizes of the hypervisor, lines of code and of unsafe code
  doc                    write docs/trust.md from the crates' metadata
  setup                  install what all of the above needs

Beds: auto (the best there is), bochs, qemu-kvm, qemu-svm, standalone.";

fn main() -> ExitCode {
    match dispatch(std::env::args_os().skip(1).collect()) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Options that more than one command takes.
#[derive(Debug, Default, PartialEq, Eq)]
struct Options {
    words: Vec<String>,
    bed: Option<String>,
    release: bool,
    list: bool,
    quick: bool,
    minimise: bool,
    gdb: bool,
    limit: Option<Duration>,
    output: Option<PathBuf>,
}

fn usage(problem: impl std::fmt::Display) -> Error {
    Error::Input(format!("{problem}\n\n{HELP}"))
}

fn parse(arguments: Vec<OsString>) -> Result<Option<Options>> {
    let mut options = Options::default();
    let mut parser = lexopt::Parser::from_args(arguments);
    while let Some(argument) = parser.next().map_err(usage)? {
        match argument {
            Short('h') | Long("help") => return Ok(None),
            Long("bed") => {
                options.bed = Some(parser.value().and_then(|v| v.string()).map_err(usage)?)
            }
            Long("release") => options.release = true,
            Long("list") => options.list = true,
            Long("quick") => options.quick = true,
            Long("minimise") => options.minimise = true,
            Long("gdb") => options.gdb = true,
            Long("limit" | "seconds") => {
                let seconds: u64 = parser.value().and_then(|v| v.parse()).map_err(usage)?;
                options.limit = Some(Duration::from_secs(seconds));
            }
            Short('o') | Long("output") => {
                options.output = Some(parser.value().map_err(usage)?.into())
            }
            Value(word) => options.words.push(word.string().map_err(usage)?),
            other => return Err(usage(other.unexpected())),
        }
    }
    Ok(Some(options))
}

fn dispatch(arguments: Vec<OsString>) -> Result<u8> {
    let Some(mut options) = parse(arguments)? else {
        println!("{HELP}");
        return Ok(0);
    };
    if options.words.is_empty() {
        println!("{HELP}");
        return Ok(2);
    }
    let command = options.words.remove(0);
    match command.as_str() {
        "setup" => setup::everything().map(|()| 0),
        "image" => image::command(&options),
        "check-schema" => check_schema::command(&options),
        "doc" => lint::doc(),
        "fuzz" => fuzz::command(&options),
        "lint" => lint::command(),
        "scenario" => scenario::command(&options),
        "size" => size::command(),
        "test" => test::command(&options),
        "bench" => bench::command(&options),
        "run" => run::command(&options),
        other => Err(usage(format!("there is no command `{other}`"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Option<Options>> {
        parse(line.split_whitespace().map(OsString::from).collect())
    }

    #[test]
    fn options_may_stand_before_and_after_words() {
        let options = read("--bed bochs scenario restart --limit 90")
            .expect("read")
            .expect("no help");
        assert_eq!(options.words, ["scenario", "restart"]);
        assert_eq!(options.bed.as_deref(), Some("bochs"));
        assert_eq!(options.limit, Some(Duration::from_secs(90)));
    }

    #[test]
    fn an_unknown_option_is_named_and_help_is_shown() {
        let error = read("run --fast").unwrap_err().to_string();
        assert!(
            error.contains("--fast") && error.contains("cargo xtask COMMAND"),
            "{error}"
        );
    }
}

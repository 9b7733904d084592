//! Names the fuzz targets, writes their seeds, and runs one input outside of libFuzzer, with the panic's own words.
#![forbid(unsafe_code)]

use std::{env, fs, io, path::Path, process::ExitCode};

use isthmus_fuzz::{TARGETS, find};

const HELP: &str = "\
isthmus-fuzz list                    names and subjects of the targets
isthmus-fuzz seeds TARGET FOLDER     writes what the generator makes
isthmus-fuzz run TARGET FILE...      runs inputs";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["list"] => {
            for target in TARGETS {
                println!("{:<18} {}", target.name, target.subject);
            }
            Ok(())
        }
        ["seeds", name, folder] => seeds(name, Path::new(folder)),
        ["run", name, files @ ..] => run(name, files),
        _ => Err(io::Error::other(HELP)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn seeds(name: &str, folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for (index, seed) in (find(name)?.seeds)().into_iter().enumerate() {
        fs::write(folder.join(format!("seed-{index:02}")), seed)?;
    }
    Ok(())
}

fn run(name: &str, files: &[&str]) -> io::Result<()> {
    let target = find(name)?;
    for file in files {
        (target.run)(&fs::read(file)?);
        println!("{file}: holds");
    }
    Ok(())
}

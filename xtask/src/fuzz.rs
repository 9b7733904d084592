//! `cargo xtask fuzz`: the targets of `integration/fuzz` under libFuzzer, with AddressSanitizer and coverage.
//!
//! Rust's stable compiler has both, behind `RUSTC_BOOTSTRAP`; no other toolchain is needed. What is built so is kept
//! apart in the target folder, and so are the inputs found: the committed corpus changes only by `--minimise`.
//! Neighbours: `isthmus-fuzz` has the targets; `cargo test` replays their corpora without any of this.

use crate::{Options, workspace};
use isthmus_beds::{
    command,
    error::{Error, Result},
};
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

const HOST: &str = "x86_64-unknown-linux-gnu";

/// Coverage by edges with 8-bit counters and traced comparisons, as libFuzzer reads it; and AddressSanitizer.
const RUSTFLAGS: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Zsanitizer=address -Cforce-frame-pointers=yes";

/// How long each target runs unless told otherwise.
const SECONDS: Duration = Duration::from_secs(60);

/// How many inputs of a target are committed at most.
const COMMITTED: usize = 48;

/// The command.
///
/// # Errors
/// An unknown target, or something that keeps the targets from being built.
pub fn command(options: &Options) -> Result<u8> {
    let replayer = replayer()?;
    let names = names(&replayer)?;
    if options.list {
        print!("{}", output(Command::new(&replayer).arg("list"))?);
        return Ok(0);
    }
    let chosen: Vec<&String> = if options.words.is_empty() {
        names.iter().collect()
    } else {
        let unknown = options.words.iter().find(|word| !names.contains(word));
        if let Some(word) = unknown {
            let known = names.join(", ");
            return Err(Error::Input(format!(
                "there is no target `{word}`; there are {known}"
            )));
        }
        options.words.iter().collect()
    };
    let program = build()?;
    let seconds = options.limit.unwrap_or(SECONDS).as_secs();
    let mut code = 0;
    for name in chosen {
        let target = Fuzzed::new(name, &replayer, &program)?;
        if options.minimise {
            target.minimise()?;
        } else if !target.fuzz(seconds)? {
            code = 1;
        }
    }
    Ok(code)
}

/// The program that lists targets and writes seeds, built as tests are.
fn replayer() -> Result<PathBuf> {
    let mut cargo = cargo();
    cargo.args([
        "build",
        "--quiet",
        "-p",
        "isthmus-fuzz",
        "--bin",
        "isthmus-fuzz",
    ]);
    done(
        &mut cargo,
        "isthmus-fuzz did not compile; cargo's messages are above",
    )?;
    Ok(workspace::target().join("debug").join("isthmus-fuzz"))
}

fn names(replayer: &Path) -> Result<Vec<String>> {
    let list = output(Command::new(replayer).arg("list"))?;
    let first = |line: &str| line.split_whitespace().next().map(str::to_owned);
    Ok(list.lines().filter_map(first).collect())
}

/// The program that libFuzzer drives, with debug assertions and overflow checks.
fn build() -> Result<PathBuf> {
    println!("fuzz: building with AddressSanitizer and coverage");
    let folder = workspace::folder("fuzz")?;
    let mut cargo = cargo();
    cargo.args(["build", "--release", "--target", HOST, "-p", "isthmus-fuzz"]);
    cargo.args(["--features", "libfuzzer", "--bin", "libfuzzer"]);
    cargo
        .env("CARGO_TARGET_DIR", &folder)
        // For -Z alone: the code itself uses stable features.
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTFLAGS", RUSTFLAGS)
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
        .env("CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS", "true");
    done(
        &mut cargo,
        "the fuzzer did not compile; cargo's messages are above. libFuzzer needs a C++ compiler (package g++)",
    )?;
    Ok(folder.join(HOST).join("release").join("libfuzzer"))
}

fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(workspace::root());
    cargo
}

fn done(cargo: &mut Command, problem: &str) -> Result<()> {
    let status = cargo
        .status()
        .map_err(|error| command::start_error(cargo, &error, "is cargo installed?"))?;
    if status.success() {
        Ok(())
    } else {
        Err(Error::Input(problem.to_owned()))
    }
}

fn output(program: &mut Command) -> Result<String> {
    let output = program
        .stderr(Stdio::inherit())
        .output()
        .map_err(Error::io("run", program.get_program().to_owned()))?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// A target and its folders.
struct Fuzzed<'a> {
    name: &'a str,
    program: &'a Path,
    /// Inputs found so far and seeds; grows.
    found: PathBuf,
    /// The committed ones.
    corpus: PathBuf,
    artifacts: PathBuf,
}

impl<'a> Fuzzed<'a> {
    fn new(name: &'a str, replayer: &Path, program: &'a Path) -> Result<Self> {
        let found = workspace::folder(&format!("fuzz/found/{name}"))?;
        let mut seeds = Command::new(replayer);
        seeds.args(["seeds", name]).arg(&found);
        done(&mut seeds, "the seeds could not be written")?;
        Ok(Self {
            name,
            program,
            found,
            corpus: workspace::integration().join("fuzz/corpus").join(name),
            artifacts: workspace::folder(&format!("fuzz/artifacts/{name}"))?,
        })
    }

    fn fuzzer(&self) -> Command {
        let mut fuzzer = Command::new(self.program);
        fuzzer
            .env("ISTHMUS_FUZZ_TARGET", self.name)
            .arg(format!("-artifact_prefix={}/", self.artifacts.display()))
            .args(["-timeout=10", "-rss_limit_mb=2048", "-max_len=4096"])
            // Sequences are short at first: let them grow soon.
            .arg("-len_control=10");
        fuzzer
    }

    /// Whether nothing failed for that long. libFuzzer's own progress is shown.
    fn fuzz(&self, seconds: u64) -> Result<bool> {
        println!("fuzz: {} for {seconds} s", self.name);
        let mut fuzzer = self.fuzzer();
        fuzzer
            .arg(format!("-max_total_time={seconds}"))
            .args(["-print_final_stats=1", "-report_slow_units=5"])
            .args([&self.found, &self.corpus]);
        let status = fuzzer.status().map_err(Error::io("run", self.program))?;
        if !status.success() {
            println!(
                "fuzz: {} FAILS; the input is the last one in {}\n      again, with a backtrace: cargo run -p isthmus-fuzz -- run {} FILE",
                self.name,
                self.artifacts.display(),
                self.name
            );
        }
        Ok(status.success())
    }

    /// Replaces the committed corpus by the fewest inputs that reach as much as all that were found.
    fn minimise(&self) -> Result<()> {
        let merged = workspace::folder(&format!("fuzz/merged/{}", self.name))?;
        fs::remove_dir_all(&merged).map_err(Error::io("clear", &merged))?;
        fs::create_dir_all(&merged).map_err(Error::io("create", &merged))?;
        let mut fuzzer = self.fuzzer();
        fuzzer
            .args(["-set_cover_merge=1", "-use_counters=0", "-verbosity=0"])
            .args([&merged, &self.corpus, &self.found]);
        let status = fuzzer.status().map_err(Error::io("run", self.program))?;
        if !status.success() {
            return Err(Error::Input(format!(
                "{}: an input fails; fuzz it first",
                self.name
            )));
        }
        let mut files = files(&merged)?;
        files.sort_by_key(|(size, path)| (*size, path.clone()));
        let files = thinned(&files);
        for (_, path) in self::files(&self.corpus)? {
            // Inputs with a name of their own were findings: they stay.
            if is_hash(&path) {
                fs::remove_file(&path).map_err(Error::io("remove", &path))?;
            }
        }
        for (_, path) in &files {
            let to = self.corpus.join(path.file_name().unwrap_or_default());
            fs::copy(path, &to).map_err(Error::io("write", &to))?;
        }
        println!("fuzz: {}: {} inputs", self.name, files.len());
        Ok(())
    }
}

/// At most [`COMMITTED`] of them, of all lengths alike: short ones say what they are for, long ones go deep.
fn thinned<T: Clone>(sorted: &[T]) -> Vec<T> {
    let count = sorted.len().min(COMMITTED);
    let at = |index: usize| sorted.get(index * sorted.len() / count.max(1)).cloned();
    (0..count).filter_map(at).collect()
}

/// Whether a file is named as libFuzzer names inputs, by their SHA-1.
fn is_hash(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.len() == 40 && name.chars().all(|c| c.is_ascii_hexdigit())
}

fn files(folder: &Path) -> Result<Vec<(u64, PathBuf)>> {
    let entries = fs::read_dir(folder).map_err(Error::io("read", folder))?;
    let sized = |path: PathBuf| fs::metadata(&path).ok().map(|data| (data.len(), path));
    Ok(entries
        .flatten()
        .filter_map(|entry| sized(entry.path()))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thinning_keeps_few_as_they_are_and_many_of_all_kinds() {
        assert_eq!(thinned(&[1, 2, 3]), [1, 2, 3]);
        let many: Vec<usize> = (0..COMMITTED * 10).collect();
        let kept = thinned(&many);
        assert_eq!((kept.len(), kept[0]), (COMMITTED, 0));
        assert!(kept.windows(2).all(|pair| pair[1] - pair[0] == 10));
    }

    #[test]
    fn findings_with_a_name_are_not_mistaken_for_the_fuzzers_inputs() {
        assert!(is_hash(Path::new(
            "corpus/da39a3ee5e6b4b0d3255bfef95601890afd80709"
        )));
        assert!(!is_hash(Path::new("corpus/lmsw-in-virtual-8086-mode")));
    }
}

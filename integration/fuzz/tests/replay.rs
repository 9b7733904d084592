//! Every target over its seeds, its corpus, and a fixed number of mutations of both. An input that fails is kept in
//! the target folder and named, so that `isthmus-fuzz run` or a debugger can have it.

use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    path::{Path, PathBuf},
};

use isthmus_fuzz::{
    TARGETS, Target, find,
    mutate::{Random, mutate},
};

fn corpus(target: &Target) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("corpus")
        .join(target.name);
    let entries =
        fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let committed = files.iter().map(|file| fs::read(file).unwrap());
    (target.seeds)().into_iter().chain(committed).collect()
}

fn run(target: &Target, bytes: &[u8]) {
    let Err(panic) = catch_unwind(AssertUnwindSafe(|| (target.run)(bytes))) else {
        return;
    };
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("fuzz-{}", target.name));
    fs::write(&file, bytes).unwrap();
    eprintln!("the input is in {}", file.display());
    resume_unwind(panic);
}

fn replay(name: &str) {
    let target = find(name).unwrap();
    let corpus = corpus(target);
    assert!(!corpus.is_empty());
    for bytes in &corpus {
        run(target, bytes);
    }
    let mut random = Random::new(0x1573_a05b);
    for _ in 0..target.mutations {
        let mut bytes = corpus[random.below(corpus.len())].clone();
        let other = &corpus[random.below(corpus.len())];
        mutate(&mut bytes, other, target.max_len, &mut random);
        run(target, &bytes);
    }
}

macro_rules! replay {
    ($($name:ident),* $(,)?) => {
        $(
            #[test]
            fn $name() {
                replay(stringify!($name));
            }
        )*

        #[test]
        fn every_target_is_replayed() {
            let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
            assert_eq!(names, [$(stringify!($name)),*]);
        }
    };
}

replay!(
    multiboot2,
    manifest_binary,
    manifest_toml,
    linux,
    pvh,
    multiboot1,
    symbols,
    soft_off,
    decode,
    execute,
    walk,
    board,
    lapic,
    exits,
    checks,
    cpuid,
    controls,
    ring,
    ring_entry,
    ring_header,
    ring_peer,
    start_info,
    acpi,
    command_line,
    console,
    messages,
    calls,
    orders,
);

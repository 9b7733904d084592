//! Initramfs archives: busybox, the tools' names, and a script that is `/init`.
//!
//! The scripts are in `integration/initramfs`. Each is put behind `common.sh`, which mounts what every script wants.
//! `/data/sample` is a file whose bytes are always the same, for guests to hash. Neighbours: [`crate::cpio`].

use crate::{
    command,
    cpio::Archive,
    error::{Error, Result},
};
use std::{fs, io::Write, path::Path, process::Command};

/// Names under which busybox is called by the scripts.
const TOOLS: &[&str] = &[
    "awk",
    "cat",
    "cut",
    "date",
    "dd",
    "dmesg",
    "echo",
    "false",
    "free",
    "grep",
    "head",
    "hwclock",
    "insmod",
    "kill",
    "ls",
    "mkdir",
    "mknod",
    "mount",
    "nproc",
    "poweroff",
    "ps",
    "reboot",
    "rm",
    "sed",
    "seq",
    "sh",
    "setsid",
    "sha256sum",
    "sleep",
    "sort",
    "sync",
    "tail",
    "taskset",
    "test",
    "tr",
    "true",
    "uname",
    "usleep",
    "wc",
    "yes",
];

/// Size of `/data/sample`, in bytes.
const SAMPLE_SIZE: usize = 64 * 1024;

/// What goes into an archive beside what all have.
#[derive(Debug, Clone, Copy)]
pub struct Content<'a> {
    /// Debian's static busybox.
    pub busybox: &'a Path,
    /// The script that `/init` ends in; `common.sh` lies beside it.
    pub script: &'a Path,
    /// A program for `/bin`, under this name.
    pub program: Option<(&'a str, &'a Path)>,
    /// Files for `/data`, with their names there.
    pub data: &'a [(&'a str, &'a Path)],
}

/// Makes the archive whose `/init` is `common` followed by `script`, with more files in `/data`.
pub fn build(
    busybox: &[u8],
    common: &str,
    script: &str,
    program: Option<(&str, Vec<u8>)>,
    data: &[(&str, Vec<u8>)],
) -> Vec<u8> {
    let mut archive = Archive::new();
    for folder in ["bin", "data", "dev", "proc", "sys", "tmp"] {
        archive.directory(folder);
    }
    // Before devtmpfs is mounted, init's output goes to this.
    archive.character_device("dev/console", 0o600, 5, 1);
    archive.file("bin/busybox", 0o755, busybox);
    for tool in TOOLS {
        archive.symlink(&format!("bin/{tool}"), "busybox");
    }
    if let Some((name, data)) = program {
        archive.file(&format!("bin/{name}"), 0o755, &data);
    }
    archive.file("data/sample", 0o644, &sample());
    for (name, bytes) in data {
        archive.file(&format!("data/{name}"), 0o644, bytes);
    }
    archive.file("init", 0o755, format!("{common}\n{script}").as_bytes());
    archive.finish()
}

/// Builds the archive and writes it to `to`, unless the same is there already (so that its time does not change).
///
/// # Errors
/// A file that cannot be read or written.
pub fn write(content: &Content<'_>, to: &Path) -> Result<()> {
    let text = |path: &Path| fs::read_to_string(path).map_err(Error::io("read", path));
    let data = |path: &Path| fs::read(path).map_err(Error::io("read", path));
    let common = text(&content.script.with_file_name("common.sh"))?;
    let program = match content.program {
        Some((name, path)) => Some((name, data(path)?)),
        None => None,
    };
    let mut more = Vec::new();
    for (name, path) in content.data {
        more.push((*name, data(path)?));
    }
    let busybox = data(content.busybox)?;
    let archive = build(&busybox, &common, &text(content.script)?, program, &more);
    if fs::read(to).is_ok_and(|old| old == archive) {
        return Ok(());
    }
    fs::write(to, archive).map_err(Error::io("write", to))
}

/// The bytes of `/data/sample`: Marsaglia's xorshift32 from a fixed seed.
pub fn sample() -> Vec<u8> {
    let mut state: u32 = 0x1234_5678;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_le_bytes()[0]
    };
    (0..SAMPLE_SIZE).map(|_| next()).collect()
}

/// The SHA-256 of [`sample`] as this host's `sha256sum` has it, in hexadecimal.
///
/// # Errors
/// If there is no `sha256sum`.
pub fn sample_hash() -> Result<String> {
    let problem = |e| {
        command::start_error(
            &Command::new("sha256sum"),
            &e,
            "it is part of GNU coreutils",
        )
    };
    let mut command = Command::new("sha256sum");
    command
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped());
    let mut child = command.spawn().map_err(problem)?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(&sample()).map_err(problem)?;
    }
    let output = child.wait_with_output().map_err(problem)?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.split_whitespace()
        .next()
        .map(str::to_owned)
        .ok_or_else(|| Error::Input("sha256sum said nothing".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_follows_what_all_share() {
        let archive = build(
            b"elf",
            "#!/bin/sh\nmount\n",
            "echo hello\n",
            Some(("tool", b"x".to_vec())),
            &[("more", b"what is in it".to_vec())],
        );
        let text = String::from_utf8_lossy(&archive);
        assert!(text.contains("#!/bin/sh\nmount\n\necho hello\n"));
        assert!(text.contains("what is in it"));
    }

    #[test]
    fn the_sample_never_changes() {
        let bytes = sample();
        assert_eq!(bytes.len(), SAMPLE_SIZE);
        assert_eq!(&bytes[..4], [165, 163, 196, 152]);
    }
}

//! Where things are: the tree, the target folder and what is kept in it.
//!
//! Neighbours: every module of the task runner.

use isthmus_beds::error::{Error, Result};
use std::{
    env, fs,
    path::{Path, PathBuf},
};

/// The root of the tree.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap_or(Path::new("."))
}

/// The target folder: `CARGO_TARGET_DIR`, or `target` in the tree.
pub fn target() -> PathBuf {
    match env::var_os("CARGO_TARGET_DIR") {
        // Cargo takes a relative one from where it was called.
        Some(folder) => env::current_dir()
            .unwrap_or_else(|_| root().to_owned())
            .join(folder),
        None => root().join("target"),
    }
}

/// A folder in the target folder, made if it is not there.
///
/// # Errors
/// If it cannot be made.
pub fn folder(name: &str) -> Result<PathBuf> {
    let path = target().join(name);
    fs::create_dir_all(&path).map_err(Error::io("create", &path))?;
    Ok(path)
}

/// The manifests, initramfs trees and guest sources that come with the tree.
pub fn integration() -> PathBuf {
    root().join("integration")
}

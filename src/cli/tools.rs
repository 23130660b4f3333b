//! The programs a factory needs beside itself: git, node and npm, with one sentence when one is missing.

use super::out::Fail;
use super::walls;
use crate::adapters::store::files;
use crate::adapters::{child, node};
use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Oldest Node.js the tools and Jest run on.
const NODE: u32 = 20;

/// A program on PATH.
#[must_use]
pub fn find(name: &str) -> Option<PathBuf> {
    use std::os::unix::fs::PermissionsExt;
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .filter(|dir| dir.is_absolute())
        .map(|dir| dir.join(name))
        .find(|file| {
            std::fs::metadata(file)
                .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
        })
}

/// git, or how to get it.
pub fn git() -> Result<PathBuf, Fail> {
    find("git").ok_or_else(|| {
        Fail::failed("git is not on PATH: install it (Debian and Ubuntu: sudo apt install git), then run this again")
    })
}

/// How to get Node.js and npm.
const FIX: &str = "install Node.js 20 or newer with npm (https://nodejs.org, or your package manager), then run this again";

/// node, or how to get it.
fn node() -> Result<PathBuf, Fail> {
    node::here()
        .node
        .clone()
        .ok_or_else(|| Fail::failed(format!("node is not on PATH: {FIX}")))
}

/// npm with a Node.js new enough, or how to get them.
pub fn npm() -> Result<PathBuf, Fail> {
    node_version()?;
    find_npm()
}

/// npm, or how to get it.
pub fn find_npm() -> Result<PathBuf, Fail> {
    node::here()
        .npm
        .clone()
        .ok_or_else(|| Fail::failed(format!("npm is not on PATH: {FIX}")))
}

/// The version of node, which is new enough, or how to get one that is.
pub fn node_version() -> Result<String, Fail> {
    let text = version_of(node())?;
    match major(&text) {
        Some(version) if version >= NODE => Ok(text),
        _ => {
            let found = if text.is_empty() { "no version" } else { &text };
            Err(Fail::failed(format!("node says {found}: {FIX}")))
        }
    }
}

/// A node that is new enough, or how to get one. One that was is asked again only when it is another file, or must be newer:
/// an engine is at work sooner than node has said its version.
pub fn new_node() -> Result<(), Fail> {
    let (folder, memory) = (walls::state(), walls::state().join("node"));
    let known = known(NODE, &node()?);
    if std::fs::read(&memory).is_ok_and(|bytes| bytes == known.as_bytes()) {
        return Ok(());
    }
    node_version()?;
    // What cannot be kept is found out again.
    let _ = files::make_dir(&folder);
    let _ = std::fs::write(&memory, known);
    Ok(())
}

/// What is remembered of a node that was new enough for `least`.
fn known(least: u32, node: &Path) -> String {
    use std::os::unix::fs::MetadataExt;
    let of = |meta: Metadata| (meta.ino(), meta.size(), meta.mtime(), meta.mtime_nsec());
    format!(
        "{least} {node:?} {:?}",
        std::fs::metadata(node).map(of).ok()
    )
}

/// What a program says of its version.
pub fn version_of(program: Result<PathBuf, Fail>) -> Result<String, Fail> {
    let program = program?;
    let output = child::bare(&mut Command::new(&program), &[])
        .arg("--version")
        .stdin(Stdio::null())
        .output()
        .map_err(|error| {
            Fail::failed(format!(
                "{} does not start ({error}): {FIX}",
                program.display()
            ))
        })?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// `v20.11.1` is 20.
fn major(version: &str) -> Option<u32> {
    version.strip_prefix('v')?.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{known, major};
    use std::path::Path;

    #[test]
    fn reads_what_node_prints() {
        assert_eq!(major("v20.11.1"), Some(20));
        assert_eq!(major("v9"), Some(9));
        assert_eq!(major("20.1"), None);
        assert_eq!(major(""), None);
    }

    #[test]
    fn another_least_version_or_another_file_is_asked_again() {
        let own = Path::new("/proc/self/exe");
        assert_eq!(known(20, own), known(20, own));
        assert_ne!(known(20, own), known(22, own));
        assert_ne!(known(20, own), known(20, Path::new("/dev/null")));
    }
}

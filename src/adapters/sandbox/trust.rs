//! Which model-written files may run without walls: those that equal, by hash, a reply this binary carries.

use super::Hashes;
use crate::factory::ports::sandbox::SandboxError;
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

/// Hash of a text.
pub fn hash(text: &[u8]) -> String {
    let bytes = Sha256::digest(text);
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Refuses the first file that is not known; folders are walked, anything but plain files is refused.
pub fn check(files: &[PathBuf], known: &Hashes) -> Result<(), SandboxError> {
    files.iter().try_for_each(|path| entry(path, known))
}

fn entry(path: &Path, known: &Hashes) -> Result<(), SandboxError> {
    let refused = || SandboxError::Refused {
        file: path.display().to_string(),
    };
    let meta = fs::symlink_metadata(path).map_err(|_| refused())?;
    if meta.is_dir() {
        let mut inside = Vec::new();
        for found in fs::read_dir(path).map_err(|_| refused())? {
            inside.push(found.map_err(|_| refused())?.path());
        }
        inside.sort();
        return check(&inside, known);
    }
    let text = if meta.is_file() {
        fs::read(path).ok()
    } else {
        None
    };
    match text {
        Some(text) if known.contains(&hash(&text)) => Ok(()),
        _ => Err(refused()),
    }
}

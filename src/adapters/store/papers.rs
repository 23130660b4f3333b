//! Specs, bugs, reviews, evidence, cases, transcripts and the brief, by what they are.

use super::files;
use super::layout::{self, Layout};
use crate::adapters::folder::{self, Folder, For};
use crate::factory::ports::files::FileError;
use crate::factory::ports::store::{Paper, StoreError};

/// Largest paper read.
const CAP: u64 = 64 * 1024 * 1024;

impl From<FileError> for StoreError {
    fn from(error: FileError) -> Self {
        match error {
            FileError::Io { name, path, detail } => Self::Io { name, path, detail },
            FileError::Refused(words) => Self::Bad(words),
        }
    }
}

/// Writes a paper whole. BRIEF.md is not synced: every start writes it anew.
pub fn put(layout: &Layout, paper: &Paper, text: &str) -> Result<(), StoreError> {
    let name = name(paper)?;
    if *paper == Paper::Brief {
        return files::mirror(&layout.dir, &layout.dir.join(name), text.as_bytes());
    }
    Ok(Folder::open(&layout.dir)?.write(&name, text.as_bytes(), For::Owner)?)
}

/// Adds to a paper with one write, not synced.
pub fn append(layout: &Layout, paper: &Paper, text: &str) -> Result<(), StoreError> {
    Ok(Folder::open(&layout.dir)?.append(&name(paper)?, text.as_bytes(), For::Owner)?)
}

/// Reads a paper; None when absent.
pub fn get(layout: &Layout, paper: &Paper) -> Result<Option<String>, StoreError> {
    let name = name(paper)?;
    let Some(file) = Folder::open(&layout.dir)?.file(&name)? else {
        return Ok(None);
    };
    let place = layout.dir.join(&name);
    let text = String::from_utf8(folder::bytes(file, &place, CAP)?)
        .map_err(|_| StoreError::Bad(format!("{} is not UTF-8 text", place.display())))?;
    Ok(Some(text))
}

/// The paper's path below dev-factory/.
fn name(paper: &Paper) -> Result<String, StoreError> {
    layout::check(paper)?;
    Ok(layout::inside(paper))
}

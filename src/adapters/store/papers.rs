//! Specs, bugs, reviews, evidence, cases, transcripts and the brief, by what they are.

use super::files::{self, trouble};
use super::layout::{self, Layout};
use crate::factory::ports::store::{Paper, StoreError};
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

/// Largest paper read.
const CAP: u64 = 64 * 1024 * 1024;

/// Writes a paper whole. BRIEF.md is not synced: every start writes it anew.
pub fn put(layout: &Layout, paper: &Paper, text: &str) -> Result<(), StoreError> {
    let path = ready(layout, paper)?;
    let dir = path.parent().unwrap_or(&layout.dir);
    match paper {
        Paper::Brief => files::mirror(dir, &path, text.as_bytes()),
        _ => files::put(dir, &path, text.as_bytes(), true),
    }
}

/// Adds to a paper with one write, not synced.
pub fn append(layout: &Layout, paper: &Paper, text: &str) -> Result<(), StoreError> {
    let path = layout.home.join(layout::paper(paper));
    layout::check(paper)?;
    let open = || {
        OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(&path)
    };
    let file = match open() {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            ready(layout, paper)?;
            open()
        }
        other => other,
    };
    file.and_then(|mut f| f.write_all(text.as_bytes()))
        .map_err(|e| trouble(&path, &e))
}

/// Reads a paper; None when absent.
pub fn get(layout: &Layout, paper: &Paper) -> Result<Option<String>, StoreError> {
    layout::check(paper)?;
    let path = layout.home.join(layout::paper(paper));
    let Some(bytes) = files::read(&path, CAP)? else {
        return Ok(None);
    };
    let text = String::from_utf8(bytes)
        .map_err(|_| StoreError::Bad(format!("{} is not UTF-8 text", path.display())))?;
    Ok(Some(text))
}

fn ready(layout: &Layout, paper: &Paper) -> Result<PathBuf, StoreError> {
    layout::check(paper)?;
    let path = layout.home.join(layout::paper(paper));
    if let Some(dir) = path.parent() {
        files::make_dir(dir)?;
    }
    Ok(path)
}

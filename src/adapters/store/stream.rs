//! run/: the snapshot screens read, and log lines in two files of 8 MiB. Never synced: it only mirrors.

use super::files::{self, trouble};
use super::layout::Layout;
use crate::adapters::steps;
use crate::domain::screen::{LogLine, Snapshot};
use crate::factory::ports::store::StoreError;
use std::fs::{DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

/// Size at which a file of lines is put aside.
pub const SIZE: u64 = 8 * 1024 * 1024;

/// The file lines go to.
#[derive(Debug)]
pub struct Stream {
    dir: PathBuf,
    file: Option<(File, u64)>,
    size: u64,
}

impl Stream {
    /// Of a home; nothing is opened yet.
    #[must_use]
    pub fn new(layout: &Layout, size: u64) -> Self {
        Self {
            dir: layout.run(),
            file: None,
            size,
        }
    }

    /// Adds lines with one write.
    pub fn put<'a>(
        &mut self,
        lines: impl IntoIterator<Item = &'a LogLine>,
    ) -> Result<(), StoreError> {
        let mut text = String::new();
        for line in lines {
            let json = serde_json::to_string(line).map_err(|e| StoreError::Bad(e.to_string()))?;
            text.push_str(&json);
            text.push('\n');
        }
        let path = self.dir.join("stream.jsonl");
        if self.file.as_ref().is_some_and(|(_, len)| *len >= self.size) {
            let aside = self.dir.join("stream.1.jsonl");
            std::fs::rename(&path, &aside).map_err(|e| trouble(&aside, &e))?;
            self.file = None;
        }
        // One that was deleted would be written for nobody.
        let there = |file: &File| file.metadata().is_ok_and(|meta| meta.nlink() > 0);
        let (mut file, len) = match self.file.take() {
            Some((file, len)) if there(&file) => (file, len),
            _ => self.open(&path)?,
        };
        steps::write(&mut file, text.as_bytes(), &path).map_err(|e| trouble(&path, &e))?;
        self.file = Some((file, len + text.len() as u64));
        Ok(())
    }

    fn open(&self, path: &std::path::Path) -> Result<(File, u64), StoreError> {
        make(&self.dir)?;
        let file = files::grow(path).map_err(|e| trouble(path, &e))?;
        let len = file.metadata().map_err(|e| trouble(path, &e))?.len();
        Ok((file, len))
    }
}

/// Makes run/ again where it was deleted; a home that is gone stays gone.
fn make(run: &Path) -> Result<(), StoreError> {
    match DirBuilder::new().mode(0o700).create(run) {
        Err(e) if e.kind() != io::ErrorKind::AlreadyExists => Err(trouble(run, &e)),
        _ => Ok(()),
    }
}

/// Replaces run/snapshot.json.
pub fn put_snapshot(layout: &Layout, snapshot: &Snapshot) -> Result<(), StoreError> {
    let dir = layout.run();
    make(&dir)?;
    let bytes = serde_json::to_vec(snapshot).map_err(|e| StoreError::Bad(e.to_string()))?;
    files::mirror(&dir, &dir.join("snapshot.json"), &bytes)
}

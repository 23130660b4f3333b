//! The Files port on real files: every folder is reached from the home, one plain name at a time.

use super::folder::{Folder, For};
use crate::factory::ports::files::{Entry, FILE, FILES, FileError, Files, TOTAL};
use chrono::{DateTime, Utc};
use std::path::{Path, PathBuf};

/// Files below the folders of one home.
pub struct HomeFiles {
    home: PathBuf,
}

impl HomeFiles {
    /// Of this home.
    #[must_use]
    pub fn new(home: &Path) -> Self {
        let home = home.canonicalize().unwrap_or_else(|_| home.to_path_buf());
        Self { home }
    }

    /// A folder's path below the home.
    fn inside(&self, folder: &Path) -> Result<String, FileError> {
        let below = folder.strip_prefix(&self.home).ok();
        let below = below.and_then(Path::to_str).filter(|path| !path.is_empty());
        below.map(str::to_owned).ok_or_else(|| {
            FileError::Refused(format!(
                "{}: is not a folder of the home {}",
                folder.display(),
                self.home.display()
            ))
        })
    }

    fn at(&self, folder: &Path) -> Result<Option<Folder>, FileError> {
        Folder::open(&self.home)?.below(&self.inside(folder)?)
    }

    fn made(&self, folder: &Path, whom: For) -> Result<Folder, FileError> {
        Folder::at_home(&self.home, &self.inside(folder)?, whom)
    }
}

impl Files for HomeFiles {
    fn read(&self, folder: &Path, path: &str) -> Result<Option<String>, FileError> {
        let Some(folder) = self.at(folder)? else {
            return Ok(None);
        };
        let Some(bytes) = folder.read(path, FILE)? else {
            return Ok(None);
        };
        String::from_utf8(bytes)
            .map(Some)
            .map_err(|_| FileError::Refused(format!("{path}: is not UTF-8 text; write it anew")))
    }

    fn write(&self, folder: &Path, path: &str, text: &str) -> Result<(), FileError> {
        let open = self.made(folder, For::All)?;
        let size = text.len() as u64;
        let there = open.list()?;
        let others = || there.iter().filter(|entry| entry.path != path);
        let refused = |what: String| {
            Err(FileError::Refused(format!(
                "{}: {what}",
                folder.join(path).display()
            )))
        };
        if size > FILE {
            return refused(format!("{size} bytes, and a file may have {FILE}"));
        }
        if others().count() >= FILES {
            return refused(format!(
                "the folder has {FILES} files, and may have no more"
            ));
        }
        if others().map(|entry| entry.size).sum::<u64>() + size > TOTAL {
            return refused(format!("the folder would hold more than {TOTAL} bytes"));
        }
        open.write(path, text.as_bytes(), For::All)
    }

    fn list(&self, folder: &Path) -> Result<Vec<Entry>, FileError> {
        self.at(folder)?.map_or(Ok(Vec::new()), |open| open.list())
    }

    fn keep_only(&self, folder: &Path, names: &[&str]) -> Result<(), FileError> {
        self.at(folder)?
            .map_or(Ok(()), |open| open.keep_only(names))
    }

    fn changed(&self, path: &Path) -> Option<DateTime<Utc>> {
        let meta = std::fs::metadata(path).ok()?;
        meta.modified().ok().map(DateTime::from)
    }

    fn make(&self, folder: &Path) -> Result<(), FileError> {
        self.made(folder, For::Owner).map(drop)
    }
}

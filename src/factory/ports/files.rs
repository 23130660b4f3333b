//! The files port: what lies in a folder of the home that programs or models fill, reached without ever leaving it.

use crate::domain::condition::Trouble;
use chrono::{DateTime, Utc};
use std::path::Path;

/// Bytes of one file.
pub const FILE: u64 = 1024 * 1024;
/// Files in one folder, those of its folders counted.
pub const FILES: usize = 200;
/// Bytes of all of them.
pub const TOTAL: u64 = 20 * 1024 * 1024;

/// Why it was not done; one sentence that begins with the path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// A link, a device, a name or a size that has no place there.
    #[error("{0}")]
    Refused(String),
    /// The surroundings: no space, no permission, folder gone.
    #[error("{path}: {detail}")]
    Io {
        name: Trouble,
        path: String,
        detail: String,
    },
}

impl FileError {
    /// What keeps it from being done.
    #[must_use]
    pub const fn trouble(&self) -> Trouble {
        match self {
            Self::Io { name, .. } => *name,
            Self::Refused(_) => Trouble::File,
        }
    }
}

/// One thing in a folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// Relative to the folder; characters no name may have are escaped.
    pub path: String,
    /// A plain file with one name, which may be read; None = yes, else what it is.
    pub odd: Option<&'static str>,
    /// Bytes.
    pub size: u64,
}

/// Files below folders of the home. `folder` is the factory's choice and lies in the home; `path` is relative to it,
/// one to eight names of letters, digits, `.`, `-` and `_` joined by `/`.
pub trait Files: Send + Sync {
    /// The text of a plain file; None when absent.
    fn read(&self, folder: &Path, path: &str) -> Result<Option<String>, FileError>;
    /// Puts a whole file in place at once, making folders on the way. Refused beyond [`FILE`], [`FILES`] and [`TOTAL`].
    fn write(&self, folder: &Path, path: &str, text: &str) -> Result<(), FileError>;
    /// Everything below but folders, sorted; nothing when the folder is absent.
    fn list(&self, folder: &Path) -> Result<Vec<Entry>, FileError>;
    /// Removes what lies directly in a folder, whole folders too, but for plain files of these names.
    fn keep_only(&self, folder: &Path, names: &[&str]) -> Result<(), FileError>;
    /// When a file was written last; None where that cannot be told.
    fn changed(&self, path: &Path) -> Option<DateTime<Utc>>;
    /// Makes a folder and those above it, for the factory's user alone.
    fn make(&self, folder: &Path) -> Result<(), FileError>;
}

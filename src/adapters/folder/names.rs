//! Which names may lie below a folder: letters, digits, `.`, `-` and `_`, at most 100, none that climbs or reads as a flag.

use crate::factory::ports::files::FileError;
use std::path::Path;

/// Bytes of one name.
const LONGEST: usize = 100;
/// Names in one path.
pub const DEEPEST: usize = 8;

/// A path taken apart.
pub struct Names<'a>(Vec<&'a str>);

impl<'a> Names<'a> {
    /// The names of a path relative to the folder at `place`.
    pub fn of(place: &Path, path: &'a str) -> Result<Self, FileError> {
        let names: Vec<&str> = path.split('/').collect();
        match names.iter().find(|name| !plain(name)) {
            None if names.len() <= DEEPEST => Ok(Self(names)),
            _ => Err(FileError::Refused(format!(
                "{}: {} is no path for a file: up to {DEEPEST} names of letters, digits, \".\", \"-\" and \"_\", {LONGEST} at most, joined by \"/\"",
                place.display(),
                shown(path)
            ))),
        }
    }

    /// All of them.
    pub fn all(&self) -> &[&'a str] {
        &self.0
    }

    /// All but the last.
    pub fn folders(&self) -> &[&'a str] {
        self.0.split_last().map_or(&[], |(_, folders)| folders)
    }

    /// The last.
    pub fn last(&self) -> &'a str {
        self.0.last().copied().unwrap_or_default()
    }
}

/// Whether a name may lie there.
pub fn plain(name: &str) -> bool {
    let fine = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    (1..=LONGEST).contains(&name.len())
        && name.bytes().all(fine)
        && !matches!(name, "." | "..")
        && !name.starts_with('-')
}

/// A name fit for a sentence: nothing but printable ASCII, and not endless.
pub fn shown(name: &str) -> String {
    let escaped = name.escape_default().to_string();
    match escaped.get(..LONGEST) {
        Some(short) if escaped.len() > LONGEST => format!("{short}..."),
        _ => escaped,
    }
}

//! What a person has read of a home's journal: kept in a folder of their own, outside the home, which readers do not change.

use crate::domain::shift::Bookmark;
use std::io::{ErrorKind, Write};
use std::path::Path;

/// The mark; the beginning where none was made.
pub fn look(path: &Path) -> Result<Bookmark, String> {
    let bad = |why: String| {
        format!(
            "{} cannot be read: {why}; remove it to begin anew",
            path.display()
        )
    };
    match std::fs::read_to_string(path) {
        Ok(text) => serde_json::from_str(&text).map_err(|error| bad(error.to_string())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Bookmark::default()),
        Err(error) => Err(bad(error.to_string())),
    }
}

/// Puts the mark.
pub fn keep(path: &Path, mark: &Bookmark) -> Result<(), String> {
    let text = serde_json::to_string_pretty(mark).map_err(|error| error.to_string())?;
    put(path, &text).map_err(|error| {
        format!(
            "{} cannot be written: {error}; nothing was marked read",
            path.display()
        )
    })
}

/// Puts a whole file in place at once, making folders on the way.
pub fn put(path: &Path, text: &str) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(path);
    std::fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

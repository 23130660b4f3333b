//! What a home must be before anything is written in it: its user's own, closed to other writers, and made of real
//! files and folders. One sentence with the fix, or nothing.

use super::files;
use super::layout::Layout;
use crate::domain::state::FORMAT;
use crate::factory::ports::store::StoreError;
use serde_json::Value;
use std::fs::{Metadata, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

/// What other users may do with dev-factory/; a group a person let in stays.
const OTHERS: u32 = 0o007;

/// Checks a home for the user of this process; what others could read in dev-factory/ is closed to them.
pub fn check(home: &Path) -> Result<(), StoreError> {
    check_for(home, rustix::process::geteuid().as_raw())?;
    let layout = Layout::new(home);
    readable(&layout)?;
    close(&layout)
}

/// Whether a given user may write in a home; changes nothing.
pub fn check_for(home: &Path, user: u32) -> Result<(), StoreError> {
    let layout = Layout::new(home);
    let meta = std::fs::metadata(home).map_err(|e| files::trouble(home, &e))?;
    owned(home, &meta, user)?;
    let meta = match std::fs::symlink_metadata(&layout.dir) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        found => found.map_err(|e| files::trouble(&layout.dir, &e))?,
    };
    if meta.is_symlink() {
        return Err(linked(&layout.dir));
    }
    owned(&layout.dir, &meta, user)?;
    let state = layout.at("state.json");
    let entries = std::fs::read_dir(&layout.dir).map_err(|e| files::trouble(&layout.dir, &e))?;
    for entry in entries.flatten() {
        let path = entry.path();
        let link = entry.file_type().is_ok_and(|kind| kind.is_symlink());
        // A person may keep state.json elsewhere in the home; it is resolved once and written there.
        if link && (path != state || !stays(home, &path)) {
            return Err(linked(&path));
        }
    }
    Ok(())
}

/// Takes from others what they may do with dev-factory/.
fn close(layout: &Layout) -> Result<(), StoreError> {
    let told = |e| files::trouble(&layout.dir, &e);
    let mode = match std::fs::metadata(&layout.dir) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        found => found.map_err(told)?.mode() & 0o7777,
    };
    match mode & OTHERS {
        0 => Ok(()),
        _ => std::fs::set_permissions(&layout.dir, Permissions::from_mode(mode & !OTHERS))
            .map_err(told),
    }
}

/// A home that a newer program has written in is only read.
fn readable(layout: &Layout) -> Result<(), StoreError> {
    for name in ["home.json", "control.json"] {
        let path = layout.at(name);
        let found = files::read(&path, files::CAP).ok().flatten();
        let schema = found
            .and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok())
            .and_then(|doc| doc.get("schema")?.as_u64());
        if let Some(schema) = schema.filter(|schema| *schema > u64::from(FORMAT)) {
            return Err(StoreError::Newer(format!(
                "a newer dev-factory has worked in {} (format {schema}; this one, {}, knows {FORMAT}): update this program; until then it only reads, with status, list, logs, report and --readonly",
                layout.home.display(),
                env!("CARGO_PKG_VERSION")
            )));
        }
    }
    Ok(())
}

/// A folder of this user that nobody else may write in.
fn owned(folder: &Path, meta: &Metadata, user: u32) -> Result<(), StoreError> {
    let shown = folder.display();
    if meta.uid() != user {
        let owner = meta.uid();
        return Err(StoreError::Bad(format!(
            "{shown} belongs to user {owner} and you are user {user}: run dev-factory as its owner, or give it to you with chown -R {user} {shown}"
        )));
    }
    let sticky = meta.mode() & 0o1000 != 0;
    if meta.mode() & 0o002 != 0 && !sticky {
        return Err(StoreError::Bad(format!(
            "{shown} can be written by every user of this machine: chmod o-w {shown}"
        )));
    }
    Ok(())
}

fn linked(path: &Path) -> StoreError {
    let target = std::fs::read_link(path).unwrap_or_default();
    StoreError::Bad(format!(
        "{} is a symbolic link to {}: put the file or folder itself in its place",
        path.display(),
        target.display().to_string().escape_debug()
    ))
}

/// Whether a link leads to a file of the home.
fn stays(home: &Path, link: &Path) -> bool {
    match (home.canonicalize(), link.canonicalize()) {
        (Ok(home), Ok(target)) => target.starts_with(home) && target.is_file(),
        _ => false,
    }
}

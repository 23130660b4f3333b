//! What npm made, before it is put in place: plain files and folders of ours that nobody else may write, links that
//! stay inside; then one exchange of names.

use crate::adapters::store::files;
use std::fs::{self, Metadata, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt, lchown};
use std::path::{Component, Path};

/// Makes a tree ours, readable for all and writable for nobody else.
pub fn settle(root: &Path) -> Result<(), String> {
    let me = rustix::process::geteuid().as_raw();
    let group = rustix::process::getegid().as_raw();
    let mut open = vec![root.to_path_buf()];
    while let Some(path) = open.pop() {
        let failed = |error: io::Error| format!("{}: {}", path.display(), files::why(&error));
        let meta = fs::symlink_metadata(&path).map_err(failed)?;
        if (meta.uid(), meta.gid()) != (me, group) {
            lchown(&path, Some(me), Some(group)).map_err(failed)?;
        }
        if meta.is_symlink() {
            inside(root, &path).map_err(failed)?;
            continue;
        }
        if !meta.is_dir() && (!meta.is_file() || meta.nlink() > 1) {
            return Err(format!(
                "{}: npm made something that is no plain file",
                path.display()
            ));
        }
        let mode = mode(&meta);
        if meta.mode() & 0o7777 != mode {
            fs::set_permissions(&path, Permissions::from_mode(mode)).map_err(failed)?;
        }
        if meta.is_dir() {
            for entry in fs::read_dir(&path).map_err(failed)? {
                open.push(entry.map_err(failed)?.path());
            }
        }
    }
    Ok(())
}

fn mode(meta: &Metadata) -> u32 {
    if meta.is_dir() || meta.mode() & 0o100 != 0 {
        0o755
    } else {
        0o644
    }
}

/// A link must lead, by names alone, to something below the root.
fn inside(root: &Path, link: &Path) -> io::Result<()> {
    let target = fs::read_link(link)?;
    let below = link
        .parent()
        .and_then(|folder| folder.strip_prefix(root).ok());
    let mut depth = below.map_or(0, |path| path.components().count());
    for part in target.components() {
        match part {
            Component::Normal(_) => depth += 1,
            Component::CurDir => {}
            Component::ParentDir if depth > 0 => depth -= 1,
            _ => return Err(io::Error::other("a link that leads out of node_modules")),
        }
    }
    Ok(())
}

/// Puts a finished node_modules in the place of whatever was there, whole.
pub fn place(from: &Path, to: &Path) -> Result<(), String> {
    // Names must not become durable before what they name.
    #[cfg(target_os = "linux")]
    if let Ok(folder) = fs::File::open(from) {
        let _ = rustix::fs::syncfs(&folder);
    }
    files::swap(from, to).map_err(|error| error.to_string())?;
    let above = to.parent().unwrap_or(to);
    files::sync_dir(above).map_err(|error| error.to_string())
}

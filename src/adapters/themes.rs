//! Theme files of a home: read once, and again when the kernel tells that one has changed.

use super::store::files;
use super::watch;
use crate::factory::ports::themes::{ThemeFile, ThemeFiles};
use notify::RecommendedWatcher;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::watch as newest;

/// Largest theme file read, bytes.
const CAP: u64 = 64 * 1024;
/// Most files read: no folder of themes has more.
const MOST: usize = 100;

/// The files of a home as they are now, by name.
#[must_use]
pub fn read(home: &Path) -> Vec<ThemeFile> {
    let folder = home.join("themes");
    let entries = std::fs::read_dir(&folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "toml"))
        .take(MOST)
        .collect();
    paths.sort();
    paths.iter().filter_map(|path| one(path)).collect()
}

fn one(path: &Path) -> Option<ThemeFile> {
    let name = path.file_stem()?.to_str()?.to_owned();
    if name.starts_with('.') {
        return None;
    }
    let text = match files::read(path, CAP) {
        Ok(Some(bytes)) => {
            String::from_utf8(bytes).map_err(|_| "is not UTF-8 text; save it as UTF-8".to_owned())
        }
        // Gone between the listing and the read.
        Ok(None) => return None,
        Err(error) => Err(format!("cannot be read: {error}")),
    };
    let file = format!("themes/{name}.toml");
    Some(ThemeFile { name, file, text })
}

/// Keeps the files of a home in view until dropped; where the kernel does not help they stay as they were.
pub struct Watched {
    /// The files.
    pub files: ThemeFiles,
    _watcher: Option<RecommendedWatcher>,
}

/// Begins to watch.
#[must_use]
pub fn watched(home: &Path) -> Watched {
    let (tell, files) = newest::channel::<Arc<[ThemeFile]>>(Arc::from([]));
    let at = home.to_path_buf();
    let again = tell.clone();
    let told = move |_| {
        let now = read(&at);
        again.send_if_modified(|known| {
            let other = **known != *now;
            if other {
                *known = now.into();
            }
            other
        }) || !again.is_closed()
    };
    let watcher = watch::folders(&[&home.join("themes")], told).ok();
    // Watched before it is read: nothing falls between.
    tell.send_replace(read(home).into());
    Watched {
        files,
        _watcher: watcher,
    }
}

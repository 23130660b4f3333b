//! Where this program is, by the name it was called by: an update puts another file, or another link, in that place.

use super::tools;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

static HERE: LazyLock<PathBuf> = LazyLock::new(|| {
    let real = std::env::current_exe().unwrap_or_default();
    std::env::args_os()
        .next()
        .and_then(|name| called(Path::new(&name)))
        .filter(|path| path.canonicalize().is_ok_and(|path| path == real))
        .unwrap_or(real)
});

/// Its path. To be asked for early: once the file is replaced, the system only knows the one that is gone.
#[must_use]
pub fn here() -> &'static Path {
    &HERE
}

/// The file a name means: a path, or the first of that name on PATH.
fn called(name: &Path) -> Option<PathBuf> {
    match name.components().count() {
        1 if !name.is_absolute() && !name.starts_with(".") => tools::find(name.to_str()?),
        _ => std::path::absolute(name).ok(),
    }
}

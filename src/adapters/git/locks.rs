//! Lock files of git that nobody holds any more: a git that was killed leaves them, and every later call fails on them.

use crate::adapters::clock::fresh;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a lock must have lain untouched: git, and programs that work like it, hold one for a moment.
const OLD: Duration = Duration::from_secs(10);

/// Removes the lock a call of git complained about, when it belongs to this repository and to nobody who still runs.
/// True: the call may be made again.
pub fn cleared(home: &Path, common: &Path, stderr: &[u8]) -> bool {
    let Some(lock) = named(&String::from_utf8_lossy(stderr)) else {
        return false;
    };
    let dir = lock.parent().and_then(|dir| dir.canonicalize().ok());
    let inside = common
        .canonicalize()
        .is_ok_and(|common| dir.is_some_and(|dir| dir.starts_with(common)));
    inside && left(home, &lock) && fs::remove_file(&lock).is_ok()
}

/// Whether a lock file has lain there for a while and nobody holds it.
pub fn left(home: &Path, lock: &Path) -> bool {
    let old = fs::symlink_metadata(lock).is_ok_and(|meta| meta.is_file() && !fresh(&meta, OLD));
    old && !held(home, lock)
}

/// Whether somebody may hold a lock file: a git that works in the home, or a program that has it open.
pub fn held(home: &Path, lock: &Path) -> bool {
    git_runs(home) || open_somewhere(lock)
}

/// The lock file that was in the way, by git's own words.
fn named(stderr: &str) -> Option<PathBuf> {
    let (before, _) = stderr.split_once(".lock': File exists")?;
    let (_, path) = before.rsplit_once('\'')?;
    Some(PathBuf::from(format!("{path}.lock")))
}

/// Whether a process called git works in the home; without /proc nobody can say, so yes.
fn git_runs(home: &Path) -> bool {
    let Ok(entries) = fs::read_dir("/proc") else {
        return true;
    };
    let git = |path: &Path| {
        let name = fs::read_to_string(path.join("comm"));
        name.is_ok_and(|name| name.trim() == "git")
    };
    let mut all = entries.flatten().map(|entry| entry.path());
    all.any(|path| git(&path) && here(home, fs::read_link(path.join("cwd"))))
}

/// Whether a process works in the home, by the link to its folder: that of another user's cannot be read.
fn here(home: &Path, cwd: io::Result<PathBuf>) -> bool {
    match cwd {
        Ok(cwd) => cwd.starts_with(home),
        Err(error) => error.kind() == io::ErrorKind::PermissionDenied,
    }
}

/// Whether a process has a file open, whatever it is called.
fn open_somewhere(file: &Path) -> bool {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let open = processes.flat_map(|process| fs::read_dir(process.path().join("fd")));
    open.flatten()
        .flatten()
        .any(|entry| fs::read_link(entry.path()).is_ok_and(|to| to == file))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_in_the_way_is_known_by_what_git_says() {
        let said = "fatal: Unable to create '/a b/.git/worktrees/work/index.lock': File exists.\n\nAnother git process";
        let lock = Path::new("/a b/.git/worktrees/work/index.lock");
        assert_eq!(named(said).as_deref(), Some(lock));
        let said = "error: cannot lock ref 'refs/heads/x': Unable to create '/h/.git/refs/heads/x.lock': File exists.";
        assert_eq!(
            named(said).as_deref(),
            Some(Path::new("/h/.git/refs/heads/x.lock"))
        );
        assert_eq!(named("fatal: not a git repository"), None);
    }

    #[test]
    fn only_an_old_lock_inside_the_repository_goes() {
        let dir = tempfile::tempdir().unwrap();
        let common = dir.path().join(".git");
        fs::create_dir(&common).unwrap();
        let (ours, other) = (common.join("index.lock"), dir.path().join("index.lock"));
        let said = |lock: &Path| format!("Unable to create '{}': File exists", lock.display());
        for lock in [&ours, &other] {
            fs::write(lock, "").unwrap();
        }
        assert!(
            !cleared(dir.path(), &common, said(&ours).as_bytes()),
            "it is new"
        );
        for lock in [&ours, &other] {
            let file = fs::File::options().write(true).open(lock).unwrap();
            file.set_modified(std::time::SystemTime::now() - OLD * 2)
                .unwrap();
        }
        assert!(!cleared(dir.path(), &common, said(&other).as_bytes()));
        let open = fs::File::open(&ours).unwrap();
        assert!(
            !cleared(dir.path(), &common, said(&ours).as_bytes()),
            "somebody has it open"
        );
        drop(open);
        assert!(cleared(dir.path(), &common, said(&ours).as_bytes()));
        assert!(!ours.exists() && other.exists());
        let ahead = fs::File::create(&ours).unwrap();
        ahead
            .set_modified(std::time::SystemTime::now() + OLD * 1000)
            .unwrap();
        drop(ahead);
        assert!(
            cleared(dir.path(), &common, said(&ours).as_bytes()),
            "made before the clock was put back"
        );
    }

    #[test]
    fn a_git_whose_folder_may_not_be_read_may_work_in_the_home() {
        let home = Path::new("/h");
        assert!(here(home, Ok(PathBuf::from("/h/dev-factory/work"))));
        assert!(!here(home, Ok(PathBuf::from("/other"))));
        assert!(here(home, Err(io::ErrorKind::PermissionDenied.into())));
        // It has ended meanwhile.
        assert!(!here(home, Err(io::ErrorKind::NotFound.into())));
    }
}

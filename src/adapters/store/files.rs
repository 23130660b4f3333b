//! Durable file writing: stage beside, sync, exchange; and errors said in a sentence.

use crate::adapters::clock::age;
use crate::adapters::steps;
use crate::domain::condition::Trouble;
use crate::factory::ports::store::StoreError;
use rustix::fs::{CWD, OFlags, RenameFlags, renameat_with};
use rustix::io::Errno;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Begin of the names of our own temporary files.
pub const TEMP: &str = ".df-";

/// Largest document read: more is not one of ours.
pub const CAP: u64 = 1024 * 1024;

/// An error of the file system: where and what to do.
#[must_use]
pub fn trouble(path: &Path, error: &io::Error) -> StoreError {
    StoreError::Io {
        name: kind(error),
        path: path.display().to_string(),
        detail: why(error),
    }
}

/// Which trouble an error of the system stands for. A name or a kind of file that cannot be used is no fault of the disk.
#[must_use]
pub fn kind(error: &io::Error) -> Trouble {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            Trouble::DiskFull
        }
        io::ErrorKind::ReadOnlyFilesystem => Trouble::ReadOnly,
        io::ErrorKind::PermissionDenied => Trouble::NoPermission,
        io::ErrorKind::NotFound => Trouble::FolderGone,
        io::ErrorKind::AlreadyExists
        | io::ErrorKind::NotADirectory
        | io::ErrorKind::IsADirectory
        | io::ErrorKind::DirectoryNotEmpty
        | io::ErrorKind::InvalidFilename => Trouble::File,
        io::ErrorKind::WouldBlock | io::ErrorKind::OutOfMemory => Trouble::Exhausted,
        _ => match error.raw_os_error().map(Errno::from_raw_os_error) {
            Some(Errno::LOOP) => Trouble::File,
            Some(Errno::MFILE | Errno::NFILE) => Trouble::Exhausted,
            _ => Trouble::DiskError,
        },
    }
}

/// An error of the file system as what to do about it.
#[must_use]
pub fn why(error: &io::Error) -> String {
    match error.kind() {
        _ if error.raw_os_error() == Some(Errno::LOOP.raw_os_error()) => {
            "is a symbolic link; put the file itself in its place".to_owned()
        }
        io::ErrorKind::PermissionDenied => {
            "permission denied; make it writable for the user that runs the factory".to_owned()
        }
        io::ErrorKind::ReadOnlyFilesystem => {
            "the file system is read-only; mount it writable or move the home".to_owned()
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "no space left; free some and try again".to_owned()
        }
        io::ErrorKind::NotFound => "it is not there; was the folder moved or deleted?".to_owned(),
        _ => error.to_string(),
    }
}

/// Makes a folder and its parents, for the owner alone.
pub fn make_dir(path: &Path) -> Result<(), StoreError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|e| trouble(path, &e))
}

/// How a file of ours is opened: never through a link, never waiting for a pipe.
#[must_use]
pub fn options() -> OpenOptions {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
    let mut options = OpenOptions::new();
    options
        .mode(0o600)
        .custom_flags(i32::try_from(flags.bits()).unwrap_or_default());
    options
}

/// Opens a file of ours to be read.
pub fn open(path: &Path) -> io::Result<File> {
    options().read(true).open(path)
}

/// Opens a file of ours to be added to, made where it is not there.
pub fn grow(path: &Path) -> io::Result<File> {
    options().append(true).create(true).open(path)
}

/// Reads a regular file whole; None when there is none. Larger than `cap` is an error.
pub fn read(path: &Path, cap: u64) -> Result<Option<Vec<u8>>, StoreError> {
    let file = match open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(trouble(path, &e)),
    };
    let meta = file.metadata().map_err(|e| trouble(path, &e))?;
    if !meta.is_file() {
        let words = format!("{} is not a file; move it away", path.display());
        return Err(StoreError::Bad(words));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(meta.len().min(cap)).unwrap_or(0) + 1);
    file.take(cap + 1)
        .read_to_end(&mut bytes)
        .map_err(|e| trouble(path, &e))?;
    if bytes.len() as u64 > cap {
        return Err(StoreError::Bad(format!(
            "{} is larger than {} KiB and was not read; make it smaller",
            path.display(),
            cap / 1024
        )));
    }
    Ok(Some(bytes))
}

/// A temporary name for `name` in `dir`, ours alone.
#[must_use]
pub fn temp(dir: &Path, name: &str) -> PathBuf {
    dir.join(format!("{TEMP}{name}.{}.tmp", std::process::id()))
}

/// Writes `bytes` to `staged` with the mode and owner of `like` (0600 when that is new); not durable yet.
/// A file left there by an earlier exchange is written over: making and freeing files costs more than syncing them.
pub fn stage(staged: &Path, bytes: &[u8], like: &Path) -> Result<File, StoreError> {
    let write = || -> io::Result<File> {
        steps::before("stage", like)?;
        // A link, or a second name of some other file, is nothing an exchange of ours left there.
        if std::fs::symlink_metadata(staged).is_ok_and(|old| !old.is_file() || old.nlink() > 1) {
            std::fs::remove_file(staged)?;
        }
        let mut file = options()
            .write(true)
            .create(true)
            .truncate(false)
            .open(staged)?;
        if let Ok(old) = std::fs::metadata(like) {
            let new = file.metadata()?;
            if (new.uid(), new.gid()) != (old.uid(), old.gid()) {
                // Only root may give files away; a foreign owner is then simply not kept.
                let _ = std::os::unix::fs::fchown(&file, Some(old.uid()), Some(old.gid()));
            }
            if new.mode() & 0o777 != old.mode() & 0o777 {
                file.set_permissions(std::fs::Permissions::from_mode(old.mode() & 0o777))?;
            }
        }
        steps::write(&mut file, bytes, like)?;
        if file.metadata()?.len() != bytes.len() as u64 {
            file.set_len(bytes.len() as u64)?;
        }
        Ok(file)
    };
    write().map_err(|e| {
        let _ = std::fs::remove_file(staged);
        trouble(like, &e)
    })
}

/// As [`stage`], durable.
pub fn stage_durably(staged: &Path, bytes: &[u8], like: &Path) -> Result<(), StoreError> {
    let file = stage(staged, bytes, like)?;
    let synced = steps::before("sync", like).and_then(|()| file.sync_data());
    synced.map_err(|e| trouble(like, &e))
}

/// Makes files durable at the same time: a disk that is flushed for one is mostly flushed for all.
/// What became of the first, and of the others.
pub fn sync_together(first: &File, others: &[File]) -> (io::Result<()>, io::Result<()>) {
    std::thread::scope(|scope| {
        let begun: Vec<_> = others
            .iter()
            .map(|file| {
                let thread = std::thread::Builder::new().name("sync".to_owned());
                (thread.spawn_scoped(scope, || file.sync_data()), file)
            })
            .collect();
        let synced = first.sync_data();
        let rest = begun.into_iter().map(|(begun, file)| match begun {
            Ok(thread) => thread
                .join()
                .unwrap_or_else(|_| Err(io::Error::other("a sync panicked"))),
            Err(_) => file.sync_data(),
        });
        (synced, rest.fold(Ok(()), io::Result::and))
    })
}

/// What became of the file that was in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Swapped {
    /// It now lies at the staged path.
    Exchanged,
    /// There was none, or this file system can only replace.
    Gone,
}

/// Puts a staged file in the place of `target`, exchanging the two where the file system can.
pub fn swap(staged: &Path, target: &Path) -> Result<Swapped, StoreError> {
    steps::before("swap", target).map_err(|e| trouble(target, &e))?;
    for _ in 0..100 {
        match renameat_with(CWD, staged, CWD, target, RenameFlags::EXCHANGE) {
            Ok(()) => return Ok(Swapped::Exchanged),
            Err(Errno::NOENT) => {}
            Err(Errno::NOSYS | Errno::INVAL) => return rename(staged, target),
            Err(e) => return Err(trouble(target, &e.into())),
        }
        match renameat_with(CWD, staged, CWD, target, RenameFlags::NOREPLACE) {
            Ok(()) => return Ok(Swapped::Gone),
            // Someone created it between the two calls: exchange after all.
            Err(Errno::EXIST) => {}
            Err(Errno::NOSYS | Errno::INVAL) => return rename(staged, target),
            Err(e) => return Err(trouble(target, &e.into())),
        }
    }
    rename(staged, target)
}

fn rename(staged: &Path, target: &Path) -> Result<Swapped, StoreError> {
    std::fs::rename(staged, target).map_err(|e| trouble(target, &e))?;
    Ok(Swapped::Gone)
}

/// Makes the names in a folder durable.
pub fn sync_dir(dir: &Path) -> Result<(), StoreError> {
    steps::before("sync", dir)
        .and_then(|()| File::open(dir))
        .and_then(|d| d.sync_all())
        .map_err(|e| trouble(dir, &e))
}

/// Writes a file of ours whole: staged in `dir`, then renamed over `target`.
pub fn put(dir: &Path, target: &Path, bytes: &[u8], sync: bool) -> Result<(), StoreError> {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let staged = temp(dir, &name);
    match sync {
        true => stage_durably(&staged, bytes, target)?,
        false => stage(&staged, bytes, target).map(drop)?,
    }
    let renamed =
        steps::before("rename to", target).and_then(|()| std::fs::rename(&staged, target));
    if let Err(e) = renamed {
        let _ = std::fs::remove_file(&staged);
        return Err(trouble(target, &e));
    }
    if sync {
        sync_dir(target.parent().unwrap_or(dir))?;
    }
    Ok(())
}

/// Writes a file that only mirrors what is known elsewhere: whole for readers, not synced. The file it replaces stays
/// as the next temporary one, because making and freeing files costs more than writing them.
pub fn mirror(dir: &Path, target: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let staged = temp(dir, &name);
    stage(&staged, bytes, target)?;
    swap(&staged, target).map(|_| ())
}

/// Removes temporary files of ours that a crash left in a folder, when older than that; returns how many.
pub fn sweep(dir: &Path, older: Duration) -> usize {
    let ours = |name: &&String| name.starts_with(TEMP) && name.ends_with(".tmp");
    let old = |path: &PathBuf| std::fs::metadata(path).is_ok_and(|m| age(&m) >= older);
    let names = names(dir);
    let paths = names.iter().filter(ours).map(|name| dir.join(name));
    paths
        .filter(old)
        .filter(|path| std::fs::remove_file(path).is_ok())
        .count()
}

/// Names in a folder, unordered; none when it cannot be read.
#[must_use]
pub fn names(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    entries
        .filter_map(|e| e.file_name().into_string().ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_of_the_system_is_known_by_its_number() {
        let known = [
            (Errno::NOSPC, Trouble::DiskFull),
            (Errno::DQUOT, Trouble::DiskFull),
            (Errno::FBIG, Trouble::DiskFull),
            (Errno::ROFS, Trouble::ReadOnly),
            (Errno::ACCESS, Trouble::NoPermission),
            (Errno::PERM, Trouble::NoPermission),
            (Errno::NOENT, Trouble::FolderGone),
            (Errno::IO, Trouble::DiskError),
            (Errno::STALE, Trouble::DiskError),
            (Errno::BADMSG, Trouble::DiskError),
            (Errno::MFILE, Trouble::Exhausted),
            (Errno::AGAIN, Trouble::Exhausted),
            (Errno::NOMEM, Trouble::Exhausted),
            // None of these is the disk's fault.
            (Errno::LOOP, Trouble::File),
            (Errno::NAMETOOLONG, Trouble::File),
            (Errno::NOTDIR, Trouble::File),
            (Errno::ISDIR, Trouble::File),
            (Errno::NOTEMPTY, Trouble::File),
        ];
        for (number, name) in known {
            assert_eq!(kind(&number.into()), name, "{number:?}");
        }
    }
}

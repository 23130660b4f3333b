//! A folder held by a handle and never left: one plain name at a time, no link followed, only plain files read,
//! files replaced whole. What is refused is said in a sentence that begins with the path.

mod names;
mod tree;

use super::steps;
use super::store::files::{kind, why};
use crate::factory::ports::files::FileError;
use names::Names;
use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;
use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

/// How a file is opened that may be new.
const MAKE: OFlags = OFlags::CREATE
    .union(OFlags::NOFOLLOW)
    .union(OFlags::NONBLOCK)
    .union(OFlags::CLOEXEC);
/// How a folder is opened below another.
const FOLDER: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

/// An open folder.
pub struct Folder {
    handle: OwnedFd,
    place: PathBuf,
}

/// Whom a file written here is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum For {
    /// Whoever may look into the folder: a tool's files, which a run of another user reads (0644, folders 0755).
    All,
    /// Nobody else, and it must survive a power cut: papers (0600 when new, folders 0700).
    Owner,
}

impl For {
    fn file(self) -> Mode {
        Mode::from_raw_mode(if self == Self::All { 0o644 } else { 0o600 })
    }
    fn folder(self) -> Mode {
        Mode::from_raw_mode(if self == Self::All { 0o755 } else { 0o700 })
    }
}

impl Folder {
    /// Opens a folder by a path of our own; only what lies below it is held to the rules.
    pub fn open(path: &Path) -> Result<Self, FileError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let handle = rustix::fs::open(path, flags, Mode::empty());
        Ok(Self {
            handle: handle.map_err(|error| io(path, error))?,
            place: path.to_path_buf(),
        })
    }

    /// A folder below the home, made where it is not there. The first on the way must be there: a home that was moved
    /// away is not begun anew in its old place.
    pub fn at_home(home: &Path, path: &str, whom: For) -> Result<Self, FileError> {
        let names = Names::of(home, path)?;
        let (first, rest) = names.all().split_at(1);
        let root = Self::open(home)?.reach(first)?;
        let root = root.ok_or_else(|| io(&home.join(first.concat()), Errno::NOENT))?;
        root.made(rest, whom)
    }

    /// A folder below; None when it is not there.
    pub fn below(&self, path: &str) -> Result<Option<Self>, FileError> {
        self.reach(Names::of(&self.place, path)?.all())
    }

    /// A folder below, made where it is not there.
    pub fn make(&self, path: &str, whom: For) -> Result<Self, FileError> {
        self.made(Names::of(&self.place, path)?.all(), whom)
    }

    /// Opens a plain file that lies below; None when it is not there. Never waits for a pipe.
    pub fn file(&self, path: &str) -> Result<Option<File>, FileError> {
        let names = Names::of(&self.place, path)?;
        let Some(folder) = self.reach(names.folders())? else {
            return Ok(None);
        };
        let place = self.place.join(path);
        let refuse = |stat: &Stat| other(stat).map_or(Ok(()), |what| Err(odd(&place, what)));
        // Looked at first: opening a device may already do something.
        match folder.look(names.last())? {
            Some(stat) => refuse(&stat)?,
            None => return Ok(None),
        }
        let flags =
            OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let file = rustix::fs::openat(&folder.handle, names.last(), flags, Mode::empty());
        let file = file.map_err(|error| io(&place, error))?;
        refuse(&rustix::fs::fstat(&file).map_err(|error| io(&place, error))?)?;
        Ok(Some(File::from(file)))
    }

    /// The bytes of a plain file with one name, at most `cap`; None when it is not there.
    pub fn read(&self, path: &str, cap: u64) -> Result<Option<Vec<u8>>, FileError> {
        let place = self.place.join(path);
        let Some(file) = self.file(path)? else {
            return Ok(None);
        };
        let stat = rustix::fs::fstat(&file).map_err(|error| io(&place, error))?;
        if let Some(what) = strange(&stat) {
            return Err(odd(&place, what));
        }
        bytes(file, &place, cap).map(Some)
    }

    /// Puts a file in place at once, with new folders on the way. A file with several names is replaced, never written
    /// through; anything but a plain file stays and is an error.
    pub fn write(&self, path: &str, text: &[u8], whom: For) -> Result<(), FileError> {
        let names = Names::of(&self.place, path)?;
        let place = self.place.join(path);
        let folder = self.made(names.folders(), whom)?;
        let old = folder.look(names.last())?;
        if let Some(what) = old.as_ref().and_then(other) {
            return Err(odd(&place, what));
        }
        let kept = old.filter(|_| whom == For::Owner);
        let mode = kept.map_or(whom.file(), |stat| {
            Mode::from_raw_mode(stat.st_mode & 0o777)
        });
        // A leftover of a crash has the name the next try writes over.
        let new = format!(".df-{}.tmp", names.last());
        let put = folder.put(&new, names.last(), text, mode, whom);
        if put.is_err() {
            let _ = rustix::fs::unlinkat(&folder.handle, &new, AtFlags::empty());
        }
        put.map_err(|error| io(&place, error))
    }

    fn put(
        &self,
        new: &str,
        name: &str,
        text: &[u8],
        mode: Mode,
        whom: For,
    ) -> std::io::Result<()> {
        let place = self.place.join(name);
        steps::before("make", &place)?;
        match rustix::fs::unlinkat(&self.handle, new, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(error) => return Err(error.into()),
        }
        let flags = OFlags::WRONLY.union(OFlags::EXCL).union(MAKE);
        let file = rustix::fs::openat(&self.handle, new, flags, mode)?;
        // The umask of whoever started us says nothing about who must read it.
        rustix::fs::fchmod(&file, mode)?;
        let mut file = File::from(file);
        steps::write(&mut file, text, &place)?;
        if whom == For::Owner {
            file.sync_data()?;
        }
        steps::before("rename to", &place)?;
        rustix::fs::renameat(&self.handle, new, &self.handle, name)?;
        steps::before("go on from", &place)?;
        if whom == For::Owner {
            rustix::fs::fsync(&self.handle)?;
        }
        Ok(())
    }

    /// Adds to the end of a file with one write, not synced; made with its folders where it is not there. One with
    /// several names is replaced by a copy first.
    pub fn append(&self, path: &str, text: &[u8], whom: For) -> Result<(), FileError> {
        let names = Names::of(&self.place, path)?;
        let place = self.place.join(path);
        let folder = self.made(names.folders(), whom)?;
        match folder
            .look(names.last())?
            .map(|stat| (other(&stat), stat.st_nlink))
        {
            Some((Some(what), _)) => return Err(odd(&place, what)),
            Some((None, 2..)) => {
                let old = self.file(path)?;
                let old = old.map_or(Ok(Vec::new()), |file| bytes(file, &place, u64::MAX))?;
                return self.write(path, &[&old, text].concat(), whom);
            }
            _ => {}
        }
        let flags = OFlags::WRONLY.union(OFlags::APPEND).union(MAKE);
        let file = rustix::fs::openat(&folder.handle, names.last(), flags, whom.file());
        let file = file.map_err(|error| io(&place, error))?;
        steps::write(&mut File::from(file), text, &place).map_err(|error| io(&place, error))
    }

    /// Walks down plain folders; None when one is not there.
    fn reach(&self, names: &[&str]) -> Result<Option<Self>, FileError> {
        let mut at = self.again()?;
        for name in names {
            match at.enter(name)? {
                Some(inner) => at = inner,
                None => return Ok(None),
            }
        }
        Ok(Some(at))
    }

    fn made(&self, names: &[&str], whom: For) -> Result<Self, FileError> {
        let mut at = self.again()?;
        for name in names {
            if let Some(inner) = at.enter(name)? {
                at = inner;
                continue;
            }
            let place = at.place.join(name);
            match rustix::fs::mkdirat(&at.handle, *name, whom.folder()) {
                Ok(()) | Err(Errno::EXIST) => {}
                Err(error) => return Err(io(&place, error)),
            }
            at = at.enter(name)?.ok_or_else(|| io(&place, Errno::NOENT))?;
            let set = rustix::fs::fchmod(&at.handle, whom.folder());
            set.map_err(|error| io(&place, error))?;
        }
        Ok(at)
    }

    /// One plain folder down.
    fn enter(&self, name: &str) -> Result<Option<Self>, FileError> {
        let place = self.place.join(name);
        match rustix::fs::openat(&self.handle, name, FOLDER, Mode::empty()) {
            Ok(handle) => Ok(Some(Self { handle, place })),
            Err(Errno::NOENT) => Ok(None),
            Err(Errno::LOOP | Errno::NOTDIR) => Err(FileError::Refused(format!(
                "{}: is a link or a file where a folder belongs; remove it",
                place.display()
            ))),
            Err(error) => Err(io(&place, error)),
        }
    }

    fn again(&self) -> Result<Self, FileError> {
        let handle = self.handle.try_clone();
        Ok(Self {
            handle: handle.map_err(|error| io(&self.place, error))?,
            place: self.place.clone(),
        })
    }

    /// What lies under a name, without following it.
    fn look(&self, name: impl rustix::path::Arg) -> Result<Option<Stat>, FileError> {
        match rustix::fs::statat(&self.handle, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(stat)),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(io(&self.place, error)),
        }
    }
}

/// A file's bytes, at most `cap`.
pub fn bytes(file: File, place: &Path, cap: u64) -> Result<Vec<u8>, FileError> {
    let mut bytes = Vec::new();
    let mut most = file.take(cap.saturating_add(1));
    most.read_to_end(&mut bytes)
        .map_err(|error| io(place, error))?;
    if bytes.len() as u64 > cap {
        return Err(FileError::Refused(format!(
            "{}: is larger than {} KiB and was not read; make it smaller",
            place.display(),
            cap / 1024
        )));
    }
    Ok(bytes)
}

/// What a thing is; None = a plain file.
fn other(stat: &Stat) -> Option<&'static str> {
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => None,
        FileType::Directory => Some("a folder"),
        FileType::Symlink => Some("a symbolic link"),
        FileType::Fifo => Some("a named pipe"),
        FileType::Socket => Some("a socket"),
        _ => Some("a device"),
    }
}

/// Why the content of a thing may not be read; None = it is a plain file with one name.
fn strange(stat: &Stat) -> Option<&'static str> {
    let linked = stat.st_nlink > 1;
    other(stat).or(linked.then_some("a hard link to a file with another name"))
}

fn odd(place: &Path, what: &str) -> FileError {
    FileError::Refused(format!(
        "{}: is not a plain file but {what}; remove it",
        place.display()
    ))
}

fn io(place: &Path, error: impl Into<std::io::Error>) -> FileError {
    let error = error.into();
    FileError::Io {
        name: kind(&error),
        path: place.display().to_string(),
        detail: why(&error),
    }
}

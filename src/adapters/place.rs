//! What the place of a home allows now, seen without writing: whether its folders are there, may be written and have
//! room, and whether its file system tells of changes.

use crate::adapters::store::FOLDER;
use crate::adapters::store::files::why;
use crate::domain::condition::Trouble;
use rustix::fs::{Access, StatVfs, access, statfs, statvfs};
use rustix::io::Errno;
use rustix::process::geteuid;
use std::path::{Path, PathBuf};

/// Room below which nothing is begun, bytes: an evidence file, a commit and a piece of journal fit into it many times.
pub const ROOM: u64 = 1024 * 1024;

/// What must be there and writable, and what must be writable where it is there, below `dev-factory/`.
const NEEDED: [&str; 1] = ["."];
const LATER: [&str; 7] = [
    "run",
    "journal",
    "commands/new",
    "commands/done",
    "transcripts",
    "work",
    "journal.jsonl",
];

/// File systems that other computers write to as well, of which the kernel here tells nothing: numbers of statfs(2).
const SHARED: [(u64, &str); 8] = [
    (0x6969, "NFS"),
    (0x517b, "SMB"),
    (0xff53_4d42, "CIFS"),
    (0xfe53_4d42, "SMB2"),
    (0x0102_1997, "9P"),
    (0x00c3_6400, "Ceph"),
    (0x5346_414f, "AFS"),
    (0x6573_5546, "FUSE"),
];

/// Why nothing can be written in a home now, as far as can be seen.
#[must_use]
pub fn obstacle(home: &Path) -> Option<(Trouble, String)> {
    let dir = home.join(FOLDER);
    let needed = NEEDED.map(|name| dir.join(name));
    let needed = [home.to_path_buf()].into_iter().chain(needed);
    let later = LATER.map(|name| dir.join(name));
    let later = later.into_iter().chain([home.join(".git")]);
    let all = needed
        .map(|path| (path, true))
        .chain(later.map(|path| (path, false)));
    all.into_iter()
        .find_map(|(path, must)| shut(&path, must))
        .or_else(|| cramped(&dir))
}

/// A folder or file that is gone or may not be written.
fn shut(path: &Path, must: bool) -> Option<(Trouble, String)> {
    let error = access(path, Access::WRITE_OK).err()?;
    let trouble = match error {
        Errno::NOENT | Errno::NOTDIR if !must => return None,
        Errno::NOENT | Errno::NOTDIR => Trouble::FolderGone,
        Errno::ROFS => Trouble::ReadOnly,
        Errno::ACCESS | Errno::PERM => Trouble::NoPermission,
        _ => Trouble::DiskError,
    };
    let error = match error {
        Errno::NOTDIR => Errno::NOENT,
        error => error,
    };
    Some((
        trouble,
        format!("{}: {}", shown(path).display(), why(&error.into())),
    ))
}

/// Whether there is too little room to write in a folder.
#[must_use]
pub fn cramped(dir: &Path) -> Option<(Trouble, String)> {
    let room = statvfs(dir).ok()?;
    short(dir, &room, geteuid().is_root())
}

/// The same by what a file system has left; some of it only root may use.
fn short(dir: &Path, room: &StatVfs, root: bool) -> Option<(Trouble, String)> {
    let (blocks, files) = match root {
        true => (room.f_bfree, room.f_ffree),
        false => (room.f_bavail, room.f_favail),
    };
    let left = blocks.saturating_mul(room.f_frsize);
    let words = if left < ROOM {
        format!(
            "{} KiB are left, and {} are needed to go on",
            left / 1024,
            ROOM / 1024
        )
    } else if room.f_files > 0 && files == 0 {
        "no file can be made any more (no inodes left)".to_owned()
    } else {
        return None;
    };
    let words = format!("{}: no space left: {words}", shown(dir).display());
    Some((Trouble::DiskFull, words))
}

/// The kind of file system of a folder that other computers may write to.
#[must_use]
pub fn shared(dir: &Path) -> Option<&'static str> {
    let kind = statfs(dir).ok()?.f_type;
    kind_of(u64::try_from(kind).unwrap_or_default())
}

fn kind_of(number: u64) -> Option<&'static str> {
    // Some of them are handed over as a negative number of 32 bits.
    let number = number & 0xffff_ffff;
    SHARED
        .iter()
        .find(|(known, _)| *known == number)
        .map(|(_, name)| *name)
}

fn shown(path: &Path) -> PathBuf {
    path.components().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_systems_that_other_computers_write_to_are_known_by_their_numbers() {
        assert_eq!(kind_of(0x6969), Some("NFS"));
        assert_eq!(kind_of(0xffff_ffff_ff53_4d42), Some("CIFS"));
        assert_eq!(kind_of(0xef53), None);
        let here = tempfile::tempdir().unwrap();
        assert_eq!(shared(here.path()), None);
    }

    #[test]
    fn what_is_kept_for_root_is_room_for_root_alone() {
        let dir = tempfile::tempdir().unwrap();
        let mut room = statvfs(dir.path()).unwrap();
        room.f_frsize = 4096;
        (room.f_bfree, room.f_bavail) = (50_000, 0);
        (room.f_files, room.f_ffree, room.f_favail) = (1_000, 500, 500);
        assert_eq!(short(dir.path(), &room, true), None);
        let full = short(dir.path(), &room, false).unwrap();
        assert_eq!(full.0, Trouble::DiskFull);
        (room.f_bfree, room.f_bavail, room.f_favail) = (50_000, 50_000, 0);
        assert_eq!(short(dir.path(), &room, true), None);
        assert!(
            short(dir.path(), &room, false)
                .unwrap()
                .1
                .contains("inodes")
        );
        room.f_bfree = 200;
        assert!(short(dir.path(), &room, true).is_some());
    }

    #[test]
    fn a_home_that_is_not_there_is_an_obstacle_and_one_that_is_there_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let (name, why) = obstacle(dir.path()).unwrap();
        assert_eq!(name, Trouble::FolderGone);
        let gone = dir.path().join("dev-factory").display().to_string();
        assert!(why.starts_with(&gone), "{why}");
        std::fs::create_dir(dir.path().join("dev-factory")).unwrap();
        assert_eq!(obstacle(dir.path()), None);
    }
}

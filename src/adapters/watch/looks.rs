//! The slow look at a home: what has changed since the last one, and of which changes the kernel should have told.

use super::Outside;
use crate::adapters::clock::age;
use crate::adapters::store::files::TEMP;
use crate::factory::ports::store::Change;
use notify::Event;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::Metadata;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;
use std::time::Duration;

/// How long after a change of a folder another one may bear the same time: file systems keep it in steps of up to 2 s.
const STEP: Duration = Duration::from_secs(2);

/// What a slow look found.
pub struct Look {
    /// What is another than at the last look.
    pub changed: BTreeSet<Change>,
    /// Those of which the kernel should have told.
    pub owed: BTreeSet<Change>,
    /// Another folder lies in the place of the home's.
    pub moved: bool,
}

type Stamp = Option<(u64, u64, i64, i64)>;

/// What the slow look compares, and which name means what.
#[derive(Clone, Debug)]
pub struct Looks {
    pub dir: PathBuf,
    pub commands: PathBuf,
    pub souls: PathBuf,
    folder: Stamp,
    /// Whether it was gone or shut at the last look.
    pub away: bool,
    /// Of the commands, when they were last listed; None = list them.
    listed: Stamp,
    files: Vec<(Change, PathBuf, Stamp)>,
    mirror: PathBuf,
    mirrored: bool,
    outside: Outside,
    stamps: Vec<(PathBuf, Stamp)>,
}

impl Looks {
    /// Before the first look, at which everything has changed.
    pub fn new(home: &Path, outside: Outside) -> Self {
        let dir = home.join("dev-factory");
        let souls = home.join("souls");
        let file = |change, name: &str| (change, dir.join(name), None);
        let mut files = vec![
            file(Change::State, "state.json"),
            file(Change::Wishlist, "wishlist.json"),
            file(Change::Settings, "factory.toml"),
        ];
        for name in ["developer.md", "qa.md", "supervisor.md"] {
            files.push((Change::Souls, souls.join(name), None));
        }
        Self {
            commands: dir.join("commands/new"),
            mirror: dir.join("run/snapshot.json"),
            mirrored: false,
            dir,
            souls,
            folder: None,
            away: false,
            listed: None,
            files,
            outside,
            stamps: Vec::new(),
        }
    }

    /// Compares with the last look.
    pub fn look(&mut self) -> Look {
        let (mut changed, mut owed) = (BTreeSet::new(), BTreeSet::new());
        // By way of itself: one that is shut is as good as gone.
        let folder = std::fs::metadata(self.dir.join("."));
        let folder = folder.ok().map(|m| (m.dev(), m.ino(), 0, 0));
        let moved = folder.is_some() && self.folder.is_some() && folder != self.folder;
        self.folder = folder.or(self.folder);
        // What comes and goes with its folder has no event of its own.
        let away = std::mem::replace(&mut self.away, folder.is_none());
        let still = !away && !self.away && !moved;
        for (change, path, last) in &mut self.files {
            let now = stamp(path);
            if now != *last {
                *last = now;
                changed.insert(*change);
                if still && path.parent() == Some(&*self.dir) && alone(path) {
                    owed.insert(*change);
                }
            }
        }
        if self.outside_changed() {
            changed.insert(Change::Settings);
        }
        if self.waiting() {
            changed.insert(Change::Commands);
        }
        let there = self.mirror.exists();
        if std::mem::replace(&mut self.mirrored, there) && !there {
            changed.insert(Change::Mirror);
        }
        Look {
            changed,
            owed,
            moved,
        }
    }

    /// Whether commands wait, also one that was not readable yet when the kernel told of it. The folder is listed only
    /// when it may hold others than before: a listing every second is most of what an idle engine does.
    fn waiting(&mut self) -> bool {
        let folder = std::fs::metadata(&self.commands).ok();
        let now = folder.as_ref().map(stamped);
        if now.is_some() && now == self.listed {
            return false;
        }
        let hidden = |e: &std::fs::DirEntry| e.file_name().as_encoded_bytes().starts_with(b".");
        let mut names = std::fs::read_dir(&self.commands).into_iter().flatten();
        let waiting = names.any(|e| e.is_ok_and(|e| !hidden(&e)));
        let settled = folder.is_some_and(|meta| age(&meta) > STEP);
        self.listed = now.filter(|_| !waiting && settled);
        waiting
    }

    /// A file named since the last look is new, not changed.
    fn outside_changed(&mut self) -> bool {
        let files = self.outside.lock().unwrap_or_else(PoisonError::into_inner);
        let now: Vec<(PathBuf, Stamp)> = files.iter().map(|f| (f.clone(), stamp(f))).collect();
        drop(files);
        let changed = now.iter().any(|(file, stamp)| {
            let before = self.stamps.iter().find(|(known, _)| known == file);
            before.is_some_and(|(_, before)| before != stamp)
        });
        self.stamps = now;
        changed
    }

    /// What an event of the kernel's tells of.
    pub fn changes(&self, event: &Event) -> BTreeSet<Change> {
        use Change::{Commands, Settings, Souls, State, Wishlist};
        if event.need_rescan() {
            tracing::info!("the kernel lost events: everything is looked at");
            return [State, Commands, Wishlist, Settings, Souls].into();
        }
        let all = event.paths.iter();
        all.filter_map(|path| self.change(path)).collect()
    }

    fn change(&self, path: &Path) -> Option<Change> {
        let name = path.file_name().and_then(OsStr::to_str)?;
        let parent = path.parent()?;
        let ours = name.strip_prefix(TEMP);
        if parent == self.commands {
            return (!name.starts_with('.')).then_some(Change::Commands);
        }
        if parent == self.souls {
            return (!name.starts_with('.')).then_some(Change::Souls);
        }
        match name {
            "state.json" => Some(Change::State),
            "wishlist.json" => Some(Change::Wishlist),
            "factory.toml" => Some(Change::Settings),
            // Someone may still hold the file that an exchange of ours pushed aside.
            _ if ours.is_some_and(|n| n.starts_with("state.json")) => Some(Change::State),
            _ => None,
        }
    }
}

/// Whether a file can only be written by way of its folder: what is done by another name is not told of.
fn alone(path: &Path) -> bool {
    let meta = std::fs::symlink_metadata(path);
    match meta {
        Ok(meta) => meta.is_file() && meta.nlink() == 1,
        Err(error) => error.kind() == ErrorKind::NotFound,
    }
}

fn stamp(path: &Path) -> Stamp {
    std::fs::metadata(path).ok().as_ref().map(stamped)
}

fn stamped(meta: &Metadata) -> (u64, u64, i64, i64) {
    (meta.ino(), meta.len(), meta.mtime(), meta.mtime_nsec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::watch::counts;
    use notify::event::{EventKind, Flag};

    #[test]
    fn events_that_were_lost_mean_that_anything_may_have_changed() {
        use Change::{Commands, Settings, Souls, State, Wishlist};
        let seen = Looks::new(Path::new("/home"), Outside::default());
        let lost = Event::new(EventKind::Other).set_flag(Flag::Rescan);
        assert!(counts(&lost));
        let all = BTreeSet::from([State, Commands, Wishlist, Settings, Souls]);
        assert_eq!(seen.changes(&lost), all);
    }

    #[test]
    fn a_home_that_goes_and_comes_back_owes_nothing() {
        let home = tempfile::tempdir().unwrap();
        let (here, away) = (home.path().join("dev-factory"), home.path().join("away"));
        std::fs::create_dir(&here).unwrap();
        std::fs::write(here.join("state.json"), "{}").unwrap();
        let mut seen = Looks::new(home.path(), Outside::default());
        seen.look();
        let mut looked = |from: &Path, to: &Path| {
            std::fs::rename(from, to).unwrap();
            let look = seen.look();
            assert!(look.changed.contains(&Change::State) && !look.moved);
            look.owed
        };
        assert_eq!(looked(&here, &away), BTreeSet::new());
        assert_eq!(looked(&away, &here), BTreeSet::new());
        std::fs::write(here.join("state.json"), "{ }").unwrap();
        assert_eq!(seen.look().owed, [Change::State].into());
    }
}

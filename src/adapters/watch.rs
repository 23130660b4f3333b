//! Noticing changes: folders are watched (a watch on a file misses every save by rename), and a slow look
//! once a second covers file systems and moments where the kernel says nothing.

mod heard;

use crate::adapters::clock::{SystemClock, age};
use crate::adapters::store::files::TEMP;
use crate::adapters::{place, steps};
use crate::factory::ports::clock::Clock;
use crate::factory::ports::store::Change;
use chrono::{DateTime, Utc};
use heard::Heard;
use notify::event::{AccessKind, AccessMode, EventKind};
use notify::{Config, Event, RecommendedWatcher, RecursiveMode, Watcher};
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::mpsc::UnboundedSender;

/// Time between two slow looks.
const LOOK: Duration = Duration::from_secs(1);

/// Looks after which a kernel that could not watch is asked again.
const BLIND: u32 = 10;

/// How long after a change of a folder another one may bear the same time: file systems keep it in steps of up to 2 s.
const STEP: Duration = Duration::from_secs(2);

/// Events taken in one go above which the next go waits a little.
const FLOOD: usize = 64;

/// Watches folders, not what lies deeper, and hands over what changed in them. Ends when dropped.
pub fn folders(
    dirs: &[&Path],
    mut each: impl FnMut(Event) -> bool + Send + 'static,
) -> notify::Result<RecommendedWatcher> {
    let handler = move |event: notify::Result<Event>| {
        if let Ok(event) = event
            && counts(&event)
            && !steps::deaf()
        {
            each(event);
        }
    };
    let mut watcher = RecommendedWatcher::new(handler, Config::default())?;
    for dir in dirs {
        watcher.watch(dir, RecursiveMode::NonRecursive)?;
    }
    Ok(watcher)
}

/// Reading is no change; and we read these files ourselves all the time.
fn counts(event: &Event) -> bool {
    match event.kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => true,
        EventKind::Access(_) => false,
        _ => true,
    }
}

/// Files outside a home that belong to its settings: the user's own file, and those keys are in. Whoever reads the
/// settings says which.
pub type Outside = Arc<Mutex<Vec<PathBuf>>>;

/// Why changes are only looked for, and since when; None while the kernel tells of them.
pub type Trouble = Arc<Mutex<Option<(DateTime<Utc>, String)>>>;

/// Sends hints about a home until nobody listens, and says in `trouble` while the kernel does not help.
pub fn home(home: &Path, outside: Outside, hints: UnboundedSender<Change>, trouble: Trouble) {
    let (tx, rx) = channel();
    let mut seen = Looks::new(home, outside);
    let ears = Ears::open(&seen, &tx);
    ears.tell(&Heard::default(), &trouble);
    seen.look();
    let told = trouble.clone();
    let run = move || forward(&rx, &tx, seen, ears, &hints, &trouble);
    let thread = std::thread::Builder::new().name("watch".to_owned());
    if let Err(e) = thread.spawn(run) {
        tell(
            &told,
            Some(format!("file changes are not noticed: no thread ({e})")),
        );
    }
}

fn tell(trouble: &Trouble, words: Option<String>) {
    let mut told = trouble.lock().unwrap_or_else(PoisonError::into_inner);
    let since = told
        .take()
        .map_or_else(|| SystemClock.now(), |(since, _)| since);
    *told = words.map(|words| (since, words));
}

/// What the kernel does for us.
struct Ears {
    watcher: Option<RecommendedWatcher>,
    /// Why it does nothing, or not all.
    why: Option<String>,
}

impl Ears {
    fn open(seen: &Looks, tx: &Sender<BTreeSet<Change>>) -> Self {
        let found = kernel(seen, tx.clone());
        let why = match &found {
            Err(e) => Some(format!("the kernel cannot watch: {e}")),
            Ok(_) => place::shared(&seen.dir).map(|kind| {
                format!("the home lies on {kind}, and the kernel does not tell what other computers do there")
            }),
        };
        Self {
            watcher: found.ok(),
            why,
        }
    }

    /// Asks the kernel once more; what it did before it goes on to do where it now refuses.
    fn open_again(&mut self, seen: &Looks, tx: &Sender<BTreeSet<Change>>) {
        let Self { watcher, why } = Self::open(seen, tx);
        self.why = why;
        self.watcher = watcher.or(self.watcher.take());
    }

    fn tell(&self, heard: &Heard, trouble: &Trouble) {
        const SILENT: &str = "the kernel watches the home and did not tell of a change there";
        let why = self.why.as_deref().or(heard.silent().then_some(SILENT));
        let words =
            why.map(|why| format!("changes of files are looked for once a second only: {why}"));
        tell(trouble, words);
    }
}

fn kernel(seen: &Looks, tx: Sender<BTreeSet<Change>>) -> notify::Result<RecommendedWatcher> {
    let names = seen.clone();
    let mut watcher = folders(&[&seen.dir], move |event| {
        let changes = names.changes(&event);
        changes.is_empty() || tx.send(changes).is_ok()
    })?;
    for dir in [&seen.commands, &seen.souls] {
        // Absent ones are covered by the slow look.
        if let Err(refused) = watcher.watch(dir, RecursiveMode::NonRecursive)
            && dir.is_dir()
        {
            return Err(refused);
        }
    }
    Ok(watcher)
}

fn forward(
    rx: &Receiver<BTreeSet<Change>>,
    tx: &Sender<BTreeSet<Change>>,
    mut seen: Looks,
    mut ears: Ears,
    hints: &UnboundedSender<Change>,
    trouble: &Trouble,
) {
    let mut heard = Heard::default();
    let mut blind = 0;
    let mut next = Instant::now() + LOOK;
    while !hints.is_closed() {
        let mut changes = BTreeSet::new();
        let mut taken = 0;
        let mut tell = false;
        match rx.recv_timeout(next.saturating_duration_since(Instant::now())) {
            Ok(first) => {
                changes.extend(first);
                while let Ok(more) = rx.try_recv() {
                    changes.extend(more);
                    taken += 1;
                }
                tell = heard.told(&changes);
            }
            Err(RecvTimeoutError::Timeout) => {
                next = Instant::now() + LOOK;
                let look = seen.look();
                if ears.watcher.is_some() && !look.moved {
                    tell = heard.looked(&look.owed);
                } else {
                    heard = Heard::default();
                }
                changes.extend(look.changed);
                let helps = ears.watcher.is_some() && !heard.silent();
                blind = if helps { 0 } else { blind + 1 };
                // The folder is another one now and the old watch sees nothing of it; or the kernel may help again.
                if look.moved || blind >= BLIND {
                    blind = 0;
                    ears.open_again(&seen, tx);
                    tell = true;
                }
            }
            Err(RecvTimeoutError::Disconnected) => return,
        }
        if tell {
            ears.tell(&heard, trouble);
            changes.insert(Change::Watch);
        }
        for change in changes {
            let _ = hints.send(change);
        }
        if taken > FLOOD {
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// What a slow look found.
struct Look {
    changed: BTreeSet<Change>,
    /// Those of which the kernel should have told.
    owed: BTreeSet<Change>,
    /// Another folder lies in the place of the home's.
    moved: bool,
}

type Stamp = Option<(u64, u64, i64, i64)>;

/// What the slow look compares, and which name means what.
#[derive(Clone, Debug)]
struct Looks {
    dir: PathBuf,
    commands: PathBuf,
    souls: PathBuf,
    folder: Stamp,
    /// Of the commands, when they were last listed; None = list them.
    listed: Stamp,
    files: Vec<(Change, PathBuf, Stamp)>,
    mirror: PathBuf,
    mirrored: bool,
    outside: Outside,
    stamps: Vec<(PathBuf, Stamp)>,
}

impl Looks {
    fn new(home: &Path, outside: Outside) -> Self {
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
            listed: None,
            files,
            outside,
            stamps: Vec::new(),
        }
    }

    /// Compares with the last look.
    fn look(&mut self) -> Look {
        let (mut changed, mut owed) = (BTreeSet::new(), BTreeSet::new());
        for (change, path, last) in &mut self.files {
            let now = stamp(path);
            if now != *last {
                *last = now;
                changed.insert(*change);
                if path.parent() == Some(&*self.dir) && alone(path) {
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
        let id = |s: Stamp| s.map(|s| (s.0, s.1));
        let folder = std::fs::metadata(&self.dir)
            .ok()
            .map(|m| (m.dev(), m.ino(), 0, 0));
        let moved = self.folder.is_some() && folder.is_some() && id(folder) != id(self.folder);
        self.folder = folder.or(self.folder);
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

    fn changes(&self, event: &Event) -> BTreeSet<Change> {
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
    meta.map_or(true, |meta| meta.is_file() && meta.nlink() == 1)
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
    use notify::event::Flag;

    #[test]
    fn events_that_were_lost_mean_that_anything_may_have_changed() {
        use Change::{Commands, Settings, Souls, State, Wishlist};
        let seen = Looks::new(Path::new("/home"), Outside::default());
        let lost = Event::new(EventKind::Other).set_flag(Flag::Rescan);
        assert!(counts(&lost));
        let all = BTreeSet::from([State, Commands, Wishlist, Settings, Souls]);
        assert_eq!(seen.changes(&lost), all);
    }
}

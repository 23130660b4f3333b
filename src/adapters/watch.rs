//! Noticing changes: folders are watched (a watch on a file misses every save by rename), and a slow look
//! once a second covers file systems and moments where the kernel says nothing.

mod heard;
mod looks;

use crate::adapters::clock::SystemClock;
use crate::adapters::{place, steps};
use crate::factory::ports::clock::Clock;
use crate::factory::ports::store::Change;
use chrono::{DateTime, Utc};
use heard::Heard;
use looks::Looks;
use notify::event::{AccessKind, AccessMode, EventKind};
use notify::{Config, Event, RecommendedWatcher, RecursiveMode, Watcher};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::mpsc::UnboundedSender;

/// Time between two slow looks.
const LOOK: Duration = Duration::from_secs(1);

/// Looks after which a kernel that could not watch is asked again.
const BLIND: u32 = 10;

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
        let mut tell;
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
                if ears.watcher.is_some() && !look.moved && !seen.away {
                    tell = heard.looked(&look.owed);
                } else {
                    tell = heard.silent();
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

//! The store on real files: one engine's hold on a home.

mod commands;
mod commit;
mod documents;
pub mod files;
pub(in crate::adapters) mod fold;
mod guard;
mod here;
mod journal;
pub(in crate::adapters) mod json;
pub(in crate::adapters) mod layout;
pub(in crate::adapters) mod line;
mod papers;
pub mod readers;
mod reconcile;
mod refused;
pub(in crate::adapters) mod statefile;
mod stream;
mod sweep;
pub(in crate::adapters) mod wishlist;

pub use commands::{answered, await_answer, seen, submit};
pub use guard::{check, check_for};
pub use layout::{FOLDER, kebab};

use self::documents::{Documents, Look};
use self::journal::Journal;
use self::layout::Layout;
use self::stream::Stream;
use self::wishlist::Wishlist;
use super::{lock, steps, watch};
use crate::domain::command::{Answer, Command};
use crate::domain::condition::Trouble;
use crate::domain::event::{Event, NewEvent};
use crate::domain::factory::Factory;
use crate::domain::item::Item;
use crate::domain::screen::{LogLine, Snapshot};
use crate::domain::state::StateDoc;
use crate::domain::swept::{Finished, Swept};
use crate::domain::wishlist::Wishes;
use crate::factory::ports::clock::Clock;
use crate::factory::ports::settings::KeepSettings;
use crate::factory::ports::store::{Change, Loaded, Observed, Paper, Store, StoreError, Written};
use chrono::{DateTime, Utc};
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Pauses between looks at a state.json that is not readable: two seconds in all.
const LOOKS: [u64; 7] = [20, 50, 100, 250, 500, 500, 580];

/// Sizes at which files are put aside; tests make them small.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// A journal segment.
    pub segment: u64,
    /// A file of log lines.
    pub stream: u64,
}

impl Default for Sizes {
    fn default() -> Self {
        Self {
            segment: steps::segment().unwrap_or(journal::SEGMENT),
            stream: stream::SIZE,
        }
    }
}

/// The files of a home, locked for as long as this lives.
pub struct FileStore {
    layout: Layout,
    sizes: Sizes,
    inner: Mutex<Inner>,
    stream: Mutex<Stream>,
    hints: Mutex<Option<UnboundedSender<Change>>>,
    trouble: watch::Trouble,
    outside: watch::Outside,
    lock: lock::EngineLock,
}

struct Inner {
    journal: Option<Journal>,
    docs: Documents,
    wishlist: Wishlist,
    recent: VecDeque<Event>,
    since_snapshot: u64,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.docs.close();
    }
}

impl Drop for FileStore {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(files::temp(&self.layout.dir, "BRIEF.md"));
        let _ = std::fs::remove_file(files::temp(&self.layout.run(), "snapshot.json"));
    }
}

impl FileStore {
    /// Takes the home's lock, or says who holds it.
    pub fn open(home: &Path, clock: &Arc<dyn Clock>) -> Result<Self, StoreError> {
        Self::open_sized(home, clock, Sizes::default())
    }

    /// As [`FileStore::open`], with other sizes.
    pub fn open_sized(
        home: &Path,
        clock: &Arc<dyn Clock>,
        sizes: Sizes,
    ) -> Result<Self, StoreError> {
        let layout = Layout::new(home);
        guard::check(home)?;
        files::make_dir(&layout.dir)?;
        let held = lock::take(&layout.at("engine.lock"), clock.now())?;
        layout.make()?;
        let inner = Inner {
            journal: None,
            docs: Documents::new(&layout),
            wishlist: Wishlist::default(),
            recent: VecDeque::new(),
            since_snapshot: 0,
        };
        Ok(Self {
            sizes,
            inner: Mutex::new(inner),
            stream: Mutex::new(Stream::new(&layout, sizes.stream)),
            hints: Mutex::new(None),
            trouble: watch::Trouble::default(),
            outside: watch::Outside::default(),
            layout,
            lock: held,
        })
    }

    /// Files outside the home whose changes count as changed settings; filled in by whoever reads the settings.
    #[must_use]
    pub fn outside(&self) -> watch::Outside {
        Arc::clone(&self.outside)
    }

    /// Appends several log lines with one write.
    pub fn put_lines<'a>(
        &self,
        lines: impl IntoIterator<Item = &'a LogLine>,
    ) -> Result<(), StoreError> {
        self.here()?;
        locked(&self.stream).put(lines)
    }

    /// Writes the fold beside the journal, so that the next start is quick.
    pub fn close(&self, factory: &Factory) -> Result<(), StoreError> {
        fold::save(&self.layout, factory, &locked(&self.inner).recent)
    }

    fn hint(&self, change: Change) {
        if let Some(tx) = locked(&self.hints).as_ref() {
            let _ = tx.send(change);
        }
    }
}

/// Nothing of ours panics while holding a lock; if it did, the files are still the truth.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Store for FileStore {
    fn load(&self) -> Result<Loaded, StoreError> {
        self.here()?;
        self.layout.make()?;
        let mut inner = locked(&self.inner);
        if inner.journal.as_ref().is_some_and(Journal::broken) {
            journal::rewrite(&self.layout)?;
        }
        let mut folded = fold::read(&self.layout)?;
        if folded.stale {
            // A journal that grows past its number would be taken to go on from it.
            fold::forget(&self.layout);
        }
        let (journal, repaired) = Journal::open(&self.layout, &folded, self.sizes.segment)?;
        let mut said = std::mem::take(&mut folded.notes);
        said.extend(repaired);
        inner.docs = Documents::new(&self.layout);
        let factory = folded.factory.as_ref();
        factory.map(steps::reached);
        let out = reconcile::reconcile(&self.layout, &mut inner.docs, factory, &folded.cores)?;
        said.extend(out.repaired);
        commands::settle(&self.layout, &folded, &mut said)?;
        commands::prune(&self.layout);
        inner.journal = Some(journal);
        inner.since_snapshot = folded.tip - folded.base;
        inner.recent = folded.recent;
        Ok(Loaded {
            factory: folded.factory,
            recent: inner.recent.iter().cloned().collect(),
            repaired: said,
            claim: out.claim,
        })
    }

    fn commit_with(
        &self,
        factory: &mut Factory,
        events: Vec<NewEvent>,
        now: DateTime<Utc>,
        written: Option<Written<'_>>,
    ) -> Result<Vec<Event>, StoreError> {
        self.here()?;
        self.record(factory, events, now, written)
    }

    fn glance(&self) -> Result<Option<Observed>, StoreError> {
        Ok(match locked(&self.inner).docs.look()? {
            Look::Ours => Some(Observed::Ours),
            Look::Foreign(doc) => Some(Observed::Foreign(doc)),
            Look::Not(_) => None,
        })
    }

    fn observe(&self) -> Result<Observed, StoreError> {
        let mut waits = LOOKS.iter();
        loop {
            let why = match locked(&self.inner).docs.look()? {
                Look::Ours => return Ok(Observed::Ours),
                Look::Foreign(doc) => return Ok(Observed::Foreign(doc)),
                Look::Not(why) => why,
            };
            match waits.next() {
                // Not held meanwhile: commits of other tasks go on.
                Some(wait) => std::thread::sleep(Duration::from_millis(*wait)),
                None => {
                    let moved = locked(&self.inner).docs.give_up()?;
                    let moved = moved.map(|name| format!("; it was moved to {name}"));
                    return Ok(Observed::Unreadable(why + &moved.unwrap_or_default()));
                }
            }
        }
    }

    fn adopt(&self, factory: &Factory, doc: &StateDoc) -> Result<(), StoreError> {
        locked(&self.inner).docs.adopt(factory, doc)
    }

    fn restore(&self, factory: &Factory) -> Result<String, StoreError> {
        locked(&self.inner).docs.restore(factory)
    }

    fn watch(&self) -> Result<UnboundedReceiver<Change>, StoreError> {
        let (tx, rx) = unbounded_channel();
        *locked(&self.hints) = Some(tx.clone());
        watch::home(&self.layout.home, self.outside(), tx, self.trouble.clone());
        Ok(rx)
    }

    fn obstacle(&self) -> Option<(Trouble, String)> {
        self.in_the_way()
    }

    fn unwatched(&self) -> Option<(DateTime<Utc>, String)> {
        locked(&self.trouble).clone()
    }

    fn commands(&self) -> Result<Vec<Result<Command, (String, String)>>, StoreError> {
        commands::waiting(&self.layout)
    }

    fn answer(&self, id: &str, answer: &Answer) -> Result<(), StoreError> {
        self.here()?;
        commands::answer(&self.layout, id, answer)
    }

    fn wishlist(&self) -> Result<Wishes, StoreError> {
        locked(&self.inner).wishlist.read(&self.layout)
    }

    fn leave_wishlist(&self) {
        locked(&self.inner).wishlist.refuse();
    }

    fn adoptable(&self) -> Result<Vec<Item>, StoreError> {
        wishlist::adoptable(&self.layout)
    }

    fn put_wishlist(&self, items: &[Item]) -> Result<(), StoreError> {
        if !locked(&self.inner).wishlist.write(&self.layout, items)? {
            // Edited since it was read: reading it again comes first.
            self.hint(Change::Wishlist);
        }
        Ok(())
    }

    fn put(&self, paper: &Paper, text: &str) -> Result<(), StoreError> {
        self.here()?;
        papers::put(&self.layout, paper, text)
    }

    fn append(&self, paper: &Paper, text: &str) -> Result<(), StoreError> {
        self.here()?;
        papers::append(&self.layout, paper, text)
    }

    fn get(&self, paper: &Paper) -> Result<Option<String>, StoreError> {
        papers::get(&self.layout, paper)
    }

    fn path(&self, paper: &Paper) -> PathBuf {
        layout::paper(paper)
    }

    fn put_snapshot(&self, snapshot: &Snapshot) -> Result<(), StoreError> {
        self.here()?;
        stream::put_snapshot(&self.layout, snapshot)
    }

    fn put_line(&self, line: &LogLine) -> Result<(), StoreError> {
        self.put_lines([line])
    }

    fn excess(&self, keep: &KeepSettings, finished: &[Finished]) -> Swept {
        sweep::plan(&self.layout, keep, finished)
    }

    fn sweep(&self, swept: &Swept, finished: &[Finished]) -> Result<(), StoreError> {
        sweep::carry_out(&self.layout, swept, finished)
    }

    fn each(&self, from_seq: u64, take: &mut dyn FnMut(Event)) -> Result<(), StoreError> {
        fold::each(&self.layout, from_seq, take).map(drop)
    }
}

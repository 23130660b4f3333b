//! A store that does not take some events, each other time that they come; and one whose disk a test has in its hand.

use crate::doubles::Blocked;
use chrono::{DateTime, Utc};
use dev_factory::adapters::store::FileStore;
use dev_factory::domain::command::Answer;
use dev_factory::domain::condition::Trouble;
use dev_factory::domain::event::{Event, EventBody, NewEvent};
use dev_factory::domain::factory::Factory;
use dev_factory::domain::item::Item;
use dev_factory::domain::phase::Outcome;
use dev_factory::domain::screen::{LogLine, Snapshot};
use dev_factory::domain::state::StateDoc;
use dev_factory::domain::swept::{Finished, Swept};
use dev_factory::domain::wishlist::Wishes;
use dev_factory::factory::ports::settings::KeepSettings;
use dev_factory::factory::ports::store::{
    Change, Loaded, Observed, Paper, Store, StoreError, Waiting, Written,
};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use tokio::sync::mpsc::UnboundedReceiver;

/// A disk that a test watches and slows down.
#[derive(Clone, Default)]
pub struct Disk(Arc<Parts>);

#[derive(Default)]
struct Parts {
    /// What is on its way to it waits until the test lets it go on.
    pub waits: Mutex<Option<Blocked>>,
    /// It fails once with what is on its way.
    pub fails: AtomicBool,
    /// The kinds of what was written at once.
    pub batches: Mutex<Vec<Vec<String>>>,
}

impl Disk {
    /// The store on it.
    pub fn holds(&self) -> Box<dyn Fn(Arc<FileStore>) -> Arc<dyn Store>> {
        let disk = self.clone();
        Box::new(move |store| {
            Arc::new(Refusing {
                store,
                these: |_| false,
                name: Trouble::DiskError,
                refused: AtomicBool::new(false),
                disk: disk.clone(),
            })
        })
    }

    /// The next events that are told of on their way wait there.
    pub fn wait(&self) -> Blocked {
        let blocked = Blocked::default();
        *self.0.waits.lock().unwrap() = Some(blocked.clone());
        blocked
    }

    /// It takes the next events that are told of on their way, and says that it did not.
    pub fn fail(&self) {
        self.0.fails.store(true, Ordering::SeqCst);
    }

    pub fn failed(&self) -> bool {
        !self.0.fails.load(Ordering::SeqCst)
    }

    pub fn batches(&self) -> Vec<Vec<String>> {
        self.0.batches.lock().unwrap().clone()
    }

    fn written(&self, events: &[NewEvent]) {
        let kind = |event: &NewEvent| {
            let body = serde_json::to_value(&event.body).unwrap();
            body["kind"].as_str().unwrap().to_owned()
        };
        let kinds = events.iter().map(kind).collect();
        self.0.batches.lock().unwrap().push(kinds);
    }
}

pub struct Refusing {
    store: Arc<FileStore>,
    these: fn(&NewEvent) -> bool,
    name: Trouble,
    refused: AtomicBool,
    disk: Disk,
}

impl Refusing {
    /// What a broken-off turn has cost, as a file that cannot be used.
    pub fn broken_off(store: Arc<FileStore>) -> Arc<dyn Store> {
        let these = |event: &NewEvent| match &event.body {
            EventBody::Turn(turn) => {
                let error = turn.error.as_deref().unwrap_or_default();
                error.starts_with("broken off")
            }
            _ => false,
        };
        Self::in_front(store, these, Trouble::File)
    }

    /// The move with which a spec is done, as a disk that is full for a moment.
    pub fn drafted(store: Arc<FileStore>) -> Arc<dyn Store> {
        let these = |event: &NewEvent| match &event.body {
            EventBody::Move(step) => step.outcome == Outcome::Drafted,
            _ => false,
        };
        Self::in_front(store, these, Trouble::DiskFull)
    }

    fn in_front(
        store: Arc<FileStore>,
        these: fn(&NewEvent) -> bool,
        name: Trouble,
    ) -> Arc<dyn Store> {
        let refused = AtomicBool::new(false);
        Arc::new(Self {
            store,
            these,
            name,
            refused,
            disk: Disk::default(),
        })
    }
}

/// Methods that are handed on as they are.
macro_rules! hand_on {
    ($(fn $name:ident(&self $(, $arg:ident: $of:ty)*) -> $gives:ty;)*) => {
        $(fn $name(&self $(, $arg: $of)*) -> $gives {
            self.store.$name($($arg),*)
        })*
    };
}

impl Store for Refusing {
    fn commit_with(
        &self,
        factory: &mut Factory,
        events: Vec<NewEvent>,
        now: DateTime<Utc>,
        written: Option<Written<'_>>,
    ) -> Result<Vec<Event>, StoreError> {
        if events.iter().any(self.these) && !self.refused.fetch_xor(true, Ordering::SeqCst) {
            return Err(StoreError::Io {
                name: self.name,
                path: "journal.jsonl".to_owned(),
                detail: "not this time".to_owned(),
            });
        }
        let disk = &self.disk;
        disk.written(&events);
        let Some(written) = written else {
            return self.store.commit_with(factory, events, now, None);
        };
        let mut written = |factory: &Factory| {
            written(factory);
            let waits = disk.0.waits.lock().unwrap().take();
            // What was woken meanwhile must not wait for this thread.
            waits.inspect(|waits| tokio::task::block_in_place(|| waits.wait()));
        };
        let done = self
            .store
            .commit_with(factory, events, now, Some(&mut written));
        match disk.0.fails.swap(false, Ordering::SeqCst) {
            true => Err(StoreError::Io {
                name: self.name,
                path: "journal.jsonl".to_owned(),
                detail: "the disk failed".to_owned(),
            }),
            false => done,
        }
    }

    hand_on! {
        fn load(&self) -> Result<Loaded, StoreError>;
        fn glance(&self) -> Result<Option<Observed>, StoreError>;
        fn observe(&self) -> Result<Observed, StoreError>;
        fn adopt(&self, factory: &Factory, doc: &StateDoc) -> Result<(), StoreError>;
        fn restore(&self, factory: &Factory) -> Result<String, StoreError>;
        fn watch(&self) -> Result<UnboundedReceiver<Change>, StoreError>;
        fn obstacle(&self) -> Option<(Trouble, String)>;
        fn unwatched(&self) -> Option<(DateTime<Utc>, String)>;
        fn commands(&self) -> Result<Vec<Waiting>, StoreError>;
        fn answer(&self, id: &str, answer: &Answer) -> Result<(), StoreError>;
        fn wishlist(&self) -> Result<Wishes, StoreError>;
        fn leave_wishlist(&self) -> ();
        fn adoptable(&self) -> Result<Vec<Item>, StoreError>;
        fn put_wishlist(&self, items: &[Item]) -> Result<(), StoreError>;
        fn put(&self, paper: &Paper, text: &str) -> Result<(), StoreError>;
        fn append(&self, paper: &Paper, text: &str) -> Result<(), StoreError>;
        fn get(&self, paper: &Paper) -> Result<Option<String>, StoreError>;
        fn path(&self, paper: &Paper) -> PathBuf;
        fn put_snapshot(&self, snapshot: &Snapshot) -> Result<(), StoreError>;
        fn put_line(&self, line: &LogLine) -> Result<(), StoreError>;
        fn excess(&self, keep: &KeepSettings, finished: &[Finished]) -> Swept;
        fn sweep(&self, swept: &Swept, finished: &[Finished]) -> Result<(), StoreError>;
        fn each(&self, from_seq: u64, take: &mut dyn FnMut(Event)) -> Result<(), StoreError>;
    }
}

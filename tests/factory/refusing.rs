//! A store that once does not take what a broken-off turn has cost.

use chrono::{DateTime, Utc};
use dev_factory::adapters::store::FileStore;
use dev_factory::domain::command::Answer;
use dev_factory::domain::condition::Trouble;
use dev_factory::domain::event::{Event, EventBody, NewEvent};
use dev_factory::domain::factory::Factory;
use dev_factory::domain::item::Item;
use dev_factory::domain::screen::{LogLine, Snapshot};
use dev_factory::domain::state::StateDoc;
use dev_factory::domain::swept::{Finished, Swept};
use dev_factory::domain::wishlist::Wishes;
use dev_factory::factory::ports::settings::KeepSettings;
use dev_factory::factory::ports::store::{
    Change, Loaded, Observed, Paper, Store, StoreError, Waiting,
};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::mpsc::UnboundedReceiver;

pub struct Refusing {
    store: Arc<FileStore>,
    refused: AtomicBool,
}

impl Refusing {
    pub fn in_front(store: Arc<FileStore>) -> Arc<dyn Store> {
        let refused = AtomicBool::new(false);
        Arc::new(Self { store, refused })
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
    fn commit(
        &self,
        factory: &mut Factory,
        events: Vec<NewEvent>,
        now: DateTime<Utc>,
    ) -> Result<Vec<Event>, StoreError> {
        let broken_off = |event: &NewEvent| match &event.body {
            EventBody::Turn(turn) => turn
                .error
                .as_ref()
                .is_some_and(|e| e.starts_with("broken off")),
            _ => false,
        };
        if events.iter().any(broken_off) && !self.refused.swap(true, Ordering::SeqCst) {
            return Err(StoreError::Io {
                name: Trouble::File,
                path: "journal.jsonl".to_owned(),
                detail: "not this time".to_owned(),
            });
        }
        self.store.commit(factory, events, now)
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

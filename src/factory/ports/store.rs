//! The store port: the journal, the two state documents, commands, the wishlist and papers.

use crate::domain::command::{Answer, Command};
use crate::domain::condition::Trouble;
use crate::domain::event::{Event, NewEvent};
use crate::domain::factory::Factory;
use crate::domain::item::Item;
use crate::domain::screen::{LogLine, Snapshot};
use crate::domain::state::StateDoc;
use crate::domain::swept::{Finished, Swept};
use crate::domain::wishlist::Wishes;
use crate::factory::ports::settings::KeepSettings;
use chrono::{DateTime, Utc};
use tokio::sync::mpsc::UnboundedReceiver;

/// Why the store could not do it; one sentence: what, where, what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Another engine holds this home (exit 3); names it.
    #[error("another engine holds this home: {0}")]
    Held(String),
    /// The surroundings: no space, no permission, folder gone.
    #[error("{path}: {detail}")]
    Io {
        name: Trouble,
        path: String,
        detail: String,
    },
    /// A newer program has worked here: this one only reads (exit 2).
    #[error("{0}")]
    Newer(String),
    /// state.json changed since it was read; read again and decide again.
    #[error("state.json changed meanwhile")]
    Conflict,
    /// A file cannot be read as what it should be: file, line, column, what to do.
    #[error("{0}")]
    Bad(String),
}

impl StoreError {
    /// What keeps the store from it.
    #[must_use]
    pub const fn trouble(&self) -> Trouble {
        match self {
            Self::Io { name, .. } => *name,
            Self::Held(_) | Self::Newer(_) | Self::Conflict | Self::Bad(_) => Trouble::File,
        }
    }
}

/// What start-up found.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// Fold of the journal; None in a home without a journal (adopt first).
    pub factory: Option<Factory>,
    /// Newest moves, newest last (for the timeline).
    pub recent: Vec<Event>,
    /// What was repaired or is wrong, in words.
    pub repaired: Vec<String>,
    /// state.json differs from the journal's last word: judge it as a claim.
    pub claim: Option<StateDoc>,
}

/// Something changed in the home's files; a hint to look, never the content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Change {
    State,
    Commands,
    Wishlist,
    Settings,
    Souls,
    /// Whether the kernel tells of changes.
    Watch,
    /// The snapshot for screens is gone.
    Mirror,
}

/// state.json as read after a change hint.
#[derive(Clone, Debug)]
pub enum Observed {
    /// Exactly what we wrote.
    Ours,
    /// Written by someone else, readable.
    Foreign(StateDoc),
    /// Written by someone else, not readable even after waiting 2 s: line/column and why.
    Unreadable(String),
}

/// A waiting command, or the file name and sentence of one that cannot be read.
pub type Waiting = Result<Command, (String, String)>;

/// A paper by what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Paper {
    /// specs/<tool>.md
    Spec { tool: String },
    /// specs/<tool>/<n>.md
    SpecVersion { tool: String, n: u32 },
    /// bugs/<tool>/BUG-<n>.md
    Bug { tool: String, n: u32 },
    /// reviews/<tool>/<n>.md
    Review { tool: String, n: u32 },
    /// evidence/<tool>/<run>.json
    Evidence { tool: String, run: u32 },
    /// acceptance/<tool>/<n>.jsonl
    Acceptance { tool: String, n: u32 },
    /// transcripts/<tool>/<n>-<role>-<phase>.jsonl
    Transcript {
        tool: String,
        n: u32,
        role: String,
        phase: String,
    },
    /// BRIEF.md
    Brief,
    /// run/told.json: what people were told.
    Told,
    /// commands/seen: when a screen was opened last, written by screens.
    Seen,
}

/// Who is told of events that are written and not durable yet.
pub type Written<'a> = &'a mut dyn FnMut(&Factory);

/// The files of a home, held by one engine. Calls block for about a millisecond.
pub trait Store: Send + Sync {
    /// Reads snapshot and live segment, cuts a torn tail, reconciles the state files.
    fn load(&self) -> Result<Loaded, StoreError>;
    /// Appends to the journal, durably, before anything shows them; folds them into `factory`
    /// and, when state.json or control.json would change, rewrites those. `expected` false: a foreign state.json
    /// found on the way is left in place and returned as Conflict before anything is written.
    fn commit(
        &self,
        factory: &mut Factory,
        events: Vec<NewEvent>,
        now: DateTime<Utc>,
    ) -> Result<Vec<Event>, StoreError> {
        self.commit_with(factory, events, now, None)
    }
    /// As `commit`. Where `written` is given, events that change neither document are told to it once they are in the journal
    /// and in `factory` and not durable yet; after an error behind that, what is on disk is to be loaded anew.
    fn commit_with(
        &self,
        factory: &mut Factory,
        events: Vec<NewEvent>,
        now: DateTime<Utc>,
        written: Option<Written<'_>>,
    ) -> Result<Vec<Event>, StoreError>;
    /// Reads state.json once, without waiting; None when it cannot be read yet and `observe` should wait for it.
    fn glance(&self) -> Result<Option<Observed>, StoreError>;
    /// Reads state.json tolerantly (contract 3: up to 2 s for half-written content; blocking).
    fn observe(&self) -> Result<Observed, StoreError>;
    /// Takes `doc`'s unknown keys and lastUpdate over as ours without a journal event.
    fn adopt(&self, factory: &Factory, doc: &StateDoc) -> Result<(), StoreError>;
    /// Puts the last good state.json back; the refused bytes are kept beside it. Returns the kept file's name.
    fn restore(&self, factory: &Factory) -> Result<String, StoreError>;
    /// Hints of changes in the home's files, own writes included or not.
    fn watch(&self) -> Result<UnboundedReceiver<Change>, StoreError>;
    /// What keeps the home from being written now, as far as it is seen without writing: name and sentence.
    fn obstacle(&self) -> Option<(Trouble, String)>;
    /// Why the kernel does not tell of changes, which are looked for once a second then.
    fn unwatched(&self) -> Option<(DateTime<Utc>, String)>;
    /// Waiting commands, oldest first; unreadable ones come as (file name, sentence).
    fn commands(&self) -> Result<Vec<Waiting>, StoreError>;
    /// Moves a command to done/ with its answer; `id` is the file's stem.
    fn answer(&self, id: &str, answer: &Answer) -> Result<(), StoreError>;
    /// The wishlist as people left it, in file order; Bad = file, line, column.
    fn wishlist(&self) -> Result<Wishes, StoreError>;
    /// The wishlist as read last has a mistake, so it is not written before people have edited it.
    fn leave_wishlist(&self);
    /// Entries of the wishlist that carry the engine's fields, for a home whose journal is gone (a fresh clone).
    fn adoptable(&self) -> Result<Vec<Item>, StoreError>;
    /// Writes the wishlist with the engine's fields, unless it holds just that already. One that was edited since it
    /// was read stays as it is and is hinted at again; one with a mistake stays too.
    fn put_wishlist(&self, items: &[Item]) -> Result<(), StoreError>;
    /// Writes a paper (temp, rename).
    fn put(&self, paper: &Paper, text: &str) -> Result<(), StoreError>;
    /// Adds lines to a paper (transcripts).
    fn append(&self, paper: &Paper, text: &str) -> Result<(), StoreError>;
    /// Reads a paper; None when absent.
    fn get(&self, paper: &Paper) -> Result<Option<String>, StoreError>;
    /// A paper's path relative to the home, for shipping.
    fn path(&self, paper: &Paper) -> std::path::PathBuf;
    /// Writes run/snapshot.json.
    fn put_snapshot(&self, snapshot: &Snapshot) -> Result<(), StoreError>;
    /// Appends to run/stream.jsonl (two files of 8 MiB).
    fn put_line(&self, line: &LogLine) -> Result<(), StoreError>;
    /// What of finished tools has to go for papers to fit their sizes; removes nothing.
    fn excess(&self, keep: &KeepSettings, finished: &[Finished]) -> Swept;
    /// Removes what was found so, once the journal tells of it; in any case the oldest answers to commands and output.
    fn sweep(&self, swept: &Swept, finished: &[Finished]) -> Result<(), StoreError>;
    /// Hands on events of the journal, closed segments included, oldest first: it may be larger than the memory.
    fn each(&self, from_seq: u64, take: &mut dyn FnMut(Event)) -> Result<(), StoreError>;
    /// The same all at once, where they are few.
    fn history(&self, from_seq: u64) -> Result<Vec<Event>, StoreError> {
        let mut all = Vec::new();
        self.each(from_seq, &mut |event| all.push(event))?;
        Ok(all)
    }
}

//! What wakes the loop, and what it keeps of the attempt, the stop and the suspect state it waits for.

use super::attempts::context::FromAgent;
use super::engine::{Ended, Signal};
use super::ports::model::HostStatus;
use super::ports::notifier::Lost;
use super::ports::settings::ModelRef;
use super::ports::store::{Change, Observed, StoreError};
use super::reread::Found as Reread;
use super::sweep::Around;
use crate::domain::notice::Message;
use crate::domain::phase::Role;
use crate::domain::state::StateDoc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// What wakes the loop.
pub enum Wake {
    /// An agent speaks.
    Agent(FromAgent),
    /// A file changed.
    Changed(Change),
    /// Settings and souls were read again.
    Reread(Box<Result<Reread, String>>),
    /// A host was asked.
    Probed(ModelRef, HostStatus),
    /// A half-written state.json was waited for.
    Looked(Result<Observed, StoreError>),
    /// state.json was read after a hint.
    Observed(Result<Observed, StoreError>),
    /// A push ended.
    Pushed {
        tag: String,
        remote: String,
        result: Result<(), String>,
    },
    /// Housekeeping has looked around.
    Swept(Box<Around>),
    /// A message to people has reached its target, or not.
    Told(Message, Result<(), Lost>),
    /// A signal.
    Signal(Signal),
    /// A time that was waited for has come.
    Time,
}

/// The attempt under way.
pub struct Running {
    /// Its id.
    pub id: u64,
    /// Who works.
    pub role: Role,
    /// Drops it.
    pub cancel: CancellationToken,
    /// It waits for a pause to end, or for its hours to begin.
    pub resting: bool,
    /// A request of it that costs money is under way, or waits to go out.
    pub paid: bool,
    /// Its last sign of life.
    pub alive: Instant,
}

/// The engine is to end.
#[derive(Clone, Debug)]
pub struct Stopping {
    /// Start anew afterwards.
    pub ended: Ended,
    /// For the journal.
    pub reason: String,
    /// Cancel the turn when this comes.
    pub deadline: Option<Instant>,
}

/// An illegal foreign state, watched until it settles.
pub struct Suspect {
    /// What it says.
    pub doc: StateDoc,
    /// Why it cannot stand.
    pub sentence: String,
    /// When the first of those that follow each other was seen.
    pub since: Instant,
    /// When it counts as settled.
    pub settled: Instant,
}

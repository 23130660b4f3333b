//! What update asks the world for. The loop carries it out.

use crate::domain::command::Verb;
use crate::domain::phase::Phase;

/// Something to be done outside the model.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Send a command to the engine; its answer comes back as a message.
    Send(Verb, Option<Seen>),
    /// Start the engine of the home in the background.
    StartEngine,
    /// Read older log lines from disk.
    Older,
    /// Fold the statistics anew.
    Stats,
    /// Draw everything again, whatever the terminal shows.
    Redraw,
    /// Put the screens aside until the shell continues them.
    Suspend,
    /// Leave; the engine goes on.
    Leave,
}

/// What the sender saw, so that a command cannot hit another tool or phase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Tool under way.
    pub tool: Option<String>,
    /// Its phase.
    pub phase: Phase,
}

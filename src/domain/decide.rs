//! The one decision function: every move, by whoever, goes through it.

use super::command::Command;
use super::event::NewEvent;
use super::factory::Factory;
use super::phase::{Outcome, Phase};
use super::state::StateDoc;
use chrono::{DateTime, Utc};

/// What a decision is asked about.
#[derive(Clone, Debug)]
pub enum Input {
    /// An attempt, a gate or a rule of the engine ended a phase.
    Report(Report),
    /// A person or program asked for something.
    Command(Command),
    /// Another program rewrote state.json.
    Claim(StateDoc),
    /// The engine has room: may anything be picked, resumed, unshelved, shelved, released?
    Room(Room),
}

/// An outcome with what carries it.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Attempt that ended with it; None for rules of the engine. An outdated id is refused.
    pub attempt: Option<u64>,
    /// Who says so (see `Event::actor`).
    pub actor: String,
    /// What it ends with.
    pub outcome: Option<Outcome>,
    /// In words.
    pub reason: Option<String>,
    /// Instructions of a hint, send-back or respec; notes of a rejection.
    pub text: Option<String>,
    /// For ship: what git made.
    pub ship: Option<super::event::ShipRecord>,
    /// Newest commit of the branch.
    pub commit: Option<String>,
    /// Rung for escalations (harness.md 3.3).
    pub level: Option<u8>,
}

/// What the engine knows of the outside when it asks what to do next.
#[derive(Clone, Debug, Default)]
pub struct Room {
    /// The Developer's role has a live host, is on schedule and not paused.
    pub developer_ready: bool,
    /// The supervisor's model can review now.
    pub supervisor_ready: bool,
    /// Why not, in words (shelving reason): host away, refused, budget, paused, off schedule, "waits for the operator".
    pub supervisor_why: Option<String>,
    /// HEAD is main and the index equals HEAD; else why not.
    pub main_blocked: Option<String>,
}

/// Why something cannot be; one sentence naming both phases and the legal outcomes where it is a move.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{sentence}")]
pub struct Refusal {
    /// For people.
    pub sentence: String,
}

/// Limits in force when nothing else was set by command (settings).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Per tool, USD (contract: 2.00).
    pub tool_usd: f64,
    /// Per tool, local tokens (contract: 400,000).
    pub tool_tokens: u64,
    /// Per tool, minutes of work (contract: 90).
    pub tool_minutes: u64,
    /// Factory in rolling 24 hours, USD (contract: 5.00).
    pub day_usd: f64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            tool_usd: 2.0,
            tool_tokens: 400_000,
            tool_minutes: 90,
            day_usd: 5.0,
        }
    }
}

/// Decides what `input` brings about now: the events to record, or a refusal.
/// An empty list means "nothing to do" (Room, or a claim that changes nothing).
pub fn decide(
    factory: &Factory,
    limits: &Limits,
    input: &Input,
    now: DateTime<Utc>,
) -> Result<Vec<NewEvent>, Refusal> {
    let _ = (factory, limits, now, Phase::Idle);
    match input {
        Input::Report(_) | Input::Command(_) | Input::Claim(_) | Input::Room(_) => Ok(Vec::new()),
    }
}

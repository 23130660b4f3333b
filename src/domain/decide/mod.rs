//! The one decision function: every move, by whoever, goes through it.

pub mod claim;
pub mod upkeep;

mod command;
mod items;
mod lane;
mod pauses;
mod report;
mod review;
mod room;
mod verdict;

pub use command::{needs_engine, stale};
pub use review::{allowed, disputable, hint_fits, judged, pending, subject};
pub use upkeep::upkeep;

use super::command::Command;
use super::event::{Event, EventBody, Move, NewEvent};
use super::factory::Factory;
use super::phase::{Outcome, Phase};
use super::state::{Escalation, StateDoc};
use super::stuck::Patience;
use super::table;
use chrono::{DateTime, Utc};

/// What a decision is asked about.
#[derive(Clone, Debug)]
pub enum Input {
    /// An attempt, a gate or a rule of the engine ended a phase.
    Report(Report),
    /// A person or program asked for something.
    Command(Command),
    /// The command `rewind`, with the newest move of the tool at or before the event it names (None: no such event).
    Rewind {
        command: Command,
        target: Option<Box<Event>>,
    },
    /// Another program rewrote state.json; a legal claim yields `Claimed`, and the engine reports its outcome
    /// once the row's conditions hold. [`claim::judge`] tells the harmless kinds apart.
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
    /// Rung for escalations.
    pub level: Option<u8>,
    /// For a rejection: the clauses or examples it names (twice the same one: S16).
    pub clauses: Vec<String>,
    /// For test-defect: the case to strike.
    pub case: Option<String>,
    /// For send-back: the file it is about.
    pub file: Option<String>,
    /// For parked: the limit that did it, so that raising it unparks the item.
    pub unit: Option<super::event::Unit>,
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
    /// Numbers of the ladder: which rung an escalation of the engine leads to.
    pub ladder: Patience,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            tool_usd: 2.0,
            tool_tokens: 400_000,
            tool_minutes: 90,
            day_usd: 5.0,
            ladder: Patience::default(),
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
    match input {
        Input::Report(report) => report::decide(factory, limits, report),
        Input::Command(command) => command::decide(factory, limits, command, None, now),
        Input::Rewind { command, target } => {
            command::decide(factory, limits, command, target.as_deref(), now)
        }
        Input::Claim(doc) => claim::decide(factory, doc),
        Input::Room(room) => room::decide(factory, room, now),
    }
}

impl Refusal {
    fn new(sentence: impl Into<String>) -> Self {
        Self {
            sentence: sentence.into(),
        }
    }
}

/// Most words of a hint or of instructions (contract 2, harness 1.7).
const HINT_WORDS: usize = 150;

fn event(tool: Option<&str>, actor: &str, body: EventBody) -> NewEvent {
    NewEvent {
        tool: tool.map(str::to_owned),
        actor: actor.to_owned(),
        body,
    }
}

/// A move of the tool under way with everything that simply goes on.
fn onward(factory: &Factory, to: Phase, outcome: Outcome) -> Move {
    let facts = factory.current_facts();
    let idle = to == Phase::Idle;
    Move {
        from: factory.phase,
        to,
        outcome,
        reason: None,
        attempt: None,
        cycle_count: if idle { 0 } else { factory.cycle_count },
        started_at: factory.started_at.filter(|_| !idle),
        escalation: None,
        ship: None,
        fresh: false,
        commit: facts.and_then(|f| f.commit.clone()),
        spec: facts.map(|f| f.specs).filter(|n| *n > 0),
        cases: facts.map(|f| f.case_sets).filter(|n| *n > 0),
        unit: None,
    }
}

/// The escalation under review, if one is.
fn escalation(factory: &Factory) -> Option<&Escalation> {
    factory
        .escalation
        .as_ref()
        .filter(|_| factory.phase == Phase::Review)
}

/// The refusal of a move the table does not have: both phases and what is legal.
fn no_such_move(factory: &Factory, outcome: Outcome) -> Refusal {
    let from = factory.phase;
    let escalated = escalation(factory).is_some();
    let usual = table::TABLE.iter().find(|row| row.outcome == outcome);
    let leads = match usual.map(|row| (row.from, row.to)) {
        Some((start, super::phase::Target::To(to))) => format!("leads from {start} to {to}"),
        Some((start, super::phase::Target::Kept)) => {
            format!("leads from {start} to the phase that was kept")
        }
        None => "is in no row of the table".to_owned(),
    };
    let whom = factory.current_tool.as_deref().map_or_else(
        || format!("the factory is {from}"),
        |tool| format!("{tool} is in {from}"),
    );
    let note = if from == Phase::Review && !escalated {
        " (not escalated)"
    } else {
        ""
    };
    Refusal::new(format!(
        "{outcome} {leads}, but {whom}{note}; legal from {from}: {}",
        table::legal_words(from, escalated)
    ))
}

/// One line of a text, cut to a length with an ellipsis.
fn brief(text: &str, chars: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= chars {
        return line;
    }
    let cut: String = line.chars().take(chars.saturating_sub(1)).collect();
    format!("{}…", cut.trim_end())
}

//! The stays of a tool in phases, from its moves, each with what came of it.

use super::Past;
use crate::domain::event::{Event, EventBody, Move};
use crate::domain::phase::{Outcome, Phase};
use chrono::{DateTime, Utc};

/// A stay in a phase.
#[derive(Clone, Debug, PartialEq)]
pub struct Stay {
    /// Where; idle while it waits for its turn again.
    pub phase: Phase,
    /// The move that began it.
    pub seq: u64,
    /// When.
    pub from: DateTime<Utc>,
    /// When the next one began; None = it lasts.
    pub until: Option<DateTime<Utc>>,
    /// It ended with a red run or was sent back.
    pub red: bool,
    /// What came of it, in few words; may be empty.
    pub note: String,
}

/// All of them, oldest first.
#[must_use]
pub fn stays(past: &Past) -> Vec<Stay> {
    let mut stays: Vec<Stay> = Vec::new();
    // Reports are filed while the gates still stand there, and settled in the next phase.
    let mut bugs: Vec<String> = Vec::new();
    for event in past.until(None) {
        match &event.body {
            EventBody::Move(made) => {
                if let Some(last) = stays.last_mut() {
                    last.until = Some(event.ts);
                    last.red = red(made);
                }
                if made.outcome == Outcome::Next {
                    continue;
                }
                let mut stay = begun(event, made);
                let filed = std::mem::take(&mut bugs);
                if made.to == Phase::Fixing {
                    stay.note = filed.join(" ");
                }
                stays.push(stay);
            }
            EventBody::BugFiled { n, .. } => bugs.push(format!("BUG-{n}")),
            body => {
                if let Some(last) = stays.last_mut() {
                    note(last, body);
                }
            }
        }
    }
    stays
}

const fn red(made: &Move) -> bool {
    matches!(
        made.outcome,
        Outcome::Failed | Outcome::Rejected | Outcome::SendBack | Outcome::SpecDefect
    )
}

fn begun(event: &Event, made: &Move) -> Stay {
    let note = match (&made.ship, made.outcome) {
        (Some(ship), _) => ship.version.clone(),
        (None, Outcome::Parked | Outcome::Shelved | Outcome::Requeued | Outcome::Rewound) => {
            made.outcome.to_string()
        }
        _ => String::new(),
    };
    Stay {
        phase: made.to,
        seq: event.seq,
        from: event.ts,
        until: None,
        red: false,
        note,
    }
}

fn note(stay: &mut Stay, body: &EventBody) {
    let words = match body {
        EventBody::SpecKept { n, .. } => format!("spec {n}"),
        EventBody::CasesKept { count, .. } => format!("{count} held-out"),
        EventBody::Run(run) if run.total == 0 => {
            let failed = run.failed_gate.as_deref().unwrap_or("nothing");
            let gate = failed.split(':').next().unwrap_or_default();
            format!("{gate} red")
        }
        EventBody::Run(run) => {
            let held = match run.held_total {
                0 => String::new(),
                total => format!(", {} of {total}", run.held_passed),
            };
            format!("{} of {}{held}", run.passed, run.total)
        }
        EventBody::Reviewed { verdict, .. } => verdict.to_string(),
        _ => return,
    };
    stay.note = words;
}

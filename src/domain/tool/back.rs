//! Where a rewind goes from a moment: the engine takes the newest move up to it, with the phase, tree and papers of then.

use super::{Past, phase};
use crate::domain::event::{Event, EventBody, Move};
use crate::domain::phase::{Outcome, Phase};
use chrono::{DateTime, Utc};

/// A move that can be gone back to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Back {
    /// Its event: what a rewind is sent with.
    pub seq: u64,
    /// When it was.
    pub at: DateTime<Utc>,
    /// From where to where.
    pub from: Phase,
    pub to: Phase,
    /// How.
    pub outcome: Outcome,
    /// The commit whose tree comes back; None = there was none yet, outer None = it is not known here.
    pub commit: Option<Option<String>>,
}

/// The move a rewind from a moment (None = the newest) goes to, or why the engine would refuse it.
pub fn back(past: &Past, at: Option<u64>) -> Result<Back, String> {
    let Some((event, made)) = past.until(at).rev().find_map(moved) else {
        return Err("nothing had begun at this moment: there is nothing to go back to".to_owned());
    };
    let then = phase(past, at);
    if !then.active() || then == Phase::Shipped {
        return Err(format!(
            "at this moment it was {then}: only phases someone works in can be gone back to"
        ));
    }
    let newest = past.until(None).rev().find_map(moved);
    let begun = newest.and_then(|(_, made)| made.started_at);
    let later = past.until(None).filter(|later| later.ts >= event.ts);
    let shipped = later.map(|later| &later.body).any(|body| match body {
        EventBody::Move(made) => made.to == Phase::Shipped,
        _ => false,
    });
    if shipped || begun.is_some_and(|begun| event.ts < begun) {
        return Err(
            "this moment is of an earlier build: only the present one can be rewound".to_owned(),
        );
    }
    Ok(Back {
        seq: event.seq,
        at: event.ts,
        from: made.from,
        to: made.to,
        outcome: made.outcome,
        commit: Some(made.commit.clone()),
    })
}

fn moved(event: &Event) -> Option<(&Event, &Move)> {
    match &event.body {
        EventBody::Move(made) => Some((event, made)),
        _ => None,
    }
}

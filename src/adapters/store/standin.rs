//! Stand-in for the domain's fold until it is merged.

use crate::domain::event::{Event, EventBody};
use crate::domain::factory::{Factory, Totals};
use crate::domain::phase::Phase;
use crate::domain::state::{ControlDoc, StateDoc};
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

/// A factory before its first event.
pub fn fresh(now: DateTime<Utc>) -> Factory {
    Factory {
        seq: 0,
        phase: Phase::Idle,
        current_tool: None,
        cycle_count: 0,
        started_at: None,
        last_update: now,
        attempt: None,
        attempts: 0,
        pauses: vec![],
        pauses_made: 0,
        stopped: None,
        escalation: None,
        items: vec![],
        tools: Default::default(),
        spend: vec![],
        limits: Default::default(),
        snoozed: Default::default(),
        refused_claims: 0,
        totals: Totals::default(),
    }
}
/// Folds one event.
pub fn apply(f: &mut Factory, e: &Event) {
    f.seq = e.seq;
    match &e.body {
        EventBody::Move(m) => {
            f.phase = m.to;
            f.cycle_count = m.cycle_count;
            f.started_at = m.started_at;
            f.last_update = e.ts;
            f.current_tool = e.tool.clone().filter(|_| m.to != Phase::Idle);
        }
        EventBody::AttemptStarted(a) => f.attempt = Some(a.clone()),
        EventBody::Turn(_) => f.totals.turns += 1,
        _ => {}
    }
}
/// state.json
pub fn state_doc(f: &Factory, other: &Map<String, Value>) -> StateDoc {
    StateDoc {
        current_tool: f.current_tool.clone(),
        phase: f.phase,
        cycle_count: f.cycle_count,
        started_at: f.started_at,
        last_update: f.last_update,
        other: other.clone(),
    }
}
/// control.json
pub fn control_doc(f: &Factory, revision: u64, sha: &str) -> ControlDoc {
    ControlDoc {
        schema: 1,
        revision,
        state_sha256: sha.to_owned(),
        attempt: f.attempt.clone(),
        pauses: f.pauses.clone(),
        stopped: f.stopped.clone(),
        escalation: f.escalation.clone(),
    }
}

//! How long the tool under way was in each phase, from its moves.

use super::super::model::{Engine, Model};
use crate::domain::phase::{Outcome, Phase};
use crate::domain::screen::Snapshot;
use chrono::{DateTime, TimeDelta, Utc};

/// A stay in a phase.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stay {
    /// Where.
    pub phase: Phase,
    /// From when.
    pub from: DateTime<Utc>,
    /// Until when; for the last one until now.
    pub until: DateTime<Utc>,
    /// It ended with a red run or was sent back.
    pub red: bool,
}

/// Now, or the last word of an engine that is gone.
pub fn now(model: &Model, snapshot: &Snapshot) -> DateTime<Utc> {
    match model.engine {
        Engine::Gone => snapshot.at,
        _ => model.now.max(snapshot.at),
    }
}

/// Stays of the tool under way, oldest first, as far as its moves are known.
pub fn stays(model: &Model, snapshot: &Snapshot) -> Vec<Stay> {
    let tool = snapshot.current_tool.as_deref().unwrap_or_default();
    let begun = snapshot.started_at.unwrap_or(DateTime::UNIX_EPOCH);
    let moves: Vec<_> = snapshot
        .moves
        .iter()
        .filter(|step| step.tool == tool && step.at >= begun)
        .collect();
    let ends = moves.iter().skip(1).map(Some).chain([None]);
    moves
        .iter()
        .zip(ends)
        .filter(|(step, _)| step.to.active())
        .map(|(step, next)| Stay {
            phase: step.to,
            from: step.at,
            until: next.map_or_else(|| now(model, snapshot), |next| next.at),
            red: next.is_some_and(|n| matches!(n.outcome, Outcome::Failed | Outcome::SendBack)),
        })
        .collect()
}

/// Whether its moves are known from the first one on.
pub fn whole(snapshot: &Snapshot) -> bool {
    let tool = snapshot.current_tool.as_deref().unwrap_or_default();
    let begun = snapshot.started_at.unwrap_or(DateTime::UNIX_EPOCH);
    let mut moves = snapshot.moves.iter();
    let first = moves.find(|step| step.tool == tool && step.at >= begun);
    first.is_some_and(|step| step.outcome == Outcome::Picked)
}

/// Time in one phase altogether; None when it was not seen there.
pub fn of(stays: &[Stay], phase: Phase) -> Option<TimeDelta> {
    let own = stays.iter().filter(|stay| stay.phase == phase);
    own.map(|stay| stay.until - stay.from).reduce(|a, b| a + b)
}

/// 34 s, 6 min, 1 h 02 min.
pub fn words(time: TimeDelta) -> String {
    match (time.num_seconds(), time.num_minutes()) {
        (..60, _) => format!("{} s", time.num_seconds().max(0)),
        (_, minutes @ ..60) => format!("{minutes} min"),
        (_, minutes) => format!("{} h {:02} min", minutes / 60, minutes % 60),
    }
}

/// 34s, 6m, 1h02: where there is no room.
pub fn short(time: TimeDelta) -> String {
    match (time.num_seconds(), time.num_minutes()) {
        (..60, _) => format!("{}s", time.num_seconds().max(0)),
        (_, minutes @ ..60) => format!("{minutes}m"),
        (_, minutes) => format!("{}h{:02}", minutes / 60, minutes % 60),
    }
}

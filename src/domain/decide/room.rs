//! What to do when the lane has room: put a shipped tool away, shelve, unshelve, resume, pick.

use super::{Refusal, Room, event, onward};
use crate::domain::actor;
use crate::domain::command::Decision;
use crate::domain::event::{EventBody, Move, NewEvent};
use crate::domain::factory::{Factory, ToolFacts};
use crate::domain::item::{Item, ItemStatus};
use crate::domain::phase::{Outcome, Phase, Role};
use crate::domain::state::Scope;
use crate::domain::table;
use chrono::{DateTime, Utc};

pub(super) fn decide(
    factory: &Factory,
    room: &Room,
    now: DateTime<Utc>,
) -> Result<Vec<NewEvent>, Refusal> {
    if factory.phase == Phase::Shipped {
        return Ok(lane(factory, onward(factory, Phase::Idle, Outcome::Next)));
    }
    if factory.stopped.is_some() || factory.pauses.iter().any(|p| p.scope == Scope::Factory) {
        return Ok(Vec::new());
    }
    Ok(match factory.phase {
        Phase::Review => shelve(factory, room),
        Phase::Idle => unshelve(factory, room)
            .or_else(|| next_item(factory, room, now))
            .unwrap_or_default(),
        _ => Vec::new(),
    })
}

fn lane(factory: &Factory, made: Move) -> Vec<NewEvent> {
    let tool = factory.current_tool.as_deref();
    vec![event(tool, actor::ENGINE, EventBody::Move(made))]
}

fn enter(tool: &str, made: Move) -> Vec<NewEvent> {
    vec![event(Some(tool), actor::ENGINE, EventBody::Move(made))]
}

/// Why a tool cannot be reviewed now; None: it can.
fn obstacle(factory: &Factory, facts: Option<&ToolFacts>, room: &Room) -> Option<String> {
    let decision = facts.and_then(|f| f.decision.as_ref()).map(|d| d.decision);
    match decision {
        Some(Decision::Ship) => room.main_blocked.clone(),
        Some(_) => None,
        None if !room.supervisor_ready => Some(
            room.supervisor_why
                .clone()
                .unwrap_or_else(|| "nobody can review now".to_owned()),
        ),
        None if paused(factory, Scope::Supervisor) => Some("the supervisor is paused".to_owned()),
        None => room.main_blocked.clone(),
    }
}

fn paused(factory: &Factory, scope: Scope) -> bool {
    factory.pauses.iter().any(|pause| pause.scope == scope)
}

fn shelve(factory: &Factory, room: &Room) -> Vec<NewEvent> {
    if factory.attempt.is_some() {
        return Vec::new();
    }
    let Some(why) = obstacle(factory, factory.current_facts(), room) else {
        return Vec::new();
    };
    let mut made = onward(factory, Phase::Idle, Outcome::Shelved);
    made.reason = Some(why);
    lane(factory, made)
}

fn unshelve(factory: &Factory, room: &Room) -> Option<Vec<NewEvent>> {
    let ready = |item: &&Item| {
        item.status == ItemStatus::InReview
            && obstacle(factory, factory.facts(&item.name), room).is_none()
    };
    let item = factory.items.iter().find(ready)?;
    Some(enter(
        &item.name,
        back(factory, item, Phase::Review, Outcome::Unshelved),
    ))
}

/// Back into the lane with what was kept.
fn back(factory: &Factory, item: &Item, to: Phase, outcome: Outcome) -> Move {
    let facts = factory.facts(&item.name);
    let mut made = onward(factory, to, outcome);
    made.cycle_count = facts.map_or(0, |f| f.cycles);
    made.started_at = facts.and_then(|f| f.started_at);
    made.escalation = item.escalation.clone().filter(|_| to == Phase::Review);
    made.commit = facts.and_then(|f| f.commit.clone());
    made.spec = facts.map(|f| f.specs).filter(|n| *n > 0);
    made.cases = facts.map(|f| f.case_sets).filter(|n| *n > 0);
    made
}

/// The item whose turn it is: highest priority, then first in the file.
#[must_use]
pub(super) fn first_wanted(factory: &Factory) -> Option<&Item> {
    let mut best: Option<&Item> = None;
    for item in factory
        .items
        .iter()
        .filter(|i| i.status == ItemStatus::Wanted)
    {
        if best.is_none_or(|b| item.priority > b.priority) {
            best = Some(item);
        }
    }
    best
}

fn next_item(factory: &Factory, room: &Room, now: DateTime<Utc>) -> Option<Vec<NewEvent>> {
    let item = first_wanted(factory)?;
    let developer = room.developer_ready && !paused(factory, Scope::Developer);
    let kept = item.phase.filter(|phase| phase.active());
    let Some(to) = kept else {
        if !developer {
            return None;
        }
        let mut made = back(factory, item, Phase::Spec, Outcome::Picked);
        made.cycle_count = 0;
        made.started_at = Some(now);
        made.fresh = true;
        made.commit = None;
        return Some(enter(&item.name, made));
    };
    if table::role_of(to) == Some(Role::Developer) && !developer {
        return None;
    }
    let mut made = back(factory, item, to, Outcome::Resumed);
    if item.branch.is_none() {
        made.cycle_count = 0;
        made.fresh = true;
        made.commit = None;
    }
    if made.started_at.is_none() || item.branch.is_none() {
        made.started_at = Some(now);
    }
    Some(enter(&item.name, made))
}

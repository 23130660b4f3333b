//! What time and budgets bring about by themselves: pauses that end, limits that are reached.
//! The engine asks before each turn and on its slow tick.

use super::{Limits, Report, event, report};
use crate::domain::actor;
use crate::domain::budget;
use crate::domain::event::{EventBody, NewEvent};
use crate::domain::factory::{Factory, ToolFacts};
use crate::domain::phase::{Outcome, Phase, Role};
use crate::domain::state::{Pause, PauseKind, Scope};
use crate::domain::stuck::Rung;
use chrono::{DateTime, Utc};

/// Pauses that are over, the tool under way past its limit, and roles past theirs; `paid` are those on paid hosts.
#[must_use]
pub fn upkeep(
    factory: &Factory,
    limits: &Limits,
    paid: &[Role],
    now: DateTime<Utc>,
) -> Vec<NewEvent> {
    let mut events = ended(factory, now);
    events.extend(lifted_budget_pauses(factory, limits, paid, now));
    events.extend(over_budget_roles(factory, limits, paid, now));
    events.extend(over_budget_tool(factory, limits));
    events
}

fn lifted(id: &str, reason: &str) -> NewEvent {
    let body = EventBody::Resumed {
        id: id.to_owned(),
        reason: reason.to_owned(),
    };
    event(None, actor::ENGINE, body)
}

fn ended(factory: &Factory, now: DateTime<Utc>) -> Vec<NewEvent> {
    factory
        .pauses
        .iter()
        .filter(|pause| pause.until.is_some_and(|until| until <= now))
        .map(|pause| lifted(&pause.id, "its time is over"))
        .collect()
}

/// Budget pauses whose limit is no longer reached, because it was raised or time has passed.
pub(super) fn lifted_budget_pauses(
    factory: &Factory,
    limits: &Limits,
    paid: &[Role],
    now: DateTime<Utc>,
) -> Vec<NewEvent> {
    let free =
        |role: Role| budget::over_role(factory, limits, role, paid.contains(&role), now).is_none();
    factory
        .pauses
        .iter()
        .filter(|pause| pause.kind == PauseKind::Budget && pause.until.is_none_or(|u| u > now))
        .filter(|pause| pause.scope.role().is_some_and(free))
        .map(|pause| lifted(&pause.id, "the limit is no longer reached"))
        .collect()
}

fn over_budget_roles(
    factory: &Factory,
    limits: &Limits,
    paid: &[Role],
    now: DateTime<Utc>,
) -> Vec<NewEvent> {
    let mut made = factory.pauses_made;
    let mut events = Vec::new();
    for role in Role::ALL {
        let scope = Scope::of(role);
        let held = |p: &Pause| p.kind == PauseKind::Budget && p.scope == scope;
        if factory.pauses.iter().any(held) {
            continue;
        }
        let Some(over) = budget::over_role(factory, limits, role, paid.contains(&role), now) else {
            continue;
        };
        made = made.saturating_add(1);
        let pause = Pause {
            id: format!("pause-{made}"),
            kind: PauseKind::Budget,
            by: actor::ENGINE.to_owned(),
            scope,
            reason: format!(
                "{} within 24 hours; raise it with `dev-factory budget {} {} AMOUNT` or wait",
                over.words(),
                over.scope,
                over.unit.name()
            ),
            since: now,
            until: None,
        };
        events.push(event(None, actor::ENGINE, EventBody::Paused(pause)));
    }
    events
}

/// A tool past a limit is parked (S12) and goes on at its phase once the limit is raised; one that only waits to be
/// shipped is not.
fn over_budget_tool(factory: &Factory, limits: &Limits) -> Vec<NewEvent> {
    if factory.phase == Phase::Review
        && factory
            .current_facts()
            .is_some_and(ToolFacts::evidence_complete)
    {
        return Vec::new();
    }
    let Some(tool) = factory.current_tool.as_deref() else {
        return Vec::new();
    };
    let Some(over) = budget::over_tool(factory, limits, tool) else {
        return Vec::new();
    };
    let parked = Report {
        actor: actor::ENGINE.to_owned(),
        outcome: Some(Outcome::Parked),
        reason: Some(format!(
            "S12: {}; raise it with `dev-factory budget {tool} {} AMOUNT`",
            over.words(),
            over.unit.name()
        )),
        unit: Some(over.unit),
        ..Report::default()
    };
    let words = over.words();
    let stuck = EventBody::Stuck {
        rule: "S12".to_owned(),
        words: words.clone(),
        evidence: vec![words],
        next: format!("{}: {}", Rung::Parked, Rung::Parked.words()),
    };
    let mut events = vec![event(Some(tool), actor::ENGINE, stuck)];
    match report::decide(factory, limits, &parked) {
        Ok(moved) => events.extend(moved),
        Err(_) => events.clear(),
    }
    events
}

//! Commands about the factory as a whole: pause, resume, stop, probe, snooze, budget.

use super::command::{Answered, Ask};
use super::{Refusal, upkeep};
use crate::domain::budget;
use crate::domain::command::StopAfter;
use crate::domain::event::{EventBody, NewEvent, Unit};
use crate::domain::item::ItemStatus;
use crate::domain::phase::Role;
use crate::domain::state::{Pause, PauseKind, Scope, Stopped};
use chrono::{DateTime, Utc};

impl Scope {
    /// All scopes.
    pub const ALL: [Scope; 4] = [
        Scope::Factory,
        Scope::Developer,
        Scope::Qa,
        Scope::Supervisor,
    ];

    /// The word on disk.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Scope::Factory => "factory",
            Scope::Developer => "developer",
            Scope::Qa => "qa",
            Scope::Supervisor => "supervisor",
        }
    }

    fn named(word: &str) -> Option<Scope> {
        Scope::ALL.into_iter().find(|scope| scope.name() == word)
    }
}

fn said(reason: Option<&str>, or: &str) -> String {
    let reason = reason.map(str::trim).filter(|reason| !reason.is_empty());
    reason.unwrap_or(or).to_owned()
}

pub(super) fn paused(
    ask: &Ask<'_>,
    scope: Scope,
    reason: String,
    until: Option<DateTime<Utc>>,
) -> NewEvent {
    let number = ask.factory.pauses_made.saturating_add(1);
    ask.event(
        None,
        EventBody::Paused(Pause {
            id: format!("pause-{number}"),
            kind: PauseKind::Operator,
            by: ask.actor.clone(),
            scope,
            reason,
            since: ask.now,
            until,
        }),
    )
}

pub(super) fn pause(
    ask: &Ask<'_>,
    scope: Option<Scope>,
    reason: Option<&str>,
    until: Option<DateTime<Utc>>,
) -> Answered {
    let scope = scope.unwrap_or(Scope::Factory);
    if until.is_some_and(|until| until <= ask.now) {
        return Err(Refusal::new(
            "the pause would be over already; give a time to come",
        ));
    }
    let same = |p: &&Pause| p.scope == scope && p.kind == PauseKind::Operator && p.until == until;
    if let Some(pause) = ask.factory.pauses.iter().find(same) {
        return Err(Refusal::new(format!(
            "the {} is paused already by {} ({}); `dev-factory resume` lifts it",
            scope.name(),
            pause.by,
            pause.id
        )));
    }
    let event = paused(ask, scope, said(reason, "asked for"), until);
    let end = until.map_or_else(
        || "until it is resumed".to_owned(),
        |until| format!("until {}", until.format("%Y-%m-%d %H:%M UTC")),
    );
    Ok((
        vec![event],
        format!("the {} starts no new turn or gate {end}", scope.name()),
    ))
}

pub(super) fn resume(ask: &Ask<'_>, target: Option<&str>, reason: Option<&str>) -> Answered {
    let target = target.unwrap_or(Scope::Factory.name());
    let scope = Scope::named(target);
    let lifts = |p: &&Pause| match scope {
        Some(scope) => p.scope == scope && p.lifts(),
        None => p.id == target,
    };
    let lifted: Vec<&Pause> = ask.factory.pauses.iter().filter(lifts).collect();
    if lifted.is_empty() {
        return Err(Refusal::new(nothing_to_lift(ask, target)));
    }
    let reason = said(reason, &format!("resumed by {}", ask.actor));
    let events = lifted
        .iter()
        .map(|pause| {
            let body = EventBody::Resumed {
                id: pause.id.clone(),
                reason: reason.clone(),
            };
            ask.event(None, body)
        })
        .collect();
    let left: Vec<String> = ask
        .factory
        .pauses
        .iter()
        .filter(|p| !lifted.contains(p))
        .map(describe)
        .collect();
    let sentence = if left.is_empty() {
        format!("{target} goes on")
    } else {
        format!("{target} is resumed; still in force: {}", left.join(", "))
    };
    Ok((events, sentence))
}

fn describe(pause: &Pause) -> String {
    format!("{} ({}: {})", pause.id, pause.scope.name(), pause.reason)
}

fn nothing_to_lift(ask: &Ask<'_>, target: &str) -> String {
    let others: Vec<String> = ask.factory.pauses.iter().map(describe).collect();
    if others.is_empty() {
        return format!("nothing pauses {target}");
    }
    format!(
        "no operator's pause of {target} is in force; name one by its id: {}",
        others.join(", ")
    )
}

pub(super) fn stop(
    ask: &Ask<'_>,
    after: StopAfter,
    restart: bool,
    reason: Option<&str>,
) -> Answered {
    if let Some(stopped) = &ask.factory.stopped
        && after == StopAfter::Turn
        && !restart
    {
        return Err(Refusal::new(format!(
            "the engine was stopped already by {}: {}",
            stopped.by, stopped.reason
        )));
    }
    let reason = said(reason, if restart { "restart" } else { "asked for" });
    let stopped = (!restart).then(|| Stopped {
        by: ask.actor.clone(),
        reason: reason.clone(),
        since: ask.now,
    });
    let when = match after {
        StopAfter::Turn => "after this turn",
        StopAfter::Now => "now",
    };
    let what = if restart { "starts anew" } else { "ends" };
    Ok((
        vec![ask.event(None, EventBody::Stopped { stopped, reason })],
        format!("the engine {what} {when}"),
    ))
}

pub(super) fn probe(host: Option<&str>) -> (Vec<NewEvent>, String) {
    let which = host.map_or_else(|| "every host".to_owned(), |host| format!("host {host}"));
    (Vec::new(), format!("{which} is tried now"))
}

pub(super) fn snooze(ask: &Ask<'_>, need: &str, until: DateTime<Utc>) -> Answered {
    if need.trim().is_empty() {
        return Err(Refusal::new(
            "name the entry to quiet, as `dev-factory status` shows it",
        ));
    }
    if until <= ask.now {
        return Err(Refusal::new(
            "the time to quiet it until has passed; give a time to come",
        ));
    }
    let body = EventBody::Snoozed {
        need: need.to_owned(),
        until,
    };
    Ok((
        vec![ask.event(None, body)],
        format!(
            "{need} is quiet until {}",
            until.format("%Y-%m-%d %H:%M UTC")
        ),
    ))
}

pub(super) fn budget(ask: &Ask<'_>, scope: &str, unit: Unit, amount: f64) -> Answered {
    if !amount.is_finite() || !(0.0..=1e12).contains(&amount) {
        return Err(Refusal::new(format!(
            "a limit of {amount} {} is no amount",
            unit.name()
        )));
    }
    let scope = if scope == "tool" {
        super::lane::tool(ask, "limit; name a tool")?
    } else {
        scope.to_owned()
    };
    if Scope::named(&scope).is_none() {
        super::items::known(ask.factory, &scope)?;
    }
    let set = EventBody::BudgetSet {
        scope: scope.clone(),
        unit,
        amount,
    };
    let tool = ask.factory.item(&scope).map(|item| item.name.as_str());
    let mut events = vec![ask.event(tool, set)];
    let mut then = ask.factory.clone();
    then.limits
        .insert(format!("{scope}/{}", unit.name()), amount);
    let mut sentence = format!("the limit of {scope} is {amount} {} now", unit.name());
    if let Some(item) = ask.factory.item(&scope) {
        let by_it = ask.factory.facts(&scope).and_then(|facts| facts.parked_by) == Some(unit);
        if item.status == ItemStatus::NeedsHuman
            && by_it
            && budget::over_tool(&then, ask.limits, &scope).is_none()
        {
            let reason = format!("its {} limit was raised to {amount}", unit.name());
            let body = EventBody::ItemRequeued {
                name: scope.clone(),
                fresh: false,
                reason,
            };
            events.push(ask.event(Some(&scope), body));
            sentence.push_str("; it is no longer parked and goes on at its phase");
        }
    }
    // Who is on a paid host is not known here; the engine's next upkeep lifts what only that keeps.
    events.extend(upkeep::lifted_budget_pauses(
        &then,
        ask.limits,
        &Role::ALL,
        ask.now,
    ));
    Ok((events, sentence))
}

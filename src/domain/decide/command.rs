//! Operator commands: who may be outdated, which rule answers, and the answer as the last event.

use super::review::Asked;
use super::{Limits, Refusal, event, items, lane, pauses, review};
use crate::domain::actor;
use crate::domain::command::{Command, Verb};
use crate::domain::event::{Event, EventBody, NewEvent};
use crate::domain::factory::{Factory, Pending};
use chrono::{DateTime, Duration, Utc};

/// Minutes a command may wait for an engine before it is stale.
const STALE_AFTER: i64 = 10;

/// A command found waiting at start that is too old to be meant any longer (all but add, edit, prioritise, pause).
#[must_use]
pub fn stale(command: &Command, now: DateTime<Utc>) -> bool {
    let lasting = matches!(
        command.verb,
        Verb::Add { .. } | Verb::Edit { .. } | Verb::Prioritise { .. } | Verb::Pause { .. }
    );
    !lasting && now.signed_duration_since(command.at) > Duration::minutes(STALE_AFTER)
}

/// Without a running engine the command has nothing to act on: abort and retry.
#[must_use]
pub fn needs_engine(verb: &Verb) -> bool {
    matches!(verb, Verb::Abort {} | Verb::Retry {})
}

/// A command with what every rule needs to answer it.
pub(super) struct Ask<'a> {
    pub factory: &'a Factory,
    pub limits: &'a Limits,
    pub actor: String,
    pub now: DateTime<Utc>,
}

/// Events and the sentence of the answer.
pub(super) type Answered = Result<(Vec<NewEvent>, String), Refusal>;

impl Ask<'_> {
    pub(super) fn event(&self, tool: Option<&str>, body: EventBody) -> NewEvent {
        event(tool, &self.actor, body)
    }
}

pub(super) fn decide(
    factory: &Factory,
    limits: &Limits,
    command: &Command,
    target: Option<&Event>,
    now: DateTime<Utc>,
) -> Result<Vec<NewEvent>, Refusal> {
    unchanged(factory, command)?;
    let ask = Ask {
        factory,
        limits,
        actor: actor::of_command(&command.by),
        now,
    };
    let (mut events, sentence) = match &command.verb {
        Verb::Rewind { seq } => lane::rewind(&ask, *seq, target),
        verb => answer(&ask, verb),
    }?;
    events.push(ask.event(
        command.tool.as_deref(),
        EventBody::Answered {
            command: command.clone(),
            accepted: true,
            sentence,
        },
    ));
    Ok(events)
}

/// Refuses what was meant for another tool or phase.
fn unchanged(factory: &Factory, command: &Command) -> Result<(), Refusal> {
    let now_tool = factory.current_tool.as_deref();
    if let Some(seen) = command.tool.as_deref()
        && now_tool != Some(seen)
    {
        let now = now_tool.map_or_else(
            || "no tool is under way now".to_owned(),
            |tool| format!("{tool} is under way now (in {})", factory.phase),
        );
        return Err(Refusal::new(format!(
            "this was meant for {seen}, but {now}; look again and repeat it if it still holds"
        )));
    }
    if let Some(seen) = command.phase
        && seen != factory.phase
    {
        return Err(Refusal::new(format!(
            "this was meant for the phase {seen}, but {} now; look again and repeat it if it still holds",
            now_tool.map_or_else(
                || format!("the factory is {}", factory.phase),
                |tool| format!("{tool} is in {}", factory.phase),
            )
        )));
    }
    let tool = now_tool.unwrap_or("the factory");
    let again = "look again and repeat it if it still holds";
    if command
        .since
        .is_some_and(|seen| seen != factory.last_update)
    {
        return Err(Refusal::new(format!(
            "this was meant for an earlier stay in {}, but {tool} has been elsewhere since; {again}",
            factory.phase
        )));
    }
    let attempt = factory.attempt.as_ref().map(|attempt| attempt.id);
    if command.attempt.is_some() && command.attempt != attempt {
        return Err(Refusal::new(format!(
            "this was meant for another attempt: the present one of {tool} has begun since; {again}"
        )));
    }
    Ok(())
}

fn answer(ask: &Ask<'_>, verb: &Verb) -> Answered {
    match verb {
        Verb::Pause {
            scope,
            reason,
            until,
        } => pauses::pause(ask, *scope, reason.as_deref(), *until),
        Verb::Resume { target, reason } => {
            pauses::resume(ask, target.as_deref(), reason.as_deref())
        }
        Verb::Stop {
            after,
            restart,
            reason,
        } => pauses::stop(ask, *after, *restart, reason.as_deref()),
        Verb::Probe { host } => Ok(pauses::probe(host.as_deref())),
        Verb::Snooze { need, until } => pauses::snooze(ask, need, *until),
        Verb::Budget {
            scope,
            unit,
            amount,
        } => pauses::budget(ask, scope, *unit, *amount),
        Verb::Escalate { reason } => lane::escalate(ask, reason),
        Verb::Retry {} => lane::retry(ask),
        Verb::Abort {} => lane::abort(ask),
        Verb::Hint { text } => lane::hint(ask, text),
        Verb::NotStuck { rule, item } => lane::not_stuck(ask, rule, item.as_deref()),
        Verb::Decide {
            item,
            decision,
            text,
            case,
            file,
        } => {
            let (item, text) = (item.as_deref(), text.clone().unwrap_or_default());
            let pending = Pending {
                decision: *decision,
                text,
                by: ask.actor.clone(),
                case: case.clone(),
                file: file.clone(),
            };
            review::decide(ask.factory, ask.limits, &Asked { item, pending })
        }
        Verb::Rewind { seq } => lane::rewind(ask, *seq, None),
        Verb::Add { .. }
        | Verb::Edit { .. }
        | Verb::Prioritise { .. }
        | Verb::Reopen { .. }
        | Verb::Requeue { .. }
        | Verb::Unpark { .. }
        | Verb::Park { .. }
        | Verb::Drop { .. } => backlog(ask, verb),
    }
}

fn backlog(ask: &Ask<'_>, verb: &Verb) -> Answered {
    match verb {
        Verb::Add {
            idea,
            priority,
            name,
        } => items::add(ask, idea, priority.unwrap_or(0), name.as_deref()),
        Verb::Edit { item, idea } => items::edit(ask, item, idea),
        Verb::Prioritise { item, priority } => items::prioritise(ask, item, *priority),
        Verb::Reopen { tool, text } => items::reopen(ask, tool, text),
        Verb::Requeue {
            item,
            fresh,
            reason,
            priority,
        } => items::requeue(ask, item.as_deref(), *fresh, reason.as_deref(), *priority),
        Verb::Unpark {
            item,
            reason,
            priority,
        } => items::unpark(ask, item, reason.as_deref(), *priority),
        Verb::Park { item, reason } => items::park(ask, item.as_deref(), reason.as_deref()),
        Verb::Drop { item, reason } => items::drop(ask, item, reason.as_deref()),
        _ => Err(Refusal::new("this command is not about the backlog")),
    }
}

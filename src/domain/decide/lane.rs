//! Commands about the tool under way: escalate, retry, abort, rewind, hint, not-stuck.

use super::command::{Answered, Ask};
use super::{Refusal, Report, onward, pauses, report, review};
use crate::domain::command::Decision;
use crate::domain::event::{Event, EventBody, NewEvent};
use crate::domain::item::{Item, ItemStatus};
use crate::domain::phase::{Outcome, Phase};
use crate::domain::state::{Escalation, Scope};
use crate::domain::stuck::{self, Rung};

/// The tool under way, refused in words when none is.
pub(super) fn tool(ask: &Ask<'_>, what: &str) -> Result<String, Refusal> {
    ask.factory.current_tool.clone().ok_or_else(|| {
        Refusal::new(format!(
            "no tool is under way, so there is nothing to {what}"
        ))
    })
}

/// The tool under way in a phase someone works in.
fn active(ask: &Ask<'_>, what: &str) -> Result<String, Refusal> {
    let tool = tool(ask, what)?;
    if ask.factory.phase.active() {
        Ok(tool)
    } else {
        Err(Refusal::new(format!(
            "{tool} is {}, so there is nothing to {what}",
            ask.factory.phase
        )))
    }
}

pub(super) fn escalate(ask: &Ask<'_>, reason: &str) -> Answered {
    let phase = ask.factory.phase;
    if !phase.active() || phase == Phase::Review {
        return Err(super::no_such_move(ask.factory, Outcome::Escalated));
    }
    let tool = active(ask, "escalate")?;
    if reason.trim().is_empty() {
        return Err(Refusal::new(
            "say why it is escalated: the reviewer starts from that",
        ));
    }
    let events = report::decide(
        ask.factory,
        ask.limits,
        &Report {
            actor: ask.actor.clone(),
            outcome: Some(Outcome::Escalated),
            reason: Some(reason.trim().to_owned()),
            level: Some(Rung::Diagnosis.into()),
            ..Report::default()
        },
    )?;
    Ok((
        events,
        format!("{tool} is escalated from {phase} to review"),
    ))
}

fn dropped(ask: &Ask<'_>, tool: &str, why: &str) -> Vec<NewEvent> {
    let attempt = ask.factory.attempt.as_ref();
    attempt
        .map(|attempt| {
            let body = EventBody::AttemptDropped {
                id: attempt.id,
                reason: format!("{why} by {}", ask.actor),
            };
            ask.event(Some(tool), body)
        })
        .into_iter()
        .collect()
}

pub(super) fn retry(ask: &Ask<'_>) -> Answered {
    let tool = active(ask, "retry")?;
    let events = dropped(ask, &tool, "retried");
    Ok((events, format!("{tool} starts {} again", ask.factory.phase)))
}

pub(super) fn abort(ask: &Ask<'_>) -> Answered {
    let tool = active(ask, "abort")?;
    let mut events = dropped(ask, &tool, "aborted");
    let held = ask
        .factory
        .pauses
        .iter()
        .any(|pause| pause.scope == Scope::Factory);
    if !held {
        let reason = format!("aborted {tool} in {}", ask.factory.phase);
        events.push(pauses::paused(ask, Scope::Factory, reason, None));
    }
    Ok((
        events,
        format!(
            "the turn of {tool} in {} is ended and the factory is paused; `dev-factory resume` starts it again",
            ask.factory.phase
        ),
    ))
}

pub(super) fn hint(ask: &Ask<'_>, text: &str) -> Answered {
    let tool = active(ask, "hint at")?;
    let phase = ask.factory.phase;
    if super::escalation(ask.factory).is_some() {
        return Err(Refusal::new(format!(
            "{tool} is escalated: answer with `dev-factory decide hint TEXT`, which also sends it back to work"
        )));
    }
    review::hint_fits(text)?;
    let body = EventBody::Hinted {
        phase,
        text: text.trim().to_owned(),
    };
    Ok((
        vec![ask.event(Some(&tool), body)],
        format!("the next attempt of {phase} for {tool} is handed this hint"),
    ))
}

pub(super) fn not_stuck(ask: &Ask<'_>, rule: &str, item: Option<&str>) -> Answered {
    if let Some(instead) = stuck::unanswerable(rule) {
        return Err(Refusal::new(instead));
    }
    let tool = match item {
        Some(name) => named(ask, rule, name)?,
        None => meant(ask, rule)?,
    };
    let here = ask.factory.current_tool.as_ref() == Some(&tool);
    let verdict = here && super::escalation(ask.factory).is_some_and(|e| raised_by(e, rule));
    let facts = ask.factory.facts(&tool);
    let off = facts.is_some_and(|facts| facts.not_stuck.iter().any(|r| r == rule));
    if off && here && !verdict {
        return Err(Refusal::new(format!("{rule} is off for {tool} already")));
    }
    let body = EventBody::NotStuck {
        rule: rule.to_owned(),
    };
    let mut events = vec![ask.event(Some(&tool), body)];
    let mut sentence = format!("{rule} no longer counts for {tool}");
    if !here {
        let decided = EventBody::Decided {
            item: tool.clone(),
            decision: Decision::Hint,
            text: String::new(),
            case: None,
            file: None,
        };
        events.push(ask.event(Some(&tool), decided));
        sentence.push_str(", which goes back to where it came from when the lane is free");
    } else if verdict {
        let (back, to) = back_to_work(ask, rule)?;
        events.extend(back);
        sentence.push_str(&format!(", which goes back to {to}"));
    }
    Ok((events, sentence))
}

/// The verdict of this rule is what escalated it.
fn raised_by(escalation: &Escalation, rule: &str) -> bool {
    escalation
        .reason
        .strip_prefix(rule)
        .is_some_and(|rest| rest.starts_with(':'))
}

/// The tool whose verdict is answered: the one the rule has stopped, and only then the one under way.
fn meant(ask: &Ask<'_>, rule: &str) -> Result<String, Refusal> {
    let here = ask.factory.current_tool.as_ref();
    let stopped = super::escalation(ask.factory).is_some_and(|e| raised_by(e, rule));
    let under_way = here.filter(|_| stopped).map(String::as_str);
    let shelf = ask.factory.items.iter().filter(|item| waits(item, rule));
    let found: Vec<&str> = under_way
        .into_iter()
        .chain(shelf.map(|item| item.name.as_str()))
        .collect();
    match (found.as_slice(), here) {
        ([only], _) => Ok((*only).to_owned()),
        ([], Some(tool)) => Ok(tool.clone()),
        ([], None) => Err(Refusal::new(format!(
            "no tool is under way and none on the shelf is there because of {rule}, so there is nothing to answer"
        ))),
        (several, _) => Err(Refusal::new(format!(
            "several tools wait because of {rule} ({}); say which: `dev-factory not-stuck {rule} NAME`",
            several.join(", ")
        ))),
    }
}

/// A tool by its name, which a rule may be answered for.
fn named(ask: &Ask<'_>, rule: &str, name: &str) -> Result<String, Refusal> {
    let here = ask.factory.current_tool.as_deref() == Some(name);
    let shelved = ask.factory.item(name).is_some_and(|item| waits(item, rule));
    if here || shelved {
        return Ok(name.to_owned());
    }
    Err(Refusal::new(format!(
        "{name} is neither under way nor on the shelf because of {rule}; `dev-factory status` shows what waits"
    )))
}

/// On the shelf because of a rule's verdict.
fn waits(item: &Item, rule: &str) -> bool {
    item.status == ItemStatus::InReview
        && item.escalation.as_ref().is_some_and(|e| raised_by(e, rule))
}

/// The row of a hint, with nothing to hand on.
fn back_to_work(ask: &Ask<'_>, rule: &str) -> Result<(Vec<NewEvent>, Phase), Refusal> {
    let report = Report {
        actor: ask.actor.clone(),
        outcome: Some(Outcome::Hint),
        ..Report::default()
    };
    let mut events = report::decide(ask.factory, ask.limits, &report)?;
    let mut to = ask.factory.phase;
    for event in &mut events {
        if let EventBody::Move(made) = &mut event.body {
            made.reason = Some(format!("not stuck by {rule}"));
            to = made.to;
        }
    }
    Ok((events, to))
}

pub(super) fn rewind(ask: &Ask<'_>, seq: u64, target: Option<&Event>) -> Answered {
    let factory = ask.factory;
    let Some(target) = target else {
        return Err(Refusal::new(format!(
            "the journal has no move at or before event {seq} to rewind to; `dev-factory logs` shows each move with its number, as in #12"
        )));
    };
    let of = target.tool.as_deref().unwrap_or("no tool");
    if let Some(item) = target.tool.as_deref().and_then(|name| factory.item(name))
        && (item.status == ItemStatus::Shipped
            || (factory.current_tool.as_deref() == Some(of) && factory.phase == Phase::Shipped))
    {
        return Err(Refusal::new(format!(
            "{of} is shipped: reopen it with `dev-factory reopen {of} TEXT` instead"
        )));
    }
    let tool = active(ask, "rewind")?;
    if of != tool {
        return Err(Refusal::new(format!(
            "event {seq} belongs to {of}, but {tool} is under way"
        )));
    }
    let EventBody::Move(then) = &target.body else {
        return Err(Refusal::new(format!(
            "event {seq} is no move, so it has no phase to go back to"
        )));
    };
    if !then.to.active() {
        return Err(Refusal::new(format!(
            "{tool} cannot go from {} to {} by rewound: only phases someone works in can be gone back to; legal from {}: {}",
            factory.phase,
            then.to,
            factory.phase,
            crate::domain::table::legal_words(factory.phase, super::escalation(factory).is_some())
        )));
    }
    if from_earlier_build(ask, &tool, target) {
        return Err(Refusal::new(format!(
            "event {seq} is from an earlier build of {tool}; only the present one can be rewound"
        )));
    }
    let mut made = onward(factory, then.to, Outcome::Rewound);
    made.escalation.clone_from(&then.escalation);
    made.commit.clone_from(&then.commit);
    made.spec = then.spec;
    made.cases = then.cases;
    made.reason = Some(format!("rewound to event {}", target.seq));
    let sentence = format!(
        "{tool} goes from {} back to {} as of event {}; what came after stays under kept/ and in the journal",
        factory.phase, then.to, target.seq
    );
    Ok((
        vec![ask.event(Some(&tool), EventBody::Move(made))],
        sentence,
    ))
}

fn from_earlier_build(ask: &Ask<'_>, tool: &str, target: &Event) -> bool {
    let shipped = ask.factory.facts(tool).and_then(|facts| facts.shipped_at);
    shipped.is_some_and(|at| at >= target.ts)
        || ask.factory.started_at.is_some_and(|at| target.ts < at)
}

//! Commands about the backlog: add, edit, prioritise, requeue, park, unpark, drop, reopen.

use super::command::{Answered, Ask};
use super::{Refusal, brief, event, onward};
use crate::domain::budget;
use crate::domain::event::{EventBody, NewEvent};
use crate::domain::factory::Factory;
use crate::domain::item::{Item, ItemStatus};
use crate::domain::phase::{Outcome, Phase};
use crate::domain::wishlist;

impl ItemStatus {
    /// For sentences: "x is ...".
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            ItemStatus::Wanted => "waiting for its turn",
            ItemStatus::Building => "under way",
            ItemStatus::InReview => "on the shelf, waiting for a review",
            ItemStatus::Shipped => "shipped",
            ItemStatus::NeedsHuman => "parked",
            ItemStatus::Dropped => "dropped",
        }
    }
}

/// The item of that name, or a refusal that offers the nearest one.
pub(super) fn known<'a>(factory: &'a Factory, name: &str) -> Result<&'a Item, Refusal> {
    if let Some(item) = factory.item(name) {
        return Ok(item);
    }
    let near = factory
        .items
        .iter()
        .map(|item| (strsim::jaro_winkler(&item.name, name), item.name.as_str()))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    let offer = near.map_or_else(
        || "`dev-factory list` shows the names".to_owned(),
        |(_, name)| format!("did you mean {name}?"),
    );
    Err(Refusal::new(format!(
        "no item is called {:?}; {offer}",
        brief(name, 60)
    )))
}

fn why(reason: Option<&str>, or: &str) -> String {
    let reason = reason.map(str::trim).filter(|reason| !reason.is_empty());
    reason.unwrap_or(or).to_owned()
}

fn refused<T>(sentence: String) -> Result<T, Refusal> {
    Err(Refusal::new(sentence))
}

pub(super) fn add(ask: &Ask<'_>, idea: &str, priority: i64, name: Option<&str>) -> Answered {
    let items = &ask.factory.items;
    let (name, idea) = wishlist::new_item(items, idea, name).map_err(Refusal::new)?;
    let body = EventBody::ItemAdded {
        name: name.clone(),
        idea,
        priority,
    };
    let sentence = format!("{name} is on the wishlist with priority {priority}");
    Ok((vec![ask.event(Some(&name), body)], sentence))
}

pub(super) fn edit(ask: &Ask<'_>, name: &str, idea: &str) -> Answered {
    let item = known(ask.factory, name)?;
    let idea = wishlist::valid_idea(idea).map_err(Refusal::new)?;
    if item.idea == idea {
        return refused(format!("{name} reads like that already"));
    }
    let body = EventBody::ItemEdited {
        name: name.to_owned(),
        idea: Some(idea),
        priority: None,
    };
    Ok((
        vec![ask.event(Some(name), body)],
        format!("the idea of {name} is changed; a spec already written stays as it is"),
    ))
}

fn reprioritised(ask: &Ask<'_>, item: &Item, priority: Option<i64>) -> Option<NewEvent> {
    let priority = priority.filter(|priority| *priority != item.priority)?;
    let body = EventBody::ItemEdited {
        name: item.name.clone(),
        idea: None,
        priority: Some(priority),
    };
    Some(ask.event(Some(&item.name), body))
}

pub(super) fn prioritise(ask: &Ask<'_>, name: &str, priority: i64) -> Answered {
    let item = known(ask.factory, name)?;
    let Some(event) = reprioritised(ask, item, Some(priority)) else {
        return refused(format!("{name} has priority {priority} already"));
    };
    Ok((vec![event], format!("{name} has priority {priority} now")))
}

/// Whether the item is the tool in the lane.
fn under_way(ask: &Ask<'_>, item: &Item) -> bool {
    ask.factory.current_tool.as_deref() == Some(item.name.as_str())
}

/// The named item, or the tool under way.
fn subject<'a>(ask: &Ask<'a>, item: Option<&str>, what: &str) -> Result<&'a Item, Refusal> {
    match item {
        Some(name) => known(ask.factory, name),
        None => known(ask.factory, &super::lane::tool(ask, what)?),
    }
}

fn leave_lane(
    ask: &Ask<'_>,
    item: &Item,
    outcome: Outcome,
    reason: String,
) -> Result<NewEvent, Refusal> {
    if !ask.factory.phase.active() {
        return Err(super::no_such_move(ask.factory, outcome));
    }
    let mut made = onward(ask.factory, Phase::Idle, outcome);
    made.reason = Some(reason);
    Ok(event(Some(&item.name), &ask.actor, EventBody::Move(made)))
}

fn requeued(ask: &Ask<'_>, item: &Item, fresh: bool, reason: String) -> NewEvent {
    let body = EventBody::ItemRequeued {
        name: item.name.clone(),
        fresh,
        reason,
    };
    ask.event(Some(&item.name), body)
}

fn within_limits(ask: &Ask<'_>, item: &Item) -> Result<(), Refusal> {
    match budget::over_tool(ask.factory, ask.limits, &item.name) {
        Some(over) => refused(format!(
            "{} would be parked again at once: {}; raise it with `dev-factory budget {} {} AMOUNT`",
            item.name,
            over.words(),
            item.name,
            over.unit.name()
        )),
        None => Ok(()),
    }
}

pub(super) fn requeue(
    ask: &Ask<'_>,
    name: Option<&str>,
    fresh: bool,
    reason: Option<&str>,
    priority: Option<i64>,
) -> Answered {
    let item = subject(ask, name, "requeue")?;
    let name = &item.name;
    let reason = why(reason, "requeued by command");
    let mut events: Vec<NewEvent> = reprioritised(ask, item, priority).into_iter().collect();
    if under_way(ask, item) {
        events.push(leave_lane(ask, item, Outcome::Requeued, reason.clone())?);
        if fresh {
            events.push(requeued(ask, item, true, reason));
        }
        let again = if fresh {
            "starts again from spec"
        } else {
            "goes on where it stood"
        };
        return Ok((
            events,
            format!("{name} leaves the lane and {again} when its turn comes"),
        ));
    }
    let sentence = match item.status {
        ItemStatus::Wanted if !fresh && priority.is_none() => {
            return refused(format!("{name} is waiting for its turn already"));
        }
        ItemStatus::Shipped => {
            events.push(requeued(ask, item, true, reason));
            format!("{name} is built anew when its turn comes and ships as the next minor version")
        }
        ItemStatus::NeedsHuman
        | ItemStatus::Dropped
        | ItemStatus::InReview
        | ItemStatus::Wanted
        | ItemStatus::Building => {
            within_limits(ask, item)?;
            events.push(requeued(ask, item, fresh, reason));
            match item.phase.filter(|_| !fresh) {
                Some(phase) => format!("{name} goes on in {phase} when its turn comes"),
                None => format!("{name} starts from spec when its turn comes"),
            }
        }
    };
    Ok((events, sentence))
}

pub(super) fn unpark(
    ask: &Ask<'_>,
    name: &str,
    reason: Option<&str>,
    priority: Option<i64>,
) -> Answered {
    let item = known(ask.factory, name)?;
    if item.status != ItemStatus::NeedsHuman {
        return refused(format!(
            "{name} is {}, not parked; `dev-factory requeue {name}` works for others",
            item.status.words()
        ));
    }
    within_limits(ask, item)?;
    let mut events: Vec<NewEvent> = reprioritised(ask, item, priority).into_iter().collect();
    events.push(requeued(
        ask,
        item,
        false,
        why(reason, "unparked by command"),
    ));
    let at = item
        .phase
        .map_or_else(|| "from spec".to_owned(), |phase| format!("in {phase}"));
    Ok((events, format!("{name} goes on {at} when its turn comes")))
}

pub(super) fn park(ask: &Ask<'_>, name: Option<&str>, reason: Option<&str>) -> Answered {
    let item = subject(ask, name, "park")?;
    let reason = why(reason, "parked by command");
    let sentence = format!(
        "{} is parked: {reason}; `dev-factory unpark {}` takes it up again",
        item.name, item.name
    );
    if under_way(ask, item) {
        let event = leave_lane(ask, item, Outcome::Parked, reason)?;
        return Ok((vec![event], sentence));
    }
    match item.status {
        ItemStatus::Wanted | ItemStatus::InReview | ItemStatus::Building => {
            let body = EventBody::ItemParked {
                name: item.name.clone(),
                reason,
            };
            Ok((vec![ask.event(Some(&item.name), body)], sentence))
        }
        ItemStatus::Shipped | ItemStatus::NeedsHuman | ItemStatus::Dropped => refused(format!(
            "{} is {}, so it cannot be parked",
            item.name,
            item.status.words()
        )),
    }
}

pub(super) fn drop(ask: &Ask<'_>, name: &str, reason: Option<&str>) -> Answered {
    let item = known(ask.factory, name)?;
    let reason = why(reason, "dropped by command");
    let mut events = Vec::new();
    if under_way(ask, item) {
        events.push(leave_lane(ask, item, Outcome::Requeued, reason.clone())?);
    } else if matches!(item.status, ItemStatus::Shipped | ItemStatus::Dropped) {
        return refused(format!(
            "{name} is {}, so it cannot be dropped",
            item.status.words()
        ));
    }
    let body = EventBody::ItemDropped {
        name: name.to_owned(),
        reason,
    };
    events.push(ask.event(Some(name), body));
    Ok((
        events,
        format!(
            "{name} is dropped; its branch stays and `dev-factory requeue {name}` takes it up again"
        ),
    ))
}

pub(super) fn reopen(ask: &Ask<'_>, name: &str, text: &str) -> Answered {
    let item = known(ask.factory, name)?;
    if item.status != ItemStatus::Shipped || under_way(ask, item) {
        let stands = if under_way(ask, item) {
            format!("in {}", ask.factory.phase)
        } else {
            item.status.words().to_owned()
        };
        return refused(format!(
            "{name} is {stands}; only a shipped tool can be reopened"
        ));
    }
    let text = text.trim();
    if text.is_empty() {
        return refused("say what is wrong with it: the text becomes the bug report".to_owned());
    }
    let n = ask
        .factory
        .facts(name)
        .map_or(1, |facts| facts.bugs.saturating_add(1));
    let events = vec![
        ask.event(
            Some(name),
            EventBody::ItemReopened {
                name: name.to_owned(),
                bug: text.to_owned(),
            },
        ),
        ask.event(
            Some(name),
            EventBody::BugFiled {
                n,
                rule: None,
                title: brief(text, 100),
                file: None,
            },
        ),
    ];
    Ok((
        events,
        format!(
            "{name} goes to fixing with BUG-{n} when its turn comes and ships as the next patch version"
        ),
    ))
}

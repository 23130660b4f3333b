//! Where the tool stands, what comes next for it, and what one can do about it.

use super::super::super::action::Action;
use super::super::super::model::Model;
use super::super::super::offer;
use super::super::super::staff;
use super::super::super::theme::Part;
use super::super::super::tool::ToolView;
use super::super::column::Column;
use super::super::ink::Ink;
use crate::domain::item::ItemStatus;
use crate::domain::phase::Phase;
use crate::domain::tool::{Moment, words};
use crate::text::sanitise::one_line;
use ratatui::buffer::Buffer;
use ratatui::text::{Line, Span};

/// Where the tool stood, in a word.
pub fn stands(moment: &Moment) -> String {
    let item = moment.item.as_ref();
    match (moment.phase, item.map(|item| item.status)) {
        (Phase::Review, _) if moment.escalation.is_some() => "review, escalated".to_owned(),
        (phase, _) if phase != Phase::Idle => phase.to_string(),
        (_, Some(ItemStatus::InReview)) => "on the shelf".to_owned(),
        (_, Some(ItemStatus::NeedsHuman)) => "parked".to_owned(),
        (_, Some(ItemStatus::Dropped)) => "dropped".to_owned(),
        (_, Some(ItemStatus::Shipped)) => match &moment.ship {
            Some(ship) => format!("shipped as {}", ship.version),
            None => "shipped".to_owned(),
        },
        (_, Some(ItemStatus::Wanted | ItemStatus::Building)) => "wanted".to_owned(),
        (_, None) => "not on the list".to_owned(),
    }
}

/// Below both columns: what comes next, and what one can do about it.
pub fn draw(
    model: &Model,
    view: &ToolView,
    ink: &Ink<'_>,
    column: &mut Column,
    buffer: &mut Buffer,
) {
    column.rule(ink, &[(Part::Title, "What happens now")], "", buffer);
    column.line(
        ink,
        &Line::from(Span::raw(format!(" {}", next(model, view)))),
        buffer,
    );
    let mut spans = Vec::new();
    for (key, words) in ways(model, view) {
        spans.push(ink.span(Part::Title, format!(" {key}")));
        spans.push(ink.raw(format!(" {words}  ")));
    }
    column.line(ink, &Line::from(spans), buffer);
}

/// What comes next, in words.
pub fn next(model: &Model, view: &ToolView) -> String {
    let current = model
        .snapshot
        .as_ref()
        .filter(|s| s.current_tool.as_ref() == Some(&view.name));
    if let Some(snapshot) = current {
        let words = match (snapshot.next.as_str(), snapshot.doing.as_str()) {
            ("", doing) => doing,
            (next, _) => next,
        };
        return one_line(words, 300);
    }
    let newest = view.past.event(None).map(words).unwrap_or_default();
    let item = model
        .snapshot
        .as_ref()
        .and_then(|s| s.queue.iter().find(|item| item.name == view.name));
    let reason = item
        .and_then(|item| item.reason.clone())
        .unwrap_or_default();
    match item.map(|item| item.status) {
        Some(ItemStatus::NeedsHuman) => because("parked, it waits for you", &reason),
        Some(ItemStatus::InReview) => because("on the shelf until someone decides", &reason),
        Some(ItemStatus::Wanted) => "it waits in the queue for its turn".to_owned(),
        _ if view
            .stays
            .last()
            .is_some_and(|stay| stay.phase == Phase::Shipped) =>
        {
            "it is shipped: nothing happens to it until someone reopens it".to_owned()
        }
        _ => format!("nothing; what happened last: {}", one_line(&newest, 200)),
    }
}

/// Words, and why where that is known.
fn because(words: &str, reason: &str) -> String {
    match reason {
        "" => words.to_owned(),
        reason => format!("{words}: {}", one_line(reason, 200)),
    }
}

/// The keys that change something now, in words; one always goes back.
fn ways(model: &Model, view: &ToolView) -> Vec<(String, String)> {
    let snapshot = model.snapshot.as_ref();
    let current = snapshot.filter(|s| s.current_tool.as_ref() == Some(&view.name));
    let again = current.map_or_else(String::new, |s| match s.phase {
        Phase::Qa => "run QA again".to_owned(),
        phase => format!("run {phase} again"),
    });
    let asks = match staff::reviewer(model) {
        Ok(_) => "ask the Supervisor".to_owned(),
        Err(None) => "escalate to you".to_owned(),
        Err(Some(why)) => format!("ask the Supervisor ({why}, so you)"),
    };
    let all = [
        (Action::Hint, "hint the next attempt"),
        (Action::Verdict, "decide"),
        (Action::Escalate, asks.as_str()),
        (Action::Retry, again.as_str()),
        (Action::Requeue, "back to queue"),
        (Action::Park, "park"),
        (Action::Unpark, "take it up again"),
        (Action::Reopen, "reopen it with a bug"),
    ];
    let of_item = |action| matches!(action, Action::Verdict | Action::Unpark | Action::Reopen);
    let offered = all.into_iter().filter_map(|(action, words)| {
        let key = offer::key(model, action)?;
        (current.is_some() || of_item(action)).then_some(())?;
        Some((key.to_string(), words.to_owned()))
    });
    let ways: Vec<(String, String)> = offered.collect();
    match ways.is_empty() {
        true => vec![(model.keys.or(Action::Leave, "Ctrl-c"), "back".to_owned())],
        false => ways,
    }
}

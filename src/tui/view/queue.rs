//! The backlog in the order in which it is taken, with the cursor.

use super::super::action::Action;
use super::super::model::Model;
use super::super::tabs::Focus;
use super::super::theme::Part;
use super::ink::{Ink, cell};
use super::{doing, wrap};
use crate::domain::item::{Item, ItemStatus};
use crate::domain::screen::Snapshot;
use crate::text::width::columns;
use ratatui::text::{Line, Span};
use std::ops::Range;

/// Rows from which on the item of the cursor is told about.
const DETAIL: usize = 9;

/// `6 wanted`, or how many have the text that is looked for.
pub fn count(model: &Model, snapshot: &Snapshot) -> String {
    if !model.find.is_empty() {
        return format!("{} of {}", model.items().len(), snapshot.queue.len());
    }
    let wanted = snapshot
        .queue
        .iter()
        .filter(|item| item.status == ItemStatus::Wanted);
    format!("{} wanted", wanted.count())
}

/// Title: the text that is looked for, and how many have it.
pub fn title(model: &Model) -> String {
    match model.find.as_str() {
        "" => "Queue".to_owned(),
        text => format!("Queue with \"{text}\""),
    }
}

/// The rows around the cursor, and below them what the item of the cursor is; which items the first rows are.
pub fn lines(
    model: &Model,
    ink: &Ink<'_>,
    width: usize,
    rows: usize,
) -> (Vec<Line<'static>>, Range<usize>) {
    let Some(snapshot) = model.snapshot.as_deref() else {
        return (Vec::new(), 0..0);
    };
    let all = model.items();
    if all.is_empty() {
        let words = match model.find.as_str() {
            "" => {
                let key = model.keys.or(Action::Add, "the command add");
                format!("   empty: {key} adds an idea")
            }
            _ => {
                let key = model.keys.or(Action::Close, "an empty search");
                format!("   no item has it: {key} shows all")
            }
        };
        return (vec![Line::from(ink.span(Part::Dim, words))], 0..0);
    }
    let told = match model.picked() {
        Some(item) if rows >= DETAIL => detail(model, snapshot, item, ink, width),
        _ => Vec::new(),
    };
    let rows = rows.saturating_sub(told.len());
    let (mut lines, shown) = list(model, snapshot, &all, ink, (width, rows));
    lines.extend(told);
    (lines, shown)
}

fn list(
    model: &Model,
    snapshot: &Snapshot,
    all: &[&Item],
    ink: &Ink<'_>,
    (width, rows): (usize, usize),
) -> (Vec<Line<'static>>, Range<usize>) {
    let on = model.queue.on().filter(|_| model.on(Focus::Queue));
    let cursor = on.and_then(|on| all.iter().position(|item| item.name == *on));
    let fits = all.len() <= rows;
    let room = if fits { rows } else { rows.saturating_sub(1) };
    let from = (cursor.unwrap_or(0) + 1).saturating_sub(room);
    let shown = all.get(from..all.len().min(from + room)).unwrap_or(&[]);
    let widest = shown.iter().map(|item| columns(&item.name)).max();
    let name = widest
        .unwrap_or(0)
        .clamp(8, 24)
        .min(width.saturating_sub(17));
    let mut lines: Vec<Line<'static>> = (from..)
        .zip(shown)
        .map(|(at, item)| line(snapshot, item, Some(at) == cursor, ink, name))
        .collect();
    if !fits && rows > 0 {
        let hidden = all.len() - shown.len();
        let words = format!("   {hidden} more, {}", model.keys.rows_by("move"));
        lines.push(Line::from(ink.span(Part::Dim, words)));
    }
    (lines, from..from + shown.len())
}

/// What an item is: its idea, where it stands and why, since when.
fn detail(
    model: &Model,
    snapshot: &Snapshot,
    item: &Item,
    ink: &Ink<'_>,
    width: usize,
) -> Vec<Line<'static>> {
    let room = width.saturating_sub(3);
    let dim = |text: String| Line::from(ink.span(Part::Dim, format!("   {text}")));
    let idea = item.idea.replace('\n', " ");
    let mut lines: Vec<Line<'static>> = wrap::first(&idea, room, 2)
        .into_iter()
        .map(|row| Line::raw(format!("   {row}")))
        .collect();
    let added = doing::clock(model, item.added_at);
    let branch = item.branch.as_deref().unwrap_or("no branch yet");
    let stands = status(snapshot, item);
    let stands = stands.split(':').next().unwrap_or_default();
    let first = wrap::first(&format!("{stands}, {branch}, added {added}"), room, 2);
    lines.extend(first.into_iter().map(dim));
    if let Some(reason) = item.reason.as_deref().filter(|reason| !reason.is_empty()) {
        lines.extend(wrap::first(reason, room, 2).into_iter().map(dim));
    }
    lines
}

fn line(snapshot: &Snapshot, item: &Item, here: bool, ink: &Ink<'_>, name: usize) -> Line<'static> {
    let (part, sign) = match item.status {
        ItemStatus::Building => (Part::Active, "▸"),
        ItemStatus::InReview | ItemStatus::NeedsHuman => (Part::Need, "!"),
        ItemStatus::Wanted | ItemStatus::Shipped | ItemStatus::Dropped => (Part::Dim, "○"),
    };
    let pointer = if here { ">" } else { " " };
    Line::from(vec![
        ink.span(Part::Title, pointer),
        ink.span(part, sign),
        Span::raw(" "),
        if here {
            Span::styled(cell(&item.name, name), ink.style(Part::Title))
        } else {
            Span::raw(cell(&item.name, name))
        },
        ink.span(Part::Dim, format!("  p{:<3} ", item.priority)),
        Span::raw(status(snapshot, item)),
    ])
}

/// Where an item stands, in words.
fn status(snapshot: &Snapshot, item: &Item) -> String {
    let reason = item.reason.as_deref().unwrap_or_default();
    match item.status {
        ItemStatus::Building => snapshot.phase.to_string(),
        ItemStatus::InReview if item.escalation.is_some() => "escalated".to_owned(),
        ItemStatus::InReview => "review".to_owned(),
        ItemStatus::NeedsHuman => format!("parked: {reason}"),
        ItemStatus::Wanted => match item.phase {
            Some(phase) if phase.active() => format!("back in {phase}"),
            _ => "wanted".to_owned(),
        },
        ItemStatus::Shipped => "shipped".to_owned(),
        ItemStatus::Dropped => "dropped".to_owned(),
    }
}

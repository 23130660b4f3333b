//! The backlog in the order in which it is taken, with the cursor.

use super::super::theme::Part;
use super::ink::{Ink, cell};
use crate::domain::item::{Item, ItemStatus};
use crate::domain::screen::Snapshot;
use crate::text::width::columns;
use ratatui::text::{Line, Span};

/// `6 wanted`
pub fn count(snapshot: &Snapshot) -> String {
    let wanted = snapshot
        .queue
        .iter()
        .filter(|item| item.status == ItemStatus::Wanted);
    format!("{} wanted", wanted.count())
}

/// The rows around the cursor; where more are hidden the last row says how many.
pub fn lines(
    snapshot: &Snapshot,
    cursor: usize,
    ink: &Ink<'_>,
    width: usize,
    rows: usize,
) -> Vec<Line<'static>> {
    let all = &snapshot.queue;
    if all.is_empty() {
        return vec![Line::from(ink.span(Part::Dim, "   empty: a adds an idea"))];
    }
    let cursor = cursor.min(all.len() - 1);
    let fits = all.len() <= rows;
    let room = if fits { rows } else { rows.saturating_sub(1) };
    let from = (cursor + 1).saturating_sub(room);
    let shown = all.get(from..all.len().min(from + room)).unwrap_or(&[]);
    let widest = shown.iter().map(|item| columns(&item.name)).max();
    let name = widest
        .unwrap_or(0)
        .clamp(8, 24)
        .min(width.saturating_sub(17));
    let mut lines: Vec<Line<'static>> = (from..)
        .zip(shown)
        .map(|(at, item)| line(snapshot, item, at == cursor, ink, name))
        .collect();
    if !fits && rows > 0 {
        let hidden = all.len() - shown.len();
        let words = format!("   {hidden} more, j k move");
        lines.push(Line::from(ink.span(Part::Dim, words)));
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

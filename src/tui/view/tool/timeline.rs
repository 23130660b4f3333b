//! The stays of the tool on one line, what came of each below, and a mark at the moment that is shown.

use super::super::super::model::Model;
use super::super::super::theme::Part;
use super::super::super::tool::ToolView;
use super::super::ink::{Ink, cell};
use super::super::spent;
use crate::domain::phase::Phase;
use crate::domain::tool::Stay;
use crate::text::width::columns;
use chrono::{DateTime, Utc};
use ratatui::text::{Line, Span};

/// Three lines that belong together.
#[derive(Default)]
pub struct Lines {
    /// The stays.
    pub line: Line<'static>,
    /// What came of them.
    pub notes: Line<'static>,
    /// Where one stands.
    pub mark: Line<'static>,
    /// In which column that is.
    pub at: usize,
}

/// Columns in front of the first stay.
const FRONT: usize = 10;
/// Columns of both times and what joins them to the stays.
const AROUND: usize = FRONT + 8;

/// Draws them; those around the moment where not all fit.
pub fn lines(model: &Model, view: &ToolView, ink: &Ink<'_>, width: usize) -> Lines {
    let stays = &view.stays;
    let Some(last) = stays.len().checked_sub(1) else {
        return Lines::default();
    };
    let seq = view.moment.seq;
    let here = stays
        .partition_point(|stay| stay.seq <= seq)
        .saturating_sub(1);
    let room = width.saturating_sub(AROUND);
    let least: Vec<usize> = stays.iter().map(|stay| columns(&name(stay)) + 5).collect();
    let (from, until) = window(&least, here.min(last), room);
    let shown = stays.get(from..until).unwrap_or(&[]);
    let end = end(model, view, stays);
    let total: i64 = shown
        .iter()
        .map(|stay| millis(stay, end))
        .sum::<i64>()
        .max(1);
    let needed: usize = least.get(from..until).unwrap_or(&[]).iter().sum();
    let spare = i64::try_from(room.saturating_sub(needed)).unwrap_or(0);
    let begin = shown.first().map_or(end, |stay| stay.from);
    let head = if from == 0 { "├" } else { "…" };
    let head = format!("   {} {head}", clock(model, begin));
    let mut line = vec![ink.span(Part::Dim, head)];
    let mut notes: Vec<(usize, String)> = Vec::new();
    let mut mark = 0;
    let mut x = FRONT;
    for (at, stay) in (from..).zip(shown) {
        let more = usize::try_from(spare * millis(stay, end) / total).unwrap_or(0);
        let wide = least.get(at).copied().unwrap_or(0) + more;
        if at == here {
            let inside = share(stay, view.moment.at, end, wide.saturating_sub(2));
            mark = x + inside;
        }
        let join = match (at + 1 == until, until == stays.len()) {
            (false, _) => "┼",
            (true, true) => "▸",
            (true, false) => "…",
        };
        line.extend(drawn(stay, ink, at == here, more, join));
        if !stay.note.is_empty() {
            notes.push((x, stay.note.clone()));
        }
        x += wide;
    }
    line.push(ink.raw(format!(" {}", clock(model, shown_end(shown, end)))));
    let mark = mark.min(width.saturating_sub(1));
    Lines {
        at: mark,
        line: Line::from(line),
        notes: Line::from(ink.span(Part::Dim, below(&notes, width))),
        mark: Line::from(vec![
            Span::raw(" ".repeat(mark)),
            ink.span(Part::Active, "▴"),
        ]),
    }
}

/// One stay: its name between dashes, and what joins it to the next.
fn drawn(stay: &Stay, ink: &Ink<'_>, here: bool, more: usize, join: &str) -> [Span<'static>; 3] {
    let part = match (here, stay.red) {
        (true, _) => Part::Active,
        (_, true) => Part::Fail,
        _ => Part::Dim,
    };
    let (front, back) = (more / 2 + 1, more - more / 2 + 1);
    [
        ink.span(Part::Dim, format!("{} ", "─".repeat(front))),
        ink.span(part, name(stay)),
        ink.span(Part::Dim, format!(" {}{join}", "─".repeat(back))),
    ]
}

/// Notes at their places, each as long as the next one lets it be.
fn below(notes: &[(usize, String)], width: usize) -> String {
    let ends = notes.iter().skip(1).map(|(x, _)| *x).chain([width]);
    let mut line = String::new();
    for ((x, note), end) in notes.iter().zip(ends) {
        let front = x.saturating_sub(columns(&line));
        line.push_str(&" ".repeat(front));
        let room = end.saturating_sub(*x + 1);
        let note = match columns(note) > room {
            true => note.replace(" of ", "/"),
            false => note.clone(),
        };
        line.push_str(cell(&note, room).trim_end());
        line.push(' ');
    }
    line
}

/// As many stays around the moment's as fit, those before it first.
fn window(least: &[usize], here: usize, room: usize) -> (usize, usize) {
    let wide = |at: usize| least.get(at).copied().unwrap_or(0);
    let (mut from, mut until, mut used) = (here, here + 1, wide(here));
    loop {
        let before = from.checked_sub(1).filter(|at| used + wide(*at) <= room);
        if let Some(at) = before {
            from = at;
            used += wide(at);
        }
        let behind = (until < least.len() && used + wide(until) <= room).then_some(until);
        if let Some(at) = behind {
            until = at + 1;
            used += wide(at);
        }
        if before.is_none() && behind.is_none() {
            return (from, until);
        }
    }
}

/// Columns into a stay at which a moment lies.
fn share(stay: &Stay, at: DateTime<Utc>, end: DateTime<Utc>, wide: usize) -> usize {
    let whole = millis(stay, end).max(1);
    let gone = (at - stay.from).num_milliseconds().clamp(0, whole);
    usize::try_from(gone * i64::try_from(wide).unwrap_or(0) / whole).unwrap_or(0)
}

fn shown_end(shown: &[Stay], end: DateTime<Utc>) -> DateTime<Utc> {
    shown.last().and_then(|stay| stay.until).unwrap_or(end)
}

/// Until when the newest stay lasts: now for the tool under way, else its last event.
fn end(model: &Model, view: &ToolView, stays: &[Stay]) -> DateTime<Utc> {
    let newest = view.past.event(None).map(|event| event.ts);
    let newest = newest.unwrap_or(view.moment.at);
    let lasts = stays.last().is_some_and(|stay| stay.phase.active());
    match &model.snapshot {
        Some(snapshot) if lasts && snapshot.current_tool.as_ref() == Some(&view.name) => {
            spent::now(model, snapshot).max(newest)
        }
        _ => newest,
    }
}

fn clock(model: &Model, at: DateTime<Utc>) -> String {
    model.local(at).format("%H:%M").to_string()
}

/// How long a stay was; waiting in the queue takes no room.
fn millis(stay: &Stay, end: DateTime<Utc>) -> i64 {
    if !stay.phase.active() {
        return 0;
    }
    (stay.until.unwrap_or(end) - stay.from)
        .num_milliseconds()
        .max(0)
}

fn name(stay: &Stay) -> String {
    let name = match stay.phase {
        Phase::SpecReview => "rev",
        Phase::Idle => "idle",
        phase => phase.name(),
    };
    match stay.red {
        true => format!("{name} ✗"),
        false => name.to_owned(),
    }
}

//! The needs-you card: why, what it costs to wait, and the ways out by number with what each does.

use super::super::action::Action;
use super::super::layer::Card;
use super::super::model::Model;
use super::super::theme::Part;
use super::super::update::needs::{entry, ways};
use super::ink::{Ink, cell};
use super::window::{self, Frame};
use super::{doing, wrap};
use crate::domain::screen::{Act, Need, Way};
use crate::text::width::{columns, truncate};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// Widest card.
const WIDEST: u16 = 96;
/// Rows of a reason.
const WHY: usize = 6;
/// Columns of a label.
const LABEL: usize = 10;
/// Columns before a way.
const NUMBER: usize = 5;

/// Draws the entry of a card.
pub fn draw(model: &Model, ink: &Ink<'_>, card: &Card, area: Rect, buffer: &mut Buffer) {
    let needs = model.snapshot.as_ref().map_or(&[][..], |s| &s.needs);
    let count = needs.len();
    let quiet = match needs.iter().filter(|need| need.quiet.is_some()).count() {
        0 => String::new(),
        some => format!(", {some} quiet"),
    };
    let width = area.width.saturating_sub(2).min(WIDEST);
    let key = model.keys.or(Action::Needs, "closing");
    let Some((at, need)) = entry(model, card) else {
        return nothing(ink, (card, &key), count, (width, area), buffer);
    };
    let text = usize::from(width.saturating_sub(4));
    let size = (text, usize::from(area.height));
    let lines = lines(ink, need, &waiting(model, need), card.cursor, size);
    let about = match need.title.as_str() {
        "" => String::new(),
        title => format!(": {title}"),
    };
    let title = format!("Needs you {} of {count}{quiet}{about}", at + 1);
    let since = format!("since {}", doing::clock(model, need.since));
    let next = format!("{key} next of {count}");
    let frame = Frame {
        title: &title,
        right: &since,
        foot: "q leave it as it is",
        end: if count > 1 { &next } else { "" },
    };
    let inside = window::open(ink, frame, (width, lines.len()), area, buffer);
    for (row, line) in (0..).zip(&lines) {
        ink.put(line, inside, row, buffer);
    }
}

/// Nothing waits, or what did has been answered meanwhile.
fn nothing(
    ink: &Ink<'_>,
    (card, key): (&Card, &str),
    count: usize,
    (width, area): (u16, Rect),
    buffer: &mut Buffer,
) {
    let more = format!("{key} shows the next of {count}");
    let first = format!("{key} shows the first of {count}");
    let next = format!("{key} next");
    let (title, words, end) = match (&card.id, count) {
        (Some(_), 0) => ("It is answered", "nothing else waits for you", ""),
        (Some(_), _) => ("It is answered", more.as_str(), next.as_str()),
        (None, 1..) => (
            "Something waits for you by now",
            first.as_str(),
            next.as_str(),
        ),
        (None, 0) => (
            "Nothing waits for you",
            "What needs a person's word appears here and in line 2.",
            "",
        ),
    };
    let frame = Frame {
        title,
        foot: "q close",
        end,
        ..Frame::default()
    };
    let inside = window::open(ink, frame, (width, 1), area, buffer);
    ink.put(&Line::from(ink.span(Part::Dim, words)), inside, 0, buffer);
}

/// What it costs to wait, and until when nobody is called for it.
fn waiting(model: &Model, need: &Need) -> String {
    let effect = match (need.waiting.as_str(), need.blocking) {
        ("", true) => "the factory stands still until then",
        ("", false) => "costs nothing; other work goes on",
        (words, _) => words,
    };
    match need.quiet {
        Some(until) => format!("quiet until {}; {effect}", doing::clock(model, until)),
        None => effect.to_owned(),
    }
}

fn lines(
    ink: &Ink<'_>,
    need: &Need,
    waiting: &str,
    cursor: usize,
    (width, height): (usize, usize),
) -> Vec<Line<'static>> {
    let text = width.saturating_sub(LABEL);
    let ways = ways(need);
    // The ways out are what the card is for: a long reason gives way to them.
    let why = height.saturating_sub(ways.len() + 5).clamp(1, WHY);
    let seq = need
        .seq
        .map_or_else(String::new, |seq| format!("  seq {seq}"));
    let rows = wrap::first(&need.why, text.saturating_sub(columns(&seq)), why);
    let mut lines = labelled(ink, "why", &rows);
    if let Some(first) = lines.first_mut().filter(|_| !seq.is_empty()) {
        let pad = width.saturating_sub(first.width() + columns(&seq));
        first.spans.push(Span::raw(" ".repeat(pad)));
        first.spans.push(ink.span(Part::Dim, seq));
    }
    lines.extend(labelled(ink, "waiting", &wrap::first(waiting, text, 2)));
    let room = height.saturating_sub(lines.len() + 3).max(1);
    let from = (cursor + 1).saturating_sub(room);
    let shown = ways.iter().enumerate().skip(from).take(room);
    lines.extend(shown.map(|(at, one)| way(ink, one, at, at == cursor, width)));
    lines.push(command(ink, &ways, cursor, room, width));
    lines
}

/// What the way of the cursor is on the command line, and which of them it is where not all are shown.
fn command(ink: &Ink<'_>, ways: &[Way], cursor: usize, room: usize, width: usize) -> Line<'static> {
    let part = match ways.len() > room {
        true => format!("{} of {}, j k move  ", cursor + 1, ways.len()),
        false => String::new(),
    };
    let same = match ways.get(cursor) {
        Some(way) if !matches!(way.act, Act::Hands) => format!("= {way}"),
        _ => String::new(),
    };
    Line::from(ink.span(Part::Dim, truncate(&format!("{part}{same}"), width)))
}

/// One way out: its number, what to do, and at the right what that does or costs.
fn way(ink: &Ink<'_>, way: &Way, at: usize, here: bool, width: usize) -> Line<'static> {
    let front = if here { "> " } else { "  " };
    let number = match at {
        0..9 => (at + 1).to_string(),
        _ => " ".to_owned(),
    };
    let room = width.saturating_sub(NUMBER);
    let effect = match (&way.act, way.effect.as_str()) {
        (Act::Hands, "") => "by hand",
        (_, effect) => effect,
    };
    // What it costs may be cut, what it is not before that.
    let side = columns(effect).min(room.saturating_sub(columns(&way.label) + 2).max(room / 3));
    let label = cell(&way.label, room.saturating_sub(side + 2));
    let effect = super::ink::right(effect, side);
    Line::from(vec![
        ink.span(Part::Title, format!("{front}{number}  ")),
        match here {
            true => Span::styled(label, ink.style(Part::Cursor)),
            false => Span::raw(label),
        },
        ink.span(Part::Dim, format!("  {effect}")),
    ])
}

/// Rows behind a label.
pub fn labelled(ink: &Ink<'_>, label: &str, rows: &[String]) -> Vec<Line<'static>> {
    let front = |at| if at == 0 { label } else { "" };
    rows.iter()
        .enumerate()
        .map(|(at, row)| {
            Line::from(vec![
                ink.span(Part::Dim, super::ink::cell(front(at), LABEL)),
                Span::raw(row.clone()),
            ])
        })
        .collect()
}

//! The needs-you card: why, since when, and the ways out by number.

use super::super::model::Model;
use super::super::theme::Part;
use super::ink::Ink;
use super::window::{self, Frame};
use super::{doing, wrap};
use crate::domain::screen::Need;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// Widest card.
const WIDEST: u16 = 96;
/// Rows of a reason.
const WHY: usize = 6;
/// Columns of a label.
const LABEL: usize = 10;

/// Draws the entry of this number.
pub fn draw(model: &Model, ink: &Ink<'_>, at: usize, area: Rect, buffer: &mut Buffer) {
    let needs = model.snapshot.as_ref().map_or(&[][..], |s| &s.needs);
    let width = area.width.saturating_sub(2).min(WIDEST);
    // The list may have become shorter since the card was opened.
    let at = at.min(needs.len().saturating_sub(1));
    let Some(need) = needs.get(at) else {
        let frame = Frame {
            title: "Nothing waits for you",
            foot: "q close",
            ..Frame::default()
        };
        let inside = window::open(ink, frame, (width, 1), area, buffer);
        let words = ink.span(
            Part::Dim,
            "What needs a person's word appears here and in line 2.",
        );
        return ink.put(&Line::from(words), inside, 0, buffer);
    };
    let lines = lines(ink, need, usize::from(width.saturating_sub(4)));
    let title = format!("Needs you {} of {}", at + 1, needs.len());
    let since = format!("since {}", doing::clock(model, need.since));
    let next = format!("! next of {}", needs.len());
    let frame = Frame {
        title: &title,
        right: &since,
        foot: "q leave it as it is",
        end: if needs.len() > 1 { &next } else { "" },
    };
    let inside = window::open(ink, frame, (width, lines.len()), area, buffer);
    for (row, line) in (0..).zip(&lines) {
        ink.put(line, inside, row, buffer);
    }
}

fn lines(ink: &Ink<'_>, need: &Need, width: usize) -> Vec<Line<'static>> {
    let text = width.saturating_sub(LABEL);
    let mut lines = labelled(ink, "why", &wrap::first(&need.why, text, WHY));
    let effect = if need.blocking {
        "the factory stands still until then"
    } else {
        "costs nothing; other work goes on"
    };
    lines.extend(labelled(ink, "waiting", &[effect.to_owned()]));
    lines.push(Line::default());
    for (number, way) in (1..).zip(&need.ways) {
        // A number only where a key does it: it puts the command into the palette.
        let front = if way.starts_with("dev-factory ") {
            ink.span(Part::Title, format!("{number}  "))
        } else {
            ink.span(Part::Dim, "-  ")
        };
        for (at, row) in wrap::first(way, width.saturating_sub(3), 2)
            .iter()
            .enumerate()
        {
            let front = if at == 0 {
                front.clone()
            } else {
                Span::raw("   ")
            };
            lines.push(Line::from(vec![front, Span::raw(row.clone())]));
        }
    }
    lines
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

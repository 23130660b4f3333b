//! The last line: the keys that work now, or for a while what the engine answered.

use super::super::action::TABLE;
use super::super::layer::Layer;
use super::super::model::Model;
use super::super::theme::Part;
use super::ink::Ink;
use crate::text::width::columns;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// Draws it.
pub fn draw(model: &Model, ink: &Ink<'_>, area: Rect, buffer: &mut Buffer) {
    let line = match (&model.answer, model.layers.last()) {
        (Some((answer, _)), _) if answer.accepted => {
            Line::from(vec![ink.span(Part::Ok, " ✓ "), ink.raw(&answer.sentence)])
        }
        (Some((answer, _)), _) => Line::from(vec![
            ink.span(Part::Fail, " ✗ "),
            ink.raw(format!("refused: {}", answer.sentence)),
        ]),
        (None, _) if model.sending => {
            Line::from(ink.span(Part::Dim, " sent; waiting for the engine's answer"))
        }
        (None, Some(layer)) => keys(ink, of_layer(layer), area.width),
        (None, None) => {
            let rows = TABLE.iter().filter(|row| row.place.holds(model.tab));
            let words = rows.filter_map(|row| Some((*row.keys.first()?, row.word)));
            // The way out always stands last.
            let last = ("q", "leave, work goes on");
            let shown: Vec<_> = words.filter(|(key, _)| *key != "q").take(10).collect();
            pinned(ink, &shown, last, area.width)
        }
    };
    ink.put(&line, area, 0, buffer);
}

fn of_layer(layer: &Layer) -> &'static [(&'static str, &'static str)] {
    match layer {
        Layer::Help(_) => &[("j k", "scroll"), ("q", "close")],
        Layer::Needs(_) => &[("1-9", "choose"), ("!", "next"), ("q", "close")],
        Layer::Palette(_) => &[
            ("Enter", "send or complete"),
            ("Up Down", "choose"),
            ("Esc", "close"),
        ],
        Layer::Confirm(_) => &[
            ("y", "yes"),
            ("n", "no"),
            ("Tab", "the other"),
            ("Enter", "the focused one"),
        ],
        Layer::Form(_) => &[("Enter", "go on"), ("Ctrl-u", "empty"), ("Esc", "close")],
        Layer::Verdict(_) => &[("j k", "choose"), ("Enter", "go on"), ("q", "close")],
    }
}

fn keys(ink: &Ink<'_>, all: &[(&str, &str)], width: u16) -> Line<'static> {
    let mut spans = Vec::new();
    let mut used = 0;
    for (key, word) in all {
        let wide = columns(key) + columns(word) + 4;
        if used + wide > usize::from(width) {
            break;
        }
        used += wide;
        spans.push(Span::raw(" "));
        spans.push(ink.span(Part::Title, *key));
        spans.push(ink.span(Part::Dim, format!(" {word}  ")));
    }
    Line::from(spans)
}

/// As many keys as fit in front of the last one.
fn pinned(ink: &Ink<'_>, all: &[(&str, &str)], last: (&str, &str), width: u16) -> Line<'static> {
    let room = usize::from(width).saturating_sub(columns(last.0) + columns(last.1) + 3);
    let mut line = keys(ink, all, u16::try_from(room).unwrap_or(0));
    line.spans.push(Span::raw(" "));
    line.spans.push(ink.span(Part::Title, last.0));
    line.spans.push(ink.span(Part::Dim, format!(" {}", last.1)));
    line
}

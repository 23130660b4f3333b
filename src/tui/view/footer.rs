//! The last line: the keys that work now, or for a while what the engine answered.

use super::super::action::{Action, TABLE};
use super::super::layer::Layer;
use super::super::model::Model;
use super::super::offer;
use super::super::theme::Part;
use super::WIDE;
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
        (None, Some(layer)) => keys(ink, of_layer(layer), usize::from(area.width)),
        (None, None) => tab(model, ink, area.width),
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

/// Columns of a key and its word.
fn wide((key, word): &(&str, &str)) -> usize {
    columns(key) + columns(word) + 4
}

fn keys(ink: &Ink<'_>, all: &[(&str, &str)], width: usize) -> Line<'static> {
    let mut spans = Vec::new();
    let mut used = 0;
    for pair @ (key, word) in all {
        if used + wide(pair) > width {
            break;
        }
        used += wide(pair);
        spans.push(Span::raw(" "));
        spans.push(ink.span(Part::Title, *key));
        spans.push(ink.span(Part::Dim, format!(" {word}  ")));
    }
    Line::from(spans)
}

/// The keys of a tab that do something now, as many as fit; the ways to all others and out always stand last.
fn tab(model: &Model, ink: &Ink<'_>, width: u16) -> Line<'static> {
    let mut all = Vec::new();
    let mut last = Vec::new();
    for row in TABLE {
        let Some((key, word)) = row.keys.first().zip(offer::word(model, row)) else {
            continue;
        };
        match row.action {
            Action::Leave if width < WIDE => last.push((*key, "leave")),
            // The tabs have their numbers in the first line; how to move is known, or in the help.
            action if action.moves() => {}
            Action::Suspend | Action::Redraw => {}
            Action::Palette | Action::Help | Action::Leave => last.push((*key, word)),
            _ => all.push((*key, word)),
        }
    }
    let taken: usize = last.iter().map(wide).sum();
    let room = usize::from(width).saturating_sub(taken);
    let mut line = keys(ink, &all, room);
    line.spans.extend(keys(ink, &last, taken).spans);
    line
}

//! The palette: what is typed, the commands that fit, why the text is no command.

use super::super::model::Model;
use super::super::palette::Palette;
use super::super::theme::Part;
use super::ink::{Ink, cell};
use super::window::{self, Frame};
use crate::text::width::columns;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// Widest palette.
const WIDEST: u16 = 100;
/// Commands shown at once.
const ROWS: usize = 16;

/// Draws it.
pub fn draw(model: &Model, ink: &Ink<'_>, palette: &Palette, area: Rect, buffer: &mut Buffer) {
    let fitting = palette.fitting(&model.commands);
    let width = area.width.saturating_sub(2).min(WIDEST);
    // As tall as with every command, so that it stays put while one types.
    let most = usize::from(area.height.saturating_sub(4)).min(ROWS);
    let rows = model.commands.len().clamp(1, most.max(1));
    let count = format!("{} of {}", fitting.len(), model.commands.len());
    let frame = Frame {
        title: "Command",
        right: &count,
        foot: "Enter sends, or completes; Esc closes",
        end: "",
    };
    let inside = window::open(ink, frame, (width, rows + 2), area, buffer);
    let text = usize::from(inside.width);
    ink.put(
        &window::input(ink, ": ", &palette.line, text),
        inside,
        0,
        buffer,
    );
    let problem = match &palette.problem {
        Some(problem) => Line::from(vec![ink.span(Part::Fail, "✗ "), Span::raw(problem.clone())]),
        None if fitting.is_empty() => Line::from(ink.span(Part::Dim, "  no command fits")),
        None => Line::default(),
    };
    ink.put(&problem, inside, 1, buffer);
    let cursor = palette.cursor.min(fitting.len().saturating_sub(1));
    let from = (cursor + 1).saturating_sub(rows);
    let shown: Vec<_> = fitting.iter().enumerate().skip(from).take(rows).collect();
    let widest = |of: &dyn Fn(usize) -> usize, most: usize| {
        shown
            .iter()
            .map(|(at, _)| of(*at))
            .max()
            .unwrap_or(0)
            .min(most)
    };
    let of = |at: usize| fitting.get(at);
    let name = widest(&|at| of(at).map_or(0, |usage| columns(&usage.name)), 16);
    let arguments = widest(
        &|at| of(at).map_or(0, |usage| columns(&usage.arguments)),
        text / 3,
    );
    for (row, (at, usage)) in (2..).zip(&shown) {
        let here = *at == cursor;
        let front = if here { "> " } else { "  " };
        let (named, rest) = (cell(&usage.name, name), cell(&usage.arguments, arguments));
        let line = if here {
            let whole = format!("{front}{named}  {rest}  {}", usage.about);
            Line::from(ink.span(Part::Cursor, cell(&whole, text)))
        } else {
            Line::from(vec![
                ink.span(Part::Title, format!("{front}{named}  ")),
                ink.span(Part::Dim, format!("{rest}  ")),
                Span::raw(usage.about.clone()),
            ])
        };
        ink.put(&line, inside, row, buffer);
    }
}

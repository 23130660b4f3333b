//! The palette: what is typed, the commands that fit, why the text is no command.

use super::super::model::Model;
use super::super::palette::Palette;
use super::super::theme::Part;
use super::ink::{Ink, cell};
use super::window::{self, Frame};
use crate::factory::ports::operator::Usage;
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
    list(ink, palette, &fitting, inside, buffer);
}

/// The commands around the cursor, below what is typed.
fn list(ink: &Ink<'_>, palette: &Palette, fitting: &[&Usage], inside: Rect, buffer: &mut Buffer) {
    let rows = usize::from(inside.height.saturating_sub(2));
    let text = usize::from(inside.width);
    let cursor = palette.cursor.min(fitting.len().saturating_sub(1));
    let from = (cursor + 1).saturating_sub(rows);
    let shown = fitting.get(from..).unwrap_or(&[]);
    let shown = shown.get(..rows).unwrap_or(shown);
    let widest = |of: fn(&Usage) -> &str, most: usize| {
        let all = shown.iter().map(|usage| columns(of(usage)));
        all.max().unwrap_or(0).min(most)
    };
    let name = widest(|usage| &usage.name, 16);
    let arguments = widest(|usage| &usage.arguments, text / 3);
    for (row, (at, usage)) in (2..).zip((from..).zip(shown)) {
        let (named, rest) = (cell(&usage.name, name), cell(&usage.arguments, arguments));
        let line = if at == cursor {
            let whole = format!("> {named}  {rest}  {}", usage.about);
            Line::from(ink.span(Part::Cursor, cell(&whole, text)))
        } else {
            Line::from(vec![
                ink.span(Part::Title, format!("  {named}  ")),
                ink.span(Part::Dim, format!("{rest}  ")),
                Span::raw(usage.about.clone()),
            ])
        };
        ink.put(&line, inside, row, buffer);
    }
}

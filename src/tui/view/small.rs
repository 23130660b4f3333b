//! The notice where the window is too small to be of use.

use super::super::action::Action;
use super::super::model::{Model, SMALLEST};
use super::super::theme::Part;
use super::ink::Ink;
use super::top::{BARE, bare};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

/// Draws it.
pub fn draw(model: &Model, ink: &Ink<'_>, area: Rect, buffer: &mut Buffer) {
    let lines = [
        format!("{} {}", model.state_word(), model.home),
        format!("{}x{} is too small", model.size.0, model.size.1),
        format!("{}x{} is needed", SMALLEST.0, SMALLEST.1),
        format!(
            "{} leaves, work goes on",
            model.keys.or(Action::Leave, "Ctrl-c")
        ),
    ];
    for (row, text) in (0..).zip(&lines) {
        ink.put(&Line::raw(text.as_str()), area, row, buffer);
    }
    if model.snapshot.as_ref().is_some_and(|s| bare(s)) {
        ink.put(&Line::from(ink.span(Part::Alarm, BARE)), area, 4, buffer);
    }
}

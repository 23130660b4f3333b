//! The notice where the window is too small to be of use.

use super::super::action::Action;
use super::super::model::{Model, SMALLEST};
use super::super::theme::Part;
use super::ink::Ink;
use super::top::{self, BARE, bare};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

/// Draws it.
pub fn draw(model: &Model, ink: &Ink<'_>, area: Rect, buffer: &mut Buffer) {
    let state = format!("{} {}", model.state_word(), model.home);
    let mut lines = vec![Line::raw(state)];
    if let Some(snapshot) = model.snapshot.as_deref() {
        lines.push(Line::from(match snapshot.loud().count() {
            0 => ink.span(Part::Dim, top::nothing(model, snapshot)),
            count => ink.span(Part::Need, format!("! NEEDS YOU {count}")),
        }));
        lines.push(Line::raw(top::day(snapshot)));
    }
    let ((columns, rows), (most, least)) = (model.size, SMALLEST);
    let small = format!("{columns}x{rows} is too small, {most}x{least} is needed");
    let leave = model.keys.or(Action::Leave, "Ctrl-c");
    lines.push(Line::raw(small));
    lines.push(Line::raw(format!("{leave} leaves, work goes on")));
    if model.snapshot.as_deref().is_some_and(bare) {
        lines.push(Line::from(ink.span(Part::Alarm, BARE)));
    }
    for (row, line) in (0..).zip(&lines) {
        ink.put(line, area, row, buffer);
    }
}

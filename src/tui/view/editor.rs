//! The editor of a text of several lines, wrapped to its window.

use super::super::editor::Editor;
use super::super::model::Model;
use super::super::theme::Part;
use super::ink::Ink;
use super::window::{self, Frame};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::Line;
use ratatui::widgets::Widget;

/// Widest editor.
const WIDEST: u16 = 84;
/// Rows of text it has at least, where there is room.
const ROWS: u16 = 6;

/// Draws it.
pub fn draw(model: &Model, ink: &Ink<'_>, editor: &Editor, area: Rect, buffer: &mut Buffer) {
    let width = area.width.saturating_sub(2).min(WIDEST);
    let count = u16::try_from(editor.area.lines().len()).unwrap_or(u16::MAX);
    let rows = count
        .saturating_add(2)
        .max(ROWS)
        .min(area.height.saturating_sub(4));
    let changed = model.changed(&editor.about);
    let changed = changed.map(|words| format!("{words}: nothing will be sent"));
    let problem = changed.or_else(|| editor.problem.clone());
    let place = editor.area.cursor();
    let end = format!("line {} of {}", place.0 + 1, count);
    let frame = Frame {
        title: &editor.title,
        foot: "Ctrl-d done, Ctrl-x $EDITOR, Esc closes",
        end: &end,
        ..Frame::default()
    };
    let inside = window::open(ink, frame, (width, usize::from(rows) + 1), area, buffer);
    let text = Rect {
        height: inside.height.saturating_sub(1),
        ..inside
    };
    (&editor.area).render(text, buffer);
    // The widget marks its cursor by reversing; the theme says how that looks.
    for place in text.positions() {
        if let Some(cell) = buffer.cell_mut(place)
            && cell.modifier.contains(Modifier::REVERSED)
        {
            let symbol = cell.symbol().to_owned();
            cell.reset();
            cell.set_symbol(&symbol).set_style(ink.style(Part::Cursor));
        }
    }
    if let Some(words) = problem {
        let line = Line::from(ink.span(Part::Fail, format!("✗ {words}")));
        ink.put(&line, inside, inside.height.saturating_sub(1), buffer);
    }
}

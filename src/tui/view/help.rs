//! The keys that work here, from the one table.

use super::super::action::{Care, Row};
use super::super::key::Key;
use super::super::model::Model;
use super::super::theme::Part;
use super::ink::{Ink, cell};
use super::window::{self, Frame};
use crate::text::width::columns;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// Widest help.
const WIDEST: u16 = 100;

/// Columns from which the last line says all.
const WHOLE: u16 = 78;

/// Rows of the window that are not the help's: the fixed lines, the keys, the frame.
const AROUND: u16 = 6;

/// The keys that work on this tab.
fn here(model: &Model) -> Vec<(&Row, &[Key])> {
    let rows = model.keys.rows();
    rows.filter(|(row, _)| row.place.holds(model.tab)).collect()
}

/// How far it can be scrolled.
pub fn scrolls(model: &Model) -> usize {
    let room = usize::from(model.size.1.saturating_sub(AROUND));
    here(model).len().saturating_sub(room)
}

/// Draws it, scrolled by some rows.
pub fn draw(model: &Model, ink: &Ink<'_>, at: usize, area: Rect, buffer: &mut Buffer) {
    let here = here(model);
    let room = usize::from(area.height.saturating_sub(2));
    let rows = here.len().min(room);
    // The last page is a full one.
    let from = at.min(here.len() - rows);
    let title = match model.tab {
        super::super::tabs::Tab::Tool => "Keys in the Tool view".to_owned(),
        tab => format!("Keys on {}", tab.name()),
    };
    let part = format!("{} to {} of {}", from + 1, from + rows, here.len());
    let frame = Frame {
        title: &title,
        right: if rows < here.len() { &part } else { "" },
        foot: if rows < here.len() {
            "j k scroll, q closes"
        } else {
            "q closes"
        },
        end: match area.width >= WHOLE {
            true => "y/n asks first, name asks for the tool's",
            false => "y/n and name ask first",
        },
    };
    let width = area.width.saturating_sub(2).min(WIDEST);
    let inside = window::open(ink, frame, (width, rows), area, buffer);
    let keys = |keys: &[Key]| match keys {
        [] => "none".to_owned(),
        keys => keys
            .iter()
            .map(Key::to_string)
            .collect::<Vec<_>>()
            .join(" "),
    };
    let widest = here
        .iter()
        .map(|(_, own)| columns(&keys(own)))
        .max()
        .unwrap_or(0);
    for (line, (row, own)) in (0..).zip(here.iter().skip(from).take(rows)) {
        let asks = match row.care {
            Care::Looks | Care::Acts => "     ",
            Care::Asks => "y/n  ",
            Care::Names => "name ",
        };
        let text = Line::from(vec![
            ink.span(Part::Title, cell(&keys(own), widest)),
            ink.span(Part::Dim, format!(" {asks}")),
            Span::raw(row.help),
        ]);
        ink.put(&text, inside, line, buffer);
    }
}

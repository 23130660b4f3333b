//! The keys that work here, from the one table.

use super::super::action::{Care, Row, TABLE};
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

/// Draws it, scrolled by some rows.
pub fn draw(model: &Model, ink: &Ink<'_>, at: usize, area: Rect, buffer: &mut Buffer) {
    let here: Vec<&Row> = TABLE
        .iter()
        .filter(|row| row.place.holds(model.tab))
        .collect();
    let room = usize::from(area.height.saturating_sub(2));
    let rows = here.len().min(room);
    // The last page is a full one.
    let from = at.min(here.len() - rows);
    let title = format!("Keys on {}", model.tab.name());
    let part = format!("{} to {} of {}", from + 1, from + rows, here.len());
    let frame = Frame {
        title: &title,
        right: if rows < here.len() { &part } else { "" },
        foot: if rows < here.len() {
            "j k scroll, q closes"
        } else {
            "q closes"
        },
        end: "y/n asks first",
    };
    let width = area.width.saturating_sub(2).min(WIDEST);
    let inside = window::open(ink, frame, (width, rows), area, buffer);
    let keys = |row: &Row| row.keys.join(" ");
    let widest = here
        .iter()
        .map(|row| columns(&keys(row)))
        .max()
        .unwrap_or(0);
    for (line, row) in (0..).zip(here.iter().skip(from).take(rows)) {
        let asks = if row.care == Care::Asks {
            "y/n  "
        } else {
            "     "
        };
        let text = Line::from(vec![
            ink.span(Part::Title, cell(&keys(row), widest)),
            ink.span(Part::Dim, format!(" {asks}")),
            Span::raw(row.help),
        ]);
        ink.put(&text, inside, line, buffer);
    }
}

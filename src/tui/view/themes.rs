//! Themes to choose from, each with its own look.

use super::super::layer::ThemeMenu;
use super::super::model::Model;
use super::super::theme::Part;
use super::ink::{Ink, cell};
use super::window::{self, Frame};
use crate::text::width::columns;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// Widest list.
const WIDEST: u16 = 58;
/// What shows a theme's look.
const SAMPLE: [(Part, &str); 5] = [
    (Part::Ok, "✓ ok"),
    (Part::Fail, "✗ fail"),
    (Part::Active, "▸ now"),
    (Part::Words, "words"),
    (Part::Need, "! you"),
];

/// Draws it.
pub fn draw(model: &Model, ink: &Ink<'_>, menu: &ThemeMenu, area: Rect, buffer: &mut Buffer) {
    let all = model.shelf.all();
    let rows = all.len().min(usize::from(area.height.saturating_sub(2)));
    let frame = Frame {
        title: "Theme",
        right: "shown at once",
        foot: "Enter keeps it, Esc goes back",
        end: "",
    };
    let inside = window::open(ink, frame, (WIDEST, rows), area, buffer);
    let names = all.iter().map(|one| columns(&one.name)).max().unwrap_or(0);
    let from = (menu.cursor + 1).saturating_sub(rows.max(1));
    for (row, (at, one)) in (0..).zip(all.iter().enumerate().skip(from).take(rows)) {
        let here = at == menu.cursor;
        let sign = if here { "> " } else { "  " };
        let part = if here { Part::Cursor } else { Part::Title };
        let mut spans = vec![
            ink.span(part, format!("{sign}{}", cell(&one.name, names.min(20)))),
            Span::raw("  "),
        ];
        match model.shelf.theme(&one.name) {
            Ok(theme) => {
                for (part, words) in SAMPLE {
                    spans.push(Span::styled(ink.plain(words), theme.style(part)));
                    spans.push(Span::raw(" "));
                }
            }
            Err(why) => {
                spans.push(ink.span(Part::Fail, format!("✗ {}", why.replace('\n', "; "))));
            }
        }
        if one.file.is_some() {
            spans.push(ink.span(Part::Dim, "own"));
        }
        ink.put(&Line::from(spans), inside, row, buffer);
    }
}

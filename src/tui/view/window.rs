//! A framed part of the screen over what lies below, and the line in which one types.

use super::super::form;
use super::super::theme::Part;
use super::ink::Ink;
use crate::text::width::{columns, truncate};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

/// What stands in the frame.
#[derive(Clone, Copy, Default)]
pub struct Frame<'a> {
    /// Top left.
    pub title: &'a str,
    /// Top right.
    pub right: &'a str,
    /// Bottom left.
    pub foot: &'a str,
    /// Bottom right.
    pub end: &'a str,
}

/// Draws a frame for so many rows of text in the middle of an area and gives back its inside.
pub fn open(
    ink: &Ink<'_>,
    frame: Frame<'_>,
    (width, rows): (u16, usize),
    area: Rect,
    buffer: &mut Buffer,
) -> Rect {
    let width = width.min(area.width);
    let height = u16::try_from(rows)
        .unwrap_or(u16::MAX)
        .saturating_add(2)
        .min(area.height);
    let place = Rect {
        x: area.x + (area.width - width) / 2,
        y: area.y + (area.height - height) / 2,
        width,
        height,
    };
    // A blank column on either side keeps what lies below off the frame.
    let around = Rect {
        x: place.x.saturating_sub(1).max(area.x),
        width: width + 2,
        ..place
    };
    clear(around.intersection(area), buffer);
    let top = edge(ink, ("╭", "╮"), (frame.title, frame.right), width);
    let bottom = edge(ink, ("╰", "╯"), (frame.foot, frame.end), width);
    ink.put(&top, place, 0, buffer);
    ink.put(&bottom, place, height - 1, buffer);
    for row in 1..height.saturating_sub(1) {
        for x in [place.x, place.right() - 1] {
            ink.at(Part::Dim, "│", (x, place.y + row), 1, buffer);
        }
    }
    Rect {
        x: place.x + 2,
        y: place.y + 1,
        width: width.saturating_sub(4),
        height: height.saturating_sub(2),
    }
}

/// Blanks, also where a wide character reached into the frame.
fn clear(place: Rect, buffer: &mut Buffer) {
    for y in place.top()..place.bottom() {
        if let Some(cell) = place.x.checked_sub(1).and_then(|x| buffer.cell_mut((x, y)))
            && columns(cell.symbol()) > 1
        {
            cell.set_symbol(" ");
        }
        for x in place.left()..place.right() {
            if let Some(cell) = buffer.cell_mut((x, y)) {
                cell.reset();
            }
        }
    }
}

/// `╭─ title ───── right ─╮`
fn edge(
    ink: &Ink<'_>,
    (left, end): (&str, &str),
    (title, right): (&str, &str),
    width: u16,
) -> Line<'static> {
    let width = usize::from(width);
    let tail = if right.is_empty() {
        format!("─{end}")
    } else {
        format!(" {right} ─{end}")
    };
    let title = truncate(title, width.saturating_sub(columns(&tail) + 6));
    let style = if left == "╭" {
        Part::Title
    } else {
        Part::Dim
    };
    let mut spans = vec![ink.span(Part::Dim, format!("{left}─"))];
    let mut used = 2 + columns(&tail);
    if !title.is_empty() {
        used += columns(&title) + 2;
        spans.push(ink.span(style, format!(" {title} ")));
    }
    let fill = "─".repeat(width.saturating_sub(used));
    spans.push(ink.span(Part::Dim, format!("{fill}{tail}")));
    Line::from(spans)
}

/// What is typed, with the cursor; scrolled so that the cursor is seen.
pub fn input(ink: &Ink<'_>, front: &str, line: &form::Line, width: usize) -> Line<'static> {
    let room = width.saturating_sub(columns(front) + 1);
    let before: String = line.text.chars().take(line.at).collect();
    let here = line.text.chars().nth(line.at).unwrap_or(' ');
    let behind: String = line.text.chars().skip(line.at + 1).collect();
    let mut seen = before.as_str();
    // The cursor's own character may be wide.
    while columns(seen) + 1 > room {
        let mut chars = seen.chars();
        chars.next();
        seen = chars.as_str();
    }
    Line::from(vec![
        ink.span(Part::Title, front),
        Span::raw(seen.to_owned()),
        Span::styled(here.to_string(), ink.style(Part::Cursor)),
        Span::styled(behind, Style::default()),
    ])
}

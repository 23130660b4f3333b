//! The table of tools, newest first, with the cursor.

use super::super::super::model::Model;
use super::super::super::theme::Part;
use super::super::ink::{Ink, cell};
use super::duration;
use crate::domain::stats::{Closing, Stands, Stats};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// Title, width, and from which width of the pane on a column is shown.
const COLUMNS: [(&str, usize, u16); 11] = [
    ("Tool", 23, 0),
    ("Ended", 11, 94),
    ("Result", 17, 0),
    ("Cycles", 7, 0),
    ("Time", 9, 80),
    ("Money", 8, 56),
    ("Runs", 6, 100),
    ("Tests", 10, 110),
    ("Held-out", 10, 66),
    ("Cover", 8, 88),
    ("Version", 8, 118),
];

/// Draws it.
pub fn draw(model: &Model, ink: &Ink<'_>, stats: &Stats, area: Rect, buffer: &mut Buffer) {
    let count = stats.rows().count();
    let title = format!("Tools {count}");
    let rule = ink.rule(&[(Part::Title, &title)], "newest first", area.width);
    ink.put(&rule, area, 0, buffer);
    if count == 0 {
        let words = " no tool was begun yet: a adds an idea, or edit dev-factory/wishlist.json";
        return ink.put(&Line::from(ink.span(Part::Dim, words)), area, 1, buffer);
    }
    let head: String = shown(area.width)
        .map(|(title, width, _)| cell(title, *width))
        .collect();
    ink.put(
        &Line::from(ink.span(Part::Dim, format!("   {head}"))),
        area,
        1,
        buffer,
    );
    let room = usize::from(area.height.saturating_sub(2)).max(1);
    // Where not all fit, the last row says how many are out of sight.
    let fit = if count > room {
        room.saturating_sub(1).max(1)
    } else {
        room
    };
    let cursor = model.tools.cursor.min(count - 1);
    let first = (cursor + 1).saturating_sub(fit);
    let mut row = 2;
    for (at, tool) in stats.rows().rev().enumerate().skip(first).take(fit) {
        let line = tool_row(model, ink, tool, at == cursor, area.width);
        ink.put(&line, area, row, buffer);
        row += 1;
    }
    let (above, below) = (first, count.saturating_sub(first + fit));
    if above + below > 0 {
        let words = match (above, below) {
            (0, below) => format!("   {below} more"),
            (above, 0) => format!("   {above} more above"),
            (above, below) => format!("   {above} more above, {below} below"),
        };
        ink.put(&Line::from(ink.span(Part::Dim, words)), area, row, buffer);
    }
}

fn shown(width: u16) -> impl Iterator<Item = &'static (&'static str, usize, u16)> {
    COLUMNS.iter().filter(move |(_, _, from)| width >= *from)
}

fn tool_row(
    model: &Model,
    ink: &Ink<'_>,
    tool: &Closing,
    cursor: bool,
    width: u16,
) -> Line<'static> {
    let (part, sign, word) = stands(tool.stands);
    let mut spans = vec![
        Span::raw(if cursor { ">" } else { " " }),
        ink.span(part, sign),
        Span::raw(" "),
    ];
    for (title, wide, _) in shown(width) {
        let text = match *title {
            "Tool" => cell(&tool.tool, wide - 1) + " ",
            "Result" => {
                let scripted = if tool.scripted { " (script)" } else { "" };
                spans.push(ink.span(part, cell(&format!("{word}{scripted}"), *wide)));
                continue;
            }
            title => cell(&figure(model, tool, title), *wide),
        };
        spans.push(Span::raw(text));
    }
    let line = Line::from(spans);
    if cursor {
        line.style(ink.style(Part::Cursor))
    } else {
        line
    }
}

fn figure(model: &Model, tool: &Closing, column: &str) -> String {
    let of = |part: u32, whole: u32| match whole {
        0 => "-".to_owned(),
        whole => format!("{part} / {whole}"),
    };
    match column {
        "Ended" => tool.ended.map_or_else(
            || "-".to_owned(),
            |at| model.local(at).format("%a %H:%M").to_string(),
        ),
        "Cycles" => tool.cycles.to_string(),
        "Time" => duration(tool.seconds),
        "Money" => format!("${:.2}", tool.usd),
        "Runs" => tool.runs.to_string(),
        "Tests" => of(tool.passed, tool.tests),
        "Held-out" => of(tool.held_passed, tool.held_out),
        "Cover" => tool
            .coverage
            .map_or_else(|| "-".to_owned(), |c| format!("{c:.0} %")),
        "Version" => tool.version.clone().unwrap_or_else(|| "-".to_owned()),
        _ => String::new(),
    }
}

/// Style, sign and word of where a tool stands.
fn stands(stands: Stands) -> (Part, &'static str, String) {
    match stands {
        Stands::Queued => (Part::Dim, "○", "queued".to_owned()),
        Stands::Active(phase) => (Part::Active, "▸", phase.to_string()),
        Stands::Shelved => (Part::Title, "!", "waits".to_owned()),
        Stands::Parked => (Part::Title, "!", "parked".to_owned()),
        Stands::Dropped => (Part::Fail, "✗", "dropped".to_owned()),
        Stands::Shipped => (Part::Ok, "✓", "shipped".to_owned()),
    }
}

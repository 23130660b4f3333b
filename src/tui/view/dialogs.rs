//! Questions, lines of text asked for, and decisions on a tool.

use super::super::dialog::Confirm;
use super::super::form::Form;
use super::super::layer::VerdictMenu;
use super::super::theme::Part;
use super::super::update::forms::decisions;
use super::ink::{Ink, cell};
use super::window::{self, Frame};
use super::wrap;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// Widest dialog.
const WIDEST: u16 = 76;

fn width(area: Rect) -> u16 {
    area.width.saturating_sub(2).min(WIDEST)
}

fn show(ink: &Ink<'_>, frame: Frame<'_>, lines: &[Line<'_>], area: Rect, buffer: &mut Buffer) {
    let inside = window::open(ink, frame, (width(area), lines.len()), area, buffer);
    for (row, line) in (0..).zip(lines) {
        ink.put(line, inside, row, buffer);
    }
}

/// A text in rows, each a line.
fn rows(text: &str, area: Rect, most: usize) -> impl Iterator<Item = String> {
    wrap::first(text, usize::from(width(area).saturating_sub(4)), most).into_iter()
}

/// Yes or no; the focused answer is reversed and has a `>`.
pub fn confirm(ink: &Ink<'_>, confirm: &Confirm, area: Rect, buffer: &mut Buffer) {
    let mut lines: Vec<Line<'static>> = vec![Line::default()];
    for text in &confirm.lines {
        lines.extend(rows(text, area, 4).map(Line::raw));
    }
    lines.push(Line::default());
    let button = |word: &str, focused: bool| {
        let (front, part) = if focused {
            (">", Some(Part::Cursor))
        } else {
            (" ", None)
        };
        let text = format!("[ {word} ]");
        let text = part.map_or_else(
            || ink.raw(text.clone()),
            |part| ink.span(part, text.clone()),
        );
        [ink.span(Part::Title, format!("   {front} ")), text]
    };
    let mut buttons = button("No", !confirm.yes).to_vec();
    buttons.extend(button("Yes", confirm.yes));
    lines.push(Line::from(buttons));
    let frame = Frame {
        title: &confirm.title,
        foot: "y yes, n no, Tab the other",
        ..Frame::default()
    };
    show(ink, frame, &lines, area, buffer);
}

/// A line of text.
pub fn form(ink: &Ink<'_>, form: &Form, area: Rect, buffer: &mut Buffer) {
    let text = usize::from(width(area).saturating_sub(4));
    let mut lines: Vec<Line<'static>> = rows(&form.note, area, 2)
        .map(|row| Line::from(ink.span(Part::Dim, row)))
        .collect();
    lines.push(Line::default());
    lines.push(window::input(ink, "> ", &form.line, text));
    lines.push(Line::default());
    let frame = Frame {
        title: &form.title,
        foot: "Enter goes on, Esc closes",
        ..Frame::default()
    };
    show(ink, frame, &lines, area, buffer);
}

/// Decisions on a tool; those that are closed say why.
pub fn verdict(ink: &Ink<'_>, menu: &VerdictMenu, area: Rect, buffer: &mut Buffer) {
    let text = usize::from(width(area).saturating_sub(4));
    let all = decisions(menu);
    let mut lines = Vec::new();
    for (at, (word, what, closed)) in all.iter().enumerate() {
        let here = at == menu.cursor;
        let front = if here { ">" } else { " " };
        let what = match closed {
            Some(why) => format!("closed: {why}"),
            None => (*what).to_owned(),
        };
        let line = format!("{front} {}  {} {what}", at + 1, cell(word, 10));
        lines.push(match (here, closed) {
            (true, _) => Line::from(ink.span(Part::Cursor, cell(&line, text))),
            (false, Some(_)) => Line::from(ink.span(Part::Dim, line)),
            (false, None) => Line::from(Span::raw(line)),
        });
    }
    let title = format!("Verdict on {}", menu.tool);
    let state = match (menu.escalated, menu.under_way) {
        (true, _) => "escalated",
        (false, true) => "in review",
        (false, false) => "on the shelf",
    };
    let frame = Frame {
        title: &title,
        right: state,
        foot: "Enter or a number goes on, q closes",
        end: "",
    };
    show(ink, frame, &lines, area, buffer);
}

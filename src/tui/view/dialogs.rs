//! Questions, and decisions on a tool.

use super::super::dialog::Confirm;
use super::super::layer::{EndsMenu, VerdictMenu};
use super::super::model::Model;
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

/// Columns of a dialog with its frame.
pub fn width(area: Rect) -> u16 {
    area.width.saturating_sub(2).min(WIDEST)
}

/// Draws a dialog of some lines.
pub fn show(ink: &Ink<'_>, frame: Frame<'_>, lines: &[Line<'_>], area: Rect, buffer: &mut Buffer) {
    let inside = window::open(ink, frame, (width(area), lines.len()), area, buffer);
    for (row, line) in (0..).zip(lines) {
        ink.put(line, inside, row, buffer);
    }
}

/// A text in rows, each a line.
pub fn rows(text: &str, area: Rect, most: usize) -> impl Iterator<Item = String> {
    wrap::first(text, usize::from(width(area).saturating_sub(4)), most).into_iter()
}

/// Yes or no, the focused answer reversed and with a `>`; or a name to be typed.
pub fn confirm(model: &Model, ink: &Ink<'_>, confirm: &Confirm, area: Rect, buffer: &mut Buffer) {
    let mut lines: Vec<Line<'static>> = vec![Line::default()];
    for text in &confirm.lines {
        lines.extend(rows(text, area, 4).map(Line::raw));
    }
    let command = format!("= dev-factory {}", confirm.verb.line());
    let command = rows(&command, area, 2).map(|row| Line::from(ink.span(Part::Dim, row)));
    lines.extend(command);
    if let Some(words) = model.changed(&confirm.about) {
        let words = format!("✗ {words}: yes sends nothing");
        lines.extend(rows(&words, area, 2).map(|row| Line::from(ink.span(Part::Fail, row))));
    } else if let Some(words) = &confirm.problem {
        let words = format!("✗ {words}");
        lines.extend(rows(&words, area, 2).map(|row| Line::from(ink.span(Part::Fail, row))));
    }
    lines.push(Line::default());
    let foot = match &confirm.name {
        Some((name, line)) => {
            let text = usize::from(width(area).saturating_sub(4));
            let front = format!("type {name} > ");
            lines.push(window::input(ink, &front, line, text));
            "Enter when the name stands there, Esc closes"
        }
        None => {
            lines.push(buttons(ink, confirm.yes));
            "y yes, n no, Tab the other"
        }
    };
    let frame = Frame {
        title: &confirm.title,
        foot,
        ..Frame::default()
    };
    show(ink, frame, &lines, area, buffer);
}

fn buttons(ink: &Ink<'_>, yes: bool) -> Line<'static> {
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
    let mut buttons = button("No", !yes).to_vec();
    buttons.extend(button("Yes", yes));
    Line::from(buttons)
}

/// Decisions on a tool; those that are closed say why.
pub fn verdict(ink: &Ink<'_>, menu: &VerdictMenu, area: Rect, buffer: &mut Buffer) {
    let text = usize::from(width(area).saturating_sub(4));
    let all = decisions(menu);
    let mut lines = Vec::new();
    for (at, choice) in all.iter().enumerate() {
        let here = at == menu.cursor;
        let front = if here { ">" } else { " " };
        let what = match &choice.closed {
            Some(why) => format!("closed: {why}"),
            None => choice.what.clone(),
        };
        let line = format!("{front} {}  {} {what}", at + 1, cell(choice.word, 11));
        lines.push(match (here, &choice.closed) {
            (true, _) => Line::from(ink.span(Part::Cursor, cell(&line, text))),
            (false, Some(_)) => Line::from(ink.span(Part::Dim, line)),
            (false, None) => Line::from(Span::raw(line)),
        });
    }
    let title = format!("Verdict on {}", menu.tool);
    let state = match (&menu.escalation, menu.under_way) {
        (Some(_), _) => "escalated",
        (None, true) => "in review",
        (None, false) => "on the shelf",
    };
    let frame = Frame {
        title: &title,
        right: state,
        foot: "Enter or a number goes on, q closes",
        end: "",
    };
    show(ink, frame, &lines, area, buffer);
}

/// The two trees of a diff, one after the other.
pub fn ends(ink: &Ink<'_>, menu: &EndsMenu, area: Rect, buffer: &mut Buffer) {
    let text = usize::from(width(area).saturating_sub(4));
    let most = usize::from(area.height.saturating_sub(4)).max(1);
    let from = (menu.cursor + 1).saturating_sub(most);
    let rows = menu.all.iter().zip(&menu.words).enumerate();
    let mut lines = Vec::new();
    for (at, (end, words)) in rows.skip(from).take(most) {
        let here = at == menu.cursor;
        let front = if here { ">" } else { " " };
        let chosen = if menu.old == Some(*end) {
            "  (from)"
        } else {
            ""
        };
        let line = format!("{front} {words}{chosen}");
        lines.push(match here {
            true => Line::from(ink.span(Part::Cursor, cell(&line, text))),
            false => Line::from(Span::raw(line)),
        });
    }
    let frame = Frame {
        title: match menu.old {
            None => "Compare from which tree?",
            Some(_) => "And with which?",
        },
        foot: "Enter chooses, q closes",
        ..Frame::default()
    };
    show(ink, frame, &lines, area, buffer);
}

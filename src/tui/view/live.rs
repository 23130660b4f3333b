//! What a model says as it says it: the newest rows, broken within the pane.

use super::super::action::Action;
use super::super::model::Model;
use super::super::pane;
use super::super::spoken::{LOOKED_AT, below, held, words};
use super::super::tabs::{Lines, Tab, Time};
use super::super::theme::Part;
use super::ink::Ink;
use super::wrap;
use crate::domain::screen::Level;
use crate::domain::state::who;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// Columns of the time.
const CLOCK: usize = 10;

/// Heading: whose words, thinking or writing, and how lines are shown where that is not as usual.
pub fn title(model: &Model) -> String {
    let Lines { wrap, time } = model.logs.lines;
    let cut = if wrap { "" } else { ", long lines cut" };
    let times = match time {
        Time::Local => String::new(),
        _ => format!(", {}", pane::times(model)),
    };
    format!("{}{cut}{times}", whose(model))
}

fn whose(model: &Model) -> String {
    let worker = model
        .snapshot
        .as_ref()
        .and_then(|s| s.attempt.as_ref())
        .map(|attempt| attempt.role.name());
    if let Some(below) = held(model) {
        let key = model.keys.or(Action::Bottom, "the newest");
        return match below {
            0 => format!("held, {key} follows"),
            below => format!("{below} below, {key} follows"),
        };
    }
    match words(model).next() {
        // The gates measure, another has begun, or nobody works.
        Some(row) if worker != Some(&*row.from) => format!("{} spoke last", speaker(&row.from)),
        Some(row) if row.level == Level::Thought => format!("{}, thinking", speaker(&row.from)),
        Some(row) => format!("{}, writing", speaker(&row.from)),
        None => "silent".to_owned(),
    }
}

/// Said where there is nothing to show.
pub fn silent(model: &Model) -> String {
    let key = model.keys.or(Action::Go(Tab::Logs), "");
    let logs = format!("{key} {}", Tab::Logs.name());
    let logs = logs.trim_start();
    match model.book.newest().nth(LOOKED_AT - 1) {
        Some(_) => format!(" no model spoke in the last {LOOKED_AT} lines; {logs} has them"),
        None => format!(" no model spoke yet: words come here; {logs} has the rest"),
    }
}

fn speaker(from: &str) -> &str {
    match from {
        "developer" => "Developer",
        "qa" => "QA",
        "supervisor" => "Supervisor",
        other => who(other),
    }
}

/// The newest rows that fit, oldest first.
pub fn lines(model: &Model, ink: &Ink<'_>, width: usize, rows: usize) -> Vec<Line<'static>> {
    let text = width.saturating_sub(CLOCK + 1).max(1);
    let mut lines: Vec<Line<'static>> = Vec::new();
    let mut stamp = None;
    // From the newest upwards; only what will be seen is made.
    for row in words(model).skip(below(model)).take(rows) {
        let clock = pane::clock(model, row.at);
        let broken = match model.logs.lines.wrap {
            true => wrap::last(&row.text, text, rows - lines.len()),
            // What does not fit is cut where it is drawn.
            false => vec![row.text.clone()],
        };
        // A time stands where it differs from the row above; going upwards that is known one row later.
        if stamp.as_ref() == Some(&clock)
            && let Some(below) = lines.last_mut()
        {
            below.spans.remove(0);
            below.spans.insert(0, Span::raw(" ".repeat(CLOCK)));
        }
        for (at, words) in broken.iter().enumerate().rev() {
            let front = if at == 0 {
                format!(" {clock} ")
            } else {
                " ".repeat(CLOCK)
            };
            lines.push(Line::from(vec![
                ink.span(Part::Dim, front),
                ink.words(words),
            ]));
        }
        stamp = Some(clock);
        if lines.len() >= rows {
            break;
        }
    }
    lines.reverse();
    lines
}

/// The live text alone.
pub fn alone(model: &Model, ink: &Ink<'_>, area: Rect, buffer: &mut Buffer) {
    let key = model.keys.first(Action::Zoom);
    let again = key.map_or_else(String::new, |key| format!("{key} everything again"));
    let title = title(model);
    let titles = [(Part::Title, "Live"), (Part::Dim, title.as_str())];
    let rule = ink.rule(&titles, &again, area.width);
    ink.put(&rule, area, 0, buffer);
    let rows = usize::from(area.height.saturating_sub(1));
    let lines = lines(model, ink, usize::from(area.width), rows);
    if lines.is_empty() {
        let words = Line::from(ink.span(Part::Dim, silent(model)));
        ink.put(&words, area, 1, buffer);
    }
    for (row, line) in (1..).zip(&lines) {
        ink.put(line, area, row, buffer);
    }
}

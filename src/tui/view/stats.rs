//! The Stats tab: the shift, all time, days as columns, and a table of tools.

mod days;
pub(super) mod lifetime;
mod tools;

use super::super::action::Action;
use super::super::model::Model;
use super::super::theme::Part;
use super::ink::Ink;
use super::{WIDE, shift, wrap};
use crate::domain::figures::Figures;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

/// While there are no figures yet.
const LOADING: [&str; 3] = [
    "reading the journal",
    "what was shipped, parked and spent will stand here, and a row for each tool",
    "a long journal takes a while the first time; the other tabs work meanwhile",
];
/// What mends a journal that cannot be read.
const UNREAD: &str =
    "dev-factory verify says what is wrong with the journal, verify --repair mends it";
/// Columns of the left panes where there are two.
const LEFT: u16 = 66;
/// Rows from which there are two columns of panes.
const TALL: u16 = 26;

/// Draws it.
pub fn draw(model: &Model, ink: &Ink<'_>, area: Rect, buffer: &mut Buffer) {
    let figures = match &model.figures {
        Some(Ok(figures)) => figures,
        Some(Err(why)) => {
            let words = format!("the figures could not be made: {why}");
            let words = [(Part::Fail, words.as_str()), (Part::Dim, UNREAD)];
            return said(ink, &words, area, buffer);
        }
        None => {
            let words = LOADING.map(|words| (Part::Dim, words));
            return said(ink, &words, area, buffer);
        }
    };
    if model.zoom {
        return tools::draw(model, ink, area, buffer);
    }
    let end = if area.width >= WIDE && area.height >= TALL {
        two_columns(model, ink, figures, area, buffer)
    } else {
        one_column(model, ink, figures, area, buffer)
    };
    tools::draw(model, ink, below(area, end), buffer);
    if area.width >= WIDE && area.height >= TALL {
        edge(ink, area, end, "┴", buffer);
    }
}

/// Sentences in place of figures, each of as many rows as it takes.
fn said(ink: &Ink<'_>, all: &[(Part, &str)], area: Rect, buffer: &mut Buffer) {
    let width = usize::from(area.width).saturating_sub(2);
    let rows = all.iter().flat_map(|(part, words)| {
        let rows = wrap::first(words, width, 3).into_iter();
        rows.map(|row| Line::from(ink.span(*part, format!(" {row}"))))
    });
    put_all(ink, &rows.collect::<Vec<_>>(), area, 0, buffer);
}

/// One below the other; the row behind them.
fn one_column(
    model: &Model,
    ink: &Ink<'_>,
    figures: &Figures,
    area: Rect,
    buffer: &mut Buffer,
) -> u16 {
    let mut top = 0;
    let width = area.width;
    if model.shows_shift() {
        let title = shift::title(model, figures);
        let key = model.keys.first(Action::Read);
        let marks = key.map_or_else(String::new, |key| format!("{key} marks it as read"));
        let rule = ink.rule(&[(Part::Title, &title)], &marks, width);
        ink.put(&rule, area, top, buffer);
        let rows = shift::few(model, ink, figures, width);
        top = put_all(ink, &rows, area, top + 1, buffer);
    }
    let title = lifetime::title(figures);
    let rule = ink.rule(&[(Part::Title, &title)], &days::title(model, width), width);
    ink.put(&rule, area, top, buffer);
    let mut rows = match lifetime::begun(&figures.stats) {
        true => lifetime::few(model, ink, figures),
        false => unbegun(model, ink, lifetime::WHAT, width),
    };
    if !model.shows_shift() {
        rows.truncate(4);
    }
    put_all(ink, &rows, area, top + 1, buffer)
}

/// Shift and days at the left, all time at the right; the row behind them.
fn two_columns(
    model: &Model,
    ink: &Ink<'_>,
    figures: &Figures,
    area: Rect,
    buffer: &mut Buffer,
) -> u16 {
    let left = Rect {
        width: LEFT,
        ..area
    };
    let right = Rect {
        x: area.x + LEFT + 1,
        width: area.width - LEFT - 1,
        ..area
    };
    // Words that are cut do not touch the line between the columns.
    let words = Rect {
        width: LEFT - 1,
        ..area
    };
    let title = shift::title(model, figures);
    let rule = ink.rule(&[(Part::Title, &title)], "", LEFT);
    ink.put(&rule, left, 0, buffer);
    let rows = shift::rows(model, ink, figures, words.width);
    let top = put_all(ink, &rows, words, 1, buffer);
    let rule = ink.rule(&[(Part::Title, "Days")], &days::title(model, LEFT), LEFT);
    ink.put(&rule, left, top, buffer);
    let begun = lifetime::begun(&figures.stats);
    let rows = match begun {
        true => days::rows(model, ink, figures),
        false => unbegun(model, ink, days::WHAT, LEFT - 1),
    };
    let end = put_all(ink, &rows, words, top + 1, buffer);
    let title = lifetime::title(figures);
    let rule = ink.rule(&[(Part::Title, &title)], "", right.width);
    ink.put(&rule, right, 0, buffer);
    let rows = match begun {
        true => lifetime::rows(ink, figures),
        false => unbegun(model, ink, lifetime::WHAT, right.width),
    };
    let end = end.max(put_all(ink, &rows, right, 1, buffer));
    for row in 0..end {
        let sign = match row {
            0 => "┬",
            row if row == top => "┤",
            _ => "│",
        };
        edge(ink, area, row, sign, buffer);
    }
    end
}

fn edge(ink: &Ink<'_>, area: Rect, row: u16, sign: &str, buffer: &mut Buffer) {
    let place = Rect {
        x: area.x + LEFT,
        width: 1,
        ..area
    };
    ink.put(&Line::from(ink.span(Part::Dim, sign)), place, row, buffer);
}

/// Rows one below the other from a row on; the row behind them.
fn put_all(ink: &Ink<'_>, lines: &[Line<'_>], area: Rect, top: u16, buffer: &mut Buffer) -> u16 {
    let mut row = top;
    for line in lines {
        ink.put(line, area, row, buffer);
        row = row.saturating_add(1);
    }
    row
}

fn below(area: Rect, rows: u16) -> Rect {
    let rows = rows.min(area.height);
    Rect {
        y: area.y + rows,
        height: area.height - rows,
        ..area
    }
}

/// In place of rows while no tool was begun: what will stand there, and how it comes there.
pub(super) fn unbegun(model: &Model, ink: &Ink<'_>, what: &str, width: u16) -> Vec<Line<'static>> {
    let words = format!("{what} will stand here; {}", model.adds_ideas());
    let rows = wrap::first(&words, usize::from(width).saturating_sub(2), 4).into_iter();
    let line = |row| Line::from(ink.span(Part::Dim, format!(" {row}")));
    rows.map(line).collect()
}

/// Figures as columns, the largest one highest; unknown ones are blank.
pub(super) fn columns(figures: &[Option<f64>]) -> String {
    const STEPS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let most = figures.iter().flatten().copied().fold(0.0, f64::max);
    let step = |figure: &Option<f64>| {
        let figure = (*figure)?;
        let share = if most > 0.0 { figure / most } else { 0.0 };
        STEPS.get((share * 7.0).round() as usize).copied()
    };
    figures.iter().map(|f| step(f).unwrap_or(' ')).collect()
}

/// 48 min, 1 h 02, 40 s.
fn duration(seconds: f64) -> String {
    let whole = seconds.max(0.0).round() as u64;
    match whole {
        0..60 => format!("{whole} s"),
        60..3600 => format!("{} min", whole / 60),
        _ => format!("{} h {:02}", whole / 3600, whole % 3600 / 60),
    }
}

/// 83 %.
pub(super) fn percent(part: u64, whole: u64) -> String {
    match whole {
        0 => "-".to_owned(),
        whole => format!("{:.0} %", part as f64 * 100.0 / whole as f64),
    }
}

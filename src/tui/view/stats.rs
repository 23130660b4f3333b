//! The Stats tab: the last day, all time, fourteen days as columns, and a table of tools.

mod lifetime;
mod recent;
mod tools;

use super::super::model::Model;
use super::super::theme::Part;
use super::WIDE;
use super::ink::Ink;
use crate::domain::stats::{Share, Stats};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

/// Days shown as columns.
const DAYS: usize = 14;
/// Columns of the left panes where there are two.
const LEFT: u16 = 66;
/// Rows from which there are two columns of panes.
const TALL: u16 = 26;
/// Rows from which a single column shows the last day too.
const MIDDLE: u16 = 18;

/// Draws it.
pub fn draw(model: &Model, ink: &Ink<'_>, area: Rect, buffer: &mut Buffer) {
    let stats = match &model.stats {
        Some((_, Ok(stats))) => stats,
        Some((_, Err(why))) => {
            let words = format!(" the figures could not be made: {why}");
            return ink.put(&Line::from(ink.span(Part::Fail, words)), area, 0, buffer);
        }
        None => {
            let words = ink.span(Part::Dim, " reading the journal");
            return ink.put(&Line::from(words), area, 0, buffer);
        }
    };
    if area.width >= WIDE && area.height >= TALL {
        return two_columns(model, ink, stats, area, buffer);
    }
    let mut top = 0;
    let width = area.width;
    if area.height >= MIDDLE {
        let title = [(Part::Title, "Last 24 hours")];
        ink.put(&ink.rule(&title, "", width), area, top, buffer);
        let rows = recent::few(model, ink, stats);
        top = put_all(ink, &rows, area, top + 1, buffer);
    }
    let title = lifetime::title(stats);
    let right = if width >= 80 {
        "14 days, one column a day"
    } else {
        "14 days"
    };
    ink.put(
        &ink.rule(&[(Part::Title, &title)], right, width),
        area,
        top,
        buffer,
    );
    let mut rows = lifetime::few(model, ink, stats);
    if area.height < MIDDLE {
        rows.truncate(4);
    }
    top = put_all(ink, &rows, area, top + 1, buffer);
    tools::draw(model, ink, stats, below(area, top), buffer);
}

fn two_columns(model: &Model, ink: &Ink<'_>, stats: &Stats, area: Rect, buffer: &mut Buffer) {
    let left = Rect {
        width: LEFT,
        ..area
    };
    let right = Rect {
        x: area.x + LEFT + 1,
        width: area.width - LEFT - 1,
        ..area
    };
    let recent = recent::rows(model, ink, stats);
    let days = recent::days(model, ink, stats);
    let all = lifetime::rows(ink, stats);
    ink.put(
        &ink.rule(&[(Part::Title, "Last 24 hours")], "", LEFT),
        left,
        0,
        buffer,
    );
    let top = put_all(ink, &recent, left, 1, buffer);
    let title = ink.rule(&[(Part::Title, "Days")], "14 days, one column a day", LEFT);
    ink.put(&title, left, top, buffer);
    let end = put_all(ink, &days, left, top + 1, buffer);
    let title = lifetime::title(stats);
    ink.put(
        &ink.rule(&[(Part::Title, &title)], "", right.width),
        right,
        0,
        buffer,
    );
    let end = end.max(put_all(ink, &all, right, 1, buffer));
    for row in 0..end {
        let sign = match row {
            0 => "┬",
            row if row == top => "┤",
            _ => "│",
        };
        let edge = Rect {
            x: area.x + LEFT,
            width: 1,
            ..area
        };
        ink.put(&Line::from(ink.span(Part::Dim, sign)), edge, row, buffer);
    }
    tools::draw(model, ink, stats, below(area, end), buffer);
    let edge = Rect {
        x: area.x + LEFT,
        width: 1,
        ..area
    };
    ink.put(&Line::from(ink.span(Part::Dim, "┴")), edge, end, buffer);
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

/// The last fourteen days, oldest first.
fn last_days(model: &Model, stats: &Stats) -> Vec<Share> {
    stats
        .days
        .last(DAYS, model.now, |time| model.local(time).date())
}

/// Figures as columns, the largest one highest; unknown ones are blank.
fn columns(figures: &[Option<f64>]) -> String {
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
fn percent(part: u64, whole: u64) -> String {
    match whole {
        0 => "-".to_owned(),
        whole => format!("{:.0} %", part as f64 * 100.0 / whole as f64),
    }
}

/// A name and what is to be said of it.
fn named<'a>(ink: &Ink<'_>, sign: (Part, &str), name: &str, words: String) -> Line<'a> {
    Line::from(vec![
        ink.span(sign.0, format!(" {} ", sign.1)),
        ink.span(Part::Dim, super::ink::cell(name, 14)),
        ratatui::text::Span::raw(words),
    ])
}

//! The Logs tab: one rule that says what is shown, the rows, one rule that says where one stands.

use super::super::action::Action;
use super::super::book::Row;
use super::super::model::{Engine, Model};
use super::super::mouse::Hit;
use super::super::pane::{self, Window};
use super::super::tabs::Time;
use super::super::theme::Part;
use super::ink::{Ink, cell};
use super::wrap;
use crate::domain::screen::Level;
use crate::text::width::columns;
use chrono::{DateTime, Utc};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// Columns from which a rule also names filters that are not set.
const ROOMY: u16 = 80;

/// Draws it.
pub fn draw(model: &Model, ink: &Ink<'_>, area: Rect, buffer: &mut Buffer) {
    let window = pane::window(model);
    let below = (model.book.count() - window.behind) as u64 + model.book.skipped();
    ink.put(&title(model, ink, below, area.width), area, 0, buffer);
    let rows = Rect {
        y: area.y + 1,
        height: area.height.saturating_sub(2),
        ..area
    };
    if model.book.count() == 0 {
        let words = wrap::first(
            &nothing(model),
            usize::from(area.width).saturating_sub(1),
            3,
        );
        for (row, words) in (0..).zip(words) {
            ink.put(
                &Line::from(ink.span(Part::Dim, format!(" {words}"))),
                rows,
                row,
                buffer,
            );
        }
    } else {
        draw_rows(model, ink, window, rows, buffer);
    }
    let last = area.height.saturating_sub(1);
    ink.put(&place(model, ink, below, area.width), area, last, buffer);
}

fn draw_rows(model: &Model, ink: &Ink<'_>, window: Window, area: Rect, buffer: &mut Buffer) {
    let cursor = model
        .logs
        .end
        .map(|end| model.book.up_to(Some(end)).max(1) - 1);
    let (mut line, mut skip) = (0, window.skip);
    for at in window.first..window.behind {
        let Some(row) = model.book.wanted(at) else {
            return;
        };
        let before = at.checked_sub(1).and_then(|at| model.book.wanted(at));
        let goes_on = row.detail() && before.is_some_and(|before| before.id + 1 == row.id);
        for text in row_lines(model, ink, row, (cursor == Some(at), goes_on)) {
            if skip > 0 {
                skip -= 1;
            } else if line < area.height {
                ink.hit(area, line, Hit::Line(row.id));
                ink.put(&text, area, line, buffer);
                line += 1;
            }
        }
    }
}

/// What is shown, and whether it follows.
fn title(model: &Model, ink: &Ink<'_>, below: u64, width: u16) -> Line<'static> {
    let filter = model.book.filter();
    let mut titles = vec![(Part::Title, "Logs".to_owned())];
    let level = filter.level.map(level_name);
    let named = [
        ("agent", filter.from.as_deref()),
        ("tool", filter.tool.as_deref()),
        ("level", level),
    ];
    for (name, chosen) in named {
        match chosen {
            Some(chosen) => titles.push((Part::Active, format!("{name} {chosen}"))),
            // In little room a tool is named only when it is chosen.
            None if width >= ROOMY && (name != "tool" || pane::wide(model)) => {
                titles.push((Part::Dim, format!("{name} all")))
            }
            None => {}
        }
    }
    if !filter.text.is_empty() {
        let (at, count) = (model.book.up_to(model.logs.end), model.book.count());
        titles.push((Part::Active, format!("/{} {at} of {count}", filter.text)));
    }
    let (part, right) = match model.logs.end {
        None => (Part::Active, "FOLLOW".to_owned()),
        Some(_) if below > 0 && pane::wide(model) => (
            Part::Title,
            format!("follow OFF, +{} new below", grouped(below)),
        ),
        Some(_) => (Part::Title, "follow OFF".to_owned()),
    };
    let titles: Vec<(Part, &str)> = titles
        .iter()
        .map(|(part, text)| (*part, text.as_str()))
        .collect();
    let mut line = ink.rule(&titles, &right, width);
    if let Some(span) = line.spans.last_mut()
        && span.content.contains(&right)
    {
        *span = ink.span(part, format!(" {right} "));
        line.spans.push(ink.span(Part::Dim, "─"));
    }
    line
}

/// Where one stands among what is in memory and on disk.
fn place(model: &Model, ink: &Ink<'_>, below: u64, width: u16) -> Line<'static> {
    let book = &model.book;
    let lines = format!(
        "{} of {} lines",
        grouped(book.up_to(model.logs.end) as u64),
        grouped(book.count() as u64)
    );
    let disk = match (&model.logs.before, model.logs.loading) {
        (_, true) => "reading older ones",
        (Some(None), false) => "none older on disk",
        (_, false) => "older ones on disk",
    };
    if !pane::wide(model) {
        let left = match below {
            0 => disk.to_owned(),
            below => format!(
                "+{} new below, {} to follow",
                grouped(below),
                follow_keys(model)
            ),
        };
        let lines = match day(model) {
            Some(day) => format!("{day}, {lines}"),
            None => lines,
        };
        return ink.rule(&[(Part::Dim, &left)], &lines, width);
    }
    let newest = match book.skipped() {
        0 => String::new(),
        skipped => format!(
            ", {} newest on disk, {} goes there",
            grouped(skipped),
            model.keys.or(Action::Bottom, "following")
        ),
    };
    let lines = match book.count() == book.len() {
        true => format!("{lines} in memory"),
        false => format!("{lines} found in {}", grouped(book.len() as u64)),
    };
    let left = format!("{lines}, {disk}{newest}");
    let time = pane::times(model);
    let time = match day(model) {
        Some(day) => format!("{day}, {time}"),
        None => time.to_owned(),
    };
    let right = match (model.logs.lines.wrap, model.logs.left) {
        (true, _) => time,
        (false, 0) => format!("long lines cut, {time}"),
        (false, left) => format!("from column {}, {time}", left + 1),
    };
    ink.rule(&[(Part::Dim, &left)], &right, width)
}

/// The day of the row of the cursor, else of the last one, where that is not today.
fn day(model: &Model) -> Option<String> {
    let at = model.book.up_to(model.logs.end).checked_sub(1)?;
    let row = model.book.wanted(at)?;
    let day = |at: DateTime<Utc>| match model.logs.lines.time {
        Time::Utc => at.date_naive(),
        _ => model.local(at).date(),
    };
    let (then, today) = (day(row.at), day(model.now));
    (then != today).then(|| then.format("%a %-d %b").to_string())
}

/// Keys that follow again.
fn follow_keys(model: &Model) -> String {
    let keys = [Action::Follow, Action::Bottom].map(|action| model.keys.first(action));
    let named: Vec<String> = keys.iter().flatten().map(ToString::to_string).collect();
    match named.is_empty() {
        true => "down".to_owned(),
        false => named.join(" or "),
    }
}

fn nothing(model: &Model) -> String {
    match (model.book.is_empty(), model.logs.loading) {
        (_, true) => "reading what was said before".to_owned(),
        (true, false) => {
            let begins = match model.engine {
                Engine::Gone => model.starts_it(),
                _ => model.adds_ideas(),
            };
            format!(
                "nothing was said yet: the engine writes here what it does, and models what they say. {begins}"
            )
        }
        (false, false) => format!(
            "no line here fits what is looked for; {} shows all again",
            model.keys.or(Action::Close, "an empty search")
        ),
    }
}

/// One row as lines of the pane.
fn row_lines<'a>(
    model: &Model,
    ink: &Ink<'_>,
    row: &'a Row,
    (cursor, goes_on): (bool, bool),
) -> Vec<Line<'a>> {
    let sign = if cursor { ">" } else { " " };
    let mut spans = vec![Span::raw(sign)];
    if goes_on {
        // What goes on with the line above needs no label.
        spans.push(Span::raw(" ".repeat(pane::label(model) - 1)));
    } else {
        let word = row.word();
        let speaker = cell(speaker(&row.from), 5);
        spans.extend([
            ink.span(Part::Dim, format!("{} ", pane::clock(model, row.at))),
            part_of(row).map_or_else(|| ink.raw(word), |part| ink.span(part, word)),
            ink.raw(format!(" {speaker} ")),
        ]);
    }
    if pane::wide(model) && !goes_on {
        let tool = row.tool.as_deref().unwrap_or_default();
        spans.push(Span::raw(format!("{} ", cell(tool, pane::TOOL))));
    }
    let prefix = pane::prefix(model, row);
    let style = match row.level {
        Level::Stream => ink.style(Part::Words),
        Level::Thought => ink.style(Part::Words).patch(ink.style(Part::Dim)),
        Level::Error => ink.style(Part::Fail),
        _ => ratatui::style::Style::new(),
    };
    let texts = if model.logs.lines.wrap {
        let before = columns(&prefix);
        pane::wrapped(&row.text, pane::width(model), before)
    } else {
        vec![pane::behind(&row.text, model.logs.left)]
    };
    let whole = if cursor {
        ink.style(Part::Cursor)
    } else {
        ratatui::style::Style::new()
    };
    let margin = " ".repeat(pane::label(model));
    let mut lines = Vec::with_capacity(texts.len());
    for (n, text) in texts.into_iter().enumerate() {
        let mut line = if n == 0 {
            let mut first = std::mem::take(&mut spans);
            first.push(Span::raw(prefix.clone()));
            first
        } else {
            vec![Span::raw(margin.clone())]
        };
        line.push(Span::styled(text, style));
        lines.push(Line::from(line).style(whole));
    }
    lines
}

/// The style of a row's word, where it has one.
fn part_of(row: &Row) -> Option<Part> {
    match row.word() {
        "text" | "thnk" => Some(Part::Words),
        "GATE" => Some(Part::Ok),
        "FAIL" | "ALRM" => Some(Part::Fail),
        "MOVE" => Some(Part::Active),
        "WARN" | "RULE" | "YOU " => Some(Part::Title),
        _ => None,
    }
}

/// A level in a word.
const fn level_name(level: Level) -> &'static str {
    match level {
        Level::Stream | Level::Thought => "text",
        Level::Info => "info",
        Level::Move => "move",
        Level::Warn => "warn",
        Level::Error => "error",
    }
}

/// Who spoke, in few letters; the engine is not named.
fn speaker(from: &str) -> &str {
    match from.split(':').next().unwrap_or_default() {
        "developer" => "dev",
        "supervisor" => "sup",
        "operator" => "oper",
        "engine" => "",
        other => other,
    }
}

/// 41,208.
fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut out = String::new();
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

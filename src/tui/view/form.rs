//! Fields to be filled: one line of text alone, or several fields below each other.

use super::super::draft;
use super::super::form::{Field, For, Form, Value};
use super::super::model::Model;
use super::super::theme::Part;
use super::dialogs::{rows, show, width};
use super::ink::{Ink, cell};
use super::window::{self, Frame};
use crate::domain::command::Verb;
use crate::text::width::columns;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// Draws it.
pub fn draw(model: &Model, ink: &Ink<'_>, form: &Form, area: Rect, buffer: &mut Buffer) {
    let text = usize::from(width(area).saturating_sub(4));
    let mut lines: Vec<Line<'static>> = rows(&form.note, area, 2)
        .filter(|row| !row.is_empty())
        .map(|row| Line::from(ink.span(Part::Dim, row)))
        .collect();
    if let Some(used) = used(model, form) {
        lines.extend(rows(&used, area, 2).map(Line::raw));
    }
    lines.push(Line::default());
    match form.fields.as_slice() {
        [only] => lines.push(field(ink, only, "> ", true, text)),
        all => lines.extend(several(ink, form, all, text)),
    }
    let changed = model.changed(&form.about);
    let problem = changed.map(|words| format!("{words}: nothing will be sent"));
    match problem.or_else(|| form.problem.clone()) {
        Some(words) => lines.extend(
            rows(&format!("✗ {words}"), area, 3).map(|row| Line::from(ink.span(Part::Fail, row))),
        ),
        None => lines.push(Line::default()),
    }
    let foot = match form.fields.len() {
        1 => "Enter goes on, Esc closes",
        _ => "Enter goes on, Tab the next field, Esc closes",
    };
    let frame = Frame {
        title: &form.title,
        foot,
        ..Frame::default()
    };
    show(ink, frame, &lines, area, buffer);
}

fn several(ink: &Ink<'_>, form: &Form, all: &[Field], text: usize) -> Vec<Line<'static>> {
    let widest = all.iter().map(|one| columns(one.label)).max().unwrap_or(0);
    let row = |(at, one): (usize, &Field)| {
        let here = at == form.at;
        let front = if here { "> " } else { "  " };
        let front = format!("{front}{}  ", cell(one.label, widest));
        field(ink, one, &front, here, text)
    };
    all.iter().enumerate().map(row).collect()
}

fn field(ink: &Ink<'_>, field: &Field, front: &str, here: bool, text: usize) -> Line<'static> {
    match &field.value {
        Value::Text(line) if here => {
            let mut row = window::input(ink, front, line, text);
            if line.text.is_empty() {
                row.spans
                    .push(ink.span(Part::Dim, format!(" {}", field.hint)));
            }
            row
        }
        Value::Text(line) if line.text.is_empty() => Line::from(vec![
            ink.span(Part::Dim, front),
            ink.span(Part::Dim, field.hint),
        ]),
        Value::Text(line) => Line::from(vec![
            ink.span(Part::Dim, front),
            Span::raw(line.text.clone()),
        ]),
        Value::Choice(options, at) => choice(ink, options, *at, (front, here), text),
    }
}

/// All options where they fit, the chosen one in brackets; else the chosen one with its neighbours out of sight.
fn choice(
    ink: &Ink<'_>,
    options: &[String],
    chosen: usize,
    (front, here): (&str, bool),
    text: usize,
) -> Line<'static> {
    let label = if here { Part::Title } else { Part::Dim };
    let mut spans = vec![ink.span(label, front)];
    let whole: usize = options.iter().map(|one| columns(one) + 4).sum();
    let part = if here { Part::Cursor } else { Part::Title };
    if columns(front) + whole > text {
        let word = options.get(chosen).cloned().unwrap_or_default();
        spans.push(ink.span(part, format!("[ {word} ]")));
        let place = format!("  {} of {}", chosen + 1, options.len());
        spans.push(ink.span(Part::Dim, place));
        return Line::from(spans);
    }
    for (at, word) in options.iter().enumerate() {
        spans.push(match at == chosen {
            true => ink.span(part, format!("[ {word} ]")),
            false => ink.span(Part::Dim, format!("  {word}  ")),
        });
    }
    Line::from(spans)
}

/// What is used of the limit that is chosen.
fn used(model: &Model, form: &Form) -> Option<String> {
    let For::Command(Verb::Budget { .. }) = &form.purpose else {
        return None;
    };
    let known = draft::used(model, form).map(|line| line.words());
    Some(known.unwrap_or_else(|| "what it has used is not known here".to_owned()))
}

//! The last line: the keys that work now, or for a while what the engine answered.

use super::super::action::{Action, Place};
use super::super::form::Field;
use super::super::layer::Layer;
use super::super::model::Model;
use super::super::offer;
use super::super::tabs::{Focus, Tab};
use super::super::theme::Part;
use super::super::update::needs::entry;
use super::WIDE;
use super::ink::Ink;
use crate::text::plural::plural;
use crate::text::width::columns;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// Draws it.
pub fn draw(model: &Model, ink: &Ink<'_>, area: Rect, buffer: &mut Buffer) {
    let line = match (&model.answer, model.layers.last()) {
        (Some((answer, _)), _) if answer.accepted => {
            Line::from(vec![ink.span(Part::Ok, " ✓ "), ink.raw(&answer.sentence)])
        }
        (Some((answer, _)), _) => Line::from(vec![
            ink.span(Part::Fail, " ✗ "),
            ink.raw(format!("refused: {}", answer.sentence)),
        ]),
        (None, _) if model.saving.is_some() => saving(model, ink),
        (None, _) if model.sending() => {
            Line::from(ink.span(Part::Dim, " sent; waiting for the engine's answer"))
        }
        (None, Some(layer)) => keys(ink, &of_layer(model, layer), usize::from(area.width)),
        (None, None) => tab(model, ink, area.width),
    };
    ink.put(&line, area, 0, buffer);
}

/// How far it is, and what stops it.
fn saving(model: &Model, ink: &Ink<'_>) -> Line<'static> {
    let far = match model.saving {
        None | Some(0) => "looking for the oldest line on disk".to_owned(),
        Some(lines) => format!("{} saved", plural(lines, "line")),
    };
    let stop = model.keys.or(Action::Save, "leaving");
    Line::from(ink.span(Part::Dim, format!(" saving: {far}; {stop} stops")))
}

fn of_layer(model: &Model, layer: &Layer) -> Vec<(String, &'static str)> {
    let fixed: &[(&str, &str)] = match layer {
        Layer::Help(_) => &[("j k", "scroll"), ("q", "close")],
        Layer::Needs(card) => {
            let count = model.snapshot.as_ref().map_or(0, |s| s.needs.len());
            let here = entry(model, card);
            let choose = here.map(|_| ("1-9".to_owned(), "choose"));
            let next = count > usize::from(here.is_some());
            let next = next.then(|| (model.keys.or(Action::Needs, "j"), "next"));
            let close = [("q".to_owned(), "close")];
            return choose.into_iter().chain(next).chain(close).collect();
        }
        Layer::Palette(_) => &[
            ("Enter", "send or complete"),
            ("Up Down", "choose"),
            ("Esc", "close"),
        ],
        Layer::Confirm(confirm) if confirm.name.is_some() => {
            &[("Enter", "when the name stands there"), ("Esc", "close")]
        }
        Layer::Confirm(_) => &[
            ("y", "yes"),
            ("n", "no"),
            ("Tab", "the other"),
            ("Enter", "the focused one"),
        ],
        Layer::Form(form) if form.fields.len() > 1 => &[
            ("Enter", "go on"),
            ("Tab", "next field"),
            ("Left Right", "choose"),
            ("Esc", "close"),
        ],
        Layer::Form(form) if form.fields.iter().any(Field::is_choice) => &[
            ("Enter", "go on"),
            ("Left Right", "choose"),
            ("Esc", "close"),
        ],
        Layer::Form(_) => &[("Enter", "go on"), ("Ctrl-u", "empty"), ("Esc", "close")],
        Layer::Editor(_) => &[
            ("Ctrl-d", "done"),
            ("Esc", "close"),
            ("Enter", "new line"),
            ("Ctrl-z", "undo"),
            ("Ctrl-x", "$EDITOR"),
        ],
        Layer::Ends(_) => &[("j k", "choose"), ("Enter", "go on"), ("q", "close")],
        Layer::Verdict(_) => &[("j k", "choose"), ("Enter", "go on"), ("q", "close")],
        Layer::Themes(_) => &[("j k", "try"), ("Enter", "keep"), ("q", "as before")],
    };
    let named = fixed.iter().map(|(key, word)| ((*key).to_owned(), *word));
    named.collect()
}

/// Columns of a key and its word.
fn wide((key, word): &(String, &str)) -> usize {
    columns(key) + columns(word) + 4
}

fn keys(ink: &Ink<'_>, all: &[(String, &str)], width: usize) -> Line<'static> {
    let mut spans = Vec::new();
    let mut used = 0;
    for pair @ (key, word) in all {
        if used + wide(pair) > width {
            break;
        }
        used += wide(pair);
        spans.push(Span::raw(" "));
        spans.push(ink.span(Part::Title, key.as_str()));
        spans.push(ink.span(Part::Dim, format!(" {word}  ")));
    }
    Line::from(spans)
}

/// The keys of a tab that do something now, as many as fit; the ways to all others and out always stand last.
fn tab(model: &Model, ink: &Ink<'_>, width: u16) -> Line<'static> {
    let mut all = Vec::new();
    let mut last = Vec::new();
    // What the cursor is on comes before the tool under way, and what a log can do before both.
    let (mut first, mut behind) = (Vec::new(), Vec::new());
    for (row, own) in model.keys.rows() {
        let Some((key, word)) = own.first().zip(offer::word(model, row)) else {
            continue;
        };
        let key = key.to_string();
        match row.action {
            Action::Leave if width < WIDE && word != "back" => {
                last.push((key, "leave"));
            }
            // Pairs stand together.
            Action::Earlier => all.push((model.keys.pair(Action::Earlier, Action::Later), "scrub")),
            Action::SectionOn => {
                all.push((
                    model.keys.pair(Action::SectionBack, Action::SectionOn),
                    "section",
                ));
            }
            Action::Next => all.push((model.keys.pair(Action::Next, Action::Previous), word)),
            Action::Previous => {}
            Action::Later | Action::PhaseBack | Action::PhaseOn | Action::SectionBack => {}
            // The tabs have their numbers in the first line; how to move is known, or in the help.
            action if action.moves() => {}
            Action::Suspend | Action::Redraw | Action::Theme | Action::Mouse => {}
            Action::Palette | Action::Help | Action::Leave => last.push((key, word)),
            action if action.of_item() && model.on(Focus::Queue) => {
                first.push((key, word));
            }
            // They are named while the live text has the focus.
            Action::Follow | Action::Wrap | Action::Time if model.tab == Tab::Factory => {
                first.push((key, word));
            }
            _ if model.tab == Tab::Logs && row.place == Place::All => behind.push((key, word)),
            _ => all.push((key, word)),
        }
    }
    let all = [first, all, behind].concat();
    let taken: usize = last.iter().map(wide).sum();
    let room = usize::from(width).saturating_sub(taken);
    let mut line = keys(ink, &all, room);
    line.spans.extend(keys(ink, &last, taken).spans);
    line
}

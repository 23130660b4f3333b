//! What goes to the person's desk: pager, clipboard, files; what comes back from it; what calls them.

use super::super::action::Action;
use super::super::effect::Effect;
use super::super::message::Message;
use super::super::model::Model;
use super::super::tabs::Tab;
use super::super::{export, pane, view};
use super::{refused, show, show_for};
use crate::domain::command::Answer;
use crate::domain::screen::Snapshot;
use crate::factory::ports::desktop::{Bell, Clip};
use chrono::TimeDelta;

/// How long a path is shown: it wants to be read and typed.
const PATH_SHOWN: TimeDelta = TimeDelta::seconds(15);

/// Carries an action out.
pub fn run(model: &mut Model, action: Action) -> Vec<Effect> {
    let name = match (model.tab, &model.tool) {
        (Tab::Tool, Some(view)) => view.name.clone(),
        (tab, _) => tab.name().to_lowercase(),
    };
    match action {
        Action::Pager => vec![Effect::Page(name, shown(model))],
        Action::Clip if model.tab == Tab::Logs => vec![Effect::Clip(lines(model))],
        Action::Clip => vec![Effect::Clip(shown(model))],
        Action::Save if model.saving.is_some() => vec![Effect::StopExport],
        Action::Save if model.tab == Tab::Logs => {
            model.saving = Some(0);
            vec![Effect::Export(model.book.filter().clone(), model.zone)]
        }
        Action::Save => vec![Effect::Keep(name, shown(model))],
        _ => {
            model.mouse = !model.mouse;
            let words = if model.mouse {
                "the mouse is ours: wheel and clicks; select text with Shift held"
            } else {
                "the mouse is the terminal's again"
            };
            show(model, told(words.to_owned()));
            vec![Effect::Mouse(model.mouse)]
        }
    }
}

/// What a tab shows as text: the log with everything in memory that is wanted, the whole page of a tool, else the picture.
fn shown(model: &Model) -> String {
    if let (Tab::Tool, Some(view)) = (model.tab, &model.tool) {
        let title = format!("{}: {}", view.name, view.page.title);
        let rows = view.page.rows.iter().map(|row| row.text());
        let rows = rows.map(|row| row.trim_end().to_owned());
        return std::iter::once(title)
            .chain(rows)
            .collect::<Vec<_>>()
            .join("\n");
    }
    if model.tab != Tab::Logs {
        return view::text(model);
    }
    let rows = (0..model.book.count()).filter_map(|at| model.book.wanted(at));
    let rows: Vec<String> = rows.map(|row| export::row(row, model.zone)).collect();
    rows.join("\n")
}

/// The line of the cursor with what belongs to it; while following, what is in sight.
fn lines(model: &Model) -> String {
    let window = pane::window(model);
    let places = match model.logs.end {
        None => window.first..window.behind,
        Some(_) => {
            let at = model.book.up_to(model.logs.end).max(1) - 1;
            pane::whole(&model.book, at)
        }
    };
    let rows = places.filter_map(|at| model.book.wanted(at));
    let rows: Vec<String> = rows.map(|row| export::row(row, model.zone)).collect();
    rows.join("\n")
}

/// News of the desk.
pub fn news(model: &mut Model, message: Message) -> Vec<Effect> {
    match message {
        Message::Clip(Ok(Clip::Sent(words))) => show(model, told(words)),
        Message::Clip(Ok(Clip::Terminal(bytes, words))) => {
            show(model, told(words));
            return vec![Effect::Terminal(bytes)];
        }
        Message::Ring(bytes) => return vec![Effect::Terminal(bytes)],
        Message::Paged(Ok(())) => {}
        Message::Saving(lines) => model.saving = model.saving.map(|_| lines),
        Message::Saved(saved) => {
            model.saving = None;
            match saved {
                Ok(words) => show_for(model, told(words), PATH_SHOWN),
                Err(why) => show(model, refused(why)),
            }
        }
        Message::Clip(Err(why)) | Message::Paged(Err(why)) => {
            show(model, refused(why));
        }
        _ => {}
    }
    Vec::new()
}

fn told(sentence: String) -> Answer {
    Answer {
        accepted: true,
        sentence,
    }
}

/// What begins to need a person since the last snapshot calls them, once.
pub fn ring(model: &mut Model, snapshot: &Snapshot) -> Vec<Effect> {
    let first = model.snapshot.is_none();
    let mut calls = Vec::new();
    for need in &snapshot.needs {
        // The end of a snooze calls again.
        let known = match need.quiet {
            None => model.rung.insert(need.id.clone(), need.since) == Some(need.since),
            Some(_) => {
                model.rung.remove(&need.id);
                true
            }
        };
        if !known && !first && model.bell != Bell::None {
            calls.push(need.words());
        }
    }
    match calls.as_slice() {
        [] => Vec::new(),
        [one] => vec![Effect::Ring(model.bell, format!("{}: {one}", model.home))],
        [one, ..] => {
            let words = format!("{}: {one} (and {} more)", model.home, calls.len() - 1);
            vec![Effect::Ring(model.bell, words)]
        }
    }
}

//! One message in, the model changed, what the world is to do out. Pure: no terminal, no clock, no files.

mod actions;
mod agents;
mod desk;
mod figures;
pub(super) mod forms;
mod items;
mod layers;
mod logs;
mod mouse;
pub(super) mod needs;
pub(super) mod orders;
mod past;
mod rewind;
mod themes;
mod tool;

use super::action::{Action, Care};
use super::effect::Effect;
use super::key::Key;
use super::layer::{Layer, Sent};
use super::message::Message;
use super::model::{ANSWER_SHOWN, Engine, Model};
use crate::domain::command::Answer;
use crate::domain::screen::Snapshot;
use crate::factory::ports::operator::Operator;
use chrono::TimeDelta;
use std::sync::Arc;

/// Takes one message in. `operator` reads typed commands; it is not asked to do anything here.
pub fn update(model: &mut Model, message: Message, operator: &dyn Operator) -> Vec<Effect> {
    let mut effects = take(model, message, operator);
    effects.extend(past::settle(model));
    effects
}

fn take(model: &mut Model, message: Message, operator: &dyn Operator) -> Vec<Effect> {
    match message {
        Message::Key(key) => return key_pressed(model, key, operator),
        Message::Paste(text) => layers::pasted(model, &text),
        Message::Resize(columns, rows) => model.size = (columns, rows),
        Message::Snapshot(snapshot) => return news(model, snapshot),
        Message::Lines(lines) => {
            for line in &lines {
                model.now = model.now.max(line.at);
                model.book.push(line, model.logs.end.is_some());
            }
        }
        Message::Alive(alive) => {
            model.engine = if alive { Engine::Runs } else { Engine::Gone };
        }
        Message::Answer(answer) => {
            let sent = model.sent.pop_front();
            if let Some(sent) = sent.filter(|_| !answer.accepted) {
                forms::refused_by_engine(model, sent, &answer.sentence);
            }
            show(model, answer);
        }
        Message::Said(answer) => show(model, answer),
        Message::Edited(text) => layers::edited(model, text),
        Message::Older(page) => return logs::older(model, &page),
        Message::Figures(figures) => return figures::taken(model, figures),
        Message::Marked(result) => return figures::marked(model, result),
        Message::Events(name, after, mark, came) => {
            return past::events(model, (&name, after, mark), came);
        }
        Message::Piece(ask, came) => past::piece(model, ask, came),
        Message::Trouble(sentence) => {
            model.logs.loading = false;
            show(model, refused(sentence));
        }
        Message::Mouse(mouse) => return mouse::run(model, mouse, operator),
        Message::Themes(files) => themes::reread(model, &files),
        Message::Time(now) => {
            model.now = model.now.max(now);
            if model
                .answer
                .as_ref()
                .is_some_and(|(_, until)| *until <= model.now)
            {
                model.answer = None;
            }
        }
        other => return desk::news(model, other),
    }
    Vec::new()
}

/// The engine's newest word.
fn news(model: &mut Model, snapshot: Arc<Snapshot>) -> Vec<Effect> {
    model.engine = Engine::Runs;
    model.now = model.now.max(snapshot.at);
    let mut effects = desk::ring(model, &snapshot);
    let queue = &snapshot.queue;
    let on_its_way = |(name, priority): &(String, i64)| {
        let item = queue.iter().find(|item| item.name == *name);
        item.is_some_and(|item| item.priority != *priority)
    };
    model.asked.retain(on_its_way);
    if !model.find.is_empty() {
        model.found = model.found.after(model.all(), queue, &model.find);
    }
    model.snapshot = Some(snapshot);
    effects.extend(figures::ask(model));
    effects
}

/// Shows a sentence in the footer for a while.
fn show(model: &mut Model, answer: Answer) {
    show_for(model, answer, ANSWER_SHOWN);
}

fn show_for(model: &mut Model, answer: Answer, time: TimeDelta) {
    model.answer = Some((answer, model.now + time));
}

fn refused(sentence: String) -> Answer {
    Answer {
        accepted: false,
        sentence,
    }
}

fn key_pressed(model: &mut Model, key: Key, operator: &dyn Operator) -> Vec<Effect> {
    if model.too_small() {
        // What is being written cannot be seen now, and is not to be lost.
        let writes = !key.ctrl && model.layers.iter().any(Layer::written);
        return if model.keys.is(key, Action::Leave) && !writes {
            vec![Effect::Leave]
        } else {
            Vec::new()
        };
    }
    if let Some(layer) = model.layers.pop() {
        return layers::key(model, layer, key, operator);
    }
    match model.keys.find(key, model.tab) {
        Some(row) if model.readonly && row.care != Care::Looks => {
            show(
                model,
                refused(format!("read-only: {} is not for looking", row.word)),
            );
            Vec::new()
        }
        Some(row) => actions::run(model, row.action),
        None => Vec::new(),
    }
}

/// There is no next one where nothing is looked for.
fn nothing_sought(model: &mut Model) {
    let key = model.keys.or(Action::Filter, "no key");
    show(
        model,
        refused(format!("no text is looked for: {key} asks for one")),
    );
}

/// Puts a layer on top.
fn open(model: &mut Model, layer: Layer) {
    model.layers.push(layer);
}

/// Sends a command; the footer says so until the answer is there.
fn send(model: &mut Model, effect: Effect) -> Vec<Effect> {
    send_written(model, effect, None)
}

/// The same for something that was written, which is kept until it has been accepted.
fn send_written(model: &mut Model, effect: Effect, written: Option<Layer>) -> Vec<Effect> {
    let verb = match &effect {
        Effect::Send(verb, _) => Some(verb.clone()),
        _ => None,
    };
    model.sent.push_back(Sent { verb, written });
    vec![effect]
}

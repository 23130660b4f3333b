//! One message in, the model changed, what the world is to do out. Pure: no terminal, no clock, no files.

mod actions;
pub(super) mod forms;
mod layers;
mod logs;

use super::effect::Effect;
use super::key::{Code, Key};
use super::layer::Layer;
use super::message::Message;
use super::model::{ANSWER_SHOWN, Engine, Model};
use super::{action, tabs::Tab};
use crate::domain::command::Answer;
use crate::factory::ports::operator::Operator;

/// Takes one message in. `operator` reads typed commands; it is not asked to do anything here.
pub fn update(model: &mut Model, message: Message, operator: &dyn Operator) -> Vec<Effect> {
    match message {
        Message::Key(key) => return key_pressed(model, key, operator),
        Message::Paste(text) => layers::pasted(model, &text),
        Message::Resize(columns, rows) => model.size = (columns, rows),
        Message::Snapshot(snapshot) => {
            model.engine = Engine::Runs;
            model.now = model.now.max(snapshot.at);
            let moved = model
                .stats
                .as_ref()
                .is_some_and(|(seq, _)| *seq != snapshot.seq);
            model.snapshot = Some(snapshot);
            if moved && model.tab == Tab::Stats {
                return vec![Effect::Stats];
            }
        }
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
            model.sending = false;
            show(model, answer);
        }
        Message::Older(page) => return logs::older(model, &page),
        Message::Stats(stats) => {
            let seq = model.snapshot.as_ref().map_or(0, |snapshot| snapshot.seq);
            model.stats = Some((seq, stats));
        }
        Message::Trouble(sentence) => {
            model.sending = false;
            model.logs.loading = false;
            show(model, refused(sentence));
        }
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
    }
    Vec::new()
}

/// Shows a sentence in the footer for a while.
fn show(model: &mut Model, answer: Answer) {
    let until = model.now + ANSWER_SHOWN;
    model.answer = Some((answer, until));
}

fn refused(sentence: String) -> Answer {
    Answer {
        accepted: false,
        sentence,
    }
}

fn key_pressed(model: &mut Model, key: Key, operator: &dyn Operator) -> Vec<Effect> {
    let leaves = matches!(key.code, Code::Char('q') if !key.ctrl)
        || matches!(key.code, Code::Char('c') if key.ctrl);
    if model.too_small() {
        return if leaves {
            vec![Effect::Leave]
        } else {
            Vec::new()
        };
    }
    if let Some(layer) = model.layers.pop() {
        return layers::key(model, layer, key, operator);
    }
    match action::find(key, model.tab) {
        Some(row) if model.readonly && row.care != action::Care::Looks => {
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

/// Puts a layer on top.
fn open(model: &mut Model, layer: Layer) {
    model.layers.push(layer);
}

/// Sends a command; the footer says so until the answer is there.
fn send(model: &mut Model, effect: Effect) -> Vec<Effect> {
    model.sending = true;
    vec![effect]
}

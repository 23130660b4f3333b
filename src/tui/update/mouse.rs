//! What the mouse does: the wheel scrolls, a click goes to a tab or takes a row. Keys do all of it too.

use super::super::action::Action;
use super::super::effect::Effect;
use super::super::key::{Code, Key};
use super::super::layer::Layer;
use super::super::model::Model;
use super::super::mouse::{Did, Hit, Mouse};
use super::super::tabs::{Focus, Staff, Tab};
use super::super::view;
use super::{actions, layers, logs, needs, open};
use crate::factory::ports::operator::Operator;

/// Rows a step of the wheel moves by.
const STEP: usize = 3;

/// Takes what the mouse did.
pub fn run(model: &mut Model, mouse: Mouse, operator: &dyn Operator) -> Vec<Effect> {
    if model.too_small() {
        return Vec::new();
    }
    match mouse.did {
        Did::Click if !model.layers.is_empty() => Vec::new(),
        Did::Click => match view::hit(model, mouse.at) {
            Some(hit) => clicked(model, hit),
            None => Vec::new(),
        },
        Did::Up => wheel(model, Action::Up, Code::Up, operator),
        Did::Down => wheel(model, Action::Down, Code::Down, operator),
    }
}

fn clicked(model: &mut Model, hit: Hit) -> Vec<Effect> {
    match hit {
        Hit::Tab(tab) => return actions::run(model, Action::Go(tab)),
        Hit::Needs => needs::first(model),
        Hit::Line(id) => return logs::at(model, id),
        Hit::Row(at) => match model.tab {
            Tab::Factory => {
                model.focus = Focus::Queue;
                let names = model.names();
                model.queue.put(&names, at);
            }
            Tab::Agents => {
                model.agents.roles.cursor = at;
                model.agents.top = 0;
                model.agents.focus = Staff::Roles;
            }
            Tab::Stats => model.tools.cursor = at,
            // Their rows are hit by other means, or not at all.
            Tab::Logs | Tab::Tool => {}
        },
    }
    Vec::new()
}

/// The topmost layer takes it as its own keys.
fn wheel(model: &mut Model, action: Action, code: Code, operator: &dyn Operator) -> Vec<Effect> {
    let mut effects = Vec::new();
    for _ in 0..STEP {
        effects.extend(match model.layers.pop() {
            // In a question or a line of text there is nothing to scroll.
            Some(layer @ (Layer::Confirm(_) | Layer::Form(_) | Layer::Editor(_))) => {
                open(model, layer);
                Vec::new()
            }
            Some(layer) => layers::key(model, layer, Key::plain(code), operator),
            None => actions::run(model, action),
        });
    }
    effects
}

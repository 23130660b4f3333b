//! What the Tool view asks the home's past for, and what becomes of the answers.

use super::super::effect::Effect;
use super::super::model::Model;
use super::super::tabs::Tab;
use super::super::tool::{Eye, space};
use crate::factory::ports::reader::{Ask, Events, Mark, Piece};

/// Events have come; those for another tool, or for a place that was left, are dropped.
pub fn events(
    model: &mut Model,
    (tool, after, mark): (&str, u64, Option<Mark>),
    came: Result<Events, String>,
) -> Vec<Effect> {
    let Some(view) = model.tool.as_mut().filter(|view| view.name == tool) else {
        return Vec::new();
    };
    let awaited = view.asked.as_ref() == Some(&(after, mark));
    if !awaited {
        return Vec::new();
    }
    view.asked = None;
    match came {
        Err(why) => view.failed(why),
        Ok(events) if after == 0 => view.older(events),
        Ok(events) => {
            let more = view.newer(events);
            if more.is_some() {
                view.asked = Some((after, more.clone()));
                return vec![Effect::Events(tool.to_owned(), after, more)];
            }
        }
    }
    Vec::new()
}

/// After every message: what the view has to ask, and its page when something changed.
pub fn settle(model: &mut Model) -> Vec<Effect> {
    if model.tab != Tab::Tool || model.too_small() {
        return Vec::new();
    }
    let tip = model.snapshot.as_ref().map_or(0, |snapshot| snapshot.seq);
    let space = space::of(model.size, model.zoom);
    let Some(mut view) = model.tool.take() else {
        return Vec::new();
    };
    let mut effects = Vec::new();
    if let Some((after, mark)) = view.next_read(tip) {
        effects.push(Effect::Events(view.name.clone(), after, mark));
    }
    // What is wanted changes with what is shown, and with what has come: never by itself.
    if view.stale || view.page.width != space.width {
        let eye = Eye {
            local: &|at| model.local(at),
            keys: &model.keys,
            width: space.width,
        };
        view.make(&eye, space.height);
        effects.extend(view.next_ask().map(Effect::Piece));
    }
    model.tool = Some(view);
    effects
}

/// A piece has come.
pub fn piece(model: &mut Model, ask: Ask, came: Result<Option<Piece>, String>) {
    if let Some(view) = &mut model.tool {
        view.came(ask, came);
    }
}

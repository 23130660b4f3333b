//! Factory's panes: which has the focus, where its cursor is, and what keys do to the item of the queue's.

use super::super::action::Action;
use super::super::effect::Effect;
use super::super::form::{For, Form};
use super::super::found::Found;
use super::super::layer::Layer;
use super::super::model::Model;
use super::super::offer;
use super::super::spoken;
use super::super::tabs::{Focus, Staff, Tab};
use super::{nothing_sought, open, orders, refused, show};
use crate::domain::command::Verb;
use crate::domain::item::Item;

/// Where a key that moves leads.
pub fn moved(model: &mut Model, rows: isize) {
    // Alone on the screen, the live text is what moves.
    let focus = if model.zoom { Focus::Live } else { model.focus };
    match focus {
        // The first key shows where one is.
        Focus::Work => {
            model.focus = Focus::Queue;
            if rows.unsigned_abs() > usize::from(model.size.1) {
                return moved(model, rows);
            }
            if model.picked().is_none() {
                let names = model.names();
                let tool = model
                    .snapshot
                    .as_ref()
                    .and_then(|s| s.current_tool.as_ref());
                let at = names.iter().position(|name| Some(name) == tool);
                model.queue.put(&names, at.unwrap_or(0));
            }
        }
        Focus::Queue => {
            let names = model.names();
            model.queue.step(rows, &names);
        }
        Focus::Timeline => {
            let steps = model.steps();
            model.moves.step(rows, &steps);
        }
        Focus::Live => {
            let all: Vec<i64> = spoken::words(model).map(|row| row.id).collect();
            let below = spoken::below(model);
            let at = below
                .saturating_add_signed(-rows)
                .min(all.len().saturating_sub(1));
            // At the newest it follows again.
            model.live = all.get(at).copied().filter(|_| at > 0);
        }
    }
}

/// The live text or the role of the cursor alone, or everything again; alone, it takes the keys that move.
pub fn zoom(model: &mut Model) {
    model.zoom = !model.zoom;
    if model.zoom && model.tab == Tab::Factory {
        model.focus = Focus::Live;
    }
    if model.zoom && model.tab == Tab::Agents && model.agents.focus == Staff::Roles {
        model.agents.focus = Staff::Role;
    }
}

/// Goes to the live text, which stays where it is, or is followed again.
pub fn follow(model: &mut Model) {
    model.focus = Focus::Live;
    model.live = match spoken::held(model) {
        Some(_) => None,
        None => spoken::words(model).next().map(|row| row.id),
    };
}

/// The next pane, or the one before, takes the keys that move.
pub fn focus(model: &mut Model, places: usize) {
    model.zoom = false;
    model.focus = model.focus.step(places);
    let (names, steps) = (model.names(), model.steps());
    if model.focus == Focus::Queue && model.queue.row(&names).is_none() {
        model.queue.put(&names, 0);
    }
    if model.focus == Focus::Timeline && model.moves.row(&steps).is_none() {
        model.moves.put(&steps, steps.len());
    }
    if model.focus != Focus::Live {
        model.live = None;
    }
}

/// Esc: all items again, then back to the tool under way.
pub fn close(model: &mut Model) {
    if !model.find.is_empty() {
        model.find.clear();
    } else {
        model.focus = Focus::Work;
        model.live = None;
    }
}

/// Asks for a text that items are to have.
pub fn ask_find(model: &mut Model) {
    let note = "only items with this text in name or idea; empty shows all again";
    let form = Form::line(For::Find, "Find in the queue", note, &model.find);
    open(model, Layer::Form(form));
}

/// Shows only items with a text.
pub fn find(model: &mut Model, text: &str) -> Vec<Effect> {
    model.find = text.to_owned();
    model.found = Found::of(model.all(), text);
    model.focus = Focus::Queue;
    model.zoom = false;
    let names = model.names();
    if model.queue.row(&names).is_none() {
        model.queue.put(&names, 0);
    }
    if names.is_empty() {
        show(model, refused(format!("no item has \"{text}\"")));
    }
    Vec::new()
}

/// The next item with the text, or the one before, round and round.
pub fn next(model: &mut Model, back: bool) {
    if model.find.is_empty() {
        return nothing_sought(model);
    }
    let names = model.names();
    let count = names.len().max(1);
    let at = match (model.queue.row(&names), back) {
        (Some(at), false) => (at + 1) % count,
        (Some(at), true) => (at + count - 1) % count,
        (None, _) => 0,
    };
    model.focus = Focus::Queue;
    model.zoom = false;
    model.queue.put(&names, at);
}

/// Keys about the item of the cursor alone.
pub fn run(model: &mut Model, action: Action) -> Vec<Effect> {
    let Ok(item) = offer::item(model).cloned() else {
        return Vec::new();
    };
    let name = item.name.clone();
    match action {
        Action::Edit => orders::ask(
            model,
            Verb::Edit {
                item: name,
                idea: String::new(),
            },
        ),
        Action::Raise | Action::Lower => {
            let by = if action == Action::Raise { 1 } else { -1 };
            prioritise(model, &item, by)
        }
        Action::Unpark => orders::begin(
            model,
            Verb::Unpark {
                item: name,
                reason: None,
                priority: None,
            },
        ),
        _ => orders::begin(
            model,
            Verb::Drop {
                item: name,
                reason: None,
            },
        ),
    }
}

/// Several presses in a row add up, though the engine has not answered the first.
fn prioritise(model: &mut Model, item: &Item, by: i64) -> Vec<Effect> {
    let asked = model.asked.iter().find(|(name, _)| *name == item.name);
    let priority = asked.map_or(item.priority, |(_, asked)| *asked);
    let priority = priority.saturating_add(by);
    model.asked.retain(|(name, _)| *name != item.name);
    model.asked.push((item.name.clone(), priority));
    orders::begin(
        model,
        Verb::Prioritise {
            item: item.name.clone(),
            priority,
        },
    )
}

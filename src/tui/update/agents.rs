//! Agents' panes: which has the focus, where its cursor is, and what is looked for among the turns.

use super::super::action::Action;
use super::super::effect::Effect;
use super::super::form::{For, Form};
use super::super::layer::Layer;
use super::super::model::Model;
use super::super::tabs::Staff;
use super::super::{staff, view};
use super::{open, refused, show};
use crate::domain::phase::Role;

/// Where a key that moves leads.
pub fn moved(model: &mut Model, rows: isize) {
    match model.agents.focus {
        Staff::Roles => {
            model.agents.roles.step(rows, Role::ALL.len());
            model.agents.top = 0;
        }
        Staff::Role => {
            let most = view::scrolls(model);
            model.agents.top = model.agents.top.saturating_add_signed(rows).min(most);
        }
        Staff::Hosts => {
            let hosts = staff::hosts(model);
            model.agents.host.step(rows, &hosts);
        }
        Staff::Turns => {
            let ends = staff::ends(model);
            model.agents.turn.step(rows, &ends);
        }
    }
}

/// Carries an action out.
pub fn run(model: &mut Model, action: Action) {
    match action {
        Action::NextPane => focus(model, 1),
        Action::PreviousPane => focus(model, Staff::ALL.len() - 1),
        Action::Filter => ask_find(model),
        _ => close(model),
    }
}

/// The next pane, or the one before, takes the keys that move.
fn focus(model: &mut Model, places: usize) {
    model.agents.focus = model.agents.focus.step(places);
    let (hosts, ends) = (staff::hosts(model), staff::ends(model));
    let pane = &mut model.agents;
    if pane.focus == Staff::Hosts && pane.host.row(&hosts).is_none() {
        pane.host.put(&hosts, 0);
    }
    if pane.focus == Staff::Turns && pane.turn.row(&ends).is_none() {
        pane.turn.put(&ends, 0);
    }
}

/// Esc: all turns again, then back to the roles.
fn close(model: &mut Model) {
    match model.agents.find.is_empty() {
        true => model.agents.focus = Staff::Roles,
        false => model.agents.find.clear(),
    }
}

/// Asks for a text that turns are to have.
fn ask_find(model: &mut Model) {
    let note = "only turns with this text in tool, phase, role or end; empty shows all again";
    let form = Form::line(
        For::Filter,
        "Find in the last turns",
        note,
        &model.agents.find,
    );
    open(model, Layer::Form(form));
}

/// Shows only turns with a text.
pub fn find(model: &mut Model, text: &str) -> Vec<Effect> {
    model.agents.find = text.to_owned();
    model.agents.focus = Staff::Turns;
    let ends = staff::ends(model);
    if model.agents.turn.row(&ends).is_none() {
        model.agents.turn.put(&ends, 0);
    }
    if ends.is_empty() {
        // Where there is little room, the turns are those of one role.
        let of = match staff::agent(model) {
            Some(agent) if model.size.0 < view::WIDE => format!(" of {}", agent.role.called()),
            _ => String::new(),
        };
        show(model, refused(format!("no turn{of} has \"{text}\"")));
    }
    Vec::new()
}

/// Has the host of the cursor looked at.
pub fn doctor(model: &Model) -> Vec<Effect> {
    staff::host(model).map(Effect::Doctor).into_iter().collect()
}

//! Figures that arrive, and what the keys of Stats do: sort, window, filter, mark as read, save.

use super::super::action::Action;
use super::super::effect::Effect;
use super::super::form::{For, Form};
use super::super::layer::Layer;
use super::super::model::Model;
use super::super::tabs::Tab;
use super::{open, refused, show};
use crate::domain::command::Answer;
use crate::domain::figures::Figures;
use crate::domain::shift::Bookmark;
use std::sync::Arc;

/// Columns from which Factory shows figures too.
const WIDE: u16 = 100;

/// Asks for the figures where they are shown and lack events; one question at a time.
pub fn ask(model: &mut Model) -> Vec<Effect> {
    // A home may have a past and no engine that tells of it.
    let seq = model.snapshot.as_ref().map_or(0, |snapshot| snapshot.seq);
    let shown = match model.tab {
        Tab::Stats => true,
        Tab::Factory => model.size.0 >= WIDE,
        Tab::Agents | Tab::Logs | Tab::Tool => false,
    };
    // A journal with a damaged end never gives as many events as there are: what was asked for counts.
    let fresh = model.figures.is_some() && model.counted_to >= seq;
    if !shown || fresh || model.counting {
        return Vec::new();
    }
    model.counting = true;
    model.counted_to = seq;
    vec![Effect::Figures]
}

/// Takes figures in; more may have happened since they were asked for.
pub fn taken(model: &mut Model, figures: Result<Arc<Figures>, String>) -> Vec<Effect> {
    if !std::mem::take(&mut model.counting) {
        model.counted_to = model.snapshot.as_ref().map_or(0, |snapshot| snapshot.seq);
    }
    model.figures = Some(figures);
    fill(model);
    ask(model)
}

/// The mark was put, or not.
pub fn marked(model: &mut Model, result: Result<(), String>) -> Vec<Effect> {
    let answer = match result {
        Ok(()) => Answer {
            accepted: true,
            sentence: "marked as read: the next shift begins here, for report --shift too"
                .to_owned(),
        },
        Err(why) => refused(why),
    };
    let done = answer.accepted;
    show(model, answer);
    if done {
        model.counting = true;
        return vec![Effect::Figures];
    }
    Vec::new()
}

/// Sorts the table anew where it is shown.
pub fn fill(model: &mut Model) {
    if let (Tab::Stats, Some(Ok(figures))) = (model.tab, &model.figures) {
        // Rows come and change places; the cursor stays on its tool.
        let row = model.table.rows.get(model.tools.cursor);
        let on = row.map(|row| row.tool.clone());
        model.table.fill(&figures.stats);
        let last = model.table.rows.len().saturating_sub(1);
        let at = on.and_then(|on| model.table.rows.iter().position(|row| row.tool == on));
        model.tools.cursor = at.unwrap_or(model.tools.cursor.min(last));
    }
}

/// What a key of Stats does.
pub fn run(model: &mut Model, action: Action) -> Vec<Effect> {
    match action {
        Action::Sort => {
            model.table.next_column();
            return afresh(model);
        }
        Action::Reverse => {
            model.table.reversed = !model.table.reversed;
            return afresh(model);
        }
        Action::Window => model.table.next_window(),
        Action::Read => return mark(model),
        Action::Export => return save(model),
        _ => {}
    }
    fill(model);
    Vec::new()
}

/// In a new order one begins at the top.
fn afresh(model: &mut Model) -> Vec<Effect> {
    fill(model);
    model.tools.cursor = 0;
    Vec::new()
}

/// Asks for the text of the filter.
pub fn filter(model: &mut Model) {
    let note = "only tools with this text in name or result; empty shows all again";
    let form = Form::line(For::Filter, "Find a tool", note, &model.table.filter);
    open(model, Layer::Form(form));
}

/// Shows only tools with a text.
pub fn find(model: &mut Model, text: &str) -> Vec<Effect> {
    text.clone_into(&mut model.table.filter);
    afresh(model)
}

fn mark(model: &mut Model) -> Vec<Effect> {
    let Some(figures) = model.counted() else {
        show(model, refused("nothing was read yet".to_owned()));
        return Vec::new();
    };
    // Only what is on the screen has been read.
    if !model.shows_shift() {
        let why = match model.holds_shift() {
            true => {
                let key = model.keys.or(Action::Zoom, "the tab anew");
                format!("the shift is not shown: {key} shows everything again")
            }
            false => "so low a window has no room for the shift: make it higher, or report --shift"
                .to_owned(),
        };
        show(model, refused(why));
        return Vec::new();
    }
    let mark = Bookmark {
        seq: figures.stats.seq,
        at: Some(model.now),
    };
    vec![Effect::MarkRead(mark)]
}

fn save(model: &mut Model) -> Vec<Effect> {
    if model.table.rows.is_empty() {
        show(model, refused("there is no row to save".to_owned()));
        return Vec::new();
    }
    let stamp = model.local(model.now).format("%Y-%m-%d-%H%M%S");
    vec![Effect::Save {
        name: format!("{}-tools-{stamp}.csv", model.home),
        text: model.table.csv(),
    }]
}

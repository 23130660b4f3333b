//! What the footer offers: the keys that do something now, in the word that says what.

use super::action::{Action, Care, Row};
use super::book::Filter;
use super::model::{Engine, Model};
use super::tabs::{Focus, Tab};
use crate::domain::item::{Item, ItemStatus};
use crate::domain::phase::Phase;
use crate::domain::screen::Snapshot;
use crate::domain::stats::Stands;

/// The word of a row on the present tab; None = its key would do nothing, or be refused, now.
#[must_use]
pub fn word(model: &Model, row: &Row) -> Option<&'static str> {
    let allowed = row.place.holds(model.tab) && (row.care == Care::Looks || !model.readonly);
    let snapshot = model.snapshot.as_deref();
    let works = match row.action {
        Action::Pause => return pause(model).filter(|_| allowed),
        Action::Escalate => {
            on_screen(model)
                && tool(snapshot)
                    .is_some_and(|phase| !matches!(phase, Phase::Review | Phase::Shipped))
        }
        Action::Hint | Action::Retry | Action::Abort => {
            tool(snapshot).is_some() && on_screen(model)
        }
        Action::Requeue | Action::Park => {
            model.picked().is_some() || (tool(snapshot).is_some() && on_screen(model))
        }
        Action::Open
        | Action::Earlier
        | Action::Later
        | Action::PhaseBack
        | Action::PhaseOn
        | Action::NextThing
        | Action::PreviousThing
        | Action::Compare => opens(model, row.action),
        Action::Rewind if model.tab == Tab::Tool => {
            model.tool.as_ref().is_some_and(|view| view.at.is_some()) && on_screen(model)
        }
        Action::Leave if model.tab == Tab::Tool => return Some("back"),
        Action::Edit | Action::Raise | Action::Lower | Action::Drop => model.picked().is_some(),
        Action::Unpark => model
            .picked()
            .is_some_and(|item| item.status == ItemStatus::NeedsHuman),
        Action::Rewind => rewindable(model).is_ok(),
        Action::Reopen => shipped(model),
        Action::Verdict => snapshot.is_some_and(|snapshot| judged(model, snapshot)),
        Action::StopEngine => runs(model),
        Action::Needs => snapshot.is_some_and(|snapshot| !snapshot.needs.is_empty()),
        Action::Close => match model.tab {
            Tab::Logs => *model.book.filter() != Filter::default(),
            Tab::Stats => !model.table.filter.is_empty(),
            Tab::Factory => model.focus != Focus::Work || !model.find.is_empty(),
            Tab::Agents | Tab::Tool => false,
        },
        Action::Read => model.counted().is_some(),
        Action::Export => !model.table.rows.is_empty(),
        Action::Next | Action::Previous if model.tab == Tab::Tool => {
            (model.tool.as_ref()).is_some_and(|view| !view.find.is_empty())
        }
        Action::Next | Action::Previous if model.tab == Tab::Factory => !model.find.is_empty(),
        Action::Next | Action::Previous => !model.book.filter().text.is_empty(),
        _ => true,
    };
    (allowed && works).then_some(row.word)
}

/// Whether the tool under way is the one one looks at; on a tab it always is.
fn on_screen(model: &Model) -> bool {
    let current = model
        .snapshot
        .as_ref()
        .and_then(|s| s.current_tool.as_ref());
    match &model.tool {
        Some(view) if model.tab == Tab::Tool => current == Some(&view.name),
        _ => true,
    }
}

/// Whether a key that opens a tool, or moves in the Tool view, has something to go to.
fn opens(model: &Model, action: Action) -> bool {
    let Some(view) = model.tool.as_ref().filter(|_| model.tab == Tab::Tool) else {
        return match model.tab {
            Tab::Factory => (model.snapshot.as_ref())
                .is_some_and(|s| s.current_tool.is_some() || !s.queue.is_empty()),
            Tab::Stats => !model.table.rows.is_empty(),
            Tab::Logs => model.book.count() > 0,
            Tab::Agents | Tab::Tool => false,
        };
    };
    match action {
        Action::Open => view.page.list && !view.page.rows.is_empty(),
        Action::Earlier => view.past.step(view.at, false).is_some(),
        Action::PhaseBack => view.past.jump(view.at, false).is_some(),
        Action::Later | Action::PhaseOn => view.at.is_some(),
        Action::NextThing | Action::PreviousThing => view.shelf().open.is_some(),
        _ => view.moment.tree.is_some(),
    }
}

/// The event of the timeline's cursor, if the tool under way can go back to it; else why not.
pub fn rewindable(model: &Model) -> Result<u64, String> {
    let snapshot = model.snapshot.as_deref();
    let on = model.moves.on().filter(|_| model.on(Focus::Timeline));
    let found = snapshot.and_then(|s| s.moves.iter().find(|step| Some(&step.seq) == on));
    let step = found.ok_or_else(|| {
        let key = model.keys.or(Action::NextPane, "its pane");
        format!("choose a move of the timeline first: {key}, then j k")
    })?;
    match snapshot.and_then(|s| s.current_tool.as_ref()) {
        None => Err("no tool is under way".to_owned()),
        Some(tool) if step.tool != *tool => Err(format!(
            "that move belongs to {}, and {tool} is under way: choose one of its own",
            step.tool
        )),
        Some(tool) if !step.to.active() => Err(format!(
            "{tool} was in {} then: choose a later move",
            step.to
        )),
        Some(_) => Ok(step.seq),
    }
}

/// The tool of the cursor on Stats is shipped.
fn shipped(model: &Model) -> bool {
    let row = model.table.rows.get(model.tools.cursor);
    row.is_some_and(|row| row.stands == Stands::Shipped)
}

/// What `p` does now.
fn pause(model: &Model) -> Option<&'static str> {
    if !runs(model) {
        return Some("start");
    }
    model.snapshot.as_ref()?;
    match model.pause() {
        None => Some("pause"),
        Some(pause) => pause.lifts().then_some("resume"),
    }
}

/// An engine is there, or may be.
fn runs(model: &Model) -> bool {
    let stopped = model.snapshot.as_ref().is_some_and(|s| s.stopped.is_some());
    !stopped && model.engine != Engine::Gone
}

/// The phase of the tool under way.
fn tool(snapshot: Option<&Snapshot>) -> Option<Phase> {
    snapshot
        .filter(|snapshot| snapshot.current_tool.is_some())
        .map(|snapshot| snapshot.phase)
}

/// Whether a tool waits for a verdict, under way or on the shelf.
fn judged(model: &Model, snapshot: &Snapshot) -> bool {
    let shown = model.tool.as_ref().filter(|_| model.tab == Tab::Tool);
    let wanted = |name: &str| shown.is_none_or(|view| view.name == name);
    let shelved = |item: &Item| item.status == ItemStatus::InReview && wanted(&item.name);
    let reviewed = tool(Some(snapshot)) == Some(Phase::Review) && on_screen(model);
    reviewed || snapshot.queue.iter().any(shelved)
}

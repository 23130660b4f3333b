//! What the footer offers: the keys that do something now, in the word that says what.

use super::action::{Action, Care, Row};
use super::book::Filter;
use super::model::{Engine, Model};
use super::tabs::Tab;
use crate::domain::item::{Item, ItemStatus};
use crate::domain::phase::Phase;
use crate::domain::screen::Snapshot;

/// The word of a row on the present tab; None = its key would do nothing, or be refused, now.
#[must_use]
pub fn word(model: &Model, row: &Row) -> Option<&'static str> {
    let allowed = row.place.holds(model.tab) && (row.care == Care::Looks || !model.readonly);
    let snapshot = model.snapshot.as_deref();
    let works = match row.action {
        Action::Pause => return pause(model).filter(|_| allowed),
        Action::Escalate => {
            tool(snapshot).is_some_and(|phase| !matches!(phase, Phase::Review | Phase::Shipped))
        }
        Action::Requeue | Action::Hint | Action::Retry | Action::Abort | Action::Park => {
            tool(snapshot).is_some()
        }
        Action::Verdict => snapshot.is_some_and(judged),
        Action::StopEngine => runs(model),
        Action::Needs => snapshot.is_some_and(|snapshot| !snapshot.needs.is_empty()),
        Action::Close => model.tab == Tab::Logs && *model.book.filter() != Filter::default(),
        Action::Next | Action::Previous => !model.book.filter().text.is_empty(),
        _ => true,
    };
    (allowed && works).then_some(row.word)
}

/// What `p` does now.
fn pause(model: &Model) -> Option<&'static str> {
    if !runs(model) {
        return Some("start");
    }
    model.snapshot.as_ref()?;
    Some(if model.held() { "resume" } else { "pause" })
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
fn judged(snapshot: &Snapshot) -> bool {
    let shelved = |item: &Item| item.status == ItemStatus::InReview;
    tool(Some(snapshot)) == Some(Phase::Review) || snapshot.queue.iter().any(shelved)
}

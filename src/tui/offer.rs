//! What the footer offers: the keys that do something now, in the word that says what.

use super::action::{Action, Care, Row};
use super::book::Filter;
use super::key::Key;
use super::model::{Engine, Model};
use super::spoken;
use super::staff;
use super::tabs::{Focus, Staff, Tab};
use super::tool::Meant;
use crate::domain::item::{Item, ItemStatus};
use crate::domain::phase::Phase;
use crate::domain::screen::{Snapshot, Step};
use crate::domain::stats::Stands;

/// The word of a row on the present tab; None = its key would do nothing, or be refused, now.
#[must_use]
pub fn word(model: &Model, row: &Row) -> Option<&'static str> {
    let allowed = row.place.holds(model.tab) && (row.care == Care::Looks || !model.readonly);
    let snapshot = model.snapshot.as_deref();
    let works = match row.action {
        Action::Pause => return pause(model).filter(|_| allowed),
        Action::Leave if model.tab == Tab::Tool => return Some("back"),
        Action::Open
        | Action::Earlier
        | Action::Later
        | Action::PhaseBack
        | Action::PhaseOn
        | Action::NextThing
        | Action::PreviousThing
        | Action::Compare => opens(model, row.action),
        Action::Verdict => snapshot.is_some_and(|snapshot| judged(model, snapshot)),
        Action::Needs => snapshot.is_some_and(|snapshot| !snapshot.needs.is_empty()),
        Action::Close => match model.tab {
            Tab::Logs => *model.book.filter() != Filter::default(),
            Tab::Stats => !model.table.filter.is_empty(),
            Tab::Factory => model.focus != Focus::Work || !model.find.is_empty(),
            Tab::Agents => model.agents.focus != Staff::Roles || !model.agents.find.is_empty(),
            Tab::Tool => false,
        },
        Action::Read => model.counted().is_some() && model.shows_shift(),
        Action::Export | Action::Sort | Action::Reverse => !model.table.rows.is_empty(),
        // The table alone has no days.
        Action::Window => model.counted().is_some() && !model.zoom,
        Action::Filter => found(model),
        Action::Next | Action::Previous if model.tab == Tab::Tool => {
            (model.tool.as_ref()).is_some_and(|view| !view.find.is_empty())
        }
        Action::Next | Action::Previous if model.tab == Tab::Factory => !model.find.is_empty(),
        Action::Next | Action::Previous => !model.book.filter().text.is_empty(),
        Action::Follow | Action::Wrap | Action::Time if model.tab == Tab::Factory => {
            let live = model.focus == Focus::Live || model.zoom;
            live && spoken::words(model).next().is_some()
        }
        Action::Follow => model.book.count() > 0,
        acting => closed(model, acting).is_none(),
    };
    (allowed && works).then_some(row.word)
}

/// The key of an action that would do something now on the present tab.
#[must_use]
pub fn key(model: &Model, action: Action) -> Option<Key> {
    let mut rows = model.keys.rows().filter(|(row, _)| row.action == action);
    rows.find_map(|(row, keys)| word(model, row).and(keys.first().copied()))
}

/// Why the key of an action that changes something would do nothing, or be refused, now.
#[must_use]
pub fn closed(model: &Model, action: Action) -> Option<String> {
    match action {
        Action::Escalate | Action::Hint | Action::Retry | Action::Abort => {
            of_tool(model, action).err()
        }
        Action::Rewind => rewound(model).err(),
        Action::Edit | Action::Raise | Action::Lower | Action::Drop => item(model).err(),
        Action::Unpark => match item(model) {
            Ok(item) if item.status == ItemStatus::NeedsHuman => None,
            Ok(item) => Some(format!(
                "{} is {}, not parked",
                item.name,
                item.status.words()
            )),
            Err(why) => Some(why),
        },
        Action::Park if parked(model) => Some("it is parked already".to_owned()),
        Action::Requeue | Action::Park if model.picked().is_none() => match gone(model) {
            Some(why) => Some(why),
            None => lane(model).err(),
        },
        Action::Reopen => reopened(model).err(),
        Action::Probe if !runs(model) => Some(format!("no engine runs: {}", model.starts_it())),
        Action::Probe if model.snapshot.is_none() => {
            Some("the state of the factory was not read yet".to_owned())
        }
        Action::Doctor if staff::host(model).is_none() => {
            Some("it works with no host that could be looked at".to_owned())
        }
        Action::StopEngine if !runs(model) => {
            Some(format!("no engine runs: {}", model.starts_it()))
        }
        _ => None,
    }
}

/// Whether there is something to find a text in, or one that is looked for.
fn found(model: &Model) -> bool {
    match model.tab {
        Tab::Factory => !model.all().is_empty() || !model.find.is_empty(),
        Tab::Agents => !staff::turns(model).is_empty() || !model.agents.find.is_empty(),
        Tab::Stats => !model.table.rows.is_empty() || !model.table.filter.is_empty(),
        Tab::Logs => !model.book.is_empty() || *model.book.filter() != Filter::default(),
        Tab::Tool => true,
    }
}

/// The tool under way, if that is the one one looks at; on a tab it always is.
fn lane(model: &Model) -> Result<(&str, &Snapshot), String> {
    let snapshot = model.snapshot.as_deref();
    let current = snapshot.and_then(|s| Some((s.current_tool.as_deref()?, s)));
    let shown = model.tool.as_ref().filter(|_| model.tab == Tab::Tool);
    match (shown.map(|view| view.name.as_str()), current) {
        (Some(shown), Some((other, _))) if shown != other => Err(format!(
            "{shown} is not under way, {other} is: nothing was done"
        )),
        (Some(shown), None) => Err(format!("{shown} is not under way: nothing was done")),
        (None, None) => Err("no tool is under way".to_owned()),
        (_, Some(found)) => Ok(found),
    }
}

/// What is done to the tool under way.
fn of_tool(model: &Model, action: Action) -> Result<(), String> {
    let (tool, snapshot) = lane(model)?;
    let phase = snapshot.phase;
    match action {
        _ if !phase.active() => Err(format!("{tool} is {phase}: nothing is done to it")),
        Action::Escalate if phase == Phase::Review => Err(format!("{tool} is in review already")),
        Action::Hint if snapshot.escalation.is_some() => {
            let key = model.keys.or(Action::Verdict, "the command decide");
            Err(format!("{tool} is escalated: {key} answers that"))
        }
        Action::Retry | Action::Abort if snapshot.attempt.is_none() => {
            Err(format!("nobody works on {tool} now"))
        }
        _ => Ok(()),
    }
}

/// The item of the cursor, or the one shown.
pub fn item(model: &Model) -> Result<&Item, String> {
    model
        .picked()
        .ok_or_else(|| match (model.tab, &model.tool) {
            (Tab::Tool, Some(view)) => format!("{} is not in the queue", view.name),
            _ => gone(model).unwrap_or_else(|| {
                let key = model.keys.or(Action::NextPane, "its pane");
                let rows = model.keys.rows_by("choose");
                format!("choose an item of the queue first: {rows}, or {key}")
            }),
        })
}

fn parked(model: &Model) -> bool {
    let picked = model.picked();
    picked.is_some_and(|item| item.status == ItemStatus::NeedsHuman)
}

/// The item that was chosen has left the queue: no other is meant.
fn gone(model: &Model) -> Option<String> {
    let name = model.queue.on().filter(|_| model.on(Focus::Queue))?;
    if model.picked().is_some() {
        return None;
    }
    let choose = model.keys.rows_by("choose");
    Some(format!("{name} is no longer there: {choose} another"))
}

/// Whether a key that opens a tool, or moves in the Tool view, has something to go to.
fn opens(model: &Model, action: Action) -> bool {
    let Some(view) = model.tool.as_ref().filter(|_| model.tab == Tab::Tool) else {
        return opened(model).is_some();
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

/// The tool that Enter opens on a tab, and the moment that is meant where it is not the newest.
#[must_use]
pub fn opened(model: &Model) -> Option<(String, Option<Meant>)> {
    let snapshot = model.snapshot.as_deref();
    match model.tab {
        Tab::Factory if model.on(Focus::Timeline) => {
            let on = model.moves.on()?;
            let mut steps = snapshot?.timeline().into_iter();
            let step = steps.find(|step| step.seq() == *on)?;
            Some((step.tool()?.to_owned(), Some(Meant::Event(step.seq()))))
        }
        Tab::Factory if gone(model).is_some() => None,
        Tab::Factory => {
            let picked = model.picked().map(|item| item.name.clone());
            let current = || snapshot.and_then(|s| s.current_tool.clone());
            let first = || model.items().first().map(|item| item.name.clone());
            Some((picked.or_else(current).or_else(first)?, None))
        }
        Tab::Stats => {
            let row = model.table.rows.get(model.tools.cursor)?;
            Some((row.tool.clone(), None))
        }
        Tab::Logs => {
            let row = model
                .book
                .wanted(model.book.up_to(model.logs.end).checked_sub(1)?)?;
            let meant = row.seq.map_or(Meant::Time(row.at), Meant::Event);
            Some((row.tool.as_deref()?.to_owned(), Some(meant)))
        }
        Tab::Agents => {
            let (tool, turn) = staff::turn(model)?;
            Some((tool.to_owned(), Some(Meant::Turn(turn.seq))))
        }
        Tab::Tool => None,
    }
}

/// The event a rewind would be sent with: the moment that is shown, or the move of the cursor; else why there is none.
pub fn rewound(model: &Model) -> Result<u64, String> {
    let (tool, snapshot) = lane(model)?;
    if let Some(view) = model.tool.as_ref().filter(|_| model.tab == Tab::Tool) {
        if !view.whole() {
            return Err("its past is not read yet: nothing can be gone back to".to_owned());
        }
        if view.at.is_none() {
            return Err("this is the newest moment: go back to an earlier one first".to_owned());
        }
        return view.back.clone().map(|back| back.seq);
    }
    let on = model.moves.on().filter(|_| model.on(Focus::Timeline));
    let mut steps = snapshot.timeline().into_iter();
    match steps.find(|step| Some(&step.seq()) == on) {
        Some(Step::Ran(_)) => Err("that is a run of the gates: choose a move".to_owned()),
        Some(Step::Gap(_)) => Err("nothing happened to a tool there: choose a move".to_owned()),
        Some(Step::Move(step)) if step.tool != tool => Err(format!(
            "that move belongs to {}, and {tool} is under way: choose one of its own",
            step.tool
        )),
        Some(Step::Move(step)) if !step.to.active() => Err(format!(
            "{tool} was in {} then: choose a later move",
            step.to
        )),
        Some(Step::Move(step)) => Ok(step.seq),
        None => {
            let key = model.keys.or(Action::NextPane, "its pane");
            let rows = model.keys.rows_by("choose");
            Err(format!(
                "choose a move of the timeline first: {key}, then {rows}"
            ))
        }
    }
}

/// The shipped tool of the cursor, or the one shown; else why it cannot be reopened.
pub fn reopened(model: &Model) -> Result<String, String> {
    let (tool, shipped) = match (model.tab, &model.tool) {
        (Tab::Tool, Some(view)) => {
            let phases = view.stays.iter().rev().map(|stay| stay.phase);
            let mut phases = phases.filter(|phase| *phase != Phase::Idle);
            let last = phases.next().filter(|_| view.whole());
            (view.name.clone(), last == Some(Phase::Shipped))
        }
        _ => {
            let row = model.table.rows.get(model.tools.cursor);
            let row = row.ok_or("no tool was shipped yet")?;
            (row.tool.clone(), row.stands == Stands::Shipped)
        }
    };
    match shipped {
        true => Ok(tool),
        false => Err(format!(
            "{tool} is not shipped: only a shipped tool can be reopened"
        )),
    }
}

/// What `p` does now.
fn pause(model: &Model) -> Option<&'static str> {
    if !runs(model) {
        return Some("start");
    }
    model.snapshot.as_ref()?;
    let (pause, resume) = match model.role() {
        Some(_) => ("pause role", "resume role"),
        None => ("pause", "resume"),
    };
    match model.pause() {
        None => Some(pause),
        Some(pause) => pause.lifts().then_some(resume),
    }
}

/// An engine is there, or may be.
fn runs(model: &Model) -> bool {
    let stopped = model.snapshot.as_ref().is_some_and(|s| s.stopped.is_some());
    !stopped && model.engine != Engine::Gone
}

/// Whether a tool waits for a verdict, under way or on the shelf.
fn judged(model: &Model, snapshot: &Snapshot) -> bool {
    let shown = model.tool.as_ref().filter(|_| model.tab == Tab::Tool);
    let wanted = |name: &str| shown.is_none_or(|view| view.name == name);
    let shelved = |item: &Item| item.status == ItemStatus::InReview && wanted(&item.name);
    let reviewed = snapshot.phase == Phase::Review && lane(model).is_ok();
    reviewed || snapshot.queue.iter().any(shelved)
}

//! What each action does on a tab.

use super::super::action::Action;
use super::super::draft;
use super::super::effect::{About, Effect};
use super::super::layer::{Layer, VerdictMenu};
use super::super::model::{Engine, Model};
use super::super::offer;
use super::super::palette::Palette;
use super::super::staff;
use super::super::tabs::{Focus, Tab};
use super::{
    agents, desk, figures, items, logs, needs, open, orders, refused, rewind, send, show, themes,
    tool,
};
use crate::domain::command::{Decision, StopAfter, Verb};
use crate::domain::event::Unit;
use crate::domain::item::{Item, ItemStatus};
use crate::domain::phase::Phase;
use crate::domain::screen::{Snapshot, Verdict};
use crate::domain::state::Scope;

/// Carries an action out.
pub fn run(model: &mut Model, action: Action) -> Vec<Effect> {
    match action {
        Action::Help => open(model, Layer::Help(0)),
        Action::Close | Action::Leave if model.tab == Tab::Tool => tool::back(model),
        Action::Close | Action::NextPane | Action::PreviousPane | Action::Filter
            if model.tab == Tab::Agents =>
        {
            agents::run(model, action);
        }
        Action::Close if model.tab == Tab::Logs => return logs::all_again(model),
        Action::Close if model.tab == Tab::Stats => return figures::find(model, ""),
        Action::Close => items::close(model),
        Action::Filter if model.tab == Tab::Stats => figures::filter(model),
        Action::Sort | Action::Reverse | Action::Window | Action::Read | Action::Export => {
            return figures::run(model, action);
        }
        Action::Leave => return vec![Effect::Leave],
        Action::Open if model.tab != Tab::Tool => tool::open_cursor(model),
        Action::Open
        | Action::Earlier
        | Action::Later
        | Action::PhaseBack
        | Action::PhaseOn
        | Action::SectionBack
        | Action::SectionOn
        | Action::NextThing
        | Action::PreviousThing
        | Action::Compare => tool::run(model, action),
        Action::Suspend => return vec![Effect::Suspend],
        Action::Redraw => return vec![Effect::Redraw],
        Action::Go(_) | Action::TabOn | Action::TabBack => return turned(model, action),
        Action::Needs => needs::first(model),
        Action::Palette => palette(model),
        Action::Theme => themes::choose(model),
        Action::Pager | Action::Clip | Action::Save | Action::Mouse => {
            return desk::run(model, action);
        }
        Action::Zoom => items::zoom(model),
        Action::NextPane => items::focus(model, 1),
        Action::PreviousPane => items::focus(model, Focus::ALL.len() - 1),
        Action::Filter if model.tab == Tab::Factory => items::ask_find(model),
        Action::Next | Action::Previous if model.tab == Tab::Factory => {
            items::next(model, action == Action::Previous);
        }
        Action::Filter
        | Action::Next
        | Action::Previous
        | Action::Follow
        | Action::Wrap
        | Action::Agent
        | Action::Tool
        | Action::Time
        | Action::Level => return moved(model, action),
        moving if moving.moves() => return moved(model, moving),
        acting => return act(model, acting),
    }
    Vec::new()
}

/// Opens the palette, which knows what was seen when it was opened.
fn palette(model: &mut Model) {
    let palette = Palette::with("", model.seen());
    open(model, Layer::Palette(palette));
}

/// Actions that change something.
fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    if let Some(why) = offer::closed(model, action) {
        show(model, refused(why));
        return Vec::new();
    }
    match action {
        Action::Pause => pause(model),
        Action::Verdict => verdict(model),
        Action::Edit | Action::Raise | Action::Lower | Action::Unpark | Action::Drop => {
            items::run(model, action)
        }
        Action::Reopen => reopen(model),
        Action::Rewind => rewind::begin(model),
        Action::Retry | Action::Abort => orders::begin(model, command(model, action)),
        Action::Probe => orders::begin(model, command(model, action)),
        Action::Doctor => agents::doctor(model),
        Action::PauseWith
        | Action::Limit
        | Action::StopEngine
        | Action::Escalate
        | Action::Requeue
        | Action::Park
        | Action::Hint
        | Action::Add => orders::ask(model, command(model, action)),
        _ => Vec::new(),
    }
}

/// The command an action begins with, about the item of the cursor or the tool under way.
fn command(model: &Model, action: Action) -> Verb {
    let item = model.picked().map(|item| item.name.clone());
    let scope = model.role().map(Scope::of);
    match action {
        Action::Retry => Verb::Retry {},
        Action::Abort => Verb::Abort {},
        Action::Escalate => Verb::Escalate {
            reason: String::new(),
        },
        Action::Hint => Verb::Hint {
            text: String::new(),
        },
        // One that waits already goes on where it stood by itself.
        Action::Requeue => Verb::Requeue {
            fresh: model
                .picked()
                .is_some_and(|item| item.status == ItemStatus::Wanted),
            item,
            reason: None,
            priority: None,
        },
        Action::Park => Verb::Park { item, reason: None },
        Action::Probe => Verb::Probe {
            host: staff::host(model),
        },
        Action::StopEngine => Verb::Stop {
            after: StopAfter::Turn,
            restart: false,
            reason: None,
        },
        Action::Limit => Verb::Budget {
            scope: item
                .or_else(|| scope.map(|scope| scope.name().to_owned()))
                .unwrap_or_else(|| "factory".to_owned()),
            unit: Unit::Usd,
            amount: 0.0,
        },
        Action::PauseWith => Verb::Pause {
            scope,
            reason: None,
            until: None,
        },
        _ => Verb::Add {
            idea: String::new(),
            priority: None,
            name: None,
        },
    }
}

/// Goes to a tab: by its own key, or to the one beside.
fn turned(model: &mut Model, action: Action) -> Vec<Effect> {
    let tab = match action {
        Action::Go(tab) => tab,
        Action::TabOn => model.tab.step(1),
        _ => model.tab.step(Tab::ALL.len() - 1),
    };
    model.zoom &= model.tab == tab;
    model.tab = tab;
    figures::fill(model);
    match tab {
        Tab::Logs => logs::fill(model),
        _ => figures::ask(model),
    }
}

/// Keys that move: the log on Logs, the list of the tab elsewhere.
fn moved(model: &mut Model, action: Action) -> Vec<Effect> {
    match model.tab {
        Tab::Logs => return logs::run(model, action),
        Tab::Tool => {
            tool::run(model, action);
            return Vec::new();
        }
        Tab::Factory if action == Action::Follow => items::follow(model),
        // One way of showing lines, wherever they stand.
        Tab::Factory if matches!(action, Action::Wrap | Action::Time) => {
            return logs::run(model, action);
        }
        _ => {}
    }
    let page = isize::try_from(model.size.1 / 2).unwrap_or(1);
    let rows = match action {
        Action::Down => 1,
        Action::Up => -1,
        Action::PageDown | Action::HalfDown => page,
        Action::PageUp | Action::HalfUp => -page,
        Action::Top => isize::MIN / 2,
        Action::Bottom => isize::MAX / 2,
        _ => return Vec::new(),
    };
    let tools = model.table.rows.len();
    match model.tab {
        Tab::Factory => items::moved(model, rows),
        Tab::Agents => agents::moved(model, rows),
        Tab::Stats | Tab::Logs | Tab::Tool => model.tools.step(rows, tools),
    }
    Vec::new()
}

/// Pauses or resumes the factory, on Agents the role of the cursor; starts a stopped engine.
fn pause(model: &mut Model) -> Vec<Effect> {
    let Some(snapshot) = model.snapshot.clone() else {
        return if model.engine == Engine::Gone {
            send(model, Effect::StartEngine)
        } else {
            Vec::new()
        };
    };
    if snapshot.stopped.is_some() || model.engine == Engine::Gone {
        return send(model, Effect::StartEngine);
    }
    let role = model.role();
    let verb = match model.pause() {
        None => Verb::Pause {
            scope: role.map(Scope::of),
            reason: None,
            until: None,
        },
        Some(pause) if pause.lifts() => Verb::Resume {
            target: role.map(|role| role.to_string()),
            reason: None,
        },
        // A second pause would hold the work when this one has ended.
        Some(pause) => {
            let card = model.keys.or(Action::Needs, "the card of what waits");
            let (id, why) = (&pause.id, &pause.reason);
            let words = format!("held by {id}, {why}: {card} has the ways out");
            show(model, refused(words));
            return Vec::new();
        }
    };
    send(model, Effect::Send(verb, None))
}

/// Asks what is wrong with the shipped tool of the cursor.
fn reopen(model: &mut Model) -> Vec<Effect> {
    let Ok(tool) = offer::reopened(model) else {
        return Vec::new();
    };
    let text = String::new();
    orders::ask(model, Verb::Reopen { tool, text })
}

/// Opens the decisions on the item of the cursor, else on the tool under review, else on the first on the shelf.
fn verdict(model: &mut Model) -> Vec<Effect> {
    let Some(snapshot) = model.snapshot.clone() else {
        return Vec::new();
    };
    let waits = |item: &&Item| item.status == ItemStatus::InReview;
    let picked = model.picked().filter(waits).cloned();
    let reviewed = snapshot.current_tool.clone();
    let shown = model.tool.as_ref().filter(|_| model.tab == Tab::Tool);
    let shown = shown.map(|view| view.name.clone());
    let wanted = |name: &str| shown.as_ref().is_none_or(|shown| shown == name);
    let reviewed = reviewed.filter(|tool| snapshot.phase == Phase::Review && wanted(tool));
    let menu = match (picked, reviewed) {
        (Some(item), _) => Some(shelved(model, &snapshot, &item)),
        (None, Some(tool)) => Some(under_review(model, &snapshot, tool)),
        (None, None) => {
            let mut queue = snapshot.queue.iter();
            let first = queue.find(|item| waits(item) && wanted(&item.name));
            first.map(|item| shelved(model, &snapshot, item))
        }
    };
    match menu {
        Some(menu) => open(model, Layer::Verdict(menu)),
        None => {
            let words = match shown {
                Some(shown) => format!("{shown} does not wait for a verdict"),
                None => "no tool waits for a verdict".to_owned(),
            };
            show(model, refused(words));
        }
    }
    Vec::new()
}

fn under_review(model: &Model, snapshot: &Snapshot, tool: String) -> VerdictMenu {
    let verdicts = verdicts(snapshot, &tool);
    VerdictMenu {
        under_way: true,
        escalation: snapshot.escalation.clone(),
        cursor: first_open(&verdicts),
        verdicts,
        about: About {
            seen: model.seen(),
            item: None,
        },
        tool,
    }
}

fn shelved(model: &Model, snapshot: &Snapshot, item: &Item) -> VerdictMenu {
    let verb = Verb::Drop {
        item: item.name.clone(),
        reason: None,
    };
    let verdicts = verdicts(snapshot, &item.name);
    VerdictMenu {
        tool: item.name.clone(),
        under_way: false,
        escalation: item.escalation.clone(),
        cursor: first_open(&verdicts),
        verdicts,
        about: draft::about(model, &verb),
    }
}

/// The first row that can be taken.
fn first_open(verdicts: &[Verdict]) -> usize {
    let mut rows = verdicts.iter();
    rows.position(|verdict| verdict.closed.is_none())
        .unwrap_or(0)
}

/// What can be decided on a tool; an engine that does not tell judges when it is asked.
fn verdicts(snapshot: &Snapshot, tool: &str) -> Vec<Verdict> {
    let known = snapshot.judged.iter().find(|judged| judged.tool == tool);
    let open = |decision| Verdict {
        decision,
        closed: None,
    };
    known.map_or_else(
        || Decision::ALL.map(open).to_vec(),
        |judged| judged.verdicts.clone(),
    )
}

//! What each action does on a tab.

use super::super::action::Action;
use super::super::dialog::Confirm;
use super::super::effect::Effect;
use super::super::form::{For, Form, Line};
use super::super::layer::{Layer, VerdictMenu};
use super::super::model::{Engine, Model};
use super::super::palette::Palette;
use super::super::tabs::Tab;
use super::{logs, open, refused, send, show};
use crate::domain::command::{StopAfter, Verb};
use crate::domain::item::ItemStatus;
use crate::domain::phase::{Phase, Role};
use crate::domain::state::Scope;

/// Carries an action out.
pub fn run(model: &mut Model, action: Action) -> Vec<Effect> {
    match action {
        Action::Help => open(model, Layer::Help(0)),
        Action::Close if model.tab == Tab::Logs => return logs::all_again(model),
        Action::Close => {}
        Action::Leave => return vec![Effect::Leave],
        Action::Suspend => return vec![Effect::Suspend],
        Action::Redraw => return vec![Effect::Redraw],
        Action::Go(tab) => return go(model, tab),
        Action::Needs => open(model, Layer::Needs(0)),
        Action::Palette => open(model, Layer::Palette(Palette::default())),
        Action::Pause => return pause(model),
        Action::Zoom => model.zoom = !model.zoom,
        Action::Probe => return send(model, Effect::Send(Verb::Probe { host: None }, None)),
        Action::Verdict => verdict(model),
        Action::StopEngine => stop(model),
        Action::Retry => ask(
            model,
            "Retry the phase",
            Verb::Retry {},
            "the attempt under way is dropped, its phase starts again",
        ),
        Action::Abort => ask(
            model,
            "Abort the turn",
            Verb::Abort {},
            "the running turn ends now and the factory pauses",
        ),
        Action::Escalate | Action::Requeue | Action::Park | Action::Hint => form(model, action),
        Action::Add => open(
            model,
            Layer::Form(Form {
                purpose: For::Idea,
                title: "Add an idea".to_owned(),
                note: "in your words; it joins the queue".to_owned(),
                line: Line::default(),
            }),
        ),
        moving => return moved(model, moving),
    }
    Vec::new()
}

fn go(model: &mut Model, tab: Tab) -> Vec<Effect> {
    model.tab = tab;
    let seq = model.snapshot.as_ref().map_or(0, |snapshot| snapshot.seq);
    let stale = model.stats.as_ref().is_none_or(|(known, _)| *known != seq);
    match tab {
        Tab::Stats if stale => vec![Effect::Stats],
        Tab::Logs => logs::fill(model),
        _ => Vec::new(),
    }
}

/// Keys that move: the log on Logs, the list of the tab elsewhere.
fn moved(model: &mut Model, action: Action) -> Vec<Effect> {
    if model.tab == Tab::Logs {
        return logs::run(model, action);
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
    let queue = model
        .snapshot
        .as_ref()
        .map_or(0, |snapshot| snapshot.queue.len());
    let tools = match &model.stats {
        Some((_, Ok(stats))) => stats.rows().count(),
        _ => 0,
    };
    match model.tab {
        Tab::Factory => model.queue.step(rows, queue),
        Tab::Agents => model.agents.step(rows, Role::ALL.len()),
        Tab::Stats | Tab::Logs => model.tools.step(rows, tools),
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
    let verb = if model.held() {
        Verb::Resume {
            target: role.map(|role| role.to_string()),
            reason: None,
        }
    } else {
        Verb::Pause {
            scope: role.map(Scope::of),
            reason: None,
            until: None,
        }
    };
    send(model, Effect::Send(verb, None))
}

/// Tool and phase in words, with what it has cost; None and a word in the footer when nothing is under way.
fn under_way(model: &mut Model) -> Option<(String, Phase, String)> {
    let found = model.snapshot.as_ref().and_then(|snapshot| {
        let tool = snapshot.current_tool.clone()?;
        let cost = format!(
            "${:.2}, {:.0} minutes so far",
            snapshot.tool_usd, snapshot.tool_minutes
        );
        Some((tool, snapshot.phase, cost))
    });
    if found.is_none() {
        show(model, refused("no tool is under way".to_owned()));
    }
    found
}

/// Asks before a command about the tool under way.
fn ask(model: &mut Model, title: &str, verb: Verb, effect: &str) {
    let Some((tool, phase, cost)) = under_way(model) else {
        return;
    };
    let confirm = Confirm {
        title: format!("{title}?"),
        lines: vec![format!("{tool}, in {phase}: {effect}"), cost],
        verb,
        seen: model.seen(),
        yes: false,
    };
    open(model, Layer::Confirm(Box::new(confirm)));
}

fn stop(model: &mut Model) {
    let verb = Verb::Stop {
        after: StopAfter::Turn,
        restart: false,
        reason: None,
    };
    let confirm = Confirm {
        title: "Stop the engine?".to_owned(),
        lines: vec![
            "it ends after the turn under way and stays stopped until p or dev-factory up"
                .to_owned(),
            "leaving with q lets it go on".to_owned(),
        ],
        verb,
        seen: None,
        yes: false,
    };
    open(model, Layer::Confirm(Box::new(confirm)));
}

/// Asks for the text an action needs.
fn form(model: &mut Model, action: Action) {
    let Some((tool, phase, cost)) = under_way(model) else {
        return;
    };
    let (purpose, title, note) = match action {
        Action::Escalate => {
            let reviewer = model.snapshot.as_ref().and_then(|snapshot| {
                snapshot
                    .agents
                    .iter()
                    .find(|agent| agent.role == Role::Supervisor)
                    .map(|agent| agent.model.clone())
            });
            let to = match reviewer.as_deref() {
                None | Some("operator") => "it goes to you".to_owned(),
                Some(model) => format!("it goes to the supervisor, {model}"),
            };
            (
                For::Escalate,
                format!("Escalate {tool}, in {phase}: why?"),
                format!("{to}; {cost}"),
            )
        }
        Action::Requeue => (
            For::Requeue,
            format!("Re-queue {tool}, in {phase}: why?"),
            format!("its branch is kept; {cost}"),
        ),
        Action::Park => (
            For::Park,
            format!("Park {tool}, in {phase}: why?"),
            format!("it waits for you then; {cost}"),
        ),
        _ => (
            For::Hint,
            format!("Hint for {tool}, in {phase}"),
            "handed to the next attempt, at most 150 words".to_owned(),
        ),
    };
    open(
        model,
        Layer::Form(Form {
            purpose,
            title,
            note,
            line: Line::default(),
        }),
    );
}

/// Opens the decisions on the tool under review, else on the first that waits on the shelf.
fn verdict(model: &mut Model) {
    let Some(snapshot) = model.snapshot.clone() else {
        return;
    };
    let green = snapshot.runs.last().is_some_and(|run| run.green);
    let reviewed = snapshot
        .current_tool
        .clone()
        .filter(|_| snapshot.phase == Phase::Review);
    let menu = match reviewed {
        Some(tool) => Some(VerdictMenu {
            tool,
            under_way: true,
            escalated: snapshot.escalation.is_some(),
            closed: (!green).then(|| "its last run is not green".to_owned()),
            cursor: 0,
        }),
        None => snapshot
            .queue
            .iter()
            .find(|item| item.status == ItemStatus::InReview)
            .map(|item| VerdictMenu {
                tool: item.name.clone(),
                under_way: false,
                escalated: item.escalation.is_some(),
                closed: item
                    .escalation
                    .is_some()
                    .then(|| "it was escalated, not finished".to_owned()),
                cursor: 0,
            }),
    };
    match menu {
        Some(menu) => open(model, Layer::Verdict(menu)),
        None => show(model, refused("no tool waits for a verdict".to_owned())),
    }
}

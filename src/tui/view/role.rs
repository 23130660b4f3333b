//! One role in detail: why it does not work and what to do, what waits for it, its means.

use super::super::model::Model;
use super::super::theme::Part;
use super::ink::{Ink, cell};
use super::{doing, wrap};
use crate::domain::item::ItemStatus;
use crate::domain::phase::Role;
use crate::domain::screen::{AgentState, AgentStatus, Snapshot};
use ratatui::text::{Line, Span};

/// Columns of a label.
const LABEL: usize = 10;

/// The details.
pub fn lines(
    model: &Model,
    s: &Snapshot,
    ink: &Ink<'_>,
    agent: &AgentStatus,
    width: usize,
) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    let mut before = "";
    for (label, text) in facts(model, s, agent) {
        // One label for several remedies.
        let mut shown = if label == before { "" } else { label };
        before = label;
        for row in wrap::first(&text, width.saturating_sub(LABEL + 2), 2) {
            let part = match shown {
                "why" => super::roles::state(agent.state).0,
                _ => Part::Dim,
            };
            lines.push(Line::from(vec![
                ink.span(part, format!(" {}", cell(shown, LABEL))),
                Span::raw(row),
            ]));
            shown = "";
        }
    }
    lines
}

/// What is known of it, each fact with its label.
fn facts(model: &Model, s: &Snapshot, agent: &AgentStatus) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    match agent.state {
        AgentState::Working | AgentState::Ready => facts.push(("now", agent.words.clone())),
        // The pause itself says more.
        AgentState::Paused => {}
        _ => facts.push(("why", agent.words.clone())),
    }
    for pause in s.pauses.iter().filter(|p| p.scope.covers(agent.role)) {
        let label = if facts.is_empty() { "why" } else { "pause" };
        let words = format!("{}, {}", doing::paused(model, pause), pause.id);
        facts.push((label, words));
    }
    let remedies = remedies(s, agent).into_iter();
    facts.extend(remedies.map(|words| ("remedy", words)));
    facts.push(("effect", effect(s, agent)));
    let means = match agent.model.split_once('/') {
        Some((host, name)) => format!("{name} on {host}"),
        None => agent.model.clone(),
    };
    let script = if agent.scripted {
        ", replies from a script"
    } else {
        ""
    };
    facts.push(("model", format!("{means}{script}")));
    facts.push(("context", context(agent)));
    let speed = match (agent.tokens_per_second, agent.last) {
        (Some(speed), Some(at)) => {
            format!("{speed:.1} tok/s, last turn {}", doing::clock(model, at))
        }
        (None, Some(at)) => format!("last turn {}", doing::clock(model, at)),
        _ => "no turn yet".to_owned(),
    };
    facts.push(("speed", speed));
    facts
}

/// What gets it to work, in words; nothing where it works.
fn remedies(s: &Snapshot, agent: &AgentStatus) -> Vec<String> {
    let id = format!("host:{}", agent.role);
    let own = s.needs.iter().find(|need| need.id == id);
    let mut all: Vec<String> = own.map(|need| need.ways.clone()).unwrap_or_default();
    let more = match agent.state {
        AgentState::Unasked => {
            "it is asked when there is work for it; r asks the model servers now"
        }
        AgentState::Offline => "r asks the model servers again now",
        AgentState::Paused => "p lifts its own pause; on Factory that of the factory",
        AgentState::OffSchedule => "it goes on by itself when its schedule says so",
        AgentState::External => "nothing to do here: another program takes its turns",
        AgentState::Operator => "v gives the verdict on what waits",
        AgentState::Working | AgentState::Ready => return Vec::new(),
    };
    all.push(more.to_owned());
    if agent.role == Role::Supervisor && agent.state == AgentState::Offline {
        all.push("v gives the verdict yourself".to_owned());
    }
    all
}

/// What its state means for the tools.
fn effect(s: &Snapshot, agent: &AgentStatus) -> String {
    let shelf: Vec<&str> = s
        .queue
        .iter()
        .filter(|item| item.status == ItemStatus::InReview && agent.role == Role::Supervisor)
        .map(|item| item.name.as_str())
        .collect();
    if !shelf.is_empty() {
        return format!("waits for review, with its evidence: {}", shelf.join(", "));
    }
    let here = s.phase.role() == Some(agent.role);
    match &s.current_tool {
        Some(tool) if here && s.attempt.is_some() => format!("works on {tool}, in {}", s.phase),
        Some(tool) if here => format!("{tool} waits in {}", s.phase),
        _ => "nothing waits for it".to_owned(),
    }
}

fn context(agent: &AgentStatus) -> String {
    let k = super::top::thousands;
    match (agent.read, agent.context) {
        (Some(read), Some(all)) => format!("{} tokens; the last turn read {}", k(all), k(read)),
        (None, Some(all)) => format!("{} tokens", k(all)),
        (Some(read), None) => format!("not known; the last turn read {}", k(read)),
        (None, None) => "not known".to_owned(),
    }
}

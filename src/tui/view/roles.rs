//! The three roles in short: state, model, speed.

use super::super::model::Model;
use super::super::theme::Part;
use super::doing;
use super::ink::{Ink, cell};
use crate::domain::screen::{AgentState, AgentStatus, Snapshot};
use ratatui::text::{Line, Span};

/// Sign, word and style of a state; off duty and the like are not a failure.
pub const fn state(state: AgentState) -> (Part, &'static str) {
    match state {
        AgentState::Working => (Part::Active, "▸ working"),
        AgentState::Ready => (Part::Dim, "○ idle"),
        AgentState::Unasked => (Part::Dim, "○ not asked"),
        AgentState::Offline => (Part::Fail, "✗ OFFLINE"),
        AgentState::OffSchedule => (Part::Dim, "○ off duty"),
        AgentState::Paused => (Part::Need, "= PAUSED"),
        AgentState::External => (Part::Dim, "○ external"),
        AgentState::Operator => (Part::Need, "! you"),
    }
}

/// Two rows a role.
pub fn tall(model: &Model, snapshot: &Snapshot, ink: &Ink<'_>, width: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    for agent in &snapshot.agents {
        let (part, word) = state(agent.state);
        lines.push(Line::from(vec![
            Span::raw(format!(" {}", cell(doing::name(agent.role), 11))),
            ink.span(part, cell(&ink.plain(word), 11)),
            Span::raw(format!(" {}", cell(&agent.model, width.saturating_sub(24)))),
        ]));
        lines.push(below(model, ink, agent));
    }
    lines
}

fn below(model: &Model, ink: &Ink<'_>, agent: &AgentStatus) -> Line<'static> {
    let works = matches!(
        agent.state,
        AgentState::Working | AgentState::Ready | AgentState::Unasked
    );
    if !works {
        return Line::from(ink.span(Part::Dim, format!("   {}", agent.words)));
    }
    let last = match agent.last {
        _ if agent.state == AgentState::Working => "now".to_owned(),
        Some(at) => format!("last {}", doing::clock(model, at)),
        None => "no turn yet".to_owned(),
    };
    let speed = match agent.tokens_per_second {
        Some(speed) => format!("{speed:.1} tok/s"),
        None => String::new(),
    };
    let script = if agent.scripted { "  script" } else { "" };
    let text = format!("   {}{speed}{script}", cell(&last, 21));
    Line::from(ink.span(Part::Dim, text.trim_end()))
}

/// One row a role.
pub fn flat(snapshot: &Snapshot, ink: &Ink<'_>) -> Vec<Line<'static>> {
    let row = |agent: &AgentStatus| {
        let (part, word) = state(agent.state);
        Line::from(vec![
            Span::raw(format!(" {}", cell(doing::name(agent.role), 11))),
            ink.span(part, cell(&ink.plain(word), 11)),
            Span::raw(format!(" {}  ", cell(&agent.model, 22))),
            ink.span(Part::Dim, agent.words.clone()),
        ])
    };
    snapshot.agents.iter().map(row).collect()
}

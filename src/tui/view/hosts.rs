//! Model hosts below the roles: whom each serves, what it works on, and who waits in line for how long.

use super::super::model::Model;
use super::super::theme::Part;
use super::column::Column;
use super::ink::{Ink, cell};
use super::{doing, spent};
use crate::domain::screen::{AgentState, AgentStatus, HostLine, Snapshot, Waiter};
use chrono::{DateTime, Utc};
use ratatui::buffer::Buffer;
use ratatui::text::{Line, Span};
use std::collections::BTreeMap;

/// Rows kept for what the role said.
const BELOW: usize = 10;

/// Draws them; left out where rows are scarce.
pub fn draw(model: &Model, s: &Snapshot, ink: &Ink<'_>, column: &mut Column, buffer: &mut Buffer) {
    let mut names: Vec<&str> = Vec::new();
    for agent in &s.agents {
        if let Some((host, _)) = agent.model.split_once('/')
            && !names.contains(&host)
        {
            names.push(host);
        }
    }
    if names.is_empty() || column.left() < names.len() + BELOW {
        return;
    }
    column.rule(ink, &[(Part::Title, "Hosts")], "", buffer);
    let now = spent::now(model, s);
    let mut told: Vec<&HostLine> = Vec::new();
    for host in names {
        column.line(ink, &row(s, ink, host), buffer);
        let line = s
            .hosts
            .iter()
            .find(|line| line.hosts.iter().any(|name| name == host));
        // Two names of one server have one line.
        let Some(line) = line.filter(|line| !told.contains(line)) else {
            continue;
        };
        told.push(line);
        let room = column.left().saturating_sub(BELOW);
        let rows = waiters(ink, line, now);
        column.lines(
            ink,
            rows.get(..room.min(rows.len())).unwrap_or_default(),
            buffer,
        );
    }
}

/// Whom a host serves.
fn row(s: &Snapshot, ink: &Ink<'_>, host: &str) -> Line<'static> {
    let own = |agent: &&AgentStatus| agent.model.split_once('/').is_some_and(|(h, _)| h == host);
    let users: Vec<&AgentStatus> = s.agents.iter().filter(own).collect();
    let all_gone = users.iter().all(|agent| agent.state == AgentState::Offline);
    let busy = users.iter().any(|agent| agent.state == AgentState::Working);
    let (part, word) = match (all_gone, busy) {
        (true, _) => (Part::Fail, "✗ OFFLINE"),
        (_, true) => (Part::Active, "▸ working"),
        _ => (Part::Ok, "✓ ready"),
    };
    let mut serves: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for agent in &users {
        let model = agent.model.split_once('/').map_or("", |(_, model)| model);
        let roles = serves.entry(model).or_default();
        roles.push(doing::name(agent.role));
    }
    let said: Vec<String> = serves
        .iter()
        .map(|(model, roles)| format!("{model} for {}", roles.join(", ")))
        .collect();
    Line::from(vec![
        Span::raw(format!("   {}", cell(host, 12))),
        ink.span(part, cell(&ink.plain(word), 12)),
        Span::raw(said.join("   ")),
    ])
}

/// The turn a server works on and those that wait for it.
fn waiters(ink: &Ink<'_>, line: &HostLine, now: DateTime<Utc>) -> Vec<Line<'static>> {
    let row = |place: String, waiter: &Waiter, does: &str| {
        let time = spent::short(now - waiter.since);
        Line::from(vec![
            ink.span(Part::Dim, format!("     {}", cell(&place, 12))),
            Span::raw(format!("{} {does} {time}", waiter.who)),
        ])
    };
    let working = line.working.iter();
    let mut rows: Vec<Line<'static>> = working
        .map(|waiter| row("now".to_owned(), waiter, "for"))
        .collect();
    let waiting = line.waiting.iter().enumerate();
    rows.extend(waiting.map(|(n, waiter)| row(format!("{}. in line", n + 1), waiter, "waits for")));
    rows
}

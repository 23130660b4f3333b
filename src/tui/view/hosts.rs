//! Model hosts: how each does, what it has loaded, whom it serves and who waits, and trouble in sentences.

use super::super::model::Model;
use super::super::theme::Part;
use super::column::Column;
use super::ink::{Ink, cell};
use super::top::thousands;
use super::{WIDE, doing, health, spent};
use crate::domain::screen::{AgentState, AgentStatus, HostLine, ServerFacts, Snapshot, Waiter};
use chrono::{DateTime, TimeDelta, Utc};
use ratatui::buffer::Buffer;
use ratatui::text::{Line, Span};

/// Rows kept for the last turns.
const BELOW: usize = 6;
/// Title, width, and whether the column is left out where there is less room.
const COLUMNS: [(&str, usize, bool); 9] = [
    ("Host", 12, false),
    ("State", 10, false),
    ("Server", 16, true),
    ("Model", 21, false),
    ("On GPU", 9, false),
    ("Context", 14, true),
    ("First", 9, true),
    ("Load", 8, true),
    ("Queue", 8, false),
];

/// Said where there are none.
const NONE: &str = " no model is set for any role: [roles.developer] in dev-factory/factory.toml";

/// Draws them; left out where rows are scarce.
pub fn draw(model: &Model, s: &Snapshot, ink: &Ink<'_>, column: &mut Column, buffer: &mut Buffer) {
    if column.left() < s.servers.len() + 2 + BELOW {
        return;
    }
    column.rule(ink, &[(Part::Title, "Hosts")], "", buffer);
    if s.servers.is_empty() {
        return column.line(ink, &Line::from(ink.span(Part::Dim, NONE)), buffer);
    }
    let wide = column.width() >= WIDE;
    let titles = shown(wide).map(|(title, width, _)| cell(title, *width));
    let head = format!("   {}Others", titles.collect::<String>());
    column.line(ink, &Line::from(ink.span(Part::Dim, head)), buffer);
    for server in &s.servers {
        column.line(ink, &row(s, ink, server, wide), buffer);
    }
    let mut below: Vec<Line<'static>> = Vec::new();
    for line in s.hosts.iter().filter(|line| !line.waiting.is_empty()) {
        below.extend(waiters(ink, line, spent::now(model, s)));
    }
    for server in &s.servers {
        below.extend(trouble(model, ink, server));
    }
    let room = column.left().saturating_sub(BELOW).min(below.len());
    column.lines(ink, below.get(..room).unwrap_or_default(), buffer);
}

fn shown(wide: bool) -> impl Iterator<Item = &'static (&'static str, usize, bool)> {
    COLUMNS.iter().filter(move |(_, _, roomy)| wide || !roomy)
}

fn row(s: &Snapshot, ink: &Ink<'_>, server: &ServerFacts, wide: bool) -> Line<'static> {
    let own = |agent: &&AgentStatus| {
        let host = agent.model.split_once('/').map(|(host, _)| host);
        agent.state == AgentState::Working && host == Some(server.host.as_str())
    };
    let busy = s.agents.iter().any(|agent| own(&agent));
    let (part, sign, word) = match server.up {
        Some(false) => (Part::Fail, "✗", "away"),
        _ if busy => (Part::Active, "▸", "up"),
        Some(true) => (Part::Ok, "✓", "up"),
        None => (Part::Dim, "○", "not asked"),
    };
    let seconds = |millis: Option<u64>, digits: usize| {
        millis.map_or_else(
            || "-".to_owned(),
            |millis| format!("{:.digits$} s", millis as f64 / 1000.0),
        )
    };
    let mut spans = vec![ink.span(part, format!(" {sign} "))];
    for (title, width, _) in shown(wide) {
        let text = match *title {
            "Host" => server.host.clone(),
            "State" => {
                spans.push(ink.span(part, cell(word, *width)));
                continue;
            }
            "Server" if server.server.is_empty() => server.kind.clone(),
            "Server" => server.server.clone(),
            "Model" => server.model.clone(),
            "On GPU" => server
                .gpu
                .map_or_else(|| "-".to_owned(), |share| format!("{share} %")),
            "Context" => match server.most {
                Some(most) => format!("{} of {}", thousands(server.context), thousands(most)),
                None => thousands(server.context),
            },
            "First" => seconds(server.first, 1),
            "Load" => seconds(server.load, 0),
            _ => server.queue.to_string(),
        };
        spans.push(Span::raw(cell(&text, width - 1) + " "));
    }
    let others = match (&server.shared, server.alone) {
        (Some(_), _) => ink.span(Part::Title, "seen"),
        (None, Some(true)) => Span::raw("none"),
        _ => Span::raw("-"),
    };
    spans.push(others);
    Line::from(spans)
}

/// What is wrong with a host, or was today.
fn trouble(model: &Model, ink: &Ink<'_>, server: &ServerFacts) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    let mut told = |part: Part, words: String| {
        lines.push(Line::from(ink.span(part, format!("   {words}"))));
    };
    if server.up == Some(false) {
        told(Part::Fail, format!("{}: {}", server.host, server.words));
    }
    if let Some(words) = &server.shared {
        told(Part::Title, format!("{} is shared: {words}", server.host));
    }
    let recent = model.now - TimeDelta::hours(24);
    let away = server.away.as_ref();
    if let Some(away) = away.filter(|away| away.to.is_none_or(|to| to > recent)) {
        let from = doing::clock(model, away.from);
        let turns = match away.turns {
            1 => "1 turn".to_owned(),
            many => format!("{many} turns"),
        };
        let words = match away.to {
            Some(to) => format!(
                "{} was away {from} to {}: {turns} taken again, no cycle counted",
                server.host,
                doing::clock(model, to)
            ),
            None => format!(
                "{} is away since {from}: {turns} to be taken again",
                server.host
            ),
        };
        lines.push(Line::from(vec![
            ink.span(Part::Dim, format!("   {}  ", cell(&words, 68))),
            health::span(ink, &server.health),
            ink.span(Part::Dim, "  24 h"),
        ]));
    }
    lines
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

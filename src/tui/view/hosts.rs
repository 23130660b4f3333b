//! Model hosts: how each does, what it has loaded, whom it serves and who waits, and trouble in sentences.

use super::super::model::Model;
use super::super::tabs::Staff;
use super::super::theme::Part;
use super::agents::head;
use super::column::Column;
use super::ink::{Ink, cell};
use super::top::thousands;
use super::{WIDE, doing, health, spent, wrap};
use crate::domain::label::Label;
use crate::domain::screen::{AgentState, AgentStatus, HostLine, ServerFacts, Snapshot, Waiter};
use crate::text::plural::plural;
use chrono::{DateTime, TimeDelta, Utc};
use ratatui::buffer::Buffer;
use ratatui::text::{Line, Span};

/// Rows kept for the last turns.
pub const BELOW: usize = 6;
/// Title, width, and from which width of the pane on the column is shown.
const COLUMNS: [(&str, usize, u16); 9] = [
    ("Host", 12, 0),
    ("State", 10, 0),
    ("Server", 16, WIDE),
    ("Model", 21, 0),
    ("On GPU", 9, 70),
    ("Context", 14, WIDE),
    ("First", 9, WIDE),
    ("Load", 8, WIDE),
    ("Queue", 8, 0),
];

/// Said where there are none.
const NONE: &str = " no model is set for any role: [roles.developer] in dev-factory/factory.toml";

/// Draws them, so many rows left for what follows; left out where rows are scarce.
pub fn draw(
    model: &Model,
    s: &Snapshot,
    ink: &Ink<'_>,
    kept: usize,
    column: &mut Column,
    buffer: &mut Buffer,
) {
    let focused = model.agents.focus == Staff::Hosts;
    if !focused && column.left() < s.servers.len() + 2 + kept {
        return;
    }
    column.rule(ink, &[head(model, Staff::Hosts, "Hosts")], "", buffer);
    if s.servers.is_empty() {
        return column.line(ink, &Line::from(ink.span(Part::Dim, NONE)), buffer);
    }
    let width = column.width();
    let titles = shown(width).map(|(title, width, _)| cell(title, *width));
    let head = format!("   {}Others", titles.collect::<String>());
    column.line(ink, &Line::from(ink.span(Part::Dim, head)), buffer);
    let cursor = model.agents.host.on().filter(|_| focused);
    for server in &s.servers {
        let mut line = row(s, ink, server, width);
        if cursor == Some(&server.host)
            && let Some(front) = line.spans.first_mut()
        {
            let sign = front.content.trim_start().to_owned();
            *front = ink.span(Part::Cursor, format!(">{sign}"));
        }
        column.line(ink, &line, buffer);
    }
    let mut below: Vec<Line<'static>> = Vec::new();
    for line in s.hosts.iter().filter(|line| !line.waiting.is_empty()) {
        below.extend(waiters(ink, line, spent::now(model, s)));
    }
    // Alone, the words are whole, and those of the chosen host come first; where none is chosen, of those away.
    let rows = if focused && kept == 0 { 4 } else { 1 };
    let chosen = |server: &&ServerFacts| {
        cursor.map_or(server.up == Some(false), |host| *host == server.host)
    };
    let (first, others): (Vec<_>, Vec<_>) = s.servers.iter().partition(chosen);
    for server in first.into_iter().chain(others) {
        below.extend(trouble(
            model,
            ink,
            server,
            (usize::from(column.width()), rows),
        ));
    }
    let room = column.left().saturating_sub(kept).min(below.len());
    column.lines(ink, below.get(..room).unwrap_or_default(), buffer);
}

fn shown(width: u16) -> impl Iterator<Item = &'static (&'static str, usize, u16)> {
    COLUMNS.iter().filter(move |(_, _, from)| width >= *from)
}

fn row(s: &Snapshot, ink: &Ink<'_>, server: &ServerFacts, pane: u16) -> Line<'static> {
    let own = |agent: &&AgentStatus| {
        let host = agent.model.split_once('/').map(|(host, _)| host);
        agent.state == AgentState::Working && host == Some(server.host.as_str())
    };
    let busy = s.agents.iter().any(|agent| own(&agent));
    let (part, sign, word) = match server.up {
        Some(false) if server.refused => (Part::Fail, "✗", "refused"),
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
    for (title, width, _) in shown(pane) {
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
fn trouble(
    model: &Model,
    ink: &Ink<'_>,
    server: &ServerFacts,
    (width, most): (usize, usize),
) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    let mut told = |part: Part, words: String| {
        let rows = wrap::first(&words, width.saturating_sub(4), most).into_iter();
        lines.extend(rows.map(|row| Line::from(ink.span(part, format!("   {row}")))));
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
        let turns = plural(away.turns, "turn");
        let words = match away.to {
            Some(to) => format!(
                "{} was away {from} to {}: {turns} taken again, no cycle counted",
                server.host,
                doing::clock(model, to)
            ),
            None => {
                let does = match server.refused {
                    true => "refuses the key",
                    false => "is away",
                };
                let host = &server.host;
                format!("{host} {does} since {from}: {turns} to be taken again")
            }
        };
        if width < usize::from(WIDE) {
            told(Part::Dim, words);
            return lines;
        }
        lines.push(Line::from(vec![
            ink.span(Part::Dim, format!("   {}  ", cell(&words, 68))),
            health::span(ink, &server.health),
            ink.span(Part::Dim, "  24 h"),
        ]));
    }
    lines
}

/// A label in words, with its tool.
fn spelt(label: &str) -> String {
    let label = Label::of(label);
    format!("{}, {}", label.tool, label.words())
}

/// The turn a server works on and those that wait for it.
fn waiters(ink: &Ink<'_>, line: &HostLine, now: DateTime<Utc>) -> Vec<Line<'static>> {
    let row = |place: String, waiter: &Waiter, does: &str| {
        let time = spent::words(now - waiter.since);
        Line::from(vec![
            ink.span(Part::Dim, format!("     {}", cell(&place, 12))),
            Span::raw(format!("{does} {time}: {}", spelt(&waiter.who))),
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

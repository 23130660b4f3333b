//! One role in detail: why it does not work and what to do, what waits for it, its means.

use super::super::action::Action;
use super::super::model::Model;
use super::super::theme::Part;
use super::ink::{Ink, cell};
use super::top::thousands;
use super::{doing, wrap};
use crate::domain::item::ItemStatus;
use crate::domain::phase::{Phase, Role};
use crate::domain::screen::{Act, AgentState, AgentStatus, Snapshot, SoulFacts, TurnLine};
use crate::domain::state::Scope;
use crate::domain::stats::{Spread, Usage};
use crate::text::plural::plural;
use ratatui::text::{Line, Span};

/// Columns of a label.
const LABEL: usize = 10;

/// Label of what is wrong with the host.
const ALARM: &str = "alarm";

/// A row of the details: what it is about, whether that stands before it, and the words.
pub type Row = (&'static str, bool, String);

/// The details in rows of a width.
pub fn rows(model: &Model, s: &Snapshot, agent: &AgentStatus, width: usize) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut before = "";
    for (label, text) in facts(model, s, agent, width) {
        // One label for several remedies.
        let mut first = label != before;
        before = label;
        for row in wrap::first(&text, width.saturating_sub(LABEL + 2), 2) {
            rows.push((label, std::mem::take(&mut first), row));
        }
    }
    rows
}

/// The same as they are drawn.
pub fn lines(ink: &Ink<'_>, agent: &AgentStatus, rows: &[Row]) -> Vec<Line<'static>> {
    let line = |(label, first, row): &Row| {
        let part = match (*first, *label) {
            (true, ALARM) => Part::Fail,
            (true, "why") => super::roles::state(agent.state).0,
            _ => Part::Dim,
        };
        let shown = if *first { *label } else { "" };
        Line::from(vec![
            ink.span(part, format!(" {}", cell(shown, LABEL))),
            // Columns are ours and have twins; words are not.
            match *label {
                "health" => ink.raw(row.as_str()),
                _ => Span::raw(row.clone()),
            },
        ])
    };
    rows.iter().map(line).collect()
}

/// What is known of it, each fact with its label.
fn facts(
    model: &Model,
    s: &Snapshot,
    agent: &AgentStatus,
    width: usize,
) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    facts.extend(agent.alarm.clone().map(|words| (ALARM, words)));
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
    let remedies = remedies(model, s, agent).into_iter();
    facts.extend(remedies.map(|words| ("remedy", words)));
    if agent.model.contains('/') {
        facts.push(("host", agent.model.replacen('/', " ", 1)));
    }
    facts.push(("key", key(model, agent, width)));
    facts.push(("effect", effect(s, agent)));
    facts.extend(means(model, s, agent, width));
    facts
}

/// What gets it to work, in words; nothing where it works.
fn remedies(model: &Model, s: &Snapshot, agent: &AgentStatus) -> Vec<String> {
    let key = |action, without: &str| model.keys.or(action, without);
    let probe = key(Action::Probe, "the command probe");
    let pause = key(Action::Pause, "the command resume");
    let verdict = key(Action::Verdict, "the command decide");
    let mut items = s.queue.iter();
    let waits = s.phase == Phase::Review || items.any(|item| item.status == ItemStatus::InReview);
    let id = format!("host:{}", agent.role);
    let own = s.needs.iter().find(|need| need.id == id);
    let ways = own.map_or(&[][..], |need| &need.ways);
    // Those that a key takes stand on the card.
    let hands = ways.iter().filter(|way| way.act == Act::Hands);
    let mut all: Vec<String> = hands.map(|way| way.label.clone()).collect();
    let more = match agent.state {
        AgentState::Unasked => {
            format!("it is asked when there is work for it; {probe} asks the model servers now")
        }
        AgentState::Offline => format!("{probe} asks the model servers again now"),
        AgentState::Paused => match s.pauses.iter().find(|p| p.scope == Scope::of(agent.role)) {
            Some(own) if own.lifts() => format!("{pause} lifts it"),
            Some(_) => format!("{} has the ways out", key(Action::Needs, "the card")),
            None => format!("{pause} on Factory lifts it, unless the card has the ways out"),
        },
        AgentState::OffSchedule => "it goes on by itself when its schedule says so".to_owned(),
        AgentState::External => "nothing to do here: another program takes its turns".to_owned(),
        AgentState::Operator if waits => format!("{verdict} gives the verdict on what waits"),
        AgentState::Operator => "nothing waits for a verdict".to_owned(),
        AgentState::Working | AgentState::Ready => return Vec::new(),
    };
    all.push(more);
    if waits && agent.role == Role::Supervisor && agent.state == AgentState::Offline {
        all.push(format!("{verdict} gives the verdict yourself"));
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

/// Where its key comes from; never the key.
fn key(model: &Model, agent: &AgentStatus, width: usize) -> String {
    let Some(key) = &agent.facts.key else {
        return "none is sent".to_owned();
    };
    let mode = key.mode.iter().map(|mode| format!("mode {mode}"));
    let ends = key.ends.iter().map(|ends| format!("ends {ends}"));
    let read = key.read.iter();
    let read = read.map(|at| format!("last read {}", doing::clock(model, *at)));
    let place = match key.place.rsplit('/').collect::<Vec<_>>().as_slice() {
        // Where rooms are small, the end of a path tells enough.
        [name, folder, _, ..] if width < usize::from(super::WIDE) => {
            format!("file {folder}/{name}")
        }
        _ => key.place.clone(),
    };
    let all: Vec<String> = std::iter::once(place)
        .chain(mode)
        .chain(ends)
        .chain(read)
        .collect();
    all.join(", ")
}

/// Its means and its past, several on a line where there is room.
fn means(
    model: &Model,
    s: &Snapshot,
    agent: &AgentStatus,
    width: usize,
) -> Vec<(&'static str, String)> {
    let facts = &agent.facts;
    let script = match agent.scripted {
        true => "   replies from a script",
        false => "",
    };
    let soul = facts.soul.as_ref().map_or_else(
        || "not known".to_owned(),
        |soul| format!("{} {}{}", soul.file, soul.hash, unchanged(model, soul)),
    );
    let runner = if facts.external {
        "external"
    } else {
        "builtin"
    };
    let schedule = facts.schedule.as_deref().unwrap_or("always");
    let fallback = listed(&facts.fallback, "none");
    let limits = listed(&facts.limits, "none of its own");
    let day = day(&facts.day);
    let (context, thinking) = (context(agent), thinking(agent));
    let speed = format!("{}{}", speed(agent), queue(s, agent));
    let health = super::health::words(&facts.health);
    if width >= usize::from(super::WIDE) {
        return vec![
            (
                "soul",
                format!(
                    "{soul}   runner  {runner}{script}   schedule  {schedule}   fallback  {fallback}"
                ),
            ),
            ("context", format!("{context}   thinking  {thinking}")),
            ("speed", speed),
            ("24 h", format!("{day}   limits  {limits}")),
            ("health", health),
        ];
    }
    vec![
        ("soul", format!("{soul}   runner  {runner}{script}")),
        ("context", format!("{context}   thinking  {thinking}")),
        ("speed", speed),
        ("24 h", day),
        (
            "limits",
            format!("{limits}   schedule  {schedule}   fallback  {fallback}"),
        ),
        ("health", health),
    ]
}

fn listed(all: &[String], none: &str) -> String {
    match all {
        [] => none.to_owned(),
        all => all.join(", "),
    }
}

fn day(used: &Usage) -> String {
    match used.turns {
        0 => "no turn".to_owned(),
        _ => format!(
            "{}, {} in, {} cached, {} out, {}",
            plural(used.turns, "turn"),
            thousands(used.input),
            thousands(used.cached),
            thousands(used.output),
            used.money()
        ),
    }
}

fn unchanged(model: &Model, soul: &SoulFacts) -> String {
    let Some(since) = soul.since else {
        return String::new();
    };
    match (model.now - since).num_days() {
        ..=0 => format!(", unchanged since {}", doing::clock(model, since)),
        days => format!(", unchanged {}", plural(days, "day")),
    }
}

fn context(agent: &AgentStatus) -> String {
    let last = agent.facts.turns.last();
    let sent = last.and_then(|turn| turn.sent);
    let sent = sent.map(|sent| format!("sent {}", thousands(sent)));
    let read = agent.read.map(|read| format!("read {}", thousands(read)));
    let used = match (agent.read, agent.context) {
        (Some(read), Some(all)) => format!("{} of {}", thousands(read), thousands(all)),
        (None, Some(all)) => format!("{} tokens", thousands(all)),
        (Some(_), None) => "window not known".to_owned(),
        (None, None) => "not known".to_owned(),
    };
    let all: Vec<String> = std::iter::once(used).chain(sent).chain(read).collect();
    all.join(", ")
}

fn speed(agent: &AgentStatus) -> String {
    let firsts = agent.facts.turns.iter().filter_map(TurnLine::first_token);
    let first = Spread::of(firsts.map(|millis| millis as f64).collect());
    let first = first.map(|all| format!("first token {:.1} s", all.median / 1000.0));
    let last = agent.tokens_per_second;
    let last = last.map(|speed| format!("{speed:.1} tok/s last"));
    let usual = agent.facts.usual_speed;
    let usual = usual.map(|speed| format!("{speed:.1} usual"));
    let all: Vec<String> = first.into_iter().chain(last).chain(usual).collect();
    match all.is_empty() {
        true if agent.last.is_some() => "not told by its host".to_owned(),
        true => "no turn yet".to_owned(),
        false => all.join(", "),
    }
}

/// Turns that wait for its host.
fn queue(s: &Snapshot, agent: &AgentStatus) -> String {
    let host = agent.model.split_once('/').map(|(host, _)| host);
    let server = s
        .servers
        .iter()
        .find(|server| host == Some(server.host.as_str()));
    server.map_or_else(String::new, |server| format!("   queue  {}", server.queue))
}

/// What its last turns show.
fn thinking(agent: &AgentStatus) -> String {
    let all = &agent.facts.turns;
    let thought: Vec<u64> = all.iter().filter_map(|turn| turn.thought).collect();
    match (thought.iter().sum::<u64>(), all.len() as u64) {
        (_, 0) => "no turn yet".to_owned(),
        (0, all) => format!("none in {}", plural(all, "turn")),
        (tokens, all) => {
            let (tokens, thought) = (thousands(tokens), thought.len());
            format!("{tokens} in {thought} of {}", plural(all, "turn"))
        }
    }
}

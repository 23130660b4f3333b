//! `status`: where the factory stands, from what the engine leaves on disk; never starts anything.

use super::args::Cli;
use super::home;
use super::out::{self, Done, Fail, code};
use crate::adapters::clock::SystemClock;
use crate::adapters::store::{files, readers};
use crate::domain::condition::Condition;
use crate::domain::item::ItemStatus;
use crate::domain::phase::Phase;
use crate::domain::screen::{AgentState, AgentStatus, EngineId, Snapshot};
use crate::domain::state::{ControlDoc, Pause, StateDoc, Stopped, who};
use crate::factory::ports::clock::Clock;
use crate::headless;
use chrono::{DateTime, Local, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use std::path::Path;

/// Prints where the factory stands; exit 4 when a person is needed and has not put that off, also because the engine is gone,
/// no `down` or `stop` has ended it, and there is work to do.
pub fn run(cli: &Cli, home: &Path, line: bool) -> Done {
    home::readable(home)?;
    let Some((snapshot, alive)) = readers::snapshot(home) else {
        return unseen(cli, home, line);
    };
    let text = if cli.json {
        let at = (snapshot.phase, snapshot.current_tool.as_deref());
        let conditions = &snapshot.conditions;
        format!("{}\n", object(home, at, Some(&snapshot), conditions, alive))
    } else if line {
        format!("{}\n", short(&snapshot, alive))
    } else {
        long(home, &snapshot, alive)
    };
    out::put(&text)?;
    let dead = !alive && snapshot.stopped.is_none() && snapshot.wants_work();
    Ok(match dead || snapshot.loud().next().is_some() {
        true => code::PERSON,
        false => 0,
    })
}

/// All that a program may want to know, under the same names whether an engine has ever run or not.
fn object(
    home: &Path,
    (phase, tool): (Phase, Option<&str>),
    snapshot: Option<&Snapshot>,
    conditions: &[Condition],
    alive: bool,
) -> serde_json::Value {
    json!({
        "home": home,
        "engine": if alive { "running" } else { "none" },
        "phase": phase,
        "tool": tool,
        "conditions": conditions,
        "successRate": snapshot.and_then(Snapshot::success_rate),
        "snapshot": snapshot,
    })
}

/// No engine has run here yet, or its snapshot is lost, as by a cut of power, or could not be written: the two state
/// documents alone, and what is in the way of others.
fn unseen(cli: &Cli, home: &Path, line: bool) -> Done {
    let state: Option<StateDoc> = document(home, "state.json");
    let phase = state.as_ref().map_or(Phase::Idle, |state| state.phase);
    let tool = state
        .as_ref()
        .and_then(|state| state.current_tool.as_deref());
    let control: Option<ControlDoc> = document(home, "control.json");
    let stopped = control.and_then(|control| control.stopped);
    let alive = readers::engine(home).is_some();
    let obstructed = readers::obstruction(home, SystemClock.now());
    if cli.json {
        let conditions = obstructed.as_slice();
        out::say(object(home, (phase, tool), None, conditions, alive))?;
    } else if line {
        let engine = match (&obstructed, alive) {
            (Some(condition), true) => condition.name.name().to_uppercase(),
            (Some(condition), false) => {
                format!("NO ENGINE {}", condition.name.name().to_uppercase())
            }
            (None, true) => "begins".to_owned(),
            (None, false) => "no engine".to_owned(),
        };
        out::say(format!("{engine} {phase} {}", tool.unwrap_or("-")))?;
    } else {
        let engine = match &stopped {
            _ if alive => "running, and has said nothing yet".to_owned(),
            Some(stopped) => ended(stopped),
            None if home.join("dev-factory/journal.jsonl").exists() => {
                "NO ENGINE, and its last word is lost: dev-factory up starts it".to_owned()
            }
            None if obstructed.is_some() => "NO ENGINE: none can begin here".to_owned(),
            None => "none has run here yet: dev-factory up".to_owned(),
        };
        let phase = format!("{phase} {}", tool.unwrap_or_default());
        let mut rows = vec![
            row("home", home.display().to_string()),
            row("engine", engine),
            row("phase", phase.trim_end().to_owned()),
        ];
        let words = |it: &Condition| format!("{}; {}", it.words(), it.remedy);
        rows.extend(obstructed.iter().map(|it| row("condition", words(it))));
        out::put(&out::table(&rows))?;
    }
    let dead = !alive && stopped.is_none() && phase.active();
    Ok(match dead || obstructed.is_some() {
        true => code::PERSON,
        false => 0,
    })
}

fn document<T: DeserializeOwned>(home: &Path, name: &str) -> Option<T> {
    let path = home.join("dev-factory").join(name);
    let bytes = files::read(&path.canonicalize().unwrap_or(path), files::CAP);
    serde_json::from_slice(&bytes.ok()??).ok()
}

/// A value's word on disk.
pub fn word(value: &impl Serialize) -> String {
    serde_json::to_value(value)
        .ok()
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default()
}

/// One line for a status bar.
fn short(s: &Snapshot, alive: bool) -> String {
    let mut parts = Vec::new();
    if !alive {
        parts.push(
            if s.stopped.is_some() {
                "STOPPED"
            } else {
                "NO ENGINE"
            }
            .to_owned(),
        );
    } else if let Some(condition) = s.conditions.iter().find(|c| c.waits) {
        parts.push(condition.name.name().to_uppercase());
    } else if !s.pauses.is_empty() {
        parts.push(if s.pausing { "PAUSING" } else { "PAUSED" }.to_owned());
    }
    parts.push(word(&s.phase));
    if let Some(tool) = &s.current_tool {
        parts.push(format!("{tool} c{}", s.cycle_count));
    }
    let wanted = s
        .queue
        .iter()
        .filter(|item| item.status == ItemStatus::Wanted)
        .count();
    parts.push(format!("{wanted} queued"));
    parts.push(format!("{:.2} USD", s.day_usd));
    match s.loud().count() {
        0 => {}
        count => parts.push(format!("!{count}")),
    }
    parts.join(" ")
}

/// The whole picture.
fn long(home: &Path, s: &Snapshot, alive: bool) -> String {
    let mut rows = vec![
        row("home", home.display().to_string()),
        row("engine", engine(s, alive)),
    ];
    rows.push(row("phase", phase(s)));
    rows.push(row("doing", s.doing.clone()));
    rows.extend(s.conditions.iter().map(condition));
    rows.extend(s.pauses.iter().map(pause));
    if let Some(e) = &s.escalation {
        let words = format!("from {}: {}", word(&e.from), e.reason);
        rows.push(row("escalated", words));
    }
    for (name, words) in [("stuck?", &s.stuck), ("next", &s.next)] {
        if !words.is_empty() {
            rows.push(row(name, words.clone()));
        }
    }
    rows.extend(s.agents.iter().map(agent));
    rows.push(row("sandbox", s.sandbox.clone()));
    let waiting = s
        .queue
        .iter()
        .filter(|item| item.status == ItemStatus::Wanted)
        .count();
    rows.push(row(
        "queue",
        format!(
            "{waiting} wanted; {} shipped, {} parked so far",
            s.totals.shipped, s.totals.parked
        ),
    ));
    if let Some(rate) = s.success_rate() {
        let words = format!("{:.0} % of what was begun and ended", rate * 100.0);
        rows.push(row("success", words));
    }
    rows.push(row(
        "spent",
        format!(
            "{:.2} of {:.2} USD in 24 hours; {:.2} in all",
            s.day_usd, s.day_limit_usd, s.totals.usd
        ),
    ));
    let mut text = out::table(&rows);
    for need in &s.needs {
        text.push_str(&headless::need_text(need));
    }
    text
}

fn condition(condition: &Condition) -> Vec<String> {
    let since = local(condition.since);
    let words = format!("{}, since {since}; {}", condition.words(), condition.remedy);
    row("condition", words)
}

fn pause(pause: &Pause) -> Vec<String> {
    let until = pause
        .until
        .map_or(String::new(), |until| format!(", until {}", local(until)));
    let (kind, scope) = (word(&pause.kind), word(&pause.scope));
    let words = format!(
        "{} ({kind}, {scope}) by {}: {}{until}",
        pause.id,
        who(&pause.by),
        pause.reason
    );
    row("pause", words)
}

fn agent(agent: &AgentStatus) -> Vec<String> {
    let scripted = if agent.scripted { " (scripted)" } else { "" };
    let state = word(&agent.state);
    let mut words = format!("{}{scripted}  ", agent.model);
    // Who reviews by hand has no model, and words of a pause say that it is one.
    if agent.state == AgentState::Operator {
        words.clear();
    } else if !agent.words.starts_with(&state) {
        words += &format!("{state}  ");
    }
    words += &agent.words;
    row(&word(&agent.role), words)
}

fn row(name: &str, value: String) -> Vec<String> {
    vec![name.to_owned(), value]
}

fn engine(s: &Snapshot, alive: bool) -> String {
    match (&s.stopped, alive) {
        (_, true) => engine_words(&s.engine),
        (Some(stopped), false) => ended(stopped),
        (None, false) => format!(
            "NO ENGINE; last sign of life {}; dev-factory up starts it",
            local(s.at)
        ),
    }
}

fn ended(stopped: &Stopped) -> String {
    format!(
        "STOPPED by {} since {}: {}; dev-factory up starts it",
        who(&stopped.by),
        local(stopped.since),
        stopped.reason
    )
}

/// A running engine, and this program beside it where that is another version.
#[must_use]
pub fn engine_words(engine: &EngineId) -> String {
    let words = format!("running, process {} ({})", engine.pid, engine.version);
    match engine.version == env!("CARGO_PKG_VERSION") {
        true => words,
        false => format!(
            "{words}; this is dev-factory {}: dev-factory restart runs the one that is installed",
            env!("CARGO_PKG_VERSION")
        ),
    }
}

fn phase(s: &Snapshot) -> String {
    match &s.current_tool {
        None => word(&s.phase),
        Some(tool) => format!(
            "{} {tool}, cycle {}, since {}",
            word(&s.phase),
            s.cycle_count,
            local(s.last_update)
        ),
    }
}

/// Local date and time.
#[must_use]
pub fn local(time: DateTime<Utc>) -> String {
    time.with_timezone(&Local)
        .format("%Y-%m-%d %H:%M:%S")
        .to_string()
}

/// Whatever can be shown as JSON, or a bug.
pub fn json_text(value: &impl Serialize) -> Result<String, Fail> {
    serde_json::to_string(value).map_err(|error| Fail::Bug(error.into()))
}

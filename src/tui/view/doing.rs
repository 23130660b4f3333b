//! What goes on, in a sentence: work, waiting, a pause, the end.

use super::super::model::{Engine, Model};
use super::super::theme::Part;
use super::ink::Ink;
use super::{spent, wrap};
use crate::domain::item::ItemStatus;
use crate::domain::phase::Role;
use crate::domain::screen::{AgentStatus, Snapshot};
use crate::domain::state::{Pause, Scope, who};
use crate::text::width::columns;
use chrono::{DateTime, Utc};
use ratatui::text::{Line, Span};

/// The sentences, each of at most `most` rows.
pub fn lines(
    model: &Model,
    snapshot: &Snapshot,
    ink: &Ink<'_>,
    width: usize,
    most: usize,
) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    for (part, sign, text) in sentences(model, snapshot) {
        let rows = wrap::first(&text, width.saturating_sub(4), most);
        for (at, row) in rows.iter().enumerate() {
            let front = if at == 0 { sign } else { " " };
            // Only what is short and grave is drawn in the colour of its sign.
            lines.push(Line::from(vec![
                Span::raw(" "),
                ink.span(part, front),
                Span::raw(" "),
                Span::raw(row.clone()),
            ]));
        }
    }
    lines
}

fn sentences(model: &Model, snapshot: &Snapshot) -> Vec<(Part, &'static str, String)> {
    let mut all = Vec::new();
    if let Some(escalation) = &snapshot.escalation {
        let why = format!(
            "escalated from {}, rung L{}: {}",
            escalation.from, escalation.level, escalation.reason
        );
        all.push((Part::Need, "!", why));
    }
    all.push(state(model, snapshot));
    all
}

fn state(model: &Model, snapshot: &Snapshot) -> (Part, &'static str, String) {
    if let Some(stopped) = &snapshot.stopped {
        let since = clock(model, stopped.since);
        let by = who(&stopped.by);
        let text = format!(
            "STOPPED by {by} since {since}: {}. {}",
            stopped.reason,
            model.starts_it()
        );
        return (Part::Fail, "✗", text);
    }
    if model.engine == Engine::Gone {
        let at = clock(model, snapshot.at);
        let text = format!(
            "NO ENGINE. Its last word at {at}: {}. {}",
            snapshot.doing,
            model.starts_it()
        );
        return (Part::Fail, "✗", text);
    }
    if snapshot.pausing {
        return (
            Part::Need,
            "=",
            format!("PAUSING after this: {}", snapshot.doing),
        );
    }
    let held = snapshot.pauses.iter().find(|p| p.scope == Scope::Factory);
    if let Some(pause) = held {
        return (Part::Need, "=", paused(model, pause));
    }
    if snapshot.attempt.is_some() {
        return (Part::Active, "▸", snapshot.doing.clone());
    }
    let wanted = snapshot
        .queue
        .iter()
        .any(|item| matches!(item.status, ItemStatus::Wanted | ItemStatus::Building));
    if snapshot.current_tool.is_none() && !wanted {
        return (
            Part::Dim,
            "○",
            format!("idle: nothing wanted. {}", model.adds_ideas()),
        );
    }
    (Part::Dim, "○", snapshot.doing.clone())
}

/// `PAUSED by oper since 22:10 until 07:00: gaming`
pub fn paused(model: &Model, pause: &Pause) -> String {
    let until = pause
        .until
        .map(|until| format!(" until {}", clock(model, until)))
        .unwrap_or_default();
    format!(
        "PAUSED by {} since {}{until}: {}",
        who(&pause.by),
        clock(model, pause.since),
        pause.reason
    )
}

/// A time of today as hours and minutes, another day's with its name, and with its date where that names two days.
pub fn clock(model: &Model, at: DateTime<Utc>) -> String {
    let (time, now) = (model.local(at), model.local(model.now));
    let form = match (now.date() - time.date()).num_days() {
        0 => "%H:%M",
        -6..7 => "%a %H:%M",
        _ => "%d %b %H:%M",
    };
    time.format(form).to_string()
}

/// Columns of a brief time at most.
pub const BRIEF: usize = 9;

/// The same in a column: of an older time the day alone.
pub fn brief(model: &Model, at: DateTime<Utc>) -> String {
    let clock = clock(model, at);
    match clock.rsplit_once(' ') {
        Some((day, _)) if columns(&clock) > BRIEF => day.to_owned(),
        _ => clock,
    }
}

/// Who works on the tool now, or is next.
pub fn agent(snapshot: &Snapshot) -> Option<&AgentStatus> {
    let role = match &snapshot.attempt {
        Some(attempt) => attempt.role,
        None => snapshot.phase.role()?,
    };
    snapshot.agents.iter().find(|agent| agent.role == role)
}

/// A role as a heading.
pub const fn name(role: Role) -> &'static str {
    match role {
        Role::Developer => "Developer",
        Role::Qa => "QA",
        Role::Supervisor => "Supervisor",
    }
}

/// Model, speed, context, and for how long; seconds only while a turn runs.
pub fn means(model: &Model, snapshot: &Snapshot, agent: &AgentStatus, wide: bool) -> String {
    if !agent.model.contains('/') {
        return agent.model.clone();
    }
    let mut words = vec![agent.model.clone()];
    if agent.scripted {
        words.push("replies from a script".to_owned());
    }
    if let Some(speed) = agent.tokens_per_second {
        words.push(format!("{speed:.1} tok/s"));
    }
    words.extend(context(agent));
    if let (Some(attempt), true) = (&snapshot.attempt, wide) {
        let time = spent::now(model, snapshot) - attempt.started_at;
        words.push(spent::words(time));
    }
    words.join(if wide { "   " } else { ", " })
}

/// `context 5.1k of 8.2k`
pub fn context(agent: &AgentStatus) -> Option<String> {
    let thousands = super::top::thousands;
    match (agent.read, agent.context) {
        (Some(read), Some(all)) => {
            Some(format!("context {} of {}", thousands(read), thousands(all)))
        }
        (None, Some(all)) => Some(format!("context {}", thousands(all))),
        (Some(read), None) => Some(format!("read {}", thousands(read))),
        (None, None) => None,
    }
}

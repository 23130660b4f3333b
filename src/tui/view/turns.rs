//! The last turns, newest first: of all roles in a table, where there is less room of the chosen role in sentences.

use super::super::action::Action;
use super::super::model::Model;
use super::super::staff;
use super::super::tabs::Staff;
use super::super::theme::Part;
use super::agents::head;
use super::column::Column;
use super::ink::{Ink, cell, right};
use super::top::thousands;
use super::{WIDE, doing, spent};
use crate::domain::label::Label;
use crate::domain::phase::Role;
use crate::domain::screen::{AgentState, AgentStatus, Snapshot, TurnLine, Waiter};
use crate::text::width::columns;
use chrono::TimeDelta;
use ratatui::buffer::Buffer;
use ratatui::text::{Line, Span};

/// Title of the column whose width the times decide.
const WHEN: &str = "When";
/// Title and width of the columns.
const COLUMNS: [(&str, usize); 10] = [
    (WHEN, 8),
    ("Role", 13),
    ("Phase", 13),
    ("Turn", 6),
    ("Sent", 8),
    ("Read", 8),
    ("Out", 7),
    ("Think", 8),
    ("Time", 10),
    ("Ended", 10),
];

/// Draws them in what is left of the column.
pub fn draw(
    model: &Model,
    s: &Snapshot,
    ink: &Ink<'_>,
    agent: &AgentStatus,
    column: &mut Column,
    buffer: &mut Buffer,
) {
    if column.left() < 2 {
        return;
    }
    let wide = column.width() >= WIDE;
    let title = title(model, (!wide).then_some(agent.role));
    column.rule(ink, &[head(model, Staff::Turns, &title)], "", buffer);
    let turns = staff::turns(model);
    let now = running(s).filter(|(role, _)| wide || *role == agent.role);
    let now = now.filter(|_| model.agents.find.is_empty());
    if turns.is_empty() && now.is_none() {
        let words = match model.agents.find.is_empty() {
            true => {
                "   no turn yet: one is taken when a tool comes to a phase of the role".to_owned()
            }
            false => {
                let key = model.keys.or(Action::Close, "an empty search");
                let of = match wide {
                    true => String::new(),
                    false => format!(" of {}", agent.role.called()),
                };
                format!("   no turn{of} has that: {key} shows all")
            }
        };
        return column.line(ink, &Line::from(ink.span(Part::Dim, words)), buffer);
    }
    let when = when(model, &turns, now.map(|(_, waiter)| waiter));
    if wide {
        let titles = COLUMNS.map(|(title, _)| title.to_owned());
        let head = format!("   {}For", cells(titles, when));
        column.line(ink, &Line::from(ink.span(Part::Dim, head)), buffer);
    }
    if let Some((role, waiter)) = now {
        let line = under_way(model, s, ink, role, waiter, (wide, when));
        column.line(ink, &line, buffer);
    }
    let rows = listed(model, ink, &turns, column, when);
    column.lines(ink, &rows, buffer);
}

/// What is listed: the turns of all, or of one role, and the text they have.
fn title(model: &Model, role: Option<Role>) -> String {
    let of = role.map_or_else(String::new, |role| format!(" of {}", doing::name(role)));
    match model.agents.find.as_str() {
        "" => format!("Last turns{of}"),
        text => format!("Last turns{of} with {text:?}"),
    }
}

/// Columns of the widest time.
fn when(model: &Model, turns: &[(Role, &TurnLine)], now: Option<&Waiter>) -> usize {
    let times = turns.iter().map(|(_, turn)| turn.at);
    times
        .chain(now.map(|waiter| waiter.since))
        .map(|at| columns(&doing::brief(model, at)))
        .max()
        .unwrap_or(0)
}

/// As many turns as there are rows left, with the cursor in sight.
fn listed(
    model: &Model,
    ink: &Ink<'_>,
    turns: &[(Role, &TurnLine)],
    column: &Column,
    when: usize,
) -> Vec<Line<'static>> {
    let focused = model.agents.focus == Staff::Turns;
    let wide = column.width() >= WIDE;
    let cursor = model
        .agents
        .turn
        .row(&staff::ends(model))
        .filter(|_| focused);
    let first = cursor.map_or(0, |at| (at + 1).saturating_sub(column.left()));
    let shown = turns.iter().enumerate().skip(first).take(column.left());
    shown
        .map(|(at, (role, turn))| {
            let mut line = match wide {
                true => row(model, ink, *role, turn, when),
                false => sentence(model, ink, turn, when),
            };
            if Some(at) == cursor
                && let Some(front) = line.spans.first_mut()
            {
                let words = front.content.chars().skip(1).collect::<String>();
                *front = ink.span(Part::Cursor, format!(">{words}"));
            }
            line
        })
        .collect()
}

/// The turn under way, with its role.
fn running(s: &Snapshot) -> Option<(Role, &Waiter)> {
    let working = |agent: &&AgentStatus| agent.state == AgentState::Working;
    let agent = s.agents.iter().find(working)?;
    let host = agent.model.split('/').next()?;
    let line = s
        .hosts
        .iter()
        .find(|line| line.hosts.iter().any(|h| h == host))?;
    Some((agent.role, line.working.as_ref()?))
}

/// A row of the table, its first column as wide as the times are.
fn cells(texts: [String; 10], when: usize) -> String {
    let widths = COLUMNS.iter().map(|(title, width)| match *title {
        WHEN => (when + 1).max(*width),
        _ => *width,
    });
    let cells = texts.iter().zip(widths);
    cells
        .map(|(text, width)| cell(text, width - 1) + " ")
        .collect()
}

fn under_way(
    model: &Model,
    s: &Snapshot,
    ink: &Ink<'_>,
    role: Role,
    waiter: &Waiter,
    (wide, when): (bool, usize),
) -> Line<'static> {
    let Label { tool, phase, .. } = Label::of(&waiter.who);
    let since = doing::brief(model, waiter.since);
    let time = spent::words(spent::now(model, s) - waiter.since);
    if !wide {
        let words = format!(
            " {} {} {} running {time}",
            right(&since, when),
            cell(phase, 11),
            cell(tool, 22)
        );
        return Line::from(ink.span(Part::Active, words));
    }
    let none = || "-".to_owned();
    let texts = [
        since,
        doing::name(role).to_owned(),
        phase.to_owned(),
        Label::of(&waiter.who).turn(),
        none(),
        none(),
        none(),
        none(),
        time,
        "running".to_owned(),
    ];
    Line::from(ink.span(Part::Active, format!("   {}{tool}", cells(texts, when))))
}

fn count(tokens: Option<u64>) -> String {
    tokens.map_or_else(|| "-".to_owned(), thousands)
}

fn time(turn: &TurnLine) -> String {
    let time = TimeDelta::milliseconds(i64::try_from(turn.millis).unwrap_or(i64::MAX));
    match time.num_seconds() {
        0..60 => format!("{} s", time.num_seconds()),
        seconds => format!("{} m {:02}", seconds / 60, seconds % 60),
    }
}

fn row(model: &Model, ink: &Ink<'_>, role: Role, turn: &TurnLine, when: usize) -> Line<'static> {
    let label = Label::of(&turn.label);
    let ended = match turn.ok {
        true => turn.ended.as_str(),
        false => "failed",
    };
    let texts = [
        doing::brief(model, turn.at),
        doing::name(role).to_owned(),
        label.phase.to_owned(),
        label.turn(),
        count(turn.sent),
        count(turn.read),
        count(turn.written),
        count(turn.thought.or(turn.ok.then_some(0))),
        time(turn),
        ended.to_owned(),
    ];
    let front = Span::raw(format!("   {}", cells(texts, when)));
    match turn.ok {
        true => Line::from(vec![front, Span::raw(label.tool.to_owned())]),
        false => Line::from(vec![front, ink.span(Part::Fail, turn.ended.clone())]),
    }
}

fn sentence(model: &Model, ink: &Ink<'_>, turn: &TurnLine, when: usize) -> Line<'static> {
    let Label { tool, phase, .. } = Label::of(&turn.label);
    let front = format!(
        " {} {} {} ",
        right(&doing::brief(model, turn.at), when),
        cell(phase, 11),
        cell(tool, 22)
    );
    let end = match turn.ok {
        true => Span::raw(format!(
            "{}, {}, {} in, {} out",
            turn.ended,
            time(turn),
            count(turn.read),
            count(turn.written)
        )),
        false => ink.span(Part::Fail, turn.ended.clone()),
    };
    Line::from(vec![Span::raw(front), end])
}

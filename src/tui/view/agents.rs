//! The Agents tab: every role, the one of the cursor in detail, and what it said last.

use super::super::model::{Engine, Model};
use super::super::theme::Part;
use super::column::Column;
use super::ink::{Ink, cell, right};
use super::{doing, hosts, role, roles};
use crate::domain::screen::{AgentState, AgentStatus, Level};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// Rows of the log looked through.
const LOOKED_AT: usize = 4000;

/// Draws it.
pub fn draw(model: &Model, ink: &Ink<'_>, area: Rect, buffer: &mut Buffer) {
    let mut column = Column::new(area);
    let Some(s) = model.snapshot.as_deref() else {
        column.rule(ink, &[(Part::Title, "Agents")], "", buffer);
        let words = match model.engine {
            Engine::Gone => " no engine runs, so nobody works: p starts it",
            _ => " the engine has not said yet who works",
        };
        return column.line(ink, &Line::from(ink.span(Part::Dim, words)), buffer);
    };
    let engine = match model.engine {
        Engine::Gone => format!("engine {} is gone", s.engine.pid),
        _ => format!("engine {}, version {}", s.engine.pid, s.engine.version),
    };
    column.rule(ink, &[(Part::Title, "Agents")], &engine, buffer);
    let cursor = model.agents.cursor.min(s.agents.len().saturating_sub(1));
    let table = Table::fit(usize::from(area.width));
    column.line(ink, &table.head(ink), buffer);
    for (at, agent) in s.agents.iter().enumerate() {
        let line = table.row(model, ink, agent, at == cursor);
        column.line(ink, &line, buffer);
    }
    if let Some(agent) = s.agents.get(cursor) {
        let place = format!("{} of {}, j k choose", cursor + 1, s.agents.len());
        let title = doing::name(agent.role);
        column.rule(ink, &[(Part::Title, title)], &place, buffer);
        let lines = role::lines(model, s, ink, agent, usize::from(area.width));
        column.lines(ink, &lines, buffer);
        hosts::draw(model, s, ink, &mut column, buffer);
        said(model, ink, agent, &mut column, buffer);
    }
}

/// Columns of the table.
struct Table {
    model: usize,
    doing: usize,
    /// Tokens a second and context have columns of their own.
    wide: bool,
}

impl Table {
    fn fit(width: usize) -> Self {
        let wide = width >= usize::from(super::WIDE);
        let fixed = 3 + 12 + 12 + 7 + if wide { 8 + 16 } else { 0 };
        let room = width.saturating_sub(fixed + 2);
        let model = (room / 2).min(28);
        Self {
            model,
            doing: room.saturating_sub(model),
            wide,
        }
    }

    fn head(&self, ink: &Ink<'_>) -> Line<'static> {
        let mut text = format!(
            "   {}{}{}{}{}",
            cell("Role", 12),
            cell("State", 12),
            cell("Host and model", self.model),
            cell(" Doing", self.doing),
            right("Last", 7),
        );
        if self.wide {
            text.push_str(&format!("{}  Context", right("tok/s", 8)));
        }
        Line::from(ink.span(Part::Dim, text))
    }

    fn row(&self, model: &Model, ink: &Ink<'_>, agent: &AgentStatus, here: bool) -> Line<'static> {
        let (part, state) = roles::state(agent.state);
        let last = match agent.last {
            _ if agent.state == AgentState::Working => "now".to_owned(),
            Some(at) => model.local(at).format("%H:%M").to_string(),
            None => "never".to_owned(),
        };
        let name = doing::name(agent.role);
        let front = if here { " > " } else { "   " };
        let title = if here { Part::Title } else { Part::Dim };
        let named = if here {
            ink.span(Part::Title, cell(name, 12))
        } else {
            Span::raw(cell(name, 12))
        };
        let known = agent.words.starts_with("scripted");
        let script = if agent.scripted && !known {
            "script: "
        } else {
            ""
        };
        let mut spans = vec![
            ink.span(title, front),
            named,
            ink.span(part, cell(&ink.plain(state), 12)),
            Span::raw(cell(roles::short(&agent.model, self.model), self.model)),
            match &agent.alarm {
                Some(words) => ink.span(Part::Fail, cell(&format!(" {words}"), self.doing)),
                None => Span::raw(cell(&format!(" {script}{}", agent.words), self.doing)),
            },
            ink.span(Part::Dim, right(&last, 7)),
        ];
        if self.wide {
            let speed = agent.tokens_per_second.map(|speed| format!("{speed:.1}"));
            let context = match (agent.read, agent.context) {
                (Some(read), Some(all)) => format!("{} / {}", k(read), k(all)),
                (_, Some(all)) => k(all),
                _ => "-".to_owned(),
            };
            spans.push(Span::raw(right(speed.as_deref().unwrap_or("-"), 8)));
            spans.push(ink.span(Part::Dim, format!("  {context}")));
        }
        Line::from(spans)
    }
}

fn k(count: u64) -> String {
    super::top::thousands(count)
}

/// What the role said last, in whole lines.
fn said(
    model: &Model,
    ink: &Ink<'_>,
    agent: &AgentStatus,
    column: &mut Column,
    buffer: &mut Buffer,
) {
    let rows = column.left().saturating_sub(1);
    if rows == 0 {
        return;
    }
    let title = format!("{} in the log", doing::name(agent.role));
    column.rule(ink, &[(Part::Title, &title)], "4 Logs, @ agent", buffer);
    let mut found: Vec<_> = model
        .book
        .newest()
        .take(LOOKED_AT)
        .filter(|row| row.level >= Level::Info && *row.from == *agent.role.name())
        .take(rows)
        .collect();
    if found.is_empty() {
        let words = Line::from(ink.span(Part::Dim, "   nothing since these screens were opened"));
        column.line(ink, &words, buffer);
    }
    found.reverse();
    for row in found {
        let clock = model.local(row.at).format("%H:%M:%S");
        let part = match row.level {
            Level::Warn | Level::Error => Some((Part::Fail, "✗ ")),
            _ => None,
        };
        let mut spans = vec![ink.span(Part::Dim, format!("   {clock} "))];
        spans.extend(part.map(|(part, sign)| ink.span(part, sign)));
        spans.push(Span::raw(row.text.clone()));
        column.line(ink, &Line::from(spans), buffer);
    }
}

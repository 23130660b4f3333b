//! The Agents tab: every role, the one of the cursor in detail, the hosts, and the last turns.

use super::super::model::{Engine, Model};
use super::super::mouse::Hit;
use super::super::theme::Part;
use super::column::Column;
use super::ink::{Ink, cell, right};
use super::top::thousands;
use super::{doing, hosts, role, roles, turns};
use crate::domain::screen::{AgentState, AgentStatus};
use crate::domain::stats::Usage;
use crate::text::width::columns;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// Draws it.
pub fn draw(model: &Model, ink: &Ink<'_>, area: Rect, buffer: &mut Buffer) {
    let mut column = Column::new(area);
    let Some(s) = model.snapshot.as_deref() else {
        column.rule(ink, &[(Part::Title, "Agents")], "", buffer);
        let words = match model.engine {
            Engine::Gone => format!(" no engine runs, so nobody works: {}", model.starts_it()),
            _ => " the engine has not said yet who works".to_owned(),
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
        column.hit(ink, Hit::Row(at));
        column.line(ink, &line, buffer);
    }
    if let Some(agent) = s.agents.get(cursor) {
        let place = format!("{} of {}, j k choose", cursor + 1, s.agents.len());
        let title = doing::name(agent.role);
        column.rule(ink, &[(Part::Title, title)], &place, buffer);
        let lines = role::lines(model, s, ink, agent, usize::from(area.width));
        column.lines(ink, &lines, buffer);
        hosts::draw(model, s, ink, &mut column, buffer);
        turns::draw(model, s, ink, agent, &mut column, buffer);
    }
}

/// Columns of the last sign of life, a blank before it.
const LAST: usize = 10;

/// As much of a time as the column takes: of an older one the day.
fn last(clock: &str) -> &str {
    match clock.rsplit_once(' ') {
        Some((day, _)) if columns(clock) >= LAST => day,
        _ => clock,
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
        let fixed = 3 + 12 + 12 + LAST + if wide { 8 + 15 + 14 } else { 0 };
        let room = width.saturating_sub(fixed + 1);
        let model = (room / 2).min(27);
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
            right("Last", LAST),
        );
        if self.wide {
            text.push_str(&format!(
                "{}   {}24 h",
                right("tok/s", 8),
                cell("Context", 14)
            ));
        }
        Line::from(ink.span(Part::Dim, text))
    }

    fn row(&self, model: &Model, ink: &Ink<'_>, agent: &AgentStatus, here: bool) -> Line<'static> {
        let (part, state) = roles::state(agent.state);
        let last = match agent.last {
            _ if agent.state == AgentState::Working => "now".to_owned(),
            Some(at) => last(&doing::clock(model, at)).to_owned(),
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
            ink.span(Part::Dim, right(&last, LAST)),
        ];
        if self.wide {
            let speed = agent.tokens_per_second.map(|speed| format!("{speed:.1}"));
            let context = match (agent.read, agent.context) {
                (Some(read), Some(all)) => format!("{} / {}", thousands(read), thousands(all)),
                (_, Some(all)) => thousands(all),
                _ => "-".to_owned(),
            };
            spans.push(Span::raw(right(speed.as_deref().unwrap_or("-"), 8)));
            spans.push(Span::raw(format!("   {}", cell(&context, 14))));
            spans.push(Span::raw(day(&agent.facts.day)));
        }
        Line::from(spans)
    }
}

/// Tokens and money of a day.
fn day(used: &Usage) -> String {
    match used.turns {
        0 => "-".to_owned(),
        _ => format!("{}  {}", thousands(used.tokens()), used.money()),
    }
}

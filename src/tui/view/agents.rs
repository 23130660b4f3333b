//! The Agents tab: every role, the one of the cursor in detail, the hosts, and the last turns.

use super::super::action::Action;
use super::super::model::{Engine, Model};
use super::super::mouse::Hit;
use super::super::staff;
use super::super::tabs::Staff;
use super::super::theme::Part;
use super::column::Column;
use super::ink::{Ink, cell, right};
use super::top::thousands;
use super::{doing, hosts, role, roles, turns};
use crate::domain::screen::{AgentState, AgentStatus, Snapshot};
use crate::domain::stats::Usage;
use crate::text::width::columns;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// Rows from which all panes stand one below the other.
const ROOMY: u16 = 28;
/// Rows below which a pane that has the focus takes the place of the roles too.
const SMALL: u16 = 16;

/// Draws it.
pub fn draw(model: &Model, ink: &Ink<'_>, area: Rect, buffer: &mut Buffer) {
    let mut column = Column::new(area);
    let Some(s) = model.snapshot.as_deref() else {
        column.rule(ink, &[(Part::Title, "Agents")], "", buffer);
        let words = match model.engine {
            Engine::Gone => format!(" no engine runs, so nobody works: {}", model.starts_it()),
            _ => " the engine has not said yet who works".to_owned(),
        };
        let what = " roles, hosts and last turns come with its first word";
        for words in [words.as_str(), what] {
            column.line(ink, &Line::from(ink.span(Part::Dim, words)), buffer);
        }
        return;
    };
    let engine = match model.engine {
        Engine::Gone => format!("engine {} is gone", s.engine.pid),
        _ => format!("engine {}, version {}", s.engine.pid, s.engine.version),
    };
    let focus = model.agents.focus;
    // Where not all panes have room, the one that takes the keys has it.
    let roomy = area.width >= super::WIDE && area.height >= ROOMY && !model.zoom;
    let small = area.height < SMALL || model.zoom;
    if focus == Staff::Roles || !small {
        column.rule(ink, &[head(model, Staff::Roles, "Agents")], &engine, buffer);
        table(model, s, ink, &mut column, buffer);
    }
    let Some(agent) = staff::agent(model) else {
        return;
    };
    // Keys act on a role there too: it is named.
    if small && matches!(focus, Staff::Hosts | Staff::Turns) {
        let table = Table::fit(&s.agents, usize::from(column.width()));
        column.line(ink, &table.row(model, ink, agent, true), buffer);
    }
    if roomy || matches!(focus, Staff::Roles | Staff::Role) {
        details(model, s, ink, agent, (roomy, &mut column), buffer);
    }
    let below = if focus == Staff::Hosts && !roomy {
        0
    } else {
        hosts::BELOW
    };
    if roomy || matches!(focus, Staff::Roles | Staff::Hosts) {
        hosts::draw(model, s, ink, below, &mut column, buffer);
    }
    if roomy || matches!(focus, Staff::Roles | Staff::Turns) {
        turns::draw(model, s, ink, agent, &mut column, buffer);
    }
}

/// How far what is known of the role can be scrolled.
pub fn scrolls(model: &Model, s: &Snapshot, agent: &AgentStatus) -> usize {
    let rows = role::rows(model, s, agent, usize::from(model.size.0)).len();
    // Without the fixed lines, the table where it is shown, and the rule.
    let body = model.size.1.saturating_sub(4);
    let table = match body < SMALL || model.zoom {
        true => 0,
        false => s.agents.len() + 2,
    };
    rows.saturating_sub(usize::from(body).saturating_sub(table + 1))
}

/// The heading of a pane: reversed while the keys that move go there and not to the roles.
pub fn head<'t>(model: &Model, pane: Staff, title: &'t str) -> (Part, &'t str) {
    match model.agents.focus == pane && pane != Staff::Roles {
        true => (Part::Cursor, title),
        false => (Part::Title, title),
    }
}

/// All roles, a row each.
fn table(model: &Model, s: &Snapshot, ink: &Ink<'_>, column: &mut Column, buffer: &mut Buffer) {
    let cursor = model
        .agents
        .roles
        .cursor
        .min(s.agents.len().saturating_sub(1));
    let table = Table::fit(&s.agents, usize::from(column.width()));
    column.line(ink, &table.head(ink), buffer);
    for (at, agent) in s.agents.iter().enumerate() {
        let line = table.row(model, ink, agent, at == cursor);
        column.hit(ink, Hit::Row(at));
        column.line(ink, &line, buffer);
    }
}

/// The role of the cursor, from the row on to which was scrolled.
fn details(
    model: &Model,
    s: &Snapshot,
    ink: &Ink<'_>,
    agent: &AgentStatus,
    (roomy, column): (bool, &mut Column),
    buffer: &mut Buffer,
) {
    let rows = role::rows(model, s, agent, usize::from(column.width()));
    let (focus, keys) = (model.agents.focus, &model.keys);
    let room = column.left().saturating_sub(1);
    let top = match focus {
        Staff::Role => model.agents.top.min(rows.len().saturating_sub(room)),
        _ => 0,
    };
    let cursor = model
        .agents
        .roles
        .cursor
        .min(s.agents.len().saturating_sub(1));
    let more = keys.first(Action::NextPane).filter(|_| !roomy);
    let does = match (focus, more) {
        (Staff::Role, _) => keys.rows_by("scroll"),
        (_, Some(key)) => format!("{}, {key} hosts, turns", keys.rows_by("choose")),
        (_, None) => keys.rows_by("choose"),
    };
    let place = format!("{} of {}, {does}", cursor + 1, s.agents.len());
    let title = head(model, Staff::Role, doing::name(agent.role));
    column.rule(ink, &[title], &place, buffer);
    let lines = role::lines(ink, agent, rows.get(top..).unwrap_or_default());
    let room = room.min(lines.len());
    column.lines(ink, lines.get(..room).unwrap_or_default(), buffer);
}

/// Columns of the last sign of life, a blank before it.
const LAST: usize = doing::BRIEF + 1;

/// Columns of the table.
struct Table {
    model: usize,
    doing: usize,
    /// Tokens a second and context have columns of their own.
    wide: bool,
}

impl Table {
    fn fit(agents: &[AgentStatus], width: usize) -> Self {
        let wide = width >= usize::from(super::WIDE);
        let fixed = 3 + 12 + 12 + LAST + if wide { 8 + 15 + 14 } else { 0 };
        let room = width.saturating_sub(fixed + 1);
        // What names leave is for what is done.
        let names = agents.iter().map(|agent| columns(&agent.model));
        let model = names.max().unwrap_or(0).max(15).min(room / 2).min(27);
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
            Some(at) => doing::brief(model, at),
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
            Span::raw(cell(&agent.model, self.model)),
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

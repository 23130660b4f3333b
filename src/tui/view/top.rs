//! The three fixed lines: tabs and state word, what waits for a person, what it cost.

use super::super::model::{Engine, Model};
use super::super::tabs::Tab;
use super::super::theme::Part;
use super::ink::{Ink, fitted};
use super::{WIDE, doing};
use crate::domain::screen::{AgentState, Snapshot};
use crate::text::width::columns;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// Draws them.
pub fn draw(model: &Model, ink: &Ink<'_>, area: Rect, buffer: &mut Buffer) {
    ink.put(&tabs(model, ink, area.width), area, 0, buffer);
    ink.put(&needs(model, ink, area.width), area, 1, buffer);
    ink.put(&budget(model, ink, area.width), area, 2, buffer);
}

fn tabs(model: &Model, ink: &Ink<'_>, width: u16) -> Line<'static> {
    let wide = width >= WIDE;
    let mut spans = Vec::new();
    if wide {
        spans.push(ink.span(Part::Title, " dev-factory  "));
    }
    for (number, tab) in (1..).zip(Tab::ALL) {
        let alarm = tab == Tab::Agents && offline(model);
        let name = format!("{number} {}{}", tab.name(), if alarm { " !" } else { "" });
        let gap = match width {
            WIDE.. => "  ",
            70.. => " ",
            _ => "",
        };
        let small = width < 70;
        if small && tab == model.tab {
            spans.push(ink.span(Part::Title, format!("[{name}]")));
        } else if small {
            spans.push(ink.raw(format!(" {name} ")));
        } else if tab == model.tab {
            spans.push(ink.span(Part::Title, format!(" [{name}]")));
        } else {
            spans.push(ink.raw(format!("  {name} ")));
        }
        spans.push(Span::raw(gap));
    }
    let word = model.state_word();
    let (sign, part) = match word {
        "RUNNING" => ("▸", Part::Active),
        "IDLE" | "STARTING" => ("○", Part::Title),
        "PAUSED" | "PAUSING" => ("=", Part::Need),
        _ => ("✗", Part::Fail),
    };
    let last = model.snapshot.as_ref().map(|s| model.local(s.last_update));
    let (state, end) = match (wide, last) {
        (true, Some(at)) => (
            format!("{sign} {word}"),
            format!("   {}   last event {} ", model.home, at.format("%H:%M:%S")),
        ),
        (true, None) => (format!("{sign} {word}"), format!("   {} ", model.home)),
        (false, Some(at)) => (
            format!("{sign} {word}"),
            format!("  {} ", at.format("%H:%M")),
        ),
        (false, None) => (format!("{sign} {word}"), " ".to_owned()),
    };
    let used: usize = spans.iter().map(|span| columns(&span.content)).sum();
    let pad = usize::from(width).saturating_sub(used + columns(&state) + columns(&end));
    spans.push(Span::raw(" ".repeat(pad)));
    spans.push(ink.span(part, state));
    spans.push(ink.raw(end));
    Line::from(spans)
}

/// A role cannot work.
fn offline(model: &Model) -> bool {
    model.snapshot.as_ref().is_some_and(|s| {
        s.agents
            .iter()
            .any(|agent| agent.state == AgentState::Offline)
    })
}

fn needs(model: &Model, ink: &Ink<'_>, width: u16) -> Line<'static> {
    let Some(snapshot) = &model.snapshot else {
        let words = match model.engine {
            Engine::Gone => " no engine runs here: p starts it",
            _ => " waiting for the engine's first word",
        };
        return Line::from(ink.span(Part::Dim, words));
    };
    if let Some(stopped) = &snapshot.stopped {
        let since = model.local(stopped.since).format("%H:%M");
        let words = format!(
            " STOPPED by {} since {since}: {}; p starts it",
            doing::who(&stopped.by),
            stopped.reason
        );
        return Line::from(ink.span(Part::Need, words));
    }
    if model.engine == Engine::Gone {
        return Line::from(ink.span(
            Part::Fail,
            " the engine is gone: what you see is its last word; p starts it",
        ));
    }
    let Some(first) = snapshot.needs.first() else {
        return Line::from(ink.span(Part::Dim, " nothing waits for you"));
    };
    let since = model.local(first.since).format("%H:%M");
    let left = format!(" ! NEEDS YOU {}  ", snapshot.needs.len());
    let right = " ! what to do ";
    let room = usize::from(width).saturating_sub(columns(&left) + columns(right) + 1);
    let why = super::ink::cell(&format!("{}, since {since}", first.why), room);
    Line::from(vec![
        ink.span(Part::Need, left),
        Span::raw(" "),
        ink.raw(why),
        ink.span(Part::Title, right),
    ])
}

fn budget(model: &Model, ink: &Ink<'_>, width: u16) -> Line<'static> {
    let Some(s) = &model.snapshot else {
        return Line::default();
    };
    let share = if s.day_limit_usd > 0.0 {
        (s.day_usd / s.day_limit_usd).clamp(0.0, 1.0)
    } else {
        0.0
    };
    let bar = if width >= WIDE { 20 } else { 10 };
    let full = (share * bar as f64).ceil() as usize;
    let mut spans = vec![
        ink.raw(format!(
            "   24 h ${:.2} of ${:.2} ",
            s.day_usd, s.day_limit_usd
        )),
        ink.span(
            if share >= 0.8 {
                Part::Need
            } else {
                Part::Active
            },
            "━".repeat(full),
        ),
        ink.span(Part::Dim, "─".repeat(bar - full.min(bar))),
        ink.raw(format!(" {:.0} %", share * 100.0)),
    ];
    spans.push(ink.raw(tool(s, width)));
    if bare(s) {
        // Whatever else there is no room for.
        let words = ink.span(Part::Alarm, BARE);
        let room = usize::from(width).saturating_sub(columns(BARE) + 1);
        let mut line = fitted(&Line::from(spans), room);
        let pad = room.saturating_sub(line.width());
        line.spans.extend([Span::raw(" ".repeat(pad)), words]);
        return line;
    }
    let box_words = if width >= WIDE { "box " } else { "" };
    spans.push(ink.span(Part::Dim, format!("   {box_words}{}", s.sandbox)));
    Line::from(spans)
}

/// Said for as long as code of models runs without walls.
pub const BARE: &str = " NO SANDBOX ";

/// Whether it does.
pub fn bare(snapshot: &Snapshot) -> bool {
    snapshot.sandbox.starts_with("none")
}

/// What the tool under way has used.
fn tool(s: &Snapshot, width: u16) -> String {
    if s.current_tool.is_none() {
        return String::new();
    }
    let tokens = thousands(s.tool_tokens);
    if width < 70 {
        return format!("   tool ${:.2}", s.tool_usd);
    }
    if width >= WIDE {
        format!(
            "    tool ${:.2} of ${:.2}   {tokens} of {} tokens   {:.0} of {} min",
            s.tool_usd,
            s.tool_limits.usd,
            thousands(s.tool_limits.tokens),
            s.tool_minutes,
            s.tool_limits.minutes
        )
    } else {
        format!(
            "   tool ${:.2}   {tokens} of {} tok",
            s.tool_usd,
            thousands(s.tool_limits.tokens)
        )
    }
}

/// 187k, 1.2M.
pub fn thousands(count: u64) -> String {
    match count {
        0..1000 => count.to_string(),
        1000..10_000 => format!("{:.1}k", count as f64 / 1000.0),
        10_000..1_000_000 => format!("{}k", count / 1000),
        _ => format!("{:.1}M", count as f64 / 1_000_000.0),
    }
}

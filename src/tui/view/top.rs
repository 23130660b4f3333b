//! The three fixed lines: tabs and state word, what waits for a person, what it cost.

use super::super::action::Action;
use super::super::model::{Engine, Model};
use super::super::mouse::Hit;
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
    ink.put(&tabs(model, ink, area), area, 0, buffer);
    ink.hit(area, 1, Hit::Needs);
    ink.put(&needs(model, ink, area.width), area, 1, buffer);
    ink.put(&budget(model, ink, area.width), area, 2, buffer);
}

fn tabs(model: &Model, ink: &Ink<'_>, area: Rect) -> Line<'static> {
    let width = area.width;
    let wide = width >= WIDE;
    let mut spans = Vec::new();
    if wide {
        spans.push(ink.span(Part::Title, " dev-factory  "));
    }
    // The Tool view belongs to the tab it was opened from.
    let here = match &model.tool {
        Some(view) if model.tab == Tab::Tool => view.from,
        _ => model.tab,
    };
    for (number, tab) in (1..).zip(Tab::ALL) {
        let alarm = tab == Tab::Agents && offline(model);
        let name = format!("{number} {}{}", tab.name(), if alarm { " !" } else { "" });
        let gap = match width {
            WIDE.. => "  ",
            70.. => " ",
            _ => "",
        };
        let small = width < 70;
        if small && tab == here {
            spans.push(ink.span(Part::Title, format!("[{name}]")));
        } else if small {
            spans.push(ink.raw(format!(" {name} ")));
        } else if tab == here {
            spans.push(ink.span(Part::Title, format!(" [{name}]")));
        } else {
            spans.push(ink.raw(format!("  {name} ")));
        }
        let last = spans
            .last()
            .map_or(0, |span: &Span<'_>| columns(&span.content));
        let before: usize = spans.iter().map(|span| columns(&span.content)).sum();
        let place = |wide: usize| u16::try_from(wide).unwrap_or(u16::MAX);
        let name = Rect {
            x: area.x + place(before - last),
            width: place(last),
            ..area
        };
        ink.hit(name, 0, Hit::Tab(tab));
        spans.push(Span::raw(gap));
    }
    let (part, state, end) = state(model, wide);
    let used: usize = spans.iter().map(|span| columns(&span.content)).sum();
    let pad = usize::from(width).saturating_sub(used + columns(&state) + columns(&end));
    spans.push(Span::raw(" ".repeat(pad)));
    spans.push(ink.span(part, state));
    spans.push(ink.raw(end));
    Line::from(spans)
}

/// The state in one word, and what stands behind it.
fn state(model: &Model, wide: bool) -> (Part, String, String) {
    let word = model.state_word();
    let (sign, part) = match word {
        "RUNNING" => ("▸", Part::Active),
        "IDLE" | "STARTING" => ("○", Part::Title),
        "PAUSED" | "PAUSING" => ("=", Part::Need),
        _ => ("✗", Part::Fail),
    };
    let last = model.snapshot.as_ref().map(|s| model.local(s.last_update));
    let place = match &model.machine {
        Some(machine) => format!("{} on {machine}", model.home),
        None => model.home.clone(),
    };
    let (state, end) = match (wide, last) {
        (true, Some(at)) => (
            format!("{sign} {word}"),
            format!("   {place}   last event {} ", at.format("%H:%M:%S")),
        ),
        (true, None) => (format!("{sign} {word}"), format!("   {place} ")),
        (false, Some(at)) => (
            format!("{sign} {word}"),
            format!("  {} ", at.format("%H:%M")),
        ),
        (false, None) => (format!("{sign} {word}"), " ".to_owned()),
    };
    (part, state, end)
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
            Engine::Gone => format!(" no engine runs here: {}", model.starts_it()),
            _ => " waiting for the engine's first word".to_owned(),
        };
        return Line::from(ink.span(Part::Dim, words));
    };
    if let Some(stopped) = &snapshot.stopped {
        let since = model.local(stopped.since).format("%H:%M");
        let words = format!(
            " STOPPED by {} since {since}: {}; {}",
            doing::who(&stopped.by),
            stopped.reason,
            model.starts_it()
        );
        return Line::from(ink.span(Part::Need, words));
    }
    if model.engine == Engine::Gone {
        return Line::from(ink.span(
            Part::Fail,
            format!(
                " the engine is gone: what you see is its last word; {}",
                model.starts_it()
            ),
        ));
    }
    let condition = snapshot.conditions.first();
    if let Some(condition) = condition.filter(|c| c.waits || snapshot.needs.is_empty()) {
        let part = if condition.waits {
            Part::Fail
        } else {
            Part::Dim
        };
        let words = format!(" ✗ {}", condition.words());
        return Line::from(ink.span(part, super::ink::cell(&words, usize::from(width))));
    }
    let Some(first) = snapshot.needs.first() else {
        return Line::from(ink.span(Part::Dim, " nothing waits for you"));
    };
    let since = model.local(first.since).format("%H:%M");
    let count = snapshot.needs.len();
    let left = format!(" ! NEEDS YOU {count}  ");
    let which = match count > 1 && width >= WIDE {
        true => format!(", 1 of {count}"),
        false => String::new(),
    };
    let right = format!(" {} what to do{which} ", model.keys.or(Action::Needs, "1:"));
    let room = usize::from(width).saturating_sub(columns(&left) + columns(&right) + 1);
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
    let mut warnings = Vec::new();
    if s.engine.version != model.version {
        let words = format!(" engine {}, screens {} ", s.engine.version, model.version);
        warnings.push(ink.span(Part::Need, words));
    }
    if bare(s) {
        warnings.push(ink.span(Part::Alarm, BARE));
    }
    if !warnings.is_empty() {
        // Whatever else there is no room for.
        let wide: usize = warnings.iter().map(|words| columns(&words.content)).sum();
        let room = usize::from(width).saturating_sub(wide + 1);
        let mut line = fitted(&Line::from(spans), room);
        let pad = room.saturating_sub(line.width());
        line.spans.push(Span::raw(" ".repeat(pad)));
        line.spans.extend(warnings);
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

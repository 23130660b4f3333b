//! The three fixed lines: tabs and state word, what waits for a person, what it cost.

use super::super::action::Action;
use super::super::model::{Engine, Model};
use super::super::mouse::Hit;
use super::super::tabs::Tab;
use super::super::theme::Part;
use super::ink::{Ink, cell, fitted};
use super::{WIDE, doing};
use crate::domain::screen::{AgentState, Need, Snapshot};
use crate::domain::state::who;
use crate::text::width::{columns, truncate};
use chrono::{DateTime, Utc};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// Columns from which there is room for more than what is most needed.
const NARROW: u16 = 70;

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
            NARROW.. => " ",
            _ => "",
        };
        let small = width < NARROW;
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
    let used: usize = spans.iter().map(|span| columns(&span.content)).sum();
    let (part, state, end) = state(model, wide, usize::from(width).saturating_sub(used));
    let pad = usize::from(width).saturating_sub(used + columns(&state) + columns(&end));
    spans.push(Span::raw(" ".repeat(pad)));
    spans.push(ink.span(part, state));
    spans.push(ink.raw(end));
    Line::from(spans)
}

/// The state in one word, and what stands behind it in so many columns.
fn state(model: &Model, wide: bool, room: usize) -> (Part, String, String) {
    let word = model.state_word();
    let snapshot = model.snapshot.as_deref();
    let ails = snapshot.is_some_and(|s| s.conditions.iter().any(|c| c.waits));
    let (sign, part) = match word {
        "RUNNING" => ("▸", Part::Active),
        "IDLE" | "STARTING" => ("○", Part::Title),
        "PAUSED" | "PAUSING" => ("=", Part::Need),
        "WAITING" if !ails => ("○", Part::Need),
        _ => ("✗", Part::Fail),
    };
    let state = format!("{sign} {word}");
    let last = snapshot.map(|s| s.last_event.unwrap_or(s.last_update));
    let mut ends = match last {
        Some(at) => vec![format!("  {} ", doing::clock(model, at))],
        None => vec![" ".to_owned()],
    };
    if let Some(at) = last.filter(|_| wide) {
        ends.insert(0, format!("   last event {} ", seconds(model, at)));
    }
    let place = match &model.machine {
        Some(machine) if wide => format!("   {} on {machine}", model.home),
        _ if wide => format!("   {}", model.home),
        _ => format!("  {}", model.home),
    };
    // Where there is no room for both, the time says more.
    let both = ends.iter().map(|end| format!("{place}{end}"));
    let fits = |end: &String| columns(&state) + columns(end) + usize::from(!wide) <= room;
    let end = both.chain(ends.last().cloned()).find(fits);
    let end = end.or(ends.pop()).unwrap_or_default();
    (part, state, end)
}

/// A time of today to the second, another day's with its name.
fn seconds(model: &Model, at: DateTime<Utc>) -> String {
    let (here, today) = (model.local(at), model.local(model.now).date());
    match here.date() == today {
        true => here.format("%H:%M:%S").to_string(),
        false => doing::clock(model, at),
    }
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
        let since = doing::clock(model, stopped.since);
        let words = format!(
            " STOPPED by {} since {since}: {}; {}",
            who(&stopped.by),
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
    if let Some(condition) = condition.filter(|c| c.waits || snapshot.loud().next().is_none()) {
        let part = if condition.waits {
            Part::Fail
        } else {
            Part::Dim
        };
        let words = format!(" ✗ {}", condition.words());
        return Line::from(ink.span(part, cell(&words, usize::from(width))));
    }
    let Some(first) = snapshot.loud().next() else {
        let words = format!(" {}", nothing(model, snapshot));
        return Line::from(ink.span(Part::Dim, words));
    };
    calls(model, ink, first, snapshot.loud().count(), width)
}

/// The most urgent of what needs a person, and how many there are.
fn calls(model: &Model, ink: &Ink<'_>, first: &Need, count: usize, width: u16) -> Line<'static> {
    let left = format!(" ! NEEDS YOU {count}  ");
    let key = model.keys.or(Action::Needs, "1:");
    let right = match (width, count) {
        (WIDE.., 2..) => format!(" {key} what to do, 1 of {count} "),
        (NARROW.., _) => format!(" {key} what to do "),
        // The cause says more.
        _ => format!(" {key} "),
    };
    let room = usize::from(width).saturating_sub(columns(&left) + columns(&right) + 1);
    let (words, since) = why(model, first, width, room);
    let pad = room.saturating_sub(columns(&words) + columns(&since));
    Line::from(vec![
        ink.span(Part::Need, left),
        Span::raw(" "),
        ink.raw(words),
        ink.raw(since),
        Span::raw(" ".repeat(pad)),
        ink.span(Part::Title, right),
    ])
}

/// What needs a person, and since when; where not all of it fits, the cause is cut, and in a narrow window the time goes.
fn why(model: &Model, need: &Need, width: u16, room: usize) -> (String, String) {
    let mut since = format!(", since {}", doing::clock(model, need.since));
    let words = need.words();
    if width < WIDE && columns(&words) + columns(&since) > room {
        since.clear();
    }
    (
        truncate(&words, room.saturating_sub(columns(&since))),
        since,
    )
}

/// That nobody is waited for, but for what was snoozed.
pub fn nothing(model: &Model, snapshot: &Snapshot) -> String {
    let words = "nothing waits for you".to_owned();
    let until = snapshot.needs.iter().filter_map(|need| need.quiet).min();
    let count = snapshot.needs.len();
    until.map_or(words.clone(), |until| {
        format!(
            "{words}; {count} quiet until {}",
            doing::clock(model, until)
        )
    })
}

/// What the last 24 hours cost, of what they may.
pub fn day(snapshot: &Snapshot) -> String {
    let (used, limit) = (snapshot.day_usd, snapshot.day_limit_usd);
    format!("24 h ${used:.2} of ${limit:.2}")
}

/// As much of it as there is room for: what stands between a model's code and the machine always stands.
fn budget(model: &Model, ink: &Ink<'_>, width: u16) -> Line<'static> {
    let Some(s) = &model.snapshot else {
        return Line::default();
    };
    // The bar gives way before words do.
    let (small, least) = (width.min(WIDE - 1), width.min(NARROW - 1));
    let all = [
        (width, width),
        (small, width),
        (small, small),
        (least, least),
    ]
    .into_iter();
    let mut lines = all.map(|widths| money(model, s, ink, widths));
    let (mut line, warnings) = lines.next().unwrap_or_default();
    let wide: usize = warnings.iter().map(|words| columns(&words.content)).sum();
    let room = usize::from(width).saturating_sub(wide + usize::from(wide > 0));
    if line.width() > room
        && let Some((shorter, _)) = lines.find(|(line, _)| line.width() <= room)
    {
        line = shorter;
    }
    if wide > 0 {
        // Whatever else there is no room for.
        line = fitted(&line, room);
        let pad = room.saturating_sub(line.width());
        line.spans.push(Span::raw(" ".repeat(pad)));
        line.spans.extend(warnings);
    }
    line
}

/// The line with bar and words as in windows of so many columns, and what it has to warn of.
fn money(
    model: &Model,
    s: &Snapshot,
    ink: &Ink<'_>,
    (bar, width): (u16, u16),
) -> (Line<'static>, Vec<Span<'static>>) {
    let share = if s.day_limit_usd > 0.0 {
        (s.day_usd / s.day_limit_usd).clamp(0.0, 1.0)
    } else {
        0.0
    };
    let bar = if bar >= WIDE { 20 } else { 10 };
    let full = (share * bar as f64).ceil() as usize;
    let mut spans = vec![
        ink.raw(format!("   {} ", day(s))),
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
    if warnings.is_empty() {
        let box_words = if width >= WIDE { "box " } else { "" };
        spans.push(ink.span(Part::Dim, format!("   {box_words}{}", s.sandbox)));
    }
    (Line::from(spans), warnings)
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
    if width < NARROW {
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

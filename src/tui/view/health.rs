//! A day of a host in 24 columns, one an hour, and what they come to in words.

use super::super::theme::Part;
use super::ink::Ink;
use ratatui::text::Span;

/// An hour in which a host was there less than this counts as down: half of it.
const DOWN: u32 = 4;

/// The columns: the higher the longer it was there; `-` where nobody asked.
pub fn columns(health: &str) -> String {
    const STEPS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let step = |level: char| {
        let level = level.to_digit(10)?;
        STEPS.get(level.checked_sub(1)? as usize).copied()
    };
    health.chars().map(|c| step(c).unwrap_or('-')).collect()
}

/// The columns and what they say.
pub fn words(health: &str) -> String {
    let levels: Vec<u32> = health.chars().filter_map(|c| c.to_digit(10)).collect();
    if levels.is_empty() {
        return "not worked with in the last 24 hours".to_owned();
    }
    let down = levels.iter().filter(|level| **level <= DOWN).count();
    let unasked = health.chars().count() - levels.len();
    let unasked = match unasked {
        0 => String::new(),
        count => format!(", {count} not asked"),
    };
    format!(
        "{}  24 h, one column an hour: {} ok, {down} down{unasked}",
        columns(health),
        levels.len() - down
    )
}

/// The columns alone.
pub fn span(ink: &Ink<'_>, health: &str) -> Span<'static> {
    ink.span(Part::Dim, columns(health))
}

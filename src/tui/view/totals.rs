//! All time in a few figures.

use super::super::theme::Part;
use super::ink::{Ink, cell};
use super::top::thousands;
use crate::domain::screen::Snapshot;
use ratatui::text::{Line, Span};

/// The figures, a row each.
pub fn lines(snapshot: &Snapshot, ink: &Ink<'_>) -> Vec<Line<'static>> {
    let t = &snapshot.totals;
    let ended = t.shipped + t.parked + t.dropped_after_pick;
    let share = |part: f64, of: u64| (of > 0).then(|| part / of as f64);
    let rate = share(t.shipped as f64 * 100.0, ended);
    let each =
        |value: Option<f64>, words: &dyn Fn(f64) -> String| value.map_or(String::new(), words);
    let rows = [
        (
            "shipped",
            format!("{} of {ended} ended", t.shipped),
            each(rate, &|rate| format!("{rate:.0} %")),
        ),
        (
            "cycles",
            t.cycles.to_string(),
            each(share(t.cycles as f64, ended), &|mean| {
                format!("{mean:.1} a tool")
            }),
        ),
        (
            "money",
            format!("${:.2}", t.usd),
            each(share(t.usd, t.shipped), &|mean| {
                format!("${mean:.2} a tool")
            }),
        ),
        (
            "turns",
            format!("{}, {} failed", t.turns, t.failed_turns),
            format!("{} QA runs", t.runs),
        ),
        (
            "tokens",
            format!("{} read", thousands(t.input_tokens)),
            format!("{} written", thousands(t.output_tokens)),
        ),
    ];
    rows.into_iter()
        .map(|(label, value, more)| {
            Line::from(vec![
                ink.span(Part::Dim, format!(" {}", cell(label, 9))),
                Span::raw(cell(&value, 17)),
                Span::raw(format!(" {more}")),
            ])
        })
        .collect()
}

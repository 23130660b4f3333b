//! All time in a few figures: those of Stats where they are read, else what the engine counts by itself.

use super::super::model::Model;
use super::super::theme::Part;
use super::ink::{Ink, cell, right};
use super::stats::lifetime::{WHAT, begun, ended};
use super::stats::{columns, percent, unbegun};
use super::top::thousands;
use crate::domain::figures::Figures;
use crate::domain::screen::Snapshot;
use crate::text::plural::plural;
use ratatui::text::{Line, Span};

/// Columns of a label.
const LABEL: usize = 15;
/// Days that are drawn where there is room, and columns they leave to label and words.
const DAYS: usize = 14;
const REST: usize = 25;

/// Five rows, or fewer.
pub fn lines(model: &Model, snapshot: &Snapshot, ink: &Ink<'_>, width: u16) -> Vec<Line<'static>> {
    match model.counted() {
        Some(figures) if begun(&figures.stats) => known(model, ink, figures, width),
        None if snapshot.phase.active() || snapshot.totals.turns + snapshot.totals.shipped > 0 => {
            counters(snapshot, ink)
        }
        _ => unbegun(model, ink, WHAT, width),
    }
}

fn row(ink: &Ink<'_>, label: &str, rest: Vec<Span<'static>>) -> Line<'static> {
    let label = ink.span(Part::Dim, format!(" {}", cell(label, LABEL)));
    Line::from([vec![label], rest].concat())
}

fn known(model: &Model, ink: &Ink<'_>, figures: &Figures, width: u16) -> Vec<Line<'static>> {
    let (stats, all) = (&figures.stats, &figures.overview);
    let share = |label, part, whole| {
        let count = cell(&format!("{part} of {whole}"), 14);
        let words = format!("{count}{}", right(&percent(part, whole), 6));
        row(ink, label, vec![Span::raw(words)])
    };
    let mean = |label, mean: Option<String>| {
        let words = mean.unwrap_or_else(|| "none measured yet".to_owned());
        row(ink, label, vec![Span::raw(words)])
    };
    let count = usize::from(width).saturating_sub(REST).min(DAYS);
    let date = |time| model.local(time).date();
    let days = stats.days.last(count, model.now, date);
    let shipped: Vec<Option<f64>> = days.iter().map(|day| Some(day.shipped as f64)).collect();
    let today = days.last().map_or(0, |day| day.shipped);
    vec![
        share("shipped", stats.shipped, ended(stats)),
        share("QA green first", stats.first_pass, stats.measured),
        mean(
            "cycles a tool",
            all.mean_cycles.map(|mean| format!("{mean:.1}")),
        ),
        mean(
            "money a tool",
            all.usd.map(|all| format!("${:.2}", all.mean)),
        ),
        row(
            ink,
            "shipped a day",
            vec![
                ink.span(Part::Active, columns(&shipped)),
                Span::raw(format!(" {today} today")),
            ],
        ),
    ]
}

/// Counts alone: what is parked by now is not among them, so there is no share of it.
fn counters(snapshot: &Snapshot, ink: &Ink<'_>) -> Vec<Line<'static>> {
    let t = &snapshot.totals;
    let (read, written) = (thousands(t.input_tokens), thousands(t.output_tokens));
    [
        ("shipped", t.shipped.to_string()),
        (
            "QA runs",
            format!("{}, {}", t.runs, plural(t.cycles, "cycle")),
        ),
        ("money", format!("${:.2}", t.usd)),
        ("turns", format!("{}, {} failed", t.turns, t.failed_turns)),
        ("tokens", format!("{read} read, {written} written")),
    ]
    .into_iter()
    .map(|(label, words)| row(ink, label, vec![Span::raw(words)]))
    .collect()
}

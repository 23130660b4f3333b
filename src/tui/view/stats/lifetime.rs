//! Figures since the factory began.

use super::super::super::model::Model;
use super::super::super::theme::Part;
use super::super::ink::{Ink, cell, right};
use super::super::top::thousands;
use super::{columns, duration, last_days, percent, recent};
use crate::domain::phase::Phase;
use crate::domain::stats::{Share, Stats};
use ratatui::text::{Line, Span};

/// Columns of a full bar.
const BAR: u64 = 14;
/// Columns from which columns of days have their range beside them.
const ROOMY: u16 = 70;
/// Phases with a bar of their own.
const PHASES: [Phase; 5] = [
    Phase::Coding,
    Phase::Fixing,
    Phase::Qa,
    Phase::Spec,
    Phase::SpecReview,
];

/// Title of the pane.
pub fn title(stats: &Stats) -> String {
    format!("All time, {} ended", ended(stats))
}

fn ended(stats: &Stats) -> u64 {
    stats.shipped + stats.parked + stats.dropped
}

/// Fourteen rows for the wide pane.
pub fn rows(ink: &Ink<'_>, stats: &Stats) -> Vec<Line<'static>> {
    let mut rows = vec![
        shares(ink, "shipped", stats.shipped, ended(stats)),
        shares(ink, "QA green first", stats.first_pass, stats.measured),
    ];
    rows.extend(cycles(ink, stats));
    rows.push(row(ink, "time a tool", time(stats)));
    rows.extend(phases(ink, stats));
    rows.push(row(ink, "review", reviews(stats)));
    rows.push(row(ink, "money a tool", money(stats)));
    rows.push(row(
        ink,
        "spent",
        format!("${:.2}, {} tokens", stats.usd, thousands(stats.tokens)),
    ));
    rows
}

fn row(ink: &Ink<'_>, name: &str, words: String) -> Line<'static> {
    Line::from(vec![
        ink.span(Part::Dim, format!(" {}", cell(name, 16))),
        Span::raw(words),
    ])
}

fn shares(ink: &Ink<'_>, name: &str, part: u64, whole: u64) -> Line<'static> {
    let words = match whole {
        0 => "none yet".to_owned(),
        whole => format!(
            "{}{}",
            cell(&format!("{part} of {whole}"), 24),
            right(&percent(part, whole), 8)
        ),
    };
    row(ink, name, words)
}

fn bar(figure: u64, most: u64) -> String {
    let full = (figure * BAR).div_ceil(most.max(1));
    "━".repeat(usize::try_from(full).unwrap_or(0))
}

fn cycles(ink: &Ink<'_>, stats: &Stats) -> Vec<Line<'static>> {
    let counts = stats.cycles_spread();
    let most = counts.iter().copied().max().unwrap_or(0);
    let mean = stats.cycles_per_tool();
    let mut rows = Vec::new();
    for (label, count) in ["0", "1", "2", "3+"].into_iter().zip(counts) {
        let name = if label == "0" { "cycles a tool" } else { "" };
        let end = match (label, mean) {
            ("3+", Some(mean)) => format!("  mean {mean:.1}"),
            _ => String::new(),
        };
        rows.push(Line::from(vec![
            ink.span(Part::Dim, format!(" {}", cell(name, 16))),
            Span::raw(cell(label, 3)),
            ink.span(Part::Active, bar(count, most)),
            Span::raw(format!(" {count}{end}")),
        ]));
    }
    rows
}

fn time(stats: &Stats) -> String {
    stats.seconds_spread().map_or_else(
        || "no tool ended yet".to_owned(),
        |all| format!("median {}, p90 {}", duration(all.median), duration(all.p90)),
    )
}

/// Mean seconds a picked tool spends in a phase.
fn mean(stats: &Stats, phase: Phase) -> f64 {
    let picked = stats.rows().count().max(1);
    let millis = stats.phases.get(&phase).copied().unwrap_or(0);
    millis as f64 / 1000.0 / picked as f64
}

fn phases(ink: &Ink<'_>, stats: &Stats) -> Vec<Line<'static>> {
    let means = PHASES.map(|phase| mean(stats, phase));
    let most = means.into_iter().fold(1.0, f64::max).ceil() as u64;
    let one = |(phase, mean): (Phase, f64)| {
        Line::from(vec![
            ink.span(Part::Dim, format!("   {}", cell(&phase.to_string(), 14))),
            ink.span(Part::Active, bar(mean.round() as u64, most)),
            Span::raw(format!(" {}", duration(mean))),
        ])
    };
    PHASES.into_iter().zip(means).map(one).collect()
}

fn reviews(stats: &Stats) -> String {
    let all: Vec<String> = stats
        .reviews
        .iter()
        .map(|(outcome, count)| format!("{outcome} {count}"))
        .collect();
    if all.is_empty() {
        "none yet".to_owned()
    } else {
        all.join(", ")
    }
}

fn money(stats: &Stats) -> String {
    stats.usd_spread().map_or_else(
        || "no tool ended yet".to_owned(),
        |all| {
            format!(
                "${:.2}, from ${:.2} to ${:.2}",
                all.mean, all.least, all.most
            )
        },
    )
}

/// Seven rows for a narrow pane, the weightiest first.
pub fn few(model: &Model, ink: &Ink<'_>, stats: &Stats) -> Vec<Line<'static>> {
    let roomy = model.size.0 >= ROOMY;
    let days = last_days(model, stats);
    let of = |figure: fn(&Share) -> f64| -> Vec<Option<f64>> {
        days.iter().map(|day| Some(figure(day))).collect()
    };
    let ships = of(|day| day.shipped as f64);
    let first: Vec<Option<f64>> = days.iter().map(recent::first_pass).collect();
    let usd = of(|day| day.usd);
    let each = stats.usd_spread().map_or_else(
        || format!("${:.2}", stats.usd),
        |all| format!("${:.2} a tool", all.mean),
    );
    let [none, one, two, more] = stats.cycles_spread();
    let mean = stats
        .cycles_per_tool()
        .map_or_else(String::new, |mean| format!("   mean {mean:.1}"));
    vec![
        graph(
            ink,
            "shipped",
            &share(stats.shipped, ended(stats)),
            &ships,
            roomy.then_some(&|n| format!("{n:.0}")),
        ),
        graph(
            ink,
            "QA green first",
            &share(stats.first_pass, stats.measured),
            &first,
            roomy.then_some(&|n| format!("{n:.0} %")),
        ),
        graph(
            ink,
            "money",
            &each,
            &usd,
            roomy.then_some(&|n| format!("${n:.2}")),
        ),
        row(
            ink,
            "cycles",
            format!("0: {none}   1: {one}   2: {two}   3+: {more}{mean}"),
        ),
        row(ink, "time", format!("{}{}", time(stats), in_phases(stats))),
        row(ink, "review", reviews(stats)),
        row(
            ink,
            "tokens",
            format!("{} read and written", thousands(stats.tokens)),
        ),
    ]
}

fn share(part: u64, whole: u64) -> String {
    match whole {
        0 => "none yet".to_owned(),
        whole => format!("{part} of {whole}, {}", percent(part, whole)),
    }
}

fn in_phases(stats: &Stats) -> String {
    let all: Vec<String> = PHASES
        .into_iter()
        .map(|phase| (phase, mean(stats, phase)))
        .filter(|(_, mean)| *mean >= 1.0)
        .map(|(phase, mean)| format!("{phase} {}", duration(mean)))
        .take(2)
        .collect();
    if all.is_empty() {
        String::new()
    } else {
        format!(": {}", all.join(", "))
    }
}

fn graph(
    ink: &Ink<'_>,
    name: &str,
    words: &str,
    figures: &[Option<f64>],
    show: Option<&dyn Fn(f64) -> String>,
) -> Line<'static> {
    Line::from(vec![
        ink.span(Part::Dim, format!(" {}", cell(name, 16))),
        Span::raw(cell(words, 18)),
        ink.span(Part::Active, columns(figures)),
        Span::raw(show.map_or_else(String::new, |show| {
            format!("  {}", recent::range(figures, show))
        })),
    ])
}

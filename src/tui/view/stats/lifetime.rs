//! Figures since the factory began.

use super::super::super::model::Model;
use super::super::super::theme::Part;
use super::super::ink::{Ink, cell, right};
use super::{columns, days, duration, percent};
use crate::domain::figures::Figures;
use crate::domain::phase::Phase;
use crate::domain::stats::{Share, Stats};
use crate::text::width::columns as columns_of;
use ratatui::text::{Line, Span};
use std::collections::BTreeMap;

/// What stands here once a tool was begun.
pub const WHAT: &str = "what all tools came to, took and cost";
/// Columns of a full bar.
const BAR: u64 = 14;
/// Columns of one with two times behind it.
const SHORT: u64 = 7;
/// Columns of the words before columns of days.
const WORDS: usize = 18;
/// Columns from which columns of days have their range beside them.
const ROOMY: u16 = 70;
/// Phases whose time is shown, most telling first.
const PHASES: [Phase; 5] = [
    Phase::Coding,
    Phase::Fixing,
    Phase::Qa,
    Phase::Spec,
    Phase::SpecReview,
];

/// Title of the pane.
pub fn title(figures: &Figures) -> String {
    format!("All time, {} ended", ended(&figures.stats))
}

/// A tool was begun, here or before the home was taken over.
pub fn begun(stats: &Stats) -> bool {
    stats.rows().next().is_some() || ended(stats) > 0
}

/// Ships, what stands parked, and what was dropped.
pub fn ended(stats: &Stats) -> u64 {
    stats.shipped + stats.parked + stats.dropped
}

/// Seventeen rows for the wide pane.
pub fn rows(ink: &Ink<'_>, figures: &Figures) -> Vec<Line<'static>> {
    let stats = &figures.stats;
    let mut rows = vec![
        shares(ink, "shipped", stats.shipped, ended(stats)),
        shares(ink, "QA green first", stats.first_pass, stats.measured),
    ];
    rows.extend(cycles(ink, figures));
    rows.push(row(ink, "time a tool", time(figures)));
    rows.extend(phases(ink, figures));
    rows.push(row(ink, "rungs", rungs(figures)));
    rows.push(row(ink, "stuck rules", counts(&stats.stuck)));
    rows.push(row(ink, "red gates", counts(&stats.rejections)));
    rows.push(row(ink, "review", reviews(stats)));
    rows.push(row(ink, "held-out gap", gap(figures)));
    rows.push(row(ink, "money a tool", money(figures)));
    rows
}

/// Most frequent first.
fn counts(all: &BTreeMap<String, u64>) -> String {
    let mut all: Vec<(&String, &u64)> = all.iter().collect();
    all.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
    let words: Vec<String> = all.iter().map(|(name, n)| format!("{name} {n}")).collect();
    match words.is_empty() {
        true => "none yet".to_owned(),
        false => words.join("  "),
    }
}

/// Measured builds by the highest rung they stood on; L0 is where all begin.
fn rungs(figures: &Figures) -> String {
    let levels = figures.overview.levels;
    let known = levels.iter().enumerate().filter(|(_, count)| **count > 0);
    let words: Vec<String> = known.map(|(n, count)| format!("L{n} {count}")).collect();
    match words.is_empty() {
        true => "none yet".to_owned(),
        false => words.join("  "),
    }
}

fn gap(figures: &Figures) -> String {
    figures.overview.gap.map_or_else(
        || "no run had both kinds of tests yet".to_owned(),
        |gap| {
            format!(
                "median {:.0} %, p90 {:.0} %, first QA run",
                gap.median, gap.p90
            )
        },
    )
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

fn bar(figure: u64, most: u64, columns: u64) -> String {
    let full = (figure * columns).div_ceil(most.max(1));
    "━".repeat(usize::try_from(full).unwrap_or(0))
}

fn cycles(ink: &Ink<'_>, figures: &Figures) -> Vec<Line<'static>> {
    let counts = figures.overview.cycles;
    let most = counts.iter().copied().max().unwrap_or(0);
    let mean = figures.overview.mean_cycles;
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
            ink.span(Part::Active, bar(count, most, BAR)),
            Span::raw(format!(" {count}{end}")),
        ]));
    }
    rows
}

fn time(figures: &Figures) -> String {
    figures.overview.seconds.map_or_else(
        || "no tool ended yet".to_owned(),
        |all| format!("median {}, p90 {}", duration(all.median), duration(all.p90)),
    )
}

/// Mean seconds a picked tool spends in a phase.
fn mean_of(figures: &Figures, phase: Phase) -> f64 {
    let millis = figures.overview.phases.get(&phase).copied();
    millis.unwrap_or(0.0) / 1000.0
}

fn phases(ink: &Ink<'_>, figures: &Figures) -> Vec<Line<'static>> {
    let means = PHASES.map(|phase| mean_of(figures, phase));
    let most = means.into_iter().fold(1.0, f64::max).ceil() as u64;
    let one = |(phase, mean): (Phase, f64)| {
        let gates = figures.overview.gate_millis / 1000.0;
        let more = match phase {
            Phase::Qa if gates > 0.0 => format!(", gates {} of it", duration(gates)),
            Phase::Spec => {
                let review = mean_of(figures, Phase::SpecReview);
                format!(", spec-review {}", duration(review))
            }
            _ => String::new(),
        };
        Line::from(vec![
            ink.span(Part::Dim, format!("   {}", cell(&phase.to_string(), 14))),
            ink.span(Part::Active, bar(mean.round() as u64, most, SHORT)),
            Span::raw(format!(" {}{more}", duration(mean))),
        ])
    };
    // The last one stands beside the one before it.
    let bars = PHASES.into_iter().zip(means).take(PHASES.len() - 1);
    bars.map(one).collect()
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

fn money(figures: &Figures) -> String {
    figures.overview.usd.map_or_else(
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
pub fn few(model: &Model, ink: &Ink<'_>, figures: &Figures) -> Vec<Line<'static>> {
    let stats = &figures.stats;
    let width = model.size.0;
    let days = days::shares(model, figures, width);
    let of = |figure: fn(&Share) -> f64| -> Vec<Option<f64>> {
        days.iter().map(|day| Some(figure(day))).collect()
    };
    let first: Vec<Option<f64>> = days.iter().map(days::first_pass).collect();
    let each = figures.overview.usd.map_or_else(
        || format!("${:.2}", stats.usd),
        |all| format!("${:.2} a tool", all.mean),
    );
    let [none, one, two, more] = figures.overview.cycles;
    let mean = figures
        .overview
        .mean_cycles
        .map_or_else(String::new, |mean| format!("   mean {mean:.1}"));
    let shipped = share(stats.shipped, ended(stats));
    let green = share(stats.first_pass, stats.measured);
    let cycles = format!("0: {none}   1: {one}   2: {two}   3+: {more}{mean}");
    let times = format!("{}{}", time(figures), in_phases(figures));
    vec![
        graph(
            ink,
            "shipped",
            &shipped,
            &of(|day| day.shipped as f64),
            (width, &|n| format!("{n:.0}")),
        ),
        graph(
            ink,
            "QA green first",
            &green,
            &first,
            (width, &|n| format!("{n:.0} %")),
        ),
        graph(
            ink,
            "money",
            &each,
            &of(|day| day.usd),
            (width, &|n| format!("${n:.2}")),
        ),
        row(ink, "cycles", cycles),
        row(ink, "time", times),
        row(ink, "rungs", rungs(figures)),
        row(ink, "review", reviews(stats)),
    ]
}

fn share(part: u64, whole: u64) -> String {
    match whole {
        0 => "none yet".to_owned(),
        whole => format!("{part} of {whole}, {}", percent(part, whole)),
    }
}

fn in_phases(figures: &Figures) -> String {
    let all: Vec<String> = PHASES
        .into_iter()
        .map(|phase| (phase, mean_of(figures, phase)))
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
    (width, show): (u16, &dyn Fn(f64) -> String),
) -> Line<'static> {
    let front = format!(" {}", cell(name, 16));
    let range = format!("  {}", days::range(figures, show));
    // A range that would be cut says less than none.
    let used = columns_of(&front) + WORDS + figures.len() + columns_of(&range);
    let fits = width >= ROOMY && used <= usize::from(width);
    Line::from(vec![
        ink.span(Part::Dim, front),
        Span::raw(cell(words, WORDS)),
        ink.span(Part::Active, columns(figures)),
        Span::raw(if fits { range } else { String::new() }),
    ])
}

//! What the last 24 hours brought, and the last days as columns.

use super::super::super::model::Model;
use super::super::super::theme::Part;
use super::super::ink::{Ink, cell};
use super::super::top::thousands;
use super::{columns, duration, last_days, named, percent};
use crate::domain::screen::AgentState;
use crate::domain::stats::{Closing, Share, Stands, Stats};
use chrono::TimeDelta;
use ratatui::text::{Line, Span};

/// Eight rows for the wide pane.
pub fn rows(model: &Model, ink: &Ink<'_>, stats: &Stats) -> Vec<Line<'static>> {
    let day = day(model, stats);
    vec![
        shipped(model, ink, stats),
        waits(ink, stats),
        parked(model, ink, stats),
        under_way(model, ink),
        spent(ink, &day),
        named(
            ink,
            (Part::Dim, " "),
            "first runs",
            match day.measured {
                0 => "none measured".to_owned(),
                all => format!(
                    "{} of {all} green at once, {} cycles",
                    day.first_pass, day.cycles
                ),
            },
        ),
        trouble(model, ink),
        stuck(ink, stats),
    ]
}

/// Four rows for a narrow one.
pub fn few(model: &Model, ink: &Ink<'_>, stats: &Stats) -> Vec<Line<'static>> {
    vec![
        shipped(model, ink, stats),
        if stats.rows().any(|row| row.stands == Stands::Shelved) {
            waits(ink, stats)
        } else {
            parked(model, ink, stats)
        },
        spent(ink, &day(model, stats)),
        trouble(model, ink),
    ]
}

fn day(model: &Model, stats: &Stats) -> Share {
    stats.days.since(model.now - TimeDelta::hours(24))
}

fn names<'a>(rows: impl Iterator<Item = &'a Closing>) -> Option<String> {
    let names: Vec<&str> = rows.map(|row| row.tool.as_str()).collect();
    (!names.is_empty()).then(|| names.join(", "))
}

fn shipped(model: &Model, ink: &Ink<'_>, stats: &Stats) -> Line<'static> {
    let since = model.now - TimeDelta::hours(24);
    let fresh = |row: &&Closing| {
        row.stands == Stands::Shipped && row.ended.is_some_and(|ended| ended >= since)
    };
    match names(stats.rows().rev().filter(fresh)) {
        Some(names) => named(ink, (Part::Ok, "✓"), "shipped", names),
        None => named(ink, (Part::Dim, " "), "shipped", "nothing".to_owned()),
    }
}

fn waits(ink: &Ink<'_>, stats: &Stats) -> Line<'static> {
    let shelved = |row: &&Closing| row.stands == Stands::Shelved;
    match names(stats.rows().filter(shelved)) {
        Some(names) => named(
            ink,
            (Part::Title, "!"),
            "waits",
            format!("{names}, for a verdict"),
        ),
        None => named(
            ink,
            (Part::Dim, " "),
            "waits",
            "no tool waits for a verdict".to_owned(),
        ),
    }
}

fn parked(model: &Model, ink: &Ink<'_>, stats: &Stats) -> Line<'static> {
    let parked = |row: &&Closing| row.stands == Stands::Parked;
    let all: Vec<String> = stats
        .rows()
        .rev()
        .filter(parked)
        .map(|row| match row.ended {
            Some(at) => format!("{} {}", row.tool, model.local(at).format("%a %H:%M")),
            None => row.tool.clone(),
        })
        .collect();
    if all.is_empty() {
        return named(ink, (Part::Dim, " "), "parked", "nothing".to_owned());
    }
    named(ink, (Part::Title, "!"), "parked", all.join(", "))
}

fn under_way(model: &Model, ink: &Ink<'_>) -> Line<'static> {
    let tool = model.snapshot.as_ref().and_then(|s| {
        let tool = s.current_tool.as_ref()?;
        Some(format!("{tool}, {}, cycle {}", s.phase, s.cycle_count))
    });
    match tool {
        Some(words) => named(ink, (Part::Active, "▸"), "under way", words),
        None => named(ink, (Part::Dim, " "), "under way", "nothing".to_owned()),
    }
}

fn spent(ink: &Ink<'_>, day: &Share) -> Line<'static> {
    let hours = duration(day.local_millis as f64 / 1000.0);
    let words = format!(
        "${:.2}, {} tokens, {hours} of local turns",
        day.usd,
        thousands(day.tokens)
    );
    named(ink, (Part::Dim, " "), "spent", words)
}

fn trouble(model: &Model, ink: &Ink<'_>) -> Line<'static> {
    let offline = model.snapshot.as_ref().map(|s| {
        let away = s.agents.iter().filter(|a| a.state == AgentState::Offline);
        let words: Vec<String> = away
            .map(|a| format!("{} offline: {}", a.role, a.words))
            .collect();
        words.join("; ")
    });
    match offline.filter(|words| !words.is_empty()) {
        Some(words) => named(ink, (Part::Fail, "✗"), "trouble", words),
        None => named(
            ink,
            (Part::Dim, " "),
            "trouble",
            "no role is offline".to_owned(),
        ),
    }
}

fn stuck(ink: &Ink<'_>, stats: &Stats) -> Line<'static> {
    let rules: Vec<String> = stats
        .stuck
        .iter()
        .map(|(rule, n)| format!("{rule} {n}"))
        .collect();
    let words = if rules.is_empty() {
        "none fired yet".to_owned()
    } else {
        rules.join("  ")
    };
    named(ink, (Part::Dim, " "), "stuck rules", words)
}

/// Six rows of columns, one a day.
pub fn days(model: &Model, ink: &Ink<'_>, stats: &Stats) -> Vec<Line<'static>> {
    let days = last_days(model, stats);
    let of = |figure: fn(&Share) -> f64| -> Vec<Option<f64>> {
        days.iter().map(|day| Some(figure(day))).collect()
    };
    let first: Vec<Option<f64>> = days.iter().map(first_pass).collect();
    let sum = |figures: &[Option<f64>]| figures.iter().flatten().sum::<f64>();
    let plain = |figure: f64| format!("{figure:.0}");
    let money = |figure: f64| format!("${figure:.2}");
    let tokens = |figure: f64| thousands(figure as u64);
    let share = |figure: f64| format!("{figure:.0} %");
    let total = |name: &'static str, figures: Vec<Option<f64>>, words: &dyn Fn(f64) -> String| {
        let end = format!("total {}", words(sum(&figures)));
        row(ink, name, &figures, words, &end)
    };
    let now = percent(stats.first_pass, stats.measured);
    vec![
        total("shipped", of(|d| d.shipped as f64), &plain),
        total("parked", of(|d| d.parked as f64), &plain),
        row(ink, "QA green first", &first, &share, &format!("all {now}")),
        total("money", of(|d| d.usd), &money),
        total("tokens", of(|d| d.tokens as f64), &tokens),
        total(
            "local turns",
            of(|d| d.local_millis as f64 / 1000.0),
            &duration,
        ),
    ]
}

/// Percent of the builds of a day that were green at once.
pub fn first_pass(day: &Share) -> Option<f64> {
    (day.measured > 0).then(|| day.first_pass as f64 * 100.0 / day.measured as f64)
}

fn row(
    ink: &Ink<'_>,
    name: &str,
    figures: &[Option<f64>],
    words: &dyn Fn(f64) -> String,
    end: &str,
) -> Line<'static> {
    Line::from(vec![
        ink.span(Part::Dim, format!(" {}", cell(name, 16))),
        ink.span(Part::Active, columns(figures)),
        Span::raw(format!("    {}{end}", cell(&range(figures, words), 18))),
    ])
}

/// `0 to 4`.
pub fn range(figures: &[Option<f64>], words: &dyn Fn(f64) -> String) -> String {
    let known = figures.iter().flatten().copied();
    let Some(most) = known.clone().reduce(f64::max) else {
        return "none".to_owned();
    };
    let least = known.fold(most, f64::min);
    format!("{} to {}", words(least), words(most))
}

//! Days as columns: what each brought and cost, over the window chosen.

use super::super::super::model::Model;
use super::super::super::theme::Part;
use super::super::ink::{Ink, cell};
use super::super::top::thousands;
use super::{columns, percent};
use crate::domain::figures::Figures;
use crate::domain::stats::Share;
use ratatui::text::{Line, Span};

/// Columns that are drawn where there is less room.
const FEW: usize = 15;
/// Columns of a range, which what stands behind it never touches.
const RANGE: usize = 15;
/// Width below which there is less room.
const ROOMY: u16 = 70;

/// What stands here once a tool was begun.
pub const WHAT: &str = "what each day brought and cost";

/// Days a column stands for, and how many columns.
fn window(model: &Model, width: u16) -> (usize, usize) {
    let (days, count) = model.table.days();
    if width < ROOMY && width != super::LEFT && count > FEW {
        return (days * count / FEW, FEW);
    }
    (days, count)
}

/// "14 days, one column a day".
pub fn title(model: &Model, width: u16) -> String {
    let (days, count) = window(model, width);
    let all = days * count;
    match days {
        _ if width < 80 && width != super::LEFT => format!("{all} days"),
        1 => format!("{all} days, one column a day"),
        many => format!("{all} days, {many} a column"),
    }
}

/// What each column stands for, oldest first.
pub fn shares(model: &Model, figures: &Figures, width: u16) -> Vec<Share> {
    let (days, count) = window(model, width);
    let all = figures
        .stats
        .days
        .last(days * count, model.now, |time| model.local(time).date());
    all.chunks(days.max(1)).map(Share::sum).collect()
}

/// Seven rows.
pub fn rows(model: &Model, ink: &Ink<'_>, figures: &Figures) -> Vec<Line<'static>> {
    let shares = shares(model, figures, super::LEFT);
    let of = |figure: fn(&Share) -> f64| -> Vec<Option<f64>> {
        shares.iter().map(|share| Some(figure(share))).collect()
    };
    let sum = |figures: &[Option<f64>]| figures.iter().flatten().sum::<f64>();
    let total = |name: &'static str, figures: Vec<Option<f64>>, words: &dyn Fn(f64) -> String| {
        let end = format!("total {}", words(sum(&figures)));
        row(ink, name, &figures, words, &end)
    };
    let all = Share::sum(&shares);
    let first: Vec<Option<f64>> = shares.iter().map(first_pass).collect();
    let now = format!("all {}", percent(all.first_pass, all.measured));
    let usd = of(|d| d.usd);
    let spent = format!("total ${:.2}", sum(&usd));
    vec![
        total("shipped", of(|d| d.shipped as f64), &plain),
        total("parked", of(|d| d.parked as f64), &plain),
        row(
            ink,
            "QA green first",
            &first,
            &|f| format!("{f:.0} %"),
            &now,
        ),
        total("cycles", of(|d| d.cycles as f64), &plain),
        row(ink, "money", &usd, &dollars, &spent),
        total("local tokens", of(|d| d.local_tokens as f64), &tokens),
        total(
            "GPU hours",
            of(|d| d.local_millis as f64 / 3_600_000.0),
            &hours,
        ),
    ]
}

fn plain(figure: f64) -> String {
    format!("{figure:.0}")
}

fn tokens(figure: f64) -> String {
    thousands(figure as u64)
}

fn hours(figure: f64) -> String {
    match figure {
        f if !(0.05..10.0).contains(&f) => format!("{f:.0}"),
        f => format!("{f:.1}"),
    }
}

/// Without cents where they say nothing any more.
fn dollars(figure: f64) -> String {
    match figure {
        f if f < 99.995 => format!("${f:.2}"),
        f => format!("${f:.0}"),
    }
}

/// Percent of the builds of a stretch that were green at once.
pub fn first_pass(share: &Share) -> Option<f64> {
    (share.measured > 0).then(|| share.first_pass as f64 * 100.0 / share.measured as f64)
}

fn row(
    ink: &Ink<'_>,
    name: &str,
    figures: &[Option<f64>],
    words: &dyn Fn(f64) -> String,
    end: &str,
) -> Line<'static> {
    // Thirty columns leave room for the total alone.
    let behind = match figures.len() {
        ..=20 => format!("   {}  {end}", cell(&range(figures, words), RANGE)),
        _ => format!("  {end}"),
    };
    Line::from(vec![
        ink.span(Part::Dim, format!(" {}", cell(name, 16))),
        ink.span(Part::Active, columns(figures)),
        Span::raw(behind),
    ])
}

/// `0 to 4`, `$0.10 to 0.90`, `50 to 80 %`: the unit once; `0` where all are the same.
pub fn range(figures: &[Option<f64>], words: &dyn Fn(f64) -> String) -> String {
    let known = figures.iter().flatten().copied();
    let Some(most) = known.clone().reduce(f64::max) else {
        return "none".to_owned();
    };
    let (least, most) = (words(known.fold(most, f64::min)), words(most));
    if least == most {
        return most;
    }
    let least = least.trim_end_matches(" %");
    format!("{least} to {}", most.trim_start_matches('$'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::width::columns as columns_of;

    #[test]
    fn range_and_total_of_money_never_touch() {
        for usd in [&[0.0, 123.45][..], &[10.0, 99.99], &[99.99, 12_345.0]] {
            let usd: Vec<Option<f64>> = usd.iter().copied().map(Some).collect();
            let all = range(&usd, &dollars);
            assert!(columns_of(&all) <= RANGE, "{all}");
        }
        let tokens: Vec<Option<f64>> = [999_999.0, 9_999_999.0].map(Some).to_vec();
        assert!(columns_of(&range(&tokens, &super::tokens)) <= RANGE);
    }
}

//! What stands around the page: tests, bugs, attempts and cost at the moment.

use super::super::super::model::Model;
use super::super::super::theme::Part;
use super::super::super::tool::ToolView;
use super::super::column::Column;
use super::super::ink::Ink;
use super::super::wrap;
use super::{gates, now};
use crate::text::sanitise::one_line;
use ratatui::buffer::Buffer;
use ratatui::text::{Line, Span};

/// Open reports shown beside it.
const BUGS: usize = 4;

/// The second column.
pub fn tall(
    model: &Model,
    view: &ToolView,
    ink: &Ink<'_>,
    column: &mut Column,
    buffer: &mut Buffer,
) {
    let width = usize::from(column.width());
    if !view.whole() {
        column.rule(ink, &[(Part::Title, "Tests")], "", buffer);
        column.line(ink, &partly(view, ink), buffer);
        return;
    }
    let title = match view.at {
        None => "Tests",
        Some(_) => "Tests at this moment",
    };
    column.rule(ink, &[(Part::Title, title)], "", buffer);
    column.lines(ink, &gates::tall(view, ink, width), buffer);
    let open = view.moment.bugs.iter().filter(|bug| bug.open).count();
    let title = format!("Bugs {}", view.moment.bugs.len());
    let right = match open {
        0 => String::new(),
        open => format!("{open} open"),
    };
    column.rule(ink, &[(Part::Title, &title)], &right, buffer);
    column.lines(ink, &bugs(view, ink), buffer);
    column.rule(ink, &[(Part::Title, "Attempts and cost")], "", buffer);
    column.lines(ink, &effort(model, view, ink, width), buffer);
    if column.left() >= 3 {
        column.rule(
            ink,
            &[(Part::Title, "Hidden from the developer")],
            "",
            buffer,
        );
        column.line(ink, &hidden(view, ink), buffer);
    }
}

/// Nothing is said of a past of which only some is known.
fn partly(view: &ToolView, ink: &Ink<'_>) -> Line<'static> {
    Line::from(match view.trouble {
        Some(_) => ink.span(Part::Fail, " ✗ its past is known in part only"),
        None => ink.span(Part::Dim, " ○ its past is being read"),
    })
}

fn bugs(view: &ToolView, ink: &Ink<'_>) -> Vec<Line<'static>> {
    let bugs = &view.moment.bugs;
    if bugs.is_empty() {
        return vec![Line::from(
            ink.span(Part::Dim, " ○ none was filed: QA writes one for what fails"),
        )];
    }
    let newest = bugs.iter().rev().take(BUGS);
    newest
        .map(|bug| {
            let (part, word) = match (bug.open, bug.run) {
                (true, _) => (Part::Fail, "open".to_owned()),
                (false, Some((run, _))) => (Part::Dim, format!("closed, run {run}")),
                (false, None) => (Part::Dim, "set aside".to_owned()),
            };
            let rule = bug.rule.as_deref().unwrap_or("-");
            Line::from(vec![
                Span::raw(format!(" BUG-{} {rule}  ", bug.n)),
                ink.span(part, word),
                Span::raw(format!("  {}", one_line(&bug.title, 200))),
            ])
        })
        .collect()
}

/// `spec 2, review 5`: turns by phase, the ladder, what the limits count.
fn effort(model: &Model, view: &ToolView, ink: &Ink<'_>, width: usize) -> Vec<Line<'static>> {
    let turns: Vec<String> = view
        .turns
        .iter()
        .filter_map(|(phase, count)| Some(format!("{} {count}", (*phase)?)))
        .collect();
    let turns = match turns.is_empty() {
        true => "none until a model works on it".to_owned(),
        false => turns.join(", "),
    };
    let facts = &view.moment.facts;
    let course = &facts.course;
    let ladder = match view.turns.is_empty() {
        true => "begins at L1".to_owned(),
        false => format!(
            "{} line {}, {} fresh, {} other models",
            course.rung, course.line, course.fresh_starts, course.other_models
        ),
    };
    let labelled = |label: &'static str, words: String| {
        Line::from(vec![ink.span(Part::Dim, label), Span::raw(words)])
    };
    let labels = [" turns  ", "        "].into_iter();
    let turns = wrap::first(&turns, width.saturating_sub(8), 2);
    let turns = labels.zip(turns).map(|(label, row)| labelled(label, row));
    let rest = [
        labelled(" ladder ", ladder),
        labelled(" used   ", used(model, view)),
    ];
    turns.chain(rest).collect()
}

/// `$0.00 of $2.00, 187k of 400k tok, 62 of 90 min`; limits only where they are known.
fn used(model: &Model, view: &ToolView) -> String {
    let used = view.moment.facts.used();
    let minutes = used.millis as f64 / 60_000.0;
    // The engine tells the limits of the tool under way only, and as they are now: an earlier moment had its own.
    let snapshot = model.snapshot.as_ref();
    let limits = snapshot
        .filter(|s| s.current_tool.as_ref() == Some(&view.name) && view.at.is_none())
        .map(|s| s.tool_limits);
    let thousands = |tokens: u64| match tokens {
        0..1000 => tokens.to_string(),
        tokens => format!("{}k", tokens / 1000),
    };
    match limits.filter(|limits| limits.minutes > 0) {
        Some(limits) => format!(
            "${:.2} of ${:.2}  {} of {} tok  {minutes:.0} of {} min",
            used.usd,
            limits.usd,
            thousands(used.tokens),
            thousands(limits.tokens),
            limits.minutes
        ),
        None => format!(
            "${:.2}  {} tok  {minutes:.0} min",
            used.usd,
            thousands(used.tokens)
        ),
    }
}

/// What the Developer does not know: how many cases, and how many were shown.
fn hidden(view: &ToolView, ink: &Ink<'_>) -> Line<'static> {
    let facts = &view.moment.facts;
    if facts.case_sets == 0 {
        return Line::from(ink.span(Part::Dim, " ○ none yet: QA writes cases in spec-review"));
    }
    let shown = match facts.revealed.as_slice() {
        [] => "none shown".to_owned(),
        cases => format!("shown: {}", cases.join(" ")),
    };
    let struck = match facts.struck.as_slice() {
        [] => String::new(),
        cases => format!(", struck: {}", cases.join(" ")),
    };
    Line::from(Span::raw(format!(
        " set {}, {} cases, {shown}{struck}",
        facts.case_sets, view.moment.held_out
    )))
}

/// Below the page where there is one column.
pub fn flat(
    model: &Model,
    view: &ToolView,
    ink: &Ink<'_>,
    column: &mut Column,
    buffer: &mut Buffer,
) {
    let title = match view.at {
        None => "Now",
        Some(_) => "At this moment",
    };
    column.rule(ink, &[(Part::Title, title)], "", buffer);
    if !view.whole() {
        column.line(ink, &partly(view, ink), buffer);
        return;
    }
    let width = usize::from(column.width());
    let mut lines = gates::flat(view, ink, width);
    if lines.len() < 3 {
        lines.extend(bugs(view, ink).into_iter().take(1));
    }
    lines.push(Line::from(vec![
        ink.span(Part::Dim, " used   "),
        Span::raw(used(model, view)),
    ]));
    let next = now::next(model, view);
    lines.push(Line::from(vec![
        ink.span(Part::Dim, " now    "),
        match view.at {
            None => Span::raw(next),
            Some(_) => ink.span(Part::Dim, next),
        },
    ]));
    column.lines(ink, &lines, buffer);
}

//! The newest moves, runs and gaps: when, from where to where, after how long, and why.

use super::super::model::Model;
use super::super::tabs::Focus;
use super::super::theme::Part;
use super::ink::{Ink, cell, right};
use super::{doing, spent};
use crate::domain::phase::{Outcome, Phase};
use crate::domain::screen::{MoveLine, RanLine, Snapshot, Step};
use crate::text::width::columns;
use ratatui::text::{Line, Span};

/// The newest `rows` of them, oldest first.
pub fn lines(model: &Model, snapshot: &Snapshot, ink: &Ink<'_>, rows: usize) -> Vec<Line<'static>> {
    let all = snapshot.timeline();
    let cursor = model.moves.row(&model.steps());
    let cursor = cursor.filter(|_| model.on(Focus::Timeline));
    let newest = all.len().saturating_sub(rows);
    let from = cursor.map_or(newest, |at| at.min(newest));
    let shown = all.iter().enumerate().skip(from).take(rows);
    let clocks = shown
        .clone()
        .map(|(_, step)| doing::clock(model, step.at()));
    let clocks: Vec<String> = clocks.collect();
    let widest = clocks.iter().map(|clock| columns(clock)).max().unwrap_or(0);
    shown
        .zip(&clocks)
        .map(|((at, step), clock)| {
            let clock = right(clock, widest);
            let front = match Some(at) == cursor {
                true => ink.span(Part::Cursor, format!(">{clock} ")),
                false => ink.span(Part::Dim, format!(" {clock} ")),
            };
            match step {
                Step::Move(step) => moved(snapshot, ink, front, step),
                Step::Ran(ran) => measured(snapshot, ink, front, ran),
                Step::Gap(gap) => {
                    let time = spent::words(gap.time());
                    Line::from(row(ink, front, gap.gap.title(), &time))
                }
            }
        })
        .collect()
}

/// When, what, and after how long.
fn row(ink: &Ink<'_>, front: Span<'static>, what: &str, time: &str) -> Vec<Span<'static>> {
    vec![
        front,
        Span::raw(cell(what, 20)),
        ink.span(Part::Dim, format!("{}  ", right(time, 11))),
    ]
}

/// A run of the gates.
fn measured(
    snapshot: &Snapshot,
    ink: &Ink<'_>,
    front: Span<'static>,
    ran: &RanLine,
) -> Line<'static> {
    let mut spans = row(ink, front, &format!("gates, run {}", ran.run), "");
    spans.push(match ran.green {
        true => ink.span(Part::Ok, "green"),
        false => ink.span(Part::Fail, "red"),
    });
    if snapshot.current_tool.as_deref() != Some(ran.tool.as_str()) {
        spans.push(Span::raw(format!(" {}", ran.tool)));
    }
    let failed = ran.failed.iter();
    spans.extend(failed.map(|words| Span::raw(format!(": {words}"))));
    Line::from(spans)
}

fn moved(
    snapshot: &Snapshot,
    ink: &Ink<'_>,
    front: Span<'static>,
    step: &MoveLine,
) -> Line<'static> {
    let before = snapshot.moves.iter().rev();
    let mut before = before.filter(|other| other.tool == step.tool && other.seq < step.seq);
    let time = before
        .next()
        .filter(|_| step.from.active())
        .map(|last| spent::words(step.at - last.at))
        .unwrap_or_default();
    let way = format!("{} > {}", step.from, step.to);
    let part = match step.outcome {
        Outcome::Failed | Outcome::Rejected | Outcome::SendBack | Outcome::SpecDefect => Part::Fail,
        Outcome::Escalated | Outcome::Parked | Outcome::Shelved => Part::Need,
        Outcome::Ship => Part::Ok,
        _ => Part::Dim,
    };
    let mut spans = row(ink, front, &way, &time);
    spans.push(ink.span(part, step.outcome.to_string()));
    let other = snapshot.current_tool.as_deref() != Some(step.tool.as_str());
    if other || step.from == Phase::Idle {
        spans.push(Span::raw(format!(" {}", step.tool)));
    }
    if let Some(reason) = step.reason.as_ref().filter(|why| !why.is_empty()) {
        spans.push(Span::raw(format!(": {reason}")));
    }
    Line::from(spans)
}

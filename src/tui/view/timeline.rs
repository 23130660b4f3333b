//! The newest moves: when, from where to where, after how long, and why.

use super::super::model::Model;
use super::super::tabs::Focus;
use super::super::theme::Part;
use super::ink::{Ink, cell, right};
use super::{doing, spent};
use crate::domain::phase::{Outcome, Phase};
use crate::domain::screen::{MoveLine, Snapshot};
use crate::text::width::columns;
use ratatui::text::{Line, Span};

/// The newest `rows` moves, oldest of them first.
pub fn lines(model: &Model, snapshot: &Snapshot, ink: &Ink<'_>, rows: usize) -> Vec<Line<'static>> {
    let moves = &snapshot.moves;
    let cursor = model.moves.row(&model.steps());
    let cursor = cursor.filter(|_| model.on(Focus::Timeline));
    let newest = moves.len().saturating_sub(rows);
    let from = cursor.map_or(newest, |at| at.min(newest));
    let shown = moves.iter().enumerate().skip(from).take(rows);
    let clocks = shown.clone().map(|(_, step)| doing::clock(model, step.at));
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
            line(snapshot, ink, front, moves.get(..at).unwrap_or(&[]), step)
        })
        .collect()
}

fn line(
    snapshot: &Snapshot,
    ink: &Ink<'_>,
    front: Span<'static>,
    before: &[MoveLine],
    step: &MoveLine,
) -> Line<'static> {
    let last = before.iter().rev().find(|other| other.tool == step.tool);
    let time = last
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
    let mut spans = vec![
        front,
        Span::raw(cell(&way, 20)),
        ink.span(Part::Dim, format!("{}  ", right(&time, 11))),
        ink.span(part, step.outcome.to_string()),
    ];
    let other = snapshot.current_tool.as_deref() != Some(step.tool.as_str());
    if other || step.from == Phase::Idle {
        spans.push(Span::raw(format!(" {}", step.tool)));
    }
    if let Some(reason) = step.reason.as_ref().filter(|why| !why.is_empty()) {
        spans.push(Span::raw(format!(": {reason}")));
    }
    Line::from(spans)
}

//! The newest moves: when, from where to where, after how long, and why.

use super::super::model::Model;
use super::super::tabs::Focus;
use super::super::theme::Part;
use super::ink::{Ink, cell, right};
use super::spent;
use crate::domain::phase::{Outcome, Phase};
use crate::domain::screen::{MoveLine, Snapshot};
use ratatui::text::{Line, Span};

/// The newest `rows` moves, oldest of them first.
pub fn lines(model: &Model, snapshot: &Snapshot, ink: &Ink<'_>, rows: usize) -> Vec<Line<'static>> {
    let moves = &snapshot.moves;
    let cursor = model.moves.row(&model.steps());
    let cursor = cursor.filter(|_| model.on(Focus::Timeline));
    let newest = moves.len().saturating_sub(rows);
    let from = cursor.map_or(newest, |at| at.min(newest));
    let shown = moves.iter().enumerate().skip(from).take(rows);
    shown
        .map(|(at, step)| {
            let mut line = line(model, snapshot, ink, moves.get(..at).unwrap_or(&[]), step);
            if Some(at) == cursor
                && let Some(front) = line.spans.first_mut()
            {
                let clock = front.content.trim_start().to_owned();
                *front = ink.span(Part::Cursor, format!(">{clock}"));
            }
            line
        })
        .collect()
}

fn line(
    model: &Model,
    snapshot: &Snapshot,
    ink: &Ink<'_>,
    before: &[MoveLine],
    step: &MoveLine,
) -> Line<'static> {
    let clock = model.local(step.at).format("%H:%M");
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
        ink.span(Part::Dim, format!(" {clock} ")),
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

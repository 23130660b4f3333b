//! The stays of a tool on one line, each as long as its share of the time.

use super::super::model::Model;
use super::super::theme::Part;
use super::ink::{Ink, cell};
use super::spent::{self, Stay};
use crate::domain::phase::Phase;
use crate::domain::screen::Snapshot;
use crate::text::width::columns;
use ratatui::text::{Line, Span};

/// `01:39 ├─ spec ─┼─ rev ─┼── qa ✗ ──▸ 02:41`; None before there is anything to draw.
pub fn line(
    model: &Model,
    snapshot: &Snapshot,
    ink: &Ink<'_>,
    width: usize,
) -> Option<Line<'static>> {
    let stays = spent::stays(model, snapshot);
    let room = width.saturating_sub(20);
    let names: Vec<String> = stays.iter().map(name).collect();
    // Each takes its name, two blanks, a dash on either side and the sign that ends it.
    let least: Vec<usize> = names.iter().map(|name| columns(name) + 5).collect();
    let mut used = 0;
    let shown = least
        .iter()
        .rev()
        .take_while(|need| {
            used += **need;
            used <= room
        })
        .count();
    let skipped = stays.len() - shown;
    let stays = stays.get(skipped..).unwrap_or(&[]);
    let first = stays.first()?;
    let total: i64 = stays.iter().map(millis).sum::<i64>().max(1);
    let needed: usize = least.iter().skip(skipped).sum();
    let spare = room.saturating_sub(needed) as i64;
    let begin = model.local(first.from).format("%H:%M");
    let whole = skipped == 0 && spent::whole(snapshot);
    let head = if whole { "├" } else { "…" };
    let mut spans = vec![ink.span(Part::Dim, format!("   {begin} {head}"))];
    for (at, stay) in stays.iter().enumerate() {
        let more = usize::try_from(spare * millis(stay) / total).unwrap_or(0);
        let (front, back) = (more / 2 + 1, more - more / 2 + 1);
        let last = at + 1 == stays.len();
        let part = match (last, stay.red) {
            (true, _) => Part::Active,
            (_, true) => Part::Fail,
            _ => Part::Dim,
        };
        let name = names.get(skipped + at).cloned().unwrap_or_default();
        spans.push(ink.span(Part::Dim, format!("{} ", "─".repeat(front))));
        spans.push(ink.span(part, name));
        let end = if last { "▸" } else { "┼" };
        spans.push(ink.span(Part::Dim, format!(" {}{end}", "─".repeat(back))));
    }
    let now = model.local(spent::now(model, snapshot)).format("%H:%M");
    spans.push(Span::raw(format!(" {now}")));
    Some(Line::from(spans))
}

fn millis(stay: &Stay) -> i64 {
    (stay.until - stay.from).num_milliseconds().max(0)
}

fn name(stay: &Stay) -> String {
    let name = match stay.phase {
        Phase::SpecReview => "rev",
        phase => phase.name(),
    };
    if stay.red {
        format!("{name} ✗")
    } else {
        name.to_owned()
    }
}

/// The first line of the tab: which tool, which cycle, since when.
pub fn title(model: &Model, snapshot: &Snapshot, ink: &Ink<'_>, width: u16) -> Line<'static> {
    let Some(tool) = &snapshot.current_tool else {
        return ink.rule(&[(Part::Title, "no tool under way")], "", width);
    };
    let run = snapshot.measuring.or(snapshot.runs.last().map(|r| r.run));
    let count = match (snapshot.cycle_count, run) {
        (cycle, Some(run)) => format!("cycle {cycle}, QA run {run}"),
        (cycle, None) => format!("cycle {cycle}"),
    };
    let now = spent::now(model, snapshot);
    let since = snapshot.started_at.map(|at| {
        let time = spent::words(now - at);
        if width < 70 {
            return time;
        }
        format!("since {}, {time}", model.local(at).format("%H:%M"))
    });
    let since = since.unwrap_or_default();
    let branch = snapshot
        .queue
        .iter()
        .find(|item| item.name == *tool)
        .and_then(|item| item.branch.clone());
    let right = match branch {
        Some(branch) if width >= super::WIDE => format!("{branch} ── {since}"),
        _ => since,
    };
    // The tool's name gives way, not the figures.
    let rest = columns(&count) + columns(&right) + 16;
    let name = cell(
        tool,
        columns(tool).min(usize::from(width).saturating_sub(rest)),
    );
    ink.rule(
        &[(Part::Title, name.trim_end()), (Part::Dim, &count)],
        &right,
        width,
    )
}

//! Turns of models: a row each, and one with all that was asked and answered.

use super::{Eye, Item, Page, Row, ToolView};
use crate::domain::event::Turn;
use crate::domain::tool::TurnAt;
use crate::factory::ports::reader::{Ask, Piece, Said};
use crate::factory::ports::store::Paper;
use crate::text::width::truncate;
use crate::tui::theme::Part;
use crate::tui::tool::verbatim;

/// Turns, newest first.
pub fn items(view: &ToolView) -> Vec<Item> {
    let turns = view.past.turns(view.at);
    let turns = turns.iter().enumerate().rev();
    turns
        .map(|(at, turn)| Item {
            row: Row::default(),
            key: turn.event.seq.to_string(),
            title: truncate(&what(view, turn.turn), 48),
            ask: ask(view, turn),
            at,
        })
        .collect()
}

fn ask(view: &ToolView, turn: &TurnAt<'_>) -> Option<Ask> {
    let attempt = turn.attempt?;
    let paper = Paper::Transcript {
        tool: view.name.clone(),
        n: u32::try_from(attempt.id).unwrap_or(u32::MAX),
        role: attempt.role.to_string(),
        phase: attempt.phase.to_string(),
    };
    Some(Ask::Turn(paper, turn.turn.label.clone(), turn.nth))
}

/// The label without what every one has: `coding src/group.js/0`.
fn what(view: &ToolView, turn: &Turn) -> String {
    let own = format!("{}/", view.name);
    let label = turn.label.strip_prefix(&own);
    label.unwrap_or(&turn.label).replace("/file/", " ")
}

/// A row for each, newest first.
pub fn rows(view: &ToolView, eye: &Eye<'_>) -> Vec<Row> {
    let turns = view.past.turns(view.at);
    let room = eye.width.saturating_sub(42).max(12);
    let row = |at: &TurnAt<'_>| {
        let turn = at.turn;
        let (part, sign) = match (turn.ok, turn.malformed) {
            (true, false) => (Part::Ok, "✓"),
            (true, true) => (Part::Title, "!"),
            (false, _) => (Part::Fail, "✗"),
        };
        Row::dim(format!("{} ", eye.clock(at.event.ts)))
            .and(Some(part), format!("{sign} "))
            .and(
                None,
                format!("{:<room$} ", truncate(&what(view, turn), room)),
            )
            .and(Some(Part::Dim), figures(turn))
    };
    turns.iter().rev().map(row).collect()
}

/// `  3325 in   740 out   41 s`
fn figures(turn: &Turn) -> String {
    let tokens = |n: Option<u64>| n.map_or_else(|| "-".to_owned(), |n| n.to_string());
    format!(
        "{:>6} in {:>5} out {:>5.1} s",
        tokens(turn.input_tokens),
        tokens(turn.output_tokens),
        turn.millis as f64 / 1000.0
    )
}

/// One turn: the answer first, then what it thought, then what it had been asked.
pub fn page(view: &ToolView, item: &Item, eye: &Eye<'_>) -> Page {
    let turns = view.past.turns(view.at);
    let Some(at) = turns.get(item.at) else {
        return Page::default();
    };
    let mut rows = head(at, eye);
    let gone = match view.moment.swept.0 {
        true => "its transcript was rotated away by housekeeping; sizes are set under [keep]",
        false => "its transcript is not there any more, or not written yet",
    };
    match (&item.ask, view.piece(item.ask.as_ref(), gone)) {
        (None, _) => rows.push(Row::dim(" the beginning of its attempt is being read")),
        (_, Ok(Piece::Turn(said))) => rows.extend(spoken(said, eye)),
        (_, Ok(_)) => {}
        (_, Err(why)) => rows.extend(why),
    }
    Page::text(&item.title, rows)
}

fn head(at: &TurnAt<'_>, eye: &Eye<'_>) -> Vec<Row> {
    let turn = at.turn;
    let scripted = if turn.scripted { ", a script" } else { "" };
    let cost = match (turn.local, turn.usd) {
        (true, _) => "local".to_owned(),
        (false, Some(usd)) => format!("${usd:.4}"),
        (false, None) => "unpriced".to_owned(),
    };
    let mut rows = vec![
        Row::title(format!(" {}", turn.role))
            .and(None, format!(" on {}{scripted}", turn.place()))
            .and(Some(Part::Dim), format!("   {}", eye.day(at.event.ts))),
        Row::dim(format!("{}   {cost}", figures(turn))),
    ];
    if let Some(error) = &turn.error {
        rows.extend(Row::of(Some(Part::Fail), format!(" ✗ {error}")).wrapped(eye.width - 1, 3));
    }
    if turn.malformed {
        rows.push(Row::of(Some(Part::Fail), " ✗ the reply had no usable form"));
    }
    rows
}

fn spoken(said: &Said, eye: &Eye<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut part = |title: String, text: &str| {
        if text.trim().is_empty() {
            return;
        }
        rows.push(Row::default());
        let line = "─".repeat(eye.width.saturating_sub(title.len() + 6).min(40));
        rows.push(
            Row::dim("── ")
                .and(Some(Part::Active), title)
                .and(Some(Part::Dim), format!(" {line}")),
        );
        rows.extend(verbatim::rows(text, eye.width));
    };
    part("answered".to_owned(), &said.text);
    part("called".to_owned(), &said.calls.join("\n"));
    part(
        "failed".to_owned(),
        said.error.as_deref().unwrap_or_default(),
    );
    part("thought".to_owned(), &said.thought);
    for (who, text) in said.asked.iter().rev() {
        part(format!("asked, {who}"), text);
    }
    rows
}

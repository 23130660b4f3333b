//! The spec in force at the moment, readable; before one was accepted, its draft.

use super::{Eye, Page, Row, ToolView};
use crate::domain::phase::Phase;
use crate::factory::ports::reader::{Ask, Piece};
use crate::factory::ports::store::Paper;
use crate::tui::tool::markdown;

/// The accepted version of then, else the draft of now.
pub fn wants(view: &ToolView) -> Vec<Ask> {
    ask(view).into_iter().collect()
}

fn ask(view: &ToolView) -> Option<Ask> {
    let tool = view.name.clone();
    match view.moment.facts.specs {
        0 if view.at.is_none() => Some(Ask::Paper(Paper::Spec { tool })),
        0 => None,
        n => Some(Ask::Paper(Paper::SpecVersion { tool, n })),
    }
}

/// The page.
pub fn page(view: &ToolView, eye: &Eye<'_>) -> Page {
    let n = view.moment.facts.specs;
    let title = match n {
        0 => "Spec, a draft".to_owned(),
        n => format!("Spec {n}"),
    };
    let Some(ask) = ask(view) else {
        return nothing(view);
    };
    let gone = format!("spec {n} is neither in the home nor in git any more");
    match view.piece(Some(&ask), &gone) {
        Ok(Piece::Text(text)) => Page::text(title, markdown::rows(text, eye.width)),
        Ok(_) => nothing(view),
        Err(_) if n == 0 && view.known(&ask).is_some() => nothing(view),
        Err(rows) => Page::text(title, rows),
    }
}

fn nothing(view: &ToolView) -> Page {
    let how = match view.moment.phase {
        Phase::Spec => "the Developer is writing it; it appears when it passes the linter",
        _ => "the Developer writes one as soon as the tool is picked",
    };
    let mut page = Page::empty("Spec", "no spec was accepted until this moment", how);
    let notes = &view.moment.facts.spec_notes;
    if !notes.is_empty() {
        page.rows.push(Row::default());
        page.rows.push(Row::plain(" the last draft was refused:"));
        page.rows
            .extend(notes.iter().map(|note| Row::plain(format!(" - {note}"))));
    }
    page
}

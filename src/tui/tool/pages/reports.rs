//! Bug reports and reviews: a row each, and the paper of the one that is open.

use super::{Eye, Item, Page, Row, ToolView};
use crate::domain::tool::Bug;
use crate::factory::ports::reader::{Ask, Piece};
use crate::factory::ports::store::Paper;
use crate::text::markdown::unfenced;
use crate::tui::theme::Part;
use crate::tui::tool::{Section, markdown};

/// How a bug report stands, in words.
#[must_use]
pub fn stands(bug: &Bug) -> (Part, String) {
    match (bug.open, bug.run) {
        (true, _) => (Part::Fail, "✗ open".to_owned()),
        (false, Some((run, _))) => (Part::Ok, format!("✓ closed, run {run}")),
        (false, None) => (Part::Dim, "○ set aside".to_owned()),
    }
}

/// Bug reports, newest first.
pub fn bugs(view: &ToolView) -> Vec<Item> {
    let tool = &view.name;
    let item = |(at, bug): (usize, &Bug)| {
        let (part, word) = stands(bug);
        let rule = bug.rule.as_deref().unwrap_or("-");
        Item {
            row: Row::title(format!("{:<8}", format!("BUG-{}", bug.n)))
                .and(Some(part), format!("{word:<18}"))
                .and(Some(Part::Dim), format!("{rule:<4} "))
                .and(None, bug.title.clone()),
            key: bug.n.to_string(),
            title: format!("BUG-{}", bug.n),
            ask: Some(Ask::Paper(Paper::Bug {
                tool: tool.clone(),
                n: bug.n,
            })),
            at,
        }
    };
    view.moment
        .bugs
        .iter()
        .enumerate()
        .rev()
        .map(item)
        .collect()
}

/// Reviews, newest first.
pub fn reviews(view: &ToolView) -> Vec<Item> {
    let tool = &view.name;
    let reviews = view.moment.reviews.iter().enumerate().rev();
    reviews
        .map(|(at, review)| Item {
            row: Row::title(format!("{:<4}", review.n))
                .and(None, format!("{:<12}", review.verdict.to_string()))
                .and(Some(Part::Dim), format!("by {}", review.by)),
            key: review.n.to_string(),
            title: format!("Review {}", review.n),
            ask: Some(Ask::Paper(Paper::Review {
                tool: tool.clone(),
                n: review.n,
            })),
            at,
        })
        .collect()
}

/// The paper, with what the journal says of it in front.
pub fn page(view: &ToolView, item: &Item, eye: &Eye<'_>) -> Page {
    let mut rows = head(view, item, eye);
    let gone = "this paper is neither in the home nor in git any more";
    match view.piece(item.ask.as_ref(), gone) {
        Ok(Piece::Text(text)) => {
            // Both kinds hold foreign words in a fence.
            let inside = unfenced(text);
            let quoted = inside != *text;
            rows.extend(match quoted {
                true => inside
                    .lines()
                    .flat_map(|line| Row::plain(format!(" {line}")).wrapped(eye.width - 1, 3))
                    .collect(),
                false => markdown::rows(text, eye.width),
            });
        }
        Ok(_) => {}
        Err(why) => rows.extend(why),
    }
    Page::text(&item.title, rows)
}

fn head(view: &ToolView, item: &Item, eye: &Eye<'_>) -> Vec<Row> {
    let moment = &view.moment;
    let row = if view.section == Section::Bugs {
        moment.bugs.get(item.at).map(|bug| {
            let (part, word) = stands(bug);
            let file = bug.file.as_deref().unwrap_or("no file named");
            Row::of(Some(part), format!(" {word}")).and(
                Some(Part::Dim),
                format!("   filed {}   {file}", eye.day(bug.at)),
            )
        })
    } else {
        moment.reviews.get(item.at).map(|review| {
            Row::title(format!(" {}", review.verdict)).and(
                Some(Part::Dim),
                format!("   {}   by {}", eye.day(review.at), review.by),
            )
        })
    };
    row.into_iter().chain([Row::default()]).collect()
}

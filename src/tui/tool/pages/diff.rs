//! What differs between two trees, file by file.

use super::{Eye, Page, Row, ToolView};
use crate::domain::tool::{Changed, Sign};
use crate::factory::ports::reader::{Ask, Piece};
use crate::text::plural::plural;
use crate::tui::action::Action;
use crate::tui::theme::Part;
use crate::tui::tool::code::{self, Within};
use crate::tui::tool::ends::{self, End};

/// The ends in force: those chosen, where the moment has them, else the usual ones.
#[must_use]
pub fn compared(view: &ToolView) -> Option<(End, End)> {
    let moment = &view.moment;
    let there = |end| ends::tree(moment, end).is_some();
    let chosen = view.ends.filter(|(old, new)| there(*old) && there(*new));
    chosen.or_else(|| ends::usual(moment))
}

/// The difference.
pub fn wants(view: &ToolView) -> Option<Ask> {
    let (old, new) = compared(view)?;
    let old = ends::tree(&view.moment, old)?;
    let new = ends::tree(&view.moment, new)?;
    Some(Ask::Diff(old, new))
}

/// The page.
pub fn page(view: &ToolView, eye: &Eye<'_>) -> Page {
    let chooses = |words: &str| match eye.keys.first(Action::Compare) {
        Some(key) => format!("; {key} {words}"),
        None => String::new(),
    };
    let (Some((old, new)), Some(ask)) = (compared(view), wants(view)) else {
        return Page::empty(
            "Diff",
            "nothing was committed until this moment",
            &format!(
                "two trees of the tool are compared here, run by run{}",
                chooses("chooses which")
            ),
        );
    };
    let words = |end| ends::words(&view.moment, end);
    let title = format!("{} > {}", words(old), words(new));
    let gone = "one of the two trees is not in the repository any more: its branch was deleted";
    match view.piece(Some(&ask), gone) {
        Ok(Piece::Diff(changed)) if changed.is_empty() => {
            let words = format!(" no file differs{}", chooses("compares others"));
            Page::text(title, vec![Row::dim(words)])
        }
        Ok(Piece::Diff(changed)) => {
            let rows = changed.iter().flat_map(rows).collect();
            Page::code(title, rows).beside(sums(changed))
        }
        Ok(_) => Page::text(title, Vec::new()),
        Err(rows) => Page::text(title, rows),
    }
}

/// `2 files, +18 -9`
fn sums(changed: &[Changed]) -> String {
    let plus: usize = changed.iter().map(|file| file.plus).sum();
    let minus: usize = changed.iter().map(|file| file.minus).sum();
    format!("{}, +{plus} -{minus}", plural(changed.len(), "file"))
}

fn rows(file: &Changed) -> Vec<Row> {
    let whole = match file.whole {
        Some(Sign::Plus) => " is new",
        Some(Sign::Minus) => " is gone",
        _ => "",
    };
    let counts = format!("  +{} -{}{whole}", file.plus, file.minus);
    let mut rows = vec![Row::title(format!(" {}", file.path)).and(Some(Part::Dim), counts)];
    if let Some(why) = &file.closed {
        rows.push(Row::dim(format!("   {why}")));
    }
    let told = code::known(&file.path);
    let mut within = Within::default();
    for line in &file.lines {
        let number = line.number;
        rows.push(match line.sign {
            Sign::Gap => {
                within = Within::default();
                Row::dim("       ...")
            }
            Sign::Plus => Row::of(Some(Part::Ok), format!(" + {number:>4}  {}", line.text)),
            Sign::Minus => Row::of(Some(Part::Fail), format!(" - {number:>4}  {}", line.text)),
            Sign::Same => {
                let front = Row::dim(format!("   {number:>4}  "));
                match told {
                    true => code::line_of(front, &line.text, &mut within),
                    false => front.and(None, line.text.as_str()),
                }
            }
        });
    }
    rows.push(Row::default());
    rows
}

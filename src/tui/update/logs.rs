//! Moving about in the log: follow, scroll, find, filter; older lines come from disk.

use super::super::action::Action;
use super::super::effect::Effect;
use super::super::form::{For, Form, Line};
use super::super::layer::Layer;
use super::super::model::Model;
use super::open;
use crate::domain::screen::Level;
use crate::factory::ports::reader::Page;

/// Speakers in the order in which `@` goes through them.
const SPEAKERS: [&str; 6] = [
    "developer",
    "qa",
    "supervisor",
    "gates",
    "engine",
    "operator",
];

/// Carries an action out on the log.
pub fn run(model: &mut Model, action: Action) -> Vec<Effect> {
    let page = usize::from(model.size.1.saturating_sub(6)).max(1);
    match action {
        Action::Follow => {
            model.logs.end = match model.logs.end {
                Some(_) => None,
                None => model.book.last(),
            };
        }
        Action::Bottom => model.logs.end = None,
        Action::Up => return up(model, 1),
        Action::PageUp => return up(model, page),
        Action::HalfUp => return up(model, page / 2),
        Action::Top => return up(model, usize::MAX),
        Action::Down => down(model, 1),
        Action::PageDown => down(model, page),
        Action::HalfDown => down(model, page / 2),
        Action::Wrap => model.logs.wrap = !model.logs.wrap,
        Action::Agent => {
            let known = model.logs.filter.from.as_deref();
            let next = known.map_or(Some(0), |from| {
                SPEAKERS.iter().position(|s| *s == from).map(|at| at + 1)
            });
            model.logs.filter.from = next
                .and_then(|at| SPEAKERS.get(at))
                .map(|s| (*s).to_owned());
        }
        Action::Level => {
            model.logs.filter.level = match model.logs.filter.level {
                None => Some(Level::Info),
                Some(Level::Info) => Some(Level::Warn),
                Some(Level::Warn) => Some(Level::Error),
                Some(_) => None,
            };
        }
        Action::Filter => {
            let line = Line::of(&model.logs.filter.text);
            let note = "empty shows all again".to_owned();
            let title = "Show lines with".to_owned();
            open(
                model,
                Layer::Form(Form {
                    purpose: For::Filter,
                    title,
                    note,
                    line,
                }),
            );
        }
        Action::Next => down(model, 1),
        Action::Previous => return up(model, 1),
        _ => {}
    }
    Vec::new()
}

/// Up by some shown rows; near the first in memory older ones are asked for.
fn up(model: &mut Model, rows: usize) -> Vec<Effect> {
    let logs = &model.logs;
    let above = model.book.back_from(logs.end, &logs.filter);
    let mut last = None;
    let mut seen = 0_usize;
    for row in above.take(rows.saturating_add(1)) {
        last = Some(row.id);
        seen += 1;
    }
    if last.is_some() {
        model.logs.end = last;
    }
    let near = seen <= rows
        || model
            .book
            .back_from(last, &model.logs.filter)
            .nth(usize::from(model.size.1))
            .is_none();
    let more = !matches!(model.logs.before, Some(None));
    if near && more && !model.logs.loading {
        model.logs.loading = true;
        return vec![Effect::Older];
    }
    Vec::new()
}

/// Down by some shown rows; at the newest it follows again.
fn down(model: &mut Model, rows: usize) {
    let Some(end) = model.logs.end else { return };
    let mut below = model
        .book
        .after(end, &model.logs.filter)
        .take(rows)
        .map(|row| row.id);
    model.logs.end = below.by_ref().last();
    if model.logs.end == model.book.last() {
        model.logs.end = None;
    }
}

/// Older lines have come.
pub fn older(model: &mut Model, page: Page) {
    model.logs.loading = false;
    model.logs.before = Some(page.before);
    model.book.older(&page.lines);
}

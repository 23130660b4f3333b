//! Moving about in the log: follow, scroll, find, filter; older lines come from disk.

use super::super::action::Action;
use super::super::book::{Filter, HELD, MOST};
use super::super::effect::Effect;
use super::super::form::{For, Form};
use super::super::layer::Layer;
use super::super::model::Model;
use super::super::pane;
use super::{nothing_sought, open, refused, show};
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
/// Columns `Left` and `Right` move by.
const ASIDE: usize = 16;

/// Carries an action out on the log.
pub fn run(model: &mut Model, action: Action) -> Vec<Effect> {
    if !matches!(
        action,
        Action::Wrap | Action::Left | Action::Right | Action::Time
    ) {
        model.logs.to_top = false;
    }
    let (above, below) = pane::pages(model);
    let (above, below) = (-signed(above), signed(below));
    match action {
        Action::Follow if model.logs.end.is_none() => {
            let last = model.book.count().checked_sub(1);
            model.logs.end = last.and_then(|at| model.book.wanted(at)).map(|row| row.id);
        }
        Action::Follow | Action::Bottom => return newest(model),
        Action::Up => return moved(model, -1),
        Action::PageUp => return moved(model, above),
        Action::HalfUp => return moved(model, (above / 2).min(-1)),
        Action::Down => return moved(model, 1),
        Action::PageDown => return moved(model, below),
        Action::HalfDown => return moved(model, (below / 2).max(1)),
        Action::Top => {
            model.logs.to_top = true;
            return moved(model, isize::MIN);
        }
        Action::Wrap => {
            model.logs.lines.wrap = !model.logs.lines.wrap;
            model.logs.left = 0;
        }
        Action::Left | Action::Right if model.logs.lines.wrap => {
            let key = model.keys.or(Action::Wrap, "the key wrap");
            let words = format!("long lines are wrapped, so nothing is aside: {key} cuts them");
            show(model, refused(words));
        }
        Action::Left => model.logs.left = model.logs.left.saturating_sub(ASIDE),
        Action::Right => model.logs.left += ASIDE,
        Action::Agent | Action::Level => return other(model, action),
        Action::Tool => return tool(model),
        Action::Time => model.logs.lines.time = model.logs.lines.time.next(),
        Action::Filter => ask(model),
        Action::Next | Action::Previous if model.book.filter().text.is_empty() => {
            nothing_sought(model);
        }
        Action::Next => return moved(model, 1),
        Action::Previous => return moved(model, -1),
        _ => {}
    }
    Vec::new()
}

fn signed(rows: usize) -> isize {
    isize::try_from(rows).unwrap_or(isize::MAX)
}

/// By some wanted rows; at the newest it follows again, near the oldest in memory older ones are asked for.
fn moved(model: &mut Model, rows: isize) -> Vec<Effect> {
    let count = model.book.count();
    if count == 0 {
        return fill(model);
    }
    let down = rows > 0;
    if down && model.logs.end.is_none() {
        return Vec::new();
    }
    let here = model.book.up_to(model.logs.end).max(1);
    let there = here.saturating_add_signed(rows).clamp(1, count);
    if down && there == count && model.book.skipped() == 0 {
        model.logs.end = None;
        return Vec::new();
    }
    model.logs.end = model.book.wanted(there - 1).map(|row| row.id);
    if down { Vec::new() } else { fill(model) }
}

/// To the newest, and on with it.
fn newest(model: &mut Model) -> Vec<Effect> {
    model.logs.end = None;
    if model.book.skipped() == 0 {
        return Vec::new();
    }
    // What came meanwhile is on disk only: begin again from there.
    model.book.clear();
    model.logs.before = None;
    fill(model)
}

/// Asks for older lines when few wanted ones are above the place, or none but the oldest on disk will do.
pub fn fill(model: &mut Model) -> Vec<Effect> {
    if model.book.forgot() {
        model.logs.before = None;
    }
    let enough = 2 * pane::height(model);
    let near = model.logs.to_top || model.book.up_to(model.logs.end) < enough;
    let at_start = matches!(model.logs.before, Some(None));
    if !near || at_start || model.logs.loading {
        return Vec::new();
    }
    model.logs.loading = true;
    vec![Effect::Older]
}

/// Older lines have come.
pub fn older(model: &mut Model, page: &Page) -> Vec<Effect> {
    model.logs.loading = false;
    if model.book.forgot() {
        // Rows were let go since this page was asked for: it may not stand right before the first any more.
        model.logs.before = None;
        return fill(model);
    }
    model.logs.before = Some(page.before.clone());
    let held = model.logs.end.is_some();
    let any = model.book.older(&page.lines, held);
    if model.logs.to_top {
        model.logs.end = model.book.wanted(0).map(|row| row.id);
        model.logs.to_top = page.before.is_some();
    }
    let room = model.book.len() < if held { HELD } else { MOST };
    if room || !any || model.logs.to_top {
        fill(model)
    } else {
        Vec::new()
    }
}

/// Another filter; the place stays where its row is wanted, else at the nearest above.
fn choose(model: &mut Model, filter: Filter) -> Vec<Effect> {
    model.logs.to_top = false;
    model.book.choose(filter);
    fill(model)
}

/// Only rows with a text, or all again.
pub fn find(model: &mut Model, text: &str) -> Vec<Effect> {
    let filter = Filter {
        text: text.to_lowercase(),
        ..model.book.filter().clone()
    };
    choose(model, filter)
}

/// No filter.
pub fn all_again(model: &mut Model) -> Vec<Effect> {
    choose(model, Filter::default())
}

/// The next speaker or level.
fn other(model: &mut Model, action: Action) -> Vec<Effect> {
    let mut filter = model.book.filter().clone();
    if action == Action::Agent {
        let known = filter.from.as_deref();
        let next = known.map_or(Some(0), |from| {
            SPEAKERS.iter().position(|s| *s == from).map(|at| at + 1)
        });
        let speaker = next.and_then(|at| SPEAKERS.get(at));
        filter.from = speaker.map(|s| (*s).to_owned());
    } else {
        filter.level = match filter.level {
            None => Some(Level::Info),
            Some(Level::Info) => Some(Level::Warn),
            Some(Level::Warn) => Some(Level::Error),
            Some(_) => None,
        };
    }
    choose(model, filter)
}

/// Only the tool at the cursor, else the one under way; again: all.
fn tool(model: &mut Model) -> Vec<Effect> {
    let mut filter = model.book.filter().clone();
    if filter.tool.take().is_none() {
        let at = model.book.up_to(model.logs.end).checked_sub(1);
        let row = at.and_then(|at| model.book.wanted(at));
        let here = row.and_then(|row| row.tool.as_deref().map(str::to_owned));
        let under_way = || model.snapshot.as_ref().and_then(|s| s.current_tool.clone());
        filter.tool = here.or_else(under_way);
        if filter.tool.is_none() {
            let words = "the line at the cursor is about no tool, and none is under way";
            show(model, refused(words.to_owned()));
        }
    }
    choose(model, filter)
}

/// The cursor to a row.
pub fn at(model: &mut Model, id: i64) -> Vec<Effect> {
    model.logs.to_top = false;
    model.logs.end = Some(id);
    fill(model)
}

fn ask(model: &mut Model) {
    let text = &model.book.filter().text;
    let form = Form::line(
        For::Filter,
        "Show lines with",
        "empty shows all again",
        text,
    );
    open(model, Layer::Form(form));
}

//! The Tool view: opening it, moving through sections and through time, finding, comparing, rewinding.

use super::super::action::Action;
use super::super::form::{For, Form};
use super::super::layer::{EndsMenu, Layer};
use super::super::model::Model;
use super::super::offer;
use super::super::tabs::Tab;
use super::super::tool::{Section, ToolView, ends, space};
use super::{nothing_sought, open, refused, show};

/// Columns `Left` and `Right` move by.
const ASIDE: usize = 16;

/// Shows the tool of the cursor.
pub fn open_cursor(model: &mut Model) {
    let Some((name, meant)) = offer::opened(model) else {
        return show(model, refused("no tool stands there".to_owned()));
    };
    let mut view = ToolView::new(&name, model.tab);
    view.meant = meant;
    model.tool = Some(Box::new(view));
    model.tab = Tab::Tool;
    model.zoom = false;
}

/// One layer back: from what is open to its list, from there to the tab one came from.
pub fn back(model: &mut Model) {
    let Some(view) = &mut model.tool else {
        model.tab = Tab::Factory;
        return;
    };
    if !view.find.is_empty() {
        view.find.clear();
        return;
    }
    if view.shelf().open.is_some() {
        if let Some(shelf) = view.shelf_mut() {
            shelf.open = None;
        }
        view.stale = true;
        return;
    }
    model.tab = view.from;
    model.tool = None;
    model.zoom = false;
}

/// Carries an action out.
pub fn run(model: &mut Model, action: Action) {
    let height = height(model);
    let Some(view) = &mut model.tool else {
        return;
    };
    match action {
        Action::Earlier => scrub(view, |view| view.past.step(view.at, false), false),
        Action::Later => scrub(view, |view| view.past.step(view.at, true), true),
        Action::PhaseBack => scrub(view, |view| view.past.jump(view.at, false), false),
        Action::PhaseOn => scrub(view, |view| view.past.jump(view.at, true), true),
        Action::SectionBack | Action::SectionOn => {
            view.section = view.section.beside(action == Action::SectionOn);
            view.stale = true;
        }
        Action::Open => opened(view),
        Action::NextThing => beside(view, 1),
        Action::PreviousThing => beside(view, -1),
        Action::Left => aside(view, false),
        Action::Right => aside(view, true),
        Action::Compare => compare(model),
        Action::Filter => ask(model),
        Action::Next | Action::Previous => next(model, action == Action::Next),
        moving => moved(view, moving, height),
    }
}

/// Rows of the page.
fn height(model: &Model) -> usize {
    space::of(model.size, model.zoom).height
}

/// Another moment; behind the newest one it follows again.
fn scrub(view: &mut ToolView, find: impl Fn(&ToolView) -> Option<u64>, on: bool) {
    match find(view) {
        Some(seq) => view.go(Some(seq)),
        None if on => view.go(None),
        None => {}
    }
}

/// What stands under the cursor.
fn opened(view: &mut ToolView) {
    if !view.page.list || view.page.rows.is_empty() {
        return;
    }
    let key = view
        .items()
        .get(view.shelf().cursor)
        .map(|item| item.key.clone());
    if let Some(shelf) = view.shelf_mut() {
        shelf.open = key;
        (shelf.top, shelf.left) = (0, 0);
    }
    view.stale = true;
}

/// The thing before or behind in the list.
fn beside(view: &mut ToolView, by: isize) {
    let items = view.items();
    let shelf = view.shelf();
    let open = shelf.open.as_ref();
    let here = open.and_then(|key| items.iter().position(|item| item.key == *key));
    let last = items.len().saturating_sub(1);
    let next = here
        .unwrap_or(shelf.cursor)
        .saturating_add_signed(by)
        .min(last);
    let key = items.get(next).map(|item| item.key.clone());
    if let Some(shelf) = view.shelf_mut() {
        shelf.cursor = next;
        if shelf.open.is_some() && key.is_some() {
            shelf.open = key;
            (shelf.top, shelf.left) = (0, 0);
        }
    }
    view.stale = true;
}

fn aside(view: &mut ToolView, on: bool) {
    let most = view.page.longest().saturating_sub(ASIDE);
    let cut = view.page.cut;
    if let Some(shelf) = view.shelf_mut().filter(|_| cut) {
        shelf.left = match on {
            true => (shelf.left + ASIDE).min(most),
            false => shelf.left.saturating_sub(ASIDE),
        };
    }
}

/// Rows up and down.
fn moved(view: &mut ToolView, action: Action, height: usize) {
    let page = isize::try_from(height.saturating_sub(1).max(1)).unwrap_or(1);
    let rows = match action {
        Action::Down => 1,
        Action::Up => -1,
        Action::PageDown => page,
        Action::PageUp => -page,
        Action::HalfDown => (page / 2).max(1),
        Action::HalfUp => -(page / 2).max(1),
        Action::Top => isize::MIN / 2,
        Action::Bottom => isize::MAX / 2,
        _ => return,
    };
    let count = view.page.rows.len();
    let list = view.page.list;
    let Some(shelf) = view.shelf_mut() else {
        return;
    };
    if list {
        let last = count.saturating_sub(1);
        shelf.cursor = shelf.cursor.saturating_add_signed(rows).min(last);
    } else {
        let most = count.saturating_sub(height);
        shelf.top = shelf.top.saturating_add_signed(rows).min(most);
    }
}

/// Asks for a text to look for.
fn ask(model: &mut Model) {
    let text = model.tool.as_ref().map_or("", |view| view.find.as_str());
    let keys = model.keys.pair(Action::Next, Action::Previous);
    let form = Form::line(
        For::Filter,
        "Find in this section",
        &format!("{keys} go to the next and the one before; empty ends it"),
        text,
    );
    open(model, Layer::Form(form));
}

/// Looks for a text, from the first row in sight on.
pub fn find(model: &mut Model, text: &str) {
    let Some(view) = &mut model.tool else {
        return;
    };
    view.find = text.to_lowercase();
    let here = standing(view);
    let rows = view.page.having(&view.find);
    let found = rows.iter().find(|row| **row >= here).or(rows.first());
    match found {
        Some(row) => place(model, *row),
        None if text.is_empty() => {}
        None => show(model, refused(format!("{text} is not found here"))),
    }
}

fn next(model: &mut Model, on: bool) {
    let Some(view) = &model.tool else {
        return;
    };
    if view.find.is_empty() {
        return nothing_sought(model);
    }
    let here = standing(view);
    let rows = view.page.having(&view.find);
    let found = match on {
        true => rows.iter().find(|row| **row > here).or(rows.first()),
        false => rows.iter().rev().find(|row| **row < here).or(rows.last()),
    };
    match found {
        Some(row) => place(model, *row),
        None => {
            let words = format!("{} is not found here", view.find);
            show(model, refused(words));
        }
    }
}

/// The row one stands on: the cursor's, or the row found last, else the first in sight.
fn standing(view: &ToolView) -> usize {
    match view.page.list {
        true => view.shelf().cursor,
        false => view.shelf().top,
    }
}

/// Brings a row to the cursor, or to the top.
fn place(model: &mut Model, row: usize) {
    let Some(view) = &mut model.tool else {
        return;
    };
    let list = view.page.list;
    if let Some(shelf) = view.shelf_mut() {
        match list {
            true => shelf.cursor = row,
            // The last rows stand at the top as well, so that one always knows which was found.
            false => shelf.top = row,
        }
    }
}

/// Chooses both ends of the diff.
fn compare(model: &mut Model) {
    let Some(view) = &mut model.tool else {
        return;
    };
    let all = ends::all(&view.moment);
    if all.len() < 2 {
        return show(
            model,
            refused("nothing was committed yet, so there is nothing to compare".to_owned()),
        );
    }
    view.section = Section::Diff;
    view.stale = true;
    let words = |end: &ends::End| ends::words(&view.moment, *end);
    let menu = EndsMenu {
        words: all.iter().map(words).collect(),
        all,
        old: None,
        cursor: 0,
    };
    open(model, Layer::Ends(menu));
}

/// Both ends are chosen.
pub fn compared(model: &mut Model, old: ends::End, new: ends::End) {
    if let Some(view) = &mut model.tool {
        view.ends = Some((old, new));
        if let Some(shelf) = view.shelf_mut() {
            (shelf.top, shelf.left) = (0, 0);
        }
        view.stale = true;
    }
}

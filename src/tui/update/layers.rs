//! Keys while something lies over a tab.

use super::super::action::Action;
use super::super::dialog::Answered;
use super::super::draft;
use super::super::effect::Effect;
use super::super::key::{Code, Key};
use super::super::layer::{EndsMenu, Layer, VerdictMenu};
use super::super::model::Model;
use super::super::palette::Palette;
use super::super::view;
use super::{forms, needs, open, orders, refused, show, themes, tool};
use crate::factory::ports::operator::Operator;

/// Takes a key for the topmost layer, which has been taken off; what stays open is put back.
pub fn key(model: &mut Model, layer: Layer, key: Key, operator: &dyn Operator) -> Vec<Effect> {
    match layer {
        Layer::Help(at) => help(model, at, key),
        Layer::Needs(card) => return needs::key(model, card, key),
        Layer::Palette(palette) => return typed(model, palette, key, operator),
        Layer::Confirm(confirm) => match confirm.key(key) {
            Answered::Open(confirm) => open(model, Layer::Confirm(Box::new(confirm))),
            // What was filled or written for it lies below, and is gone on with.
            Answered::No => {}
            Answered::Yes(verb, about) => return forms::confirmed(model, verb, about),
        },
        Layer::Form(form) => return forms::key(model, form, key),
        Layer::Editor(editor) => return forms::edit(model, *editor, key),
        Layer::Verdict(menu) => return verdict(model, menu, key),
        Layer::Themes(menu) => themes::key(model, menu, key),
        Layer::Ends(menu) => ends(model, menu, key),
    }
    Vec::new()
}

/// Text that was pasted goes where one types.
pub fn pasted(model: &mut Model, text: &str) {
    match model.layers.last_mut() {
        Some(Layer::Form(form)) => form.paste(text),
        Some(Layer::Editor(editor)) => editor.insert(text),
        Some(Layer::Palette(palette)) => palette.line.insert(text),
        Some(Layer::Confirm(confirm)) => {
            if let Some((_, line)) = &mut confirm.name {
                line.insert(text);
            }
        }
        _ => {}
    }
}

/// A text comes back from $EDITOR to the editor it was taken from.
pub fn edited(model: &mut Model, text: Result<String, String>) {
    match (model.layers.last_mut(), text) {
        (Some(Layer::Editor(editor)), Ok(text)) => editor.replace(text.trim_end()),
        (_, Err(sentence)) => show(model, refused(sentence)),
        _ => {}
    }
}

/// Esc, q and Ctrl-C close a layer in which nothing is typed.
pub fn closes(key: Key) -> bool {
    matches!(
        (key.code, key.ctrl),
        (Code::Esc | Code::Char('q'), false) | (Code::Char('c'), true)
    )
}

fn help(model: &mut Model, at: usize, key: Key) {
    let last = view::help_scrolls(model);
    let at = match (key.code, key.ctrl) {
        _ if closes(key) => return,
        _ if model.keys.is(key, Action::Help) => return,
        (Code::Char('j') | Code::Down, _) => at + 1,
        (Code::Char('k') | Code::Up, _) => at.saturating_sub(1),
        (Code::PageDown, _) | (Code::Char('d'), true) => at + usize::from(model.size.1 / 2),
        (Code::PageUp, _) | (Code::Char('u'), true) => {
            at.saturating_sub(usize::from(model.size.1 / 2))
        }
        (Code::Char('g') | Code::Home, false) => 0,
        (Code::Char('G') | Code::End, false) => last,
        _ => at,
    };
    // Not beyond the last page: the way back would begin with keys that do nothing.
    open(model, Layer::Help(at.min(last)));
}

fn typed(
    model: &mut Model,
    mut palette: Palette,
    key: Key,
    operator: &dyn Operator,
) -> Vec<Effect> {
    let fitting = palette.fitting(&model.commands).len();
    match (key.code, key.ctrl) {
        (Code::Esc, _) | (Code::Char('c'), true) => return Vec::new(),
        (Code::Down | Code::Tab, _) => {
            palette.cursor = (palette.cursor + 1).min(fitting.saturating_sub(1))
        }
        (Code::Up | Code::BackTab, _) => palette.cursor = palette.cursor.saturating_sub(1),
        (Code::Enter, _) => return entered(model, palette, operator),
        _ => {
            if palette.line.key(key) {
                palette.cursor = 0;
                palette.problem = None;
            }
        }
    }
    open(model, Layer::Palette(palette));
    Vec::new()
}

/// Enter: a whole command is sent, the beginning of one is completed from the list.
fn entered(model: &mut Model, mut palette: Palette, operator: &dyn Operator) -> Vec<Effect> {
    let text = palette.line.text.trim().to_owned();
    let known = |name: &str| model.commands.iter().any(|usage| usage.name == name);
    let chosen = palette
        .fitting(&model.commands)
        .get(palette.cursor)
        .map(|usage| (*usage).clone());
    let whole = known(text.split(' ').next().unwrap_or_default());
    if !whole && let Some(usage) = chosen {
        palette = Palette::with(&format!("{} ", usage.name), palette.seen);
        if !usage.arguments.is_empty() {
            open(model, Layer::Palette(palette));
            return Vec::new();
        }
    }
    match operator.read(palette.line.text.trim()) {
        Ok((verb, _)) => {
            let mut about = draft::about(model, &verb);
            if draft::of_tool(&verb) {
                about.seen.clone_from(&palette.seen);
            }
            palette.problem = orders::hindrance(model, &verb);
            if let Some(words) = model.changed(&about) {
                palette.seen = model.seen();
                palette.problem = Some(format!("{words}: Enter once more sends it all the same"));
            }
            if palette.problem.is_none() {
                model.layers.clear();
                return orders::begin_about(model, verb, about);
            }
        }
        Err(problem) => palette.problem = Some(problem),
    }
    open(model, Layer::Palette(palette));
    Vec::new()
}

fn verdict(model: &mut Model, mut menu: VerdictMenu, key: Key) -> Vec<Effect> {
    let count = forms::decisions(&menu).len();
    match key.code {
        _ if closes(key) => return Vec::new(),
        Code::Char('j') | Code::Down => {
            menu.cursor = (menu.cursor + 1).min(count.saturating_sub(1))
        }
        Code::Char('k') | Code::Up => menu.cursor = menu.cursor.saturating_sub(1),
        Code::Char(digit @ '1'..='9') => {
            let chosen = digit.to_digit(10).unwrap_or(1) as usize - 1;
            if chosen < count {
                menu.cursor = chosen;
                return forms::decided(model, menu);
            }
        }
        Code::Enter => return forms::decided(model, menu),
        _ => {}
    }
    open(model, Layer::Verdict(menu));
    Vec::new()
}

/// Chooses the older tree, then the newer one.
fn ends(model: &mut Model, mut menu: EndsMenu, key: Key) {
    let last = menu.all.len().saturating_sub(1);
    match key.code {
        _ if closes(key) => return,
        Code::Char('j') | Code::Down => menu.cursor = (menu.cursor + 1).min(last),
        Code::Char('k') | Code::Up => menu.cursor = menu.cursor.saturating_sub(1),
        Code::Enter => match (menu.all.get(menu.cursor).copied(), menu.old) {
            (Some(new), Some(old)) => return tool::compared(model, old, new),
            (old, _) => {
                menu.old = old;
                menu.cursor = last;
            }
        },
        _ => {}
    }
    open(model, Layer::Ends(menu));
}

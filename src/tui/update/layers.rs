//! Keys while something lies over a tab.

use super::super::action::TABLE;
use super::super::dialog::Answered;
use super::super::effect::Effect;
use super::super::key::{Code, Key};
use super::super::layer::{Layer, VerdictMenu};
use super::super::model::Model;
use super::super::palette::Palette;
use super::{forms, open, send};
use crate::factory::ports::operator::Operator;

/// Takes a key for the topmost layer, which has been taken off; what stays open is put back.
pub fn key(model: &mut Model, layer: Layer, key: Key, operator: &dyn Operator) -> Vec<Effect> {
    match layer {
        Layer::Help(at) => help(model, at, key),
        Layer::Needs(at) => return needs(model, at, key),
        Layer::Palette(palette) => return typed(model, palette, key, operator),
        Layer::Confirm(confirm) => match confirm.key(key) {
            Answered::Open(confirm) => open(model, Layer::Confirm(Box::new(confirm))),
            Answered::No => {}
            Answered::Yes(effect) => return send(model, effect),
        },
        Layer::Form(form) => return forms::key(model, form, key),
        Layer::Verdict(menu) => return verdict(model, menu, key),
    }
    Vec::new()
}

/// Text that was pasted goes where one types.
pub fn pasted(model: &mut Model, text: &str) {
    match model.layers.last_mut() {
        Some(Layer::Form(form)) => form.line.insert(text),
        Some(Layer::Palette(palette)) => palette.line.insert(text),
        _ => {}
    }
}

/// Esc, q and Ctrl-C close a layer in which nothing is typed.
fn closes(key: Key) -> bool {
    matches!(
        (key.code, key.ctrl),
        (Code::Esc | Code::Char('q'), false) | (Code::Char('c'), true)
    )
}

fn help(model: &mut Model, at: usize, key: Key) {
    let at = match (key.code, key.ctrl) {
        _ if closes(key) => return,
        (Code::Char('?') | Code::F(1), _) => return,
        (Code::Char('j') | Code::Down, _) => at + 1,
        (Code::Char('k') | Code::Up, _) => at.saturating_sub(1),
        (Code::PageDown, _) | (Code::Char('d'), true) => at + usize::from(model.size.1 / 2),
        (Code::PageUp, _) | (Code::Char('u'), true) => {
            at.saturating_sub(usize::from(model.size.1 / 2))
        }
        _ => at,
    };
    open(model, Layer::Help(at.min(TABLE.len())));
}

fn needs(model: &mut Model, at: usize, key: Key) -> Vec<Effect> {
    let count = model
        .snapshot
        .as_ref()
        .map_or(0, |snapshot| snapshot.needs.len());
    let next = match key.code {
        _ if closes(key) => return Vec::new(),
        Code::Char('!') | Code::Char('j') | Code::Down if at + 1 < count => at + 1,
        Code::Char('!') => 0,
        Code::Char('k') | Code::Up => at.saturating_sub(1),
        Code::Char(digit @ '1'..='9') => {
            let chosen = digit.to_digit(10).unwrap_or(1) as usize - 1;
            let way = model
                .snapshot
                .as_ref()
                .and_then(|s| s.needs.get(at)?.ways.get(chosen).cloned());
            open(model, Layer::Needs(at));
            // A way out that is a command waits in the palette: the operator sees it and sends it.
            if let Some(line) = way
                .as_deref()
                .and_then(|way| way.strip_prefix("dev-factory "))
            {
                open(model, Layer::Palette(Palette::with(line)));
            }
            return Vec::new();
        }
        _ => at,
    };
    open(model, Layer::Needs(next));
    Vec::new()
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
        palette = Palette::with(&format!("{} ", usage.name));
        if !usage.arguments.is_empty() {
            open(model, Layer::Palette(palette));
            return Vec::new();
        }
    }
    match operator.read(palette.line.text.trim()) {
        Ok(_) if model.readonly => {
            palette.problem = Some("read-only: nothing is sent from here".to_owned())
        }
        Ok((verb, guarded)) => {
            let seen = model.seen().filter(|_| guarded);
            model.layers.clear();
            return send(model, Effect::Send(verb, seen));
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
            menu.cursor =
                (digit.to_digit(10).unwrap_or(1) as usize - 1).min(count.saturating_sub(1));
            return forms::decided(model, menu);
        }
        Code::Enter => return forms::decided(model, menu),
        _ => {}
    }
    open(model, Layer::Verdict(menu));
    Vec::new()
}

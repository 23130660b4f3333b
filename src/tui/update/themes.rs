//! Themes: chosen with each shown at once, and read again when a file of the home changes.

use super::super::key::{Code, Key};
use super::super::layer::{Layer, ThemeMenu};
use super::super::model::Model;
use super::super::theme::Theme;
use super::{layers, open, refused, show};
use crate::domain::command::Answer;
use crate::factory::ports::themes::ThemeFile;

/// Opens the list, the cursor on the present one.
pub fn choose(model: &mut Model) {
    let named = |name: &str| model.shelf.all().iter().position(|one| one.name == name);
    let cursor = named(&model.theme_name).unwrap_or(0);
    let before = (model.theme_name.clone(), model.theme.clone());
    open(model, Layer::Themes(ThemeMenu { cursor, before }));
}

/// Takes a key for the list.
pub fn key(model: &mut Model, mut menu: ThemeMenu, key: Key) {
    let last = model.shelf.all().len().saturating_sub(1);
    match key.code {
        _ if layers::closes(key) => {
            (model.theme_name, model.theme) = menu.before;
            return;
        }
        Code::Enter => return keep(model, menu),
        Code::Char('j') | Code::Down | Code::Tab => menu.cursor = (menu.cursor + 1).min(last),
        Code::Char('k') | Code::Up | Code::BackTab => {
            menu.cursor = menu.cursor.saturating_sub(1);
        }
        Code::Char('g') | Code::Home => menu.cursor = 0,
        Code::Char('G') | Code::End => menu.cursor = last,
        _ => {}
    }
    preview(model, menu.cursor);
    open(model, Layer::Themes(menu));
}

/// Shows one; a broken one leaves what is shown.
fn preview(model: &mut Model, at: usize) {
    if let Some((name, Ok(theme))) = read(model, at) {
        (model.theme_name, model.theme) = (name, theme);
    }
}

fn read(model: &Model, at: usize) -> Option<(String, Result<Theme, String>)> {
    let name = model.shelf.all().get(at)?.name.clone();
    let theme = model.shelf.theme(&name);
    Some((name, theme))
}

fn keep(model: &mut Model, menu: ThemeMenu) {
    match read(model, menu.cursor) {
        Some((name, Ok(theme))) => {
            let sentence = format!(
                "theme {name} here; for good: theme = \"{name}\" below [screens] in {}",
                model.own_settings
            );
            (model.theme_name, model.theme) = (name, theme);
            show(
                model,
                Answer {
                    accepted: true,
                    sentence,
                },
            );
        }
        Some((_, Err(why))) => {
            show(model, refused(why));
            open(model, Layer::Themes(menu));
        }
        None => {}
    }
}

/// The home's files have changed: a mistake in the present one keeps the last good one and is said.
pub fn reread(model: &mut Model, files: &[ThemeFile]) {
    model.shelf = model.shelf.reread(files);
    let known = model
        .shelf
        .all()
        .iter()
        .any(|one| one.name == model.theme_name);
    match model.shelf.theme(&model.theme_name) {
        Ok(theme) => model.theme = theme,
        Err(why) if known => show(
            model,
            refused(format!(
                "{}; the last good one stays",
                why.replace('\n', "; ")
            )),
        ),
        // Its file was taken away: what is shown stays until another is chosen.
        Err(_) => {}
    }
}

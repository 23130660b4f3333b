//! What lies over a tab: the needs-you card, palette, questions, forms, decisions.

use super::super::layer::Layer;
use super::super::model::Model;
use super::ink::Ink;
use super::{card, dialogs, editor, form, help, palette, themes};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Draws the topmost layer.
pub fn draw(model: &Model, ink: &Ink<'_>, layer: &Layer, area: Rect, buffer: &mut Buffer) {
    match layer {
        Layer::Help(at) => help::draw(model, ink, *at, area, buffer),
        Layer::Needs(at) => card::draw(model, ink, at, area, buffer),
        Layer::Palette(palette) => palette::draw(model, ink, palette, area, buffer),
        Layer::Confirm(confirm) => dialogs::confirm(model, ink, confirm, area, buffer),
        Layer::Form(form) => form::draw(model, ink, form, area, buffer),
        Layer::Editor(editor) => editor::draw(model, ink, editor, area, buffer),
        Layer::Verdict(menu) => dialogs::verdict(ink, menu, area, buffer),
        Layer::Themes(menu) => themes::draw(model, ink, menu, area, buffer),
        Layer::Ends(menu) => dialogs::ends(ink, menu, area, buffer),
    }
}

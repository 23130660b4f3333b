//! What lies over a tab: the needs-you card, palette, questions, forms, decisions.

use super::super::layer::Layer;
use super::super::model::Model;
use super::ink::Ink;
use super::{card, dialogs, help, palette};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Draws the topmost layer.
pub fn draw(model: &Model, ink: &Ink<'_>, layer: &Layer, area: Rect, buffer: &mut Buffer) {
    match layer {
        Layer::Help(at) => help::draw(model, ink, *at, area, buffer),
        Layer::Needs(at) => card::draw(model, ink, *at, area, buffer),
        Layer::Palette(palette) => palette::draw(model, ink, palette, area, buffer),
        Layer::Confirm(confirm) => dialogs::confirm(ink, confirm, area, buffer),
        Layer::Form(form) => dialogs::form(ink, form, area, buffer),
        Layer::Verdict(menu) => dialogs::verdict(ink, menu, area, buffer),
    }
}

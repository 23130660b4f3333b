//! What lies over a tab: the needs-you card, palette, questions, forms, decisions.

use super::super::layer::Layer;
use super::super::model::Model;
use super::ink::Ink;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Draws the topmost layer.
pub fn draw(_model: &Model, _ink: &Ink<'_>, _layer: &Layer, _area: Rect, _buffer: &mut Buffer) {}

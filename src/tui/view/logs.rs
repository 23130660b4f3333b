//! The Logs tab.

use super::super::model::Model;
use super::ink::Ink;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Draws it.
pub fn draw(_model: &Model, _ink: &Ink<'_>, _area: Rect, _buffer: &mut Buffer) {}

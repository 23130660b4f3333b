//! The keys that work here, from the one table.

use super::super::model::Model;
use super::ink::Ink;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Draws it, scrolled by some rows.
pub fn draw(_model: &Model, _ink: &Ink<'_>, _at: usize, _area: Rect, _buffer: &mut Buffer) {}

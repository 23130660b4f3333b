//! Rows one below the other in a part of the screen, and which of them are rules.

use super::super::mouse::Hit;
use super::super::theme::Part;
use super::ink::Ink;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

/// A part of the screen that is filled from the top.
pub struct Column {
    area: Rect,
    at: u16,
    rules: Vec<u16>,
}

impl Column {
    /// An empty one.
    pub fn new(area: Rect) -> Self {
        Self {
            area,
            at: 0,
            rules: Vec::new(),
        }
    }

    /// Columns of text.
    pub fn width(&self) -> u16 {
        self.area.width
    }

    /// Rows that are free.
    pub fn left(&self) -> usize {
        usize::from(self.area.height.saturating_sub(self.at))
    }

    /// Lets rows go empty.
    pub fn skip(&mut self, rows: u16) {
        self.at += rows;
    }

    /// A rule with a title.
    pub fn rule(
        &mut self,
        ink: &Ink<'_>,
        titles: &[(Part, &str)],
        right: &str,
        buffer: &mut Buffer,
    ) {
        self.rules.push(self.at);
        let line = ink.rule(titles, right, self.area.width);
        self.line(ink, &line, buffer);
    }

    /// One row.
    pub fn line(&mut self, ink: &Ink<'_>, line: &Line<'_>, buffer: &mut Buffer) {
        ink.put(line, self.area, self.at, buffer);
        self.at += 1;
    }

    /// The next row can be hit.
    pub fn hit(&self, ink: &Ink<'_>, hit: Hit) {
        ink.hit(self.area, self.at, hit);
    }

    /// Some rows.
    pub fn lines(&mut self, ink: &Ink<'_>, lines: &[Line<'_>], buffer: &mut Buffer) {
        for line in lines {
            self.line(ink, line, buffer);
        }
    }

    /// The next rows as an area of their own.
    pub fn take(&mut self, rows: u16) -> Rect {
        let rows = rows.min(self.area.height.saturating_sub(self.at));
        let area = Rect {
            y: self.area.y + self.at,
            height: rows,
            ..self.area
        };
        self.at += rows;
        area
    }
}

/// The line between two columns, joined to the rules of both.
pub fn divide(ink: &Ink<'_>, left: &Column, right: &Column, x: u16, buffer: &mut Buffer) {
    for row in 0..left.area.height {
        let (l, r) = (left.rules.contains(&row), right.rules.contains(&row));
        let sign = match (l, r) {
            (true, true) if row == 0 => "┬",
            (true, true) => "┼",
            (true, false) => "┤",
            (false, true) => "├",
            (false, false) => "│",
        };
        ink.at(Part::Dim, sign, (x, left.area.y + row), 1, buffer);
    }
}

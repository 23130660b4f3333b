//! Pens and signs: styles by meaning, glyphs with their ASCII twins, rules with titles, texts that fit.

use super::super::model::Model;
use super::super::mouse::Hit;
use super::super::theme::{Part, Theme};
use crate::text::width::{columns, truncate};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;
use std::cell::RefCell;

/// Glyphs and what stands for them where only ASCII is drawn.
const TWINS: [(char, char); 29] = [
    ('✓', '+'),
    ('✗', 'x'),
    ('▸', '*'),
    ('○', 'o'),
    ('▴', '^'),
    ('━', '='),
    ('─', '-'),
    ('│', '|'),
    ('┬', '+'),
    ('┴', '+'),
    ('├', '+'),
    ('┤', '+'),
    ('┼', '+'),
    ('╭', '+'),
    ('╮', '+'),
    ('╰', '+'),
    ('╯', '+'),
    ('┌', '+'),
    ('┐', '+'),
    ('└', '+'),
    ('┘', '+'),
    ('▁', '_'),
    ('▂', '.'),
    ('▃', '-'),
    ('▄', ':'),
    ('▅', '='),
    ('▆', '+'),
    ('▇', '*'),
    ('█', '#'),
];

/// Draws with the model's theme.
pub struct Ink<'a> {
    theme: &'a Theme,
    ascii: bool,
    hits: RefCell<Vec<(Rect, Hit)>>,
}

impl<'a> Ink<'a> {
    /// Of a model.
    pub fn new(model: &'a Model) -> Self {
        Self {
            theme: &model.theme,
            ascii: model.ascii,
            hits: RefCell::default(),
        }
    }

    /// Notes that a row of an area can be hit.
    pub fn hit(&self, area: Rect, row: u16, hit: Hit) {
        let place = Rect {
            y: area.y + row,
            height: 1,
            ..area
        };
        self.hits.borrow_mut().push((place, hit));
    }

    /// What stands at a place, what was drawn last first.
    pub fn found(&self, (x, y): (u16, u16)) -> Option<Hit> {
        let hits = self.hits.borrow();
        let mut there = hits
            .iter()
            .rev()
            .filter(|(place, _)| place.contains((x, y).into()));
        there.next().map(|(_, hit)| *hit)
    }

    /// The style of a part.
    pub fn style(&self, part: Part) -> Style {
        self.theme.style(part)
    }

    /// A piece of a line in the style of a part.
    pub fn span(&self, part: Part, text: impl Into<String>) -> Span<'static> {
        Span::styled(self.plain(&text.into()), self.style(part))
    }

    /// A piece of a line in the terminal's own style.
    pub fn raw(&self, text: impl Into<String>) -> Span<'static> {
        Span::raw(self.plain(&text.into()))
    }

    /// A model's own words, as they came.
    pub fn words(&self, text: &str) -> Span<'static> {
        Span::styled(text.to_owned(), self.style(Part::Words))
    }

    /// Our own signs as ASCII where that is asked for; people's and models' text stays as it is.
    pub fn plain(&self, text: &str) -> String {
        if !self.ascii {
            return text.to_owned();
        }
        let twin = |c: char| {
            TWINS
                .iter()
                .find(|(glyph, _)| *glyph == c)
                .map_or(c, |(_, twin)| *twin)
        };
        text.chars().map(twin).collect()
    }

    /// Writes at a place, at most so many columns.
    pub fn at(&self, part: Part, text: &str, place: (u16, u16), most: u16, buffer: &mut Buffer) {
        let mut text = Span::raw(truncate(&self.plain(text), usize::from(most)));
        if self.ascii {
            ascii_end(&mut text);
        }
        if buffer.area.contains(place.into()) {
            buffer.set_stringn(
                place.0,
                place.1,
                text.content,
                usize::from(most),
                self.style(part),
            );
        }
    }

    /// Puts a line into one row of an area; what does not fit is cut with `…`.
    pub fn put(&self, line: &Line<'_>, area: Rect, row: u16, buffer: &mut Buffer) {
        if row >= area.height {
            return;
        }
        let place = Rect {
            y: area.y + row,
            height: 1,
            ..area
        };
        let mut line = fitted(line, usize::from(area.width));
        if self.ascii {
            line.spans.iter_mut().for_each(ascii_end);
        }
        line.render(place, buffer);
    }

    /// A rule across: `── title ── more ───── right ─`.
    pub fn rule(&self, titles: &[(Part, &str)], right: &str, width: u16) -> Line<'static> {
        let width = usize::from(width);
        let mut spans = Vec::new();
        let mut used = 0;
        for (part, title) in titles {
            spans.push(self.span(Part::Dim, "── "));
            let title = truncate(title, width.saturating_sub(used + 8));
            used += 4 + columns(&title);
            spans.push(self.span(*part, title));
            spans.push(Span::raw(" "));
        }
        // What stands on the right gives way before the line breaks off.
        let right = truncate(right, width.saturating_sub(used + 4));
        let tail = if right.is_empty() {
            0
        } else {
            columns(&right) + 3
        };
        if used + tail <= width {
            let fill = "─".repeat(width - used - tail);
            spans.push(self.span(Part::Dim, fill));
            if tail > 0 {
                spans.push(self.span(Part::Dim, format!(" {right} ─")));
            }
        }
        Line::from(spans)
    }
}

/// Where a text was cut, in ASCII.
fn ascii_end(span: &mut Span<'_>) {
    let text = span.content.trim_end();
    if let Some(kept) = text.strip_suffix('…') {
        let blanks = span.content.len() - text.len();
        span.content = format!("{kept}~{}", " ".repeat(blanks)).into();
    }
}

/// A line cut to so many columns, its styles kept.
pub fn fitted(line: &Line<'_>, limit: usize) -> Line<'static> {
    let mut left = limit;
    let mut spans = Vec::new();
    for span in &line.spans {
        let wide = columns(&span.content);
        if wide <= left {
            spans.push(Span::styled(span.content.to_string(), span.style));
            left -= wide;
        } else {
            spans.push(Span::styled(truncate(&span.content, left), span.style));
            break;
        }
    }
    Line::from(spans).style(line.style)
}

/// A text brought to exactly so many columns, cut or filled with blanks.
pub fn cell(text: &str, width: usize) -> String {
    let text = truncate(text, width);
    let pad = width.saturating_sub(columns(&text));
    format!("{text}{}", " ".repeat(pad))
}

/// The same, filled in front.
pub fn right(text: &str, width: usize) -> String {
    let text = truncate(text, width);
    let pad = width.saturating_sub(columns(&text));
    format!("{}{text}", " ".repeat(pad))
}

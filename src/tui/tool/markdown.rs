//! Markdown as rows: headings, lists, fences, tables and emphasis by what they mean, nothing of the text left out:
//! where links lead stands behind them, and lines that Markdown does not show stand as they are.

#[cfg(test)]
mod tests;

use super::code;
use super::row::Row;
use crate::text::width::columns;
use crate::tui::theme::Part;
use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, LinkType, Options, Parser, Tag, TagEnd};

/// Columns a list goes in by.
const IN: usize = 2;

/// A text as rows of at most so many columns.
#[must_use]
pub fn rows(text: &str, width: usize) -> Vec<Row> {
    let text = fenced(text);
    let mut page = Writer {
        width: width.saturating_sub(1),
        ..Writer::default()
    };
    let mut shown = 0;
    for (event, range) in Parser::new_ext(&text, Options::ENABLE_TABLES).into_offset_iter() {
        if leaves(&event) {
            page.hidden(
                text.get(shown..range.start).unwrap_or_default(),
                &text,
                shown,
            );
            shown = shown.max(range.end);
        }
        let mark = text.get(range.start..range.start + 1) == Some("_");
        page.take(event, mark);
    }
    page.end();
    page.hidden(
        &(text.get(shown..).unwrap_or_default().to_owned() + "\n"),
        &text,
        shown,
    );
    while page
        .rows
        .last()
        .is_some_and(|row| row.text().trim().is_empty())
    {
        page.rows.pop();
    }
    page.rows
}

/// Whether an event stands for what its range of the text says.
const fn leaves(event: &Event<'_>) -> bool {
    matches!(
        event,
        Event::Text(_)
            | Event::Code(_)
            | Event::Html(_)
            | Event::InlineHtml(_)
            | Event::Rule
            | Event::Start(Tag::CodeBlock(_) | Tag::Table(_) | Tag::Heading { .. })
    )
}

/// Lines of JSON stand in no fence, but nothing in them is Markdown.
fn fenced(text: &str) -> String {
    let (mut out, mut open, mut json) = (String::with_capacity(text.len()), false, false);
    for line in text.lines() {
        let fence = line.trim_start().starts_with("```") || line.trim_start().starts_with("~~~");
        let object = !open && line.starts_with('{') && line.ends_with('}');
        if object != json {
            out.push_str("```json\n");
            if json {
                out.truncate(out.len() - 5);
                out.push('\n');
            }
            json = object;
        }
        open ^= fence;
        out.push_str(line);
        out.push('\n');
    }
    if json {
        out.push_str("```\n");
    }
    out
}

/// What is being written.
#[derive(Default)]
struct Writer {
    rows: Vec<Row>,
    width: usize,
    /// The row under way.
    row: Row,
    /// What the text means now, innermost last.
    parts: Vec<Part>,
    /// The lists one is in; the number of the next point of a numbered one.
    lists: Vec<Option<u64>>,
    /// The sign of the point that begins.
    point: Option<String>,
    /// Language of the fence one is in.
    fence: Option<String>,
    /// Rows of the table one is in, cell by cell.
    table: Option<Vec<Vec<String>>>,
    /// Where the links one is in lead.
    links: Vec<String>,
    /// Signs of the emphasis one is in, where they are shown.
    signs: Vec<&'static str>,
}

impl Writer {
    /// Whole lines between what is shown: Markdown keeps them to itself, as link definitions.
    fn hidden(&mut self, gap: &str, text: &str, from: usize) {
        let begins = from == 0 || text.get(..from).is_some_and(|front| front.ends_with('\n'));
        let lines: Vec<&str> = gap.split('\n').collect();
        let whole = lines.len().saturating_sub(1);
        let lines = lines.iter().take(whole).skip(usize::from(!begins));
        for line in lines.filter(|line| line.contains(char::is_alphanumeric)) {
            self.end();
            self.rows.extend(Row::dim(*line).wrapped(self.width, 2));
        }
    }

    fn take(&mut self, event: Event<'_>, mark: bool) {
        match event {
            Event::Start(tag @ (Tag::Strong | Tag::Emphasis)) => {
                // Stars stand for emphasis; underlines are as often part of a name.
                let sign = match (mark, &tag) {
                    (false, _) => "",
                    (true, Tag::Strong) => "__",
                    (true, _) => "_",
                };
                self.signs.push(sign);
                self.parts.push(Part::Title);
                self.say(Some(Part::Title), sign);
            }
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.close(tag),
            Event::Text(text) => self.text(&text),
            Event::Code(text) => self.say(Some(Part::Words), &text),
            Event::Html(text) | Event::InlineHtml(text) => self.text(&text),
            Event::SoftBreak | Event::HardBreak => self.end(),
            Event::Rule => {
                self.end();
                self.rows.push(Row::dim("─".repeat(self.width.min(24))));
                self.blank();
            }
            _ => {}
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Heading { level, .. } => {
                self.end();
                self.parts.push(Part::Title);
                let sign = match level {
                    HeadingLevel::H1 => "",
                    HeadingLevel::H2 => "── ",
                    _ => "─ ",
                };
                self.row.pieces.push((Some(Part::Dim), sign.to_owned()));
            }
            Tag::Link {
                link_type,
                dest_url,
                title,
                ..
            }
            | Tag::Image {
                link_type,
                dest_url,
                title,
                ..
            } => self.links.push(leads(link_type, &dest_url, &title)),
            Tag::List(first) => {
                self.end();
                self.lists.push(first);
            }
            Tag::Item => {
                self.end();
                self.point = Some(self.sign());
            }
            Tag::CodeBlock(kind) => {
                self.end();
                self.fenced(match kind {
                    CodeBlockKind::Fenced(name) => name.to_string(),
                    CodeBlockKind::Indented => String::new(),
                });
            }
            other => self.cell(&other),
        }
    }

    /// A table begins, or a row or a cell of one.
    fn cell(&mut self, tag: &Tag<'_>) {
        match tag {
            Tag::Table(_) => {
                self.end();
                self.table = Some(Vec::new());
            }
            Tag::TableHead | Tag::TableRow => {
                if let Some(table) = &mut self.table {
                    table.push(Vec::new());
                }
            }
            Tag::TableCell => {
                if let Some(row) = self.table.as_mut().and_then(|table| table.last_mut()) {
                    row.push(String::new());
                }
            }
            _ => {}
        }
    }

    /// What stands in front of the next point of the list.
    fn sign(&mut self) -> String {
        match self.lists.last_mut() {
            Some(Some(number)) => {
                *number += 1;
                format!("{}. ", *number - 1)
            }
            _ => "- ".to_owned(),
        }
    }

    fn fenced(&mut self, name: String) {
        // What stands behind the sign is not always the name of a language.
        if !name.is_empty() && (name.contains('.') || !code::known(&name)) {
            let sign = Row::dim(format!("│ ```{name}"));
            self.rows.extend(sign.wrapped(self.width, 4));
        }
        self.fence = Some(name);
    }

    fn close(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Heading(_) => {
                self.parts.pop();
                self.end();
            }
            TagEnd::Strong | TagEnd::Emphasis => {
                let sign = self.signs.pop().unwrap_or_default();
                self.say(Some(Part::Title), sign);
                self.parts.pop();
            }
            TagEnd::Link | TagEnd::Image => {
                let leads = self.links.pop().unwrap_or_default();
                self.say(Some(Part::Dim), &leads);
            }
            TagEnd::Paragraph if self.lists.is_empty() => {
                self.end();
                self.blank();
            }
            TagEnd::Paragraph | TagEnd::Item => self.end(),
            TagEnd::List(_) => {
                self.lists.pop();
                if self.lists.is_empty() {
                    self.blank();
                }
            }
            TagEnd::CodeBlock => {
                self.fence = None;
                self.blank();
            }
            TagEnd::Table => {
                let table = self.table.take().unwrap_or_default();
                self.rows.extend(tabled(&table, self.width));
                self.blank();
            }
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        if let Some(name) = &self.fence {
            for row in code::rows(name, text, false) {
                let mut inside = Row::dim("│ ");
                inside.pieces.extend(row.pieces);
                self.rows.extend(inside.wrapped(self.width, 4));
            }
            return;
        }
        let part = self.parts.last().copied();
        for (at, line) in text.split('\n').enumerate() {
            if at > 0 {
                self.end();
            }
            self.say(part, line);
        }
    }

    fn say(&mut self, part: Option<Part>, text: &str) {
        if let Some(cell) = self.table.as_mut().and_then(|t| t.last_mut()?.last_mut()) {
            cell.push_str(text);
        } else if !text.is_empty() {
            self.row.pieces.push((part, text.to_owned()));
        }
    }

    /// Ends the row under way.
    fn end(&mut self) {
        let row = std::mem::take(&mut self.row);
        if row.pieces.is_empty() && self.point.is_none() {
            return;
        }
        let depth = self.lists.len().saturating_sub(1) * IN;
        let point = self.point.take();
        let inside = if self.lists.is_empty() { 0 } else { depth + IN };
        let front = match &point {
            Some(sign) => format!("{}{sign}", " ".repeat(depth)),
            None => " ".repeat(inside),
        };
        let mut whole = Row::dim(front);
        whole.pieces.extend(row.pieces);
        self.rows.extend(whole.wrapped(self.width, inside));
    }

    /// An empty row, never two.
    fn blank(&mut self) {
        if self.rows.last().is_some_and(|row| !row.pieces.is_empty()) {
            self.rows.push(Row::default());
        }
    }
}

/// Where a link leads, to stand behind it; a link that is its own address says so already.
fn leads(kind: LinkType, address: &str, title: &str) -> String {
    match kind {
        LinkType::Autolink | LinkType::Email => String::new(),
        _ if title.is_empty() => format!(" ({address})"),
        _ => format!(" ({address} \"{title}\")"),
    }
}

/// A table in columns as wide as their words; those that do not fit share the width, and their words are broken.
fn tabled(table: &[Vec<String>], width: usize) -> Vec<Row> {
    let count = table.iter().map(Vec::len).max().unwrap_or(0);
    let most = width.saturating_sub(2 * count) / count.max(1);
    let wide: Vec<usize> = (0..count)
        .map(|at| {
            let cells = table.iter().filter_map(|row| row.get(at));
            let widest = cells.map(|cell| columns(cell)).max().unwrap_or(0);
            if count > 1 {
                widest.min(most.max(8))
            } else {
                widest
            }
        })
        .collect();
    let mut rows = Vec::new();
    for (at, cells) in table.iter().enumerate() {
        let part = (at == 0).then_some(Part::Title);
        let cells: Vec<Vec<Row>> = cells
            .iter()
            .zip(&wide)
            .map(|(cell, wide)| Row::plain(cell.as_str()).wrapped((*wide).max(2), 0))
            .collect();
        let high = cells.iter().map(Vec::len).max().unwrap_or(0);
        for line in 0..high {
            let mut row = Row::default();
            for (cell, wide) in cells.iter().zip(&wide) {
                let text = cell.get(line).map(Row::text).unwrap_or_default();
                let text = text.trim_end();
                let pad = " ".repeat(wide.saturating_sub(columns(text)) + 2);
                row.pieces.push((part, format!("{text}{pad}")));
            }
            rows.push(row);
        }
        if at == 0 {
            let line = wide.iter().map(|wide| "─".repeat(*wide) + "  ");
            rows.push(Row::dim(line.collect::<String>()));
        }
    }
    rows
}

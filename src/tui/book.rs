//! The log as rows: whole lines as they came, streamed text put together line by line, older rows in front.
//! What is wanted is counted as rows come and go, so that no question walks through all of them.

mod filter;
#[cfg(test)]
mod tests;

pub use self::filter::{Filter, Row};
use crate::domain::screen::{Level, LogLine};
use crate::text::sanitise::sanitise;
use std::collections::VecDeque;
use std::sync::Arc;

/// Rows kept in memory; older ones are read from disk again.
pub const MOST: usize = 20_000;
/// While the operator reads older rows as many again are kept, so that the place does not move.
pub const HELD: usize = 2 * MOST;
/// Bytes of the longest row; what is longer goes on in the next one.
pub const LONGEST: usize = 1_000;

/// All rows in memory.
#[derive(Clone, Debug, Default)]
pub struct Book {
    rows: VecDeque<Row>,
    /// The last row is streamed text whose line has not ended.
    open: bool,
    filter: Filter,
    /// Numbers of the wanted rows; None = every row is wanted.
    chosen: Option<VecDeque<i64>>,
    /// Newest rows that were not kept since the operator reads older ones.
    skipped: u64,
    /// Rows were let go at the front: what stands on disk before the first is not known any more.
    forgot: bool,
}

impl Book {
    /// Adds a line; `held` = the operator reads older ones, whose place must not move.
    pub fn push(&mut self, line: &LogLine, held: bool) {
        if held && (self.skipped > 0 || self.rows.len() >= HELD) {
            let ended = line.text.matches('\n').count() + usize::from(!streamed(line.level));
            self.skipped = self.skipped.saturating_add(ended as u64);
            return;
        }
        self.add(line);
        while !held && self.rows.len() > MOST {
            self.let_go();
        }
    }

    fn add(&mut self, line: &LogLine) {
        let safe;
        let text = if line.text.chars().any(|c| c.is_control() && c != '\n') {
            safe = sanitise(&line.text);
            safe.as_str()
        } else {
            line.text.as_str()
        };
        let streamed = streamed(line.level);
        let mut parts = text.split('\n');
        let mut start = 0;
        if self.open && streamed && self.rows.back().is_some_and(|row| speaks(row, line)) {
            let first = parts.next().unwrap_or_default();
            start += first.len() + 1;
            self.append(line, first);
        }
        // The empty rest behind a line feed is no row yet.
        let end = text.len() + usize::from(!(streamed && text.ends_with('\n')));
        for part in parts {
            if start < end {
                self.rows_of(line, part, start);
            }
            start += part.len() + 1;
        }
        self.open = streamed && !text.ends_with('\n');
    }

    /// More of the open row.
    fn append(&mut self, line: &LogLine, more: &str) {
        let Some(row) = self.rows.back_mut() else {
            return;
        };
        let (here, next) = split(more, LONGEST.saturating_sub(row.text.len()));
        row.text.push_str(here);
        let id = row.id;
        let known = self.chosen.as_ref().and_then(VecDeque::back) == Some(&id);
        if !known {
            self.choose_last();
        }
        if !next.is_empty() {
            self.rows_of(line, next, here.len());
        }
    }

    /// One line of text as rows of bearable length.
    fn rows_of(&mut self, line: &LogLine, text: &str, mut start: usize) {
        let mut rest = text;
        loop {
            let (here, next) = split(rest, LONGEST);
            self.row(line, here, start);
            if next.is_empty() {
                return;
            }
            start += here.len();
            rest = next;
        }
    }

    fn row(&mut self, line: &LogLine, text: &str, start: usize) {
        let last = self.rows.back();
        let from = match last {
            Some(row) if *row.from == *line.from => row.from.clone(),
            _ => Arc::from(line.from.as_str()),
        };
        let known = last.and_then(|row| row.tool.as_ref());
        let tool = line.tool.as_deref().map(|tool| match known {
            Some(known) if **known == *tool => known.clone(),
            _ => Arc::from(tool),
        });
        self.rows.push_back(Row {
            id: last.map_or(0, |row| row.id + 1),
            at: line.at,
            from,
            level: line.level,
            kind: line.kind,
            tool,
            seq: line.seq,
            text: text.to_owned(),
            start,
        });
        self.choose_last();
    }

    fn choose_last(&mut self) {
        if let (Some(chosen), Some(row)) = (&mut self.chosen, self.rows.back())
            && self.filter.takes(row)
        {
            chosen.push_back(row.id);
        }
    }

    fn choose_first(&mut self) {
        if let (Some(chosen), Some(row)) = (&mut self.chosen, self.rows.front())
            && chosen.front() != Some(&row.id)
            && self.filter.takes(row)
        {
            chosen.push_front(row.id);
        }
    }

    /// Forgets the oldest row.
    fn let_go(&mut self) {
        let gone = self.rows.pop_front();
        if let (Some(row), Some(chosen)) = (gone, &mut self.chosen)
            && chosen.front() == Some(&row.id)
        {
            chosen.pop_front();
        }
        self.forgot = true;
    }

    /// Puts older lines in front; those that are in memory already are left out. False = all of them were.
    pub fn older(&mut self, lines: &[LogLine], held: bool) -> bool {
        let mut older = Self::default();
        let (before, rest) = self.unknown(lines);
        before.iter().for_each(|line| older.add(line));
        if let Some(rest) = &rest {
            older.add(rest);
        }
        let any = !older.rows.is_empty();
        self.join(&mut older);
        let first = self.rows.front().map_or(0, |row| row.id);
        for (back, mut row) in (1..).zip(older.rows.into_iter().rev()) {
            row.id = first - back;
            self.rows.push_front(row);
            self.choose_first();
        }
        while held && self.rows.len() > HELD {
            self.skip_last();
        }
        while !held && self.rows.len() > MOST {
            self.let_go();
        }
        any
    }

    /// Lines that stand before the first row, and what of the line it begins in does.
    fn unknown<'a>(&self, lines: &'a [LogLine]) -> (&'a [LogLine], Option<LogLine>) {
        let Some(first) = self.rows.front() else {
            return (lines, None);
        };
        let begins = |line: &LogLine| {
            let part = line.text.get(first.start..).unwrap_or_default();
            let part = part.split('\n').next().unwrap_or_default();
            let (part, _) = split(part, LONGEST);
            line.at == first.at && speaks(first, line) && first.text.starts_with(part)
        };
        if let Some(at) = lines.iter().position(begins) {
            let rest = lines.get(at).and_then(|line| {
                let text = line.text.get(..first.start).unwrap_or_default();
                (!text.is_empty()).then(|| LogLine {
                    text: text.to_owned(),
                    ..line.clone()
                })
            });
            return (lines.get(..at).unwrap_or_default(), rest);
        }
        let at = match lines.last() {
            Some(last) if last.at > first.at => lines.partition_point(|line| line.at <= first.at),
            _ => lines.len(),
        };
        (lines.get(..at).unwrap_or_default(), None)
    }

    /// A streamed line that began on the older page goes on in the first row.
    fn join(&mut self, older: &mut Self) {
        let Some(first) = self.rows.front_mut() else {
            self.open = older.open;
            return;
        };
        let goes_on = older.open
            && first.start == 0
            && (older.rows.back()).is_some_and(|last| {
                last.level == first.level
                    && last.from == first.from
                    && last.text.len() + first.text.len() <= LONGEST
            });
        if goes_on && let Some(last) = older.rows.pop_back() {
            first.text.insert_str(0, &last.text);
            (first.at, first.start) = (last.at, last.start);
            self.choose_first();
        }
    }

    /// Leaves the newest row to the disk.
    fn skip_last(&mut self) {
        let gone = self.rows.pop_back();
        if let (Some(row), Some(chosen)) = (gone, &mut self.chosen)
            && chosen.back() == Some(&row.id)
        {
            chosen.pop_back();
        }
        self.open = false;
        self.skipped += 1;
    }

    /// Takes the wanted rows out, but for streamed text that may go on; None = also that.
    pub fn take(&mut self, all: bool) -> Vec<Row> {
        let kept = (self.open && !all).then(|| self.rows.pop_back()).flatten();
        let rows: Vec<Row> = self
            .rows
            .drain(..)
            .filter(|row| self.filter.takes(row))
            .collect();
        self.chosen = self.chosen.take().map(|_| VecDeque::new());
        self.rows.extend(kept);
        self.choose(self.filter.clone());
        rows
    }

    /// Forgets everything, to begin with the newest rows again.
    pub fn clear(&mut self) {
        let filter = std::mem::take(&mut self.filter);
        *self = Self::default();
        self.choose(filter);
    }

    /// Wants other rows.
    pub fn choose(&mut self, filter: Filter) {
        let wanted = self.rows.iter().filter(|row| filter.takes(row));
        self.chosen = (filter != Filter::default()).then(|| wanted.map(|row| row.id).collect());
        self.filter = filter;
    }

    /// What is wanted.
    #[must_use]
    pub const fn filter(&self) -> &Filter {
        &self.filter
    }

    /// Newest rows that are on disk only.
    #[must_use]
    pub const fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Whether rows were let go at the front since this was asked last.
    pub fn forgot(&mut self) -> bool {
        std::mem::take(&mut self.forgot)
    }

    /// Every row in memory, whatever is wanted, newest first.
    pub fn newest(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().rev()
    }

    /// How many rows are in memory.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// How many of them are wanted.
    #[must_use]
    pub fn count(&self) -> usize {
        self.chosen.as_ref().map_or(self.rows.len(), VecDeque::len)
    }

    /// How many wanted rows there are up to and with number `id`; all of them for None.
    #[must_use]
    pub fn up_to(&self, id: Option<i64>) -> usize {
        let (Some(id), Some(first)) = (id, self.rows.front()) else {
            return self.count();
        };
        match &self.chosen {
            Some(chosen) => chosen.partition_point(|known| *known <= id),
            None => usize::try_from(id - first.id + 1)
                .unwrap_or(0)
                .min(self.rows.len()),
        }
    }

    /// The wanted row at a position, from 0 for the oldest.
    #[must_use]
    pub fn wanted(&self, at: usize) -> Option<&Row> {
        let Some(chosen) = &self.chosen else {
            return self.rows.get(at);
        };
        let first = self.rows.front()?;
        let at = usize::try_from(chosen.get(at)? - first.id).ok()?;
        self.rows.get(at)
    }
}

/// Pieces of these kinds make rows together.
const fn streamed(level: Level) -> bool {
    matches!(level, Level::Stream | Level::Thought)
}

/// Whether a line comes from where a row came from.
fn speaks(row: &Row, line: &LogLine) -> bool {
    row.level == line.level && *row.from == *line.from
}

/// At most so many bytes, and the rest; no character is halved.
fn split(text: &str, bytes: usize) -> (&str, &str) {
    if text.len() <= bytes {
        return (text, "");
    }
    text.split_at(text.floor_char_boundary(bytes))
}

//! The log as rows: whole lines as they came, streamed text put together line by line, older rows in front.

use crate::domain::screen::{Level, LogLine};
use chrono::{DateTime, Utc};
use std::collections::VecDeque;
use std::sync::Arc;

/// Rows kept in memory; older ones are read from disk again.
const MOST: usize = 20_000;

/// One row of the log.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Counts upwards without gaps; rows read later from disk count down.
    pub id: i64,
    /// When its first piece came.
    pub at: DateTime<Utc>,
    /// Who spoke.
    pub from: Arc<str>,
    /// What kind.
    pub level: Level,
    /// About which tool.
    pub tool: Option<Arc<str>>,
    /// One line of text.
    pub text: String,
}

/// Which rows are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only of this speaker.
    pub from: Option<String>,
    /// Only at least this grave; None = all, streamed text included.
    pub level: Option<Level>,
    /// Only with this text, without regard to case; lower case already.
    pub text: String,
}

impl Filter {
    /// Whether a row is wanted.
    #[must_use]
    pub fn takes(&self, row: &Row) -> bool {
        self.from.as_deref().is_none_or(|from| *row.from == *from)
            && self.level.is_none_or(|level| row.level >= level)
            && (self.text.is_empty()
                || row.text.to_lowercase().contains(&self.text)
                || row
                    .tool
                    .as_ref()
                    .is_some_and(|tool| tool.contains(&self.text)))
    }
}

/// All rows in memory.
#[derive(Clone, Debug, Default)]
pub struct Book {
    rows: VecDeque<Row>,
    /// The last row is streamed text whose line has not ended.
    open: bool,
    /// Rows were let go at the front since older ones were asked for.
    pub forgot: bool,
}

impl Book {
    /// Adds a line.
    pub fn push(&mut self, line: &LogLine) {
        let streamed = matches!(line.level, Level::Stream | Level::Thought);
        let continues = self.open
            && streamed
            && self
                .rows
                .back()
                .is_some_and(|row| row.level == line.level && *row.from == *line.from);
        let mut parts = line.text.split('\n');
        if continues && let (Some(row), Some(first)) = (self.rows.back_mut(), parts.next()) {
            row.text.push_str(first);
        }
        for part in parts {
            self.add(line, part);
        }
        self.open = streamed && !line.text.ends_with('\n');
        // The empty rest behind a line feed is no row yet.
        if streamed
            && line.text.ends_with('\n')
            && self.rows.back().is_some_and(|r| r.text.is_empty())
        {
            self.rows.pop_back();
        }
        while self.rows.len() > MOST {
            self.rows.pop_front();
            self.forgot = true;
        }
    }

    fn add(&mut self, line: &LogLine, text: &str) {
        let last = self.rows.back();
        let from = match last {
            Some(row) if *row.from == *line.from => row.from.clone(),
            _ => Arc::from(line.from.as_str()),
        };
        let tool = line
            .tool
            .as_deref()
            .map(|tool| match last.and_then(|r| r.tool.as_ref()) {
                Some(known) if **known == *tool => known.clone(),
                _ => Arc::from(tool),
            });
        self.rows.push_back(Row {
            id: last.map_or(0, |row| row.id + 1),
            at: line.at,
            from,
            level: line.level,
            tool,
            text: text.to_owned(),
        });
    }

    /// Puts older lines in front.
    pub fn older(&mut self, lines: &[LogLine]) {
        let mut older = Self::default();
        lines.iter().for_each(|line| older.push(line));
        let first = self.rows.front().map_or(0, |row| row.id);
        for (back, mut row) in (1..).zip(older.rows.into_iter().rev()) {
            row.id = first - back;
            self.rows.push_front(row);
        }
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

    /// The newest row's number.
    #[must_use]
    pub fn last(&self) -> Option<i64> {
        self.rows.back().map(|row| row.id)
    }

    /// Wanted rows up to and with number `end`, newest first; all when `end` is None.
    pub fn back_from<'a>(
        &'a self,
        end: Option<i64>,
        filter: &'a Filter,
    ) -> impl Iterator<Item = &'a Row> {
        let count = match (end, self.rows.front()) {
            (Some(end), Some(first)) => usize::try_from(end - first.id + 1).unwrap_or(0),
            _ => self.rows.len(),
        };
        self.rows
            .range(..count.min(self.rows.len()))
            .rev()
            .filter(|row| filter.takes(row))
    }

    /// Wanted rows behind number `end`, oldest first.
    pub fn after<'a>(&'a self, end: i64, filter: &'a Filter) -> impl Iterator<Item = &'a Row> {
        let first = self.rows.front().map_or(0, |row| row.id);
        let start = usize::try_from(end - first + 1).unwrap_or(0);
        self.rows
            .range(start.min(self.rows.len())..)
            .filter(|row| filter.takes(row))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(from: &str, level: Level, text: &str) -> LogLine {
        LogLine {
            at: DateTime::UNIX_EPOCH,
            from: from.to_owned(),
            level,
            tool: Some("t".to_owned()),
            seq: None,
            text: text.to_owned(),
        }
    }

    fn texts(book: &Book) -> Vec<String> {
        book.after(i64::MIN / 2, &Filter::default())
            .map(|row| row.text.clone())
            .collect()
    }

    #[test]
    fn streamed_pieces_become_rows_and_whole_lines_stay_whole() {
        let mut book = Book::default();
        for piece in ["one ", "line\nand ", "another\n", "third"] {
            book.push(&line("qa", Level::Stream, piece));
        }
        book.push(&line("engine", Level::Info, "said"));
        book.push(&line("qa", Level::Stream, "fourth"));
        assert_eq!(
            texts(&book),
            ["one line", "and another", "third", "said", "fourth"]
        );
        let ids: Vec<i64> = book.after(-1, &Filter::default()).map(|r| r.id).collect();
        assert_eq!(ids, [0, 1, 2, 3, 4]);
    }

    #[test]
    fn older_rows_stand_in_front_and_the_filter_chooses() {
        let mut book = Book::default();
        book.push(&line("qa", Level::Warn, "new Held-Out"));
        book.older(&[
            line("qa", Level::Info, "old"),
            line("engine", Level::Info, "older"),
        ]);
        assert_eq!(texts(&book), ["old", "older", "new Held-Out"]);
        let chosen =
            |filter: &Filter| -> Vec<i64> { book.back_from(None, filter).map(|r| r.id).collect() };
        let all = Filter::default();
        assert_eq!(chosen(&all), [0, -1, -2]);
        assert_eq!(
            chosen(&Filter {
                text: "held-out".to_owned(),
                ..all.clone()
            }),
            [0]
        );
        assert_eq!(
            chosen(&Filter {
                from: Some("qa".to_owned()),
                ..all.clone()
            }),
            [0, -2]
        );
        assert_eq!(
            chosen(&Filter {
                level: Some(Level::Warn),
                ..all.clone()
            }),
            [0]
        );
        let up_to: Vec<i64> = book.back_from(Some(-1), &all).map(|r| r.id).collect();
        assert_eq!(up_to, [-1, -2]);
        assert_eq!(book.after(-1, &all).count(), 1);
    }

    #[test]
    fn memory_is_bounded() {
        let mut book = Book::default();
        for _ in 0..MOST + 10 {
            book.push(&line("qa", Level::Info, "x"));
        }
        assert_eq!(book.len(), MOST);
        assert!(book.forgot);
        assert_eq!(book.last(), Some(MOST as i64 + 9));
    }
}

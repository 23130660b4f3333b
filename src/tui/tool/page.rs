//! What the present section shows: a list with a cursor, or rows of text to scroll in.

use super::row::Row;

/// A page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// On the left of its rule.
    pub title: String,
    /// On the right.
    pub right: String,
    /// The rows.
    pub rows: Vec<Row>,
    /// It is a list: one row each, with a cursor.
    pub list: bool,
    /// Rows are as long as they are; what is cut can be scrolled to.
    pub cut: bool,
    /// It was made for so many columns.
    pub width: usize,
}

impl Page {
    /// Rows to read.
    #[must_use]
    pub fn text(title: impl Into<String>, rows: Vec<Row>) -> Self {
        Self {
            title: title.into(),
            rows,
            ..Self::default()
        }
    }

    /// Rows of code: cut, not broken.
    #[must_use]
    pub fn code(title: impl Into<String>, rows: Vec<Row>) -> Self {
        Self {
            cut: true,
            ..Self::text(title, rows)
        }
    }

    /// One thing a row.
    #[must_use]
    pub fn list(title: impl Into<String>, rows: Vec<Row>) -> Self {
        Self {
            list: true,
            cut: true,
            ..Self::text(title, rows)
        }
    }

    /// Nothing is there: what would be, and how to make it happen.
    #[must_use]
    pub fn empty(title: impl Into<String>, what: &str, how: &str) -> Self {
        Self::text(
            title,
            vec![
                Row::dim(format!(" ○ {what}")),
                Row::dim(format!("   {how}")),
            ],
        )
    }

    /// With something on the right of its rule.
    #[must_use]
    pub fn beside(mut self, right: impl Into<String>) -> Self {
        self.right = right.into();
        self
    }

    /// Positions of rows with a text in small letters.
    #[must_use]
    pub fn having(&self, text: &str) -> Vec<usize> {
        if text.is_empty() {
            return Vec::new();
        }
        let rows = self.rows.iter().enumerate();
        rows.filter(|(_, row)| row.text().to_lowercase().contains(text))
            .map(|(at, _)| at)
            .collect()
    }

    /// Columns of the longest row.
    #[must_use]
    pub fn longest(&self) -> usize {
        self.rows.iter().map(Row::wide).max().unwrap_or(0)
    }
}

//! A rule that fired, before the ladder has said what follows.

use super::{Row, Rung};

/// Which rule, why, and the lowest rung that can help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fired {
    /// "S2" ... "S16", or "L1" when the repairs of a line are used up.
    pub rule: &'static str,
    /// In words.
    pub words: String,
    /// The rows, or other facts, that led to it; a line each.
    pub evidence: Vec<String>,
    /// Lowest rung that can help.
    pub least: Rung,
}

impl Fired {
    /// By no row.
    #[must_use]
    pub fn plain(rule: &'static str, least: Rung, words: impl Into<String>) -> Self {
        Self::by(rule, least, words, &[])
    }

    /// By these rows.
    pub(super) fn by(
        rule: &'static str,
        least: Rung,
        words: impl Into<String>,
        rows: &[&Row],
    ) -> Self {
        Self {
            rule,
            words: words.into(),
            evidence: rows.iter().map(|row| row.to_string()).collect(),
            least,
        }
    }
}

//! Mutation testing: small changes of the sources, and whether a test notices each.

use serde::{Deserialize, Serialize};

/// Survivors kept in evidence: more than anybody looks at one by one.
pub const KEPT: usize = 100;

/// Survivors shown of a run that is good enough without anybody looking.
const GLANCE: usize = 20;

/// What one pass over a tool found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MutationRun {
    /// Changes that were to be tested.
    pub planned: u32,
    /// Changes a test noticed by failing.
    pub noticed: u32,
    /// Changes with which the tests did not end in their time: a loop without end, or a busy machine.
    #[serde(default)]
    pub slow: u32,
    /// Changes with which nothing could be run: they tell nothing of the tests.
    #[serde(default)]
    pub broken: u32,
    /// Changes no test noticed.
    pub unnoticed: u32,
    /// The first of these, in the order of files and lines.
    pub survivors: Vec<Survivor>,
    /// Ended by the time limit: some were not tested.
    pub cut: bool,
    /// Why nothing was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    pub millis: u64,
}

/// A change that no test noticed.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Survivor {
    /// Relative to the tool's folder.
    pub file: String,
    /// From 1.
    pub line: u32,
    /// What stands there, on one line.
    pub original: String,
    /// What it became.
    pub replacement: String,
}

impl MutationRun {
    /// Changes that were looked at, whatever it told.
    #[must_use]
    pub fn told(&self) -> u32 {
        let vain = self.slow.saturating_add(self.broken);
        self.tested().saturating_add(vain)
    }

    /// Changes whose test told something.
    #[must_use]
    pub fn tested(&self) -> u32 {
        self.noticed.saturating_add(self.unnoticed)
    }

    /// Changes no test noticed that a reviewer has to see: below this mark each of them.
    #[must_use]
    pub fn in_view(&self, mark: u32) -> &[Survivor] {
        let most = match self.score() {
            Some(score) if score < mark => self.survivors.len(),
            _ => self.survivors.len().min(GLANCE),
        };
        self.survivors.get(..most).unwrap_or_default()
    }

    /// Percent of the changes tested that were noticed, rounded down; None when none was.
    #[must_use]
    pub fn score(&self) -> Option<u32> {
        let tested = u64::from(self.tested());
        let score = (u64::from(self.noticed) * 100).checked_div(tested)?;
        u32::try_from(score).ok()
    }
}

impl std::fmt::Display for Survivor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            file,
            line,
            original,
            replacement,
        } = self;
        write!(f, "{file}:{line} `{original}` -> `{replacement}`")
    }
}

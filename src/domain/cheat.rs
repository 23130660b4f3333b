//! Ways around the gates, as the gates tell them apart when they refuse a tree.

use serde::{Deserialize, Serialize};

/// A kind of cheat. What it was meant as is not known: a forgotten expect counts like a planned one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cheat {
    /// Lines are hidden from coverage or from mutation, or figures of it are written.
    Coverage,
    /// Code that reaches out of the tool, or that is made of text.
    Reach,
    /// What Jest or another file works with is changed or handed on.
    Tamper,
    /// Tests that do not run.
    Skip,
    /// Tests that cannot fail, or that do not look at the tool.
    Hollow,
    /// Tests that were there before and are gone.
    Gone,
    /// Files, links or pipes that nobody planned.
    Stray,
}

impl Cheat {
    /// As reports name it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Coverage => "coverage",
            Self::Reach => "reach",
            Self::Tamper => "tamper",
            Self::Skip => "skip",
            Self::Hollow => "hollow",
            Self::Gone => "gone",
            Self::Stray => "stray",
        }
    }
}

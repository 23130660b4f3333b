//! A row for each cycle: what one run of the gates said of one tree, and what it cost to get there.

use super::Rung;
use crate::domain::factory::OpenBug;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What a run of the gates tells the stuck rules; journaled behind the run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cycle {
    /// Number of the run.
    pub run: u32,
    /// Hash of the tree measured.
    pub tree: String,
    /// Hash of the code in it, whatever its comments and blanks; empty in journals of older versions.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub code: String,
    /// Tests and held-out cases that passed (P).
    pub passed: u32,
    /// Everything that failed, sorted by name (F); empty when the run was green.
    pub failing: Vec<Failing>,
    /// Signature of the first failure (E): class, words without figures, place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The tests were ended by the time limit.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub timed_out: bool,
}

/// Something that failed in a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Failing {
    /// "case E3 R2", "held-out H4 R4", "gate coverage", or a test's file and name.
    pub name: String,
    /// What came instead; empty where nothing can be told apart.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub received: String,
}

impl Cycle {
    /// What tells two programs apart.
    #[must_use]
    pub fn program(&self) -> &str {
        match self.code.as_str() {
            "" => &self.tree,
            code => code,
        }
    }
}

impl Failing {
    /// What failed, whether the Developer knows of it or not: a case that is shown is still the same case.
    #[must_use]
    pub fn id(&self) -> &str {
        let front = ["case ", "held-out "];
        let rest = front.iter().find_map(|front| self.name.strip_prefix(front));
        rest.unwrap_or(&self.name)
    }

    /// It failed in the same way.
    #[must_use]
    pub fn same(&self, other: &Failing) -> bool {
        self.id() == other.id() && self.received == other.received
    }
}

/// A cycle with what the fold knows of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// What was measured.
    #[serde(flatten)]
    pub cycle: Cycle,
    /// Line of work it belongs to, from 1.
    pub line: u32,
    /// Rung that line was begun on.
    pub rung: Rung,
    /// Local tokens since the row before.
    pub tokens: u64,
    /// Seconds of work since the row before.
    pub seconds: u64,
    /// Commit of the tree; None when it was never saved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Bug reports made of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bugs: Vec<OpenBug>,
}

impl Row {
    /// Names of what failed.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.cycle.failing.iter().map(|one| one.name.as_str())
    }

    /// Nothing failed.
    #[must_use]
    pub fn green(&self) -> bool {
        self.cycle.failing.is_empty()
    }

    /// The same things failed.
    #[must_use]
    pub fn fails_as(&self, other: &Row) -> bool {
        let ids = |row: &Row| -> BTreeSet<String> {
            let all = row.cycle.failing.iter();
            all.map(|one| one.id().to_owned()).collect()
        };
        ids(self) == ids(other)
    }

    /// How far the first failure has come, from suites that do not load to results that are wrong; see [`rank`].
    #[must_use]
    pub fn rank(&self) -> u8 {
        let class = self.cycle.error.as_deref().map(|e| e.split('|').next());
        class.flatten().map_or(u8::MAX, rank)
    }
}

/// Order of error classes in which failures are worth repairing, and in which a tool gets better.
#[must_use]
pub fn rank(class: &str) -> u8 {
    match class {
        "suite" | "crash" => 0,
        "SyntaxError" => 1,
        "ReferenceError" | "TypeError" => 2,
        "assertion" => 4,
        _ => 3,
    }
}

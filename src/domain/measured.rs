//! What a run of the gates found, as the screens show it: a line a gate, the first rows that failed, open bugs.

use serde::{Deserialize, Serialize};

/// One run of the gates, as shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measured {
    /// Number of the run, from 1.
    pub run: u32,
    /// Gates that ran, in their order.
    pub gates: Vec<GateLine>,
    /// The first rows that failed.
    pub failing: Vec<FailingLine>,
    /// Failing rows beyond these.
    pub more: u32,
}

/// One gate of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateLine {
    /// "scan", "jest", "coverage", "held-out", "public", "throwing", "readme", "again", "mutation".
    pub gate: String,
    pub passed: bool,
    /// What it measured, in two words: "29 of 31", "100 %".
    pub figure: String,
    /// The verdict as a sentence.
    pub words: String,
    /// How long it took; None where it ran nothing of its own, or nobody measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub millis: Option<u64>,
}

/// Something that failed in a run: a case, a test, or a gate that has neither.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailingLine {
    /// The rule, the file or the gate.
    pub what: String,
    /// The rule's sentence, the test's name or the verdict.
    pub text: String,
    /// What was expected; empty where there is no such thing.
    #[serde(default)]
    pub want: String,
    /// What came.
    #[serde(default)]
    pub got: String,
}

/// An open bug report.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BugLine {
    pub n: u32,
    /// The rule it is about, where one is.
    pub rule: Option<String>,
    pub title: String,
}

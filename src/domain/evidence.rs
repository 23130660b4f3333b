//! What the gates of one run measured: evidence/<tool>/<run>.json.

use super::case::CaseResult;
use super::cheat::Cheat;
use super::mutation::MutationRun;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// Evidence of one run, complete for exactly one tree.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// Version of this document; 1.
    pub schema: u32,
    pub tool: String,
    /// Run number, from 1.
    pub run: u32,
    /// Hash of the tree measured (git tree id of tools/<name>).
    pub tree: String,
    /// When it was measured.
    pub at: DateTime<Utc>,
    /// All gates in the order they ran; a gate after the first failed one may be absent.
    pub gates: Vec<GateResult>,
    /// Jest over the tree.
    pub jest: Option<JestRun>,
    /// Held-out cases.
    pub held_out: Vec<CaseResult>,
    /// Public cases through the runner (real bin included).
    pub public: Vec<CaseResult>,
    /// Tests executed and still passing over the copy whose exports throw.
    pub throwing: Option<ThrowingRun>,
    /// Changes of the sources and whether tests noticed them; absent when another gate failed or it is turned off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mutation: Option<MutationRun>,
    /// "none", "demo" or the tier.
    pub sandbox: String,
    /// "model-id", "scripted", "reviewed locally", ... appended at review; absent before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reviewed: Option<String>,
    /// An external role could read the home, so held-out cases were no secret.
    #[serde(default)]
    pub external_reader: bool,
    /// Whole run, milliseconds.
    pub millis: u64,
}

impl Evidence {
    /// Every gate ran and passed.
    #[must_use]
    pub fn green(&self) -> bool {
        !self.gates.is_empty() && self.gates.iter().all(|gate| gate.passed)
    }

    /// Lowest of all coverage figures, percent; None when one is unknown or nothing was covered.
    #[must_use]
    pub fn lowest_coverage(&self) -> Option<f64> {
        let files = &self.jest.as_ref()?.coverage;
        let figures = files
            .values()
            .flat_map(|f| [f.statements, f.branches, f.functions, f.lines]);
        figures
            .collect::<Option<Vec<f64>>>()?
            .into_iter()
            .reduce(f64::min)
    }
}

/// One gate's verdict.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateResult {
    /// "scan", "jest", "coverage", "held-out", "public", "throwing", "readme", "again", "mutation".
    pub gate: String,
    pub passed: bool,
    /// In words: what was measured, or what is wrong with file and line.
    pub words: String,
    /// Kinds of cheat found, and how often each.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub cheats: BTreeMap<Cheat, u32>,
    /// How long its own runs took, all together, some of it beside other gates; absent where it ran nothing of its own,
    /// like coverage, where nobody saw its end, and in evidence of versions that did not measure it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub millis: Option<u64>,
}

impl GateResult {
    /// The same, with how long it took.
    #[must_use]
    pub fn took(mut self, time: Duration) -> Self {
        self.millis = u64::try_from(time.as_millis()).ok();
        self
    }
}

/// One Jest run, read from its report and coverage files only.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct JestRun {
    /// Exit code; None when ended by a signal or a limit.
    pub exit: Option<i32>,
    /// Ended by the time limit.
    pub timed_out: bool,
    /// The report, when one was written and could be read.
    pub report: Option<JestReport>,
    /// Coverage by file, relative to the tool's folder.
    pub coverage: BTreeMap<String, FileCoverage>,
    /// Tests the sources promise (static count plus public cases).
    pub expected_tests: u32,
    /// (file, name) of tests that failed and passed when run once more over the same tree.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flaky: Vec<(String, String)>,
    /// Last 600 characters of standard error, sanitised; only when there is no report.
    pub stderr_tail: String,
    pub millis: u64,
}

/// The part of Jest's JSON report the factory reads.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct JestReport {
    pub success: bool,
    pub total: u32,
    pub passed: u32,
    pub failed: u32,
    /// Pending and todo.
    pub skipped: u32,
    /// Suites that did not load.
    pub broken_suites: u32,
    pub tests: Vec<JestTest>,
    /// (file relative to the tool, message) of suites that did not load.
    pub suite_errors: Vec<(String, String)>,
}

/// One test of the report.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct JestTest {
    /// Relative to the tool's folder.
    pub file: String,
    pub name: String,
    pub passed: bool,
    /// First failure message, ANSI stripped, node_modules frames dropped, at most 30,000 characters kept.
    pub message: String,
    /// First frame inside the tool.
    pub at: Option<String>,
}

/// Coverage of one file; a figure is None when Jest says "Unknown".
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FileCoverage {
    /// Percent.
    pub statements: Option<f64>,
    pub branches: Option<f64>,
    pub functions: Option<f64>,
    pub lines: Option<f64>,
    /// Lines with an uncovered statement or branch, at most 20.
    pub uncovered: Vec<u32>,
}

/// The run over a copy whose exported functions throw.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThrowingRun {
    /// At least one test failed: the tests look at the unit.
    pub red: bool,
    /// Tests that passed although every export throws.
    pub still_passing: u32,
    pub total: u32,
    /// (file relative to the tool, name) of those that passed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passing: Vec<(String, String)>,
}

//! A run of the gates as the journal has it: figures of its evidence that are asked for again and again.

use super::case::CaseResult;
use super::cheat::Cheat;
use super::evidence::Evidence;
use super::mutation::MutationRun;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What one run of the gates found; the details are in evidence/<tool>/<run>.json.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunSummary {
    /// Number of the run, from 1.
    pub run: u32,
    /// Hash of the measured tree.
    pub tree: String,
    /// All gates passed.
    pub green: bool,
    /// Jest tests passed and executed.
    pub passed: u32,
    pub total: u32,
    /// Held-out cases passed and run.
    pub held_passed: u32,
    pub held_total: u32,
    /// Lowest of the four coverage figures, percent; None when unknown.
    pub coverage: Option<f64>,
    /// First gate that failed, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed_gate: Option<String>,
    /// Kinds of cheat found, each with how often.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub cheats: BTreeMap<Cheat, u32>,
    /// Percent of the changes of the sources that tests noticed; None when it was not measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mutation: Option<u32>,
    /// Of the gate time, mutation testing, milliseconds.
    #[serde(default)]
    pub mutation_millis: u64,
    /// Gate time, milliseconds.
    pub millis: u64,
}

impl RunSummary {
    /// Of a run.
    #[must_use]
    pub fn of(evidence: &Evidence) -> Self {
        let report = evidence.jest.as_ref().and_then(|jest| jest.report.as_ref());
        let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let passed = |results: &[CaseResult]| count(results.iter().filter(|r| r.passed).count());
        let failed = evidence.gates.iter().find(|gate| !gate.passed);
        let mutation = evidence.mutation.as_ref();
        let mut cheats = BTreeMap::new();
        for (cheat, times) in evidence.gates.iter().flat_map(|gate| &gate.cheats) {
            *cheats.entry(*cheat).or_insert(0) += times;
        }
        Self {
            run: evidence.run,
            tree: evidence.tree.clone(),
            green: evidence.green(),
            passed: report.map_or(0, |r| r.passed),
            total: report.map_or(0, |r| r.total),
            held_passed: passed(&evidence.held_out),
            held_total: count(evidence.held_out.len()),
            coverage: evidence.lowest_coverage(),
            failed_gate: failed.map(|gate| format!("{}: {}", gate.gate, gate.words)),
            cheats,
            mutation: mutation.and_then(MutationRun::score),
            mutation_millis: mutation.map_or(0, |run| run.millis),
            millis: evidence.millis,
        }
    }
}

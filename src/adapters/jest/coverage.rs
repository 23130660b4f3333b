//! Coverage of a run: the four figures of each file, and the lines that were missed.

use super::report::json;
use crate::adapters::folder::Folder;
use crate::domain::evidence::FileCoverage;
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Lines named per file.
const LINES: usize = 20;

#[derive(Deserialize)]
struct Summary {
    statements: Figure,
    branches: Figure,
    functions: Figure,
    lines: Figure,
}

#[derive(Deserialize)]
struct Figure {
    #[serde(default)]
    skipped: u64,
    pct: Value,
}

impl Figure {
    /// Percent; "Unknown", or anything hidden from counting, is no figure.
    fn percent(&self) -> Option<f64> {
        self.pct.as_f64().filter(|_| self.skipped == 0)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Detail {
    statement_map: BTreeMap<String, Range>,
    s: BTreeMap<String, u64>,
    branch_map: BTreeMap<String, Branch>,
    b: BTreeMap<String, Vec<u64>>,
}

#[derive(Deserialize)]
struct Range {
    start: Point,
}

#[derive(Deserialize)]
struct Point {
    line: Option<u32>,
}

#[derive(Deserialize)]
struct Branch {
    loc: Range,
    #[serde(default)]
    locations: Vec<Range>,
}

/// Coverage by file, relative to the tool; empty when Jest wrote none.
pub fn read(made: &Folder, folder: &str, root: &Path) -> BTreeMap<String, FileCoverage> {
    let summary: BTreeMap<String, Summary> =
        json(made, &format!("{folder}/coverage-summary.json")).unwrap_or_default();
    let details: BTreeMap<String, Detail> =
        json(made, &format!("{folder}/coverage-final.json")).unwrap_or_default();
    let root = format!("{}/", root.display());
    let mut found = BTreeMap::new();
    for (path, figures) in &summary {
        let Some(name) = path.strip_prefix(&root) else {
            continue;
        };
        let file = FileCoverage {
            statements: figures.statements.percent(),
            branches: figures.branches.percent(),
            functions: figures.functions.percent(),
            lines: figures.lines.percent(),
            uncovered: details.get(path).map(missed).unwrap_or_default(),
        };
        found.insert(name.to_string(), file);
    }
    found
}

/// Lines on which a statement or a branch was never taken.
fn missed(detail: &Detail) -> Vec<u32> {
    let mut lines = BTreeSet::new();
    for (id, _) in detail.s.iter().filter(|(_, hits)| **hits == 0) {
        lines.extend(detail.statement_map.get(id).and_then(|at| at.start.line));
    }
    for (id, hits) in &detail.b {
        let Some(branch) = detail.branch_map.get(id) else {
            continue;
        };
        for (arm, _) in hits.iter().enumerate().filter(|(_, hits)| **hits == 0) {
            // An else that is not written has no place of its own.
            let own = branch.locations.get(arm).and_then(|at| at.start.line);
            lines.extend(own.or(branch.loc.start.line));
        }
    }
    lines.into_iter().take(LINES).collect()
}

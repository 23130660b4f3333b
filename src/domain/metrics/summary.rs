//! The figures of all tools together: shares, means and spreads.

use super::{Build, Effort, Metrics, Tool};
use crate::domain::cheat::Cheat;
use crate::domain::stats::Spread;
use serde::Serialize;
use std::collections::BTreeMap;

/// Cycles that are told apart; builds that needed more stand in no column.
const CYCLES: u32 = 4;

/// So many of so many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Share {
    pub part: u64,
    pub of: u64,
}

/// How many builds had passed by a cycle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PassAt {
    /// From 1.
    pub cycle: u32,
    /// What the Developer can see.
    pub public: Share,
    /// Held-out cases.
    pub held_out: Share,
    /// Every gate.
    pub gates: Share,
}

/// Figures of all tools together.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Ships.
    pub shipped: u64,
    /// Items put aside, among those that ended.
    pub parked: Share,
    /// Items dropped.
    pub dropped: u64,
    /// Defects that came back after a ship.
    pub escaped: u64,
    /// Builds green in their first run.
    pub first_draft: Share,
    /// Passed by cycle 1 to 4.
    pub pass_at: Vec<PassAt>,
    /// Percentage points by build.
    pub held_out_gap: Option<Spread>,
    /// Runs by line of work.
    pub cycles_per_line: Option<Spread>,
    /// Runs by build.
    pub cycles_per_build: Option<Spread>,
    /// Builds by the highest rung they stood on, L0 to L6.
    pub levels: [u64; 7],
    /// Files the harness mended by itself.
    pub mended: u64,
    /// Escalations by tool.
    pub escalated: Share,
    /// Reviews that sent the tool back.
    pub bounced: Share,
    /// Tools whose spec was written again after it had been accepted.
    pub respecced: Share,
    /// Replies without a usable form.
    pub malformed: Share,
    /// How often each stuck rule fired.
    pub stuck: BTreeMap<String, u64>,
    /// Red runs by the first gate that failed.
    pub rejections: BTreeMap<String, u64>,
    /// Runs in which a gate found a kind of cheat, by kind.
    pub cheats: BTreeMap<Cheat, u64>,
    /// Percent of the changes of the sources that tests noticed, by build that was measured so far.
    pub mutation: Option<Spread>,
    /// Everything turns and tests took.
    pub effort: Effort,
    /// USD of tools that shipped.
    pub usd_per_shipped: Option<Spread>,
    /// Of it, for the Supervisor.
    pub supervisor_usd_per_shipped: Option<Spread>,
    /// Tokens read for tools that shipped.
    pub input_per_shipped: Option<Spread>,
    /// Tokens written for them, thinking included.
    pub output_per_shipped: Option<Spread>,
    /// Of these, thinking.
    pub thought_per_shipped: Option<Spread>,
}

impl Metrics {
    /// Figures of all tools together.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let tools: Vec<&Tool> = self.tools.values().collect();
        let builds: Vec<&Build> = self.builds().collect();
        let sum = |one: fn(&Tool) -> u64| tools.iter().map(|tool| one(tool)).sum::<u64>();
        let having = |has: fn(&Tool) -> bool| Share {
            part: tools.iter().filter(|tool| has(tool)).count() as u64,
            of: tools.len() as u64,
        };
        let shipped = sum(|tool| tool.shipped);
        let parked = sum(|tool| tool.parked);
        let dropped = sum(|tool| tool.dropped);
        let effort = Effort::sum(&tools.iter().map(|tool| tool.effort()).collect::<Vec<_>>());
        let per_shipped = |figure: fn(&Effort) -> f64| {
            let ended = tools.iter().filter(|tool| tool.shipped > 0);
            Spread::of(ended.map(|tool| figure(&tool.effort())).collect())
        };
        let runs = |build: &&Build| f64::from(build.runs);
        let scores = builds.iter().filter_map(|build| build.mutation);
        let lines = builds.iter().flat_map(|build| &build.lines);
        let measured = lines.filter(|runs| **runs > 0).map(|runs| f64::from(*runs));
        Summary {
            shipped,
            parked: Share {
                part: parked,
                of: shipped + parked + dropped,
            },
            dropped,
            escaped: sum(|tool| tool.escaped),
            first_draft: by(&builds, 1, |build| build.green_at),
            pass_at: (1..=CYCLES).map(|cycle| pass_at(&builds, cycle)).collect(),
            held_out_gap: Spread::of(builds.iter().filter_map(|b| b.held_out_gap).collect()),
            cycles_per_line: Spread::of(measured.collect()),
            cycles_per_build: Spread::of(builds.iter().map(runs).collect()),
            levels: levels(&builds),
            mended: sum(|tool| tool.mended),
            escalated: having(|tool| tool.escalations > 0),
            bounced: Share {
                part: sum(|tool| tool.sent_back),
                of: sum(|tool| tool.reviews),
            },
            respecced: having(|tool| tool.respecs > 0),
            malformed: Share {
                part: effort.malformed,
                of: effort.turns.saturating_sub(effort.failed),
            },
            stuck: counts(tools.iter().map(|tool| &tool.stuck)),
            rejections: counts(tools.iter().map(|tool| &tool.rejections)),
            cheats: counts(tools.iter().map(|tool| &tool.cheats)),
            mutation: Spread::of(scores.map(f64::from).collect()),
            effort,
            usd_per_shipped: per_shipped(|effort| effort.usd),
            supervisor_usd_per_shipped: per_shipped(|effort| effort.supervisor_usd),
            input_per_shipped: per_shipped(|effort| effort.input as f64),
            output_per_shipped: per_shipped(|effort| effort.output as f64),
            thought_per_shipped: per_shipped(|effort| effort.thought as f64),
        }
    }
}

/// Builds that had come that far by a cycle, among those measured.
fn by(builds: &[&Build], cycle: u32, at: fn(&Build) -> Option<u32>) -> Share {
    let passed = |build: &&&Build| at(build).is_some_and(|at| at <= cycle);
    Share {
        part: builds.iter().filter(passed).count() as u64,
        of: builds.len() as u64,
    }
}

fn pass_at(builds: &[&Build], cycle: u32) -> PassAt {
    PassAt {
        cycle,
        public: by(builds, cycle, |build| build.public_at),
        held_out: by(builds, cycle, |build| build.held_out_at),
        gates: by(builds, cycle, |build| build.green_at),
    }
}

fn levels(builds: &[&Build]) -> [u64; 7] {
    let mut counts = [0; 7];
    for build in builds {
        if let Some(count) = counts.get_mut(usize::from(build.level)) {
            *count += 1;
        }
    }
    counts
}

fn counts<'a, K: Clone + Ord + 'a>(
    maps: impl Iterator<Item = &'a BTreeMap<K, u64>>,
) -> BTreeMap<K, u64> {
    let mut sums = BTreeMap::new();
    for (word, count) in maps.flatten() {
        *sums.entry(word.clone()).or_default() += count;
    }
    sums
}

impl Share {
    /// Percent; None of nothing.
    #[must_use]
    pub fn percent(self) -> Option<f64> {
        (self.of > 0).then(|| 100.0 * self.part as f64 / self.of as f64)
    }
}

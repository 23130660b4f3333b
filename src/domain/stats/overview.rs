//! Figures over all tools that take a walk over the whole table: made once after a fold, not each time they are drawn.

use super::{Spread, Stands, Stats};
use crate::domain::phase::Phase;
use std::collections::BTreeMap;

/// What the tools have in common.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Overview {
    /// Tools that ended and did not begin again, by the cycles they took: none, one, two, three and more.
    pub cycles: [u64; 4],
    /// Mean cycles of the same tools.
    pub mean_cycles: Option<f64>,
    /// Seconds in the lane of the tools that ended.
    pub seconds: Option<Spread>,
    /// Money of the tools that ended.
    pub usd: Option<Spread>,
    /// Held-out gap of the first run, percentage points by build.
    pub gap: Option<Spread>,
    /// Measured builds by the highest rung they stood on, L0 to L6.
    pub levels: [u64; 7],
    /// Mean milliseconds of a picked tool in each phase.
    pub phases: BTreeMap<Phase, f64>,
    /// Mean milliseconds of a picked tool that gates took.
    pub gate_millis: f64,
    /// Tools on the shelf, in the order they were begun.
    pub shelved: Vec<String>,
}

impl Overview {
    /// Of all tools.
    #[must_use]
    pub fn of(stats: &Stats) -> Self {
        let picked = stats.rows().count().max(1) as f64;
        let builds = || {
            let tools = stats.tools.values().filter(|tool| tool.picked);
            tools
                .flat_map(|tool| &tool.builds)
                .filter(|build| build.runs > 0)
        };
        let mut levels = [0; 7];
        for build in builds() {
            if let Some(count) = levels.get_mut(usize::from(build.level)) {
                *count += 1;
            }
        }
        let mean = |millis: u64| millis as f64 / picked;
        let shelved = stats.rows().filter(|row| row.stands == Stands::Shelved);
        Self {
            cycles: stats.cycles_spread(),
            mean_cycles: stats.cycles_per_tool(),
            seconds: stats.seconds_spread(),
            usd: stats.usd_spread(),
            gap: Spread::of(builds().filter_map(|build| build.first_gap).collect()),
            levels,
            phases: stats
                .phases
                .iter()
                .map(|(phase, millis)| (*phase, mean(*millis)))
                .collect(),
            gate_millis: mean(stats.gate_millis),
            shelved: shelved.map(|row| row.tool.clone()).collect(),
        }
    }
}

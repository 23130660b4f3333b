//! One build of a tool: from the spec to its ship or its end, run by run.

use super::rung;
use crate::domain::event::{EventBody, RunSummary};
use crate::domain::phase::Outcome;
use serde::{Deserialize, Serialize};

/// What the runs of one build came to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Build {
    /// Runs of the gates; a run is a cycle.
    pub runs: u32,
    /// First run in which all that the Developer can see passed.
    pub public_at: Option<u32>,
    /// First run in which all held-out cases passed.
    pub held_out_at: Option<u32>,
    /// First run in which every gate passed.
    pub green_at: Option<u32>,
    /// Share of tests passed less share of held-out cases passed, in the last run with both, percentage points.
    pub held_out_gap: Option<f64>,
    /// The same in the first run with both: what the Developer's own tests had missed by then.
    #[serde(rename = "firstHeldOutGap")]
    pub first_gap: Option<f64>,
    /// Runs of each line of work, oldest first; a line ends with a fresh start.
    pub lines: Vec<u32>,
    /// Highest rung of the ladder it stood on, 0 to 6.
    pub level: u8,
    /// Lowest coverage figure of the last run, percent.
    pub coverage: Option<f64>,
    /// Percent of the changes of the sources that tests noticed, when last measured.
    pub mutation: Option<u32>,
    /// It shipped.
    pub shipped: bool,
    #[serde(skip)]
    pub(super) counts: bool,
}

/// The event begins another build of its tool.
pub(in crate::domain) fn begins(body: &EventBody) -> bool {
    match body {
        EventBody::Move(made) => {
            made.outcome == Outcome::Picked || (made.outcome == Outcome::Resumed && made.fresh)
        }
        EventBody::ItemReopened { .. } => true,
        _ => false,
    }
}

impl Build {
    pub(in crate::domain) fn apply(&mut self, body: &EventBody) {
        if let Some(rung) = rung(body) {
            self.level = self.level.max(u8::from(rung));
        }
        match body {
            EventBody::Run(run) => self.ran(run),
            EventBody::Afresh { .. } => self.lines.push(0),
            EventBody::Move(made) => self.shipped |= made.outcome == Outcome::Ship,
            _ => {}
        }
    }

    fn ran(&mut self, run: &RunSummary) {
        self.runs = self.runs.saturating_add(1);
        let at = self.runs;
        let first = |seen: &mut Option<u32>, now: bool| *seen = seen.or(now.then_some(at));
        first(
            &mut self.public_at,
            run.total > 0 && run.passed == run.total,
        );
        first(
            &mut self.held_out_at,
            run.held_total > 0 && run.held_passed == run.held_total,
        );
        first(&mut self.green_at, run.green);
        self.coverage = run.coverage.filter(|figure| figure.is_finite());
        self.mutation = run.mutation.or(self.mutation);
        let share = |passed: u32, total: u32| {
            (total > 0).then(|| 100.0 * f64::from(passed) / f64::from(total))
        };
        if let (Some(public), Some(held)) = (
            share(run.passed, run.total),
            share(run.held_passed, run.held_total),
        ) {
            self.held_out_gap = Some(public - held);
            self.first_gap = self.first_gap.or(self.held_out_gap);
        }
        match self.lines.last_mut() {
            Some(line) => *line = line.saturating_add(1),
            None => self.lines.push(1),
        }
    }
}

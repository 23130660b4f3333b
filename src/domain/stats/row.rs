//! One tool as the statistics keep it: where it stands, what it took, how its builds went.

use super::usage::Usage;
use crate::domain::event::{Event, EventBody, Move, RunSummary};
use crate::domain::metrics::{Build, begins};
use crate::domain::phase::{Outcome, Phase};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A tool.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Tool {
    pub(super) row: Closing,
    pub(super) picked: bool,
    pub(super) parked: bool,
    /// Its builds, oldest first.
    pub(super) builds: Vec<Build>,
}

/// Where a tool stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stands {
    /// In the queue.
    #[default]
    Queued,
    /// Under way, in this phase.
    Active(Phase),
    /// On the shelf until someone decides.
    Shelved,
    /// Put aside for a person.
    Parked,
    Dropped,
    Shipped,
}

impl Stands {
    /// In one word.
    #[must_use]
    pub fn word(self) -> String {
        match self {
            Self::Queued => "queued".to_owned(),
            Self::Active(phase) => phase.to_string(),
            Self::Shelved => "waits".to_owned(),
            Self::Parked => "parked".to_owned(),
            Self::Dropped => "dropped".to_owned(),
            Self::Shipped => "shipped".to_owned(),
        }
    }
}

/// One line of the closing table.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Closing {
    /// Name.
    pub tool: String,
    /// Where it stands.
    pub stands: Stands,
    /// Since when it stands there.
    pub since: Option<DateTime<Utc>>,
    /// When it was shipped, parked or dropped last.
    pub ended: Option<DateTime<Utc>>,
    /// Newest version shipped.
    pub version: Option<String>,
    /// Runs of the gates.
    pub runs: u32,
    /// Cycles.
    pub cycles: u32,
    /// Jest tests of the last run.
    pub tests: u32,
    /// Of these, passed.
    pub passed: u32,
    /// Held-out cases of the last run.
    pub held_out: u32,
    /// Of these, passed.
    pub held_passed: u32,
    /// A script gave the replies.
    pub scripted: bool,
    /// Lowest coverage figure of the last run, percent.
    pub coverage: Option<f64>,
    /// Percent of the changes of the sources that tests noticed, when the build was measured last.
    pub mutation: Option<u32>,
    /// Share of own tests passed less share of held-out cases passed, in the first run of the build that had both,
    /// percentage points.
    pub gap: Option<f64>,
    /// Highest rung of the ladder its newest build stood on, 0 to 6.
    pub level: u8,
    /// Seconds in the lane while an engine ran.
    pub seconds: f64,
    /// What its turns used.
    pub used: Usage,
    /// Milliseconds by phase.
    pub phases: BTreeMap<Phase, u64>,
}

impl Tool {
    /// Follows its builds.
    pub(super) fn follow(&mut self, body: &EventBody) {
        if begins(body) || self.builds.is_empty() {
            self.builds.push(Build::default());
        }
        if let Some(build) = self.builds.last_mut() {
            build.apply(body);
            self.row.level = build.level;
            self.row.mutation = build.mutation;
            self.row.gap = build.first_gap;
        }
    }

    /// A run that `follow` knows of; true when it was the first of its build.
    pub(super) fn ran(&mut self, run: &RunSummary) -> bool {
        let row = &mut self.row;
        row.runs = row.runs.saturating_add(1);
        (row.tests, row.passed) = (run.total, run.passed);
        (row.held_out, row.held_passed) = (run.held_total, run.held_passed);
        row.coverage = run.coverage;
        self.builds.last().is_some_and(|build| build.runs == 1)
    }

    /// Where a move leaves it.
    pub(super) fn moved(&mut self, event: &Event, made: &Move) {
        self.picked = true;
        if made.to.active() {
            self.stands(Stands::Active(made.to), event);
        } else if made.to == Phase::Idle && made.from != Phase::Shipped {
            self.stands(
                match made.outcome {
                    Outcome::Shelved => Stands::Shelved,
                    _ => Stands::Queued,
                },
                event,
            );
        }
    }

    pub(super) fn stands(&mut self, stands: Stands, event: &Event) {
        if self.row.stands != stands || self.row.since.is_none() {
            self.row.since = Some(event.ts);
        }
        self.row.stands = stands;
    }

    pub(super) fn ended(&mut self, stands: Stands, event: &Event) {
        self.stands(stands, event);
        self.row.ended = Some(event.ts);
    }
}

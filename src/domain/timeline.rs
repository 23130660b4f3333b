//! What the timeline shows: moves, runs of the gates and time without the engine, by the number of their events.

use super::gap::GapLine;
use super::phase::{Outcome, Phase};
use super::screen::Snapshot;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize};

/// A move as shown in the timeline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MoveLine {
    pub seq: u64,
    pub at: DateTime<Utc>,
    pub tool: String,
    pub from: Phase,
    pub to: Phase,
    pub outcome: Outcome,
    pub reason: Option<String>,
    /// The commit of then; None inside = there was none yet, outer None = the engine does not tell.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "told"
    )]
    pub commit: Option<Option<String>>,
}

/// A field that is there is told, even where it is empty.
fn told<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(from).map(Some)
}

/// A run of the gates as shown in the timeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RanLine {
    pub seq: u64,
    pub at: DateTime<Utc>,
    pub tool: String,
    /// Number of the run, from 1.
    pub run: u32,
    pub green: bool,
    /// The gate that failed first, in words.
    #[serde(default)]
    pub failed: Option<String>,
}

/// One row of the timeline.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Step<'a> {
    /// A tool went from one phase to another.
    Move(&'a MoveLine),
    /// The gates measured one.
    Ran(&'a RanLine),
    /// The computer slept, the engine was stopped or the clock was put.
    Gap(&'a GapLine),
}

impl Step<'_> {
    /// Number of its event.
    #[must_use]
    pub const fn seq(&self) -> u64 {
        match self {
            Self::Move(step) => step.seq,
            Self::Ran(ran) => ran.seq,
            Self::Gap(gap) => gap.seq,
        }
    }

    /// When it was.
    #[must_use]
    pub const fn at(&self) -> DateTime<Utc> {
        match self {
            Self::Move(step) => step.at,
            Self::Ran(ran) => ran.at,
            Self::Gap(gap) => gap.at,
        }
    }

    /// The tool it is about.
    #[must_use]
    pub fn tool(&self) -> Option<&str> {
        match self {
            Self::Move(step) => Some(&step.tool),
            Self::Ran(ran) => Some(&ran.tool),
            Self::Gap(_) => None,
        }
    }
}

impl Snapshot {
    /// All of them, oldest first; others than moves are left out from before the oldest move that is known.
    #[must_use]
    pub fn timeline(&self) -> Vec<Step<'_>> {
        let oldest = self.moves.first().map_or(0, |step| step.seq);
        let runs = self.ran.iter().filter(|ran| ran.seq > oldest);
        let gaps = self.gaps.iter().filter(|gap| gap.seq > oldest);
        let mut steps: Vec<Step<'_>> = self.moves.iter().map(Step::Move).collect();
        steps.extend(runs.map(Step::Ran));
        steps.extend(gaps.map(Step::Gap));
        steps.sort_by_key(Step::seq);
        steps
    }
}

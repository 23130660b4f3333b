//! What there was of a tool at a moment of its past: the same fold as the engine's, over its own events.

use super::Past;
use crate::domain::command::Decision;
use crate::domain::event::{EventBody, Move, RunSummary, ShipRecord};
use crate::domain::factory::{Factory, ToolFacts};
use crate::domain::item::Item;
use crate::domain::phase::{Outcome, Phase};
use crate::domain::state::{AttemptRef, Escalation};
use chrono::{DateTime, Utc};

/// A moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Moment {
    /// Its event; 0 = nothing is known.
    pub seq: u64,
    /// When.
    pub at: DateTime<Utc>,
    /// The event in words.
    pub words: String,
    /// Where the tool stood; idle when it was not under way.
    pub phase: Phase,
    /// See the contract.
    pub cycle: u32,
    /// Escalation in force.
    pub escalation: Option<Escalation>,
    /// Attempt under way.
    pub attempt: Option<AttemptRef>,
    /// Its line of the backlog.
    pub item: Option<Item>,
    /// All that was remembered of it.
    pub facts: ToolFacts,
    /// Its newest tree.
    pub tree: Option<TreeAt>,
    /// Builds begun.
    pub build: u32,
    /// Runs of the gates, oldest first.
    pub runs: Vec<Ran>,
    /// Bug reports, oldest first.
    pub bugs: Vec<Bug>,
    /// Reviews, oldest first.
    pub reviews: Vec<Review>,
    /// Held-out cases of the newest set.
    pub held_out: u32,
    /// What it shipped as last.
    pub ship: Option<ShipRecord>,
    /// Housekeeping took its transcripts; its evidence but for the newest run.
    pub swept: (bool, bool),
}

/// A tree on its branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeAt {
    /// Hash of the tool's folder.
    pub tree: String,
    /// Commit that has it.
    pub commit: String,
    /// When it was committed, or put back.
    pub at: DateTime<Utc>,
}

/// A run of the gates.
#[derive(Clone, Debug, PartialEq)]
pub struct Ran {
    /// What it found.
    pub run: RunSummary,
    /// In which cycle.
    pub cycle: u32,
    /// Of which of its builds, from 0: one begins with each spec that is written.
    pub build: u32,
    /// When.
    pub at: DateTime<Utc>,
}

/// A bug report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bug {
    /// n of bugs/<tool>/BUG-<n>.md.
    pub n: u32,
    pub rule: Option<String>,
    pub title: String,
    /// The file to repair.
    pub file: Option<String>,
    /// When it was filed.
    pub at: DateTime<Utc>,
    /// The next repair is to settle it.
    pub open: bool,
    /// The run that came after it, and when.
    pub run: Option<(u32, DateTime<Utc>)>,
}

/// A review.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Review {
    /// n of reviews/<tool>/<n>.md.
    pub n: u32,
    pub verdict: Decision,
    pub by: String,
    pub at: DateTime<Utc>,
}

impl Default for Moment {
    fn default() -> Self {
        Self {
            seq: 0,
            at: DateTime::UNIX_EPOCH,
            words: String::new(),
            phase: Phase::Idle,
            cycle: 0,
            escalation: None,
            attempt: None,
            item: None,
            facts: ToolFacts::default(),
            tree: None,
            build: 0,
            runs: Vec::new(),
            bugs: Vec::new(),
            reviews: Vec::new(),
            held_out: 0,
            ship: None,
            swept: (false, false),
        }
    }
}

impl Moment {
    /// Of a tool's past, after an event; after the newest for None.
    #[must_use]
    pub fn of(past: &Past, tool: &str, at: Option<u64>) -> Self {
        let Some(newest) = past.event(at) else {
            return Self::default();
        };
        let mut moment = Self {
            seq: newest.seq,
            at: newest.ts,
            words: super::words(newest),
            ..Self::default()
        };
        let first = past.until(at).next().map_or(newest.ts, |event| event.ts);
        let mut factory = Factory::new(first);
        for event in past.until(at) {
            factory.apply(event);
            moment.note(&event.body, event.ts, factory.cycle_count, tool);
        }
        let facts = factory.facts(tool).cloned().unwrap_or_default();
        for bug in &mut moment.bugs {
            bug.open = facts.open_bugs.iter().any(|open| open.n == bug.n);
        }
        moment.phase = factory.phase;
        moment.cycle = factory.cycle_count;
        moment.escalation = factory.escalation.clone();
        moment.attempt = factory.attempt.clone();
        moment.item = factory.item(tool).cloned();
        moment.facts = facts;
        moment
    }

    /// What the fold does not keep.
    fn note(&mut self, body: &EventBody, at: DateTime<Utc>, cycle: u32, tool: &str) {
        match body {
            EventBody::Tree { tree, commit } | EventBody::Restored { tree, commit, .. } => {
                self.tree = Some(TreeAt {
                    tree: tree.clone(),
                    commit: commit.clone(),
                    at,
                });
            }
            EventBody::Run(run) => {
                for bug in self.bugs.iter_mut().filter(|bug| bug.run.is_none()) {
                    bug.run = Some((run.run, at));
                }
                let run = run.clone();
                let build = self.build;
                self.runs.push(Ran {
                    run,
                    cycle,
                    build,
                    at,
                });
            }
            EventBody::BugFiled {
                n,
                rule,
                title,
                file,
            } => self.filed(Bug {
                n: *n,
                rule: rule.clone(),
                title: title.clone(),
                file: file.clone(),
                at,
                open: false,
                run: None,
            }),
            EventBody::Reviewed { n, verdict, by, .. } => self.reviews.push(Review {
                n: *n,
                verdict: *verdict,
                by: by.clone(),
                at,
            }),
            EventBody::CasesKept { count, .. } => self.held_out = *count,
            EventBody::Move(made) => self.moved(made),
            EventBody::Swept(swept) => {
                self.swept.0 |= swept.transcripts.iter().any(|name| name == tool);
                self.swept.1 |= swept.evidence.iter().any(|name| name == tool);
            }
            _ => {}
        }
    }

    fn moved(&mut self, made: &Move) {
        if let Some(ship) = &made.ship {
            self.ship = Some(ship.clone());
        }
        self.build += u32::from(made.to == Phase::Spec);
        // Built from nothing, or back where nothing was built.
        if made.outcome == Outcome::Picked
            || (made.outcome == Outcome::Rewound && made.commit.is_none())
        {
            self.tree = None;
        }
    }

    /// A rewind files the reports of then once more.
    fn filed(&mut self, bug: Bug) {
        self.bugs.retain(|known| known.n != bug.n);
        self.bugs.push(bug);
    }

    /// The run before one, of the same build.
    #[must_use]
    pub fn before(&self, ran: &Ran) -> Option<&Ran> {
        let earlier = self
            .runs
            .iter()
            .rev()
            .skip_while(|other| other.at >= ran.at);
        let mut earlier = earlier.filter(|other| other.run.run < ran.run.run);
        earlier.next().filter(|other| other.build == ran.build)
    }

    /// The newest run.
    #[must_use]
    pub fn run(&self) -> Option<&Ran> {
        self.runs.last()
    }
}

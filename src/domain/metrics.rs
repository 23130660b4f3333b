//! What the harness is judged by, as a fold over the journal: the whole of it, or what came after one event.

mod build;
mod effort;
mod summary;

pub use self::build::Build;
pub(super) use self::build::begins;
pub use self::effort::Effort;
pub use self::summary::{PassAt, Share, Summary};
use super::cheat::Cheat;
use super::event::{Event, EventBody, Move, RunSummary, Turn};
use super::phase::{Outcome, Phase};
use super::stuck::Rung;
use chrono::{DateTime, Utc};
use serde::Serialize;
use std::collections::BTreeMap;

/// Figures of a stretch of the journal. Builds that were worked on in it are told whole; everything else counts only
/// what happened in it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Metrics {
    /// Last event that is not counted; 0 = all are.
    pub after: u64,
    /// Newest event.
    pub seq: u64,
    /// Events counted.
    pub events: u64,
    /// First event counted, UTC.
    pub since: Option<DateTime<Utc>>,
    /// Newest event counted, UTC.
    pub until: Option<DateTime<Utc>>,
    /// Failures of the engine itself.
    pub incidents: u64,
    /// By tool; only those something happened to.
    pub tools: BTreeMap<String, Tool>,
    #[serde(skip)]
    builds: BTreeMap<String, Vec<Build>>,
    #[serde(skip)]
    phase: Option<Phase>,
}

/// Figures of one tool.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Tool {
    /// Its builds, oldest first.
    pub builds: Vec<Build>,
    /// What each phase took.
    pub phases: BTreeMap<Phase, Effort>,
    /// How often each stuck rule fired.
    pub stuck: BTreeMap<String, u64>,
    /// Red runs by the first gate that failed.
    pub rejections: BTreeMap<String, u64>,
    /// Runs in which a gate found a kind of cheat, by kind.
    pub cheats: BTreeMap<Cheat, u64>,
    /// Files the harness mended by itself (L0).
    pub mended: u64,
    /// Times it was handed to the reviewer by rule or by a person.
    pub escalations: u64,
    /// Reviews that ended with a verdict.
    pub reviews: u64,
    /// Of these, sent back.
    pub sent_back: u64,
    /// Specs that were rejected or sent for rewriting after they had been accepted.
    pub respecs: u64,
    /// Ships.
    pub shipped: u64,
    /// Times it was put aside for a person.
    pub parked: u64,
    /// Times it was dropped.
    pub dropped: u64,
    /// Times it came back with a defect after it had shipped.
    pub escaped: u64,
}

impl Tool {
    /// All phases together.
    #[must_use]
    pub fn effort(&self) -> Effort {
        Effort::sum(self.phases.values())
    }
}

impl Metrics {
    /// Folds a whole history, counting what came after an event; 0 counts all.
    #[must_use]
    pub fn after<'a>(events: impl IntoIterator<Item = &'a Event>, after: u64) -> Self {
        let mut metrics = Self {
            after,
            ..Self::default()
        };
        for event in events {
            metrics.apply(event);
        }
        metrics.settle();
        metrics
    }

    fn apply(&mut self, event: &Event) {
        self.seq = self.seq.max(event.seq);
        // What came before tells in which phase and build later events fall, and is not counted.
        let counts = event.seq > self.after;
        if let Some(name) = &event.tool {
            self.follow(name, &event.body, counts);
        }
        if counts {
            self.events += 1;
            self.since = self.since.or(Some(event.ts));
            self.until = Some(event.ts);
            self.count(event);
        }
        if let EventBody::Move(made) = &event.body {
            self.phase = Some(made.to);
        }
    }

    /// The builds of a tool, wherever they lie.
    fn follow(&mut self, name: &str, body: &EventBody, counts: bool) {
        let builds = self.builds.entry(name.to_owned()).or_default();
        if build::begins(body) || builds.is_empty() {
            builds.push(Build::default());
        }
        if let Some(build) = builds.last_mut() {
            build.apply(body);
            build.counts |= counts;
        }
    }

    fn count(&mut self, event: &Event) {
        match &event.body {
            EventBody::Incident { .. } => self.incidents += 1,
            EventBody::ItemDropped { name, .. } => self.tool(name).dropped += 1,
            EventBody::ItemParked { name, .. } => self.tool(name).parked += 1,
            EventBody::ItemReopened { name, .. } => self.tool(name).escaped += 1,
            body => {
                if let Some(name) = &event.tool {
                    self.of_tool(&name.clone(), body);
                }
            }
        }
    }

    fn of_tool(&mut self, name: &str, body: &EventBody) {
        let phase = self.phase.unwrap_or(Phase::Idle);
        match body {
            EventBody::Turn(turn) => self.turned(name, turn),
            EventBody::Tried { millis, .. } => {
                let effort = self.effort(name, phase);
                effort.test_millis = effort.test_millis.saturating_add(*millis);
            }
            EventBody::Run(run) => self.ran(name, run),
            EventBody::Mended { .. } => self.tool(name).mended += 1,
            EventBody::Stuck { rule, .. } => {
                *self.tool(name).stuck.entry(rule.clone()).or_default() += 1;
            }
            EventBody::Move(made) => self.moved(name, made),
            _ => {}
        }
    }

    /// A turn names its phase; the lane may have gone on meanwhile.
    fn turned(&mut self, name: &str, turn: &Turn) {
        let named = turn.label.split('/').nth(1);
        let phase = named.and_then(|word| word.parse().ok());
        let phase = phase.or(self.phase).unwrap_or(Phase::Idle);
        self.effort(name, phase).add(turn);
    }

    fn ran(&mut self, name: &str, run: &RunSummary) {
        let effort = self.effort(name, Phase::Qa);
        effort.gate_millis = effort.gate_millis.saturating_add(run.millis);
        effort.mutation_millis = effort.mutation_millis.saturating_add(run.mutation_millis);
        for cheat in run.cheats.keys() {
            *self.tool(name).cheats.entry(*cheat).or_default() += 1;
        }
        if let Some(gate) = refused_by(run) {
            *self
                .tool(name)
                .rejections
                .entry(gate.to_owned())
                .or_default() += 1;
        }
    }

    fn moved(&mut self, name: &str, made: &Move) {
        let tool = self.tool(name);
        let verdict = made.from == Phase::Review && made.outcome.verdict();
        tool.reviews += u64::from(verdict);
        match made.outcome {
            Outcome::SendBack => tool.sent_back += 1,
            Outcome::Respec | Outcome::SpecDefect => tool.respecs += 1,
            Outcome::Escalated | Outcome::Undraftable => tool.escalations += 1,
            Outcome::Ship => tool.shipped += 1,
            Outcome::Parked => tool.parked += 1,
            _ => {}
        }
    }

    fn tool(&mut self, name: &str) -> &mut Tool {
        self.tools.entry(name.to_owned()).or_default()
    }

    fn effort(&mut self, name: &str, phase: Phase) -> &mut Effort {
        self.tool(name).phases.entry(phase).or_default()
    }

    /// Builds that were measured, and worked on in the stretch, go to their tools.
    fn settle(&mut self) {
        for (name, tool) in &mut self.tools {
            let all = self.builds.remove(name).unwrap_or_default();
            let told = |build: &Build| build.runs > 0 && build.counts;
            tool.builds = all.into_iter().filter(told).collect();
        }
    }

    /// All builds of all tools.
    pub fn builds(&self) -> impl Iterator<Item = &Build> {
        self.tools.values().flat_map(|tool| &tool.builds)
    }

    /// What each phase took, over all tools.
    #[must_use]
    pub fn phases(&self) -> BTreeMap<Phase, Effort> {
        let mut sums: BTreeMap<Phase, Effort> = BTreeMap::new();
        for (phase, effort) in self.tools.values().flat_map(|tool| &tool.phases) {
            let sum = sums.entry(*phase).or_default();
            *sum = Effort::sum([&*sum, effort]);
        }
        sums
    }
}

/// The first gate that a red run failed at.
pub(super) fn refused_by(run: &RunSummary) -> Option<&str> {
    let words = run.failed_gate.as_deref().filter(|_| !run.green)?;
    Some(words.split(':').next().unwrap_or(words).trim())
}

/// The rung an event shows a build to have reached.
fn rung(body: &EventBody) -> Option<Rung> {
    match body {
        EventBody::Afresh { rung, .. } => Some(*rung),
        EventBody::Move(made) => match (made.outcome, made.to) {
            (Outcome::Parked, _) => Some(Rung::Parked),
            (Outcome::Takeover, _) => Some(Rung::Takeover),
            (Outcome::Escalated | Outcome::Undraftable, _) => Some(Rung::Diagnosis),
            (_, Phase::Fixing) => Some(Rung::Repair),
            _ => None,
        },
        EventBody::ItemParked { .. } => Some(Rung::Parked),
        _ => None,
    }
}

//! Statistics: folds over the whole journal, and one closing row a tool.

mod days;
mod overview;
mod row;
mod spread;
mod usage;

pub use self::days::{Days, Share};
pub use self::overview::Overview;
use self::row::Tool;
pub use self::row::{Closing, Stands};
pub use self::spread::Spread;
pub use self::usage::Usage;
use super::event::{Adopted, Event, EventBody, Move, RunSummary, Turn};
use super::item::{Item, ItemStatus};
use super::metrics::refused_by;
use super::phase::{Outcome, Phase, Role};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Everything the statistics panes and reports show.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Stats {
    /// Newest event.
    pub seq: u64,
    /// Ships, rebuilds and reopened ones included.
    pub shipped: u64,
    /// Items that stand parked now.
    pub parked: u64,
    /// Items dropped after they were picked.
    pub dropped: u64,
    /// Builds that passed all gates in their first run.
    pub first_pass: u64,
    /// Builds measured at least once.
    pub measured: u64,
    /// Runs of the gates.
    pub runs: u64,
    /// Cycles.
    pub cycles: u64,
    /// Money, USD.
    pub usd: f64,
    /// Tokens read and written.
    pub tokens: u64,
    /// Milliseconds the lane spent in each phase while an engine ran.
    pub phases: BTreeMap<Phase, u64>,
    /// The same figures by time.
    pub days: Days,
    /// What each role used.
    pub roles: BTreeMap<Role, Usage>,
    /// How often each stuck rule fired.
    pub stuck: BTreeMap<String, u64>,
    /// Verdicts of reviews.
    pub reviews: BTreeMap<Outcome, u64>,
    /// Red runs by the first gate that failed.
    pub rejections: BTreeMap<String, u64>,
    /// Milliseconds the gates took.
    pub gate_millis: u64,
    /// Shared with the figures of before: an event copies the tool it is about, and no other.
    tools: BTreeMap<Arc<str>, Arc<Tool>>,
    order: Vec<Arc<str>>,
    lane: Option<(String, Phase, DateTime<Utc>)>,
    last: Option<DateTime<Utc>>,
    down: Option<DateTime<Utc>>,
}

impl Stats {
    /// Folds a whole history.
    #[must_use]
    pub fn of<'a>(events: impl IntoIterator<Item = &'a Event>) -> Self {
        let mut stats = Self::default();
        for event in events {
            stats.apply(event);
        }
        stats
    }

    /// Folds one event in.
    pub fn apply(&mut self, event: &Event) {
        let tool = match &event.body {
            EventBody::Move(_) => self.tool(event),
            // Only a move makes a tool one that was picked.
            _ => event
                .tool
                .as_ref()
                .and_then(|name| self.tools.get_mut(name.as_str()))
                .map(Arc::make_mut),
        };
        if let Some(tool) = tool {
            tool.follow(&event.body);
        }
        match &event.body {
            EventBody::Move(made) => self.moved(event, made),
            EventBody::Turn(turn) => self.turned(event, turn),
            EventBody::Run(run) => self.ran(event, run),
            EventBody::Stuck { rule, .. } => {
                let count = self.stuck.entry(rule.clone()).or_default();
                *count = count.saturating_add(1);
            }
            EventBody::ItemDropped { name, .. } => self.dropped(event, name),
            EventBody::Adopted(found) => self.adopted(found),
            EventBody::ItemParked { name, .. } => self.parked(event, name),
            EventBody::ItemRequeued { name, .. } => {
                let tool = self.named(name);
                tool.stands(Stands::Queued, event);
                let before = std::mem::take(&mut tool.parked);
                self.parked = self.parked.saturating_sub(u64::from(before));
            }
            EventBody::ItemReopened { name, .. } => {
                self.named(name).stands(Stands::Queued, event);
            }
            EventBody::Stopped { .. } => self.down = self.down.or(Some(event.ts)),
            EventBody::Started { .. } => self.woke(event.ts),
            _ => {}
        }
        self.last = Some(event.ts);
        self.seq = self.seq.max(event.seq);
    }

    /// Time without an engine is no time in the lane; a killed one was there until its last event.
    fn woke(&mut self, now: DateTime<Utc>) {
        let down = self.down.take().or(self.last);
        if let (Some((_, _, since)), Some(down)) = (&mut self.lane, down) {
            *since += now.signed_duration_since(down).max(TimeDelta::zero());
        }
    }

    fn turned(&mut self, event: &Event, turn: &Turn) {
        let usd = turn.usd.filter(|usd| usd.is_finite()).unwrap_or(0.0);
        let tokens = turn
            .input_tokens
            .unwrap_or(0)
            .saturating_add(turn.output_tokens.unwrap_or(0));
        self.roles.entry(turn.role).or_default().add(turn);
        self.usd += usd;
        self.tokens = self.tokens.saturating_add(tokens);
        let share = self.days.at(event.ts);
        share.usd += usd;
        share.tokens = share.tokens.saturating_add(tokens);
        if turn.local {
            share.local_tokens = share.local_tokens.saturating_add(tokens);
            share.local_millis = share.local_millis.saturating_add(turn.millis);
        }
        if let Some(tool) = self.tool(event) {
            tool.row.used.add(turn);
            tool.row.scripted |= turn.scripted;
        }
    }

    fn ran(&mut self, event: &Event, run: &RunSummary) {
        self.runs = self.runs.saturating_add(1);
        self.gate_millis = self.gate_millis.saturating_add(run.millis);
        if let Some(gate) = refused_by(run) {
            let count = self.rejections.entry(gate.to_owned()).or_default();
            *count = count.saturating_add(1);
        }
        let first = self.tool(event).is_some_and(|tool| tool.ran(run));
        if !first {
            return;
        }
        let green = u64::from(run.green);
        self.measured = self.measured.saturating_add(1);
        self.first_pass = self.first_pass.saturating_add(green);
        let share = self.days.at(event.ts);
        share.measured += 1;
        share.first_pass += green;
    }

    /// What another journal has told counts among all that ended, and on no day.
    fn adopted(&mut self, found: &Adopted) {
        for (tool, version) in &found.shipped {
            self.named(tool).row.version = Some(version.clone());
            self.shipped = self.shipped.saturating_add(1);
        }
        let parked = |item: &&Item| item.status == ItemStatus::NeedsHuman;
        for item in found.items.iter().filter(parked) {
            let before = std::mem::replace(&mut self.named(&item.name).parked, true);
            self.parked = self.parked.saturating_add(u64::from(!before));
        }
    }

    fn dropped(&mut self, event: &Event, name: &str) {
        let tool = self.named(name);
        // What shipped was begun, if not in this journal.
        let begun = tool.picked || tool.row.version.is_some();
        let parked = std::mem::take(&mut tool.parked);
        tool.ended(Stands::Dropped, event);
        self.dropped = self.dropped.saturating_add(u64::from(begun));
        self.parked = self.parked.saturating_sub(u64::from(parked));
    }

    /// An item was put aside, from the lane or from the queue.
    fn parked(&mut self, event: &Event, name: &str) {
        let tool = self.named(name);
        let before = std::mem::replace(&mut tool.parked, true);
        tool.ended(Stands::Parked, event);
        if !before {
            self.parked = self.parked.saturating_add(1);
            self.days.at(event.ts).parked += 1;
        }
    }

    fn named(&mut self, name: &str) -> &mut Tool {
        let name: Arc<str> = match self.tools.get_key_value(name) {
            Some((name, _)) => Arc::clone(name),
            None => {
                let name: Arc<str> = name.into();
                self.order.push(Arc::clone(&name));
                name
            }
        };
        let tool = Arc::make_mut(self.tools.entry(Arc::clone(&name)).or_default());
        if tool.row.tool.is_empty() {
            tool.row.tool = name.to_string();
        }
        tool
    }

    fn tool(&mut self, event: &Event) -> Option<&mut Tool> {
        let name = event.tool.as_deref()?;
        Some(self.named(name))
    }

    fn moved(&mut self, event: &Event, made: &Move) {
        if let Some((tool, phase, since)) = self.lane.take() {
            let millis = event.ts.signed_duration_since(since).num_milliseconds();
            let millis = u64::try_from(millis).unwrap_or(0);
            add(&mut self.phases, phase, millis);
            let row = &mut self.named(&tool).row;
            add(&mut row.phases, phase, millis);
            row.seconds += millis as f64 / 1000.0;
        }
        let Some(name) = event.tool.clone() else {
            return;
        };
        if made.to.active() {
            self.lane = Some((name.clone(), made.to, event.ts));
        }
        if made.from == Phase::Review && made.outcome.verdict() {
            let count = self.reviews.entry(made.outcome).or_default();
            *count = count.saturating_add(1);
        }
        let tool = self.named(&name);
        tool.moved(event, made);
        match made.outcome {
            Outcome::Failed | Outcome::SendBack => {
                tool.row.cycles = tool.row.cycles.saturating_add(1);
                self.cycles = self.cycles.saturating_add(1);
                self.days.at(event.ts).cycles += 1;
            }
            Outcome::Ship => {
                tool.row.version = made.ship.as_ref().map(|ship| ship.version.clone());
                tool.ended(Stands::Shipped, event);
                self.shipped = self.shipped.saturating_add(1);
                self.days.at(event.ts).shipped += 1;
            }
            Outcome::Parked => self.parked(event, &name),
            _ => {}
        }
    }

    /// A row for each tool that was picked, in the order they first were.
    pub fn rows(&self) -> impl DoubleEndedIterator<Item = &Closing> {
        self.order
            .iter()
            .filter_map(|name| self.tools.get(name))
            .filter(|tool| tool.picked)
            .map(|tool| &tool.row)
    }

    /// The row of a tool that was picked.
    #[must_use]
    pub fn row(&self, name: &str) -> Option<&Closing> {
        let tool = self.tools.get(name).filter(|tool| tool.picked)?;
        Some(&tool.row)
    }

    /// The same rows to keep.
    #[must_use]
    pub fn table(&self) -> Vec<Closing> {
        self.rows().cloned().collect()
    }
}

fn add(phases: &mut BTreeMap<Phase, u64>, phase: Phase, millis: u64) {
    let sum = phases.entry(phase).or_default();
    *sum = sum.saturating_add(millis);
}

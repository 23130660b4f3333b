//! The ledger: the only way events are recorded. Journal first, then what shows them.

use super::attempts::context::Tools;
use super::{brief, measured};
use crate::domain::event::{Event, EventBody, Move, NewEvent, RunSummary};
use crate::domain::factory::Factory;
use crate::domain::gap::{self, Gap, GapLine};
use crate::domain::lines;
use crate::domain::phase::{Outcome, Phase, Role};
use crate::domain::recent;
use crate::domain::screen::{BugLine, Kind, Level, LogLine, Measured, MoveLine, RanLine};
use crate::factory::ports::store::{Paper, StoreError, Written};
use chrono::{DateTime, Utc};
use std::collections::{BTreeMap, VecDeque};

/// Runs shown in more words.
const MEASURED: usize = 2;

/// The folded state and what screens show of its past.
pub struct Ledger {
    /// What all events amount to.
    pub factory: Factory,
    /// Newest moves, newest last.
    pub moves: VecDeque<MoveLine>,
    /// Newest runs, newest last.
    pub ran: VecDeque<RanLine>,
    /// Newest stretches of time without the engine, newest last.
    pub gaps: VecDeque<GapLine>,
    /// Runs of the present tool, newest last.
    pub runs: Vec<RunSummary>,
    /// The newest of them in more words.
    pub measured: Vec<Measured>,
    /// The present tool came to qa and has not been measured since.
    unmeasured: bool,
    /// Bug reports of the present tool that are open.
    pub bugs: Vec<BugLine>,
    /// Tokens the last turn of each role read.
    pub read: BTreeMap<Role, u64>,
    /// Time of the newest event.
    pub newest: Option<DateTime<Utc>>,
    tools: Tools,
}

impl Ledger {
    /// Takes over a loaded factory.
    #[must_use]
    pub fn new(factory: Factory, recent: &[Event], tools: Tools) -> Self {
        let mut ledger = Self {
            factory,
            moves: VecDeque::new(),
            ran: VecDeque::new(),
            gaps: VecDeque::new(),
            runs: Vec::new(),
            measured: Vec::new(),
            unmeasured: false,
            bugs: Vec::new(),
            read: BTreeMap::new(),
            newest: None,
            tools,
        };
        for event in recent {
            ledger.remember(event);
        }
        // What is kept for the timeline may begin in the middle of a build: its runs and bugs are known from the fold.
        ledger.runs.clear();
        if let Some(facts) = ledger.factory.current_facts() {
            ledger.runs.clone_from(&facts.run_log);
            let known = facts
                .run_log
                .iter()
                .any(|run| Some(&run.tree) == facts.tree.as_ref());
            ledger.unmeasured = ledger.factory.phase == Phase::Qa && !known;
            ledger.bugs = measured::bugs(ledger.tools.store.as_ref(), &ledger.factory);
        }
        ledger.measure();
        ledger
    }

    /// Records events: durable in the journal before anything shows them. `written` as in [`Store::commit_with`].
    pub fn commit(
        &mut self,
        events: Vec<NewEvent>,
        written: Option<Written<'_>>,
    ) -> Result<Vec<Event>, StoreError> {
        if events.is_empty() {
            return Ok(Vec::new());
        }
        let now = self.tools.clock.now();
        let before = self.factory.phase;
        let ran = events.iter().any(|e| matches!(e.body, EventBody::Run(_)));
        let items_before = touches_items(&events).then(|| self.factory.items.clone());
        let store = &self.tools.store;
        let recorded = store.commit_with(&mut self.factory, events, now, written)?;
        for event in &recorded {
            self.remember(event);
            if let Some(line) = lines::line(event) {
                self.tools.publisher.line(line);
            }
        }
        if ran {
            self.measure();
        }
        if items_before.is_some_and(|items| items != self.factory.items) {
            self.tools.store.put_wishlist(&self.factory.items)?;
        }
        if before != self.factory.phase || recorded.iter().any(is_move) {
            self.brief(None)?;
        }
        Ok(recorded)
    }

    /// Rewrites BRIEF.md, with the sentence of a refused claim where there is one.
    pub fn brief(&self, refused: Option<&str>) -> Result<(), StoreError> {
        for folder in brief::folders(&self.factory) {
            // Another program could not write its papers otherwise; one that cannot be made is missed soon enough.
            let _ = self.tools.files.make(&self.tools.home.join(folder));
        }
        let text = brief::text(&self.factory, self.tools.repo.work(), refused);
        self.tools.store.put(&Paper::Brief, &text)
    }

    /// Says something that no event stands for.
    pub fn say(&self, level: Level, text: impl Into<String>) {
        self.tools.publisher.line(LogLine {
            at: self.tools.clock.now(),
            from: "engine".to_owned(),
            level,
            tool: self.factory.current_tool.clone(),
            seq: None,
            kind: Kind::Plain,
            text: text.into(),
        });
    }

    fn remember(&mut self, event: &Event) {
        self.newest = Some(event.ts);
        match &event.body {
            EventBody::Move(step) => self.moved(event, step),
            EventBody::Run(run) => {
                self.runs.push(run.clone());
                self.ran.push_back(RanLine {
                    seq: event.seq,
                    at: event.ts,
                    tool: event.tool.clone().unwrap_or_default(),
                    run: run.run,
                    green: run.green,
                    failed: run.failed_gate.clone(),
                });
                let current = self.factory.current_tool.as_deref();
                recent::trim(&mut self.ran, |run| Some(&*run.tool) == current);
                self.unmeasured = false;
            }
            EventBody::Gap { gap, seconds } => self.missed(event, *gap, *seconds),
            EventBody::BugFiled { n, rule, title, .. } => self.bugs.push(BugLine {
                n: *n,
                rule: rule.clone(),
                title: title.clone(),
            }),
            EventBody::Turn(turn) => {
                if let Some(tokens) = turn.input_tokens {
                    self.read.insert(turn.role, tokens);
                }
            }
            _ => {}
        }
    }

    fn moved(&mut self, event: &Event, step: &Move) {
        if step.from == Phase::Idle {
            self.runs.clear();
            self.measured.clear();
        }
        self.unmeasured = step.to == Phase::Qa;
        // A repair settles what was open; so does a spec written anew.
        if step.from == Phase::Idle || step.outcome == Outcome::Fixed || step.to == Phase::Spec {
            self.bugs.clear();
        }
        self.moves.push_back(MoveLine {
            seq: event.seq,
            at: event.ts,
            tool: event.tool.clone().unwrap_or_default(),
            from: step.from,
            to: step.to,
            outcome: step.outcome,
            reason: step.reason.clone(),
            commit: Some(step.commit.clone()),
        });
        let current = self.factory.current_tool.as_deref();
        recent::trim(&mut self.moves, |step| Some(&*step.tool) == current);
    }

    fn missed(&mut self, event: &Event, gap: Gap, seconds: u64) {
        let step = self.moves.back().map_or(0, |step| step.seq);
        let ran = self.ran.back().map_or(0, |ran| ran.seq);
        let line = GapLine {
            seq: event.seq,
            at: event.ts,
            gap,
            seconds,
        };
        gap::add(&mut self.gaps, line, step.max(ran));
    }

    /// Number of the run whose result is not in yet.
    pub fn measuring(&self) -> Option<u32> {
        let facts = self.factory.current_facts()?;
        self.unmeasured.then_some(facts.runs + 1)
    }

    /// Reads the evidence of the newest runs.
    fn measure(&mut self) {
        let Some(tool) = &self.factory.current_tool else {
            return;
        };
        let newest = self.runs.iter().rev().take(MEASURED).rev();
        self.measured = newest
            .filter_map(|run| measured::read(self.tools.store.as_ref(), tool, run.run))
            .collect();
    }
}

fn is_move(event: &Event) -> bool {
    matches!(event.body, EventBody::Move(_))
}

/// Events that can change the wishlist's engine fields.
fn touches_items(events: &[NewEvent]) -> bool {
    events.iter().any(|event| {
        matches!(
            event.body,
            EventBody::Move(_)
                | EventBody::Adopted(_)
                | EventBody::ItemAdded { .. }
                | EventBody::ItemEdited { .. }
                | EventBody::ItemsOrdered { .. }
                | EventBody::ItemDropped { .. }
                | EventBody::ItemParked { .. }
                | EventBody::ItemRequeued { .. }
                | EventBody::ItemReopened { .. }
        )
    })
}

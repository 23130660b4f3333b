//! The ledger: the only way events are recorded. Journal first, then what shows them.

use super::attempts::context::Tools;
use super::{brief, lines};
use crate::domain::event::{Event, EventBody, NewEvent, RunSummary};
use crate::domain::factory::Factory;
use crate::domain::screen::{Level, LogLine, MoveLine};
use crate::factory::ports::store::{Paper, StoreError};
use std::collections::VecDeque;

/// Moves kept for the timeline.
const TIMELINE: usize = 20;

/// The folded state and what screens show of its past.
pub struct Ledger {
    /// What all events amount to.
    pub factory: Factory,
    /// Newest moves, newest last.
    pub moves: VecDeque<MoveLine>,
    /// Runs of the present tool, newest last.
    pub runs: Vec<RunSummary>,
    tools: Tools,
}

impl Ledger {
    /// Takes over a loaded factory.
    #[must_use]
    pub fn new(factory: Factory, recent: &[Event], tools: Tools) -> Self {
        let mut ledger = Self {
            factory,
            moves: VecDeque::new(),
            runs: Vec::new(),
            tools,
        };
        for event in recent {
            ledger.remember(event);
        }
        ledger
    }

    /// Records events: durable in the journal before anything shows them.
    pub fn commit(&mut self, events: Vec<NewEvent>) -> Result<Vec<Event>, StoreError> {
        if events.is_empty() {
            return Ok(Vec::new());
        }
        let now = self.tools.clock.now();
        let before = self.factory.phase;
        let items_before = touches_items(&events).then(|| self.factory.items.clone());
        let recorded = self.tools.store.commit(&mut self.factory, events, now)?;
        for event in &recorded {
            self.remember(event);
            if let Some(line) = lines::line(event) {
                self.tools.publisher.line(line);
            }
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
            let _ = std::fs::create_dir_all(self.tools.home.join(folder));
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
            text: text.into(),
        });
    }

    fn remember(&mut self, event: &Event) {
        match &event.body {
            EventBody::Move(step) => {
                if step.from == crate::domain::phase::Phase::Idle {
                    self.runs.clear();
                }
                self.moves.push_back(MoveLine {
                    seq: event.seq,
                    at: event.ts,
                    tool: event.tool.clone().unwrap_or_default(),
                    from: step.from,
                    to: step.to,
                    outcome: step.outcome,
                    reason: step.reason.clone(),
                });
                while self.moves.len() > TIMELINE {
                    self.moves.pop_front();
                }
            }
            EventBody::Run(run) => self.runs.push(run.clone()),
            _ => {}
        }
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
                | EventBody::ItemRequeued { .. }
                | EventBody::ItemReopened { .. }
        )
    })
}

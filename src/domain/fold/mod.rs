//! The fold: what one more event makes of a factory. Total over any sequence of events;
//! legality is `decide`'s business, here everything recorded is simply believed.

mod items;
mod learned;
mod moves;
mod tools;

use super::actor;
use super::event::{Event, EventBody};
use super::factory::{Factory, ToolFacts, Totals};
use super::item::Item;
use super::phase::Phase;
use super::price::Usual;
use super::state::{ControlDoc, FORMAT, StateDoc};
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Attempts that were cut short whose answers are looked through by the next one.
const CUT: usize = 32;

impl Factory {
    /// A factory nothing has happened in.
    #[must_use]
    pub fn new(now: DateTime<Utc>) -> Self {
        Self {
            seq: 0,
            phase: Phase::Idle,
            current_tool: None,
            cycle_count: 0,
            started_at: None,
            last_update: now,
            attempt: None,
            attempts: 0,
            pauses: Vec::new(),
            pauses_made: 0,
            stopped: None,
            escalation: None,
            items: Arc::default(),
            tools: BTreeMap::new(),
            spend: Vec::new(),
            sent: Vec::new(),
            limits: BTreeMap::new(),
            snoozed: BTreeMap::new(),
            unpushed: Vec::new(),
            refused_claims: 0,
            factors: BTreeMap::new(),
            speeds: BTreeMap::new(),
            shares: BTreeMap::new(),
            reviews: Usual::default(),
            lately: Arc::default(),
            version: String::new(),
            totals: Totals::default(),
        }
    }

    /// Folds one event in. An event already folded (its number is not higher) changes nothing.
    pub fn apply(&mut self, event: &Event) {
        if event.seq <= self.seq && event.seq != 0 {
            return;
        }
        self.seq = self.seq.max(event.seq);
        if matches!(
            event.body,
            EventBody::Turn(_) | EventBody::AttemptDropped { .. }
        ) {
            Arc::make_mut(&mut self.lately).apply(event);
        }
        match &event.body {
            EventBody::Move(made) => moves::apply(self, event, made),
            EventBody::Started { version, .. } => {
                self.version.clone_from(version);
                if let Some(attempt) = self.attempt.take() {
                    self.cut(attempt.id, true);
                }
            }
            EventBody::Stopped { stopped, .. } => self.stopped.clone_from(stopped),
            EventBody::Cleared => self.stopped = None,
            EventBody::AttemptStarted(attempt) => {
                self.attempts = self.attempts.max(attempt.id);
                self.attempt = Some(attempt.clone());
                if let Some(tool) = event.tool.as_deref() {
                    self.facts_mut(tool).attempt_begins(tool);
                }
            }
            EventBody::AttemptDropped { id, .. } => {
                if self.attempt.as_ref().is_some_and(|a| a.id == *id) {
                    self.attempt = None;
                    self.cut(*id, event.actor == actor::ENGINE);
                }
            }
            EventBody::Paused(pause) => {
                self.pauses_made = self.pauses_made.saturating_add(1);
                self.pauses.retain(|p| p.id != pause.id);
                self.pauses.push(pause.clone());
            }
            EventBody::Resumed { id, .. } => self.pauses.retain(|p| p.id != *id),
            EventBody::Snoozed { need, until } => {
                self.snoozed.retain(|_, end| *end > event.ts);
                self.snoozed.insert(need.clone(), *until);
            }
            EventBody::ClaimRefused { counts: true, .. } => {
                self.refused_claims = self.refused_claims.saturating_add(1);
            }
            EventBody::Pushed { tag, ok: true, .. } => self.unpushed.retain(|t| t != tag),
            EventBody::Incident { .. } => {
                self.totals.incidents = self.totals.incidents.saturating_add(1);
            }
            _ => {
                items::apply(self, event);
                tools::apply(self, event);
            }
        }
    }

    /// An attempt at the tool under way ended without an outcome. One that a person ended starts from nothing.
    fn cut(&mut self, id: u64, counts: bool) {
        let Some(tool) = self.current_tool.clone() else {
            return;
        };
        let facts = self.facts_mut(&tool);
        if !counts {
            return facts.nothing_cut();
        }
        facts.cut.push(id);
        // The first has what the files began with, and answers are paid for; a trouble that lasts would add one a minute.
        if facts.cut.len() > CUT {
            let later = facts.cut.iter().skip(1);
            let unheard = later.take_while(|id| facts.heard.contains(id)).count() + 1;
            let gone = facts.cut.remove(if unheard < facts.cut.len() {
                unheard
            } else {
                1
            });
            facts.heard.retain(|id| *id != gone);
        }
    }

    /// An item by name.
    #[must_use]
    pub fn item(&self, name: &str) -> Option<&Item> {
        self.items.iter().find(|item| item.name == name)
    }

    fn item_mut(&mut self, name: &str) -> Option<&mut Item> {
        let at = self.items.iter().position(|item| item.name == name)?;
        Arc::make_mut(&mut self.items).get_mut(at)
    }

    /// What is remembered of a tool.
    #[must_use]
    pub fn facts(&self, name: &str) -> Option<&ToolFacts> {
        self.tools.get(name).map(Arc::as_ref)
    }

    /// What is remembered of the tool under way.
    #[must_use]
    pub fn current_facts(&self) -> Option<&ToolFacts> {
        self.facts(self.current_tool.as_deref()?)
    }

    fn facts_mut(&mut self, name: &str) -> &mut ToolFacts {
        Arc::make_mut(self.tools.entry(name.to_owned()).or_default())
    }

    fn known_facts_mut(&mut self, name: &str) -> Option<&mut ToolFacts> {
        self.tools.get_mut(name).map(Arc::make_mut)
    }

    /// state.json, with the unknown keys it had.
    #[must_use]
    pub fn state_doc(&self, other: &Map<String, Value>) -> StateDoc {
        StateDoc {
            current_tool: self.current_tool.clone(),
            phase: self.phase,
            cycle_count: self.cycle_count,
            started_at: self.started_at,
            last_update: self.last_update,
            other: other.clone(),
        }
    }

    /// control.json, for the bytes of state.json with that hash.
    #[must_use]
    pub fn control_doc(&self, revision: u64, state_sha256: String) -> ControlDoc {
        ControlDoc {
            schema: FORMAT,
            revision,
            state_sha256,
            attempt: self.attempt.clone(),
            pauses: self.pauses.clone(),
            stopped: self.stopped.clone(),
            escalation: self.escalation.clone(),
        }
    }
}

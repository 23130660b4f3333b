//! Limits: what they call for as they are neared, reached and left, and which roles spend money.

use super::driver::Driver;
use super::failed::Failed;
use crate::domain::budget;
use crate::domain::decide::upkeep;
use crate::domain::event::{EventBody, NewEvent, Turn};
use crate::domain::factory::Factory;
use crate::domain::phase::Role;
use crate::domain::screen::Level;
use chrono::{DateTime, Utc};

impl Driver {
    /// What time and budgets bring about: pauses that end, limits that are reached.
    pub(super) async fn upkeep(&mut self) -> Result<(), Failed> {
        let now = self.tools.clock.now();
        self.notice_limits(now);
        let paid = self.paying();
        let events = upkeep(&self.ledger.factory, &self.settings.limits, &paid, now);
        if events.is_empty() {
            return Ok(());
        }
        self.record(events).await.map(|_| ())
    }

    /// Roles that spend money.
    pub(super) fn paying(&self) -> Vec<Role> {
        let all = Role::ALL.into_iter();
        all.filter(|role| self.pays(*role)).collect()
    }

    /// A role works with a model that costs money: its own, the one the ladder chose, or one that takes a prompt of it now.
    pub(super) fn pays(&self, role: Role) -> bool {
        let costs = |(host, model): (&str, &str)| !self.tools.models.free(host, model);
        let own = self.readiness.model(role);
        let own = own.map(|own| (own.host.as_str(), own.model.as_str()));
        let facts = self.ledger.factory.current_facts();
        let chosen = facts.and_then(|facts| facts.course.model.as_deref()?.split_once('/'));
        let chosen = chosen.filter(|_| role == Role::Developer);
        let running = self.running.as_ref();
        let asks = running.is_some_and(|running| running.role == role && running.paid);
        asks || own.is_some_and(costs) || chosen.is_some_and(costs)
    }

    /// Says once of each limit that 80 % of it are used.
    fn notice_limits(&mut self, now: DateTime<Utc>) {
        let near = budget::notices(&self.ledger.factory, &self.settings.limits, now);
        let name = |near: &budget::Use| format!("{} {}", near.scope, near.unit.name());
        for one in &near {
            if self.noticed.insert(name(one)) {
                self.telling.near(one, now);
                let words = format!("{}: 80 % are reached", one.words());
                self.ledger.say(Level::Warn, words);
            }
        }
        self.noticed
            .retain(|known| near.iter().any(|one| name(one) == *known));
    }

    /// What says, of the factory with them, whether an attempt may go on while the events it told are on their way to the disk:
    /// whole answers that cost nothing, with which no limit is reached. A power cut may take such an answer back, and it is
    /// asked for again then.
    pub(super) fn ahead(&self, events: &[NewEvent]) -> Option<impl Fn(&Factory) -> bool + use<>> {
        let models = &self.tools.models;
        let free = |turn: &Turn| {
            turn.usd.is_none_or(|usd| usd <= 0.0) && models.free(&turn.host, &turn.model)
        };
        let whole = events.iter().all(|event| match &event.body {
            EventBody::Turn(turn) => turn.ok && free(turn),
            _ => false,
        });
        let role = self.running.as_ref().map(|running| running.role);
        let role = role.filter(|role| whole && self.held(*role).is_none())?;
        let (settings, paid, now) = (self.settings.clone(), self.paying(), self.tools.clock.now());
        Some(move |factory: &Factory| {
            let limits = &settings.limits;
            let over = budget::over_role(factory, limits, role, true, now);
            over.is_none() && upkeep(factory, limits, &paid, now).is_empty()
        })
    }
}

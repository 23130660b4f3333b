//! S15: an attempt that stands still is dropped and its phase starts again; too often, and the tool is parked. An
//! external role that writes nothing is a person's business, never parked.

use super::driver::Driver;
use super::failed::Failed;
use super::ports::settings::Host;
use crate::domain::actor;
use crate::domain::decide::Report;
use crate::domain::event::EventBody;
use crate::domain::phase::{Outcome, Role};
use crate::domain::screen::{Need, Way};
use crate::domain::stuck::{Lull, lull};
use chrono::{DateTime, Utc};
use std::time::Duration;
use tokio::time::Instant;

impl Driver {
    /// When the attempt under way counts as standing still; None while it rests or nothing runs.
    pub(super) fn still_at(&self) -> Option<Instant> {
        let running = self.running.as_ref().filter(|running| !running.resting)?;
        let minutes = self.settings.limits.ladder.still_minutes;
        let extra = Duration::from_secs(u64::from(minutes) * 60);
        running
            .alive
            .checked_add(self.longest_turn().checked_add(extra)?)
    }

    /// The longest turn any host may take.
    fn longest_turn(&self) -> Duration {
        let whole = |host: &Host| host.whole;
        self.settings
            .hosts
            .values()
            .map(whole)
            .max()
            .unwrap_or_default()
    }

    /// The attempt under way has given a sign of life.
    pub(super) fn lives(&mut self, attempt: u64) {
        if let Some(running) = self.running.as_mut().filter(|r| r.id == attempt) {
            running.alive = Instant::now();
        }
    }

    /// Drops an attempt that stands still.
    pub(super) async fn look_for_life(&mut self) -> Result<(), Failed> {
        let Some(running) = self.running.as_ref().filter(|running| !running.resting) else {
            return Ok(());
        };
        let stalls = self
            .ledger
            .factory
            .current_facts()
            .map_or(0, |facts| facts.course.stalls);
        let (still, role) = (running.alive.elapsed(), running.role);
        let numbers = self.settings.limits.ladder;
        let verdict = lull(still, self.longest_turn(), stalls, &numbers);
        if verdict == Lull::Fine {
            return Ok(());
        }
        let phase = self.ledger.factory.phase;
        let words = format!(
            "{} gave no sign of life in {phase} for {} min",
            role.called(),
            still.as_secs() / 60
        );
        let next = match verdict {
            Lull::Park => "L6: put aside for a person",
            _ => "the attempt is dropped and its phase starts again",
        };
        self.cancel();
        self.note(EventBody::Stuck {
            rule: "S15".to_owned(),
            words: words.clone(),
            evidence: vec![format!("time {} of {}", stalls + 1, numbers.stalls)],
            next: next.to_owned(),
        })?;
        self.drop_attempt(&format!("S15: {words}"))?;
        if verdict == Lull::Again {
            return Ok(());
        }
        self.report(Report {
            actor: actor::ENGINE.to_owned(),
            outcome: Some(Outcome::Parked),
            reason: Some(format!("S15: {words}, {} times", stalls + 1)),
            ..Report::default()
        })
        .await
    }

    /// An external role in whose phase nothing was written for long.
    pub(super) fn silent_role(&self, now: DateTime<Utc>) -> Option<Need> {
        let role = self.external_at_work()?;
        let factory = &self.ledger.factory;
        let minutes = self.settings.limits.ladder.external_minutes;
        let since = factory.last_update;
        let silent = now.signed_duration_since(since).num_minutes() >= i64::from(minutes);
        silent.then(|| Need {
            id: format!("silent:{role}"),
            why: format!(
                "S15: {} is another program, and nothing was written in {} for {minutes} min",
                role.called(),
                factory.phase
            ),
            ways: vec![
                Way::hands(
                    "start it, or write the phase it has reached into dev-factory/state.json",
                ),
                Way::hands(format!(
                    "set runner = \"builtin\" under [roles.{role}] in dev-factory/factory.toml"
                )),
            ],
            since,
            ..Need::default()
        })
    }

    /// When an external role will have been silent for too long.
    pub(super) fn silent_at(&self) -> Option<Instant> {
        self.external_at_work()?;
        let now = self.tools.clock.now();
        let minutes = i64::from(self.settings.limits.ladder.external_minutes);
        let due = self.ledger.factory.last_update + chrono::Duration::minutes(minutes);
        (due > now).then(|| super::due::soon(due, now))
    }

    fn external_at_work(&self) -> Option<Role> {
        let role = self.ledger.factory.phase.role()?;
        self.readiness.external(role).then_some(role)
    }
}

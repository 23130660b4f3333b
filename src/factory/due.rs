//! When the loop is to look again without a message.

use super::driver::{Driver, SNAPSHOT_EVERY};
use crate::domain::phase::{Phase, Role};
use crate::domain::state::PauseKind;
use crate::domain::table;
use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::time::Duration;
use tokio::time::Instant;

/// How often main is looked at while a tool on the shelf waits for it.
const MAIN_LOOK: Duration = Duration::from_secs(3);
/// How often a limit that was reached is looked at again: the day it counts goes by.
const BUDGET_LOOK: Duration = Duration::from_secs(60);
/// Longest wait for a time of the wall clock.
const WALL_LOOK: Duration = Duration::from_secs(20);

/// A wait up to a quarter shorter or longer.
pub(super) fn jittered(wait: Duration) -> Duration {
    let part = RandomState::new().hash_one(0_u64) % 1024;
    wait * 3 / 4 + wait / 2 * u32::try_from(part).unwrap_or(512) / 1024
}

impl Driver {
    /// The next time to look without a message.
    pub(super) fn due(&self) -> Option<Instant> {
        let now = self.tools.clock.now();
        let pause_ends = self
            .ledger
            .factory
            .pauses
            .iter()
            .filter_map(|pause| pause.until)
            .map(|until| soon(until, now))
            .min();
        let roles = self.wanted_roles();
        let look = self
            .readiness
            .next_look(&roles, now)
            .filter(|_| self.suspect.is_none());
        let suspect = self.suspect.as_ref().map(|s| s.settled);
        let deadline = self.stopping.as_ref().and_then(|s| s.deadline);
        let snapshot = self.dirty.then(|| {
            self.shown
                .map_or_else(Instant::now, |at| at + SNAPSHOT_EVERY)
        });
        let duty = self.running.as_ref();
        let duty = duty.and_then(|running| self.readiness.next_duty(running.role, now));
        let main = self.waits_for_main().then(|| Instant::now() + MAIN_LOOK);
        let push = self.pushing.due();
        let budget = self.held_by(PauseKind::Budget);
        let budget = budget.then(|| Instant::now() + BUDGET_LOOK);
        let still = self.still_at();
        let silent = self.silent_at();
        let snooze = self.telling.begun.again.map(|at| soon(at, now));
        [
            pause_ends,
            look,
            suspect,
            deadline,
            snapshot,
            duty,
            main,
            push,
            budget,
            still,
            silent,
            snooze,
            self.trouble_due(),
            self.herald.due(),
            self.telling.due(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// Roles whose hosts matter for what is to be done now; none when there is nothing to do.
    pub(super) fn wanted_roles(&self) -> Vec<Role> {
        let factory = &self.ledger.factory;
        if self.running.is_some() || self.stopping.is_some() {
            return Vec::new();
        }
        match factory.phase {
            Phase::Idle | Phase::Shipped => {
                if self.work_waits() {
                    vec![Role::Developer, Role::Supervisor]
                } else {
                    Vec::new()
                }
            }
            phase => table::role_of(phase).into_iter().collect(),
        }
    }
}

/// The beginning of a minute of the wall clock.
pub(super) fn minute(now: DateTime<Utc>) -> DateTime<Utc> {
    now.duration_trunc(TimeDelta::minutes(1)).unwrap_or(now)
}

/// When to look whether the next minute of the wall clock has begun.
pub(super) fn next_minute(now: DateTime<Utc>) -> Instant {
    soon(minute(now) + TimeDelta::minutes(1), now)
}

/// When to look whether a time of the wall clock has come: the computer may sleep, or its clock be put, meanwhile.
pub(super) fn soon(then: DateTime<Utc>, now: DateTime<Utc>) -> Instant {
    let left = (then - now).to_std().unwrap_or_default();
    Instant::now() + left.min(WALL_LOOK)
}

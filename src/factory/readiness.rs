//! Which roles can work now: model set, host live, on schedule, not paused; and when to look again.

use super::ports::model::HostStatus;
use super::ports::settings::{ModelRef, Settings};
use crate::domain::factory::Factory;
use crate::domain::phase::Role;
use crate::domain::screen::AgentState;
use chrono::{DateTime, Local, Utc};
use croner::Cron;
use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::Duration;
use tokio::time::Instant;

/// First wait before a silent host is asked again; doubles up to `PROBE_MAX`.
const PROBE_FIRST: Duration = Duration::from_secs(1);
/// Longest wait: an operator who starts a server sees the factory move within this.
const PROBE_MAX: Duration = Duration::from_secs(10);
/// How often an off-schedule role is looked at again (cron works in minutes).
const SCHEDULE_LOOK: Duration = Duration::from_secs(20);

/// What is known of a model on a host.
#[derive(Clone, Debug)]
struct Seen {
    live: bool,
    asked: bool,
    words: String,
    again: Instant,
    wait: Duration,
    probing: bool,
}

/// All roles.
pub struct Readiness {
    models: BTreeMap<Role, ModelRef>,
    external: BTreeMap<Role, bool>,
    schedules: BTreeMap<Role, Cron>,
    seen: BTreeMap<String, Seen>,
}

impl Readiness {
    /// From settings, with the model each role ends up with.
    #[must_use]
    pub fn new(settings: &Settings, models: BTreeMap<Role, ModelRef>) -> Self {
        let mut schedules = BTreeMap::new();
        let mut external = BTreeMap::new();
        for role in Role::ALL {
            let own = settings.role(role);
            external.insert(role, own.external);
            if let Some(cron) = own
                .schedule
                .as_deref()
                .and_then(|text| Cron::from_str(text).ok())
            {
                schedules.insert(role, cron);
            }
        }
        Self {
            models,
            external,
            schedules,
            seen: BTreeMap::new(),
        }
    }

    /// The model a role works with.
    #[must_use]
    pub fn model(&self, role: Role) -> Option<&ModelRef> {
        self.models.get(&role)
    }

    /// Another program takes this role's turns.
    #[must_use]
    pub fn external(&self, role: Role) -> bool {
        self.external.get(&role).copied().unwrap_or(false)
    }

    /// State of a role and the words for it.
    #[must_use]
    pub fn state(&self, role: Role, factory: &Factory, now: DateTime<Utc>) -> (AgentState, String) {
        if self.external(role) {
            return (
                AgentState::External,
                "another program takes its turns".to_owned(),
            );
        }
        let Some(model) = self.model(role) else {
            return match role {
                Role::Supervisor => (
                    AgentState::Operator,
                    "you review: dev-factory decide".to_owned(),
                ),
                _ => (AgentState::Offline, unset(role)),
            };
        };
        if let Some(pause) = factory.pauses.iter().find(|p| p.scope.covers(role)) {
            return (
                AgentState::Paused,
                format!("paused by {}: {}", pause.by, pause.reason),
            );
        }
        if !self.on_schedule(role, now) {
            return (AgentState::OffSchedule, "outside its schedule".to_owned());
        }
        match self.seen.get(&model.to_string()) {
            Some(seen) if seen.live => (AgentState::Ready, seen.words.clone()),
            Some(seen) if seen.asked => (AgentState::Offline, seen.words.clone()),
            Some(seen) => (AgentState::Unasked, seen.words.clone()),
            None => (AgentState::Unasked, "not asked yet".to_owned()),
        }
    }

    /// The role can take a turn now.
    #[must_use]
    pub fn ready(&self, role: Role, factory: &Factory, now: DateTime<Utc>) -> bool {
        matches!(
            self.state(role, factory, now).0,
            AgentState::Ready | AgentState::External
        )
    }

    /// The host of a role has yet to say for the first time whether it is there.
    #[must_use]
    pub fn unasked(&self, role: Role) -> bool {
        !self.external(role)
            && self.model(role).is_some_and(|model| {
                self.seen
                    .get(&model.to_string())
                    .is_none_or(|seen| !seen.asked)
            })
    }

    /// A schedule alone keeps the role from working, so it will go on by itself.
    #[must_use]
    pub fn waits_for_time(&self, role: Role, factory: &Factory, now: DateTime<Utc>) -> bool {
        self.state(role, factory, now).0 == AgentState::OffSchedule
    }

    fn on_schedule(&self, role: Role, now: DateTime<Utc>) -> bool {
        let local = now.with_timezone(&Local);
        self.schedules
            .get(&role)
            .is_none_or(|cron| cron.is_time_matching(&local).unwrap_or(true))
    }

    /// Models to ask now among those of `roles`; marks them as being asked.
    pub fn due(&mut self, roles: &[Role]) -> Vec<ModelRef> {
        let now = Instant::now();
        let mut due: Vec<ModelRef> = Vec::new();
        for model in roles.iter().filter_map(|role| self.models.get(role)) {
            let seen = self.seen.entry(model.to_string()).or_insert(Seen {
                live: false,
                asked: false,
                words: "being asked".to_owned(),
                again: now,
                wait: PROBE_FIRST,
                probing: false,
            });
            if !seen.live && !seen.probing && seen.again <= now {
                seen.probing = true;
                due.push(model.clone());
            }
        }
        due
    }

    /// Takes in what a probe found. True when the state changed.
    pub fn probed(&mut self, model: &ModelRef, status: &HostStatus) -> bool {
        let now = Instant::now();
        let Some(seen) = self.seen.get_mut(&model.to_string()) else {
            return false;
        };
        let changed = !seen.asked || seen.live != status.live || seen.words != status.words;
        seen.live = status.live;
        seen.asked = true;
        seen.words.clone_from(&status.words);
        seen.probing = false;
        if !status.live {
            seen.wait = (seen.wait * 2).min(PROBE_MAX);
        }
        seen.again = now + seen.wait;
        changed
    }

    /// A turn came to its end: the next failure waits the shortest time again. A probe alone proves less than that.
    pub fn worked(&mut self, role: Role) {
        let model = self.models.get(&role).map(ToString::to_string);
        if let Some(seen) = model.and_then(|model| self.seen.get_mut(&model)) {
            seen.wait = PROBE_FIRST;
        }
    }

    /// A turn failed through the host: it counts as away until a probe says otherwise.
    pub fn failed(&mut self, model: &ModelRef, words: String) {
        let seen = self.seen.entry(model.to_string()).or_insert(Seen {
            live: false,
            asked: true,
            words: String::new(),
            again: Instant::now(),
            wait: PROBE_FIRST,
            probing: false,
        });
        seen.live = false;
        // Whether it is gone for good is for the next probe to say.
        seen.asked = false;
        seen.words = words;
        seen.wait = (seen.wait * 2).min(PROBE_MAX);
        seen.again = Instant::now() + seen.wait;
    }

    /// Everything may be asked again at once (command `probe`).
    pub fn forget(&mut self, host: Option<&str>) {
        self.seen
            .retain(|model, _| host.is_some_and(|h| !model.starts_with(&format!("{h}/"))));
    }

    /// When to look again for `roles`; None when nothing is waited for.
    #[must_use]
    pub fn next_look(&self, roles: &[Role], now: DateTime<Utc>) -> Option<Instant> {
        let probes = roles
            .iter()
            .filter_map(|role| self.model(*role))
            .filter_map(|model| self.seen.get(&model.to_string()))
            .filter(|seen| !seen.live && !seen.probing)
            .map(|seen| seen.again);
        let schedule = roles
            .iter()
            .any(|role| !self.on_schedule(*role, now))
            .then(|| Instant::now() + SCHEDULE_LOOK);
        probes.chain(schedule).min()
    }
}

fn unset(role: Role) -> String {
    format!(
        "no model set: start Ollama, or name one under [roles.{role}] in dev-factory/factory.toml"
    )
}

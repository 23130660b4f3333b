//! Which roles can work now, and with which of their models: host live, on schedule, not paused; and when to look again.

use super::due::{jittered, minute, next_minute};
use super::ports::model::{Fault, HostStatus, ModelError, Remedy};
use super::ports::settings::{ModelRef, Settings};
use crate::domain::factory::Factory;
use crate::domain::phase::Role;
use crate::domain::screen::AgentState;
use crate::domain::state::who;
use chrono::{DateTime, Local, Utc};
use croner::Cron;
use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::Duration;
use tokio::time::Instant;

/// First wait before a silent host is asked again, where settings know none; doubles.
const PROBE_FIRST: Duration = Duration::from_secs(1);
/// Longest wait, in first waits: with a second, an operator who starts a server sees the factory move within ten.
const PROBE_MOST: u32 = 10;
/// How long a model that another took over from is left alone, where its probes would not show what is wrong with it; doubles
/// each time until a turn of it comes to its end.
const REST: Duration = Duration::from_secs(600);
/// Longest such rest.
const LONGEST_REST: Duration = Duration::from_secs(3 * 3600);
/// Longest wait, in first waits, for a model that answers questions and fails its turns; jittered by a quarter, so that
/// several factories at one server do not come back together.
const TURN_MOST: u32 = 300;

/// What is said of a role that is off duty.
pub(super) const OFF_SCHEDULE: &str = "outside its schedule";

/// What is known of a model on a host.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) live: bool,
    pub(super) asked: bool,
    pub(super) words: String,
    again: Instant,
    wait: Duration,
    /// The wait after its next failed turn.
    back: Duration,
    /// Its next rest.
    rest: Duration,
    /// Its last turn failed although it may answer questions: only a chat shows that it is well again.
    sick: Option<Fault>,
    /// It refused our key.
    refused: bool,
    probing: bool,
}

impl Seen {
    fn new(live: bool, asked: bool, wait: Duration) -> Self {
        Self {
            live,
            asked,
            words: "being asked".to_owned(),
            again: Instant::now(),
            wait,
            back: wait * 2,
            rest: REST,
            sick: None,
            refused: false,
            probing: false,
        }
    }
}

/// All roles.
pub struct Readiness {
    models: BTreeMap<Role, Vec<ModelRef>>,
    external: BTreeMap<Role, bool>,
    schedules: BTreeMap<Role, Cron>,
    pub(super) seen: BTreeMap<String, Seen>,
    /// First wait of each host.
    firsts: BTreeMap<String, Duration>,
}

impl Readiness {
    /// From settings, with the models each role ends up with, first choice first.
    #[must_use]
    pub fn new(settings: &Settings, models: BTreeMap<Role, Vec<ModelRef>>) -> Self {
        let mut schedules = BTreeMap::new();
        let mut external = BTreeMap::new();
        for role in Role::ALL {
            let own = settings.role(role);
            external.insert(role, own.external);
            // Another program keeps its own hours, and what it has claimed is measured whenever it comes.
            let schedule = own.schedule.as_deref().filter(|_| !own.external);
            if let Some(cron) = schedule.and_then(|text| Cron::from_str(text).ok()) {
                schedules.insert(role, cron);
            }
        }
        Self {
            models,
            external,
            schedules,
            seen: BTreeMap::new(),
            firsts: settings
                .hosts
                .iter()
                .map(|(name, host)| (name.clone(), host.retry))
                .collect(),
        }
    }

    fn first(&self, host: &str) -> Duration {
        self.firsts.get(host).copied().unwrap_or(PROBE_FIRST)
    }

    /// The models a role may work with, first choice first.
    #[must_use]
    pub fn candidates(&self, role: Role) -> &[ModelRef] {
        self.models.get(&role).map_or(&[], Vec::as_slice)
    }

    /// The model a role works with: the first that is live, else its first choice.
    #[must_use]
    pub fn model(&self, role: Role) -> Option<&ModelRef> {
        let all = self.candidates(role);
        all.iter().find(|model| self.live(model)).or(all.first())
    }

    fn live(&self, model: &ModelRef) -> bool {
        self.seen
            .get(&model.to_string())
            .is_some_and(|seen| seen.live)
    }

    fn asked(&self, model: &ModelRef) -> bool {
        let seen = self.seen.get(&model.to_string());
        seen.is_some_and(|seen| seen.asked)
    }

    /// What the first choice lacks while another works in its place.
    fn in_place_of(&self, role: Role, model: &ModelRef) -> String {
        let first = self
            .candidates(role)
            .first()
            .filter(|first| *first != model);
        let seen = first.and_then(|first| Some((first, self.seen.get(&first.to_string())?)));
        seen.map_or_else(String::new, |(first, seen)| {
            format!("; in place of {first}: {}", seen.words)
        })
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
                format!("paused by {}: {}", who(&pause.by), pause.reason),
            );
        }
        if !self.on_schedule(role, now) {
            return (AgentState::OffSchedule, OFF_SCHEDULE.to_owned());
        }
        match self.seen.get(&model.to_string()) {
            Some(seen) if seen.live => (
                AgentState::Ready,
                format!("{}{}", seen.words, self.in_place_of(role, model)),
            ),
            Some(seen) if !self.unasked(role) => (AgentState::Offline, seen.words.clone()),
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

    /// None of a role's hosts is live and one of them has yet to say for the first time whether it is there.
    #[must_use]
    pub fn unasked(&self, role: Role) -> bool {
        let all = self.candidates(role);
        !self.external(role)
            && !all.iter().any(|model| self.live(model))
            && all.iter().any(|model| !self.asked(model))
    }

    /// A schedule alone keeps the role from working, so it will go on by itself.
    #[must_use]
    pub fn waits_for_time(&self, role: Role, factory: &Factory, now: DateTime<Utc>) -> bool {
        self.state(role, factory, now).0 == AgentState::OffSchedule
    }

    /// A role may work in this minute.
    pub(super) fn on_schedule(&self, role: Role, now: DateTime<Utc>) -> bool {
        // Cron takes five fields for the first second of each minute they name.
        let local = minute(now).with_timezone(&Local);
        self.schedules
            .get(&role)
            .is_none_or(|cron| cron.is_time_matching(&local).unwrap_or(true))
    }

    /// When the schedule of a role may say something else; None: it has none.
    pub(super) fn next_duty(&self, role: Role, now: DateTime<Utc>) -> Option<Instant> {
        self.schedules.get(&role).map(|_| next_minute(now))
    }

    /// The choices of a role up to the first that has not said it is away.
    fn to_ask(&self, role: Role) -> &[ModelRef] {
        let all = self.candidates(role);
        let away = |model: &&ModelRef| self.asked(model) && !self.live(model);
        let count = all.iter().take_while(away).count();
        all.get(..=count).unwrap_or(all)
    }

    /// Models to ask now among those of `roles`; marks them as being asked. Another choice is asked only once those before it
    /// have said that they are not there.
    pub fn due(&mut self, roles: &[Role]) -> Vec<ModelRef> {
        let now = Instant::now();
        let wanted = roles.iter().flat_map(|role| self.to_ask(*role));
        let mut due: Vec<ModelRef> = wanted.cloned().collect();
        due.retain(|model| {
            let first = self.firsts.get(&model.host).copied();
            let unasked = Seen::new(false, false, first.unwrap_or(PROBE_FIRST));
            let seen = self.seen.entry(model.to_string()).or_insert(unasked);
            let ask = !seen.live && !seen.probing && seen.again <= now;
            seen.probing |= ask;
            ask
        });
        due
    }

    /// Takes in what a probe found. True when the state changed.
    pub fn probed(&mut self, model: &ModelRef, status: &HostStatus) -> bool {
        let now = Instant::now();
        let most = self.first(&model.host) * PROBE_MOST;
        let Some(seen) = self.seen.get_mut(&model.to_string()) else {
            return false;
        };
        let changed = !seen.asked || seen.live != status.live || seen.words != status.words;
        seen.live = status.live;
        seen.sick = seen.sick.filter(|_| !status.live);
        seen.asked = true;
        seen.refused = status.fault == Some(Fault::Refused);
        seen.words.clone_from(&status.words);
        seen.probing = false;
        if !status.live {
            seen.wait = (seen.wait * 2).min(most);
        }
        seen.again = now + seen.wait;
        changed
    }

    /// A turn came to its end: the next failure waits the shortest time again. A probe alone proves less than that.
    pub fn worked(&mut self, role: Role) {
        let Some(model) = self.model(role).cloned() else {
            return;
        };
        let first = self.first(&model.host);
        if let Some(seen) = self.seen.get_mut(&model.to_string()) {
            seen.wait = first;
            seen.back = first * 2;
            seen.rest = REST;
        }
    }

    /// A turn failed through the host: it counts as away until a probe says otherwise. Where another model can take over, one
    /// with a fault that probes do not see rests for a while.
    pub fn failed(&mut self, model: &ModelRef, words: String, error: &ModelError) {
        let others = self
            .models
            .values()
            .any(|all| all.len() > 1 && all.contains(model));
        let first = self.first(&model.host);
        let most = first * PROBE_MOST;
        let asked = Seen::new(false, true, first);
        let seen = self.seen.entry(model.to_string()).or_insert(asked);
        seen.live = false;
        seen.refused = error.fault == Fault::Refused;
        let silent =
            |fault: &Fault| matches!(fault, Fault::Hung | Fault::Unreachable | Fault::Lost);
        seen.sick = Some(error.fault).filter(silent);
        // Whether it is gone for good is for the next probe to say, unless another takes over meanwhile.
        seen.asked = others;
        seen.words = words;
        seen.wait = (seen.wait * 2).min(most);
        let rest = match error.retry_after {
            Some(seconds) => Duration::from_secs(seconds),
            None if others && error.remedy() != Remedy::Wait => {
                let rest = seen.rest;
                seen.rest = (rest * 2).min(LONGEST_REST);
                rest
            }
            None => {
                let back = seen.back;
                seen.back = (back * 2).min(first * TURN_MOST);
                jittered(back)
            }
        };
        seen.again = Instant::now() + rest.max(seen.wait);
    }

    /// Whether an answer to a question does not show that the model is well.
    #[must_use]
    pub fn sick(&self, model: &ModelRef) -> bool {
        let seen = self.seen.get(&model.to_string());
        seen.is_some_and(|seen| seen.sick.is_some())
    }

    /// The host of a model refused our key when it was last asked.
    #[must_use]
    pub fn refused(&self, model: &ModelRef) -> bool {
        let seen = self.seen.get(&model.to_string());
        seen.is_some_and(|seen| seen.refused)
    }

    /// The model of a role has hung and has not spoken since.
    #[must_use]
    pub fn hangs(&self, role: Role) -> bool {
        let model = self.model(role).map(ToString::to_string);
        let seen = model.and_then(|model| self.seen.get(&model));
        seen.is_some_and(|seen| seen.sick == Some(Fault::Hung))
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
            .flat_map(|role| self.to_ask(*role))
            .filter_map(|model| self.seen.get(&model.to_string()))
            .filter(|seen| !seen.live && !seen.probing)
            .map(|seen| seen.again);
        let off = roles.iter().filter(|role| !self.on_schedule(**role, now));
        let duty = off.filter_map(|role| self.next_duty(*role, now));
        probes.chain(duty).min()
    }
}

pub(super) fn unset(role: Role) -> String {
    format!(
        "no model set: start Ollama, or name one under [roles.{role}] in dev-factory/factory.toml"
    )
}

#[cfg(test)]
mod tests;

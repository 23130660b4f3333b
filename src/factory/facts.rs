//! What screens show of roles and hosts beyond their state: put together from settings, souls, the fold and the hosts.

use super::driver::Driver;
use super::ports::settings::ModelRef;
use crate::domain::budget;
use crate::domain::event::Unit;
use crate::domain::phase::Role;
use crate::domain::screen::{KeyFacts, RoleFacts, ServerFacts, SoulFacts, TurnLine};
use crate::domain::stats::Spread;
use crate::text::sanitise::one_line;
use chrono::{DateTime, Utc};

/// Turns of a role that are shown.
const TURNS: usize = 6;
/// Characters of what a host says of itself.
const WORDS: usize = 200;

impl Driver {
    /// What is worth knowing of a role.
    pub(super) fn role_facts(&self, role: Role, now: DateTime<Utc>) -> RoleFacts {
        let factory = &self.ledger.factory;
        let own = self.settings.role(role);
        let model = self.readiness.model(role);
        let speed = model.and_then(|model| factory.speeds.get(&model.to_string()));
        let turns = factory.lately.turns(role);
        let key = model.and_then(|model| self.settings.hosts.get(&model.host)?.key_facts.clone());
        RoleFacts {
            key: key.map(|key| KeyFacts {
                read: Some(self.settings_at),
                ..key
            }),
            soul: Some(self.soul_facts(role)),
            external: self.readiness.external(role),
            schedule: own.schedule.clone(),
            fallback: own.fallback.iter().map(ToString::to_string).collect(),
            usual_speed: speed.map(|tenths| f64::from(*tenths) / 10.0),
            day: factory.lately.day(role, now),
            limits: budget::role(factory, role, now)
                .iter()
                .map(|limit| match limit.unit {
                    Unit::Usd => format!("${:.2} in 24 h", limit.limit),
                    Unit::Tokens => format!("{:.0} tokens in 24 h", limit.limit),
                    Unit::Minutes => format!("{:.0} minutes in 24 h", limit.limit),
                })
                .collect(),
            health: model.map_or_else(String::new, |m| factory.lately.health(&m.host, now)),
            turns: turns
                .get(turns.len().saturating_sub(TURNS)..)
                .unwrap_or_default()
                .to_vec(),
        }
    }

    fn soul_facts(&self, role: Role) -> SoulFacts {
        let [developer, qa, supervisor] = &self.souls;
        let soul = match role {
            Role::Developer => developer,
            Role::Qa => qa,
            Role::Supervisor => supervisor,
        };
        let file = format!("{}.md", role.name());
        SoulFacts {
            hash: soul.hash.clone(),
            since: self.soul_since.get(&role).copied(),
            file,
        }
    }

    /// The hosts the roles may work with, and how they do.
    pub(super) fn servers(&self, now: DateTime<Utc>) -> Vec<ServerFacts> {
        let mut models: Vec<&ModelRef> = Vec::new();
        let roles = Role::ALL.into_iter();
        for model in roles.flat_map(|role| self.readiness.candidates(role)) {
            if !models.iter().any(|known| known.host == model.host) {
                models.push(model);
            }
        }
        models.into_iter().map(|m| self.server(m, now)).collect()
    }

    fn server(&self, model: &ModelRef, now: DateTime<Utc>) -> ServerFacts {
        let lately = &self.ledger.factory.lately;
        let host = &model.host;
        let (up, words) = self.host(host);
        let known = self.tools.models.known(host);
        let lines = self.tools.models.lines();
        let line = lines.iter().find(|line| line.hosts.contains(host));
        let turns = Role::ALL.into_iter().flat_map(|role| lately.turns(role));
        let first: Vec<f64> = turns
            .filter(|turn| turn.ok && turn.host == *host)
            .filter_map(TurnLine::first_token)
            .map(|millis| millis as f64)
            .collect();
        ServerFacts {
            host: host.clone(),
            kind: self
                .settings
                .hosts
                .get(host)
                .map_or_else(String::new, |host| host.kind.word().to_owned()),
            up,
            refused: up == Some(false) && self.readiness.refused(model),
            words: one_line(&self.tools.redactor.clean(&words), WORDS),
            model: match known.model.as_str() {
                "" => model.model.clone(),
                name => name.to_owned(),
            },
            context: u64::from(self.tools.models.context(host, &model.model)),
            first: Spread::of(first).map(|all| all.median as u64),
            queue: line.map_or(0, |line| line.waiting.len() as u64),
            away: lately.away.of(host).last().cloned(),
            health: lately.health(host, now),
            ..known
        }
    }

    /// Whether any model of a host is live, with what was said of it last; None = not asked yet.
    fn host(&self, host: &str) -> (Option<bool>, String) {
        let all = self.readiness.seen.iter();
        let own = all.filter(|(model, _)| model.split('/').next() == Some(host));
        let asked = own.map(|(_, seen)| seen).filter(|seen| seen.asked);
        let best = asked.max_by_key(|seen| seen.live);
        let told = best.map(|seen| (Some(seen.live), seen.words.clone()));
        told.unwrap_or_default()
    }

    /// Looks when the souls in force were written.
    pub(super) fn date_souls(&mut self) {
        for role in Role::ALL {
            let file = format!("souls/{}.md", role.name());
            match self.tools.files.changed(&self.tools.home.join(file)) {
                Some(at) => self.soul_since.insert(role, at),
                None => self.soul_since.remove(&role),
            };
        }
    }
}

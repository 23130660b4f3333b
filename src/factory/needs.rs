//! What waits for a person, most urgent first, with the ways out that keys, command line and hands have.

mod items;

use super::driver::Driver;
use super::ports::settings::ModelRef;
use crate::domain::budget::{self, Use};
use crate::domain::command::{Decision, Verb};
use crate::domain::condition::Condition;
use crate::domain::factory::ToolFacts;
use crate::domain::item::{Item, ItemStatus};
use crate::domain::phase::Role;
use crate::domain::screen::{Act, AgentState, Need, Way};
use crate::domain::state::{Pause, PauseKind, Scope, who};
use chrono::{DateTime, Utc};
use items::decide;
use std::collections::BTreeMap;

/// Characters of a reason that are shown where all that waits is listed; the item has the whole.
const REASON: usize = 400;

/// What is remembered of what waits.
#[derive(Default)]
pub struct Begun {
    /// When it was first met, by id.
    since: BTreeMap<String, DateTime<Utc>>,
    /// The next time people are called again for something they snoozed.
    pub again: Option<DateTime<Utc>>,
}

impl Begun {
    /// What an earlier engine knew of.
    pub fn known<'a>(&mut self, all: impl Iterator<Item = (&'a String, DateTime<Utc>)>) {
        let all = all.map(|(id, since)| (id.clone(), since));
        self.since.extend(all);
    }

    /// Each keeps the time at which it was first met, for as long as it waits.
    fn date(&mut self, needs: &mut [Need]) {
        let before = std::mem::take(&mut self.since);
        for need in needs.iter_mut() {
            // An event says it better.
            let known = before.get(&need.id).filter(|_| need.seq.is_none());
            need.since = known.copied().unwrap_or(need.since);
            self.since.insert(need.id.clone(), need.since);
        }
        self.again = needs.iter().filter_map(|need| need.quiet).min();
    }
}

impl Driver {
    /// What only a person can do, most urgent first; what was snoozed comes last.
    pub(super) fn needs(&mut self, now: DateTime<Utc>) -> Vec<Need> {
        let mut needs = self.waiting(now);
        let snoozed = &self.ledger.factory.snoozed;
        for need in &mut needs {
            let until = snoozed.get(&need.id).copied();
            need.quiet = until.filter(|until| *until > now);
        }
        needs.sort_by_key(|need| need.quiet.is_some());
        self.telling.begun.date(&mut needs);
        needs
    }

    /// A snooze is over: people are to be called again.
    pub(super) fn snooze_over(&mut self, now: DateTime<Utc>) -> bool {
        let again = &mut self.telling.begun.again;
        again.take_if(|at| *at <= now).is_some()
    }

    fn waiting(&self, now: DateTime<Utc>) -> Vec<Need> {
        let factory = &self.ledger.factory;
        // A host is tried again by itself, but a person may know why it fails.
        let told = |pause: &&Pause| pause.until.is_none() || pause.kind == PauseKind::Host;
        let lasting = factory.pauses.iter().filter(told);
        let mut needs: Vec<Need> = lasting.map(|pause| self.pause_need(pause, now)).collect();
        needs.extend(self.conditions_shown().iter().filter_map(Condition::need));
        let files = self.problems.iter().chain(&self.bad_wishlist);
        needs.extend(files.map(|problem| file_need(problem, now)));
        needs.extend(self.push_need(now));
        needs.extend(self.untold());
        needs.extend(self.host_needs(now));
        needs.extend(self.reviewer_need(now));
        needs.extend(self.silent_role(now));
        let items = factory.items.iter();
        needs.extend(items.filter_map(|item| self.item_need(item, now)));
        needs
    }

    /// What an item waits for; a decision made waits for nobody but main.
    fn item_need(&self, item: &Item, now: DateTime<Utc>) -> Option<Need> {
        let factory = &self.ledger.factory;
        let none = ToolFacts::default();
        let facts = factory.facts(&item.name).unwrap_or(&none);
        let need = match item.status {
            ItemStatus::InReview if facts.decision.is_some() => {
                let need = self.main_blocked.then(|| items::main_need(item))?;
                return Some(Need { since: now, ..need });
            }
            ItemStatus::InReview => items::review_need(item, facts.last_run.is_some()),
            ItemStatus::NeedsHuman => items::parked_need(item, facts.parked_by),
            _ => return None,
        };
        let (seq, since) = facts.stands.unzip();
        Some(Need {
            seq,
            since: since.unwrap_or(now),
            ..need
        })
    }

    /// Hosts the next step waits for.
    fn host_needs(&self, now: DateTime<Utc>) -> Vec<Need> {
        self.wanted_roles()
            .into_iter()
            .filter(|role| *role != Role::Supervisor)
            .filter_map(|role| {
                let (state, words) = self.readiness.state(role, &self.ledger.factory, now);
                // One that hangs may take as long to say whether it is well.
                let waits = state == AgentState::Offline || self.readiness.hangs(role);
                waits.then(|| self.host_need(role, words, true, now))
            })
            .collect()
    }

    /// The Supervisor cannot review, and something waits for it.
    fn reviewer_need(&self, now: DateTime<Utc>) -> Option<Need> {
        let factory = &self.ledger.factory;
        let (state, words) = self.readiness.state(Role::Supervisor, factory, now);
        let undecided = |item: &&Item| {
            let facts = factory.facts(&item.name);
            item.status == ItemStatus::InReview && facts.is_none_or(|f| f.decision.is_none())
        };
        let waiting: Vec<&Item> = factory.items.iter().filter(undecided).collect();
        let first = waiting.first().filter(|_| state == AgentState::Offline)?;
        let mut need = self.host_need(Role::Supervisor, words, false, now);
        need.waiting = format!(
            "costs nothing: other roles go on, {} on the shelf",
            match waiting.len() {
                1 => format!("{} is safe", first.name),
                count => format!("{count} tools are safe"),
            }
        );
        if let Some(item) = waiting.iter().find(|item| item.escalation.is_none()) {
            let ship = Way::send(
                decide(Decision::Ship, &item.name),
                "give the verdict yourself: ship",
                format!("{}: merged and tagged", item.name),
            );
            need.ways.insert(2.min(need.ways.len()), ship);
        }
        Some(need)
    }

    /// The host of a role is away: what may be wrong with it, and what mends that.
    fn host_need(&self, role: Role, why: String, blocking: bool, now: DateTime<Utc>) -> Need {
        let model = self.readiness.model(role);
        let lately = &self.ledger.factory.lately;
        let away = model.and_then(|model| lately.away.of(&model.host).last());
        let away = away.filter(|away| away.to.is_none());
        let host = model.map(|model| model.host.clone());
        let probe = Way::send(Verb::Probe { host }, "try now", "1 question, costs nothing");
        let other = Way::hands(format!(
            "name another model under [roles.{role}] in dev-factory/factory.toml"
        ));
        let ways = match model.and_then(|model| self.mends(model)) {
            Some([mend, address]) => vec![mend, probe, address, other],
            None => vec![probe, other],
        };
        Need {
            id: format!("host:{role}"),
            title: match role {
                Role::Developer => "Developer cannot work",
                Role::Qa => "QA cannot work",
                Role::Supervisor => "Supervisor cannot review",
            }
            .to_owned(),
            why,
            ways,
            since: away.map_or(now, |away| away.from),
            blocking,
            ..Need::default()
        }
    }

    /// What can be wrong with the host of a model: its server or its key, and its address.
    fn mends(&self, model: &ModelRef) -> Option<[Way; 2]> {
        let host = self.settings.hosts.get(&model.host)?;
        if host.url.is_empty() {
            return None;
        }
        let address = Way {
            label: format!("{} has a new address", model.host),
            effect: format!("now {}", host.url),
            act: Act::Address {
                host: model.host.clone(),
                url: host.url.clone(),
            },
        };
        let mend = match (self.readiness.refused(model), &host.key_facts) {
            (false, _) => Way::hands("start the model server; the engine goes on by itself"),
            (true, None) => Way::hands("give the host a key under [keys] in your own settings"),
            (true, Some(key)) => Way {
                effect: "it is read again at once".to_owned(),
                ..Way::hands(format!("put a working key into {}", key.place))
            },
        };
        Some([mend, address])
    }

    /// What holds work until a person has seen to it.
    fn pause_need(&self, pause: &Pause, now: DateTime<Utc>) -> Need {
        let over = pause.scope.role().and_then(|role| {
            let limits = &self.settings.limits;
            budget::over_role(&self.ledger.factory, limits, role, self.pays(role), now)
        });
        pause_need(pause, over.as_ref())
    }
}

fn pause_need(pause: &Pause, over: Option<&Use>) -> Need {
    let lift = |label: &str, effect: &str| {
        let verb = Verb::Resume {
            target: Some(pause.id.clone()),
            reason: None,
        };
        Way::send(verb, label, effect)
    };
    let ways = match pause.kind {
        // The limit that is used up may be the factory's.
        PauseKind::Budget => vec![Way::limit(
            over.map_or(pause.scope.name(), |over| &over.scope),
            over.map(|over| over.unit),
            "raise the limit as named, or wait",
            "asks for the amount",
        )],
        PauseKind::Start => vec![lift("let the factory go", "it begins to build")],
        PauseKind::Operator => vec![lift("resume", "work goes on")],
        PauseKind::Incident | PauseKind::Host | PauseKind::Edits => {
            vec![lift("go on after all", "once what it names is mended")]
        }
    };
    let (kind, by, reason) = (pause_word(pause.kind), who(&pause.by), &pause.reason);
    Need {
        id: format!("pause:{}", pause.id),
        title: format!("{kind} by {by}"),
        why: reason.clone(),
        ways,
        since: pause.since,
        // The lane goes on without a reviewer.
        blocking: pause.scope != Scope::Supervisor,
        waiting: match pause.scope {
            Scope::Factory => "",
            Scope::Developer | Scope::Qa => "other roles go on until it is that role's turn",
            Scope::Supervisor => {
                "costs nothing: other roles go on, finished tools wait on the shelf"
            }
        }
        .to_owned(),
        ..Need::default()
    }
}

fn file_need(problem: &str, since: DateTime<Utc>) -> Need {
    Need {
        // Told apart by what they say.
        id: format!("files:{:08x}", crc32fast::hash(problem.as_bytes())),
        why: problem.to_owned(),
        waiting: "costs nothing: what was read last stays in force".to_owned(),
        ways: vec![Way::hands(
            "mend the file; it is read again when it changes",
        )],
        since,
        ..Need::default()
    }
}

fn pause_word(kind: PauseKind) -> &'static str {
    match kind {
        PauseKind::Operator => "paused",
        PauseKind::Start => "not let go yet",
        PauseKind::Budget => "limit reached",
        PauseKind::Incident => "incident",
        PauseKind::Host => "host at fault",
        PauseKind::Edits => "foreign edits",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::condition::Trouble;

    #[test]
    fn only_a_pause_of_the_whole_factory_makes_it_stand_still() {
        let need = |scope| {
            let pause = Pause {
                id: "pause-1".to_owned(),
                kind: PauseKind::Budget,
                by: "engine".to_owned(),
                scope,
                reason: "used up".to_owned(),
                since: DateTime::UNIX_EPOCH,
                until: None,
            };
            let need = pause_need(&pause, None);
            (need.blocking, need.waiting)
        };
        // What waits without words of its own is said to stand still.
        assert_eq!(need(Scope::Factory), (true, String::new()));
        for scope in [Scope::Developer, Scope::Qa] {
            let (blocking, waiting) = need(scope);
            assert!(
                blocking && waiting.starts_with("other roles go on until"),
                "{waiting}"
            );
        }
        let (blocking, waiting) = need(Scope::Supervisor);
        assert!(
            !blocking && waiting.starts_with("costs nothing"),
            "{waiting}"
        );
    }

    #[test]
    fn the_guide_has_every_entry() {
        let guide = include_str!("../../docs/guide/needs-you.md");
        let kinds = [
            PauseKind::Operator,
            PauseKind::Start,
            PauseKind::Budget,
            PauseKind::Incident,
            PauseKind::Host,
            PauseKind::Edits,
        ];
        for kind in kinds {
            let row = format!("| `pause:ID` | {}", pause_word(kind));
            assert!(guide.contains(&row), "{row}");
        }
        for name in [
            Trouble::DiskFull,
            Trouble::ReadOnly,
            Trouble::NoPermission,
            Trouble::FolderGone,
        ] {
            assert!(name.needs_hands() && guide.contains(name.name()), "{name}");
        }
        for id in [
            "review:", "park:", "main:", "host:", "silent:", "files:", "push", "notify:",
        ] {
            assert!(guide.contains(&format!("| `{id}")), "{id}");
        }
        let item = serde_json::json!({"idea": "", "name": "", "status": "wanted", "addedAt": "2026-01-02T03:04:05Z"});
        let item: Item = serde_json::from_value(item).unwrap();
        for need in [items::main_need(&item), items::parked_need(&item, None)] {
            assert!(
                guide.contains(&format!("NAME{}", need.title)),
                "{}",
                need.title
            );
        }
    }
}

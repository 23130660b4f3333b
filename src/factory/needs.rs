//! What waits for a person, most urgent first, with the ways out that keys, command line and hands have.

use super::driver::Driver;
use super::ports::settings::ModelRef;
use crate::agents::triage;
use crate::domain::budget::{self, Use};
use crate::domain::command::{Decision, Verb};
use crate::domain::condition::Condition;
use crate::domain::event::Unit;
use crate::domain::factory::ToolFacts;
use crate::domain::item::{Item, ItemStatus};
use crate::domain::phase::{Phase, Role};
use crate::domain::screen::{Act, AgentState, Need, Way};
use crate::domain::state::{Escalation, Pause, PauseKind};
use crate::domain::stuck;
use crate::text::sanitise::one_line;
use chrono::{DateTime, Utc};

/// Characters of a reason that are shown where all that waits is listed; the item has the whole.
const REASON: usize = 400;

impl Driver {
    /// What only a person can do, most urgent first.
    pub(super) fn needs(&self, now: DateTime<Utc>) -> Vec<Need> {
        let factory = &self.ledger.factory;
        let lasting = factory.pauses.iter().filter(|pause| pause.until.is_none());
        let mut needs: Vec<Need> = lasting.map(|pause| self.pause_need(pause, now)).collect();
        needs.extend(self.conditions_shown().iter().filter_map(Condition::need));
        let files = self.problems.iter().chain(&self.bad_wishlist);
        needs.extend(files.map(|problem| file_need(problem, factory.last_update)));
        needs.extend(self.push_need());
        needs.extend(self.untold());
        needs.extend(self.host_needs(now));
        needs.extend(self.reviewer_need(now));
        needs.extend(self.silent_role(now));
        needs.extend(factory.items.iter().filter_map(|item| self.item_need(item)));
        needs.retain(|need| {
            factory
                .snoozed
                .get(&need.id)
                .is_none_or(|until| *until <= now)
        });
        needs
    }

    /// What an item waits for; a decision made waits for nobody but main.
    fn item_need(&self, item: &Item) -> Option<Need> {
        let factory = &self.ledger.factory;
        let none = ToolFacts::default();
        let facts = factory.facts(&item.name).unwrap_or(&none);
        let since = factory.last_update;
        match item.status {
            ItemStatus::InReview if facts.decision.is_some() => {
                self.main_blocked.then(|| main_need(item, since))
            }
            ItemStatus::InReview => Some(review_need(item, facts.last_run.is_some(), since)),
            ItemStatus::NeedsHuman => Some(parked_need(item, facts.parked_by, since)),
            _ => None,
        }
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
                waits.then(|| self.host_need(role, &words, true))
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
        let mut need = self.host_need(Role::Supervisor, &words, false);
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
    fn host_need(&self, role: Role, words: &str, blocking: bool) -> Need {
        let model = self.readiness.model(role);
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
            why: format!("the {role} cannot work: {words}"),
            waiting: String::new(),
            ways,
            since: self.ledger.factory.last_update,
            blocking,
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

fn decide(decision: Decision, tool: &str) -> Verb {
    Verb::Decide {
        item: Some(tool.to_owned()),
        decision,
        text: None,
        case: None,
        file: None,
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
    let (kind, by, reason) = (pause_word(pause.kind), &pause.by, &pause.reason);
    Need {
        id: format!("pause:{}", pause.id),
        why: format!("{kind} by {by}: {reason}"),
        waiting: String::new(),
        ways,
        since: pause.since,
        blocking: true,
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
        blocking: false,
    }
}

/// A decision that main keeps from taking effect.
fn main_need(item: &Item, since: DateTime<Utc>) -> Need {
    let reason = item.reason.clone().unwrap_or_default();
    Need {
        id: format!("main:{}", item.name),
        why: format!(
            "{} is to ship as soon as main is ready: {reason}",
            item.name
        ),
        waiting: String::new(),
        ways: vec![Way::hands(
            "git checkout main, with nothing staged; it ships by itself then",
        )],
        since,
        blocking: false,
    }
}

/// A tool on the shelf, finished or escalated.
fn review_need(item: &Item, measured: bool, since: DateTime<Utc>) -> Need {
    let reason = one_line(item.reason.as_deref().unwrap_or_default(), REASON);
    let name = &item.name;
    let (why, ways) = match &item.escalation {
        Some(escalation) => (
            format!("{name} is stuck, {}; {reason}", escalation.reason),
            stuck_ways(name, escalation, measured),
        ),
        None => (
            format!("{name} waits for a verdict: {reason}"),
            vec![
                Way::send(
                    decide(Decision::Ship, name),
                    "ship it",
                    "merged into main and tagged",
                ),
                Way::send(
                    decide(Decision::SendBack, name),
                    "send it back",
                    "your words become a bug, one more cycle",
                ),
            ],
        ),
    };
    Need {
        id: format!("review:{name}"),
        why,
        waiting: format!("costs nothing: {name} is safe on the shelf"),
        ways,
        since,
        blocking: false,
    }
}

fn stuck_ways(name: &str, escalation: &Escalation, measured: bool) -> Vec<Way> {
    let back = escalation.from;
    let mut ways = vec![
        Way::send(
            decide(Decision::Hint, name),
            "give a hint",
            format!("{back} goes on with your words"),
        ),
        Way::send(
            decide(Decision::Respec, name),
            "have its spec written anew",
            "starts from spec",
        ),
    ];
    if measured {
        ways.push(Way::send(
            decide(Decision::TestDefect, name),
            "a test is wrong",
            "the case you name is struck",
        ));
    }
    let rule = escalation.reason.split(':').next();
    let rule = rule.filter(|rule| stuck::unanswerable(rule).is_none());
    ways.extend(rule.map(|rule| {
        let verb = Verb::NotStuck {
            rule: rule.to_owned(),
            item: Some(name.to_owned()),
        };
        let effect = format!("{rule} is off for it, {back} goes on");
        Way::send(verb, "it is not stuck", effect)
    }));
    ways
}

fn parked_need(item: &Item, by: Option<Unit>, since: DateTime<Utc>) -> Need {
    let whole = item.reason.clone().unwrap_or_default();
    let name = &item.name;
    let mut ways = parked_ways(item, &whole);
    if let Some(unit) = by {
        let raise = Way::limit(name, Some(unit), "raise its limit", "it goes on then");
        ways.insert(0, raise);
    }
    Need {
        id: format!("park:{name}"),
        why: format!("{name} is parked: {}", one_line(&whole, REASON)),
        waiting: "costs nothing: its branch is kept".to_owned(),
        ways,
        since,
        blocking: false,
    }
}

/// What to do about a parked item: split it where that was proposed, go on with it, or drop it.
fn parked_ways(item: &Item, reason: &str) -> Vec<Way> {
    let name = || item.name.clone();
    let parts = triage::parts(reason);
    let mut ways: Vec<Way> = parts
        .iter()
        .map(|part| {
            let verb = Verb::Add {
                idea: (*part).to_owned(),
                priority: None,
                name: None,
            };
            Way::send(verb, "add a part as an idea of its own", *part)
        })
        .collect();
    let at = item.phase.unwrap_or(Phase::Spec);
    ways.push(Way::send(
        Verb::Unpark {
            item: name(),
            reason: None,
            priority: None,
        },
        "take it up again",
        format!("goes on in {at}"),
    ));
    if parts.is_empty() {
        ways.push(Way::send(
            Verb::Requeue {
                item: Some(name()),
                fresh: true,
                reason: None,
                priority: None,
            },
            "start it afresh",
            "from spec, the old branch kept",
        ));
    }
    ways.push(Way::send(
        Verb::Drop {
            item: name(),
            reason: None,
        },
        "give it up",
        "its branch stays",
    ));
    ways
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

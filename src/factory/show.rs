//! The snapshot screens read: what goes on, what it cost, what waits for a person.

use super::driver::Driver;
use crate::agents::triage;
use crate::domain::budget;
use crate::domain::event::Unit;
use crate::domain::item::{Item, ItemStatus};
use crate::domain::phase::{Phase, Role};
use crate::domain::screen::{AgentState, AgentStatus, BugLine, Need, Snapshot, ToolLimits};
use crate::domain::state::PauseKind;
use crate::domain::stuck::{self, Means, Rung};
use chrono::{DateTime, Utc};

impl Driver {
    /// Everything a front-end may show, now.
    pub(super) fn snapshot(&self) -> Snapshot {
        let now = self.tools.clock.now();
        let factory = &self.ledger.factory;
        let limits = &self.settings.limits;
        let used = factory
            .current_facts()
            .map(|facts| facts.used())
            .unwrap_or_default();
        let day = budget::factory(factory, limits, now)
            .into_iter()
            .find(|u| u.unit == Unit::Usd);
        Snapshot {
            engine: self.engine.clone(),
            seq: factory.seq,
            at: now,
            phase: factory.phase,
            current_tool: factory.current_tool.clone(),
            cycle_count: factory.cycle_count,
            started_at: factory.started_at,
            last_update: factory.last_update,
            attempt: factory.attempt.clone(),
            escalation: factory.escalation.clone(),
            pauses: factory.pauses.clone(),
            pausing: self
                .running
                .as_ref()
                .is_some_and(|r| !r.resting && self.held(r.role)),
            stopped: factory.stopped.clone(),
            doing: self.doing_words(now),
            agents: Role::ALL
                .iter()
                .map(|role| self.agent_status(*role, now))
                .collect(),
            hosts: self.tools.models.lines(),
            queue: queue(&factory.items),
            needs: self.needs(now),
            runs: self.ledger.runs.clone(),
            measured: self.ledger.measured.clone(),
            measuring: self.ledger.measuring(),
            bugs: self.ledger.bugs.clone(),
            stuck: self.stuck_words(),
            next: self.next_words(),
            moves: self.ledger.moves.iter().cloned().collect(),
            totals: factory.totals.clone(),
            day_usd: day.as_ref().map_or(0.0, |u| u.used),
            day_limit_usd: day.as_ref().map_or(limits.day_usd, |u| u.limit),
            tool_usd: used.usd,
            tool_tokens: used.tokens,
            tool_minutes: used.millis as f64 / 60_000.0,
            tool_limits: self.tool_limits(),
            sandbox: self.tools.tests.tier().to_owned(),
            review_price: self.review_price(),
        }
    }

    /// Whether the tool under way is stuck.
    fn stuck_words(&self) -> String {
        let facts = self.ledger.factory.current_facts();
        facts.map_or_else(String::new, |facts| {
            stuck::stuck_words(
                &facts.course,
                &facts.not_stuck,
                &self.settings.limits.ladder,
            )
        })
    }

    /// What follows for the tool under way.
    fn next_words(&self) -> String {
        let factory = &self.ledger.factory;
        if let Some(escalation) = &factory.escalation {
            let rung = Rung::from(escalation.level);
            return format!("{rung}: {}", rung.words());
        }
        let means = Means {
            others: self
                .settings
                .developer
                .others
                .iter()
                .map(ToString::to_string)
                .collect(),
            from_spec: true,
            ..Means::default()
        };
        let bug = |bug: &BugLine| match &bug.rule {
            Some(rule) => format!("BUG-{} ({rule})", bug.n),
            None => format!("BUG-{}", bug.n),
        };
        let bugs: Vec<String> = self.ledger.bugs.iter().map(bug).collect();
        let facts = factory.current_facts();
        facts.map_or_else(String::new, |facts| {
            let numbers = &self.settings.limits.ladder;
            stuck::next_words(&facts.course, &bugs, &means, numbers)
        })
    }

    /// What the tool under way may use.
    fn tool_limits(&self) -> ToolLimits {
        let factory = &self.ledger.factory;
        let name = factory.current_tool.as_deref().unwrap_or_default();
        let all = budget::tool(factory, &self.settings.limits, name);
        let of = |unit| {
            all.iter()
                .find(|one| one.unit == unit)
                .map_or(0.0, |one| one.limit)
        };
        ToolLimits {
            usd: of(Unit::Usd),
            tokens: of(Unit::Tokens) as u64,
            minutes: of(Unit::Minutes) as u64,
        }
    }

    /// One line: what is going on.
    fn doing_words(&self, now: DateTime<Utc>) -> String {
        let factory = &self.ledger.factory;
        if self.running.is_some() {
            return self.doing.clone();
        }
        if let Some(stopped) = &factory.stopped {
            return format!("stopped by {}: {}", stopped.by, stopped.reason);
        }
        if let Some(pause) = factory.pauses.first() {
            return format!("paused by {}: {}", pause.by, pause.reason);
        }
        let role = match factory.phase {
            Phase::Idle | Phase::Shipped if !self.work_waits() => {
                return "nothing to build".to_owned();
            }
            Phase::Idle | Phase::Shipped => Role::Developer,
            phase => crate::domain::table::role_of(phase).unwrap_or(Role::Developer),
        };
        let (state, words) = self.readiness.state(role, factory, now);
        match state {
            AgentState::Ready => format!("{} is next", role),
            _ => format!("waiting for the {role}: {words}"),
        }
    }

    fn agent_status(&self, role: Role, now: DateTime<Utc>) -> AgentStatus {
        let (mut state, mut words) = self.readiness.state(role, &self.ledger.factory, now);
        if self
            .running
            .as_ref()
            .is_some_and(|r| r.role == role && !r.resting)
        {
            state = AgentState::Working;
            words.clone_from(&self.doing);
        }
        let model = match (state, self.readiness.model(role)) {
            (AgentState::External, _) => "external".to_owned(),
            (_, Some(model)) => model.to_string(),
            (_, None) if role == Role::Supervisor => "operator".to_owned(),
            _ => "none".to_owned(),
        };
        let [developer, qa, supervisor] = &self.last;
        let last = match role {
            Role::Developer => developer,
            Role::Qa => qa,
            Role::Supervisor => supervisor,
        };
        AgentStatus {
            role,
            scripted: self
                .readiness
                .model(role)
                .is_some_and(|m| super::engine::scripted(&self.settings, m)),
            model,
            state,
            words,
            last: last.map(|(at, _)| at),
            tokens_per_second: last.and_then(|(_, speed)| speed),
            read: self.ledger.read.get(&role).copied(),
            context: self
                .readiness
                .model(role)
                .map(|m| u64::from(self.tools.models.context(&m.host))),
            alarm: self.alarms.get(&role).cloned(),
        }
    }

    /// What only a person can do, most urgent first.
    fn needs(&self, now: DateTime<Utc>) -> Vec<Need> {
        let factory = &self.ledger.factory;
        let mut needs: Vec<Need> = factory
            .pauses
            .iter()
            .filter(|pause| pause.until.is_none())
            .map(|pause| Need {
                id: format!("pause:{}", pause.id),
                why: format!(
                    "{} by {}: {}",
                    pause_word(pause.kind),
                    pause.by,
                    pause.reason
                ),
                ways: vec![match pause.kind {
                    PauseKind::Budget => "raise the limit as named, or wait".to_owned(),
                    _ => format!("dev-factory resume {}", pause.id),
                }],
                since: pause.since,
                blocking: true,
            })
            .collect();
        needs.extend(
            self.problems
                .iter()
                .chain(&self.bad_wishlist)
                .map(|problem| Need {
                    id: "files".to_owned(),
                    why: problem.clone(),
                    ways: vec!["mend the file; it is read again when it changes".to_owned()],
                    since: factory.last_update,
                    blocking: false,
                }),
        );
        needs.extend(self.push_need());
        needs.extend(self.host_needs(now));
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
        let decided = factory
            .facts(&item.name)
            .is_some_and(|f| f.decision.is_some());
        if item.status == ItemStatus::InReview && decided {
            return self
                .main_blocked
                .then(|| main_need(item, factory.last_update));
        }
        item_need(item, factory.last_update)
    }

    /// Hosts the next step waits for.
    fn host_needs(&self, now: DateTime<Utc>) -> Vec<Need> {
        self.wanted_roles()
            .into_iter()
            .filter(|role| *role != Role::Supervisor)
            .filter_map(|role| {
                let (state, words) = self.readiness.state(role, &self.ledger.factory, now);
                (state == AgentState::Offline).then(|| Need {
                    id: format!("host:{role}"),
                    why: format!("the {role} cannot work: {words}"),
                    ways: vec![
                        "start the model server; the engine goes on by itself".to_owned(),
                        format!(
                            "name another model under [roles.{role}] in dev-factory/factory.toml"
                        ),
                    ],
                    since: self.ledger.factory.last_update,
                    blocking: true,
                })
            })
            .collect()
    }
}

/// A decision that main keeps from taking effect.
fn main_need(item: &Item, since: DateTime<Utc>) -> Need {
    Need {
        id: format!("main:{}", item.name),
        why: format!(
            "{} is to ship as soon as main is ready: {}",
            item.name,
            item.reason.clone().unwrap_or_default()
        ),
        ways: vec!["git checkout main, with nothing staged; it ships by itself then".to_owned()],
        since,
        blocking: false,
    }
}

fn item_need(item: &Item, since: DateTime<Utc>) -> Option<Need> {
    let reason = item.reason.clone().unwrap_or_default();
    let name = &item.name;
    match item.status {
        ItemStatus::InReview => Some(Need {
            id: format!("review:{name}"),
            why: match &item.escalation {
                Some(escalation) => format!("{name} is stuck, {}; {reason}", escalation.reason),
                None => format!("{name} waits for a verdict: {reason}"),
            },
            ways: if let Some(escalation) = &item.escalation {
                let rule = escalation.reason.split(':').next();
                let rule = rule.filter(|rule| rule.starts_with('S') && rule.len() <= 3);
                let wrong = rule.map(|rule| format!("dev-factory not-stuck {rule}"));
                let mut ways = vec![
                    format!("dev-factory decide hint {name} --text \"...\""),
                    format!("dev-factory decide respec {name}"),
                ];
                ways.extend(wrong);
                ways
            } else {
                vec![
                    format!("dev-factory decide ship {name}"),
                    format!("dev-factory decide send-back {name} --text \"...\""),
                ]
            },
            since,
            blocking: false,
        }),
        ItemStatus::NeedsHuman => Some(Need {
            id: format!("park:{name}"),
            why: format!("{name} is parked: {reason}"),
            ways: parked_ways(name, &reason),
            since,
            blocking: false,
        }),
        _ => None,
    }
}

/// What to do about a parked item: split it where that was proposed, go on with it, or drop it.
fn parked_ways(name: &str, reason: &str) -> Vec<String> {
    let parts = triage::parts(reason);
    let quoted = |part: &&str| shlex::try_quote(part).ok().map(|text| text.into_owned());
    let split = parts.iter().filter_map(quoted);
    let mut ways: Vec<String> = split
        .map(|part| format!("dev-factory add {part}"))
        .collect();
    ways.push(format!("dev-factory unpark {name}"));
    if parts.is_empty() {
        ways.push(format!("dev-factory requeue {name} --fresh"));
    }
    ways.push(format!("dev-factory drop {name}"));
    ways
}

/// The backlog in the order it would be taken.
fn queue(items: &[Item]) -> Vec<Item> {
    let mut queue: Vec<Item> = items
        .iter()
        .filter(|item| !matches!(item.status, ItemStatus::Shipped | ItemStatus::Dropped))
        .cloned()
        .collect();
    queue.sort_by_key(|item| std::cmp::Reverse(item.priority));
    queue
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

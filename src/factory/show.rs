//! The snapshot screens read: what goes on, what it cost, what waits for a person.

use super::driver::Driver;
use crate::domain::budget;
use crate::domain::decide;
use crate::domain::event::Unit;
use crate::domain::item::{Item, ItemStatus};
use crate::domain::phase::{Phase, Role};
use crate::domain::screen::{AgentState, AgentStatus, BugLine, LimitLine, Snapshot, ToolLimits};
use crate::domain::state::{Pause, Scope, who};
use crate::domain::stuck::{self, Means, Rung};
use chrono::{DateTime, Utc};

/// Tools whose limits are told; more wait for a person than anyone mends at once.
const LIMITS: usize = 12;

impl Driver {
    /// Everything a front-end may show, now.
    pub(super) fn snapshot(&mut self) -> Snapshot {
        let now = self.tools.clock.now();
        let needs = self.needs(now);
        let (doing, waits) = self.doing_words(now);
        let factory = &self.ledger.factory;
        let limits = &self.settings.limits;
        let facts = factory.current_facts();
        let used = facts.map(|facts| facts.used()).unwrap_or_default();
        let mut day = budget::factory(factory, limits, now).into_iter();
        let day = day.find(|u| u.unit == Unit::Usd);
        Snapshot {
            engine: self.engine.clone(),
            seq: factory.seq,
            at: now,
            phase: factory.phase,
            current_tool: factory.current_tool.clone(),
            cycle_count: factory.cycle_count,
            started_at: factory.started_at,
            last_update: factory.last_update,
            last_event: self.ledger.newest,
            attempt: factory.attempt.clone(),
            escalation: factory.escalation.clone(),
            pauses: factory.pauses.clone(),
            conditions: self.conditions_shown(),
            pausing: self
                .running
                .as_ref()
                .is_some_and(|r| !r.resting && self.paused(r.role)),
            stopped: factory.stopped.clone(),
            doing,
            waits,
            agents: Role::ALL.map(|role| self.agent_status(role, now)).into(),
            hosts: self.tools.models.lines(),
            servers: self.servers(now),
            queue: queue(&factory.items),
            needs,
            runs: self.ledger.runs.clone(),
            measured: self.ledger.measured.clone(),
            measuring: self.ledger.measuring(),
            bugs: self.ledger.bugs.clone(),
            stuck: self.stuck_words(),
            next: self.next_words(),
            moves: self.ledger.moves.iter().cloned().collect(),
            ran: self.ledger.ran.iter().cloned().collect(),
            gaps: self.ledger.gaps.iter().copied().collect(),
            judged: decide::judged(factory, limits),
            totals: factory.totals.clone(),
            day_usd: day.as_ref().map_or(0.0, |u| u.used),
            day_limit_usd: day.as_ref().map_or(limits.day_usd, |u| u.limit),
            tool_usd: used.usd,
            tool_tokens: used.tokens,
            tool_minutes: used.millis as f64 / 60_000.0,
            tool_limits: self.tool_limits(),
            limits: self.limit_lines(now),
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

    /// What is used of the limits of all that works, and of the tools that are under way or were parked.
    fn limit_lines(&self, now: DateTime<Utc>) -> Vec<LimitLine> {
        let factory = &self.ledger.factory;
        let parked = factory.items.iter();
        let parked = parked.filter(|item| item.status == ItemStatus::NeedsHuman);
        let tools: Vec<&str> = factory
            .current_tool
            .as_deref()
            .into_iter()
            .chain(parked.map(|item| item.name.as_str()))
            .take(LIMITS)
            .collect();
        budget::lines(factory, &self.settings.limits, &tools, now)
    }

    /// One line: what is going on; and whether nothing goes on because a role cannot work.
    fn doing_words(&self, now: DateTime<Utc>) -> (String, bool) {
        let factory = &self.ledger.factory;
        if let Some(running) = &self.running {
            return (self.doing.clone(), running.resting);
        }
        if let Some(stopped) = &factory.stopped {
            let words = format!("stopped by {}: {}", who(&stopped.by), stopped.reason);
            return (words, false);
        }
        if let Some(condition) = self.conditions_shown().first().filter(|c| c.waits) {
            return (format!("waiting: {}", condition.words()), true);
        }
        let all = |pause: &&Pause| pause.scope == Scope::Factory;
        if let Some(pause) = factory.pauses.iter().find(all) {
            let by = who(&pause.by);
            return (format!("paused by {by}: {}", pause.reason), true);
        }
        let role = match factory.phase {
            Phase::Idle | Phase::Shipped if !self.work_waits() => {
                return ("nothing to build".to_owned(), false);
            }
            Phase::Idle | Phase::Shipped => Role::Developer,
            phase => crate::domain::table::role_of(phase).unwrap_or(Role::Developer),
        };
        let (state, words) = self.readiness.state(role, factory, now);
        // Another program may be at work, and a host that is being asked answers soon.
        let waits = !matches!(state, AgentState::External | AgentState::Unasked);
        match state {
            AgentState::Ready => (format!("{role} is next"), false),
            _ => (format!("waiting for {}: {words}", role.called()), waits),
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
        // Another engine of this home may have taken it.
        let turns = self.ledger.factory.lately.turns(role);
        let before = turns.last().map(|turn| turn.at);
        AgentStatus {
            role,
            scripted: self
                .readiness
                .model(role)
                .is_some_and(|m| super::engine::scripted(&self.settings, m)),
            model,
            state,
            words,
            last: last.map(|(at, _)| at).or(before),
            tokens_per_second: last.and_then(|(_, speed)| speed),
            read: self.ledger.read.get(&role).copied(),
            context: self
                .readiness
                .model(role)
                .map(|m| u64::from(self.tools.models.context(&m.host, &m.model))),
            alarm: self.alarms.get(&role).cloned(),
            facts: self.role_facts(role, now),
        }
    }
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

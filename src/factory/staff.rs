//! Attempts: given to an agent with all it needs, heard while they run, taken in when they end.

use super::attempts::context::{FromAgent, Origin, Refused};
use super::attempts::{Context, Stop};
use super::cancel::COUNTED_LATER;
use super::driver::Driver;
use super::failed::Failed;
use super::pool::Job;
use super::ports::store::Written;
use super::trial;
use super::wake::{Running, Wake};
use crate::domain::decide::{Report, pending};
use crate::domain::event::{EventBody, NewEvent};
use crate::domain::factory::Factory;
use crate::domain::phase::{Outcome, Role};
use crate::domain::state::AttemptRef;
use crate::domain::table;
use crate::text::hash::unguessable;
use chrono::{DateTime, Utc};
use std::collections::BTreeSet;
use tokio::sync::oneshot;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// The next attempt at the present phase.
fn started(factory: &Factory, role: Role, now: DateTime<Utc>) -> Option<NewEvent> {
    Some(NewEvent {
        tool: Some(factory.current_tool.clone()?),
        actor: "engine".to_owned(),
        body: EventBody::AttemptStarted(AttemptRef {
            id: factory.attempts + 1,
            role,
            phase: factory.phase,
            started_at: now,
        }),
    })
}

impl Driver {
    pub(super) async fn agent(&mut self, message: FromAgent) -> Result<(), Failed> {
        if let FromAgent::Record { attempt, .. } | FromAgent::Doing { attempt, .. } = &message {
            self.lives(*attempt);
        }
        match message {
            FromAgent::Record {
                attempt,
                events,
                done,
            } => self.record_for(attempt, events, done).await,
            FromAgent::Doing {
                attempt,
                words,
                resting,
            } => {
                if let Some(running) = self.running.as_mut().filter(|r| r.id == attempt) {
                    running.resting = resting;
                    self.doing = words;
                    self.dirty = true;
                }
                Ok(())
            }
            FromAgent::Spoke {
                role,
                tokens_per_second,
            } => {
                self.readiness.worked(role);
                self.alarms.remove(&role);
                let now = self.tools.clock.now();
                let [developer, qa, supervisor] = &mut self.last;
                *match role {
                    Role::Developer => developer,
                    Role::Qa => qa,
                    Role::Supervisor => supervisor,
                } = Some((now, tokens_per_second));
                Ok(())
            }
            FromAgent::Alarm { role, words } => {
                self.alarms.insert(role, words);
                self.dirty = true;
                Ok(())
            }
            FromAgent::Finished { attempt, result } => self.attempt_over(attempt, *result).await,
        }
    }

    /// The attempt is the one under way: nothing has dropped it.
    fn works(&self, attempt: u64) -> bool {
        self.running.as_ref().is_some_and(|r| r.id == attempt) && self.current(attempt)
    }

    /// Events that an attempt waits for.
    async fn record_for(
        &mut self,
        attempt: u64,
        events: Vec<NewEvent>,
        done: oneshot::Sender<Result<(), Refused>>,
    ) -> Result<(), Failed> {
        if self.charges(attempt, &events) {
            // Past a limit on money its role may have gone on with a model that costs none.
            self.upkeep().await?;
        }
        // What the home does not take is not known to have happened: no more is done on it.
        let mut done = Some(done);
        let mut say = |answer| done.take().map(|done| done.send(answer));
        let answer = if !self.works(attempt) {
            Err(Refused::Over)
        } else if self.may_not_go(&events) {
            Err(Refused::Held)
        } else {
            let ahead = self.ahead(&events);
            let mut written = |factory: &Factory| {
                if ahead.as_ref().is_some_and(|ahead| ahead(factory)) {
                    say(Ok(()));
                }
            };
            let written: Option<Written<'_>> = ahead.is_some().then_some(&mut written);
            self.commit_with(events, written).map(|_| Ok(()))?
        };
        // Before the attempt goes on, where that was not said already: a limit reached by this turn must hold the next one.
        let kept = self.upkeep().await;
        self.steer();
        say(answer);
        kept
    }

    /// Notes whether an attempt has a paid request under way; true where one is about to go out.
    fn charges(&mut self, attempt: u64, events: &[NewEvent]) -> bool {
        let opens = self.opens(events);
        let ends = events
            .iter()
            .any(|event| matches!(event.body, EventBody::Turn(_)));
        if let Some(running) = self.running.as_mut().filter(|r| r.id == attempt) {
            running.paid = opens || (running.paid && !ends);
        }
        opens
    }

    /// A request would go out, and a pause, a stop or a limit was accepted since its attempt looked.
    fn may_not_go(&self, events: &[NewEvent]) -> bool {
        let running = self.running.as_ref();
        let held = running.is_some_and(|running| self.held(running.role).is_some());
        held && self.opens(events)
    }

    /// A paid request is about to go out.
    fn opens(&self, events: &[NewEvent]) -> bool {
        events.iter().any(|event| match &event.body {
            EventBody::Sent(sent) => !self.is_open(sent),
            _ => false,
        })
    }

    /// The attempt is the one the state knows.
    pub(super) fn current(&self, attempt: u64) -> bool {
        self.ledger
            .factory
            .attempt
            .as_ref()
            .is_some_and(|a| a.id == attempt)
    }

    async fn attempt_over(
        &mut self,
        attempt: u64,
        result: Result<Report, Stop>,
    ) -> Result<(), Failed> {
        if self.running.as_ref().is_some_and(|r| r.id == attempt) {
            self.running = None;
            // What the attempt has brought is not given up for it.
            if let Err(error) = self.count_sent("broken off") {
                tracing::warn!("{COUNTED_LATER}: {error}");
            }
        }
        if !self.current(attempt) {
            return Ok(());
        }
        match result {
            Ok(report) => {
                self.failing = None;
                self.report(report).await
            }
            Err(Stop::Rule(report)) => self.report(*report).await,
            Err(Stop::Trouble(name, why)) => self.troubled(name, why),
            Err(Stop::Host { model, error }) => self.host_failed(attempt, &model, &error),
            Err(Stop::Dropped(why)) => self.drop_attempt(&why),
            // Only from where no fresh start is made by the attempt itself.
            Err(Stop::Afresh) => self.drop_attempt("it begins afresh"),
            Err(Stop::Incident(sentence)) => self.incident(sentence),
        }
    }

    /// The attempt that a move leads to at once: recorded with the move, in one write.
    pub(super) fn next_attempt(&self, events: &[NewEvent]) -> Option<NewEvent> {
        let plain = |event: &NewEvent| matches!(&event.body, EventBody::Move(step) if step.outcome != Outcome::Rewound);
        let held = self.running.is_some() || self.stopping.is_some() || self.suspect.is_some();
        if held || !events.last().is_some_and(plain) {
            return None;
        }
        let now = self.tools.clock.now();
        let next = self.behind(events);
        let role = table::role_of(next.phase)?;
        let ready = !self.readiness.external(role) && self.readiness.ready(role, &next, now);
        let free = next.stopped.is_none() && next.attempt.is_none() && pending(&next).is_none();
        (ready && free).then(|| started(&next, role, now)).flatten()
    }

    /// Gives the present phase to its agent.
    pub(super) fn start_attempt(&mut self, role: Role) -> Result<(), Failed> {
        let factory = &self.ledger.factory;
        let Some(tool) = factory.current_tool.clone() else {
            return Ok(());
        };
        // A request of the same label would take its place.
        self.count_sent("broken off")?;
        let factory = &self.ledger.factory;
        let begun = factory
            .attempt
            .as_ref()
            .is_some_and(|attempt| attempt.role == role);
        if !begun {
            let event = started(factory, role, self.tools.clock.now());
            self.commit(event.into_iter().collect())?;
        }
        let id = self.ledger.factory.attempts;
        let cancel = CancellationToken::new();
        self.doing = format!("{} begins {}", role.called(), self.ledger.factory.phase);
        self.running = Some(Running {
            id,
            role,
            cancel: cancel.clone(),
            resting: false,
            paid: false,
            alive: Instant::now(),
        });
        self.dirty = true;
        let context = self.context(id, role, tool);
        self.pool.give(Job { context, cancel });
        Ok(())
    }

    fn context(&self, attempt: u64, role: Role, tool: String) -> Context {
        let factory = &self.ledger.factory;
        let [developer, qa, supervisor] = &self.souls;
        let soul = match role {
            Role::Developer => developer,
            Role::Qa => qa,
            Role::Supervisor => supervisor,
        };
        let facts = factory.facts(&tool).cloned().unwrap_or_default();
        let idea = factory
            .items
            .iter()
            .find(|i| i.name == tool)
            .map(|i| i.idea.clone());
        let external = Role::ALL.iter().any(|r| self.readiness.external(*r));
        let own = (!self.readiness.external(role))
            .then(|| self.readiness.model(role).cloned())
            .flatten();
        let mut context = Context {
            role,
            phase: factory.phase,
            attempt,
            version: facts.next_version(),
            idea: idea.unwrap_or_default(),
            tool,
            facts,
            escalation: factory.escalation.clone(),
            cycle: factory.cycle_count,
            external_reader: external,
            origin: Origin::default(),
            since: factory.last_update,
            replaceable: self.readiness.candidates(role).len() > 1,
            factors: factory.factors.clone(),
            speeds: factory.speeds.clone(),
            shares: factory.shares.clone(),
            model: own.clone(),
            own,
            soul: soul.clone(),
            settings: self.settings.clone(),
            tools: self.tools.clone(),
            link: self.wake.clone(),
            hold: self.hold.subscribe(),
            spent: self.spent.subscribe(),
            nonce: unguessable().chars().take(12).collect(),
            looped: 0,
            measured: BTreeSet::new(),
            known: None,
            recording: None,
        };
        context.take_model();
        context
    }
}

impl Driver {
    /// Asks hosts that are due, off the loop.
    pub(super) fn probe(&mut self, roles: &[Role]) {
        for model in self.readiness.due(roles) {
            let (models, wake) = (self.tools.models.clone(), self.wake.clone());
            // What costs money is not spent on a trial: there the rest must do.
            let sick = self.readiness.sick(&model) && models.free(&model.host, &model.model);
            self.pool.beside(async move {
                let mut status = models.probe(&model.host, &model.model).await;
                if sick && status.live {
                    status = trial::chat(models.as_ref(), &model).await.unwrap_or(status);
                }
                let _ = wake.send(Wake::Probed(model, status));
            });
        }
    }
}

//! What the state calls for: pick, resume, shelve, ship, start the next agent; and what git does for a move.

use super::driver::Driver;
use super::failed::Failed;
use super::operate::drops_attempt;
use super::ports::repo::{Repo, RepoError};
use crate::domain::actor;
use crate::domain::decide::{Input, Refusal, Report, Room, decide, pending};
use crate::domain::event::{Event, EventBody, Move, NewEvent};
use crate::domain::factory::Factory;
use crate::domain::item::{Item, ItemStatus};
use crate::domain::phase::{Outcome, Phase, Role};
use crate::domain::screen::AgentState;
use crate::domain::state::{Pause, PauseKind, Scope};
use crate::domain::table;
use chrono::TimeDelta;
use tokio::time::Instant;

impl Driver {
    /// Goes on until something runs or nothing more can be done now.
    pub(super) async fn advance(&mut self) -> Result<(), Failed> {
        while self.step().await? {}
        Ok(())
    }

    /// What the domain says of `input` now.
    pub(super) fn decide(&self, input: &Input) -> Result<Vec<NewEvent>, Refusal> {
        self.decide_of(&self.ledger.factory, input)
    }

    fn decide_of(&self, factory: &Factory, input: &Input) -> Result<Vec<NewEvent>, Refusal> {
        let now = self.tools.clock.now();
        decide(factory, &self.settings.limits, input, now)
    }

    /// One thing the state calls for. False: nothing to do now.
    async fn step(&mut self) -> Result<bool, Failed> {
        if self.running.is_some() || self.stopping.is_some() || self.suspect.is_some() {
            return Ok(false);
        }
        if !self.fit().await? {
            return Ok(false);
        }
        if let Some(doc) = self.unjudged.take() {
            self.claim(doc).await?;
            return Ok(self.unjudged.is_none());
        }
        let roles = self.wanted_roles();
        self.probe(&roles);
        if roles.iter().any(|role| self.readiness.external(*role)) {
            // Who goes on behind another program should be known by the time it is done.
            let mut others = Role::ALL.to_vec();
            others.retain(|role| self.readiness.unasked(*role));
            self.probe(&others);
        }
        let now = self.tools.clock.now();
        let factory = &self.ledger.factory;
        if factory.stopped.is_some() {
            return Ok(false);
        }
        match factory.phase {
            Phase::Idle | Phase::Shipped => self.room().await,
            // A decision that met an incident waits until a person has looked at it.
            Phase::Review if pending(factory).is_some() && self.held_by(PauseKind::Incident) => {
                Ok(false)
            }
            Phase::Review if pending(factory).is_some() => self.apply_pending().await,
            Phase::Review if !self.readiness.ready(Role::Supervisor, factory, now) => {
                if self.factory_held() || self.readiness.unasked(Role::Supervisor) {
                    return Ok(false);
                }
                self.room().await
            }
            phase => {
                let Some(role) = table::role_of(phase) else {
                    return Ok(false);
                };
                let ready = match self.readiness.external(role) {
                    true => phase == Phase::Qa && self.gates_asked && !self.paused(role),
                    false => self.readiness.ready(role, factory, now),
                };
                if !ready {
                    return Ok(false);
                }
                self.start_attempt(role)?;
                Ok(false)
            }
        }
    }

    /// A pause of this kind is in force.
    pub(super) fn held_by(&self, kind: PauseKind) -> bool {
        self.ledger.factory.pauses.iter().any(|p| p.kind == kind)
    }

    /// A pause of the whole factory is in force.
    pub(super) fn factory_held(&self) -> bool {
        self.ledger
            .factory
            .pauses
            .iter()
            .any(|p| p.scope == Scope::Factory)
    }

    /// Asks the domain what an idle, shipped or unreviewable lane should do, and does it.
    async fn room(&mut self) -> Result<bool, Failed> {
        let room = match self.look_around().await {
            Ok(room) => room,
            Err(error) => {
                self.failed(error)?;
                return Ok(false);
            }
        };
        let events = self.decide(&Input::Room(room))?;
        if events.is_empty() {
            return Ok(false);
        }
        if let Err(error) = self.before(&events).await {
            self.failed(error)?;
            return Ok(false);
        }
        self.record(events).await?;
        Ok(true)
    }

    async fn look_around(&mut self) -> Result<Room, RepoError> {
        let now = self.tools.clock.now();
        let factory = &self.ledger.factory;
        let (state, words) = self.readiness.state(Role::Supervisor, factory, now);
        let review_possible = matches!(state, AgentState::Ready | AgentState::External);
        // Only a tool to be reviewed asks git; an idle factory that waits for a host does not.
        let shelf = |item: &Item| item.status == ItemStatus::InReview;
        let asks = factory.phase == Phase::Review || factory.items.iter().any(shelf);
        let now_at = Instant::now();
        let refused = self
            .refused
            .as_ref()
            .filter(|(_, until, _)| *until > now_at);
        let refused = refused.map(|(why, ..)| why.clone());
        let main_blocked = match asks {
            true if refused.is_some() => refused,
            true => self.git(|repo| repo.main_blocked()).await?,
            false => None,
        };
        self.main_blocked = main_blocked.is_some();
        let factory = &self.ledger.factory;
        Ok(Room {
            developer_ready: self.readiness.ready(Role::Developer, factory, now),
            supervisor_ready: review_possible,
            supervisor_why: (!review_possible).then_some(words),
            main_blocked,
        })
    }

    /// The lane is free, and a tool on the shelf could go on if main were ready.
    pub(super) fn waits_for_main(&self) -> bool {
        let factory = &self.ledger.factory;
        let shelf = |item: &Item| item.status == ItemStatus::InReview;
        self.main_blocked
            && factory.phase == Phase::Idle
            && self.stopping.is_none()
            && !self.factory_held()
            && factory.items.iter().any(shelf)
    }

    /// Git work that must be done before a move may be recorded; each is idempotent.
    pub(super) async fn before(&mut self, events: &[NewEvent]) -> Result<(), RepoError> {
        for event in events {
            let (EventBody::Move(step), Some(tool)) = (&event.body, event.tool.clone()) else {
                continue;
            };
            let resume = match step.outcome {
                Outcome::Picked => {
                    self.worktree.begin(&self.tools.repo, tool, false);
                    continue;
                }
                Outcome::Resumed | Outcome::Unshelved => !step.fresh,
                _ => continue,
            };
            self.git(move |repo| repo.open(&tool, resume).map(|_| ()))
                .await?;
        }
        Ok(())
    }

    /// Waits for the worktree where events need one.
    pub(super) async fn reachable(&mut self, events: &[NewEvent]) -> Result<(), RepoError> {
        match events.iter().any(needs_worktree) {
            true => self.worktree.ready(&self.tools.repo).await,
            false => Ok(()),
        }
    }

    /// Records events and does what git does after a move.
    pub(super) async fn record(&mut self, events: Vec<NewEvent>) -> Result<Vec<Event>, Failed> {
        if let Err(error) = self.reachable(&events).await {
            self.failed(error)?;
            return Ok(Vec::new());
        }
        if drops_attempt(&events) {
            self.cancel();
        }
        let begun = self.next_attempt(&events);
        let recorded = self.commit(events.into_iter().chain(begun).collect())?;
        for event in &recorded {
            if let (EventBody::Move(step), Some(_)) = (&event.body, &event.tool) {
                self.recovered()?;
                self.after(step).await?;
            }
        }
        Ok(recorded)
    }

    async fn after(&mut self, step: &Move) -> Result<(), Failed> {
        self.failing = None;
        // It was a move from where the tool stood then.
        (self.unjudged, self.gates_asked) = (None, false);
        let done = match (step.to, step.outcome) {
            (Phase::Idle, Outcome::Next) => {
                self.sweeping.at_once();
                Ok(())
            }
            (Phase::Idle, _) => {
                self.worktree.forget().await;
                self.git(|repo| repo.close()).await.map_err(Failed::from)
            }
            (Phase::Shipped, _) => {
                self.pushing.at_once();
                self.git(|repo| repo.close()).await.map_err(Failed::from)
            }
            (_, Outcome::Rewound) => self.put_back().await.map(drop),
            _ => Ok(()),
        };
        done.or_else(|error| self.failed(error))
    }

    /// What an attempt ended with.
    pub(super) async fn report(&mut self, report: Report) -> Result<(), Failed> {
        self.report_with(Vec::new(), report).await.map(drop)
    }

    /// The same behind what was found on the way, recorded together: each write that must be durable waits for the disk.
    /// False: the surroundings did not let it be recorded.
    pub(super) async fn report_with(
        &mut self,
        found: Vec<NewEvent>,
        report: Report,
    ) -> Result<bool, Failed> {
        if report.outcome == Some(Outcome::Ship) && report.ship.is_none() {
            self.commit(found)?;
            return self.ship(report).await.map(|()| true);
        }
        let papers = self.review_papers(&report)?;
        let input = Input::Report(report);
        let decided = match found.is_empty() {
            true => self.decide(&input),
            false => self.decide_of(&self.behind(&found), &input),
        };
        match decided {
            Ok(events) => {
                let all = [found, papers, events].concat();
                Ok(!self.record(all).await?.is_empty())
            }
            Err(refusal) => {
                self.commit(found)?;
                self.incident(refusal.sentence).map(|()| true)
            }
        }
    }

    /// What the factory will be with these events.
    pub(super) fn behind(&self, events: &[NewEvent]) -> Factory {
        let now = self.tools.clock.now();
        let mut next = self.ledger.factory.clone();
        for event in events {
            next.apply(&event.clone().numbered(next.seq + 1, now));
        }
        next
    }

    /// Applies a decision that waited for the lane; false when main is not ready for it.
    async fn apply_pending(&mut self) -> Result<bool, Failed> {
        let Some(report) = pending(&self.ledger.factory) else {
            return Ok(false);
        };
        let before = self.ledger.factory.phase;
        self.report(report).await?;
        Ok(self.ledger.factory.phase != before)
    }

    /// It could not be done now: what the surroundings refuse is tried again later.
    pub(super) fn failed(&mut self, error: impl Into<Failed>) -> Result<(), Failed> {
        match error.into() {
            Failed::Trouble(name, why) => self.troubled(name, why),
            incident => Err(incident),
        }
    }

    /// A part that failed pauses the factory, which goes on hearing people.
    pub(super) fn survive(&mut self, done: Result<(), Failed>) -> Result<(), Failed> {
        match done {
            Err(Failed::Incident(sentence)) => self.incident(sentence),
            done => done,
        }
    }

    /// Something in the factory failed: journal it, drop the attempt, pause.
    pub(super) fn incident(&mut self, sentence: String) -> Result<(), Failed> {
        self.cancel();
        self.drop_attempt(&sentence)?;
        if self.held_for(PauseKind::Incident, &sentence) {
            return Ok(());
        }
        self.note(EventBody::Incident {
            sentence: sentence.clone(),
        })?;
        self.hold(PauseKind::Incident, &sentence)
    }

    /// Pauses the factory.
    pub(super) fn hold(&mut self, kind: PauseKind, reason: &str) -> Result<(), Failed> {
        self.hold_scope(kind, Scope::Factory, reason, None)
    }

    /// A pause of this kind for this reason is in force.
    fn held_for(&self, kind: PauseKind, reason: &str) -> bool {
        let mut pauses = self.ledger.factory.pauses.iter();
        pauses.any(|pause| pause.kind == kind && pause.reason == reason)
    }

    /// Pauses the factory or a role, for a while or until its cause is gone.
    pub(super) fn hold_scope(
        &mut self,
        kind: PauseKind,
        scope: Scope,
        reason: &str,
        wait: Option<TimeDelta>,
    ) -> Result<(), Failed> {
        if self.held_for(kind, reason) {
            return Ok(());
        }
        let since = self.tools.clock.now();
        let pause = Pause {
            id: format!("pause-{}", self.ledger.factory.pauses_made + 1),
            kind,
            by: actor::ENGINE.to_owned(),
            scope,
            reason: reason.to_owned(),
            since,
            until: wait.map(|wait| since + wait),
        };
        self.note(EventBody::Paused(pause))
    }

    /// Work that could be begun if everything were ready.
    pub(super) fn work_waits(&self) -> bool {
        let reviewed_by_model = self.readiness.model(Role::Supervisor).is_some();
        let ready = Room {
            developer_ready: true,
            supervisor_ready: reviewed_by_model || self.readiness.external(Role::Supervisor),
            ..Room::default()
        };
        let mut factory = self.ledger.factory.clone();
        factory.pauses.clear();
        let now = self.tools.clock.now();
        decide(&factory, &self.settings.limits, &Input::Room(ready), now)
            .is_ok_and(|events| !events.is_empty())
    }

    /// Runs git work off the loop's thread.
    pub(super) async fn git<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn Repo) -> Result<T, RepoError> + Send + 'static,
    ) -> Result<T, RepoError> {
        let repo = self.tools.repo.clone();
        tokio::task::spawn_blocking(move || work(repo.as_ref()))
            .await
            .unwrap_or_else(|e| Err(RepoError::Git(format!("task failed: {e}"))))
    }

    /// A time that was waited for has come.
    pub(super) async fn time(&mut self) -> Result<(), Failed> {
        self.upkeep().await?;
        self.look_for_life().await?;
        // Of these people are told by the snapshot.
        let now = self.tools.clock.now();
        self.dirty |= self.snooze_over(now) || self.silent_role(now).is_some();
        self.settle_suspect().await
    }
}

/// A move to where files of the tool are touched. An escalated tool without a commit has none to review, and one that is
/// put aside must not wait for what may never open.
fn needs_worktree(event: &NewEvent) -> bool {
    matches!(&event.body, EventBody::Move(step)
        if !matches!(step.to, Phase::Spec | Phase::SpecReview | Phase::Review | Phase::Idle))
}

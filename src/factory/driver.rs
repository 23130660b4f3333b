//! The loop: one message at a time, then whatever the state now calls for. It starts nothing by the clock alone.

use super::attempts::context::Tools;
use super::engine::{Ended, Options, Parts, Reread};
use super::failed::Failed;
use super::failures::Failing;
use super::herald::Herald;
use super::hours::Moment;
use super::ledger::Ledger;
use super::pool::Pool;
use super::ports::settings::Settings;
use super::ports::store::{StoreError, Written};
use super::push::Pushing;
use super::readiness::{OFF_SCHEDULE, Readiness};
use super::reread::Reading;
use super::sweep::Sweeping;
use super::tell::Telling;
use super::trouble::Ailing;
use super::wake::{Running, Stopping, Suspect, Wake};
use super::worktree::Worktree;
use crate::agents::soul::Soul;
use crate::domain::budget;
use crate::domain::event::{Event, EventBody, NewEvent};
use crate::domain::phase::{Phase, Role};
use crate::domain::state::StateDoc;
use chrono::{DateTime, Utc};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

/// Snapshots without a move are written at most this often (contract 3).
pub(super) const SNAPSHOT_EVERY: Duration = Duration::from_millis(500);

/// Edits of state.json in a row that may lie in the way of one commit: what writes as often never stops.
const RACES: u32 = 1000;

/// The engine at work.
pub struct Driver {
    pub(super) ledger: Ledger,
    pub(super) tools: Tools,
    pub(super) settings: Arc<Settings>,
    pub(super) souls: [Arc<Soul>; 3],
    pub(super) readiness: Readiness,
    pub(super) options: Options,
    pub(super) running: Option<Running>,
    pub(super) stopping: Option<Stopping>,
    pub(super) suspect: Option<Suspect>,
    /// A half-written state.json is waited for.
    pub(super) observing: bool,
    pub(super) doing: String,
    /// What is odd or wrong about settings and souls.
    pub(super) problems: Vec<String>,
    /// Why the wishlist as it stands cannot be taken over.
    pub(super) bad_wishlist: Option<String>,
    pub(super) last: [Option<Life>; 3],
    /// What the surroundings refuse now.
    pub(super) ailing: Option<Ailing>,
    /// What is wrong with the host of a role, until a turn of it ends properly.
    pub(super) alarms: BTreeMap<Role, String>,
    pub(super) loaded: Option<Found>,
    /// The same fault of the same model, again and again.
    pub(super) failing: Option<Failing>,
    /// A legal claim whose conditions could not be looked at.
    pub(super) unjudged: Option<StateDoc>,
    /// A claim has asked for the gates, and they have not decided: what cuts them short does not take it back.
    pub(super) gates_asked: bool,
    /// The last unmet condition that was journaled, and in which phase.
    pub(super) unmet: Option<(Phase, String)>,
    pub(super) engine: crate::domain::screen::EngineId,
    pub(super) wake: mpsc::UnboundedSender<Wake>,
    pub(super) inbox: mpsc::UnboundedReceiver<Wake>,
    /// What was taken out of the inbox before its turn, oldest first.
    pub(super) later: VecDeque<Wake>,
    /// Why the attempt under way may start no turn and no gate.
    pub(super) hold: watch::Sender<Option<&'static str>>,
    /// The limit that lets the attempt under way spend no money, in words.
    pub(super) spent: watch::Sender<Option<String>>,
    pub(super) pool: Pool,
    pub(super) worktree: Worktree,
    pub(super) herald: Herald,
    pub(super) telling: Telling,
    pub(super) reload: Reload,
    pub(super) reading: Reading,
    pub(super) dirty: bool,
    pub(super) pushing: Pushing,
    pub(super) sweeping: Sweeping,
    /// Limits of which people have been told that 80 % are used.
    pub(super) noticed: BTreeSet<String>,
    /// A signal has asked for the end already.
    pub(super) signalled: bool,
    /// HEAD is not main or the index differs: nothing tells of the end of that, so it is looked for.
    pub(super) main_blocked: bool,
    /// Why the last merge was refused though main seemed ready, until when it is not tried again, and the wait.
    pub(super) refused: Option<(String, Instant, Duration)>,
    /// The clocks when they were last looked at.
    pub(super) seen: Option<Moment>,
    pub(super) shown: Option<Instant>,
    /// When settings, and with them the keys, were read last.
    pub(super) settings_at: DateTime<Utc>,
    /// When the souls in force were written.
    pub(super) soul_since: BTreeMap<Role, DateTime<Utc>>,
    /// When a key was last fetched again because a probe was refused.
    pub(super) key_read: Option<Instant>,
}

/// Reads settings and souls again.
pub type Reload = Arc<dyn Fn() -> Result<Reread, String> + Send + Sync>;
/// Last sign of life of a role, and its tokens a second then.
pub type Life = (DateTime<Utc>, Option<f64>);
/// What loading found: no journal yet, repairs in words, a foreign state to judge.
pub type Found = (bool, Vec<String>, Option<StateDoc>);

impl Driver {
    /// Wires the loop around a loaded ledger.
    pub fn new(parts: Parts, ledger: Ledger, souls: [Arc<Soul>; 3], options: Options) -> Self {
        let (wake, inbox) = mpsc::unbounded_channel();
        let settings = Arc::new(parts.settings);
        let settings_at = parts.tools.clock.now();
        let sweeping = Sweeping::begun(&ledger.factory, settings_at);
        let readiness = Readiness::new(&settings, super::engine::models(&settings, &souls));
        let mut driver = Self {
            ledger,
            tools: parts.tools,
            settings,
            souls,
            readiness,
            options,
            running: None,
            stopping: None,
            suspect: None,
            observing: false,
            doing: String::new(),
            problems: Vec::new(),
            bad_wishlist: None,
            last: [None; 3],
            ailing: None,
            alarms: BTreeMap::new(),
            loaded: None,
            failing: None,
            unjudged: None,
            gates_asked: false,
            unmet: None,
            engine: parts.engine,
            wake,
            inbox,
            later: VecDeque::new(),
            hold: watch::Sender::new(None),
            spent: watch::Sender::new(None),
            pool: Pool::start(parts.agents),
            worktree: Worktree::default(),
            herald: Herald::new(parts.service),
            telling: Telling::new(parts.notifier),
            reload: parts.reload,
            reading: Reading::default(),
            dirty: true,
            pushing: Pushing::default(),
            sweeping,
            noticed: BTreeSet::new(),
            signalled: false,
            main_blocked: false,
            refused: None,
            seen: None,
            shown: None,
            settings_at,
            soul_since: BTreeMap::new(),
            key_read: None,
        };
        driver.date_souls();
        driver
    }

    /// Works until the engine is to end. `started` false: the state is as loaded, nothing runs yet.
    pub async fn drive(&mut self) -> Result<Ended, Failed> {
        loop {
            let advanced = self.advance().await;
            self.survive(advanced)?;
            self.see_trouble_off()?;
            self.steer();
            self.push();
            self.sweep();
            self.show();
            self.tell();
            self.herald();
            if let Some(ended) = self.finished() {
                let ended = self.end(ended);
                // A git call that outlived the engine would meet the next one's.
                let _ = self.worktree.ready(&self.tools.repo).await;
                self.last_words(&ended).await;
                return ended;
            }
            let wake = self.next_wake().await;
            self.look_at_clocks()?;
            let handled = self.handle(wake).await;
            self.survive(handled)?;
        }
    }

    /// Waits for a message or for the next time something is due.
    async fn next_wake(&mut self) -> Wake {
        if let Some(wake) = self.later.pop_front() {
            return wake;
        }
        let due = self.due();
        let inbox = &mut self.inbox;
        match due {
            Some(at) => tokio::select! {
                biased;
                wake = inbox.recv() => wake.unwrap_or(Wake::Time),
                () = tokio::time::sleep_until(at) => Wake::Time,
            },
            None => inbox.recv().await.unwrap_or(Wake::Time),
        }
    }

    /// The next message, whenever it comes.
    pub(super) async fn heard(&mut self) -> Option<Wake> {
        match self.later.pop_front() {
            Some(wake) => Some(wake),
            None => self.inbox.recv().await,
        }
    }

    async fn handle(&mut self, wake: Wake) -> Result<(), Failed> {
        match wake {
            Wake::Agent(message) => self.agent(message).await,
            Wake::Changed(change) => self.changed(change).await,
            Wake::Reread(found) => self.read(*found).await,
            Wake::Probed(model, status) => {
                self.probed(&model, status);
                Ok(())
            }
            Wake::Looked(seen) => self.looked(seen).await,
            Wake::Observed(seen) => self.observed(seen).await,
            Wake::Pushed {
                tag,
                remote,
                result,
            } => self.pushed(tag, remote, result),
            Wake::Swept(found) => self.swept(*found).await,
            Wake::Told(message, result) => {
                self.told(&message, result);
                Ok(())
            }
            Wake::Signal(signal) => {
                self.signalled(signal);
                Ok(())
            }
            Wake::Time => self.time().await,
        }
    }

    /// Lets turns start or holds them, as pauses, stops, budgets and schedules say.
    pub(super) fn steer(&mut self) {
        let role = self.running.as_ref().map(|running| running.role);
        let held = role.and_then(|role| self.held(role));
        self.hold
            .send_if_modified(|hold| std::mem::replace(hold, held) != held);
        let over = role.and_then(|role| self.overspent(role));
        self.spent.send_if_modified(|spent| {
            let changed = *spent != over;
            *spent = over;
            changed
        });
        let due = self
            .stopping
            .as_ref()
            .and_then(|s| s.deadline)
            .is_some_and(|d| d <= Instant::now());
        if due {
            self.cancel();
        }
    }

    /// A pause or a stop forbids a role to start turns and gates.
    pub(super) fn paused(&self, role: Role) -> bool {
        let pauses = &self.ledger.factory.pauses;
        self.stopping.is_some() || pauses.iter().any(|p| p.scope.covers(role))
    }

    /// Why a role may start no turn and no gate.
    pub(super) fn held(&self, role: Role) -> Option<&'static str> {
        if self.paused(role) {
            return Some("paused");
        }
        let on = self.readiness.on_schedule(role, self.tools.clock.now());
        (!on).then_some(OFF_SCHEDULE)
    }

    /// The limit that lets a role spend no money now, in words.
    fn overspent(&self, role: Role) -> Option<String> {
        let (factory, limits) = (&self.ledger.factory, &self.settings.limits);
        let over = budget::over_role(factory, limits, role, true, self.tools.clock.now())?;
        Some(format!("{} within 24 hours", over.words()))
    }

    /// Publishes a snapshot when something changed and the last one is old enough.
    fn show(&mut self) {
        let due = self.shown.is_none_or(|at| at.elapsed() >= SNAPSHOT_EVERY);
        if self.dirty && due {
            self.publish();
        }
    }

    /// Publishes a snapshot now.
    pub(super) fn publish(&mut self) {
        self.dirty = false;
        self.shown = Some(Instant::now());
        let snapshot = self.snapshot();
        self.status_line(&snapshot);
        self.telling.look();
        self.tools.publisher.publish(snapshot);
    }

    /// Records events; a move is shown at once.
    pub(super) fn commit(&mut self, events: Vec<NewEvent>) -> Result<Vec<Event>, Failed> {
        self.commit_with(events, None)
    }

    /// As `commit`; `written` as in [`Store::commit_with`](super::ports::store::Store).
    pub(super) fn commit_with(
        &mut self,
        events: Vec<NewEvent>,
        mut written: Option<Written<'_>>,
    ) -> Result<Vec<Event>, Failed> {
        let any = |wanted: fn(&EventBody) -> bool| events.iter().any(|event| wanted(&event.body));
        let moves = any(|body| matches!(body, EventBody::Move(_)));
        let goes_on = any(|body| matches!(body, EventBody::AttemptStarted(_)));
        let mut races = 0;
        let recorded = loop {
            let written = written.as_mut().map(|told| &mut **told as Written<'_>);
            match self.ledger.commit(events.clone(), written) {
                // Each time another edit may have come.
                Err(StoreError::Conflict) if races < RACES => {
                    races += 1;
                    self.raced()?;
                }
                done => break done?,
            }
        };
        self.telling.hear(&recorded);
        self.dirty = true;
        match moves {
            // The attempt that begins with it does not wait for the screens.
            true if goes_on => self.shown = None,
            true => self.publish(),
            false => {}
        }
        Ok(recorded)
    }

    /// Records one event of the engine's own about the present tool.
    pub(super) fn note(&mut self, body: EventBody) -> Result<(), Failed> {
        let event = self.own(body);
        self.commit(vec![event]).map(drop)
    }

    fn own(&self, body: EventBody) -> NewEvent {
        NewEvent {
            tool: self.ledger.factory.current_tool.clone(),
            actor: "engine".to_owned(),
            body,
        }
    }

    /// Drops the attempt the state knows, if any.
    pub(super) fn drop_attempt(&mut self, why: &str) -> Result<(), Failed> {
        match self.dropped(why) {
            Some(event) => self.commit(vec![event]).map(drop),
            None => Ok(()),
        }
    }

    /// The end of the attempt the state knows, if any.
    pub(super) fn dropped(&self, why: &str) -> Option<NewEvent> {
        let attempt = self.ledger.factory.attempt.as_ref()?;
        let body = EventBody::AttemptDropped {
            id: attempt.id,
            reason: why.to_owned(),
        };
        Some(self.own(body))
    }
}

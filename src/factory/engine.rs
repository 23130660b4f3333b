//! The engine's front door: what it is given, how it is run, how it ends.

pub use super::attempts::context::Tools;
use super::clean::Clean;
use super::driver::{Driver, Reload};
use super::failed::Failed;
use super::ledger::Ledger;
pub use super::once::apply_once;
use super::ports::model::Models;
use super::ports::notifier::Notifier;
use super::ports::service::Service;
use super::ports::settings::{HostKind, ModelRef, Settings};
use super::ports::store::{Change, Loaded};
use super::wake::Wake;
use crate::agents::soul::{self, Soul};
use crate::domain::actor;
use crate::domain::condition::Trouble;
use crate::domain::event::{Adopted, EventBody};
use crate::domain::factory::Factory;
use crate::domain::item::ItemStatus;
use crate::domain::phase::{Phase, Role};
use crate::domain::screen::{EngineId, Level};
use crate::domain::state::{Pause, PauseKind, Scope};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::mpsc;

/// Soul files as read: developer, qa, supervisor (file name, content).
pub type SoulTexts = [(String, String); 3];

/// What settings and souls amount to when they are read again.
pub struct Reread {
    /// Settings as they are now.
    pub settings: Settings,
    /// Soul texts as they are now.
    pub souls: SoulTexts,
    /// Model hosts of these settings.
    pub models: Arc<dyn Models>,
}

/// Everything an engine works with.
#[derive(Clone)]
pub struct Parts {
    /// The ports; the store holds the home's lock.
    pub tools: Tools,
    /// Settings as read at start.
    pub settings: Settings,
    /// Soul texts.
    pub souls: SoulTexts,
    /// This process, for readers that ask whether it still lives.
    pub engine: EngineId,
    /// Where agents work: what they do with models does not wait for the loop's disk, nor the loop for them.
    pub agents: Handle,
    /// Reads settings and souls again after a change; an error keeps the old ones and is shown.
    pub reload: Reload,
    /// Who started this process and looks after it.
    pub service: Arc<dyn Service>,
    /// Tells people things.
    pub notifier: Arc<dyn Notifier>,
}

/// How a run of the engine behaves.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// End when nothing is left to do.
    pub until_idle: bool,
    /// A home made by `init` on a terminal: the first engine waits for `resume`.
    pub begin_paused: bool,
    /// Longest wait before what the surroundings refused is tried again; none: a minute.
    pub longest_wait: Option<Duration>,
}

/// A signal as the front-end passes it on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// SIGTERM: wait up to 10 s for the turn, then cancel.
    Terminate,
    /// SIGINT: save and end now; exit 130.
    Interrupt,
}

/// How a run of the engine ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// `until_idle`: everything wanted is shipped or dropped (exit 0).
    Idle,
    /// `until_idle`: only a pause, a missing host, a verdict or a wishlist to mend is left (exit 4).
    NeedsPerson,
    /// Ended by command or SIGTERM (exit 0).
    Stopped,
    /// Ended by command to be started anew.
    Restart,
    /// SIGINT (exit 130).
    Interrupted,
}

/// Runs the engine until it ends. Signals arrive on `signals`.
pub async fn run(
    parts: Parts,
    options: Options,
    mut signals: mpsc::UnboundedReceiver<Signal>,
) -> Result<Ended, Failed> {
    let mut changes = parts.tools.store.watch()?;
    let mut driver = open(parts.clone(), options)?;
    loop {
        let mut why = match live(&mut driver, &mut changes, &mut signals).await {
            Err(Failed::Trouble(name, why)) => (name, why),
            ended => return ended,
        };
        // Who was asked to end does not wait for a disk to be told so.
        if let Some(ended) = driver.asked_to_end() {
            return Ok(ended);
        }
        // What is on disk is the truth: the engine begins from it as after a crash, once the home can be written.
        driver = loop {
            if let Some(ended) = driver.wait_out(why, &mut signals).await {
                return Ok(ended);
            }
            let parts = match driver.reread_all(&parts, &mut signals).await {
                Ok(parts) => parts,
                Err(ended) => return Ok(ended),
            };
            why = match open(parts, options) {
                Ok(next) => break driver.succeeded_by(next),
                Err(Failed::Trouble(name, words)) => (name, words),
                Err(Failed::Incident(words)) => (Trouble::File, words),
            };
        };
    }
}

/// One life of a driver: until the engine is to end, or the home cannot be written.
async fn live(
    driver: &mut Driver,
    changes: &mut mpsc::UnboundedReceiver<Change>,
    signals: &mut mpsc::UnboundedReceiver<Signal>,
) -> Result<Ended, Failed> {
    let wake = driver.wake.clone();
    let forward = async {
        loop {
            tokio::select! {
                Some(change) = changes.recv() => {
                    // One save is told of many times, and looked at once.
                    let mut all = BTreeSet::from([change]);
                    while let Ok(more) = changes.try_recv() {
                        all.insert(more);
                    }
                    for change in all {
                        let _ = wake.send(Wake::Changed(change));
                    }
                }
                Some(signal) = signals.recv() => drop(wake.send(Wake::Signal(signal))),
                else => std::future::pending().await,
            }
        }
    };
    let work = async {
        let begun = driver.begin().await;
        driver.survive(begun)?;
        driver.herald.ready();
        driver.drive().await
    };
    let ended = tokio::select! {
        ended = work => ended,
        () = forward => Err(Failed::Incident("the engine's ears are closed".to_owned())),
    };
    driver.pool.end().await;
    ended
}

/// Loads the home into a driver; a home without a journal is taken over.
pub(super) fn open(parts: Parts, options: Options) -> Result<Driver, Failed> {
    let Loaded {
        factory,
        recent,
        repaired,
        claim,
    } = parts.tools.store.load()?;
    let parts = Parts {
        tools: cleaned(parts.tools),
        ..parts
    };
    let (souls, warnings) = souls(&parts.souls).map_err(Failed::Incident)?;
    let fresh = factory.is_none();
    let factory = factory.unwrap_or_else(|| Factory::new(parts.tools.clock.now()));
    let ledger = Ledger::new(factory, &recent, parts.tools.clone());
    let mut driver = Driver::new(parts, ledger, souls, options);
    driver.problems = warnings;
    driver.loaded = Some((fresh, repaired, claim));
    if fresh {
        driver.take_over()?;
    }
    Ok(driver)
}

/// The same ports with the redactor in front of those that text goes through.
fn cleaned(tools: Tools) -> Tools {
    let redactor = || tools.redactor.clone();
    Tools {
        store: Clean::new(tools.store, redactor()),
        models: Clean::new(tools.models, redactor()),
        tests: Clean::new(tools.tests, redactor()),
        redactor: redactor(),
        ..tools
    }
}

impl Driver {
    /// A home without a journal: the items as found, and what the tags say has shipped.
    fn take_over(&mut self) -> Result<(), Failed> {
        let shipped = self.tools.repo.shipped()?;
        let items = self.tools.store.adoptable()?;
        self.note(EventBody::Adopted(Adopted { items, shipped }))?;
        if self.options.begin_paused {
            return self.start_pause();
        }
        Ok(())
    }

    /// What start-up does before the loop: journal it, judge what changed meanwhile, answer what waits.
    async fn begin(&mut self) -> Result<(), Failed> {
        self.tools.tests.sweep();
        // First: that the rest cannot be done is worth telling.
        self.open_telling();
        let (_, repaired, _) = self.loaded.clone().unwrap_or_default();
        let before = self.ledger.factory.version.clone();
        if !before.is_empty() && before != self.engine.version {
            let version = &self.engine.version;
            let words = format!("dev-factory {version} goes on where {before} ended");
            self.ledger.say(Level::Info, words);
        }
        match &self.ailing {
            Some(_) => self.begin_again(repaired)?,
            None => self.note(EventBody::Started {
                pid: self.engine.pid,
                version: self.engine.version.clone(),
                repaired,
            })?,
        }
        self.count_sent("cut by the end of the engine")?;
        if self.ledger.factory.stopped.is_some() {
            self.note(EventBody::Cleared)?;
        }
        self.drop_attempt("the engine had ended in the middle of it")?;
        self.settle_claim().await?;
        self.wishlist()?;
        self.reopen_work().await?;
        self.commands(true).await?;
        self.upkeep().await?;
        self.publish();
        Ok(())
    }

    /// Judges a state.json that another program wrote while no engine ran.
    async fn settle_claim(&mut self) -> Result<(), Failed> {
        match self.loaded.take().and_then(|(_, _, claim)| claim) {
            Some(doc) => self.claim(doc).await,
            None => Ok(()),
        }
    }

    /// Puts the worktree of the tool under way back in place.
    pub(super) async fn reopen_work(&mut self) -> Result<(), Failed> {
        match self.put_back().await {
            Ok(false) => {}
            Ok(true) => return Ok(()),
            Err(error) => return self.failed(error),
        }
        let factory = &self.ledger.factory;
        let tool = factory.current_tool.clone();
        let Some(tool) = tool.filter(|_| factory.phase.active()) else {
            // One of a tool that is done with stays behind when the end came between its last move and this.
            return match self.git(|repo| repo.close()).await {
                Ok(()) => Ok(()),
                Err(error) => self.failed(error),
            };
        };
        // Without a commit of this line of work the branch may be one of an earlier line, or missing.
        let saved = factory.facts(&tool).is_some_and(|f| f.commit.is_some());
        let paper = matches!(factory.phase, Phase::Spec | Phase::SpecReview);
        if paper || (factory.phase == Phase::Review && !saved) {
            self.worktree.begin(&self.tools.repo, tool, saved);
            return Ok(());
        }
        match self.git(move |repo| repo.open(&tool, true)).await {
            Ok(_) => Ok(()),
            Err(error) => self.failed(error),
        }
    }

    fn start_pause(&mut self) -> Result<(), Failed> {
        self.note(EventBody::Paused(Pause {
            id: format!("pause-{}", self.ledger.factory.pauses_made + 1),
            kind: PauseKind::Start,
            by: actor::ENGINE.to_owned(),
            scope: Scope::Factory,
            reason: "a new factory: look it over, then dev-factory resume".to_owned(),
            since: self.tools.clock.now(),
            until: None,
        }))
    }

    /// How `--until-idle` ends now; None while something can still happen by itself.
    pub(super) fn nothing_left(&self) -> Option<Ended> {
        let factory = &self.ledger.factory;
        let open = factory
            .items
            .iter()
            .any(|item| !matches!(item.status, ItemStatus::Shipped | ItemStatus::Dropped));
        if !open && matches!(factory.phase, Phase::Idle) {
            // What people wrote into a list that cannot be read is not known to be done.
            let ended = self
                .bad_wishlist
                .as_ref()
                .map_or(Ended::Idle, |_| Ended::NeedsPerson);
            return Some(ended);
        }
        if let Some(ailing) = self.ailing.as_ref().filter(|ailing| !ailing.trying) {
            return ailing.lasts().then_some(Ended::NeedsPerson);
        }
        let roles = self.wanted_roles();
        if roles.iter().any(|role| self.readiness.unasked(*role)) {
            return None;
        }
        let now = self.tools.clock.now();
        let resting = self.running.as_ref().map(|running| running.role);
        let waits_for_time = roles
            .into_iter()
            .chain(resting)
            .any(|role| self.readiness.waits_for_time(role, factory, now))
            || factory.pauses.iter().any(ends_soon);
        (!waits_for_time).then_some(Ended::NeedsPerson)
    }
}

/// An end that somebody set. One that only gives a host time does not promise that the host is back then.
fn ends_soon(pause: &Pause) -> bool {
    pause.until.is_some() && pause.kind != PauseKind::Host
}

/// The souls parsed, with what is odd about them.
pub(super) fn souls(texts: &SoulTexts) -> Result<([Arc<Soul>; 3], Vec<String>), String> {
    let [developer, qa, supervisor] = texts;
    let mut warnings = Vec::new();
    let mut read = |(file, text): &(String, String)| {
        soul::parse(text, file).map(|(soul, odd)| {
            warnings.extend(odd);
            Arc::new(soul)
        })
    };
    let souls = [read(developer)?, read(qa)?, read(supervisor)?];
    Ok((souls, warnings))
}

/// The models each role may work with, first choice first: settings decide, a soul's is used only when they name none.
pub(super) fn models(settings: &Settings, souls: &[Arc<Soul>; 3]) -> BTreeMap<Role, Vec<ModelRef>> {
    Role::ALL
        .into_iter()
        .zip(souls)
        .filter_map(|(role, soul)| {
            let own = settings.role(role);
            let of_soul = || soul.model.as_deref().and_then(|m| known(settings, m));
            let first = own.model.clone().or_else(of_soul)?;
            let others = own.fallback.iter().filter(|other| **other != first);
            Some((
                role,
                [first.clone()].into_iter().chain(others.cloned()).collect(),
            ))
        })
        .collect()
}

/// A soul's `host/model`, when its host is known.
fn known(settings: &Settings, model: &str) -> Option<ModelRef> {
    let (host, model) = model.split_once('/')?;
    settings.hosts.contains_key(host).then(|| ModelRef {
        host: host.to_owned(),
        model: model.to_owned(),
    })
}

/// Replies of this model come from a script.
pub(super) fn scripted(settings: &Settings, model: &ModelRef) -> bool {
    settings
        .hosts
        .get(&model.host)
        .is_some_and(|host| host.kind == HostKind::Scripted)
}

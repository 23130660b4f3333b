//! What one attempt works with: its turns, its records, and the word of the loop that it may go on.

use super::again::Known;
use crate::agents::prompt::{Desk, Numbers};
use crate::agents::soul::Soul;
use crate::domain::condition::Trouble;
use crate::domain::decide::Report;
use crate::domain::event::{EventBody, NewEvent};
use crate::domain::factory::ToolFacts;
use crate::domain::phase::{Outcome, Phase, Role};
use crate::domain::state::Escalation;
use crate::factory::failed::Failed;
use crate::factory::ports::clock::Clock;
use crate::factory::ports::feed::Publisher;
use crate::factory::ports::files::Files;
use crate::factory::ports::model::{ModelError, Models};
use crate::factory::ports::repo::{Repo, RepoError};
use crate::factory::ports::settings::{ModelRef, Settings};
use crate::factory::ports::store::Store;
use crate::factory::ports::tests::Tests;
use crate::factory::wake::Wake;
use crate::text::redact::Redactor;
use crate::text::tokens;
use chrono::{DateTime, Utc};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::oneshot::error::TryRecvError;
use tokio::sync::{mpsc, oneshot, watch};

/// Why an attempt ended without an outcome of its own.
#[derive(Debug)]
pub enum Stop {
    /// The host or its model is at fault: the phase starts again with it when it is back, or with another.
    Host {
        /// What was asked.
        model: ModelRef,
        /// What went wrong.
        error: Box<ModelError>,
    },
    /// A rule of the harness ends the phase; the report says how.
    Rule(Box<Report>),
    /// The line of work ended; the phase goes on with a fresh start.
    Afresh,
    /// The attempt is no longer the present one, or is to be begun again.
    Dropped(String),
    /// The surroundings failed: it is tried again by itself.
    Trouble(Trouble, String),
    /// A part of the factory failed; the engine pauses and says so.
    Incident(String),
}

impl<E> From<E> for Stop
where
    Failed: From<E>,
{
    fn from(error: E) -> Self {
        match Failed::from(error) {
            Failed::Trouble(name, words) => Self::Trouble(name, words),
            Failed::Incident(words) => Self::Incident(words),
        }
    }
}

/// Why the loop does not journal what an attempt tells it.
pub enum Refused {
    /// It is a request that goes out, and none may now.
    Held,
    /// The attempt is not the present one.
    Over,
}

/// What an attempt tells the loop.
pub enum FromAgent {
    /// Events to journal before the attempt goes on.
    Record {
        /// Attempt that asks.
        attempt: u64,
        /// What happened.
        events: Vec<NewEvent>,
        /// Answered once they are durable, or refused. Turns that cost nothing and reach no limit are answered once they are
        /// written: the next request of them need not wait for the disk.
        done: oneshot::Sender<Result<(), Refused>>,
    },
    /// What it does now, in words.
    Doing {
        /// Attempt that speaks.
        attempt: u64,
        /// One line.
        words: String,
        /// It waits for a pause to end, or for its hours to begin.
        resting: bool,
    },
    /// A reply has ended.
    Spoke {
        /// Who wrote it.
        role: Role,
        /// As the server measured it.
        tokens_per_second: Option<f64>,
    },
    /// What its host does is wrong, and a person should see it.
    Alarm {
        /// Whose host.
        role: Role,
        /// What, and what to do.
        words: String,
    },
    /// It is over.
    Finished {
        /// Attempt that ended.
        attempt: u64,
        /// How.
        result: Box<Result<Report, Stop>>,
    },
}

/// Ports an attempt uses.
#[derive(Clone)]
pub struct Tools {
    /// The home's files.
    pub store: Arc<dyn Store>,
    /// Model hosts.
    pub models: Arc<dyn Models>,
    /// Jest and the case runner.
    pub tests: Arc<dyn Tests>,
    /// git.
    pub repo: Arc<dyn Repo>,
    /// The tool's files.
    pub files: Arc<dyn Files>,
    /// Wall clock.
    pub clock: Arc<dyn Clock>,
    /// Where streamed text goes.
    pub publisher: Publisher,
    /// Takes secrets out of whatever is stored or shown.
    pub redactor: Redactor,
    /// The factory home.
    pub home: PathBuf,
}

/// Where a reply came from.
#[derive(Clone, Copy, Debug, Default)]
pub struct Origin {
    /// A script.
    pub scripted: bool,
    /// A model on a local host.
    pub local: bool,
}

/// One attempt at work.
pub struct Context {
    /// Who works.
    pub role: Role,
    /// On which phase.
    pub phase: Phase,
    /// Attempt id, checked by the loop with every record.
    pub attempt: u64,
    /// Tool under way.
    pub tool: String,
    /// The idea in people's words.
    pub idea: String,
    /// What is remembered of the tool, kept up as records are made.
    pub facts: ToolFacts,
    /// Escalation under review.
    pub escalation: Option<Escalation>,
    /// `cycleCount` at the start.
    pub cycle: u32,
    /// An external role can read the home, so held-out cases are no secret.
    pub external_reader: bool,
    /// Where the last reply came from.
    pub origin: Origin,
    /// Last move: what was measured after it belongs to this stay in the phase.
    pub since: DateTime<Utc>,
    /// Version it will ship as.
    pub version: String,
    /// Model of the role; None where the gates alone work.
    pub own: Option<ModelRef>,
    /// Model that is asked now: another one where the ladder, or a rule about replies, says so.
    pub model: Option<ModelRef>,
    /// Another model could take over where the present one cannot be used.
    pub replaceable: bool,
    /// By model: what its counts have taught of our estimate, in thousandths.
    pub factors: BTreeMap<String, u32>,
    /// By `host/model`: tokens a second it usually writes, in tenths.
    pub speeds: BTreeMap<String, u32>,
    /// Percent of each model usually on the GPU, by `host/model`, as learned.
    pub shares: BTreeMap<String, u8>,
    /// Instructions of the role.
    pub soul: Arc<Soul>,
    /// Numbers of the harness and limits.
    pub settings: Arc<Settings>,
    /// Ports.
    pub tools: Tools,
    /// To the loop.
    pub link: mpsc::UnboundedSender<Wake>,
    /// Why no turn and no gate may start now.
    pub hold: watch::Receiver<Option<&'static str>>,
    /// The limit that lets the role spend no money now, in words.
    pub spent: watch::Receiver<Option<String>>,
    /// Nobody whose text stands in a prompt can guess it.
    pub nonce: String,
    /// Replies that were broken off because they repeated themselves: the next one gets another seed.
    pub looped: u32,
    /// Models whose way to count was measured in this attempt.
    pub measured: BTreeSet<String>,
    /// Answers of the attempts that were cut before this one; None = not looked for yet.
    pub known: Option<Vec<Known>>,
    /// The last turn's record, on its way into the journal: the next turn waits for it.
    pub recording: Option<Recording>,
}

impl Context {
    /// Numbers prompts are built with.
    #[must_use]
    pub fn numbers(&self) -> Numbers {
        let mut numbers = self.settings.harness.numbers;
        if let Some(model) = &self.model {
            numbers.context = self.tools.models.context(&model.host, &model.model);
        }
        numbers.factor = self.factor();
        numbers
    }

    /// What the present model's counts have taught of our estimate, in thousandths.
    #[must_use]
    pub fn factor(&self) -> u32 {
        let known = self.model.as_ref().and_then(|m| self.factors.get(&m.model));
        known.copied().unwrap_or(tokens::AS_ESTIMATED)
    }

    /// Who asks, for what tool, with which numbers; `numbers` and `nonce` outlive the prompt.
    #[must_use]
    pub fn desk<'a>(&'a self, numbers: &'a Numbers, nonce: &'a str) -> Desk<'a> {
        Desk {
            soul: &self.soul,
            tool: &self.tool,
            numbers,
            nonce,
            packages: &self.settings.packages,
        }
    }

    /// Marks untrusted text in prompts. The same for all prompts of an attempt, so that a server can reuse what it read.
    #[must_use]
    pub fn nonce(&self) -> String {
        self.nonce.clone()
    }

    /// A hint left for the present phase.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        self.facts.hints.get(&self.phase.to_string()).cloned()
    }

    /// Says what is being done, for status and screens.
    pub fn doing(&self, words: impl Into<String>) {
        self.say(words.into(), false);
    }

    pub(super) fn say(&self, words: String, resting: bool) {
        self.tell(FromAgent::Doing {
            attempt: self.attempt,
            words,
            resting,
        });
    }

    /// Says something to the loop; false when it has ended.
    pub(super) fn tell(&self, message: FromAgent) -> bool {
        self.link.send(Wake::Agent(message)).is_ok()
    }

    /// Journals events of this attempt; durable when it returns.
    pub async fn record(&mut self, bodies: Vec<EventBody>) -> Result<(), Stop> {
        self.note(bodies).done().await
    }

    /// Hands events of this attempt to the loop, which journals them, in order, while other things are done here.
    pub fn note(&self, bodies: Vec<EventBody>) -> Recording {
        let events = bodies
            .into_iter()
            .map(|body| NewEvent {
                tool: Some(self.tool.clone()),
                actor: self.role.to_string(),
                body,
            })
            .collect();
        let (done, answer) = oneshot::channel();
        // A loop that has ended drops `done`, which is told where the answer is awaited.
        self.tell(FromAgent::Record {
            attempt: self.attempt,
            events,
            done,
        });
        Recording(answer)
    }

    /// Waits while a pause, a stop or a schedule forbids new turns and gates; whether it had to.
    pub async fn clear_to_go(&mut self) -> Result<bool, Stop> {
        let mut waited = false;
        loop {
            let held = *self.hold.borrow_and_update();
            let Some(why) = held else { break };
            self.say(format!("waiting for {}: {why}", self.role.called()), true);
            waited = true;
            let ended = |_| Stop::Dropped("the engine has ended".to_owned());
            self.hold.changed().await.map_err(ended)?;
        }
        if waited {
            self.say("going on".to_owned(), false);
        }
        Ok(waited)
    }

    /// A report of this attempt.
    #[must_use]
    pub fn report(&self, outcome: Outcome) -> Report {
        Report {
            attempt: Some(self.attempt),
            actor: self.role.to_string(),
            outcome: Some(outcome),
            commit: self.facts.commit.clone(),
            ..Report::default()
        }
    }

    /// Runs git work off the async threads.
    pub async fn git<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn Repo) -> Result<T, RepoError> + Send + 'static,
    ) -> Result<T, Stop> {
        let repo = self.tools.repo.clone();
        tokio::task::spawn_blocking(move || work(repo.as_ref()))
            .await
            .map_err(|e| Stop::Incident(format!("git task failed: {e}")))?
            .map_err(Stop::from)
    }
}

/// How long the loop's answer is waited for awake. It takes a few tenths of a millisecond to come, and a thread that went to
/// sleep for it would be woken a tenth late on a virtual machine; a turn of a model is thousands of times as long.
const AWAKE: Duration = Duration::from_micros(500);

/// Events on their way into the journal.
pub struct Recording(oneshot::Receiver<Result<(), Refused>>);

impl Recording {
    /// Durable when it returns, turns that cost nothing aside; an attempt that is no longer the present one is told to stop.
    pub async fn done(self) -> Result<(), Stop> {
        held_back(self.taken().await?)
    }

    /// As `done`, of what is answered soon.
    pub(super) async fn soon(self) -> Result<(), Stop> {
        held_back(self.answer(AWAKE).await?)
    }

    /// As `done`; false where it is a request that may not go out now.
    pub(super) async fn taken(self) -> Result<bool, Stop> {
        self.answer(Duration::ZERO).await
    }

    /// Waits for the loop, at first for so long awake.
    async fn answer(mut self, awake: Duration) -> Result<bool, Stop> {
        let dropped = |why: &str| Err(Stop::Dropped(why.to_owned()));
        let asleep = Instant::now() + awake;
        let answer = loop {
            match self.0.try_recv() {
                Err(TryRecvError::Empty) if Instant::now() < asleep => {
                    // The loop may have been woken on this processor.
                    std::thread::yield_now();
                    tokio::task::yield_now().await;
                }
                Err(TryRecvError::Empty) => break self.0.await.ok(),
                known => break known.ok(),
            }
        };
        match answer {
            Some(Ok(())) => Ok(true),
            Some(Err(Refused::Held)) => Ok(false),
            Some(Err(Refused::Over)) => dropped("another attempt has begun"),
            None => dropped("the engine has ended"),
        }
    }
}

fn held_back(taken: bool) -> Result<(), Stop> {
    match taken {
        true => Ok(()),
        false => Err(Stop::Dropped("no request may go out now".to_owned())),
    }
}

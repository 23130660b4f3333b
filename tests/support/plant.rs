//! A whole engine inside a test: real home, store, git and settings; the model host and the tests can be doubles.

use super::doubles::{Ahead, Canned, Desk};
use super::homes;
use dev_factory::adapters::feed::RunWriter;
use dev_factory::adapters::files::HomeFiles;
use dev_factory::adapters::git::GitRepo;
use dev_factory::adapters::lock;
use dev_factory::adapters::notifier::Messenger;
use dev_factory::adapters::service::Manager;
use dev_factory::adapters::store::{FileStore, await_answer, readers, submit};
use dev_factory::config::{self, Inputs};
use dev_factory::domain::command::{Answer, Command, Verb};
use dev_factory::domain::event::{Event, EventBody, Move};
use dev_factory::domain::factory::{Factory, ToolFacts};
use dev_factory::domain::item::Item;
use dev_factory::domain::phase::Phase;
use dev_factory::domain::screen::Snapshot;
use dev_factory::domain::state::StateDoc;
use dev_factory::factory::engine::{self, Ended, Options, Parts, Reread, Signal, SoulTexts, Tools};
use dev_factory::factory::failed::Failed;
use dev_factory::factory::ports::clock::Clock;
use dev_factory::factory::ports::feed::{Feed, Publisher};
use dev_factory::factory::ports::notifier::Notifier;
use dev_factory::factory::ports::repo::Repo;
use dev_factory::factory::ports::settings::Settings;
use dev_factory::factory::ports::store::{Store, StoreError};
use dev_factory::text::redact::Redactor;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::mpsc;

/// Longest wait for something that must happen.
pub const DEADLINE: Duration = Duration::from_secs(120);

/// Longest that reading the settings hangs where it is to: a test that fails must end.
const STUCK: Duration = Duration::from_secs(30);

/// Roles with a model, all on one local host.
pub const STAFFED: &str = "[hosts.lab]\nkind = \"ollama\"\nurl = \"http://127.0.0.1:1\"\n
[roles.developer]\nmodel = \"lab/test\"\n[roles.qa]\nmodel = \"lab/test\"\n[roles.supervisor]\nmodel = \"lab/test\"\n";

/// A home, and the doubles its engines work with.
pub struct Plant {
    _dir: tempfile::TempDir,
    pub home: PathBuf,
    pub desk: Arc<Desk>,
    pub tests: Arc<Canned>,
    pub clock: Arc<Ahead>,
    pub notifier: Arc<dyn Notifier>,
    /// In place of the real git.
    pub repo: Option<Arc<dyn Repo>>,
    /// What stands in front of the real store.
    pub store: Box<dyn Fn(Arc<FileStore>) -> Arc<dyn Store>>,
    /// Reading the settings again does not come to an end.
    pub stuck_reading: Arc<AtomicBool>,
    commands: AtomicU64,
}

/// Takes the home's lock. A child that another test forks holds a copy of the last one's until it has become its
/// program.
fn opened(home: &Path, clock: &Arc<dyn Clock>) -> FileStore {
    let start = std::time::Instant::now();
    loop {
        match FileStore::open(home, clock) {
            Err(StoreError::Held(_)) if start.elapsed() < DEADLINE => std::thread::yield_now(),
            other => return other.unwrap(),
        }
    }
}

impl Plant {
    /// A home whose wishlist holds these tools of the demo, with a model for every role.
    pub fn new(tools: &[&str]) -> Self {
        Self::with(tools, STAFFED)
    }

    pub fn with(tools: &[&str], settings: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let home = homes::make(dir.path(), tools, settings);
        Self {
            _dir: dir,
            home,
            desk: Arc::new(Desk::default()),
            tests: Arc::new(Canned::default()),
            clock: Arc::new(Ahead::default()),
            notifier: Arc::new(Messenger::default()),
            repo: None,
            store: Box::new(|real| real),
            stuck_reading: Arc::new(AtomicBool::new(false)),
            commands: AtomicU64::new(0),
        }
    }

    /// Starts an engine that works on.
    pub fn start(&self) -> Engine {
        self.engine(Options::default())
    }

    /// Runs an engine until nothing is left to do.
    pub async fn until_idle(&self) -> Ended {
        self.until_idle_within(DEADLINE).await
    }

    pub async fn until_idle_within(&self, limit: Duration) -> Ended {
        let options = Options {
            until_idle: true,
            ..Options::default()
        };
        self.engine(options).ended_within(limit).await
    }

    pub fn engine(&self, options: Options) -> Engine {
        let clock: Arc<dyn Clock> = self.clock.clone();
        let store = Arc::new(opened(&self.home, &clock));
        let publisher = Publisher::new(Redactor::default());
        let (signals, received) = mpsc::unbounded_channel();
        let feed = publisher.feed();
        let writer = RunWriter::spawn(store.clone(), publisher.feed());
        let (home, desk) = (self.home.clone(), self.desk.clone());
        let stuck = self.stuck_reading.clone();
        let real = || Arc::new(GitRepo::open(&self.home).unwrap());
        let tools = Tools {
            store: (self.store)(store),
            models: self.desk.clone(),
            tests: self.tests.clone(),
            repo: self.repo.clone().unwrap_or_else(|| real()),
            files: Arc::new(HomeFiles::new(&self.home)),
            clock,
            publisher,
            redactor: Redactor::default(),
            home: self.home.clone(),
        };
        let parts = Parts {
            tools,
            settings: settings(&self.home),
            souls: souls(&self.home),
            engine: lock::this_process(),
            agents: tokio::runtime::Handle::current(),
            service: Arc::new(Manager::default()),
            notifier: self.notifier.clone(),
            reload: Arc::new(move || {
                let begun = std::time::Instant::now();
                while stuck.load(Ordering::SeqCst) && begun.elapsed() < STUCK {
                    std::thread::park_timeout(Duration::from_millis(2));
                }
                Ok(Reread {
                    settings: settings(&home),
                    souls: souls(&home),
                    models: desk.clone(),
                })
            }),
        };
        let task = tokio::spawn(async move {
            let ended = engine::run(parts, options, received).await;
            let _ = writer.await;
            ended
        });
        Engine {
            task,
            signals,
            feed,
        }
    }

    /// Sends a command as the command line does and waits for its answer.
    pub async fn ask(&self, verb: Verb) -> Answer {
        let command = self.command(verb);
        submit(&self.home, &command).unwrap();
        let answer = await_answer(&self.home, &command.id, DEADLINE).await;
        answer.unwrap_or_else(|| panic!("no answer to {command:?}"))
    }

    /// As `ask`, for what must be accepted.
    pub async fn told(&self, verb: Verb) -> String {
        let name = verb.name();
        let answer = self.ask(verb).await;
        assert!(answer.accepted, "{name}: {}", answer.sentence);
        answer.sentence
    }

    /// As `ask`, for what must be refused.
    pub async fn refused(&self, verb: Verb) -> String {
        let name = verb.name();
        let answer = self.ask(verb).await;
        assert!(!answer.accepted, "{name}: {}", answer.sentence);
        answer.sentence
    }

    /// A command of a person, now.
    pub fn command(&self, verb: Verb) -> Command {
        let n = self.commands.fetch_add(1, Ordering::SeqCst);
        Command {
            id: format!("test-{n}"),
            verb,
            tool: None,
            phase: None,
            since: None,
            attempt: None,
            by: "operator:tester".to_owned(),
            at: self.clock.now(),
        }
    }

    /// The time as its engines have it.
    pub fn clock_now(&self) -> String {
        self.clock.now().to_rfc3339()
    }

    /// Writes the person's own settings.
    pub fn user_settings(&self, text: &str) {
        fs::write(user_file(&self.home), text).unwrap();
    }

    /// Has the settings read again.
    pub fn touch_settings(&self) {
        let path = self.home.join("dev-factory/factory.toml");
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, format!("{text}\n")).unwrap();
    }

    pub fn journal(&self) -> Vec<Event> {
        readers::history(&self.home, 1).unwrap()
    }

    pub fn factory(&self) -> Factory {
        readers::factory(&self.home).unwrap().factory.unwrap()
    }

    pub fn facts(&self, tool: &str) -> ToolFacts {
        self.factory().facts(tool).cloned().unwrap_or_default()
    }

    pub fn item(&self, tool: &str) -> Item {
        self.factory().item(tool).unwrap().clone()
    }

    /// Moves so far as "from outcome to".
    pub fn moves(&self) -> Vec<String> {
        let line = |m: &Move| format!("{} {} {}", m.from, m.outcome, m.to);
        self.each_move(line)
    }

    pub fn each_move<T>(&self, read: impl Fn(&Move) -> T) -> Vec<T> {
        let events = self.journal();
        let moves = events.iter().filter_map(|event| match &event.body {
            EventBody::Move(made) => Some(read(made)),
            _ => None,
        });
        moves.collect()
    }

    pub fn state(&self) -> StateDoc {
        homes::state(&self.home).unwrap()
    }

    pub fn state_path(&self) -> PathBuf {
        self.home.join("dev-factory/state.json")
    }

    pub fn read(&self, path: &str) -> String {
        let file = self.home.join(path);
        fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()))
    }

    pub fn git(&self, words: &[&str]) -> String {
        homes::git(&self.home, words)
    }

    pub fn tags(&self) -> Vec<String> {
        homes::tags(&self.home)
    }
}

/// An engine at work.
pub struct Engine {
    task: tokio::task::JoinHandle<Result<Ended, Failed>>,
    pub signals: mpsc::UnboundedSender<Signal>,
    feed: Feed,
}

impl Engine {
    /// Waits until the newest snapshot is as wanted.
    pub async fn until(&mut self, what: &str, wanted: impl Fn(&Snapshot) -> bool) -> Arc<Snapshot> {
        let is = |s: &Option<Arc<Snapshot>>| s.as_ref().is_some_and(|s| wanted(s));
        let mut feed = self.feed.snapshot.clone();
        let found = tokio::time::timeout(DEADLINE, feed.wait_for(is)).await;
        if let Ok(Ok(snapshot)) = found {
            return snapshot.clone().unwrap();
        }
        let ended = self.task.is_finished();
        let last = self.feed.snapshot.borrow().clone();
        panic!("never {what} (engine ended: {ended}): {last:#?}");
    }

    pub async fn phase(&mut self, phase: Phase) -> Arc<Snapshot> {
        self.until(phase.name(), |s| s.phase == phase).await
    }

    /// Waits for the end by itself.
    pub async fn ended(self) -> Ended {
        self.ended_within(DEADLINE).await
    }

    /// The same with a limit of one's own, for tests that hold the clock.
    pub async fn ended_within(self, limit: Duration) -> Ended {
        let ended = tokio::time::timeout(limit, self.task).await;
        ended.expect("the engine goes on").unwrap().unwrap()
    }

    /// Ends it as a power cut does: nothing more is done or written.
    pub async fn cut(self) {
        self.task.abort();
        assert!(self.task.await.unwrap_err().is_cancelled());
    }

    /// Ends it now.
    pub async fn stop(self) {
        self.signals.send(Signal::Interrupt).unwrap();
        assert_eq!(self.ended().await, Ended::Interrupted);
    }
}

fn user_file(home: &Path) -> PathBuf {
    home.with_file_name("user.toml")
}

fn settings(home: &Path) -> Settings {
    let inputs = Inputs {
        home: Some(home.to_path_buf()),
        user_file: Some(user_file(home)),
        ..Inputs::default()
    };
    let loaded = config::load(&inputs, &|_| Err("no key".to_owned()));
    loaded
        .unwrap_or_else(|problems| {
            panic!(
                "{:?}",
                problems.iter().map(ToString::to_string).collect::<Vec<_>>()
            )
        })
        .settings
}

fn souls(home: &Path) -> SoulTexts {
    ["developer.md", "qa.md", "supervisor.md"].map(|name| {
        let file = format!("souls/{name}");
        let text = fs::read_to_string(home.join(&file)).unwrap_or_default();
        (file, text)
    })
}

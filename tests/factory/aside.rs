//! What goes on beside the loop may fail, panic or never end: the loop goes on, and the end of the engine comes.

use crate::doubles::{Act, Blocked};
use crate::external::eventually;
use crate::homes::{self, TOOL};
use crate::plant::Plant;
use chrono::{DateTime, Utc};
use dev_factory::adapters::git::GitRepo;
use dev_factory::adapters::store::readers;
use dev_factory::domain::event::{EventBody, ShipRecord};
use dev_factory::domain::screen::Snapshot;
use dev_factory::domain::state::PauseKind;
use dev_factory::factory::engine::{Ended, Signal};
use dev_factory::factory::ports::repo::{Repo, RepoError, ShipOrder};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

/// The real git, parts of which a test has in its hand.
pub struct Hooked {
    pub git: GitRepo,
    /// Housekeeping panics; how often it was done.
    pub sweeps: Option<Arc<AtomicU32>>,
    /// Whoever asks for versions waits until the test lets it go on.
    pub versions: Option<Blocked>,
    /// No worktree can be opened as long as this holds.
    pub shut: Arc<AtomicBool>,
}

impl Hooked {
    /// The git of a home, as it is.
    pub fn of(plant: &Plant) -> Self {
        Self {
            git: GitRepo::open(&plant.home).unwrap(),
            sweeps: None,
            versions: None,
            shut: Arc::default(),
        }
    }
}

impl Repo for Hooked {
    fn open(&self, tool: &str, resume: bool) -> Result<PathBuf, RepoError> {
        match self.shut.load(Ordering::SeqCst) {
            true => Err(RepoError::Git("planted: no worktree".to_owned())),
            false => Repo::open(&self.git, tool, resume),
        }
    }
    fn begin(&self, tool: &str, attempt: u64, cut: &[u64]) -> Result<Option<String>, RepoError> {
        self.git.begin(tool, attempt, cut)
    }
    fn save(&self, tool: &str, message: &str) -> Result<(String, String), RepoError> {
        self.git.save(tool, message)
    }
    fn tree(&self, tool: &str) -> Result<String, RepoError> {
        self.git.tree(tool)
    }
    fn export(&self, tool: &str, commit: &str, dir: &Path) -> Result<(), RepoError> {
        self.git.export(tool, commit, dir)
    }
    fn knows(&self, commit: &str) -> Result<bool, RepoError> {
        self.git.knows(commit)
    }
    fn restore(&self, tool: &str, commit: &str) -> Result<(), RepoError> {
        self.git.restore(tool, commit)
    }
    fn close(&self) -> Result<(), RepoError> {
        self.git.close()
    }
    fn main_blocked(&self) -> Result<Option<String>, RepoError> {
        self.git.main_blocked()
    }
    fn ship(&self, order: &ShipOrder) -> Result<ShipRecord, RepoError> {
        self.git.ship(order)
    }
    fn versions(&self, tool: &str) -> Result<Vec<String>, RepoError> {
        if let Some(blocked) = &self.versions {
            blocked.wait();
        }
        self.git.versions(tool)
    }
    fn shipped(&self) -> Result<Vec<(String, String)>, RepoError> {
        self.git.shipped()
    }
    fn push(&self, remote: &str, tag: &str) -> Result<(), RepoError> {
        self.git.push(remote, tag)
    }
    fn diff(&self, tool: &str) -> Result<String, RepoError> {
        self.git.diff(tool)
    }
    fn sweep(
        &self,
        tools: &[String],
        days: u32,
        now: DateTime<Utc>,
    ) -> Result<Vec<String>, RepoError> {
        if let Some(sweeps) = &self.sweeps {
            sweeps.fetch_add(1, Ordering::SeqCst);
            panic!("planted: housekeeping");
        }
        self.git.sweep(tools, days, now)
    }
    fn work(&self) -> &Path {
        self.git.work()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn housekeeping_that_panics_is_over_and_holds_up_no_end() {
    let mut plant = Plant::new(&[TOOL]);
    let times = Arc::new(AtomicU32::new(0));
    plant.repo = Some(Arc::new(Hooked {
        sweeps: Some(times.clone()),
        ..Hooked::of(&plant)
    }));
    let limit = std::time::Duration::from_secs(30);
    assert_eq!(plant.until_idle_within(limit).await, Ended::Idle);
    // At the start, and when the tool had shipped.
    assert_eq!(times.load(Ordering::SeqCst), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_never_told_holds_up_no_end_after_the_home_was_away() {
    let plant = Plant::new(&[TOOL]);
    let held = plant.desk.hold(&format!("{TOOL}/spec/draft"));
    let mut engine = plant.start();
    held.reached(1).await;
    // git makes the worktree beside the first turns, and what it makes there would lie in the way of the home's return.
    let made = plant.home.join(".git/worktrees/work/index");
    eventually("git has made the worktree", || made.exists()).await;
    let (here, away) = (plant.home.join("dev-factory"), plant.home.join("away"));
    fs::rename(&here, &away).unwrap();
    held.open();
    let gone = |s: &Snapshot| !s.conditions.is_empty();
    engine.until("the home is away", gone).await;
    plant.stuck_reading.store(true, Ordering::SeqCst);
    fs::rename(&away, &here).unwrap();
    // Its settings are being read again, and do not come.
    let reading = std::time::Duration::from_millis(1500);
    tokio::time::timeout(
        reading,
        engine.until("it goes on", |s| s.conditions.is_empty()),
    )
    .await
    .unwrap_err();
    engine.signals.send(Signal::Interrupt).unwrap();
    let ended = engine
        .ended_within(std::time::Duration::from_secs(10))
        .await;
    plant.stuck_reading.store(false, Ordering::SeqCst);
    assert_eq!(ended, Ended::Interrupted);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_incident_with_words_of_a_disk_is_an_incident() {
    let plant = Plant::new(&[TOOL]);
    let words = "no space left on device (os error 28)";
    plant
        .desk
        .on(&format!("{TOOL}/spec/draft"), 1, Act::Panic(words));
    let mut engine = plant.start();
    let snapshot = engine.until("paused", |s| !s.pauses.is_empty()).await;
    let pause = &snapshot.pauses[0];
    assert_eq!(pause.kind, PauseKind::Incident);
    assert!(pause.reason.contains(words), "{}", pause.reason);
    assert!(snapshot.conditions.is_empty(), "{:?}", snapshot.conditions);
    engine.stop().await;
}

#[test]
fn a_verb_whose_disk_fails_says_what_the_journal_says() {
    let dir = tempfile::tempdir().unwrap();
    let home = homes::make(dir.path(), &[], homes::SCRIPTED);
    let steps = dir.path().join("steps");
    let known = || fs::read_to_string(&steps).map_or(0, |text| text.lines().count());
    let (mut done, mut failed) = (0, 0);
    for amount in 1_u32.. {
        let before = known();
        let word = amount.to_string();
        let output = homes::program(dir.path(), &["--home", home.to_str().unwrap()])
            .args(["pause", "--scope", "qa", "--reason", &word])
            .args(["--until", &format!("{amount}h")])
            .env("FAULT_STEPS", format!("eio:{}", steps.display()))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let is =
            |body: &EventBody| matches!(body, EventBody::Paused(pause) if pause.reason == word);
        let there = readers::history(&home, 1).is_ok_and(|all| all.iter().any(|e| is(&e.body)));
        match output.status.code() {
            Some(0) => {
                assert!(there, "{amount}: {output:?}");
                done += 1;
            }
            Some(1) => {
                let unknown = said.contains("whether it was carried out");
                assert!(!there || unknown, "{amount}: {said}");
                failed += 1;
            }
            _ => panic!("{output:?}"),
        }
        if known() == before {
            break;
        }
    }
    assert!(done > 0 && failed > 0, "{done} done, {failed} failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_asked_to_end_does_not_wait_for_a_home_that_is_away() {
    let plant = Plant::new(&[TOOL]);
    let held = plant.desk.hold(&format!("{TOOL}/spec/draft"));
    let mut engine = plant.start();
    held.reached(1).await;
    engine.signals.send(Signal::Terminate).unwrap();
    engine.until("it is to end", |s| s.pausing).await;
    let (here, away) = (plant.home.join("dev-factory"), plant.home.join("away"));
    fs::rename(&here, &away).unwrap();
    held.open();
    let limit = std::time::Duration::from_secs(30);
    assert_eq!(engine.ended_within(limit).await, Ended::Stopped);
    assert!(!here.exists());
}

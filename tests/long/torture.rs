//! The engine killed, and its disk failing, wherever that can happen: every time the next start goes on, nothing is
//! counted twice, and the wishlist ends shipped once, with the same meaning in the journal as of an undisturbed run.

use crate::{homes, small_script};
use dev_factory::adapters::store::{answered, readers, submit};
use dev_factory::domain::event::EventBody;
use small_script::EVENTFUL as TOOL;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Longest that what an engine started may be there after it.
const MOMENT: Duration = Duration::from_secs(2);
/// Random kills of a run, at most.
const KILLS: u64 = 10;
/// Most lines the journal grows by before one of them: a start alone writes some, and a run has to come to its end.
const MOST: u64 = 10;
/// Latest of them after the line it waits for, which is as long as a gate takes.
const LATEST: Duration = Duration::from_millis(400);
/// Longest one engine may take to its end.
const LIMIT: Duration = Duration::from_secs(180);

/// A home under torture.
struct Victim {
    dir: tempfile::TempDir,
    home: PathBuf,
    starts: u32,
}

impl Victim {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let home = small_script::make(dir.path(), &[TOOL]);
        Self {
            dir,
            home,
            starts: 0,
        }
    }

    fn ledger(&self) -> PathBuf {
        self.dir.path().join("steps")
    }

    /// An engine that works until nothing is left to do.
    fn start(&mut self, faults: Option<&str>) -> Child {
        self.starts += 1;
        let said = File::create(self.dir.path().join("said")).unwrap();
        let words = ["--home", self.home.to_str().unwrap()];
        let mut command = homes::program(self.dir.path(), &words);
        command.args(["--no-tui", "--until-idle"]);
        if let Some(kind) = faults {
            let plan = format!("{kind}:{}", self.ledger().display());
            command.env("FAULT_STEPS", plan);
            // Segments of the journal are closed several times on the way.
            command.env("FAULT_SEGMENT", "16384");
        }
        command
            .stdin(Stdio::null())
            .stdout(said.try_clone().unwrap())
            .stderr(said)
            .spawn()
            .unwrap()
    }

    /// Lines of its journal.
    fn lines(&self) -> u64 {
        let journal = fs::read(self.home.join("dev-factory/journal.jsonl")).unwrap_or_default();
        journal.iter().filter(|byte| **byte == b'\n').count() as u64
    }

    fn said(&self) -> String {
        fs::read_to_string(self.dir.path().join("said")).unwrap()
    }

    /// What every start must find: one whole story, never told twice.
    fn holds(&self) {
        let reading = readers::factory(&self.home).unwrap();
        let events = readers::history(&self.home, 1).unwrap();
        let numbers: Vec<u64> = events.iter().map(|e| e.seq).collect();
        let counted: Vec<u64> = (1..=numbers.len() as u64).collect();
        assert_eq!(numbers, counted, "{}", self.said());
        let mut labels = BTreeSet::new();
        for event in &events {
            if let EventBody::Turn(turn) = &event.body {
                assert!(labels.insert(turn.label.clone()), "{} twice", turn.label);
            }
        }
        let shipped = reading.factory.map_or(0, |factory| factory.totals.shipped);
        assert!(shipped <= 1, "shipped {shipped} times");
        self.alone();
    }

    /// Nothing that an engine started is there for more than a moment after its end.
    fn alone(&self) {
        let end = Instant::now() + MOMENT;
        while !running(&self.home).is_empty() {
            assert!(Instant::now() < end, "left: {:?}", running(&self.home));
            std::thread::park_timeout(Duration::from_millis(2));
        }
    }

    /// What the journal says happened to the tool, without numbers and times of any one process.
    fn meaning(&self) -> Vec<String> {
        let events = readers::history(&self.home, 1).unwrap();
        events
            .iter()
            .filter_map(|event| match &event.body {
                EventBody::Move(m) => Some(format!(
                    "{} > {} {:?} {}",
                    m.from, m.to, m.outcome, m.cycle_count
                )),
                EventBody::SpecKept { n, sha256 } => Some(format!("spec {n} {sha256}")),
                EventBody::CasesKept { n, count, .. } => Some(format!("cases {n} {count}")),
                EventBody::CaseRevealed { case, .. } => Some(format!("revealed {case}")),
                EventBody::Run(run) => Some(format!(
                    "run {} {} {}/{} {}/{}",
                    run.run, run.green, run.passed, run.total, run.held_passed, run.held_total
                )),
                EventBody::BugFiled { n, title, .. } => Some(format!("bug {n} {title}")),
                EventBody::Reviewed { n, verdict, .. } => Some(format!("review {n} {verdict}")),
                EventBody::Turn(turn) => Some(format!("turn {} {}", turn.label, turn.ok)),
                _ => None,
            })
            .collect()
    }

    /// Nothing is left of the work but what is meant to stay; of a tool that shipped not even the cache of its runs.
    fn clean(&self) {
        let git = |words: &[&str]| homes::git(&self.home, words);
        assert_eq!(homes::tags(&self.home), [format!("{TOOL}@1.0.0")]);
        assert_eq!(git(&["worktree", "list"]).lines().count(), 1);
        assert_eq!(git(&["fsck", "--no-dangling"]), "");
        let mut left = Vec::new();
        litter(&self.home.join("dev-factory"), &mut left);
        assert_eq!(left, Vec::<PathBuf>::new());
        let run = self.home.join("dev-factory/run");
        assert_eq!(names(&run.join("trees")), Vec::<String>::new());
        assert_eq!(names(&run.join("gates")), Vec::<String>::new());
    }

    /// Shipped as an undisturbed one is, with nothing else left.
    fn as_if_nothing_had_been(&self) {
        self.holds();
        self.clean();
        let (meaning, repository) = undisturbed();
        assert_eq!(self.meaning(), *meaning);
        assert_eq!(self.repository(), *repository);
    }

    /// Refs, the tree of the shipped tool, and what is changed beside it.
    fn repository(&self) -> [String; 3] {
        let git = |words: &[&str]| homes::git(&self.home, words);
        [
            git(&["for-each-ref", "--format=%(refname)"]),
            git(&["rev-parse", &format!("HEAD:tools/{TOOL}")]),
            git(&["status", "--porcelain"]),
        ]
    }
}

/// What is in a folder.
fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap().flatten();
    entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}

/// Temporary files of ours below a folder.
fn litter(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap().flatten() {
        if entry.file_type().unwrap().is_dir() {
            litter(&entry.path(), found);
        } else if entry.file_name().to_string_lossy().starts_with(".df-") {
            found.push(entry.path());
        }
    }
}

/// Processes that name the home in their command lines.
fn running(home: &Path) -> Vec<String> {
    let wanted = home.to_string_lossy().into_owned();
    let entries = fs::read_dir("/proc").unwrap().flatten();
    entries
        .filter_map(|entry| fs::read_to_string(entry.path().join("cmdline")).ok())
        .filter(|line| line.contains(&wanted))
        .collect()
}

/// How an engine ended within its limit.
fn ended(child: &mut Child, limit: Duration) -> Option<ExitStatus> {
    ended_or(child, limit, || false)
}

/// The same, or None once something else holds.
fn ended_or(child: &mut Child, limit: Duration, holds: impl Fn() -> bool) -> Option<ExitStatus> {
    let end = Instant::now() + limit;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return Some(status);
        }
        if holds() || Instant::now() > end {
            return None;
        }
        std::thread::park_timeout(Duration::from_millis(2));
    }
}

/// Meaning and repository of a run that nothing has disturbed.
fn undisturbed() -> &'static (Vec<String>, [String; 3]) {
    static CALM: OnceLock<(Vec<String>, [String; 3])> = OnceLock::new();
    CALM.get_or_init(|| {
        let mut calm = Victim::new();
        let mut engine = calm.start(None);
        let status = ended(&mut engine, LIMIT).expect("the engine does not end");
        assert!(status.success(), "{}", calm.said());
        calm.holds();
        calm.clean();
        let meaning = calm.meaning();
        for phase in ["spec-review > spec ", "fixing > qa "] {
            assert!(
                meaning.iter().any(|told| told.starts_with(phase)),
                "{phase}"
            );
        }
        (meaning, calm.repository())
    })
}

/// Each command has one answer, in the journal and in its folder.
fn answers(home: &Path, sent: u32) {
    let events = readers::history(home, 1).unwrap();
    let mut answers: Vec<String> = events
        .iter()
        .filter_map(|event| match &event.body {
            EventBody::Answered { command, .. } => Some(command.id.clone()),
            _ => None,
        })
        .collect();
    answers.sort();
    let mut all: Vec<String> = (1..=sent).map(|n| format!("order-{n}")).collect();
    all.sort();
    assert_eq!(answers, all);
    for id in all {
        assert!(answered(home, &id).is_some(), "{id}");
    }
}

/// Kills at each step of a plan, one a start, all in one home.
fn killed_at(plan: &str, least: u32) {
    let mut victim = Victim::new();
    let mut kills = 0;
    loop {
        let order = homes::refused(&format!("order-{}", kills + 1));
        submit(&victim.home, &order).unwrap();
        let mut engine = victim.start(Some(plan));
        let status = ended(&mut engine, LIMIT).expect("the engine does not end");
        if status.success() {
            break;
        }
        assert_eq!(status.signal(), Some(9), "{status:?}: {}", victim.said());
        kills += 1;
        victim.holds();
        assert!(kills < 2000, "no end of steps");
    }
    println!("killed at {kills} steps");
    assert!(kills > least, "only {kills} steps were found");
    answers(&victim.home, kills + 1);
    victim.as_if_nothing_had_been();
}

/// Each kind of step once, and in each phase of each cycle what is done to the journal.
#[test]
fn killed_at_each_kind_of_step_it_ends_as_if_nothing_had_been() {
    killed_at("kill-kinds", 100);
}

/// `cargo test --test long killed_at_every -- --ignored --nocapture`
#[test]
#[ignore = "takes minutes"]
fn killed_at_every_step_it_ends_as_if_nothing_had_been() {
    killed_at("kill", 400);
}

/// So many kills at random moments, in as many runs as it takes, two side by side.
fn random_kills(wanted: u64) {
    let seed = std::env::var("TORTURE_SEED")
        .ok()
        .and_then(|s| s.parse().ok());
    let seed: u64 = seed.unwrap_or_else(|| u64::from(std::process::id()));
    println!("TORTURE_SEED={seed}");
    let next = AtomicU64::new(0);
    let kills = AtomicU64::new(0);
    let work = || {
        while kills.load(Ordering::Relaxed) < wanted {
            let run = next.fetch_add(1, Ordering::Relaxed);
            // Any spread will do; a seed of nothing stays nothing.
            let random = (seed + run + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            kills.fetch_add(random_run(random), Ordering::Relaxed);
        }
    };
    std::thread::scope(|scope| {
        let both = [scope.spawn(work), scope.spawn(work)];
        let told = both.map(|one| one.join());
        assert!(told.iter().all(Result::is_ok), "a run failed");
    });
    let (kills, runs) = (kills.into_inner(), next.into_inner());
    println!("killed {kills} times in {runs} runs");
    // A test that kills nothing shows nothing: every run that came to its end unharmed is one too many.
    assert!(runs <= wanted.div_ceil(KILLS) * 2, "{runs} runs");
}

/// How often it was killed.
fn random_run(mut random: u64) -> u64 {
    let mut victim = Victim::new();
    let mut kills = 0;
    for _ in 0..KILLS {
        // xorshift
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        // By what was done and not by time alone, or most of them would meet the same phase of a busy machine.
        let wanted = victim.lines() + random % MOST;
        let later = LATEST.mul_f64((random / MOST % 1000) as f64 / 1000.0);
        let mut engine = victim.start(None);
        let grown = || victim.lines() >= wanted;
        if ended_or(&mut engine, LIMIT, grown).is_none() && ended(&mut engine, later).is_none() {
            engine.kill().unwrap();
            engine.wait().unwrap();
            kills += 1;
            let phase = homes::state(&victim.home).map(|state| state.phase);
            println!("killed in {phase:?}");
        }
        victim.holds();
    }
    let mut engine = victim.start(None);
    let status = ended(&mut engine, LIMIT).expect("the engine does not end");
    assert!(status.success(), "{}", victim.said());
    victim.as_if_nothing_had_been();
    kills
}

#[test]
fn sixty_kills_at_random_change_nothing() {
    random_kills(60);
}

/// `cargo test --test long five_hundred -- --ignored --nocapture`
#[test]
#[ignore = "takes minutes"]
fn five_hundred_kills_at_random_change_nothing() {
    random_kills(500);
}

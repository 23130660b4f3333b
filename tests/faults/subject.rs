//! A home whose engine is to meet a fault, and what must hold of it whatever happened.

use crate::homes;
use crate::small_script;
pub use crate::small_script::{EVENTFUL, TOOL};
use dev_factory::adapters::store::readers;
use dev_factory::domain::condition::Trouble;
use dev_factory::domain::event::{Event, EventBody};
use dev_factory::domain::phase::Phase;
use dev_factory::domain::screen::Snapshot;
use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, prlimit};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// What happens to a tool when nothing is in the way.
fn calm(tool: &str) -> Vec<String> {
    static CALM: Mutex<BTreeMap<String, Vec<String>>> = Mutex::new(BTreeMap::new());
    let mut known = CALM.lock().unwrap();
    let made = || {
        let mut subject = Subject::new(&[tool]);
        subject.start(|_| {});
        assert_eq!(subject.ended(), Some(0), "{}", subject.said());
        subject.shipped_once_and_alone();
        let meaning = subject.meaning();
        let repaired = meaning.iter().any(|told| told.starts_with("fixing > qa "));
        assert_eq!(repaired, tool == EVENTFUL, "{meaning:#?}");
        meaning
    };
    known.entry(tool.to_owned()).or_insert_with(made).clone()
}

/// Longest one thing may take.
pub const LIMIT: Duration = Duration::from_secs(300);

pub struct Subject {
    pub dir: tempfile::TempDir,
    pub home: PathBuf,
    tools: Vec<String>,
    engine: Option<Child>,
    /// What git says is changed in the fresh home.
    changed: String,
}

impl Drop for Subject {
    fn drop(&mut self) {
        if let Some(mut engine) = self.engine.take() {
            let _ = engine.kill();
            let _ = engine.wait();
        }
    }
}

impl Subject {
    pub fn new(tools: &[&str]) -> Self {
        Self::within(&std::env::temp_dir(), tools)
    }

    /// As `new`, below a folder.
    pub fn within(base: &Path, tools: &[&str]) -> Self {
        let dir = tempfile::tempdir_in(base).unwrap();
        let home = small_script::make(dir.path(), tools);
        let changed = homes::git(&home, &["status", "--porcelain"]);
        Self {
            dir,
            home,
            tools: tools.iter().map(|&tool| tool.to_owned()).collect(),
            engine: None,
            changed,
        }
    }

    /// The program with words, its output in a file.
    pub fn program(&self, words: &[&str]) -> Command {
        let said = File::create(self.dir.path().join("said")).unwrap();
        let home = ["--home", self.home.to_str().unwrap()];
        let mut command = homes::program(self.dir.path(), &home);
        command
            .args(words)
            .stdin(Stdio::null())
            .stdout(said.try_clone().unwrap())
            .stderr(said);
        command
    }

    /// Starts an engine that works until nothing is left to do.
    pub fn start(&mut self, change: impl FnOnce(&mut Command)) {
        let mut command = self.program(&["--no-tui", "--until-idle"]);
        change(&mut command);
        self.engine = Some(command.spawn().unwrap());
    }

    /// Starts an engine through other programs; it works on when nothing is left to do.
    pub fn start_in(&mut self, before: &[&str]) {
        let plain = self.program(&["--no-tui"]);
        let said = File::create(self.dir.path().join("said")).unwrap();
        let (first, rest) = before.split_first().unwrap();
        let mut command = Command::new(first);
        command
            .args(rest)
            .arg(plain.get_program())
            .args(plain.get_args());
        for (name, value) in plain.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command.current_dir(self.dir.path()).stdin(Stdio::null());
        command.stdout(said.try_clone().unwrap()).stderr(said);
        self.engine = Some(command.spawn().unwrap());
    }

    /// Sends a command as the command line does; what it printed.
    pub fn verb(&self, words: &[&str]) -> String {
        let home = ["--home", self.home.to_str().unwrap()];
        let output = homes::program(self.dir.path(), &home).args(words).output();
        let output = output.unwrap();
        assert!(output.status.success(), "{words:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    pub fn said(&self) -> String {
        fs::read_to_string(self.dir.path().join("said")).unwrap()
    }

    /// Waits for the engine's end; its exit code.
    pub fn ended(&mut self) -> Option<i32> {
        let end = Instant::now() + LIMIT;
        let engine = self.engine.as_mut().unwrap();
        loop {
            if let Some(status) = engine.try_wait().unwrap() {
                self.engine = None;
                return status.code();
            }
            if Instant::now() > end {
                let said = self.said();
                panic!("the engine does not end: {said}");
            }
            std::thread::park_timeout(Duration::from_millis(5));
        }
    }

    /// Sets how large files of the engine may grow, bytes; what it was before.
    pub fn limit_files(&self, most: Option<u64>) -> Option<u64> {
        let pid = Pid::from_child(self.engine.as_ref().unwrap());
        let maximum = getrlimit(Resource::Fsize).maximum;
        let limit = Rlimit {
            current: most,
            maximum,
        };
        prlimit(Some(pid), Resource::Fsize, limit).unwrap().current
    }

    /// Sends a command that may fail; exit code and all it printed.
    pub fn tried(&self, words: &[&str]) -> (Option<i32>, String) {
        let home = ["--home", self.home.to_str().unwrap()];
        let output = homes::program(self.dir.path(), &home).args(words).output();
        let output = output.unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(said).unwrap())
    }

    /// The engine dies now.
    pub fn dies(&mut self) {
        let mut engine = self.engine.take().unwrap();
        engine.kill().unwrap();
        engine.wait().unwrap();
    }

    pub fn lives(&mut self) -> bool {
        let engine = self.engine.as_mut().unwrap();
        engine.try_wait().unwrap().is_none()
    }

    /// Sends the engine a signal.
    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_child(self.engine.as_ref().unwrap());
        kill_process(pid, signal).unwrap();
    }

    pub fn wait<T>(&self, what: &str, mut found: impl FnMut() -> Option<T>) -> T {
        let end = Instant::now() + LIMIT;
        loop {
            if let Some(found) = found() {
                return found;
            }
            assert!(Instant::now() < end, "no {what}: {}", self.said());
            std::thread::park_timeout(Duration::from_millis(10));
        }
    }

    pub fn snapshot(&self) -> Option<Snapshot> {
        readers::snapshot(&self.home).map(|(snapshot, _)| snapshot)
    }

    /// Waits until the tool is at work in this phase, or beyond it.
    pub fn reaches(&self, phase: Phase) {
        self.wait(phase.name(), || {
            let state = homes::state(&self.home)?;
            (state.phase == phase).then_some(())
        });
    }

    /// The engine goes on by itself: it ends, and the tool has shipped as if nothing had been.
    pub fn goes_on(&mut self) {
        assert_eq!(self.ended(), Some(0), "{}", self.said());
        self.as_if_nothing_had_been();
    }

    pub fn as_if_nothing_had_been(&self) {
        self.shipped_once_and_alone();
        assert_eq!(self.meaning(), calm(&self.tools[0]));
    }

    /// Waits until this condition is shown; its sentence.
    pub fn shows(&self, name: Trouble) -> String {
        self.wait(name.name(), || {
            let all = self.snapshot()?.conditions;
            all.into_iter().find(|c| c.name == name).map(|c| c.why)
        })
    }

    /// Has people told by a command; the file their messages go to.
    pub fn told(&self) -> PathBuf {
        let file = self.dir.path().join("told");
        let settings = self.dir.path().join("config/dev-factory");
        fs::create_dir_all(&settings).unwrap();
        let command = format!("[notify.desk]\ncommand = \"cat >> {}\"\n", file.display());
        fs::write(settings.join("config.toml"), command).unwrap();
        file
    }

    /// Waits until no condition is shown.
    pub fn heals(&self) {
        self.wait("end of the condition", || {
            self.snapshot()?.conditions.is_empty().then_some(())
        });
    }

    /// `status` with words: exit code and what it printed.
    pub fn status(&self, words: &[&str]) -> (Option<i32>, String) {
        let home = ["--home", self.home.to_str().unwrap(), "status"];
        let mut command = homes::program(self.dir.path(), &home);
        let output = command.args(words).output().unwrap();
        (
            output.status.code(),
            String::from_utf8(output.stdout).unwrap(),
        )
    }

    pub fn events(&self) -> Vec<Event> {
        readers::history(&self.home, 1).unwrap()
    }

    /// One whole story, never told twice, in which nobody had to help.
    pub fn shipped_once_and_alone(&self) {
        let events = self.events();
        let numbers: Vec<u64> = events.iter().map(|e| e.seq).collect();
        let counted: Vec<u64> = (1..=numbers.len() as u64).collect();
        assert_eq!(numbers, counted, "{}", self.said());
        let mut labels = BTreeSet::new();
        for event in &events {
            match &event.body {
                EventBody::Turn(turn) => {
                    assert!(labels.insert(turn.label.clone()), "{} twice", turn.label);
                }
                EventBody::Paused(pause) => panic!("paused: {}", pause.reason),
                EventBody::Incident { sentence } => panic!("{sentence}"),
                _ => {}
            }
        }
        let reading = readers::factory(&self.home).unwrap();
        assert_eq!(reading.notes, Vec::<String>::new());
        assert_eq!(reading.factory.unwrap().totals.shipped, 1);
        assert_eq!(
            homes::tags(&self.home),
            [format!("{}@1.0.0", self.tools[0])]
        );
        let git = |words: &[&str]| homes::git(&self.home, words);
        assert_eq!(git(&["worktree", "list"]).lines().count(), 1);
        assert_eq!(git(&["fsck", "--no-dangling"]), "");
        // What the test changed before it began, and nothing else.
        let changed = git(&["status", "--porcelain"]);
        assert_eq!(changed, self.changed);
        let mut left = Vec::new();
        litter(&self.home.join("dev-factory"), &mut left);
        assert_eq!(left, Vec::<PathBuf>::new());
        let state = homes::state(&self.home).unwrap();
        assert_eq!(state.current_tool, None, "state.json is behind");
    }

    /// What the journal says happened to the tool, without numbers and times of any one process. Sets of held-out cases
    /// are left out: an attempt that was cut makes its set anew.
    pub fn meaning(&self) -> Vec<String> {
        let told = |event: &Event| match &event.body {
            EventBody::Move(m) => Some(format!(
                "{} > {} {:?} {}",
                m.from, m.to, m.outcome, m.cycle_count
            )),
            EventBody::CaseRevealed { case, .. } => Some(format!("revealed {case}")),
            EventBody::Run(run) => Some(format!(
                "run {} {} {}/{} {}/{}",
                run.run, run.green, run.passed, run.total, run.held_passed, run.held_total
            )),
            EventBody::BugFiled { n, title, .. } => Some(format!("bug {n} {title}")),
            _ => None,
        };
        self.events().iter().filter_map(told).collect()
    }

    pub fn notes(&self) -> Vec<String> {
        let note = |event: Event| match event.body {
            EventBody::Noted { sentence } => Some(sentence),
            EventBody::Gap { gap, seconds } => Some(gap.words(seconds)),
            _ => None,
        };
        self.events().into_iter().filter_map(note).collect()
    }
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

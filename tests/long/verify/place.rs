//! A home in which one tool was shipped and another waits for a person, made once; each test damages a copy.

use super::{homes, small_script};
use dev_factory::adapters::clock::SystemClock;
use dev_factory::adapters::store::FileStore;
use dev_factory::domain::event::{EventBody, Move, NewEvent};
use dev_factory::domain::factory::Factory;
use dev_factory::domain::phase::{Outcome, Phase};
use dev_factory::factory::ports::clock::Clock;
use dev_factory::factory::ports::store::Store;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, OnceLock};
use tempfile::TempDir;

/// It has every kind of paper.
pub const TOOL: &str = small_script::EVENTFUL;
/// It waits for a person, with its branch.
pub const PARKED: &str = "half-done";

/// The home all others are copies of.
fn original() -> &'static Path {
    static MADE: OnceLock<(TempDir, PathBuf)> = OnceLock::new();
    let (_, home) = MADE.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        let home = small_script::make(dir.path(), &[TOOL]);
        let words = ["--home", home.to_str().unwrap(), "--no-tui", "--until-idle"];
        let ran = homes::program(dir.path(), &words).output().unwrap();
        assert_eq!(ran.status.code(), Some(0), "{ran:?}");
        park(&home);
        (dir, home)
    });
    home
}

/// A second item, parked in coding with a commit on its branch.
fn park(home: &Path) {
    homes::git(home, &["branch", &format!("tool/{PARKED}"), "main"]);
    let tree = homes::git(home, &["rev-parse", "main^{tree}"]);
    let who = ["-c", "user.name=t", "-c", "user.email=t@t"];
    let words = ["commit-tree", "-p", "main", "-m", "half of it", &tree];
    let commit = homes::git(home, &[&who[..], &words[..]].concat());
    homes::git(home, &["branch", "-f", &format!("tool/{PARKED}"), &commit]);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let store = FileStore::open(home, &clock).unwrap();
    let mut factory = store.load().unwrap().factory.unwrap();
    let event = |body| NewEvent {
        tool: Some(PARKED.to_owned()),
        actor: "engine".to_owned(),
        body,
    };
    let added = EventBody::ItemAdded {
        name: PARKED.to_owned(),
        idea: "A tool that is half done".to_owned(),
        priority: 0,
    };
    let saved = EventBody::Tree { tree, commit };
    let events = vec![
        event(added),
        event(step(Phase::Idle, Outcome::Picked, Phase::Spec)),
        event(saved),
        event(step(Phase::Spec, Outcome::Parked, Phase::Idle)),
    ];
    store.commit(&mut factory, events, clock.now()).unwrap();
    store.wishlist().unwrap();
    store.put_wishlist(&factory.items).unwrap();
    store.close(&factory).unwrap();
}

pub fn step(from: Phase, outcome: Outcome, to: Phase) -> EventBody {
    EventBody::Move(Move {
        from,
        to,
        outcome,
        reason: Some("a person must look".to_owned()),
        attempt: None,
        cycle_count: 0,
        started_at: None,
        escalation: None,
        ship: None,
        fresh: false,
        commit: None,
        spec: None,
        cases: None,
        unit: None,
    })
}

/// What one call of the program said.
pub struct Said {
    pub code: Option<i32>,
    pub json: Value,
}

impl Said {
    /// Sentences of a grade.
    pub fn of(&self, grade: &str) -> Vec<String> {
        let all = self.json["findings"].as_array().unwrap().iter();
        let graded = all.filter(|finding| finding["grade"] == grade);
        graded
            .map(|finding| finding["sentence"].as_str().unwrap().to_owned())
            .collect()
    }
}

/// A home of its own.
pub struct Place {
    pub dir: TempDir,
    pub home: PathBuf,
}

impl Place {
    /// A copy of the original, with the one paper that names its own place put right.
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().canonicalize().unwrap().join("home");
        let copied = Command::new("cp")
            .arg("-a")
            .arg(original())
            .arg(&home)
            .status()
            .unwrap();
        assert!(copied.success());
        let place = Self { dir, home };
        let brief = place.text("BRIEF.md");
        let there = original().to_str().unwrap();
        place.write(
            "BRIEF.md",
            brief.replace(there, place.home.to_str().unwrap()),
        );
        place
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.home.join("dev-factory").join(name)
    }

    pub fn bytes(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    pub fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        fs::write(self.path(name), text).unwrap();
    }

    pub fn remove(&self, name: &str) {
        fs::remove_file(self.path(name)).unwrap();
    }

    /// Lines of the live segment.
    pub fn lines(&self) -> Vec<String> {
        self.text("journal.jsonl")
            .lines()
            .map(str::to_owned)
            .collect()
    }

    pub fn put_lines(&self, name: &str, lines: &[String]) {
        self.write(name, lines.join("\n") + "\n");
    }

    pub fn git(&self, words: &[&str]) -> String {
        homes::git(&self.home, words)
    }

    pub fn verify(&self, words: &[&str]) -> Said {
        let fixed = ["--home", self.home.to_str().unwrap(), "verify", "--json"];
        let words = [&fixed[..], words].concat();
        let ran = homes::program(self.dir.path(), &words).output().unwrap();
        let text = String::from_utf8(ran.stdout.clone()).unwrap();
        let json = serde_json::from_str(text.lines().next().unwrap_or_default());
        Said {
            code: ran.status.code(),
            json: json.unwrap_or_else(|e| panic!("{e}: {ran:?}")),
        }
    }

    /// Exactly one thing is wrong, and it is said so.
    pub fn says(&self, sentence: &str) -> Said {
        let said = self.verify(&[]);
        let wrong = said.of("wrong");
        assert_eq!(wrong.len(), 1, "{wrong:#?}");
        assert!(wrong[0].contains(sentence), "{}\nnot {sentence}", wrong[0]);
        assert_eq!(said.code, Some(1));
        said
    }

    /// It is said, put right with these words, and nothing is wrong then.
    pub fn mends(&self, sentence: &str, done: &str) {
        let said = self.says(sentence);
        let finding = said.json["findings"].as_array().unwrap().iter();
        let mut wrong = finding.filter(|finding| finding["grade"] == "wrong");
        assert_eq!(wrong.next().unwrap()["repairable"], true, "{}", said.json);
        self.mended(done);
    }

    pub fn mended(&self, done: &str) {
        let repaired = self.verify(&["--repair"]);
        let words = repaired.json["repaired"].to_string();
        assert!(words.contains(done), "{words}\nnot {done}");
        assert_eq!(repaired.json["failed"].to_string(), "[]");
        assert_eq!(repaired.of("wrong"), [""; 0]);
        assert_eq!(repaired.code, Some(0));
        self.silent();
        // What was done is in the journal, under the name of who asked for it.
        let last = self.lines().pop().unwrap();
        assert!(
            last.contains("verify --repair: ") && last.contains("operator:tester"),
            "{last}"
        );
    }

    /// The copy that was made first of what was replaced.
    pub fn copy(&self, name: &str) -> Vec<u8> {
        let mut stamps = fs::read_dir(self.path("backup")).unwrap();
        let stamp = stamps.next().unwrap().unwrap().path();
        fs::read(stamp.join("dev-factory").join(name)).unwrap()
    }

    pub fn silent(&self) {
        let said = self.verify(&[]);
        assert_eq!(said.json["findings"].to_string(), "[]");
        assert_eq!((said.code, &said.json["ok"]), (Some(0), &Value::Bool(true)));
    }

    /// It is worth knowing, and nothing is wrong.
    pub fn notes(&self, sentence: &str) {
        let said = self.verify(&[]);
        let notes = said.of("note");
        assert!(
            notes.iter().any(|note| note.contains(sentence)),
            "{notes:#?}\nnot {sentence}"
        );
        assert_eq!((said.of("wrong"), said.code), (vec![], Some(0)));
    }

    /// Events by hand, through the store.
    pub fn commit(&self, bodies: Vec<EventBody>) -> Factory {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let store = FileStore::open(&self.home, &clock).unwrap();
        let mut factory = store.load().unwrap().factory.unwrap();
        let event = |body| NewEvent {
            tool: Some(TOOL.to_owned()),
            actor: "engine".to_owned(),
            body,
        };
        let events = bodies.into_iter().map(event).collect();
        store.commit(&mut factory, events, clock.now()).unwrap();
        factory
    }
}

/// A journal line with the checksum it must have.
pub fn sealed(object: &str) -> String {
    let open = object.strip_suffix('}').unwrap();
    let crc = crc32fast::hash(object.as_bytes());
    format!("{open},\"crc\":\"{crc:08x}\"}}")
}

/// The line without its checksum.
pub fn unsealed(line: &str) -> String {
    let (open, _) = line.rsplit_once(",\"crc\":").unwrap();
    format!("{open}}}")
}

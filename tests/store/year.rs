//! A year of work through the real store and its housekeeping: 1,000 tools, every tenth put aside for good, 25,000 turns. No folder but those of
//! the product itself grows without bound, and what a finished tool leaves in the fold is small.

use super::support::{at, command, line, snapshot, turn};
use chrono::{DateTime, TimeDelta, Utc};
use dev_factory::adapters::store::{FileStore, Sizes};
use dev_factory::domain::command::Verb;
use dev_factory::domain::event::{EventBody, Move, NewEvent, RunSummary, ShipRecord};
use dev_factory::domain::factory::Factory;
use dev_factory::domain::phase::{Outcome, Phase};
use dev_factory::domain::stuck::Cycle;
use dev_factory::domain::swept::Finished;
use dev_factory::factory::ports::clock::Clock;
use dev_factory::factory::ports::settings::KeepSettings;
use dev_factory::factory::ports::store::Store;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

const TOOLS: i64 = 1_000;
const TURNS: u32 = 25;
const RUNS: u32 = 3;
/// Tools between two looks of housekeeping: a week's.
const WEEK: i64 = TOOLS / 52;

const SEGMENT: u64 = 256 * 1024;
const STREAM: u64 = 64 * 1024;
const KEEP: KeepSettings = KeepSettings {
    transcripts: 1024 * 1024,
    evidence: 1_500 * 1024,
    logs: 1024 * 1024,
    branch_days: 90,
};

/// Bytes of the fold, as it lies on disk, that a finished tool may take: of these, 200 an idea of usual length, and 60 each
/// kind of turn.
const FOLD: u64 = 2_500;

struct Still;

impl Clock for Still {
    fn now(&self) -> DateTime<Utc> {
        at(0)
    }
}

/// The day on which a tool is built.
fn day(n: i64) -> DateTime<Utc> {
    at(0) + TimeDelta::minutes(n * 365 * 24 * 60 / TOOLS)
}

/// Those that nobody ever comes back to.
fn parked(n: i64) -> bool {
    n % 10 == 0
}

fn name(n: i64) -> String {
    format!("tool-of-the-year-{n}")
}

fn step(from: Phase, outcome: Outcome, to: Phase, tool: &str) -> EventBody {
    let ship = (outcome == Outcome::Ship).then(|| ShipRecord {
        version: "1.0.0".to_owned(),
        tag: format!("{tool}@1.0.0"),
        commit: "0123456789012345678901234567890123456789".to_owned(),
    });
    EventBody::Move(Move {
        from,
        to,
        outcome,
        reason: None,
        attempt: None,
        cycle_count: 0,
        started_at: Some(at(0)),
        escalation: None,
        ship,
        fresh: false,
        commit: None,
        spec: None,
        cases: None,
        unit: None,
    })
}

/// All that is journaled of one tool, from the idea to the tag.
fn story(tool: &str, parked: bool) -> Vec<NewEvent> {
    let idea = "A command that reads a log of requests and prints, for each path, how many came, how many failed and how long the slowest took; with a table for people and JSON for programs.";
    let mut bodies = vec![
        EventBody::ItemAdded {
            name: tool.to_owned(),
            idea: idea.to_owned(),
            priority: 0,
        },
        step(Phase::Idle, Outcome::Picked, Phase::Spec, tool),
        EventBody::SpecKept {
            n: 1,
            sha256: "a".repeat(64),
        },
        step(Phase::Spec, Outcome::Drafted, Phase::SpecReview, tool),
        step(Phase::SpecReview, Outcome::Approved, Phase::Coding, tool),
    ];
    for n in 0..TURNS {
        let EventBody::Turn(mut one) = turn().body else {
            unreachable!()
        };
        one.label = format!("{tool}/coding/file/src/module-{}.js/{}", n % 10, n / 10);
        bodies.push(EventBody::Turn(one));
    }
    for run in 1..=RUNS {
        let tree = format!("{run}").repeat(40);
        bodies.push(EventBody::Tree {
            tree: tree.clone(),
            commit: tree.clone(),
        });
        bodies.push(EventBody::Run(RunSummary {
            run,
            tree,
            green: run == RUNS,
            passed: 10,
            total: 10,
            held_passed: 5,
            held_total: 5,
            coverage: Some(100.0),
            cheats: Default::default(),
            mutation: None,
            mutation_millis: 0,
            failed_gate: Some("jest: 1 of 10 tests failed: adds up what is there".to_owned()),
            millis: 5_000,
        }));
        bodies.push(EventBody::Cycle(Cycle {
            run,
            error: Some("Error: expected 3 and received 4".repeat(3)),
            ..Cycle::default()
        }));
    }
    if parked {
        bodies.push(step(Phase::Qa, Outcome::Parked, Phase::Idle, tool));
        return events(tool, bodies);
    }
    bodies.extend([
        step(Phase::Qa, Outcome::Passed, Phase::Review, tool),
        step(Phase::Review, Outcome::Ship, Phase::Shipped, tool),
        EventBody::Pushed {
            remote: "origin".to_owned(),
            tag: format!("{tool}@1.0.0"),
            ok: true,
            detail: String::new(),
        },
        step(Phase::Shipped, Outcome::Next, Phase::Idle, tool),
    ]);
    events(tool, bodies)
}

fn events(tool: &str, bodies: Vec<EventBody>) -> Vec<NewEvent> {
    let event = |body| NewEvent {
        tool: Some(tool.to_owned()),
        actor: "engine".to_owned(),
        body,
    };
    bodies.into_iter().map(event).collect()
}

/// The files of one tool, as large as fits a quick test.
fn papers(dir: &Path, tool: &str, then: SystemTime) {
    let put = |kind: &str, name: String, size: usize| {
        let folder = dir.join(kind).join(tool);
        fs::create_dir_all(&folder).unwrap();
        let file = folder.join(name);
        fs::write(&file, "x".repeat(size)).unwrap();
        let file = fs::File::options().write(true).open(file).unwrap();
        file.set_modified(then).unwrap();
    };
    for n in 0..3 {
        put("transcripts", format!("{n}-developer-coding.jsonl"), 8_000);
    }
    for run in 1..=RUNS {
        put("evidence", format!("{run}.json"), 1_000);
    }
}

/// Bytes and files below a folder.
fn size(folder: &Path) -> (u64, usize) {
    let mut sum = (0, 0);
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let meta = entry.metadata().unwrap();
        let more = match meta.is_dir() {
            true => size(&entry.path()),
            false => (meta.len(), 1),
        };
        sum = (sum.0 + more.0, sum.1 + more.1);
    }
    sum
}

/// What may never be exceeded, whenever it is looked.
fn bounded(dir: &Path, shipped: i64) {
    let shipped = shipped as u64;
    let bytes = |name: &str| size(&dir.join(name)).0;
    assert!(
        bytes("transcripts") <= KEEP.transcripts,
        "{}",
        bytes("transcripts")
    );
    let newest = shipped * 1_000;
    let evidence = bytes("evidence");
    assert!(evidence <= KEEP.evidence.max(newest), "{evidence}");
    assert!(bytes("run") <= 2 * STREAM + 64 * 1024, "{}", bytes("run"));
    assert!(bytes("logs") <= 18 * 1024 * 1024, "{}", bytes("logs"));
    assert!(size(&dir.join("commands")).1 <= 1_000 + WEEK as usize);
    let live = fs::metadata(dir.join("journal.jsonl")).unwrap().len();
    assert!(live <= SEGMENT + 64 * 1024, "{live}");
    let fold = fs::metadata(dir.join("journal/snapshot.json"))
        .unwrap()
        .len();
    assert!(fold <= 64 * 1024 + shipped * FOLD, "{fold} for {shipped}");
}

/// What stands in a home when the year is over, beside the folders above.
fn nothing_else(dir: &Path) {
    let mut names: Vec<String> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.starts_with(".df-"))
        .collect();
    names.sort();
    let known = [
        "commands",
        "control.json",
        "engine.lock",
        "evidence",
        "journal",
        "journal.jsonl",
        "logs",
        "run",
        "state.json",
        "transcripts",
        "wishlist.json",
    ];
    assert_eq!(names, known);
}

struct Year {
    store: FileStore,
    factory: Factory,
    events: u64,
    rotated: [u64; 2],
}

impl Year {
    fn tool(&mut self, dir: &Path, n: i64) {
        let tool = name(n);
        // A year ago, one after the other: those of the last three months are touched by nobody if they are put aside.
        let ago = Duration::from_secs((2 * TOOLS - n) as u64 * 365 * 24 * 3600 / TOOLS as u64);
        papers(dir, &tool, SystemTime::now() - ago);
        self.commit(story(&tool, parked(n)), n);
        let lines: Vec<_> = (0..40)
            .map(|n| line(&format!("{tool}: line {n} of what happened")))
            .collect();
        self.store.put_lines(&lines).unwrap();
        self.store
            .put_snapshot(&snapshot(Phase::Idle, self.events))
            .unwrap();
        let mut output = fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(dir.join("logs/engine.out"))
            .unwrap();
        output
            .write_all("printed\n".repeat(3_000).as_bytes())
            .unwrap();
        let asked = command(&format!("c-{n}"), Verb::Retry {});
        let text = serde_json::to_string(&asked).unwrap();
        fs::write(dir.join(format!("commands/done/c-{n}.json")), text).unwrap();
    }

    fn commit(&mut self, events: Vec<NewEvent>, n: i64) {
        let recorded = self
            .store
            .commit(&mut self.factory, events, day(n))
            .unwrap();
        self.events = recorded.last().unwrap().seq;
    }

    /// As the engine does it: found, journaled, removed.
    fn sweep(&mut self, n: i64) {
        let finished: Vec<Finished> = (0..=n)
            .map(|n| Finished {
                tool: name(n),
                run: RUNS,
                aside: parked(n),
            })
            .collect();
        let excess = self.store.excess(&KEEP, &finished);
        if !excess.is_empty() {
            self.rotated[0] += excess.transcripts.len() as u64;
            self.rotated[1] += excess.evidence.len() as u64;
            let body = EventBody::Swept(excess.clone());
            self.commit(
                vec![NewEvent {
                    tool: None,
                    actor: "engine".to_owned(),
                    body,
                }],
                n,
            );
        }
        self.store.sweep(&excess, &finished).unwrap();
        self.store.wishlist().unwrap();
        self.store.put_wishlist(&self.factory.items).unwrap();
    }
}

#[test]
fn a_year_of_work_grows_nothing_without_bound() {
    // A disk that is synced 1,000 times is not what is looked at here.
    let memory = Path::new("/dev/shm");
    let root = match memory.is_dir() {
        true => tempfile::tempdir_in(memory).unwrap(),
        false => tempfile::tempdir().unwrap(),
    };
    let clock: Arc<dyn Clock> = Arc::new(Still);
    let sizes = Sizes {
        segment: SEGMENT,
        stream: STREAM,
    };
    let store = FileStore::open_sized(root.path(), &clock, sizes).unwrap();
    store.load().unwrap();
    let dir = root.path().join("dev-factory");
    fs::create_dir(dir.join("logs")).unwrap();
    let mut year = Year {
        store,
        factory: Factory::new(at(0)),
        events: 0,
        rotated: [0; 2],
    };
    for n in 0..TOOLS {
        year.tool(&dir, n);
        if n % WEEK == WEEK - 1 || n == TOOLS - 1 {
            year.sweep(n);
            year.store.close(&year.factory).unwrap();
            bounded(&dir, n + 1);
        }
    }
    // Nothing is left to be done, and doing it again changes nothing.
    let before = size(&dir.join("transcripts"));
    year.sweep(TOOLS - 1);
    assert_eq!(size(&dir.join("transcripts")), before);
    nothing_else(&dir);
    assert!(
        year.rotated[0] > 850 && year.rotated[1] > 0,
        "{:?}",
        year.rotated
    );

    // The proof of what shipped stays, and so does every event.
    for n in 0..TOOLS {
        assert!(
            dir.join(format!("evidence/{}/{RUNS}.json", name(n)))
                .exists(),
            "{n}"
        );
    }
    let aside = (0..TOOLS).filter(|n| parked(*n)).count();
    assert_eq!(year.factory.totals.shipped, TOOLS as u64 - aside as u64);
    assert_eq!(year.factory.totals.turns, TOOLS as u64 * u64::from(TURNS));
    let live = year.factory.clone();
    drop(year.store);
    let store = FileStore::open_sized(root.path(), &clock, sizes).unwrap();
    let loaded = store.load().unwrap();
    assert_eq!(loaded.repaired, Vec::<String>::new());
    assert_eq!(loaded.factory.unwrap(), live);
    assert_eq!(store.history(1).unwrap().len() as u64, year.events);
}

//! The store against a model of it: an engine, two foreign writers and crashes in any order, also between any two steps
//! of the engine that reach the disk. `PROPTEST_CASES=5000 cargo test --test store any_order` tries more.

use super::support::{Home, at, go, noted, picked};
use chrono::{DateTime, Utc};
use dev_factory::adapters::steps;
use dev_factory::adapters::store::{FileStore, readers};
use dev_factory::domain::actor;
use dev_factory::domain::decide::claim::{Judgement, judge, refused};
use dev_factory::domain::event::{Event, EventBody, NewEvent};
use dev_factory::domain::factory::Factory;
use dev_factory::domain::phase::{Outcome, Phase};
use dev_factory::domain::state::StateDoc;
use dev_factory::domain::table;
use dev_factory::factory::ports::store::{Observed, Store, StoreError};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::Value;
use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

/// What the engine does next.
#[derive(Clone, Copy, Debug)]
enum Act {
    /// Says something that changes no document.
    Note,
    /// One of the moves that lead on.
    Move(usize),
    /// Looks at state.json; whether the conditions of a claim hold then.
    Look(bool),
}

/// What a foreign writer puts into state.json.
#[derive(Clone, Copy, Debug)]
struct Edit {
    /// The phase it claims; none = a key of its own alone.
    claim: Option<Phase>,
    by_rename: bool,
    /// Only half of it comes to be written.
    half: bool,
    who: u32,
}

#[derive(Clone, Copy, Debug)]
enum Op {
    Engine(Act),
    Edit(Edit),
    /// An edit just before that step of the engine.
    Between(Act, usize, Edit),
    /// The power goes before that step; of what was being added to the journal then, so many bytes are there.
    Crash(Act, usize, usize),
    /// The engine ends properly and starts again.
    Restart,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        1 => Just(Act::Note),
        3 => (0..4usize).prop_map(Act::Move),
        2 => any::<bool>().prop_map(Act::Look),
    ]
}

fn edit() -> impl Strategy<Value = Edit> {
    let claim = proptest::option::weighted(0.7, select(Phase::ALL.to_vec()));
    (claim, any::<bool>(), proptest::bool::weighted(0.1), 0..2u32).prop_map(
        |(claim, by_rename, half, who)| Edit {
            claim,
            by_rename,
            half,
            who,
        },
    )
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        3 => act().prop_map(Op::Engine),
        2 => edit().prop_map(Op::Edit),
        3 => (act(), 0..24usize, edit()).prop_map(|(act, at, edit)| Op::Between(act, at, edit)),
        3 => (act(), 0..24usize, any::<usize>()).prop_map(|(act, at, torn)| Op::Crash(act, at, torn)),
        1 => Just(Op::Restart),
    ]
}

/// Where many small homes are made: in memory where there is such a place, since each move is synced.
fn base() -> &'static Path {
    static BASE: OnceLock<PathBuf> = OnceLock::new();
    BASE.get_or_init(|| {
        let memory = PathBuf::from("/dev/shm");
        match tempfile::tempdir_in(&memory) {
            Ok(_) => memory,
            Err(_) => std::env::temp_dir(),
        }
    })
}

/// A written edit and what became of it.
#[derive(Clone)]
struct Written {
    bytes: Vec<u8>,
    claim: Option<Phase>,
    half: bool,
    /// Judged, taken over, or named by a copy.
    known: bool,
    /// Another foreign writer wrote over it.
    replaced: bool,
}

/// The folder and all that is done to it, so that a step of the engine can be met by others.
struct Outside {
    root: PathBuf,
    edits: Vec<Written>,
    /// Events whose commit returned, and the length of the journal then.
    acked: usize,
    length: u64,
    /// The disk as it was when the power went.
    image: Option<(tempfile::TempDir, Vec<Written>, usize, u64)>,
}

impl Outside {
    fn at(&self, name: &str) -> PathBuf {
        self.root.join("dev-factory").join(name)
    }

    fn edit(&mut self, edit: Edit) {
        let number = self.edits.len();
        let present = fs::read(self.at("state.json")).unwrap_or_default();
        for old in self.edits.iter_mut().filter(|old| old.bytes == present) {
            old.replaced = true;
        }
        let mut doc: Value = serde_json::from_slice(&present)
            .unwrap_or_else(|_| serde_json::json!({"currentTool": "x", "phase": "spec"}));
        if let Some(phase) = edit.claim {
            doc["phase"] = phase.name().into();
        }
        doc["edit"] = number.into();
        let text = format!("{doc:#}\n");
        let text = match edit.half {
            true => &text[..text.len() / 2],
            false => &text,
        };
        let path = self.at("state.json");
        let target = match edit.by_rename {
            true => self.root.join(format!("theirs-{}", edit.who)),
            false => path.clone(),
        };
        fs::write(&target, text).unwrap();
        if edit.half {
            // Long ago, so that nobody waits for the rest.
            let old = SystemTime::now() - Duration::from_secs(60);
            let file = fs::File::options().write(true).open(&target).unwrap();
            file.set_modified(old).unwrap();
        }
        if edit.by_rename {
            fs::rename(&target, &path).unwrap();
        }
        self.edits.push(Written {
            bytes: text.as_bytes().to_vec(),
            claim: edit.claim,
            half: edit.half,
            known: false,
            replaced: false,
        });
    }

    fn power_cut(&mut self, torn: usize) {
        let dir = tempfile::tempdir_in(base()).unwrap();
        copy(&self.root, dir.path());
        let journal = dir.path().join("dev-factory/journal.jsonl");
        let length = fs::metadata(&journal).map_or(0, |meta| meta.len());
        let unsure = usize::try_from(length.saturating_sub(self.length)).unwrap();
        if unsure > 0 {
            let file = fs::File::options().write(true).open(&journal).unwrap();
            let kept = (torn % (unsure + 1)) as u64;
            file.set_len(self.length + kept).unwrap();
        }
        self.image = Some((dir, self.edits.clone(), self.acked, self.length));
    }

    /// Copies of what was put aside name the edits they hold.
    fn find_copies(&mut self) {
        let entries = fs::read_dir(self.root.join("dev-factory")).unwrap();
        for entry in entries.flatten() {
            if !entry.file_name().to_string_lossy().contains("refused") {
                continue;
            }
            let bytes = fs::read(entry.path()).unwrap();
            for edit in self.edits.iter_mut().filter(|edit| edit.bytes == bytes) {
                edit.known = true;
            }
            // Its keys, in a document of ours that was about to take them over.
            let doc: Value = serde_json::from_slice(&bytes).unwrap_or_default();
            if let Some(edit) = doc.as_object().and_then(number)
                && self.edits[edit].claim.is_none()
            {
                self.edits[edit].known = true;
            }
        }
    }

    /// An edit was judged, and what follows from it is recorded.
    fn judged(&mut self, doc: &StateDoc) {
        if let Some(number) = number(&doc.other) {
            self.edits[number].known = true;
        }
    }
}

/// The number of the edit whose key is there.
fn number(keys: &serde_json::Map<String, Value>) -> Option<usize> {
    usize::try_from(keys.get("edit")?.as_u64()?).ok()
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap().flatten() {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            let made = fs::create_dir(&target);
            assert!(made.is_ok() || target.is_dir());
            fs::set_permissions(&target, entry.metadata().unwrap().permissions()).unwrap();
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target).unwrap();
            // What is old may be judged at once.
            let written = entry.metadata().unwrap().modified().unwrap();
            let file = fs::File::options().write(true).open(&target).unwrap();
            file.set_modified(written).unwrap();
        }
    }
}

fn unless_overtaken<T>(done: Result<T, StoreError>) -> Option<T> {
    match done {
        Err(StoreError::Conflict) => None,
        done => Some(done.unwrap()),
    }
}

/// The moves that lead on from a phase.
fn ways(from: Phase) -> &'static [(Outcome, Phase)] {
    match from {
        Phase::Spec => &[(Outcome::Drafted, Phase::SpecReview)],
        Phase::SpecReview => &[
            (Outcome::Approved, Phase::Coding),
            (Outcome::Rejected, Phase::Spec),
        ],
        Phase::Coding => &[(Outcome::Built, Phase::Qa)],
        Phase::Qa => &[
            (Outcome::Passed, Phase::Review),
            (Outcome::Failed, Phase::Fixing),
        ],
        Phase::Fixing => &[(Outcome::Fixed, Phase::Qa)],
        _ => &[
            (Outcome::SendBack, Phase::Fixing),
            (Outcome::Respec, Phase::Spec),
        ],
    }
}

struct World {
    /// Holds the folder.
    _home: Home,
    _images: Vec<tempfile::TempDir>,
    outside: Rc<RefCell<Outside>>,
    store: Option<FileStore>,
    factory: Factory,
    /// What the journal must hold, told and in order.
    journal: Vec<Event>,
    seconds: i64,
}

impl World {
    fn new() -> Self {
        let home = Home::within(base());
        let outside = Outside {
            root: home.root.clone(),
            edits: Vec::new(),
            acked: 0,
            length: 0,
            image: None,
        };
        let store = home.store();
        store.load().unwrap();
        let mut world = Self {
            _home: home,
            _images: Vec::new(),
            outside: Rc::new(RefCell::new(outside)),
            store: Some(store),
            factory: Factory::new(at(0)),
            journal: Vec::new(),
            seconds: 0,
        };
        world.commit(vec![picked("x")]);
        world
    }

    fn store(&self) -> &FileStore {
        self.store.as_ref().unwrap()
    }

    fn now(&mut self) -> DateTime<Utc> {
        self.seconds += 1;
        at(self.seconds)
    }

    /// As the engine's `commit`: what is in the way is judged first.
    fn commit(&mut self, events: Vec<NewEvent>) {
        let mut later = Vec::new();
        while let Err(error) = self.try_commit(events.clone()) {
            assert_eq!(error, StoreError::Conflict);
            assert!(later.len() < 9, "it is in the way for ever: {later:?}");
            later.push(self.raced());
        }
        for doc in later.into_iter().flatten() {
            self.claim(&doc, true);
        }
    }

    fn try_commit(&mut self, events: Vec<NewEvent>) -> Result<(), StoreError> {
        let now = self.now();
        let store = self.store.as_ref().unwrap();
        let done = store.commit(&mut self.factory, events, now)?;
        self.journal.extend(done);
        let mut outside = self.outside.borrow_mut();
        outside.acked = self.journal.len();
        outside.length = fs::metadata(outside.at("journal.jsonl")).unwrap().len();
        Ok(())
    }

    /// As the engine's `raced`.
    fn raced(&mut self) -> Option<StateDoc> {
        let Some(Observed::Foreign(doc)) = self.store().glance().unwrap() else {
            self.put_back();
            return None;
        };
        match judge(&self.factory, &doc) {
            Judgement::Harmless | Judgement::PutBack => {
                self.adopt(&doc);
                None
            }
            Judgement::Legal { .. } => self.put_back().map(|_| doc),
            Judgement::Illegal(why) => {
                self.refuse(&doc, &why);
                None
            }
        }
    }

    /// False: another edit was quicker.
    fn adopt(&self, doc: &StateDoc) -> bool {
        let done = unless_overtaken(self.store().adopt(&self.factory, doc)).is_some();
        if done && doc.phase == self.factory.phase {
            self.outside.borrow_mut().judged(doc);
        }
        done
    }

    fn put_back(&self) -> Option<String> {
        unless_overtaken(self.store().restore(&self.factory))
    }

    fn refuse(&mut self, doc: &StateDoc, why: &str) {
        if let Some(kept) = self.put_back() {
            let now = self.now();
            self.commit(refused(&self.factory, why, &kept, true, now));
            self.outside.borrow_mut().judged(doc);
        }
    }

    /// As the engine's `claim`.
    fn claim(&mut self, doc: &StateDoc, met: bool) {
        match judge(&self.factory, doc) {
            Judgement::Harmless | Judgement::PutBack => {
                self.adopt(doc);
            }
            Judgement::Illegal(why) => self.refuse(doc, &why),
            Judgement::Legal { .. } if !met => self.refuse(doc, "a condition does not hold"),
            Judgement::Legal { to, outcome } => {
                let from = self.factory.phase;
                if !self.adopt(doc) {
                    return;
                }
                let claimed = NewEvent {
                    tool: Some("x".to_owned()),
                    actor: actor::EXTERNAL.to_owned(),
                    body: EventBody::Claimed { from, to, outcome },
                };
                self.commit(vec![claimed]);
                self.outside.borrow_mut().judged(doc);
                // In qa the gates decide, whatever was claimed; and an edit in the way of the claim may have moved it.
                match self.factory.phase {
                    Phase::Qa => self.step(Outcome::Failed, Phase::Fixing, actor::ENGINE),
                    at if at == from => self.step(outcome, to, actor::EXTERNAL),
                    _ => {}
                }
            }
        }
    }

    fn step(&mut self, outcome: Outcome, to: Phase, by: &str) {
        let more = matches!(outcome, Outcome::Failed | Outcome::SendBack);
        let cycles = self.factory.cycle_count + u32::from(more);
        let mut event = go("x", self.factory.phase, to, cycles);
        event.actor = by.to_owned();
        if let EventBody::Move(step) = &mut event.body {
            step.outcome = outcome;
            step.started_at = self.factory.started_at;
        }
        self.commit(vec![event]);
    }

    fn act(&mut self, act: Act) {
        match act {
            Act::Note => {
                let words = format!("note {}", self.seconds);
                self.commit(vec![noted(&words)]);
            }
            Act::Move(way) => {
                let ways = ways(self.factory.phase);
                let (outcome, to) = ways[way % ways.len()];
                self.step(outcome, to, actor::ENGINE);
            }
            Act::Look(met) => {
                if let Some(Observed::Foreign(doc)) = self.store().glance().unwrap() {
                    self.claim(&doc, met);
                }
            }
        }
    }

    /// Does something before that step of what the engine does, or behind its last one.
    fn act_with(&mut self, act: Act, mut at: usize, what: impl FnOnce(&mut Outside) + 'static) {
        let outside = self.outside.clone();
        let what = Rc::new(RefCell::new(Some(what)));
        let still = what.clone();
        steps::watched(Some(Box::new(move |_, _| {
            if at == 0
                && let Some(what) = what.borrow_mut().take()
            {
                what(&mut outside.borrow_mut());
            }
            at = at.saturating_sub(1);
        })));
        self.act(act);
        steps::watched(None);
        if let Some(what) = still.borrow_mut().take() {
            what(&mut self.outside.borrow_mut());
        }
    }

    /// What is on the disk is all that is left.
    fn crash(&mut self) {
        let mut outside = self.outside.borrow_mut();
        let (dir, edits, acked, length) = outside.image.take().unwrap();
        self.store = None;
        outside.root = dir.path().to_owned();
        (outside.edits, outside.length) = (edits, length);
        for edit in &mut outside.edits {
            // Of half a file nobody can say any more whether it was not ours.
            edit.known |= edit.half;
        }
        drop(outside);
        self._images.push(dir);
        self.start(acked);
    }

    /// `sure` events were told to others; all of one more commit may be there, or nothing of it.
    fn start(&mut self, sure: usize) {
        let root = self.outside.borrow().root.clone();
        // A child that another test forks holds a copy of the last lock until it has become its program.
        let end = std::time::Instant::now() + std::time::Duration::from_secs(10);
        let store = loop {
            match FileStore::open(&root, &self._home.clock) {
                Err(dev_factory::factory::ports::store::StoreError::Held(_))
                    if std::time::Instant::now() < end =>
                {
                    std::thread::yield_now();
                }
                other => break other.unwrap(),
            }
        };
        let loaded = store.load().unwrap();
        let history = store.history(1).unwrap();
        let whole: Vec<Event> = self.journal.iter().take(history.len()).cloned().collect();
        assert_eq!(history, whole, "{:?}", loaded.repaired);
        assert!(history.len() >= sure, "{sure} events were told");
        let more = &history[sure..];
        assert!(
            more.iter().all(|event| event.ts == more[0].ts),
            "one commit: {more:?}"
        );
        let cut = self.journal.get(history.len()).zip(more.last());
        assert!(
            cut.is_none_or(|(next, last)| next.ts != last.ts),
            "half a commit is there"
        );
        self.journal = history;
        self.factory = loaded.factory.unwrap();
        self.store = Some(store);
        let mut outside = self.outside.borrow_mut();
        outside.acked = self.journal.len();
        outside.length = fs::metadata(outside.at("journal.jsonl")).unwrap().len();
        let state: Value =
            serde_json::from_slice(&fs::read(outside.at("state.json")).unwrap()).unwrap();
        if let Some(edit) = number(state.as_object().unwrap()) {
            let said = !loaded.repaired.is_empty();
            // An edit that was pushed aside may be the one to judge.
            let judged = loaded.claim.as_ref().and_then(|doc| number(&doc.other));
            let judged = judged == Some(edit);
            let edit = &mut outside.edits[edit];
            // Its key is taken over; what it claims is already so, or is named.
            let claim = edit.claim.is_some_and(|claim| claim != self.factory.phase);
            edit.known |= !judged && (said || !claim);
        }
        drop(outside);
        if let Some(doc) = loaded.claim {
            self.claim(&doc, true);
        }
    }

    fn run(&mut self, op: Op) {
        match op {
            Op::Engine(act) => self.act(act),
            Op::Edit(edit) => self.outside.borrow_mut().edit(edit),
            Op::Between(act, at, edit) => self.act_with(act, at, move |outside| outside.edit(edit)),
            Op::Crash(act, at, torn) => {
                self.act_with(act, at, move |outside| outside.power_cut(torn));
                self.crash();
            }
            Op::Restart => {
                self.store = None;
                self.start(self.journal.len());
            }
        }
        self.outside.borrow_mut().find_copies();
        let root = self.outside.borrow().root.clone();
        let reading = readers::factory(&root).unwrap();
        assert_eq!(
            reading.factory.as_ref(),
            Some(&self.factory),
            "what readers see"
        );
        assert_eq!(readers::history(&root, 1).unwrap(), self.journal);
    }

    /// Nobody writes any more: the engine looks until state.json is its own.
    fn settle(&mut self) {
        for _ in 0..10 {
            match self.store().glance().unwrap() {
                Some(Observed::Ours) => break,
                Some(Observed::Foreign(doc)) => self.claim(&doc, true),
                _ => drop(self.put_back()),
            }
        }
        self.outside.borrow_mut().find_copies();
        let seen = self.store().glance().unwrap();
        assert!(matches!(seen, Some(Observed::Ours)), "{seen:?}");
    }

    fn holds(&self) {
        let outside = self.outside.borrow();
        let state: StateDoc =
            serde_json::from_slice(&fs::read(outside.at("state.json")).unwrap()).unwrap();
        let said = (
            &state.current_tool,
            state.phase,
            state.cycle_count,
            state.started_at,
        );
        let f = &self.factory;
        let known = (&f.current_tool, f.phase, f.cycle_count, f.started_at);
        assert_eq!(said, known, "state.json and the journal");
        let mut phase = Phase::Idle;
        let mut claimed = None;
        for event in &self.journal {
            match &event.body {
                EventBody::Claimed { from, to, .. } => claimed = Some((*from, *to)),
                EventBody::Move(step) => {
                    assert_eq!(step.from, phase, "no move is there twice");
                    let legal = table::destination(step.from, step.outcome, false, None);
                    assert_eq!(legal, Some(step.to), "{step:?}");
                    if event.actor == actor::EXTERNAL {
                        assert_ne!(step.from, Phase::Qa, "there the gates decide");
                        assert_eq!(claimed, Some((step.from, step.to)));
                    }
                    (phase, claimed) = (step.to, None);
                }
                _ => {}
            }
        }
        assert_eq!(phase, self.factory.phase);
        for (number, edit) in outside.edits.iter().enumerate() {
            let text = String::from_utf8_lossy(&edit.bytes);
            assert!(
                edit.known || edit.replaced,
                "edit {number} was lost unseen: {text}"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        cases: std::env::var("PROPTEST_CASES").map_or(250, |n| n.parse().unwrap()),
        ..ProptestConfig::default()
    })]

    #[test]
    fn in_any_order_of_engine_writers_and_crashes_nothing_is_lost(ops in proptest::collection::vec(op(), 1..16)) {
        let mut world = World::new();
        for op in ops {
            world.run(op);
        }
        world.settle();
        world.holds();
    }
}

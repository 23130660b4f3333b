//! A scratch home and events for the store's tests.

use chrono::{DateTime, TimeZone, Utc};
use dev_factory::adapters::lock::this_process;
use dev_factory::adapters::store::FileStore;
use dev_factory::domain::command::{Command, Verb};
use dev_factory::domain::event::{EventBody, Move, NewEvent, Turn};
use dev_factory::domain::factory::{Factory, Totals};
use dev_factory::domain::item::{Item, ItemStatus};
use dev_factory::domain::phase::{Outcome, Phase, Role};
use dev_factory::domain::screen::{Level, LogLine, Snapshot};
use dev_factory::domain::state::AttemptRef;
use dev_factory::factory::ports::clock::Clock;
use dev_factory::factory::ports::store::{Change, Store};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

struct Still;

impl Clock for Still {
    fn now(&self) -> DateTime<Utc> {
        at(0)
    }
}

/// Seconds after the start of 2026.
pub fn at(seconds: i64) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 1, 1, 0, 0, 0).unwrap() + chrono::TimeDelta::seconds(seconds)
}

pub struct Home {
    _dir: tempfile::TempDir,
    pub root: PathBuf,
    pub clock: Arc<dyn Clock>,
}

impl Home {
    pub fn new() -> Self {
        Self::within(&std::env::temp_dir())
    }
    /// As `new`, below a folder.
    pub fn within(base: &Path) -> Self {
        let dir = tempfile::tempdir_in(base).unwrap();
        Self {
            root: dir.path().to_owned(),
            _dir: dir,
            clock: Arc::new(Still),
        }
    }
    pub fn store(&self) -> FileStore {
        FileStore::open(&self.root, &self.clock).unwrap()
    }
    /// A home in which tool "x" was picked.
    pub fn started(&self) -> (FileStore, Factory) {
        let store = self.store();
        store.load().unwrap();
        let mut factory = Factory::new(at(0));
        store
            .commit(&mut factory, vec![picked("x")], at(1))
            .unwrap();
        (store, factory)
    }
    pub fn path(&self, name: &str) -> PathBuf {
        match name {
            "" => self.root.join("dev-factory"),
            name => self.root.join("dev-factory").join(name),
        }
    }
    pub fn bytes(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }
    pub fn text(&self, name: &str) -> String {
        String::from_utf8(self.bytes(name)).unwrap()
    }
    pub fn json(&self, name: &str) -> serde_json::Value {
        serde_json::from_slice(&self.bytes(name)).unwrap()
    }
    /// Temporary files that lie about, but for what this process's exchanges pushed aside.
    pub fn temps(&self) -> Vec<String> {
        let own = format!(".json.{}.tmp", std::process::id());
        let all = fs::read_dir(self.path("")).unwrap().flatten();
        all.map(|e| e.file_name().into_string().unwrap())
            .filter(|n| n.starts_with(".df-") && !n.ends_with(&own))
            .collect()
    }
    /// Rewrites state.json as another program would.
    pub fn foreign(&self, text: &str, by_rename: bool) {
        self.foreign_as(text, by_rename, 0);
    }
    pub fn foreign_as(&self, text: &str, by_rename: bool, who: u32) {
        if by_rename {
            let temp = self.root.join(format!("theirs-{who}"));
            fs::write(&temp, text).unwrap();
            fs::rename(temp, self.path("state.json")).unwrap();
        } else {
            fs::write(self.path("state.json"), text).unwrap();
        }
    }
}

pub fn event(body: EventBody) -> NewEvent {
    NewEvent {
        tool: Some("x".to_owned()),
        actor: "engine".to_owned(),
        body,
    }
}

pub fn noted(text: &str) -> NewEvent {
    event(EventBody::Noted {
        sentence: text.to_owned(),
    })
}

pub fn picked(tool: &str) -> NewEvent {
    go(tool, Phase::Idle, Phase::Spec, 0)
}

pub fn moved(from: Phase, to: Phase) -> NewEvent {
    go("x", from, to, 0)
}

pub fn go(tool: &str, from: Phase, to: Phase, cycle_count: u32) -> NewEvent {
    let outcome = match from {
        Phase::Idle => Outcome::Picked,
        _ => Outcome::Drafted,
    };
    NewEvent {
        tool: Some(tool.to_owned()),
        actor: "engine".to_owned(),
        body: EventBody::Move(Move {
            from,
            to,
            outcome,
            reason: None,
            attempt: None,
            cycle_count,
            started_at: Some(at(0)),
            escalation: None,
            ship: None,
            fresh: false,
            commit: None,
            spec: None,
            cases: None,
            unit: None,
        }),
    }
}

pub fn attempt(id: u64) -> NewEvent {
    event(EventBody::AttemptStarted(AttemptRef {
        id,
        role: Role::Developer,
        phase: Phase::Spec,
        started_at: at(0),
    }))
}

pub fn turn() -> NewEvent {
    event(EventBody::Turn(Turn {
        label: "x/coding/file/src/cli.js/3".to_owned(),
        role: Role::Developer,
        host: "local".to_owned(),
        model: "some-model:14b".to_owned(),
        ok: true,
        error: None,
        estimated: None,
        input_tokens: Some(5000),
        output_tokens: Some(900),
        cached: Default::default(),
        rate: None,
        usd: Some(0.0),
        speed: None,
        gpu: None,
        millis: 32_000,
        local: true,
        scripted: false,
        malformed: false,
        exhausted: false,
        uncounted: false,
        thought_tokens: None,
    }))
}

pub fn item(name: &str, idea: &str, priority: i64) -> Item {
    Item {
        idea: idea.to_owned(),
        priority,
        name: name.to_owned(),
        status: ItemStatus::Wanted,
        added_at: at(0),
        reason: None,
        branch: None,
        phase: None,
        escalation: None,
    }
}

pub fn command(id: &str, verb: Verb) -> Command {
    Command {
        id: id.to_owned(),
        verb,
        tool: None,
        phase: None,
        since: None,
        attempt: None,
        by: "operator:test".to_owned(),
        at: at(0),
    }
}

pub fn line(text: &str) -> LogLine {
    LogLine {
        at: at(0),
        from: "engine".to_owned(),
        level: Level::Info,
        tool: None,
        seq: None,
        kind: Default::default(),
        text: text.to_owned(),
    }
}

pub fn snapshot(phase: Phase, seq: u64) -> Snapshot {
    Snapshot {
        engine: this_process(),
        seq,
        at: at(0),
        phase,
        current_tool: Some("x".to_owned()),
        cycle_count: 0,
        started_at: None,
        last_update: at(0),
        last_event: None,
        attempt: None,
        escalation: None,
        pauses: vec![],
        conditions: Vec::new(),
        pausing: false,
        stopped: None,
        doing: String::new(),
        waits: false,
        agents: vec![],
        hosts: Vec::new(),
        servers: Vec::new(),
        queue: vec![],
        needs: vec![],
        runs: vec![],
        measured: vec![],
        measuring: None,
        bugs: vec![],
        stuck: String::new(),
        next: String::new(),
        moves: vec![],
        gaps: vec![],
        ran: vec![],
        judged: vec![],
        totals: Totals::default(),
        day_usd: 0.0,
        day_limit_usd: 5.0,
        tool_usd: 0.0,
        tool_tokens: 0,
        tool_minutes: 0.0,
        tool_limits: dev_factory::domain::screen::ToolLimits::default(),
        sandbox: "none".to_owned(),
        limits: Vec::new(),
        review_price: String::new(),
    }
}

pub fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

pub fn inode(home: &Home, name: &str) -> u64 {
    fs::metadata(home.path(name)).unwrap().ino()
}

pub fn sha(bytes: &[u8]) -> String {
    use sha2::Digest;
    let digest = sha2::Sha256::digest(bytes);
    digest.iter().map(|b| format!("{b:02x}")).collect()
}

pub fn long_ago(path: &Path) {
    let file = fs::OpenOptions::new().append(true).open(path).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_secs(3600))
        .unwrap();
}

pub async fn wait_for(hints: &mut tokio::sync::mpsc::UnboundedReceiver<Change>, wanted: Change) {
    let wait = async { while hints.recv().await.unwrap() != wanted {} };
    let done = tokio::time::timeout(Duration::from_secs(60), wait).await;
    assert!(done.is_ok(), "no hint of {wanted:?}");
}

pub async fn until(what: &str, mut ready: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !ready() {
        assert!(Instant::now() < deadline, "waited for {what} in vain");
        tokio::task::yield_now().await;
    }
}

//! What the screens show: the snapshot of run/ and one log line. Front-ends read nothing else of the engine.

use super::command::{Decision, Seen};
use super::condition::Condition;
pub use super::duty::{KeyFacts, RoleFacts, ServerFacts, SoulFacts, TurnLine};
use super::event::{RunSummary, Unit};
use super::item::{Item, ItemStatus};
pub use super::measured::{BugLine, FailingLine, GateLine, Measured};
pub use super::need::{Act, Need, Way};
use super::phase::{Phase, Role};
use super::state::{AttemptRef, Escalation, Pause, Stopped};
pub use super::timeline::{MoveLine, RanLine, Step};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// run/snapshot.json.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Process that writes it.
    pub engine: EngineId,
    /// Last event folded in.
    pub seq: u64,
    /// When it was written.
    pub at: DateTime<Utc>,
    pub phase: Phase,
    pub current_tool: Option<String>,
    pub cycle_count: u32,
    pub started_at: Option<DateTime<Utc>>,
    /// Time of the last move.
    pub last_update: DateTime<Utc>,
    /// Time of the newest event.
    #[serde(default)]
    pub last_event: Option<DateTime<Utc>>,
    pub attempt: Option<AttemptRef>,
    pub escalation: Option<Escalation>,
    pub pauses: Vec<Pause>,
    /// What keeps it from working, or from noticing, though nobody paused it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// A pause is in force but a turn or gate is still ending.
    pub pausing: bool,
    pub stopped: Option<Stopped>,
    /// One line: what is going on now.
    pub doing: String,
    /// Nothing goes on, because whoever is to take the next step cannot.
    #[serde(default)]
    pub waits: bool,
    /// Each role: host, model, state.
    pub agents: Vec<AgentStatus>,
    /// Each model server: who is served, who waits.
    #[serde(default)]
    pub hosts: Vec<HostLine>,
    /// Each host the roles work with: how it does.
    #[serde(default)]
    pub servers: Vec<ServerFacts>,
    /// Entries of the backlog, in the order they would be taken.
    pub queue: Vec<Item>,
    /// What waits for a person, most urgent first.
    pub needs: Vec<Need>,
    /// Runs of the present tool, newest last.
    pub runs: Vec<RunSummary>,
    /// The last runs of the present tool in more words, newest last, at most two.
    #[serde(default)]
    pub measured: Vec<Measured>,
    /// Number of the run whose result is not in yet.
    #[serde(default)]
    pub measuring: Option<u32>,
    /// Bug reports the next repair is to settle.
    #[serde(default)]
    pub bugs: Vec<BugLine>,
    /// Stuck or not, and how near the rules are; empty before the first run.
    #[serde(default)]
    pub stuck: String,
    /// What comes next for the tool, and what when it is red again; empty when nothing is to be repaired.
    #[serde(default)]
    pub next: String,
    /// Newest moves, newest last; of the tool under way more than of others.
    pub moves: Vec<MoveLine>,
    /// Newest runs of the gates, newest last; of the tool under way more than of others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ran: Vec<RanLine>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<super::gap::GapLine>,
    /// Each tool that waits for a verdict, under review or on the shelf.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub judged: Vec<Judged>,
    /// Lifetime counters.
    pub totals: super::factory::Totals,
    /// Spent in the last 24 hours, and the limit.
    pub day_usd: f64,
    pub day_limit_usd: f64,
    /// Present tool's use of its limits.
    pub tool_usd: f64,
    pub tool_tokens: u64,
    pub tool_minutes: f64,
    /// The limits of one tool.
    #[serde(default)]
    pub tool_limits: ToolLimits,
    /// What is used of each limit that can be set.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<LimitLine>,
    /// "none (--unsafe-no-sandbox)", "demo" ...
    pub sandbox: String,
    /// What a call of the Supervisor is thought to cost, in words; empty where none is made.
    #[serde(default)]
    pub review_price: String,
}

/// What may be decided on a tool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judged {
    pub tool: String,
    pub verdicts: Vec<Verdict>,
}

/// One decision a person could make.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    pub decision: Decision,
    /// Why it would be refused; None = it would not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed: Option<String>,
}

impl Snapshot {
    /// What who looks at it sees of the tool under way.
    #[must_use]
    pub fn seen(&self) -> Seen {
        Seen {
            tool: self.current_tool.clone(),
            phase: self.phase,
            since: self.last_update,
            attempt: self.attempt.as_ref().map(|attempt| attempt.id),
        }
    }

    /// What waits for a person and was not snoozed, most urgent first.
    pub fn loud(&self) -> impl Iterator<Item = &Need> {
        self.needs.iter().filter(|need| need.quiet.is_none())
    }

    /// A tool is under way or wanted.
    #[must_use]
    pub fn wants_work(&self) -> bool {
        let wanted = |item: &Item| item.status == ItemStatus::Wanted;
        self.phase.active() || self.queue.iter().any(wanted)
    }

    /// Shipped among shipped, parked now, and dropped after being picked; None before any of these.
    #[must_use]
    pub fn success_rate(&self) -> Option<f64> {
        let parked = self.queue.iter();
        let parked = parked.filter(|item| item.status == ItemStatus::NeedsHuman);
        let shipped = self.totals.shipped;
        let ended = shipped + self.totals.dropped_after_pick + parked.count() as u64;
        (ended > 0).then(|| shipped as f64 / ended as f64)
    }
}

/// What one tool may use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ToolLimits {
    /// USD.
    pub usd: f64,
    pub tokens: u64,
    pub minutes: u64,
}

/// A limit that can be set, and what is used of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LimitLine {
    /// "factory", a role or a tool.
    pub scope: String,
    pub unit: Unit,
    pub used: f64,
    /// None: no limit is set.
    #[serde(default)]
    pub limit: Option<f64>,
}

impl LimitLine {
    /// `github-issue-digest has used 2.01 of 2.00 usd`.
    #[must_use]
    pub fn words(&self) -> String {
        let figure = |amount: f64| match self.unit {
            Unit::Usd => format!("{amount:.2}"),
            Unit::Tokens => format!("{amount:.0}"),
            Unit::Minutes => format!("{amount:.1}"),
        };
        let used = figure(self.used);
        let (scope, unit) = (&self.scope, self.unit.name());
        match self.limit {
            Some(limit) => format!("{scope} has used {used} of {} {unit}", figure(limit)),
            None => format!("{scope} has used {used} {unit}, without a limit"),
        }
    }
}

/// Which process writes; a reader that finds it gone shows NO ENGINE.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EngineId {
    pub pid: u32,
    /// Start time of the process in clock ticks since boot (/proc/PID/stat field 22); 0 where unknown.
    pub started: u64,
    /// Boot id; empty where unknown.
    pub boot: String,
    pub version: String,
}

/// One role as shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AgentStatus {
    pub role: Role,
    /// `host/model`, or "operator" / "external".
    pub model: String,
    pub state: AgentState,
    /// Why, and what to do, when it cannot work; else what it does.
    pub words: String,
    /// Last sign of life.
    pub last: Option<DateTime<Utc>>,
    /// Of the last turn.
    pub tokens_per_second: Option<f64>,
    /// Replies come from a script.
    pub scripted: bool,
    /// Tokens the last turn read.
    #[serde(default)]
    pub read: Option<u64>,
    /// Tokens its host takes at once.
    #[serde(default)]
    pub context: Option<u64>,
    /// Something is wrong with what its host does, until a turn comes to its end again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alarm: Option<String>,
    /// What is worth knowing of it beyond that.
    #[serde(default)]
    pub facts: RoleFacts,
}

/// A model server and who stands in line there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostLine {
    /// Its names in the settings; several when they mean the same server.
    pub hosts: Vec<String>,
    /// The turn it works on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub working: Option<Waiter>,
    /// Turns that wait for it, first come first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waiting: Vec<Waiter>,
}

/// A turn at a model server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiter {
    /// The turn's label: `tool/phase/purpose[/path]/n`.
    pub who: String,
    /// Since when it works or waits.
    pub since: DateTime<Utc>,
}

/// State of a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AgentState {
    Working,
    Ready,
    /// Its host has not been asked yet whether it is there.
    Unasked,
    Offline,
    OffSchedule,
    Paused,
    External,
    Operator,
}

/// One line of run/stream.jsonl and of the headless output. Text is sanitised and redacted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LogLine {
    pub at: DateTime<Utc>,
    /// "engine", "developer", "qa", "supervisor", "gates", "operator".
    pub from: String,
    pub level: Level,
    pub tool: Option<String>,
    /// Journal event it stands for, if one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
    /// What it tells of.
    #[serde(default, skip_serializing_if = "Kind::is_plain")]
    pub kind: Kind,
    /// One line; streamed model text comes as pieces with `Level::Stream`.
    pub text: String,
}

impl LogLine {
    /// Stands where lines were missed.
    #[must_use]
    pub fn missed(count: u64, at: DateTime<Utc>) -> Self {
        Self {
            at,
            from: "engine".to_owned(),
            level: Level::Warn,
            tool: None,
            seq: None,
            kind: Kind::Plain,
            text: format!("{count} lines came too fast to be shown; they are on disk"),
        }
    }
}

/// What a line tells of, where it is more than its level says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Nothing more.
    #[default]
    Plain,
    /// A turn of a model.
    Turn,
    /// A run of the gates that is green.
    Gate,
    /// Something that failed in a run.
    Fail,
    /// A stuck rule, and what is done about it.
    Rule,
    /// What a person asked for.
    You,
    /// One that is not known to this version.
    #[serde(other)]
    Other,
}

impl Kind {
    /// Whether there is nothing to say about it.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        matches!(self, Self::Plain | Self::Other)
    }
}

/// What kind of line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Model text as it streams: a piece, not a whole line.
    Stream,
    /// Model thinking as it streams.
    Thought,
    Info,
    Move,
    Warn,
    Error,
}

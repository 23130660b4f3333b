//! Operator commands as values: the same from a key, the command line or another program.

mod line;

pub use line::limit;

use super::event::Unit;
use super::phase::Phase;
use super::state::Scope;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// One file of commands/new.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "OnDisk")]
pub struct Command {
    /// Unique; also the file name.
    pub id: String,
    /// What is asked, as `command` and `args`.
    #[serde(flatten)]
    pub verb: Verb,
    /// Tool under way as the sender saw it; refused when it has changed. Absent: not checked.
    #[serde(default)]
    pub tool: Option<String>,
    /// Phase as the sender saw it; refused when it has changed. Absent: not checked.
    #[serde(default)]
    pub phase: Option<Phase>,
    /// When the tool came to that phase, as the sender saw it: it may have been elsewhere since. Absent: not checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<DateTime<Utc>>,
    /// The attempt the sender saw, for `retry` alone: another one is not dropped. Absent: not checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u64>,
    /// "operator:<user>" or another program's name.
    pub by: String,
    /// When it was sent.
    pub at: DateTime<Utc>,
}

/// A command as written by anyone: `args` may be left out or null where none are needed.
#[derive(Deserialize)]
struct OnDisk {
    id: String,
    command: String,
    #[serde(default)]
    args: Option<Map<String, Value>>,
    #[serde(default)]
    tool: Option<String>,
    #[serde(default)]
    phase: Option<Phase>,
    #[serde(default)]
    since: Option<DateTime<Utc>>,
    #[serde(default)]
    attempt: Option<u64>,
    by: String,
    at: DateTime<Utc>,
}

/// What the sender of a command saw, so that it cannot hit another tool, phase, stay there or attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Tool under way.
    pub tool: Option<String>,
    /// Its phase.
    pub phase: Phase,
    /// When it came there.
    pub since: DateTime<Utc>,
    /// The attempt under way.
    pub attempt: Option<u64>,
}

impl Seen {
    /// The tool is where it was, and has not been elsewhere meanwhile.
    #[must_use]
    pub fn same_stay(&self, other: &Self) -> bool {
        (&self.tool, self.phase, self.since) == (&other.tool, other.phase, other.since)
    }
}

impl Command {
    /// The same, for what its sender saw alone.
    #[must_use]
    pub fn about(self, seen: Seen) -> Self {
        let retries = matches!(self.verb, Verb::Retry {});
        Self {
            tool: seen.tool,
            phase: Some(seen.phase),
            since: Some(seen.since),
            attempt: seen.attempt.filter(|_| retries),
            ..self
        }
    }
}

impl TryFrom<OnDisk> for Command {
    type Error = String;

    fn try_from(found: OnDisk) -> Result<Self, String> {
        let command = found.command;
        let verb = json!({"command": command, "args": found.args.unwrap_or_default()});
        Ok(Self {
            id: found.id,
            verb: serde_json::from_value(verb)
                .map_err(|error| format!("command {command:?}: {error}"))?,
            tool: found.tool,
            phase: found.phase,
            since: found.since,
            attempt: found.attempt,
            by: found.by,
            at: found.at,
        })
    }
}

/// The command table of the contract.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "command", content = "args", rename_all = "kebab-case")]
pub enum Verb {
    Pause {
        #[serde(default)]
        scope: Option<Scope>,
        #[serde(default)]
        reason: Option<String>,
        #[serde(default)]
        until: Option<DateTime<Utc>>,
    },
    /// `target` is a scope word or a pause id; absent: the factory.
    Resume {
        #[serde(default)]
        target: Option<String>,
        #[serde(default)]
        reason: Option<String>,
    },
    Escalate {
        reason: String,
    },
    Requeue {
        #[serde(default)]
        item: Option<String>,
        #[serde(default)]
        fresh: bool,
        #[serde(default)]
        reason: Option<String>,
        #[serde(default)]
        priority: Option<i64>,
    },
    Park {
        #[serde(default)]
        item: Option<String>,
        #[serde(default)]
        reason: Option<String>,
    },
    Unpark {
        item: String,
        #[serde(default)]
        reason: Option<String>,
        #[serde(default)]
        priority: Option<i64>,
    },
    Drop {
        item: String,
        #[serde(default)]
        reason: Option<String>,
    },
    Retry {},
    Abort {},
    Rewind {
        seq: u64,
    },
    Hint {
        text: String,
    },
    Decide {
        #[serde(default)]
        item: Option<String>,
        decision: Decision,
        #[serde(default)]
        text: Option<String>,
        #[serde(default)]
        case: Option<String>,
        #[serde(default)]
        file: Option<String>,
    },
    Stop {
        #[serde(default)]
        after: StopAfter,
        #[serde(default)]
        restart: bool,
        #[serde(default)]
        reason: Option<String>,
    },
    Probe {
        #[serde(default)]
        host: Option<String>,
    },
    /// `item` absent: the tool the rule has stopped, else the one under way.
    NotStuck {
        rule: String,
        #[serde(default)]
        item: Option<String>,
    },
    Snooze {
        need: String,
        until: DateTime<Utc>,
    },
    Reopen {
        tool: String,
        text: String,
    },
    Add {
        idea: String,
        #[serde(default)]
        priority: Option<i64>,
        #[serde(default)]
        name: Option<String>,
    },
    Edit {
        item: String,
        idea: String,
    },
    Prioritise {
        item: String,
        priority: i64,
    },
    Budget {
        scope: String,
        unit: Unit,
        amount: f64,
    },
}

/// What a reviewer may decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    Ship,
    SendBack,
    Respec,
    Hint,
    TestDefect,
    Takeover,
}

impl Decision {
    /// Its text is handed to somebody, so that it needs one.
    #[must_use]
    pub const fn worded(self) -> bool {
        matches!(self, Self::SendBack | Self::Hint)
    }
}

/// When a stop takes effect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StopAfter {
    #[default]
    Turn,
    Now,
}

/// The engine's answer, written to commands/done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Whether it took effect.
    pub accepted: bool,
    /// One sentence that says what happened or why not and what to do.
    pub sentence: String,
}

impl Verb {
    /// The word on disk and on the command line.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Verb::Pause { .. } => "pause",
            Verb::Resume { .. } => "resume",
            Verb::Escalate { .. } => "escalate",
            Verb::Requeue { .. } => "requeue",
            Verb::Park { .. } => "park",
            Verb::Unpark { .. } => "unpark",
            Verb::Drop { .. } => "drop",
            Verb::Retry {} => "retry",
            Verb::Abort {} => "abort",
            Verb::Rewind { .. } => "rewind",
            Verb::Hint { .. } => "hint",
            Verb::Decide { .. } => "decide",
            Verb::Stop { .. } => "stop",
            Verb::Probe { .. } => "probe",
            Verb::NotStuck { .. } => "not-stuck",
            Verb::Snooze { .. } => "snooze",
            Verb::Reopen { .. } => "reopen",
            Verb::Add { .. } => "add",
            Verb::Edit { .. } => "edit",
            Verb::Prioritise { .. } => "prioritise",
            Verb::Budget { .. } => "budget",
        }
    }
}

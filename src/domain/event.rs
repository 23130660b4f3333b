//! Everything that can happen, as journal events. The journal is the truth;
//! every other figure is a fold over these.

use super::command::{Command, Decision};
use super::gap::Gap;
use super::phase::{Outcome, Phase, Role};
pub use super::run::RunSummary;
use super::state::{AttemptRef, Escalation, Pause, Stopped};
use super::stuck::{Cycle, Rung};
use super::swept::Swept;
pub use super::turn::{Sent, Turn};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize};

/// One journal line without its checksum (the store adds `crc`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Position in the journal, from 1, without gaps.
    pub seq: u64,
    /// When it was recorded, UTC.
    pub ts: DateTime<Utc>,
    /// Production line; always "main" today.
    pub lane: String,
    /// The tool it concerns, if any.
    pub tool: Option<String>,
    /// Who caused it: "engine", "developer", "qa", "supervisor", "gates", "external" or "operator:<user>".
    pub actor: String,
    /// What happened.
    #[serde(flatten)]
    pub body: EventBody,
}

/// An event before the journal has numbered and dated it.
#[derive(Clone, Debug, PartialEq)]
pub struct NewEvent {
    /// See [`Event::tool`].
    pub tool: Option<String>,
    /// See [`Event::actor`].
    pub actor: String,
    /// See [`Event::body`].
    pub body: EventBody,
}

impl NewEvent {
    /// The event under a number and a date.
    #[must_use]
    pub fn numbered(self, seq: u64, ts: DateTime<Utc>) -> Event {
        Event {
            seq,
            ts,
            lane: "main".to_owned(),
            tool: self.tool,
            actor: self.actor,
            body: self.body,
        }
    }
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "data", rename_all = "kebab-case")]
pub enum EventBody {
    /// The engine took over a home without a journal.
    Adopted(Adopted),
    /// An engine began: process id, version, and what start-up repaired in words.
    Started {
        pid: u32,
        version: String,
        repaired: Vec<String>,
    },
    /// The engine ended or was told to; `stopped` is None when it restarts.
    Stopped {
        stopped: Option<Stopped>,
        reason: String,
    },
    /// A person's or a start command cleared `stopped`.
    Cleared,
    /// A phase changed.
    Move(Move),
    /// An agent began work on the present phase.
    AttemptStarted(AttemptRef),
    /// An attempt ended without a move (dropped, aborted, crashed, host gone).
    AttemptDropped { id: u64, reason: String },
    /// A paid request is about to go out.
    Sent(Sent),
    /// A model turn completed or failed.
    Turn(Turn),
    /// An active stretch of work, for the minutes budget: waiting is not counted.
    Worked { millis: u64 },
    /// The spec linter or a reviewer refused the spec.
    SpecRefused {
        by: Role,
        notes: Vec<String>,
        /// What it names; older journals hold one `clause`, or null.
        #[serde(default, alias = "clause", deserialize_with = "one_or_more")]
        clauses: Vec<String>,
    },
    /// A spec version was accepted and kept as specs/<tool>/<n>.md.
    SpecKept { n: u32, sha256: String },
    /// A set of held-out cases was kept as acceptance/<tool>/<n>.jsonl.
    CasesKept {
        n: u32,
        count: u32,
        dropped: Vec<String>,
    },
    /// One held-out case was shown to the Developer and became public.
    CaseRevealed { case: String, rule: String },
    /// A held-out case was struck as wrong.
    CaseStruck { case: String, reason: String },
    /// A tree was committed on the tool's branch.
    Tree { tree: String, commit: String },
    /// The gates measured a tree.
    Run(RunSummary),
    /// What the run before this event says to the stuck rules.
    Cycle(Cycle),
    /// The tests were run after an edit; `millis` counts as work.
    Tried {
        passed: u32,
        total: u32,
        timed_out: bool,
        millis: u64,
    },
    /// The harness put a file right by itself (L0), with what it did.
    Mended { path: String, notes: Vec<String> },
    /// A line of work ended and another begins from the spec, on this rung; `tried` is what came of the one before.
    Afresh {
        rung: Rung,
        /// `host/model`, when not the role's own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        model: Option<String>,
        tried: String,
    },
    /// The tree of an earlier run was put back, because what came after was worse.
    Restored {
        run: u32,
        tree: String,
        commit: String,
        why: String,
    },
    /// A bug report was filed as bugs/<tool>/BUG-<n>.md.
    BugFiled {
        n: u32,
        rule: Option<String>,
        title: String,
        /// The file to repair; None = cannot be told.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        file: Option<String>,
    },
    /// A review was written as reviews/<tool>/<n>.md.
    Reviewed {
        n: u32,
        verdict: Decision,
        by: String,
        scripted: bool,
        local: bool,
    },
    /// A decision waits for the lane to be free (a tool on the shelf) or for main to be ready.
    Decided {
        item: String,
        decision: Decision,
        text: String,
        /// For test-defect: the case to strike.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        case: Option<String>,
        /// For send-back and takeover: the file it is about.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        file: Option<String>,
    },
    /// A stuck rule fired; `evidence` lists the rows that led to it, `next` says what follows.
    Stuck {
        rule: String,
        words: String,
        evidence: Vec<String>,
        #[serde(default)]
        next: String,
    },
    /// An operator answered a stuck verdict.
    NotStuck { rule: String },
    /// Text handed to the next attempt of a phase.
    Hinted { phase: Phase, text: String },
    /// An idea entered the wishlist.
    ItemAdded {
        name: String,
        idea: String,
        priority: i64,
    },
    /// An idea's text or priority changed, by command or by hand.
    ItemEdited {
        name: String,
        idea: Option<String>,
        priority: Option<i64>,
    },
    /// The order or set of ideas in the file changed by hand; names in file order.
    ItemsOrdered { names: Vec<String> },
    /// An item was dropped, with the reason.
    ItemDropped { name: String, reason: String },
    /// An item that is not under way was put aside for a person.
    ItemParked { name: String, reason: String },
    /// An item waiting for a person is wanted again; `fresh` starts from spec.
    ItemRequeued {
        name: String,
        fresh: bool,
        reason: String,
    },
    /// A shipped tool is reopened with a bug.
    ItemReopened { name: String, bug: String },
    /// Work stops starting in a scope.
    Paused(Pause),
    /// A pause ended.
    Resumed { id: String, reason: String },
    /// A limit was set.
    BudgetSet {
        scope: String,
        unit: Unit,
        amount: f64,
    },
    /// A needs-you entry is quiet until then.
    Snoozed { need: String, until: DateTime<Utc> },
    /// A command was answered.
    Answered {
        command: Command,
        accepted: bool,
        sentence: String,
    },
    /// Another program moved the state and the claim was taken up, with what was claimed.
    Claimed {
        from: Phase,
        to: Phase,
        outcome: Outcome,
    },
    /// Another program wrote something that cannot stand; the copy is kept at `kept`.
    ClaimRefused {
        sentence: String,
        kept: String,
        counts: bool,
    },
    /// The merge and tag of a shipped tool were pushed, or could not be.
    Pushed {
        remote: String,
        #[serde(default)]
        tag: String,
        ok: bool,
        detail: String,
    },
    /// A host whose turns could not be taken answers again.
    HostBack { host: String },
    /// A task of the engine failed or panicked.
    Incident { sentence: String },
    /// Time passed without the engine, or the wall clock was put: by so much.
    Gap { gap: Gap, seconds: u64 },
    /// Housekeeping takes papers of finished tools away.
    Swept(Swept),
    /// Something a person should read; no effect on state.
    Noted { sentence: String },
}

/// What was taken over from a home without a journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Adopted {
    /// Wishlist entries as found: (name, idea, priority, status word, reason, branch, phase).
    pub items: Vec<super::item::Item>,
    /// Shipped tools and their newest version, from tags.
    pub shipped: Vec<(String, String)>,
}

/// A phase change and what it carries.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Move {
    /// Phase left.
    pub from: Phase,
    /// Phase entered.
    pub to: Phase,
    /// What picked it.
    pub outcome: Outcome,
    /// In words, where there is something to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The attempt that ended with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u64>,
    /// `cycleCount` after it.
    pub cycle_count: u32,
    /// `startedAt` after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<DateTime<Utc>>,
    /// The escalation in force after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalation: Option<Escalation>,
    /// For ship: version and commit of the merge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ship: Option<ShipRecord>,
    /// Restart from spec with an empty branch (picked anew).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub fresh: bool,
    /// Commit of the tool's branch when the move was made, for rewind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Newest spec version when the move was made, for rewind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spec: Option<u32>,
    /// Newest set of held-out cases when the move was made, for rewind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cases: Option<u32>,
    /// For parked: the limit that did it, so that raising it unparks the item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<Unit>,
}

/// What shipping made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShipRecord {
    /// Semantic version.
    pub version: String,
    /// Annotated tag `<name>@<version>`.
    pub tag: String,
    /// Merge commit.
    pub commit: String,
}

/// What a budget counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    Usd,
    Tokens,
    Minutes,
}

/// A list, a single text, or nothing.
fn one_or_more<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Named {
        None(()),
        One(String),
        All(Vec<String>),
    }
    Ok(match Named::deserialize(from)? {
        Named::None(()) => Vec::new(),
        Named::One(text) => vec![text],
        Named::All(texts) => texts,
    })
}

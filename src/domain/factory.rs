//! The folded state of a factory: what all events so far amount to.

use super::command::Decision;
use super::event::{RunSummary, Sent, Unit};
use super::item::Item;
use super::lately::Lately;
use super::phase::{Phase, Role};
use super::price::Usual;
use super::state::{AttemptRef, Escalation, Pause, Stopped};
use super::stuck::Course;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Everything the events so far amount to; serialised as journal/snapshot.json.
/// `Factory::apply` (fold.rs) is the only thing that changes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Factory {
    /// Last event folded in.
    pub seq: u64,
    /// Present phase.
    pub phase: Phase,
    /// Tool under way.
    pub current_tool: Option<String>,
    /// See the contract.
    pub cycle_count: u32,
    /// When the tool was picked.
    pub started_at: Option<DateTime<Utc>>,
    /// Time of the last move.
    pub last_update: DateTime<Utc>,
    /// Attempt under way.
    pub attempt: Option<AttemptRef>,
    /// Attempts so far.
    pub attempts: u64,
    /// Pauses in force.
    pub pauses: Vec<Pause>,
    /// Pauses so far, for ids.
    pub pauses_made: u64,
    /// Ended on purpose.
    pub stopped: Option<Stopped>,
    /// Escalation in force.
    pub escalation: Option<Escalation>,
    /// The backlog in file order; shared by copies of the whole until one of them changes it.
    pub items: Arc<Vec<Item>>,
    /// What is remembered of each tool; shared by copies of the whole until one of them changes it.
    pub tools: BTreeMap<String, Arc<ToolFacts>>,
    /// What the last 24 hours used, one entry a minute and role, oldest first.
    pub spend: Vec<Spend>,
    /// Paid requests that went out and are not counted yet, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sent: Vec<Sent>,
    /// Limits set by command; they override settings. Key: "<scope>/<unit>".
    pub limits: BTreeMap<String, f64>,
    /// Needs-you entries quieted until then.
    pub snoozed: BTreeMap<String, DateTime<Utc>>,
    /// Tags of shipped tools that no push has taken yet, oldest first.
    pub unpushed: Vec<String>,
    /// Illegal external moves refused in this phase.
    pub refused_claims: u32,
    /// By model: what its counts have taught of our estimate, in thousandths.
    #[serde(default)]
    pub factors: BTreeMap<String, u32>,
    /// By `host/model`: tokens a second it usually writes, in tenths.
    #[serde(default)]
    pub speeds: BTreeMap<String, u32>,
    /// By `host/model`: percent of it that usually lies on the GPU.
    #[serde(default)]
    pub shares: BTreeMap<String, u8>,
    /// How long the Supervisor's calls usually are.
    #[serde(default)]
    pub reviews: Usual,
    /// What roles and hosts did lately; shared by copies of the whole until one of them changes it.
    #[serde(default)]
    pub lately: Arc<Lately>,
    /// Version of the program whose engine began last.
    #[serde(default)]
    pub version: String,
    /// Lifetime counters.
    pub totals: Totals,
}

/// Lifetime counters, all folds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Totals {
    pub shipped: u64,
    pub parked: u64,
    /// Dropped after having been picked.
    pub dropped_after_pick: u64,
    pub runs: u64,
    pub cycles: u64,
    pub turns: u64,
    pub failed_turns: u64,
    pub malformed: u64,
    pub input_tokens: u64,
    pub output_tokens: u64,
    pub usd: f64,
    pub incidents: u64,
}

/// Use within one minute by one role.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spend {
    /// Start of the minute.
    pub at: DateTime<Utc>,
    /// Who used it; None where nobody's turn was under way.
    pub role: Option<Role>,
    /// What was used.
    pub used: Used,
}

/// An amount of each thing a budget counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Used {
    /// Money, USD, rounded to a billionth so that it survives JSON exactly.
    pub usd: f64,
    /// Local tokens.
    pub tokens: u64,
    /// Work, milliseconds.
    pub millis: u64,
}

/// A bug report that the next repair is to settle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenBug {
    /// n of bugs/<tool>/BUG-<n>.md.
    pub n: u32,
    /// The file to repair; None = cannot be told.
    pub file: Option<String>,
}

/// A decision that waits for the lane or for main.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// What was decided.
    pub decision: Decision,
    /// Instructions, hint or reason; may be empty.
    pub text: String,
    /// Who decided (see `Event::actor`).
    pub by: String,
    /// For test-defect: the case to strike.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case: Option<String>,
    /// For send-back and takeover: the file it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
}

/// Where a tool's spec stood when an attempt began: the one after a cut asks from there, so that it asks the same.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Begun {
    /// Specs kept by then.
    pub specs: u32,
    /// What was wrong with the last one.
    pub notes: Vec<String>,
    /// Times the linter had refused one.
    pub lint_refusals: u32,
    /// The idea had been weighed: too large or not.
    pub weighed: bool,
}

impl Begun {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// What is remembered of one tool across attempts, crashes and the shelf.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ToolFacts {
    /// Completed turns by label without its n: the n of the next turn.
    pub turns: BTreeMap<String, u32>,
    /// Attempts at the present phase that were cut short by no person: what they were answered holds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cut: Vec<u64>,
    /// What the first of the attempts at the present phase began with.
    #[serde(default, skip_serializing_if = "Begun::is_default")]
    pub begun: Begun,
    /// Attempts at the present phase that got a whole answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub heard: Vec<u64>,
    /// All turns, failed ones included (transcript numbers).
    pub attempts: u32,
    /// Local tokens used.
    pub local_tokens: u64,
    /// Money spent.
    pub usd: f64,
    /// Minutes budget used, in milliseconds.
    pub work_millis: u64,
    /// Newest accepted spec version; 0 = none.
    pub specs: u32,
    /// Newest set of held-out cases; 0 = none.
    pub case_sets: u32,
    /// Case ids made public.
    pub revealed: Vec<String>,
    /// Runs of the gates.
    pub runs: u32,
    /// The last run, while it still counts (a respec or rewind ends that).
    pub last_run: Option<RunSummary>,
    /// Bug reports filed.
    pub bugs: u32,
    /// Bug reports of the last red run or send-back: open until fixed.
    pub open_bugs: Vec<OpenBug>,
    /// Reviews written.
    pub reviews: u32,
    /// The newest one and its verdict, until the move it leads to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review: Option<(u32, Decision)>,
    /// Send-backs by a model since the last respec.
    pub send_backs: u32,
    /// Linter refusals in the present spec attempt.
    pub lint_refusals: u32,
    /// Rejections by QA since the last operator or reviewer respec.
    pub spec_rejections: u32,
    /// Clauses named in rejections.
    pub rejected_clauses: Vec<String>,
    /// What QA said in each of these rejections.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rejections: Vec<String>,
    /// Notes for the next spec draft.
    pub spec_notes: Vec<String>,
    /// The once-per-tool spec-defect is used up.
    pub spec_defect_used: bool,
    /// It was picked at least once (dropping it then counts against the success rate).
    pub picked: bool,
    /// Case ids struck as wrong.
    pub struck: Vec<String>,
    /// Send-backs by anyone since the last respec.
    pub sent_back: u32,
    /// Runs since the last respec, newest last, at most 50.
    pub run_log: Vec<RunSummary>,
    /// Newest tree on the branch; evidence counts for this one only.
    pub tree: Option<String>,
    /// Use before this build: a rebuilt or reopened tool starts its limits anew.
    pub base: Used,
    /// Newest commit on the branch.
    pub commit: Option<String>,
    /// Lines of work, their cycles, and what was climbed of the ladder.
    pub course: Course,
    /// Text for the next attempt, by phase.
    pub hints: BTreeMap<String, String>,
    /// Rules the operator answered with "not stuck".
    pub not_stuck: Vec<String>,
    /// Decision waiting for the lane or for main.
    pub decision: Option<Pending>,
    /// Versions shipped, oldest first.
    pub versions: Vec<String>,
    /// The present build is a reopening (next patch) rather than a rebuild (next minor).
    pub reopened: bool,
    /// cycleCount and startedAt kept for the shelf.
    pub cycles: u32,
    pub started_at: Option<DateTime<Utc>>,
    /// When it shipped last.
    pub shipped_at: Option<DateTime<Utc>>,
    /// Cycles, all runs of this tool included.
    pub cycles_total: u32,
    /// Who reviewed last: "operator", "scripted", "local" or a model id.
    pub reviewed_by: Option<String>,
    /// Replies came from a script.
    pub scripted: bool,
    /// Limits set for this tool by command; unit -> amount.
    pub limits: BTreeMap<String, f64>,
    /// Unit that parked it, so that raising the limit unparks it.
    pub parked_by: Option<Unit>,
    /// The event that put it where it stands, and when that was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stands: Option<(u64, DateTime<Utc>)>,
}

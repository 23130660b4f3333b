//! The two state documents, `state.json` and `control.json`, exactly as contract and disk have them.

use super::phase::{Phase, Role};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Version of a home's files as this program writes them; it stands as `schema` in control.json and home.json. A home
/// with a higher one is only read: its journal may hold what this program would skip.
pub const FORMAT: u32 = 1;

/// `state.json`: the five fixed keys, and whatever keys others added.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StateDoc {
    /// Tool under way, null when idle.
    pub current_tool: Option<String>,
    /// Where it stands.
    pub phase: Phase,
    /// Trips qa -> fixing -> qa, and send-backs.
    pub cycle_count: u32,
    /// When it was picked, null when idle.
    pub started_at: Option<DateTime<Utc>>,
    /// When the phase was last written.
    pub last_update: DateTime<Utc>,
    /// Unknown keys, kept through every rewrite.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// `control.json`: what the factory remembers beside it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ControlDoc {
    /// [`FORMAT`] of the program that wrote it.
    pub schema: u32,
    /// Rises by one with every rewrite.
    pub revision: u64,
    /// SHA-256 (hex) of the state.json bytes it belongs to.
    pub state_sha256: String,
    /// Attempt under way.
    pub attempt: Option<AttemptRef>,
    /// Pauses in force.
    pub pauses: Vec<Pause>,
    /// Set when a person ended the engine.
    pub stopped: Option<Stopped>,
    /// Set while a tool is escalated.
    pub escalation: Option<Escalation>,
}

/// An attempt by id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AttemptRef {
    /// Rises by one with every attempt; a result with an outdated id is refused.
    pub id: u64,
    /// Who works.
    pub role: Role,
    /// On what.
    pub phase: Phase,
    /// Since when.
    pub started_at: DateTime<Utc>,
}

/// Why work does not start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// "pause-<n>", unique in the journal.
    pub id: String,
    /// What brought it about.
    pub kind: PauseKind,
    /// Actor, as in events.
    pub by: String,
    /// "factory" or a role's name.
    pub scope: Scope,
    /// In words.
    pub reason: String,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Ends by itself then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<DateTime<Utc>>,
}

impl Pause {
    /// The command `resume` lifts it with all others of its scope; the rest end by their own cause, or by their id.
    #[must_use]
    pub fn lifts(&self) -> bool {
        matches!(self.kind, PauseKind::Operator | PauseKind::Start)
    }
}

/// A pause of one role alone: it is not called to work, where one of the factory only puts its call off.
#[must_use]
pub fn held(pauses: &[Pause], role: Role) -> bool {
    pauses.iter().any(|pause| pause.scope.role() == Some(role))
}

/// An actor as people call it.
#[must_use]
pub fn who(by: &str) -> &str {
    by.strip_prefix("operator:").unwrap_or(by)
}

/// What brought a pause about; `resume` lifts operator and start pauses, the others end by their own cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PauseKind {
    Operator,
    Start,
    Budget,
    Incident,
    Host,
    Edits,
}

/// What a pause or limit covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    Factory,
    Developer,
    Qa,
    Supervisor,
}

impl Scope {
    /// The role it is about; None for the factory.
    #[must_use]
    pub const fn role(self) -> Option<Role> {
        match self {
            Scope::Factory => None,
            Scope::Developer => Some(Role::Developer),
            Scope::Qa => Some(Role::Qa),
            Scope::Supervisor => Some(Role::Supervisor),
        }
    }

    /// The scope of one role.
    #[must_use]
    pub const fn of(role: Role) -> Scope {
        match role {
            Role::Developer => Scope::Developer,
            Role::Qa => Scope::Qa,
            Role::Supervisor => Scope::Supervisor,
        }
    }

    /// Whether a pause or limit of this scope holds a role.
    #[must_use]
    pub fn covers(self, role: Role) -> bool {
        self.role().is_none_or(|own| own == role)
    }
}

/// The engine was ended on purpose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stopped {
    /// Actor.
    pub by: String,
    /// In words.
    pub reason: String,
    /// Since when.
    pub since: DateTime<Utc>,
}

/// A tool handed upwards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Escalation {
    /// In words.
    pub reason: String,
    /// Phase it came from.
    pub from: Phase,
    /// Rung of the ladder, 4 = diagnosis.
    pub level: u8,
}

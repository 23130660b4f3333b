//! What the screens show of roles and hosts beyond their state: means, past and present, never a key.

use super::stats::Usage;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Facts about a role.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RoleFacts {
    /// Where the key of its host comes from; None = it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<KeyFacts>,
    /// Its instructions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub soul: Option<SoulFacts>,
    /// Another program takes its turns.
    pub external: bool,
    /// Cron expression; None = always.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schedule: Option<String>,
    /// Models that take over, in this order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fallback: Vec<String>,
    /// Tokens a second its model usually writes there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usual_speed: Option<f64>,
    /// What it used in the last 24 hours.
    pub day: Usage,
    /// Its own limits in words: "$5.00 in 24 h".
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<String>,
    /// How its host did in the last 24 hours, see `Lately::health`.
    pub health: String,
    /// Its last turns, newest last.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub turns: Vec<TurnLine>,
}

/// A key, without the key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct KeyFacts {
    /// "variable NAME", "file PATH" or "command WORDS".
    pub place: String,
    /// Permissions of the file, octal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// Its last characters, at most four, of one that is long enough.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ends: Option<String>,
    /// When it was read last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read: Option<DateTime<Utc>>,
}

/// A soul as it is in force.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SoulFacts {
    /// Name of its file.
    pub file: String,
    /// First digits of the SHA-256 of the file.
    pub hash: String,
    /// When the file changed last, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<DateTime<Utc>>,
}

/// A turn that was taken.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TurnLine {
    /// Its event; 0 = not known.
    #[serde(default)]
    pub seq: u64,
    /// When it ended.
    pub at: DateTime<Utc>,
    /// `tool/phase/purpose[/path]/n`.
    pub label: String,
    /// Host name from settings.
    pub host: String,
    /// Tokens of the prompt as we estimated it.
    pub sent: Option<u64>,
    /// Tokens read as the server counted.
    pub read: Option<u64>,
    /// Tokens written.
    pub written: Option<u64>,
    /// Of these, of thinking.
    pub thought: Option<u64>,
    /// Whole turn, milliseconds.
    pub millis: u64,
    /// Tokens a second while writing.
    pub speed: Option<f64>,
    /// "stop", "length", "no form", or what went wrong.
    pub ended: String,
    /// It came to its end.
    pub ok: bool,
}

impl TurnLine {
    /// Milliseconds until its first token, waiting and reading included, where its speed is known.
    #[must_use]
    pub fn first_token(&self) -> Option<u64> {
        let speed = self.speed.filter(|speed| *speed > 0.0)?;
        let writing = self.written? as f64 / speed * 1000.0;
        Some(self.millis.saturating_sub(writing.round() as u64))
    }
}

/// Facts about a model server.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ServerFacts {
    /// Host name from settings.
    pub host: String,
    /// Kind as settings name it.
    pub kind: String,
    /// It answers; None = not asked yet.
    pub up: Option<bool>,
    /// It answers, and takes no turns: the key was refused.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub refused: bool,
    /// What it answered, or what is wrong.
    pub words: String,
    /// Name and version of the server, where it tells.
    pub server: String,
    /// Model it was asked for last, as the server calls it.
    pub model: String,
    /// Percent of it on the GPU, where the host tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gpu: Option<u8>,
    /// Tokens of context it is used with.
    pub context: u64,
    /// Tokens the model could take.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub most: Option<u64>,
    /// Milliseconds until the first token, median of the last turns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<u64>,
    /// Milliseconds the model took to load, when it last was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub load: Option<u64>,
    /// Turns that wait there.
    pub queue: u64,
    /// It can tell whether other clients use it, and none was seen; None = it cannot tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alone: Option<bool>,
    /// What another client did to our model, and what to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shared: Option<String>,
    /// When it was away last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub away: Option<super::away::Away>,
    /// See `Lately::health`.
    pub health: String,
}

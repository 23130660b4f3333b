//! Model turns as the journal has them: what each was, what it used, and what a paid one is counted as before it ends.

use super::phase::Role;
use super::price::Cached;
use serde::{Deserialize, Serialize};

/// Tokens written below which a turn says nothing of its model's speed.
const ENOUGH: u64 = 50;
/// Percent points below the usual share on the GPU that are no fall: sizes are rounded, and the average lags.
const FALL: u8 = 5;

/// One model turn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Turn {
    /// `tool/phase/purpose[/path]/n`.
    pub label: String,
    /// Role that took it.
    pub role: Role,
    /// Host name from settings.
    pub host: String,
    /// Model id as sent.
    pub model: String,
    /// False when it failed; failed turns do not count into n.
    pub ok: bool,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Tokens the prompt was estimated to have, before anything was learned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimated: Option<u64>,
    /// Tokens read, cached ones included; None from a script, or where nothing came and nobody bills it.
    pub input_tokens: Option<u64>,
    /// Tokens written, thinking included; None as with those read.
    pub output_tokens: Option<u64>,
    /// Of the tokens written, those of thinking, estimated from its text; None where it did not think.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thought_tokens: Option<u64>,
    /// Of the tokens read, those with a price of their own.
    #[serde(default, skip_serializing_if = "Cached::none")]
    pub cached: Cached,
    /// Id of the rate it was priced by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<String>,
    /// Cost in USD; None when it is not known: no price, or a request that was refused or reached nobody. Local and scripted
    /// turns cost 0.
    pub usd: Option<f64>,
    /// Whole turn, milliseconds.
    pub millis: u64,
    /// Tokens a second while writing, to a tenth.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speed: Option<f64>,
    /// Percent of the model on the GPU, where the host told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gpu: Option<u8>,
    /// Counts into the local token budget.
    pub local: bool,
    /// The reply came from a script, not from a model.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub scripted: bool,
    /// The reply had no usable form (harness S1).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub malformed: bool,
    /// It ran out of context window or of tokens to write.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub exhausted: bool,
    /// Its server did not count, or had not when it broke off: the tokens, and what it cost, are our estimate.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub uncounted: bool,
}

/// A paid request that goes out: counted so when nothing more is heard of it, whatever ends it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sent {
    /// The attempt that asks.
    pub attempt: u64,
    /// What it is counted as; its error says what is not known of it.
    pub turn: Turn,
}

impl Turn {
    /// `host/model`.
    #[must_use]
    pub fn place(&self) -> String {
        format!("{}/{}", self.host, self.model)
    }

    /// It wrote enough for its speed to say something.
    #[must_use]
    pub fn tells_speed(&self) -> bool {
        !self.scripted && self.output_tokens.is_some_and(|tokens| tokens >= ENOUGH)
    }

    /// Less of the model lay on the GPU than usual, both in percent.
    #[must_use]
    pub fn off_gpu(&self, usual: u8) -> bool {
        self.gpu
            .is_some_and(|share| share.saturating_add(FALL) < usual)
    }

    /// It wrote at less than a third of the usual speed, given in tenths.
    #[must_use]
    pub fn slow(&self, usual: u32) -> bool {
        let speed = self.speed.filter(|_| self.tells_speed());
        speed.is_some_and(|speed| speed * 30.0 < f64::from(usual))
    }
}

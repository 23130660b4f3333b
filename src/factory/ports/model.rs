//! The model port: one turn in, streamed pieces and a whole reply out, with errors classed by what to do.

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::mpsc::UnboundedSender;

/// One request to a model.
#[derive(Clone, Debug)]
pub struct TurnRequest {
    /// `tool/phase/purpose[/path]/n`; picks the reply of a scripted host.
    pub label: String,
    /// Host name from settings.
    pub host: String,
    /// Model id, sent as it is.
    pub model: String,
    /// System text first, then the user's; every turn is a new conversation.
    pub messages: Vec<Message>,
    /// Whether the model may think.
    pub think: bool,
    /// Upper bound of tokens written, thinking included.
    pub max_tokens: u32,
    /// Sampling temperature.
    pub temperature: f32,
    /// Nucleus sampling.
    pub top_p: f32,
    /// Penalty on what was written already; 0 = none. Raised only after a reply that repeated itself.
    pub presence_penalty: f32,
    /// JSON schema the reply must fit, for small verdicts only.
    pub format: Option<Value>,
    /// Seed, for a sample that differs from the one before.
    pub seed: Option<u64>,
}

/// One message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    pub role: Speaker,
    pub content: String,
}

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Speaker {
    System,
    User,
    Assistant,
}

/// A piece of a reply as it arrives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delta {
    /// Answer text.
    Text(String),
    /// Thinking text.
    Thought(String),
}

/// A whole reply that ended properly.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    /// Answer, think tags removed.
    pub text: String,
    /// Thinking, if any.
    pub thought: String,
    /// Ended by the token limit: nothing of it may be used.
    pub cut: bool,
    /// Tokens read as the server counted.
    pub input_tokens: Option<u64>,
    /// Tokens written as the server counted.
    pub output_tokens: Option<u64>,
    /// Tokens a second while writing.
    pub tokens_per_second: Option<f64>,
    /// USD; Some(0.0) for local and scripted hosts, None when unpriced.
    pub usd: Option<f64>,
    /// Loopback or private address, or marked so.
    pub local: bool,
    /// From a script, not a model.
    pub scripted: bool,
    /// The context size in force on the host, tokens, when known.
    pub context: Option<u32>,
}

/// Why a turn failed; nothing of it was used, so any may be repeated whole.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// No connection, or it broke before a reply began.
    #[error("{host} does not answer: {detail}")]
    Unreachable { host: String, detail: String },
    /// 401, 403: the key.
    #[error("{host} refuses the key: {detail}")]
    Refused { host: String, detail: String },
    /// The host does not have the model.
    #[error("{host} has no model {model}: {remedy}")]
    ModelMissing {
        host: String,
        model: String,
        remedy: String,
    },
    /// The prompt does not fit.
    #[error("the prompt does not fit the context of {host}: {detail}")]
    Overflow { host: String, detail: String },
    /// 429, 503, queue full, loading: try again after so many seconds.
    #[error("{host} is busy: {detail}")]
    Busy {
        host: String,
        detail: String,
        retry_after: Option<u64>,
    },
    /// The stream ended or stalled before its proper end.
    #[error("the reply of {host} broke off: {detail}")]
    Broken { host: String, detail: String },
    /// More bytes than the budget of a turn.
    #[error("the reply of {host} passed {limit} bytes and was dropped")]
    TooLong { host: String, limit: usize },
    /// The model wrote the same text over and over and was broken off.
    #[error("{host} repeats itself: {detail}")]
    Looping { host: String, detail: String },
    /// Anything else the server said.
    #[error("{host} answered {status}: {detail}")]
    Server {
        host: String,
        status: u16,
        detail: String,
    },
    /// A paid model without a known price is not called.
    #[error(
        "{host}/{model} is not called: no price is known for it (set local = true on the host if it is free)"
    )]
    Unpriced { host: String, model: String },
    /// A scripted host has no reply for the label.
    #[error("no scripted reply for {label}")]
    NoScript { label: String },
}

impl ModelError {
    /// The host, not the prompt, is at fault: wait for it instead of counting against the tool.
    #[must_use]
    pub fn host_fault(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. }
                | Self::Refused { .. }
                | Self::ModelMissing { .. }
                | Self::Busy { .. }
                | Self::Unpriced { .. }
        )
    }
}

/// What a probe found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HostStatus {
    /// Host name from settings.
    pub host: String,
    /// Answers and can be used.
    pub live: bool,
    /// "ollama 0.12, 3 models" or what is wrong and what to do.
    pub words: String,
    /// Model ids it offers; empty when unknown.
    pub models: Vec<String>,
    /// It answered 401 or 403: another key may help.
    #[serde(default)]
    pub refused: bool,
}

/// Model hosts.
pub trait Models: Send + Sync {
    /// Takes one turn. Pieces go to `pieces` as they arrive. Dropping the future closes the connection.
    fn turn<'a>(
        &'a self,
        request: &'a TurnRequest,
        pieces: UnboundedSender<Delta>,
    ) -> BoxFuture<'a, Result<Reply, ModelError>>;

    /// Looks whether a host answers and has the model: one GET or so, at most 500 ms to connect, costs nothing.
    fn probe<'a>(&'a self, host: &'a str, model: &'a str) -> BoxFuture<'a, HostStatus>;

    /// The host is on this machine or a private network, or marked so: its turns cost nothing.
    fn local(&self, host: &str) -> bool;

    /// Tokens of context the host is used with (settings `num_ctx`, or its default).
    fn context(&self, host: &str) -> u32;
}

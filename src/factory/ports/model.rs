//! The model port: one turn in, streamed pieces and a whole reply out, with errors classed by what to do.

pub use super::fault::{Fault, ModelError, Remedy, Spent};
use crate::agents::sampling::Sampling;
pub use crate::agents::talk::{Answered, Message, Speaker, Tool, ToolCall};
use crate::domain::finding::Finding;
use crate::domain::price::Cached;
use crate::domain::screen::{HostLine, ServerFacts};
use crate::text::tokens;
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
    /// System text first, then the user's, then what was said since where a model works with tools.
    pub messages: Vec<Message>,
    /// Whether the model may think.
    pub think: bool,
    /// Upper bound of tokens written, thinking included.
    pub max_tokens: u32,
    /// How words are drawn, where the server lets that be chosen.
    pub sampling: Sampling,
    /// Penalty on what was written already; 0 = none. Raised only after a reply that repeated itself.
    pub presence_penalty: f32,
    /// Tools the model may call; none for everything but the tool loop.
    pub tools: Vec<Tool>,
    /// JSON schema the reply must fit, for small verdicts only.
    pub format: Option<Value>,
    /// Seed, for a sample that differs from the one before.
    pub seed: Option<u64>,
}

/// A piece of a reply as it arrives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delta {
    /// Answer text.
    Text(String),
    /// Thinking text.
    Thought(String),
    /// What the host does before it writes: others come first, the model is being loaded.
    Note(String),
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
    /// Tools it wants to call.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<ToolCall>,
    /// Anthropic's blocks as they came, signatures included.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blocks: Vec<Value>,
    /// Tokens read as the server counted, those from its cache included.
    pub input_tokens: Option<u64>,
    /// Tokens written as the server counted, thinking included.
    pub output_tokens: Option<u64>,
    /// Of the tokens read, those that have a price of their own.
    #[serde(default, skip_serializing_if = "Cached::none")]
    pub cached: Cached,
    /// Tokens a second while writing.
    pub tokens_per_second: Option<f64>,
    /// USD; Some(0.0) for local and scripted hosts, None when unpriced.
    pub usd: Option<f64>,
    /// Id of the rate it was priced by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<String>,
    /// Loopback or private address, or marked so.
    pub local: bool,
    /// From a script, not a model.
    pub scripted: bool,
    /// The context size in force on the host, tokens, when known.
    pub context: Option<u32>,
    /// Percent of the model on the GPU, where the host tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gpu: Option<u8>,
    /// What another client of the host did to the model before this turn, and what to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub odd: Option<String>,
}

impl Reply {
    /// It was thought, and nothing answered.
    #[must_use]
    pub fn only_thought(&self) -> bool {
        let answered = !self.text.trim().is_empty() || !self.calls.is_empty();
        !answered && !self.thought.trim().is_empty()
    }

    /// Tokens it took to write, estimated.
    #[must_use]
    pub fn estimate(&self) -> u32 {
        let calls = self.calls.iter().map(ToolCall::weight);
        let calls: u32 = calls.map(|call| tokens::estimate(&call)).sum();
        tokens::estimate(&self.text) + tokens::estimate(&self.thought) + calls
    }

    /// What is wrong with a reply that ended properly, if anything: then none of it is used.
    #[must_use]
    pub fn defect(&self) -> Option<Fault> {
        if self.cut {
            return Some(Fault::Cut);
        }
        let empty = self.text.trim().is_empty() && self.calls.is_empty();
        empty.then_some(Fault::Empty)
    }
}

/// What a probe found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HostStatus {
    /// Host name from settings.
    pub host: String,
    /// Answers and can be used.
    pub live: bool,
    /// What is wrong, where it is not live.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
    /// "ollama 0.12, 3 models" or what is wrong and what to do.
    pub words: String,
    /// Model ids it offers; empty when unknown.
    pub models: Vec<String>,
    /// All that was seen, one by one: what `words` says, and what works but not well.
    #[serde(default)]
    pub findings: Vec<Finding>,
}

impl HostStatus {
    /// A host that cannot be used with a model (empty: at all), and what to do.
    #[must_use]
    pub fn away(host: &str, model: &str, fault: Fault, what: &str, remedy: &str) -> Self {
        let of_model = matches!(fault, Fault::Missing | Fault::Unable | Fault::Unpriced);
        let name = subject(host, if of_model { model } else { "" });
        let finding = match fault {
            // It comes back by itself.
            Fault::Busy => Finding::warning(name, what, remedy),
            _ => Finding::error(name, what, remedy),
        };
        Self {
            host: host.to_owned(),
            live: false,
            fault: Some(fault),
            words: finding.sentence(),
            models: Vec::new(),
            findings: vec![finding],
        }
    }
}

/// How findings name a model on a host, or the host alone.
#[must_use]
pub fn subject(host: &str, model: &str) -> String {
    match model {
        "" => host.to_owned(),
        model => format!("{host}/{model}"),
    }
}

/// Model hosts.
pub trait Models: Send + Sync {
    /// Takes one turn. Pieces go to `pieces` as they arrive. Dropping the future closes the connection.
    fn turn<'a>(
        &'a self,
        request: &'a TurnRequest,
        pieces: UnboundedSender<Delta>,
    ) -> BoxFuture<'a, Result<Reply, ModelError>>;

    /// The reply with what it cost, by what its server counted or else by our estimate.
    fn priced(&self, request: &TurnRequest, reply: Reply) -> Reply;

    /// Looks whether a host answers and has the model: one GET or so, little time to connect, costs nothing.
    fn probe<'a>(&'a self, host: &'a str, model: &'a str) -> BoxFuture<'a, HostStatus>;

    /// Turns with this model cost nothing: its host is on this machine or a private network, or marked so, and does not hand
    /// the model on to a paid cloud.
    fn free(&self, host: &str, model: &str) -> bool;

    /// Who works and waits at each server; names of the same server stand together.
    fn lines(&self) -> Vec<HostLine>;

    /// What is known of the server behind a host, from probes and turns so far; asks nothing.
    fn known(&self, host: &str) -> ServerFacts;

    /// Tokens of context the host is used with (settings `num_ctx`, or its default).
    fn context(&self, host: &str, model: &str) -> u32;
}

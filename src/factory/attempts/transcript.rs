//! Transcripts: every request and what came of it, a line each, replayable.

use super::context::{Context, Stop};
use crate::factory::ports::model::{Message, ModelError, Reply, TurnRequest};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;

impl Context {
    /// Keeps request and reply, replayable.
    pub(super) fn transcribe(
        &self,
        request: &TurnRequest,
        reply: Option<&Reply>,
        error: Option<&ModelError>,
    ) -> Result<(), Stop> {
        let line = Transcript {
            at: self.tools.clock.now(),
            label: &request.label,
            host: &request.host,
            model: &request.model,
            request: Question {
                messages: &request.messages,
                think: request.think,
                max_tokens: request.max_tokens,
                temperature: request.sampling.temperature,
                top_p: request.sampling.top_p,
                seed: request.seed,
                nonce: &self.nonce,
                tools: request.tools.iter().map(|tool| tool.name).collect(),
                format: request.format.as_ref(),
            },
            reply,
            error: error.map(ToString::to_string),
        };
        let line = serde_json::to_string(&line).map_err(|e| Stop::Incident(e.to_string()))?;
        self.tools
            .store
            .append(&self.transcript(self.attempt), &(line + "\n"))
            .map_err(Stop::from)
    }
}

/// A line of a transcript, replayable.
#[derive(Serialize)]
struct Transcript<'a> {
    at: DateTime<Utc>,
    label: &'a str,
    host: &'a str,
    model: &'a str,
    request: Question<'a>,
    reply: Option<&'a Reply>,
    error: Option<String>,
}

/// What was asked: all of a request that its transcript does not name elsewhere.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Question<'a> {
    messages: &'a [Message],
    think: bool,
    max_tokens: u32,
    temperature: f32,
    top_p: f32,
    seed: Option<u64>,
    /// Marks untrusted text in the messages.
    nonce: &'a str,
    /// Names of the tools offered.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<&'static str>,
    format: Option<&'a Value>,
}

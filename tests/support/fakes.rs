//! Fake model servers, faithful to the wire of Ollama, LM Studio, llama.cpp, vLLM and Anthropic: paths, headers, framing,
//! figures, errors, and where a call of a tool stands. They count the prompt they get, unless told to count another.
#![allow(dead_code)]

use super::model_server::{Answer, Request, Step, chunk, head, parts};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Whose wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    Ollama,
    LmStudio,
    LlamaCpp,
    Vllm,
    Anthropic,
}

impl Wire {
    pub const ALL: [Wire; 5] = [
        Wire::Ollama,
        Wire::LmStudio,
        Wire::LlamaCpp,
        Wire::Vllm,
        Wire::Anthropic,
    ];
}

/// What the model says.
#[derive(Clone, Debug, Default)]
pub struct Said {
    pub thought: String,
    pub text: String,
    /// Id, name, arguments.
    pub calls: Vec<(&'static str, &'static str, Value)>,
    /// Ended by the token limit.
    pub cut: bool,
}

impl Said {
    pub fn text(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            ..Self::default()
        }
    }
}

/// A fake server; `answer` is its handler.
#[derive(Clone)]
pub struct Fake {
    pub wire: Wire,
    pub model: String,
    pub said: Said,
    /// Tokens it claims to have read; None: as many as came.
    pub counts: Option<u64>,
    /// Of these, from its cache.
    pub cached: u64,
    /// Context it was started with or the model loaded with.
    pub context: u64,
    /// Bytes of one write.
    pub piece: usize,
    /// Silence before each chunk, and before a head that is sent by itself.
    pub gap: Duration,
    /// Lines end in CR and LF.
    pub crlf: bool,
    /// Ollama: calls stand on the last line, as when llama-server renders the template.
    pub calls_last: bool,
    /// Calls are all numbered 0, and their arguments are a text within a text.
    pub odd_calls: bool,
    /// So many looks at slots or loaded models show it at work.
    pub busy: Arc<AtomicUsize>,
    /// Ollama: what `/api/ps` lists.
    pub loaded: Arc<Mutex<Value>>,
    /// Ollama: what `/api/show` tells of the model.
    pub shown: Value,
}

impl Fake {
    pub fn new(wire: Wire) -> Self {
        Self {
            wire,
            model: "test".to_owned(),
            said: Said::text("fine"),
            counts: None,
            cached: 0,
            context: 16_384,
            piece: usize::MAX,
            gap: Duration::ZERO,
            crlf: false,
            calls_last: false,
            odd_calls: false,
            busy: Arc::default(),
            loaded: Arc::new(Mutex::new(json!([]))),
            shown: json!({"details": {"family": "qwen3"}, "capabilities": ["completion", "tools", "thinking"],
                "model_info": {"general.architecture": "qwen3", "qwen3.context_length": 40960}}),
        }
    }

    /// Ollama: the model is loaded with this context, so much of it on the GPU.
    pub fn loads(&self, context: u64, percent: u64) {
        *self.loaded.lock().unwrap() = json!([{"name": self.model, "model": self.model, "size": 10_000_000_000_u64,
            "size_vram": percent * 100_000_000, "context_length": context, "expires_at": "2026-11-01T12:30:00Z"}]);
    }

    pub fn saying(mut self, said: Said) -> Self {
        self.said = said;
        self
    }

    pub fn answer(&self, request: &Request) -> Answer {
        let path = request.path.split('?').next().unwrap_or_default();
        let found = match (self.wire, request.method.as_str(), path) {
            (Wire::Ollama, "POST", "/api/chat") => Some(self.ollama(request)),
            (Wire::Ollama, "POST", "/api/show") => Some(json_answer(&self.shown)),
            (Wire::Ollama, "GET", path) => self.ollama_get(path),
            (Wire::Anthropic, _, _) if request.header("anthropic-version").is_none() => {
                Some(Answer::status(
                    400,
                    r#"{"type":"error","error":{"type":"invalid_request_error","message":"anthropic-version: header is required"},"request_id":"req_1"}"#,
                ))
            }
            (Wire::Anthropic, "POST", "/v1/messages") => Some(self.anthropic(request)),
            (Wire::Anthropic, "GET", "/v1/models") => Some(json_answer(
                &json!({"data": [{"type": "model", "id": self.model, "display_name": "Test", "created_at": "2026-09-22T00:00:00Z"}], "has_more": false}),
            )),
            (Wire::LmStudio | Wire::LlamaCpp | Wire::Vllm, "POST", "/v1/chat/completions") => {
                Some(self.openai(request))
            }
            (Wire::LmStudio | Wire::LlamaCpp | Wire::Vllm, "GET", path) => self.openai_get(path),
            _ => None,
        };
        let answer = found
            .unwrap_or_else(|| self.lost(request))
            .headed(self.headers())
            .pieces(self.piece);
        match self.gap.is_zero() {
            true => answer,
            false => answer.paced(self.gap),
        }
    }

    /// What stands in each of its heads.
    fn headers(&self) -> &'static [(&'static str, &'static str)] {
        match self.wire {
            Wire::LlamaCpp => &[("Server", "llama.cpp"), ("Access-Control-Allow-Origin", "")],
            Wire::Vllm => &[("server", "uvicorn")],
            Wire::Anthropic => &[("request-id", "req_1")],
            Wire::Ollama | Wire::LmStudio => &[],
        }
    }

    /// A path it does not know.
    fn lost(&self, request: &Request) -> Answer {
        match self.wire {
            // With status 200.
            Wire::LmStudio => json_answer(
                &json!({"error": format!("Unexpected endpoint or method. ({} {})", request.method, request.path)}),
            ),
            Wire::LlamaCpp => Answer::status(
                404,
                r#"{"error":{"message":"File Not Found","type":"not_found_error","code":404}}"#,
            ),
            Wire::Anthropic => Answer::status(
                404,
                r#"{"type":"error","error":{"type":"not_found_error","message":"Not found"},"request_id":"req_1"}"#,
            ),
            Wire::Vllm => Answer::status(404, r#"{"detail":"Not Found"}"#),
            Wire::Ollama => Answer::with(404, "text/plain", &[], "404 page not found"),
        }
    }

    fn read(&self, request: &Request) -> u64 {
        self.counts.unwrap_or_else(|| prompt_tokens(request))
    }

    fn written(&self) -> u64 {
        split(&self.said.text).len().max(1) as u64
    }

    // ---- Ollama ----

    fn ollama(&self, request: &Request) -> Answer {
        let asked = request.json();
        let model = &asked["model"];
        let line = |message: Value| json!({"model": model, "created_at": "2026-11-01T12:00:00.123456789Z", "message": message, "done": false});
        let spoken = |field: &str, piece: String| {
            let mut message = json!({"role": "assistant", "content": ""});
            message[field] = json!(piece);
            line(message)
        };
        let mut lines: Vec<Value> = Vec::new();
        lines.extend(
            split(&self.said.thought)
                .into_iter()
                .map(|p| spoken("thinking", p)),
        );
        lines.extend(
            split(&self.said.text)
                .into_iter()
                .map(|p| spoken("content", p)),
        );
        let calls = self.said.calls.iter().enumerate();
        let calls: Vec<Value> = calls
            .map(|(n, (id, name, arguments))| {
                let function = match self.odd_calls {
                    true => json!({"index": 0, "name": name, "arguments": arguments.to_string()}),
                    false => json!({"index": n, "name": name, "arguments": arguments}),
                };
                let mut call = json!({ "function": function });
                if !id.is_empty() {
                    call["id"] = json!(id);
                }
                call
            })
            .collect();
        let mut last = json!({"role": "assistant", "content": ""});
        if !calls.is_empty() {
            match self.calls_last {
                true => last["tool_calls"] = json!(calls),
                false => lines.push(line(
                    json!({"role": "assistant", "content": "", "tool_calls": calls}),
                )),
            }
        }
        let mut last = line(last);
        let figures = json!({"done": true, "done_reason": if self.said.cut { "length" } else { "stop" },
            "total_duration": 5_000_000_000_u64, "load_duration": 1_000_000, "prompt_eval_count": self.read(request),
            "prompt_eval_duration": 1_000_000, "eval_count": self.written(), "eval_duration": 2_000_000_000_u64});
        for (field, value) in figures.as_object().unwrap() {
            last[field] = value.clone();
        }
        if self.cached > 0 {
            last["prompt_eval_cached_count"] = json!(self.cached);
        }
        lines.push(last);
        let end = self.end();
        let lines: Vec<String> = lines.iter().map(|line| format!("{line}{end}")).collect();
        Answer::stream("application/x-ndjson", &lines)
    }

    fn ollama_get(&self, path: &str) -> Option<Answer> {
        let entry = json!({"name": self.model, "model": self.model, "modified_at": "2026-11-01T00:00:00Z", "size": 9_300_000_000_u64,
            "digest": "abc", "details": {"format": "gguf", "family": "qwen3", "families": ["qwen3"], "parameter_size": "14.8B", "quantization_level": "Q4_K_M"}});
        match path {
            "/" => Some(Answer::with(
                200,
                "text/plain; charset=utf-8",
                &[],
                "Ollama is running",
            )),
            "/api/version" => Some(json_answer(&json!({"version": "0.12.9"}))),
            "/api/tags" => Some(json_answer(&json!({ "models": [entry] }))),
            "/api/ps" => {
                self.look();
                let loaded = self.loaded.lock().unwrap().clone();
                let body = json!({ "models": loaded }).to_string();
                Some(Answer::with(
                    200,
                    "application/json; charset=utf-8",
                    &[("Date", "Sun, 01 Nov 2026 12:00:00 GMT")],
                    &body,
                ))
            }
            "/v1/models" => Some(json_answer(
                &json!({"object": "list", "data": [{"id": self.model, "object": "model", "created": 1, "owned_by": "library"}]}),
            )),
            _ => None,
        }
    }

    // ---- OpenAI's language ----

    fn openai(&self, request: &Request) -> Answer {
        let asked = request.json();
        let mut chunk_of = json!({"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": asked["model"], "choices": []});
        let mut event = |choices: Value| {
            chunk_of["choices"] = choices;
            chunk_of.clone()
        };
        let delta = |delta: Value| json!([{"index": 0, "delta": delta, "finish_reason": null}]);
        let reasoning = match self.wire {
            Wire::Vllm => "reasoning",
            _ => "reasoning_content",
        };
        let first = match self.wire {
            Wire::LlamaCpp => Value::Null,
            _ => json!(""),
        };
        let mut events = vec![event(delta(json!({"role": "assistant", "content": first})))];
        for piece in split(&self.said.thought) {
            events.push(event(delta(json!({ reasoning: piece }))));
        }
        for piece in split(&self.said.text) {
            events.push(event(delta(json!({ "content": piece }))));
        }
        for (n, (id, name, arguments)) in self.said.calls.iter().enumerate() {
            let text = arguments.to_string();
            let (n, text) = match self.odd_calls {
                true => (0, json!(text).to_string()),
                false => (n, text),
            };
            let opened = json!({"index": n, "id": id, "type": "function", "function": {"name": name, "arguments": ""}});
            events.push(event(delta(json!({ "tool_calls": [opened] }))));
            for piece in split_at(&text, 5) {
                let part = json!({"index": n, "function": {"arguments": piece}});
                events.push(event(delta(json!({ "tool_calls": [part] }))));
            }
        }
        let reason = match (self.said.cut, self.said.calls.is_empty()) {
            (true, _) => "length",
            (false, true) => "stop",
            (false, false) => "tool_calls",
        };
        events.push(event(
            json!([{"index": 0, "delta": {}, "finish_reason": reason}]),
        ));
        let mut last = event(json!([]));
        let (read, written) = (self.read(request), self.written());
        if asked["stream_options"]["include_usage"] == true {
            last["usage"] = json!({"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written,
                "prompt_tokens_details": {"cached_tokens": self.cached}});
        }
        if self.wire == Wire::LlamaCpp {
            last["timings"] = json!({"cache_n": self.cached, "prompt_n": read - self.cached, "prompt_ms": 10.0,
                "predicted_n": written, "predicted_ms": 100.0, "predicted_per_second": 40.5});
        }
        events.push(last);
        let end = self.end();
        let mut lines: Vec<String> = events
            .iter()
            .map(|event| format!("data: {event}{end}{end}"))
            .collect();
        if self.wire == Wire::LlamaCpp {
            // As it was recorded: its first two events share a chunk, and its last two.
            for first in [lines.len() - 2, 0] {
                let second = lines.remove(first + 1);
                lines[first] += &second;
            }
            // What it sends in 30 s of silence.
            lines.insert(0, format!(":{end}{end}"));
        }
        lines.push(format!("data: [DONE]{end}{end}"));
        Answer::stream("text/event-stream", &lines)
    }

    fn openai_get(&self, path: &str) -> Option<Answer> {
        let id = &self.model;
        match (self.wire, path) {
            (Wire::LmStudio, "/v1/models") => Some(json_answer(
                &json!({"object": "list", "data": [{"id": id, "object": "model", "owned_by": "organization_owner"}]}),
            )),
            (Wire::LmStudio, "/api/v1/models") => Some(json_answer(
                &json!({"models": [{"type": "llm", "publisher": "qwen", "key": id, "display_name": "Test", "architecture": "qwen3",
                "loaded_instances": [{"id": id, "config": {"context_length": self.context, "parallel": 1}}],
                "max_context_length": 40960, "format": "gguf"}]}),
            )),
            (Wire::LlamaCpp, "/v1/models") => Some(json_answer(
                &json!({"object": "list", "data": [{"id": id, "object": "model", "created": 1, "owned_by": "llamacpp",
                "meta": {"n_ctx_train": 40960, "n_ctx": self.context, "n_params": 1, "size": 1}}]}),
            )),
            (Wire::LlamaCpp, "/health") => Some(json_answer(&json!({"status": "ok"}))),
            (Wire::LlamaCpp, "/props") => Some(json_answer(
                &json!({"default_generation_settings": {"n_ctx": self.context}, "total_slots": 1, "chat_template_caps": {}}),
            )),
            (Wire::LlamaCpp, "/slots") => {
                let works = self.look();
                Some(json_answer(
                    &json!([{"id": 0, "n_ctx": self.context, "speculative": false, "is_processing": works}]),
                ))
            }
            (Wire::Vllm, "/v1/models") => Some(json_answer(
                &json!({"object": "list", "data": [{"id": id, "object": "model", "created": 1, "owned_by": "vllm", "root": id,
                "max_model_len": self.context}]}),
            )),
            (Wire::Vllm, "/version") => Some(json_answer(&json!({"version": "0.11.0"}))),
            _ => None,
        }
    }

    /// One look less at a server at work.
    fn look(&self) -> bool {
        let less = |left: usize| left.checked_sub(1);
        self.busy
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, less)
            .is_ok()
    }

    // ---- Anthropic ----

    fn anthropic(&self, request: &Request) -> Answer {
        let schema = &request.json()["output_config"]["format"]["schema"];
        if let Some(refused) = refused_by_anthropic(schema) {
            return refused;
        }
        let read = self.read(request);
        let mut events = vec![
            json!({"type": "message_start", "message": {"id": "msg_1", "type": "message", "role": "assistant", "content": [],
            "model": request.json()["model"], "stop_reason": null, "stop_sequence": null,
            "usage": {"input_tokens": read - self.cached, "cache_creation_input_tokens": 0, "cache_read_input_tokens": self.cached,
                "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0}, "output_tokens": 1}}}),
            json!({"type": "ping"}),
        ];
        let mut index = 0;
        let mut block = |start: Value, deltas: Vec<Value>| {
            events.push(
                json!({"type": "content_block_start", "index": index, "content_block": start}),
            );
            let wrap =
                |delta| json!({"type": "content_block_delta", "index": index, "delta": delta});
            events.extend(deltas.into_iter().map(wrap));
            events.push(json!({"type": "content_block_stop", "index": index}));
            index += 1;
        };
        if !self.said.thought.is_empty() {
            let mut deltas: Vec<Value> = split(&self.said.thought)
                .into_iter()
                .map(|piece| json!({"type": "thinking_delta", "thinking": piece}))
                .collect();
            deltas.push(json!({"type": "signature_delta", "signature": "c2lnbmVk"}));
            block(
                json!({"type": "thinking", "thinking": "", "signature": ""}),
                deltas,
            );
        }
        if !self.said.text.is_empty() {
            let deltas = split(&self.said.text).into_iter();
            let deltas = deltas.map(|piece| json!({"type": "text_delta", "text": piece}));
            block(json!({"type": "text", "text": ""}), deltas.collect());
        }
        for (id, name, arguments) in &self.said.calls {
            let mut deltas = vec![json!({"type": "input_json_delta", "partial_json": ""})];
            deltas.extend(
                split_at(&arguments.to_string(), 5)
                    .into_iter()
                    .map(|piece| json!({"type": "input_json_delta", "partial_json": piece})),
            );
            block(
                json!({"type": "tool_use", "id": id, "name": name, "input": {}}),
                deltas,
            );
        }
        let reason = match (self.said.cut, self.said.calls.is_empty()) {
            (true, _) => "max_tokens",
            (false, true) => "end_turn",
            (false, false) => "tool_use",
        };
        events.push(json!({"type": "message_delta", "delta": {"stop_reason": reason, "stop_sequence": null},
            "usage": {"output_tokens": self.written(), "output_tokens_details": {"thinking_tokens": 0}}}));
        events.push(json!({"type": "message_stop"}));
        let end = self.end();
        let events: Vec<String> = events
            .iter()
            .map(|event| {
                let kind = event["type"].as_str().unwrap();
                format!("event: {kind}{end}data: {event}{end}{end}")
            })
            .collect();
        Answer::stream("text/event-stream; charset=utf-8", &events)
    }

    fn end(&self) -> &'static str {
        if self.crlf { "\r\n" } else { "\n" }
    }
}

/// The word the vendors' own services refuse a schema for, and the type it stands at; `all`: every field must be there.
fn loose(schema: &Value, all: bool) -> Option<(&str, &str)> {
    let words = schema.as_object()?;
    let kind = schema["type"].as_str().unwrap_or_default();
    let bounds = ["maxLength", "minLength", "minimum", "maximum", "maxItems"];
    if let Some(word) = words.keys().find(|word| bounds.contains(&word.as_str())) {
        return Some((kind, word.as_str()));
    }
    let Some(fields) = schema["properties"]
        .as_object()
        .filter(|_| kind == "object")
    else {
        return loose(&schema["items"], all);
    };
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    if schema["additionalProperties"] != false {
        return Some((kind, "additionalProperties"));
    }
    if all && fields.keys().any(|name| !required.contains(&json!(name))) {
        return Some((kind, "required"));
    }
    fields.values().find_map(|field| loose(field, all))
}

fn refused_by_anthropic(schema: &Value) -> Option<Answer> {
    let (kind, word) = loose(schema, false)?;
    let what = match word {
        "additionalProperties" => format!("'{word}' must be explicitly set to false"),
        _ => format!("property '{word}' is not supported"),
    };
    let words = format!("output_config.format.schema: For '{kind}' type, {what}");
    let error = json!({"type": "invalid_request_error", "message": words});
    let body = json!({"type": "error", "error": error, "request_id": "req_1"});
    Some(Answer::status(400, &body.to_string()))
}

/// OpenAI wants every field to be there as well.
pub fn refused_by_openai(schema: &Value) -> Option<Answer> {
    let (_, word) = loose(schema, true)?;
    let what = match word {
        "additionalProperties" => "is required to be supplied and to be false",
        "required" => {
            "is required to be supplied and to be an array including every key in properties"
        }
        _ => "is not permitted",
    };
    let words =
        format!("Invalid schema for response_format 'reply': In context=(), '{word}' {what}.");
    let error = json!({"message": words, "type": "invalid_request_error", "param": "response_format", "code": null});
    Some(Answer::status(400, &json!({ "error": error }).to_string()))
}

/// The first so many events of a stream, then whatever else is to happen.
pub fn broken_off(whole: Answer, chunks: usize, then: Vec<Step>) -> Answer {
    let Some(Step::Bytes(raw)) = whole.steps.first() else {
        return whole;
    };
    let bytes = parts(raw)[..=chunks].concat();
    Answer::steps([vec![Step::Bytes(bytes)], then].concat())
}

/// A stream with an error in the midst of it, and its proper HTTP end.
pub fn error_in(kind: &str, before: &str, error: &str) -> Answer {
    let mut raw = head(kind);
    // A chunk without a byte would be the end.
    for part in [before, error].into_iter().filter(|part| !part.is_empty()) {
        raw.extend(chunk(part.as_bytes()));
    }
    raw.extend_from_slice(b"0\r\n\r\n");
    Answer::steps(vec![Step::Bytes(raw)])
}

/// As many tokens as a request's texts come to.
pub fn prompt_tokens(request: &Request) -> u64 {
    let asked = request.json();
    let (mut chars, mut calls) = (0, 0);
    let mut count = |value: &Value| chars += value.as_str().map_or(0, |text| text.chars().count());
    let system = asked["system"].as_array().cloned().unwrap_or_default();
    system.iter().for_each(|block| count(&block["text"]));
    for message in asked["messages"].as_array().into_iter().flatten() {
        count(&message["content"]);
        let blocks = message["content"].as_array();
        blocks.into_iter().flatten().for_each(|block| {
            count(&block["text"]);
            count(&block["content"]);
        });
        calls += message["tool_calls"]
            .as_array()
            .map_or(0, |_| message["tool_calls"].to_string().chars().count());
    }
    let tools = asked["tools"]
        .as_array()
        .map_or(0, |_| asked["tools"].to_string().chars().count());
    ((chars + calls + tools) as u64).div_ceil(4) + 12
}

fn json_answer(value: &Value) -> Answer {
    Answer::with(
        200,
        "application/json; charset=utf-8",
        &[],
        &value.to_string(),
    )
}

/// Pieces of 40 characters.
pub fn split(text: &str) -> Vec<String> {
    split_at(text, 40)
}

fn split_at(text: &str, size: usize) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    chars
        .chunks(size)
        .map(|piece| piece.iter().collect())
        .collect()
}

//! Model hosts against a server that speaks the wire byte for byte: requests, recordings, bad streams, timers, queue,
//! scripts and probes.

#[path = "support/model_server.rs"]
mod model_server;

use dev_factory::adapters::models::ModelHosts;
use dev_factory::factory::ports::model::{
    Delta, HostStatus, Message, ModelError, Models, Reply, Speaker, TurnRequest,
};
use dev_factory::factory::ports::settings::{Host, HostKind};
use dev_factory::text::secret::Secret;
use model_server::{Answer, Gate, ModelServer, Step, chunk, closed_url, head};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

const NDJSON: &str = "application/x-ndjson";
const SSE: &str = "text/event-stream";
const LLAMA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/llama.cpp");

fn host(kind: HostKind, url: &str) -> Host {
    Host {
        kind,
        url: url.to_owned(),
        num_ctx: 16384,
        keep_alive: "30m".to_owned(),
        local: None,
        key: None,
        first_byte: Duration::from_secs(600),
        idle: Duration::from_secs(120),
        whole: Duration::from_secs(1800),
        max_bytes: 4 * 1024 * 1024,
        pace: 0,
        replies: None,
    }
}

fn hosts(host: Host) -> ModelHosts {
    ModelHosts::new(
        &BTreeMap::from([("gpu".to_owned(), host)]),
        Box::new(|_| None),
    )
}

fn request() -> TurnRequest {
    TurnRequest {
        label: "adder/coding/file/src/cli.js/0".to_owned(),
        host: "gpu".to_owned(),
        model: "qwen3:14b".to_owned(),
        messages: vec![
            Message {
                role: Speaker::System,
                content: "You write code.".to_owned(),
            },
            Message {
                role: Speaker::User,
                content: "Write \"ü\".\n".to_owned(),
            },
        ],
        think: true,
        max_tokens: 8192,
        temperature: 0.7,
        top_p: 0.95,
        presence_penalty: 0.0,
        format: None,
        seed: Some(7),
    }
}

async fn take(
    hosts: &ModelHosts,
    request: &TurnRequest,
) -> (Result<Reply, ModelError>, Vec<Delta>) {
    let (sender, mut pieces) = unbounded_channel();
    let result = hosts.turn(request, sender).await;
    let mut seen = Vec::new();
    while let Ok(piece) = pieces.try_recv() {
        seen.push(piece);
    }
    (result, seen)
}

/// One turn against one answer.
async fn once(kind: HostKind, answer: Answer) -> Result<Reply, ModelError> {
    let server = ModelServer::answering(move |_| answer.clone());
    take(&hosts(host(kind, &server.url())), &request()).await.0
}

fn recording(name: &str) -> Vec<u8> {
    std::fs::read(format!("{LLAMA}/{name}.resp")).unwrap()
}

/// A stream of Ollama's from (thinking, content) pairs and a last line.
fn ollama_body(parts: &[(&str, &str)], last: &str) -> Vec<u8> {
    let mut body = String::new();
    for (thinking, content) in parts {
        let mut message = json!({"role": "assistant", "content": content});
        if !thinking.is_empty() {
            message["thinking"] = json!(thinking);
        }
        body += &json!({"model": "m", "created_at": "2026-11-01T00:00:00Z", "message": message, "done": false}).to_string();
        body.push('\n');
    }
    body += last;
    body.push('\n');
    body.into_bytes()
}

const DONE: &str = r#"{"model":"m","created_at":"2026-11-01T00:00:00Z","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop","total_duration":1,"prompt_eval_count":26,"eval_count":298,"eval_duration":4709213000}"#;

fn ndjson(body: &[u8]) -> Answer {
    Answer::stream(NDJSON, &[body])
}

fn sse(events: &[&str]) -> Answer {
    let events: Vec<String> = events
        .iter()
        .map(|event| format!("data: {event}\n\n"))
        .collect();
    Answer::stream(SSE, &events)
}

// ---- requests ----

#[tokio::test]
async fn ollama_requests_spell_every_limit_out() {
    let server = ModelServer::serving(|_| "ok".to_owned());
    let models = hosts(host(HostKind::Ollama, &server.url()));
    assert_eq!(take(&models, &request()).await.0.unwrap().text, "ok");
    let schema = json!({"type": "object", "properties": {"verdict": {"type": "string"}}});
    let verdict = TurnRequest {
        think: false,
        seed: None,
        format: Some(schema.clone()),
        ..request()
    };
    take(&models, &verdict).await.0.unwrap();
    let turns = server.turns();
    assert_eq!(turns[0].path, "/api/chat");
    assert_eq!(turns[0].label(), "adder/coding/file/src/cli.js/0");
    assert_eq!(turns[0].header("authorization"), None);
    assert_eq!(
        turns[0].json(),
        json!({
            "model": "qwen3:14b",
            "messages": [
                {"role": "system", "content": "You write code."},
                {"role": "user", "content": "Write \"ü\".\n"},
            ],
            "stream": true, "think": true, "truncate": false, "shift": false, "keep_alive": "30m",
            "options": {"num_ctx": 16384, "num_predict": 8192, "temperature": 0.7, "top_p": 0.95, "top_k": 20, "min_p": 0.0, "seed": 7},
        })
    );
    let second = turns[1].json();
    assert_eq!(
        (&second["think"], &second["format"]),
        (&json!(false), &schema)
    );
    assert_eq!(second["options"].get("seed"), None);
}

#[tokio::test]
async fn openai_requests_are_plain_strings_with_a_bearer_key() {
    let server = ModelServer::serving(|_| "ok".to_owned());
    let settings = Host {
        key: Some(Secret::new("lm-secret-key\n".to_owned())),
        ..host(HostKind::OpenAi, &(server.url() + "/v1/"))
    };
    let models = hosts(settings);
    let schema = json!({"type": "object"});
    let turn = TurnRequest {
        format: Some(schema.clone()),
        seed: Some(u64::MAX),
        ..request()
    };
    assert_eq!(take(&models, &turn).await.0.unwrap().text, "ok");
    let turns = server.turns();
    assert_eq!(turns[0].path, "/v1/chat/completions");
    assert_eq!(
        turns[0].header("authorization"),
        Some("Bearer lm-secret-key")
    );
    assert_eq!(
        turns[0].json(),
        json!({
            "model": "qwen3:14b",
            "messages": [
                {"role": "system", "content": "You write code."},
                {"role": "user", "content": "Write \"ü\".\n"},
            ],
            "stream": true, "max_tokens": 8192, "temperature": 0.7, "top_p": 0.95,
            "stream_options": {"include_usage": true}, "top_k": 20, "min_p": 0.0,
            "chat_template_kwargs": {"enable_thinking": true}, "seed": 2147483647,
            "response_format": {"type": "json_schema", "json_schema": {"name": "reply", "strict": true, "schema": schema}},
        })
    );
}

#[tokio::test]
async fn a_model_that_cannot_think_is_asked_once_more_without_and_remembered() {
    let server = ModelServer::answering(|request| match request.json()["think"] {
        Value::Bool(true) => Answer::status(
            400,
            r#"{"error":"\"qwen2.5-coder:14b\" does not support thinking"}"#,
        ),
        _ => model_server::ollama_reply("m", "fine"),
    });
    let models = hosts(host(HostKind::Ollama, &server.url()));
    for _ in 0..2 {
        assert_eq!(take(&models, &request()).await.0.unwrap().text, "fine");
    }
    let sent: Vec<Value> = server
        .turns()
        .iter()
        .map(|turn| turn.json()["think"].clone())
        .collect();
    assert_eq!(sent, [json!(true), json!(false), json!(false)]);
}

#[tokio::test]
async fn a_strict_server_gets_only_the_fields_openai_knows() {
    let server = ModelServer::answering(|request| {
        if request.json().get("chat_template_kwargs").is_some() {
            let body = r#"{"error":{"message":"Unrecognized request argument supplied: chat_template_kwargs","type":"invalid_request_error","param":null,"code":null}}"#;
            return Answer::status(400, body);
        }
        model_server::openai_reply("m", "fine")
    });
    let models = hosts(host(HostKind::OpenAi, &server.url()));
    assert_eq!(take(&models, &request()).await.0.unwrap().text, "fine");
    assert_eq!(server.turns().len(), 2);
    assert_eq!(server.turns()[1].json().get("top_k"), None);
}

// ---- recordings ----

const RECORDED: &[(&str, &str, bool)] = &[
    ("chat_stream_length", "One hundred.", false),
    ("chat_stream_stop", "One", false),
    ("chat_stream_unicode", "Nameless Café.", false),
    ("chat_stream", "", true),
    ("chat_stream_usage", "", true),
    ("json_schema_stream", "", false),
    (
        "ctx_filled_during_generation",
        "assistant\nassistant\nassistant",
        true,
    ),
    ("qwen3_tool_auto_stream", "", false),
    ("qwen3_prefill_cut_stream", "", true),
    ("chat_plain", "", true),
];

/// What the deltas of a recording add up to, read in the simplest way there is.
fn expected(raw: &[u8]) -> String {
    let raw = String::from_utf8_lossy(raw);
    let mut text = String::new();
    for event in raw.lines().filter_map(|line| {
        line.strip_prefix("data: ")
            .or(line.starts_with("{\"choices").then_some(line))
    }) {
        if let Ok(value) = serde_json::from_str::<Value>(event) {
            for part in ["/choices/0/delta/content", "/choices/0/message/content"] {
                text += value
                    .pointer(part)
                    .and_then(Value::as_str)
                    .unwrap_or_default();
            }
        }
    }
    text
}

#[tokio::test]
async fn recordings_of_llama_cpp_decode_the_same_however_they_are_cut() {
    for (name, text, is_cut) in RECORDED {
        let raw = recording(name);
        for size in [usize::MAX, 1, 7, 11] {
            let reply = once(HostKind::OpenAi, Answer::raw(raw.clone()).pieces(size)).await;
            let reply = reply.unwrap_or_else(|error| panic!("{name} in {size}: {error}"));
            assert_eq!(reply.text, expected(&raw), "{name} in {size}");
            assert!(reply.text.starts_with(text), "{name}: {:?}", reply.text);
            assert_eq!((reply.cut, reply.thought.as_str()), (*is_cut, ""), "{name}");
            assert!(reply.tokens_per_second.unwrap() > 10.0, "{name}");
        }
    }
    let reply = once(
        HostKind::OpenAi,
        Answer::raw(recording("ctx_filled_during_generation")),
    )
    .await
    .unwrap();
    assert_eq!(
        (reply.input_tokens, reply.output_tokens),
        (Some(2037), Some(11))
    );
    assert_eq!(
        (reply.usd, reply.local, reply.scripted),
        (Some(0.0), true, false)
    );
}

#[tokio::test]
async fn recorded_ends_in_mid_stream_are_broken() {
    for name in [
        "server_killed_mid_stream",
        "server_term_mid_stream",
        "abort_mid_stream",
    ] {
        for size in [usize::MAX, 1, 7, 11] {
            let error = once(HostKind::OpenAi, Answer::raw(recording(name)).pieces(size))
                .await
                .unwrap_err();
            assert!(
                matches!(error, ModelError::Broken { .. }),
                "{name}: {error}"
            );
        }
    }
}

#[tokio::test]
async fn recorded_errors_are_sorted_by_what_to_do() {
    let of = |name| once(HostKind::OpenAi, Answer::raw(recording(name)));
    assert!(
        matches!(of("err_context_too_long_stream").await, Err(ModelError::Overflow { detail, .. }) if detail.contains("2048"))
    );
    assert!(
        matches!(of("chat_while_loading_503").await, Err(ModelError::Busy { detail, .. }) if detail == "Loading model")
    );
    assert!(matches!(
        of("err_no_api_key").await,
        Err(ModelError::Refused { .. })
    ));
    assert!(matches!(
        of("err_bad_json").await,
        Err(ModelError::Server { status: 400, .. })
    ));
    assert!(matches!(
        of("err_not_found").await,
        Err(ModelError::Server { status: 404, .. })
    ));
    let wrong = once(HostKind::Ollama, Answer::raw(recording("ollama_api_chat")))
        .await
        .unwrap_err();
    assert!(wrong.to_string().contains("kind"), "{wrong}");
}

/// Cuts the wire at every byte; `whole` is where the reply is complete.
async fn cut_everywhere(kind: HostKind, raw: Vec<u8>, whole: usize) {
    let head = raw
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .unwrap()
        + 4;
    let next = Arc::new(AtomicUsize::new(0));
    let (sent, at) = (raw.clone(), Arc::clone(&next));
    let server = ModelServer::answering(move |_| Answer::raw(&sent[..at.load(Ordering::SeqCst)]));
    let models = hosts(host(kind, &server.url()));
    for length in 0..=raw.len() {
        next.store(length, Ordering::SeqCst);
        match take(&models, &request()).await.0 {
            Ok(_) => assert!(
                length >= whole,
                "{length} of {} bytes passed as a reply",
                raw.len()
            ),
            Err(ModelError::Broken { .. }) => assert!((head..whole).contains(&length), "{length}"),
            Err(ModelError::Unreachable { .. }) => assert!(length < head, "{length}"),
            Err(other) => panic!("{length}: {other}"),
        }
    }
}

#[tokio::test]
async fn no_prefix_of_a_stream_passes_as_a_reply() {
    let raw = recording("chat_stream_unicode");
    let whole = raw
        .windows(8)
        .position(|window| window == b"[DONE]\n\n")
        .unwrap()
        + 8;
    cut_everywhere(HostKind::OpenAi, raw, whole).await;

    let mut raw = head(NDJSON);
    for line in
        ollama_body(&[("hm ü", ""), ("", "Grüße 🦀")], DONE).split_inclusive(|byte| *byte == b'\n')
    {
        raw.extend(chunk(line));
    }
    let whole = raw.len() - 2;
    raw.extend_from_slice(b"0\r\n\r\n");
    cut_everywhere(HostKind::Ollama, raw, whole).await;
}

// ---- streams ----

#[tokio::test]
async fn ollama_streams_decode_in_pieces_of_any_size() {
    let body = ollama_body(
        &[("why ", ""), ("so", ""), ("", "Grü"), ("", "ße\n🦀")],
        DONE,
    );
    for ends in ["\n", "\r\n"] {
        let body = String::from_utf8(body.clone()).unwrap().replace('\n', ends);
        for size in [usize::MAX, 1, 7, 11] {
            let server = ModelServer::answering({
                let answer = ndjson(body.as_bytes()).pieces(size);
                move |_| answer.clone()
            });
            let (reply, pieces) =
                take(&hosts(host(HostKind::Ollama, &server.url())), &request()).await;
            let reply = reply.unwrap();
            assert_eq!(
                (reply.text.as_str(), reply.thought.as_str()),
                ("Grüße\n🦀", "why so")
            );
            assert_eq!(
                (reply.input_tokens, reply.output_tokens),
                (Some(26), Some(298))
            );
            assert!((reply.tokens_per_second.unwrap() - 63.28).abs() < 0.01);
            assert_eq!(
                (reply.cut, reply.local, reply.usd, reply.context),
                (false, true, Some(0.0), Some(16384))
            );
            let expected = [
                Delta::Thought("why ".to_owned()),
                Delta::Thought("so".to_owned()),
                Delta::Text("Grü".to_owned()),
                Delta::Text("ße\n🦀".to_owned()),
            ];
            assert_eq!(pieces, expected);
        }
    }
}

#[tokio::test]
async fn ollama_rows() {
    let turn = |body: Vec<u8>| once(HostKind::Ollama, ndjson(&body));
    let with_content = DONE.replace(r#""content":"""#, r#""content":"!""#);
    assert_eq!(
        turn(ollama_body(&[("", "hi")], &with_content))
            .await
            .unwrap()
            .text,
        "hi!"
    );
    assert_eq!(
        turn(with_content.clone().into_bytes()).await.unwrap().text,
        "!"
    );
    assert!(
        turn(ollama_body(
            &[("", "half")],
            &DONE.replace("stop", "length")
        ))
        .await
        .unwrap()
        .cut
    );
    let twice = turn(ollama_body(
        &[("", "one")],
        &format!("{DONE}\n{with_content}"),
    ))
    .await
    .unwrap();
    assert_eq!(twice.text, "one");
    let tagged = turn(ollama_body(
        &[("", "<thi"), ("", "nk>why</th"), ("", "ink>\n\nyes")],
        DONE,
    ))
    .await
    .unwrap();
    assert_eq!(
        (tagged.text.as_str(), tagged.thought.as_str()),
        ("yes", "why")
    );
    let unclosed = turn(ollama_body(&[("", "<think>on and on")], DONE))
        .await
        .unwrap();
    assert_eq!(
        (unclosed.text.as_str(), unclosed.thought.as_str()),
        ("", "on and on")
    );
    assert_eq!(
        turn(ollama_body(&[("only thoughts", "")], DONE))
            .await
            .unwrap()
            .text,
        ""
    );
    let bare = turn(ollama_body(&[("", "x")], r#"{"done":true}"#))
        .await
        .unwrap();
    assert_eq!((bare.output_tokens, bare.tokens_per_second), (None, None));

    // The repeat guard of Ollama: the stream ends properly, but never says done.
    let mut open = ollama_body(&[("", "la la")], "");
    assert!(matches!(
        turn(open.clone()).await,
        Err(ModelError::Broken { .. })
    ));
    open.extend_from_slice(b"{\"message\":");
    assert!(matches!(turn(open).await, Err(ModelError::Broken { .. })));
    assert!(matches!(
        turn(b"<html>hello</html>\n".to_vec()).await,
        Err(ModelError::Broken { .. })
    ));
    assert!(matches!(
        turn(Vec::new()).await,
        Err(ModelError::Broken { .. })
    ));

    let in_band = |text: &str| {
        turn(ollama_body(
            &[("", "half a")],
            &json!({ "error": text }).to_string(),
        ))
    };
    let memory = in_band("CUDA error: out of memory").await.unwrap_err();
    assert!(
        matches!(memory, ModelError::Server { .. }) && memory.to_string().contains("num_ctx"),
        "{memory}"
    );
    assert!(matches!(
        in_band("the prompt is longer than the context length").await,
        Err(ModelError::Overflow { .. })
    ));
    assert!(matches!(
        in_band("server busy, please try again.").await,
        Err(ModelError::Busy { .. })
    ));
    assert!(matches!(
        in_band("an error was encountered while running the model").await,
        Err(ModelError::Server { status: 500, .. })
    ));
}

#[tokio::test]
async fn half_a_character_harms_only_itself() {
    let mut body = br#"{"message":{"content":"a"#.to_vec();
    body.extend_from_slice(b"\xf0\x9f\"},\"done\":false}\n");
    body.extend(ollama_body(&[("", "b")], DONE));
    assert_eq!(
        once(HostKind::Ollama, ndjson(&body)).await.unwrap().text,
        "a\u{fffd}b"
    );
    let mut event = br#"data: {"choices":[{"delta":{"content":"a"#.to_vec();
    event.extend_from_slice(b"\xf0\x9f\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n");
    let error = once(HostKind::OpenAi, Answer::stream(SSE, &[event]))
        .await
        .unwrap_err();
    assert!(matches!(error, ModelError::Broken { .. }), "{error}");
}

#[tokio::test]
async fn openai_rows() {
    let turn = |events: &[&str]| once(HostKind::OpenAi, sse(events));
    let stop = r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#;
    let usage = r#"{"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":9}}"#;
    let said = |field: &str, text: &str| {
        json!({"choices": [{"index": 0, "delta": {field: text}, "finish_reason": null}]})
            .to_string()
    };

    for field in ["reasoning_content", "reasoning"] {
        let reply = turn(&[
            &said(field, "why"),
            &said("content", "yes"),
            stop,
            usage,
            "[DONE]",
        ])
        .await
        .unwrap();
        assert_eq!(
            (reply.thought.as_str(), reply.text.as_str()),
            ("why", "yes")
        );
        assert_eq!(
            (reply.input_tokens, reply.output_tokens),
            (Some(5), Some(9))
        );
    }
    let tagged = turn(&[&said("content", "<think>why</think>yes"), stop, "[DONE]"])
        .await
        .unwrap();
    assert_eq!(
        (
            tagged.thought.as_str(),
            tagged.text.as_str(),
            tagged.output_tokens
        ),
        ("why", "yes", None)
    );
    let length = stop.replace("\"stop\"", "\"length\"");
    assert!(
        turn(&[&said("content", "half"), &length, "[DONE]"])
            .await
            .unwrap()
            .cut
    );
    assert_eq!(turn(&[stop, "[DONE]"]).await.unwrap().text, "");
    // Some servers close properly behind the finish reason and never send the last event.
    assert_eq!(
        turn(&[&said("content", "x"), stop]).await.unwrap().text,
        "x"
    );
    assert!(matches!(
        turn(&[&said("content", "x"), "[DONE]"]).await,
        Err(ModelError::Broken { .. })
    ));
    assert!(matches!(
        turn(&[&said("content", "x")]).await,
        Err(ModelError::Broken { .. })
    ));
    assert!(matches!(
        turn(&["not json", stop, "[DONE]"]).await,
        Err(ModelError::Broken { .. })
    ));
    let overflow =
        r#"{"error":{"code":400,"message":"too long","type":"exceed_context_size_error"}}"#;
    assert!(matches!(
        turn(&[&said("content", "x"), overflow]).await,
        Err(ModelError::Overflow { .. })
    ));
    let plain = r#"{"error":"Unexpected endpoint or method. (POST /v1/chat/completions)"}"#;
    assert!(matches!(
        once(HostKind::OpenAi, Answer::status(200, plain)).await,
        Err(ModelError::Server { .. })
    ));
    let crlf = format!(
        "data: {}\r\n\r\n: ping\r\n\r\ndata: {stop}\r\n\r\ndata: [DONE]\r\n\r\n",
        said("content", "x")
    );
    for size in [usize::MAX, 1, 7, 11] {
        let reply = once(HostKind::OpenAi, Answer::stream(SSE, &[&crlf]).pieces(size))
            .await
            .unwrap();
        assert_eq!(reply.text, "x");
    }
}

#[tokio::test]
async fn statuses_say_what_to_do() {
    let of = |status, body: &'static str| once(HostKind::Ollama, Answer::status(status, body));
    let missing = of(404, r#"{"error":"model 'qwen3:14b' not found"}"#)
        .await
        .unwrap_err();
    assert!(matches!(missing, ModelError::ModelMissing { .. }));
    assert!(
        missing.to_string().contains("ollama pull qwen3:14b")
            && missing.to_string().contains("OLLAMA_HOST=http://127.0.0.1"),
        "{missing}"
    );
    assert!(matches!(
        of(401, r#"{"error":"unauthorized"}"#).await,
        Err(ModelError::Refused { .. })
    ));
    assert!(matches!(
        of(403, "{}").await,
        Err(ModelError::Refused { .. })
    ));
    assert!(
        matches!(of(500, r#"{"error":"boom"}"#).await, Err(ModelError::Server { status: 500, detail, .. }) if detail == "boom")
    );
    assert!(matches!(
        of(502, "<html>bad gateway</html>").await,
        Err(ModelError::Unreachable { .. })
    ));
    assert!(matches!(
        of(
            400,
            r#"{"error":"the prompt is longer than the context length"}"#
        )
        .await,
        Err(ModelError::Overflow { .. })
    ));
    let busy = |status| {
        once(
            HostKind::OpenAi,
            Answer::with(
                status,
                "text/plain",
                &[("Retry-After", "17")],
                "later\u{1b}[31m",
            ),
        )
    };
    for status in [429, 503] {
        let expected = ModelError::Busy {
            host: "gpu".to_owned(),
            detail: "later".to_owned(),
            retry_after: Some(17),
        };
        assert_eq!(busy(status).await.unwrap_err(), expected);
    }
    let vllm = r#"{"object":"error","message":"The model `x` does not exist.","type":"NotFoundError","code":404}"#;
    assert!(matches!(
        once(HostKind::OpenAi, Answer::status(404, vllm)).await,
        Err(ModelError::ModelMissing { .. })
    ));
}

#[tokio::test]
async fn a_key_quoted_by_the_server_is_not_repeated() {
    let server = ModelServer::answering(|_| {
        Answer::status(
            401,
            r#"{"error":{"message":"Incorrect API key: lm-very-secret"}}"#,
        )
    });
    let key = Some(Secret::new("lm-very-secret".to_owned()));
    let error = take(
        &hosts(Host {
            key,
            ..host(HostKind::OpenAi, &server.url())
        }),
        &request(),
    )
    .await
    .0
    .unwrap_err();
    assert!(
        !error.to_string().contains("very-secret") && error.to_string().contains("redacted"),
        "{error}"
    );
}

#[tokio::test]
async fn ten_megabytes_are_read_in_time_or_dropped_at_the_budget() {
    let body = ollama_body(&[("", &"x".repeat(10_000_000))], DONE);
    let server = Arc::new(ModelServer::answering(move |_| {
        let mut answer = ndjson(&body).pieces(4096);
        // The system may take all of it before the client looks; only the hold sees the end then.
        answer.steps.push(Step::Hold);
        answer
    }));
    let small = hosts(Host {
        max_bytes: 1_000_000,
        ..host(HostKind::Ollama, &server.url())
    });
    let error = take(&small, &request()).await.0.unwrap_err();
    assert_eq!(
        error,
        ModelError::TooLong {
            host: "gpu".to_owned(),
            limit: 1_000_000
        }
    );
    dropped(&server, 1).await;
    let large = hosts(Host {
        max_bytes: 20_000_000,
        ..host(HostKind::Ollama, &server.url())
    });
    assert_eq!(
        take(&large, &request()).await.0.unwrap().text.len(),
        10_000_000
    );
}

// ---- connections and timers ----

#[tokio::test]
async fn a_closed_port_is_unreachable() {
    let error = take(&hosts(host(HostKind::Ollama, &closed_url())), &request())
        .await
        .0
        .unwrap_err();
    assert!(
        matches!(error, ModelError::Unreachable { .. }) && error.host_fault(),
        "{error}"
    );
    assert!(
        error.to_string().to_lowercase().contains("refused"),
        "{error}"
    );
    for url in ["", "nonsense", "ftp://127.0.0.1", "http://"] {
        let settings = Host {
            local: Some(true),
            ..host(HostKind::Ollama, url)
        };
        let error = take(&hosts(settings), &request()).await.0.unwrap_err();
        assert!(
            matches!(error, ModelError::Unreachable { .. }),
            "{url}: {error}"
        );
    }
    let other = TurnRequest {
        host: "nobody".to_owned(),
        ..request()
    };
    assert!(
        take(&hosts(host(HostKind::Ollama, &closed_url())), &other)
            .await
            .0
            .is_err()
    );
}

/// A turn running on the same runtime, and its pieces.
type Running = (
    tokio::task::JoinHandle<Result<Reply, ModelError>>,
    UnboundedReceiver<Delta>,
);

fn start(models: &Arc<ModelHosts>, request: TurnRequest) -> Running {
    let (sender, pieces) = unbounded_channel();
    let models = Arc::clone(models);
    (
        tokio::spawn(async move { models.turn(&request, sender).await }),
        pieces,
    )
}

/// Lets the turns run until the server has seen n requests.
async fn asked(server: &Arc<ModelServer>, n: usize) {
    let server = Arc::clone(server);
    assert!(
        tokio::task::spawn_blocking(move || server.wait_requests(n))
            .await
            .unwrap(),
        "no request came"
    );
}

/// Waits until the server has seen n connections closed on it.
async fn dropped(server: &Arc<ModelServer>, n: usize) {
    let server = Arc::clone(server);
    let seen = tokio::task::spawn_blocking(move || server.wait_dropped(n)).await;
    assert!(seen.unwrap(), "the connection stayed open");
}

#[tokio::test]
async fn a_silent_server_is_given_up_after_the_first_byte_limit() {
    let server = Arc::new(ModelServer::answering(|_| Answer::steps(vec![Step::Hold])));
    let models = Arc::new(hosts(host(HostKind::Ollama, &server.url())));
    let (turn, _pieces) = start(&models, request());
    asked(&server, 1).await;
    tokio::time::pause();
    let begun = tokio::time::Instant::now();
    let error = turn.await.unwrap().unwrap_err();
    assert!(matches!(error, ModelError::Unreachable { .. }), "{error}");
    assert!(
        (590..=600).contains(&begun.elapsed().as_secs()),
        "{:?}",
        begun.elapsed()
    );
    dropped(&server, 1).await;
}

#[tokio::test]
async fn silence_in_mid_reply_ends_it_after_the_idle_limit() {
    for (kind, bytes) in [
        (
            HostKind::Ollama,
            [head(NDJSON), chunk(&ollama_body(&[("", "one ")], ""))].concat(),
        ),
        (
            HostKind::OpenAi,
            [
                head(SSE),
                chunk(b"data: {\"choices\":[{\"delta\":{\"content\":\"one \"}}]}\n\n"),
            ]
            .concat(),
        ),
    ] {
        let answer = Answer::steps(vec![Step::Bytes(bytes), Step::Hold]);
        let server = Arc::new(ModelServer::answering(move |_| answer.clone()));
        let models = Arc::new(hosts(host(kind, &server.url())));
        let (turn, mut pieces) = start(&models, request());
        assert_eq!(pieces.recv().await, Some(Delta::Text("one ".to_owned())));
        tokio::time::pause();
        let begun = tokio::time::Instant::now();
        let error = turn.await.unwrap().unwrap_err();
        assert!(
            matches!(error, ModelError::Broken { .. }) && error.to_string().contains("120 s"),
            "{error}"
        );
        assert!(
            (110..=120).contains(&begun.elapsed().as_secs()),
            "{:?}",
            begun.elapsed()
        );
        dropped(&server, 1).await;
        tokio::time::resume();
    }
}

#[tokio::test]
async fn the_whole_turn_has_a_limit_of_its_own() {
    let server = Arc::new(ModelServer::answering(|_| {
        Answer::steps(vec![Step::Bytes(head(SSE)), Step::Hold])
    }));
    let settings = Host {
        whole: Duration::from_secs(90),
        ..host(HostKind::OpenAi, &server.url())
    };
    let models = Arc::new(hosts(settings));
    let (turn, _pieces) = start(&models, request());
    asked(&server, 1).await;
    tokio::time::pause();
    let error = turn.await.unwrap().unwrap_err();
    assert!(error.to_string().contains("90 s"), "{error}");
}

#[tokio::test]
async fn dropping_a_turn_closes_its_connection_and_frees_the_host() {
    let held = Answer::steps(vec![
        Step::Bytes([head(NDJSON), chunk(&ollama_body(&[("", "one")], ""))].concat()),
        Step::Hold,
    ]);
    let count = AtomicUsize::new(0);
    let server = Arc::new(ModelServer::answering(move |_| {
        match count.fetch_add(1, Ordering::SeqCst) {
            0 => held.clone(),
            _ => model_server::ollama_reply("m", "second"),
        }
    }));
    let models = Arc::new(hosts(host(HostKind::Ollama, &server.url())));
    let (turn, mut pieces) = start(&models, request());
    assert!(pieces.recv().await.is_some());
    turn.abort();
    assert!(turn.await.unwrap_err().is_cancelled());
    dropped(&server, 1).await;
    assert_eq!(take(&models, &request()).await.0.unwrap().text, "second");
}

#[tokio::test]
async fn one_request_at_a_time_in_the_order_they_asked() {
    let gate = Gate::default();
    let opened = gate.clone();
    let server = Arc::new(ModelServer::answering(move |request| {
        let mut answer = model_server::ollama_reply("m", request.label());
        answer.steps.insert(0, Step::Wait(gate.clone()));
        answer
    }));
    let models = Arc::new(hosts(host(HostKind::Ollama, &server.url())));
    let mut turns = Vec::new();
    for n in 0..4 {
        turns.push(start(
            &models,
            TurnRequest {
                label: format!("t/qa/x/{n}"),
                ..request()
            },
        ));
        tokio::task::yield_now().await;
    }
    asked(&server, 1).await;
    opened.open();
    for (n, (turn, _)) in turns.into_iter().enumerate() {
        assert_eq!(turn.await.unwrap().unwrap().text, format!("t/qa/x/{n}"));
    }
    let order: Vec<String> = server
        .turns()
        .iter()
        .map(|turn| turn.label().to_owned())
        .collect();
    assert_eq!(order, ["t/qa/x/0", "t/qa/x/1", "t/qa/x/2", "t/qa/x/3"]);
    assert_eq!(server.most_open(), 1);
}

#[tokio::test]
async fn no_redirect_is_followed() {
    let other = ModelServer::serving(|_| "stolen".to_owned());
    let target = other.url();
    let server = ModelServer::answering(move |request| match request.path.as_str() {
        "/api/chat" => Answer::with(
            307,
            "text/plain",
            &[("Location", &format!("{target}/api/chat"))],
            "",
        ),
        _ => Answer::with(307, "text/plain", &[("Location", "/api/chat")], ""),
    });
    let error = take(&hosts(host(HostKind::Ollama, &server.url())), &request())
        .await
        .0
        .unwrap_err();
    assert!(
        matches!(error, ModelError::Server { status: 307, .. }),
        "{error}"
    );
    assert!(
        other.requests().is_empty(),
        "the prompt went to another host"
    );
    let keyed = Host {
        key: Some(Secret::new("lm-very-secret".to_owned())),
        ..host(HostKind::OpenAi, &server.url())
    };
    let error = take(&hosts(keyed), &request()).await.0.unwrap_err();
    assert!(
        matches!(error, ModelError::Server { status: 307, .. }),
        "{error}"
    );
    let asked: Vec<String> = server.requests().iter().map(|r| r.path.clone()).collect();
    assert_eq!(asked, ["/api/chat", "/v1/chat/completions"], "once each");
}

#[tokio::test]
async fn a_connection_serves_many_turns() {
    let server = ModelServer::serving(|request| request["messages"][1]["content"].to_string());
    for kind in [HostKind::Ollama, HostKind::OpenAi] {
        let models = hosts(host(kind, &server.url()));
        for _ in 0..5 {
            assert_eq!(
                take(&models, &request()).await.0.unwrap().text,
                r#""Write \"ü\".\n""#
            );
        }
    }
    assert_eq!(server.connections(), 2);
}

// ---- cost ----

#[tokio::test]
async fn a_paid_model_without_a_price_is_not_called() {
    let remote = hosts(host(HostKind::OpenAi, "https://models.example.com"));
    let error = take(&remote, &request()).await.0.unwrap_err();
    assert_eq!(
        error,
        ModelError::Unpriced {
            host: "gpu".to_owned(),
            model: "qwen3:14b".to_owned()
        }
    );
    let server = ModelServer::serving(|_| "ok".to_owned());
    let cloud = TurnRequest {
        model: "gpt-oss:120b-cloud".to_owned(),
        ..request()
    };
    let models = hosts(host(HostKind::Ollama, &server.url()));
    assert!(matches!(
        take(&models, &cloud).await.0,
        Err(ModelError::Unpriced { .. })
    ));
    assert!(server.requests().is_empty());
    assert!(models.local("gpu") && !remote.local("gpu") && !models.local("nobody"));
    let marked = hosts(Host {
        local: Some(true),
        ..host(HostKind::Ollama, &server.url())
    });
    assert_eq!(take(&marked, &cloud).await.0.unwrap().usd, Some(0.0));
}

// ---- scripts ----

#[tokio::test]
async fn scripted_replies_stream_and_say_so() {
    let long = "é".repeat(100);
    let reply = long.clone();
    let script =
        move |path: &str| (path == "adder/coding/file/src/cli.js/0.md").then(|| reply.clone());
    let settings = Host {
        pace: 30,
        ..host(HostKind::Scripted, "")
    };
    let models = ModelHosts::new(
        &BTreeMap::from([("gpu".to_owned(), settings)]),
        Box::new(script),
    );
    tokio::time::pause();
    let begun = tokio::time::Instant::now();
    let (reply, pieces) = take(&models, &request()).await;
    let reply = reply.unwrap();
    assert!((90..100).contains(&begun.elapsed().as_millis()));
    assert_eq!(pieces.len(), 3);
    assert_eq!(reply.text, long);
    assert_eq!(
        (reply.scripted, reply.local, reply.usd, reply.cut),
        (true, true, Some(0.0), false)
    );
    assert_eq!(
        (reply.output_tokens, reply.input_tokens),
        (Some(28), Some(9))
    );
    // The highest number there is repeats.
    let later = TurnRequest {
        label: "adder/coding/file/src/cli.js/7".to_owned(),
        ..request()
    };
    assert_eq!(take(&models, &later).await.0.unwrap().text, long);
    let unknown = TurnRequest {
        label: "adder/qa/replace/0".to_owned(),
        ..request()
    };
    assert_eq!(
        take(&models, &unknown).await.0.unwrap_err(),
        ModelError::NoScript {
            label: "adder/qa/replace/0".to_owned()
        }
    );
}

#[tokio::test]
async fn scripted_replies_come_from_a_folder_and_from_nowhere_else() {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("replies/adder/spec/draft");
    std::fs::create_dir_all(&inside).unwrap();
    std::fs::write(inside.join("0.md"), "first").unwrap();
    std::fs::write(inside.join("2.md"), "third").unwrap();
    std::fs::write(folder.path().join("0.md"), "outside").unwrap();
    let settings = Host {
        replies: Some(folder.path().join("replies")),
        ..host(HostKind::Scripted, "")
    };
    let models = hosts(settings);
    for (label, text) in [
        ("adder/spec/draft/0", Some("first")),
        ("adder/spec/draft/1", Some("first")),
        ("adder/spec/draft/2", Some("third")),
        ("adder/spec/draft/4000000000", Some("third")),
        ("adder/spec/draft/x", None),
        ("../0", None),
        ("/0", None),
        ("adder/../../0", None),
        ("nonsense", None),
        ("", None),
    ] {
        let turn = TurnRequest {
            label: label.to_owned(),
            ..request()
        };
        assert_eq!(
            take(&models, &turn)
                .await
                .0
                .ok()
                .map(|reply| reply.text)
                .as_deref(),
            text,
            "{label}"
        );
    }
}

// ---- probes ----

async fn look(kind: HostKind, url: &str, model: &str) -> HostStatus {
    hosts(host(kind, url)).probe("gpu", model).await
}

#[tokio::test]
async fn probes_find_what_is_there_and_say_what_to_do() {
    let server = ModelServer::serving(|_| String::new());
    let status = look(HostKind::Ollama, &server.url(), "test").await;
    assert_eq!(
        (status.live, status.words.as_str()),
        (true, "ollama 0.12.9, 1 model")
    );
    assert_eq!(status.models, ["test:latest"]);
    let status = look(HostKind::Ollama, &server.url(), "qwen3:14b").await;
    assert!(
        !status.live && status.words.contains("ollama pull qwen3:14b"),
        "{}",
        status.words
    );
    let status = look(HostKind::OpenAi, &server.url(), "test").await;
    assert_eq!(
        (status.live, status.words.as_str()),
        (true, "OpenAI-compatible, 1 model")
    );
    assert!(!look(HostKind::OpenAi, &server.url(), "other").await.live);
    assert!(look(HostKind::Ollama, &server.url(), "").await.live);
    assert!(server.turns().is_empty(), "a probe costs nothing");
    let status = look(HostKind::Ollama, &closed_url(), "test").await;
    assert!(
        !status.live && status.words.contains("ollama serve"),
        "{}",
        status.words
    );
    assert!(look(HostKind::Scripted, "", "any").await.live);
    let status = look(HostKind::OpenAi, "https://models.example.com", "x").await;
    assert!(
        !status.live && status.words.contains("price"),
        "{}",
        status.words
    );
    assert!(
        !hosts(host(HostKind::Ollama, ""))
            .probe("gpu", "")
            .await
            .live
    );
}

#[tokio::test]
async fn probes_judge_by_the_body() {
    let body = r#"{"error":"Unexpected endpoint or method. (GET /api/version)"}"#;
    let studio = ModelServer::answering(move |request| match request.path.as_str() {
        "/v1/models" => {
            Answer::status(200, r#"{"data":[{"id":"qwen/qwen3-14b"}],"object":"list"}"#)
        }
        _ => Answer::status(200, body),
    });
    let status = look(HostKind::Ollama, &studio.url(), "x").await;
    assert!(
        !status.live && status.words.contains("not as Ollama"),
        "{}",
        status.words
    );
    assert!(
        look(HostKind::OpenAi, &studio.url(), "qwen/qwen3-14b")
            .await
            .live
    );
    let nothing = ModelServer::answering(move |_| Answer::status(200, body));
    assert!(!look(HostKind::OpenAi, &nothing.url(), "x").await.live);

    let llama = ModelServer::answering(|_| Answer::raw(recording("models")));
    let models = hosts(host(HostKind::OpenAi, &llama.url()));
    assert_eq!(models.context("gpu"), 16384);
    let status = models.probe("gpu", "whatever").await;
    assert_eq!(
        (status.live, status.words.as_str()),
        (true, "llama.cpp with smollm2-135m")
    );
    assert_eq!(models.context("gpu"), 2048);
    for (name, word) in [("err_no_api_key", "key"), ("health_loading_503", "Loading")] {
        let server = ModelServer::answering(move |_| Answer::raw(recording(name)));
        let status = look(HostKind::OpenAi, &server.url(), "x").await;
        assert!(
            !status.live && status.words.contains(word),
            "{}",
            status.words
        );
    }
}

#[tokio::test]
async fn a_probe_waits_two_seconds_at_most() {
    let server = Arc::new(ModelServer::answering(|_| Answer::steps(vec![Step::Hold])));
    let url = server.url();
    let probe = tokio::spawn(async move { look(HostKind::Ollama, &url, "x").await });
    asked(&server, 1).await;
    tokio::time::pause();
    let begun = tokio::time::Instant::now();
    let status = probe.await.unwrap();
    assert!(
        !status.live && status.words.contains("slow"),
        "{}",
        status.words
    );
    // The timer wheel rounds up to whole milliseconds.
    assert!(begun.elapsed() <= Duration::from_millis(2010));
}

// ---- figures ----

//! What is sent, field for field, to each kind of server.

use super::fakes::{Fake, Wire};
use super::*;

/// The kind of a wire.
pub fn kind(wire: Wire) -> HostKind {
    match wire {
        Wire::Ollama => HostKind::Ollama,
        Wire::LmStudio => HostKind::LmStudio,
        Wire::LlamaCpp => HostKind::LlamaCpp,
        Wire::Vllm => HostKind::Vllm,
        Wire::Anthropic => HostKind::Anthropic,
    }
}

/// A server of a wire, and hosts that know it.
pub fn pair(fake: Fake) -> (ModelServer, ModelHosts) {
    let wire = fake.wire;
    let server = ModelServer::answering(move |request| fake.answer(request));
    let models = hosts(host(kind(wire), &server.url()));
    (server, models)
}

/// Thinks, with a seed; then a verdict that does not think, in a schema, without a seed.
async fn two_turns(models: &ModelHosts) {
    assert_eq!(take(models, &request()).await.0.unwrap().text, "fine");
    let verdict = TurnRequest {
        think: false,
        seed: None,
        format: Some(schema()),
        max_tokens: 1200,
        ..request()
    };
    assert_eq!(take(models, &verdict).await.0.unwrap().text, "fine");
}

fn schema() -> Value {
    json!({"type": "object", "properties": {"verdict": {"type": "string"}}, "required": ["verdict"], "additionalProperties": false})
}

pub fn messages() -> Value {
    json!([
        {"role": "system", "content": "You write code."},
        {"role": "user", "content": "Write \"ü\".\n"},
    ])
}

fn response_format() -> Value {
    json!({"type": "json_schema", "json_schema": {"name": "reply", "strict": true, "schema": schema()}})
}

async fn bodies(wire: Wire) -> [Value; 2] {
    let (server, models) = pair(Fake::new(wire));
    two_turns(&models).await;
    let turns = server.turns();
    [turns[0].json(), turns[1].json()]
}

#[tokio::test]
async fn ollama_requests_spell_every_limit_out() {
    let [first, second] = bodies(Wire::Ollama).await;
    assert_eq!(
        first,
        json!({
            "model": "qwen3:14b", "messages": messages(), "stream": true, "think": true, "truncate": false, "shift": false,
            "keep_alive": "30m",
            "options": {"num_ctx": 16384, "num_predict": 8192, "temperature": 0.7, "top_p": 0.95, "top_k": 20, "min_p": 0.0, "seed": 7},
        })
    );
    assert_eq!(
        second,
        json!({
            "model": "qwen3:14b", "messages": messages(), "stream": true, "think": false, "truncate": false, "shift": false,
            "keep_alive": "30m", "format": schema(),
            "options": {"num_ctx": 16384, "num_predict": 1200, "temperature": 0.7, "top_p": 0.95, "top_k": 20, "min_p": 0.0},
        })
    );
}

#[tokio::test]
async fn lm_studio_gets_a_time_to_live_and_no_fields_of_templates() {
    let [first, second] = bodies(Wire::LmStudio).await;
    assert_eq!(
        first,
        json!({
            "model": "qwen3:14b", "messages": messages(), "stream": true, "stream_options": {"include_usage": true},
            "max_tokens": 8192, "temperature": 0.7, "top_p": 0.95, "seed": 7, "top_k": 20, "min_p": 0.0, "ttl": 1800,
        })
    );
    assert_eq!(
        second,
        json!({
            "model": "qwen3:14b", "messages": messages(), "stream": true, "stream_options": {"include_usage": true},
            "max_tokens": 1200, "temperature": 0.7, "top_p": 0.95, "top_k": 20, "min_p": 0.0, "ttl": 1800,
            "response_format": response_format(),
        })
    );
}

#[tokio::test]
async fn llama_cpp_is_told_whether_to_think_and_tells_how_far_it_has_read() {
    let [first, second] = bodies(Wire::LlamaCpp).await;
    assert_eq!(
        first,
        json!({
            "model": "qwen3:14b", "messages": messages(), "stream": true, "stream_options": {"include_usage": true},
            "max_tokens": 8192, "temperature": 0.7, "top_p": 0.95, "seed": 7, "top_k": 20, "min_p": 0.0,
            "chat_template_kwargs": {"enable_thinking": true}, "return_progress": true,
        })
    );
    assert_eq!(
        second,
        json!({
            "model": "qwen3:14b", "messages": messages(), "stream": true, "stream_options": {"include_usage": true},
            "max_tokens": 1200, "temperature": 0.7, "top_p": 0.95, "top_k": 20, "min_p": 0.0,
            "chat_template_kwargs": {"enable_thinking": false}, "return_progress": true, "response_format": response_format(),
        })
    );
}

#[tokio::test]
async fn vllm_is_told_whether_to_think() {
    let [first, second] = bodies(Wire::Vllm).await;
    assert_eq!(
        first,
        json!({
            "model": "qwen3:14b", "messages": messages(), "stream": true, "stream_options": {"include_usage": true},
            "max_tokens": 8192, "temperature": 0.7, "top_p": 0.95, "seed": 7, "top_k": 20, "min_p": 0.0,
            "chat_template_kwargs": {"enable_thinking": true},
        })
    );
    assert_eq!(
        second,
        json!({
            "model": "qwen3:14b", "messages": messages(), "stream": true, "stream_options": {"include_usage": true},
            "max_tokens": 1200, "temperature": 0.7, "top_p": 0.95, "top_k": 20, "min_p": 0.0,
            "chat_template_kwargs": {"enable_thinking": false}, "response_format": response_format(),
        })
    );
}

#[tokio::test]
async fn anthropic_gets_no_sampling_a_cached_system_text_and_thinking_that_can_be_read() {
    let (server, _) = pair(Fake::new(Wire::Anthropic));
    let models = hosts(Host {
        key: Some(Secret::new("sk-ant-test\n".to_owned())),
        ..host(HostKind::Anthropic, &server.url())
    });
    two_turns(&models).await;
    let turns = server.turns();
    assert_eq!(turns[0].path, "/v1/messages");
    assert_eq!(turns[0].header("x-api-key"), Some("sk-ant-test"));
    assert_eq!(turns[0].header("anthropic-version"), Some("2023-06-01"));
    assert_eq!(turns[0].header("authorization"), None);
    assert_eq!(turns[0].header("anthropic-beta"), None);
    let system = json!([{"type": "text", "text": "You write code.", "cache_control": {"type": "ephemeral"}}]);
    let user = json!([{"role": "user", "content": [{"type": "text", "text": "Write \"ü\".\n"}]}]);
    assert_eq!(
        turns[0].json(),
        json!({
            "model": "qwen3:14b", "max_tokens": 8192, "stream": true, "messages": user, "system": system,
            "thinking": {"type": "adaptive", "display": "summarized"}, "output_config": {"effort": "medium"},
        })
    );
    assert_eq!(
        turns[1].json(),
        json!({
            "model": "qwen3:14b", "max_tokens": 1200 + 4096, "stream": true, "messages": user, "system": system,
            "thinking": {"type": "adaptive", "display": "summarized"},
            "output_config": {"effort": "low", "format": {"type": "json_schema", "schema": schema()}},
        })
    );
}

#[tokio::test]
async fn anthropic_blocks_go_back_as_they_came() {
    let (server, models) = pair(Fake::new(Wire::Anthropic).saying(fakes::Said {
        thought: "hm".to_owned(),
        ..fakes::Said::text("fine")
    }));
    let reply = take(&models, &request()).await.0.unwrap();
    let blocks = json!([
        {"type": "thinking", "thinking": "hm", "signature": "c2lnbmVk"},
        {"type": "text", "text": "fine"},
    ]);
    let mut again = request();
    again.messages.push(Message {
        blocks: reply.blocks,
        ..Message::text(Speaker::Assistant, reply.text)
    });
    again.messages.push(Message::text(Speaker::User, "Go on."));
    take(&models, &again).await.0.unwrap();
    let sent = server.turns()[1].json();
    assert_eq!(
        sent["messages"][1],
        json!({"role": "assistant", "content": blocks})
    );
    let last = json!({"role": "user", "content": [{"type": "text", "text": "Go on.", "cache_control": {"type": "ephemeral"}}]});
    assert_eq!(
        sent["messages"][2], last,
        "the next turn reads all before it from the cache"
    );
    // Signed thoughts are worth nothing to another model.
    let other = TurnRequest {
        model: "claude-opus-9".to_owned(),
        ..again.clone()
    };
    take(&models, &other).await.0.unwrap();
    assert_eq!(
        server.turns()[2].json()["messages"][1],
        json!({"role": "assistant", "content": [{"type": "text", "text": "fine"}]})
    );
    // Another kind of server gets the text alone.
    let (server, models) = pair(Fake::new(Wire::Ollama));
    take(&models, &again).await.0.unwrap();
    let sent = server.turns()[0].json();
    assert_eq!(
        sent["messages"][2],
        json!({"role": "assistant", "content": "fine"})
    );
}

#[tokio::test]
async fn plain_openai_gets_only_what_openai_knows() {
    let server = ModelServer::serving(|_| "fine".to_owned());
    let settings = Host {
        key: Some(Secret::new("lm-secret-key\n".to_owned())),
        ..host(HostKind::OpenAi, &(server.url() + "/v1/"))
    };
    let models = hosts(settings);
    let turn = TurnRequest {
        seed: Some(u64::MAX),
        ..request()
    };
    take(&models, &turn).await.0.unwrap();
    two_turns(&models).await;
    let turns = server.turns();
    assert_eq!(turns[0].path, "/v1/chat/completions");
    assert_eq!(
        turns[0].header("authorization"),
        Some("Bearer lm-secret-key")
    );
    assert_eq!(
        turns[0].json(),
        json!({
            "model": "qwen3:14b", "messages": messages(), "stream": true, "stream_options": {"include_usage": true},
            "max_tokens": 8192, "temperature": 0.7, "top_p": 0.95, "seed": 2147483647,
        })
    );
    assert_eq!(
        turns[2].json(),
        json!({
            "model": "qwen3:14b", "messages": messages(), "stream": true, "stream_options": {"include_usage": true},
            "max_tokens": 1200, "temperature": 0.7, "top_p": 0.95, "response_format": response_format(),
        })
    );
}

#[tokio::test]
async fn a_penalty_on_repetition_goes_to_all_who_sample() {
    let turn = TurnRequest {
        presence_penalty: 0.7,
        ..request()
    };
    for wire in Wire::ALL {
        let (server, models) = pair(Fake::new(wire));
        take(&models, &turn).await.0.unwrap();
        let sent = server.turns()[0].json();
        let at = match wire {
            Wire::Ollama => &sent["options"]["presence_penalty"],
            _ => &sent["presence_penalty"],
        };
        let wanted = (wire != Wire::Anthropic).then_some(0.7);
        assert_eq!(at.as_f64(), wanted, "{wire:?}");
    }
}

/// A server that minds a field until it is left out, and the bodies it got for two turns.
async fn minding(kind: HostKind, field: &'static str, words: &'static str) -> Vec<Value> {
    let server = ModelServer::answering(move |request| {
        let body = request.json();
        if body.get(field).is_some_and(|value| *value != false) {
            let error = json!({"error": {"message": words, "type": "invalid_request_error"}});
            return Answer::status(400, &error.to_string());
        }
        match request.path.as_str() {
            "/api/chat" => model_server::ollama_reply(request, "fine"),
            "/v1/messages" => Fake::new(Wire::Anthropic).answer(request),
            _ => model_server::openai_reply(request, "fine"),
        }
    });
    let models = hosts(host(kind, &server.url()));
    for _ in 0..2 {
        assert_eq!(take(&models, &request()).await.0.unwrap().text, "fine");
    }
    server.turns().iter().map(|turn| turn.json()).collect()
}

#[tokio::test]
async fn what_a_server_minds_is_left_out_once_and_remembered() {
    let sent = minding(
        HostKind::Ollama,
        "think",
        "\"qwen2.5-coder:14b\" does not support thinking",
    )
    .await;
    let thinks: Vec<&Value> = sent.iter().map(|body| &body["think"]).collect();
    assert_eq!(thinks, [&json!(true), &json!(false), &json!(false)]);

    let sent = minding(
        HostKind::Vllm,
        "chat_template_kwargs",
        "Unrecognized request argument supplied: chat_template_kwargs",
    )
    .await;
    assert_eq!((sent.len(), sent[1].get("top_k")), (3, None));

    let newer = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.";
    let sent = minding(HostKind::OpenAi, "max_tokens", newer).await;
    assert_eq!(
        sent[1],
        json!({
            "model": "qwen3:14b", "messages": messages(), "stream": true, "stream_options": {"include_usage": true},
            "max_completion_tokens": 8192, "temperature": 0.7, "top_p": 0.95, "seed": 7,
        }),
        "what it does not mind stays, the counts above all"
    );

    let older = "adaptive thinking is not supported on this model";
    let sent = minding(HostKind::Anthropic, "thinking", older).await;
    assert_eq!(
        (
            sent.len(),
            sent[2].get("output_config"),
            &sent[2]["max_tokens"]
        ),
        (3, None, &json!(8192))
    );
}

#[tokio::test]
async fn a_server_that_minds_one_field_after_another_keeps_the_rest() {
    let server = ModelServer::answering(|request| {
        let body = request.json();
        let minds = ["max_tokens", "temperature", "stream_options"];
        match minds.iter().find(|field| body.get(*field).is_some()) {
            Some(field) => {
                let words =
                    format!("Unsupported parameter: '{field}' is not supported with this model.");
                let error = json!({"error": {"message": words, "type": "invalid_request_error"}});
                Answer::status(400, &error.to_string())
            }
            None => model_server::openai_reply(request, "fine"),
        }
    });
    let models = hosts(host(HostKind::OpenAi, &server.url()));
    for _ in 0..2 {
        assert_eq!(take(&models, &request()).await.0.unwrap().text, "fine");
    }
    let sent = server.turns();
    assert_eq!(sent.len(), 5, "each is minded once");
    let kept = json!({
        "model": "qwen3:14b", "messages": messages(), "stream": true, "max_completion_tokens": 8192, "top_p": 0.95, "seed": 7,
    });
    assert_eq!((sent[3].json(), sent[4].json()), (kept.clone(), kept));
}

#[tokio::test]
async fn a_prompt_too_long_is_no_refusal_of_a_field_it_names() {
    let words = "This model's maximum context length is 8192 tokens. However, you requested 9000 (7000 in the messages, 2000 in max_tokens).";
    let error = json!({"error": {"message": words, "type": "invalid_request_error", "code": "context_length_exceeded"}});
    let server = ModelServer::answering(move |_| Answer::status(400, &error.to_string()));
    let models = hosts(host(HostKind::OpenAi, &server.url()));
    let error = take(&models, &request()).await.0.unwrap_err();
    assert_eq!(error.fault, Fault::Overflow, "{error}");
    assert_eq!(server.turns().len(), 1, "it is not asked again with less");
}

#[tokio::test]
async fn a_refusal_is_remembered_only_once_the_rest_was_taken() {
    let asked = AtomicUsize::new(0);
    let server =
        ModelServer::answering(move |request| match asked.fetch_add(1, Ordering::SeqCst) {
            0 => Answer::status(
                400,
                r#"{"error":{"message":"max_tokens is odd today","type":"invalid_request_error"}}"#,
            ),
            1 => Answer::status(500, r#"{"error":{"message":"boom"}}"#),
            _ => model_server::openai_reply(request, "fine"),
        });
    let models = hosts(host(HostKind::OpenAi, &server.url()));
    assert!(take(&models, &request()).await.0.is_err());
    take(&models, &request()).await.0.unwrap();
    let sent = server.turns();
    assert_eq!(sent.len(), 3);
    assert_eq!(sent[2].json()["max_tokens"], 8192);
}

#[tokio::test]
async fn gpt_oss_is_told_how_much_to_think_under_whatever_name_it_has() {
    let (server, models) = pair(Fake::new(Wire::Ollama));
    for name in ["gpt-oss:20b", "hf.co/unsloth/gpt-oss-20b-GGUF:Q4_K_M"] {
        for think in [true, false] {
            let turn = TurnRequest {
                model: name.to_owned(),
                think,
                ..request()
            };
            take(&models, &turn).await.0.unwrap();
        }
    }
    let turns = server.turns();
    let thinks: Vec<Value> = turns
        .iter()
        .map(|turn| turn.json()["think"].clone())
        .collect();
    assert_eq!(
        thinks,
        [json!("medium"), json!("low"), json!("medium"), json!("low")]
    );
}

//! Tools on the wire: what is offered, what was called, and what came of it, field for field.

use super::fakes::{Fake, Said, Wire};
use super::wire::{messages, pair};
use super::*;
use dev_factory::factory::ports::model::{Answered, Tool, ToolCall};

fn offering() -> TurnRequest {
    TurnRequest {
        tools: vec![
            Tool::taking("read", "Shows a file.", &[("path", "which")]),
            Tool::taking("run_tests", "Runs all tests.", &[]),
        ],
        think: false,
        seed: None,
        ..request()
    }
}

fn parameters() -> [Value; 2] {
    [
        json!({"type": "object", "properties": {"path": {"type": "string", "description": "which"}}, "required": ["path"]}),
        json!({"type": "object", "properties": {}, "required": []}),
    ]
}

fn functions() -> Value {
    let [read, run] = parameters();
    json!([
        {"type": "function", "function": {"name": "read", "description": "Shows a file.", "parameters": read}},
        {"type": "function", "function": {"name": "run_tests", "description": "Runs all tests.", "parameters": run}},
    ])
}

/// A turn with tools, its reply of two calls, and the turn after it with a result and an error.
async fn turns(fake: Fake) -> (Vec<ToolCall>, [Value; 2]) {
    let fake = fake.saying(Said {
        calls: vec![
            ("call_ab12cd34", "read", json!({"path": "src/a.js"})),
            ("call_ef56ab78", "run_tests", json!({})),
        ],
        ..Said::text("I look.")
    });
    let (server, models) = pair(fake);
    let mut turn = offering();
    let reply = take(&models, &turn).await.0.unwrap();
    turn.messages.push(Message {
        blocks: reply.blocks.clone(),
        calls: reply.calls.clone(),
        ..Message::text(Speaker::Assistant, reply.text.clone())
    });
    for (call, failed) in reply.calls.iter().zip([false, true]) {
        turn.messages.push(Message {
            answers: Some(Answered {
                id: call.id.clone(),
                name: call.name.clone(),
                failed,
            }),
            ..Message::text(Speaker::Tool, if failed { "no" } else { "text" })
        });
    }
    take(&models, &turn).await.0.unwrap();
    let sent = server.turns();
    (reply.calls, [sent[0].json(), sent[1].json()])
}

#[tokio::test]
async fn ollama_is_offered_tools_and_told_their_results() {
    for calls_last in [false, true] {
        let fake = Fake {
            calls_last,
            ..Fake::new(Wire::Ollama)
        };
        let (calls, [first, second]) = turns(fake).await;
        assert_eq!(calls.len(), 2);
        assert_eq!(
            first,
            json!({
                "model": "qwen3:14b", "messages": messages(), "stream": true, "think": false, "truncate": false, "shift": false,
                "keep_alive": "30m", "tools": functions(),
                "options": {"num_ctx": 16384, "num_predict": 8192, "temperature": 0.7, "top_p": 0.95, "top_k": 20, "min_p": 0.0},
            })
        );
        assert_eq!(
            second["messages"].as_array().unwrap()[2..],
            [
                json!({"role": "assistant", "content": "I look.", "tool_calls": [
                    {"id": "call_ab12cd34", "function": {"name": "read", "arguments": {"path": "src/a.js"}}},
                    {"id": "call_ef56ab78", "function": {"name": "run_tests", "arguments": {}}},
                ]}),
                json!({"role": "tool", "content": "text", "tool_name": "read", "tool_call_id": "call_ab12cd34"}),
                json!({"role": "tool", "content": "no", "tool_name": "run_tests", "tool_call_id": "call_ef56ab78"}),
            ]
        );
    }
}

#[tokio::test]
async fn openais_kin_are_offered_tools_and_told_their_results() {
    for wire in [Wire::LmStudio, Wire::LlamaCpp, Wire::Vllm] {
        let (calls, [first, second]) = turns(Fake::new(wire)).await;
        assert_eq!(calls[0].arguments, json!({"path": "src/a.js"}));
        let mut whole = json!({
            "model": "qwen3:14b", "messages": messages(), "stream": true, "stream_options": {"include_usage": true},
            "max_tokens": 8192, "temperature": 0.7, "top_p": 0.95, "top_k": 20, "min_p": 0.0, "tools": functions(),
        });
        let own = match wire {
            Wire::LmStudio => json!({"ttl": 1800}),
            Wire::Vllm => json!({"chat_template_kwargs": {"enable_thinking": false}}),
            _ => {
                json!({"chat_template_kwargs": {"enable_thinking": false}, "return_progress": true, "parallel_tool_calls": true})
            }
        };
        let fields = own.as_object().unwrap().clone();
        whole.as_object_mut().unwrap().extend(fields);
        assert_eq!(first, whole);
        assert_eq!(
            second["messages"].as_array().unwrap()[2..],
            [
                json!({"role": "assistant", "content": "I look.", "tool_calls": [
                    {"id": "call_ab12cd34", "type": "function", "function": {"name": "read", "arguments": "{\"path\":\"src/a.js\"}"}},
                    {"id": "call_ef56ab78", "type": "function", "function": {"name": "run_tests", "arguments": "{}"}},
                ]}),
                json!({"role": "tool", "content": "text", "tool_call_id": "call_ab12cd34"}),
                json!({"role": "tool", "content": "no", "tool_call_id": "call_ef56ab78"}),
            ]
        );
    }
}

#[tokio::test]
async fn anthropic_gets_all_results_of_a_turn_in_one_message_behind_its_own_blocks() {
    let (_, [first, second]) = turns(Fake::new(Wire::Anthropic)).await;
    let [read, run] = parameters();
    // Without a choice of tool: a forced call is refused there.
    assert_eq!(
        first,
        json!({
            "model": "qwen3:14b", "max_tokens": 8192 + 4096, "stream": true,
            "messages": [{"role": "user", "content": [{"type": "text", "text": "Write \"ü\".\n"}]}],
            "system": [{"type": "text", "text": "You write code.", "cache_control": {"type": "ephemeral"}}],
            "tools": [
                {"name": "read", "description": "Shows a file.", "input_schema": read},
                {"name": "run_tests", "description": "Runs all tests.", "input_schema": run},
            ],
            "thinking": {"type": "adaptive", "display": "summarized"}, "output_config": {"effort": "low"},
        })
    );
    let mut said = second["messages"].as_array().unwrap()[1..].to_vec();
    // All before it is read from the cache by the next turn.
    let last = said.last_mut().unwrap()["content"]
        .as_array_mut()
        .unwrap()
        .last_mut()
        .unwrap();
    let kept = last.as_object_mut().unwrap().remove("cache_control");
    assert_eq!(kept, Some(json!({"type": "ephemeral"})));
    assert_eq!(
        said,
        [
            json!({"role": "assistant", "content": [
                {"type": "text", "text": "I look."},
                {"type": "tool_use", "id": "call_ab12cd34", "name": "read", "input": {"path": "src/a.js"}},
                {"type": "tool_use", "id": "call_ef56ab78", "name": "run_tests", "input": {}},
            ]}),
            json!({"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "call_ab12cd34", "content": "text"},
                {"type": "tool_result", "tool_use_id": "call_ef56ab78", "content": "no", "is_error": true},
            ]}),
        ]
    );
}

#[tokio::test]
async fn a_model_without_tools_is_told_of_with_the_setting() {
    let refusal = r#"{"error":"registry.ollama.ai/library/test does not support tools"}"#;
    let server = ModelServer::answering(move |_| Answer::status(400, refusal));
    let models = hosts(host(HostKind::Ollama, &server.url()));
    let error = take(&models, &offering()).await.0.unwrap_err();
    assert_eq!(error.fault, Fault::Unable);
    let words = error.to_string();
    assert!(
        words.contains("set edits = \"actions\" or \"files\""),
        "{words}"
    );
    assert_eq!(server.turns().len(), 1);
}

#[tokio::test]
async fn while_ollama_writes_a_call_it_may_be_silent_for_as_long_as_before_the_first_byte() {
    let line = "{\"model\":\"m\",\"message\":{\"role\":\"assistant\",\"content\":\"I \"},\"done\":false}\n";
    let bytes = [head("application/x-ndjson"), chunk(line.as_bytes())].concat();
    for (turn, seconds) in [(offering(), 600), (request(), 120)] {
        let answer = Answer::steps(vec![Step::Bytes(bytes.clone()), Step::Hold]);
        let server = ModelServer::answering(move |_| answer.clone());
        let models = Arc::new(hosts(host(HostKind::Ollama, &server.url())));
        let (turn, mut pieces) = start(&models, turn);
        assert_eq!(pieces.recv().await, Some(Delta::Text("I ".to_owned())));
        tokio::time::pause();
        let begun = tokio::time::Instant::now();
        assert_eq!(turn.await.unwrap().unwrap_err().fault, Fault::Hung);
        let waited = begun.elapsed().as_secs();
        tokio::time::resume();
        assert!(
            (seconds - 10..=seconds).contains(&waited),
            "{waited} of {seconds}"
        );
    }
}

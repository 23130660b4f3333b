//! The same answer on every wire: bytes dripped in any size, either line end, calls in both places, figures as sent.

use super::fakes::{Fake, Said, Wire};
use super::wire::pair;
use super::*;
use dev_factory::agents::acting::{self, Style};

fn rich() -> Said {
    Said {
        thought: "Erst denken: ü, 日, 🦀 — und dann schreiben, in mehr als vierzig Zeichen."
            .to_owned(),
        text: "Grüße an alle,\r\ndie <this> lesen: \"quoted\" \\ and a tab\tand 🦀🦀🦀 at the end."
            .to_owned(),
        calls: Vec::new(),
        cut: false,
    }
}

#[tokio::test]
async fn every_wire_says_the_same_in_drips_of_any_size() {
    for wire in Wire::ALL {
        for (piece, crlf) in [(usize::MAX, false), (1, true), (7, false), (11, true)] {
            let (_server, models) = pair(Fake {
                piece,
                crlf,
                counts: Some(700),
                cached: 500,
                ..Fake::new(wire).saying(rich())
            });
            let (reply, pieces) = take(&models, &request()).await;
            let reply = reply.unwrap_or_else(|e| panic!("{wire:?} in {piece}: {e}"));
            let said = rich();
            assert_eq!(
                (reply.text.as_str(), reply.thought.as_str()),
                (said.text.as_str(), said.thought.as_str()),
                "{wire:?} in {piece}"
            );
            let text: String = pieces
                .iter()
                .filter_map(|piece| match piece {
                    Delta::Text(text) => Some(text.as_str()),
                    _ => None,
                })
                .collect();
            assert_eq!(text, reply.text, "streamed by {wire:?}");
            assert_eq!(
                (reply.input_tokens, reply.cached.read, reply.cut),
                (Some(700), 500, false),
                "{wire:?}"
            );
            assert!(reply.output_tokens.is_some() && reply.calls.is_empty());
        }
    }
}

#[tokio::test]
async fn every_wire_is_read_while_it_is_written_at_its_own_pace() {
    let turns = Wire::ALL.map(|wire| async move {
        let gate = Gate::default();
        let fake = Fake {
            gap: Duration::from_millis(5),
            ..Fake::new(wire).saying(Said {
                calls: vec![("call_1", "read", json!({"path": "src/ledger.js"}))],
                ..rich()
            })
        };
        let held = gate.clone();
        let server = ModelServer::answering(move |request| {
            let mut answer = fake.answer(request);
            if request.method == "POST" {
                // Only a client that has read the beginning gets the rest.
                let middle = answer.steps.len() / 2;
                answer.steps.insert(middle, Step::Wait(held.clone()));
            }
            answer
        });
        let models = Arc::new(hosts(host(wire::kind(wire), &server.url())));
        let (turn, mut pieces) = start(&models, request());
        let first = pieces.recv().await;
        assert!(matches!(first, Some(Delta::Thought(_))), "{wire:?}");
        assert!(server.open() > 0, "{wire:?} was read when all was written");
        gate.open();
        let reply = turn.await.unwrap().unwrap();
        let said = rich();
        assert_eq!(
            (reply.text, reply.thought),
            (said.text, said.thought),
            "{wire:?}"
        );
        let path = &reply.calls[0].arguments["path"];
        assert_eq!(path, "src/ledger.js", "{wire:?}");
    });
    futures_util::future::join_all(turns).await;
}

#[tokio::test]
async fn calls_are_read_wherever_they_stand() {
    let arguments = json!({"path": "src/ü.js", "content": "line\n}\" {", "n": 12});
    let said = Said {
        calls: vec![
            ("call_a1b2c3d4", "write_file", arguments.clone()),
            ("call_e5f6a7b8", "list", json!({})),
        ],
        ..Said::text("\n\n")
    };
    for wire in Wire::ALL {
        for (calls_last, odd_calls) in [(false, false), (true, false), (false, true)] {
            let (_server, models) = pair(Fake {
                calls_last,
                odd_calls,
                piece: 7,
                ..Fake::new(wire).saying(said.clone())
            });
            let reply = take(&models, &request()).await.0.unwrap();
            let calls: Vec<_> = reply
                .calls
                .iter()
                .map(|c| (c.id.as_str(), c.name.as_str(), &c.arguments))
                .collect();
            let expected = [
                ("call_a1b2c3d4", "write_file", &arguments),
                ("call_e5f6a7b8", "list", &json!({})),
            ];
            assert_eq!(calls, expected, "{wire:?}");
            assert_eq!(reply.defect(), None);
        }
    }
}

#[tokio::test]
async fn an_older_ollama_names_no_call() {
    let said = Said {
        calls: vec![("", "list", json!({"path": "."}))],
        ..Said::default()
    };
    let (_server, models) = pair(Fake::new(Wire::Ollama).saying(said));
    let reply = take(&models, &request()).await.0.unwrap();
    assert_eq!(reply.calls[0].id, "call_0");
}

#[tokio::test]
async fn a_reply_at_its_token_limit_is_cut_on_every_wire_and_half_a_call_is_none() {
    for wire in Wire::ALL {
        let said = Said {
            cut: true,
            calls: vec![("call_1", "write_file", json!({"path": "a"}))],
            ..Said::text("half a")
        };
        let (_server, models) = pair(Fake::new(wire).saying(said));
        let reply = take(&models, &request()).await.0.unwrap();
        assert_eq!(
            (reply.cut, reply.calls.len(), reply.defect()),
            (true, 0, Some(Fault::Cut)),
            "{wire:?}"
        );
        let (_server, models) = pair(Fake::new(wire).saying(Said {
            thought: "only thoughts".to_owned(),
            ..Said::default()
        }));
        let reply = take(&models, &request()).await.0.unwrap();
        assert_eq!(reply.defect(), Some(Fault::Empty), "{wire:?}");
    }
}

#[tokio::test]
async fn a_reply_of_anthropics_that_fills_the_window_is_cut() {
    let events = [
        r#"{"type":"message_start","message":{"usage":{"input_tokens":10,"output_tokens":1}}}"#,
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#,
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"half a"}}"#,
        r#"{"type":"content_block_stop","index":0}"#,
        r#"{"type":"message_delta","delta":{"stop_reason":"model_context_window_exceeded"},"usage":{"output_tokens":9}}"#,
        r#"{"type":"message_stop"}"#,
    ];
    let reply = once(HostKind::Anthropic, sse(&events)).await.unwrap();
    assert_eq!((reply.cut, reply.defect()), (true, Some(Fault::Cut)));
}

#[tokio::test]
async fn no_stream_that_breaks_off_passes_as_a_reply() {
    for wire in Wire::ALL {
        let fake = Fake::new(wire).saying(rich());
        let whole = fake.clone();
        let count = Arc::new(AtomicUsize::new(0));
        let at = Arc::clone(&count);
        let server = ModelServer::answering(move |request| {
            let chunks = at.load(Ordering::SeqCst);
            // A proper end of HTTP all the same: only the stream itself tells.
            let end = vec![Step::Bytes(b"0\r\n\r\n".to_vec())];
            fakes::broken_off(whole.answer(request), chunks, end)
        });
        let models = hosts(host(wire::kind(wire), &server.url()));
        let sample = fake.answer(&model_server::Request {
            method: "POST".to_owned(),
            path: match wire {
                Wire::Ollama => "/api/chat",
                Wire::Anthropic => "/v1/messages",
                _ => "/v1/chat/completions",
            }
            .to_owned(),
            headers: vec![("anthropic-version".to_owned(), "2023-06-01".to_owned())],
            body: b"{}".to_vec(),
            at: std::time::Instant::now(),
        });
        let Some(Step::Bytes(raw)) = sample.steps.first() else {
            panic!("no stream");
        };
        let chunks = model_server::parts(raw).len() - 2;
        // Behind a finish reason only figures and the last event of OpenAI's wire are missing; llama.cpp sends the figures with it.
        let complete = match wire {
            Wire::LmStudio | Wire::Vllm => chunks - 2,
            Wire::LlamaCpp => chunks - 1,
            _ => chunks,
        };
        for n in 0..complete {
            count.store(n, Ordering::SeqCst);
            let error = take(&models, &request()).await.0.unwrap_err();
            assert_eq!(
                error.fault,
                Fault::Unfinished,
                "{wire:?} after {n} of {chunks}"
            );
        }
        count.store(complete, Ordering::SeqCst);
        assert!(
            take(&models, &request()).await.0.is_ok(),
            "{wire:?} {chunks}"
        );
    }
}

#[tokio::test]
async fn what_anthropic_may_add_is_passed_over() {
    let events = [
        r#"{"type":"message_start","message":{"usage":{"input_tokens":10,"cache_creation_input_tokens":30,"cache_read_input_tokens":5,"cache_creation":{"ephemeral_5m_input_tokens":10,"ephemeral_1h_input_tokens":20},"output_tokens":1}}}"#,
        r#"{"type":"something_new","index":0,"delta":{"type":"odd_delta"}}"#,
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"redacted_thinking","data":"xyz"}}"#,
        r#"{"type":"content_block_stop","index":0}"#,
        r#"{"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}"#,
        r#"{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"ok"}}"#,
        r#"{"type":"content_block_delta","index":1,"delta":{"type":"citations_delta","citation":{}}}"#,
        r#"{"type":"content_block_stop","index":1}"#,
        r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":9,"output_tokens_details":{"thinking_tokens":4}}}"#,
        r#"{"type":"message_stop"}"#,
    ];
    let reply = once(HostKind::Anthropic, sse(&events)).await.unwrap();
    assert_eq!(reply.text, "ok");
    assert_eq!(
        (reply.input_tokens, reply.output_tokens),
        (Some(45), Some(9))
    );
    assert_eq!(
        (
            reply.cached.read,
            reply.cached.write_5m,
            reply.cached.write_1h
        ),
        (5, 10, 20)
    );
    assert_eq!(
        reply.blocks[0],
        json!({"type": "redacted_thinking", "data": "xyz", "of": "qwen3:14b"})
    );
}

#[tokio::test]
async fn calls_without_a_number_are_read_and_blank_text_beside_them_is_none() {
    let delta = |delta: Value| json!({"choices": [{"index": 0, "delta": delta}]}).to_string();
    let call = |call: Value| delta(json!({ "tool_calls": [call] }));
    let begun = |id: &str, name: &str, text: &str| {
        let function = json!({"name": name, "arguments": text});
        call(json!({"id": id, "type": "function", "function": function}))
    };
    let events = [
        delta(json!({"role": "assistant", "content": "\n\n"})),
        begun("call_a", "read", "{\"path\":"),
        call(json!({"function": {"arguments": "\"src/a.js\"}"}})),
        begun("call_b", "run_tests", "{}"),
        r#"{"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}"#.to_owned(),
        "[DONE]".to_owned(),
    ];
    let events: Vec<&str> = events.iter().map(String::as_str).collect();
    let reply = once(HostKind::LlamaCpp, sse(&events)).await.unwrap();
    let called = |n: usize| {
        (
            reply.calls[n].name.as_str(),
            reply.calls[n].arguments.clone(),
        )
    };
    assert_eq!(reply.calls.len(), 2);
    assert_eq!(called(0), ("read", json!({"path": "src/a.js"})));
    assert_eq!(called(1), ("run_tests", json!({})));
    assert_eq!(reply.defect(), None);
    let step = acting::read(&reply.text, &reply.calls, &[], Style::Tools, false).unwrap();
    assert_eq!((step.said.content.as_str(), step.wanted.len()), ("", 2));
}

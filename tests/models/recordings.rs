//! Replies of a real llama.cpp server, whole and in pieces.

use super::*;

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
    ("chat_stream_timings_progress", "", false),
    ("concurrent_0", "As the last", true),
    ("hermes_prefill_cut_stream", "", true),
    ("hermes_prefill_stream", "", true),
    ("hermes_tool_parallel_stream", "```python", true),
    ("qwen25_prefill_stream", "", false),
    ("qwen3_prefill_stream", "", true),
    ("qwen3_tool_nothink_stream", "", true),
    ("qwen3coder_prefill_stream", "", true),
    ("unknown_model_name", "Hello there! How", true),
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
            assert!(
                reply.input_tokens.is_some() && reply.output_tokens.is_some(),
                "{name}: its timings tell even when usage is not asked for"
            );
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
async fn a_recorded_call_is_read_and_a_cut_one_is_not() {
    for size in [usize::MAX, 1, 7, 11] {
        let turn = |name| {
            once(
                HostKind::LlamaCpp,
                Answer::raw(recording(name)).pieces(size),
            )
        };
        let reply = turn("qwen25_prefill_stream").await.unwrap();
        let call = &reply.calls[0];
        assert_eq!(
            (call.name.as_str(), call.id.as_str()),
            ("write_file", "SdtQVtI8Wch5eVafarEOOD6BOuvHmgEs")
        );
        assert!(call.arguments["path"].is_string(), "{}", call.arguments);
        for name in ["qwen3_prefill_cut_stream", "hermes_prefill_cut_stream"] {
            let reply = turn(name).await.unwrap();
            assert_eq!((reply.calls.len(), reply.cut), (0, true), "{name}");
        }
    }
}

#[tokio::test]
async fn llama_cpp_speaks_anthropics_language_too() {
    let raw = recording("anthropic_stream");
    let text = "Oh, hi there. I'm just a friendly AI, I just wanted to";
    for size in [usize::MAX, 1, 7, 11] {
        let reply = once(HostKind::Anthropic, Answer::raw(raw.clone()).pieces(size)).await;
        let reply = reply.unwrap();
        assert_eq!((reply.text.as_str(), reply.cut), (text, true));
        assert_eq!(
            (reply.input_tokens, reply.cached.read, reply.output_tokens),
            (Some(33), 32, Some(16))
        );
    }
}

#[tokio::test]
async fn how_far_the_prompt_is_read_is_told() {
    let server = ModelServer::answering(|_| Answer::raw(recording("chat_stream_timings_progress")));
    let models = hosts(host(HostKind::LlamaCpp, &server.url()));
    let (reply, pieces) = take(&models, &request()).await;
    assert_eq!(reply.unwrap().input_tokens, Some(934));
    let note = Delta::Note("gpu has read 24 of 934 tokens".to_owned());
    assert!(pieces.contains(&note), "{pieces:?}");
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
                matches!(
                    error,
                    ModelError {
                        fault: Fault::Broken,
                        ..
                    }
                ),
                "{name}: {error}"
            );
        }
    }
}

#[tokio::test]
async fn recorded_errors_are_sorted_by_what_to_do() {
    let of = |name| once(HostKind::OpenAi, Answer::raw(recording(name)));
    assert!(
        matches!(of("err_context_too_long_stream").await, Err(ModelError { fault: Fault::Overflow, detail, .. }) if detail.contains("2048"))
    );
    assert!(
        matches!(of("chat_while_loading_503").await, Err(ModelError { fault: Fault::Busy, detail, .. }) if detail == "Loading model")
    );
    assert!(matches!(
        of("err_no_api_key").await,
        Err(ModelError {
            fault: Fault::Refused,
            ..
        })
    ));
    assert!(matches!(
        of("err_bad_json").await,
        Err(ModelError {
            fault: Fault::Rejected,
            status: Some(400),
            ..
        })
    ));
    assert!(matches!(
        of("err_not_found").await,
        Err(ModelError {
            fault: Fault::Misaddressed,
            status: Some(404),
            ..
        })
    ));
    let wrong = once(HostKind::Ollama, Answer::raw(recording("ollama_api_chat")))
        .await
        .unwrap_err();
    assert!(wrong.to_string().contains("kind"), "{wrong}");
}

#[tokio::test]
async fn whatever_else_the_server_answered_passes_as_no_reply() {
    let sorted = |name: &str| match name {
        "err_context_too_long" => Some(Fault::Overflow),
        "err_no_messages" => Some(Fault::Rejected),
        "err_bad_role" => Some(Fault::Server),
        "err_method" | "ollama_api_show" | "ollama_api_tags" => Some(Fault::Misaddressed),
        _ => None,
    };
    let mut looked_at = 0;
    for entry in std::fs::read_dir(LLAMA).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let replies = RECORDED.iter().map(|(name, ..)| *name);
        let replies: Vec<&str> = replies.chain(["anthropic_stream"]).collect();
        if path.extension().is_none_or(|kind| kind != "resp") || replies.contains(&name) {
            continue;
        }
        looked_at += 1;
        let error = once(HostKind::OpenAi, Answer::raw(recording(name)))
            .await
            .expect_err(name);
        if let Some(fault) = sorted(name) {
            assert_eq!(error.fault, fault, "{name}: {error}");
        }
    }
    assert_eq!(looked_at + RECORDED.len() + 1, 41, "recordings");
}

/// Cuts the wire at every byte; `whole` is where the reply is complete.
async fn cut_everywhere(kind: HostKind, raw: Vec<u8>, whole: usize) {
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
            Err(ModelError {
                fault: Fault::Broken,
                ..
            }) => assert!(length < whole, "{length}"),
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

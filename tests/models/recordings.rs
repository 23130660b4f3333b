//! Replies of a real llama.cpp server, whole and in pieces.

use super::*;
use dev_factory::adapters::models::recognise;

/// Bytes of one write.
const SIZES: [usize; 4] = [usize::MAX, 1, 7, 11];

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
        let cut = SIZES.map(|size| Answer::raw(raw.clone()).pieces(size));
        // Head and chunks as they came.
        let came = Answer::raw(raw.clone()).paced(Duration::from_micros(100));
        for (n, answer) in cut.into_iter().chain([came]).enumerate() {
            let size = SIZES.get(n);
            let reply = once(HostKind::OpenAi, answer).await;
            let reply = reply.unwrap_or_else(|error| panic!("{name} in {size:?}: {error}"));
            assert_eq!(reply.text, expected(&raw), "{name} in {size:?}");
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
    for size in SIZES {
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
    for size in SIZES {
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

/// What is no reply: what it is taken for, and words that must be told of it.
const OTHERS: &[(&str, Fault, &str)] = &[
    ("abort_mid_stream", Fault::Broken, ""),
    ("server_killed_mid_stream", Fault::Broken, ""),
    ("server_term_mid_stream", Fault::Broken, ""),
    ("err_context_too_long", Fault::Overflow, "2048"),
    ("err_context_too_long_stream", Fault::Overflow, "2048"),
    ("chat_while_loading_503", Fault::Busy, "Loading model"),
    ("health_loading_503", Fault::Busy, "Loading model"),
    ("err_no_api_key", Fault::Refused, "Invalid API Key"),
    ("err_bad_json", Fault::Rejected, "parse error at line 1"),
    ("err_no_messages", Fault::Rejected, "'messages' is required"),
    ("err_bad_role", Fault::Server, "Missing 'role'"),
    ("err_method", Fault::Misaddressed, "kind"),
    ("err_not_found", Fault::Misaddressed, "kind"),
    ("ollama_api_chat", Fault::Misaddressed, "kind"),
    ("ollama_api_show", Fault::Misaddressed, "kind"),
    ("ollama_api_tags", Fault::Misaddressed, "kind"),
    // Answers to other questions.
    ("health_ok", Fault::Unfinished, ""),
    ("models", Fault::Unfinished, ""),
    ("slots_idle", Fault::Garbled, ""),
    ("tokenize", Fault::Unfinished, ""),
];

#[tokio::test]
async fn what_is_no_reply_passes_as_none_however_it_is_cut() {
    for (name, fault, words) in OTHERS {
        let raw = recording(name);
        for size in SIZES {
            let answer = Answer::raw(raw.clone()).pieces(size);
            let error = once(HostKind::OpenAi, answer).await.expect_err(name);
            assert_eq!(error.fault, *fault, "{name} in {size}: {error}");
            assert!(error.detail.contains(words), "{name} in {size}: {error}");
        }
    }
    let named = RECORDED.iter().map(|(name, ..)| *name);
    let named = named.chain(OTHERS.iter().map(|(name, ..)| *name));
    let mut named: Vec<String> = named
        .chain(["anthropic_stream"])
        .map(str::to_owned)
        .collect();
    named.sort();
    let files = std::fs::read_dir(LLAMA).unwrap().filter_map(|entry| {
        let name = entry.unwrap().file_name().into_string().unwrap();
        name.strip_suffix(".resp").map(str::to_owned)
    });
    let mut files: Vec<String> = files.collect();
    files.sort();
    assert_eq!(named, files, "each recording is decoded");
}

#[tokio::test]
async fn recorded_answers_to_other_questions_are_read_as_what_they_are() {
    for size in SIZES {
        let played = |request: &model_server::Request| match request.path.as_str() {
            "/v1/models" => "models",
            "/slots" => "slots_idle",
            "/health" => "health_ok",
            "/api/tags" => "ollama_api_tags",
            "/api/show" => "ollama_api_show",
            "/v1/chat/completions" => "chat_stream_stop",
            _ => "err_not_found",
        };
        let first = AtomicUsize::new(0);
        let server = Arc::new(ModelServer::answering(move |request| {
            let answer = Answer::raw(recording(played(request))).pieces(size);
            match request.method == "POST" && first.fetch_add(1, Ordering::SeqCst) == 0 {
                // A turn that is given up.
                true => Answer::steps(vec![Step::Hold]),
                false => answer,
            }
        }));
        let found = recognise(&host(HostKind::OpenAi, &server.url())).await;
        let smol = vec!["smollm2-135m".to_owned()];
        assert_eq!(found, Some((HostKind::LlamaCpp, smol)), "in {size}");
        let models = Arc::new(hosts(host(HostKind::LlamaCpp, &server.url())));
        let status = models.probe("gpu", "any").await;
        assert!(status.live, "{status:?}");
        assert_eq!(models.context("gpu", "any"), 2048, "in {size}");
        let wrong = hosts(host(HostKind::Ollama, &server.url()));
        let status = wrong.probe("gpu", "any").await;
        assert_eq!(status.fault, Some(Fault::Misaddressed), "in {size}");
        let (turn, _pieces) = start(&models, request());
        let waiting = Arc::clone(&server);
        let came = tokio::task::spawn_blocking(move || waiting.wait_turns(1));
        assert!(came.await.unwrap(), "no turn came");
        turn.abort();
        assert!(turn.await.unwrap_err().is_cancelled());
        assert_eq!(take(&models, &request()).await.0.unwrap().text, "One");
        let paths = server.requests().into_iter().map(|request| request.path);
        let looks = paths.filter(|path| path == "/slots").count();
        assert_eq!(looks, 1, "its slots were idle at the first look");
    }
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

//! The table of faults: what servers say, where in the reply they say it, and what is to be done about it.

use super::fakes::{Fake, Wire, error_in};
use super::wire::kind;
use super::*;
use HostKind::{Anthropic, LlamaCpp, LmStudio, Ollama, OpenAi, Vllm};
use dev_factory::factory::ports::model::Remedy;

/// A kind of server, its status and body, what that is, and what is done.
type Row = (HostKind, u16, &'static str, Fault, Remedy);

/// Errors that come instead of a reply.
const HEAD: &[Row] = &[
    // The server's parser failed over what its model wrote: no fault of the host.
    (
        Ollama,
        500,
        r#"{"error":"error parsing tool call: raw='{\"path\":' err=unexpected end of JSON input"}"#,
        Fault::Garbled,
        Remedy::OtherSample,
    ),
    (
        LlamaCpp,
        500,
        r#"{"error":{"code":500,"message":"Failed to parse input at pos 12: <tool_call>","type":"server_error"}}"#,
        Fault::Garbled,
        Remedy::OtherSample,
    ),
    (
        LlamaCpp,
        500,
        r#"{"error":{"code":500,"message":"Jinja Exception: Cannot use slice on None","type":"server_error"}}"#,
        Fault::Unable,
        Remedy::OtherModel,
    ),
    (
        Ollama,
        400,
        r#"{"error":"registry.ollama.ai/library/gemma3:4b does not support tools"}"#,
        Fault::Unable,
        Remedy::OtherModel,
    ),
    (
        Ollama,
        400,
        r#"{"error":"\"nomic-embed-text\" does not support chat"}"#,
        Fault::Unable,
        Remedy::OtherModel,
    ),
    (
        LlamaCpp,
        400,
        r#"{"error":{"code":400,"message":"request (9000 tokens) exceeds the available context size (8192 tokens), try increasing it","type":"exceed_context_size_error","n_prompt_tokens":9000,"n_ctx":8192}}"#,
        Fault::Overflow,
        Remedy::Shrink,
    ),
    (
        Vllm,
        400,
        r#"{"object":"error","message":"This model's maximum context length is 8192 tokens. However, you requested 9000 tokens","type":"BadRequestError","code":400}"#,
        Fault::Overflow,
        Remedy::Shrink,
    ),
    (
        Ollama,
        400,
        r#"{"error":"the prompt is longer than the context length currently available"}"#,
        Fault::Overflow,
        Remedy::Shrink,
    ),
    (
        Anthropic,
        400,
        r#"{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 208310 tokens > 200000 maximum"}}"#,
        Fault::Overflow,
        Remedy::Shrink,
    ),
    (
        Anthropic,
        413,
        r#"{"type":"error","error":{"type":"request_too_large","message":"Request exceeds the maximum size"}}"#,
        Fault::Overflow,
        Remedy::Shrink,
    ),
    (
        Ollama,
        500,
        r#"{"error":"model requires more system memory (9.8 GiB) than is available (6.1 GiB)"}"#,
        Fault::Memory,
        Remedy::Shrink,
    ),
    (
        Ollama,
        500,
        r#"{"error":"an error was encountered while running the model: unexpected EOF"}"#,
        Fault::Runner,
        Remedy::Retry,
    ),
    (
        Ollama,
        500,
        r#"{"error":"model runner has unexpectedly stopped, this may be due to resource limitations"}"#,
        Fault::Runner,
        Remedy::Retry,
    ),
    (
        LmStudio,
        400,
        r#"{"error":"The model has crashed without additional information. (Exit code: 18446744072635812000)"}"#,
        Fault::Runner,
        Remedy::Retry,
    ),
    (
        LmStudio,
        400,
        r#"{"error":"Trying to keep the first 5000 tokens when context the overflows. However, the model is loaded with context length of only 4096 tokens, which is not enough. Try to load the model with a larger context length, or provide a shorter input"}"#,
        Fault::Overflow,
        Remedy::Shrink,
    ),
    (
        LmStudio,
        400,
        r#"{"error":"The number of tokens to keep from the initial prompt is greater than the context length (n_keep: 13055>= n_ctx: 4096). Try to load the model with a larger context length, or provide a shorter input."}"#,
        Fault::Overflow,
        Remedy::Shrink,
    ),
    (
        Anthropic,
        400,
        r#"{"type":"error","error":{"type":"invalid_request_error","message":"input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000, decrease input length or `max_tokens` and try again"}}"#,
        Fault::Overflow,
        Remedy::Shrink,
    ),
    (
        LmStudio,
        400,
        r#"{"error":"Model unloaded."}"#,
        Fault::Server,
        Remedy::Retry,
    ),
    (
        LmStudio,
        404,
        r#"{"error":{"message":"No models loaded. Please load a model in the developer page or use the `lms load` command.","type":"invalid_request_error","param":"model","code":"model_not_found"}}"#,
        Fault::Missing,
        Remedy::OtherModel,
    ),
    (
        Ollama,
        404,
        r#"{"error":"model 'qwen3:14b' not found"}"#,
        Fault::Missing,
        Remedy::OtherModel,
    ),
    (
        Anthropic,
        404,
        r#"{"type":"error","error":{"type":"not_found_error","message":"model: claude-opus-9"}}"#,
        Fault::Missing,
        Remedy::OtherModel,
    ),
    (
        Ollama,
        503,
        r#"{"error":"server busy, please try again.  maximum pending requests exceeded"}"#,
        Fault::Busy,
        Remedy::Wait,
    ),
    (
        LlamaCpp,
        503,
        r#"{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}"#,
        Fault::Busy,
        Remedy::Wait,
    ),
    // What cannot be loaded is not being loaded: waiting does not help.
    (
        Ollama,
        500,
        r#"{"error":"llama-server process has terminated: exit status 1: error loading model: unknown model architecture: 'mllama'"}"#,
        Fault::Unable,
        Remedy::OtherModel,
    ),
    (
        Ollama,
        500,
        r#"{"error":"unable to load model: /usr/share/ollama/.ollama/models/blobs/sha256-3e4cb1"}"#,
        Fault::Unable,
        Remedy::OtherModel,
    ),
    (
        LmStudio,
        400,
        r#"{"error":{"message":"Failed to load model \"gpt-oss-20b\". Error: Error loading model. (Exit code: null)","type":"invalid_request_error"}}"#,
        Fault::Unable,
        Remedy::OtherModel,
    ),
    (
        LmStudio,
        400,
        r#"{"error":"Failed to load model \"qwen3-32b\". Error: insufficient memory"}"#,
        Fault::Memory,
        Remedy::Shrink,
    ),
    (
        Anthropic,
        529,
        r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#,
        Fault::Busy,
        Remedy::Wait,
    ),
    (
        Anthropic,
        429,
        r#"{"type":"error","error":{"type":"rate_limit_error","message":"Number of request tokens has exceeded your per-minute rate limit"}}"#,
        Fault::Busy,
        Remedy::Wait,
    ),
    // Of the same status, but waiting does not help.
    (
        Anthropic,
        429,
        r#"{"type":"error","error":{"type":"rate_limit_error","message":"Your organization has reached its limit","details":{"error_code":"enforced_spend_limit_reached"}}}"#,
        Fault::SpendLimit,
        Remedy::Ask,
    ),
    (
        Anthropic,
        400,
        r#"{"type":"error","error":{"type":"invalid_request_error","message":"You have reached your specified API usage limits. You will regain access on 2026-12-01"}}"#,
        Fault::SpendLimit,
        Remedy::Ask,
    ),
    (
        Anthropic,
        402,
        r#"{"type":"error","error":{"type":"billing_error","message":"Please check your payment method"}}"#,
        Fault::SpendLimit,
        Remedy::Ask,
    ),
    (
        OpenAi,
        429,
        r#"{"error":{"message":"You exceeded your current quota, please check your plan","type":"insufficient_quota","code":"insufficient_quota"}}"#,
        Fault::SpendLimit,
        Remedy::Ask,
    ),
    (
        Anthropic,
        401,
        r#"{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"}}"#,
        Fault::Refused,
        Remedy::Ask,
    ),
    (
        Ollama,
        401,
        r#"{"error":"unauthorized","signin_url":"https://ollama.com/connect"}"#,
        Fault::Refused,
        Remedy::Ask,
    ),
    (
        Anthropic,
        400,
        r#"{"type":"error","error":{"type":"invalid_request_error","message":"messages: at least one message is required"}}"#,
        Fault::Rejected,
        Remedy::OtherModel,
    ),
    (
        Anthropic,
        500,
        r#"{"type":"error","error":{"type":"api_error","message":"Internal server error"}}"#,
        Fault::Server,
        Remedy::Retry,
    ),
    (
        OpenAi,
        504,
        "<html>504 Gateway Time-out</html>",
        Fault::Lost,
        Remedy::Wait,
    ),
    (
        Ollama,
        404,
        "404 page not found",
        Fault::Misaddressed,
        Remedy::Ask,
    ),
    // LM Studio, to a path it does not know.
    (
        LmStudio,
        200,
        r#"{"error":"Unexpected endpoint or method. (POST /v1/chat/completions)"}"#,
        Fault::Misaddressed,
        Remedy::Ask,
    ),
];

#[tokio::test]
async fn what_comes_instead_of_a_reply_is_sorted_by_the_table() {
    for (kind, status, body, fault, remedy) in HEAD {
        let error = once(*kind, Answer::status(*status, body)).await;
        let error = error.expect_err(body);
        assert_eq!((error.fault, error.remedy()), (*fault, *remedy), "{body}");
        assert!(!error.detail.is_empty() && error.host == "gpu", "{error}");
    }
}

/// Errors in the midst of a reply whose status was 200.
const STREAM: &[Row] = &[
    (
        Ollama,
        200,
        r#"{"error":"CUDA error: out of memory"}"#,
        Fault::Memory,
        Remedy::Shrink,
    ),
    (
        Ollama,
        200,
        r#"{"error":"llama-server returned invalid tool call arguments for \"x\""}"#,
        Fault::Garbled,
        Remedy::OtherSample,
    ),
    (
        Ollama,
        200,
        r#"{"error":"an error was encountered while running the model: unexpected EOF"}"#,
        Fault::Runner,
        Remedy::Retry,
    ),
    (
        Ollama,
        200,
        r#"{"error":"something else"}"#,
        Fault::Server,
        Remedy::Retry,
    ),
    (
        LlamaCpp,
        200,
        r#"{"error":{"code":500,"message":"context size has been exceeded","type":"server_error"}}"#,
        Fault::Overflow,
        Remedy::Shrink,
    ),
    (
        LmStudio,
        200,
        r#"{"error":{"message":"Model unloaded."}}"#,
        Fault::Server,
        Remedy::Retry,
    ),
    (
        Anthropic,
        200,
        r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#,
        Fault::Busy,
        Remedy::Wait,
    ),
    (
        Anthropic,
        200,
        r#"{"type":"error","error":{"type":"api_error","message":"Internal server error"}}"#,
        Fault::Server,
        Remedy::Retry,
    ),
    // The stream itself.
    (
        Ollama,
        200,
        r#"{"message":{"content":"a"#,
        Fault::Garbled,
        Remedy::OtherSample,
    ),
    (
        Vllm,
        200,
        r#"{"choices":[{"delta":{"content":"a"#,
        Fault::Garbled,
        Remedy::OtherSample,
    ),
    (
        OpenAi,
        200,
        r#"{"choices":[{"index":0,"delta":{},"finish_reason":"content_filter"}]}"#,
        Fault::Declined,
        Remedy::OtherModel,
    ),
    (
        Anthropic,
        200,
        r#"{"type":"message_delta","delta":{"stop_reason":"refusal","stop_details":{"category":"cyber","explanation":"not this"}}}"#,
        Fault::Declined,
        Remedy::OtherModel,
    ),
    (
        Anthropic,
        200,
        r#"{"type":"message_delta","delta":{"stop_reason":"pause_turn"}}"#,
        Fault::Unfinished,
        Remedy::OtherSample,
    ),
];

#[tokio::test]
async fn what_comes_in_the_midst_of_a_reply_is_sorted_too_and_nothing_of_it_is_used() {
    for (kind, _, body, fault, remedy) in STREAM {
        let (sort, before, error) = match kind {
            Ollama => (
                NDJSON,
                "{\"message\":{\"content\":\"half a reply\"},\"done\":false}\n".to_owned(),
                format!("{body}\n"),
            ),
            Anthropic => (
                SSE,
                "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"half\"}}\n\n".to_owned(),
                format!("event: x\ndata: {body}\n\n"),
            ),
            _ => (
                SSE,
                "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"half\"}}]}\n\n".to_owned(),
                format!("data: {body}\n\n"),
            ),
        };
        let result = once(*kind, error_in(sort, &before, &error)).await;
        let error = result.expect_err(body);
        assert_eq!((error.fault, error.remedy()), (*fault, *remedy), "{body}");
    }
}

/// A turn that ends with these words, at a server that lists its one model under this name: the error, and the lists asked for.
async fn unloaded(wire: Wire, words: &str, within: bool, listed: &str) -> (ModelError, usize) {
    let fake = Fake {
        model: listed.to_owned(),
        ..Fake::new(wire)
    };
    let error = json!({ "error": words }).to_string();
    let server = ModelServer::answering(move |request| match (request.path.as_str(), wire) {
        ("/api/chat", _) if within => error_in(NDJSON, "", &format!("{error}\n")),
        ("/v1/chat/completions", _) if within => error_in(SSE, "", &format!("data: {error}\n\n")),
        ("/api/chat" | "/v1/chat/completions", _) => Answer::status(500, &error),
        // Its own list has what it could load, the other what is loaded.
        ("/v1/models", Wire::LmStudio) => Answer::status(200, r#"{"object":"list","data":[]}"#),
        _ => fake.answer(request),
    });
    let models = hosts(host(kind(wire), &server.url()));
    let error = take(&models, &request()).await.0.unwrap_err();
    assert_eq!(server.turns().len(), 1);
    let lists = ["/api/tags", "/v1/models"];
    let asked = server.requests().into_iter();
    let asked = asked.filter(|request| lists.contains(&request.path.as_str()));
    (error, asked.count())
}

#[tokio::test]
async fn a_model_that_is_gone_after_its_turn_failed_is_missing_at_once_with_the_way_to_get_it_back()
{
    let gone = [
        (
            Wire::Ollama,
            "llama runner process no longer running",
            "ollama pull qwen3:14b",
        ),
        (Wire::Vllm, "model was unloaded", "start the server with it"),
        (Wire::LmStudio, "Model unloaded.", "lms get qwen3:14b"),
    ];
    for (wire, words, way) in gone {
        for within in [true, false] {
            let (error, lists) = unloaded(wire, words, within, "another").await;
            let fault = (error.fault, error.remedy(), lists);
            assert_eq!(fault, (Fault::Missing, Remedy::OtherModel, 1), "{error}");
            assert!(error.detail.contains(way), "{error}");
        }
    }
    let (error, _) = unloaded(Wire::LmStudio, "Model unloaded.", true, "qwen3:14b").await;
    let way = "qwen3:14b; run `lms load qwen3:14b --context-length 16384` there";
    assert_eq!((error.fault, error.detail.as_str()), (Fault::Missing, way));
    // One that is there still is taken again after a while.
    for (wire, words, _) in &gone[..2] {
        let (error, lists) = unloaded(*wire, words, false, "qwen3:14b").await;
        assert_eq!((error.remedy(), lists), (Remedy::Retry, 1), "{error}");
    }
}

#[tokio::test]
async fn a_connection_that_breaks_in_mid_reply_is_taken_again() {
    for wire in Wire::ALL {
        let fake = Fake::new(wire);
        let server = ModelServer::answering(move |request| {
            // No proper end of HTTP.
            fakes::broken_off(fake.answer(request), 1, vec![Step::Close])
        });
        let models = hosts(host(kind(wire), &server.url()));
        let error = take(&models, &request()).await.0.unwrap_err();
        assert_eq!(
            (error.fault, error.remedy()),
            (Fault::Broken, Remedy::Retry),
            "{wire:?}"
        );
    }
}

#[tokio::test]
async fn too_little_memory_halves_the_window_once() {
    let server =
        ModelServer::answering(|_| Answer::status(500, r#"{"error":"CUDA error: out of memory"}"#));
    let models = hosts(host(Ollama, &server.url()));
    for window in [8192, 8192] {
        let error = take(&models, &request()).await.0.unwrap_err();
        assert_eq!(error.fault, Fault::Memory);
        assert!(error.detail.contains("num_ctx"), "{error}");
        assert_eq!(models.context("gpu", "qwen3:14b"), window);
    }
    let windows: Vec<Value> = server
        .turns()
        .iter()
        .map(|turn| turn.json()["options"]["num_ctx"].clone())
        .collect();
    assert_eq!(windows, [json!(16384), json!(8192)]);
}

#[tokio::test]
async fn a_server_that_names_its_window_is_believed() {
    let body = r#"{"error":{"code":400,"message":"request (9000 tokens) exceeds the available context size (4096 tokens)","type":"exceed_context_size_error","n_prompt_tokens":9000,"n_ctx":4096}}"#;
    let server = ModelServer::answering(move |_| Answer::status(400, body));
    let models = hosts(host(LlamaCpp, &server.url()));
    take(&models, &request()).await.0.unwrap_err();
    assert_eq!(models.context("gpu", "qwen3:14b"), 4096);
}

#[tokio::test]
async fn servers_that_ask_for_patience_get_it() {
    for (headers, wait) in [
        (vec![("retry-after", "17")], Some(17)),
        (vec![("retry-after-ms", "2500")], Some(3)),
        (
            vec![
                ("Retry-After", "Sun, 01 Nov 2026 12:00:30 GMT"),
                ("Date", "Sun, 01 Nov 2026 12:00:00 GMT"),
            ],
            Some(30),
        ),
        (vec![("retry-after", "99999")], None),
    ] {
        let body = r#"{"type":"error","error":{"type":"rate_limit_error","message":"slow down"}}"#;
        let answer = Answer::with(429, "application/json", &headers, body);
        let error = once(Anthropic, answer).await.unwrap_err();
        assert_eq!((error.fault, error.retry_after), (Fault::Busy, wait));
    }
}

/// The table asks the header only where time could mend something.
#[tokio::test]
async fn a_server_that_says_whether_asking_again_helps_is_believed() {
    let rows = [
        (529, "overloaded_error", "false", Fault::Rejected),
        (500, "api_error", "false", Fault::Rejected),
        (529, "overloaded_error", "true", Fault::Busy),
        (400, "invalid_request_error", "true", Fault::Server),
        (401, "authentication_error", "true", Fault::Refused),
        (500, "api_error", "maybe", Fault::Server),
    ];
    for (status, kind, header, fault) in rows {
        let body =
            format!(r#"{{"type":"error","error":{{"type":"{kind}","message":"so it says"}}}}"#);
        let headers = [("x-should-retry", header)];
        let answer = Answer::with(status, "application/json", &headers, &body);
        let error = once(Anthropic, answer).await.unwrap_err();
        assert_eq!(error.fault, fault, "{status} {header}: {error}");
        let named = error.detail.contains("asking again does not help");
        assert_eq!(named, fault == Fault::Rejected, "{error}");
    }
}

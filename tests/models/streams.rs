//! Made-up streams of both framings: every way a reply can come, and every way it can end.

use super::*;

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
            // What came together is one piece.
            let expected = [
                Delta::Thought("why so".to_owned()),
                Delta::Text("Grüße\n🦀".to_owned()),
            ];
            assert_eq!(joined(pieces), expected, "in pieces of {size}");
        }
    }
}

/// Pieces of one kind that follow each other as one.
fn joined(pieces: Vec<Delta>) -> Vec<Delta> {
    let mut all = Vec::new();
    for piece in pieces {
        match (all.last_mut(), piece) {
            (Some(Delta::Text(text)), Delta::Text(more))
            | (Some(Delta::Thought(text)), Delta::Thought(more)) => text.push_str(&more),
            (_, other) => all.push(other),
        }
    }
    all
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
    assert_eq!(
        turn(open.clone()).await.unwrap_err().fault,
        Fault::Unfinished
    );
    open.extend_from_slice(b"{\"message\":");
    assert_eq!(turn(open).await.unwrap_err().fault, Fault::Garbled);
    let page = turn(b"<html>hello</html>\n".to_vec()).await;
    assert_eq!(page.unwrap_err().fault, Fault::Garbled);
    assert_eq!(turn(Vec::new()).await.unwrap_err().fault, Fault::Unfinished);

    let in_band = |text: &str| {
        turn(ollama_body(
            &[("", "half a")],
            &json!({ "error": text }).to_string(),
        ))
    };
    let memory = in_band("CUDA error: out of memory").await.unwrap_err();
    assert!(
        memory.fault == Fault::Memory && memory.to_string().contains("num_ctx"),
        "{memory}"
    );
    assert!(matches!(
        in_band("the prompt is longer than the context length").await,
        Err(ModelError {
            fault: Fault::Overflow,
            ..
        })
    ));
    assert!(matches!(
        in_band("server busy, please try again.").await,
        Err(ModelError {
            fault: Fault::Busy,
            ..
        })
    ));
    assert!(matches!(
        in_band("an error was encountered while running the model").await,
        Err(ModelError {
            fault: Fault::Server,
            ..
        })
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
    assert_eq!(error.fault, Fault::Garbled, "{error}");
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
    for unfinished in [
        &[&said("content", "x"), "[DONE]"][..],
        &[&said("content", "x")],
    ] {
        let error = turn(unfinished).await.unwrap_err();
        assert_eq!(error.fault, Fault::Unfinished);
    }
    let error = turn(&["not json", stop, "[DONE]"]).await.unwrap_err();
    assert_eq!(error.fault, Fault::Garbled);
    let overflow =
        r#"{"error":{"code":400,"message":"too long","type":"exceed_context_size_error"}}"#;
    assert!(matches!(
        turn(&[&said("content", "x"), overflow]).await,
        Err(ModelError {
            fault: Fault::Overflow,
            ..
        })
    ));
    let plain = r#"{"error":"Unexpected endpoint or method. (POST /v1/chat/completions)"}"#;
    assert!(matches!(
        once(HostKind::OpenAi, Answer::status(200, plain)).await,
        Err(ModelError {
            fault: Fault::Misaddressed,
            ..
        })
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
    assert!(matches!(
        missing,
        ModelError {
            fault: Fault::Missing,
            ..
        }
    ));
    assert!(
        missing.to_string().contains("ollama pull qwen3:14b")
            && missing.to_string().contains("OLLAMA_HOST=http://127.0.0.1"),
        "{missing}"
    );
    assert!(matches!(
        of(401, r#"{"error":"unauthorized"}"#).await,
        Err(ModelError {
            fault: Fault::Refused,
            ..
        })
    ));
    assert!(matches!(
        of(403, "{}").await,
        Err(ModelError {
            fault: Fault::Refused,
            ..
        })
    ));
    assert!(
        matches!(of(500, r#"{"error":"boom"}"#).await, Err(ModelError { fault: Fault::Server, status: Some(500), detail, .. }) if detail == "boom")
    );
    // One that tells all it was sent is read as far as its own words need.
    let long = format!(
        "the prompt is longer than the context length: {}",
        "x".repeat(100_000)
    );
    assert!(matches!(
        of(400, long.leak()).await,
        Err(ModelError {
            fault: Fault::Overflow,
            ..
        })
    ));
    assert!(matches!(
        of(502, "<html>bad gateway</html>").await,
        Err(ModelError {
            fault: Fault::Lost,
            ..
        })
    ));
    assert!(matches!(
        of(
            400,
            r#"{"error":"the prompt is longer than the context length"}"#
        )
        .await,
        Err(ModelError {
            fault: Fault::Overflow,
            ..
        })
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
        let expected = ModelError {
            status: Some(status),
            retry_after: Some(17),
            ..ModelError::new("gpu", Fault::Busy, "later")
        };
        assert_eq!(busy(status).await.unwrap_err(), expected);
    }
    let vllm = r#"{"object":"error","message":"The model `x` does not exist.","type":"NotFoundError","code":404}"#;
    assert!(matches!(
        once(HostKind::OpenAi, Answer::status(404, vllm)).await,
        Err(ModelError {
            fault: Fault::Missing,
            ..
        })
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
    let body = ollama_body(
        &[(
            "",
            &(0..1_250_000)
                .map(|n| format!("{n:07}\n"))
                .collect::<String>(),
        )],
        DONE,
    );
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
        ModelError::new("gpu", Fault::TooLong, "more than 1000000 bytes")
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

//! Limits of time, dropped turns, the queue, and connections.

use super::*;

#[tokio::test]
async fn a_closed_port_is_unreachable() {
    let error = take(&hosts(host(HostKind::Ollama, &closed_url())), &request())
        .await
        .0
        .unwrap_err();
    assert!(
        matches!(
            error,
            ModelError {
                fault: Fault::Unreachable,
                ..
            }
        ) && error.remedy() == Remedy::Wait,
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
            matches!(
                error,
                ModelError {
                    fault: Fault::Unreachable,
                    ..
                }
            ),
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

#[tokio::test]
async fn a_silent_server_is_given_up_after_the_first_byte_limit() {
    let server = Arc::new(ModelServer::answering(|_| Answer::steps(vec![Step::Hold])));
    let models = Arc::new(hosts(host(HostKind::Ollama, &server.url())));
    let (turn, _pieces) = start(&models, request());
    asked(&server, 1).await;
    tokio::time::pause();
    let begun = tokio::time::Instant::now();
    let error = turn.await.unwrap().unwrap_err();
    assert!(
        matches!(
            error,
            ModelError {
                fault: Fault::Hung,
                ..
            }
        ),
        "{error}"
    );
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
            matches!(
                error,
                ModelError {
                    fault: Fault::Hung,
                    ..
                }
            ) && error.to_string().contains("nothing came for 120 s"),
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
    assert_eq!(
        (error.fault, error.remedy()),
        (Fault::TooLong, Remedy::OtherSample)
    );
    assert!(error.to_string().contains("90 s"), "{error}");
}

#[tokio::test]
async fn a_connection_that_breaks_once_the_request_is_sent_is_no_host_that_is_away() {
    let server = ModelServer::answering(|request| match request.method.as_str() {
        "POST" => Answer::raw(""),
        _ => Answer::status(200, r#"{"models":[]}"#),
    });
    let models = hosts(host(HostKind::Ollama, &server.url()));
    let error = take(&models, &request()).await.0.unwrap_err();
    assert_eq!(
        (error.fault, error.remedy()),
        (Fault::Broken, Remedy::Retry),
        "{error}"
    );
}

#[tokio::test]
async fn dropping_a_turn_closes_its_connection_and_frees_the_host() {
    let held = Answer::steps(vec![
        Step::Bytes([head(NDJSON), chunk(&ollama_body(&[("", "one")], ""))].concat()),
        Step::Hold,
    ]);
    let count = AtomicUsize::new(0);
    let server = Arc::new(ModelServer::answering(move |request| {
        match count.fetch_add(1, Ordering::SeqCst) {
            0 => held.clone(),
            _ => model_server::ollama_reply(request, "second"),
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
        let mut answer = model_server::ollama_reply(request, request.label());
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
        matches!(
            error,
            ModelError {
                fault: Fault::Misaddressed,
                status: Some(307),
                ..
            }
        ),
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
    assert_eq!(
        (error.fault, error.status),
        (Fault::Misaddressed, Some(307))
    );
    let asked: Vec<String> = server
        .requests()
        .iter()
        .filter(|request| request.method == "POST")
        .map(|request| request.path.clone())
        .collect();
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
    // One each for turns, and one for the looks at what Ollama has loaded.
    assert_eq!(server.connections(), 3);
}

//! What probes find and say.

use super::fakes::{Fake, Wire};
use super::wire::kind;
use super::*;
use dev_factory::adapters::models::recognise;

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
        !status.live && status.words.contains("2 s"),
        "{}",
        status.words
    );
    // The timer wheel rounds up to whole milliseconds.
    assert!(begun.elapsed() <= Duration::from_millis(2010));
}

#[tokio::test]
async fn servers_are_known_by_what_they_answer() {
    for wire in Wire::ALL {
        let fake = Fake::new(wire);
        let server = ModelServer::answering(move |request| fake.answer(request));
        let plain = host(HostKind::OpenAi, &server.url());
        let found = recognise(&plain).await;
        let wanted = match wire {
            // It is named by people, never looked for; its list of models is like OpenAI's.
            Wire::Anthropic => HostKind::OpenAi,
            wire => kind(wire),
        };
        assert_eq!(found, Some((wanted, vec!["test".to_owned()])), "{wire:?}");
        assert!(server.turns().is_empty());
        let asked = server.requests();
        assert!(asked.iter().all(|request| request.method == "GET"));
    }
    let nothing =
        ModelServer::answering(|_| Answer::status(200, r#"{"error":"Unexpected endpoint"}"#));
    assert_eq!(
        recognise(&host(HostKind::OpenAi, &nothing.url())).await,
        None
    );
    assert_eq!(
        recognise(&host(HostKind::OpenAi, &closed_url())).await,
        None
    );
}

#[tokio::test]
async fn each_kind_is_probed_in_its_own_way_and_tells_its_context() {
    for wire in Wire::ALL {
        let fake = Fake {
            context: 8192,
            ..Fake::new(wire)
        };
        let server = ModelServer::answering(move |request| fake.answer(request));
        let models = hosts(host(kind(wire), &server.url()));
        let status = models.probe("gpu", "test").await;
        assert!(status.live && status.fault.is_none(), "{status:?}");
        let told = match wire {
            Wire::Ollama | Wire::Anthropic => 16384,
            _ => 8192,
        };
        assert_eq!(models.context("gpu"), told, "{wire:?}");
        let other = models.probe("gpu", "other").await;
        let serves_anything = wire == Wire::LlamaCpp;
        assert_eq!(other.live, serves_anything, "{wire:?}");
        if !serves_anything {
            assert_eq!(other.fault, Some(Fault::Missing));
            assert!(other.words.contains("but not other: "), "{}", other.words);
        }
    }
}

#[tokio::test]
async fn a_wrong_key_is_told_by_a_free_request() {
    let body =
        r#"{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"}}"#;
    let server = ModelServer::answering(move |_| Answer::status(401, body));
    let models = hosts(Host {
        key: Some(Secret::new("sk-ant-wrong".to_owned())),
        ..host(HostKind::Anthropic, &server.url())
    });
    let status = models.probe("gpu", "claude-opus-5-5").await;
    assert_eq!((status.live, status.fault), (false, Some(Fault::Refused)));
    assert!(
        status.words.contains("check the host's key"),
        "{}",
        status.words
    );
    let asked = &server.requests()[0];
    assert_eq!(
        (
            asked.method.as_str(),
            asked.path.as_str(),
            asked.header("x-api-key")
        ),
        ("GET", "/v1/models", Some("sk-ant-wrong"))
    );
}

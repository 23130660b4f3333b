//! What probes find and say.

use super::*;

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

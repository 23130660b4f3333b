//! What probes find and say.

use super::fakes::{Fake, Wire};
use super::wire::kind;
use super::*;
use dev_factory::adapters::models::recognise;
use std::sync::atomic::AtomicU64;

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
    assert_eq!(models.context("gpu", "whatever"), 16384);
    let status = models.probe("gpu", "whatever").await;
    assert_eq!(
        (status.live, status.words.as_str()),
        (true, "llama.cpp with smollm2-135m")
    );
    assert_eq!(models.context("gpu", "whatever"), 2048);
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
        // Anthropic's is named by people, never looked for.
        let wanted = (wire != Wire::Anthropic).then(|| (kind(wire), vec!["test".to_owned()]));
        assert_eq!(found, wanted, "{wire:?}");
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
        assert_eq!(models.context("gpu", "test"), told, "{wire:?}");
        let other = models.probe("gpu", "other").await;
        // llama.cpp serves what it has by any name; Anthropic's list lacks aliases and what is old.
        let unsure = matches!(wire, Wire::LlamaCpp | Wire::Anthropic);
        assert_eq!(other.live, unsure, "{wire:?}");
        if !unsure {
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
        ("GET", "/v1/models?limit=1000", Some("sk-ant-wrong"))
    );
}

fn has(status: &HostStatus, severity: Severity, what: &str) -> bool {
    let fits = |one: &Finding| one.severity == severity && one.what.contains(what);
    status.findings.iter().any(fits)
}

#[tokio::test]
async fn a_model_that_anthropics_list_lacks_is_warned_of_and_an_alias_is_not() {
    let fake = Fake {
        model: "claude-haiku-4-5-20251001".to_owned(),
        ..Fake::new(Wire::Anthropic)
    };
    let server = ModelServer::answering(move |request| fake.answer(request));
    for model in ["claude-haiku-4-5", "claude-haiku-4-5-latest"] {
        let status = look(HostKind::Anthropic, &server.url(), model).await;
        assert!(
            status.live && !has(&status, Severity::Warning, "list"),
            "{status:?}"
        );
    }
    let status = look(HostKind::Anthropic, &server.url(), "claude-old").await;
    assert!(status.live && status.fault.is_none(), "{status:?}");
    assert!(has(
        &status,
        Severity::Warning,
        "is not in its list of models"
    ));
}

#[tokio::test]
async fn a_gateway_without_a_list_of_models_can_be_used() {
    let lost = r#"{"type":"error","error":{"type":"not_found_error","message":"Not found"}}"#;
    let server = ModelServer::answering(move |_| Answer::status(404, lost));
    let status = look(HostKind::Anthropic, &server.url(), "claude-opus-5-5").await;
    assert!(status.live && status.fault.is_none(), "{status:?}");
    assert!(
        has(&status, Severity::Warning, "has no list of models"),
        "{status:?}"
    );
}

/// A server that opens some of its paths to anyone, and the rest to one key.
fn locked(fake: Fake, open: &'static [&'static str]) -> ModelServer {
    ModelServer::answering(move |request| {
        let known = request.header("authorization") == Some("Bearer right");
        match known || open.contains(&request.path.as_str()) {
            true => fake.answer(request),
            false => Answer::status(
                401,
                r#"{"error":{"code":401,"message":"Invalid API Key","type":"authentication_error"}}"#,
            ),
        }
    })
}

async fn keyed(kind: HostKind, server: &ModelServer, key: &str) -> HostStatus {
    let models = hosts(Host {
        key: Some(Secret::new(key.to_owned())),
        ..host(kind, &server.url())
    });
    models.probe("gpu", "test").await
}

#[tokio::test]
async fn a_key_counts_as_taken_only_where_none_would_not_do() {
    // llama.cpp shows its list of models to anyone; what it was started with only to whom has the key.
    let llama = locked(Fake::new(Wire::LlamaCpp), &["/v1/models", "/health"]);
    let right = keyed(HostKind::LlamaCpp, &llama, "right").await;
    assert!(
        right.live && has(&right, Severity::Fine, "takes its key"),
        "{right:?}"
    );
    let wrong = keyed(HostKind::LlamaCpp, &llama, "wrong").await;
    assert_eq!(
        (wrong.live, wrong.fault),
        (false, Some(Fault::Refused)),
        "{wrong:?}"
    );
    assert!(
        wrong.words.contains("check the host's key"),
        "{}",
        wrong.words
    );
    for wire in [Wire::Ollama, Wire::LmStudio] {
        let fake = Fake::new(wire);
        let open = ModelServer::answering(move |request| fake.answer(request));
        let status = keyed(kind(wire), &open, "any").await;
        assert!(
            status.live && !has(&status, Severity::Fine, "takes its key"),
            "{status:?}"
        );
        assert!(
            has(&status, Severity::Note, "asks for no key"),
            "{status:?}"
        );
    }
    let vllm = locked(Fake::new(Wire::Vllm), &["/health"]);
    let right = keyed(HostKind::Vllm, &vllm, "right").await;
    assert!(has(&right, Severity::Fine, "takes its key"), "{right:?}");
    assert_eq!(
        keyed(HostKind::Vllm, &vllm, "wrong").await.fault,
        Some(Fault::Refused)
    );
}

#[tokio::test]
async fn the_context_of_a_llama_cpp_whose_list_lacks_it_is_read_from_its_props() {
    let fake = Fake {
        context: 6144,
        ..Fake::new(Wire::LlamaCpp)
    };
    let server = ModelServer::answering(move |request| match request.path.as_str() {
        // As older builds do.
        "/v1/models" => Answer::status(
            200,
            r#"{"data":[{"id":"test","owned_by":"llamacpp","meta":{"n_ctx_train":40960}}]}"#,
        ),
        _ => fake.answer(request),
    });
    for kind in [HostKind::LlamaCpp, HostKind::OpenAi] {
        let models = hosts(host(kind, &server.url()));
        assert!(models.probe("gpu", "test").await.live);
        assert_eq!(models.context("gpu", "test"), 6144, "{kind:?}");
    }
}

#[tokio::test]
async fn each_model_of_a_server_has_its_own_context() {
    let list = json!({"object": "list", "data": [
        {"id": "small", "owned_by": "vllm", "max_model_len": 4096},
        {"id": "large", "owned_by": "vllm", "max_model_len": 8192},
        {"id": "silent", "owned_by": "vllm"},
    ]});
    let server = ModelServer::answering(move |_| Answer::status(200, &list.to_string()));
    for kind in [HostKind::Vllm, HostKind::OpenAi] {
        let models = hosts(host(kind, &server.url()));
        let contexts = [("small", 4096), ("large", 8192), ("silent", 16384)];
        for (model, _) in contexts {
            assert!(models.probe("gpu", model).await.live);
        }
        for (model, context) in contexts {
            assert_eq!(models.context("gpu", model), context, "{kind:?} {model}");
        }
    }
}

#[tokio::test]
async fn a_model_that_lm_studio_has_yet_to_load_is_warned_of_and_its_context_learned_by_a_turn() {
    let loaded = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let context = Arc::new(AtomicU64::new(4096));
    let (state, given) = (Arc::clone(&loaded), Arc::clone(&context));
    let server = ModelServer::answering(move |request| {
        let fake = Fake {
            context: given.load(Ordering::SeqCst),
            ..Fake::new(Wire::LmStudio)
        };
        if request.method == "POST" {
            state.store(true, Ordering::SeqCst);
        }
        match request.path.as_str() {
            "/api/v1/models" if !state.load(Ordering::SeqCst) => Answer::status(
                200,
                r#"{"models":[{"type":"llm","key":"test","loaded_instances":[],"max_context_length":40960}]}"#,
            ),
            _ => fake.answer(request),
        }
    });
    let models = hosts(host(HostKind::LmStudio, &server.url()));
    let status = models.probe("gpu", "test").await;
    assert!(status.live, "{status:?}");
    let warning = status
        .findings
        .iter()
        .find(|one| one.severity == Severity::Warning)
        .unwrap();
    assert!(warning.what.contains("is not loaded"), "{warning:?}");
    assert_eq!(
        warning.remedy,
        "run `lms load test --context-length 16384` there, or expect its default, often 4096 tokens"
    );
    assert_eq!(models.context("gpu", "test"), 16384);
    let turn = TurnRequest {
        model: "test".to_owned(),
        ..request()
    };
    take(&models, &turn).await.0.unwrap();
    assert_eq!(
        models.context("gpu", "test"),
        4096,
        "as it was loaded for our turn"
    );
    assert_eq!(models.context("gpu", "other"), 16384, "nothing is known");
    context.store(2048, Ordering::SeqCst);
    take(&models, &turn).await.0.unwrap();
    assert_eq!(
        models.context("gpu", "test"),
        2048,
        "as it was loaded anew meanwhile"
    );
}

#[tokio::test]
async fn a_server_that_loads_its_model_is_waited_for_and_no_error() {
    let server = ModelServer::answering(|_| Answer::raw(recording("health_loading_503")));
    let status = look(HostKind::LlamaCpp, &server.url(), "x").await;
    assert_eq!((status.live, status.fault), (false, Some(Fault::Busy)));
    let [finding] = &status.findings[..] else {
        panic!("{status:?}")
    };
    assert_eq!(finding.severity, Severity::Warning);
    assert!(finding.remedy.starts_with("wait"), "{finding:?}");
}

#[tokio::test]
async fn whatever_a_probe_is_told_it_says_what_to_do() {
    for (status, body) in [
        (401, "{}"),
        (402, "{}"),
        (418, "{}"),
        (429, "{}"),
        (500, r#"{"error":"boom"}"#),
        (500, r#"{"error":"out of memory"}"#),
        (502, "<html>"),
        (503, "{}"),
        (504, ""),
        (529, "{}"),
        (400, r#"{"error":"no"}"#),
        (400, r#"{"error":"prompt is too long"}"#),
        (500, r#"{"error":"error parsing tool call"}"#),
        (500, r#"{"error":"jinja"}"#),
        (500, r#"{"error":"unexpected EOF"}"#),
        (301, ""),
        (404, "{}"),
        (200, "hello"),
    ] {
        for kind in [HostKind::Ollama, HostKind::OpenAi, HostKind::Anthropic] {
            let server = ModelServer::answering(move |_| Answer::status(status, body));
            let found = look(kind, &server.url(), "").await;
            let bad = found
                .findings
                .iter()
                .filter(|one| one.severity >= Severity::Warning);
            for one in bad {
                assert!(!one.remedy.is_empty(), "{kind:?} {status} {body}: {one:?}");
            }
        }
    }
}

#[tokio::test]
async fn versions_are_told_where_servers_tell_them() {
    let vllm = Fake::new(Wire::Vllm);
    let server = ModelServer::answering(move |request| vllm.answer(request));
    let status = look(HostKind::Vllm, &server.url(), "test").await;
    assert_eq!(status.words, "vllm 0.11.0, 1 model");
    let llama = Fake::new(Wire::LlamaCpp);
    let server = ModelServer::answering(move |request| match request.path.as_str() {
        "/props" => Answer::status(200, r#"{"build_info":"b7100-abc","total_slots":1}"#),
        _ => llama.answer(request),
    });
    let status = look(HostKind::LlamaCpp, &server.url(), "test").await;
    assert_eq!(status.words, "llama.cpp b7100-abc with test");
}

#[tokio::test]
async fn a_model_of_ollamas_cloud_says_how_to_sign_in() {
    let body = r#"{"error":"unauthorized","signin_url":"https://ollama.com/connect?name=x"}"#;
    let server = ModelServer::answering(move |request| match request.method.as_str() {
        "POST" => Answer::status(401, body),
        _ => Answer::status(200, r#"{"models":[]}"#),
    });
    let error = take(&hosts(host(HostKind::Ollama, &server.url())), &request())
        .await
        .0
        .unwrap_err();
    assert_eq!(error.fault, Fault::Refused);
    assert!(
        error.detail.contains("run `ollama signin` there"),
        "{error}"
    );
}

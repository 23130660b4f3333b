//! What probes find beside "it answers": abilities, context, GPU, other clients; and what a turn tells of them.

use super::fakes::{Fake, Wire};
use super::wire::kind;
use super::*;

fn fake() -> Fake {
    Fake {
        model: "qwen3:14b".to_owned(),
        ..Fake::new(Wire::Ollama)
    }
}

fn serve(fake: &Fake) -> ModelServer {
    let fake = fake.clone();
    ModelServer::answering(move |request| fake.answer(request))
}

async fn found(server: &ModelServer, kind: HostKind) -> HostStatus {
    hosts(host(kind, &server.url()))
        .probe("gpu", "qwen3:14b")
        .await
}

fn warnings(status: &HostStatus) -> Vec<(&str, &str)> {
    let all = status.findings.iter();
    all.filter(|one| one.severity >= Severity::Warning)
        .map(|one| (one.what.as_str(), one.remedy.as_str()))
        .collect()
}

fn says(status: &HostStatus, severity: Severity, what: &str) -> bool {
    let fits = |one: &Finding| one.severity == severity && one.what.contains(what);
    status.findings.iter().any(fits)
}

#[tokio::test]
async fn a_model_that_is_well_says_what_it_can_and_how_it_is_loaded() {
    let fake = fake();
    let server = serve(&fake);
    let cold = found(&server, HostKind::Ollama).await;
    assert!(cold.live && warnings(&cold).is_empty(), "{cold:?}");
    assert!(says(
        &cold,
        Severity::Fine,
        "can: completion, tools, thinking"
    ));
    assert!(says(&cold, Severity::Note, "not loaded now"));
    fake.loads(16384, 100);
    let warm = found(&server, HostKind::Ollama).await;
    assert!(says(
        &warm,
        Severity::Fine,
        "is loaded with 16384 tokens of context"
    ));
    assert!(says(&warm, Severity::Fine, "on the GPU as a whole"));
    assert!(server.turns().is_empty(), "a probe costs nothing");
}

#[tokio::test]
async fn what_works_badly_is_warned_of_and_the_host_stays_live() {
    let mut fake = fake();
    fake.shown["model_info"]["qwen3.context_length"] = json!(8192);
    fake.loads(4096, 62);
    let server = serve(&fake);
    let status = found(&server, HostKind::Ollama).await;
    assert!(status.live, "{status:?}");
    let warned = warnings(&status);
    assert_eq!(
        warned[0],
        (
            "was made for 8192 tokens of context, and is asked for 16384",
            "set hosts.gpu.num_ctx = 8192"
        )
    );
    assert!(warned[1].0.starts_with(
        "another client keeps it loaded with 4096 tokens of context; our turns ask for 16384"
    ));
    assert!(
        warned[1]
            .1
            .starts_with("set hosts.gpu.num_ctx = 4096 in factory.toml"),
        "{warned:?}"
    );
    assert_eq!(warned.len(), 2);
    fake.loads(16384, 62);
    let status = found(&server, HostKind::Ollama).await;
    let last = warnings(&status)[1].0.to_owned();
    assert!(last.starts_with("has 62 % of it on the GPU"), "{last}");
}

#[tokio::test]
async fn a_model_that_writes_no_text_is_not_worked_with() {
    let mut fake = fake();
    fake.shown["capabilities"] = json!(["embedding"]);
    let server = serve(&fake);
    let status = found(&server, HostKind::Ollama).await;
    assert_eq!((status.live, status.fault), (false, Some(Fault::Unable)));
    assert!(status.words.starts_with("is no model that writes text"));
    fake.shown["capabilities"] = json!(["completion"]);
    let status = found(&serve(&fake), HostKind::Ollama).await;
    assert!(status.live && says(&status, Severity::Note, "no tools"));
}

#[tokio::test]
async fn a_server_that_was_given_less_context_is_named_with_the_flag_that_gives_more() {
    for (wire, how) in [
        (Wire::LlamaCpp, "-c 16384"),
        (Wire::Vllm, "--max-model-len 16384"),
        (Wire::LmStudio, "--context-length 16384"),
    ] {
        let fake = Fake {
            model: "qwen3:14b".to_owned(),
            context: 8192,
            ..Fake::new(wire)
        };
        let status = found(&serve(&fake), kind(wire)).await;
        let warned = warnings(&status);
        assert_eq!(warned.len(), 1, "{wire:?}: {warned:?}");
        assert!(warned[0].0.starts_with("has 8192 tokens of context"));
        assert!(
            warned[0].1.contains(how) && warned[0].1.contains("num_ctx = 8192"),
            "{warned:?}"
        );
    }
}

#[tokio::test]
async fn a_host_that_cannot_be_reached_names_what_to_set_where() {
    let remedy = |url: &str, kind| {
        let url = url.to_owned();
        async move {
            let status = hosts(host(kind, &url)).probe("gpu", "m").await;
            assert_eq!(status.fault, Some(Fault::Unreachable), "{status:?}");
            assert_eq!(status.findings[0].subject, "gpu");
            status.findings[0].remedy.clone()
        }
    };
    let here = remedy(&closed_url(), HostKind::Ollama).await;
    assert_eq!(here, "start it with `ollama serve` or correct the url");
    // The name of a machine that cannot exist (RFC 2606).
    let local = Host {
        local: Some(true),
        ..host(HostKind::Ollama, "http://gpu1.invalid:11434")
    };
    let status = hosts(local).probe("gpu", "m").await;
    assert!(
        status.findings[0]
            .remedy
            .starts_with("gpu1.invalid is no name this machine knows"),
        "{status:?}"
    );
}

/// The alarm of the n-th turn with a loaded model as told, and what was asked in between.
async fn odd(models: &ModelHosts) -> (Option<String>, Option<u8>) {
    let reply = take(models, &request()).await.0.unwrap();
    (reply.odd, reply.gpu)
}

#[tokio::test]
async fn a_reload_that_another_client_causes_is_told_with_the_offer_to_share() {
    let fake = fake();
    fake.loads(16384, 100);
    let server = serve(&fake);
    let models = hosts(host(HostKind::Ollama, &server.url()));
    assert_eq!(odd(&models).await, (None, Some(100)));
    fake.loads(4096, 100);
    let (words, _) = odd(&models).await;
    let words = words.unwrap();
    assert!(
        words.starts_with("qwen3:14b on gpu: another client keeps it loaded with 4096")
            && words.contains("set hosts.gpu.num_ctx = 4096"),
        "{words}"
    );
    // It was given less than was asked for, and no other client is behind that.
    assert_eq!(odd(&models).await, (None, Some(100)));
    *fake.loaded.lock().unwrap() = json!([{"name": "llama3:8b"}]);
    let words = odd(&models).await.0.unwrap();
    assert!(
        words.starts_with("another client made gpu unload qwen3:14b for llama3:8b"),
        "{words}"
    );
    *fake.loaded.lock().unwrap() = json!([]);
    assert!(
        odd(&models)
            .await
            .0
            .unwrap()
            .contains("unloaded before its time")
    );
    fake.loads(16384, 40);
    assert_eq!(odd(&models).await, (None, Some(40)));
}

#[tokio::test]
async fn our_own_other_model_is_no_other_client() {
    let fake = fake();
    let server = serve(&fake);
    let models = hosts(host(HostKind::Ollama, &server.url()));
    assert_eq!(odd(&models).await.0, None, "nothing was loaded before");
    let other = TurnRequest {
        model: "coder".to_owned(),
        ..request()
    };
    take(&models, &other).await.0.unwrap();
    assert_eq!(odd(&models).await.0, None, "we made it unload it ourselves");
}

#[tokio::test]
async fn our_own_other_name_with_another_window_is_no_other_client() {
    let fake = fake();
    fake.loads(8192, 100);
    let server = serve(&fake);
    let twin = Host {
        num_ctx: 8192,
        ..host(
            HostKind::Ollama,
            &server.url().replace("127.0.0.1", "localhost"),
        )
    };
    let both = [
        ("gpu".to_owned(), host(HostKind::Ollama, &server.url())),
        ("twin".to_owned(), twin),
    ];
    let models = ModelHosts::new(
        &BTreeMap::from(both),
        Prices::default(),
        Arc::new(SystemClock),
        Box::new(|_| None),
    );
    let status = models.probe("gpu", "qwen3:14b").await;
    assert!(warnings(&status).is_empty(), "{status:?}");
    assert_eq!(odd(&models).await.0, None);
    fake.loads(4096, 100);
    assert!(odd(&models).await.0.unwrap().contains("another client"));
}

#[tokio::test]
async fn a_token_goes_as_bearer_and_a_key_as_key() {
    let fake = Fake::new(Wire::Anthropic);
    let server = ModelServer::answering(move |request| fake.answer(request));
    for bearer in [false, true] {
        let models = hosts(Host {
            key: Some(Secret::new("sk-ant-test".to_owned())),
            bearer,
            ..host(HostKind::Anthropic, &server.url())
        });
        assert!(models.probe("gpu", "test").await.live);
        take(&models, &request()).await.0.unwrap();
    }
    let sent: Vec<(Option<String>, Option<String>)> = server
        .requests()
        .iter()
        .map(|request| {
            let header = |name: &str| request.header(name).map(str::to_owned);
            (header("x-api-key"), header("authorization"))
        })
        .collect();
    let key = (Some("sk-ant-test".to_owned()), None);
    let token = (None, Some("Bearer sk-ant-test".to_owned()));
    assert_eq!(sent, [key.clone(), key, token.clone(), token]);
}

#[tokio::test]
async fn what_servers_tell_of_tools_is_told() {
    let cap =
        |can: bool| json!({"chat_template_caps": {"supports_tool_calls": can}, "total_slots": 1});
    for can in [true, false] {
        let fake = Fake {
            model: "qwen3:14b".to_owned(),
            ..Fake::new(Wire::LlamaCpp)
        };
        let llama = ModelServer::answering(move |request| match request.path.as_str() {
            "/props" => Answer::status(200, &cap(can).to_string()),
            _ => fake.answer(request),
        });
        let status = found(&llama, HostKind::LlamaCpp).await;
        assert_eq!(says(&status, Severity::Fine, "can: completion, tools"), can);
        assert_eq!(says(&status, Severity::Note, "no tools"), !can);
        let listed = json!({"models": [{"type": "llm", "key": "qwen3:14b", "capabilities": {"trained_for_tool_use": can},
            "loaded_instances": [{"id": "x", "config": {"context_length": 16384}}]}]});
        let fake = Fake {
            model: "qwen3:14b".to_owned(),
            ..Fake::new(Wire::LmStudio)
        };
        let studio = ModelServer::answering(move |request| match request.path.as_str() {
            "/api/v1/models" => Answer::status(200, &listed.to_string()),
            _ => fake.answer(request),
        });
        let status = found(&studio, HostKind::LmStudio).await;
        assert_eq!(says(&status, Severity::Fine, "can: completion, tools"), can);
        assert_eq!(says(&status, Severity::Note, "no tools"), !can);
    }
}

#[tokio::test]
async fn the_older_list_of_lm_studio_tells_its_context_too() {
    let listed = json!({"object": "list", "data": [
        {"id": "other", "type": "llm", "state": "loaded", "loaded_context_length": 2048, "max_context_length": 40960},
        {"id": "qwen3:14b", "type": "llm", "state": "loaded", "loaded_context_length": 6144, "max_context_length": 40960},
    ]});
    let fake = Fake {
        model: "qwen3:14b".to_owned(),
        ..Fake::new(Wire::LmStudio)
    };
    let server = ModelServer::answering(move |request| match request.path.as_str() {
        "/api/v1/models" => Answer::status(
            200,
            r#"{"error":"Unexpected endpoint or method. (GET /api/v1/models)"}"#,
        ),
        "/api/v0/models" => Answer::status(200, &listed.to_string()),
        _ => fake.answer(request),
    });
    let models = hosts(host(HostKind::LmStudio, &server.url()));
    assert!(models.probe("gpu", "qwen3:14b").await.live);
    assert_eq!(models.context("gpu", "qwen3:14b"), 6144);
}

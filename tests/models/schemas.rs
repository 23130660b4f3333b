//! Schemas of replies: as the vendors' own services take them, and what is left out where one is refused all the same.

use super::fakes::{Fake, Wire, refused_by_openai};
use super::*;
use dev_factory::agents::prompt::object;

/// One with everything a schema of ours may hold.
fn schema() -> Value {
    object(&json!({
        "thought": {"type": "string", "maxLength": 300},
        "notes": {"type": "array", "items": {"type": "string"}},
    }))
}

fn verdict(format: Value) -> TurnRequest {
    TurnRequest {
        think: false,
        seed: None,
        format: Some(format),
        max_tokens: 1200,
        ..request()
    }
}

fn openai() -> ModelServer {
    ModelServer::answering(|request| {
        let format = &request.json()["response_format"];
        let refused = refused_by_openai(&format["json_schema"]["schema"]);
        refused.unwrap_or_else(|| model_server::openai_reply(request, "fine"))
    })
}

#[tokio::test]
async fn a_schema_of_ours_goes_to_the_vendors_at_once_without_bounds() {
    let fake = Fake::new(Wire::Anthropic);
    let anthropic = ModelServer::answering(move |request| fake.answer(request));
    let openai = openai();
    let plain = json!({
        "type": "object",
        "properties": {"thought": {"type": "string"}, "notes": {"type": "array", "items": {"type": "string"}}},
        "required": ["thought", "notes"],
        "additionalProperties": false,
    });
    for (kind, server, at) in [
        (
            HostKind::Anthropic,
            &anthropic,
            "/output_config/format/schema",
        ),
        (
            HostKind::OpenAi,
            &openai,
            "/response_format/json_schema/schema",
        ),
    ] {
        let models = hosts(host(kind, &server.url()));
        let reply = take(&models, &verdict(schema())).await.0.unwrap();
        assert_eq!(reply.text, "fine");
        let [sent] = &server.turns()[..] else {
            panic!("{kind:?} refused it");
        };
        assert_eq!(sent.json().pointer(at), Some(&plain), "{kind:?}");
    }
    // A server of one's own keeps bounds, which keep a small model from rambling.
    let server = ModelServer::serving(|_| "fine".to_owned());
    let models = hosts(host(HostKind::LlamaCpp, &server.url()));
    take(&models, &verdict(schema())).await.0.unwrap();
    let sent = server.turns()[0].json();
    assert_eq!(sent["response_format"]["json_schema"]["schema"], schema());
}

#[tokio::test]
async fn a_schema_that_is_refused_goes_alone() {
    let open = || json!({"type": "object", "properties": {"verdict": {"type": "string"}}});
    let fake = Fake::new(Wire::Anthropic);
    let server = ModelServer::answering(move |request| fake.answer(request));
    let models = hosts(host(HostKind::Anthropic, &server.url()));
    take(&models, &verdict(open())).await.0.unwrap();
    let turns = server.turns();
    let sent = turns[1].json();
    assert_eq!(
        (
            &sent["output_config"],
            &sent["max_tokens"],
            &sent["thinking"]["type"]
        ),
        (
            &json!({"effort": "low"}),
            &json!(1200 + 4096),
            &json!("adaptive")
        ),
        "a model that cannot be kept from thinking keeps its room for it"
    );

    let server = openai();
    let models = hosts(host(HostKind::OpenAi, &server.url()));
    take(&models, &verdict(open())).await.0.unwrap();
    let turns = server.turns();
    let mut first = turns[0].json();
    first.as_object_mut().unwrap().remove("response_format");
    assert_eq!(turns[1].json(), first);
}

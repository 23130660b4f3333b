//! What turns cost: built-in rates, cached tokens, long prompts, dates; and that a paid model without a price is not called.

use super::fakes::{Fake, Said, Wire};
use super::*;
use dev_factory::config::{self, Inputs};
use dev_factory::domain::price::{Cached, Prices, Rate};
use dev_factory::factory::ports::clock::Clock;

struct On(&'static str);

impl Clock for On {
    fn now(&self) -> chrono::DateTime<chrono::Utc> {
        self.0.parse().unwrap()
    }
}

fn built_in() -> Prices {
    let loaded = config::load(&Inputs::default(), &|_| Err(String::new())).unwrap();
    loaded.settings.prices
}

/// The rate of a model on a day for a prompt, and what a turn costs by it.
fn cost(model: &str, day: &str, input: u64, output: u64, cached: Cached) -> (String, f64) {
    let prices = built_in();
    let rate = prices.rate(model, day.parse().unwrap(), input).unwrap();
    let usd = rate.cost(input, output, cached);
    (rate.id.clone(), (usd * 1e9).round() / 1e9)
}

const NONE: Cached = Cached {
    read: 0,
    write_5m: 0,
    write_1h: 0,
};

#[test]
fn opus_with_and_without_cache() {
    let day = "2026-11-20";
    let (id, usd) = cost("claude-opus-5-5", day, 10_000, 2_000, NONE);
    assert_eq!((id.as_str(), usd), ("opus-5-5", 0.04 + 0.04));
    let cached = Cached {
        read: 8_000,
        write_5m: 1_000,
        write_1h: 500,
    };
    let (_, usd) = cost("claude-opus-5-5", day, 10_000, 2_000, cached);
    // 500 plain, 1,000 written for five minutes, 500 for an hour, 8,000 read at a twentieth.
    assert_eq!(usd, 0.002 + 0.005 + 0.004 + 0.0016 + 0.04);
}

#[test]
fn haikus_long_prompts_are_billed_whole_at_the_higher_rate() {
    let day = "2026-11-20";
    let of = |prompt| cost("claude-haiku-5-5", day, prompt, 1_000, NONE);
    assert_eq!(of(100_000), ("haiku-5-5".to_owned(), 0.0105));
    assert_eq!(of(100_001), ("haiku-5-5-long".to_owned(), 0.0525005));
    // What is read from the cache counts towards the step.
    let cached = Cached {
        read: 60_000,
        ..NONE
    };
    let (id, _) = cost("claude-haiku-5-5", day, 100_001, 1, cached);
    assert_eq!(id, "haiku-5-5-long");
}

#[test]
fn a_newer_flat_rate_ends_an_older_one_for_long_prompts() {
    let rate = |id: &str, from: &str, above_tokens: u64, input: f64| Rate {
        id: id.to_owned(),
        models: vec!["m".to_owned()],
        effective_from: from.parse().unwrap(),
        above_tokens,
        input,
        write_5m: 0.0,
        write_1h: 0.0,
        read: 0.0,
        output: 0.0,
    };
    let prices = Prices {
        rates: vec![
            rate("short", "2026-01-01", 0, 1.0),
            rate("long", "2026-01-01", 100_000, 5.0),
            rate("flat", "2026-06-01", 0, 2.0),
        ],
    };
    let of = |day: &str, prompt| {
        prices
            .rate("m", day.parse().unwrap(), prompt)
            .unwrap()
            .id
            .clone()
    };
    assert_eq!(
        (of("2026-05-31", 1), of("2026-05-31", 100_001)),
        ("short".to_owned(), "long".to_owned())
    );
    assert_eq!(
        (of("2026-06-01", 1), of("2026-06-01", 100_001)),
        ("flat".to_owned(), "flat".to_owned())
    );
}

#[test]
fn sonnets_cache_became_cheaper_on_the_seventh_of_october() {
    let cached = Cached {
        read: 1_000_000,
        ..NONE
    };
    let of = |day| cost("claude-sonnet-5-5", day, 1_000_000, 0, cached);
    assert_eq!(of("2026-10-06"), ("sonnet-5-5".to_owned(), 0.2));
    assert_eq!(of("2026-10-07"), ("sonnet-5-5-october".to_owned(), 0.1));
}

fn paid(url: &str, today: &'static str) -> ModelHosts {
    // Loopback would be free; the test says it is not.
    let settings = Host {
        local: Some(false),
        ..host(HostKind::Anthropic, url)
    };
    ModelHosts::new(
        &BTreeMap::from([("gpu".to_owned(), settings)]),
        built_in(),
        Arc::new(On(today)),
        Box::new(|_| None),
    )
}

fn asking(model: &str) -> TurnRequest {
    TurnRequest {
        model: model.to_owned(),
        ..request()
    }
}

#[tokio::test]
async fn a_paid_turn_carries_its_price_and_its_rate() {
    let fake = Fake {
        counts: Some(50_000),
        cached: 40_000,
        ..Fake::new(Wire::Anthropic).saying(Said::text("x"))
    };
    let server = ModelServer::answering(move |request| fake.answer(request));
    let models = paid(&server.url(), "2026-11-20T10:00:00Z");
    let turn = asking("claude-opus-5-5");
    let reply = take(&models, &turn).await.0.unwrap();
    assert_eq!(
        (reply.local, reply.rate.as_deref(), reply.cached.read),
        (false, Some("opus-5-5"), 40_000)
    );
    let wanted = 10_000.0 * 4e-6 + 40_000.0 * 0.2e-6 + 20e-6;
    assert!((reply.usd.unwrap() - wanted).abs() < 1e-9, "{reply:?}");
    assert!(!models.free("gpu", "claude-opus-5-5"));
    assert_eq!(server.turns()[0].header("x-turn-label"), None);
}

#[tokio::test]
async fn a_paid_turn_the_server_did_not_count_is_never_free() {
    let server = ModelServer::answering(|_| {
        sse(&[
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"some words of an answer"}}"#,
            r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"}}"#,
            r#"{"type":"message_stop"}"#,
        ])
    });
    let models = paid(&server.url(), "2026-11-20T10:00:00Z");
    let reply = take(&models, &asking("claude-opus-5-5")).await.0.unwrap();
    assert_eq!((reply.input_tokens, reply.output_tokens), (None, None));
    assert!(reply.usd.unwrap() > 0.0001, "{reply:?}");
}

#[tokio::test]
async fn what_a_server_counted_before_it_broke_off_is_told_with_the_fault() {
    let fake = Fake {
        counts: Some(50_000),
        cached: 40_000,
        ..Fake::new(Wire::Anthropic).saying(Said::text("x"))
    };
    for (chunks, read) in [(1, Some(50_000)), (0, None)] {
        let fake = fake.clone();
        let server = ModelServer::answering(move |request| {
            fakes::broken_off(fake.answer(request), chunks, vec![Step::Close])
        });
        let models = paid(&server.url(), "2026-11-20T10:00:00Z");
        let error = take(&models, &asking("claude-opus-5-5"))
            .await
            .0
            .unwrap_err();
        assert_eq!(error.fault, Fault::Broken);
        let cached = if read.is_some() { 40_000 } else { 0 };
        assert_eq!(
            (error.spent.input_tokens, error.spent.cached.read),
            (read, cached)
        );
    }
}

#[tokio::test]
async fn a_paid_model_without_a_price_is_not_called() {
    let server = ModelServer::serving(|_| "ok".to_owned());
    for (model, today) in [
        ("claude-opus-9", "2026-11-20T10:00:00Z"),
        ("claude-opus-5-5", "2026-09-01T10:00:00Z"),
    ] {
        let models = paid(&server.url(), today);
        let error = take(&models, &asking(model)).await.0.unwrap_err();
        assert_eq!(error.fault, Fault::Unpriced);
        assert!(error.to_string().contains("[prices]"), "{error}");
        let status = models.probe("gpu", model).await;
        assert_eq!((status.live, status.fault), (false, Some(Fault::Unpriced)));
    }
    let cloud = asking("gpt-oss:120b-cloud");
    let models = hosts(host(HostKind::Ollama, &server.url()));
    let error = take(&models, &cloud).await.0.unwrap_err();
    assert_eq!(error.fault, Fault::Unpriced);
    assert!(server.turns().is_empty());
    assert!(models.free("gpu", "qwen3:14b") && !models.free("gpu", "gpt-oss:120b-cloud"));
    assert!(!models.free("nobody", "qwen3:14b"));
    let marked = hosts(Host {
        local: Some(true),
        ..host(HostKind::Ollama, &server.url())
    });
    assert_eq!(take(&marked, &cloud).await.0.unwrap().usd, Some(0.0));
}

#[tokio::test]
async fn counts_of_the_cache_that_come_once_hold_to_the_end_of_the_reply() {
    // The last figures repeat what was read, and say nothing of the cache.
    let server = ModelServer::answering(|_| {
        sse(&[
            r#"{"type":"message_start","message":{"usage":{"input_tokens":100,"cache_creation_input_tokens":700,"cache_read_input_tokens":40000,"cache_creation":{"ephemeral_5m_input_tokens":200,"ephemeral_1h_input_tokens":500},"output_tokens":1}}}"#,
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"fine"}}"#,
            r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"input_tokens":100,"cache_read_input_tokens":null,"cache_creation_input_tokens":null,"output_tokens":9}}"#,
            r#"{"type":"message_stop"}"#,
        ])
    });
    let models = paid(&server.url(), "2026-11-20T10:00:00Z");
    let reply = take(&models, &asking("claude-opus-5-5")).await.0.unwrap();
    let cached = Cached {
        read: 40_000,
        write_5m: 200,
        write_1h: 500,
    };
    assert_eq!(
        (reply.input_tokens, reply.output_tokens, reply.cached),
        (Some(40_800), Some(9), cached)
    );
}

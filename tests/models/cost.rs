//! What turns cost, and that a paid model without a price is not called.

use super::*;

#[tokio::test]
async fn a_paid_model_without_a_price_is_not_called() {
    let remote = hosts(host(HostKind::OpenAi, "https://models.example.com"));
    let error = take(&remote, &request()).await.0.unwrap_err();
    assert_eq!(error.fault, Fault::Unpriced);
    assert!(error.to_string().contains("[prices]"), "{error}");
    let server = ModelServer::serving(|_| "ok".to_owned());
    let cloud = TurnRequest {
        model: "gpt-oss:120b-cloud".to_owned(),
        ..request()
    };
    let models = hosts(host(HostKind::Ollama, &server.url()));
    assert!(matches!(
        take(&models, &cloud).await.0,
        Err(ModelError {
            fault: Fault::Unpriced,
            ..
        })
    ));
    assert!(server.requests().is_empty());
    assert!(models.local("gpu") && !remote.local("gpu") && !models.local("nobody"));
    let marked = hosts(Host {
        local: Some(true),
        ..host(HostKind::Ollama, &server.url())
    });
    assert_eq!(take(&marked, &cloud).await.0.unwrap().usd, Some(0.0));
}

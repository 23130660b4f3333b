//! Scripted hosts.

use super::*;

#[tokio::test]
async fn scripted_replies_stream_and_say_so() {
    let long = "é".repeat(100);
    let reply = long.clone();
    let script =
        move |path: &str| (path == "adder/coding/file/src/cli.js/0.md").then(|| reply.clone());
    let settings = Host {
        pace: 30,
        ..host(HostKind::Scripted, "")
    };
    let models = ModelHosts::new(
        &BTreeMap::from([("gpu".to_owned(), settings)]),
        Prices::default(),
        Arc::new(SystemClock),
        Box::new(script),
    );
    tokio::time::pause();
    let begun = tokio::time::Instant::now();
    let (reply, pieces) = take(&models, &request()).await;
    let reply = reply.unwrap();
    assert!((90..100).contains(&begun.elapsed().as_millis()));
    assert_eq!(pieces.len(), 3);
    assert_eq!(reply.text, long);
    assert_eq!(
        (reply.scripted, reply.local, reply.usd, reply.cut),
        (true, true, Some(0.0), false)
    );
    assert_eq!(
        (reply.output_tokens, reply.input_tokens),
        (Some(28), Some(9))
    );
    // The highest number there is repeats.
    let later = TurnRequest {
        label: "adder/coding/file/src/cli.js/7".to_owned(),
        ..request()
    };
    assert_eq!(take(&models, &later).await.0.unwrap().text, long);
    let unknown = TurnRequest {
        label: "adder/qa/replace/0".to_owned(),
        ..request()
    };
    let error = take(&models, &unknown).await.0.unwrap_err();
    assert_eq!(error.fault, Fault::NoScript);
    assert!(error.to_string().contains("adder/qa/replace/0"), "{error}");
}

#[tokio::test]
async fn scripted_replies_come_from_a_folder_and_from_nowhere_else() {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("replies/adder/spec/draft");
    std::fs::create_dir_all(&inside).unwrap();
    std::fs::write(inside.join("0.md"), "first").unwrap();
    std::fs::write(inside.join("2.md"), "third").unwrap();
    std::fs::write(folder.path().join("0.md"), "outside").unwrap();
    let settings = Host {
        replies: Some(folder.path().join("replies")),
        ..host(HostKind::Scripted, "")
    };
    let models = hosts(settings);
    for (label, text) in [
        ("adder/spec/draft/0", Some("first")),
        ("adder/spec/draft/1", Some("first")),
        ("adder/spec/draft/2", Some("third")),
        ("adder/spec/draft/4000000000", Some("third")),
        ("adder/spec/draft/x", None),
        ("../0", None),
        ("/0", None),
        ("adder/../../0", None),
        ("nonsense", None),
        ("", None),
    ] {
        let turn = TurnRequest {
            label: label.to_owned(),
            ..request()
        };
        assert_eq!(
            take(&models, &turn)
                .await
                .0
                .ok()
                .map(|reply| reply.text)
                .as_deref(),
            text,
            "{label}"
        );
    }
}

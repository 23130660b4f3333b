//! What must come out of redaction, whole and in pieces.

use super::*;
use proptest::prelude::*;

#[test]
fn known_shapes_are_found_and_ordinary_words_stay() {
    let redactor = Redactor::default();
    let cases = [
        ("key sk-abcdefghijklmnop1234.", "key [redacted]."),
        ("ghp_abcdefghijklmnopqrstuvwx0123456789", "[redacted]"),
        ("github_pat_abcdefghijklmnopqrstuvwx", "[redacted]"),
        ("id=AKIAABCDEFGHIJKLMNOP;", "id=[redacted];"),
        ("ASIAABCDEFGHIJKLMNOP", "[redacted]"),
        ("xoxb-1234567890-abcdef", "[redacted]"),
        (
            "Bearer eyJhbGciOiJI.eyJzdWIiOiIx.c2lnbmF0dXJl",
            "Bearer [redacted]",
        ),
        ("https://me:hunter2@host/x", "https://me:[redacted]@host/x"),
        (
            "a -----BEGIN RSA PRIVATE KEY-----\nMIIE\nxx\n-----END RSA PRIVATE KEY----- b",
            "a [redacted] b",
        ),
        ("-----BEGIN PRIVATE KEY-----\nnever closed", "[redacted]"),
        (
            "task-list risk-free-and-very-long-word",
            "task-list risk-free-and-very-long-word",
        ),
        ("http://host:8080/a@b", "http://host:8080/a@b"),
        (
            "-----BEGIN CERTIFICATE-----\nx",
            "-----BEGIN CERTIFICATE-----\nx",
        ),
    ];
    for (raw, safe) in cases {
        assert_eq!(redactor.redact(raw), safe, "{raw}");
    }
}

fn knowing(secrets: &[&str]) -> Redactor {
    let redactor = Redactor::default();
    for secret in secrets {
        redactor.learn(&Secret::new((*secret).to_owned()));
    }
    redactor
}

#[test]
fn a_value_is_found_in_every_form() {
    let redactor = knowing(&["p&ss\"wörd/9"]);
    for form in [
        "p&ss\"wörd/9",
        "p%26ss%22w%C3%B6rd%2F9",
        "p%26ss%22w%c3%b6rd%2f9",
        r#"p&ss\"wörd\/9"#,
        r#"p\u0026ss\"w\u00f6rd\/9"#,
        "p&amp;ss&quot;w&#246;rd/9",
        "702673732277c3b672642f39",
        "702673732277C3B672642F39",
    ] {
        assert_eq!(
            redactor.redact(&format!("x {form} y")),
            format!("x {MARK} y"),
            "{form}"
        );
    }
    assert!(!format!("{redactor:?}").contains("rd"));
    assert_eq!(knowing(&["abc"]).redact("abc"), "abc");
}

#[test]
fn base64_is_found_wherever_it_begins() {
    let redactor = knowing(&["canary-Zq7>>>???4"]);
    for (prefix, standard, safe) in [
        ("", "Y2FuYXJ5LVpxNz4+Pj8/PzQ=", "Y2FuYXJ5LVpxNz4-Pj8_PzQ"),
        ("u", "dWNhbmFyeS1acTc+Pj4/Pz80", "dWNhbmFyeS1acTc-Pj4_Pz80"),
        (
            "us",
            "dXNjYW5hcnktWnE3Pj4+Pz8/NA==",
            "dXNjYW5hcnktWnE3Pj4-Pz8_NA",
        ),
    ] {
        for text in [standard, safe] {
            let out = redactor.redact(text);
            assert!(
                out.contains(MARK) && out.len() < MARK.len() + 8,
                "{prefix}: {out}"
            );
        }
    }
    // As PowerShell encodes: UTF-16.
    assert!(
        redactor
            .redact("YwBhAG4AYQByAHkALQBaAHEANwA+AD4APgA/AD8APwA0AA==")
            .starts_with(MARK)
    );
}

#[test]
fn clones_share_what_they_learn_and_forget_nothing() {
    let redactor = knowing(&["first-secret"]);
    let other = redactor.clone();
    redactor.learn(&Secret::new("second-secret".to_owned()));
    assert_eq!(
        other.redact("first-secret second-secret"),
        format!("{MARK} {MARK}")
    );
}

#[test]
fn code_keeps_what_only_looks_like_a_secret() {
    let code = "const key = 'known-secret', other = 'sk-abcdefghijklmnop1234';";
    let wanted = format!("const key = '{MARK}', other = 'sk-abcdefghijklmnop1234';");
    assert_eq!(knowing(&["known-secret"]).redact_known(code), wanted);
    let name = "the tool sk-learn-model-inspector";
    assert_eq!(Redactor::default().redact(name), name);
}

#[test]
fn what_hides_inside_a_secret_does_not_save_it() {
    let redactor = knowing(&["hidden-secret"]);
    assert_eq!(redactor.clean("hid\u{0}den\x1b[0m-secret"), MARK);
    let mut value = serde_json::json!({"a": ["x\u{7}", {"b": "hidden-secret"}], "n": 1});
    assert!(redactor.clean_value(&mut value));
    assert_eq!(value, serde_json::json!({"a": ["x", {"b": MARK}], "n": 1}));
    assert!(!redactor.clean_value(&mut value));
}

#[test]
fn fields_that_become_one_name_keep_their_values() {
    let redactor = knowing(&["first-secret", "second-secret"]);
    let mut value = serde_json::json!({"first-secret": 1, "second-secret": 2, "plain": 3});
    assert!(redactor.redact_known_foreign(&mut value));
    let wanted = serde_json::json!({MARK: 1, format!("{MARK}_"): 2, "plain": 3});
    assert_eq!(value, wanted);
}

#[test]
fn a_hostile_text_takes_no_longer_than_another() {
    let redactor = knowing(&["canary-Zq7>>>???4"]);
    let begun = std::time::Instant::now();
    let words = [
        "eyJ.",
        "sk-",
        "\\",
        "&",
        "&#",
        "://a:",
        "://",
        "-----BEGIN ",
        "%25",
        "c",
        "canary-Zq7",
        "Y2Fu",
    ];
    std::thread::scope(|scope| {
        for share in words.chunks(4) {
            let redactor = &redactor;
            scope.spawn(move || {
                for word in share {
                    let _ = redactor.redact(&word.repeat(128 * 1024 / word.len()));
                }
            });
        }
    });
    assert!(begun.elapsed().as_secs() < 60, "{:?}", begun.elapsed());
}

#[test]
fn ordinary_text_is_not_kept_back() {
    let redactor = knowing(&["longsecretvalue"]);
    let mut stream = redactor.stream();
    assert_eq!(stream.push("words and "), "words and ");
    assert_eq!(stream.push("long"), "");
    assert_eq!(stream.push("er "), "longer ");
}

proptest! {
    #[test]
    fn pieces_give_what_the_whole_gives(
        parts in proptest::collection::vec(prop_oneof![
            Just("my secret value".to_owned()), Just("my%20secret%20val&#117;e".to_owned()), Just("sk-abcdefghijklmnop1234".to_owned()),
            Just("https://u:pw12@h/".to_owned()), Just(" ".to_owned()), Just("\n".to_owned()),
            Just("-----BEGIN EC PRIVATE KEY-----\nabc\ndef\n-----END EC PRIVATE KEY-----".to_owned()),
            "[a-zé ]{0,8}",
        ], 0..12),
        cut in 1usize..9,
    ) {
        let raw = parts.concat();
        let redactor = knowing(&["my secret value"]);
        let mut stream = redactor.stream();
        let mut joined = String::new();
        let chars: Vec<char> = raw.chars().collect();
        for piece in chars.chunks(cut) {
            joined.push_str(&stream.push(&piece.iter().collect::<String>()));
        }
        joined.push_str(&stream.finish());
        prop_assert!(!joined.contains("my secret value"));
        prop_assert!(!joined.contains("%20secret"));
        prop_assert!(!joined.contains("pw12"));
        prop_assert_eq!(joined, redactor.redact(&raw));
    }
}

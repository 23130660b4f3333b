//! Replies good and bad: each bad one is answered with the sentence that helps.

use crate::word_count;
use dev_factory::agents::prompt::Numbers;
use dev_factory::agents::reply::{cases, fenced, json, plain};
use dev_factory::agents::supervisor::Bounds;
use dev_factory::agents::{developer, qa, supervisor};
use dev_factory::domain::case::CaseResult;
use dev_factory::domain::command::Decision;
use dev_factory::domain::stuck::Fault;
use proptest::prelude::*;

fn corpus(kind: &str) -> Vec<(String, String, String)> {
    let mut found: Vec<_> = std::fs::read_dir(crate::fixtures("replies"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read_to_string(path).unwrap())
        })
        .filter(|(name, _)| name.split('.').nth(1) == Some(kind))
        .map(|(name, text)| {
            (
                name.split('.').next().unwrap().to_owned(),
                name.clone(),
                text,
            )
        })
        .collect();
    found.sort();
    assert!(found.len() > 7);
    found
}

#[test]
fn thinking_is_left_behind_however_its_tags_stand() {
    use dev_factory::agents::reply::{fenced, plain};
    for reply in [
        "<think>hm</think>\nyes",
        "hm, well\n</think>\n\nyes",
        "<think>a</think>yes",
    ] {
        assert_eq!(plain(reply, 100).unwrap(), "yes", "{reply:?}");
    }
    for reply in ["<think>and so on, for ever", "only this</think>\n "] {
        let fault = plain(reply, 100).unwrap_err().fault;
        assert_eq!(fault, Fault::Monologue, "{reply:?}");
    }
    // In code the tag is text.
    let code = "```js\nconst end = '</think>';\n```";
    assert_eq!(fenced(code, &["js"]).unwrap(), "const end = '</think>';\n");
    let after = format!("so I write it\n</think>\n{code}");
    assert_eq!(
        fenced(&after, &["js"]).unwrap(),
        "const end = '</think>';\n"
    );
}

#[test]
fn good_replies_give_their_content() {
    for (language, name, text) in corpus("good") {
        let content =
            fenced(&text, &[&language]).unwrap_or_else(|bad| panic!("{name}: {}", bad.problem));
        let wanted = match name.as_str() {
            "markdown.good.nested.md" => "# A\n\n```js\nconst a = 1;\n```\n",
            "markdown.good.widest.md" => "# A\n",
            "jsonl.good.alias.md" => "{\"a\":1}\n",
            _ => "const a = 1;\n",
        };
        assert_eq!(content, wanted, "{name}");
    }
}

#[test]
fn bad_replies_are_answered_with_what_is_wrong() {
    let mut said = String::new();
    for (language, name, text) in corpus("bad") {
        let problem = fenced(&text, &[&language]).expect_err(&name).problem;
        said.push_str(&format!("{name}\n    {problem}\n"));
    }
    insta::assert_snapshot!("bad_replies", said);
}

#[test]
fn ten_megabytes_are_refused_at_once() {
    let text = format!("```js\n{}\n```", "x".repeat(10_000_000));
    let problem = fenced(&text, &["js"]).unwrap_err().problem;
    assert!(problem.starts_with("the reply is longer than"), "{problem}");
}

#[test]
fn half_a_character_is_named_with_its_line() {
    let bytes = b"```js\nconst a = 'caf\xc3';\n```\n";
    let problem = fenced(&String::from_utf8_lossy(bytes), &["js"])
        .unwrap_err()
        .problem;
    assert!(
        problem.starts_with("line 2 of the reply holds a broken character"),
        "{problem}"
    );
}

#[test]
fn cases_with_mistakes_are_all_named() {
    let text = "```jsonl\n{\"id\":\"H1\",\"rule\":\"R1\",\"call\":\"words\",\"expected\":1}\n{\"id\":\"H2\"\n{\"id\":\"H3\",\"rule\":\"R1\"}\n{\"id\":\"H4\",\"rule\":\"R4\",\"cli\":[\"a\"]}\n{\"id\":\"H5\",\"rule\":\"R1\",\"call\":\"words\",\"args\":[],\"expect\":1,\"given\":{\"file\":{}}}\n```";
    let problem = cases(text).unwrap_err().problem;
    assert!(
        problem.contains("line 1: H1: `expected` is not a field of a case; did you mean `expect`?"),
        "{problem}"
    );
    assert!(problem.contains("line 2: is not valid JSON"), "{problem}");
    assert!(
        problem.contains("line 3: H3: has neither `call` nor `cli`"),
        "{problem}"
    );
    assert!(problem.contains("and 2 more lines"), "{problem}");
}

#[test]
fn a_null_result_is_a_result() {
    let read = cases("```json\n[{\"id\":\"H1\",\"rule\":\"R1\",\"call\":\"words\",\"args\":[],\"expect\":null}]\n```").unwrap();
    assert_eq!(read[0].expect, Some(serde_json::Value::Null));
}

#[test]
fn json_stands_in_a_fence_or_alone() {
    let bare = "{\"notes\":\"n\",\"ambiguous\":[],\"verdict\":\"approve\"}";
    assert_eq!(
        qa::parse_verdict(bare).unwrap(),
        qa::parse_verdict(&format!("So:\n```json\n{bare}\n```")).unwrap()
    );
    let problem = qa::parse_verdict("```json\n{\"notes\":\"n\",\"verdict\":\"maybe\"}\n```")
        .unwrap_err()
        .problem;
    assert!(problem.contains("maybe"), "{problem}");
    assert!(qa::parse_verdict("{\"notes\":\" \",\"verdict\":\"reject\"}").is_err());
    assert!(json::<serde_json::Value>("{\"a\":1} and more").is_err());
}

#[test]
fn a_call_of_a_tool_in_place_of_a_verdict_or_a_line_is_asked_for_as_one() {
    let verdict = r#"{"notes":"n","ambiguous":[],"verdict":"approve"}"#;
    let calls = [
        format!(r#"{{"name":"verdict","arguments":{verdict}}}"#),
        format!(
            r#"{{"name":"verdict","arguments":"{}"}}"#,
            verdict.replace('"', "\\\"")
        ),
        format!("<tool_call>\n{{\"name\": \"verdict\", \"arguments\": {verdict}}}\n</tool_call>"),
        format!(
            "I approve.\n[TOOL_REQUEST]{{\"name\":\"verdict\",\"arguments\":{verdict}}}[END_TOOL_REQUEST]"
        ),
        format!("```json\n{{\"name\":\"verdict\",\"parameters\":{verdict}}}\n```"),
    ];
    for call in &calls {
        let bad = qa::parse_verdict(call).unwrap_err();
        assert!(
            bad.problem.contains("calls a tool, and there are none"),
            "{call}: {}",
            bad.problem
        );
        // What it holds is asked for in another form.
        assert_eq!(bad.fault, Fault::Form, "{call}");
    }
    let line = qa::parse_hypothesis("<tool_call>{\"name\":\"read\",\"arguments\":{}}</tool_call>");
    assert!(line.unwrap_err().problem.contains("as plain text"));
    // What only looks like one: a value with such fields, and a verdict that speaks of calls.
    let value: serde_json::Value = json(r#"{"name":"a","arguments":3}"#).unwrap();
    assert_eq!(value["name"], "a");
    let notes = verdict.replace("\"n\"", "\"<tool_call> is not escaped\"");
    assert!(qa::parse_verdict(&notes).is_ok());
}

#[test]
fn a_hypothesis_is_one_short_line() {
    assert_eq!(
        qa::parse_hypothesis("It is\n  the sign.\n").unwrap(),
        "It is the sign."
    );
    assert!(qa::parse_hypothesis(&"word ".repeat(200)).is_err());
    let many = "R2 is not kept. It counts short words. Use filter. Then return.";
    let two = qa::parse_hypothesis(many).unwrap();
    assert_eq!(two, "R2 is not kept. It counts short words.");
    let spec = word_count();
    assert!(qa::quotes_a_rule(&two, &spec));
    assert!(qa::quotes_a_rule(
        "But words are separated: Words are separated by white space",
        &spec
    ));
    assert!(!qa::quotes_a_rule("Use filter, as in R22.", &spec));
    assert_eq!(plain(" a\n b ", 100).unwrap(), "a\n b");
}

fn held(lines: &[&str]) -> String {
    let mut all: Vec<String> = (1..=8)
        .map(|n| format!("{{\"id\":\"H{n}\",\"rule\":\"R1\",\"call\":\"words\",\"args\":[\"x{n}\"],\"expect\":[\"x{n}\"]}}"))
        .collect();
    for (at, line) in lines.iter().enumerate() {
        all[at] = (*line).to_owned();
    }
    format!("```jsonl\n{}\n```", all.join("\n"))
}

#[test]
fn held_out_cases_must_fit_the_spec_and_be_new() {
    let spec = word_count();
    assert_eq!(qa::parse_cases(&held(&[]), &spec, 8).unwrap().len(), 8);
    let bad = [
        (
            "{\"id\":\"H1\",\"rule\":\"R9\",\"call\":\"words\",\"args\":[\"q\"],\"expect\":[]}",
            "H1 names R9, which is not a rule",
        ),
        (
            "{\"id\":\"H1\",\"rule\":\"R1\",\"call\":\"split\",\"args\":[\"q\"],\"expect\":[]}",
            "H1 calls split, which section API does not list",
        ),
        (
            "{\"id\":\"H1\",\"rule\":\"R1\",\"call\":\"words\",\"args\":[\"\"],\"expect\":[]}",
            "H1 has the same input as E2",
        ),
        (
            "{\"id\":\"H2\",\"rule\":\"R1\",\"call\":\"words\",\"args\":[\"q\"],\"expect\":[]}",
            "the id H2 is used already",
        ),
        (
            "{\"id\":\"E1\",\"rule\":\"R1\",\"call\":\"words\",\"args\":[\"q\"],\"expect\":[]}",
            "E1 is not an id of the form H1",
        ),
        (
            "{\"id\":\"H1\",\"rule\":\"R1\",\"call\":\"words\",\"args\":[\"x2\"],\"expect\":[]}",
            "H2 has the same input as H1",
        ),
    ];
    for (line, wanted) in bad {
        let problem = qa::parse_cases(&held(&[line]), &spec, 8)
            .unwrap_err()
            .problem;
        assert!(problem.contains(wanted), "{problem}");
    }
    let few = "```jsonl\n{\"id\":\"H1\",\"rule\":\"R1\",\"call\":\"words\",\"args\":[\"q\"],\"expect\":[]}\n```";
    assert!(
        qa::parse_cases(few, &spec, 8)
            .unwrap_err()
            .problem
            .contains("there are 1 cases and at least 8")
    );
    // Who wants fewer asks for fewer, but for one of each rule.
    assert_eq!(qa::parse_cases(few, &spec, 1).unwrap().len(), 1);
    let (examples, rules) = (spec.examples.len(), spec.rules.len());
    assert_eq!(qa::least(&spec, 100), examples);
    assert_eq!(qa::least(&spec, 200), 2 * examples);
    assert_eq!(qa::least(&spec, 50), examples.div_ceil(2).max(rules));
    assert_eq!(qa::least(&spec, 0), rules);
}

#[test]
fn a_replacement_is_one_new_case_for_the_rule() {
    let spec = word_count();
    let known = qa::parse_cases(&held(&[]), &spec, 8).unwrap();
    let taken: Vec<String> = known.iter().map(|case| case.id.clone()).collect();
    let ask = |line: &str| {
        qa::parse_replacement(
            &format!("```jsonl\n{line}\n```"),
            &spec,
            "R1",
            &taken,
            &known,
        )
    };
    let good = "{\"id\":\"H9\",\"rule\":\"R1\",\"call\":\"words\",\"args\":[\"new\"],\"expect\":[\"new\"]}";
    assert_eq!(ask(good).unwrap().id, "H9");
    assert_eq!(qa::next_id(&taken), "H9");
    for (line, wanted) in [
        (good.replace("H9", "H3"), "the id H3 is used already"),
        (good.replace("R1", "R2"), "H9 is for R2 and must be for R1"),
        (good.replace("\"new\"]", "\"x4\"]"), "same input as H4"),
        (good.replace("[\"new\"],", "[\"\"],"), "same input as E2"),
        (
            format!(
                "{good}\n{}",
                good.replace("H9", "H10").replace("new", "newer")
            ),
            "there are 2 cases",
        ),
    ] {
        let problem = ask(&line).unwrap_err().problem;
        assert!(problem.contains(wanted), "{problem}");
    }
}

#[test]
fn verdicts_keep_to_what_is_allowed() {
    let both = [Decision::Ship, Decision::SendBack];
    let hidden = [CaseResult {
        id: "H7".into(),
        rule: "R2".into(),
        passed: false,
        reproduce: "words(\"secret words\")".into(),
        expected: "2".into(),
        received: "1".into(),
        at: None,
    }];
    let bounds = Bounds {
        allowed: &both,
        hidden: &hidden,
        ..Bounds::default()
    };
    let reply = |verdict: &str, words: &str, file: &str| {
        format!(
            "{{\"checks\":[],\"verdict\":\"{verdict}\",\"instructions\":\"{words}\",\"file\":\"{file}\"}}"
        )
    };
    assert_eq!(
        supervisor::parse(&reply("ship", "", "src/x.js"), &bounds)
            .unwrap()
            .file,
        None
    );
    let back =
        supervisor::parse(&reply("send-back", "Fix the sign.", "src/x.js"), &bounds).unwrap();
    assert_eq!(back.file.as_deref(), Some("src/x.js"));
    let long = "word ".repeat(151);
    for (verdict, words, file, wanted) in [
        (
            "respec",
            "R1.",
            "",
            "the verdict `respec` is not possible here; use ship or send-back",
        ),
        ("send-back", "", "", "`instructions` is empty"),
        (
            "send-back",
            long.as_str(),
            "",
            "has 151 words and at most 150",
        ),
        (
            "send-back",
            "Fix.",
            "bin/x.js",
            "which the Developer does not write",
        ),
        (
            "send-back",
            "Fix.",
            "src/../../x.js",
            "which the Developer does not write",
        ),
        ("approve", "", "", "unknown variant"),
        (
            "send-back",
            "See H7: two words.",
            "",
            "gives away a held-out case (H7)",
        ),
        (
            "send-back",
            "It fails for `secret words`.",
            "",
            "gives away a held-out case (secret words)",
        ),
    ] {
        let problem = supervisor::parse(&reply(verdict, words, file), &bounds)
            .unwrap_err()
            .problem;
        assert!(problem.contains(wanted), "{problem}");
    }
}

#[test]
fn files_keep_to_the_write_policy() {
    let spec = word_count();
    let numbers = Numbers::default();
    let check = |path: &str, text: &str, before: Option<&str>| {
        developer::check_file(path, text, before, &spec, &numbers).map_err(|bad| bad.problem)
    };
    let good = "'use strict';\r\nmodule.exports = { words: (t) => t.split(/\\s+/) };";
    assert_eq!(
        check("src/words.js", good, None).unwrap(),
        good.replace("\r\n", "\n") + "\n"
    );
    let long = "const a = 1;\n".repeat(201);
    let before = "const a = 1;\n".repeat(100);
    let after = "const a = 1;\n".repeat(59);
    for (path, text, before, wanted) in [
        ("src/other.js", "1;", None, "is not a file of the plan"),
        ("package.json", "{}", None, "is not a file of the plan"),
        (
            "test/examples.test.js",
            "1;",
            None,
            "is not a file of the plan",
        ),
        (
            "src/words.js",
            long.as_str(),
            None,
            "has 201 lines and at most 200",
        ),
        (
            "src/words.js",
            "const a = 1;\n// ... existing code\n",
            None,
            "line 2 of src/words.js leaves code out",
        ),
        (
            "src/words.js",
            "/* rest of the code */\n",
            None,
            "leaves code out",
        ),
        (
            "src/words.js",
            "// ... unchanged\n",
            None,
            "leaves code out",
        ),
        ("src/words.js", "  // …\n", None, "leaves code out"),
        (
            "src/words.js",
            "import fs from 'fs';\n",
            None,
            "line 1 of src/words.js uses import or export",
        ),
        (
            "src/words.js",
            "import './x.js';\n",
            None,
            "uses import or export",
        ),
        (
            "src/words.js",
            "1;\nexport default 1;\n",
            None,
            "line 2 of src/words.js uses import or export",
        ),
        (
            "src/words.js",
            "const = 1;\n",
            None,
            "is not valid JavaScript",
        ),
        (
            "src/words.js",
            after.as_str(),
            Some(before.as_str()),
            "had 100 lines of text and now has 59",
        ),
        (
            "test/dev/words.test.js",
            "/** @jest-environment jsdom */\n",
            None,
            "sets `@jest-environment`",
        ),
        ("README.md", long.as_str(), None, "has 201 lines"),
    ] {
        let problem = check(path, text, before).expect_err(text);
        assert!(problem.contains(wanted), "{problem}");
    }
    // A spec can plan two sources in place of one; of a README it says nothing.
    for (path, fault) in [
        ("src/words.js", Fault::Long),
        ("test/dev/words.test.js", Fault::Long),
        ("README.md", Fault::Form),
    ] {
        let bad = developer::check_file(path, &long, None, &spec, &numbers).unwrap_err();
        assert_eq!(bad.fault, fault, "{path}");
    }
    for text in [
        "// The existing code of an error stays.\n1;\n",
        "const important = 1;\nconst exporter = [...[1]];\n",
        "// Same spelling as before the change, see R2.\n1;\n",
    ] {
        check("src/words.js", text, None).unwrap();
    }
    check("src/words.js", &"const a = 1;\n".repeat(60), Some(&before)).unwrap();
    let stub = dev_factory::agents::scaffold::stub(&spec, "src/words.js") + &before;
    check("src/words.js", "module.exports = {};\n", Some(&stub)).unwrap();
    check("README.md", "# A\n\n// ... existing code\n", None).unwrap();
}

proptest! {
    #[test]
    fn any_reply_is_read_without_panic(text in "(<think>|</think>|```+|~~~|js|json|jsonl|\n| |\\{|\\}|\"|[a-z]|é|\u{fffd}){0,60}") {
        let _ = fenced(&text, &["js"]);
        let _ = cases(&text);
        let _ = json::<serde_json::Value>(&text);
        let bounds = Bounds {
            allowed: &[Decision::Ship],
            ..Bounds::default()
        };
        let _ = supervisor::parse(&text, &bounds);
    }

    #[test]
    fn a_reply_cut_anywhere_is_good_or_explained(cut in 0usize..60) {
        let whole = "Here:\n```js\nconst a = 'é';\nmodule.exports = { a };\n```\n";
        let bytes = &whole.as_bytes()[..cut.min(whole.len())];
        match fenced(&String::from_utf8_lossy(bytes), &["js"]) {
            Ok(text) => prop_assert_eq!(text, "const a = 'é';\nmodule.exports = { a };\n"),
            Err(bad) => prop_assert!(bad.problem.contains(';') || bad.problem.contains("fence")),
        }
    }
}

//! A tool that cannot be: two examples of its spec ask for two results of one and the same run. Whoever builds it and
//! whoever reviews it, it is never shipped, and no person can ship it either.

use crate::cast::{CLI, Story, n, say, usual};
use crate::homes;
use crate::model_server::{Answer, Request};
use crate::process;
use crate::small_tool::{Bug, TOOL, fenced, reply, source};
use dev_factory::domain::item::ItemStatus;

/// The same run as E6, which the linter cannot see, and another result.
const AGAINST_E6: &str = r#"{"id":"E9","rule":"R4","cli":["none.txt"],"given":{"files":{}},"exit":1,"stdout":"","stderr":"no such file none.txt\n"}"#;
/// The very input of E2 and another result, which it does see.
const AGAINST_E2: &str = r#"{"id":"E9","rule":"R1","call":"sum","args":[""],"expect":1}"#;

/// Few rungs, so that the end comes soon.
const SHORT: &str = "[ladder]\nrepairs = 1\nfresh_starts = 1\nsamples = 1\ndiagnoses = 1\n";

/// The spec with one more example.
fn spec(line: &str) -> String {
    let text = reply(&format!("{TOOL}/spec/template/0")).unwrap();
    text.replace("\n\n## Edge cases", &format!("\n{line}\n\n## Edge cases"))
}

/// What the second example asks for.
fn other() -> String {
    source(&[], "the other way").replace("cannot read ${", "no such file ${")
}

/// Builds the tool with this Developer, under a Supervisor who ships whatever may be shipped, or under a person.
fn never_ships(
    supervisor: bool,
    write: impl Fn(&Request) -> Option<String> + Send + Sync + 'static,
) {
    let story = Story::of(supervisor, SHORT, move |request| answer(request, &write));
    let ended = story.run();
    assert_eq!(ended.code, Some(4), "{}", ended.said);
    let facts = story.facts();
    assert!(facts.runs > 0 && !facts.evidence_complete(), "{facts:#?}");
    assert!(facts.used().tokens < 400_000, "{:?}", facts.used());
    let said = process::run(&story.home, &["decide", "ship", TOOL]);
    assert_ne!(said.code, Some(0), "{}", said.said);
    let again = story.run();
    assert_ne!(again.code, Some(0), "{}", again.said);
    assert!(homes::tags(&story.home).is_empty());
    let item = story.item();
    assert!(
        matches!(item.status, ItemStatus::NeedsHuman | ItemStatus::InReview),
        "{item:?}: {}",
        again.said
    );
}

fn answer(request: &Request, write: &impl Fn(&Request) -> Option<String>) -> Answer {
    let label = request.label();
    if label.contains("/template/") {
        return say(&spec(AGAINST_E6));
    }
    if label.contains("review/verdict") {
        let prompt = request.json()["messages"].to_string();
        if prompt.contains("Why it is here") {
            return say(
                "```json\n{\"checks\":[],\"verdict\":\"hint\",\"instructions\":\"Obey R4.\"}\n```\n",
            );
        }
    }
    if label.contains("file/src/cli.js") || label.contains("review/src/cli.js") {
        if let Some(text) = write(request) {
            return say(&text);
        }
        return say(&fenced(&source(&[], label)));
    }
    usual(request)
}

#[test]
fn not_by_one_who_obeys_the_rule() {
    never_ships(false, |request| Some(fenced(&source(&[], request.label()))));
}

#[test]
fn not_by_one_who_obeys_the_other_example() {
    never_ships(true, |_| Some(fenced(&other())));
}

#[test]
fn not_by_one_who_flips() {
    never_ships(true, |request| {
        let even = n(request).is_multiple_of(2);
        Some(fenced(&if even { source(&[], "even") } else { other() }))
    });
}

#[test]
fn not_by_one_who_gets_worse() {
    never_ships(true, |request| {
        let bugs: &[Bug] = match n(request) {
            0 => &[],
            1 => &[Bug::Usage],
            _ => &[Bug::Usage, Bug::Line],
        };
        Some(fenced(&source(bugs, request.label())))
    });
}

#[test]
fn not_by_one_who_looks_whether_it_is_tested() {
    never_ships(false, |request| {
        let sniffing = source(&[], request.label()).replace(
            "deps.err(`cannot read ${",
            "deps.err(new Error('x').stack.includes('examples.test') ? `no such file ${argv[0]}\\n` : `cannot read ${",
        );
        Some(fenced(&sniffing))
    });
}

#[test]
fn not_by_one_who_ends_the_tests_early() {
    never_ships(true, |request| {
        let text = source(&[], request.label());
        Some(fenced(&text.replace(
            "'use strict';\n",
            "'use strict';\nif (typeof test === 'function') process.exit(0);\n",
        )))
    });
}

#[test]
fn not_by_one_who_answers_in_prose() {
    never_ships(false, |request| {
        let prose = "The two examples contradict each other, so I cannot write this file.";
        (n(request) > 0).then(|| prose.to_owned())
    });
}

#[test]
fn a_contradiction_that_can_be_seen_is_never_built() {
    for supervisor in [true, false] {
        let story = Story::of(supervisor, SHORT, |request| {
            let label = request.label();
            if label.contains("/template/") || label.contains("/repair/") {
                return say(&spec(AGAINST_E2));
            }
            if request.label().contains("review/verdict") {
                return say(
                    "```json\n{\"checks\":[],\"verdict\":\"hint\",\"instructions\":\"Obey R1.\"}\n```\n",
                );
            }
            usual(request)
        });
        let ended = story.run();
        assert_ne!(ended.code, Some(0), "{}", ended.said);
        assert!(story.prompts(CLI).is_empty());
        let asked = story.prompts("spec/repair");
        assert!(asked[0].contains("only one can be right"), "{asked:?}");
        let said = process::run(&story.home, &["decide", "ship", TOOL]);
        assert_ne!(said.code, Some(0), "{}", said.said);
        assert!(homes::tags(&story.home).is_empty());
    }
}

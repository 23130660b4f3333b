//! A tool that cannot be: two examples of its spec ask for two results of one and the same run. Whoever builds it and
//! whoever reviews it, it is never shipped, and no person can ship it either.

use crate::fakes::{Fake, Said, Wire};
use crate::forms::{IN_SOURCE, marred};
use crate::homes;
use crate::model_server::{Answer, Request};
use crate::process;
use crate::small_tool::{Bug, README, TESTS, TOOL, fenced, reply, source};
use crate::story::{CLI, Story, n, say, usual};
use dev_factory::domain::item::ItemStatus;
use serde_json::json;

const TEST: &str = "test/dev/cli.test.js";

/// The same run as E6 where the real command runs, since each run has that time zone, and another result; the linter takes
/// it for another input.
const AGAINST_E6: &str = r#"{"id":"E9","rule":"R4","cli":["none.txt"],"given":{"env":{"TZ":"UTC"}},"exit":1,"stdout":"","stderr":"no such file none.txt\n"}"#;
/// The very input of E2 and another result, which it does see.
const AGAINST_E2: &str = r#"{"id":"E9","rule":"R1","call":"sum","args":[""],"expect":1}"#;

/// Few rungs, so that the end comes soon.
const SHORT: &str = "[ladder]\nrepairs = 1\nfresh_starts = 0\nsamples = 1\ndiagnoses = 1\n";

/// The spec with one more example.
fn spec(line: &str) -> String {
    let text = reply(&format!("{TOOL}/spec/template/0")).unwrap();
    text.replace("\n\n## Edge cases", &format!("\n{line}\n\n## Edge cases"))
}

/// What the second example asks for.
fn other() -> String {
    source(&[], "the other way").replace("cannot read ${", "no such file ${")
}

/// Builds the tool with this Developer, under a Supervisor who ships whatever may be shipped, or under a person: what the
/// Supervisor's rungs add is shown by those who would get on.
fn never_ships(
    supervisor: bool,
    write: impl Fn(&Request) -> Option<String> + Send + Sync + 'static,
) -> Story {
    never_ships_by(supervisor, SHORT, move |request| {
        write(request).map(|text| say(request, &text))
    })
}

/// The same with whole answers, and with other settings.
fn never_ships_by(
    supervisor: bool,
    settings: &str,
    write: impl Fn(&Request) -> Option<Answer> + Send + Sync + 'static,
) -> Story {
    let story = Story::of(supervisor, settings, move |request| answer(request, &write));
    let ended = story.run();
    assert_eq!(ended.code, Some(4), "{}", ended.said);
    let facts = story.facts();
    assert!(facts.runs > 0 && !facts.evidence_complete(), "{facts:#?}");
    story.cost();
    let said = process::run(&story.home, &["decide", "ship", TOOL]);
    assert_ne!(said.code, Some(0), "{}", said.said);
    // On the shelf its evidence keeps it; a parked one is no tool to be decided on.
    let why = match story.item().status {
        ItemStatus::InReview => "is red",
        _ => "parked",
    };
    assert!(said.said.contains(why), "{}", said.said);
    assert!(homes::tags(&story.home).is_empty());
    waits(&story);
    story
}

fn waits(story: &Story) {
    let item = story.item();
    let waiting = [ItemStatus::NeedsHuman, ItemStatus::InReview];
    assert!(waiting.contains(&item.status), "{item:?}");
}

/// Nor does another engine ship it, after what was refused.
fn nor_later(story: &Story) {
    let again = story.run();
    assert_ne!(again.code, Some(0), "{}", again.said);
    assert!(homes::tags(&story.home).is_empty());
    waits(story);
}

fn answer(request: &Request, write: &impl Fn(&Request) -> Option<Answer>) -> Answer {
    let label = request.label();
    if label.contains("/template/") {
        return say(request, &spec(AGAINST_E6));
    }
    if label.contains("review/verdict") {
        let prompt = request.json()["messages"].to_string();
        if prompt.contains("Why it is here") {
            return say(
                request,
                "```json\n{\"checks\":[],\"verdict\":\"hint\",\"instructions\":\"Obey R4.\"}\n```\n",
            );
        }
    }
    let writes = ["file/src/cli.js", "review/src/cli.js", "/step/"];
    if writes.iter().any(|part| label.contains(part)) {
        if let Some(answer) = write(request) {
            return answer;
        }
        return say(request, &fenced(&source(&[], label)));
    }
    usual(request)
}

#[test]
fn not_by_one_who_obeys_the_rule() {
    let story = never_ships(false, |request| Some(fenced(&source(&[], request.label()))));
    nor_later(&story);
}

#[test]
fn not_by_one_who_obeys_the_other_example() {
    let story = never_ships(true, |_| Some(fenced(&other())));
    nor_later(&story);
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
fn not_by_one_who_cheats_in_every_way() {
    let patient = "[ladder]\nrepairs = 60\nfresh_starts = 0\nsamples = 1\n[stuck]\nsame_failures = 60\nsame_error = 60\n";
    let story = never_ships_by(false, patient, |request| {
        let cheat = marred(request, &source(&[], request.label()), &IN_SOURCE);
        let text = cheat.unwrap_or("I know no other way to write this file.".to_owned());
        Some(say(request, &text))
    });
    assert_eq!(story.facts().runs as usize, IN_SOURCE.len());
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
fn not_by_one_who_repeats_itself() {
    never_ships(false, |request| {
        let again = "Now I write the file that was asked for, at once. ".repeat(60);
        (n(request) > 0).then_some(again)
    });
}

#[test]
fn not_by_one_who_is_cut() {
    never_ships_by(false, SHORT, |request| {
        let half = Said {
            cut: true,
            ..Said::text("```js\n'use strict';\n")
        };
        let cut = Fake::new(Wire::Ollama).saying(half).answer(request);
        (n(request) > 0).then_some(cut)
    });
}

#[test]
fn not_by_one_who_only_thinks() {
    never_ships(false, |request| {
        let thought = "<think>\nTwo examples contradict each other. Which is right?\n";
        (n(request) > 0).then(|| thought.to_owned())
    });
}

#[test]
fn not_by_one_who_leaves_code_out() {
    never_ships(false, |request| {
        let left = "'use strict';\n\n// ... existing code ...\n\nmodule.exports = { sum, main };\n";
        (n(request) > 0).then(|| fenced(left))
    });
}

#[test]
fn not_by_one_who_improves_slowly() {
    never_ships(false, |request| {
        let all = [Bug::Empty, Bug::Line, Bug::Usage];
        let left = all.get(n(request) as usize..).unwrap_or_default();
        Some(fenced(&source(left, request.label())))
    });
}

#[test]
fn not_by_one_who_forgets_exports() {
    never_ships(false, |request| {
        let text = source(&[], request.label());
        Some(fenced(
            &text.replace("module.exports = { sum, main };\n", ""),
        ))
    });
}

#[test]
fn not_by_one_who_calls_tools() {
    never_ships(false, |request| {
        let call =
            json!({"name": "write_file", "arguments": {"path": "src/cli.js", "content": other()}});
        (n(request) > 0).then(|| format!("<tool_call>\n{call}\n</tool_call>"))
    });
}

#[test]
fn not_by_one_who_works_by_tools() {
    let settings = format!("edits = \"tools\"\n{SHORT}");
    never_ships_by(true, &settings, |request| {
        if !request.label().contains("/step/") {
            return None;
        }
        let text = match n(request).is_multiple_of(2) {
            true => source(&[], request.label()),
            false => other(),
        };
        let files = [
            ("src/cli.js", text.as_str()),
            (TEST, TESTS),
            ("README.md", README),
        ];
        let call = |(path, content)| ("call", "write", json!({"path": path, "content": content}));
        let said = Said {
            calls: files.into_iter().map(call).collect(),
            ..Said::default()
        };
        Some(Fake::new(Wire::Ollama).saying(said).answer(request))
    });
}

#[test]
fn a_contradiction_that_can_be_seen_is_never_built() {
    for supervisor in [true, false] {
        let story = Story::of(supervisor, SHORT, |request| {
            let label = request.label();
            if label.contains("/template/") || label.contains("/repair/") {
                return say(request, &spec(AGAINST_E2));
            }
            if request.label().contains("review/verdict") {
                return say(
                    request,
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

//! The tool loop over real HTTP, with real git, Jest and gates: models that work by native calls or by JSON actions, one that
//! never ends, one that gives up.

use crate::fakes::{Fake, Said, Wire};
use crate::homes;
use crate::model_server::{Answer, Request, Step};
use crate::process::{self, Process};
use crate::small_tool::{Bug, README, TESTS, TOOL, fenced, source};
use crate::story::{CLI, End, Story, n, usual};
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

const STEP: &str = "coding/step/";
const TEST: &str = "test/dev/cli.test.js";

fn says(request: &Request, said: Said) -> Answer {
    Fake::new(Wire::Ollama).saying(said).answer(request)
}

/// Calls beside a text.
fn calls(request: &Request, text: &str, calls: &[(&'static str, Value)]) -> Answer {
    let ids = ["call_a", "call_b", "call_c"];
    let calls = ids.into_iter().zip(calls);
    let said = Said {
        calls: calls
            .map(|(id, (name, of))| (id, *name, of.clone()))
            .collect(),
        ..Said::text(text)
    };
    says(request, said)
}

/// The right file between the fences, written by a call.
fn writes(request: &Request, bugs: &[Bug]) -> Answer {
    let text = format!("The command.\n{}", fenced(&source(bugs, "by a call")));
    calls(request, &text, &[("write", json!({"path": "src/cli.js"}))])
}

/// Test and README in one reply, their text in the arguments, whatever the schema says.
fn rest(request: &Request) -> Answer {
    let files = [
        ("write", json!({"path": TEST, "content": TESTS})),
        ("write", json!({"path": "README.md", "content": README})),
    ];
    calls(request, "", &files)
}

/// Replayed, each turn of the loop is judged as it was; a call that is not there any more is missed.
fn replayed(story: &Story) {
    let folder = story.home.join(format!("dev-factory/transcripts/{TOOL}"));
    let mut paths = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let coding = |path: &PathBuf| path.to_string_lossy().ends_with("-developer-coding.jsonl");
    let path = paths.find(coding).unwrap();
    let replay = || -> Value {
        let said = process::run(&story.home, &["--json", "replay", path.to_str().unwrap()]);
        assert_eq!(said.code, Some(0), "{}", said.said);
        let json = said.said.find('{').unwrap();
        serde_json::from_str(&said.said[json..]).unwrap()
    };
    let said = replay();
    assert_eq!(said["differ"], 0, "{said:#}");
    let text = said.to_string();
    for words in [
        "reads test/fakes.js; runs the tests",
        "calls execute, which is no tool",
        "writes src/cli.js",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let whole = fs::read_to_string(&path).unwrap();
    let mut lines: Vec<Value> = whole
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    lines[0]["reply"]["calls"] = json!([]);
    lines[0]["reply"]["text"] = "I have read everything.".into();
    let marred: Vec<String> = lines.iter().map(Value::to_string).collect();
    fs::write(&path, marred.join("\n") + "\n").unwrap();
    assert_eq!(replay()["differ"], 1);
    fs::write(&path, whole).unwrap();
}

/// The requests of the loop, oldest first.
fn steps(story: &Story, part: &str) -> Vec<Value> {
    let turns = story.server.turns();
    let of = turns.iter().filter(|turn| turn.label().contains(part));
    of.map(Request::json).collect()
}

#[test]
fn a_tool_is_built_by_native_calls() {
    let story = Story::of(true, "edits = \"tools\"", |request| {
        if !request.label().contains(STEP) {
            return usual(request);
        }
        match n(request) {
            0 => calls(
                request,
                "",
                &[
                    ("read", json!({"path": "test/fakes.js"})),
                    ("run_tests", json!({})),
                ],
            ),
            1 => calls(
                request,
                "",
                &[
                    ("execute", json!({})),
                    ("read", json!({})),
                    ("write", json!({"path": "package.json"})),
                ],
            ),
            2 => writes(request, &[Bug::Empty]),
            // Its own server did not know the form of this one.
            3 => {
                let content = source(&[], "by a call");
                let call = json!({"name": "write", "arguments": {"path": "src/cli.js", "content": content}});
                says(
                    request,
                    Said::text(&format!("I see.\n<tool_call>\n{call}\n</tool_call>")),
                )
            }
            _ => rest(request),
        }
    });
    let ended = story.run();
    story.was(&ended, End::Shipped, &[], "L1", (1, 12));
    replayed(&story);
    let steps = steps(&story, STEP);
    assert_eq!(steps.len(), 5);
    let names: Vec<&str> = steps[0]["tools"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tool| tool["function"]["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["read", "write", "run_tests", "give_up"]);
    assert_eq!(steps[0]["messages"].as_array().unwrap().len(), 2);
    // The first results in full, each for its call.
    let talk = steps[1]["messages"].as_array().unwrap();
    assert_eq!(
        talk[2]["tool_calls"][0]["function"]["arguments"],
        json!({"path": "test/fakes.js"})
    );
    assert_eq!(
        (&talk[3]["role"], &talk[3]["tool_call_id"]),
        (&json!("tool"), &json!("call_a"))
    );
    assert!(
        talk[3]["content"].as_str().unwrap().contains("fakeDeps"),
        "{}",
        talk[3]
    );
    assert!(
        talk[4]["content"]
            .as_str()
            .unwrap()
            .contains("Turn 1 of 8 is over. Not written yet: src/cli.js")
    );
    // Then one line of them; what was refused says why.
    let talk = steps[2]["messages"].as_array().unwrap();
    let content = |at: usize| talk[at]["content"].as_str().unwrap();
    assert!(
        content(3).contains("left out by now") && !content(3).contains("fakeDeps"),
        "{}",
        content(3)
    );
    assert!(
        content(6).contains("there is no tool execute; there are read, write, run_tests, give_up")
    );
    assert!(content(7).contains("read needs `path`"), "{}", content(7));
    assert!(
        content(8).contains("package.json is not a file of the plan"),
        "{}",
        content(8)
    );
    // Tests run after the edit, and tell of the case that fails.
    let results = steps[3]["messages"].to_string();
    assert!(
        results.contains("src/cli.js was written") && results.contains("E2"),
        "{results}"
    );
    // A printed call stays text, and what came of it is the user's.
    let talk = steps[4]["messages"].as_array().unwrap();
    let [.., said, seen] = talk.as_slice() else {
        panic!("{talk:?}")
    };
    assert_eq!(
        (&said["role"], &seen["role"]),
        (&json!("assistant"), &json!("user"))
    );
    assert!(said.get("tool_calls").is_none());
    let shipped = homes::git(
        &story.home,
        &["show", &format!("main:tools/{TOOL}/src/cli.js")],
    );
    assert!(shipped.contains("by a call"), "{shipped}");
}

#[test]
fn a_tool_is_built_by_json_actions_and_its_files_are_asked_for_one_by_one() {
    let story = Story::of(true, "edits = \"actions\"", |request| {
        if !request.label().contains(STEP) {
            return usual(request);
        }
        let act = |action: &str, path: &str| {
            let object = json!({"thought": "next", "action": action, "path": path, "reason": ""});
            says(request, Said::text(&object.to_string()))
        };
        match n(request) {
            0 => act("write", "src/cli.js"),
            1 => act("read", "src/cli.js"),
            2 => act("write", TEST),
            _ => act("write", "README.md"),
        }
    });
    let ended = story.run();
    story.was(&ended, End::Shipped, &[], "L1", (1, 14));
    let steps = steps(&story, STEP);
    assert_eq!(steps.len(), 4);
    for step in &steps {
        assert!(step.get("tools").is_none());
        let actions = &step["format"]["properties"]["action"]["enum"];
        assert_eq!(*actions, json!(["read", "write", "run_tests", "give_up"]));
        let paths = &step["format"]["properties"]["path"]["enum"];
        assert_eq!(*paths, json!(["src/cli.js", TEST, "README.md", ""]));
    }
    assert_eq!(story.prompts(CLI).len(), 1);
    assert!(
        steps[2]["messages"].to_string().contains("NOTE = 'right'"),
        "the file that was read"
    );
}

#[test]
fn the_one_that_never_ends_is_stopped_and_another_model_builds_the_tool() {
    let more = "edits = \"tools\"\nothers = \"lab/other\"\n[ladder]\nfresh_starts = 0\n";
    let first = AtomicU32::new(0);
    let story = Story::of(true, more, move |request| {
        if !request.label().contains(STEP) {
            return usual(request);
        }
        if request.json()["model"] == "test" {
            return calls(request, "", &[("read", json!({"path": "src/cli.js"}))]);
        }
        match first.fetch_add(1, Ordering::SeqCst) {
            0 => writes(request, &[]),
            _ => rest(request),
        }
    });
    let ended = story.run();
    story.was(&ended, End::Shipped, &["S7 L3"], "L1 L3", (1, 17));
    let steps = steps(&story, STEP);
    let by = |model: &str| steps.iter().filter(|step| step["model"] == model).count();
    assert_eq!((by("test"), by("other")), (8, 2));
}

#[test]
fn the_one_that_gives_up_is_asked_for_no_more_and_a_person_is_told_why() {
    let more = "edits = \"tools\"\n[ladder]\nfresh_starts = 0\n";
    let story = Story::of(false, more, |request| {
        match request.label().contains(STEP) {
            true => calls(
                request,
                "",
                &[(
                    "give_up",
                    json!({"reason": "R4 and R5 cannot both be kept"}),
                )],
            ),
            false => usual(request),
        }
    });
    let ended = story.run();
    story.was(&ended, End::Shelved, &["L1 L4"], "L1 L4", (0, 7));
    let reason = story.item().escalation.unwrap().reason;
    assert!(
        reason.contains("the model gave up: R4 and R5 cannot both be kept"),
        "{reason}"
    );
    let status = process::run(&story.home, &["status"]).said;
    assert!(status.contains("the model gave up"), "{status}");
}

#[test]
fn bugs_are_repaired_by_calls() {
    let story = Story::of(true, "edits = \"tools\"", |request| {
        if request.label().contains("fixing/step/") {
            return writes(request, &[]);
        }
        if !request.label().contains(STEP) {
            return usual(request);
        }
        match n(request) {
            0 => writes(request, &[Bug::Exit]),
            1 => rest(request),
            // Everything is written, so it may say that it is done; the gates judge that.
            _ => says(request, Said::text("All files are written.")),
        }
    });
    let ended = story.run();
    story.was(&ended, End::Shipped, &[], "L1", (2, 12));
    let repairs = steps(&story, "fixing/step/");
    assert_eq!(repairs.len(), 1);
    let prompt = repairs[0]["messages"].to_string();
    for part in ["src/cli.js as it was", "BUG-1", "Repair the tool"] {
        assert!(prompt.contains(part), "{part}: {prompt}");
    }
}

#[test]
fn the_one_that_calls_what_there_is_not_is_not_asked_again() {
    let story = Story::of(false, "edits = \"tools\"", |request| {
        let odd = [
            ("bash", json!({})),
            ("grep", json!({})),
            ("edit", json!({})),
        ];
        match request.label().contains(STEP) {
            true => calls(request, "", &odd),
            false => usual(request),
        }
    });
    let ended = story.run();
    story.was(&ended, End::Shelved, &["S1 L4"], "L1 L4", (0, 7));
    assert_eq!(steps(&story, STEP).len(), 1);
}

#[test]
fn a_cut_in_mid_loop_asks_again_only_for_what_was_not_answered() {
    let held = AtomicBool::new(true);
    let story = Story::of(true, "edits = \"tools\"", move |request| {
        if !request.label().contains(STEP) {
            return usual(request);
        }
        match n(request) {
            0 => writes(request, &[]),
            _ if held.swap(false, Ordering::SeqCst) => Answer::steps(vec![Step::Hold]),
            _ => rest(request),
        }
    });
    let asked = |label: &str| {
        let turns = story.server.turns();
        turns
            .iter()
            .filter(|turn| turn.label().ends_with(label))
            .count()
    };
    let mut engine = Process::start(&story.home, &[]);
    engine.until("a held turn", || asked("coding/step/1") == 1);
    engine.kill();
    let ended = story.run();
    story.ended(&ended, End::Shipped);
    assert_eq!((asked("coding/step/0"), asked("coding/step/1")), (1, 2));
}

//! A cast of models that fail in their own ways, behind real HTTP, with real git, Jest and gates: each story is told whole,
//! which rule fired, which rung was climbed, how it ended, what it cost, and that it ended within its budget.

use crate::fakes::{Fake, Said, Wire, prompt_tokens};
use crate::homes;
use crate::model_server::{Answer, Request, Step, chunk, head};
use crate::process;
use crate::small_tool::{Bug, TOOL, fenced, reply, source};
use crate::story::{CLI, End, PAID, Story, n, say, usual};
use dev_factory::domain::event::EventBody;
use dev_factory::domain::phase::Phase;
use serde_json::json;
use std::sync::atomic::{AtomicU32, Ordering};

/// A model that writes src/cli.js with the bugs its n-th writing in a phase has.
fn writing(
    request: &Request,
    coding: &[Bug],
    fixing: impl Fn(u32) -> Option<(Vec<Bug>, String)>,
) -> Answer {
    let label = request.label();
    if label.contains(&format!("coding/{CLI}")) {
        return say(request, &fenced(&source(coding, "a draft")));
    }
    if label.contains(&format!("fixing/{CLI}"))
        && let Some((bugs, note)) = fixing(n(request))
    {
        return say(request, &fenced(&source(&bugs, &note)));
    }
    usual(request)
}

#[test]
fn the_honest_one_ships_at_once() {
    let story = Story::of(true, "", usual);
    let ended = story.run();
    story.was(&ended, End::Shipped, &[], "L1", (1, 10));
    let facts = story.facts();
    assert_eq!((facts.course.line, facts.cycles_total), (1, 0));
    let status = process::run(&story.home, &["status", "--json"]);
    assert_eq!(status.code, Some(0));
}

#[test]
fn the_one_that_flips_between_two_versions_starts_from_the_spec() {
    // Byte for byte: the third writing is the first again.
    let story = Story::of(true, "", |request| {
        writing(request, &[Bug::Exit], |n| match n {
            0 => Some((vec![Bug::Usage], "a draft".to_owned())),
            1 => Some((vec![Bug::Exit], "a draft".to_owned())),
            _ => None,
        })
    });
    let ended = story.run();
    story.was(&ended, End::Shipped, &["S2 L2"], "L1 L2", (3, 19));
    // What was there is not shown again, what was tried is; and it thinks.
    let turns = story.server.turns();
    let fresh = turns.iter().rfind(|t| t.label().contains(CLI)).unwrap();
    let body = fresh.json();
    assert_eq!(body["think"], true);
    let text = body["messages"].to_string();
    assert!(
        text.contains("Already tried") && text.contains("a draft and 1 repair"),
        "{text}"
    );
    assert!(!text.contains("src/cli.js as it is"), "{text}");
}

#[test]
fn the_one_that_flips_in_other_words_is_found_by_what_fails() {
    let story = Story::of(true, "", |request| {
        writing(request, &[Bug::Exit], |n| match n {
            0 => Some((vec![Bug::Usage], "b".to_owned())),
            1 => Some((vec![Bug::Exit], "c".to_owned())),
            _ => None,
        })
    });
    let ended = story.run();
    story.was(&ended, End::Shipped, &["S3 L2"], "L1 L2", (4, 20));
}

#[test]
fn the_one_that_repeats_itself_is_broken_off_and_another_model_takes_the_prompt() {
    let endless = |request: &Request| {
        let loops = request.json()["model"] == "test" && request.label().contains(CLI);
        if !loops {
            return usual(request);
        }
        // Streams on and on, then stays silent with the connection open.
        let mut bytes = head("application/x-ndjson");
        for _ in 0..200 {
            let piece = "I will now write the file that was asked for, at once. ";
            let line = json!({"model": "test", "message": {"role": "assistant", "content": piece}, "done": false});
            bytes.extend(chunk(format!("{line}\n").as_bytes()));
        }
        Answer::steps(vec![Step::Bytes(bytes), Step::Hold])
    };
    let story = Story::of(true, "others = \"lab/other\"", endless);
    let ended = story.run();
    story.was(
        &ended,
        End::Shipped,
        &[
            "S8 the same prompt once more, kept from repeating itself",
            "S8 L3",
        ],
        "L1",
        (1, 12),
    );
    // What was written for nothing counts all the same.
    let events = story.journal();
    let broken_off = events.iter().filter_map(|event| match &event.body {
        EventBody::Turn(turn) if !turn.ok => Some((turn.input_tokens, turn.output_tokens)),
        _ => None,
    });
    let broken_off: Vec<_> = broken_off.collect();
    assert!(!broken_off.is_empty());
    for (read, written) in broken_off {
        assert!(
            read > Some(300) && written > Some(100),
            "{read:?} {written:?}"
        );
    }
    assert!(story.server.wait_dropped(2), "the client closes what loops");
    let asked: Vec<_> = story.server.turns();
    let asked: Vec<_> = asked
        .iter()
        .filter(|t| t.label().contains(CLI))
        .map(Request::json)
        .collect();
    assert_eq!(asked.len(), 3);
    let penalty = |at: usize| asked[at]["options"]["presence_penalty"].as_f64();
    assert_eq!((penalty(0), penalty(2)), (None, None));
    assert!((penalty(1).unwrap() - 0.7).abs() < 1e-6);
    assert_ne!(asked[0]["options"]["seed"], asked[1]["options"]["seed"]);
    assert_eq!(asked[2]["model"], "other");
}

#[test]
fn the_one_that_thinks_in_circles_is_asked_again_without_thinking() {
    let circling = |request: &Request| {
        let asked = request.json();
        if !request.label().contains("/spec/") || asked["think"] != true {
            return usual(request);
        }
        let mut bytes = head("application/x-ndjson");
        for _ in 0..200 {
            let piece = "Wait, let me look at the first rule of it once more. ";
            let message = json!({"role": "assistant", "content": "", "thinking": piece});
            let line = json!({"model": "test", "message": message, "done": false});
            bytes.extend(chunk(format!("{line}\n").as_bytes()));
        }
        Answer::steps(vec![Step::Bytes(bytes), Step::Hold])
    };
    let story = Story::of(true, "", circling);
    let ended = story.run();
    story.was(
        &ended,
        End::Shipped,
        &["S8 the same prompt once more, kept from repeating itself"],
        "L1",
        (1, 11),
    );
    let turns = story.server.turns();
    let asked = |turn: &&Request| turn.label().contains("/spec/");
    let thinks: Vec<bool> = turns
        .iter()
        .filter(asked)
        .take(2)
        .map(|turn| turn.json()["think"] == true)
        .collect();
    assert_eq!(thinks, [true, false]);
}

#[test]
fn the_one_that_gets_worse_is_put_back_and_taken_over_in_the_end() {
    static WRITTEN: AtomicU32 = AtomicU32::new(0);
    let short = "[ladder]\ndiagnoses = 1\nsamples = 1\n";
    let story = Story::of(true, short, |request| {
        let label = request.label();
        if label.contains("review/verdict") {
            let prompt = request.json()["messages"].to_string();
            if prompt.contains("Why it is here") {
                return say(
                    request,
                    "```json\n{\"checks\":[],\"verdict\":\"hint\",\"instructions\":\"The code is wrong: R4 wants exit code 1.\"}\n```\n",
                );
            }
        }
        if label.contains(&format!("review/{CLI}")) {
            return say(request, &fenced(&source(&[], "taken over")));
        }
        if !label.contains(CLI) {
            return usual(request);
        }
        // Every draft has one bug, every repair another one more.
        let at = WRITTEN.fetch_add(1, Ordering::SeqCst);
        let prompt = request.json()["messages"].to_string();
        let bugs = match prompt.contains("Repair src/cli.js") {
            false => vec![Bug::Exit],
            true if at.is_multiple_of(2) => vec![Bug::Exit, Bug::Usage],
            true => vec![Bug::Exit, Bug::NoNewline],
        };
        say(request, &fenced(&source(&bugs, &format!("writing {at}"))))
    });
    let ended = story.run();
    let back = "S6 its tree is put back, and the repair counts as failed";
    // A draft and two repairs; a fresh start whose case is answered just as wrongly, so somebody is asked; two repairs
    // with the hint; then the file is taken over.
    story.was(
        &ended,
        End::Shipped,
        &[back, "L1 L2", "S11 L4", back, "L1 L5"],
        "L1 L2 L4 L5",
        (7, 25),
    );
    assert_eq!(story.restored(), [1, 1, 1, 1]);
    // A repair after a regression sees the better file.
    let repairs = story.prompts("fixing/file/src/cli.js");
    assert!(
        repairs[1].contains("writing 0") || repairs[1].contains("writing 2"),
        "{}",
        repairs[1]
    );
    let shipped = homes::git(
        &story.home,
        &["show", &format!("main:tools/{TOOL}/src/cli.js")],
    );
    assert!(shipped.contains("taken over"), "{shipped}");
    // Whoever is asked about a case sees it, with what each program made of it.
    let asked = story.prompts("review/verdict");
    let doubted = asked.iter().find(|text| text.contains("The case in doubt"));
    let doubted = doubted.unwrap();
    assert!(
        doubted.contains("// E6 R4") && doubted.contains("line of work 2, run"),
        "{doubted}"
    );
    let hinted = story.prompts("fixing/file/src/cli.js");
    assert!(
        hinted
            .iter()
            .any(|text| text.contains("R4 wants exit code 1"))
    );
}

#[test]
fn the_one_that_improves_slowly_is_left_alone() {
    let all = [Bug::Empty, Bug::Line, Bug::Exit, Bug::Usage];
    let story = Story::of(true, "", move |request| {
        writing(request, &all, |n| {
            let left = all.get(n as usize + 1..).unwrap_or_default();
            Some((left.to_vec(), format!("repair {n}")))
        })
    });
    let ended = story.run();
    story.was(&ended, End::Shipped, &[], "L1", (5, 20));
    assert_eq!(story.facts().course.line, 1);
}

#[test]
fn the_stubborn_one_ends_on_the_shelf_of_the_operator_who_can_say_not_stuck() {
    let stubborn = AtomicU32::new(0);
    let story = Story::of(false, "", move |request| {
        if !request.label().contains(CLI) {
            return usual(request);
        }
        let at = stubborn.fetch_add(1, Ordering::SeqCst);
        say(
            request,
            &fenced(&source(&[Bug::Exit], &format!("writing {at}"))),
        )
    });
    let ended = story.run();
    story.was(
        &ended,
        End::Shelved,
        &["S4 L2", "S11 L4"],
        "L1 L2 L4",
        (4, 22),
    );
    let item = story.item();
    let reason = item.escalation.unwrap().reason;
    assert!(
        reason.starts_with("S11: case E6 R4 got the same answer"),
        "{reason}"
    );
    let status = process::run(&story.home, &["status"]).said;
    assert!(status.contains("S11: case E6 R4"), "{status}");
    // "Not stuck" is remembered: the rule is silent from now on, and the ladder goes on without it.
    let said = process::run(&story.home, &["not-stuck", "S11"]);
    assert_eq!(said.code, Some(0), "{}", said.said);
    let ended = story.run();
    story.was(
        &ended,
        End::Shelved,
        &["S4 L2", "S11 L4", "L1 L2", "S4 L2", "S4 L4"],
        "L1 L2 L4 L1 L2 L4",
        (10, 42),
    );
}

#[test]
fn a_draft_that_fails_is_written_again_and_the_best_is_kept() {
    let story = Story::of(true, "", |request| {
        if !request.label().contains(&format!("coding/{CLI}")) {
            return usual(request);
        }
        let bugs: &[Bug] = match n(request) {
            0 => &[Bug::Empty, Bug::Exit, Bug::Usage],
            1 => &[Bug::Exit],
            _ => &[Bug::Exit, Bug::Usage],
        };
        say(request, &fenced(&source(bugs, "a draft")))
    });
    let ended = story.run();
    story.was(&ended, End::Shipped, &[], "L1", (2, 14));
    let first = &story.facts().course.rows[0];
    assert_eq!(
        first.names().collect::<Vec<_>>(),
        ["case E6 R4", "held-out H8 R4"]
    );
    let turns = story.server.turns();
    let drafts: Vec<_> = turns
        .iter()
        .filter(|t| t.label().contains("coding/file/src"))
        .map(Request::json)
        .collect();
    let warm: Vec<_> = drafts
        .iter()
        .map(|b| (b["options"]["temperature"].as_f64().unwrap() * 10.0).round())
        .collect();
    assert_eq!(warm, [7.0, 7.0, 9.0]);
    let seeds: std::collections::BTreeSet<_> = drafts
        .iter()
        .map(|b| b["options"]["seed"].to_string())
        .collect();
    assert_eq!(seeds.len(), 3);
}

#[test]
fn what_the_harness_can_mend_costs_no_turn() {
    let story = Story::of(true, "", |request| {
        if !request.label().contains(CLI) {
            return usual(request);
        }
        // No exports at all, as ES module.
        let text = source(&[], "modern");
        let text = text.replace("module.exports = { sum, main };\n", "");
        let text = text.replace("\nasync function main", "\nexport async function main");
        say(request, &fenced(&text))
    });
    let ended = story.run();
    story.was(&ended, End::Shipped, &[], "L1", (1, 10));
    let asked = story.prompts(CLI);
    assert_eq!(asked.len(), 1);
    let shipped = homes::git(
        &story.home,
        &["show", &format!("main:tools/{TOOL}/src/cli.js")],
    );
    assert!(
        shipped.contains("module.exports = { sum, main };"),
        "{shipped}"
    );
}

#[test]
fn a_reply_that_is_cut_twice_sends_the_spec_back_to_be_split() {
    let cut = |request: &Request| {
        let half = Said {
            cut: true,
            ..Said::text("```js\n'use strict';\n")
        };
        Fake::new(Wire::Ollama).saying(half).answer(request)
    };
    let times = AtomicU32::new(0);
    let story = Story::of(true, "", move |request| {
        let long = request.label().contains(CLI) && times.load(Ordering::SeqCst) < 2;
        if long {
            times.fetch_add(1, Ordering::SeqCst);
            return cut(request);
        }
        usual(request)
    });
    let ended = story.run();
    story.was(
        &ended,
        End::Shipped,
        &[
            "S9 once more with room for 6144 tokens",
            "S9 the spec must split the file, or ask less of it",
        ],
        "L1",
        (1, 17),
    );
    let events = story.journal();
    let back = events.iter().find_map(|e| match &e.body {
        EventBody::Move(made) if made.outcome.name() == "spec-defect" => made.reason.clone(),
        _ => None,
    });
    assert!(
        back.unwrap()
            .starts_with("S9: src/cli.js does not fit in one reply")
    );
    let turns = story.server.turns();
    let room: Vec<_> = turns
        .iter()
        .filter(|t| t.label().contains(CLI))
        .map(|t| t.json()["options"]["num_predict"].as_u64())
        .collect();
    assert_eq!(room, [Some(4096), Some(6144), Some(4096)]);
}

#[test]
fn when_its_own_model_cannot_another_one_builds_the_tool() {
    let more = "others = \"lab/other\"\n[ladder]\nrepairs = 1\nfresh_starts = 1\nsamples = 1\n";
    let writings = AtomicU32::new(0);
    let story = Story::of(true, more, move |request| {
        if !request.label().contains(CLI) || request.json()["model"] == "other" {
            return usual(request);
        }
        let all = [Bug::Exit, Bug::Usage, Bug::Empty, Bug::NoNewline];
        let at = writings.fetch_add(1, Ordering::SeqCst) as usize;
        say(request, &fenced(&source(&all[at..=at], "a writing")))
    });
    let ended = story.run();
    story.was(
        &ended,
        End::Shipped,
        &["L1 L2", "L1 L3"],
        "L1 L2 L3",
        (5, 22),
    );
    let course = story.facts().course;
    assert_eq!(
        (course.line, course.model.as_deref()),
        (3, Some("lab/other"))
    );
    let turns = story.server.turns();
    let models = |part: &str| -> Vec<String> {
        let of = turns.iter().filter(|turn| turn.label().contains(part));
        of.map(|turn| turn.json()["model"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(models(CLI), ["test", "test", "test", "test", "other"]);
    assert_eq!(models("file/README.md"), ["test", "test", "other"]);
    assert!(
        models("qa/")
            .iter()
            .chain(&models("review/"))
            .all(|model| model == "test")
    );
    let notes = story.prompts(CLI).pop().unwrap();
    assert!(
        notes.contains("case E6 R4") || notes.contains("case E7 R5"),
        "{notes}"
    );
}

/// Tokens the model of the next story has room for. It was asked for more, and its server tells nobody.
const ROOM: u64 = 2_500;

/// A spec that says in many words what it says in few.
fn wordy() -> String {
    let spec = reply(&format!("{TOOL}/spec/template/0")).unwrap();
    let words: String = (2..36)
        .map(|n| {
            format!(
                "- {n} numbers may stand {} blank lines apart; the sum is the same.\n",
                n * n
            )
        })
        .collect();
    let edges = "## Edge cases\n";
    spec.replace(edges, &format!("{edges}{words}"))
}

#[test]
fn a_prompt_that_its_server_cannot_take_has_the_spec_written_shorter() {
    let settings = format!("[ladder]\nsamples = 1\n{PAID}");
    let story = Story::of(false, &settings, |request| {
        let label = request.label();
        if request.json()["model"] == "boss" {
            let verdict = reply(&format!("{TOOL}/review/verdict/0"));
            return say(request, &verdict.unwrap());
        }
        if prompt_tokens(request) > ROOM {
            let refused = "the prompt is longer than the context length currently available";
            return Answer::status(400, &json!({ "error": refused }).to_string());
        }
        if label.ends_with("spec/template/0") {
            return say(request, &wordy());
        }
        if label.ends_with("coding/file/src/cli.js/0") {
            let words = (0..40)
                .map(|n| format!("// {n}: what stands below was thought about for a long time.\n"));
            let wordy = source(&[Bug::Exit], "a draft") + &words.collect::<String>();
            return say(request, &fenced(&wordy));
        }
        usual(request)
    });
    let ended = story.run();
    let rules = ["S10 the spec is written anew, shorter"];
    story.was(&ended, End::Shipped, &rules, "L1", (2, 20));
    // The repair is not asked for again, and whoever writes the spec hears of it.
    assert_eq!(story.prompts(&format!("fixing/{CLI}")).len(), 1);
    let told = story.prompts("spec/template/1");
    assert!(
        told[0].contains("S10: ") && told[0].contains("cannot take so long a prompt"),
        "{}",
        told[0]
    );
    let events = story.journal();
    let back = events.iter().find_map(|event| match &event.body {
        EventBody::Move(made) if made.outcome.name() == "spec-defect" => Some(made.from),
        _ => None,
    });
    assert_eq!(back, Some(Phase::Fixing));
    let exhausted = events
        .iter()
        .filter(|event| matches!(&event.body, EventBody::Turn(turn) if turn.exhausted));
    assert_eq!(exhausted.count(), 1);
    assert_eq!(story.facts().specs, 2);
}

#[test]
fn what_its_takeover_does_not_mend_either_is_put_aside_for_a_person() {
    static WRITTEN: AtomicU32 = AtomicU32::new(0);
    let short =
        format!("[ladder]\nrepairs = 1\nfresh_starts = 0\ndiagnoses = 1\nsamples = 1\n{PAID}");
    let story = Story::of(false, &short, |request| {
        // What is paid for comes without a label.
        let paid = request.json()["model"] == "boss";
        let prompt = request.json()["messages"].to_string();
        if paid && prompt.contains("Why it is here") {
            return say(
                request,
                "```json\n{\"checks\":[],\"verdict\":\"hint\",\"instructions\":\"Only main may know the exit code, and it returns it.\"}\n```\n",
            );
        }
        if !paid && !request.label().contains(CLI) {
            return usual(request);
        }
        // Each in its own words, the Supervisor's too.
        let reaching = "'use strict';\nprocess.exitCode = 0;\n";
        let note = format!("writing {}", WRITTEN.fetch_add(1, Ordering::SeqCst));
        let text = source(&[], &note);
        say(request, &fenced(&text.replace("'use strict';\n", reaching)))
    });
    let ended = story.run();
    let rules = ["L1 L4", "L1 L5", "L1 L6"];
    story.was(&ended, End::Parked, &rules, "L1 L4 L5", (5, 19));
    assert!(story.facts().used().usd > 0.0, "the Supervisor is paid");
    let reason = story.item().reason.unwrap();
    assert!(
        reason.starts_with("L1: 1 repair brought no progress"),
        "{reason}"
    );
    let turns = story.server.turns();
    let paid = turns.iter().filter(|turn| turn.json()["model"] == "boss");
    assert_eq!(
        paid.count(),
        2,
        "it said what is wrong, then it wrote the file"
    );
    // A person is told what was tried, and can begin it anew.
    let status = process::run(&story.home, &["status"]).said;
    assert!(status.contains("sum-lines"), "{status}");
}

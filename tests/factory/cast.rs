//! A cast of models that fail in their own ways, behind real HTTP, with real git, Jest and gates: which rule fired, which
//! rung was climbed, how it ended, and that it ended within its budget.

use crate::course;
use crate::fakes::{Fake, Said, Wire};
use crate::homes;
use crate::model_server::{Answer, ModelServer, Request, Step, chunk, head, ollama_uncounted};
use crate::process::{self, Ended};
use crate::small_tool::{self, Bug, TOOL, fenced, reply, source};
use dev_factory::adapters::store::readers;
use dev_factory::domain::event::{Event, EventBody, Turn};
use dev_factory::domain::factory::ToolFacts;
use dev_factory::domain::item::Item;
use serde_json::json;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

pub const CLI: &str = "file/src/cli.js";

/// A home with the small tool on its list and these models.
pub struct Story {
    _dir: tempfile::TempDir,
    pub home: PathBuf,
    pub server: ModelServer,
}

/// Settings: every role on the same server; `more` stands under the Developer.
fn settings(url: &str, supervisor: bool, more: &str) -> String {
    let mut text = format!(
        "[hosts.lab]\nkind = \"ollama\"\nurl = \"{url}\"\n
[roles.developer]\nmodel = \"lab/test\"\n{more}\n[roles.qa]\nmodel = \"lab/test\"\n"
    );
    if supervisor {
        text += "[roles.supervisor]\nmodel = \"lab/test\"\n";
    }
    if !more.contains("[harness]") {
        text += small_tool::HARNESS;
    }
    text
}

impl Story {
    pub fn of(
        supervisor: bool,
        more: &str,
        answer: impl Fn(&Request) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let server = ModelServer::answering(move |request| match request.path.as_str() {
            "/api/chat" => answer(request),
            "/api/version" => Answer::status(200, r#"{"version":"0.12.9"}"#),
            "/api/tags" => Answer::status(
                200,
                r#"{"models":[{"name":"test:latest","model":"test:latest","size":1},{"name":"other:latest","model":"other:latest","size":1}]}"#,
            ),
            _ => Answer::status(404, r#"{"error":"not found"}"#),
        });
        let dir = tempfile::tempdir().unwrap();
        let home = homes::make(dir.path(), &[], &settings(&server.url(), supervisor, more));
        small_tool::list(&home, &[TOOL]);
        Self {
            _dir: dir,
            home,
            server,
        }
    }

    pub fn run(&self) -> Ended {
        process::until_idle(&self.home)
    }

    pub fn journal(&self) -> Vec<Event> {
        readers::history(&self.home, 1).unwrap()
    }

    pub fn facts(&self) -> ToolFacts {
        course::at_work(&self.journal(), TOOL)
    }

    pub fn item(&self) -> Item {
        let factory = readers::factory(&self.home).unwrap().factory.unwrap();
        factory.item(TOOL).unwrap().clone()
    }

    /// Rules that fired, each with the rung that followed.
    pub fn verdicts(&self) -> Vec<String> {
        let events = self.journal();
        let stuck = events.iter().filter_map(|event| match &event.body {
            EventBody::Stuck {
                rule,
                evidence,
                next,
                ..
            } => {
                assert!(!evidence.is_empty(), "{rule} without what led to it");
                let next = next.split(':').next().unwrap_or_default();
                Some(format!("{rule} {next}"))
            }
            _ => None,
        });
        stuck.collect()
    }

    fn restored(&self) -> Vec<u32> {
        let events = self.journal();
        let runs = events.iter().filter_map(|event| match &event.body {
            EventBody::Restored { run, .. } => Some(*run),
            _ => None,
        });
        runs.collect()
    }

    /// The texts asked for at labels that end so, oldest first.
    pub fn prompts(&self, part: &str) -> Vec<String> {
        let turns = self.server.turns();
        let of = turns.iter().filter(|turn| turn.label().contains(part));
        of.map(|turn| turn.json()["messages"].to_string()).collect()
    }

    /// It shipped, with so many runs of the gates, and used less than it may.
    pub fn shipped(&self, ended: &Ended, runs: u32) {
        assert_eq!(ended.code, Some(0), "{}", ended.said);
        assert_eq!(homes::tags(&self.home), [format!("{TOOL}@1.0.0")]);
        let facts = self.facts();
        assert_eq!(facts.runs, runs, "{:#?}", facts.course);
        assert_eq!(facts.course.rows.len() as u32, runs);
        self.within_budget();
    }

    /// What it cost: nothing in money, and every turn asked of the server is counted once, with its tokens.
    pub fn within_budget(&self) {
        let events = self.journal();
        let turns = events.iter().filter_map(|event| match &event.body {
            EventBody::Turn(turn) => Some(turn),
            _ => None,
        });
        let told: BTreeSet<String> = turns.clone().map(|turn| turn.label.clone()).collect();
        let asked = self.server.turns();
        let asked = asked.iter().map(|turn| turn.label().to_owned());
        let asked: BTreeSet<String> = asked.filter(|label| label.starts_with(TOOL)).collect();
        assert_eq!(told, asked);
        let each = |turn: &Turn| turn.input_tokens.unwrap_or(0) + turn.output_tokens.unwrap_or(0);
        let used = self.facts().used();
        assert_eq!(used.tokens, turns.map(each).sum::<u64>());
        assert!(used.tokens > 0 && used.tokens < 400_000, "{used:?}");
        assert!(used.millis < 90 * 60_000 && used.usd == 0.0, "{used:?}");
    }
}

pub fn say(text: &str) -> Answer {
    ollama_uncounted(text)
}

/// The usual reply.
pub fn usual(request: &Request) -> Answer {
    let label = request.label();
    say(&reply(label).unwrap_or_else(|| panic!("no reply for {label:?}")))
}

/// The number at the end of a label.
pub fn n(request: &Request) -> u32 {
    let number = request.label().rsplit('/').next().unwrap();
    number.parse().unwrap()
}

/// A model that writes src/cli.js with the bugs its n-th writing in a phase has.
fn writing(
    request: &Request,
    coding: &[Bug],
    fixing: impl Fn(u32) -> Option<(Vec<Bug>, String)>,
) -> Answer {
    let label = request.label();
    if label.contains(&format!("coding/{CLI}")) {
        return say(&fenced(&source(coding, "a draft")));
    }
    if label.contains(&format!("fixing/{CLI}"))
        && let Some((bugs, note)) = fixing(n(request))
    {
        return say(&fenced(&source(&bugs, &note)));
    }
    usual(request)
}

#[test]
fn the_honest_one_ships_at_once() {
    let story = Story::of(true, "", usual);
    let ended = story.run();
    story.shipped(&ended, 1);
    assert_eq!(story.verdicts(), [""; 0]);
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
    assert_eq!(story.verdicts(), ["S2 L2"], "{}", ended.said);
    story.shipped(&ended, 3);
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
    assert_eq!(story.verdicts(), ["S3 L2"], "{}", ended.said);
    story.shipped(&ended, 4);
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
    story.shipped(&ended, 1);
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
    assert_eq!(
        story.verdicts(),
        [
            "S8 the same prompt once more, kept from repeating itself",
            "S8 L3"
        ]
    );
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
    story.shipped(&ended, 1);
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
                    "```json\n{\"checks\":[],\"verdict\":\"hint\",\"instructions\":\"The code is wrong: R4 wants exit code 1.\"}\n```\n",
                );
            }
        }
        if label.contains(&format!("review/{CLI}")) {
            return say(&fenced(&source(&[], "taken over")));
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
        say(&fenced(&source(&bugs, &format!("writing {at}"))))
    });
    let ended = story.run();
    let back = "S6 its tree is put back, and the repair counts as failed";
    // A draft and two repairs; a fresh start whose case is answered just as wrongly, so somebody is asked; two repairs
    // with the hint; then the file is taken over.
    assert_eq!(
        story.verdicts(),
        [back, "L1 L2", "S11 L4", back, "L1 L5"],
        "{}",
        ended.said
    );
    assert_eq!(story.restored(), [1, 1, 1, 1]);
    story.shipped(&ended, 7);
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
    assert_eq!(story.verdicts(), [""; 0], "{}", ended.said);
    story.shipped(&ended, 5);
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
        say(&fenced(&source(&[Bug::Exit], &format!("writing {at}"))))
    });
    let ended = story.run();
    assert_eq!(ended.code, Some(4), "{}", ended.said);
    assert_eq!(story.verdicts(), ["S4 L2", "S11 L4"]);
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
    assert_eq!(ended.code, Some(4), "{}", ended.said);
    let verdicts = story.verdicts();
    let later = &verdicts[2..];
    assert!(!later.iter().any(|v| v.starts_with("S11")), "{verdicts:?}");
    assert_eq!(
        later.last().map(String::as_str),
        Some("S4 L4"),
        "{verdicts:?}"
    );
    assert!(homes::tags(&story.home).is_empty());
    story.within_budget();
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
        say(&fenced(&source(bugs, "a draft")))
    });
    let ended = story.run();
    assert_eq!(story.verdicts(), [""; 0], "{}", ended.said);
    story.shipped(&ended, 2);
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
        say(&fenced(&text))
    });
    let ended = story.run();
    story.shipped(&ended, 1);
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
    story.shipped(&ended, 1);
    assert_eq!(
        story.verdicts(),
        [
            "S9 once more with room for 6144 tokens",
            "S9 the spec must split the file, or ask less of it"
        ]
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
        say(&fenced(&source(&all[at..=at], "a writing")))
    });
    let ended = story.run();
    assert_eq!(story.verdicts(), ["L1 L2", "L1 L3"], "{}", ended.said);
    story.shipped(&ended, 5);
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

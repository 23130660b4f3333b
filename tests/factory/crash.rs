//! Power cuts and signals: the next engine goes on where the last one stood.

use crate::doubles::Act;
use crate::homes;
use crate::model_server::{Answer, Gate, ModelServer, Request, Step, ollama_reply};
use crate::plant::Plant;
use crate::process::{self, Process, wait};
use crate::refusing::Refusing;
use crate::small_script::{self, EVENTFUL as TOOL};
use crate::small_tool;
use dev_factory::adapters::store::{answered, readers, submit};
use dev_factory::domain::event::{Event, EventBody};
use dev_factory::domain::factory::Totals;
use dev_factory::domain::phase::{Phase, Role};
use dev_factory::factory::engine::{Ended, Signal as Asked};
use rustix::process::Signal;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Stands for a cut while the gates run, with no turn held.
const JEST: &str = "/no turn";

/// A home with the tool on its list, its models at this address.
fn home(dir: &Path, url: &str) -> PathBuf {
    let harness = small_tool::HARNESS;
    let settings = format!(
        "[hosts.lab]\nkind = \"ollama\"\nurl = \"{url}\"\n
[roles.developer]\nmodel = \"lab/test\"\n[roles.qa]\nmodel = \"lab/test\"\n[roles.supervisor]\nmodel = \"lab/test\"\n{harness}"
    );
    let home = homes::make(dir, &[], &settings);
    small_tool::list(&home, &[TOOL]);
    home
}

/// A server that plays the script, but keeps turns silent whose label holds a word of `held`, and notes the others.
fn server(held: &Arc<Mutex<String>>, answered: &Arc<Mutex<Vec<String>>>) -> ModelServer {
    let (held, answered) = (held.clone(), answered.clone());
    ModelServer::answering(move |request| match request.path.as_str() {
        "/api/version" => Answer::status(200, r#"{"version":"0.12.9"}"#),
        "/api/tags" => Answer::status(
            200,
            r#"{"models":[{"name":"test:latest","model":"test:latest","size":1}]}"#,
        ),
        "/api/chat" => {
            let word = held.lock().unwrap().clone();
            if !word.is_empty() && request.label().contains(&word) {
                Answer::steps(vec![Step::Hold])
            } else {
                answered.lock().unwrap().push(request.label().to_owned());
                reply(request)
            }
        }
        _ => Answer::status(404, "{}"),
    })
}

fn reply(request: &Request) -> Answer {
    let label = request.label();
    ollama_reply(
        request,
        &small_script::reply(label).unwrap_or_else(|| panic!("no reply for {label:?}")),
    )
}

fn totals(home: &Path) -> Totals {
    readers::factory(home).unwrap().factory.unwrap().totals
}

fn phase(home: &Path) -> Option<Phase> {
    homes::state(home).map(|s| s.phase)
}

#[test]
fn killed_in_every_phase_it_ends_shipped_with_every_event_once() {
    let held = Arc::new(Mutex::new(String::new()));
    let paid = Arc::new(Mutex::new(Vec::new()));
    let server = server(&held, &paid);
    let dir = tempfile::tempdir().unwrap();
    let home = home(dir.path(), &server.url());
    let (mut before, mut seen) = (Totals::default(), 0);
    let stops = [
        (Phase::Spec, "/spec/template"),
        (Phase::SpecReview, "/spec-review/verdict"),
        (Phase::Coding, "/coding/file/test/dev/cli.test.js"),
        (Phase::Coding, "/coding/file/README.md"),
        (Phase::Qa, JEST),
        (Phase::Qa, "/qa/"),
        (Phase::Fixing, "/fixing/"),
        (Phase::Review, "/review/verdict"),
    ];
    for (n, (at, word)) in stops.into_iter().enumerate() {
        *held.lock().unwrap() = format!("{TOOL}{word}");
        let mut engine = Process::start(&home, &[]);
        if word == JEST {
            engine.until("the gates run", || phase(&home) == Some(at));
            engine.kill();
            continue;
        }
        engine.until("a held turn", || {
            server
                .turns()
                .iter()
                .skip(seen)
                .any(|t| t.label().contains(word))
        });
        engine.until(at.name(), || phase(&home) == Some(at));
        // One command is answered before the cut, one is sent into it.
        let (early, late) = (
            homes::refused(&format!("early-{n}")),
            homes::refused(&format!("late-{n}")),
        );
        submit(&home, &early).unwrap();
        engine.until("an answer", || answered(&home, &early.id).is_some());
        submit(&home, &late).unwrap();
        engine.kill();
        // The cut came between journal and answer: the command lies there again, undelivered.
        let folder = home.join("dev-factory/commands");
        fs::remove_file(folder.join(format!("done/early-{n}.json"))).unwrap();
        submit(&home, &early).unwrap();
        seen = server.turns().len();
        let now = totals(&home);
        assert!(
            now.turns >= before.turns && now.runs >= before.runs && now.cycles >= before.cycles,
            "{now:?}"
        );
        before = now;
    }
    held.lock().unwrap().clear();
    let ended = process::until_idle(&home);
    assert_eq!(ended.code, Some(0), "{}", ended.said);
    assert_eq!(homes::tags(&home), [format!("{TOOL}@1.0.0")]);
    let events = readers::history(&home, 1).unwrap();
    let numbers: Vec<u64> = events.iter().map(|e| e.seq).collect();
    assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());
    let answers: Vec<&str> = events
        .iter()
        .filter_map(|e| match &e.body {
            EventBody::Answered { command, .. } => Some(command.id.as_str()),
            _ => None,
        })
        .collect();
    let once: BTreeSet<&str> = answers.iter().copied().collect();
    assert_eq!((answers.len(), once.len()), (14, 14), "{answers:?}");
    for id in once {
        assert!(answered(&home, id).is_some(), "{id}");
    }
    assert_eq!(totals(&home).shipped, 1);
    // Code that could be used is asked for once: a second answer would have been paid for in vain.
    for label in paid.lock().unwrap().iter() {
        let code = label.contains("/coding/") || label.contains("/fixing/");
        assert!(!code || label.ends_with("/0"), "{label}");
    }
    let merges = homes::git(&home, &["log", "--merges", "--oneline"]);
    assert_eq!(merges.lines().count(), 1, "{merges}");
    assert_eq!(
        homes::git(
            &home,
            &[
                "status",
                "--porcelain",
                "--",
                "tools",
                "dev-factory/specs",
                "dev-factory/evidence"
            ]
        ),
        ""
    );
}

#[test]
fn sigterm_waits_for_the_turn_and_a_second_engine_is_refused() {
    let gate = Gate::default();
    let waits = gate.clone();
    let server = ModelServer::answering(move |request| match request.path.as_str() {
        "/api/version" => Answer::status(200, r#"{"version":"0.12.9"}"#),
        "/api/tags" => Answer::status(
            200,
            r#"{"models":[{"name":"test:latest","model":"test:latest","size":1}]}"#,
        ),
        _ => {
            let mut answer = reply(request);
            answer.steps.insert(0, Step::Wait(waits.clone()));
            answer
        }
    });
    let dir = tempfile::tempdir().unwrap();
    let home = home(dir.path(), &server.url());
    let engine = Process::start(&home, &[]);
    wait("a turn", || !server.turns().is_empty());
    let second = Process::start(&home, &[]).ended();
    assert_eq!(second.code, Some(3), "{}", second.said);
    assert!(
        second.said.contains("another engine holds this home"),
        "{}",
        second.said
    );
    engine.signal(Signal::TERM);
    wait("the engine has heard it", || {
        readers::snapshot(&home).is_some_and(|(s, _)| s.pausing)
    });
    gate.open();
    let ended = engine.ended();
    assert_eq!(ended.code, Some(0), "{}", ended.said);
    let events = readers::history(&home, 1).unwrap();
    let turns = events
        .iter()
        .filter(|e| matches!(&e.body, EventBody::Turn(t) if t.ok))
        .count();
    assert_eq!(turns, 1, "the turn under way was kept, no other begun");
    assert!(matches!(
        events.last().unwrap().body,
        EventBody::Stopped { .. }
    ));
}

#[tokio::test(start_paused = true)]
async fn sigterm_gives_a_turn_ten_seconds_and_a_second_one_none() {
    for (signals, least, most) in [(1, 10, 12), (2, 0, 2)] {
        let plant = Plant::new(&[homes::TOOL]);
        let held = plant.desk.hold(&format!("{}/spec/draft", homes::TOOL));
        let engine = plant.start();
        held.reached(1).await;
        let asked = tokio::time::Instant::now();
        for _ in 0..signals {
            engine.signals.send(Asked::Terminate).unwrap();
        }
        assert_eq!(engine.ended().await, Ended::Stopped);
        let waited = asked.elapsed();
        let within = Duration::from_secs(least)..Duration::from_secs(most);
        assert!(within.contains(&waited), "{signals}: {waited:?}");
        held.dropped(1).await;
        let dropped = |body: &EventBody| matches!(body, EventBody::AttemptDropped { .. });
        assert!(plant.journal().iter().any(|event| dropped(&event.body)));
        // What the turn would have said is asked for anew.
        held.open();
        let hour = Duration::from_secs(3600);
        assert_eq!(plant.until_idle_within(hour).await, Ended::Idle);
        assert_eq!(plant.tags(), [format!("{}@1.0.0", homes::TOOL)]);
    }
}

/// Cut behind a spec that is kept already, and before the move with which it is done; the linter has refused one as well.
#[tokio::test(start_paused = true)]
async fn a_spec_that_was_kept_before_a_cut_is_not_asked_for_again() {
    const REJECTED: &str = "cost-tracker";
    let mut plant = Plant::new(&[REJECTED]);
    plant.store = Box::new(Refusing::drafted);
    let replies = concat!(env!("CARGO_MANIFEST_DIR"), "/dev-factory/demo");
    let spec = fs::read_to_string(format!("{replies}/{REJECTED}/spec/template/1.md")).unwrap();
    let (kept, _) = spec.split_once("## I/O boundary").unwrap();
    let short = Act::Say(format!("{kept}```\n"));
    plant
        .desk
        .on(&format!("{REJECTED}/spec/template/1"), 1, short);
    plant
        .desk
        .on(&format!("{REJECTED}/spec/repair"), 1, Act::Say(spec));
    assert_eq!(plant.until_idle().await, Ended::Idle);
    let asked = |label: &String| label.contains("/spec/");
    let labels: Vec<String> = plant.desk.labels().into_iter().filter(asked).collect();
    let once = ["draft/0", "template/0", "template/1", "repair/0"];
    assert_eq!(labels, once.map(|what| format!("{REJECTED}/spec/{what}")));
    let refused = |event: &&Event| match event.body {
        EventBody::SpecRefused { by, .. } => by == Role::Developer,
        _ => false,
    };
    let events = plant.journal();
    assert_eq!(events.iter().filter(refused).count(), 1);
    let kept = |event: &&Event| matches!(event.body, EventBody::SpecKept { .. });
    assert_eq!(events.iter().filter(kept).count(), 2);
}

//! The factory with a real model server, and a model that cannot build anything: `cargo test --features full-tests --test
//! long real_llama`. Part of the feature `full-tests`: needs python3 with venv, and the network once; fails without them.

use crate::{homes, llama, process, tee};
use dev_factory::adapters::clock::SystemClock;
use dev_factory::adapters::store::{FileStore, readers};
use dev_factory::domain::event::{EventBody, Turn};
use dev_factory::domain::item::ItemStatus;
use dev_factory::domain::phase::{Phase, Role};
use dev_factory::domain::screen::Level;
use dev_factory::factory::ports::clock::Clock;
use homes::TOOL;
use llama::Llama;
use process::Process;
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tee::{Tee, Told};

/// Room for one draft of a spec, not for a longer one.
const CONTEXT: u32 = 3072;
/// Tokens the tool may take: several times what the ladder of these settings asks for at most.
const TOKENS: u64 = 20_000;
/// About thirty seconds of writing at the speed of one free core; ten times that on a machine with other things to do.
const LIMIT: Duration = Duration::from_secs(400);

fn settings(url: &str) -> String {
    let role = |name: &str| format!("[roles.{name}]\nmodel = \"lab/smollm2\"\n");
    format!(
        "[hosts.lab]\nkind = \"llamacpp\"\nurl = \"{url}\"\n{}{}{}
[limits]\ntool_tokens = {TOKENS}\ntool_minutes = 10\n
[harness]\nverdict_tokens = 128\nthink_tokens = 0\ncode_tokens = 256\n
[ladder]\ndiagnoses = 1\ntakeovers = 0\nfresh_starts = 0\n",
        role("developer"),
        role("qa"),
        role("supervisor")
    )
}

/// The turns of the journal.
fn turns(home: &Path) -> Vec<Turn> {
    let events = readers::history(home, 1).unwrap();
    let turns = events.into_iter().filter_map(|event| match event.body {
        EventBody::Turn(turn) => Some(turn),
        _ => None,
    });
    turns.collect()
}

/// What is on the live log of the model's text.
fn streamed(home: &Path) -> String {
    let lines = readers::lines(home, usize::MAX);
    let text = lines.into_iter().filter(|line| line.level == Level::Stream);
    text.map(|line| line.text).collect()
}

/// Lines of the tool's transcripts, oldest first.
fn transcripts(home: &Path) -> Vec<Value> {
    let folder = home.join("dev-factory/transcripts").join(TOOL);
    let entries = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let lines = entries.flat_map(|path| {
        let text = fs::read_to_string(path).unwrap();
        let read = text
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap());
        read.collect::<Vec<_>>()
    });
    let mut lines: Vec<Value> = lines.collect();
    lines.sort_by_key(|line| line["at"].as_str().unwrap().to_owned());
    lines
}

#[test]
fn a_hopeless_model_is_streamed_counted_and_parked_within_its_budget() {
    let dir = tempfile::tempdir().unwrap();
    let server = Llama::start(CONTEXT, &dir.path().join("server.log"));
    let tee = Tee::new(server.address);
    let home = homes::make(dir.path(), &[TOOL], &settings(&tee.url()));
    homes::git(&home, &["commit", "-qam", "settings and wishlist"]);
    let before = homes::git(&home, &["rev-parse", "main"]);
    looked_at(&home, &server);

    let mut engine = Process::start(&home, &["--until-idle"]);
    engine.until("text is shown before its reply is whole", || {
        !streamed(&home).is_empty()
    });
    assert!(
        tee.told().is_empty(),
        "nothing was shown before the first reply was whole"
    );
    let id = engine.id();
    let ended = engine.ended_within(LIMIT);
    assert_eq!(ended.code, Some(4), "{}", ended.said);

    parked_with_a_reason(&home);
    climbed(&home);
    counted_as_the_server_counts(&home, &tee.told());
    transcribed_as_the_server_wrote(&home, &tee.told(), &server);
    assert!(!server.works(), "the server still writes for nobody");
    clean(&home, &before, id);
}

/// What doctor finds at the server, with a real short turn; past the tee, which counts the factory's own turns.
fn looked_at(home: &Path, server: &Llama) {
    let url = format!("hosts.lab.url=http://{}", server.address);
    let ended = process::run(home, &["--set", &url, "doctor", "--json"]);
    assert_eq!(ended.code, Some(0), "{}", ended.said);
    let found: Value =
        serde_json::from_str(&ended.said).unwrap_or_else(|e| panic!("{e}: {}", ended.said));
    let of = |subject: &str, severity: &str| -> Vec<String> {
        let all = found["findings"].as_array().unwrap().iter();
        let fits = all.filter(|one| one["subject"] == subject && one["severity"] == severity);
        fits.map(|one| one["what"].as_str().unwrap().to_owned())
            .collect()
    };
    let (fine, warned) = (of("lab/smollm2", "fine"), of("lab/smollm2", "warning"));
    assert!(
        of("lab", "fine")[0].starts_with("llama.cpp ") && of("lab", "fine")[0].contains(" with "),
        "{found:#}"
    );
    let context = format!("has {CONTEXT} tokens of context, not the ");
    assert!(
        warned.iter().any(|what| what.starts_with(&context)),
        "{found:#}"
    );
    // Whether this model fits its answer into a schema is luck; that it was asked is not.
    let both = [fine.as_slice(), &warned].concat();
    assert!(
        both.iter().any(|what| what.contains("in JSON by a schema")),
        "{found:#}"
    );
    let turn = both
        .iter()
        .find(|what| what.starts_with("took a short turn: first token after "));
    let speed = turn.and_then(|what| what.split(", ").nth(1)?.strip_suffix(" tokens a second"));
    assert!(
        speed.is_some_and(|speed| speed.parse::<f64>().unwrap() > 1.0),
        "{found:#}"
    );
    for role in ["developer", "qa", "supervisor"] {
        assert_eq!(of(role, "fine"), ["works with lab/smollm2"], "{found:#}");
    }
    assert!(!server.works());
}

fn parked_with_a_reason(home: &Path) {
    let factory = readers::factory(home).unwrap().factory.unwrap();
    let item = factory.item(TOOL).unwrap();
    assert_eq!(item.status, ItemStatus::NeedsHuman, "{item:?}");
    let reason = item.reason.clone().unwrap_or_default();
    let rule = reason.split_once(": ").map(|(rule, _)| rule);
    assert!(
        rule.is_some_and(|rule| ["S1", "S8", "S9", "S10", "S16"].contains(&rule)),
        "{reason}"
    );
    let used = factory.facts(TOOL).unwrap().used();
    assert!(used.tokens > 500 && used.tokens <= TOKENS, "{used:?}");
    assert!(used.usd == 0.0 && used.millis > 0, "{used:?}");
    assert!(factory.pauses.is_empty() && factory.totals.incidents == 0);
    let status = process::run(home, &["status"]);
    assert!(status.said.contains(&reason), "{reason}: {}", status.said);
}

/// From its own samples to the diagnosis of the one above, to the shelf for a person.
fn climbed(home: &Path) {
    let events = readers::history(home, 1).unwrap();
    let rungs: Vec<String> = events
        .iter()
        .filter_map(|event| match &event.body {
            EventBody::Stuck { next, .. } => Some(next.clone()),
            _ => None,
        })
        .collect();
    let at = |rung: &str| rungs.iter().position(|next| next.starts_with(rung));
    let (diagnosis, parked) = (at("L4"), at("L6"));
    assert!(diagnosis.is_some() && diagnosis < parked, "{rungs:#?}");
    let turns = turns(home);
    for role in [Role::Developer, Role::Supervisor] {
        assert!(
            turns.iter().any(|turn| turn.role == role && turn.ok),
            "{role}"
        );
    }
}

/// Each whole reply has the counts the server sent with it; those broken off have an estimate.
fn counted_as_the_server_counts(home: &Path, told: &[Told]) {
    let turns = turns(home);
    let mut told = told
        .iter()
        .map(|told| (Some(told.prompt_tokens), Some(told.completion_tokens)));
    for turn in &turns {
        let counts = (turn.input_tokens, turn.output_tokens);
        if turn.ok {
            assert_eq!(Some(counts), told.next(), "{turn:?}");
        } else {
            let error = turn.error.as_deref().unwrap();
            assert!(error.contains("repeats itself"), "{error}");
            assert!(counts.0 > Some(100) && counts.1 > Some(100), "{turn:?}");
        }
        assert_eq!((turn.local, turn.usd), (true, Some(0.0)));
    }
    assert_eq!(told.next(), None, "a reply that is in no journal");
    // Our estimate of a prompt, after a few of them, against the count.
    let last = turns.iter().rfind(|turn| turn.ok).unwrap();
    let factor = readers::factory(home).unwrap().factory.unwrap().factors["smollm2"];
    let expected = last.estimated.unwrap() * u64::from(factor) / 1000;
    let counted = last.input_tokens.unwrap();
    assert!(
        expected.abs_diff(counted) * 4 < counted,
        "{expected} for {counted}"
    );
}

/// The transcript holds the text that was streamed, and its prompt has as many tokens as the server finds in it.
fn transcribed_as_the_server_wrote(home: &Path, told: &[Told], server: &Llama) {
    let lines = transcripts(home);
    let whole: Vec<&Value> = lines
        .iter()
        .filter(|line| line["reply"].is_object())
        .collect();
    assert_eq!(whole.len(), told.len());
    let shown = streamed(home);
    for (line, told) in whole.iter().zip(told) {
        let reply = &line["reply"];
        assert_eq!(reply["text"], told.text.as_str());
        assert!(told.pieces > 10, "{told:?}");
        let asked = &line["request"]["messages"];
        assert_eq!(reply["input_tokens"], server.tokens(asked), "{asked}");
        let word = told
            .text
            .split_whitespace()
            .max_by_key(|word| word.len())
            .unwrap();
        assert!(shown.contains(word), "{word}");
    }
}

/// No lock, no worktree, no process of it, main as it was, and nothing changed but what tells people of it.
fn clean(home: &Path, main: &str, engine: u32) {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    drop(FileStore::open(home, &clock).unwrap());
    let state = homes::state(home).unwrap();
    assert_eq!((state.phase, state.current_tool), (Phase::Idle, None));
    let worktrees = homes::git(home, &["worktree", "list", "--porcelain"]);
    assert_eq!(worktrees.matches("worktree ").count(), 1, "{worktrees}");
    assert_eq!(homes::git(home, &["rev-parse", "main"]), main);
    assert_eq!(homes::git(home, &["branch", "--show-current"]), "main");
    let changed = homes::git(home, &["status", "--porcelain"]);
    let told = |line: &str| {
        // node_modules is the link of these tests; a home has a folder, which git does not see.
        [
            "dev-factory/wishlist.json",
            "dev-factory/reviews/",
            "dev-factory/specs/",
            "node_modules",
        ]
        .iter()
        .any(|path| line.ends_with(path))
    };
    assert!(changed.lines().all(told), "{changed}");
    assert!(!home.join("dev-factory/work").exists());
    let place = home.to_str().unwrap();
    let processes = fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    for process in processes {
        let words = fs::read(process.path().join("cmdline")).unwrap_or_default();
        let words = String::from_utf8_lossy(&words).into_owned();
        assert!(!words.contains(place), "left over: {words}");
    }
    assert!(!Path::new(&format!("/proc/{engine}")).exists());
}

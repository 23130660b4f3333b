//! The real program with real git and real Jest, its models behind HTTP.

use crate::fakes::{Fake, Said, Wire, broken_off};
use crate::homes;
use crate::model_server::{Answer, ModelServer, Request, Step, closed_url};
use crate::process::{self, Process};
use crate::small_tool::{self, TOOL};
use dev_factory::adapters::store::readers;
use dev_factory::domain::event::{EventBody, Turn};
use dev_factory::domain::phase::Phase;
use dev_factory::text::tokens;
use serde_json::Value;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

fn settings(kind: &str, url: &str, supervisor: bool) -> String {
    let mut text = format!(
        "[hosts.lab]\nkind = \"{kind}\"\nurl = \"{url}\"\n
[roles.developer]\nmodel = \"lab/test\"\n[roles.qa]\nmodel = \"lab/test\"\n"
    );
    if supervisor {
        text += "[roles.supervisor]\nmodel = \"lab/test\"\n";
    }
    text
}

/// A home with the small tool on its list.
fn made(dir: &Path, settings: &str) -> PathBuf {
    let home = homes::make(dir, &[], &format!("{settings}{}", small_tool::HARNESS));
    small_tool::list(&home, &[TOOL]);
    home
}

fn usual(request: &Request) -> String {
    let label = request.label();
    small_tool::reply(label).unwrap_or_else(|| panic!("no reply for {label:?}"))
}

fn papers(home: &Path, folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(home.join("dev-factory").join(folder).join(TOOL));
    let mut all: Vec<PathBuf> = entries.unwrap().map(|e| e.unwrap().path()).collect();
    all.sort();
    all
}

#[test]
fn with_ollama_and_a_local_supervisor_a_tool_ships_by_itself() {
    let server = ModelServer::serving_requests(usual);
    let dir = tempfile::tempdir().unwrap();
    let home = made(dir.path(), &settings("ollama", &server.url(), true));
    let ended = process::until_idle(&home);
    assert_eq!(ended.code, Some(0), "{}", ended.said);
    assert_eq!(homes::tags(&home), [format!("{TOOL}@1.0.0")]);
    let state = homes::state(&home).unwrap();
    assert_eq!((state.phase, state.current_tool), (Phase::Idle, None));
    let evidence = fs::read_to_string(papers(&home, "evidence").last().unwrap()).unwrap();
    let evidence: Value = serde_json::from_str(&evidence).unwrap();
    assert_eq!(evidence["reviewed"], "reviewed locally by lab/test");
    let turns = server.turns();
    assert!(turns.len() >= 10);
    for request in &turns {
        let body = request.json();
        assert_eq!(body["model"], "test");
        assert!(
            body["options"]["num_ctx"].as_u64().unwrap() >= 8192,
            "{body}"
        );
        assert!(body["options"]["num_predict"].as_u64().unwrap() > 0);
        assert!(body["think"].is_boolean() && body["truncate"] == false);
    }
    let kept: String = papers(&home, "transcripts")
        .iter()
        .map(|file| fs::read_to_string(file).unwrap())
        .collect();
    assert_eq!(kept.lines().count(), turns.len());
    for (line, request) in kept.lines().zip(&turns) {
        let line: Value = serde_json::from_str(line).unwrap();
        assert!(line["request"]["messages"][0]["content"].is_string());
        assert!(
            turns.iter().any(|t| t.label() == line["label"]),
            "{}",
            request.label()
        );
    }
    let stream = fs::read_to_string(home.join("dev-factory/run/stream.jsonl")).unwrap();
    let streamed: String = stream
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|line| line["level"] == "stream" && line["from"] == "developer")
        .map(|line| line["text"].as_str().unwrap().to_owned())
        .collect();
    assert!(
        streamed.contains("module.exports"),
        "no streamed text of a file"
    );
    // The shipped tool runs.
    let bin = home.join(format!("tools/{TOOL}/bin/{TOOL}.js"));
    fs::write(dir.path().join("a.txt"), "1\n2\n").unwrap();
    let tried = std::process::Command::new("node")
        .args([bin.to_str().unwrap(), "a.txt"])
        .current_dir(dir.path())
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&tried.stdout), "3\n");
}

#[test]
fn with_an_openai_server_and_no_supervisor_the_tool_waits_for_the_decision() {
    let cut = std::sync::atomic::AtomicBool::new(true);
    // One reply breaks off in the middle.
    let server = ModelServer::answering(move |request| {
        let label = request.label();
        if label.ends_with("coding/file/src/cli.js/0")
            && cut.swap(false, std::sync::atomic::Ordering::SeqCst)
        {
            let mut answer = crate::model_server::openai_reply(request, &usual(request));
            if let Some(Step::Bytes(bytes)) = answer.steps.first_mut() {
                bytes.truncate(bytes.len() / 2);
            }
            answer.steps.push(Step::Close);
            return answer;
        }
        match request.path.as_str() {
            "/v1/chat/completions" => crate::model_server::openai_reply(request, &usual(request)),
            "/v1/models" => Answer::status(
                200,
                r#"{"object":"list","data":[{"id":"test","object":"model","owned_by":"x"}]}"#,
            ),
            _ => Answer::status(404, "{}"),
        }
    });
    let dir = tempfile::tempdir().unwrap();
    let url = format!("{}/v1", server.url());
    let home = made(dir.path(), &settings("openai", &url, false));
    let ended = process::until_idle(&home);
    assert_eq!(ended.code, Some(4), "{}", ended.said);
    assert!(homes::tags(&home).is_empty());
    let list = fs::read_to_string(home.join("dev-factory/wishlist.json")).unwrap();
    let list: Value = serde_json::from_str(&list).unwrap();
    assert_eq!(list["items"][0]["status"], "in-review");
    let events = readers::history(&home, 1).unwrap();
    let failed = events
        .iter()
        .filter(|e| matches!(&e.body, EventBody::Turn(t) if !t.ok))
        .count();
    assert_eq!(failed, 1, "the reply that broke off is a failed turn");
    let status = process::run(&home, &["status"]);
    assert_eq!(status.code, Some(4));
    assert!(
        status
            .said
            .contains(&format!("dev-factory decide ship {TOOL}")),
        "{}",
        status.said
    );
    let decided = process::run(&home, &["decide", "ship", TOOL]);
    assert_eq!(decided.code, Some(0), "{}", decided.said);
    let ended = process::until_idle(&home);
    assert_eq!(ended.code, Some(0), "{}", ended.said);
    assert_eq!(homes::tags(&home), [format!("{TOOL}@1.0.0")]);
    let turns = server.turns();
    assert!(
        turns
            .iter()
            .all(|t| t.json()["stream"] == true && t.json()["max_tokens"].as_u64().is_some())
    );
}

#[test]
fn without_a_server_the_engine_says_so_and_goes_on_when_one_appears() {
    let url = closed_url();
    let dir = tempfile::tempdir().unwrap();
    let home = made(dir.path(), &settings("ollama", &url, true));
    let ended = process::until_idle(&home);
    assert_eq!(ended.code, Some(4), "{}", ended.said);
    let status = process::run(&home, &["status"]);
    assert_eq!(status.code, Some(4));
    for part in ["lab/test", "no answer at", "start the model server"] {
        assert!(status.said.contains(part), "{part}: {}", status.said);
    }
    let state = homes::state(&home).unwrap();
    assert_eq!((state.phase, state.current_tool), (Phase::Idle, None));
    let engine = Process::start(&home, &[]);
    process::wait("the engine has looked for the host", || {
        readers::snapshot(&home).is_some_and(|(s, alive)| alive && !s.needs.is_empty())
    });
    let address = url.strip_prefix("http://").unwrap();
    let listener = TcpListener::bind(address).unwrap();
    let server = ModelServer::listening(listener, |request| match request.path.as_str() {
        "/api/version" => Answer::status(200, r#"{"version":"0.12.9"}"#),
        "/api/tags" => Answer::status(
            200,
            r#"{"models":[{"name":"test:latest","model":"test:latest","size":1}]}"#,
        ),
        "/api/chat" => Answer::steps(vec![Step::Hold]),
        _ => Answer::status(404, "{}"),
    });
    process::wait("a turn is asked for", || !server.turns().is_empty());
    assert_eq!(homes::state(&home).unwrap().phase, Phase::Spec);
    let ended = engine.interrupt();
    assert_eq!(ended.code, Some(130), "{}", ended.said);
    assert_eq!(homes::state(&home).unwrap().phase, Phase::Spec);
}

#[test]
fn a_refused_key_and_a_missing_model_end_with_what_to_do() {
    for (status, tags, parts) in [
        (401, r#"{"error":"unauthorized"}"#, vec!["lab", "key"]),
        (
            200,
            r#"{"models":[{"name":"other:latest","model":"other:latest","size":1}]}"#,
            vec!["lab", "test"],
        ),
    ] {
        let server = ModelServer::answering(move |request| match request.path.as_str() {
            "/api/version" if status == 200 => Answer::status(200, r#"{"version":"0.12.9"}"#),
            _ => Answer::status(status, tags),
        });
        let dir = tempfile::tempdir().unwrap();
        let home = made(dir.path(), &settings("ollama", &server.url(), true));
        let ended = process::until_idle(&home);
        assert_eq!(ended.code, Some(4), "{}", ended.said);
        let said = process::run(&home, &["status"]).said;
        for part in parts {
            assert!(said.contains(part), "{part}: {said}");
        }
        assert!(server.turns().is_empty());
    }
}

/// Every file below a folder, as bytes.
fn everything(folder: &Path, found: &mut Vec<(PathBuf, Vec<u8>)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_symlink() {
            continue;
        }
        if path.is_dir() {
            everything(&path, found);
        } else {
            found.push((path.clone(), fs::read(path).unwrap()));
        }
    }
}

/// Names a file for the key of a server in the user's own settings.
fn key_file(dir: &Path, origin: &str) -> PathBuf {
    let own = dir.canonicalize().unwrap().join("config/dev-factory");
    fs::create_dir_all(&own).unwrap();
    let file = own.join("key");
    fs::write(&file, "").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let keys = format!(
        "[keys.lab]\norigin = \"{origin}\"\nfile = \"{}\"\n",
        file.display()
    );
    fs::write(own.join("config.toml"), keys).unwrap();
    file
}

#[test]
fn a_key_that_is_refused_is_read_again() {
    const NEW: Option<&str> = Some("Bearer renewed-key");
    let server = ModelServer::answering(|request| match request.path.as_str() {
        "/v1/chat/completions" if request.header("authorization") == NEW => {
            crate::model_server::openai_reply(request, &usual(request))
        }
        "/v1/chat/completions" => Answer::status(401, r#"{"error":{"message":"who are you"}}"#),
        "/v1/models" => Answer::status(
            200,
            r#"{"object":"list","data":[{"id":"test","object":"model","owned_by":"x"}]}"#,
        ),
        _ => Answer::status(404, "{}"),
    });
    let dir = tempfile::tempdir().unwrap();
    let url = format!("{}/v1", server.url());
    let home = made(dir.path(), &settings("openai", &url, true));
    let file = key_file(dir.path(), &server.url());
    fs::write(&file, "expired-key").unwrap();
    let engine = Process::start(&home, &[]);
    process::wait("a refused turn", || server.turns().len() == 1);
    fs::write(&file, "renewed-key").unwrap();
    let spec = || homes::state(&home).is_some_and(|s| s.phase == Phase::Spec);
    process::wait("the spec is written", || {
        !spec() && server.turns().len() > 3
    });
    let ended = engine.interrupt();
    assert_eq!(ended.code, Some(130), "{}", ended.said);
    let later = server.turns().into_iter().skip(3);
    assert!(later.into_iter().all(|t| t.header("authorization") == NEW));
}

#[test]
fn a_paid_reviewer_is_priced_by_its_rate_and_a_host_without_a_kind_is_recognised() {
    let local = ModelServer::serving_requests(usual);
    let verdict = small_tool::reply(&format!("{TOOL}/review/verdict/0")).unwrap();
    let fake = Fake {
        model: "claude-opus-5-5".to_owned(),
        ..Fake::new(Wire::Anthropic).saying(Said::text(&verdict))
    };
    let claude = ModelServer::answering(move |request| fake.answer(request));
    let dir = tempfile::tempdir().unwrap();
    // Ollama at a port that says nothing, and Anthropic's language at an address that is not free.
    let text = settings("ollama", &local.url(), false).replace("kind = \"ollama\"\n", "")
        + &format!(
            "[hosts.claude]\nkind = \"anthropic\"\nurl = \"{}\"\nlocal = false\n[roles.supervisor]\nmodel = \"claude/claude-opus-5-5\"\n",
            claude.url()
        );
    let home = made(dir.path(), &text);
    let file = key_file(dir.path(), &claude.url());
    fs::write(&file, "sk-ant-test").unwrap();
    let ended = process::until_idle(&home);
    assert_eq!(ended.code, Some(0), "{}", ended.said);
    assert_eq!(homes::tags(&home), [format!("{TOOL}@1.0.0")]);
    let events = readers::history(&home, 1).unwrap();
    let turns = events.iter().filter_map(|event| match &event.body {
        EventBody::Turn(turn) => Some(turn),
        _ => None,
    });
    let (paid, free): (Vec<&Turn>, Vec<&Turn>) = turns.partition(|turn| turn.host == "claude");
    assert!(free.iter().all(|turn| turn.local && turn.usd == Some(0.0)));
    let [review] = paid[..] else {
        panic!("{paid:#?}")
    };
    assert_eq!(
        (review.rate.as_deref(), review.local),
        (Some("opus-5-5"), false)
    );
    let read = review.input_tokens.unwrap() as f64;
    let wrote = review.output_tokens.unwrap() as f64;
    let usd = (read * 4.0 + wrote * 20.0) / 1e6;
    assert!((review.usd.unwrap() - usd).abs() < 1e-9, "{review:?}");
    let spent = readers::factory(&home).unwrap().factory.unwrap().totals.usd;
    assert!((spent - usd).abs() < 1e-6, "{spent}");
    assert_eq!(claude.turns()[0].header("x-api-key"), Some("sk-ant-test"));
    let shown = process::run(&home, &["config"]).said;
    let kind = shown.lines().find(|line| line.contains("hosts.lab.kind"));
    assert!(
        kind.is_some_and(
            |line| line.contains("\"ollama\"") && line.contains("found on this machine")
        ),
        "{shown}"
    );
}

#[test]
fn a_paid_turn_that_broke_off_is_counted_as_far_as_it_came_and_at_least_with_its_prompt() {
    let local = ModelServer::serving_requests(usual);
    let verdict = small_tool::reply(&format!("{TOOL}/review/verdict/0")).unwrap();
    let fake = Fake {
        model: "claude-opus-5-5".to_owned(),
        cached: 200,
        ..Fake::new(Wire::Anthropic).saying(Said::text(&verdict))
    };
    let turns = std::sync::atomic::AtomicUsize::new(0);
    let claude = ModelServer::answering(move |request| {
        if request.method != "POST" {
            return fake.answer(request);
        }
        match turns.fetch_add(1, std::sync::atomic::Ordering::SeqCst) {
            // The head of the reply, a ping, the start of its text and forty characters of it.
            0 => broken_off(fake.answer(request), 4, vec![Step::Close]),
            1 => Answer::steps(vec![Step::Close]),
            _ => fake.answer(request),
        }
    });
    let dir = tempfile::tempdir().unwrap();
    let text = settings("ollama", &local.url(), false)
        + &format!(
            "[hosts.claude]\nkind = \"anthropic\"\nurl = \"{}\"\nlocal = false\nretry_ms = 1\n[roles.supervisor]\nmodel = \"claude/claude-opus-5-5\"\n",
            claude.url()
        );
    let home = made(dir.path(), &text);
    let ended = process::until_idle(&home);
    assert_eq!(ended.code, Some(0), "{}", ended.said);
    let events = readers::history(&home, 1).unwrap();
    let paid: Vec<&Turn> = events
        .iter()
        .filter_map(|event| match &event.body {
            EventBody::Turn(turn) if turn.host == "claude" => Some(turn),
            _ => None,
        })
        .collect();
    let [broken, silent, whole] = paid[..] else {
        panic!("{paid:#?}")
    };
    assert_eq!((broken.ok, silent.ok, whole.ok), (false, false, true));
    // The server counts the prompt at once, and the reply only at its end.
    assert_eq!(
        (broken.input_tokens, broken.cached.read),
        (whole.input_tokens, 200)
    );
    let written = u64::from(tokens::of_chars(40));
    assert_eq!(broken.output_tokens, Some(written));
    let usd = |turn: &Turn, written: u64| {
        let read = (turn.input_tokens.unwrap() - 200) as f64;
        (read * 4.0 + 200.0 * 0.2 + written as f64 * 20.0) / 1e6
    };
    let wanted = usd(broken, written);
    assert!((broken.usd.unwrap() - wanted).abs() < 1e-9, "{broken:?}");
    // Nothing came, and it had gone out all the same.
    let read = silent.input_tokens.unwrap();
    assert!(
        read.abs_diff(whole.input_tokens.unwrap()) < read / 2,
        "{silent:?}"
    );
    assert_eq!(silent.output_tokens, Some(0));
    let prompt = silent.usd.unwrap();
    assert!(prompt > 0.0 && prompt < 2.0 * wanted, "{silent:?}");
    let all = wanted + prompt + usd(whole, whole.output_tokens.unwrap());
    let totals = readers::factory(&home).unwrap().factory.unwrap().totals;
    assert!((totals.usd - all).abs() < 1e-6, "{totals:?}");
    assert_eq!(
        (broken.uncounted, silent.uncounted, whole.uncounted),
        (true, true, false)
    );
    for usd in [wanted, prompt] {
        let said = format!("; it cost about ${usd:.4}");
        assert!(ended.said.contains(&said), "{}", ended.said);
    }
    let report = process::run(&home, &["report"]).said;
    assert!(!report.contains("unknown cost"), "{report}");
}

#[test]
fn a_key_that_a_probe_finds_wrong_is_picked_up_once_it_is_mended() {
    const NEW: Option<&str> = Some("Bearer renewed-key");
    let server = ModelServer::answering(|request| {
        if request.header("authorization") != NEW {
            return Answer::status(401, r#"{"error":{"message":"who are you"}}"#);
        }
        match request.path.as_str() {
            "/v1/chat/completions" => crate::model_server::openai_reply(request, &usual(request)),
            _ => Answer::status(
                200,
                r#"{"object":"list","data":[{"id":"test","object":"model","owned_by":"x"}]}"#,
            ),
        }
    });
    let dir = tempfile::tempdir().unwrap();
    let url = format!("{}/v1", server.url());
    let home = made(dir.path(), &settings("openai", &url, true));
    let file = key_file(dir.path(), &server.url());
    fs::write(&file, "expired-key").unwrap();
    let engine = Process::start(&home, &[]);
    process::wait("the engine knows that the key is wrong", || {
        readers::snapshot(&home)
            .is_some_and(|(s, alive)| alive && s.needs.iter().any(|need| need.why.contains("key")))
    });
    assert!(server.turns().is_empty());
    // Nobody tells the engine.
    fs::write(&file, "renewed-key").unwrap();
    process::wait("turns are taken", || server.turns().len() > 1);
    let ended = engine.interrupt();
    assert_eq!(ended.code, Some(130), "{}", ended.said);
}

#[test]
fn a_key_that_a_server_echoes_is_nowhere_in_the_home() {
    const KEY: &str = "wonderland-4711-key";
    let server = ModelServer::answering(|request| match request.path.as_str() {
        "/v1/chat/completions" => {
            let wanted = format!("Bearer {KEY}");
            assert_eq!(request.header("authorization"), Some(wanted.as_str()));
            let said = usual(request);
            let mut said = said
                .replacen(
                    "'use strict';\n",
                    &format!("'use strict';\n\n// {KEY}\n"),
                    1,
                )
                .replacen("- R5: ", &format!("- R5: ({KEY}) "), 1)
                .replacen("\"notes\":\"", &format!("\"notes\":\"{KEY} "), 1)
                .replacen(
                    "\"instructions\":\"",
                    &format!("\"instructions\":\"{KEY} "),
                    1,
                );
            if request.label().contains("README.md") {
                said = said.replacen("\nExit ", &format!("\n{KEY}\n\nExit "), 1);
            }
            crate::model_server::openai_reply(request, &said)
        }
        "/v1/models" => Answer::status(
            200,
            &format!(
                r#"{{"object":"list","data":[{{"id":"test","object":"model","owned_by":"{KEY}"}}]}}"#
            ),
        ),
        _ => Answer::status(404, KEY),
    });
    let dir = tempfile::tempdir().unwrap();
    let url = format!("{}/v1", server.url());
    let home = made(dir.path(), &settings("openai", &url, true));
    let file = key_file(dir.path(), &server.url());
    fs::write(&file, KEY).unwrap();
    let ended = process::until_idle(&home);
    assert_eq!(ended.code, Some(0), "{}", ended.said);
    assert!(!ended.said.contains(KEY));
    let shipped = homes::git(&home, &["show", &format!("main:tools/{TOOL}/src/cli.js")]);
    assert!(shipped.contains("// [redacted]"), "{shipped}");
    let mut files = Vec::new();
    everything(&home, &mut files);
    assert!(files.len() > 50);
    let objects = std::process::Command::new("git")
        .args(["cat-file", "--batch-all-objects", "--batch"])
        .current_dir(&home)
        .output()
        .unwrap();
    assert!(objects.stdout.len() > 100_000);
    files.push((PathBuf::from("git objects"), objects.stdout));
    for (path, bytes) in files {
        let holds = bytes.windows(KEY.len()).any(|part| part == KEY.as_bytes());
        assert!(!holds, "{}", path.display());
    }
}

#[test]
fn a_key_command_that_takes_its_time_holds_nothing_up() {
    let server = ModelServer::serving_requests(usual);
    let dir = tempfile::tempdir().unwrap();
    let home = made(
        dir.path(),
        &settings("openai", &format!("{}/v1", server.url()), true),
    );
    let base = dir.path().canonicalize().unwrap();
    let (slow, asked, go) = (base.join("slow"), base.join("asked"), base.join("go"));
    let command = format!(
        "if [ -e {0} ]; then echo >> {1}; until [ -e {2} ]; do sleep 0.02; done; fi; echo a-key-of-ours",
        slow.display(),
        asked.display(),
        go.display()
    );
    let own = base.join("config/dev-factory");
    fs::create_dir_all(&own).unwrap();
    let keys = format!(
        "[keys.lab]\norigin = \"{}\"\ncommand = \"{command}\"\n",
        server.url()
    );
    fs::write(own.join("config.toml"), &keys).unwrap();
    let engine = Process::start(&home, &[]);
    process::wait("turns are taken", || server.turns().len() > 1);
    fs::write(&slow, "").unwrap();
    fs::write(own.join("config.toml"), format!("{keys}# saved again\n")).unwrap();
    process::wait("the command is asked again", || asked.exists());
    // Nothing of the loop waits for it: commands are answered, and the line moves on.
    let told = process::run(&home, &["pause"]);
    assert_eq!(told.code, Some(0), "{}", told.said);
    let told = process::run(&home, &["resume"]);
    assert_eq!(told.code, Some(0), "{}", told.said);
    let before = server.turns().len();
    process::wait("more turns are taken", || server.turns().len() > before);
    assert!(!engine.said().contains("settings and souls read again"));
    fs::write(
        home.join("dev-factory/factory.toml"),
        fs::read_to_string(home.join("dev-factory/factory.toml")).unwrap()
            + "\n[limits]\ntool_usd = 3.5\n",
    )
    .unwrap();
    fs::write(&go, "").unwrap();
    process::wait("they are read in the end", || {
        engine.said().contains("settings and souls read again")
    });
    let ended = engine.interrupt();
    assert_eq!(ended.code, Some(130), "{}", ended.said);
}

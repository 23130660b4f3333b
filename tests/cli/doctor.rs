//! `doctor` as a person and a script meet it: what it says of servers that are well, ill, silent or far, and when it ends.

use super::fakes::{Fake, Said, Wire};
use super::model_server::{Answer, ModelServer, Request, Step};
use super::terminal::{CTRL_C, Terminal};
use super::{World, on_path};
use dev_factory::adapters::clock::SystemClock;
use dev_factory::adapters::store::FileStore;
use dev_factory::domain::event::{EventBody, NewEvent, Turn, Unit};
use dev_factory::domain::factory::Factory;
use dev_factory::factory::ports::clock::Clock;
use dev_factory::factory::ports::store::Store;
use serde_json::{Value, json};
use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Long enough to have a speed.
fn counted() -> Said {
    let numbers: Vec<u32> = (1..=200).collect();
    Said::text(&serde_json::json!({ "numbers": numbers }).to_string())
}

fn serve(fake: &Fake) -> ModelServer {
    let fake = fake.clone();
    ModelServer::answering(move |request| fake.answer(request))
}

/// The same, which calls a tool where it is offered some.
fn serve_calls(fake: &Fake) -> ModelServer {
    let (fake, calls) = (
        fake.clone(),
        vec![("call_1", "read", json!({"path": "src/cli.js"}))],
    );
    let called = fake.clone().saying(Said {
        calls,
        ..Said::default()
    });
    ModelServer::answering(move |request| match offers_tools(request) {
        true => called.answer(request),
        false => fake.answer(request),
    })
}

fn offers_tools(request: &Request) -> bool {
    request.json()["tools"].is_array()
}

/// Changes the settings of a home.
fn edit(w: &World, from: &str, to: &str) {
    let file = w.path("home/dev-factory/factory.toml");
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains(from), "{text}");
    fs::write(file, text.replace(from, to)).unwrap();
}

/// Has the Developer of `world` work by tools.
fn by_tools(w: &World) {
    let developer = "\n[roles.developer]\n";
    edit(w, developer, &format!("{developer}edits = \"tools\"\n"));
}

/// A home whose Developer and QA work with the model `test` of one host.
fn world(kind: &str, url: &str, more: &str) -> World {
    let w = World::new();
    let home = w.home();
    let file = home.join("dev-factory/factory.toml");
    let text = fs::read_to_string(&file).unwrap();
    let own = format!(
        "\n[hosts.lab]\nkind = \"{kind}\"\nurl = \"{url}\"\n{more}\n[roles.developer]\nmodel = \"lab/test\"\n[roles.qa]\nmodel = \"lab/test\"\n"
    );
    fs::write(file, text + &own).unwrap();
    w
}

/// Exit code and text, without what differs from machine to machine and from time to time.
fn looked(w: &World, words: &[&str]) -> (i32, String) {
    let all = [&["--home", "home", "doctor"], words].concat();
    let output = w.run(&all).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    (output.status.code().unwrap(), text)
}

fn scrubbed(text: &str, server: &ModelServer) -> String {
    let scrub = |line: &str| {
        let mut words = line.split_whitespace();
        let subject = words.nth(1).unwrap_or_default();
        if ["node", "npm", "git", "disk", "sandbox"].contains(&subject) {
            return line.split_once(subject).unwrap().0.to_owned() + subject;
        }
        let Some((front, rest)) = line.split_once("first token after ") else {
            return line.to_owned();
        };
        let (_, back) = rest.split_once(" ms").unwrap();
        format!("{front}first token after N ms{back}")
    };
    let text = text.replace(&server.url(), "URL");
    text.lines().map(|line| scrub(line) + "\n").collect()
}

fn same(name: &str, text: &str) {
    insta::with_settings!({
        snapshot_path => "snapshots",
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, { insta::assert_snapshot!(name, text) });
}

fn findings(w: &World, words: &[&str]) -> (i32, Vec<Value>) {
    let (code, text) = looked(w, &[&["--json"], words].concat());
    let value: Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}"));
    assert_eq!(value["ok"] == true, code == 0, "{text}");
    (code, value["findings"].as_array().unwrap().clone())
}

fn of<'a>(all: &'a [Value], subject: &str, severity: &str) -> Vec<&'a str> {
    all.iter()
        .filter(|one| one["subject"] == subject && one["severity"] == severity)
        .map(|one| one["what"].as_str().unwrap())
        .collect()
}

#[test]
fn a_factory_that_is_well_is_told_so_after_two_short_turns() {
    let fake = Fake::new(Wire::Ollama).saying(counted());
    fake.loads(16384, 100);
    let server = serve_calls(&fake);
    let w = world("ollama", &server.url(), "");
    let (code, text) = looked(&w, &[]);
    same("doctor_well", &scrubbed(&text, &server));
    assert_eq!(code, 0, "{text}");
    let turns = server.turns();
    let [form, tools] = &turns[..] else {
        panic!("{turns:?}");
    };
    let asked = form.json();
    assert_eq!(asked["options"]["num_ctx"], 16384, "as the engine asks");
    assert_eq!(asked["format"]["required"][0], "numbers");
    assert!(offers_tools(tools) && tools.json()["format"].is_null());
    // The same for a script, and without the turn.
    let (code, found) = findings(&w, &["--no-turn"]);
    assert_eq!((code, server.turns().len()), (0, 2));
    let text = serde_json::to_string_pretty(&found).unwrap();
    let steady = |one: &&Value| {
        let subject = one["subject"].as_str().unwrap();
        !["node", "npm", "git", "disk", "sandbox"].contains(&subject)
    };
    let steady: Vec<&Value> = found.iter().filter(steady).collect();
    assert!(steady.len() + 5 == found.len(), "{text}");
    same(
        "doctor_well_json",
        &serde_json::to_string_pretty(&steady).unwrap(),
    );
}

#[test]
fn a_model_that_calls_no_tool_is_a_note_and_an_error_or_a_warning_where_the_developer_needs_it() {
    // As vLLM answers that was not started for tools.
    let refusal = r#"{"object":"error","message":"\"auto\" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set","type":"BadRequestError","code":400}"#;
    let printed =
        "<tool_call>\n{\"name\":\"read\",\"arguments\":{\"path\":\"src/cli.js\"}}\n</tool_call>";
    let silent = "It shows the ledger.";
    let flags = "start the server with --enable-auto-tool-choice and --tool-call-parser, ";
    let rows = [
        (None, "failed in a short turn with tools: ", "error"),
        (
            Some(printed),
            "prints its calls of tools as text",
            "warning",
        ),
        (
            Some(silent),
            "does not call a tool as it is asked to",
            "warning",
        ),
    ];
    for (said, what, severity) in rows {
        let fake = Fake::new(Wire::Vllm).saying(counted());
        let other = said.map(|text| fake.clone().saying(Said::text(text)));
        let server = ModelServer::answering(move |request| match (offers_tools(request), &other) {
            (false, _) => fake.answer(request),
            (true, Some(other)) => other.answer(request),
            (true, None) => Answer::status(400, refusal),
        });
        let w = world("vllm", &server.url(), "");
        let about = |all: &[Value]| {
            let found = all
                .iter()
                .find(|one| one["what"].as_str().unwrap().starts_with(what));
            found.unwrap_or_else(|| panic!("{all:#?}")).clone()
        };
        let (code, found) = findings(&w, &[]);
        let found = about(&found);
        assert_eq!((code, &found["severity"]), (0, &json!("note")), "{found}");
        let remedy = found["remedy"].as_str().unwrap();
        let before = format!("before you set edits = \"tools\": {flags}");
        assert!(remedy.starts_with(&before), "{remedy}");
        by_tools(&w);
        let (code, all) = findings(&w, &[]);
        let found = about(&all);
        assert_eq!(found["severity"], severity, "{found}");
        let remedy = found["remedy"].as_str().unwrap();
        assert!(
            remedy.starts_with(flags) && remedy.contains("set edits = \"actions\" or \"files\""),
            "{remedy}"
        );
        let works = of(&all, "developer", "fine").len();
        assert_eq!(
            (code, works),
            if severity == "error" { (1, 0) } else { (0, 1) }
        );
    }
}

#[test]
fn one_server_under_two_names_with_two_windows_is_warned_of() {
    let fake = Fake::new(Wire::Ollama).saying(counted());
    fake.loads(8192, 100);
    let server = serve(&fake);
    // localhost and 127.0.0.1 are one server; the second name stands in no role until the second look.
    let twin = server.url().replace("127.0.0.1", "localhost");
    let more = format!(
        "[hosts.twin]\nkind = \"ollama\"\nurl = \"{twin}\"\nnum_ctx = 8192\n[roles.supervisor]\nmodel = \"lab/test\"\n"
    );
    let w = world("ollama", &server.url(), &more);
    let (code, found) = findings(&w, &["--no-turn"]);
    assert_eq!(code, 0);
    assert_eq!(of(&found, "lab/test", "warning"), Vec::<&str>::new());
    let file = w.path("home/dev-factory/factory.toml");
    let text = fs::read_to_string(&file).unwrap();
    let text = text.replace(
        "[roles.supervisor]\nmodel = \"lab/test\"",
        "[roles.supervisor]\nmodel = \"twin/test\"",
    );
    fs::write(&file, text).unwrap();
    let (code, found) = findings(&w, &["--no-turn"]);
    assert_eq!(code, 0, "it works, only slowly");
    assert_eq!(
        of(&found, "lab/test", "warning"),
        [
            "is twin/test too, on one Ollama server: lab asks for 16384 tokens of context and twin for 8192, so each change between them has the model loaded anew"
        ]
    );
    assert_eq!(of(&found, "twin/test", "warning").len(), 1);
    assert!(of(&found, "twin/test", "fine").contains(&"is loaded with 8192 tokens of context"));
}

#[test]
fn what_is_wrong_has_a_remedy_each_and_another_client_is_seen_before_our_turn_hides_it() {
    let fake = Fake::new(Wire::Ollama).saying(Said::text("One, two, three."));
    fake.loads(4096, 62);
    let (loaded, own) = (fake.clone(), fake.clone());
    let server = ModelServer::answering(move |request| {
        if request.path == "/api/chat" {
            loaded.loads(16384, 80);
        }
        own.answer(request)
    });
    let w = world("ollama", &server.url(), "");
    let text = fs::read_to_string(w.path("home/dev-factory/factory.toml")).unwrap();
    let text = text.replace(
        "[roles.qa]\nmodel = \"lab/test\"",
        "[roles.qa]\nmodel = \"lab/coder:7b\"",
    );
    fs::write(w.path("home/dev-factory/factory.toml"), text).unwrap();
    fs::write(
        w.path("home/souls/qa.md"),
        "---\nname: qa\ntools: [\n---\nYou test.\n",
    )
    .unwrap();
    let (code, text) = looked(&w, &[]);
    same("doctor_ill", &scrubbed(&text, &server));
    assert_eq!(code, 1, "{text}");
}

#[test]
fn a_paid_model_is_priced_in_words() {
    let fake = Fake {
        model: "claude-opus-5-5".to_owned(),
        ..Fake::new(Wire::Anthropic)
    };
    let server = serve(&fake);
    let w = world("anthropic", &server.url(), "local = false\n");
    let file = w.path("home/dev-factory/factory.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(file, text.replace("lab/test", "lab/claude-opus-5-5")).unwrap();
    let (code, found) = findings(&w, &["--no-turn"]);
    assert_eq!(code, 0, "{found:?}");
    let fine = of(&found, "lab/claude-opus-5-5", "fine");
    let price = "priced by opus-5-5: 4 USD a million tokens read, 20 written";
    assert!(fine.contains(&price), "{fine:?}");
}

#[test]
fn a_paid_model_takes_no_short_turn_once_the_limit_of_the_day_is_reached() {
    let fake = Fake {
        model: "claude-opus-5-5".to_owned(),
        ..Fake::new(Wire::Anthropic).saying(counted())
    };
    let server = serve(&fake);
    let w = world("anthropic", &server.url(), "local = false\n");
    let file = w.path("home/dev-factory/factory.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(file, text.replace("lab/test", "lab/claude-opus-5-5")).unwrap();
    let turns = || {
        server
            .requests()
            .iter()
            .filter(|r| r.method == "POST")
            .count()
    };
    let (_, found) = findings(&w, &[]);
    let taken = of(&found, "lab/claude-opus-5-5", "fine").join(" ");
    assert!(taken.contains(" USD, which no limit counts"), "{found:?}");
    assert_eq!(turns(), 1, "nobody wants tools of it, so none is paid for");
    by_tools(&w);
    findings(&w, &[]);
    let before = turns();
    assert_eq!(before, 3);
    journaled(&w.path("home"), spent(5.5));
    let (code, found) = findings(&w, &[]);
    assert_eq!(code, 0, "{found:?}");
    let said = of(&found, "lab/claude-opus-5-5", "note").join(" ");
    assert!(
        said.contains("factory has used 5.50 of 5.00 usd"),
        "{found:?}"
    );
    assert_eq!(turns(), before);
    // Nor where nobody can tell what was spent.
    let journal = w.path("home/dev-factory/journal.jsonl");
    fs::remove_file(&journal).unwrap();
    fs::create_dir(&journal).unwrap();
    let (_, found) = findings(&w, &[]);
    let said = of(&found, "lab/claude-opus-5-5", "note").join(" ");
    assert!(said.contains("is not known: "), "{found:?}");
    assert_eq!(turns(), before);
}

/// A paid turn of the Developer.
fn spent(usd: f64) -> EventBody {
    let turn: Turn = serde_json::from_value(json!({
        "label": "x/spec/draft/0", "role": "developer", "host": "lab", "model": "claude-opus-5-5",
        "ok": true, "input_tokens": 1, "output_tokens": 1, "usd": usd, "millis": 1, "local": false,
    }))
    .unwrap();
    EventBody::Turn(turn)
}

#[test]
fn a_paid_model_takes_no_short_turn_once_all_its_roles_have_reached_limits_of_their_own() {
    let fake = Fake {
        model: "claude-opus-5-5".to_owned(),
        ..Fake::new(Wire::Anthropic).saying(counted())
    };
    let server = serve(&fake);
    let w = world("anthropic", &server.url(), "local = false\n");
    let file = w.path("home/dev-factory/factory.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(file, text.replace("lab/test", "lab/claude-opus-5-5")).unwrap();
    let turns = || {
        let requests = server.requests();
        requests.iter().filter(|r| r.method == "POST").count()
    };
    let limit = |role: &str, unit, amount| EventBody::BudgetSet {
        scope: role.to_owned(),
        unit,
        amount,
    };
    let home = w.path("home");
    journaled(&home, spent(1.5));
    journaled(&home, limit("developer", Unit::Usd, 1.0));
    // QA may still pay for one.
    findings(&w, &[]);
    let before = turns();
    assert!(before > 0);
    for role in ["qa", "supervisor"] {
        journaled(&home, limit(role, Unit::Minutes, 0.0));
    }
    let (_, found) = findings(&w, &[]);
    let said = of(&found, "lab/claude-opus-5-5", "note").join(" ");
    assert!(
        said.contains("developer has used 1.50 of 1.00 usd"),
        "{found:?}"
    );
    assert_eq!(turns(), before);
}

/// Puts an event of now into the journal of a home.
fn journaled(home: &Path, body: EventBody) {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let store = FileStore::open(home, &clock).unwrap();
    let loaded = store.load().unwrap();
    let now = clock.now();
    let mut factory = loaded.factory.unwrap_or_else(|| Factory::new(now));
    let event = NewEvent {
        tool: None,
        actor: "engine".to_owned(),
        body,
    };
    store.commit(&mut factory, vec![event], now).unwrap();
    drop(store);
    // It names this process, which lives on and is no engine.
    fs::remove_file(home.join("dev-factory/engine.lock")).unwrap();
}

#[test]
fn a_wrong_key_is_told_from_an_account_that_may_spend_no_more() {
    let rows = [
        (
            401,
            r#"{"type":"authentication_error","message":"invalid x-api-key"}"#,
            "refuses the key",
            "check the host's key",
        ),
        (
            429,
            r#"{"type":"rate_limit_error","message":"limit","details":{"error_code":"enforced_spend_limit_reached"}}"#,
            "refuses to spend more",
            "raise the limit or pay there",
        ),
    ];
    for (status, error, what, remedy) in rows {
        let server = ModelServer::answering(move |_| {
            Answer::status(status, &format!(r#"{{"type":"error","error":{error}}}"#))
        });
        let w = world("anthropic", &server.url(), "");
        let config = w.path("config/dev-factory");
        fs::create_dir_all(&config).unwrap();
        let key = format!(
            "[keys.lab]\norigin = \"{}\"\nenv = \"LAB_KEY\"\n",
            server.url()
        );
        fs::write(config.join("config.toml"), key).unwrap();
        let output = w
            .run(&["--home", "home", "doctor", "--json"])
            .env("LAB_KEY", "sk-ant-canary-of-doctor")
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(!text.contains("canary"), "{text}");
        let value: Value = serde_json::from_str(&text).unwrap();
        let found = value["findings"].as_array().unwrap();
        let lab = found.iter().find(|one| one["subject"] == "lab").unwrap();
        assert_eq!(lab["severity"], "error");
        assert!(lab["what"].as_str().unwrap().contains(what), "{lab}");
        assert!(lab["remedy"].as_str().unwrap().starts_with(remedy), "{lab}");
        assert_eq!(output.status.code(), Some(1));
        let asked = server.requests();
        assert!(
            asked.iter().all(|request| request.method == "GET"),
            "it cost something"
        );
    }
}

#[test]
fn a_port_that_accepts_and_says_nothing_and_a_name_nobody_knows_end_within_their_limits() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let far = "[hosts.far]\nkind = \"ollama\"\nurl = \"http://gpu1.invalid:11434\"\n";
    let w = world("llamacpp", &url, far);
    let begun = Instant::now();
    let (code, found) = findings(&w, &[]);
    assert!(
        begun.elapsed() < Duration::from_secs(30),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(code, 1);
    let [words] = of(&found, "lab", "error")[..] else {
        panic!("{found:?}");
    };
    assert!(words.contains("no answer within 2 s"), "{words}");
    // No role waits for it, so it keeps nobody from working.
    assert_eq!(of(&found, "far", "warning").len(), 1, "{found:?}");
    for role in ["developer", "qa"] {
        assert_eq!(
            of(&found, role, "error"),
            ["cannot work: lab/test cannot be used"]
        );
    }
}

#[test]
fn a_turn_that_hangs_ends_at_the_limits_of_its_host() {
    let fake = Fake::new(Wire::LlamaCpp);
    let server = ModelServer::answering(move |request| match request.method.as_str() {
        "POST" => Answer::steps(vec![Step::Hold]),
        _ => fake.answer(request),
    });
    let w = world("llamacpp", &server.url(), "first_byte_s = 1\n");
    let (code, found) = findings(&w, &[]);
    assert_eq!(code, 1);
    let [words] = of(&found, "lab/test", "error")[..] else {
        panic!("{found:?}");
    };
    assert!(
        words.starts_with("failed in a short turn: lab hangs: nothing came for 1 s"),
        "{words}"
    );
}

#[test]
fn settings_that_cannot_be_read_are_findings_too_and_the_machine_is_looked_at_all_the_same() {
    let w = world("ollama", "http://127.0.0.1:1", "num_ctx = \"much\"\n");
    let (code, found) = findings(&w, &[]);
    assert_eq!(code, 2);
    let [words] = of(&found, "settings", "error")[..] else {
        panic!("{found:?}");
    };
    assert!(words.contains("num_ctx"), "{words}");
    assert_eq!(of(&found, "node", "fine").len(), 1, "{found:?}");
}

#[test]
fn programs_that_are_missing_are_named_with_what_to_install() {
    let w = world("ollama", "http://127.0.0.1:1", "");
    let bin = w.path_with(&["node"]);
    let output = w
        .run(&["--home", "home", "doctor", "--json", "--no-turn"])
        .env("PATH", bin)
        .output()
        .unwrap();
    let value: Value = serde_json::from_slice(&output.stdout).unwrap();
    let found = value["findings"].as_array().unwrap();
    assert_eq!(of(found, "npm", "error"), ["npm is not on PATH"]);
    assert_eq!(of(found, "git", "error"), ["git is not on PATH"]);
    assert_eq!(
        of(found, "node", "fine").len(),
        1,
        "{}",
        on_path("node").display()
    );
}

#[test]
fn it_shows_what_it_waits_for_and_ctrl_c_ends_it() {
    let fake = Fake::new(Wire::LlamaCpp);
    let server = ModelServer::answering(move |request| match request.method.as_str() {
        "POST" => Answer::steps(vec![Step::Hold]),
        _ => fake.answer(request),
    });
    let w = world("llamacpp", &server.url(), "");
    let config = w.path("config");
    let env = [
        ("XDG_CONFIG_HOME", config.to_str().unwrap()),
        (
            "XDG_CACHE_HOME",
            concat!(env!("CARGO_TARGET_TMPDIR"), "/cache"),
        ),
    ];
    let mut t = Terminal::run(w.dir.path(), &["--home", "home", "doctor"], &env);
    t.until("lab/test: a short turn");
    t.press(CTRL_C);
    let (code, text) = t.ended();
    assert_eq!(code, Some(130), "{text}");
    assert!(
        text.contains("stopped before everything was looked at"),
        "{text}"
    );
}

#[test]
fn a_server_that_still_loads_its_model_is_no_error() {
    let loading = r#"{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}"#;
    let server = ModelServer::answering(move |_| Answer::status(503, loading));
    let w = world("llamacpp", &server.url(), "");
    let (code, all) = findings(&w, &[]);
    assert_eq!(code, 0, "{all:#?}");
    let [warning] = of(&all, "lab", "warning")[..] else {
        panic!("{all:#?}")
    };
    assert!(warning.contains("Loading model"), "{warning}");
    assert!(server.turns().is_empty(), "no turn is taken while it loads");
}

#[test]
fn one_host_is_looked_at_alone_and_an_unknown_one_is_said() {
    let fake = Fake::new(Wire::Ollama).saying(counted());
    fake.loads(16384, 100);
    let server = serve(&fake);
    let dark = "[hosts.dark]\nkind = \"ollama\"\nurl = \"http://127.0.0.1:1\"\n";
    let w = world("ollama", &server.url(), dark);
    let (code, found) = findings(&w, &["--no-turn", "--host", "lab"]);
    assert_eq!((code, server.turns().len()), (0, 0));
    let subjects: Vec<&str> = found
        .iter()
        .map(|one| one["subject"].as_str().unwrap())
        .collect();
    assert!(!subjects.is_empty());
    assert!(
        subjects.iter().all(|subject| subject.starts_with("lab")),
        "{subjects:?}"
    );
    // No role needs the other one; asked for alone it is what is wrong.
    let (code, found) = findings(&w, &["--no-turn", "--host", "dark"]);
    assert_eq!(
        (code, of(&found, "dark", "error").len()),
        (1, 1),
        "{found:?}"
    );
    let output = w
        .run(&["--home", "home", "doctor", "--host", "nowhere"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("no host is called \"nowhere\"") && said.contains("lab"),
        "{said}"
    );
}

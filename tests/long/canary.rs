//! Canary secrets in the environment, in a key file, in a tool's source and in what its tests put out, over the whole life
//! of a tool: searched for in every file, process, prompt and byte on a terminal, in every common encoding.

use crate::{homes, model_server, process, pty};
use dev_factory::adapters::clock::SystemClock;
use dev_factory::adapters::store::{answered, submit};
use dev_factory::domain::command::{Command, Verb};
use dev_factory::factory::ports::clock::Clock;
use homes::TOOL;
use model_server::{Answer, ModelServer, Request, openai_reply};
use pty::{Ends, Pty, Shown};
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// Characters that every encoding writes differently, and letters nobody else uses at the same time.
fn canary(name: &str) -> String {
    format!("{name}\"&/+<{}>~", std::process::id())
}

fn base64(bytes: &[u8], digits: &[u8; 64]) -> String {
    let groups = bytes.chunks(3).flat_map(|group| {
        let at = |n: usize| u32::from(group.get(n).copied().unwrap_or(0));
        let word = at(0) << 16 | at(1) << 8 | at(2);
        (0..=group.len()).map(move |n| digits[(word >> (18 - 6 * n) & 63) as usize] as char)
    });
    groups.collect()
}

/// The secret as anyone may have written it.
fn forms(secret: &str) -> Vec<String> {
    const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const SAFE: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let hex: String = secret.bytes().map(|b| format!("{b:02x}")).collect();
    let json = serde_json::Value::from(secret).to_string();
    let percent = secret.bytes().map(|b| match b {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'~' => (b as char).to_string(),
        _ => format!("%{b:02X}"),
    });
    let mut forms = vec![
        secret.to_owned(),
        hex.to_uppercase(),
        hex,
        json.trim_matches('"').to_owned(),
        percent.collect(),
        secret
            .replace('&', "&amp;")
            .replace('"', "&quot;")
            .replace('<', "&lt;")
            .replace('>', "&gt;"),
    ];
    for digits in [STANDARD, SAFE] {
        for (before, shared) in [("", 0), ("u", 2), ("us", 3)] {
            let text = base64(format!("{before}{secret}").as_bytes(), digits);
            let shared_end = !(before.len() + secret.len()).is_multiple_of(3);
            let whole = text.len() - usize::from(shared_end);
            forms.push(text[shared..whole].to_owned());
        }
    }
    forms
}

/// Secrets in every form.
fn forms_of(secrets: &[&str]) -> Vec<String> {
    secrets.iter().flat_map(|secret| forms(secret)).collect()
}

/// Which of some forms of secrets a place holds.
fn found(forms: &[String], bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    let held = forms.iter().filter(|form| text.contains(form.as_str()));
    held.cloned().collect()
}

fn files(dir: &Path, found: &mut Vec<(PathBuf, Vec<u8>)>) {
    for entry in fs::read_dir(dir).unwrap().flatten() {
        let (path, kind) = (entry.path(), entry.file_type().unwrap());
        if kind.is_dir() {
            files(&path, found);
        } else if kind.is_file()
            && let Ok(bytes) = fs::read(&path)
        {
            found.push((path, bytes));
        }
    }
}

/// Looks at every process there is, again and again: what each was started with and has in its environment.
struct Watch {
    stop: Arc<AtomicBool>,
    looking: JoinHandle<(BTreeSet<String>, Vec<String>)>,
}

impl Watch {
    fn begin(forms: Vec<String>, home: PathBuf) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stop);
        let looking = std::thread::spawn(move || {
            let (mut programs, mut leaks) = (BTreeSet::new(), Vec::new());
            while !told.load(Ordering::SeqCst) {
                for entry in fs::read_dir("/proc").unwrap().flatten() {
                    look(&entry.path(), &forms, &home, &mut programs, &mut leaks);
                }
                std::thread::park_timeout(Duration::from_millis(1));
            }
            (programs, leaks)
        });
        Self { stop, looking }
    }

    /// The programs that worked in the home, and what was found of the secrets.
    fn end(self) -> (BTreeSet<String>, Vec<String>) {
        self.stop.store(true, Ordering::SeqCst);
        self.looking.thread().unpark();
        self.looking.join().unwrap()
    }
}

fn look(
    process: &Path,
    forms: &[String],
    home: &Path,
    programs: &mut BTreeSet<String>,
    leaks: &mut Vec<String>,
) {
    let Ok(exe) = fs::read_link(process.join("exe")) else {
        return;
    };
    let name = exe.file_name().unwrap().to_string_lossy().into_owned();
    let words = fs::read(process.join("cmdline")).unwrap_or_default();
    if fs::read_link(process.join("cwd")).is_ok_and(|cwd| cwd.starts_with(home)) {
        programs.insert(name.clone());
    }
    // The program itself was given the key by name; this test has them all.
    let ours =
        name.starts_with("dev-factory") || Some(&exe) == std::env::current_exe().ok().as_ref();
    let environment = if ours {
        Vec::new()
    } else {
        fs::read(process.join("environ")).unwrap_or_default()
    };
    for (what, bytes) in [("cmdline", words), ("environ", environment)] {
        for form in found(forms, &bytes) {
            leaks.push(format!("{what} of {name}: {form}"));
        }
    }
}

/// A PATH whose git notes what each call of it is given, because most are gone before anybody looks.
fn recording_git(dir: &Path) -> String {
    let (bin, calls) = (dir.join("bin"), dir.join("calls"));
    fs::create_dir(&bin).unwrap();
    fs::create_dir(&calls).unwrap();
    let path = std::env::var("PATH").unwrap();
    let real = std::env::split_paths(&path)
        .map(|folder| folder.join("git"))
        .find(|file| file.is_file())
        .unwrap();
    let text = format!(
        "#!/bin/sh\n/bin/cat /proc/$$/environ /proc/$$/cmdline > '{}'/$$\nexec '{}' \"$@\"\n",
        calls.display(),
        real.display()
    );
    fs::write(bin.join("git"), text).unwrap();
    fs::set_permissions(bin.join("git"), fs::Permissions::from_mode(0o755)).unwrap();
    format!("{}:{path}", bin.display())
}

/// A server that repeats the key it was given in everything it says, in all its forms.
fn echoing(key: String, source: String, output: String) -> ModelServer {
    let echo = forms(&key).join(" ");
    ModelServer::answering(move |request| match request.path.as_str() {
        "/v1/chat/completions" => openai_reply(request, &said(request, &echo, &source, &output)),
        "/v1/models" => {
            let body = serde_json::json!({"object": "list", "data": [{"id": "test", "object": "model", "owned_by": echo}]});
            Answer::status(200, &body.to_string())
        }
        _ => Answer::status(404, &echo),
    })
}

/// The reply of the demo with the echo in it; the first writing of src/log.js has a fault that shows `output`.
fn said(request: &Request, echo: &str, source: &str, output: &str) -> String {
    let label = request.label();
    let thought = format!("<think>\nthe key is {echo}\n</think>\n");
    let told = label.replace("/fixing/", "/coding/");
    let Some(reply) = homes::reply(&told) else {
        return format!("{thought}It may be the key {echo}.");
    };
    let (head, tail) = output.split_at(9);
    let fault = format!(": not JSON ${{['{head}', '{tail}'].join('')}}`");
    let reply = reply.replacen(
        "'use strict';\n",
        &format!("'use strict';\n\n// {echo}\n// {source}\n"),
        1,
    );
    let reply = match label.contains("/coding/file/src/log.js/") {
        true => reply.replacen(": not JSON`", &fault, 1),
        false => reply,
    };
    let quoted = serde_json::Value::from(echo).to_string();
    let quoted = quoted.trim_matches('"');
    let reply = reply
        .replacen("\"notes\": \"", &format!("\"notes\": \"{quoted} "), 1)
        .replacen("\"checks\": [", &format!("\"checks\": [\"{quoted}\","), 1);
    thought + &reply
}

fn settings(developer: &str, supervisor: &str) -> String {
    format!(
        "[hosts.lab]\nkind = \"openai\"\nurl = \"{developer}/v1\"\n\
         [hosts.far]\nkind = \"openai\"\nurl = \"{supervisor}/v1\"\n\
         [roles.developer]\nmodel = \"lab/test\"\n[roles.qa]\nmodel = \"lab/test\"\n\
         [roles.supervisor]\nmodel = \"far/test\"\n"
    )
}

#[test]
fn no_secret_is_found_anywhere() {
    let (by_name, in_file, unused) = (canary("named"), canary("filed"), canary("unused"));
    let source = format!("sk-sourcecanary{:08}x", std::process::id());
    let output = format!("ghp_outputcanary{:010}", std::process::id());
    let known = forms_of(&[&by_name, &in_file, &unused]);
    let all = forms_of(&[&by_name, &in_file, &unused, &source, &output]);
    let lab = echoing(by_name.clone(), source.clone(), output.clone());
    let far = echoing(in_file.clone(), source.clone(), output.clone());

    let dir = tempfile::tempdir().unwrap();
    let home = homes::make(dir.path(), &[TOOL], &settings(&lab.url(), &far.url()));
    let dir = dir.path().canonicalize().unwrap();
    let own = dir.join("config/dev-factory");
    fs::create_dir_all(&own).unwrap();
    let file = own.join("far.key");
    fs::write(&file, &in_file).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let keys = format!(
        "[keys.lab]\norigin = \"{}\"\nenv = \"LAB_CANARY\"\n[keys.far]\norigin = \"{}\"\nfile = \"{}\"\n",
        lab.url(),
        far.url(),
        file.display()
    );
    fs::write(own.join("config.toml"), keys).unwrap();

    // A person who writes a key into an idea, and one into a soul.
    let wishlist = home.join("dev-factory/wishlist.json");
    let mut ideas: serde_json::Value =
        serde_json::from_slice(&fs::read(&wishlist).unwrap()).unwrap();
    let idea = format!(
        "{} The key is {by_name}.",
        ideas["items"][0]["idea"].as_str().unwrap()
    );
    ideas["items"][0]["idea"] = idea.into();
    fs::write(&wishlist, ideas.to_string()).unwrap();
    let soul = home.join("souls/developer.md");
    let good = fs::read_to_string(&soul).unwrap();
    fs::write(&soul, format!("{good}\nThe key is {by_name}.\n")).unwrap();
    let path = recording_git(&dir);
    let watch = Watch::begin(known.clone(), home.clone());
    let words = ["--home", "home", "--unsafe-no-sandbox", "--yes-i-accept"];
    let cache = dir.join("cache").display().to_string();
    let env = [
        ("LAB_CANARY", by_name.as_str()),
        ("OTHER_TOOL_TOKEN", unused.as_str()),
        ("PATH", path.as_str()),
        ("XDG_CACHE_HOME", cache.as_str()),
    ];
    let ends = Ends(&home);
    let mut pty = Pty::run(&dir, &words, &env);
    process::wait("the soul was sent", || !lab.turns().is_empty());
    fs::write(&soul, good).unwrap();
    process::wait("the tool is shipped", || !homes::tags(&home).is_empty());
    // What a person writes into a setting or gives as a reason is quoted in lines, events and what waits for them.
    let reason = Command {
        id: "reason".to_owned(),
        verb: Verb::Pause {
            scope: None,
            reason: Some(by_name.clone()),
            until: None,
        },
        tool: None,
        phase: None,
        since: None,
        attempt: None,
        by: "operator:tester".to_owned(),
        at: SystemClock.now(),
    };
    submit(&home, &reason).unwrap();
    process::wait("the reason is taken", || {
        answered(&home, "reason").is_some()
    });
    assert!(answered(&home, "reason").unwrap().accepted);
    let quoted = serde_json::Value::from(by_name.as_str());
    let wrong = format!(
        "{}keep_alive = 1\n[roles.qa]\nrunner = {quoted}\n",
        "[hosts.lab]\n"
    );
    let right = fs::read_to_string(home.join("dev-factory/factory.toml")).unwrap();
    fs::write(home.join("dev-factory/factory.toml"), wrong).unwrap();
    process::wait("the settings are refused", || {
        let lines = fs::read_to_string(home.join("dev-factory/run/stream.jsonl"));
        lines.is_ok_and(|text| text.contains("runner is \\\"[redacted]"))
    });
    fs::write(home.join("dev-factory/factory.toml"), right).unwrap();
    // All tabs, with what models said in full.
    for key in ["2", "3", "4"] {
        pty.press(key);
        pty.until("a tab", |shown: &Shown| !shown.text().trim().is_empty());
    }
    let mut printed = Vec::new();
    for words in [
        &["logs", "-n", "100000"][..],
        &["--json", "status"],
        &["config"],
        &["list"],
        &["probe"],
    ] {
        let mut command = homes::program(&dir, &[&["--home", "home"], words].concat());
        let output = command.envs(env).output().unwrap();
        printed.push((
            format!("{words:?}"),
            [output.stdout, output.stderr].concat(),
        ));
    }
    pty.press("q");
    let shown = pty.now(|shown| shown.bytes.clone());
    drop(ends);
    let (programs, leaks) = watch.end();
    assert!(programs.contains("node"), "{programs:?}");
    assert_eq!(leaks, [] as [String; 0]);
    let mut calls = Vec::new();
    files(&dir.join("calls"), &mut calls);
    assert!(calls.len() > 20, "git was called {} times", calls.len());
    for (_, bytes) in &calls {
        assert_eq!(found(&known, bytes), [] as [String; 0]);
    }

    // The terminal, and what commands print.
    assert!(shown.len() > 10_000);
    let mut places = printed;
    assert!(
        places[0].1.len() > 2_000,
        "{}",
        String::from_utf8_lossy(&places[0].1)
    );
    places.push(("the terminal".to_owned(), shown));
    for (place, bytes) in &places {
        assert_eq!(found(&all, bytes), [] as [String; 0], "{place}");
    }
    // A model may be shown its own source, and what a model wrote there on purpose stays there.
    let kept_back = forms_of(&[&by_name, &in_file, &unused, &output]);
    prompts(&lab, &known, &kept_back, &by_name);
    prompts(&far, &known, &kept_back, &in_file);
    on_disk(&home, &kept_back, &forms(&source));
    // What it keeps outside the home; keys and the notes of this test lie beside that.
    let mut kept = Vec::new();
    files(&dir, &mut kept);
    let given = [home.clone(), dir.join("config"), dir.join("calls")];
    kept.retain(|(path, _)| !given.iter().any(|folder| path.starts_with(folder)));
    for (path, bytes) in &kept {
        assert_eq!(found(&all, bytes), [] as [String; 0], "{}", path.display());
    }
}

/// What the servers were asked: their own key in its header, no secret in any prompt.
fn prompts(server: &ModelServer, known: &[String], kept_back: &[String], own: &str) {
    assert!(!server.turns().is_empty());
    for request in server.requests() {
        assert_eq!(
            found(kept_back, &request.body),
            [] as [String; 0],
            "{}",
            request.label()
        );
        for (name, value) in &request.headers {
            let wanted = (name == "authorization").then(|| format!("Bearer {own}"));
            assert!(
                wanted.as_ref().is_none_or(|wanted| wanted == value),
                "{name}: {value}"
            );
            assert!(
                wanted.is_some() || found(known, value.as_bytes()).is_empty(),
                "{name}"
            );
        }
        // Whether the key counts there is found out by asking once without it; what costs is never asked so.
        let bearer = format!("Bearer {own}");
        let sent = request.header("authorization");
        assert!(sent == Some(bearer.as_str()) || (sent.is_none() && request.method == "GET"));
    }
}

/// Every file of the home and every object of its repository. What a model wrote into a source on purpose stays in the
/// tool's own files, and in nothing that tells of them.
fn on_disk(home: &Path, kept_back: &[String], source: &[String]) {
    let mut all = Vec::new();
    files(home, &mut all);
    assert!(all.len() > 50);
    let objects = std::process::Command::new("git")
        .args(["cat-file", "--batch-all-objects", "--batch"])
        .current_dir(home)
        .output()
        .unwrap();
    assert!(objects.stdout.len() > 100_000);
    all.push((home.join("objects"), objects.stdout));
    // The words of a command, as a person gave them.
    all.retain(|(path, _)| !path.starts_with(home.join("dev-factory/commands")));
    let own = [
        "tools",
        "dev-factory/work",
        "dev-factory/run/gates",
        "dev-factory/gates",
        "objects",
    ]
    .map(|name| home.join(name));
    let (mut kept, mut red) = (false, false);
    for (path, bytes) in &all {
        assert_eq!(
            found(kept_back, bytes),
            [] as [String; 0],
            "{}",
            path.display()
        );
        let holds = !found(source, bytes).is_empty();
        let of_tool = own.iter().any(|folder| path.starts_with(folder));
        assert!(of_tool || !holds, "{}", path.display());
        kept |= holds && path.starts_with(&own[0]);
        let bug = path.starts_with(home.join("dev-factory/bugs"));
        red |= bug && String::from_utf8_lossy(bytes).contains("not JSON [redacted]");
    }
    assert!(kept, "the secret in the source is in no file of the tool");
    assert!(
        red,
        "no bug report shows the run's output: the run was not red for it"
    );
}

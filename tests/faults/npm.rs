//! npm failing at work: a tool names a package, and its registry breaks in the middle of the factory's night.

use crate::model_server::{Answer, ModelServer};
use crate::registry;
use crate::subject::{Subject, TOOL};
use dev_factory::domain::condition::Trouble;
use serde_json::json;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

const PACKAGE: &str = "left-over";

/// Has the tool require the package, and its person allow that.
fn required(subject: &Subject) {
    let replies = subject.dir.path().join("replies").join(TOOL);
    let edit = |file: &str, from: &str, to: &str| {
        for n in 0..2 {
            let path = replies.join(file).join(format!("{n}.md"));
            let text = fs::read_to_string(&path).unwrap();
            assert!(text.contains(from), "{text}");
            fs::write(path, text.replacen(from, to, 1)).unwrap();
        }
    };
    edit(
        "spec/template",
        "depends on: nothing",
        "depends on: left-over",
    );
    let source = "coding/file/src/cli.js";
    edit(
        source,
        "\nfunction sum",
        "\nconst start = require('left-over');\n\nfunction sum",
    );
    edit(source, "let total = 0;", "let total = start;");
    let own = subject.dir.path().join("config/dev-factory");
    fs::create_dir_all(&own).unwrap();
    let allowed = format!("[npm]\nallow = [\"{PACKAGE}@1.0.0\"]\n");
    fs::write(own.join("config.toml"), allowed).unwrap();
}

fn package(dir: &Path) -> registry::Packed {
    let source = dir.join("source");
    fs::create_dir(&source).unwrap();
    let manifest = json!({"name": PACKAGE, "version": "1.0.0", "main": "left.js"});
    fs::write(source.join("package.json"), manifest.to_string()).unwrap();
    fs::write(source.join("left.js"), "module.exports = 0;\n").unwrap();
    registry::packed(&source)
}

#[test]
fn a_registry_that_broke_is_named_and_the_factory_goes_on_when_it_works() {
    let mut subject = Subject::new(&[TOOL]);
    required(&subject);
    let package = package(subject.dir.path());
    let broken = Arc::new(AtomicBool::new(true));
    let breaks = broken.clone();
    let server = ModelServer::answering(move |request| match breaks.load(Ordering::SeqCst) {
        true => Answer::status(503, "the registry is being mended"),
        false => package.answer(request),
    });
    // What npm has fetched once it does not fetch again.
    let cache = subject.dir.path().join("cache");
    subject.start(|command| {
        command.env("npm_config_registry", server.url());
        command.env("XDG_CACHE_HOME", &cache);
    });
    let why = subject.shows(Trouble::Tests);
    for words in ["left-over cannot be installed", "503", "npm ping"] {
        assert!(why.contains(words), "{words} in {why}");
    }
    let text = subject.status(&[]).1;
    assert!(text.contains("cannot be installed"), "{text}");
    let json = subject.status(&["--json"]).1;
    assert!(json.contains(r#""name":"tests""#), "{json}");
    broken.store(false, Ordering::SeqCst);
    subject.goes_on();
    let over = |note: &String| note.starts_with("tests is over");
    assert!(subject.notes().iter().any(over), "{:?}", subject.notes());
}

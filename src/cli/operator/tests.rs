//! Typed words, and lines of commands, read as on the command line.

use super::*;

fn hand() -> Hand {
    Hand::new(&Cli::parse_from(["dev-factory"]), PathBuf::from("/nowhere"))
}

#[test]
fn typed_words_are_read_as_on_the_command_line() {
    let read = |line: &str| hand().read(line);
    let hint = Verb::Hint {
        text: "use the fs module".to_owned(),
    };
    assert_eq!(read("hint \"use the fs module\""), Ok((hint.clone(), true)));
    assert_eq!(read("hint use the fs module"), Ok((hint, true)));
    let drop = Verb::Drop {
        item: "cost-tracker".to_owned(),
        reason: Some("don't".to_owned()),
    };
    assert_eq!(
        read("drop cost-tracker --reason \"don't\""),
        Ok((drop.clone(), false))
    );
    assert_eq!(
        read("drop cost-tracker --reason don\\'t"),
        Ok((drop, false))
    );
    assert!(matches!(read("stop"), Ok((Verb::Stop { .. }, false))));
}

/// The words of all commands, as the reader of command files knows them.
fn all_names() -> Vec<String> {
    let unknown = serde_json::json!({"command": "?", "args": {}});
    let words = serde_json::from_value::<Verb>(unknown)
        .unwrap_err()
        .to_string();
    let names = words.split('`').skip(1).step_by(2);
    names
        .filter(|name| *name != "?")
        .map(str::to_owned)
        .collect()
}

/// One of each, with every argument it can have.
const SAMPLES: &str = r#"[
  {"command": "pause", "args": {"scope": "qa", "reason": "R", "until": "2026-12-01T07:00:00Z"}},
  {"command": "resume", "args": {"target": "pause-3", "reason": "R"}},
  {"command": "escalate", "args": {"reason": "R"}},
  {"command": "requeue", "args": {"item": "x", "fresh": true, "reason": "R", "priority": -2}},
  {"command": "park", "args": {"item": "x", "reason": "R"}},
  {"command": "unpark", "args": {"item": "x", "reason": "R", "priority": -2}},
  {"command": "drop", "args": {"item": "x", "reason": "R"}},
  {"command": "retry", "args": {}},
  {"command": "abort", "args": {}},
  {"command": "rewind", "args": {"seq": 12}},
  {"command": "hint", "args": {"text": "R"}},
  {"command": "decide", "args": {"item": "x", "decision": "ship"}},
  {"command": "decide", "args": {"decision": "test-defect", "text": "R", "case": "h4", "file": "src/cli.js"}},
  {"command": "stop", "args": {"after": "now", "reason": "R"}},
  {"command": "stop", "args": {"after": "turn", "restart": true, "reason": "R"}},
  {"command": "probe", "args": {"host": "gpu1"}},
  {"command": "not-stuck", "args": {"rule": "S4", "item": "x"}},
  {"command": "snooze", "args": {"need": "review:x", "until": "2026-12-01T07:00:00Z"}},
  {"command": "reopen", "args": {"tool": "x", "text": "R"}},
  {"command": "add", "args": {"idea": "R", "priority": -2, "name": "x"}},
  {"command": "edit", "args": {"item": "x", "idea": "R"}},
  {"command": "prioritise", "args": {"item": "x", "priority": -1}},
  {"command": "budget", "args": {"scope": "x", "unit": "usd", "amount": 2.5}}
]"#;

#[test]
fn every_command_is_a_line_that_reads_back() {
    let odd = serde_json::json!("it's \"odd\", $HOME and 日本\nsecond line").to_string();
    let all: Vec<Verb> = serde_json::from_str(&SAMPLES.replace("\"R\"", &odd)).unwrap();
    for verb in &all {
        let read = hand().read(&verb.line()).map(|(verb, _)| verb);
        assert_eq!(read.as_ref(), Ok(verb), "{}", verb.line());
    }
    // What begins as an option does is a text all the same.
    let dashed = SAMPLES.replace("\"R\"", "\"-v flag\"");
    for verb in serde_json::from_str::<Vec<Verb>>(&dashed).unwrap() {
        let read = hand().read(&verb.line()).map(|(verb, _)| verb);
        assert_eq!(read.as_ref(), Ok(&verb), "{}", verb.line());
    }
    let offered = hand().commands();
    for name in all_names() {
        assert!(
            all.iter().any(|verb| verb.name() == name),
            "{name} has no line"
        );
        let word = if name == "stop" { "down" } else { &name };
        let known = offered.iter().any(|usage| usage.name == word);
        assert!(known, "{name} is not in the palette");
    }
}

#[test]
fn mistakes_are_one_line() {
    for (line, words) in [
        ("hint 'open", "a ' is not closed"),
        ("fly", "unrecognized subcommand 'fly'"),
        ("snooze review:x later", "\"later\" is no time"),
    ] {
        let problem = hand().read(line).unwrap_err();
        assert!(problem.contains(words), "{line}: {problem}");
        assert!(!problem.contains('\n'), "{problem}");
    }
}

#[test]
fn every_command_shows_its_arguments() {
    let all = hand().commands();
    let find = |name: &str| all.iter().find(|usage| usage.name == name).unwrap();
    assert_eq!(find("drop").arguments, "ITEM [--reason REASON]");
    assert_eq!(find("park").arguments, "[ITEM] [--reason REASON]");
    assert_eq!(find("retry").arguments, "");
    assert_eq!(
        find("down").about,
        "End the engine after the turn under way"
    );
    assert!(all.iter().all(|usage| !usage.about.is_empty()));
}

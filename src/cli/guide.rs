//! The pages of docs/guide held to the program: every command line, flag, setting and key they name is there, and every
//! piece of code on them is one of these or a word that is known to be none.

use super::args::{Cli, Cmd};
use crate::config::{Inputs, load, schema};
use crate::domain::command::Decision;
use crate::tui::action::Action;
use crate::tui::key::Key;
use crate::tui::keymap::Keymap;
use crate::tui::tabs::Tab;
use chrono::{DateTime, Utc};
use clap::{Command, CommandFactory, Parser};
use std::path::Path;

/// Keys, and what the pages say they do.
const KEYS: [(&str, Action); 8] = [
    ("!", Action::Needs),
    ("?", Action::Help),
    ("q", Action::Leave),
    ("Q", Action::StopEngine),
    ("2", Action::Go(Tab::Agents)),
    ("3", Action::Go(Tab::Stats)),
    ("Tab", Action::NextPane),
    ("d", Action::Doctor),
];

/// Other programs that are called by name.
const PROGRAMS: [&str; 9] = [
    "cargo", "cd", "git", "install", "node", "npm", "npx", "ollama", "set",
];

/// What the program says, and entries that need you, which a test of their own holds to it.
const WORDS: [&str; 7] = ["->", "ERROR", "warn", "shipped", "waits", "parked", "push"];

/// How the name of an entry that needs you ends.
const ENTRIES: [&str; 5] = [":NAME", ":ROLE", ":ID", ":TARGET", ":..."];

/// What stands in blocks, line by line, and what stands between backticks.
fn code(page: &str) -> (Vec<Vec<&str>>, Vec<String>) {
    let parts: Vec<&str> = page.split("```").collect();
    // The rest of the line on which a block begins names its language.
    let blocks = parts.iter().skip(1).step_by(2);
    let blocks = blocks.map(|block| block.lines().skip(1).collect());
    let prose: Vec<&str> = parts.iter().step_by(2).copied().collect();
    let prose = prose.concat();
    assert!(prose.matches('`').count() % 2 == 0, "a backtick is missing");
    let spans = prose.split('`').skip(1).step_by(2);
    let whole = |span: &str| span.split_whitespace().collect::<Vec<_>>().join(" ");
    (blocks.collect(), spans.map(whole).collect())
}

/// What is wrong on a page, each in a sentence.
fn faults(page: &str) -> Vec<String> {
    let (blocks, spans) = code(page);
    let of_block = |block: &Vec<&str>| -> Vec<String> {
        let note = |line: &&str| line.is_empty() || line.starts_with('#');
        if block.iter().all(note) {
            return noted(block);
        }
        if block.iter().any(|line| line.starts_with('[')) {
            return settings(&block.join("\n"));
        }
        let lines = block.join("\n").replace("\\\n", " ");
        lines.lines().filter_map(typed).collect()
    };
    let mut all: Vec<String> = blocks.iter().flat_map(of_block).collect();
    all.extend(spans.iter().filter_map(|span| named(span)));
    all
}

/// A line that is typed at a prompt.
fn typed(line: &str) -> Option<String> {
    let (line, _) = line
        .split_once(" #")
        .filter(|_| !line.contains("#("))
        .unwrap_or((line, ""));
    // What a status bar calls stands within another program's words.
    let line = match line.split_once("#(") {
        Some((_, call)) => call.split(')').next().unwrap_or_default(),
        None => line,
    };
    let line = line.split(" | ").next().unwrap_or_default().trim();
    match line.split_whitespace().next() {
        None => None,
        Some("dev-factory") => command(line),
        Some(word) if PROGRAMS.contains(&word) || variable(word) => None,
        Some(word) => Some(format!("{word} is no program that is known: {line}")),
    }
}

/// The command line of ours, with words for what a page leaves open.
fn command(line: &str) -> Option<String> {
    let words = shlex::split(line).unwrap_or_default();
    let words = words.iter().map(|word| match word.as_str() {
        "N" => "5",
        word => word,
    });
    let problem = match Cli::try_parse_from(words) {
        Ok(Cli {
            command: Some(Cmd::Verb(verb)),
            ..
        }) => verb
            .verb(DateTime::<Utc>::UNIX_EPOCH)
            .err()
            .map(|fail| format!("{fail:?}")),
        Ok(_) => None,
        Err(error) => Some(error.to_string()),
    };
    problem.map(|why| format!("{line}: {why}"))
}

/// A variable with its value.
fn variable(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        name.contains('_') && name.chars().all(|c| c.is_ascii_uppercase() || c == '_')
    })
}

/// A piece of code between backticks.
fn named(span: &str) -> Option<String> {
    let program = Cli::command();
    let first = span.split_whitespace().next().unwrap_or_default();
    let known = |command: &Command| {
        command.get_name() == first || command.get_all_aliases().any(|name| name == first)
    };
    if let Some(key) = Key::parse(span) {
        return pressed(span, key);
    }
    if WORDS.contains(&span)
        || ENTRIES.iter().any(|end| span.ends_with(end))
        || variable(span)
        || decision(span)
    {
        return None;
    }
    if first == "dev-factory" {
        return command(span);
    }
    if program.get_subcommands().any(known) {
        return (first != span)
            .then(|| command(&format!("dev-factory {span}")))
            .flatten();
    }
    if let Some(flag) = first.strip_prefix("--") {
        return (!has_flag(&program, flag)).then(|| format!("{span}: there is no flag --{flag}"));
    }
    let path = first.starts_with('~') || [".json", ".log"].iter().any(|end| span.ends_with(end));
    let path = path || (span.contains('/') && !span.contains([' ', '"']));
    let said = ["npm ci failed", "$0.00"].contains(&span);
    if path
        || said
        || PROGRAMS.contains(&first)
        || toml::from_str::<toml::Table>(&format!("value = {span}")).is_ok()
    {
        return None;
    }
    setting(span)
}

/// A key does what the pages say.
fn pressed(name: &str, key: Key) -> Option<String> {
    let told = KEYS.iter().find(|(known, _)| *known == name);
    let Some((_, action)) = told else {
        // A digit may be a value as well.
        return name
            .parse::<u32>()
            .is_err()
            .then(|| format!("{name}: no page says so far what this key does"));
    };
    let keys = Keymap::default();
    (!keys.is(key, *action)).then(|| format!("{name} is not the key of {}", action.name()))
}

fn decision(word: &str) -> bool {
    serde_json::from_value::<Decision>(word.into()).is_ok()
}

fn has_flag(command: &Command, flag: &str) -> bool {
    command
        .get_arguments()
        .any(|arg| arg.get_long() == Some(flag))
        || command.get_subcommands().any(|inner| has_flag(inner, flag))
}

/// `[notify]`, `[hosts.NAME] local = true`, `runner = "builtin"`, `ship.push`, `num_ctx`.
fn setting(span: &str) -> Option<String> {
    let (table, rest) = match span.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((table, rest)) => (table, rest.trim()),
        None => ("", span),
    };
    let key = rest.split(" = ").next().unwrap_or_default();
    let path = |name: &str| -> Vec<String> { name.split('.').map(str::to_owned).collect() };
    let there = match (table, key) {
        (table, "") => schema::is_table(&path(table)),
        ("", key) if !key.contains('.') => schema::KEYS
            .iter()
            .any(|(pattern, _)| pattern.rsplit('.').next() == Some(key)),
        ("", key) => schema::find(&path(key)).is_some(),
        (table, key) => schema::find(&path(&format!("{table}.{key}"))).is_some(),
    };
    (!there).then(|| format!("{span} is no setting, command line, flag, key or known word"))
}

/// A block of settings, as a home's file.
fn settings(text: &str) -> Vec<String> {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("dev-factory");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("factory.toml"), text).unwrap();
    let inputs = Inputs {
        home: Some(home.path().to_path_buf()),
        ..Inputs::default()
    };
    let loaded = load(&inputs, &|place| Err(format!("not to be asked: {place:?}")));
    let problems = loaded.err().unwrap_or_default();
    problems.iter().map(ToString::to_string).collect()
}

/// Settings that are told about in notes: a table on a line of its own, then keys with what they may be.
fn noted(block: &[&str]) -> Vec<String> {
    let (mut table, mut all) = (None, Vec::new());
    for line in block {
        let line = line.trim_start_matches('#');
        let spans = line.split('`').skip(1).step_by(2);
        all.extend(spans.filter_map(named));
        let Some(inner) = line.strip_prefix("   ") else {
            table = None;
            continue;
        };
        let inner = match inner
            .strip_prefix('[')
            .and_then(|rest| rest.split_once(']'))
        {
            Some((name, rest)) => {
                table = Some(name);
                all.extend(setting(&format!("[{name}]")));
                rest
            }
            None => inner,
        };
        // Every word that something is given to; values with such words in them have none of these tables.
        let mut parts: Vec<&str> = inner.split(" = ").collect();
        parts.pop();
        let keys = parts
            .iter()
            .filter_map(|part| part.split_whitespace().next_back());
        all.extend(keys.filter_map(|key| setting(&format!("[{}] {key}", table?))));
    }
    all
}

#[test]
fn every_command_line_flag_setting_and_key_of_the_guide_is_there() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/guide");
    let pages = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut wrong = Vec::new();
    for path in pages {
        let text = std::fs::read_to_string(&path).unwrap();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        wrong.extend(
            faults(&text)
                .into_iter()
                .map(|fault| format!("{name}: {fault}")),
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_not_there_is_found_wherever_it_stands() {
    let page = "`!` and `Z`, `unpark` and `unparc x`, `status --jsn`, `decide shipp NAME`, `--hosts a`, `[notifi]`, \
                `[hosts.NAME] locl = true`, `stuck.stall`, `num_ctxx`, `snooze ID soon`\n\
                ```\ndev-factory docter   # no\ndev-factory add \\\n  --prio 3\ndevfactory list\nset -g x '#(dev-factory statu)'\n```\n\
                ```\n[limits]\nday_us = 3\n```\n```\n# As\n#   [keys.NAME]\n#   origin = \"x\"   or envi = \"Y\"\n# `dev-factory notfy`\n```\n";
    let found = faults(page);
    for wrong in [
        "Z: ",
        "unparc x",
        "--jsn",
        "shipp",
        "--hosts",
        "[notifi]",
        "locl",
        "stuck.stall",
        "num_ctxx",
        "soon",
        "docter",
        "--prio",
        "devfactory",
        "statu",
        "day_us",
        "envi",
        "notfy",
    ] {
        assert!(
            found.iter().any(|fault| fault.contains(wrong)),
            "{wrong}: {found:#?}"
        );
    }
    assert_eq!(found.len(), 17, "{found:#?}");
}

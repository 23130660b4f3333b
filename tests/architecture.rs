//! The rules of the house, enforced over the sources; each rule is tried on a planted violation too.

#[path = "support/architecture.rs"]
mod rules;

use rules::{Source, sources, top_level, violations};
use std::collections::BTreeMap;

#[test]
fn the_sources_keep_the_rules_of_the_house() {
    let sources = sources();
    assert!(sources.len() > 40, "only {} files found", sources.len());
    let found = violations(&sources);
    assert!(
        found.is_empty(),
        "{} violations:\n{}",
        found.len(),
        found.join("\n")
    );
}

#[test]
fn the_top_level_holds_only_what_the_plan_names() {
    let entries = rules::entries();
    assert!(entries.iter().any(|entry| entry == "Cargo.toml"));
    let found = top_level(&entries);
    assert!(found.is_empty(), "{found:#?}");
    let planted = top_level(&["src".into(), "scripts".into(), "notes.txt".into()]);
    assert_eq!(planted.len(), 2, "{planted:#?}");
}

#[test]
fn the_page_names_each_room_and_what_it_may_import() {
    let page = include_str!("../docs/architecture.md");
    let rows = page.lines().filter_map(|line| {
        let cells: Vec<&str> = line.strip_prefix("| `src/")?.split('|').collect();
        let [names, _, imports, _] = cells[..] else {
            panic!("not a row of the table: {line}");
        };
        let room = names.split('`').next().unwrap().trim_end_matches(".rs");
        let all: Vec<&str> = imports.split(',').map(str::trim).collect();
        (all != ["everything"]).then_some((room, all))
    });
    let told: BTreeMap<&str, Vec<&str>> = rows.collect();
    let none = |arrows: &[&'static str]| match arrows {
        [] => vec!["-"],
        some => some.to_vec(),
    };
    let kept = rules::ARROWS.iter().map(|(room, to)| (*room, none(to)));
    assert_eq!(told, kept.collect());
}

/// A file with a proper header and `code` below.
fn file(path: &str, code: &str) -> Source {
    Source {
        path: path.to_owned(),
        text: format!("//! A planted file.\n\n{code}\n"),
    }
}

/// Exactly one violation, and it says `words`.
fn caught(path: &str, code: &str, words: &str) {
    let found = violations(&[file(path, code)]);
    assert!(
        found.len() == 1 && found[0].contains(words),
        "{path}: {code}\nexpected {words}, found {found:#?}"
    );
}

fn clean(path: &str, code: &str) {
    let found = violations(&[file(path, code)]);
    assert!(found.is_empty(), "{path}: {code}\n{found:#?}");
}

#[test]
fn imports_follow_the_arrows() {
    for (path, code) in [
        ("src/text/a.rs", "use crate::domain::phase::Phase;"),
        ("src/domain/a.rs", "use crate::agents::reply;"),
        ("src/domain/a.rs", "use super::super::factory::engine;"),
        (
            "src/agents/a.rs",
            "use crate::factory::ports::store::Store;",
        ),
        (
            "src/factory/a.rs",
            "use crate::adapters::clock::SystemClock;",
        ),
        ("src/factory/a.rs", "use crate::{config, domain};"),
        (
            "src/adapters/a.rs",
            "use crate::factory::{engine::Parts, ports};",
        ),
        ("src/adapters/a.rs", "use crate::agents;"),
        ("src/config/a.rs", "use crate::adapters::clock;"),
        ("src/headless.rs", "use crate::factory::engine;"),
        ("src/tui/a.rs", "fn f() -> u8 { crate::agents::reply::x() }"),
        (
            "src/domain/a.rs",
            "fn f() { let _ = vec![crate::config::load()]; }",
        ),
    ] {
        caught(path, code, "may not import");
    }
    clean(
        "src/adapters/a.rs",
        "use crate::factory::ports::{clock::Clock, store::Store};",
    );
    clean(
        "src/adapters/a/b.rs",
        "use super::super::clock::SystemClock;",
    );
    clean(
        "src/cli/a.rs",
        "use crate::factory::engine; use crate::adapters::clock;",
    );
    clean(
        "src/domain/a.rs",
        "#[cfg(test)] mod tests { use crate::adapters::clock; }",
    );
}

#[test]
fn pure_rooms_know_no_world() {
    for (path, code) in [
        ("src/domain/a.rs", "use std::fs;"),
        (
            "src/domain/a.rs",
            "use std::{collections::BTreeMap, net::TcpStream};",
        ),
        ("src/agents/a.rs", "fn f() { std::process::exit(1) }"),
        ("src/agents/a.rs", "use std::time::Instant;"),
        ("src/text/a.rs", "use tokio::sync::mpsc;"),
        ("src/domain/a.rs", "use ratatui::text::Line;"),
    ] {
        caught(path, code, "pure room");
    }
    caught(
        "src/factory/a.rs",
        "fn f() { let _ = std::fs::write(\"a\", \"b\"); }",
        "files go through its ports",
    );
    clean("src/domain/a.rs", "use std::time::Duration;");
    clean("src/adapters/a.rs", "use std::fs;");
}

#[test]
fn files_and_functions_stay_short() {
    caught(
        "src/cli/a.rs",
        &"// line\n".repeat(400),
        "lines, more than 400",
    );
    let long = format!("fn f() {{\n{}}}", "    let _ = 1;\n".repeat(58));
    caught("src/cli/a.rs", &long, "lines, 60 or more");
    caught(
        "src/cli/a.rs",
        &format!("struct S;\nimpl S {{\n{long}\n}}"),
        "lines, 60 or more",
    );
    clean(
        "src/cli/a.rs",
        &format!("fn f() {{\n{}}}", "    let _ = 1;\n".repeat(57)),
    );
    caught("src/main.rs", &"// line\n".repeat(80), "main.rs has");
}

#[test]
fn printing_has_its_places() {
    for code in [
        "fn f() { println!(\"x\") }",
        "fn f() { eprint!(\"x\") }",
        "fn f(x: u8) { dbg!(x); }",
        "fn f() { let _ = std::io::stdout(); }",
    ] {
        caught("src/adapters/a.rs", code, "prints");
    }
    clean("src/cli/a.rs", "fn f() { let _ = std::io::stdout(); }");
    clean(
        "src/adapters/a.rs",
        "fn f(c: &mut Command) { c.stdout(Stdio::null()); }",
    );
}

#[test]
fn programs_do_not_inherit_our_environment() {
    let start = "use std::process::Command;\nfn f() -> Command {\n    Command::new(\"git\")\n}";
    caught("src/adapters/a.rs", start, "inherits our environment");
    caught("src/cli/a.rs", start, "inherits our environment");
    clean("src/cli/background.rs", start);
    let bare = start.replace(
        "Command::new(\"git\")",
        "let mut c = Command::new(\"git\");\n    c.env_clear();\n    c",
    );
    clean("src/adapters/a.rs", &bare);
}

#[test]
fn the_wall_clock_has_one_place() {
    for code in [
        "fn f() { let _ = Utc::now(); }",
        "fn f() { let _ = chrono::Local::now(); }",
        "fn f() { let _ = std::time::SystemTime::now(); }",
        "fn f() -> Vec<u8> { vec![g(Utc::now())] }",
    ] {
        caught("src/adapters/a.rs", code, "wall clock");
        clean("src/adapters/clock.rs", code);
    }
    clean(
        "src/adapters/a.rs",
        "fn f() { let _ = std::time::Instant::now(); }",
    );
}

#[test]
fn colours_belong_to_the_theme() {
    caught("src/cli/a.rs", "fn f() -> Color { g() }", "colour");
    caught("src/cli/a.rs", "use ratatui::style::Stylize;", "colour");
    caught("src/cli/a.rs", "const RED: &str = \"\\x1b[31m\";", "colour");
    clean("src/tui/theme.rs", "fn f() -> Color { g() }");
}

#[test]
fn calls_that_can_panic_are_for_tests_only() {
    for code in [
        "fn f(x: Option<u8>) -> u8 { x.unwrap() }",
        "fn f(x: Option<u8>) -> u8 { x.expect(\"there\") }",
        "fn f() { panic!(\"no\") }",
        "fn f() { todo!() }",
        "fn f() { unreachable!() }",
        "fn f(x: &[u8]) -> u8 { x[0] }",
        "fn f(x: &str) -> &str { &x[1..] }",
        "fn f(x: Option<u8>) -> Vec<u8> { vec![x.unwrap()] }",
    ] {
        caught("src/cli/a.rs", code, "panic");
    }
    clean(
        "src/cli/a.rs",
        "#[cfg(test)] mod tests { fn f(x: Option<u8>) -> u8 { x.unwrap() } }",
    );
    clean("src/cli/a.rs", "#[test] fn f() { panic!() }");
    clean(
        "src/cli/a.rs",
        "fn f(x: Option<u8>) -> u8 { x.unwrap_or(1) }",
    );
}

#[test]
fn re_exports_name_what_they_export() {
    caught("src/cli/a.rs", "pub use crate::domain::phase::*;", "glob");
    caught(
        "src/cli/a.rs",
        "pub(crate) use crate::domain::{phase::*, item};",
        "glob",
    );
    clean("src/cli/a.rs", "pub use crate::domain::phase::Phase;");
}

#[test]
fn modules_are_named_by_their_job() {
    for name in ["utils", "common", "helpers", "manager"] {
        caught(&format!("src/cli/{name}.rs"), "", "name");
        caught(&format!("src/{name}/a.rs"), "", "name");
        caught("src/cli/a.rs", &format!("mod {name} {{}}"), "name");
    }
}

#[test]
fn files_open_with_their_job() {
    let bad = |text: &str| {
        let source = Source {
            path: "src/cli/a.rs".into(),
            text: text.into(),
        };
        let found = violations(&[source]);
        assert!(
            found.len() == 1 && found[0].contains("//!"),
            "{text}: {found:#?}"
        );
    };
    bad("use std::fs;\n");
    bad("\n//! Late.\n");
    bad("//! 1\n//! 2\n//! 3\n//! 4\n//! 5\n");
    bad("");
}

#[test]
fn public_items_have_a_doc_line() {
    for code in [
        "pub fn f() {}",
        "pub struct S;",
        "pub enum E { A }",
        "pub trait T {}",
        "pub const C: u8 = 1;",
        "pub static C: u8 = 1;",
        "pub type T = u8;",
        "struct S; impl S { pub fn f() {} }",
    ] {
        caught("src/cli/a.rs", code, "no doc line");
    }
    clean(
        "src/cli/a.rs",
        "/// Doc.\npub struct S { pub field: u8 }\npub mod x;\npub(crate) fn g() {}",
    );
}

#[test]
fn a_file_of_tests_is_told_by_its_parent() {
    let parent = file("src/cli/mod.rs", "#[cfg(test)]\nmod trial;");
    let child = file(
        "src/cli/trial.rs",
        "fn f(x: Option<u8>) -> u8 { x.unwrap() }",
    );
    assert!(violations(&[parent, child.clone()]).is_empty());
    assert_eq!(violations(&[child]).len(), 1);
}

/// Pages with tables that say which test shows what.
const TOLD: [&str; 2] = ["docs/models.md", "docs/reliability.md"];

#[test]
fn every_test_that_a_page_names_is_there() {
    let there = rules::tests();
    for page in TOLD {
        let named = rules::named_tests(&rules::page(page));
        assert!(named.len() > 30, "{page}: {named:?}");
        let missing: Vec<&String> = named.iter().filter(|name| !there.contains(*name)).collect();
        assert!(missing.is_empty(), "{page} names {missing:?}");
    }
    let planted =
        rules::named_tests("| fault | tests |\n|---|---|\n| `x` | `no_such`, `a_b` |\n\n`c`\n");
    assert_eq!(planted, ["no_such", "a_b"]);
    assert!(!there.contains("no_such") && !there.contains("named_tests"));
}

//! The fuzz targets under any toolchain: every file of a corpus, then a short run of mutations of them, the same each time.
//! `FUZZ_RUNS=100000 cargo test --release --test fuzz` goes on for longer; tests/fuzz/README.md says how libFuzzer does.

#[path = "fuzz/mutate.rs"]
mod mutate;
#[path = "fuzz/targets.rs"]
mod targets;

use mutate::{Dice, mutated};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

/// Mutations a target is tried with.
const RUNS: u64 = 1500;
/// Longest input, bytes.
const LONGEST: usize = 8 * 1024;

/// The files of a target's corpus, and of fixtures that serve as one.
fn corpus(target: &str, fixtures: &[&str]) -> Vec<Vec<u8>> {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let own = tests.join("fuzz/corpus").join(target);
    let folders = fixtures
        .iter()
        .map(|name| tests.join("fixtures").join(name));
    let mut files: Vec<_> = std::iter::once(own)
        .chain(folders)
        .flat_map(|folder| std::fs::read_dir(&folder).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .collect();
    files.sort();
    files
        .iter()
        .map(|file| std::fs::read(file).unwrap())
        .collect()
}

fn fuzz(target: &str, fixtures: &[&str], words: &[&str], run: impl Fn(&[u8])) {
    let corpus = corpus(target, fixtures);
    assert!(corpus.len() >= 3, "{target} has no corpus");
    let runs = std::env::var("FUZZ_RUNS").map_or(RUNS, |runs| runs.parse().unwrap());
    let mut dice = Dice::new(target);
    let found = (0..runs).map(|_| mutated(&corpus, words, LONGEST, &mut dice));
    for input in corpus.iter().cloned().chain(found) {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| run(&input))) {
            eprintln!("{target} fails for b\"{}\"", input.escape_ascii());
            std::panic::resume_unwind(panic);
        }
    }
}

#[test]
fn the_sanitiser() {
    let words = [
        "\x1b[",
        "\x1b]52;c;",
        "\x1b\\",
        "\x07",
        "\r",
        "\n",
        "\u{9b}",
        "\u{202e}",
        "\u{200d}",
        "é",
        "🦀",
    ];
    fuzz("sanitiser", &[], &words, targets::sanitiser);
}

#[test]
fn the_redactor() {
    let words = [
        "sk-",
        "://",
        ":",
        "@",
        "-----BEGIN ",
        "PRIVATE KEY-----",
        "%",
        "\\",
        "&#",
        "canary",
        "Zq7",
    ];
    fuzz("redactor", &[], &words, targets::redactor);
}

#[test]
fn the_reply_parser() {
    let words = [
        "```",
        "```js\n",
        "~~~",
        "<think>",
        "</think>",
        "{\"id\":\"H1\"",
        "\u{fffd}",
        "\r\n",
        "[",
    ];
    fuzz("reply", &["replies"], &words, targets::reply);
}

#[test]
fn the_report_reader() {
    let words = [
        "\"testResults\":",
        "\\u001b[31m",
        "at src/x.js:1:2",
        "null",
        "4294967296",
        "[[[[",
        "{\"a\":",
    ];
    fuzz("report", &[], &words, targets::report);
}

#[test]
fn the_write_policy() {
    let words = [
        "src/",
        "../",
        "test/dev/",
        ".test.js\n",
        "\u{202e}",
        "// ... existing code",
        "((((((((",
        "`${",
    ];
    fuzz("policy", &[], &words, targets::policy);
}

#[test]
fn the_folder_handle() {
    let words = ["..", "/", "out", "src", "./", "\0", "%2e%2e", "\\", "CON"];
    let place = targets::Place::new();
    fuzz("folder", &[], &words, |input| place.folder(input));
}

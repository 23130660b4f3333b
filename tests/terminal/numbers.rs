//! The contract of the screens in numbers: resizes, silence, keys in a flood of lines; and text that means harm.

use super::World;
use super::flood::Flood;
use super::pty::Shown;
use std::fs::OpenOptions;
use std::io::Write;
use std::thread::park_timeout;
use std::time::{Duration, Instant};

/// From a key to the screen that shows what it did, in 95 of 100 cases, and lines a second that pour in at least: of an
/// optimised build, as `cargo test --release --test terminal -- pour` makes it. A build for tests is slower by as much as
/// the machine is busy and is held to no time; what keeps the time short is counted instead, for every build, in
/// src/tui/run/sources/tests.rs: at most 5 ms of such a flood come before a key, and none between it and its picture.
const ANSWERS: Duration = Duration::from_millis(5);
const POURS: f64 = 90_000.0;

/// The number of the newest line that is shown.
fn newest(shown: &Shown) -> Option<u64> {
    let text = shown.text();
    let (_, rest) = text.rsplit_once("rain ")?;
    rest.split(' ').next()?.parse().ok()
}

/// Waits until it is so late.
fn until(at: Instant) {
    while let Some(left) = at.checked_duration_since(Instant::now()) {
        park_timeout(left);
    }
}

/// What is drawn, cell by cell, styles included.
fn drawn(shown: &Shown) -> Vec<String> {
    let screen = shown.screen();
    let (rows, columns) = screen.size();
    let cells = (0..rows.get()).flat_map(|row| (0..columns.get()).map(move |column| (row, column)));
    let cells = cells.filter_map(|(row, column)| screen.cell(row, column));
    let cells = cells.map(|cell| {
        let text = if cell.has_contents() {
            cell.contents()
        } else {
            " "
        };
        let styles = (cell.bold(), cell.dim(), cell.underline(), cell.inverse());
        format!(
            "{text} {:?} {:?} {styles:?}",
            cell.fgcolor(),
            cell.bgcolor()
        )
    });
    cells.collect()
}

#[test]
fn a_thousand_resizes_in_ten_seconds_leave_a_correct_screen() {
    let w = World::new();
    let _ends = w.ends();
    let pty = w.open(&[]);
    let begun = Instant::now();
    for n in 0..1000_u16 {
        // Through all that is drawn, and below it.
        pty.resize(50 + n * 37 % 150, 10 + n * 11 % 50);
        until(begun + Duration::from_millis(10) * u32::from(n + 1));
    }
    pty.resize(120, 36);
    let fresh = w.open(&[]);
    fresh.quiet(Duration::from_millis(500));
    let wanted = fresh.now(drawn);
    pty.until("the screen is as one that has just been opened", |shown| {
        drawn(shown) == wanted
    });
    w.unharmed();
}

#[test]
fn nothing_is_written_while_nothing_happens() {
    let w = World::new();
    let _ends = w.ends();
    let pty = w.open(&[]);
    assert!(pty.quiet(Duration::from_secs(1)), "it never settles");
    let before = pty.now(|shown| shown.bytes.len());
    assert!(pty.silent(Duration::from_secs(8)), "something was written");
    assert_eq!(pty.now(|shown| shown.bytes.len()), before);
}

#[test]
fn keys_are_answered_while_lines_pour_in() {
    let w = World::new();
    let _ends = w.ends();
    let mut pty = w.open(&[]);
    let flood = Flood::start(&w.home);
    pty.press("4");
    pty.shows("rain");
    let (mut times, mut last) = (Vec::new(), None);
    for n in 0..100 {
        let (key, tab) = [("1", "[1 Factory"), ("4", "[4 Logs")][n % 2];
        let pressed = Instant::now();
        pty.press(key);
        pty.until(tab, |shown| shown.row(0).contains(tab));
        times.push(pressed.elapsed());
        if key == "4" {
            // Keys hold up no lines either.
            pty.until("newer lines", |shown| newest(shown) > last);
            last = pty.now(newest);
        }
        // Keys come from a person: not one behind the other.
        until(pressed + Duration::from_millis(40));
    }
    let rate = flood.stop();
    times.sort();
    let p95 = times[94];
    if !cfg!(debug_assertions) {
        assert!(p95 <= ANSWERS, "{p95:?} at {rate:.0} lines a second");
        assert!(rate >= POURS, "it only rained: {rate:.0} lines a second");
    }
    pty.press("q");
    pty.ended();
}

#[test]
fn whatever_stands_in_a_line_disturbs_nothing() {
    let w = World::new();
    let _ends = w.ends();
    let mut pty = w.open(&[]);
    pty.press("4");
    pty.until("the log", |shown| shown.row(0).contains("[4 Logs"));
    let before = pty.now(|shown| shown.bytes.len());
    let header = pty.now(|shown| (shown.row(0), shown.row(2)));
    let texts = [
        r"\u001b]0;title\u0007 \u001b[2J\u001b[31mred\u001b[0m",
        r"\u001bP1$tx\u001b\\ \u009b5A \u0008\u0008\r\r over",
        r"a\tb\tc\u000b\u000cd",
        "日本語の行はこのように広い 日本語の行はこのように広い 日本語の行はこのように広い 日本語の行はこのように広い",
        r"e\u0301\u0323\u0301 \u200d\u200b\u202eabc\u202c \u0e33\u0e49",
        "\u{1F468}\u{200D}\u{1F469}\u{200D}\u{1F467} \u{1F1E9}\u{1F1EA} \u{FE0F}",
    ];
    let line = |text: &str| {
        format!(
            "{{\"at\":\"2026-11-22T21:00:00Z\",\"from\":\"qa\",\"level\":\"info\",\"tool\":null,\"text\":\"{text}\"}}\n"
        )
    };
    let mut bytes: Vec<u8> = texts
        .iter()
        .flat_map(|text| line(text).into_bytes())
        .collect();
    let broken = line("bro?ken").into_bytes();
    bytes.extend(broken.iter().map(|b| if *b == b'?' { 0xff } else { *b }));
    bytes.extend(line("all of them are there").into_bytes());
    let path = w.home.join("dev-factory/run/stream.jsonl");
    let file = OpenOptions::new().append(true).create(true).open(path);
    file.unwrap().write_all(&bytes).unwrap();
    pty.shows("all of them are there");
    pty.quiet(Duration::from_millis(300));
    let written = pty.now(|shown| shown.bytes[before..].to_vec());
    for pair in written.windows(2).filter(|pair| pair[0] == 0x1b) {
        assert_eq!(
            pair[1],
            b'[',
            "only CSI: {:?}",
            String::from_utf8_lossy(&written)
        );
    }
    let odd = |byte: &&u8| **byte < 0x20 && !b"\x1b\r\n".contains(byte);
    assert_eq!(written.iter().find(odd), None);
    let now = pty.now(|shown| (shown.row(0), shown.row(2)));
    assert_eq!(now, header, "the fixed lines stand");
    // What is drawn in pieces is what is drawn at once.
    let piecewise = pty.now(drawn);
    pty.press("\u{c}");
    pty.quiet(Duration::from_millis(300));
    assert_eq!(pty.now(drawn), piecewise);
    w.unharmed();
}

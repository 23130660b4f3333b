//! A million lines into a log pane, and one: how long until the last is shown, at what cost a line.

use super::attached::{World, quantile, row};
use super::others;
use super::process::threads;
use super::pty::{Pty, Shown};
use std::fmt::Write as _;
use std::fs::{File, OpenOptions, rename};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Where an engine begins another file.
const SIZE: usize = 8 * 1024 * 1024;

/// Nanoseconds of processor.
fn used(pty: &Pty) -> f64 {
    threads(i32::try_from(pty.id()).unwrap())
        .values()
        .sum::<u64>() as f64
}

/// The line is on the screen.
fn stands(shown: &Shown, n: u32) -> bool {
    shown.text().contains(&format!("rain {n} falls"))
}

fn json(n: u32) -> String {
    format!(
        "{{\"at\":\"2026-11-22T21:00:00Z\",\"from\":\"developer\",\"level\":\"info\",\"tool\":null,\"text\":\"rain {n} falls on the roof\"}}\n"
    )
}

fn plain(n: u32) -> String {
    format!("21:00:00 rain {n} falls on the roof\n")
}

/// All lines in one file.
fn file(at: &Path, lines: u32) -> PathBuf {
    let text = (1..=lines).fold(String::new(), |mut text, n| {
        let _ = text.write_str(&plain(n));
        text
    });
    let path = at.join("rain.log");
    std::fs::write(&path, text).unwrap();
    path
}

fn append(path: &Path) -> File {
    OpenOptions::new()
        .append(true)
        .create(true)
        .open(path)
        .unwrap()
}

/// The lines as an engine writes them, as fast as the disk takes them.
fn pour(run: &Path, lines: u32) {
    let (live, aside) = (run.join("stream.jsonl"), run.join("stream.1.jsonl"));
    let (mut out, mut written) = (append(&live), 0);
    let mut text = String::new();
    for n in 1..=lines {
        text.push_str(&json(n));
        if text.len() > 256 * 1024 || n == lines {
            if written > SIZE {
                rename(&live, &aside).unwrap();
                (out, written) = (append(&live), 0);
            }
            out.write_all(text.as_bytes()).unwrap();
            written += text.len();
            text.clear();
        }
    }
}

fn told(name: &str, lines: u32, took: Duration, used: f64, aims: (&str, &str)) {
    let rate = f64::from(lines) / took.as_secs_f64();
    row(&format!("{name}: lines a second"), rate, aims.0);
    let each = used / 1000.0 / f64::from(lines);
    row(&format!("{name}: processor a line, us"), each, aims.1);
}

/// A program that is given the whole file.
fn other(world: &World, name: &str, command: &str, lines: u32) {
    if !others::here(name) {
        return;
    }
    let begun = Instant::now();
    let pty = world.script(&format!("exec {command}"));
    pty.within(Duration::from_secs(300), name, |shown| stands(shown, lines));
    told(name, lines, begun.elapsed(), used(&pty), ("", ""));
}

pub fn many(world: &World, lines: u32) {
    let mut pty = world.open();
    pty.press("4");
    pty.until("the log", |shown| shown.row(0).contains("[4 Logs]"));
    let run = world.home.join("dev-factory/run");
    let (begun, before) = (Instant::now(), used(&pty));
    let pouring = std::thread::spawn(move || pour(&run, lines));
    pty.within(Duration::from_secs(300), "the last line", |shown| {
        stands(shown, lines)
    });
    let took = begun.elapsed();
    pouring.join().unwrap();
    told(
        "dev-factory",
        lines,
        took,
        used(&pty) - before,
        ("1000000", "1"),
    );
    drop(pty);
    let dir = tempfile::tempdir().unwrap();
    let path = file(dir.path(), lines);
    let path = path.display();
    other(
        world,
        "mprocs",
        &format!("mprocs 'cat {path}; sleep 60'"),
        lines,
    );
    other(world, "lnav", &format!("lnav -N {path}"), lines);
}

/// Milliseconds until a line that is added alone stands on the screen.
fn times(pty: &Pty, path: &Path, line: fn(u32) -> String, count: usize) -> Vec<f64> {
    let mut out = append(path);
    let first = 2_000_000;
    let one = |n: u32| {
        let begun = Instant::now();
        out.write_all(line(n).as_bytes()).unwrap();
        pty.until("the line", |shown| stands(shown, n));
        let took = begun.elapsed().as_secs_f64() * 1000.0;
        // Frames of the line before are over by then. Never the same pause: who looks at the file by a clock must not be
        // met at the same point of it each time.
        std::thread::sleep(Duration::from_millis(100 + u64::from(n) * 37 % 200));
        took
    };
    (first..first + count as u32).map(one).collect()
}

pub fn single(world: &World, count: usize) {
    let mut pty = world.open();
    pty.press("4");
    pty.until("the log", |shown| shown.row(0).contains("[4 Logs]"));
    let path = world.home.join("dev-factory/run/stream.jsonl");
    let mut own = times(&pty, &path, json, count);
    row(
        "dev-factory: one line until it shows, median, ms",
        quantile(&mut own, 0.5),
        "16",
    );
    row("the same, p95, ms", quantile(&mut own, 0.95), "");
    drop(pty);
    let dir = tempfile::tempdir().unwrap();
    for (name, command) in [
        ("mprocs", "mprocs 'tail -f rain'"),
        ("lnav", "lnav -N rain"),
    ] {
        if !others::here(name) {
            continue;
        }
        // Of its own: the lines of the one before would stand there already.
        let path = file(dir.path(), 10);
        let command = command.replace("rain", &path.display().to_string());
        let pty = world.script(&format!("exec {command}"));
        pty.until(name, |shown| stands(shown, 10));
        let mut theirs = times(&pty, &path, plain, count);
        row(
            &format!("{name}: one line until it shows, median, ms"),
            quantile(&mut theirs, 0.5),
            "",
        );
    }
}

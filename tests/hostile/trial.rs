//! One row under one tier, in a process of its own that plays the factory.

use super::attack::Row;
use super::place::Place;
use super::{rows, tiers};
use libtest_mimic::Failed;
use std::collections::BTreeSet;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Longest a trial may take on a busy machine.
const LIMIT: Duration = Duration::from_secs(120);

/// Runs a trial and waits for it.
pub fn spawn(number: u32, tier: &str) -> Result<(), Failed> {
    let mut child = command(number, tier)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut stderr = child.stderr.take().ok_or("no pipe")?;
    let said = std::thread::spawn(move || std::io::read_to_string(&mut stderr));
    let begun = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if begun.elapsed() > LIMIT {
            child.kill()?;
            child.wait()?;
            return Err(format!("the trial did not end within {} s", LIMIT.as_secs()).into());
        }
        std::thread::park_timeout(Duration::from_millis(2));
    };
    if status.success() {
        return Ok(());
    }
    // A guest that lives on may hold the pipe; the trial's own words are there by now.
    let words = match status.signal() {
        Some(signal) => format!("the factory was ended by signal {signal}"),
        None => said.join().map_err(|_| "no words")??,
    };
    Err(words.into())
}

/// The command line of a trial: in a process group of its own, with a secret in its environment.
pub fn command(number: u32, tier: &str) -> Command {
    let itself = std::env::current_exe().expect("the test binary knows its place");
    let mut command = Command::new(itself);
    command
        .args(["trial", &number.to_string(), tier])
        .env(
            "HOSTILE_SECRET",
            format!("canary-{}", super::place::random()),
        )
        .env("RUST_BACKTRACE", "0")
        .process_group(0);
    command
}

/// Inside that process.
pub fn carry_out(words: &[String]) {
    let [number, tier] = words else {
        panic!("trial NUMBER TIER");
    };
    let row = rows::all()
        .into_iter()
        .find(|row| row.number.to_string() == *number);
    let row = row.expect("a row of the table");
    let place = Place::new(tier);
    let seen = (row.attack)(&place);
    drop(place);
    judge(&row, tier, &seen);
}

fn judge(row: &Row, tier: &str, seen: &BTreeSet<String>) {
    if tier == tiers::NONE {
        let expected: BTreeSet<String> = (row.harms)().into_iter().map(String::from).collect();
        let missing: Vec<&String> = expected.difference(seen).collect();
        assert!(
            missing.is_empty(),
            "without walls these were not seen, so their absence proves nothing: {missing:?}; seen: {seen:?}"
        );
        return;
    }
    let known = |harm: &&String| !row.open.iter().any(|(t, h, _)| *t == tier && h == harm);
    let through: Vec<&String> = seen.iter().filter(known).collect();
    assert!(through.is_empty(), "came through: {through:?}");
    let stale = |(t, h, _): &&(&str, &str, &str)| *t == tier && !seen.contains(*h);
    let closed: Vec<&str> = row.open.iter().filter(stale).map(|(_, h, _)| *h).collect();
    assert!(
        closed.is_empty(),
        "named as open, but did not come through: {closed:?}"
    );
}

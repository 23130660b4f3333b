//! Errors and short writes at every numbered step that reaches the disk, one after another in one engine.

use crate::subject::{EVENTFUL, Subject, TOOL};
use dev_factory::domain::event::{Event, EventBody};
use std::fs::{self, File};

/// Starts that may fail: an engine that has nothing in hand yet says why and ends.
const STARTS: usize = 30;

/// An engine whose every step fails once ends as if nothing had been.
fn every_step_fails_once(kind: &str, least: usize, names: &[&str]) {
    let mut subject = Subject::new(&[EVENTFUL]);
    let ledger = subject.dir.path().join("steps");
    let plan = format!("{kind}:{}", ledger.display());
    let mut starts = 0;
    loop {
        starts += 1;
        subject.start(|command| {
            command.env("FAULT_STEPS", &plan);
            command.env("FAULT_SEGMENT", "16384");
        });
        let code = subject.ended();
        if code == Some(0) {
            break;
        }
        let begun = |e: &Event| matches!(e.body, EventBody::Started { .. });
        let begun = subject.events().iter().any(begun);
        assert!(!begun && starts < STARTS, "{code:?}: {}", subject.said());
    }
    let steps = fs::read_to_string(&ledger).unwrap();
    let count = steps.lines().count();
    println!("{kind} at {count} steps, {starts} starts: {steps}");
    assert!(count > least, "only these steps were found: {steps}");
    let said = subject.said();
    assert!(names.iter().all(|name| said.contains(name)), "{said}");
    subject.as_if_nothing_had_been();
}

const FULL: [&str; 2] = ["disk-full: ", "disk-full is over"];
const FAILS: [&str; 2] = ["disk-error: ", "disk-error is over"];

/// Whatever is written by lines of its own, once; every other time the disk is full.
#[test]
fn a_disk_that_is_full_or_fails_at_each_kind_of_step_delays_and_loses_nothing() {
    every_step_fails_once("errors-kinds", 70, &[FULL, FAILS].concat());
}

/// `cargo test --test faults every_step -- --ignored --nocapture`
#[test]
#[ignore = "takes minutes"]
fn a_disk_that_is_full_at_every_step_delays_and_loses_nothing() {
    every_step_fails_once("enospc", 100, &FULL);
}

#[test]
#[ignore = "takes minutes"]
fn a_disk_that_fails_at_every_step_delays_and_loses_nothing() {
    every_step_fails_once("eio", 100, &FAILS);
}

/// What it says goes nowhere: not even its first lines can be written.
#[cfg(target_os = "linux")]
#[test]
fn an_engine_whose_output_is_full_works_on_without_it() {
    let mut subject = Subject::new(&[TOOL]);
    let full = || {
        let mut open = File::options();
        open.write(true).open("/dev/full").unwrap()
    };
    subject.start(|command| {
        command.stdout(full()).stderr(full());
    });
    subject.goes_on();
}

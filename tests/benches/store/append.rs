//! Durable moves and appends, each measured next to the same bytes written bare, so that a busy disk is busy for both.

use super::place::{begun, beside, quantile};
use super::support::{at, moved, turn};
use dev_factory::domain::event::NewEvent;
use dev_factory::domain::phase::Phase;
use dev_factory::factory::ports::store::Store;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

fn head(title: &str, count: usize) {
    println!("\n{title}, {count} times each, in turn");
    println!(
        "{:39}{:>10}{:>10}{:>8}",
        "microseconds", "ours", "bare", "ratio"
    );
}

/// A move (journal, control.json, state.json, all durable) beside temp, sync and rename of as many bytes.
pub fn moves(count: usize) {
    let dir = tempfile::tempdir().unwrap();
    let (store, mut factory) = begun(dir.path());
    let home = dir.path().join("dev-factory");
    let length = |name: &str| fs::metadata(home.join(name)).unwrap().len();
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    let mut bytes = 0;
    for n in 0..count {
        let before = length("journal.jsonl");
        let there = match n % 2 {
            0 => moved(Phase::Spec, Phase::SpecReview),
            _ => moved(Phase::SpecReview, Phase::Spec),
        };
        let begin = Instant::now();
        store
            .commit(&mut factory, vec![there], at(n as i64 + 2))
            .unwrap();
        ours.push(begin.elapsed());
        let grown = length("journal.jsonl").saturating_sub(before).max(300);
        bytes = grown + length("state.json") + length("control.json");
        bare.push(replace(dir.path(), bytes as usize));
    }
    head("A move made durable", count);
    beside(
        &format!("move, {bytes} bytes in 3 files (aim 2)"),
        &ours,
        &bare,
    );
}

fn replace(dir: &Path, bytes: usize) -> Duration {
    let text = vec![b'x'; bytes];
    let (temp, target) = (dir.join("bare.tmp"), dir.join("bare.json"));
    let begin = Instant::now();
    let mut file = File::create(&temp).unwrap();
    file.write_all(&text).unwrap();
    file.sync_all().unwrap();
    fs::rename(&temp, &target).unwrap();
    begin.elapsed()
}

/// Events that change no document, alone and by twenty, beside appends of as many bytes with a sync.
pub fn appends(count: usize) {
    let dir = tempfile::tempdir().unwrap();
    let (store, mut factory) = begun(dir.path());
    let journal = dir.path().join("dev-factory/journal.jsonl");
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(dir.path().join("bare.jsonl"))
        .unwrap();
    head("Turns appended to the journal", count);
    for batch in [1, 20] {
        let (mut ours, mut bare) = (Vec::new(), Vec::new());
        for n in 0..count {
            let events: Vec<NewEvent> = (0..batch).map(|_| turn()).collect();
            let before = fs::metadata(&journal).map_or(0, |m| m.len());
            let begin = Instant::now();
            store
                .commit(&mut factory, events, at(n as i64 + 2))
                .unwrap();
            ours.push(begin.elapsed());
            let after = fs::metadata(&journal).map_or(0, |m| m.len());
            // A segment was closed in between: as many as usual.
            let bytes = after
                .checked_sub(before)
                .filter(|b| *b > 0)
                .unwrap_or(500 * batch);
            let text = vec![b'x'; bytes as usize];
            let begin = Instant::now();
            file.write_all(&text).unwrap();
            file.sync_data().unwrap();
            bare.push(begin.elapsed());
        }
        beside(&format!("{batch} at once"), &ours, &bare);
        let rate = batch as f64 * 1e6 / quantile(&ours, 0.5);
        println!("{:34}{rate:>15.0} events a second", "");
    }
}

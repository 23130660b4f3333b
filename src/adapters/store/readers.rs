//! Reading a home without its lock: for `status`, `list`, `logs` and attached screens. Nothing is repaired here.

use super::files;
use super::fold;
use super::layout::{self, Layout};
use super::wishlist;
use crate::adapters::{lock, place};
use crate::domain::condition::Condition;
use crate::domain::event::Event;
use crate::domain::factory::Factory;
use crate::domain::screen::{LogLine, Snapshot};
use crate::factory::ports::store::{Paper, StoreError};
use chrono::{DateTime, Utc};
use serde_json::Value;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// Largest snapshot read.
const CAP: u64 = 64 * 1024 * 1024;

/// The last snapshot and whether the engine it names still runs.
#[must_use]
pub fn snapshot(home: &Path) -> Option<(Snapshot, bool)> {
    let path = Layout::new(home).run().join("snapshot.json");
    let mut snapshot: Snapshot = serde_json::from_slice(&files::read(&path, CAP).ok()??).ok()?;
    obstructed(home, &mut snapshot);
    let alive = lock::alive(&snapshot.engine);
    Some((snapshot, alive))
}

/// What an engine may not have been able to write down: that nothing can be written, and that it has taken the place of
/// one that is gone.
fn obstructed(home: &Path, snapshot: &mut Snapshot) {
    let Some(condition) = obstruction(home, snapshot.at) else {
        return;
    };
    if !lock::alive(&snapshot.engine)
        && let Some(holder) = engine(home)
    {
        snapshot.engine = (&holder).into();
        snapshot.stopped = None;
    }
    if snapshot.conditions.iter().any(|condition| condition.waits) {
        return;
    }
    snapshot.needs.splice(0..0, condition.need());
    snapshot.conditions.insert(0, condition);
}

/// What keeps a home from being written, as far as it is seen from here, at the latest since then.
#[must_use]
pub fn obstruction(home: &Path, since: DateTime<Utc>) -> Option<Condition> {
    let (name, why) = place::obstacle(home)?;
    Some(Condition {
        name,
        why,
        remedy: name.remedy().to_owned(),
        since,
        tries: 0,
        waits: true,
        person: true,
    })
}

/// The engine that holds a home, if one that still runs is named in the lock.
#[must_use]
pub fn engine(home: &Path) -> Option<lock::Holder> {
    let holder = lock::holder(&Layout::new(home).at("engine.lock"))?;
    lock::alive(&(&holder).into()).then_some(holder)
}

/// The backlog as the file has it, or the mistake in it.
pub fn wishlist(home: &Path) -> Result<Vec<Value>, StoreError> {
    wishlist::entries(&Layout::new(home))
}

/// What the journal amounts to.
#[derive(Debug)]
pub struct Reading {
    /// None in a home without a journal.
    pub factory: Option<Factory>,
    /// Newest moves, newest last.
    pub recent: Vec<Event>,
    /// What is wrong with the journal, in words.
    pub notes: Vec<String>,
}

/// Folds the journal from its snapshot on.
pub fn factory(home: &Path) -> Result<Reading, StoreError> {
    let layout = Layout::new(home);
    let mut folded = fold::read(&layout)?;
    // A segment closed between two of the reads looks like missing events: look again.
    for _ in 0..3 {
        if folded.notes.is_empty() {
            break;
        }
        folded = fold::read(&layout)?;
    }
    Ok(Reading {
        factory: folded.factory,
        recent: folded.recent.into(),
        notes: folded.notes,
    })
}

/// Events from a number on, oldest first.
pub fn history(home: &Path, from_seq: u64) -> Result<Vec<Event>, StoreError> {
    fold::history(&Layout::new(home), from_seq)
}

/// The files of the journal, newest first, the live one before all.
#[must_use]
pub fn segments(home: &Path) -> Vec<PathBuf> {
    let layout = Layout::new(home);
    let closed = fold::segments(&layout.segments());
    let closed = closed.into_iter().rev().map(|(_, path)| path);
    std::iter::once(layout.journal()).chain(closed).collect()
}

/// The same, handed on one by one with little in memory; gives the number of the newest event.
pub fn each(home: &Path, from_seq: u64, take: &mut dyn FnMut(Event)) -> Result<u64, StoreError> {
    fold::each(&Layout::new(home), from_seq, take)
}

/// A paper of the home; None when it is absent or cannot be read as text.
#[must_use]
pub fn paper(home: &Path, paper: &Paper) -> Option<String> {
    let path = home.join(layout::paper(paper));
    String::from_utf8(files::read(&path, CAP).ok()??).ok()
}

/// The newest `count` log lines, oldest first.
#[must_use]
pub fn lines(home: &Path, count: usize) -> Vec<LogLine> {
    let run = Layout::new(home).run();
    let mut all = tail(&run.join("stream.jsonl"), count);
    if all.len() < count {
        let mut older = tail(&run.join("stream.1.jsonl"), count - all.len());
        older.append(&mut all);
        all = older;
    }
    all
}

/// Last lines of a file, read backwards in growing pieces.
fn tail(path: &Path, count: usize) -> Vec<LogLine> {
    let Ok(mut file) = files::open(path) else {
        return Vec::new();
    };
    let len = file.metadata().map_or(0, |m| m.len());
    let mut take = 64 * 1024;
    loop {
        let from = len.saturating_sub(take);
        let mut bytes = Vec::new();
        let read = file
            .seek(SeekFrom::Start(from))
            .and_then(|_| (&mut file).take(len - from).read_to_end(&mut bytes));
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<&str> = text.lines().skip(usize::from(from > 0)).collect();
        if lines.len() >= count || from == 0 || read.is_err() {
            let skip = lines.len().saturating_sub(count);
            let newest = lines.into_iter().skip(skip);
            return newest
                .filter_map(|l| serde_json::from_str(l).ok())
                .collect();
        }
        take *= 4;
    }
}

//! Reading the journal back: newest snapshot that fits, then every event after it. Changes nothing on disk.

use super::files;
use super::layout::Layout;
use super::line::{self, Scan};
use crate::domain::event::{Event, EventBody};
use crate::domain::factory::Factory;
use crate::domain::state::StateDoc;
use crate::domain::{gap, recent};
use crate::factory::ports::store::StoreError;
use serde::{Deserialize, Serialize};
use serde_json::Map;
use std::collections::VecDeque;
use std::path::{Path, PathBuf};

/// Larger segments are read too, up to here.
pub const SEGMENT_CAP: u64 = 4 * 1024 * 1024 * 1024;

/// journal/snapshot.json: a fold that may be thrown away at any time.
#[derive(Debug, Deserialize)]
pub struct Saved {
    /// Last event in it.
    pub seq: u64,
    recent: VecDeque<Event>,
    /// What the journal amounted to then.
    pub factory: Factory,
    /// Version that folded it: another one may remember other things of the same events, so it is not used then.
    #[serde(default)]
    pub version: String,
}

/// The same on its way to disk.
#[derive(Serialize)]
struct Saving<'a> {
    seq: u64,
    recent: &'a VecDeque<Event>,
    factory: &'a Factory,
    version: &'a str,
}

/// The version that folds here.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What the journal amounts to.
#[derive(Debug, Default)]
pub struct Folded {
    /// None in a home without a journal.
    pub factory: Option<Factory>,
    /// Newest moves, newest last.
    pub recent: VecDeque<Event>,
    /// What state.json said after each event read, for telling an old copy of ours from a claim.
    pub cores: Vec<StateDoc>,
    /// Number of the last event.
    pub tip: u64,
    /// Number of the first event of the live segment; None when it is empty.
    pub live_first: Option<u64>,
    /// The live segment as scanned.
    pub live: Scan,
    /// Its bytes.
    pub live_bytes: Vec<u8>,
    /// Number of the snapshot used; 0 = none.
    pub base: u64,
    /// What is wrong, in words.
    pub notes: Vec<String>,
    /// Number of the first event that should be there and is not.
    lost: Option<u64>,
    /// The snapshot that lies there cannot be used, now or ever.
    pub stale: bool,
}

/// Reads snapshot and segments and folds them.
pub fn read(layout: &Layout) -> Result<Folded, StoreError> {
    // An update reads everything once: what it remembers more stands in events long past.
    let whole = read_with(layout, |saved| saved.version == VERSION)?;
    // Where the journal has no longer all of what another version knew, that counts.
    let knew = |lost: u64| matches!(saved_fold(layout), Ok(Some(saved)) if lost <= saved.seq);
    match whole.lost.filter(|_| whole.stale) {
        Some(lost) if knew(lost) => read_with(layout, |_| true),
        _ => Ok(whole),
    }
}

/// The same, beginning with the snapshot where it is one to begin with.
fn read_with(layout: &Layout, fits: fn(&Saved) -> bool) -> Result<Folded, StoreError> {
    let mut out = Folded::default();
    let path = layout.journal();
    out.live_bytes = files::read(&path, SEGMENT_CAP)?.unwrap_or_default();
    out.live = line::scan(&out.live_bytes);
    note_damage(&mut out.notes, "journal.jsonl", &out.live);
    out.live_first = out.live.whole.first().map(|(seq, _)| *seq);
    let closed = segments(&layout.segments());
    out.tip = match (out.live.whole.last(), closed.last()) {
        (Some((seq, _)), _) => *seq,
        (None, Some((first, path))) => last_of(path)?.unwrap_or(first.saturating_sub(1)),
        (None, None) => 0,
    };
    if let Some(saved) = saved(layout, fits, &mut out) {
        out.base = saved.seq;
        out.recent = saved.recent;
        out.cores.push(core(&saved.factory));
        out.factory = Some(saved.factory);
    }
    let live_first = out.live_first.unwrap_or(out.tip + 1);
    for (at, (_, path)) in closed.iter().enumerate() {
        let end = closed.get(at + 1).map_or(live_first, |(first, _)| *first);
        if end > out.base + 1 {
            let bytes = files::read(path, SEGMENT_CAP)?.unwrap_or_default();
            let scan = line::scan(&bytes);
            note_damage(&mut out.notes, &named(path), &scan);
            out.apply(&named(path), &bytes, &scan);
        }
    }
    let (bytes, scan) = (
        std::mem::take(&mut out.live_bytes),
        std::mem::take(&mut out.live),
    );
    out.apply("journal.jsonl", &bytes, &scan);
    (out.live_bytes, out.live) = (bytes, scan);
    if let Some(factory) = &mut out.factory {
        factory.seq = factory.seq.max(out.tip);
    }
    Ok(out)
}

impl Folded {
    fn apply(&mut self, file: &str, bytes: &[u8], scan: &Scan) {
        for (seq, range) in &scan.whole {
            let done = self.factory.as_ref().map_or(0, |f| f.seq);
            if *seq <= done {
                if *seq > self.base {
                    self.notes.push(format!(
                        "{file}: event {seq} is there twice; the first one counts"
                    ));
                }
                continue;
            }
            if *seq > done + 1 {
                self.lost.get_or_insert(done + 1);
                self.notes.push(format!(
                    "{file}: events {} to {} are missing; figures may lack what they said",
                    done + 1,
                    seq - 1
                ));
            }
            match event(bytes.get(range.clone()).unwrap_or_default()) {
                Ok(event) => self.take(event),
                Err(why) => {
                    self.notes.push(format!(
                        "{file}: event {seq} is whole but not understood ({why}); it was skipped"
                    ));
                    if let Some(factory) = &mut self.factory {
                        factory.seq = *seq;
                    }
                }
            }
        }
    }

    fn take(&mut self, event: Event) {
        let factory = self.factory.get_or_insert_with(|| Factory::new(event.ts));
        factory.apply(&event);
        factory.seq = event.seq;
        let now = core(factory);
        if self.cores.last() != Some(&now) {
            self.cores.push(now);
        }
        remember(&mut self.recent, &event, factory.current_tool.as_deref());
    }
}

/// state.json as the fold has it, without what others added.
#[must_use]
pub fn core(factory: &Factory) -> StateDoc {
    factory.state_doc(&Map::new())
}

/// Keeps the newest moves, runs and gaps, and those of the tool under way for longer.
pub fn remember(recent: &mut VecDeque<Event>, event: &Event, current: Option<&str>) {
    match event.body {
        EventBody::Move(_) | EventBody::Run(_) => recent.push_back(event.clone()),
        EventBody::Gap { .. } => gap::join(recent, event),
        _ => return,
    }
    recent::trim(recent, |step| {
        current.is_some() && step.tool.as_deref() == current
    });
}

/// Writes journal/snapshot.json. Not synced: it is checked when read and can be made again.
pub fn save(
    layout: &Layout,
    factory: &Factory,
    recent: &VecDeque<Event>,
) -> Result<(), StoreError> {
    // Written as it is read: a tree of values in between takes many times the memory of the fold.
    let saving = Saving {
        seq: factory.seq,
        recent,
        factory,
        version: VERSION,
    };
    let json = serde_json::to_string(&saving).map_err(|e| StoreError::Bad(e.to_string()))?;
    let text = line::seal(&json);
    let dir = layout.segments();
    files::put(&dir, &dir.join("snapshot.json"), text.as_bytes(), false)
}

/// Removes the snapshot; the journal has all of it.
pub fn forget(layout: &Layout) {
    let path = layout.segments().join("snapshot.json");
    if let Err(error) = std::fs::remove_file(&path) {
        tracing::warn!("{}: {error}", path.display());
    }
}

/// The snapshot, when it is whole, understood, fitting and not ahead of the journal.
fn saved(layout: &Layout, fits: fn(&Saved) -> bool, out: &mut Folded) -> Option<Saved> {
    let found = saved_fold(layout);
    out.stale = !matches!(found, Ok(None));
    match found {
        Ok(None) => {}
        Ok(Some(saved)) if !fits(&saved) => {}
        Ok(Some(saved)) if saved.seq <= out.tip => {
            out.stale = false;
            return Some(saved);
        }
        Ok(Some(saved)) => out.notes.push(format!(
            "journal/snapshot.json knows event {} but the journal ends at {}; the journal counts",
            saved.seq, out.tip
        )),
        Err(why) => out.notes.push(format!(
            "journal/snapshot.json was not used ({why}); the journal was read from its start"
        )),
    }
    None
}

/// The snapshot as it lies there, when it is whole and understood; else why it cannot be used.
pub fn saved_fold(layout: &Layout) -> Result<Option<Saved>, String> {
    let path = layout.segments().join("snapshot.json");
    let Some(bytes) = files::read(&path, SEGMENT_CAP).map_err(|e| e.to_string())? else {
        return Ok(None);
    };
    let text = String::from_utf8(bytes).map_err(|_| "it is not UTF-8 text".to_owned())?;
    if !line::intact(&text) {
        return Err("its checksum is wrong".to_owned());
    }
    let saved: Saved = serde_json::from_str(&text).map_err(|e| e.to_string())?;
    match saved.seq == saved.factory.seq {
        true => Ok(Some(saved)),
        false => Err("its two numbers differ".to_owned()),
    }
}

/// Closed segments by their first number.
#[must_use]
pub fn segments(dir: &Path) -> Vec<(u64, PathBuf)> {
    let first = |name: &str| name.strip_suffix(".jsonl")?.parse::<u64>().ok();
    let names = files::names(dir);
    let mut all: Vec<_> = names
        .iter()
        .filter_map(|name| Some((first(name)?, dir.join(name))))
        .collect();
    all.sort_unstable();
    all
}

fn last_of(path: &Path) -> Result<Option<u64>, StoreError> {
    let bytes = files::read(path, SEGMENT_CAP)?.unwrap_or_default();
    Ok(line::scan(&bytes).whole.last().map(|(seq, _)| *seq))
}

fn event(line: &[u8]) -> Result<Event, String> {
    serde_json::from_slice(line).map_err(|e| e.to_string())
}

fn named(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    format!("journal/{name}")
}

fn note_damage(notes: &mut Vec<String>, file: &str, scan: &Scan) {
    let numbers: Vec<String> = scan.damaged.iter().map(ToString::to_string).collect();
    if !numbers.is_empty() {
        notes.push(format!(
            "{file}: {} damaged and skipped (line {}); figures may lack what they said",
            match numbers.len() {
                1 => "1 line is".to_owned(),
                n => format!("{n} lines are"),
            },
            numbers.join(", ")
        ));
    }
}

/// Events from a number on, oldest first, closed segments included.
pub fn history(layout: &Layout, from: u64) -> Result<Vec<Event>, StoreError> {
    let mut all = Vec::new();
    each(layout, from, &mut |event| all.push(event))?;
    Ok(all)
}

/// Hands on events from a number on, oldest first, one segment in memory at a time. Gives the number of the newest one.
pub fn each(layout: &Layout, from: u64, take: &mut dyn FnMut(Event)) -> Result<u64, StoreError> {
    // The live segment first: when it is closed meanwhile, its events are seen twice rather than never.
    let live = files::read(&layout.journal(), SEGMENT_CAP)?.unwrap_or_default();
    let closed = segments(&layout.segments());
    let mut next = from;
    let mut tip = 0;
    let mut add = |bytes: &[u8]| {
        for (seq, range) in line::scan(bytes).whole {
            tip = seq.max(tip);
            if seq >= next
                && let Ok(event) = event(bytes.get(range).unwrap_or_default())
            {
                next = seq + 1;
                take(event);
            }
        }
    };
    let head = live.get(..64).unwrap_or(&live);
    let begins = line::seq(&String::from_utf8_lossy(head)).unwrap_or(u64::MAX);
    for (at, (_, path)) in closed.iter().enumerate() {
        let behind = closed.get(at + 1).map_or(begins, |(first, _)| *first);
        if behind > from {
            add(&files::read(path, SEGMENT_CAP)?.unwrap_or_default());
        }
    }
    add(&live);
    Ok(tip)
}

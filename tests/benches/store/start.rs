//! The time to start against the length of the journal: one realistic segment, repeated under growing numbers.

use super::line::numbered;
use super::place::{begun, open, quantile};
use super::support::{at, moved, turn};
use dev_factory::domain::phase::Phase;
use dev_factory::factory::ports::store::Store;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::{Duration, Instant};

/// Starts of which the median is shown.
const STARTS: usize = 15;
const MIB: u64 = 1024 * 1024;
/// As the store closes them.
const SEGMENT: u64 = 4 * MIB;
/// What the live segment holds at a start.
const LIVE: u64 = MIB;

/// A line of the journal without number and checksum.
type Line = String;

/// What work leaves in the journal: ten turns, then a move.
fn lines() -> Vec<Line> {
    let dir = tempfile::tempdir().unwrap();
    let (store, mut factory) = begun(dir.path());
    for n in 0..20 {
        let phases = [Phase::Spec, Phase::SpecReview];
        let there = moved(phases[n % 2], phases[(n + 1) % 2]);
        let events = (0..10).map(|_| turn()).chain([there]).collect();
        store
            .commit(&mut factory, events, at(n as i64 + 2))
            .unwrap();
    }
    let text = fs::read_to_string(dir.path().join("dev-factory/journal.jsonl")).unwrap();
    let bare = |line: &str| {
        let (open, _) = line.rsplit_once(",\"crc\":").unwrap();
        open.split_once(',').unwrap().1.to_owned()
    };
    text.lines().skip(1).map(bare).collect()
}

/// Writes segments of the journal, the newest as the live one; how many events that are.
fn journal(dir: &Path, lines: &[Line], length: u64) -> u64 {
    fs::create_dir_all(dir.join("journal")).unwrap();
    let mut seq = 1;
    let mut left = length;
    while left > 0 {
        // The live one is as long everywhere; what differs is what lies closed behind it.
        let size = if left > LIVE {
            SEGMENT.min(left - LIVE)
        } else {
            left
        };
        left -= size;
        let path = match left {
            0 => dir.join("journal.jsonl"),
            _ => dir.join(format!("journal/{seq}.jsonl")),
        };
        let mut file = BufWriter::new(File::create(path).unwrap());
        let (mut written, mut more) = (0, false);
        // A segment ends with a whole write.
        while written < size || more {
            let line = &lines[seq as usize % lines.len()];
            more = line.contains("\"more\":true");
            let line = numbered(seq, line);
            file.write_all(line.as_bytes()).unwrap();
            written += line.len() as u64;
            seq += 1;
        }
        file.flush().unwrap();
    }
    seq - 1
}

fn start(root: &Path) -> Duration {
    let begin = Instant::now();
    let store = open(root);
    let loaded = store.load().unwrap();
    let took = begin.elapsed();
    assert!(loaded.repaired.is_empty(), "{:?}", loaded.repaired);
    took
}

/// Each length once without the fold beside the journal, then as every start finds it.
pub fn starts(lengths: &[u64]) {
    let lines = lines();
    println!("\nStart against the length of the journal, medians of {STARTS} starts (aim: flat)");
    println!(
        "{:>10}{:>12}{:>12}{:>8}{:>20}",
        "MiB", "events", "start, ms", "ratio", "without fold, ms"
    );
    let mut first = None;
    for mib in lengths {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().join("dev-factory");
        let events = journal(&home, &lines, mib * MIB);
        fs::set_permissions(&home, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
        let begin = Instant::now();
        let store = open(dir.path());
        let factory = store.load().unwrap().factory.unwrap();
        let whole = begin.elapsed();
        assert_eq!(factory.seq, events);
        store.close(&factory).unwrap();
        drop(store);
        let times: Vec<Duration> = (0..STARTS).map(|_| start(dir.path())).collect();
        let median = quantile(&times, 0.5) / 1e3;
        let base = *first.get_or_insert(median);
        println!(
            "{mib:>10}{events:>12}{median:>12.2}{:>8.2}{:>20.1}",
            median / base,
            whole.as_secs_f64() * 1e3
        );
    }
}

//! Pages of the log backwards over real files, through rotations and damage; statistics; whether the engine lives.

use crate::support::*;
use dev_factory::adapters::reader::HomeReader;
use dev_factory::adapters::store::{FileStore, Sizes};
use dev_factory::domain::phase::Phase;
use dev_factory::domain::screen::LogLine;
use dev_factory::factory::ports::reader::{Mark, Reader};
use dev_factory::factory::ports::store::Store;
use std::fs;

/// A store whose lines are put aside after a few thousand bytes.
fn small_store(home: &Home) -> FileStore {
    let sizes = Sizes {
        stream: 3_000,
        ..Sizes::default()
    };
    FileStore::open_sized(&home.root, &home.clock, sizes).unwrap()
}

fn numbered(n: i64) -> LogLine {
    LogLine {
        at: at(n),
        ..line(&n.to_string())
    }
}

fn put(store: &FileStore, numbers: std::ops::Range<i64>) {
    for n in numbers {
        store.put_lines([&numbered(n)]).unwrap();
    }
}

/// Numbers of a page, and where it goes on.
fn page(reader: &HomeReader, mark: Option<&Mark>, count: usize) -> (Vec<i64>, Option<Mark>) {
    let page = reader.lines(mark, count).unwrap();
    let numbers = page.lines.iter().map(|l| l.text.parse().unwrap());
    (numbers.collect(), page.before)
}

/// Every number that pages of `count` give, oldest first.
fn all(reader: &HomeReader, count: usize) -> Vec<i64> {
    let (mut numbers, mut mark) = page(reader, None, count);
    while let Some(at) = mark {
        let (older, before) = page(reader, Some(&at), count);
        assert!(!older.is_empty() && older.len() <= count);
        numbers.splice(0..0, older);
        mark = before;
    }
    numbers
}

fn oldest_kept(home: &Home) -> i64 {
    let text = home.text("run/stream.1.jsonl");
    let first: LogLine = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    first.text.parse().unwrap()
}

#[test]
fn pages_of_any_size_give_every_line_of_both_files_once() {
    let home = Home::new();
    let reader = HomeReader::new(&home.root);
    assert_eq!(page(&reader, None, 10), (vec![], None), "nothing yet");
    let store = small_store(&home);
    put(&store, 0..20);
    assert_eq!(all(&reader, 7), (0..20).collect::<Vec<_>>());
    put(&store, 20..100);
    let kept: Vec<i64> = (oldest_kept(&home)..100).collect();
    assert!(kept.len() > 30 && kept.len() < 90, "{}", kept.len());
    let live = home.text("run/stream.jsonl").lines().count();
    for count in [1, 2, 7, live - 1, live, live + 1, kept.len(), 500] {
        assert_eq!(all(&reader, count), kept, "pages of {count}");
    }
}

#[test]
fn a_rotation_between_two_pages_neither_repeats_nor_skips() {
    let home = Home::new();
    let reader = HomeReader::new(&home.root);
    let store = small_store(&home);
    put(&store, 0..20);
    let (newest, mark) = page(&reader, None, 5);
    assert_eq!(newest, [15, 16, 17, 18, 19]);
    put(&store, 20..40);
    assert!(home.path("run/stream.1.jsonl").exists());
    let (older, mark) = page(&reader, mark.as_ref(), 5);
    assert_eq!(older, [10, 11, 12, 13, 14], "the file has another name now");
    // Put aside once more: what was there before is gone, and nothing newer comes in its place.
    put(&store, 40..110);
    assert!(oldest_kept(&home) > 20);
    assert_eq!(page(&reader, mark.as_ref(), 5), (vec![], None));
}

#[test]
fn another_file_in_the_same_place_on_disk_is_not_taken_for_the_old_one() {
    let home = Home::new();
    let reader = HomeReader::new(&home.root);
    put(&small_store(&home), 0..10);
    let (_, mark) = page(&reader, None, 5);
    // The same inode with other lines, as a file system that gives numbers out again would have it.
    let text: String = (50..70)
        .map(|n| serde_json::to_string(&numbered(n)).unwrap() + "\n")
        .collect();
    fs::write(home.path("run/stream.jsonl"), text).unwrap();
    assert_eq!(page(&reader, mark.as_ref(), 5), (vec![], None));
}

#[test]
fn torn_and_damaged_lines_are_left_out() {
    let home = Home::new();
    let reader = HomeReader::new(&home.root);
    put(&small_store(&home), 0..6);
    let path = home.path("run/stream.jsonl");
    let mut bytes = fs::read(&path).unwrap();
    let second = bytes.iter().position(|b| *b == b'\n').unwrap() + 1;
    bytes[second] = 0xff;
    bytes.extend_from_slice(b"\n\n{}\n");
    // A line longer than a piece, and one that is not written to its end.
    let long = LogLine {
        text: format!("{}7", "0".repeat(200_000)),
        ..numbered(0)
    };
    bytes.extend_from_slice(serde_json::to_string(&long).unwrap().as_bytes());
    bytes.extend_from_slice(b"\n{\"at\":\"2026-01-01T0");
    fs::write(&path, &bytes).unwrap();
    assert_eq!(all(&reader, 2), [0, 2, 3, 4, 5, 7]);
    assert_eq!(all(&reader, 100), [0, 2, 3, 4, 5, 7]);
    bytes.truncate(30);
    fs::write(&path, &bytes).unwrap();
    assert_eq!(page(&reader, None, 9), (vec![], None), "only a torn line");
}

#[test]
fn only_the_end_of_a_large_file_is_read() {
    let home = Home::new();
    let reader = HomeReader::new(&home.root);
    put(&small_store(&home), 0..3);
    let path = home.path("run/stream.jsonl");
    let tail = fs::read(&path).unwrap();
    // A hole of 60 GB in front: who reads it whole does not come back.
    let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
    use std::os::unix::fs::FileExt;
    let far = 60_000_000_000;
    file.write_all_at(b"\n", far - 1).unwrap();
    file.write_all_at(&tail, far).unwrap();
    let (numbers, before) = page(&reader, None, 3);
    assert_eq!(numbers, [0, 1, 2]);
    assert_eq!(before.unwrap().at, far);
}

#[test]
fn statistics_and_life_are_read_from_the_home() {
    let home = Home::new();
    let reader = HomeReader::new(&home.root);
    assert_eq!(reader.stats().unwrap().tokens, 0);
    assert!(!reader.alive());
    let (store, mut factory) = home.started();
    store.commit(&mut factory, vec![turn()], at(2)).unwrap();
    assert_eq!(reader.stats().unwrap().tokens, 5_900);
    store.put_snapshot(&snapshot(Phase::Spec, 1)).unwrap();
    assert!(reader.alive(), "this process wrote it");
    let mut gone = snapshot(Phase::Spec, 1);
    gone.engine.started += 1;
    store.put_snapshot(&gone).unwrap();
    assert!(!reader.alive());
}

//! Pages of the log backwards over real files, through rotations and damage; statistics; whether the engine lives.

use crate::support::*;
use dev_factory::adapters::bookmark;
use dev_factory::adapters::reader::{HomeReader, Own};
use dev_factory::adapters::store::{FileStore, Sizes};
use dev_factory::domain::event::Event;
use dev_factory::domain::factory::Factory;
use dev_factory::domain::lines;
use dev_factory::domain::phase::Phase;
use dev_factory::domain::screen::{Kind, LogLine};
use dev_factory::domain::shift::Bookmark;
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
    assert_eq!(reader.figures().unwrap().stats.tokens, 0);
    assert!(!reader.alive());
    let (store, mut factory) = home.started();
    store.commit(&mut factory, vec![turn()], at(2)).unwrap();
    assert_eq!(reader.figures().unwrap().stats.tokens, 5_900);
    store.put_snapshot(&snapshot(Phase::Spec, 1)).unwrap();
    assert!(reader.alive(), "this process wrote it");
    let mut gone = snapshot(Phase::Spec, 1);
    gone.engine.started += 1;
    store.put_snapshot(&gone).unwrap();
    assert!(!reader.alive());
}

/// Where a person's own files lie.
fn own(dir: &std::path::Path) -> Own {
    Own {
        bookmark: dir.join("read/x.json"),
        folded: dir.join("figures/x.json"),
    }
}

#[test]
fn a_mark_begins_the_shift_anew_and_is_kept_for_the_next_screens() {
    let (home, dir) = (Home::new(), tempfile::tempdir().unwrap());
    let (store, mut factory) = home.started();
    store.commit(&mut factory, vec![turn()], at(2)).unwrap();
    let reader = HomeReader::new(&home.root);
    let mark = Bookmark {
        seq: factory.seq,
        at: Some(at(2)),
    };
    assert!(reader.mark_read(mark).is_err(), "it has no place for it");
    let reader = reader.of(own(dir.path()));
    assert_eq!(reader.figures().unwrap().shift.used.turns, 1);
    reader.mark_read(mark).unwrap();
    assert_eq!(reader.figures().unwrap().shift.used.turns, 0);
    store.commit(&mut factory, vec![turn()], at(3)).unwrap();
    let figures = reader.figures().unwrap();
    assert_eq!((figures.shift.used.turns, figures.shift.mark), (1, mark));
    assert_eq!(
        figures.stats.roles.values().map(|r| r.turns).sum::<u64>(),
        2
    );
    // Another program, or `report --mark-read`, put it elsewhere meanwhile.
    bookmark::keep(&own(dir.path()).bookmark, &Bookmark::default()).unwrap();
    assert_eq!(reader.figures().unwrap().shift.used.turns, 2);
    let next = HomeReader::new(&home.root).of(own(dir.path()));
    assert_eq!(*next.figures().unwrap(), *reader.figures().unwrap());
    fs::write(own(dir.path()).bookmark, "{").unwrap();
    let why = reader.figures().unwrap_err();
    assert!(why.contains("remove it to begin anew"), "{why}");
}

#[test]
fn a_long_journal_is_folded_once_and_kept() {
    let (home, dir) = (Home::new(), tempfile::tempdir().unwrap());
    let (store, mut factory) = home.started();
    for n in 0..30 {
        let many = (0..100).map(|_| turn()).collect();
        store.commit(&mut factory, many, at(10 + n)).unwrap();
    }
    let first = HomeReader::new(&home.root).of(own(dir.path()));
    let figures = first.figures().unwrap();
    assert_eq!(figures.stats.tokens, 3000 * 5_900);
    let kept = own(dir.path()).folded;
    assert!(kept.exists(), "3,000 events are worth keeping");
    // The next screens begin with it: of the journal only what is new is needed.
    store.commit(&mut factory, vec![turn()], at(90)).unwrap();
    let live = home.path("journal.jsonl");
    let text = fs::read_to_string(&live).unwrap();
    let newest = text.lines().last().unwrap();
    fs::write(&live, format!("{newest}\n")).unwrap();
    let next = HomeReader::new(&home.root).of(own(dir.path()));
    assert_eq!(next.figures().unwrap().stats.tokens, 3001 * 5_900);
    // One that cannot be read, or is ahead of the journal, is thrown away.
    fs::write(&live, &text).unwrap();
    fs::write(&kept, "{").unwrap();
    let again = HomeReader::new(&home.root).of(own(dir.path()));
    assert_eq!(again.figures().unwrap().stats.tokens, 3001 * 5_900);
    let short: String = text
        .lines()
        .take(2)
        .map(|line| format!("{line}\n"))
        .collect();
    fs::write(&live, short).unwrap();
    assert_eq!(again.figures().unwrap().stats.tokens, 0, "another journal");
}

#[test]
fn what_is_folded_little_by_little_is_kept_too() {
    let (home, dir) = (Home::new(), tempfile::tempdir().unwrap());
    let (store, mut factory) = home.started();
    let screen = HomeReader::new(&home.root).of(own(dir.path()));
    let kept = own(dir.path()).folded;
    for n in 0..25 {
        let many = (0..100).map(|_| turn()).collect();
        store.commit(&mut factory, many, at(10 + n)).unwrap();
        screen.figures().unwrap();
    }
    let text = fs::read_to_string(&kept).unwrap();
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    let seq = value["figures"]["stats"]["seq"].as_u64().unwrap();
    assert!(seq >= 2000, "kept up to {seq}");
    // A journal that cannot be read takes nothing away of what is known.
    let journal = home.path("journal.jsonl");
    let aside = home.path("journal.aside");
    fs::rename(&journal, &aside).unwrap();
    fs::create_dir(&journal).unwrap();
    assert!(screen.figures().is_err());
    fs::remove_dir(&journal).unwrap();
    fs::rename(&aside, &journal).unwrap();
    assert_eq!(screen.figures().unwrap().stats.tokens, 2500 * 5_900);
}

/// Every line of a home, oldest first, by pages.
fn texts(reader: &HomeReader, count: usize) -> Vec<LogLine> {
    let (mut lines, mut mark) = (Vec::new(), None);
    loop {
        let page = reader.lines(mark.as_ref(), count).unwrap();
        assert!(page.lines.len() <= count, "{}", page.lines.len());
        lines.splice(0..0, page.lines);
        mark = page.before;
        if mark.is_none() {
            return lines;
        }
    }
}

#[test]
fn behind_the_lines_the_journal_goes_on_without_a_gap_or_a_repetition() {
    let home = Home::new();
    let reader = HomeReader::new(&home.root);
    let sizes = Sizes {
        segment: 6_000,
        stream: 3_000,
    };
    let store = FileStore::open_sized(&home.root, &home.clock, sizes).unwrap();
    store.load().unwrap();
    let mut factory = Factory::new(at(0));
    store
        .commit(&mut factory, vec![picked("x")], at(1))
        .unwrap();
    let told: Vec<Event> = (2..90)
        .flat_map(|n| store.commit(&mut factory, vec![turn()], at(n)).unwrap())
        .collect();
    assert!(
        fs::read_dir(home.path("journal")).unwrap().count() > 3,
        "several segments"
    );
    let first = factory.seq - told.len() as u64;
    for count in [1, 5, 7, 1_000] {
        let numbers: Vec<u64> = texts(&reader, count).iter().filter_map(|l| l.seq).collect();
        let all: Vec<u64> = (first..=factory.seq).collect();
        assert_eq!(numbers, all, "no lines at all, pages of {count}");
    }
    // The newest are told as lines too, and the last of these by what no event stands for.
    for event in told.iter().skip(70) {
        store.put_lines([&lines::line(event).unwrap()]).unwrap();
    }
    store.put_lines([&line("said")]).unwrap();
    for count in [1, 3, 10, 17, 1_000] {
        let all = texts(&reader, count);
        let numbers: Vec<u64> = all.iter().filter_map(|l| l.seq).collect();
        assert_eq!(
            numbers,
            (first..=factory.seq).collect::<Vec<_>>(),
            "pages of {count}"
        );
        assert_eq!(all.last().unwrap().text, "said");
        assert!(
            all.iter()
                .all(|l| l.seq.is_none() || l.kind == Kind::Turn || l.seq == Some(first))
        );
    }
}

#[test]
fn every_wanted_line_is_saved_oldest_first_and_saving_can_be_stopped() {
    use dev_factory::adapters::desktop::Desk;
    use dev_factory::tui::book::Filter;
    use dev_factory::tui::errands;
    let home = Home::new();
    let reader = HomeReader::new(&home.root);
    fs::create_dir_all(home.path("logs")).unwrap();
    put(&small_store(&home), 0..100);
    let desk = Desk::new(&home.root, false);
    let filter = Filter {
        text: "7".to_owned(),
        ..Filter::default()
    };
    let said = errands::save(&reader, &desk, filter, None, |_| true).unwrap();
    let (count, path) = said.split_once(" lines saved to ").unwrap();
    assert!(path.contains("dev-factory/logs/logs-"), "{path}");
    let text = fs::read_to_string(path).unwrap();
    let saved: Vec<i64> = text
        .lines()
        .map(|line| line.rsplit(' ').next().unwrap().parse().unwrap())
        .collect();
    let expected: Vec<i64> = (oldest_kept(&home)..100)
        .filter(|n| n.to_string().contains('7'))
        .collect();
    assert_eq!(saved, expected);
    assert_eq!(count, expected.len().to_string());
}

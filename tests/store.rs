//! The Store port on real folders: crashes, foreign writers, two engines, commands, the wishlist, run/.

#[path = "store/guard.rs"]
mod guard;
#[path = "store/past.rs"]
mod past;
#[path = "store/reader.rs"]
mod reader;
// A release build has no steps at which others could come between.
#[cfg(debug_assertions)]
#[path = "store/model.rs"]
mod model;
#[path = "support/store.rs"]
mod support;
#[path = "store/year.rs"]
mod year;

use chrono::{DateTime, Utc};
use dev_factory::adapters::store::{FileStore, Sizes, await_answer, readers, submit};
use dev_factory::domain::command::{Answer, Verb};
use dev_factory::domain::event::EventBody;
use dev_factory::domain::factory::Factory;
use dev_factory::domain::phase::Phase;
use dev_factory::factory::ports::store::{Change, Observed, Paper, Store, StoreError};
use dev_factory::text::redact::Redactor;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::time::{Duration, Instant};
use support::*;

// ---- journal and start-up ----

#[test]
fn a_fresh_home_has_no_factory_and_then_one() {
    let home = Home::new();
    {
        let store = home.store();
        let loaded = store.load().unwrap();
        assert!(loaded.factory.is_none() && loaded.claim.is_none());
        assert_eq!(loaded.repaired, Vec::<String>::new());
        let mut f = Factory::new(at(0));
        let events = store.commit(&mut f, vec![picked("x")], at(1)).unwrap();
        assert_eq!(events[0].seq, 1);
        assert_eq!(f.phase, Phase::Spec);
    }
    let state = home.json("state.json");
    assert_eq!(state["phase"], "spec");
    assert_eq!(state["currentTool"], "x");
    assert_eq!(state["lastUpdate"], "2026-01-01T00:00:01Z");
    assert_eq!(state.as_object().unwrap().len(), 5);
    let control = home.json("control.json");
    assert_eq!(control["stateSha256"], sha(&home.bytes("state.json")));
    let line: serde_json::Value = serde_json::from_str(home.text("journal.jsonl").trim()).unwrap();
    let keys: Vec<_> = line.as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        ["seq", "ts", "lane", "tool", "actor", "kind", "data", "crc"]
    );
    assert_eq!(mode(&home.path("state.json")), 0o600);
    assert_eq!(mode(&home.path("journal.jsonl")), 0o600);
    assert_eq!(mode(&home.path("")), 0o700);

    let loaded = home.store().load().unwrap();
    assert_eq!(loaded.repaired, Vec::<String>::new());
    assert_eq!(loaded.factory.unwrap().phase, Phase::Spec);
    assert_eq!(loaded.recent.len(), 1);
}

#[test]
fn a_turn_writes_the_journal_only() {
    let home = Home::new();
    let (store, mut f) = home.started();
    let before = (inode(&home, "state.json"), inode(&home, "control.json"));
    store.commit(&mut f, vec![turn()], at(5)).unwrap();
    store
        .commit(&mut f, vec![turn(), noted("b")], at(6))
        .unwrap();
    assert_eq!(
        before,
        (inode(&home, "state.json"), inode(&home, "control.json"))
    );
    // An attempt is control.json's business alone.
    store.commit(&mut f, vec![attempt(1)], at(7)).unwrap();
    assert_eq!(before.0, inode(&home, "state.json"));
    assert_ne!(before.1, inode(&home, "control.json"));
    assert_eq!(home.json("control.json")["attempt"]["id"], 1);
}

#[test]
fn torn_at_every_byte_of_the_last_line() {
    let home = Home::new();
    {
        let (store, mut f) = home.started();
        store.commit(&mut f, vec![noted("kept")], at(2)).unwrap();
        store.commit(&mut f, vec![noted("torn")], at(3)).unwrap();
    }
    let whole = home.bytes("journal.jsonl");
    let last = whole[..whole.len() - 1]
        .iter()
        .rposition(|b| *b == b'\n')
        .unwrap()
        + 1;
    for cut in last + 1..whole.len() {
        fs::write(home.path("journal.jsonl"), &whole[..cut]).unwrap();
        let store = home.store();
        let loaded = store.load().unwrap();
        let mut f = loaded.factory.unwrap();
        let all = cut == whole.len() - 1;
        assert_eq!(f.seq, if all { 3 } else { 2 }, "cut at {cut}");
        assert_eq!(loaded.repaired.len(), 1, "{:?}", loaded.repaired);
        let next = store.commit(&mut f, vec![noted("next")], at(4)).unwrap();
        assert_eq!(next[0].seq, f.seq);
        let seqs: Vec<u64> = store.history(1).unwrap().iter().map(|e| e.seq).collect();
        assert_eq!(seqs, (1..=f.seq).collect::<Vec<_>>());
    }
}

#[test]
fn torn_ends_that_are_kept_do_not_grow_without_bound() {
    let home = Home::new();
    {
        let (store, mut f) = home.started();
        store.commit(&mut f, vec![noted("kept")], at(2)).unwrap();
    }
    let torn = |what: &str| {
        let mut text = home.bytes("journal.jsonl");
        text.extend(what.as_bytes());
        fs::write(home.path("journal.jsonl"), text).unwrap();
        home.store().load().unwrap();
        String::from_utf8(home.bytes("journal/damaged.txt")).unwrap()
    };
    assert!(torn("first").contains("first"));
    let both = torn("second");
    assert!(both.contains("first") && both.contains("second"));
    fs::write(
        home.path("journal/damaged.txt"),
        vec![b'x'; 1024 * 1024 + 1],
    )
    .unwrap();
    assert_eq!(torn("newest"), "newest\n");
}

#[test]
fn a_damaged_middle_line_is_counted_and_skipped() {
    let home = Home::new();
    {
        let (store, mut f) = home.started();
        for n in 0..5 {
            store
                .commit(&mut f, vec![noted(&n.to_string())], at(n))
                .unwrap();
        }
    }
    let text = home.text("journal.jsonl").replacen("\"2\"", "\"9\"", 1);
    assert!(text.contains("\"9\""));
    fs::write(home.path("journal.jsonl"), text).unwrap();
    let store = home.store();
    let loaded = store.load().unwrap();
    assert_eq!(loaded.factory.unwrap().seq, 6);
    let said = loaded.repaired.join("\n");
    assert!(
        said.contains("journal.jsonl: 1 line is damaged and skipped (line 4)"),
        "{said}"
    );
    assert_eq!(store.history(1).unwrap().len(), 5);
}

#[test]
fn a_snapshot_that_is_broken_or_ahead_is_ignored() {
    let home = Home::new();
    let snapshot = "journal/snapshot.json";
    {
        let (store, mut f) = home.started();
        store.commit(&mut f, vec![noted("a")], at(2)).unwrap();
        store.close(&f).unwrap();
    }
    let good = home.bytes(snapshot);
    let quiet = home.store().load().unwrap();
    assert_eq!(quiet.repaired, Vec::<String>::new());
    assert_eq!(
        quiet.recent.len(),
        1,
        "the timeline survives in the snapshot"
    );
    for bad in [&good[..good.len() / 2], b"", b"{}", b"\xff\xfe"] {
        fs::write(home.path(snapshot), bad).unwrap();
        let loaded = home.store().load().unwrap();
        assert_eq!(loaded.factory.unwrap(), quiet.factory.clone().unwrap());
    }
    fs::write(home.path(snapshot), &good).unwrap();
    let text = home.text("journal.jsonl");
    let first = text.lines().next().unwrap().to_owned() + "\n";
    fs::write(home.path("journal.jsonl"), first).unwrap();
    let loaded = home.store().load().unwrap();
    assert_eq!(loaded.factory.unwrap().seq, 1);
    assert!(loaded.repaired[0].contains("the journal ends at 1"));
    // A journal that grows past its number does not go on from it.
    assert!(!home.path(snapshot).exists());
}

#[test]
fn a_snapshot_of_another_version_is_not_begun_with() {
    let home = Home::new();
    let snapshot = "journal/snapshot.json";
    {
        let (store, mut f) = home.started();
        store.commit(&mut f, vec![turn()], at(2)).unwrap();
        store.close(&f).unwrap();
    }
    let before = home.store().load().unwrap().factory.unwrap();
    let text = home.text(snapshot);
    let (open, _) = text.rsplit_once(",\"crc\":").unwrap();
    let other = |version: &str| {
        let ours = format!("\"version\":\"{}\"}}", env!("CARGO_PKG_VERSION"));
        let (tools, totals) = open.split_once("\"totals\":").unwrap();
        let totals = totals.replacen("\"turns\":1", "\"turns\":9", 1);
        let changed = format!("{tools}\"totals\":{totals}}}");
        assert!(
            changed.contains("\"turns\":9") && changed.ends_with(&ours),
            "{changed}"
        );
        let theirs = format!("\"version\":\"{version}\"}}");
        let object = changed.replace(&ours, &theirs);
        let crc = crc32fast::hash(object.as_bytes());
        let open = object.strip_suffix('}').unwrap();
        fs::write(
            home.path(snapshot),
            format!("{open},\"crc\":\"{crc:08x}\"}}"),
        )
        .unwrap();
        home.store().load().unwrap().factory.unwrap()
    };
    assert_eq!(
        other(env!("CARGO_PKG_VERSION")).totals.turns,
        9,
        "it is begun with"
    );
    assert_eq!(other("0.0.0"), before);
    // Of what came after it, it knows nothing: a journal that is damaged there still says more.
    {
        let store = home.store();
        let mut f = store.load().unwrap().factory.unwrap();
        for text in ["broken", "whole"] {
            store.commit(&mut f, vec![noted(text)], at(3)).unwrap();
        }
    }
    let damaged = home.text("journal.jsonl").replacen("broken", "Broken", 1);
    fs::write(home.path("journal.jsonl"), damaged).unwrap();
    assert_eq!(other("0.0.0").totals.turns, 1);
    // What a damaged journal no longer says, that fold may still know.
    let damaged = home
        .text("journal.jsonl")
        .replacen("\"seq\":1", "\"seq\":7", 1);
    fs::write(home.path("journal.jsonl"), damaged).unwrap();
    assert_eq!(other("0.0.0").totals.turns, 9);
}

#[test]
fn segments_are_closed_and_read_back() {
    let home = Home::new();
    let sizes = Sizes {
        segment: 2_000,
        ..Sizes::default()
    };
    let count = 100;
    {
        let store = FileStore::open_sized(&home.root, &home.clock, sizes).unwrap();
        store.load().unwrap();
        let mut f = Factory::new(at(0));
        for n in 0..count {
            store
                .commit(&mut f, vec![noted(&n.to_string())], at(n))
                .unwrap();
        }
        let closed = fs::read_dir(home.path("journal")).unwrap().count() - 1;
        assert!(closed > 5, "{closed} closed segments");
        assert_eq!(store.history(1).unwrap().len(), count as usize);
        assert_eq!(store.history(57).unwrap()[0].seq, 57);
        assert_eq!(readers::history(&home.root, 90).unwrap().len(), 11);
        assert_eq!(readers::factory(&home.root).unwrap().factory.unwrap(), f);
    }
    // Died between closing a segment and beginning the next, and without any snapshot.
    fs::remove_file(home.path("journal/snapshot.json")).unwrap();
    let live = home.text("journal.jsonl");
    let first = match live.lines().next() {
        Some(line) => serde_json::from_str::<serde_json::Value>(line).unwrap()["seq"].to_string(),
        None => "101".to_owned(),
    };
    fs::rename(
        home.path("journal.jsonl"),
        home.path(&format!("journal/{first}.jsonl")),
    )
    .unwrap();
    let store = home.store();
    let loaded = store.load().unwrap();
    assert_eq!(loaded.repaired, Vec::<String>::new());
    let mut f = loaded.factory.unwrap();
    assert_eq!(f.seq, 100);
    assert_eq!(
        store.commit(&mut f, vec![noted("x")], at(1)).unwrap()[0].seq,
        101
    );
}

#[test]
fn a_segment_that_has_its_name_already_is_followed_by_the_next_one() {
    let home = Home::new();
    let sizes = Sizes {
        segment: 600,
        ..Sizes::default()
    };
    let store = FileStore::open_sized(&home.root, &home.clock, sizes).unwrap();
    store.load().unwrap();
    let mut f = Factory::new(at(0));
    let mut say = |n: i64| {
        let said = vec![noted(&n.to_string())];
        store.commit(&mut f, said, at(n)).unwrap();
    };
    say(1);
    // The rename was done, and the next file could not be made.
    fs::rename(home.path("journal.jsonl"), home.path("journal/1.jsonl")).unwrap();
    (2..30).for_each(&mut say);
    let live = home.text("journal.jsonl");
    assert!(live.lines().count() < 10, "{live}");
    let all = store.history(1).unwrap();
    let numbers: Vec<u64> = all.iter().map(|event| event.seq).collect();
    assert_eq!(numbers, (1..30).collect::<Vec<_>>());
    drop(store);
    assert_eq!(home.store().load().unwrap().repaired, [""; 0]);
}

#[test]
fn ten_thousand_events_load_fast() {
    let home = Home::new();
    {
        let (store, mut f) = home.started();
        for _ in 0..100 {
            store
                .commit(&mut f, (0..100).map(|_| turn()).collect(), at(3))
                .unwrap();
        }
    }
    let go = |what: &str| {
        let store = home.store();
        let start = Instant::now();
        let loaded = store.load().unwrap();
        let took = start.elapsed();
        println!("load of 10,001 events {what}: {took:?}");
        assert_eq!(loaded.factory.unwrap().totals.turns, 10_000);
        assert!(took < Duration::from_secs(30));
    };
    go("with a snapshot");
    fs::remove_file(home.path("journal/snapshot.json")).unwrap();
    go("without a snapshot");
}

#[test]
fn the_time_of_a_commit_is_printed() {
    let home = Home::new();
    let (store, mut f) = home.started();
    let mut time = |what: &str, make: &dyn Fn(i64) -> dev_factory::domain::event::NewEvent| {
        let mut all: Vec<Duration> = (0..200)
            .map(|n| {
                let start = Instant::now();
                store.commit(&mut f, vec![make(n)], at(n)).unwrap();
                start.elapsed()
            })
            .collect();
        all.sort();
        println!("{what}: p50 {:?}, p99 {:?}", all[100], all[197]);
        assert!(all[100] < Duration::from_secs(1));
    };
    time("turn", &|_| turn());
    time("attempt", &|n| attempt(n as u64));
    time("move", &|n| {
        go("x", Phase::Spec, Phase::SpecReview, n as u32)
    });
}

// ---- reconciling after a crash ----

#[test]
fn died_after_the_journal_rolls_forward() {
    let home = Home::new();
    let (old_state, old_control) = {
        let (store, mut f) = home.started();
        let old = (home.bytes("state.json"), home.bytes("control.json"));
        store
            .commit(&mut f, vec![moved(Phase::Spec, Phase::SpecReview)], at(9))
            .unwrap();
        old
    };
    let (new_state, new_control) = (home.bytes("state.json"), home.bytes("control.json"));
    // After the journal; after control.json too; with or without the staged files.
    for (state, control) in [
        (&old_state, &old_control),
        (&old_state, &new_control),
        (&new_state, &old_control),
    ] {
        for staged in [false, true] {
            fs::write(home.path("state.json"), state).unwrap();
            fs::write(home.path("control.json"), control).unwrap();
            if staged {
                fs::write(home.path(".df-state.json.77.tmp"), &new_state).unwrap();
                fs::write(home.path(".df-control.json.77.tmp"), &new_control).unwrap();
            }
            let loaded = home.store().load().unwrap();
            assert!(loaded.claim.is_none(), "{:?}", loaded.claim);
            assert_eq!(home.bytes("state.json"), new_state);
            assert_eq!(
                home.json("control.json")["stateSha256"],
                sha(&new_state),
                "{:?}",
                loaded.repaired
            );
            assert_eq!(home.temps(), Vec::<String>::new());
            let said = loaded.repaired.join("\n");
            assert_eq!(said.contains("behind the journal"), state == &old_state);
            assert_eq!(said.contains("temporary"), staged, "{said}");
        }
    }
}

#[test]
fn staged_but_not_journaled_never_happened() {
    let home = Home::new();
    {
        let (_store, _f) = home.started();
    }
    let state = home.bytes("state.json");
    let staged = String::from_utf8(state.clone())
        .unwrap()
        .replace("spec", "qa")
        .into_bytes();
    let control = home
        .text("control.json")
        .replace(&sha(&state), &sha(&staged));
    fs::write(home.path(".df-control.json.77.tmp"), control).unwrap();
    fs::write(home.path(".df-state.json.77.tmp"), staged).unwrap();
    let loaded = home.store().load().unwrap();
    assert!(loaded.claim.is_none());
    assert_eq!(home.bytes("state.json"), state);
}

#[test]
fn an_edit_pushed_aside_just_before_the_crash_is_a_claim() {
    let home = Home::new();
    {
        let (_store, _f) = home.started();
    }
    let state = home.text("state.json");
    let edit = state
        .replace("\"spec\"", "\"spec-review\"")
        .replace("00:00:01", "00:05:00");
    fs::write(home.path(".df-state.json.77.tmp"), edit).unwrap();
    let loaded = home.store().load().unwrap();
    assert_eq!(loaded.claim.unwrap().phase, Phase::SpecReview);
    assert_eq!(home.text("state.json"), state);
}

#[test]
fn what_can_lie_there_at_start() {
    let home = Home::new();
    {
        let (_store, _f) = home.started();
    }
    let good = home.text("state.json");
    let load = || home.store().load().unwrap();

    // Missing.
    fs::remove_file(home.path("state.json")).unwrap();
    assert!(load().repaired[0].contains("state.json was missing"));
    assert_eq!(home.text("state.json"), good);
    fs::remove_file(home.path("control.json")).unwrap();
    load();
    assert_eq!(
        home.json("control.json")["stateSha256"],
        sha(good.as_bytes())
    );

    // Torn by someone, long ago.
    for (n, bad) in ["", "{\"phase\": \"co", "[]", "{\"phase\": \"testing\"}"]
        .iter()
        .enumerate()
    {
        fs::write(home.path("state.json"), bad).unwrap();
        long_ago(&home.path("state.json"));
        let loaded = load();
        assert!(loaded.claim.is_none());
        let copy = format!("state.json.refused-{}", n + 1);
        assert!(loaded.repaired[0].contains(&copy), "{:?}", loaded.repaired);
        assert_eq!(&home.text(&copy), bad);
        assert_eq!(home.text("state.json"), good);
    }

    // Edited while nobody ran: a claim, left in place.
    let edit = good.replace("\"spec\"", "\"spec-review\"");
    fs::write(home.path("state.json"), &edit).unwrap();
    let store = home.store();
    let loaded = store.load().unwrap();
    assert_eq!(loaded.claim.unwrap().phase, Phase::SpecReview);
    assert_eq!(home.text("state.json"), edit);
    let mut f = loaded.factory.unwrap();
    store.commit(&mut f, vec![noted("started")], at(3)).unwrap();
    store.commit(&mut f, vec![attempt(1)], at(3)).unwrap();
    assert_eq!(home.text("state.json"), edit, "not judged yet, not touched");
    let copy = store.restore(&f).unwrap();
    assert_eq!(home.text(&copy), edit);
    assert_eq!(home.json("state.json")["phase"], "spec");
    drop(store);

    // Other keys alone: taken over.
    let with = home
        .text("state.json")
        .replacen('{', "{\n  \"note\": {\"by\": \"me\"},", 1);
    fs::write(home.path("state.json"), &with).unwrap();
    let store = home.store();
    let loaded = store.load().unwrap();
    assert!(loaded.claim.is_none());
    assert_eq!(loaded.repaired, Vec::<String>::new());
    assert_eq!(home.text("state.json"), with);
    assert_eq!(
        home.json("control.json")["stateSha256"],
        sha(with.as_bytes())
    );
    let mut f = loaded.factory.unwrap();
    store
        .commit(&mut f, vec![moved(Phase::Spec, Phase::SpecReview)], at(8))
        .unwrap();
    assert_eq!(home.json("state.json")["note"]["by"], "me");
}

#[test]
fn a_state_without_a_journal_is_taken_over_with_its_other_keys() {
    let home = Home::new();
    fs::create_dir_all(home.path("")).unwrap();
    let text = "{\"phase\":\"coding\",\"currentTool\":\"x\",\"zeta\":1,\"alpha\":2}";
    fs::write(home.path("state.json"), text).unwrap();
    let store = home.store();
    let loaded = store.load().unwrap();
    assert!(loaded.factory.is_none() && loaded.claim.is_none());
    assert_eq!(home.text("state.json.refused-1"), text);
    let mut f = Factory::new(at(0));
    store.commit(&mut f, vec![picked("y")], at(1)).unwrap();
    let state = home.json("state.json");
    let keys: Vec<_> = state.as_object().unwrap().keys().skip(5).collect();
    assert_eq!(keys, ["zeta", "alpha"]);
}

// ---- foreign writers ----

#[test]
fn a_foreign_edit_is_a_conflict_until_it_was_looked_at() {
    let home = Home::new();
    let (store, mut f) = home.started();
    for by_rename in [true, false] {
        assert!(matches!(store.observe().unwrap(), Observed::Ours));
        let edit = home.text("state.json").replace("\"spec\"", "\"coding\"");
        home.foreign(&edit, by_rename);
        let before = home.bytes("journal.jsonl");
        let mv = || vec![moved(Phase::Spec, Phase::SpecReview)];
        assert_eq!(store.commit(&mut f, mv(), at(3)), Err(StoreError::Conflict));
        assert_eq!(home.bytes("journal.jsonl"), before, "nothing was written");
        assert_eq!(home.text("state.json"), edit);
        assert_eq!(home.temps(), Vec::<String>::new());
        store.commit(&mut f, vec![turn()], at(3)).unwrap();
        let Observed::Foreign(doc) = store.observe().unwrap() else {
            panic!("not seen")
        };
        assert_eq!(doc.phase, Phase::Coding);
        let copy = store.restore(&f).unwrap();
        assert_eq!(home.text(&copy), edit);
        assert_eq!(home.json("state.json")["phase"], "spec");
        assert!(matches!(store.observe().unwrap(), Observed::Ours));
    }
    store
        .commit(&mut f, vec![moved(Phase::Spec, Phase::SpecReview)], at(4))
        .unwrap();
}

#[test]
fn a_claim_that_was_looked_at_may_be_replaced_and_its_keys_stay() {
    let home = Home::new();
    let (store, mut f) = home.started();
    home.foreign("{\"phase\":\"spec-review\",\"agent\":\"codex\"}", true);
    let Observed::Foreign(doc) = store.observe().unwrap() else {
        panic!("not seen")
    };
    assert_eq!(
        doc.current_tool.as_deref(),
        Some("x"),
        "what was left out is ours"
    );
    let claim = home.text("state.json");
    store.adopt(&f, &doc).unwrap();
    assert_eq!(home.text("state.json"), claim, "stays until the move");
    store
        .commit(&mut f, vec![moved(Phase::Spec, Phase::SpecReview)], at(4))
        .unwrap();
    let state = home.json("state.json");
    assert_eq!(
        (&state["phase"], &state["agent"]),
        (&"spec-review".into(), &"codex".into())
    );
    assert_eq!(state["cycleCount"], 0);
}

#[test]
fn other_keys_and_last_update_are_adopted() {
    let home = Home::new();
    let (store, mut f) = home.started();
    let mut state = home.json("state.json");
    state["lastUpdate"] = "2026-05-05T05:05:05Z".into();
    state["mood"] = "good".into();
    home.foreign(&state.to_string(), false);
    let Observed::Foreign(doc) = store.observe().unwrap() else {
        panic!("not seen")
    };
    store.adopt(&f, &doc).unwrap();
    assert!(matches!(store.observe().unwrap(), Observed::Ours));
    assert_eq!(home.text("state.json"), state.to_string());
    assert_eq!(
        home.json("control.json")["stateSha256"],
        sha(state.to_string().as_bytes())
    );
    store
        .commit(&mut f, vec![moved(Phase::Spec, Phase::SpecReview)], at(4))
        .unwrap();
    assert_eq!(home.json("state.json")["mood"], "good");
    // A garbled key of ours is put right.
    let garbled = home
        .text("state.json")
        .replace("\"cycleCount\": 0", "\"cycleCount\": \"two\"");
    home.foreign(&garbled, true);
    let Observed::Foreign(doc) = store.observe().unwrap() else {
        panic!("not seen")
    };
    store.adopt(&f, &doc).unwrap();
    assert_eq!(home.json("state.json")["cycleCount"], 0);
    assert_eq!(home.json("state.json")["mood"], "good");
}

#[test]
fn half_written_content_is_waited_for_and_rubbish_is_named() {
    let home = Home::new();
    let (store, mut f) = home.started();
    let edit = home.text("state.json").replace("\"spec\"", "\"coding\"");
    fs::write(home.path("state.json"), "").unwrap();
    std::thread::scope(|s| {
        let observed = s.spawn(|| store.observe().unwrap());
        // The first look surely finds it empty: the writer ends after a commit went through meanwhile.
        store.commit(&mut f, vec![turn()], at(3)).unwrap();
        fs::write(home.path("state.json"), &edit[..20]).unwrap();
        store.commit(&mut f, vec![turn()], at(3)).unwrap();
        fs::write(home.path("state.json"), &edit).unwrap();
        assert!(matches!(observed.join().unwrap(), Observed::Foreign(_)));
    });
    store.restore(&f).unwrap();

    fs::write(home.path("state.json"), "{\n  \"phase\": coding\n}").unwrap();
    let start = Instant::now();
    let Observed::Unreadable(why) = store.observe().unwrap() else {
        panic!("read")
    };
    assert!(start.elapsed() >= Duration::from_millis(1900));
    assert!(
        why.starts_with("dev-factory/state.json, line 2 column 12"),
        "{why}"
    );
    // A move that is due goes through; the copy stays.
    store
        .commit(&mut f, vec![moved(Phase::Spec, Phase::SpecReview)], at(4))
        .unwrap();
    assert_eq!(home.json("state.json")["phase"], "spec-review");
    assert!(home.text("state.json.refused-2").contains("coding"));

    // A hundred megabytes of something.
    let file = fs::File::create(home.path("state.json")).unwrap();
    file.set_len(100 * 1024 * 1024).unwrap();
    let mv = || vec![moved(Phase::SpecReview, Phase::Coding)];
    assert_eq!(store.commit(&mut f, mv(), at(5)), Err(StoreError::Conflict));
    let Observed::Unreadable(why) = store.observe().unwrap() else {
        panic!("read")
    };
    assert!(
        why.contains("larger than 1024 KiB") && why.contains("refused-3"),
        "{why}"
    );
    store.commit(&mut f, mv(), at(5)).unwrap();
    assert_eq!(home.json("state.json")["phase"], "coding");
}

#[test]
fn no_edit_is_lost_unseen() {
    // A foreign writer that waits for each of its edits to be noticed, against a factory that moves all the time.
    use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
    for by_rename in [true, false] {
        let home = Home::new();
        let (store, mut f) = home.started();
        let (seen, seen_rounds) = (AtomicU64::new(0), AtomicU64::new(0));
        let (mut moves, mut conflicts) = (0, 0);
        std::thread::scope(|s| {
            let writer = s.spawn(|| {
                for n in 1..=100 {
                    home.foreign(&format!("{{\"phase\":\"spec\",\"n\":{n}}}"), by_rename);
                    let deadline = Instant::now() + Duration::from_secs(10);
                    while seen.load(SeqCst) < n {
                        assert!(Instant::now() < deadline, "edit {n} was lost unseen");
                        std::thread::yield_now();
                    }
                    // At another moment of the factory's doing each time.
                    let rounds = seen_rounds.load(SeqCst) + n % 3;
                    while seen_rounds.load(SeqCst) < rounds {
                        std::thread::yield_now();
                    }
                    (0..n * 37 % 500).for_each(|_| std::thread::yield_now());
                }
            });
            while !writer.is_finished() {
                seen_rounds.fetch_add(1, SeqCst);
                match commit_cycle(&store, &mut f) {
                    Ok(_) => moves += 1,
                    Err(StoreError::Conflict) => conflicts += 1,
                    Err(e) => panic!("{e}"),
                }
                if let Observed::Foreign(doc) = store.observe().unwrap() {
                    let n = doc.other.get("n").and_then(serde_json::Value::as_u64);
                    seen.fetch_max(n.unwrap(), SeqCst);
                    let _ = store.adopt(&f, &doc);
                }
            }
            writer.join().unwrap();
        });
        println!("by rename {by_rename}: {moves} moves, {conflicts} conflicts, 100 edits seen");
        assert!(moves > 10);
        drop(store);
        let loaded = home.store().load().unwrap();
        assert_eq!(loaded.factory.unwrap().cycle_count, f.cycle_count);
    }
}

#[test]
fn two_foreign_writers_at_once_end_in_what_was_written_last() {
    let home = Home::new();
    let (store, mut f) = home.started();
    let mut last = serde_json::Value::Null;
    std::thread::scope(|s| {
        let write = |who: u32| {
            for n in 1..=200 {
                let edit = format!("{{\"phase\":\"spec\",\"last\":[{who},{n}]}}");
                home.foreign_as(&edit, who == 0, who);
            }
        };
        let writers = [s.spawn(move || write(0)), s.spawn(move || write(1))];
        loop {
            let over = writers
                .iter()
                .all(std::thread::ScopedJoinHandle::is_finished);
            let _ = commit_cycle(&store, &mut f);
            match store.observe().unwrap() {
                Observed::Foreign(doc) => {
                    last = doc.other["last"].clone();
                    let _ = store.adopt(&f, &doc);
                }
                Observed::Ours if over => break,
                Observed::Ours => {}
                Observed::Unreadable(why) => panic!("{why}"),
            }
        }
    });
    assert_eq!(last[1], 200, "the last word of one of them: {last}");
    commit_cycle(&store, &mut f).unwrap();
    assert_eq!(home.json("state.json")["last"], last);
}

fn commit_cycle(store: &FileStore, f: &mut Factory) -> Result<(), StoreError> {
    let cycle = f.cycle_count + 1;
    let event = go("x", Phase::Spec, Phase::Spec, cycle);
    store.commit(f, vec![event], at(4)).map(drop)
}

#[test]
fn a_writer_that_held_the_old_file_is_still_heard() {
    use std::io::Write;
    let home = Home::new();
    let (store, mut f) = home.started();
    let mut held = fs::OpenOptions::new()
        .write(true)
        .open(home.path("state.json"))
        .unwrap();
    let edit = home.text("state.json").replace("\"spec\"", "\"coding\"");
    store
        .commit(&mut f, vec![moved(Phase::Spec, Phase::SpecReview)], at(4))
        .unwrap();
    held.write_all(edit.as_bytes()).unwrap();
    let Observed::Foreign(doc) = store.observe().unwrap() else {
        panic!("lost")
    };
    assert_eq!(doc.phase, Phase::Coding);
    assert!(
        matches!(store.observe().unwrap(), Observed::Foreign(_)),
        "until it is judged"
    );
    let copy = store.restore(&f).unwrap();
    assert_eq!(home.text(&copy), edit);
    assert_eq!(home.json("state.json")["phase"], "spec-review");
    assert!(matches!(store.observe().unwrap(), Observed::Ours));
}

#[test]
fn mode_link_and_refused_copies() {
    let home = Home::new();
    let (store, mut f) = home.started();
    fs::set_permissions(home.path("state.json"), fs::Permissions::from_mode(0o664)).unwrap();
    store
        .commit(&mut f, vec![moved(Phase::Spec, Phase::SpecReview)], at(4))
        .unwrap();
    assert_eq!(mode(&home.path("state.json")), 0o664);
    for n in 1..=25 {
        home.foreign(&format!("{{\"phase\":\"idle\",\"n\":{n}}}"), true);
        store.observe().unwrap();
        assert_eq!(
            store.restore(&f).unwrap(),
            format!("state.json.refused-{n}")
        );
    }
    let names = fs::read_dir(home.path("")).unwrap().flatten();
    let kept = names
        .filter(|e| e.file_name().to_string_lossy().contains(".refused-"))
        .count();
    assert_eq!(kept, 20);
    drop(store);

    fs::create_dir(home.root.join("elsewhere")).unwrap();
    let target = home.root.join("elsewhere/s.json");
    fs::rename(home.path("state.json"), &target).unwrap();
    std::os::unix::fs::symlink("../elsewhere/s.json", home.path("state.json")).unwrap();
    let store = home.store();
    let mut f = store.load().unwrap().factory.unwrap();
    store
        .commit(&mut f, vec![moved(Phase::SpecReview, Phase::Coding)], at(5))
        .unwrap();
    assert!(
        fs::symlink_metadata(home.path("state.json"))
            .unwrap()
            .is_symlink()
    );
    assert!(fs::read_to_string(target).unwrap().contains("coding"));
}

// ---- watching ----

#[tokio::test]
async fn changes_are_hinted_within_a_moment() {
    let home = Home::new();
    let (store, _f) = home.started();
    fs::create_dir_all(home.root.join("souls")).unwrap();
    let mut hints = store.watch().unwrap();
    assert_eq!(store.unwatched(), None);
    let mut times = Vec::new();
    for n in 0..40 {
        while hints.try_recv().is_ok() {}
        let edit = format!("{{\"phase\":\"spec\",\"n\":{n}}}");
        let start = Instant::now();
        home.foreign(&edit, n % 2 == 0);
        wait_for(&mut hints, Change::State).await;
        times.push(start.elapsed());
        // Let the trailing events of this save pass, so that they do not answer for the next one.
        let _ = tokio::time::timeout(Duration::from_millis(20), async {
            while hints.recv().await.is_some() {}
        })
        .await;
    }
    times.sort();
    println!(
        "rewrite of state.json to hint: p50 {:?}, max {:?}",
        times[20], times[39]
    );
    // Far below the poll that finds what the watch misses.
    assert!(times[20] < Duration::from_millis(500));
    submit(&home.root, &command("c1", Verb::Abort {})).unwrap();
    wait_for(&mut hints, Change::Commands).await;
    fs::write(home.path("wishlist.json"), "{}").unwrap();
    wait_for(&mut hints, Change::Wishlist).await;
    fs::write(home.path("factory.toml"), "").unwrap();
    wait_for(&mut hints, Change::Settings).await;
    fs::write(home.root.join("souls/qa.md"), "x").unwrap();
    wait_for(&mut hints, Change::Souls).await;
}

#[tokio::test]
async fn reading_makes_no_hints_and_a_replaced_folder_is_noticed() {
    let home = Home::new();
    let (store, _f) = home.started();
    let mut hints = store.watch().unwrap();
    for _ in 0..20 {
        store.observe().unwrap();
        fs::read(home.path("state.json")).unwrap();
    }
    let quiet = tokio::time::timeout(Duration::from_millis(1300), hints.recv()).await;
    assert!(quiet.is_err(), "{quiet:?}");
    fs::rename(home.path(""), home.root.join("gone")).unwrap();
    fs::create_dir(home.path("")).unwrap();
    fs::write(home.path("state.json"), "{}").unwrap();
    wait_for(&mut hints, Change::State).await;
}

#[tokio::test]
async fn commands_in_a_folder_the_kernel_does_not_watch_are_found_again_and_again() {
    let home = Home::new();
    let (store, _f) = home.started();
    let mut hints = store.watch().unwrap();
    fs::rename(home.path("commands/new"), home.root.join("watched")).unwrap();
    fs::create_dir(home.path("commands/new")).unwrap();
    for name in ["a.json", "b.json"] {
        fs::write(home.path("commands/new").join(name), "{}").unwrap();
        wait_for(&mut hints, Change::Commands).await;
        // It goes on being said for as long as it waits.
        wait_for(&mut hints, Change::Commands).await;
        fs::remove_file(home.path("commands/new").join(name)).unwrap();
        let mut said = 0;
        while tokio::time::timeout(
            Duration::from_millis(1500),
            wait_for(&mut hints, Change::Commands),
        )
        .await
        .is_ok()
        {
            said += 1;
            // One look may have been under way.
            assert!(said <= 2, "still said of an empty folder");
        }
    }
}

// ---- the lock ----

#[test]
fn one_engine_a_home() {
    let home = Home::new();
    let store = home.store();
    let Err(StoreError::Held(by)) = FileStore::open(&home.root, &home.clock) else {
        panic!("two engines")
    };
    assert!(
        by.contains(&format!("process {} on ", std::process::id())),
        "{by}"
    );
    assert_eq!(readers::engine(&home.root).unwrap().pid, std::process::id());
    let inode = inode(&home, "engine.lock");
    drop(store);
    let _again = home.store();
    assert_eq!(
        self::inode(&home, "engine.lock"),
        inode,
        "the lock file stays"
    );
}

#[test]
fn a_lock_of_a_killed_process_is_free() {
    let home = Home::new();
    drop(home.store());
    // Another process holds the same lock, then is killed.
    let mut child = std::process::Command::new("flock")
        .arg("-x")
        .arg(home.path("engine.lock"))
        .args(["sh", "-c", "echo held; read line"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let out = child.stdout.take().unwrap();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(out), &mut line).unwrap();
    assert_eq!(line, "held\n");
    assert!(matches!(
        FileStore::open(&home.root, &home.clock),
        Err(StoreError::Held(_))
    ));
    drop(child.stdin.take());
    child.wait().unwrap();
    home.store();
}

#[test]
fn a_home_that_cannot_be_written_says_so() {
    let home = Home::new();
    let (store, mut f) = home.started();
    // Root may write anywhere: a file where a folder belongs stops it just as well.
    fs::remove_dir_all(home.path("run")).unwrap();
    fs::write(home.path("run"), "").unwrap();
    let e = store.put_line(&line("x")).unwrap_err().to_string();
    assert!(e.contains("dev-factory/run"), "{e}");
    fs::remove_dir_all(home.path("")).unwrap();
    let mv = vec![moved(Phase::Spec, Phase::SpecReview)];
    let seq = f.seq;
    let e = store.commit(&mut f, mv, at(3)).unwrap_err().to_string();
    assert!(e.contains("dev-factory") || e.contains("changed"), "{e}");
    assert_eq!(f.seq, seq, "not acknowledged, not folded");
    drop(store);
    if !rustix::process::geteuid().is_root() {
        fs::set_permissions(&home.root, fs::Permissions::from_mode(0o500)).unwrap();
        let Err(e) = FileStore::open(&home.root, &home.clock) else {
            panic!("written")
        };
        assert!(e.to_string().contains("permission denied"), "{e}");
        fs::set_permissions(&home.root, fs::Permissions::from_mode(0o700)).unwrap();
    }
}

// ---- commands ----

#[tokio::test]
async fn commands_are_answered_once() {
    let home = Home::new();
    let (store, _f) = home.started();
    for id in ["b", "a"] {
        submit(&home.root, &command(id, Verb::Retry {})).unwrap();
    }
    fs::write(
        home.path("commands/new/bad.json"),
        "{\n  \"command\": oops}",
    )
    .unwrap();
    fs::write(home.path("commands/new/odd.json"), "{\"command\":\"fly\"}").unwrap();
    fs::write(
        home.path("commands/new/short.json"),
        "{\"command\":\"abort\",\"by\":\"sh\",\"at\":\"2026-01-01T00:00:00Z\"}",
    )
    .unwrap();
    fs::write(home.path("commands/new/.half.json"), "{").unwrap();
    let base = std::time::SystemTime::now() - Duration::from_secs(100);
    for (n, name) in ["b", "a", "bad", "odd", "short"].iter().enumerate() {
        let file = fs::File::open(home.path(&format!("commands/new/{name}.json"))).unwrap();
        file.set_modified(base + Duration::from_secs(n as u64))
            .unwrap();
    }
    let all = store.commands().unwrap();
    let names: Vec<String> = all
        .iter()
        .map(|c| match c {
            Ok(c) => c.id.clone(),
            Err((file, why)) => format!("{file}: {why}"),
        })
        .collect();
    assert_eq!(names.len(), 5, "{names:?}");
    assert_eq!(names[..2], ["b", "a"]);
    assert!(
        names[2].starts_with("bad.json: commands/new/bad.json, line 2 column 1"),
        "{names:?}"
    );
    assert!(
        names[3].starts_with("odd.json: ") && names[3].contains("fly"),
        "{names:?}"
    );
    assert_eq!(names[4], "short");

    let yes = Answer {
        accepted: true,
        sentence: "done".to_owned(),
    };
    let waiting = await_answer(&home.root, "a", Duration::from_secs(10));
    let (answer, ()) = tokio::join!(waiting, async {
        tokio::task::yield_now().await;
        store.answer("a", &yes).unwrap();
    });
    assert_eq!(answer, Some(yes.clone()));
    let no = Answer {
        accepted: false,
        sentence: "no".to_owned(),
    };
    store.answer("a", &no).unwrap();
    store.answer("bad.json", &no).unwrap();
    let done = home.json("commands/done/a.json");
    assert_eq!(done["accepted"], true, "the first answer stands");
    assert_eq!(done["command"], "retry");
    assert_eq!(home.json("commands/done/bad.json")["sentence"], "no");
    // Sent again: not offered again.
    submit(&home.root, &command("a", Verb::Retry {})).unwrap();
    let left = store.commands().unwrap();
    assert!(left.iter().flatten().all(|c| c.id != "a"));
    assert!(!home.path("commands/new/a.json").exists());
    assert!(store.answer("../../x", &no).is_err());
    assert!(submit(&home.root, &command("../x", Verb::Retry {})).is_err());
    let none = await_answer(&home.root, "never", Duration::from_millis(30)).await;
    assert_eq!(none, None);
}

#[test]
fn a_command_decided_before_the_crash_is_not_decided_again() {
    // The second is the name another program gave it.
    for id in ["c9", "c\"9\\ü"] {
        let home = Home::new();
        let asked = command(id, Verb::Retry {});
        {
            let (store, mut f) = home.started();
            let file = home.path("commands/new").join(format!("{id}.json"));
            fs::write(file, serde_json::to_string(&asked).unwrap()).unwrap();
            let body = EventBody::Answered {
                command: asked,
                accepted: true,
                sentence: "begun anew".to_owned(),
            };
            store.commit(&mut f, vec![event(body)], at(3)).unwrap();
        }
        let store = home.store();
        let loaded = store.load().unwrap();
        assert!(loaded.repaired[0].contains(id), "{:?}", loaded.repaired);
        assert!(store.commands().unwrap().is_empty());
        let done = home.json(&format!("commands/done/{id}.json"));
        assert_eq!(done["sentence"], "begun anew");
    }
}

#[test]
fn an_answer_that_closed_its_segment_is_delivered() {
    let home = Home::new();
    let sizes = Sizes {
        segment: 1,
        ..Sizes::default()
    };
    let open = || FileStore::open_sized(&home.root, &home.clock, sizes).unwrap();
    let asked = command("c9", Verb::Retry {});
    {
        let store = open();
        store.load().unwrap();
        let mut factory = Factory::new(at(0));
        store
            .commit(&mut factory, vec![picked("x")], at(1))
            .unwrap();
        submit(&home.root, &asked).unwrap();
        let body = EventBody::Answered {
            command: asked,
            accepted: true,
            sentence: "begun anew".to_owned(),
        };
        store
            .commit(&mut factory, vec![event(body)], at(3))
            .unwrap();
    }
    assert_eq!(fs::read(home.path("journal.jsonl")).unwrap(), b"");
    let store = open();
    store.load().unwrap();
    assert!(store.commands().unwrap().is_empty());
    assert_eq!(home.json("commands/done/c9.json")["sentence"], "begun anew");
}

#[test]
fn an_answer_that_was_torn_off_is_none() {
    let home = Home::new();
    let asked = command("c9", Verb::Retry {});
    {
        let (store, mut factory) = home.started();
        submit(&home.root, &asked).unwrap();
        let body = EventBody::Answered {
            command: asked,
            accepted: true,
            sentence: "begun anew".to_owned(),
        };
        let more = EventBody::Noted {
            sentence: "the last of this write".to_owned(),
        };
        let events = vec![event(body), event(more)];
        store.commit(&mut factory, events, at(3)).unwrap();
    }
    let path = home.path("journal.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    let end = text.trim_end().rfind('\n').unwrap() + 1;
    assert!(text[..end].ends_with("\n") && text[..end].contains("begun anew"));
    fs::write(&path, &text[..end]).unwrap();
    let store = home.store();
    store.load().unwrap();
    let waiting = store.commands().unwrap();
    assert_eq!(waiting.len(), 1);
    assert!(!home.path("commands/done/c9.json").exists());
}

// ---- wishlist and papers ----

#[test]
fn a_list_pushed_aside_by_a_save_that_was_cut_short_is_kept() {
    let home = Home::new();
    {
        let (store, _f) = home.started();
        store.wishlist().unwrap();
        store.put_wishlist(&[item("tool-a", "a", 3)]).unwrap();
    }
    let ours = home.text("wishlist.json");
    let aside = home.path(".df-wishlist.json.1.tmp");
    // Ours, in whatever form: nothing is lost with it.
    fs::write(&aside, ours.replace("wanted", "shipped")).unwrap();
    let said = home.store().load().unwrap().repaired.join("\n");
    assert!(!said.contains("wishlist"), "{said}");
    assert!(!aside.exists());
    let edit = ours.replace("\"a\"", "\"a better one\"");
    assert_ne!(edit, ours);
    fs::write(&aside, &edit).unwrap();
    let said = home.store().load().unwrap().repaired.join("\n");
    assert!(said.contains("kept as wishlist.json.refused-1"), "{said}");
    assert_eq!(home.text("wishlist.json.refused-1"), edit);
    assert_eq!(home.text("wishlist.json"), ours);
}

#[test]
fn the_wishlist_is_peoples() {
    let home = Home::new();
    let (store, _f) = home.started();
    assert_eq!(store.wishlist().unwrap().now, []);
    let text = "{\n \"about\": \"ours\",\n \"items\": [\n  {\"idea\": \"b\", \"who\": \"me\"},\n  {\"priority\": 3, \"idea\": \"a\", \"name\": \"tool-a\", \"reason\": \"old\"}\n ]\n}";
    fs::write(home.path("wishlist.json"), text).unwrap();
    assert_eq!(
        store.wishlist().unwrap().now,
        [
            ("b".into(), 0, None),
            ("a".into(), 3, Some("tool-a".into()))
        ]
    );
    let items = [
        item("tool-a", "a", 3),
        item("tool-b", "b", 0),
        item("tool-c", "c", 1),
    ];
    store.put_wishlist(&items).unwrap();
    let list = home.json("wishlist.json");
    assert_eq!(list["about"], "ours");
    let names: Vec<_> = (0..3)
        .map(|n| list["items"][n]["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        ["tool-b", "tool-a", "tool-c"],
        "people's order, ours behind"
    );
    assert_eq!(list["items"][0]["who"], "me");
    assert_eq!(list["items"][1].get("reason"), None);
    let keys: Vec<_> = list["items"][1]
        .as_object()
        .unwrap()
        .keys()
        .take(3)
        .collect();
    assert_eq!(keys, ["priority", "idea", "name"]);
    let before = inode(&home, "wishlist.json");
    store.put_wishlist(&items).unwrap();
    assert_eq!(
        inode(&home, "wishlist.json"),
        before,
        "nothing new, not written"
    );

    // An edit since the last reading stays.
    let edit = home.text("wishlist.json").replace("\"b\"", "\"better\"");
    fs::write(home.path("wishlist.json"), &edit).unwrap();
    store.put_wishlist(&items).unwrap();
    assert_eq!(home.text("wishlist.json"), edit);

    for (bad, place) in [
        (
            "{\n \"items\": [\n  {\"idea\": \"a\",}\n ]}",
            "line 3 column 16",
        ),
        (
            "{\n \"items\": [\n  {\"priority\": 1}\n ]}",
            "line 3 column 17",
        ),
        (
            "{\"items\": [{\"idea\": \"a\", \"priority\": \"high\"}]}",
            "line 1 column 43",
        ),
        (
            "{\"items\": [{\"idea\": \"a\"}, {\"idea\": \"  \"}]}",
            "idea 2 is empty",
        ),
        ("[]", "line 1"),
        (
            "{\"items\": [\n{\"idea\": \"a\", \"priorty\": 3}]}",
            "line 2 column 15: priorty is not a key of an idea; did you mean priority?",
        ),
        (
            "{\"items\": [\n{\"idea\": \"a\", \"name\": \"../x\"}]}",
            "line 2 column 23: the name \"../x\" is not kebab-case",
        ),
    ] {
        fs::write(home.path("wishlist.json"), bad).unwrap();
        let e = store.wishlist().unwrap_err().to_string();
        store.put_wishlist(&items).unwrap();
        assert_eq!(home.text("wishlist.json"), bad);
        assert!(
            e.contains("dev-factory/wishlist.json") && e.contains(place),
            "{e}"
        );
    }
}

#[test]
fn papers_lie_where_the_contract_says() {
    let home = Home::new();
    let (store, _f) = home.started();
    let tool = || "x".to_owned();
    let papers = [
        (Paper::Spec { tool: tool() }, "specs/x.md"),
        (Paper::SpecVersion { tool: tool(), n: 2 }, "specs/x/2.md"),
        (Paper::Bug { tool: tool(), n: 1 }, "bugs/x/BUG-1.md"),
        (Paper::Review { tool: tool(), n: 1 }, "reviews/x/1.md"),
        (
            Paper::Evidence {
                tool: tool(),
                run: 3,
            },
            "evidence/x/3.json",
        ),
        (
            Paper::Acceptance { tool: tool(), n: 1 },
            "acceptance/x/1.jsonl",
        ),
        (
            Paper::Transcript {
                tool: tool(),
                n: 7,
                role: "qa".into(),
                phase: "spec-review".into(),
            },
            "transcripts/x/7-qa-spec-review.jsonl",
        ),
        (Paper::Brief, "BRIEF.md"),
    ];
    for (paper, path) in &papers {
        assert_eq!(store.get(paper).unwrap(), None);
        store.put(paper, "one\n").unwrap();
        store.append(paper, "two\n").unwrap();
        assert_eq!(home.text(path), "one\ntwo\n");
        assert_eq!(store.get(paper).unwrap().unwrap(), "one\ntwo\n");
        assert_eq!(
            store.path(paper),
            std::path::Path::new("dev-factory").join(path)
        );
        assert_eq!(mode(&home.path(path)), 0o600);
    }
    assert_eq!(mode(&home.path("specs/x")), 0o700);
    for bad in ["../up", "a/b", "A", ""] {
        let paper = Paper::Spec { tool: bad.into() };
        assert!(store.put(&paper, "").is_err() && store.get(&paper).is_err());
        assert!(store.append(&paper, "").is_err());
    }
    let fresh = Paper::Transcript {
        tool: "new".into(),
        n: 1,
        role: "qa".into(),
        phase: "qa".into(),
    };
    store.append(&fresh, "first\n").unwrap();
    assert_eq!(store.get(&fresh).unwrap().unwrap(), "first\n");
}

// ---- run/ ----

#[tokio::test]
async fn the_run_folder_is_written_and_followed() {
    use dev_factory::adapters::feed::{RunWriter, follow};
    use dev_factory::factory::ports::feed::Publisher;
    let home = Home::new();
    let sizes = Sizes {
        stream: 3_000,
        ..Sizes::default()
    };
    let store = std::sync::Arc::new(FileStore::open_sized(&home.root, &home.clock, sizes).unwrap());
    let bus = Publisher::new(Redactor::default());
    let writer = RunWriter::spawn(store, bus.feed());
    bus.line(line("before"));
    bus.publish(snapshot(Phase::Spec, 1));
    until("the snapshot", || readers::snapshot(&home.root).is_some()).await;
    until("the line", || readers::lines(&home.root, 10).len() == 1).await;
    assert!(
        readers::snapshot(&home.root).unwrap().1,
        "this process runs"
    );

    let mut feed = follow(&home.root);
    assert_eq!(feed.lines.recv().await.unwrap().text, "before");
    for n in 0..100 {
        bus.line(line(&n.to_string()));
        let got = tokio::time::timeout(Duration::from_secs(60), feed.lines.recv()).await;
        assert_eq!(got.unwrap().unwrap().text, n.to_string());
    }
    assert!(
        home.path("run/stream.1.jsonl").exists(),
        "put aside on the way"
    );
    let tail: Vec<String> = readers::lines(&home.root, 3)
        .into_iter()
        .map(|l| l.text)
        .collect();
    assert_eq!(tail, ["97", "98", "99"]);

    // A move shows at once, anything else within half a second. Of several, a busy machine leaves one its time.
    let mut took = Vec::new();
    let mut start = Instant::now();
    for seq in 2..7 {
        let phase = [Phase::Coding, Phase::Qa][seq % 2];
        start = Instant::now();
        bus.publish(snapshot(phase, seq as u64));
        while feed.snapshot.borrow_and_update().as_ref().unwrap().phase != phase {
            feed.snapshot.changed().await.unwrap();
        }
        took.push(start.elapsed());
    }
    println!("a move reaches an attached reader in {took:?}");
    assert!(took.iter().min().unwrap() < &Duration::from_millis(400));
    bus.publish(snapshot(Phase::Coding, 7));
    let seq = |s: &dev_factory::domain::screen::Snapshot| s.seq;
    while feed.snapshot.borrow_and_update().as_deref().map(seq) != Some(7) {
        feed.snapshot.changed().await.unwrap();
    }
    assert!(
        start.elapsed() > Duration::from_millis(450),
        "twice a second at most"
    );

    // Someone empties the file.
    fs::write(home.path("run/stream.jsonl"), "").unwrap();
    bus.line(line("after"));
    let got = tokio::time::timeout(Duration::from_secs(60), feed.lines.recv()).await;
    assert_eq!(got.unwrap().unwrap().text, "after");
    bus.publish(snapshot(Phase::Coding, 8));
    drop(bus);
    writer.await.unwrap();
    assert_eq!(
        readers::snapshot(&home.root).unwrap().0.seq,
        8,
        "the last word"
    );
}

#[test]
fn a_snapshot_of_a_dead_engine_is_known_as_such() {
    let home = Home::new();
    let (store, _f) = home.started();
    let mut snap = snapshot(Phase::Spec, 1);
    snap.engine.started += 1;
    store.put_snapshot(&snap).unwrap();
    assert!(
        !readers::snapshot(&home.root).unwrap().1,
        "a recycled process id"
    );
}

/// Nothing can be looked at below a link that leads to itself, for root neither.
fn obstruct(home: &Home) {
    let work = home.path("work");
    let _ = fs::remove_dir_all(&work);
    std::os::unix::fs::symlink("work", work).unwrap();
}

#[tokio::test]
async fn an_engine_that_could_write_nothing_since_its_start_is_known_by_its_lock() {
    use dev_factory::adapters::feed::follow;
    let home = Home::new();
    let (store, _f) = home.started();
    let mut snap = snapshot(Phase::Spec, 1);
    snap.engine.started += 1;
    snap.engine.version = "0.0.1".to_owned();
    store.put_snapshot(&snap).unwrap();
    let lock = home.path("engine.lock");
    let holder = fs::read(&lock).unwrap();
    fs::write(&lock, "").unwrap();
    obstruct(&home);
    let (shown, alive) = readers::snapshot(&home.root).unwrap();
    assert!(!alive && shown.engine == snap.engine, "nobody holds it");
    assert!(shown.conditions[0].waits);

    let mut feed = follow(&home.root);
    feed.snapshot.wait_for(Option::is_some).await.unwrap();
    fs::write(&lock, holder).unwrap();
    let (shown, alive) = readers::snapshot(&home.root).unwrap();
    assert!(alive);
    assert_eq!(shown.engine, dev_factory::adapters::lock::this_process());
    let named = feed
        .snapshot
        .wait_for(|s| s.as_ref().is_some_and(|s| s.engine == shown.engine));
    let named = tokio::time::timeout(Duration::from_secs(60), named).await;
    assert!(named.unwrap().is_ok(), "who looks already sees it too");
}

#[test]
fn the_clock_gives_milliseconds() {
    let now: DateTime<Utc> =
        dev_factory::factory::ports::clock::Clock::now(&dev_factory::adapters::clock::SystemClock);
    assert_eq!(now.timestamp_subsec_nanos() % 1_000_000, 0);
    let _ = fs::metadata("/proc/self").unwrap().ino();
}

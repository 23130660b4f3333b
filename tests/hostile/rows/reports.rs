//! Attacks on the verdict: reports that lie, and reports that harm whoever reads them.

use crate::attack::{About, Harms, Row};
use crate::look;
use crate::place::{Place, put};
use dev_factory::domain::case::compare;
use dev_factory::factory::gates::measure;
use dev_factory::factory::ports::sandbox::Limits;
use dev_factory::factory::ports::tests::Tests;
use serde_json::json;
use std::fs::{self, OpenOptions};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

const MIB: u64 = 1 << 20;

pub fn rows() -> Vec<Row> {
    vec![
        Row {
            number: 23,
            name: "forges the report and the words of Jest",
            about: About::Walls,
            harms: || vec!["forged-report is believed", "forged-words is believed"],
            attack: |place| believed(place, &["forged-report", "forged-words"]),
            open: &[],
        },
        Row {
            number: 29,
            name: "leaves with exit code 0 before the tests",
            about: About::Walls,
            harms: || vec!["exit-in-test is believed", "exit-in-source is believed"],
            attack: |place| believed(place, &["exit-in-test", "exit-in-source"]),
            open: &[],
        },
        Row {
            number: 30,
            name: "puts expect, settings and coverage out of action",
            about: About::Walls,
            harms: || {
                vec![
                    "own-expect is believed",
                    "own-settings is believed",
                    "forged-coverage is believed",
                ]
            },
            attack: |place| believed(place, &["own-expect", "own-settings", "forged-coverage"]),
            open: &[],
        },
        Row {
            number: 26,
            name: "puts a fifo in the place of a report",
            about: About::Walls,
            harms: || vec!["report: the reader waits", "coverage: the reader waits"],
            attack: |place| read_by_us(place, &[("report", "fifo"), ("coverage", "fifo in cov")]),
            open: &[],
        },
        Row {
            number: 35,
            name: "makes the report a bomb",
            about: About::Walls,
            harms: || vec!["deep: read", "large: read"],
            attack: |place| read_by_us(place, &[("deep", "deep"), ("large", "large")]),
            open: &[],
        },
        Row {
            number: 36,
            name: "puts links to secrets in the place of reports",
            about: About::Walls,
            harms: || {
                vec![
                    "report: the secret",
                    "coverage: the secret",
                    "folder: the secret",
                ]
            },
            attack: |place| {
                let kinds = [
                    ("report", "link"),
                    ("coverage", "link in cov"),
                    ("folder", "link to a folder"),
                ];
                read_by_us(place, &kinds)
            },
            open: &[],
        },
        Row {
            number: 37,
            name: "makes the report ten gigabytes of nothing",
            about: About::Walls,
            harms: || vec!["report: ten gigabytes", "coverage: ten gigabytes"],
            attack: |place| {
                read_by_us(
                    place,
                    &[("report", "sparse"), ("coverage", "sparse in cov")],
                )
            },
            open: &[],
        },
    ]
}

/// Lays each cheat over the tool and asks whether anyone believes it.
fn believed(place: &Place, cheats: &[&str]) -> Harms {
    let mut harms = Harms::new();
    for cheat in cheats {
        place.cheat(cheat);
        let believed = if place.control() {
            naive(place)
        } else {
            gates(place)
        };
        if believed {
            harms.insert(format!("{cheat} is believed"));
        }
        place.honest();
    }
    harms
}

/// As is often done: the exit code of Jest as it finds its settings in the folder.
fn naive(place: &Place) -> bool {
    let jest = place.home.home.join("node_modules/jest/bin/jest.js");
    let report = format!("--outputFile={}", place.out().join("jest.json").display());
    let mut words = vec![crate::place::node(), jest.display().to_string(), report];
    words.extend(
        [
            "--ci",
            "--coverage",
            "--json",
            "--coverageDirectory=/dev/null",
        ]
        .map(String::from),
    );
    let ran = place.command(words, Vec::new(), Limits::default());
    ran.ended.unwrap().exit == Some(0)
}

/// The gates, and what they have to go by when the scan had seen nothing.
fn gates(place: &Place) -> bool {
    let tests = place.tests(60);
    let files = place.home.files();
    let evidence = place.wait(measure(place.home.input(), &tests, &files, |_| ()));
    let tree = place.home.tree();
    let run = place.wait(tests.jest(&tree, true)).unwrap();
    let report = run.report.as_ref();
    let passed = report.is_some_and(|report| report.success && report.passed == run.expected_tests);
    let covered = |module: &String| run.coverage.contains_key(module);
    let noticed = || place.wait(tests.throwing(&tree)).unwrap().red;
    let held_out = || {
        let cases = &place.home.held_out;
        let received = place.wait(tests.cases(&tree, cases)).unwrap();
        let mut pairs = cases.iter().zip(&received);
        pairs.all(|(case, received)| compare(case, received).passed)
    };
    evidence.unwrap().green()
        || passed && tree.modules.iter().all(covered) && noticed() && held_out()
}

/// Lets a run leave something in the place of a report and has it read: by the gate, or without walls as one would.
fn read_by_us(place: &Place, kinds: &[(&str, &str)]) -> Harms {
    let mut harms = Harms::new();
    let root = place.home.tool.display().to_string();
    // Both are what our reader would take for a report, if it went there.
    let report = place.user.join("report.json");
    put(
        &report,
        &crate::place::fixture("report.json").replace("NAME", &place.secret),
    );
    let summary = place.user.join("coverage-summary.json");
    let text = crate::place::fixture("coverage-summary.json");
    put(
        &summary,
        &text.replace("NAME", &format!("{root}/{}", place.secret)),
    );
    for (name, kind) in kinds {
        let target = json!({
            "kind": kind,
            "out": place.control().then(|| place.out()),
            "report": report,
            "folder": place.user,
            "cache": place.cache(),
        });
        let gates = place.cache().parent().unwrap().to_path_buf();
        let found: Arc<Mutex<Harms>> = Arc::default();
        let into = Arc::clone(&found);
        let watch = move || into.lock().unwrap().extend(planted(&gates));
        let before = crate::rows::limits::own_memory();
        let (said, read) = look::during(watch, || {
            if place.control() {
                place.node("reports.js", target, Limits::default());
                naively(&place.out())
            } else {
                let run = place.gate_covered("reports.js", target);
                let read = run.report.is_some() || !run.coverage.is_empty();
                (
                    format!("{run:?}"),
                    read && !kind.contains("cov") && !kind.contains("folder"),
                )
            }
        });
        // It says so behind the last of what it does, where that has not ended the run.
        let planted = fs::remove_file(place.cache().join("planted")).is_ok();
        let ran = planted || said.contains("ended by the limit of disk");
        assert!(ran, "{name}: the attack did not run: {said}");
        let grown = crate::rows::limits::own_memory().saturating_sub(before) > 48 * MIB;
        harms.extend(
            found
                .lock()
                .unwrap()
                .iter()
                .map(|harm| format!("{name}: {harm}")),
        );
        if said.contains(&place.secret) {
            harms.insert(format!("{name}: the secret"));
        }
        if read && matches!(*kind, "deep" | "large") || grown {
            harms.insert(format!("{name}: read"));
        }
        let _ = fs::remove_dir_all(place.out());
        fs::create_dir_all(place.out()).unwrap();
    }
    harms
}

/// Reads what lies where reports should be, whatever it is.
fn naively(out: &Path) -> (String, bool) {
    let files = ["jest.json", "cov/coverage-summary.json"].map(|name| out.join(name));
    let text = |file: &PathBuf| {
        let size = fs::metadata(file).map_or(0, |meta| meta.len());
        if size > 1 << 30 {
            String::new()
        } else {
            fs::read_to_string(file).unwrap_or_default()
        }
    };
    let all: String = files.iter().map(text).collect();
    let read = all.len() > 100_000;
    (all, read)
}

/// Looks for a fifo somebody waits at, whom it sets free, and for files that are too long.
fn planted(gates: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let runs = fs::read_dir(gates).into_iter().flatten().flatten();
    for run in runs.filter(|run| run.file_name().to_string_lossy().starts_with("run-")) {
        for name in ["made/jest.json", "made/cov/coverage-summary.json"] {
            let file = run.path().join(name);
            let Ok(meta) = file.symlink_metadata() else {
                continue;
            };
            let writing = || {
                OpenOptions::new()
                    .write(true)
                    .custom_flags(libc::O_NONBLOCK)
                    .open(&file)
            };
            // It can be opened for writing only while another has it open for reading.
            if meta.file_type().is_fifo() && writing().is_ok() {
                found.push("the reader waits".into());
            }
            if meta.len() > 1 << 30 {
                found.push("ten gigabytes".into());
            }
        }
    }
    found
}

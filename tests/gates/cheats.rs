//! Each known way of cheating as a real tool that is caught, and beside it an honest tool that looks like it and passes.

use super::mutation::{settings, with};
use super::{GateInput, measure, measured, red, words};
use crate::tool::Home;
use dev_factory::domain::cheat::Cheat;
use dev_factory::domain::event::RunSummary;
use dev_factory::domain::evidence::Evidence;
use dev_factory::factory::ports::settings::MutationSettings;
use std::sync::Mutex;

/// A way of cheating: the tools that do it, each with the gate that says so and words of what it says; and honest ones.
struct Row {
    way: &'static str,
    cheats: &'static [(&'static str, &'static str, &'static str)],
    honest: &'static [&'static str],
}

const ROWS: [Row; 16] = [
    Row {
        way: "a setup of its own",
        cheats: &[
            ("extra-file", "scan", "jest.config.js: is not planned"),
            ("own-setup", "coverage", "src/count.js: statements"),
        ],
        honest: &["speaks-of-setup"],
    },
    Row {
        way: "ending the process",
        cheats: &[
            ("exit-in-source", "scan", "src/count.js:2: `process`"),
            ("exit-in-test", "scan", "count.test.js:3: `process`"),
            ("exit-in-test-body", "scan", "count.test.js:4: `process`"),
        ],
        honest: &["speaks-of-exit"],
    },
    Row {
        way: "hiding lines from coverage",
        cheats: &[
            ("hidden-lines", "scan", "`istanbul ignore`"),
            ("hidden-lines-c8", "scan", "`c8 ignore`"),
            ("hidden-lines-v8", "scan", "`v8 ignore`"),
            ("hidden-lines-node", "scan", "`node:coverage`"),
        ],
        honest: &["speaks-of-coverage"],
    },
    Row {
        way: "tests that do not run",
        cheats: &[
            ("skipped", "scan", "test may only"),
            ("only", "scan", "test may only"),
            ("todo", "scan", "test may only"),
            ("crossed-out", "scan", "`xit` does not run"),
        ],
        honest: &["speaks-of-skipping"],
    },
    Row {
        way: "tests without expectations",
        cheats: &[
            ("no-assertions", "scan", "expects nothing"),
            ("dead-expect", "jest", "3 of"),
        ],
        honest: &["asserts-in-a-function"],
    },
    Row {
        way: "expectations that cannot fail",
        cheats: &[
            ("constant", "scan", "comes from the tool"),
            ("constant-by-name", "throwing", "counts words"),
            ("pointless", "throwing", "is there"),
            ("unlooking", "mutation", "No test fails when src/"),
            ("own-matcher", "mutation", "No test fails when src/"),
        ],
        honest: &["compares-with-true"],
    },
    Row {
        way: "mocking the unit",
        cheats: &[
            ("mocked", "scan", "only jest.fn"),
            ("spied-unit", "scan", "required module"),
        ],
        honest: &["stands-in-for-the-clock"],
    },
    Row {
        way: "catching failures",
        cheats: &[
            ("swallowed-in-place", "scan", "inside try"),
            ("swallowed", "jest", "2 of"),
        ],
        honest: &["catches-to-look"],
    },
    Row {
        way: "promises nobody waits for",
        cheats: &[
            ("not-awaited", "scan", "must be awaited"),
            ("not-returned", "jest", "no report"),
        ],
        honest: &["awaited"],
    },
    Row {
        way: "an expect of its own",
        cheats: &[
            ("own-expect", "scan", "expect may only be called"),
            ("setup-file", "scan", "test/dev/setup.js: is not planned"),
            ("aliased-object", "scan", "`Object` may be called"),
            ("read-object", "jest", "3 of"),
        ],
        honest: &["own-matcher-words"],
    },
    Row {
        way: "snapshots of what it does",
        cheats: &[
            ("snapshot", "jest", "1 of"),
            (
                "snapshot-kept",
                "scan",
                "count.test.js.snap: is not planned",
            ),
        ],
        honest: &["whole-objects"],
    },
    Row {
        way: "knowing that it is tested",
        cheats: &[
            ("environment", "scan", "src/count.js:3: `process`"),
            ("stack", "held-out", "cases fail: H1 (R1)"),
            ("special-cased", "held-out", "H1 (R1); H3 (R2)"),
            ("looks-where-it-lies", "scan", "`__dirname` is not allowed"),
        ],
        honest: &[
            "reads-env-from-deps",
            "knows-a-special-case",
            "speaks-of-places",
        ],
    },
    Row {
        way: "a forged report",
        cheats: &[
            ("forged-report", "scan", "require('fs')"),
            ("forged-coverage", "scan", "`__coverage__` is not"),
        ],
        honest: &["writes-reports"],
    },
    Row {
        way: "code from text",
        cheats: &[
            ("joined-constructor", "scan", "a function may not"),
            ("read-constructor-in-source", "held-out", "cases fail"),
        ],
        honest: &["dispatches-by-name"],
    },
    Row {
        way: "changing what Jest works with",
        cheats: &[
            ("aliased-module", "scan", "required module"),
            ("patched-emitter", "jest", "1 of"),
        ],
        honest: &["an-emitter"],
    },
    Row {
        way: "knowing which change is tested",
        cheats: &[
            ("disabled-mutants", "scan", "`stryker disable`"),
            ("knows-the-change", "scan", "`__stryker__`"),
            ("late-slow", "scan", "`performance` is not allowed"),
            ("reads-its-own-code", "mutation", "could not be tested"),
        ],
        honest: &["takes-its-time"],
    },
];

/// All gates, the last one with the real Stryker.
async fn to_the_end(home: &Home) -> Evidence {
    with(home, settings(), &Mutex::new(Vec::new())).await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_cheat_is_caught_by_the_gate_that_is_there_for_it() {
    let mut missed = Vec::new();
    for row in &ROWS {
        for (cheat, gate, part) in row.cheats {
            let evidence = to_the_end(&Home::cheating(cheat)).await;
            let caught = red(&evidence).contains(gate) && words(&evidence, gate).contains(part);
            // The scan knows what kind of cheat it looks at.
            let sorted = *gate != "scan" || !RunSummary::of(&evidence).cheats.is_empty();
            if !caught || !sorted {
                missed.push(format!("{}, {cheat}: {:?}", row.way, evidence.gates));
            }
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_honest_tool_that_looks_like_a_cheat_passes() {
    for row in &ROWS {
        // A look-alike is asked by the gates that catch what it looks like.
        let mutated = row.cheats.iter().any(|(_, gate, _)| *gate == "mutation");
        let settings = MutationSettings {
            on: mutated,
            ..settings()
        };
        for honest in row.honest {
            let home = Home::honest(honest);
            let evidence = with(&home, settings, &Mutex::new(Vec::new())).await;
            assert!(
                evidence.green() && evidence.mutation.is_some() == mutated,
                "{}, {honest}: {:?}",
                row.way,
                evidence.gates
            );
        }
    }
}

/// A run over a tool whose tests of the run before must stay.
async fn after(home: &Home, before: &Evidence) -> Evidence {
    let report = before.jest.as_ref().unwrap().report.as_ref().unwrap();
    let before: Vec<(String, String)> = report
        .tests
        .iter()
        .map(|test| (test.file.clone(), test.name.clone()))
        .collect();
    let input = GateInput {
        before: &before,
        ..home.input()
    };
    measure(input, &home.tests(60), &home.files(), |_| ())
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_that_was_there_may_not_go_and_new_ones_may_come() {
    let before = measured(&Home::new()).await;
    let removed = after(&Home::cheating("dropped-test"), &before).await;
    assert_eq!(red(&removed), ["scan"], "{:?}", removed.gates);
    let said = words(&removed, "scan");
    assert!(
        said.starts_with("test/dev/count.test.js: the test `wants a text` was there before"),
        "{said}"
    );
    let cheats = RunSummary::of(&removed).cheats;
    assert_eq!(cheats, [(Cheat::Gone, 1)].into());
    let more = after(&Home::honest("more-tests"), &before).await;
    assert!(more.green(), "{:?}", more.gates);
}

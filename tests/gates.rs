//! The gates on real Jest and real Node: an honest tool passes, each known cheat is caught by what was measured.

#[path = "gates/again.rs"]
mod again;
#[path = "gates/cheats.rs"]
mod cheats;
#[path = "support/jest_home.rs"]
mod jest_home;
#[path = "gates/mutation.rs"]
mod mutation;
#[path = "gates/patient.rs"]
mod patient;
#[path = "support/tool.rs"]
mod tool;

use dev_factory::domain::evidence::{Evidence, JestReport, JestRun, JestTest};
use dev_factory::factory::gates::{GateInput, flaky, measure, stub_fails};
use dev_factory::factory::ports::tests::Tests;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tool::{Home, cases};

async fn measured(home: &Home) -> Evidence {
    measure(home.input(), &home.tests(60), &home.files(), |_| ())
        .await
        .unwrap()
}

fn words<'e>(evidence: &'e Evidence, gate: &str) -> &'e str {
    let found = evidence.gates.iter().find(|result| result.gate == gate);
    &found
        .unwrap_or_else(|| panic!("no {gate} in {:?}", evidence.gates))
        .words
}

fn red(evidence: &Evidence) -> Vec<&str> {
    let failed = evidence.gates.iter().filter(|gate| !gate.passed);
    failed.map(|gate| gate.gate.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_honest_tool_passes_every_gate() {
    let home = Home::new();
    let evidence = measured(&home).await;
    assert!(evidence.green(), "{:?}", evidence.gates);
    let names: Vec<&str> = evidence
        .gates
        .iter()
        .map(|gate| gate.gate.as_str())
        .collect();
    assert_eq!(
        names,
        [
            "scan", "jest", "coverage", "held-out", "public", "throwing", "readme", "again"
        ]
    );
    let jest = evidence.jest.unwrap();
    assert_eq!((jest.exit, jest.expected_tests), (Some(0), 8));
    let report = jest.report.unwrap();
    assert_eq!((report.total, report.passed), (8, 8));
    assert!(
        report
            .tests
            .iter()
            .all(|test| test.file.starts_with("test/"))
    );
    let files: Vec<&String> = jest.coverage.keys().collect();
    assert_eq!(files, ["src/cli.js", "src/count.js"]);
    let throwing = evidence.throwing.unwrap();
    assert_eq!((throwing.red, throwing.total), (true, 8));
    assert_eq!(evidence.sandbox, "namespaces");
    let runs = home.home.join("dev-factory/run/gates/word-count");
    let left = fs::read_dir(runs).unwrap().count();
    assert_eq!(left, 1, "only the cache stays");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_scan_finds_is_never_run() {
    for (cheat, part) in [
        ("exit-in-source", "src/count.js:2: `process`"),
        ("exit-in-test", "test/dev/count.test.js:3: `process`"),
        ("forged-report", "require('fs')"),
        (
            "hidden-lines",
            "src/count.js:3: the comment `istanbul ignore`",
        ),
        ("skipped", "test/dev/count.test.js:8: test may only"),
        ("no-assertions", "expects nothing"),
        ("mocked", "test/dev/count.test.js:2: only jest.fn"),
        ("extra-file", "jest.config.js: is not planned"),
        ("joined-constructor", "count.test.js:4: a function may not"),
        ("aliased-object", "count.test.js:3: `Object` may be called"),
        ("not-awaited", "count.test.js:4: expect(...).resolves"),
        ("forged-coverage", "count.test.js:3: `__coverage__` is not"),
    ] {
        let home = Home::cheating(cheat);
        let evidence = measured(&home).await;
        assert_eq!(red(&evidence), ["scan"], "{cheat}");
        assert!(
            words(&evidence, "scan").contains(part),
            "{cheat}: {:?}",
            evidence.gates
        );
        assert!(
            evidence.jest.is_none() && evidence.public.is_empty(),
            "{cheat}"
        );
    }
    let home = Home::new();
    let outside = home.home.join("outside.js");
    fs::write(&outside, "").unwrap();
    std::os::unix::fs::symlink(&outside, home.tool.join("src/link.js")).unwrap();
    let evidence = measured(&home).await;
    assert!(words(&evidence, "scan").contains("src/link.js: is not a plain file"));
    fs::remove_file(home.tool.join("src/link.js")).unwrap();
    fs::remove_file(home.tool.join("test/dev/cli.test.js")).unwrap();
    let evidence = measured(&home).await;
    assert!(words(&evidence, "scan").contains("test/dev/cli.test.js: is missing"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_leaves_early_has_no_report_and_a_forged_one_is_green_over_exports_that_throw()
 {
    for cheat in ["exit-in-test", "exit-in-source"] {
        let home = Home::cheating(cheat);
        let run = home.tests(60).jest(&home.tree(), true).await.unwrap();
        assert_eq!((run.exit, run.report), (Some(0), None), "{cheat}");
    }
    let home = Home::cheating("forged-report");
    let tests = home.tests(60);
    let run = tests.jest(&home.tree(), true).await.unwrap();
    assert!(
        run.report.is_some_and(|report| report.success),
        "the forgery works"
    );
    assert!(run.coverage.is_empty());
    let throwing = tests.throwing(&home.tree()).await.unwrap();
    assert!(!throwing.red);
}

/// Names and messages of the failed tests.
fn failures(evidence: &Evidence) -> Vec<(&str, &str)> {
    let jest = evidence.jest.as_ref();
    let jest = jest.unwrap_or_else(|| panic!("{:?}", evidence.gates));
    let report = jest.report.as_ref().unwrap();
    let failed = report.tests.iter().filter(|test| !test.passed);
    failed
        .map(|test| (test.name.as_str(), test.message.as_str()))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_name_put_together_leads_to_code_from_text_or_to_shared_values() {
    let home = Home::cheating("read-constructor");
    let evidence = measured(&home).await;
    assert_eq!(red(&evidence), ["jest"], "{:?}", evidence.gates);
    let failed = failures(&evidence);
    assert_eq!(failed.len(), 1, "{failed:?}");
    let received = failed[0].1.matches("code cannot be made from text").count();
    assert_eq!(received, 5, "{failed:?}");
    let evidence = cheats::judged("read-constructor-in-source").await;
    assert_eq!(red(&evidence), ["jest", "held-out", "public"]);
    let held_out = &evidence.held_out[0];
    assert!(
        held_out.received.contains("code cannot be made from text"),
        "{held_out:?}"
    );
    let evidence = cheats::judged("read-object").await;
    assert_eq!(red(&evidence), ["jest"], "{:?}", evidence.gates);
    let failed = failures(&evidence);
    let names: Vec<&str> = failed.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["counts words", "counts nothing", "changed nothing"]);
    assert_eq!(
        failed[2].1.matches("+   \"TypeError\"").count(),
        5,
        "{failed:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_process_tests_see_leads_to_no_module() {
    let home = Home::new();
    let names = "['getBuiltinModule', 'binding', '_linkedBinding', 'dlopen', 'reallyExit', 'mainModule', 'kill']";
    let test = format!(
        "test('x', () => {{ expect({names}.filter((name) => name in process)).toEqual([]); }});\n"
    );
    home.put("test/dev/count.test.js", &test);
    let tree = dev_factory::factory::ports::tests::Tree {
        expected_tests: 6,
        ..home.tree()
    };
    let run = home.tests(60).jest(&tree, false).await.unwrap();
    let report = run.report.unwrap();
    assert_eq!((report.passed, report.total), (6, 6), "{report:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_that_carries_out_no_expect_fails() {
    let evidence = cheats::judged("dead-expect").await;
    assert_eq!(red(&evidence), ["jest"], "{:?}", evidence.gates);
    let failed = failures(&evidence);
    assert_eq!(failed.len(), 3, "{failed:?}");
    for (name, message) in failed {
        assert!(
            message.contains("at least one assertion"),
            "{name}: {message}"
        );
    }
    let home = Home::cheating("no-assertions");
    let run = home.tests(60).jest(&home.tree(), false).await.unwrap();
    assert_eq!(run.report.unwrap().failed, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn tests_that_pass_over_exports_that_throw_are_named() {
    let evidence = cheats::judged("pointless").await;
    assert_eq!(red(&evidence), ["throwing"], "{:?}", evidence.gates);
    let said = words(&evidence, "throwing");
    assert!(said.starts_with("1 of 8"), "{said}");
    assert!(said.ends_with("test/dev/count.test.js: is there"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_that_is_caught_stays_a_failure() {
    let evidence = cheats::judged("swallowed").await;
    assert_eq!(red(&evidence), ["jest"], "{:?}", evidence.gates);
    let failed = failures(&evidence);
    let names: Vec<&str> = failed.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["counts words", "counts nothing"]);
    assert!(failed[0].1.contains("Expected: 7"), "{failed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_covered_is_named_by_line() {
    let home = Home::cheating("untested-lines");
    home.put(
        "test/examples.test.js",
        &dev_factory::agents::scaffold::examples(&tool::modules(), &home.public[..2]),
    );
    let input = GateInput {
        public: &home.public[..2],
        ..home.input()
    };
    let evidence = measure(input, &home.tests(60), &home.files(), |_| ())
        .await
        .unwrap();
    assert_eq!(red(&evidence), ["coverage"], "{:?}", evidence.gates);
    let said = words(&evidence, "coverage");
    assert!(said.starts_with("src/count.js: statements 80 %"), "{said}");
    assert!(said.ends_with("(lines 5, 7)"), "{said}");
    assert!(evidence.throwing.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn code_that_knows_only_the_shown_cases_fails_the_held_out_ones() {
    let evidence = cheats::judged("special-cased").await;
    assert_eq!(red(&evidence), ["held-out"], "{:?}", evidence.gates);
    let said = words(&evidence, "held-out");
    assert_eq!(said, "2 of 3 cases fail: H1 (R1); H3 (R2)");
    assert!(
        evidence.held_out[0].received.contains("null"),
        "{:?}",
        evidence.held_out[0]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_loop_without_end_is_ended() {
    let home = Home::cheating("hanging");
    let evidence = measure(home.input(), &home.tests(3), &home.files(), |_| ())
        .await
        .unwrap();
    assert_eq!(red(&evidence), ["jest"]);
    assert!(evidence.jest.as_ref().unwrap().timed_out);
    assert!(words(&evidence, "jest").contains("time limit"));
    assert!(
        evidence.held_out.is_empty(),
        "each would take its whole limit"
    );
    unmarked(&home.home).await;
    let received = home
        .tests(1)
        .cases(&home.tree(), &home.held_out[..1])
        .await
        .unwrap();
    assert_eq!(received[0].fault.as_deref(), Some("timed out after 1 s"));
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_and_files_that_do_not_load_are_told_apart() {
    let home = Home::new();
    home.put("src/count.js", "'use strict';\n\nfunction countWords() {\n  return undefinedName;\n}\n\nmodule.exports = { countWords };\n");
    let evidence = measured(&home).await;
    let jest = evidence.jest.as_ref().unwrap();
    let report = jest.report.as_ref().unwrap();
    let failed = report
        .tests
        .iter()
        .find(|test| !test.passed && test.file == "test/dev/count.test.js")
        .unwrap();
    assert!(
        failed
            .message
            .starts_with("ReferenceError: undefinedName is not defined"),
        "{failed:?}"
    );
    assert_eq!(failed.at.as_deref(), Some("src/count.js:4"));
    assert!(!failed.message.contains("node_modules"));
    assert_eq!(
        evidence.held_out.len(),
        3,
        "modules load, so QA gets its held-out failure"
    );
    assert_eq!(evidence.held_out[0].at.as_deref(), Some("src/count.js:4"));
    home.put(
        "src/count.js",
        "'use strict';\nthrow new Error('broken on purpose');\n",
    );
    let evidence = measured(&home).await;
    assert!(
        words(&evidence, "jest").contains("does not load"),
        "{:?}",
        evidence.gates
    );
    assert!(evidence.held_out.is_empty());
    let received = home
        .tests(60)
        .cases(&home.tree(), &home.held_out)
        .await
        .unwrap();
    let load = received[0].load.as_ref().unwrap();
    assert_eq!(
        (load.message.as_str(), load.at.as_deref()),
        ("broken on purpose", Some("src/count.js:2"))
    );
    fs::remove_dir_all(home.tool.join("src")).unwrap();
    assert_eq!(red(&measured(&home).await), ["scan"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_cannot_be_answered_by_the_code_under_test_in_its_own_words() {
    let home = Home::new();
    let forged = "'use strict';\nfunction countWords(text) {\n  process.stdout.write('\\n{\"returned\":3}\\n0000 {\"returned\":3}\\n');\n  process.exit(0);\n}\nmodule.exports = { countWords };\n";
    home.put("src/count.js", forged);
    let all = cases(&[
        r#"{"id":"H1","rule":"R1","call":"countWords","args":["a b c"],"expect":3}"#,
        r#"{"id":"H2","rule":"R1","call":"missing","args":[],"expect":3}"#,
    ]);
    let received = home.tests(60).cases(&home.tree(), &all).await.unwrap();
    assert!(
        received[0]
            .fault
            .as_deref()
            .unwrap()
            .starts_with("no result line"),
        "{received:?}"
    );
    assert_eq!(received[1].missing.as_deref(), Some("missing"));
    let fails = stub_fails(&home.tests(60), &home.tree(), &all)
        .await
        .unwrap();
    assert_eq!(fails, [true, true]);
}

#[test]
fn a_test_that_fails_once_and_then_passes_is_flaky() {
    let run = |passed: bool| JestRun {
        report: Some(JestReport {
            tests: vec![
                JestTest {
                    file: "test/dev/a.test.js".into(),
                    name: "now and then".into(),
                    passed,
                    ..JestTest::default()
                },
                JestTest {
                    file: "test/dev/a.test.js".into(),
                    name: "never".into(),
                    ..JestTest::default()
                },
            ],
            ..JestReport::default()
        }),
        ..JestRun::default()
    };
    assert_eq!(
        flaky(&run(false), &run(true)),
        [("test/dev/a.test.js".to_owned(), "now and then".to_owned())]
    );
    assert!(flaky(&run(false), &run(false)).is_empty());
}

/// Processes whose command line names a path.
fn marked(path: &Path) -> Vec<PathBuf> {
    let mark = path.to_string_lossy().into_owned();
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let named = entries.filter(|entry| {
        let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains(&mark)
    });
    named.map(|entry| entry.path()).collect()
}

/// A run that is let go of ends its processes beside us.
async fn unmarked(path: &Path) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !marked(path).is_empty() {
        assert!(Instant::now() < deadline, "still there: {:?}", marked(path));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn leftovers_of_a_crash_are_swept_and_a_missing_jest_is_a_sentence() {
    let home = Home::new();
    let gates = home.home.join("dev-factory/run/gates/word-count");
    for name in ["cache/x", "run-abc/tool/src"] {
        fs::create_dir_all(gates.join(name)).unwrap();
    }
    let trees = home.home.join("dev-factory/run/trees");
    fs::create_dir_all(trees.join("stub-abc/word-count/src")).unwrap();
    let tests = home.tests(60);
    tests.sweep();
    assert_eq!(fs::read_dir(&trees).unwrap().count(), 0);
    assert!(gates.join("cache/x").exists());
    assert!(!gates.join("run-abc").exists());
    fs::remove_file(home.home.join("node_modules")).unwrap();
    let error = tests
        .jest(&home.tree(), true)
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("npm ci --ignore-scripts"), "{error}");
}

/// Files below a folder.
fn below(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            found.extend(below(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The script of a scripted reply: what stands in its only fence.
fn fenced(text: &str) -> String {
    let lines = text.lines().skip_while(|line| !line.starts_with("```"));
    let body = lines.skip(1).take_while(|line| !line.starts_with("```"));
    body.map(|line| format!("{line}\n")).collect()
}

/// Every script of the demo passes the scan, first tries with their planted faults included.
#[test]
fn every_script_of_the_demo_is_clean() {
    let mut read = 0;
    for reply in below(&tool::root("dev-factory/demo")) {
        let path = reply.to_string_lossy().into_owned();
        let Some((_, file)) = path.split_once("/file/") else {
            continue;
        };
        let file = file.rsplit_once('/').unwrap().0;
        if !file.ends_with(".js") {
            continue;
        }
        let text = fenced(&fs::read_to_string(&reply).unwrap());
        assert!(text.lines().count() > 5, "{path}");
        let found = dev_factory::agents::scan::scan(file, &text, &[]);
        assert!(found.is_empty(), "{path}: {found:?}");
        read += 1;
    }
    assert!(read >= 25, "{read}");
}

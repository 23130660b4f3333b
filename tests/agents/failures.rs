//! Digests and bug reports: order, limits, signatures, and the file to repair.

use crate::word_count;
use dev_factory::agents::bug::{self, Findings, bugs, told};
use dev_factory::agents::digest::{self, Digest, digest};
use dev_factory::agents::failure::{Ground, exports_of, signature};
use dev_factory::agents::scaffold;
use dev_factory::agents::spec::Spec;
use dev_factory::domain::case::{Case, CaseResult};
use dev_factory::domain::evidence::{
    Evidence, FileCoverage, GateResult, JestReport, JestRun, JestTest,
};
use proptest::prelude::*;
use std::collections::BTreeMap;

const WORDS: &str = "'use strict';\n\nfunction words(text) {\n  return text.split(' ');\n}\n\nfunction count(text, least) {\n  return words(text).length;\n}\n\nmodule.exports = {\n  words,\n  count, // of words\n};\n";
const TEST: &str = "'use strict';\n\ndescribe('count', () => {\n  test('of two', () => {\n    expect(count('a b', 0)).toBe(2);\n  });\n\n  test('of none', () => {\n    expect(count('', 0)).toBe(0);\n  });\n});\n";

fn sources() -> BTreeMap<String, String> {
    [
        ("src/words.js", WORDS),
        (
            "src/cli.js",
            "'use strict';\n\nasync function main() {}\n\nmodule.exports.main = main;\n",
        ),
        ("test/dev/words.test.js", TEST),
    ]
    .map(|(path, text)| (path.to_owned(), text.to_owned()))
    .into()
}

fn test(file: &str, name: &str, message: &str, at: &str) -> JestTest {
    JestTest {
        file: file.into(),
        name: name.into(),
        passed: message.is_empty(),
        message: message.into(),
        at: Some(at.to_owned()).filter(|at| !at.is_empty()),
    }
}

fn run(tests: Vec<JestTest>) -> JestRun {
    let total = tests.len() as u32;
    let passed = tests.iter().filter(|t| t.passed).count() as u32;
    let full = FileCoverage {
        statements: Some(100.0),
        branches: Some(100.0),
        functions: Some(100.0),
        lines: Some(100.0),
        uncovered: vec![],
    };
    JestRun {
        exit: Some(0),
        report: Some(JestReport {
            success: passed == total,
            total,
            passed,
            failed: total - passed,
            tests,
            ..JestReport::default()
        }),
        coverage: [
            ("src/words.js".to_owned(), full.clone()),
            ("src/cli.js".to_owned(), full),
        ]
        .into(),
        expected_tests: total,
        ..JestRun::default()
    }
}

fn result(case: &Case, passed: bool, at: Option<&str>) -> CaseResult {
    CaseResult {
        id: case.id.clone(),
        rule: case.rule.clone(),
        passed,
        reproduce: "words(\" a\")".into(),
        expected: "[\"a\"]".into(),
        received: "[\"\",\"a\"]".into(),
        at: at.map(str::to_owned),
    }
}

fn public(spec: &Spec, failing: &[&str]) -> Vec<CaseResult> {
    let cases = spec.examples.iter();
    cases
        .map(|case| result(case, !failing.contains(&case.id.as_str()), None))
        .collect()
}

fn evidence(jest: Option<JestRun>, public: Vec<CaseResult>, gates: Vec<(&str, &str)>) -> Evidence {
    let gates = gates.into_iter().map(|(gate, words)| GateResult {
        gate: gate.into(),
        passed: false,
        words: words.into(),
        ..GateResult::default()
    });
    Evidence {
        schema: 1,
        tool: "word-count".into(),
        run: 1,
        tree: "t".into(),
        at: "2026-01-01T00:00:00Z".parse().unwrap(),
        gates: gates.collect(),
        jest,
        held_out: Vec::new(),
        public,
        throwing: None,
        mutation: None,
        sandbox: "none".into(),
        reviewed: None,
        external_reader: false,
        millis: 1,
    }
}

fn sum(run: &JestRun, results: &[CaseResult], previous: Option<&Evidence>) -> Digest {
    let (spec, sources) = (word_count(), sources());
    digest(
        run,
        results,
        previous,
        &Ground {
            spec: &spec,
            sources: &sources,
            cases: &spec.examples,
        },
    )
}

const ASSERT: &str = "Error: expect(received).toBe(expected) // Object.is equality\n\nExpected: 0\nReceived: 1\n    at Object.toBe (test/dev/words.test.js:9:28)";

#[test]
fn worst_failures_come_first_and_each_cause_once() {
    let spec = word_count();
    let mut jest = run(vec![
        test(
            "test/dev/words.test.js",
            "count of none",
            ASSERT,
            "test/dev/words.test.js:9",
        ),
        test(
            "test/examples.test.js",
            "E1 R1",
            ASSERT,
            "test/examples.test.js:49",
        ),
        test(
            "test/examples.test.js",
            "E2 R1",
            ASSERT,
            "test/examples.test.js:49",
        ),
        test(
            "test/examples.test.js",
            "E3 R2",
            "TypeError: x.map is not a function\n    at count (src/words.js:8:3)",
            "src/words.js:8",
        ),
    ]);
    jest.report.as_mut().unwrap().suite_errors = vec![(
        "test/dev/cli.test.js".into(),
        "SyntaxError: Unexpected token\n  at src/cli.js:3".into(),
    )];
    let found = sum(&jest, &public(&spec, &["E1", "E2", "E3"]), None);
    let titles: Vec<&str> = found.failures.iter().map(|f| f.title.as_str()).collect();
    assert_eq!(
        titles,
        [
            "src/cli.js does not load",
            "E3: count breaks R2",
            "count of none"
        ]
    );
    let files: Vec<Option<&str>> = found.failures.iter().map(|f| f.file.as_deref()).collect();
    assert_eq!(
        files,
        [
            Some("src/cli.js"),
            Some("src/words.js"),
            Some("src/words.js")
        ]
    );
    assert_eq!(found.failing.len(), 8);
    insta::assert_snapshot!("digest", found.text);
}

#[test]
fn a_wrong_test_is_repaired_where_it_stands() {
    let spec = word_count();
    let jest = run(vec![test(
        "test/dev/words.test.js",
        "count of none",
        ASSERT,
        "test/dev/words.test.js:9",
    )]);
    let file = |results: &[CaseResult]| sum(&jest, results, None).failures[0].file.clone();
    assert_eq!(
        file(&public(&spec, &[])).as_deref(),
        Some("test/dev/words.test.js")
    );
    assert_eq!(
        file(&public(&spec, &["E3"])).as_deref(),
        Some("src/words.js")
    );
    let thrown = run(vec![test(
        "test/dev/words.test.js",
        "count of none",
        "RangeError: x\n    at src/cli.js:3:1",
        "src/cli.js:3",
    )]);
    assert_eq!(
        sum(&thrown, &public(&spec, &[]), None).failures[0]
            .file
            .as_deref(),
        Some("src/cli.js")
    );
}

#[test]
fn commands_are_repaired_in_cli_and_functions_where_they_are_exported() {
    let (spec, sources) = (word_count(), sources());
    let ground = Ground {
        spec: &spec,
        sources: &sources,
        cases: &spec.examples,
    };
    assert_eq!(
        ground.file_of_case(&spec.examples[2], None).as_deref(),
        Some("src/words.js")
    );
    assert_eq!(
        ground.file_of_case(&spec.examples[5], None).as_deref(),
        Some("src/cli.js")
    );
    assert_eq!(
        ground
            .file_of_case(&spec.examples[5], Some("src/words.js:4"))
            .as_deref(),
        Some("src/words.js")
    );
    assert_eq!(
        ground
            .file_of_case(&spec.examples[2], Some("bin/word-count.js:4"))
            .as_deref(),
        Some("src/words.js")
    );
    assert_eq!(exports_of(WORDS), ["words", "count"]);
    assert_eq!(exports_of(&sources["src/cli.js"]), ["main"]);
}

#[test]
fn a_command_that_fails_only_for_real_is_told() {
    let spec = word_count();
    let jest = run(vec![test("test/examples.test.js", "E7 R5", "", "")]);
    let found = sum(&jest, &public(&spec, &["E7"]), None);
    assert_eq!(found.failures[0].title, "E7: `b.txt` breaks R5");
    assert!(found.text.contains("run for real"));
}

#[test]
fn no_report_is_its_own_verdict() {
    let jest = JestRun {
        stderr_tail: format!("{}at src/words.js:4", "x".repeat(2000)),
        ..JestRun::default()
    };
    let found = sum(&jest, &[], None);
    assert!(found.text.starts_with("Jest wrote no report") && found.text.chars().count() < 800);
    assert_eq!(found.failures[0].file.as_deref(), Some("src/words.js"));
    let endless = JestRun {
        timed_out: true,
        ..JestRun::default()
    };
    assert!(sum(&endless, &[], None).text.contains("time limit"));
}

#[test]
fn tests_that_never_ran_are_told() {
    let mut jest = run(vec![test("test/dev/words.test.js", "count of two", "", "")]);
    jest.expected_tests = 3;
    assert!(
        sum(&jest, &[], None)
            .text
            .contains("1 tests ran and the test files promise 3")
    );
}

#[test]
fn coverage_is_told_only_when_all_tests_pass() {
    let spec = word_count();
    let open = FileCoverage {
        statements: Some(90.0),
        branches: Some(50.0),
        functions: Some(100.0),
        lines: Some(90.0),
        uncovered: vec![4, 8],
    };
    let mut red = run(vec![test(
        "test/dev/words.test.js",
        "count of none",
        ASSERT,
        "",
    )]);
    red.coverage.insert("src/words.js".into(), open.clone());
    assert!(!sum(&red, &[], None).text.contains("no test runs"));
    let mut green = run(vec![test(
        "test/dev/words.test.js",
        "count of none",
        "",
        "",
    )]);
    green.coverage.insert("src/words.js".into(), open);
    let found = sum(&green, &public(&spec, &[]), None);
    assert!(
        found.text.contains("4: return text.split(' ');"),
        "{}",
        found.text
    );
    assert_eq!(
        found.failures[0].file.as_deref(),
        Some("test/dev/words.test.js")
    );
    let before = evidence(Some(green.clone()), Vec::new(), Vec::new());
    let again = sum(&green, &public(&spec, &[]), Some(&before));
    assert_eq!(
        again.failures[0].file.as_deref(),
        Some("src/words.js"),
        "the same lines twice: the source loses them"
    );
    green.coverage.remove("src/words.js");
    assert!(
        sum(&green, &[], None)
            .text
            .contains("was not loaded by any test")
    );
}

#[test]
fn what_changed_since_the_run_before_is_told() {
    let broken = |name: &str| run(vec![test("test/dev/words.test.js", name, ASSERT, "")]);
    let before = evidence(Some(broken("count of two")), Vec::new(), Vec::new());
    let text = sum(&broken("count of none"), &[], Some(&before)).text;
    let changes = "fixed test/dev/words.test.js count of two; newly broken test/dev/words.test.js count of none";
    assert!(text.contains(changes), "{text}");
    // Whoever repairs reads it in the first report.
    let (spec, sources) = (word_count(), sources());
    let now = evidence(Some(broken("count of none")), Vec::new(), Vec::new());
    let mut findings = find(&now, &spec, &sources, None);
    findings.previous = Some(&before);
    let text = &bugs(&findings)[0].text;
    assert!(
        text.contains(changes) && text.chars().count() <= 1500,
        "{text}"
    );
}

#[test]
fn a_repair_is_told_of_whole_reports_up_to_the_size_of_a_digest() {
    let report = |n: usize, size: usize| format!("BUG-{n} {}", "x".repeat(size));
    let all = [report(1, 1000), report(2, 1000), report(3, 1000)];
    assert_eq!(told(&all), format!("{}\n\n{}", all[0], all[1]));
    assert_eq!(told(&all[..1]), all[0]);
    assert_eq!(
        told(&[report(1, 3000)]),
        report(1, 3000),
        "the first always"
    );
}

#[test]
fn signatures_outlive_figures_quotes_and_lines() {
    let a = signature(
        "TypeError",
        "cannot read \"abc\" of 12 at /tmp/x1/src/a.js 0xff deadbeef01",
        "src/a.js:18",
    );
    let b = signature(
        "TypeError",
        "cannot read 'x y' of 345 at /home/y/src/a.js 0xab 00ff00ff00",
        "src/a.js:21",
    );
    assert_eq!(a, b);
    assert_eq!(a, "TypeError|cannot read of at|src/a.js");
    assert_ne!(a, signature("TypeError", "cannot write", "src/a.js"));
    assert_ne!(
        a,
        signature("TypeError", "cannot read \"abc\" of 12 at", "src/b.js")
    );
}

fn find<'a>(
    evidence: &'a Evidence,
    spec: &'a Spec,
    sources: &'a BTreeMap<String, String>,
    revealed: Option<&'a Case>,
) -> Findings<'a> {
    Findings {
        evidence,
        previous: None,
        spec,
        public: &spec.examples,
        revealed,
        sources,
        first_number: 4,
        cycle: 2,
    }
}

#[test]
fn a_revealed_case_becomes_a_report() {
    let (spec, sources) = (word_count(), sources());
    let mut case = spec.examples[0].clone();
    case.id = "H3".into();
    let jest = run(vec![test("test/examples.test.js", "E1 R1", "", "")]);
    let mut run = evidence(
        Some(jest),
        public(&spec, &[]),
        vec![("held-out", "H3 and H4 fail")],
    );
    run.held_out = vec![result(&case, false, Some("src/words.js:4"))];
    let mut found = bugs(&find(&run, &spec, &sources, Some(&case)));
    assert_eq!(found.len(), 1);
    assert_eq!(
        (found[0].rule.as_deref(), found[0].file.as_deref()),
        (Some("R1"), Some("src/words.js"))
    );
    found[0].add_hypothesis("It splits at single\nspaces only.");
    insta::assert_snapshot!("bug_of_revealed_case", found[0].text);
}

#[test]
fn a_report_knows_the_cases_that_only_jest_has_run_and_the_run_before() {
    let (spec, sources) = (word_count(), sources());
    let mut case = spec.examples[0].clone();
    case.id = "H3".into();
    let examples = spec.examples.iter();
    let name = |case: &Case| format!("{} {}", case.id, case.rule);
    let tests = examples.map(|case| test("test/examples.test.js", &name(case), "", ""));
    let held = |passed| vec![result(&case, passed, None)];
    // Green in Jest, so only what runs the real command was asked of the runner.
    let real: Vec<CaseResult> = public(&spec, &[])
        .into_iter()
        .filter(|one| {
            spec.examples
                .iter()
                .any(|c| c.id == one.id && c.runs_real_command())
        })
        .collect();
    assert!(real.len() < spec.examples.len());
    let mut now = evidence(Some(run(tests.collect())), real, vec![("held-out", "H3")]);
    now.held_out = held(false);
    let mut before = now.clone();
    let seen = |before: &Evidence| {
        let findings = Findings {
            previous: Some(before),
            ..find(&now, &spec, &sources, Some(&case))
        };
        bugs(&findings)[0].text.clone()
    };
    let text = seen(&before);
    let all = spec.examples.len();
    assert!(
        text.contains(&format!("(seen before: yes)  {all}/{all} public")),
        "{text}"
    );
    assert!(text.contains("Passing neighbours: E"), "{text}");
    before.held_out = held(true);
    assert!(seen(&before).contains("(seen before: no)"));
}

#[test]
fn hidden_cases_are_never_told() {
    let (spec, sources) = (word_count(), sources());
    let mut secret = spec.examples[0].clone();
    secret.id = "H9".into();
    let jest = run(vec![test("test/examples.test.js", "E1 R1", "", "")]);
    let mut run = evidence(
        Some(jest),
        public(&spec, &[]),
        vec![("held-out", "H9 fails: words(\"secret\")")],
    );
    run.held_out = vec![result(&secret, false, None)];
    for bug in bugs(&find(&run, &spec, &sources, None)) {
        assert!(
            !bug.text.contains("H9") && !bug.text.contains("secret"),
            "{}",
            bug.text
        );
    }
}

#[test]
fn a_gate_names_its_file() {
    let (spec, sources) = (word_count(), sources());
    let run = evidence(
        None,
        Vec::new(),
        vec![(
            "scan",
            "src/words.js line 3: `process` may not be used; take it from deps",
        )],
    );
    let found = bugs(&find(&run, &spec, &sources, None));
    assert_eq!(found[0].file.as_deref(), Some("src/words.js"));
    assert!(
        found[0]
            .text
            .starts_with("BUG-4  cycle 2  (seen before: no)"),
        "{}",
        found[0].text
    );
}

#[test]
fn tests_that_prove_nothing_are_the_tests_business() {
    let (spec, sources) = (word_count(), sources());
    let words = "12 of 12 tests pass although every function throws";
    let run = evidence(None, Vec::new(), vec![("throwing", words)]);
    let found = bugs(&find(&run, &spec, &sources, None));
    assert_eq!(found[0].file.as_deref(), Some("test/dev/words.test.js"));
    let run = evidence(None, Vec::new(), vec![("coverage", "src/cli.js: Unknown")]);
    let found = bugs(&find(&run, &spec, &sources, None));
    assert_eq!(found[0].file.as_deref(), Some("test/dev/cli.test.js"));
}

#[test]
fn a_bug_seen_in_the_run_before_says_so() {
    let (spec, sources) = (word_count(), sources());
    let jest = || {
        run(vec![test(
            "test/dev/words.test.js",
            "count of none",
            ASSERT,
            "",
        )])
    };
    let before = evidence(Some(jest()), Vec::new(), Vec::new());
    let now = evidence(Some(jest()), Vec::new(), Vec::new());
    let mut findings = find(&now, &spec, &sources, None);
    findings.previous = Some(&before);
    assert!(bugs(&findings)[0].text.contains("(seen before: yes)"));
}

#[test]
fn stubs_and_examples_are_valid_and_hold_what_they_should() {
    let spec = word_count();
    let mut cases = spec.examples.clone();
    cases[0].args = Some(vec![
        serde_json::json!({"__proto__": 1, "a": "/*CASES*/[] \u{2028}"}),
    ]);
    let files: BTreeMap<String, String> = scaffold::files(&spec, "1.2.3", &cases)
        .into_iter()
        .collect();
    for (path, text) in &files {
        if path.ends_with(".js") {
            dev_factory::agents::scan::parses(text.trim_start_matches("#!/usr/bin/env node"))
                .unwrap_or_else(|e| panic!("{path}: {e}"));
        }
    }
    let package: serde_json::Value = serde_json::from_str(&files["package.json"]).unwrap();
    assert_eq!(package["version"], "1.2.3");
    assert_eq!(package["bin"]["word-count"], "bin/word-count.js");
    let test = &files["test/examples.test.js"];
    assert!(
        test.contains("MODULES = [\"src/words.js\",\"src/cli.js\"]"),
        "{test}"
    );
    assert!(test.contains("JSON.parse(") && test.contains("{\"id\":\"E8\""));
    assert!(scaffold::is_stub(&files["src/words.js"]));
    assert!(files["src/words.js"].contains("words: stub, count: stub }"));
    assert!(files["src/cli.js"].contains("{ main: stub }"));
    assert!(files.contains_key("bin/word-count.js") && files.contains_key("test/fakes.js"));
}

proptest! {
    // Texts are long; forty runs reach every limit.
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn limits_hold_whatever_jest_says(
        messages in prop::collection::vec("(Error|TypeError|SyntaxError|expect\\()?:? ?[a-zé\"'/0-9 \n]{0,3000}", 1..12),
        long in "[a-z\n]{0,4000}",
    ) {
        let (spec, sources) = (word_count(), sources());
        let mut tests: Vec<JestTest> = messages.iter().enumerate().map(|(at, message)| {
            let mut test = test(if at % 2 == 0 { "test/examples.test.js" } else { "test/dev/words.test.js" }, &format!("E{} R1 {long}", at + 1), message, "src/words.js:4");
            test.passed = false;
            test
        }).collect();
        tests.push(test("test/dev/words.test.js", "count of none", ASSERT, &long));
        let mut jest = run(tests);
        jest.report.as_mut().unwrap().suite_errors.push(("test/dev/cli.test.js".into(), long.clone()));
        let mut results = public(&spec, &["E1", "E2", "E7"]);
        for result in &mut results {
            result.received.clone_from(&long);
            result.reproduce.clone_from(&long);
        }
        let found = sum(&jest, &results, None);
        prop_assert!(found.text.chars().count() <= digest::MOST);
        prop_assert!(found.failures.len() <= 3 && !found.failures.is_empty());
        for failure in &found.failures {
            prop_assert!(failure.text.chars().count() <= 800);
        }
        let mut seen: Vec<&str> = found.failures.iter().map(|f| f.signature.as_str()).collect();
        seen.sort_unstable();
        seen.dedup();
        prop_assert_eq!(seen.len(), found.failures.len());
        let mut run = evidence(Some(jest), results.clone(), vec![("scan", &long)]);
        run.held_out = results;
        let revealed = spec.examples[0].clone();
        let scanned = bugs(&find(&run, &spec, &sources, Some(&revealed)));
        run.gates.clear();
        for mut bug in scanned.into_iter().chain(bugs(&find(&run, &spec, &sources, Some(&revealed)))) {
            bug.add_hypothesis(&long);
            prop_assert!(bug.text.chars().count() <= bug::MOST, "{}", bug.text);
        }
    }
}

#[test]
fn a_flaky_test_is_its_own_fault_and_a_flaky_example_the_tools() {
    let spec = word_count();
    let dev = test(
        "test/dev/words.test.js",
        "count of two",
        "Error: expect(received)",
        "src/words.js:3",
    );
    let mut first = run(vec![dev]);
    let sources = sources();
    let ground = Ground {
        spec: &spec,
        sources: &sources,
        cases: &[],
    };
    let file = |run: &JestRun| digest(run, &[], None, &ground).failures[0].clone();
    let steady = file(&first);
    first.flaky = vec![("test/dev/words.test.js".into(), "count of two".into())];
    let shaky = file(&first);
    assert_ne!(steady.file, shaky.file);
    assert_eq!(shaky.file.as_deref(), Some("test/dev/words.test.js"));
    assert!(shaky.title.starts_with("flaky: "), "{}", shaky.title);
    assert!(
        shaky.text.contains("passed when it was run again"),
        "{}",
        shaky.text
    );
    // An example was written by nobody who could mend it: what it calls is at fault.
    let example = &spec.examples[0];
    let name = format!("{} {}", example.id, example.rule);
    let file = "test/examples.test.js";
    let mut first = run(vec![test(
        file,
        &name,
        "Error: expect(received)",
        "src/words.js:3",
    )]);
    first.flaky = vec![(file.to_owned(), name)];
    let ground = Ground {
        cases: &spec.examples,
        ..ground
    };
    let shaky = digest(&first, &[], None, &ground).failures[0].clone();
    assert_eq!(shaky.file.as_deref(), Some("src/words.js"));
    assert_eq!(shaky.rule.as_ref(), Some(&example.rule));
    assert!(
        shaky.text.contains("What it calls depends on time"),
        "{}",
        shaky.text
    );
}

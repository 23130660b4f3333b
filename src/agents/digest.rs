//! The failure digest: a run in at most 2,400 characters, worst first (harness 1.6).

mod said;

use super::coverage;
use super::failure::{Failure, Ground, class, rank, short, signature};
use crate::domain::case::{Case, CaseResult};
use crate::domain::evidence::{Evidence, JestReport, JestRun, JestTest};
pub use said::values;
use said::{test_lines, without_frames};
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// Characters of a digest.
pub const MOST: usize = 2400;
const MOST_FAILURES: usize = 3;
pub(super) const FAILURE_CHARS: usize = 690;
const VALUE_CHARS: usize = 200;
const STDERR_CHARS: usize = 600;

/// A run for a prompt, and its failures for bug reports and stuck rules.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Digest {
    /// At most 2,400 characters.
    pub text: String,
    /// What is mended and what is newly broken since the run before, one line; empty for a first run.
    pub changes: String,
    /// At most three, worst first, no two with the same signature.
    pub failures: Vec<Failure>,
    /// Every failing test and public case, sorted (F of harness 3.2).
    pub failing: Vec<String>,
}

/// Sums a run up; `public` are the public cases through the runner, `previous` the run before.
#[must_use]
pub fn digest(
    run: &JestRun,
    public: &[CaseResult],
    previous: Option<&Evidence>,
    ground: &Ground<'_>,
) -> Digest {
    let Some(report) = &run.report else {
        return without_report(run, ground);
    };
    let failing = failing(report, public);
    let mut ranked = suites(report, ground);
    ranked.extend(tests(run, report, public, ground));
    ranked.extend(commands(report, public, ground));
    if ranked.is_empty() {
        ranked.extend(count(run, report));
    }
    if ranked.is_empty() {
        ranked.extend(coverage::failures(run, previous, ground));
    }
    ranked.sort_by_key(|(order, _)| *order);
    let mut seen = BTreeSet::new();
    let failures: Vec<Failure> = ranked
        .into_iter()
        .map(|(_, failure)| failure)
        .filter(|failure| seen.insert(failure.signature.clone()))
        .take(MOST_FAILURES)
        .collect();
    let before = previous.and_then(|run| run.jest.as_ref().map(|jest| (jest, &run.public)));
    let changes = before.map_or_else(String::new, |(jest, cases)| changed(jest, cases, &failing));
    let text = compose(report, public, &changes, &failures);
    Digest {
        text,
        changes,
        failures,
        failing,
    }
}

fn compose(
    report: &JestReport,
    public: &[CaseResult],
    changes: &str,
    failures: &[Failure],
) -> String {
    let green = public.iter().filter(|r| r.passed).count();
    let mut text = format!("{} of {} tests pass", report.passed, report.total);
    if !public.is_empty() {
        let _ = write!(text, ", {green} of {} public cases", public.len());
    }
    text.push('\n');
    text.push_str(changes);
    for failure in failures {
        text.push('\n');
        text.push_str(&failure.text);
    }
    short(&text, MOST)
}

/// What a run without a report says: a crash, process.exit or an unhandled rejection.
fn without_report(run: &JestRun, ground: &Ground<'_>) -> Digest {
    let (title, words) = if run.timed_out {
        (
            "the tests did not end",
            "The tests were ended by the time limit: look for a loop or a promise that never ends.",
        )
    } else {
        (
            "the tests left no report",
            "Jest wrote no report: the code ended the process, crashed or left a rejection unhandled.",
        )
    };
    let count = run.stderr_tail.chars().count();
    let tail: String = run
        .stderr_tail
        .chars()
        .skip(count.saturating_sub(STDERR_CHARS))
        .collect();
    let text = short(&format!("{words}\n{}", tail.trim()), FAILURE_CHARS);
    let failure = Failure {
        signature: signature("crash", title, ""),
        title: title.to_owned(),
        rule: None,
        file: ground.source_in(&run.stderr_tail),
        text: text.clone(),
    };
    Digest {
        text,
        changes: String::new(),
        failures: vec![failure],
        failing: vec![title.to_owned()],
    }
}

fn failing(report: &JestReport, public: &[CaseResult]) -> Vec<String> {
    let suites = report.suite_errors.iter().map(|(file, _)| file.clone());
    let tests = report.tests.iter().filter(|t| !t.passed);
    let tests = tests.map(|t| format!("{} {}", t.file, t.name));
    let cases = public.iter().filter(|r| !r.passed);
    let cases = cases.map(|r| format!("case {} {}", r.id, r.rule));
    let all: BTreeSet<String> = suites.chain(tests).chain(cases).collect();
    all.into_iter().collect()
}

/// "Fixed since: ...; newly broken: ..." against the run before.
fn changed(jest: &JestRun, public: &[CaseResult], failing: &[String]) -> String {
    let Some(report) = &jest.report else {
        return "The run before left no report.\n".into();
    };
    let before = self::failing(report, public);
    let only = |these: &[String], those: &[String]| {
        let names: Vec<String> = these
            .iter()
            .filter(|name| !those.contains(name))
            .map(|name| short(name, 60))
            .collect();
        let more = names.len().saturating_sub(3);
        let mut words = names.into_iter().take(3).collect::<Vec<_>>().join(", ");
        if more > 0 {
            let _ = write!(words, " and {more} more");
        }
        if words.is_empty() {
            "nothing".to_owned()
        } else {
            words
        }
    };
    format!(
        "Since the run before: fixed {}; newly broken {}.\n",
        only(&before, failing),
        only(failing, &before)
    )
}

pub(super) type Ranked = (u8, Failure);

fn suites(report: &JestReport, ground: &Ground<'_>) -> Vec<Ranked> {
    let errors = report.suite_errors.iter();
    errors
        .map(|(file, message)| {
            let source = ground.source_in(message);
            let place = source.clone().unwrap_or_else(|| file.clone());
            let text = format!("{file} does not load:\n{}", without_frames(message, 500));
            let failure = Failure {
                signature: signature("suite", message, &place),
                title: format!("{place} does not load"),
                rule: None,
                file: Some(place),
                text: short(&text, FAILURE_CHARS),
            };
            (rank("suite"), failure)
        })
        .collect()
}

fn tests(
    run: &JestRun,
    report: &JestReport,
    public: &[CaseResult],
    ground: &Ground<'_>,
) -> Vec<Ranked> {
    let failed = report.tests.iter().filter(|test| !test.passed);
    let ranked = failed.map(|test| {
        let same = |(file, name): &&(String, String)| *file == test.file && *name == test.name;
        match run.flaky.iter().any(|one| same(&one)) {
            true => flaky(test, ground),
            false => of_test(test, public, ground),
        }
    });
    ranked.collect()
}

/// A test that failed and then passed over the same tree: a fault of the test, unless the harness wrote it.
fn flaky(test: &JestTest, ground: &Ground<'_>) -> Ranked {
    let case = ground.case_of(test);
    let (file, advice) = match case {
        Some(case) => (
            ground.file_of_case(case, test.at.as_deref()),
            "What it calls depends on time, order or chance; the same input must give the same result.",
        ),
        None => (
            Some(test.file.clone()),
            "The test depends on time, order or chance; make it give the same result each time.",
        ),
    };
    let text = format!(
        "{} ({})\nIt failed and passed when it was run again over the same files. {advice}\n{}",
        short(&test.name, 120),
        test.file,
        values(&test.message)
    );
    let place = file.as_deref().unwrap_or(&test.file);
    let failure = Failure {
        signature: signature("flaky", &test.name, place),
        title: format!("flaky: {}", short(&test.name, 100)),
        rule: case.map(|case| case.rule.clone()),
        file,
        text: short(&text, FAILURE_CHARS),
    };
    (rank("flaky"), failure)
}

fn of_test(test: &JestTest, public: &[CaseResult], ground: &Ground<'_>) -> Ranked {
    let case = ground.case_of(test);
    let result = case.and_then(|case| public.iter().find(|r| r.id == case.id && !r.passed));
    let kind = class(&test.message);
    let file = match case {
        Some(case) => ground.file_of_case(case, test.at.as_deref()),
        None => Some(ground.file_of_test(test, public)),
    };
    // Two examples of one rule that fail alike are one bug, two rules are two.
    let place = match case {
        Some(case) => format!("{} {}", file.as_deref().unwrap_or("src"), case.rule),
        None => test.at.clone().unwrap_or_else(|| test.file.clone()),
    };
    let mut text = format!("{} ({})\n", short(&test.name, 120), test.file);
    match result {
        Some(result) => {
            let _ = writeln!(text, "{}", short(&result.reproduce, VALUE_CHARS));
            let _ = writeln!(text, "Expected: {}", short(&result.expected, VALUE_CHARS));
            let _ = writeln!(text, "Received: {}", short(&result.received, VALUE_CHARS));
        }
        None => {
            text.push_str(&values(&test.message));
        }
    }
    if let Some(at) = test
        .at
        .as_ref()
        .filter(|_| case.is_none() || file_frame(test))
    {
        let _ = writeln!(text, "At {at}");
    }
    let room = FAILURE_CHARS.saturating_sub(text.chars().count());
    if case.is_none() {
        text.push_str(&test_lines(test, ground, room));
    }
    let failure = Failure {
        signature: signature(kind, &test.message, &place),
        title: case.map_or_else(|| short(&test.name, 120), title),
        rule: case.map(|case| case.rule.clone()),
        file,
        text: short(&text, FAILURE_CHARS),
    };
    (rank(kind), failure)
}

/// A frame in the tool's own sources; one in the generated tests tells nothing.
fn file_frame(test: &JestTest) -> bool {
    test.at.as_deref().is_some_and(|at| at.starts_with("src/"))
}

/// "E7: summarize breaks R9".
pub(super) fn title(case: &Case) -> String {
    let word = case.cli.iter().flatten().next();
    let command = || {
        word.map_or("the command".to_owned(), |word| {
            format!("`{}`", short(word, 30))
        })
    };
    let what = case.call.clone().unwrap_or_else(command);
    format!("{}: {what} breaks {}", case.id, case.rule)
}

/// Public cases that fail through the real bin although their Jest twin passes.
fn commands(report: &JestReport, public: &[CaseResult], ground: &Ground<'_>) -> Vec<Ranked> {
    let twin = |id: &str| {
        report
            .tests
            .iter()
            .any(|t| !t.passed && ground.case_of(t).is_some_and(|case| case.id == id))
    };
    let failed = public.iter().filter(|r| !r.passed && !twin(&r.id));
    failed
        .map(|result| {
            let case = ground.cases.iter().find(|case| case.id == result.id);
            let file = case.and_then(|c| ground.file_of_case(c, result.at.as_deref()));
            let place = format!("{} {}", file.as_deref().unwrap_or("src"), result.rule);
            let text = format!(
                "{} {} run for real\n{}\nExpected: {}\nReceived: {}\n",
                result.id,
                result.rule,
                short(&result.reproduce, VALUE_CHARS),
                short(&result.expected, VALUE_CHARS),
                short(&result.received, VALUE_CHARS)
            );
            let failure = Failure {
                signature: signature("assertion", "public case", &place),
                title: case.map_or_else(|| result.id.clone(), title),
                rule: Some(result.rule.clone()),
                file,
                text: short(&text, FAILURE_CHARS),
            };
            (rank("assertion"), failure)
        })
        .collect()
}

/// Fewer or more tests ran than the sources promise, or some were left out.
fn count(run: &JestRun, report: &JestReport) -> Option<Ranked> {
    let words = if report.total != run.expected_tests {
        format!(
            "{} tests ran and the test files promise {}: a test ended the run or made others.",
            report.total, run.expected_tests
        )
    } else if report.skipped > 0 {
        format!(
            "{} tests were skipped; every test must run.",
            report.skipped
        )
    } else {
        return None;
    };
    let failure = Failure {
        signature: signature("count", "tests", ""),
        title: "not every test ran".into(),
        rule: None,
        file: None,
        text: words,
    };
    Some((rank("suite"), failure))
}

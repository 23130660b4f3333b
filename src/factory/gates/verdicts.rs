//! Verdicts over what was measured, each in one line of words.

use crate::agents::spec::test_of;
use crate::domain::case::{Case, CaseResult};
use crate::domain::cheat::Cheat;
use crate::domain::evidence::{
    Evidence, FileCoverage, GateResult, JestReport, JestRun, ThrowingRun,
};
use crate::domain::mutation::{MutationRun, Survivor};
use crate::factory::ports::settings::MutationSettings;
use std::collections::BTreeSet;

/// (file, name) of tests that expect an error: these may pass over exports that throw.
pub type Refusing = BTreeSet<(String, String)>;

/// Names listed in one verdict.
const SHOWN: usize = 5;

/// Survivors told to whoever writes the tests: more would be a list to work off, not a hint.
const SURVIVORS: usize = 3;

/// Enough of the changes are noticed by a test; what could not be measured has not passed.
pub fn mutation(run: &MutationRun, settings: &MutationSettings) -> GateResult {
    let least = settings.score.min(settings.reviewed_score);
    let cut = match run.cut {
        true => format!("; {} were planned, then the time was over", run.planned),
        false => String::new(),
    };
    let slow = slow(run);
    let (noticed, tested) = (run.noticed, run.tested());
    let fine = match run.score() {
        Some(score) => {
            let low = match score < settings.score {
                true => format!(
                    "; that is under {} %, so each of the others wants a look",
                    settings.score
                ),
                false => String::new(),
            };
            format!(
                "{score} %: {noticed} of {tested} changes of the sources are noticed{slow}{cut}{low}"
            )
        }
        None => "there is nothing in the sources to change".to_owned(),
    };
    let problem = run.problem.as_ref().map(|why| {
        format!("changes of the sources could not be tested: {why}; make the tests faster or independent of how the sources are written")
    });
    let low = run.score().filter(|score| *score < least).map(|score| {
        let first = run.survivors.first();
        let file = first.map_or_else(String::new, |one| format!("{}: ", test_of(&one.file)));
        let shown = run.survivors.iter().take(SURVIVORS).map(Survivor::to_string);
        let shown: Vec<String> = shown.collect();
        format!(
            "{file}tests notice {noticed} of {tested} changes of the sources, {score} % of {least} % wanted{slow}{cut}. No test fails when {}",
            shown.join(", or when ")
        )
    });
    let listed = u32::try_from(run.survivors.len()).unwrap_or(u32::MAX);
    let looked = run.score().is_some_and(|score| score < settings.score);
    let many = (looked && listed < run.unnoticed).then(|| {
        format!(
            "tests notice {noticed} of {tested} changes of the sources; that is under {} %, and {} changes are too many to look at one by one",
            settings.score, run.unnoticed
        )
    });
    gate("mutation", problem.or(low).or(many), fine)
}

/// What the score leaves out: with a loop without end and on a busy machine tests look alike.
fn slow(run: &MutationRun) -> String {
    match run.slow {
        0 => String::new(),
        slow => format!(", and with {slow} more the tests did not end, which counts neither way"),
    }
}

fn gate(name: &str, problem: Option<String>, fine: String) -> GateResult {
    GateResult {
        gate: name.into(),
        passed: problem.is_none(),
        words: problem.unwrap_or(fine),
        ..GateResult::default()
    }
}

/// The second run, over a clean checkout, is as green as the first.
pub fn again(second: &Evidence) -> GateResult {
    let red = second.gates.iter().find(|gate| !gate.passed);
    let problem = red.map(|red| {
        let words = match red.gate.as_str() {
            "held-out" => "cases that stay hidden fail",
            _ => &red.words,
        };
        format!(
            "green once, then red over a clean checkout of the same files: {}: {words}; make source and tests independent of chance, time, order and files that are not saved",
            red.gate
        )
    });
    gate(
        "again",
        problem,
        "green a second time, over a clean checkout".into(),
    )
}

/// Exit 0 within the limit, a report, and exactly the promised tests, all passed and none skipped.
pub fn jest(run: &JestRun) -> GateResult {
    let report = run.report.as_ref();
    let total = report.map_or(0, |report| report.total);
    gate(
        "jest",
        problem(run),
        format!("{total} of {total} tests pass"),
    )
}

fn problem(run: &JestRun) -> Option<String> {
    if run.timed_out {
        return Some(
            "the tests did not end within the time limit: look for a loop or a wait without end"
                .into(),
        );
    }
    let Some(report) = &run.report else {
        return Some(format!(
            "Jest wrote no report (a crash, or something ended the process): {}",
            run.stderr_tail
        ));
    };
    if let Some((file, message)) = report.suite_errors.first() {
        let first = message.lines().find(|line| !line.trim().is_empty());
        return Some(format!(
            "{file} does not load: {}",
            first.unwrap_or_default()
        ));
    }
    if report.failed > 0 || report.broken_suites > 0 {
        return Some(format!("{} of {} tests fail", report.failed, report.total));
    }
    if report.skipped > 0 {
        return Some(format!(
            "{} tests were skipped; each must run",
            report.skipped
        ));
    }
    let listed = u32::try_from(report.tests.len()).unwrap_or(u32::MAX);
    let passed = u32::try_from(report.tests.iter().filter(|test| test.passed).count());
    let expected = run.expected_tests;
    if report.total != expected
        || report.passed != expected
        || listed != expected
        || passed != Ok(expected)
    {
        return Some(format!(
            "{} tests ran, but the files promise {expected}",
            report.passed
        ));
    }
    if expected == 0 {
        return Some("there are no tests".into());
    }
    match run.exit {
        Some(0) if report.success => None,
        Some(code) => Some(format!(
            "all tests pass, but Jest ended with exit code {code}"
        )),
        None => Some(format!(
            "Jest was ended before it finished: {}",
            run.stderr_tail.lines().next().unwrap_or("by a signal")
        )),
    }
}

/// Failed tests are run once more: what passes then is flaky.
pub fn worth_repeating(run: &JestRun) -> bool {
    let failing = |report: &JestReport| report.failed > 0 && report.suite_errors.is_empty();
    !run.timed_out && run.report.as_ref().is_some_and(failing)
}

/// (file, name) of tests that failed first and passed then.
pub fn flaky(first: &JestRun, again: &JestRun) -> Vec<(String, String)> {
    let names = |run: &JestRun, passed: bool| -> BTreeSet<(String, String)> {
        let tests = run.report.iter().flat_map(|report| &report.tests);
        let wanted = tests.filter(|test| test.passed == passed);
        wanted
            .map(|test| (test.file.clone(), test.name.clone()))
            .collect()
    };
    let failed = names(first, false);
    let cured = names(again, true);
    let both = failed.intersection(&cured);
    both.cloned().collect()
}

/// Adds to a verdict which failures went away by themselves; it stays red.
pub fn with_flaky(mut verdict: GateResult, run: &JestRun) -> GateResult {
    let names = run.flaky.iter();
    let names: Vec<String> = names
        .map(|(file, name)| format!("{file}: {name}"))
        .collect();
    if !names.is_empty() {
        verdict.words = format!(
            "{}; flaky, passed when run again (a fault of the test, not of the source): {}",
            verdict.words,
            list(names)
        );
    }
    verdict
}

/// Whether the source files can be loaded at all.
pub fn loads(run: &JestRun) -> bool {
    !run.timed_out
        && run.report.as_ref().is_some_and(|report| {
            let harness = "test/examples.test.js";
            !report.suite_errors.iter().any(|(file, _)| file == harness)
        })
}

/// Every planned source file with 100 four times, and no other file.
pub fn coverage(run: &JestRun, modules: &[String]) -> GateResult {
    let mut wrong = Vec::new();
    for module in modules {
        match run.coverage.get(module) {
            None => wrong.push(format!("{module} is not in the coverage report")),
            Some(file) => wrong.extend(lacking(module, file)),
        }
    }
    let planned: BTreeSet<&String> = modules.iter().collect();
    let others = run.coverage.keys().filter(|file| !planned.contains(file));
    wrong.extend(others.map(|file| format!("{file} is not planned")));
    let fine = format!("{} files at 100 %", modules.len());
    gate("coverage", (!wrong.is_empty()).then(|| list(wrong)), fine)
}

fn lacking(module: &str, file: &FileCoverage) -> Option<String> {
    let figures = [
        ("statements", file.statements),
        ("branches", file.branches),
        ("functions", file.functions),
        ("lines", file.lines),
    ];
    let low = figures
        .iter()
        .filter(|(_, figure)| !figure.is_some_and(|percent| percent >= 100.0));
    let said: Vec<String> = low
        .map(|(name, figure)| match figure {
            Some(percent) => format!("{name} {percent} %"),
            None => format!("{name} unknown"),
        })
        .collect();
    if said.is_empty() {
        return None;
    }
    let lines: Vec<String> = file.uncovered.iter().map(u32::to_string).collect();
    let lines = if lines.is_empty() {
        String::new()
    } else {
        format!(" (lines {})", lines.join(", "))
    };
    Some(format!("{module}: {}{lines}", said.join(", ")))
}

/// All cases ran and were as expected; ids and rules only, what held-out cases hold stays hidden.
pub fn cases(name: &str, wanted: &[Case], results: &[CaseResult]) -> GateResult {
    let all = wanted.len();
    let failed = results.iter().filter(|result| !result.passed);
    let names: Vec<String> = failed
        .map(|case| format!("{} ({})", case.id, case.rule))
        .collect();
    let problem = if results.len() != all {
        Some(format!("{} of {all} cases ran", results.len()))
    } else if all == 0 {
        Some("there are no cases".into())
    } else if names.is_empty() {
        None
    } else {
        Some(format!(
            "{} of {all} cases fail: {}",
            names.len(),
            list(names)
        ))
    };
    gate(name, problem, format!("{all} of {all} cases pass"))
}

/// The copy whose exports throw must be red in every test file, with as many tests as before, and only tests that
/// expect an error may still pass.
pub fn throwing(run: &ThrowingRun, expected: u32, refusing: &Refusing) -> GateResult {
    let hollow = run.passing.iter().filter(|test| !refusing.contains(*test));
    let hollow: Vec<String> = hollow
        .map(|(file, name)| format!("{file}: {name}"))
        .collect();
    let count = u32::try_from(hollow.len()).unwrap_or(u32::MAX);
    let problem = if run.total != expected {
        Some(format!(
            "over exports that throw {} tests ran instead of {expected}: the tests depend on what they load",
            run.total
        ))
    } else if !hollow.is_empty() {
        Some(format!(
            "{} of {} tests still pass although every exported function throws, and expect no error; they do not test the tool: {}",
            hollow.len(),
            run.total,
            list(hollow)
        ))
    } else if run.red {
        None
    } else {
        Some(format!(
            "{} of {} tests still pass although every exported function throws, a whole test file among them: expect the message of the error too, toThrow('...')",
            run.still_passing, run.total
        ))
    };
    let red = run.total.saturating_sub(run.still_passing);
    let mut found = gate(
        "throwing",
        problem,
        format!("{red} of {} tests notice that the exports throw", run.total),
    );
    if count > 0 {
        found.cheats.insert(Cheat::Hollow, count);
    }
    found
}

fn list(names: Vec<String>) -> String {
    let rest = names.len().saturating_sub(SHOWN);
    let mut words = names.into_iter().take(SHOWN).collect::<Vec<_>>().join("; ");
    if rest > 0 {
        words.push_str(&format!("; and {rest} more"));
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(noticed: u32, unnoticed: u32, listed: u32) -> MutationRun {
        MutationRun {
            planned: noticed + unnoticed,
            noticed,
            unnoticed,
            survivors: (0..listed)
                .map(|line| Survivor {
                    file: "src/a.js".into(),
                    line,
                    ..Survivor::default()
                })
                .collect(),
            ..MutationRun::default()
        }
    }

    #[test]
    fn changes_with_which_the_tests_do_not_end_count_neither_way_and_are_told() {
        let settings = MutationSettings::default();
        let slow = |noticed, unnoticed| MutationRun {
            planned: noticed + unnoticed + 20,
            slow: 20,
            ..run(noticed, unnoticed, unnoticed)
        };
        let told = "and with 20 more the tests did not end, which counts neither way";
        for (noticed, unnoticed, passed) in [(70, 30, true), (20, 20, false)] {
            let gate = mutation(&slow(noticed, unnoticed), &settings);
            assert_eq!(gate.passed, passed, "{gate:?}");
            assert!(gate.words.contains(told), "{gate:?}");
        }
    }

    #[test]
    fn between_the_marks_each_change_that_nobody_noticed_is_in_view_or_the_gate_is_red() {
        let settings = MutationSettings::default();
        let passes = |run: &MutationRun| mutation(run, &settings).passed;
        assert!(!passes(&run(59, 41, 41)));
        for (score, view) in [(60, 40), (69, 31), (70, 20), (90, 10)] {
            let run = run(score, 100 - score, 100 - score);
            assert!(passes(&run), "{score}");
            assert_eq!(run.in_view(settings.score).len(), view, "{score}");
        }
        let many = run(185, 115, 100);
        assert!(!passes(&many));
        let words = mutation(&many, &settings).words;
        assert!(words.contains("115 changes are too many"), "{words}");
        assert!(passes(&run(700, 300, 100)), "good enough unseen");
    }
}

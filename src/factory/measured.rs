//! What a run of the gates found, in the few words screens have room for, from its evidence.

use crate::agents::spec;
use crate::domain::case::CaseResult;
use crate::domain::evidence::{Evidence, GateResult};
use crate::domain::factory::{Factory, OpenBug};
use crate::domain::mutation::MutationRun;
use crate::domain::screen::{BugLine, FailingLine, GateLine, Measured};
use crate::factory::ports::store::{Paper, Store};
use crate::text::sanitise::one_line;

/// Failing rows kept.
const ROWS: usize = 6;
/// Characters kept of a value.
const VALUE: usize = 120;
/// Characters kept of a sentence.
const SENTENCE: usize = 300;

/// Open bug reports of the tool under way, with the first line of each as its title.
pub fn bugs(store: &dyn Store, factory: &Factory) -> Vec<BugLine> {
    let (Some(tool), Some(facts)) = (&factory.current_tool, factory.current_facts()) else {
        return Vec::new();
    };
    let line = |open: &OpenBug| {
        let paper = Paper::Bug {
            tool: tool.clone(),
            n: open.n,
        };
        let text = store.get(&paper).ok()??;
        let mut lines = text.lines().filter(|line| !line.trim().is_empty());
        // "BUG-1  rule R4  cycle 1 ...", then what is wrong.
        let head = lines.next().unwrap_or_default();
        let mut words = head.split_whitespace().skip_while(|word| *word != "rule");
        Some(BugLine {
            n: open.n,
            rule: words.nth(1).map(str::to_owned),
            title: one_line(lines.next().unwrap_or(head), SENTENCE),
        })
    };
    facts.open_bugs.iter().filter_map(line).collect()
}

/// One run; None when its evidence cannot be read, which leaves the summary in the journal.
pub fn read(store: &dyn Store, tool: &str, run: u32) -> Option<Measured> {
    let tool = tool.to_owned();
    let paper = Paper::Evidence {
        tool: tool.clone(),
        run,
    };
    let evidence: Evidence = serde_json::from_str(&store.get(&paper).ok()??).ok()?;
    let rules = match store.get(&Paper::Spec { tool }) {
        Ok(Some(text)) => spec::parse(&text).rules,
        _ => Vec::new(),
    };
    Some(measured(&evidence, &rules))
}

fn measured(evidence: &Evidence, rules: &[spec::Rule]) -> Measured {
    let mut failing = Vec::new();
    for gate in evidence.gates.iter().filter(|gate| !gate.passed) {
        let rows = match gate.gate.as_str() {
            "jest" => tests(evidence),
            "held-out" => cases(&evidence.held_out, rules),
            "public" => cases(&evidence.public, rules),
            _ => Vec::new(),
        };
        if rows.is_empty() {
            failing.push(FailingLine {
                what: gate.gate.clone(),
                text: one_line(&gate.words, SENTENCE),
                ..FailingLine::default()
            });
        }
        failing.extend(rows);
    }
    let more = failing.len().saturating_sub(ROWS);
    failing.truncate(ROWS);
    Measured {
        run: evidence.run,
        gates: evidence.gates.iter().map(|g| line(g, evidence)).collect(),
        failing,
        more: u32::try_from(more).unwrap_or(u32::MAX),
    }
}

fn line(gate: &GateResult, evidence: &Evidence) -> GateLine {
    let of = |results: &[CaseResult]| {
        let passed = results.iter().filter(|result| result.passed).count();
        format!("{passed} of {}", results.len())
    };
    let figure = match gate.gate.as_str() {
        "jest" => evidence
            .jest
            .as_ref()
            .and_then(|jest| jest.report.as_ref())
            .map_or_else(
                || "no report".to_owned(),
                |report| format!("{} of {}", report.passed, report.total),
            ),
        "coverage" => match evidence.lowest_coverage() {
            Some(percent) => format!("{percent} %"),
            None => "unknown".to_owned(),
        },
        "held-out" => of(&evidence.held_out),
        "public" => of(&evidence.public),
        "throwing" if !gate.passed => match &evidence.throwing {
            Some(run) => format!("{} of {} pass", run.still_passing, run.total),
            None => "red".to_owned(),
        },
        "mutation" => match evidence.mutation.as_ref().and_then(MutationRun::score) {
            Some(percent) => format!("{percent} %"),
            None if gate.passed => "ok".to_owned(),
            None => "unknown".to_owned(),
        },
        _ if gate.passed => "ok".to_owned(),
        _ => "refused".to_owned(),
    };
    GateLine {
        gate: gate.gate.clone(),
        passed: gate.passed,
        figure,
        words: one_line(&gate.words, SENTENCE),
        millis: gate.millis,
    }
}

fn cases(results: &[CaseResult], rules: &[spec::Rule]) -> Vec<FailingLine> {
    let failed = results.iter().filter(|result| !result.passed);
    failed
        .map(|case| {
            let rule = rules.iter().find(|rule| rule.id == case.rule);
            let text = rule.map_or(case.reproduce.as_str(), |rule| rule.text.as_str());
            FailingLine {
                what: case.rule.clone(),
                text: one_line(text, SENTENCE),
                want: one_line(&case.expected, VALUE),
                got: one_line(&case.received, VALUE),
            }
        })
        .collect()
}

fn tests(evidence: &Evidence) -> Vec<FailingLine> {
    let report = evidence.jest.as_ref().and_then(|jest| jest.report.as_ref());
    let failed = report
        .into_iter()
        .flat_map(|report| report.tests.iter().filter(|test| !test.passed));
    failed
        .map(|test| FailingLine {
            what: test.file.clone(),
            text: one_line(&test.name, SENTENCE),
            want: String::new(),
            got: one_line(test.message.lines().next().unwrap_or_default(), VALUE),
        })
        .collect()
}

#[cfg(test)]
mod tests_of_words {
    use super::*;
    use chrono::DateTime;
    use std::time::Duration;

    fn case(rule: &str, passed: bool) -> CaseResult {
        CaseResult {
            id: format!("h-{rule}"),
            rule: rule.to_owned(),
            passed,
            reproduce: "f(1)".to_owned(),
            expected: "{\"a\":\n1}".to_owned(),
            received: "\u{1b}[31m2".to_owned(),
            at: None,
        }
    }

    #[test]
    fn gates_of_older_evidence_have_no_times_and_read_on() {
        let older = r#"{"gate":"jest","passed":true,"words":"3 of 3"}"#;
        let older: GateResult = serde_json::from_str(older).unwrap();
        assert_eq!(older.millis, None);
        assert!(!serde_json::to_string(&older).unwrap().contains("millis"));
        let newer = older.took(Duration::from_micros(1_120_900));
        let text = serde_json::to_string(&newer).unwrap();
        assert!(text.ends_with(r#""millis":1120}"#), "{text}");
    }

    #[test]
    fn a_red_run_names_what_failed_with_want_and_got() {
        let gate = |gate: &str, passed: bool, words: &str| GateResult {
            gate: gate.to_owned(),
            passed,
            words: words.to_owned(),
            millis: (gate == "held-out").then_some(340),
            ..GateResult::default()
        };
        let evidence = Evidence {
            schema: 1,
            tool: "t".to_owned(),
            run: 2,
            tree: "x".to_owned(),
            at: DateTime::UNIX_EPOCH,
            gates: vec![
                gate("scan", true, "3 files"),
                gate("coverage", false, "src/a.js: lines 90 %"),
                gate("held-out", false, "1 of 2 cases fail"),
            ],
            jest: None,
            held_out: vec![case("R1", true), case("R2", false)],
            public: Vec::new(),
            throwing: None,
            mutation: None,
            sandbox: "none".to_owned(),
            reviewed: None,
            external_reader: false,
            millis: 1,
        };
        let rules = [spec::Rule {
            id: "R2".to_owned(),
            text: "labels are equal whatever their case".to_owned(),
        }];
        let found = measured(&evidence, &rules);
        let figures: Vec<&str> = found.gates.iter().map(|g| g.figure.as_str()).collect();
        assert_eq!(figures, ["ok", "unknown", "1 of 2"]);
        let times: Vec<Option<u64>> = found.gates.iter().map(|g| g.millis).collect();
        assert_eq!(times, [None, None, Some(340)]);
        let rows: Vec<String> = found
            .failing
            .iter()
            .map(|row| format!("{}|{}|{}|{}", row.what, row.text, row.want, row.got))
            .collect();
        assert_eq!(
            rows,
            [
                "coverage|src/a.js: lines 90 %||",
                "R2|labels are equal whatever their case|{\"a\": 1}|2"
            ]
        );
    }
}

//! What a run of the gates measured: gates, tests, cases with want and got, coverage, changes no test noticed.

use super::{Eye, Item, Page, Row, ToolView};
use crate::domain::case::CaseResult;
use crate::domain::evidence::{Evidence, FileCoverage, JestRun};
use crate::domain::tool::Ran;
use crate::tui::theme::Part;

/// Rows of the first message of a red test.
const MESSAGE: usize = 12;

/// A row for each run, newest first.
pub fn items(view: &ToolView) -> Vec<Item> {
    let runs = view.moment.runs.iter().enumerate().rev();
    runs.map(|(at, ran)| {
        let (part, word) = colour(ran.run.green);
        let run = &ran.run;
        let held = match run.held_total {
            0 => String::new(),
            total => format!("held-out {}/{total}", run.held_passed),
        };
        let figures = format!("{:<7}{held:<15}", format!("{}/{}", run.passed, run.total));
        Item {
            row: Row::title(format!("run {:<3} ", run.run))
                .and(Some(Part::Dim), format!("cycle {:<2} ", ran.cycle))
                .and(Some(part), format!("{word:<8}"))
                .and(None, figures)
                .and(Some(Part::Dim), run.failed_gate.clone().unwrap_or_default()),
            key: run.run.to_string(),
            title: format!("Run {}", run.run),
            ask: Some(view.evidence_of(run.run)),
            at,
        }
    })
    .collect()
}

fn colour(green: bool) -> (Part, &'static str) {
    match green {
        true => (Part::Ok, "✓ green"),
        false => (Part::Fail, "✗ red"),
    }
}

/// The newest run at the moment.
pub fn newest(view: &ToolView, eye: &Eye<'_>) -> Page {
    match view.moment.runs.len().checked_sub(1) {
        Some(at) => page(view, at, eye),
        None => Page::empty(
            "Tests",
            "the gates had not run until this moment",
            "tests, held-out cases and coverage appear here as soon as qa has measured a tree",
        ),
    }
}

/// One run.
pub fn page(view: &ToolView, at: usize, eye: &Eye<'_>) -> Page {
    let Some(ran) = view.moment.runs.get(at) else {
        return Page::default();
    };
    let before = view.moment.before(ran);
    let title = format!("Run {}, cycle {}", ran.run.run, ran.cycle);
    let mut rows = head(ran, before, eye);
    let gone = match view.moment.swept.1 {
        true => "its evidence was rotated away; the figures above are the journal's",
        false => "its evidence is not there any more; the figures above are the journal's",
    };
    match view.evidence(ran.run.run) {
        Some(evidence) => rows.extend(details(evidence, eye)),
        None => match view.piece(Some(&view.evidence_of(ran.run.run)), gone) {
            Err(why) => rows.extend(why),
            Ok(_) => rows.push(Row::plain(" its evidence is damaged")),
        },
    }
    Page::text(title, rows)
}

fn head(ran: &Ran, before: Option<&Ran>, eye: &Eye<'_>) -> Vec<Row> {
    let run = &ran.run;
    let (part, word) = colour(run.green);
    let was = before.map_or_else(String::new, |before| {
        format!("   was {} of {}", before.run.passed, before.run.total)
    });
    let mut rows = vec![
        Row::of(Some(part), format!(" {word}"))
            .and(None, format!("   {} of {} tests", run.passed, run.total))
            .and(Some(Part::Dim), was)
            .and(
                Some(Part::Dim),
                format!(
                    "   {}   {:.1} s",
                    eye.day(ran.at),
                    run.millis as f64 / 1000.0
                ),
            ),
    ];
    if let Some(gate) = &run.failed_gate {
        rows.extend(Row::of(Some(Part::Fail), format!(" {gate}")).wrapped(eye.width - 1, 3));
    }
    rows.push(Row::default());
    rows
}

fn details(evidence: &Evidence, eye: &Eye<'_>) -> Vec<Row> {
    let mut rows = vec![Row::title(" Gates")];
    for gate in &evidence.gates {
        let (part, sign) = sign(gate.passed);
        let row = Row::of(Some(part), format!(" {sign} "))
            .and(None, format!("{:<10}", gate.gate))
            .and(Some(Part::Dim), gate.words.replace('\n', " "));
        rows.extend(row.wrapped(eye.width - 1, 13));
    }
    for (title, cases) in [
        ("Held-out", &evidence.held_out),
        ("Public", &evidence.public),
    ] {
        rows.extend(of_cases(title, cases, eye));
    }
    if let Some(jest) = &evidence.jest {
        rows.extend(tests(jest, eye));
        rows.extend(coverage(jest));
    }
    if let Some(mutation) = &evidence.mutation {
        rows.push(Row::default());
        let score = mutation
            .score()
            .map_or("-".to_owned(), |score| format!("{score} %"));
        rows.push(Row::title(" Changes the tests noticed").and(None, format!("   {score}")));
        let survivors = mutation.survivors.iter();
        rows.extend(survivors.map(|one| Row::of(Some(Part::Fail), format!(" ✗ {one}"))));
    }
    rows.push(Row::default());
    let tree = evidence.tree.get(..10).unwrap_or(&evidence.tree);
    rows.push(Row::dim(format!(" tree {tree}   box {}", evidence.sandbox)));
    if let Some(reviewed) = &evidence.reviewed {
        rows.push(Row::dim(format!(" reviewed: {reviewed}")));
    }
    rows
}

const fn sign(passed: bool) -> (Part, &'static str) {
    match passed {
        true => (Part::Ok, "✓"),
        false => (Part::Fail, "✗"),
    }
}

/// Failing cases with want and got, then those that pass by name.
fn of_cases(title: &str, cases: &[CaseResult], eye: &Eye<'_>) -> Vec<Row> {
    if cases.is_empty() {
        return Vec::new();
    }
    let passed = cases.iter().filter(|case| case.passed);
    let names: Vec<String> = passed
        .map(|case| format!("{} {}", case.id, case.rule))
        .collect();
    let mut rows = vec![
        Row::default(),
        Row::title(format!(" {title}")).and(None, format!("   {} of {}", names.len(), cases.len())),
    ];
    for case in cases.iter().filter(|case| !case.passed) {
        let place = case.at.as_deref().unwrap_or_default();
        let lines = [
            Row::of(
                Some(Part::Fail),
                format!(" ✗ {:<4} {:<4} ", case.id, case.rule),
            )
            .and(None, case.reproduce.replace('\n', " ")),
            Row::dim("      want ").and(None, case.expected.replace('\n', " ")),
            Row::dim("      got  ")
                .and(None, case.received.replace('\n', " "))
                .and(Some(Part::Dim), format!("  {place}")),
        ];
        rows.extend(
            lines
                .into_iter()
                .flat_map(|row| row.wrapped(eye.width - 1, 11)),
        );
    }
    if !names.is_empty() {
        let row = Row::of(Some(Part::Ok), " ✓ ").and(Some(Part::Dim), names.join(", "));
        rows.extend(row.wrapped(eye.width - 1, 3));
    }
    rows
}

fn tests(jest: &JestRun, eye: &Eye<'_>) -> Vec<Row> {
    let mut rows = vec![Row::default()];
    let Some(report) = &jest.report else {
        rows.push(Row::title(" Jest").and(Some(Part::Fail), "   no report"));
        let tail = jest.stderr_tail.lines();
        rows.extend(
            tail.flat_map(|line| Row::plain(format!("   {line}")).wrapped(eye.width - 1, 3)),
        );
        return rows;
    };
    rows.push(Row::title(" Jest").and(None, format!("   {} of {}", report.passed, report.total)));
    for (file, why) in &report.suite_errors {
        rows.push(Row::of(
            Some(Part::Fail),
            format!(" ✗ {file} does not load"),
        ));
        rows.extend(message(why, eye));
    }
    let mut file = "";
    for test in report.tests.iter().filter(|test| !test.passed) {
        let place = test.at.as_deref().unwrap_or_default();
        let row = Row::of(Some(Part::Fail), " ✗ ")
            .and(None, test.name.as_str())
            .and(Some(Part::Dim), format!("  {} {place}", test.file));
        rows.extend(row.wrapped(eye.width - 1, 3));
        rows.extend(message(&test.message, eye));
    }
    for test in report.tests.iter().filter(|test| test.passed) {
        if file != test.file {
            file = &test.file;
            rows.push(Row::dim(format!("   {file}")));
        }
        rows.push(
            Row::of(Some(Part::Ok), " ✓ ")
                .and(None, test.name.as_str())
                .cut(eye.width - 1),
        );
    }
    rows
}

fn message(text: &str, eye: &Eye<'_>) -> Vec<Row> {
    let text = crate::text::sanitise::sanitise(text);
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let rows = lines.flat_map(|line| Row::plain(format!("     {line}")).wrapped(eye.width - 1, 5));
    rows.take(MESSAGE).collect()
}

fn coverage(jest: &JestRun) -> Vec<Row> {
    if jest.coverage.is_empty() {
        return Vec::new();
    }
    let mut rows = vec![
        Row::default(),
        Row::title(" Coverage").and(
            Some(Part::Dim),
            "   lines, branches, functions, statements in %",
        ),
    ];
    rows.extend(
        jest.coverage
            .iter()
            .map(|(file, found)| covered(file, found)),
    );
    rows
}

fn covered(file: &str, found: &FileCoverage) -> Row {
    let figures = [
        found.lines,
        found.branches,
        found.functions,
        found.statements,
    ];
    let full = figures
        .iter()
        .all(|figure| figure.is_some_and(|f| f >= 100.0));
    let (part, sign) = sign(full);
    let figures = figures.map(|figure| figure.map_or("   -".to_owned(), |f| format!("{f:>4.0}")));
    let missing: Vec<String> = found.uncovered.iter().map(ToString::to_string).collect();
    let missing = match missing.is_empty() {
        true => String::new(),
        false => format!("  not covered: {}", missing.join(" ")),
    };
    Row::of(Some(part), format!(" {sign} "))
        .and(None, format!("{file:<28}{}", figures.concat()))
        .and(Some(Part::Dim), missing)
}

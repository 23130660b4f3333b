//! The rules over rows, as one table: S3 to S6, S11 and S13 after a red run, S2 as soon as a tree is written.

use super::{Begins, Course, Failing, Fired, Patience, Row, Rung};
use crate::text::plural::plural;
use std::collections::{BTreeMap, BTreeSet};

/// A rule that may end a line of work after a red run.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// "S3", or "L1" for the budget of repairs.
    pub id: &'static str,
    /// What it looks for, for people.
    pub what: &'static str,
    fires: fn(&Course, &Patience) -> Option<Fired>,
}

/// Rules in the order they are asked: those that lead highest first.
pub const RULES: [Rule; 6] = [
    Rule {
        id: "S11",
        what: "a test that different programs answer alike",
        fires: suspicious_test,
    },
    Rule {
        id: "S5",
        what: "the same error again and again",
        fires: same_error,
    },
    Rule {
        id: "S4",
        what: "the same failures whatever is changed",
        fires: same_failures,
    },
    Rule {
        id: "S13",
        what: "tests that do not end",
        fires: endless,
    },
    Rule {
        id: "S3",
        what: "back and forth between two versions",
        fires: flip_flop,
    },
    Rule {
        id: "L1",
        what: "repairs without progress",
        fires: repairs_used,
    },
];

/// What a red run means for the line of work; None = another repair. Rules in `off` were answered with "not stuck".
#[must_use]
pub fn judge(course: &Course, off: &[String], numbers: &Patience) -> Option<Fired> {
    let last = course.rows.last()?;
    if last.line != course.line || last.green() {
        return None;
    }
    let asked = RULES
        .iter()
        .filter(|rule| !off.iter().any(|o| o == rule.id));
    asked
        .filter_map(|rule| (rule.fires)(course, numbers))
        .next()
}

/// S2: code that this line of work has measured already, and that failed; what passed is another's to judge.
#[must_use]
pub fn repeated(course: &Course, code: &str) -> Option<Fired> {
    let rows = course.here();
    let row = rows
        .iter()
        .find(|row| !row.green() && row.cycle.program() == code)?;
    let words = format!(
        "the code is the same as in run {} of this line of work",
        row.cycle.run
    );
    Some(Fired::by("S2", Rung::Afresh, words, &[row]))
}

/// S6: the best row of the line, when the newest is worse: its tree is put back, and the repair counts as failed.
/// Fewer tests alone are no regression, something must fail that did not fail then.
#[must_use]
pub fn regression(course: &Course) -> Option<&Row> {
    let mut rows = course.here();
    let last = *rows.last()?;
    if course.begins == Begins::Repair {
        // Such a line began on the best tree there was.
        let before = course.rows.iter().filter(|row| row.line != course.line);
        rows = before.chain(rows).collect();
    }
    let best = Course::best(&rows)?;
    let known: BTreeSet<&str> = best.cycle.failing.iter().map(Failing::id).collect();
    let worse = last.cycle.passed < best.cycle.passed;
    let broken = last
        .cycle
        .failing
        .iter()
        .any(|one| !known.contains(one.id()));
    (worse && broken && best.commit.is_some()).then_some(best)
}

/// The last rows since progress, when there are so many.
fn tail<'a>(rows: &[&'a Row], count: usize) -> Option<Vec<&'a Row>> {
    let from = rows.len().checked_sub(count)?;
    rows.get(from..).map(<[&Row]>::to_vec)
}

fn flip_flop(course: &Course, _: &Patience) -> Option<Fired> {
    let rows = tail(&course.here(), 3)?;
    let [first, second, third] = rows.as_slice() else {
        return None;
    };
    let moved = third.cycle.passed > first.cycle.passed;
    let (first_code, third_code) = (first.cycle.program(), third.cycle.program());
    let back = first_code == third_code && second.cycle.program() != third_code;
    let fails = first.fails_as(third) && !second.fails_as(third);
    let what = match (back, fails) {
        (true, _) => "the code went back to what it was two cycles ago",
        (_, true) => "the failures went back to what they were two cycles ago",
        _ => return None,
    };
    (!moved).then(|| Fired::by("S3", Rung::Afresh, what, &rows))
}

fn same_failures(course: &Course, numbers: &Patience) -> Option<Fired> {
    let last = course.rows.last()?;
    if let Some(rows) = same_over_lines(course, last, numbers) {
        let words = format!(
            "{} fail in every one of {} lines of work",
            list(last),
            rows.len()
        );
        return Some(Fired::by("S4", Rung::Diagnosis, words, &rows));
    }
    let rows = tail(&course.here(), numbers.same_failures as usize + 1)?;
    let programs: BTreeSet<&str> = rows.iter().map(|row| row.cycle.program()).collect();
    let same = rows.iter().all(|row| row.fails_as(last));
    (same && programs.len() == rows.len()).then(|| {
        let words = format!(
            "{} still fail after {} different repairs",
            list(last),
            numbers.same_failures
        );
        Fired::by("S4", Rung::Afresh, words, &rows)
    })
}

/// The last rows of all lines, when the fresh starts are used up and every line failed in the same way.
fn same_over_lines<'a>(course: &'a Course, last: &Row, numbers: &Patience) -> Option<Vec<&'a Row>> {
    let ends = ends(course);
    let started = course.fresh_starts + course.other_models;
    let rows: Vec<&Row> = ends.into_values().collect();
    let all = rows.len() as u32 > started && started >= numbers.fresh_starts.max(1);
    (all && rows.iter().all(|row| row.fails_as(last))).then_some(rows)
}

/// The newest row of each line since somebody above last answered.
fn ends(course: &Course) -> BTreeMap<u32, &Row> {
    let rows = course.rows.iter().filter(|row| row.line >= course.base);
    rows.map(|row| (row.line, row)).collect()
}

fn same_error(course: &Course, numbers: &Patience) -> Option<Fired> {
    let rows = tail(&course.since_progress(), numbers.same_error as usize)?;
    let last = rows.last()?;
    let error = last.cycle.error.as_ref()?;
    let same = rows
        .iter()
        .all(|row| row.cycle.error.as_ref() == Some(error));
    let moved = rows.iter().any(|row| !row.fails_as(last));
    (same && moved).then(|| {
        let words = format!(
            "the first error is the same in {} cycles although the failures moved: {}",
            rows.len(),
            plain(error)
        );
        Fired::by("S5", Rung::Diagnosis, words, &rows)
    })
}

/// S13: so many test runs in a row did not end.
#[must_use]
pub fn endless(course: &Course, numbers: &Patience) -> Option<Fired> {
    (course.timeouts >= numbers.timeouts.max(1)).then(|| {
        let rows: Vec<&Row> = course
            .here()
            .into_iter()
            .filter(|row| row.cycle.timed_out)
            .collect();
        let words = format!(
            "the tests did not end {} times in a row: look for an infinite loop or a wait without end",
            course.timeouts
        );
        let mut fired = Fired::by("S13", Rung::Afresh, words, &rows);
        let all = course.timeouts;
        let runs = (1..=all).map(|run| format!("test run {run} of {all}: ended by its limit"));
        fired.evidence.extend(runs);
        fired
    })
}

fn suspicious_test(course: &Course, numbers: &Patience) -> Option<Fired> {
    let ends = ends(course);
    let last = ends.get(&course.line)?;
    let others: Vec<&&Row> = ends
        .values()
        .filter(|row| row.line != last.line && row.cycle.program() != last.cycle.program())
        .collect();
    let started = course.fresh_starts + course.other_models;
    last.cycle.failing.iter().filter(|test| told(test)).find_map(|test| {
        let alike = |row: &&&&Row| row.cycle.failing.iter().any(|one| one.same(test));
        if let Some(other) = others.iter().find(alike) {
            let words = format!(
                "{} got the same answer, {}, from programs written apart: the test or the spec may be wrong",
                test.name, test.received
            );
            return Some(Fired::by("S11", Rung::Diagnosis, words, &[other, last]));
        }
        let fails = |row: &&&Row| row.cycle.failing.iter().any(|one| one.id() == test.id());
        let all = others.iter().all(fails) && others.len() as u32 >= numbers.fresh_starts.max(1);
        (all && started >= numbers.fresh_starts).then(|| {
            let rows: Vec<&Row> = ends.values().copied().collect();
            let words = format!(
                "{} agrees with none of {} programs written apart: the test or the spec may be wrong",
                test.name,
                rows.len()
            );
            Fired::by("S11", Rung::Diagnosis, words, &rows)
        })
    })
}

/// A case of spec or QA whose answer is known: tests of the Developer are written anew in each line.
fn told(test: &Failing) -> bool {
    let case = test.name.starts_with("case ") || test.name.starts_with("held-out ");
    case && !test.received.is_empty()
}

fn repairs_used(course: &Course, numbers: &Patience) -> Option<Fired> {
    let repairs = course.repairs();
    (repairs >= numbers.repairs.max(1)).then(|| {
        let words = format!("{} brought no progress", plural(repairs, "repair"));
        Fired::by("L1", Rung::Afresh, words, &course.since_progress())
    })
}

/// The first things that fail, in words.
pub(super) fn list(row: &Row) -> String {
    const SHOWN: usize = 3;
    let names: Vec<&str> = row.names().take(SHOWN).collect();
    let rest = row.cycle.failing.len().saturating_sub(SHOWN);
    match rest {
        0 => names.join(", "),
        _ => format!("{} and {rest} more", names.join(", ")),
    }
}

/// A signature for people.
pub(super) fn plain(error: &str) -> String {
    error.replace('|', " ").trim().to_owned()
}

/// Why a rule cannot be answered with "not stuck", and what to do instead; None = it can.
#[must_use]
pub fn unanswerable(rule: &str) -> Option<String> {
    let number = rule
        .strip_prefix('S')
        .and_then(|number| number.parse().ok());
    let instead = match number {
        Some(2..=7 | 11 | 13 | 16) => return None,
        Some(1 | 8 | 9 | 10) => {
            "it is about single replies, which are asked again by themselves; give a hint with `dev-factory hint TEXT`"
        }
        Some(12) => "it is a limit that was reached; raise it with `dev-factory budget`",
        Some(14) => "two reviews sent the tool back; say how it goes on with `dev-factory decide`",
        Some(15) => "it ends by itself when a reply comes; `dev-factory doctor` looks at the host",
        _ => return Some(format!("{rule:?} is no stuck rule; they are S1 to S16")),
    };
    Some(format!("{rule} cannot be taken as wrong: {instead}"))
}

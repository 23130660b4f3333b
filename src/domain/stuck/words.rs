//! Course and verdict in words: for screens and status, for prompts, for the reviewer's log.

use super::rules::{list, plain};
use super::{Begins, Course, Fired, Means, Patience, Row, Rung, judge, next};
use crate::text::plural::plural;
use std::fmt;

/// Characters of one value in a note.
const VALUE: usize = 80;
/// Of tests that did not end.
const ENDLESS: &str = "the tests did not end: there is an infinite loop or a wait without end";

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "run {} (line {}, {}): {} pass",
            self.cycle.run, self.line, self.rung, self.cycle.passed
        )?;
        if self.cycle.timed_out {
            f.write_str(", ended by the time limit")?;
        }
        if !self.green() {
            write!(f, ", failing {}", list(self))?;
        }
        if let Some(error) = &self.cycle.error {
            write!(f, "; {}", plain(error))?;
        }
        write!(
            f,
            "; tree {}",
            self.cycle.tree.get(..10).unwrap_or(&self.cycle.tree)
        )
    }
}

/// A line a row, for whoever is to say what is wrong.
#[must_use]
pub fn log(course: &Course) -> Vec<String> {
    let row = |row: &Row| format!("{row}; {} tokens, {} s", row.tokens, row.seconds);
    course.rows.iter().map(row).collect()
}

/// What the present line of work tried and why it failed, one line without a hidden case in it.
#[must_use]
pub fn tried(course: &Course) -> String {
    let rows = course.here();
    if course.timeouts > 0 {
        return ENDLESS.to_owned();
    }
    let Some(last) = rows.last() else {
        return "nothing that could be measured".to_owned();
    };
    let repairs = rows.len().saturating_sub(1);
    let best = rows.iter().map(|row| row.cycle.passed).max().unwrap_or(0);
    let what = match (course.begins, repairs) {
        (Begins::Repair, _) => plural(rows.len(), "repair"),
        (_, 0) => "a draft".to_owned(),
        (_, n) => format!("a draft and {}", plural(n, "repair")),
    };
    format!("{what}, {best} passed at best: {}", failed(last))
}

/// Repairs of the present line, a note each, for the next one.
#[must_use]
pub fn repairs_tried(course: &Course) -> Vec<String> {
    let skip = usize::from(course.begins != Begins::Repair);
    let rows = course.here().into_iter().enumerate().skip(skip);
    rows.map(|(n, row)| {
        let n = n + 1 - skip;
        format!("repair {n}, {} passed: {}", row.cycle.passed, failed(row))
    })
    .collect()
}

/// The first thing that failed as the Developer may know it.
fn failed(row: &Row) -> String {
    if row.cycle.timed_out {
        return ENDLESS.to_owned();
    }
    let shown = |name: &str| !name.starts_with("held-out ");
    let Some(first) = row.cycle.failing.iter().find(|one| shown(&one.name)) else {
        return format!("{} failed", plural(row.cycle.failing.len(), "hidden case"));
    };
    if first.received.is_empty() {
        return format!("{} failed", first.name);
    }
    let received: String = first.received.chars().take(VALUE).collect();
    format!("{} still gave {received}", first.name)
}

/// Stuck or not, with how near the rules are. Empty before the first run.
#[must_use]
pub fn stuck_words(course: &Course, off: &[String], numbers: &Patience) -> String {
    let rows = course.here();
    let Some(last) = rows.last() else {
        return match course.is_to_begin() {
            true => format!("line {} of work began ({})", course.line, course.rung),
            false => String::new(),
        };
    };
    if last.green() {
        return format!("no: run {} is green", last.cycle.run);
    }
    if let Some(fired) = judge(course, off, numbers) {
        return format!("{}: {}", fired.rule, fired.words);
    }
    let passed: Vec<String> = rows.iter().map(|r| r.cycle.passed.to_string()).collect();
    let from = passed.len().saturating_sub(4);
    let passed = passed.get(from..).unwrap_or(&passed).join(" > ");
    let run = |same: &dyn Fn(&Row) -> bool| {
        let rows = rows.iter().rev();
        rows.take_while(|row| same(row)).count()
    };
    let failures = run(&|row: &Row| row.fails_as(last)).saturating_sub(1);
    let errors = run(&|row: &Row| row.cycle.error == last.cycle.error);
    format!(
        "no: {passed} pass. S4 same failures {failures} of {}, S5 same error {errors} of {}",
        numbers.same_failures, numbers.same_error
    )
}

/// What comes next in a line of work, and what when it is red again; empty when nothing is to be repaired.
#[must_use]
pub fn next_words(course: &Course, bugs: &[String], means: &Means, numbers: &Patience) -> String {
    if course.is_to_begin() {
        let by = course.model.as_deref().unwrap_or("the Developer");
        return format!("{}: all files from the spec again, by {by}", course.rung);
    }
    if course.here().last().is_none_or(|row| row.green()) {
        return String::new();
    }
    let repair = course.repairs().saturating_add(1);
    let bugs = match bugs.is_empty() {
        true => String::new(),
        false => format!("{}, ", bugs.join(", ")),
    };
    let then = if repair < numbers.repairs {
        format!("another repair ({})", Rung::Repair)
    } else {
        let used = Fired::plain("L1", Rung::Afresh, "");
        next(course, &used, means, numbers).words
    };
    let of = numbers.repairs;
    format!(
        "{bugs}repair {repair} of {of} ({}); red again: {then}",
        Rung::Repair
    )
}

/// What a clause is known by, however it is named: the id of its rule or example, else its words.
#[must_use]
pub fn clause_id(text: &str) -> String {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    let numbered = |word: &&str| {
        let rest = word.strip_prefix(['R', 'E']).unwrap_or_default();
        !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit())
    };
    let id = words.into_iter().find(numbered);
    id.map_or_else(|| text.trim().to_lowercase(), ToOwned::to_owned)
}

/// What a spec was rejected for, in a line. Notes may end with the clauses again, a line each.
#[must_use]
pub fn rejection(notes: &[String], clauses: &[String]) -> String {
    let same = |note: &str, clause: &str| note.trim().to_lowercase() == clause.to_lowercase();
    let notes = notes.iter().map(String::as_str);
    let notes: Vec<&str> = notes
        .filter(|note| !clauses.iter().any(|clause| same(note, clause)))
        .collect();
    match (notes.join("; "), clauses.join(", ")) {
        (notes, clauses) if notes.is_empty() && clauses.is_empty() => "without a word".to_owned(),
        (notes, clauses) if clauses.is_empty() => notes,
        (notes, clauses) if notes.is_empty() => clauses,
        (notes, clauses) => format!("{clauses}: {notes}"),
    }
}

//! Several opinions on what a held-out case expects: asked without showing the others, counted without a model.

use super::cases::input;
use super::deps;
use super::prompt::{Desk, Mode, Prompt, data, section};
use super::reply::{self, Malformed};
use super::spec::Spec;
use crate::domain::case::{Case, reproduce, same};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Characters of an input or a result in a note.
const SHOWN: usize = 200;

/// What became of the opinions on one case.
#[derive(Clone, Debug, PartialEq)]
pub enum Count {
    /// Two at least agree on each thing kept: the case with what they expect, and what another said.
    Agreed(Box<Case>, Option<String>),
    /// Three gave three results: its rule, and in words the input with each result.
    Disputed(String, String),
    /// No two agree, and there are too few answers to call that the spec's fault.
    Alone,
}

/// A case without what it expects.
#[must_use]
pub fn question(case: &Case) -> Case {
    Case {
        expect: None,
        throws: None,
        exit: None,
        stdout: None,
        stderr: None,
        files: None,
        ..case.clone()
    }
}

/// Asks what cases expect, from the spec alone; `purpose` is that of the prompt that wrote them.
#[must_use]
pub fn ask(desk: &Desk<'_>, spec: &Spec, cases: &[Case], purpose: &'static str) -> Prompt {
    let lines: Vec<String> = cases
        .iter()
        .filter_map(|case| serde_json::to_string(&question(case)).ok())
        .collect();
    let task = format!(
        "These are inputs of test cases for the tool `{}`. Work out from the rules of the spec, step by step, what each must give. \
Add it to its line: `expect` or `throws` to a call, `exit`, `stdout` and `stderr` to a command, `files` where the rule is about files. Change nothing else.",
        desk.tool
    );
    let user = format!(
        "{}{}{}{}",
        section("Task", &task),
        section("The form of a case", deps::CASES),
        section("The spec", &data(desk.nonce, "spec", &spec.text)),
        section("Inputs", &data(desk.nonce, "cases", &lines.join("\n"))),
    );
    let rule =
        "Reply with the cases in one ```jsonl fence, one JSON object a line. Nothing after it.";
    Prompt::new(desk, purpose, Mode::Think, rule, &user)
}

/// A reply's opinions on these cases; those on other inputs do not count.
pub fn parse(reply: &str, cases: &[Case]) -> Result<Vec<Case>, Malformed> {
    let mut opinions = reply::cases(reply)?;
    opinions.retain(|one| cases.iter().any(|case| about(one, case)));
    if opinions.len() * 2 < cases.len() {
        return Err(Malformed::new(format!(
            "there are {} of {} cases with the id and the input that were given; copy each line and add what it must give",
            opinions.len(),
            cases.len()
        )));
    }
    Ok(opinions)
}

/// Counts the opinions on one case, its author's first. Each thing that can be compared is counted for itself: what one
/// leaves open says nothing about it, and what only one says is not kept.
#[must_use]
pub fn count(case: &Case, opinions: &[Vec<Case>]) -> Count {
    let others = opinions
        .iter()
        .filter_map(|set| set.iter().find(|one| about(one, case)));
    let all: Vec<&Case> = std::iter::once(case).chain(others).collect();
    match composed(case, &all) {
        Ok(kept) => {
            let other = all.iter().find(|one| !agree(&kept, one));
            let note = other.map(|other| {
                let (most, one) = (result(&kept), result(other));
                format!(
                    "{} ({}): most say {most}, one says {one}",
                    case.id, case.rule
                )
            });
            Count::Agreed(Box::new(kept), note)
        }
        Err(3..) => {
            let mut results: Vec<String> = all.iter().map(|one| result(one)).collect();
            results.dedup();
            Count::Disputed(
                case.rule.clone(),
                format!(
                    "{} leaves {} open: {}",
                    case.rule,
                    short(&reproduce(case)),
                    results.join(", or ")
                ),
            )
        }
        Err(_) => Count::Alone,
    }
}

/// The case with what two at least say, thing by thing; else how many different results one thing has.
fn composed(case: &Case, all: &[&Case]) -> Result<Case, usize> {
    let mut kept = question(case);
    let outcome = most(all.to_vec(), same_outcome)?.ok_or(1_usize)?;
    kept.expect.clone_from(&outcome.expect);
    kept.throws.clone_from(&outcome.throws);
    kept.exit = outcome.exit;
    let named = |text: fn(&Case) -> Option<&String>| -> Result<Option<String>, usize> {
        let said: Vec<&String> = all.iter().filter_map(|one| text(one)).collect();
        Ok(most(said, |a, b| a == b)?.cloned())
    };
    kept.stdout = named(|one| one.stdout.as_ref())?;
    kept.stderr = named(|one| one.stderr.as_ref())?;
    let files = all.iter().filter_map(|one| one.files.as_ref());
    let paths: BTreeSet<&String> = files.clone().flat_map(BTreeMap::keys).collect();
    for path in paths {
        let said = files.clone().filter_map(|files| files.get(path)).collect();
        if let Some(text) = most(said, |a, b| a == b)? {
            let left = kept.files.get_or_insert_with(BTreeMap::new);
            left.insert(path.clone(), text.clone());
        }
    }
    Ok(kept)
}

/// The first of what most say, where two at least do; None where only one says anything. Else in how many ways it is said.
fn most<T: Copy>(said: Vec<T>, same: impl Fn(T, T) -> bool) -> Result<Option<T>, usize> {
    let with = |one: T| said.iter().filter(|other| same(one, **other)).count();
    let found = said.iter().rev().copied().max_by_key(|one| with(*one));
    match found {
        Some(found) if with(found) > 1 => Ok(Some(found)),
        _ if said.len() < 2 => Ok(None),
        _ => Err(said.len()),
    }
}

/// The same case, whatever it expects.
fn about(one: &Case, case: &Case) -> bool {
    one.id == case.id && input(one) == input(case)
}

/// Nothing that passes one of them must fail the other; what one leaves open does not count.
pub(super) fn agree(a: &Case, b: &Case) -> bool {
    let texts = |a: &Option<String>, b: &Option<String>| match (a, b) {
        (Some(a), Some(b)) => a == b,
        _ => true,
    };
    let files = a.files.iter().flatten().all(|(path, text)| {
        let other = b.files.as_ref().and_then(|files| files.get(path));
        other.is_none_or(|other| other == text)
    });
    same_outcome(a, b) && texts(&a.stdout, &b.stdout) && texts(&a.stderr, &b.stderr) && files
}

/// The same value, error or exit code; main returns its exit code.
fn same_outcome(a: &Case, b: &Case) -> bool {
    let value = |case: &Case| case.expect.clone().or_else(|| case.exit.map(Value::from));
    match (value(a), value(b), &a.throws, &b.throws) {
        (Some(a), Some(b), None, None) => same(&a, &b),
        (None, None, Some(a), Some(b)) => a.contains(b.as_str()) || b.contains(a.as_str()),
        (None, None, None, None) => true,
        _ => false,
    }
}

/// What a case expects, in a few words.
fn result(case: &Case) -> String {
    let text = |name: &str, text: &Option<String>| {
        let quoted = |text: &String| serde_json::to_string(text).unwrap_or_default();
        text.as_ref().map(|it| format!("{name} {}", quoted(it)))
    };
    let parts = [
        case.expect.as_ref().map(ToString::to_string),
        text("throws", &case.throws),
        case.exit.map(|exit| format!("exit {exit}")),
        text("stdout", &case.stdout),
        text("stderr", &case.stderr),
        case.files
            .as_ref()
            .and_then(|files| serde_json::to_string(files).ok())
            .map(|files| format!("files {files}")),
    ];
    short(&parts.into_iter().flatten().collect::<Vec<_>>().join(" "))
}

fn short(text: &str) -> String {
    let cut: String = text.chars().take(SHOWN).collect();
    match cut.len() < text.len() {
        true => format!("{cut}…"),
        false => cut,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(line: &str) -> Case {
        serde_json::from_str(line).unwrap()
    }

    fn call(expect: &str) -> Case {
        case(&format!(
            r#"{{"id":"H1","rule":"R2","call":"f","args":["x"],{expect}}}"#
        ))
    }

    #[test]
    fn two_of_three_carry_a_case_and_the_third_is_told() {
        let own = call(r#""expect":1"#);
        let others = [vec![call(r#""expect":2"#)], vec![call(r#""expect":2.0"#)]];
        let Count::Agreed(kept, Some(note)) = count(&own, &others) else {
            panic!("{:?}", count(&own, &others));
        };
        assert_eq!(kept.expect, Some(2.into()));
        assert_eq!(note, "H1 (R2): most say 2, one says 1");
        let same = count(&own, &[vec![own.clone()], vec![]]);
        assert_eq!(same, Count::Agreed(Box::new(own), None));
    }

    #[test]
    fn each_thing_is_counted_for_itself_and_a_weak_answer_wins_nothing() {
        let command = |rest: &str| {
            case(&format!(
                r#"{{"id":"H1","rule":"R3","cli":["a"],"exit":0{rest}}}"#
            ))
        };
        let weak = || command("");
        let said = |text: &str| command(&format!(r#","stdout":"{text}""#));
        let kept = |own: Case, others: [Case; 2]| {
            let others = others.map(|one| vec![one]);
            match count(&own, &others) {
                Count::Agreed(kept, _) => Some(kept.stdout),
                Count::Alone => None,
                other => panic!("{other:?}"),
            }
        };
        let x = || Some("x".to_owned());
        assert_eq!(kept(weak(), [said("x"), said("x")]), Some(x()));
        assert_eq!(kept(said("x"), [weak(), said("x")]), Some(x()));
        // Two that contradict each other leave nothing to keep, whatever the third leaves open.
        assert_eq!(kept(weak(), [said("x"), said("y")]), None);
        assert_eq!(kept(said("x"), [weak(), weak()]), Some(None));
        let three = [vec![said("y")], vec![said("z")]];
        assert!(matches!(count(&said("x"), &three), Count::Disputed(..)));
        let left = command(r#","files":{"o":"1","p":null}"#);
        let other = command(r#","files":{"o":"1"}"#);
        let Count::Agreed(both, None) = count(&left, &[vec![other]]) else {
            panic!("they agree");
        };
        let files = BTreeMap::from([("o".to_owned(), Some("1".to_owned()))]);
        assert_eq!(both.files, Some(files));
    }

    #[test]
    fn three_results_of_one_input_are_a_dispute_and_fewer_are_none() {
        let own = call(r#""throws":"bad""#);
        let others = [vec![call(r#""expect":2"#)], vec![call(r#""expect":3"#)]];
        let Count::Disputed(rule, words) = count(&own, &others) else {
            panic!("{:?}", count(&own, &others));
        };
        assert_eq!(rule, "R2");
        assert!(words.starts_with("R2 leaves f(\"x\") open: "), "{words}");
        assert!(words.ends_with("throws \"bad\", or 2, or 3"), "{words}");
        let strange = case(r#"{"id":"H1","rule":"R2","call":"f","args":["y"],"throws":"bad"}"#);
        assert_eq!(count(&own, &[vec![strange], vec![]]), Count::Alone);
        // Two that differ are no dispute: the third answer is missing.
        assert_eq!(
            count(&own, &[vec![call(r#""expect":2"#)], vec![]]),
            Count::Alone
        );
    }

    #[test]
    fn what_one_leaves_open_is_no_dispute_and_what_it_says_is() {
        let command = |rest: &str| {
            case(&format!(
                r#"{{"id":"H1","rule":"R3","cli":["a"],"exit":1{rest}}}"#
            ))
        };
        let (open, said) = (command(""), command(r#","stderr":"no a\n""#));
        assert!(agree(&open, &said));
        assert!(!agree(&said, &command(r#","stderr":"no file a\n""#)));
        let thrown = |text: &str| call(&format!(r#""throws":"{text}""#));
        assert!(agree(&thrown("line 1: not"), &thrown("Error: line 1: not")));
        assert!(!agree(&thrown("line 1"), &call(r#""expect":null"#)));
    }

    #[test]
    fn a_question_holds_no_answer_and_answers_to_others_do_not_count() {
        let asked = call(r#""expect":12345"#);
        let line = serde_json::to_string(&question(&asked)).unwrap();
        assert!(!line.contains("12345"), "{line}");
        let reply = "```jsonl\n{\"id\":\"H1\",\"rule\":\"R2\",\"call\":\"f\",\"args\":[\"z\"],\"expect\":1}\n```\n";
        let refused = parse(reply, &[asked]).unwrap_err();
        assert!(refused.problem.contains("0 of 1 cases"), "{refused:?}");
    }
}

//! What QA is asked for: held-out cases, a verdict on the spec, a replacement and a hypothesis; and its answers.

use super::cases::{input, says_little};
use super::deps;
use super::lint::numbered;
use super::prompt::{Desk, Mode, Prompt, data, section};
use super::reply::{self, Malformed};
use super::spec::Spec;
use crate::domain::case::Case;
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeSet;

/// Tokens of a hypothesis, two sentences.
const HYPOTHESIS_TOKENS: u32 = 200;
/// Characters of a hypothesis that are kept.
const HYPOTHESIS_CHARS: usize = 400;

/// QA's word on a spec.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct SpecVerdict {
    /// Why, naming clause or example.
    pub notes: String,
    /// Clauses or examples with more than one reading.
    #[serde(default)]
    pub ambiguous: Vec<String>,
    /// What follows.
    pub verdict: SpecWord,
}

/// Approve or reject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SpecWord {
    /// It can be built and tested as it stands.
    Approve,
    /// A clause must be decided first.
    Reject,
}

/// How many held-out cases a spec wants, in percent of its examples; each rule has one whatever that says.
#[must_use]
pub fn least(spec: &Spec, percent: u32) -> usize {
    let cases = (spec.examples.len() * percent as usize).div_ceil(100);
    cases.max(spec.rules.len())
}

/// Asks for at least so many held-out cases, from the spec alone.
#[must_use]
pub fn cases(desk: &Desk<'_>, spec: &Spec, least: usize) -> Prompt {
    let user = format!(
        "{}{}{}",
        section(
            "Task",
            &format!(
                "Write held-out test cases for the tool `{}` from its spec alone. At least {least} cases, ids H1, H2 and so forth, \
at least one for each rule, a quarter or more of them errors and edges. A command that ends with exit 0 names its stdout or its files. Use other inputs than the examples of the spec. \
Work out every expected value from the rules, step by step; where the spec leaves two results open, take the likelier one.",
                desk.tool
            )
        ),
        section("The form of a case", deps::CASES),
        section("The spec", &data(desk.nonce, "spec", &spec.text)),
    );
    let rule =
        "Reply with the cases in one ```jsonl fence, one JSON object a line. Nothing after it.";
    Prompt::new(desk, "cases", Mode::Think, rule, &user)
}

/// Asks whether the spec builds what people asked for and can be tested as it stands; `notes` are what writing the cases
/// brought up.
#[must_use]
pub fn verdict(desk: &Desk<'_>, spec: &Spec, idea: &str, notes: &str) -> Prompt {
    let notes = notes.trim();
    let notes = if notes.is_empty() {
        String::new()
    } else {
        section("While writing the cases", &data(desk.nonce, "notes", notes))
    };
    let user = format!(
        "{}{}{}{notes}",
        section(
            "Task",
            "Decide whether two programmers who have only this spec would build the same tool. Reject it only when a rule or example \
allows two different results for one input or two of them contradict each other (name it and that input), or when it leaves \
out something that the idea names (say what). Style is no reason.",
        ),
        section("The idea", &data(desk.nonce, "idea", idea)),
        section("The spec", &data(desk.nonce, "spec", &spec.text)),
    );
    let rule = "Reply with one JSON object in a ```json fence: {\"notes\": \"which clause, which input, which two results\", \"ambiguous\": [\"R2\"], \"verdict\": \"approve\" or \"reject\"}.";
    Prompt::new(desk, "verdict", Mode::Decide, rule, &user).shaped(&json!({
        "notes": {"type": "string"},
        "ambiguous": {"type": "array", "items": {"type": "string"}},
        "verdict": {"type": "string", "enum": ["approve", "reject"]},
    }))
}

/// Why a held-out case gives way to a new one.
#[derive(Clone, Copy, Debug)]
pub enum Instead<'a> {
    /// The Developer has now seen it.
    Shown(&'a Case),
    /// It was struck as wrong.
    Struck(&'a Case),
}

impl<'a> Instead<'a> {
    /// The case that gives way.
    #[must_use]
    pub fn case(self) -> &'a Case {
        match self {
            Self::Shown(case) | Self::Struck(case) => case,
        }
    }
}

/// What a held-out set still needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lack {
    /// Rules without a case.
    pub rules: Vec<String>,
    /// Cases that are wanted in all.
    pub cases: usize,
}

impl std::fmt::Display for Lack {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.rules.as_slice() {
            [] => write!(f, "{} more cases are wanted", self.cases),
            [rule] => write!(f, "{rule} has no case"),
            rules => write!(f, "{} have no case", rules.join(", ")),
        }
    }
}

/// What is missing of a case for each rule and `least` in all; None when nothing is.
#[must_use]
pub fn lack(spec: &Spec, cases: &[Case], least: usize) -> Option<Lack> {
    let tested = |id: &String| cases.iter().any(|case| case.rule == *id);
    let rules = spec.rules.iter().map(|rule| &rule.id);
    let rules: Vec<String> = rules.filter(|id| !tested(id)).cloned().collect();
    let short = least.saturating_sub(cases.len()).max(rules.len());
    (short > 0).then_some(Lack {
        rules,
        cases: short,
    })
}

/// Asks for the cases a set still needs.
#[must_use]
pub fn more(desk: &Desk<'_>, spec: &Spec, lack: &Lack, taken: &[String]) -> Prompt {
    let next = next_id(taken);
    let rules = match lack.rules.as_slice() {
        [] => "Any rule may have another one.".to_owned(),
        rules => format!("One at least for each of {}.", rules.join(", ")),
    };
    let user = format!(
        "{}{}{}",
        section(
            "Task",
            &format!(
                "The held-out test cases of the tool `{}` are too few. Write {} new ones from its spec alone, with ids from {next} on. {rules}
Use other inputs than the examples of the spec, and work out every expected value from the rules, step by step. A command that ends with exit 0 names its stdout or its files.",
                desk.tool, lack.cases
            )
        ),
        section("The form of a case", deps::CASES),
        section("The spec", &data(desk.nonce, "spec", &spec.text)),
    );
    let form =
        "Reply with the cases in one ```jsonl fence, one JSON object a line. Nothing after it.";
    Prompt::new(desk, "more", Mode::Think, form, &user)
}

/// Asks for one new case for the rule of one that gives way.
#[must_use]
pub fn replace(desk: &Desk<'_>, spec: &Spec, taken: &[String], instead: Instead<'_>) -> Prompt {
    let next = next_id(taken);
    let rule = &instead.case().rule;
    let shown = serde_json::to_string(instead.case()).unwrap_or_default();
    let known = match instead {
        Instead::Shown(_) => {
            format!("It must fail for a program that handles only this case: {shown}")
        }
        Instead::Struck(_) => {
            format!(
                "It takes the place of this one, which was struck because the spec does not say so: {shown}"
            )
        }
    };
    let user = format!(
        "{}{}{}",
        section(
            "Task",
            &format!(
                "Write one new held-out case for rule {rule} of the tool `{}`, with the id {next}. {known}\nUse another input that tests the same rule, and work out the expected value from the rule.",
                desk.tool
            )
        ),
        section("The form of a case", deps::CASES),
        section("The spec", &data(desk.nonce, "spec", &spec.text)),
    );
    let form = "Reply with exactly one case in one ```jsonl fence, on one line. Nothing after it.";
    Prompt::new(desk, "replace", Mode::Think, form, &user)
        .writing(desk, desk.numbers.verdict_tokens)
}

/// Asks for at most two sentences on the cause of a failure.
#[must_use]
pub fn hypothesis(desk: &Desk<'_>, spec: &Spec, bug_text: &str) -> Prompt {
    let rules: Vec<String> = spec
        .rules
        .iter()
        .map(|r| format!("- {}: {}", r.id, r.text))
        .collect();
    let user = format!(
        "{}{}{}",
        section(
            "Task",
            "Name the likely cause of this failure. Quote the rule it breaks. Do not say how to write the code.",
        ),
        section("Rules", &data(desk.nonce, "rules", &rules.join("\n"))),
        section("Failure", &data(desk.nonce, "test results", bug_text)),
    );
    let rule = "Reply with at most two sentences of plain text.";
    Prompt::new(desk, "hypothesis", Mode::Write, rule, &user).writing(desk, HYPOTHESIS_TOKENS)
}

/// A reply's hypothesis, on one line: its first two sentences.
pub fn parse_hypothesis(reply: &str) -> Result<String, Malformed> {
    let words = reply::plain(reply, HYPOTHESIS_CHARS)?;
    let words: Vec<&str> = words.split_whitespace().collect();
    let ends = words.iter().enumerate();
    let mut ends = ends.filter(|(_, word)| word.ends_with(['.', '!', '?']));
    let most = ends.nth(1).map_or(words.len(), |(at, _)| at + 1);
    Ok(words.get(..most).unwrap_or_default().join(" "))
}

/// Whether words name a rule of the spec: what quotes none is QA's own idea of how to program.
#[must_use]
pub fn quotes_a_rule(words: &str, spec: &Spec) -> bool {
    let named = |id: &str| {
        let mut each = words.split(|c: char| !c.is_ascii_alphanumeric());
        each.any(|word| word == id)
    };
    let mut rules = spec.rules.iter();
    rules.any(|rule| named(&rule.id) || words.contains(rule.text.trim_end_matches('.')))
}

/// A reply's verdict; a rejection must say why.
pub fn parse_verdict(reply: &str) -> Result<SpecVerdict, Malformed> {
    let verdict: SpecVerdict = reply::json(reply)?;
    if verdict.verdict == SpecWord::Reject && verdict.notes.trim().is_empty() {
        return Err(Malformed::new(
            "the verdict is reject and `notes` is empty; name the clause and an input with two results",
        ));
    }
    Ok(verdict)
}

/// The first free id after those taken.
#[must_use]
pub fn next_id(taken: &[String]) -> String {
    let numbers = taken.iter().filter_map(|id| id.strip_prefix('H'));
    let highest = numbers.filter_map(|n| n.parse::<u32>().ok()).max();
    format!("H{}", highest.unwrap_or(0).saturating_add(1))
}

/// A reply's held-out cases, so many at least; all that is wrong with them is said at once.
pub fn parse_cases(reply: &str, spec: &Spec, least: usize) -> Result<Vec<Case>, Malformed> {
    accept_cases(reply::cases(reply)?, spec, &[], least)
}

/// A reply's cases in addition to those `known`, their ids none of those `taken`.
pub fn parse_more(
    reply: &str,
    spec: &Spec,
    taken: &[String],
    known: &[Case],
) -> Result<Vec<Case>, Malformed> {
    let cases = reply::cases(reply)?;
    let known: Vec<Case> = known.iter().chain(&spec.examples).cloned().collect();
    let problems = check(&cases, spec, &known, taken);
    settle(cases, problems)
}

/// Held-out cases whoever wrote them: at least so many, their ids none of those `taken`.
pub fn accept_cases(
    cases: Vec<Case>,
    spec: &Spec,
    taken: &[String],
    least: usize,
) -> Result<Vec<Case>, Malformed> {
    let mut problems = check(&cases, spec, &spec.examples, taken);
    if cases.len() < least {
        problems.push(format!(
            "there are {} cases and at least {least} are wanted",
            cases.len()
        ));
    }
    settle(cases, problems)
}

/// A reply's one case for `rule`, its id none of those `taken`, its input none of those `known` or public.
pub fn parse_replacement(
    reply: &str,
    spec: &Spec,
    rule: &str,
    taken: &[String],
    known: &[Case],
) -> Result<Case, Malformed> {
    let cases = reply::cases(reply)?;
    let known: Vec<Case> = known.iter().chain(&spec.examples).cloned().collect();
    let mut problems = check(&cases, spec, &known, taken);
    if cases.len() != 1 {
        problems.push(format!(
            "there are {} cases and exactly one is wanted",
            cases.len()
        ));
    }
    if let Some(case) = cases.iter().find(|case| case.rule != rule) {
        problems.push(format!(
            "{} is for {} and must be for {rule}",
            case.id, case.rule
        ));
    }
    let mut cases = settle(cases, problems)?;
    cases
        .pop()
        .ok_or_else(|| Malformed::new("there is no case in the fence"))
}

fn settle(cases: Vec<Case>, problems: Vec<String>) -> Result<Vec<Case>, Malformed> {
    if problems.is_empty() {
        return Ok(cases);
    }
    let more = problems.len().saturating_sub(8);
    let mut words: Vec<String> = problems.into_iter().take(8).collect();
    if more > 0 {
        words.push(format!("and {more} more problems like these"));
    }
    Err(Malformed::new(words.join("; ")))
}

fn check(cases: &[Case], spec: &Spec, known: &[Case], taken: &[String]) -> Vec<String> {
    let mut problems = Vec::new();
    let mut ids: BTreeSet<&str> = taken.iter().map(String::as_str).collect();
    let mut inputs: Vec<(String, &str)> = known.iter().map(|c| (input(c), c.id.as_str())).collect();
    for case in cases {
        let id = case.id.as_str();
        if !numbered(id, 'H') {
            problems.push(format!("{id} is not an id of the form H1"));
        }
        if !ids.insert(id) {
            problems.push(format!("the id {id} is used already"));
        }
        if spec.rule(&case.rule).is_none() {
            problems.push(format!(
                "{id} names {}, which is not a rule of the spec",
                case.rule
            ));
        }
        if says_little(case) {
            problems.push(format!(
                "{id} expects nothing but exit 0; add its stdout or its files"
            ));
        }
        let call = case.call.as_deref().filter(|call| !spec.has_export(call));
        if let Some(call) = call {
            problems.push(format!(
                "{id} calls {call}, which section API does not list"
            ));
        }
        let asked = input(case);
        match inputs.iter().find(|(known, _)| *known == asked) {
            Some((_, other)) => {
                problems.push(format!(
                    "{id} has the same input as {other}; use another one"
                ));
            }
            None => inputs.push((asked, id)),
        }
    }
    problems
}

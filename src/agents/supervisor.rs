//! What the Supervisor is asked: the whole of a tool in one prompt; and its verdict within bounds.

use super::prompt::{Desk, Mode, Prompt, clip, data, section};
use super::reply::{self, Malformed};
use super::secrecy;
use super::spec::Spec;
use crate::domain::case::CaseResult;
use crate::domain::command::Decision;
use crate::domain::mutation::Survivor;
use crate::text::tokens;
use serde::Deserialize;
use serde_json::{Value, json};

/// Words of instructions a verdict may carry.
const MOST_WORDS: usize = 150;
/// Tokens of cycle log (harness 1.7).
const LOG_TOKENS: u32 = 300;
/// Characters of run summary shown.
const SUMMARY_CHARS: usize = 2400;
/// Held-out results shown one by one.
const RESULTS: usize = 20;
/// Least characters of diff worth showing.
const LEAST_DIFF: usize = 2000;

/// A tool to decide on.
#[derive(Clone, Copy, Debug)]
pub struct ReviewBrief<'a> {
    /// Who, what tool, limits.
    pub desk: Desk<'a>,
    /// What people asked for.
    pub idea: &'a str,
    /// The spec's text; empty when none was ever accepted.
    pub spec: &'a str,
    /// Diff against main.
    pub diff: &'a str,
    /// What the gates measured, in lines.
    pub run: &'a str,
    /// Held-out results of that run.
    pub held_out: &'a [CaseResult],
    /// Changes of the sources that no test noticed.
    pub survivors: &'a [Survivor],
    /// One line a cycle, oldest first.
    pub log: &'a [String],
    /// Why it was escalated.
    pub escalation: Option<&'a str>,
    /// The case that is in doubt, its rule, and what each program made of it.
    pub disputed: Option<&'a str>,
    /// What may be decided.
    pub allowed: &'a [Decision],
    /// Words of the operator.
    pub hint: Option<&'a str>,
}

/// The Supervisor's word.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ReviewVerdict {
    /// What was looked at and found.
    #[serde(default)]
    pub checks: Vec<String>,
    /// The decision.
    pub verdict: Decision,
    /// What is to be done, at most 150 words.
    #[serde(default)]
    pub instructions: String,
    /// The file a send-back or takeover is about.
    #[serde(default)]
    pub file: Option<String>,
    /// The case a test-defect is about.
    #[serde(default)]
    pub case: Option<String>,
}

/// Asks for a decision.
#[must_use]
pub fn review(brief: &ReviewBrief<'_>) -> Prompt {
    let bare = build(brief, "");
    let numbers = brief.desk.numbers;
    let window = numbers.context.saturating_sub(bare.max_tokens + 512);
    let room = window
        .min(numbers.prompt_tokens)
        .saturating_sub(bare.estimate());
    // Estimates count 3.6 characters a token; three leave a margin.
    let most = (room as usize * 3).max(LEAST_DIFF);
    build(brief, &clip(brief.diff, most))
}

fn build(brief: &ReviewBrief<'_>, diff: &str) -> Prompt {
    let nonce = brief.desk.nonce;
    let user = format!(
        "{}{}{}{}{}{}{}{}{}{}{}",
        section("Task", &task(brief)),
        part(
            "Why it is here",
            nonce,
            "reason",
            brief.escalation.unwrap_or_default()
        ),
        part(
            "The case in doubt",
            nonce,
            "case",
            brief.disputed.unwrap_or_default()
        ),
        part("Idea", nonce, "idea", brief.idea),
        part("Spec", nonce, "spec", brief.spec),
        part("Gates", nonce, "gates", &clip(brief.run, SUMMARY_CHARS)),
        part(
            "Held-out cases",
            nonce,
            "held-out",
            &results(brief.held_out)
        ),
        part(
            "Changes of the sources that no test notices",
            nonce,
            "survivors",
            &survivors(brief.survivors)
        ),
        part("Cycles", nonce, "log", &recent(brief.log)),
        part(
            "Words of the operator",
            nonce,
            "hint",
            brief.hint.unwrap_or_default()
        ),
        section("Diff", &by_file(nonce, diff)),
    );
    let words: Vec<&str> = brief.allowed.iter().copied().map(Decision::name).collect();
    let rule = form(brief.allowed, &words);
    // What is wrong, the code, a test or the spec, is found out by thinking; a finished tool is only checked.
    let mode = match brief.escalation {
        Some(_) => Mode::Think,
        None => Mode::Decide,
    };
    let prompt = Prompt::new(&brief.desk, "verdict", mode, &rule, &user);
    let words_most = brief.desk.numbers.verdict_tokens;
    let fields = fields(brief.allowed, &words);
    prompt.writing(&brief.desk, words_most).shaped(&fields)
}

/// Those the verdicts allowed can have.
fn fields(allowed: &[Decision], words: &[&str]) -> Value {
    let text = || json!({"type": "string"});
    let mut fields = json!({
        "checks": {"type": "array", "items": text()},
        "verdict": {"type": "string", "enum": words},
        "instructions": text(),
    });
    let files = [Decision::SendBack, Decision::Takeover];
    let may = [
        (
            "file",
            files.iter().any(|of_file| allowed.contains(of_file)),
        ),
        ("case", allowed.contains(&Decision::TestDefect)),
    ];
    if let Some(fields) = fields.as_object_mut() {
        let there = may.iter().filter(|(_, is)| *is);
        fields.extend(there.map(|(name, _)| ((*name).to_owned(), text())));
    }
    fields
}

/// How the reply must look.
fn form(allowed: &[Decision], words: &[&str]) -> String {
    let only = |decision, words| {
        if allowed.contains(&decision) {
            words
        } else {
            ""
        }
    };
    let file = only(
        Decision::SendBack,
        ", \"file\": \"src/x.js\" (only with send-back)",
    );
    let taken = only(
        Decision::Takeover,
        ", \"file\": \"src/x.js\" (only with takeover)",
    );
    let case = only(
        Decision::TestDefect,
        ", \"case\": \"H1\" (only with test-defect)",
    );
    format!(
        "Reply with one JSON object in a ```json fence: {{\"checks\": [\"what you looked at and found\"], \"verdict\": {}, \"instructions\": \"at most {MOST_WORDS} words\"{file}{taken}{case}}}.",
        words
            .iter()
            .map(|w| format!("\"{w}\""))
            .collect::<Vec<_>>()
            .join(" or ")
    )
}

fn part(title: &str, nonce: &str, what: &str, text: &str) -> String {
    if text.trim().is_empty() {
        return String::new();
    }
    section(title, &data(nonce, what, text))
}

/// A diff, a block a file.
fn by_file(nonce: &str, diff: &str) -> String {
    let mut files: Vec<String> = Vec::new();
    for line in diff.lines() {
        match files
            .last_mut()
            .filter(|_| !line.starts_with("diff --git "))
        {
            Some(file) => file.extend(["\n", line]),
            None => files.push(line.to_owned()),
        }
    }
    let blocks: Vec<String> = files.iter().map(|file| data(nonce, "diff", file)).collect();
    blocks.join("\n")
}

fn task(brief: &ReviewBrief<'_>) -> String {
    let mut task = format!("Decide on the tool `{}`.\n", brief.desk.tool);
    if brief.escalation.is_some() {
        task.push_str("It got stuck: find out whether the code, a test or the spec is wrong, and say what to do next.\n");
    } else {
        task.push_str(
            "Its tests are green. Read the diff against the rules of the spec and answer in `checks`, one sentence each:\n\
- Is any result hard-coded: a branch, table or literal made for the inputs of examples or tests?\n\
- Do the tests check what the rules say, or only what the code does?\n\
- Does every rule hold for inputs that no example shows?\n\
- Does the spec build what the idea asks for, and leave nothing out that it names?\n\
- Does the README tell the truth?\n",
        );
    }
    if !brief.held_out.is_empty() {
        task.push_str("The Developer reads `instructions`: name rules there, never a held-out case, its input or its result.\n");
    }
    for decision in brief.allowed {
        task.push_str(&format!("{}: {}\n", decision.name(), meaning(*decision)));
    }
    task
}

fn meaning(decision: Decision) -> &'static str {
    match decision {
        Decision::Ship => "good as it is.",
        Decision::SendBack => {
            "one file must change; `instructions` say what is wrong and what is wanted, `file` names it."
        }
        Decision::Respec => {
            "the spec is wrong or cannot be built; `instructions` name the clause and what it should say."
        }
        Decision::Hint => {
            "the next try can work with your diagnosis in `instructions`: what is wrong and why."
        }
        Decision::TestDefect => {
            "a held-out case contradicts the spec; `case` is its id, `instructions` say what the spec wants instead."
        }
        Decision::Takeover => {
            "you write one file yourself; `instructions` say what is wrong, `file` names it. You are asked for its text next."
        }
    }
}

fn results(held_out: &[CaseResult]) -> String {
    if held_out.is_empty() {
        return String::new();
    }
    let passed = held_out.iter().filter(|r| r.passed).count();
    let mut lines = vec![format!("{passed} of {} pass", held_out.len())];
    let failed = held_out.iter().filter(|r| !r.passed);
    lines.extend(failed.take(RESULTS).map(|r| {
        format!(
            "{} {}: {} expected {} received {}",
            r.id, r.rule, r.reproduce, r.expected, r.received
        )
    }));
    lines.join("\n")
}

/// One a line: each may be a rule that no test checks, or a change that changes nothing.
fn survivors(all: &[Survivor]) -> String {
    let lines: Vec<String> = all.iter().map(Survivor::to_string).collect();
    lines.join("\n")
}

/// The newest lines that fit, with a mark for those that do not.
fn recent(log: &[String]) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut used = 8;
    for line in log.iter().rev() {
        used += tokens::estimate(line) + 1;
        if used > LOG_TOKENS {
            break;
        }
        kept.push(line);
    }
    kept.reverse();
    let left = log.len() - kept.len();
    let mark = if left > 0 {
        format!("[{left} earlier lines cut]\n")
    } else {
        String::new()
    };
    format!("{mark}{}", kept.join("\n"))
}

/// What a verdict has to keep to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bounds<'a> {
    /// What may be decided.
    pub allowed: &'a [Decision],
    /// Cases that can be struck.
    pub cases: &'a [String],
    /// Held-out results nobody else has seen.
    pub hidden: &'a [CaseResult],
    /// The spec's text.
    pub spec: &'a str,
}

/// A reply's verdict, if it is one of those allowed and keeps to the bounds.
pub fn parse(reply: &str, bounds: &Bounds<'_>) -> Result<ReviewVerdict, Malformed> {
    let Bounds { allowed, cases, .. } = *bounds;
    let mut verdict: ReviewVerdict = reply::json(reply)?;
    verdict.instructions = verdict.instructions.trim().to_owned();
    if !allowed.contains(&verdict.verdict) {
        let words: Vec<&str> = allowed.iter().copied().map(Decision::name).collect();
        return Err(Malformed::new(format!(
            "the verdict `{}` is not possible here; use {}",
            verdict.verdict.name(),
            words.join(" or ")
        )));
    }
    let words = verdict.instructions.split_whitespace().count();
    if words > MOST_WORDS {
        return Err(Malformed::new(format!(
            "`instructions` has {words} words and at most {MOST_WORDS} are allowed"
        )));
    }
    if words == 0 && verdict.verdict != Decision::Ship {
        return Err(Malformed::new(format!(
            "the verdict is {} and `instructions` is empty; say what is to be done",
            verdict.verdict.name()
        )));
    }
    discreet(&verdict, bounds)?;
    verdict.case = verdict
        .case
        .filter(|_| verdict.verdict == Decision::TestDefect);
    if verdict.verdict == Decision::TestDefect
        && !verdict
            .case
            .as_ref()
            .is_some_and(|case| cases.contains(case))
    {
        return Err(Malformed::new(format!(
            "`case` must be one of {}",
            cases.join(", ")
        )));
    }
    verdict.file = verdict.file.filter(|file| !file.trim().is_empty());
    match (&verdict.file, verdict.verdict) {
        (Some(file), Decision::SendBack | Decision::Takeover) if !super::policy::writable(file) => {
            Err(Malformed::new(format!(
                "`file` is {file}, which the Developer does not write; name a file of src, its test or README.md"
            )))
        }
        (Some(_), Decision::SendBack | Decision::Takeover) | (None, _) => Ok(verdict),
        (Some(_), _) => {
            verdict.file = None;
            Ok(verdict)
        }
    }
}

/// What the Developer is to read gives no held-out case away.
fn discreet(verdict: &ReviewVerdict, bounds: &Bounds<'_>) -> Result<(), Malformed> {
    use Decision::{Hint, Respec, SendBack};
    if !matches!(verdict.verdict, Hint | SendBack | Respec) {
        return Ok(());
    }
    match secrecy::quoted(&verdict.instructions, bounds.hidden, bounds.spec) {
        None => Ok(()),
        Some(told) => Err(Malformed::new(format!(
            "`instructions` gives away a held-out case ({told}); the Developer reads it: name the rule and what is wrong in general"
        ))),
    }
}

/// The file a send-back is about: the one it names, else the last planned file its instructions mention.
#[must_use]
pub fn file_of(verdict: &ReviewVerdict, spec: &Spec) -> Option<String> {
    let named = verdict.file.clone();
    named.or_else(|| {
        let mut plan = spec.plan().into_iter();
        plan.rfind(|path| verdict.instructions.contains(path.as_str()))
    })
}

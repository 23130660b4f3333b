//! Triage of an idea before anything is written: one that looks large is asked about once, and what is too large for one
//! small tool comes back with a proposal how to split it.

use super::prompt::{Desk, Mode, Prompt, Shape, section};
use super::reply::{self, Malformed};
use serde::Deserialize;
use serde_json::json;

/// How a reason begins that only the operator can answer.
pub const TOO_LARGE: &str = "too large for one small tool";
/// Between the parts of a reason.
const BETWEEN: &str = " | ";
/// Tokens of the answer.
const TOKENS: u32 = 500;
/// Parts that are proposed at most.
const PARTS: usize = 5;
/// Characters of a part.
const PART_CHARS: usize = 200;
/// Joints of a sentence, such as commas, from which an idea looks like several.
const JOINTS: usize = 8;
/// Words for what is never one small command.
const LARGE: [&str; 12] = [
    "platform",
    "framework",
    "website",
    "web app",
    "marketplace",
    "dashboard",
    "mobile",
    "game",
    "operating system",
    "database",
    "compiler",
    "clone of",
];

/// The answer about an idea.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Triage {
    /// Why.
    #[serde(default)]
    pub notes: String,
    /// It fits.
    pub fits: bool,
    /// Else what it could be split into, each an idea of its own.
    #[serde(default)]
    pub parts: Vec<String>,
}

/// Whether an idea looks too large; without that nobody is asked. `words` = 0: never.
#[must_use]
pub fn looks_large(idea: &str, words: u32) -> bool {
    if words == 0 {
        return false;
    }
    let lower = idea.to_lowercase();
    let count = lower.split_whitespace().count();
    let signs = lower.matches([',', ';', '\n']).count();
    let joints = signs + lower.matches(" and ").count() + lower.matches(" with ").count();
    count > words as usize || joints >= JOINTS || LARGE.iter().any(|word| lower.contains(word))
}

/// Asks whether an idea is one small tool.
#[must_use]
pub fn ask(desk: &Desk<'_>, idea: &str) -> Prompt {
    let Shape {
        files,
        rules,
        exports,
        ..
    } = desk.numbers.shape;
    let task = format!(
        "Decide whether this idea is one small command-line tool for Node.js: at most {files} source files of {} lines, {exports} functions, {rules} testable rules, \
no packages, no screens, no program that keeps running. If it is not, split it into 2 to {PARTS} tools that each are, the most useful first, each in one sentence.",
        desk.numbers.file_lines
    );
    let user = format!(
        "{}{}",
        section("Idea", &format!("Tool `{}`: {}", desk.tool, idea.trim())),
        section("Task", &task),
    );
    let rule = "Reply with one JSON object in a ```json fence: {\"notes\": \"why, in one sentence\", \"fits\": true or false, \"parts\": [\"only when it does not fit: one sentence a tool\"]}.";
    Prompt::new(desk, "triage", Mode::Decide, rule, &user)
        .writing(desk, TOKENS)
        .shaped(&json!({
            "notes": {"type": "string"},
            "fits": {"type": "boolean"},
            "parts": {"type": "array", "items": {"type": "string"}},
        }))
}

/// A reply's answer; what does not fit needs a proposal.
pub fn parse(reply: &str) -> Result<Triage, Malformed> {
    let mut triage: Triage = reply::json(reply)?;
    let plain = |part: String| {
        let words = part.replace('|', "/");
        let line = words.split_whitespace().collect::<Vec<_>>().join(" ");
        line.chars().take(PART_CHARS).collect::<String>()
    };
    triage.parts = triage.parts.into_iter().map(plain).collect();
    triage.parts.retain(|part| !part.is_empty());
    triage.parts.truncate(PARTS);
    if !triage.fits && triage.parts.len() < 2 {
        return Err(Malformed::new(
            "`fits` is false and `parts` names fewer than two tools; name them, or say that it fits",
        ));
    }
    Ok(triage)
}

/// What the operator reads of an idea that does not fit.
#[must_use]
pub fn reason(triage: &Triage) -> String {
    let why = triage.notes.split_whitespace().collect::<Vec<_>>();
    let why = why.join(" ").replace(BETWEEN, "; ");
    format!(
        "{TOO_LARGE}: {why} It could be split into{BETWEEN}{}",
        triage.parts.join(BETWEEN)
    )
}

/// The parts proposed in a reason.
#[must_use]
pub fn parts(reason: &str) -> Vec<&str> {
    match reason.starts_with(TOO_LARGE) {
        true => reason.split(BETWEEN).skip(1).collect(),
        false => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_looks_large_is_asked_about() {
        assert!(!looks_large(
            "adds the whole numbers of a file, one a line",
            40
        ));
        assert!(looks_large("a platform for invoices", 40));
        assert!(looks_large(&"word ".repeat(41), 40));
        assert!(looks_large("a, b, c, d, e, f, g and h with i", 40));
        assert!(!looks_large(&"a platform, ".repeat(41), 0));
    }

    #[test]
    fn a_proposal_is_read_and_comes_back_out_of_its_reason() {
        let reply = "```json\n{\"notes\":\"Three tools in one.\",\"fits\":false,\"parts\":[\"a: reads | writes\",\" \",\"b: sums\"]}\n```";
        let triage = parse(reply).unwrap();
        assert_eq!(triage.parts, ["a: reads / writes", "b: sums"]);
        let reason = reason(&triage);
        assert!(reason.starts_with("too large for one small tool: Three tools in one."));
        assert_eq!(parts(&reason), ["a: reads / writes", "b: sums"]);
        assert!(parts("set aside | for a person").is_empty());
        let alone = "```json\n{\"notes\":\"x\",\"fits\":false,\"parts\":[\"a\"]}\n```";
        assert!(parse(alone).unwrap_err().problem.contains("fewer than two"));
    }
}

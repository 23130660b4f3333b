//! What today's harness makes of a recorded reply, without running code: its form, the linter, the write policy, the scan.

use super::reply::{self, Malformed};
use super::spec::Spec;
use super::{developer, lint, qa, scan, supervisor};
use crate::agents::prompt::Numbers;
use crate::domain::command::Decision;
use crate::domain::package::Package;
use crate::domain::phase::Phase;
use crate::domain::stuck::Fault;
use std::collections::BTreeMap;

/// What was in force when the reply came.
#[derive(Clone, Copy, Debug)]
pub struct Then<'a> {
    /// Name of the tool.
    pub tool: &'a str,
    /// Its phase.
    pub phase: Phase,
    /// The accepted spec; None before there was one.
    pub spec: Option<&'a Spec>,
    /// The tool's files by path.
    pub sources: &'a BTreeMap<String, String>,
    /// What a review could decide.
    pub allowed: &'a [Decision],
    /// Cases a review could strike.
    pub cases: &'a [String],
    /// Limits, as the settings are today.
    pub numbers: &'a Numbers,
    /// Packages a tool may use today.
    pub packages: &'a [Package],
}

/// What is made of a reply.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judged {
    /// What is wrong with its form, as the rules over replies see it.
    pub fault: Option<Fault>,
    /// In words: what it is, or why it cannot be used.
    pub words: String,
    /// Its form holds, but the linter refuses the spec in it.
    pub refused: bool,
    /// The text it puts into the file asked for.
    pub text: Option<String>,
}

/// Judges the answer to a prompt of this purpose; `path` is the file asked for, where it is one.
#[must_use]
pub fn judge(purpose: &str, path: Option<&str>, reply: &str, then: &Then<'_>) -> Judged {
    if purpose == "step" {
        return said("not judged: a turn of the tool loop");
    }
    if reply.trim().is_empty() {
        return Judged {
            fault: Some(Fault::Form),
            words: "there is no answer in it".to_owned(),
            ..Judged::default()
        };
    }
    let found = match (purpose, then.phase) {
        ("draft", _) => reply::plain(reply, developer::DRAFT_CHARS).map(|_| said("a draft")),
        ("template" | "repair", _) => developer::parse_spec(reply).map(|text| linted(&text, then)),
        ("cases", _) => with_spec(then, |spec| {
            let cases = qa::parse_cases(reply, spec)?;
            Ok(said(&format!("{} held-out cases", cases.len())))
        }),
        ("replace", _) => {
            reply::cases(reply).map(|_| said("a case; its id and rule are not judged"))
        }
        ("hypothesis", _) => qa::parse_hypothesis(reply).map(|_| said("a hypothesis")),
        ("verdict", Phase::SpecReview) => qa::parse_verdict(reply).map(|verdict| {
            said(match verdict.verdict {
                qa::SpecWord::Approve => "approves the spec",
                qa::SpecWord::Reject => "rejects the spec",
            })
        }),
        ("verdict", _) => supervisor::parse(reply, then.allowed, then.cases)
            .map(|verdict| said(&format!("decides {}", verdict.verdict))),
        ("file", _) => with_spec(then, |spec| {
            file(path.unwrap_or_default(), reply, spec, then)
        }),
        _ => Ok(said("not judged: no such prompt is known today")),
    };
    found.unwrap_or_else(|problem| Judged {
        fault: Some(match problem.bare {
            true => Fault::Monologue,
            false => Fault::Form,
        }),
        words: problem.problem,
        ..Judged::default()
    })
}

fn said(words: &str) -> Judged {
    Judged {
        words: words.to_owned(),
        ..Judged::default()
    }
}

fn with_spec(
    then: &Then<'_>,
    judge: impl Fn(&Spec) -> Result<Judged, Malformed>,
) -> Result<Judged, Malformed> {
    match then.spec {
        Some(spec) => judge(spec),
        None => Ok(said("not judged: its spec is not in this home")),
    }
}

fn linted(text: &str, then: &Then<'_>) -> Judged {
    match lint::lint(text, then.tool, then.numbers, then.packages) {
        Ok(_) => said("a spec the linter takes"),
        Err(problems) => Judged {
            words: format!("the linter refuses it: {}", problems.join("; ")),
            refused: true,
            ..Judged::default()
        },
    }
}

fn file(path: &str, reply: &str, spec: &Spec, then: &Then<'_>) -> Result<Judged, Malformed> {
    let before = then.sources.get(path).map(String::as_str);
    let before = before.filter(|_| then.phase == Phase::Fixing);
    let (text, notes) =
        developer::from_reply(path, reply, before, spec, then.sources, then.numbers)?;
    let mut words = format!("{path}, {} lines", text.lines().count());
    if !notes.is_empty() {
        words += &format!("; mended: {}", notes.join("; "));
    }
    let found = match path.ends_with(".js") {
        true => scan::scan(path, &text, then.packages),
        false => Vec::new(),
    };
    if let Some(first) = found.first() {
        words += &format!("; the scan finds {}, first: {first}", found.len());
    }
    Ok(Judged {
        words,
        text: Some(text),
        ..Judged::default()
    })
}

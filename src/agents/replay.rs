//! What today's harness makes of a recorded reply, without running code: its form, the linter, the write policy, the scan.

use super::acting::{self, Action, Refused, Style};
use super::reply::{self, Malformed};
use super::spec::Spec;
use super::talk::ToolCall;
use super::{developer, lint, qa, scan, supervisor};
use crate::agents::prompt::Numbers;
use crate::domain::command::Decision;
use crate::domain::package::Package;
use crate::domain::phase::Phase;
use crate::domain::stuck::Fault;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

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
    /// Held-out cases that are wanted, in percent of the examples of the spec.
    pub held_out: u32,
    /// Packages a tool may use today.
    pub packages: &'a [Package],
}

impl Then<'_> {
    /// What a review had to keep to; which results it saw is not known any more.
    fn bounds(&self) -> supervisor::Bounds<'_> {
        supervisor::Bounds {
            allowed: self.allowed,
            cases: self.cases,
            ..supervisor::Bounds::default()
        }
    }
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
    /// Files it writes, each with its text.
    pub written: Vec<(String, String)>,
}

/// The answer of one turn of the tool loop.
#[derive(Clone, Copy, Debug)]
pub struct Called<'a> {
    /// Its text.
    pub text: &'a str,
    /// Tools it calls.
    pub calls: &'a [ToolCall],
    /// Its blocks as they came.
    pub blocks: &'a [Value],
    /// How it was to call them.
    pub style: Style,
}

/// Judges a turn of the tool loop; `before` are the files its loop had written by then.
#[must_use]
pub fn step(called: &Called<'_>, before: &BTreeSet<String>, then: &Then<'_>) -> Judged {
    let judged = with_spec(then, |spec| {
        let repair = then.phase == Phase::Fixing;
        let may_end = match repair {
            true => !before.is_empty(),
            false => spec.plan().iter().all(|path| before.contains(path)),
        };
        let step = acting::read(
            called.text,
            called.calls,
            called.blocks,
            called.style,
            may_end,
        )?;
        Ok(acted(&step, called.style, before, spec, then))
    });
    judged.unwrap_or_else(unusable)
}

/// What a turn comes to, action by action.
fn acted(
    step: &acting::Step,
    style: Style,
    before: &BTreeSet<String>,
    spec: &Spec,
    then: &Then<'_>,
) -> Judged {
    let writes = |action: &Result<Action, Refused>| matches!(action, Ok(Action::Write(..)));
    let alone = step.wanted.iter().filter(|one| writes(&one.action)).count() == 1;
    let apart = style == Style::Tools && !step.salvaged && alone;
    let fence = Some(step.said.content.as_str()).filter(|text| apart && text.contains("```"));
    let mut sources = then.sources.clone();
    let (mut words, mut written) = (Vec::new(), Vec::new());
    for wanted in &step.wanted {
        words.push(match &wanted.action {
            Ok(Action::Read(path)) => format!("reads {path}"),
            Ok(Action::RunTests) => "runs the tests".to_owned(),
            Ok(Action::GiveUp(_)) => "gives up".to_owned(),
            Err(Refused::Words(words)) => format!("is refused: {words}"),
            Err(Refused::Unknown) => format!("calls {}, which is no tool", wanted.answers.name),
            Ok(Action::Write(path, text)) => {
                let again = then.phase == Phase::Fixing || before.contains(path);
                let known = sources.get(path).filter(|_| again).map(String::as_str);
                let numbers = then.numbers;
                let taken = match (text, fence) {
                    (Some(text), _) => {
                        developer::from_text(path, text, known, spec, &sources, numbers)
                    }
                    (None, Some(said)) => {
                        developer::from_reply(path, said, known, spec, &sources, numbers)
                    }
                    (None, None) => Err(Malformed::new("its text is asked for")),
                };
                match taken {
                    Ok((text, _)) => {
                        sources.insert(path.clone(), text.clone());
                        written.push((path.clone(), text));
                        format!("writes {path}")
                    }
                    Err(problem) => format!("does not write {path}: {}", problem.problem),
                }
            }
        });
    }
    if words.is_empty() {
        words.push("says that it is done".to_owned());
    }
    Judged {
        words: words.join("; "),
        written,
        ..Judged::default()
    }
}

fn unusable(problem: Malformed) -> Judged {
    Judged {
        fault: Some(problem.fault),
        words: problem.problem,
        ..Judged::default()
    }
}

/// Judges the answer to a prompt of this purpose; `path` is the file asked for, where it is one.
#[must_use]
pub fn judge(purpose: &str, path: Option<&str>, reply: &str, then: &Then<'_>) -> Judged {
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
            let cases = qa::parse_cases(reply, spec, qa::least(spec, then.held_out))?;
            Ok(said(&format!("{} held-out cases", cases.len())))
        }),
        ("replace" | "more", _) => {
            reply::cases(reply).map(|_| said("cases; their ids and rules are not judged"))
        }
        ("hypothesis", _) => qa::parse_hypothesis(reply).map(|_| said("a hypothesis")),
        ("verdict", Phase::SpecReview) => qa::parse_verdict(reply).map(|verdict| {
            said(match verdict.verdict {
                qa::SpecWord::Approve => "approves the spec",
                qa::SpecWord::Reject => "rejects the spec",
            })
        }),
        ("verdict", _) => supervisor::parse(reply, &then.bounds())
            .map(|verdict| said(&format!("decides {}", verdict.verdict))),
        ("file", _) => with_spec(then, |spec| {
            file(path.unwrap_or_default(), reply, spec, then)
        }),
        _ => Ok(said("not judged: no such prompt is known today")),
    };
    found.unwrap_or_else(unusable)
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
        written: vec![(path.to_owned(), text)],
        ..Judged::default()
    })
}

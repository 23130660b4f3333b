//! Replies: the one fence that is expected, JSON verdicts and case lines, with problems fit to be sent back.

use super::cases;
use super::printed;
use crate::domain::case::Case;
use crate::domain::stuck::Fault;
use crate::text::sanitise::one_line;
use serde::de::DeserializeOwned;

/// Longest reply that is looked at, characters; a file of 200 lines has about 8,000.
const LONGEST: usize = 400_000;

/// How a verdict is wanted.
const AS_JSON: &str = "as one JSON object with the fields asked for";

/// Longest sentence about a reply, characters.
const SENTENCE: usize = 1_000;

/// A reply that has no usable form; `problem` is one sentence for its author.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// What is wrong and what is wanted.
    pub problem: String,
    /// As the rules over replies see it.
    pub fault: Fault,
}

impl Malformed {
    /// Wraps a sentence; what it quotes of the reply is made harmless and cut.
    #[must_use]
    pub fn new(problem: impl Into<String>) -> Self {
        Self {
            problem: one_line(&problem.into(), SENTENCE),
            fault: Fault::Form,
        }
    }

    /// A reply that holds neither code nor a verdict.
    pub(super) fn bare(problem: impl Into<String>) -> Self {
        Self {
            fault: Fault::Monologue,
            ..Self::new(problem)
        }
    }

    /// A file that must be planned as two, if it cannot be written shorter.
    pub(super) fn long(problem: impl Into<String>) -> Self {
        Self {
            fault: Fault::Long,
            ..Self::new(problem)
        }
    }

    /// A call of a tool in place of an answer: what it holds is asked for in the form that was wanted.
    fn call(wanted: &str) -> Self {
        Self::new(format!(
            "the reply calls a tool, and there are none here; write the answer itself, {wanted}"
        ))
    }
}

/// One fence at the top level of a reply.
struct Fence<'a> {
    language: String,
    width: usize,
    line: usize,
    body: Vec<&'a str>,
    closed: bool,
}

/// The text inside the one fence of a reply, in one of the languages named.
pub fn fenced(reply: &str, languages: &[&str]) -> Result<String, Malformed> {
    let text = answer(reply)?;
    let wanted = languages.first().copied().unwrap_or("text");
    let fences = fences(text);
    let as_wanted = || format!("between a line ```{wanted} and a line ```");
    let fence = match pick(&fences, languages, wanted) {
        Err(_) if printed::holds_call(text) => return Err(Malformed::call(&as_wanted())),
        picked => picked?,
    };
    if !fence.closed {
        return Err(Malformed::new(format!(
            "the fence opened on line {} of the reply is never closed; end it with a line of {} backticks",
            fence.line, fence.width
        )));
    }
    let body = fence.body.join("\n");
    let before = text.lines().take(fence.line.saturating_sub(1));
    if printed::is_call(&body) || printed::within_call(before) {
        return Err(Malformed::call(&as_wanted()));
    }
    if body.trim().is_empty() {
        return Err(Malformed::new(format!(
            "the ```{wanted} fence is empty; write the whole content inside it"
        )));
    }
    Ok(format!("{}\n", body.trim_end()))
}

/// A reply's JSON object, in a ```json fence or bare.
pub fn json<T: DeserializeOwned>(reply: &str) -> Result<T, Malformed> {
    let text = answer(reply)?.trim();
    let body = if printed::is_call(text) {
        return Err(Malformed::call(AS_JSON));
    } else if text.starts_with('{') {
        text.to_owned()
    } else {
        fenced(reply, &["json"])?
    };
    serde_json::from_str(&body).map_err(|error| {
        Malformed::new(format!(
            "the JSON cannot be used: {error}; reply with one object that has all the fields asked for"
        ))
    })
}

/// A reply's cases: a ```jsonl fence with one object a line.
pub fn cases(reply: &str) -> Result<Vec<Case>, Malformed> {
    let body = fenced(reply, &["jsonl", "json"])?;
    let mut found = Vec::new();
    let mut problems = Vec::new();
    for (line, read) in cases::read_all(&body) {
        match read {
            Ok(case) => found.push(case),
            Err(problem) => problems.push(format!("line {line}: {problem}")),
        }
    }
    if problems.is_empty() {
        return Ok(found);
    }
    let more = problems.len().saturating_sub(3);
    problems.truncate(3);
    if more > 0 {
        problems.push(format!("and {more} more lines like these"));
    }
    Err(Malformed::new(problems.join("; ")))
}

/// A plain text of at most `most` characters.
pub fn plain(reply: &str, most: usize) -> Result<String, Malformed> {
    let text = answer(reply)?.trim();
    if printed::is_call(text) {
        return Err(Malformed::call("as plain text"));
    }
    let count = text.chars().count();
    if count > most {
        return Err(Malformed::new(format!(
            "the answer has {count} characters and at most {most} are wanted; say it shorter"
        )));
    }
    Ok(text.to_owned())
}

/// The reply without thinking, once its size and letters are in order.
pub(super) fn answer(reply: &str) -> Result<&str, Malformed> {
    if reply.len() > LONGEST {
        return Err(Malformed::new(format!(
            "the reply is longer than {LONGEST} characters; write only what was asked for"
        )));
    }
    let text = unthought(reply)?;
    if text.trim().is_empty() {
        return Err(Malformed::bare(
            "the reply is empty; write what was asked for",
        ));
    }
    if let Some(at) = text.lines().position(|line| line.contains('\u{fffd}')) {
        return Err(Malformed::new(format!(
            "line {} of the reply holds a broken character (U+FFFD); write the text again, and \\uFFFD where that character is meant",
            at + 1
        )));
    }
    Ok(text)
}

/// What follows `</think>`, where a server left the thinking inside the text.
fn unthought(reply: &str) -> Result<&str, Malformed> {
    let text = reply.trim_start_matches(['\u{feff}', ' ', '\n', '\r', '\t']);
    let only = || Malformed::bare("the reply holds only thinking; write the answer after it");
    if text.starts_with("<think>") {
        let (_, rest) = text.split_once("</think>").ok_or_else(only)?;
        return if rest.trim().is_empty() {
            Err(only())
        } else {
            Ok(rest)
        };
    }
    // Some templates open the thinking themselves, so that only its end stands in the reply.
    let front = text.find("```").and_then(|at| text.get(..at));
    let front = front.unwrap_or(text);
    let end = front.rfind("</think>").map(|at| at + "</think>".len());
    match end.and_then(|end| text.get(end..)) {
        Some(rest) if rest.trim().is_empty() => Err(only()),
        Some(rest) => Ok(rest),
        None => Ok(text),
    }
}

fn pick<'a, 'b>(
    fences: &'b [Fence<'a>],
    languages: &[&str],
    wanted: &str,
) -> Result<&'b Fence<'a>, Malformed> {
    if let Some(only) = alone(fences, languages).filter(|_| wanted != "markdown") {
        return Ok(only);
    }
    let widest = fences.iter().map(|f| f.width).max().unwrap_or(0);
    let mut outer = fences.iter().filter(|f| f.width == widest);
    let Some(first) = outer.next() else {
        return Err(Malformed::bare(format!(
            "the reply has no fence; put the whole content between a line ```{wanted} and a line ```"
        )));
    };
    // A wider fence beside narrower ones is the answer, the narrower ones belong to the prose.
    if outer.next().is_some() || (fences.len() > 1 && !speaks(first, languages)) {
        return Err(Malformed::new(format!(
            "the reply has {} fences and exactly one was asked for; write one ```{wanted} fence{}",
            fences.len(),
            if wanted == "markdown" {
                " of four backticks, so that it may hold others"
            } else {
                " with the whole content"
            }
        )));
    }
    if !speaks(first, languages) {
        return Err(Malformed::new(format!(
            "the fence is marked `{}` and `{wanted}` was asked for; write the content in a ```{wanted} fence",
            first.language
        )));
    }
    Ok(first)
}

/// The one fence in the language that was asked for, when all others are marked as something else: these belong to the
/// prose, such as how to run what was written.
fn alone<'a, 'b>(fences: &'b [Fence<'a>], languages: &[&str]) -> Option<&'b Fence<'a>> {
    if fences.iter().any(|fence| fence.language.is_empty()) {
        return None;
    }
    let mut wanted = fences.iter().filter(|fence| speaks(fence, languages));
    wanted.next().filter(|_| wanted.next().is_none())
}

/// A fence without a language is taken at its word: what is inside gets checked anyway.
fn speaks(fence: &Fence<'_>, languages: &[&str]) -> bool {
    fence.language.is_empty()
        || languages
            .iter()
            .any(|wanted| canonical(wanted) == canonical(&fence.language))
}

fn canonical(language: &str) -> &str {
    match language {
        "javascript" | "cjs" | "node" | "nodejs" | "commonjs" => "js",
        "ndjson" | "jsonlines" => "jsonl",
        "md" => "markdown",
        other => other,
    }
}

/// Fences at the top level; a fence ends at a line of at least as many of the same characters.
fn fences(text: &str) -> Vec<Fence<'_>> {
    let mut found: Vec<Fence<'_>> = Vec::new();
    let mut mark = '`';
    for (at, raw) in text.split('\n').enumerate() {
        let line = raw.strip_suffix('\r').unwrap_or(raw);
        let open = found.last_mut().filter(|f| !f.closed);
        match (open, rail(line)) {
            (Some(fence), Some((c, width, ""))) if c == mark && width >= fence.width => {
                fence.closed = true;
            }
            (Some(fence), _) => fence.body.push(line),
            (None, Some((c, width, info))) => {
                mark = c;
                let language = info.split([' ', '\t', '{', ',', ':']).next();
                found.push(Fence {
                    language: language.unwrap_or_default().to_lowercase(),
                    width,
                    line: at + 1,
                    body: Vec::new(),
                    closed: false,
                });
            }
            (None, None) => {}
        }
    }
    found
}

/// (character, how many, what follows) of a line that may open or close a fence.
fn rail(line: &str) -> Option<(char, usize, &str)> {
    let inner = line.trim_start_matches(' ');
    if line.len() - inner.len() > 3 {
        return None;
    }
    let c = inner.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let rest = inner.trim_start_matches(c);
    let width = inner.len() - rest.len();
    let info = rest.trim();
    (width >= 3 && !info.contains('`')).then_some((c, width, info))
}

//! A prompt as plain values, the numbers it must respect, and the parts every prompt is built from.

mod numbers;

pub use numbers::{Numbers, Shape};

use super::reply::Malformed;
use super::soul::Soul;
use super::talk::{Message, Speaker, Tool};
use crate::domain::package::Package;
use crate::text::sanitise::sanitise;
use crate::text::tokens;
use numbers::LEAST_TO_THINK;
use serde_json::{Value, json};
use std::fmt::Display;

/// Tokens kept free beside the reply (harness S10).
const SPARE_TOKENS: u32 = 256;
/// Tokens a chat template adds around one message.
const MESSAGE_TOKENS: u32 = 8;
/// Bytes of either end of a block of foreign text that are shown.
const BLOCK_END: usize = 8 * 1024;
/// The same of what is to be answered with the whole text of a file. One of the largest reply fits whole: 6,144 tokens
/// (4,096 and half as much when it needed room) of about four bytes.
const FILE_END: usize = 16 * 1024;
/// Characters of a reply too long to be shown back whole when only its form is to be repaired.
const REFORMAT_CHARS: usize = 24_000;

/// What every prompt of an agent starts from.
#[derive(Clone, Copy, Debug)]
pub struct Desk<'a> {
    /// Who is asked.
    pub soul: &'a Soul,
    /// The tool under way.
    pub tool: &'a str,
    /// Limits.
    pub numbers: &'a Numbers,
    /// Random letters, new for each prompt; they mark where data begins and ends.
    pub nonce: &'a str,
    /// Packages a tool may use.
    pub packages: &'a [Package],
}

/// One request to a model, before host, model and seed are chosen.
#[derive(Clone, Debug, PartialEq)]
pub struct Prompt {
    /// What is asked for: "draft", "file", "verdict", ...
    pub purpose: &'static str,
    /// The file asked for, where it is one.
    pub path: Option<String>,
    /// In order; true marks the system text.
    pub messages: Vec<(bool, String)>,
    /// What was said since, where the model works by tools or actions.
    pub talk: Vec<Message>,
    /// Tools it may call.
    pub tools: Vec<Tool>,
    /// Whether the model may think.
    pub think: bool,
    /// How it is to work; the family of the model says how that is sampled.
    pub mode: Mode,
    /// What another try of the same prompt adds to the temperature.
    pub warmer: f32,
    /// Penalty on what was written already; 0 = none.
    pub presence_penalty: f32,
    /// Upper bound of tokens written, thinking included.
    pub max_tokens: u32,
    /// JSON schema of the reply.
    pub format: Option<Value>,
}

/// The prompt cannot be made small enough without cutting what the work needs (harness S10).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TooLarge {
    /// Tokens it would take.
    pub tokens: u32,
    /// Tokens there are.
    pub limit: u32,
}

impl Display for TooLarge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "the prompt needs about {} tokens and {} fit; the spec must become smaller",
            self.tokens, self.limit
        )
    }
}

/// How a model is to work on a prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Text or code, without thinking.
    Write,
    /// Thinks first, where the window has room for it.
    Think,
    /// A small JSON object, nearly the same each time.
    Decide,
}

/// The schema of an object with these fields, all of them, and no others: some servers take no looser one. What is not
/// always there is an empty text.
#[must_use]
pub fn object(fields: &Value) -> Value {
    let names: Vec<&String> = fields
        .as_object()
        .into_iter()
        .flat_map(|all| all.keys())
        .collect();
    json!({"type": "object", "properties": fields, "required": names, "additionalProperties": false})
}

impl Prompt {
    /// A prompt of one system and one user text.
    #[must_use]
    pub fn new(desk: &Desk<'_>, purpose: &'static str, mode: Mode, rule: &str, user: &str) -> Self {
        // A window that thinking would fill leaves no room for the work (harness 1.0: 16k at least).
        let mode = match mode {
            Mode::Think if desk.numbers.context < LEAST_TO_THINK => Mode::Write,
            mode => mode,
        };
        let system = format!("{}\n\nOutput rule: {rule}", desk.soul.body.trim());
        let user = format!("{}\n\n# Now\n{rule}", user.trim());
        let written = match mode {
            Mode::Decide => desk.numbers.verdict_tokens,
            Mode::Write => desk.numbers.for_code(),
            Mode::Think => desk.numbers.for_code() + desk.numbers.think_tokens,
        };
        Self {
            purpose,
            path: None,
            messages: vec![(true, system), (false, user)],
            talk: Vec::new(),
            tools: Vec::new(),
            think: mode == Mode::Think,
            mode,
            warmer: 0.0,
            presence_penalty: 0.0,
            max_tokens: written,
            format: None,
        }
    }

    /// Asks for this file.
    #[must_use]
    pub fn at(mut self, path: &str) -> Self {
        self.path = Some(path.to_owned());
        self
    }

    /// Holds the reply to an object of these fields.
    #[must_use]
    pub fn shaped(mut self, fields: &Value) -> Self {
        self.format = Some(object(fields));
        self
    }

    /// Allows this many tokens of text, thinking on top where it is on.
    #[must_use]
    pub fn writing(mut self, desk: &Desk<'_>, tokens: u32) -> Self {
        let thinking = if self.think {
            desk.numbers.think_tokens
        } else {
            0
        };
        self.max_tokens = tokens + thinking;
        self
    }

    /// `tool/phase/purpose[/path]/n`, n = completed turns with this label so far.
    #[must_use]
    pub fn label(&self, tool: &str, phase: impl Display, n: u32) -> String {
        match &self.path {
            Some(path) => format!("{tool}/{phase}/{}/{path}/{n}", self.purpose),
            None => format!("{tool}/{phase}/{}/{n}", self.purpose),
        }
    }

    /// Adds words to the last message, or a message where a talk has begun.
    fn goes_on(&mut self, words: &str) {
        match self.messages.last_mut() {
            Some((_, text)) if self.talk.is_empty() => text.push_str(&format!("\n\n{words}")),
            _ => self.talk.push(Message::text(Speaker::User, words)),
        }
    }

    /// Tokens it will take to read, estimated.
    #[must_use]
    pub fn estimate(&self) -> u32 {
        let texts = self.messages.iter().map(|(_, text)| tokens::estimate(text));
        let talk = self.talk.iter();
        let talk = talk.map(|message| tokens::estimate(&message.weight()));
        let tools = self.tools.iter().map(|tool| {
            tokens::estimate(&tool.description) + tokens::estimate(&tool.parameters.to_string())
        });
        let all = texts.chain(talk).chain(tools);
        all.map(|tokens| tokens + MESSAGE_TOKENS).sum()
    }

    /// Whether it fits into the host's window and the working limit.
    pub fn fits(&self, numbers: &Numbers) -> Result<(), TooLarge> {
        let window = numbers
            .context
            .saturating_sub(self.max_tokens + SPARE_TOKENS);
        let limit = window.min(numbers.prompt_tokens);
        let tokens = tokens::scaled(self.estimate(), numbers.factor);
        if tokens > limit {
            return Err(TooLarge { tokens, limit });
        }
        Ok(())
    }
}

/// Asks for the same answer in the right form (harness S1): only the reply and the rule, no thinking.
#[must_use]
pub fn reformat(desk: &Desk<'_>, original: &Prompt, reply: &str, problem: &Malformed) -> Prompt {
    let rule = original
        .messages
        .iter()
        .rev()
        .find_map(|(_, text)| text.rsplit_once("\n# Now\n").map(|(_, rule)| rule.trim()))
        .unwrap_or("Reply in the form that was asked for, and with nothing else.");
    let user = format!(
        "Your last reply could not be used: {}.\n\n{}\n\nWrite the same answer again in the right form. Change nothing else.",
        problem.problem,
        whole(desk.nonce, "your last reply", &clip(reply, REFORMAT_CHARS))
    );
    let mut prompt = Prompt::new(desk, original.purpose, Mode::Decide, rule, &user);
    prompt.path.clone_from(&original.path);
    prompt.format.clone_from(&original.format);
    let thinking = if original.think {
        desk.numbers.think_tokens
    } else {
        0
    };
    prompt.max_tokens = original.max_tokens.saturating_sub(thinking);
    prompt
}

/// Asks for the whole answer anew when there was none to repair: it was cut or empty. No thinking, and what room thinking
/// had is for the answer.
#[must_use]
pub fn anew(original: &Prompt, problem: &Malformed) -> Prompt {
    let mut prompt = original.clone();
    let words = format!(
        "Your last reply could not be used: {}. Answer again from the beginning, at once and briefly.",
        problem.problem
    );
    prompt.goes_on(&words);
    prompt.think = false;
    prompt
}

/// Asks for the answer to what was thought about without an end: the thinking is shown, and not gone on with.
#[must_use]
pub fn concluded(desk: &Desk<'_>, original: &Prompt, thought: &str) -> Prompt {
    let mut prompt = original.clone();
    let thought = data(desk.nonce, "your thinking so far", thought);
    prompt.goes_on(&format!(
        "You have thought about this:\n\n{thought}\n\nThe time for thinking is over: give the answer now, from this thinking, in the form that was asked for."
    ));
    prompt.think = false;
    // What it thought is read now and not written again.
    if original.think {
        prompt.max_tokens = prompt.max_tokens.saturating_sub(desk.numbers.think_tokens);
    }
    prompt
}

/// Text from outside, between two lines that carry the nonce, so that nothing in it reads as an instruction: without
/// hidden characters, and no longer than 8 KiB at either end.
#[must_use]
pub fn data(nonce: &str, what: &str, text: &str) -> String {
    block(nonce, what, text, BLOCK_END)
}

/// Text of a spec that stands among ours: no line of it begins like a heading or the edge of a block.
#[must_use]
pub fn plain(text: &str) -> String {
    let line = |line: &str| match line.trim_start().starts_with(['#', '<']) {
        true => format!("> {line}"),
        false => line.to_owned(),
    };
    text.trim().lines().map(line).collect::<Vec<_>>().join("\n")
}

/// As [`data`], for a file that is to be given back whole: a cut one could not.
#[must_use]
pub fn whole(nonce: &str, what: &str, text: &str) -> String {
    block(nonce, what, text, FILE_END)
}

fn block(nonce: &str, what: &str, text: &str, most: usize) -> String {
    let safe = ends(&sanitise(text), most);
    let safe = if nonce.is_empty() {
        safe
    } else {
        // By a mark: with nothing in its place the halves of another could meet.
        safe.replace(nonce, "…")
    };
    format!(
        "<data {nonce}: {what}>\n{}\n</data {nonce}>",
        safe.trim_end()
    )
}

/// So many bytes of either end of a text, with a visible mark where more stood.
fn ends(text: &str, most: usize) -> String {
    if text.len() <= 2 * most {
        return text.to_owned();
    }
    let (head, tail) = (
        text.floor_char_boundary(most),
        text.ceil_char_boundary(text.len() - most),
    );
    format!(
        "{}\n[{} bytes cut here]\n{}",
        text.get(..head).unwrap_or_default(),
        tail - head,
        text.get(tail..).unwrap_or_default()
    )
}

/// A section with a heading, or nothing when there is nothing to say.
#[must_use]
pub fn section(title: &str, text: &str) -> String {
    let text = text.trim();
    if text.is_empty() {
        String::new()
    } else {
        format!("# {title}\n{text}\n\n")
    }
}

/// Head and tail of a text with a visible mark where characters were cut.
#[must_use]
pub fn clip(text: &str, most: usize) -> String {
    let count = text.chars().count();
    if count <= most {
        return text.to_owned();
    }
    let mark = format!("\n[{} characters cut here]\n", count - most);
    let room = most.saturating_sub(mark.chars().count());
    let head = room * 2 / 3;
    let tail = room - head;
    let start: String = text.chars().take(head).collect();
    let end: String = text.chars().skip(count - tail).collect();
    format!("{start}{mark}{end}")
}

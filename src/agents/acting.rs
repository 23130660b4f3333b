//! The tool loop: the prompt of a model that reads, writes and runs tests by calls of its own, and what of its past it is
//! shown again.

mod actions;
mod salvage;

pub use actions::{Action, Refused, Step, Style, TOOLS, Wanted, read, tools};

use super::brief::{self, Cut, FileBrief};
use super::deps;
use super::prompt::{Mode, Prompt, TooLarge, plain, section, whole};
use super::spec::{Spec, test_of};
use super::talk::{Answered, Message, Speaker};
use std::fmt::Write as _;

/// Follows what is left of a result that is shown no more.
const LEFT_OUT: &str = "what it showed is left out by now";

/// What stands in the prompt of one turn.
#[derive(Clone, Copy, Debug)]
pub struct Brief<'a> {
    /// Spec, files as they were when the loop began, bug reports; its path is that of the command.
    pub file: FileBrief<'a>,
    /// How actions are written.
    pub style: Style,
    /// Files the bug reports name.
    pub targets: &'a [String],
    /// The turns before.
    pub past: &'a [Turned],
    /// Results that are shown whole, counted from the newest.
    pub results: usize,
}

/// A turn that was taken.
#[derive(Clone, Debug)]
pub struct Turned {
    /// By the model.
    pub said: Message,
    /// What came of it, in order.
    pub seen: Vec<Seen>,
}

/// What came of one action.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The call it answers.
    pub answers: Answered,
    /// What stays of it: one short line.
    pub short: String,
    /// Everything, foreign text marked as such.
    pub text: String,
}

/// Asks for the next actions; refuses when what is needed does not fit.
pub fn step(brief: &Brief<'_>) -> Result<Prompt, TooLarge> {
    let mut last = TooLarge {
        tokens: 0,
        limit: 0,
    };
    for cut in [Cut::Nothing, Cut::Notes, Cut::Bodies, Cut::Examples] {
        let prompt = build(brief, cut);
        match prompt.fits(brief.file.desk.numbers) {
            Ok(()) => return Ok(prompt),
            Err(size) => last = size,
        }
    }
    Err(last)
}

fn build(brief: &Brief<'_>, cut: Cut) -> Prompt {
    let file = &brief.file;
    let spec = file.spec;
    let user = format!(
        "{}{}{}{}{}{}{}{}{}{}{}{}",
        section("Task", &task(brief)),
        section("Tool", &brief::about(file)),
        section("Files", &plan(spec)),
        section("API", &brief::api(spec)),
        section("Rules", &brief::rules(spec)),
        section("Edge cases", &plain(spec.section("Edge cases"))),
        section(
            "JavaScript",
            &deps::rules(&spec.packages(file.desk.packages))
        ),
        section("The world", deps::WORLD),
        section("Tests", deps::TESTS),
        section("Examples, run as tests", &brief::examples(file, cut)),
        present(brief, cut),
        brief::trouble(file, cut),
    );
    let mode = match brief.style {
        Style::Tools => Mode::Write,
        Style::Actions => Mode::Decide,
    };
    let mut prompt = Prompt::new(&file.desk, "step", mode, &rule(brief), &user);
    let results = if cut < Cut::Bodies { brief.results } else { 1 };
    prompt.talk = shown(brief.past, results);
    match brief.style {
        Style::Tools => prompt.tools = actions::tools(),
        Style::Actions => prompt.format = Some(actions::schema(&spec.plan())),
    }
    prompt
}

fn task(brief: &Brief<'_>) -> String {
    let name = &brief.file.spec.name;
    match brief.file.failure {
        None => format!(
            "Write every file of the tool `{name}` listed below, sources first, until all tests pass.\n\
After each file the tests are run and you are told what fails.\n"
        ),
        Some(_) => format!(
            "Repair the tool `{name}`: put right what is reported below and keep everything else working.\n\
After each file you write the tests are run and you are told what fails.\n"
        ),
    }
}

fn rule(brief: &Brief<'_>) -> String {
    let most = brief.file.desk.numbers.file_lines;
    let out = "give_up is right when the rules cannot all be kept; say why.";
    match brief.style {
        Style::Tools => format!(
            "Call a tool in every reply. With write(path) the whole file, at most {most} lines and nothing left out, stands in one fence in the text of the same reply. {out}"
        ),
        Style::Actions => format!(
            "Reply with one JSON object: thought (one sentence), action (read, write, run_tests or give_up), path (of read and write, else empty), reason (of give_up, else empty). You are asked for the text of a file after write; it never stands in the object. {out}"
        ),
    }
}

/// The files of the plan, a line each.
fn plan(spec: &Spec) -> String {
    let mut lines = String::new();
    for file in &spec.files {
        let needs = match file.depends.as_slice() {
            [] => "nothing".to_owned(),
            some => some.join(", "),
        };
        let _ = writeln!(lines, "- {}: {}; requires {needs}", file.path, file.role);
    }
    for file in &spec.files {
        let _ = writeln!(
            lines,
            "- {}: tests of it, by require('../../{}')",
            test_of(&file.path),
            file.path
        );
    }
    lines.push_str("- README.md: what it is for, how to call it with exact output, exit codes\n");
    lines
}

/// The files a repair begins with.
fn present(brief: &Brief<'_>, cut: Cut) -> String {
    let file = &brief.file;
    if cut >= Cut::Bodies {
        return String::new();
    }
    let shown = brief.targets.iter().filter_map(|path| {
        let text = file.sources.get(path)?;
        let text = whole(file.desk.nonce, path, text);
        Some(section(&format!("{path} as it was"), &text))
    });
    shown.collect()
}

/// The turns before, the newest results whole and of the others a line each: the files written there are not shown again.
fn shown(past: &[Turned], results: usize) -> Vec<Message> {
    let all: usize = past.iter().map(|turned| turned.seen.len()).sum();
    let mut old = all.saturating_sub(results.max(1));
    let mut messages = Vec::new();
    for turned in past {
        let by_calls = !turned.said.calls.is_empty();
        messages.push(match turned.seen.len() <= old {
            true => forgotten(&turned.said),
            false => turned.said.clone(),
        });
        let mut texts = Vec::new();
        for seen in &turned.seen {
            let text = match old {
                0 => seen.text.clone(),
                _ => format!("{}; {LEFT_OUT}", seen.short),
            };
            old = old.saturating_sub(1);
            match by_calls {
                true => messages.push(Message {
                    answers: Some(seen.answers.clone()),
                    ..Message::text(Speaker::Tool, text)
                }),
                false => texts.push(text),
            }
        }
        if !texts.is_empty() {
            messages.push(Message::text(Speaker::User, texts.join("\n\n")));
        }
    }
    messages
}

/// What a model said, without the files in it. What goes back block by block is signed and stays.
fn forgotten(said: &Message) -> Message {
    let mut said = said.clone();
    if said.blocks.is_empty()
        && let Some((before, _)) = said.content.split_once("```")
    {
        said.content = before.trim_end().to_owned();
    }
    for call in &mut said.calls {
        if let Some(arguments) = call.arguments.as_object_mut() {
            arguments.remove(actions::CONTENT);
        }
    }
    said
}

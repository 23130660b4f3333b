//! What the Developer is asked for: a draft, the spec in its template, repairs of it, and files.

use super::deps;
use super::prompt::{Desk, Mode, Prompt, data, section};
use super::reply::{Malformed, fenced};

pub use super::brief::{FileBrief, file};
pub use super::policy::{check_file, from_reply, from_text, writable};

/// Longest draft handed on, characters; about three pages.
pub const DRAFT_CHARS: usize = 12_000;
/// Tokens of a draft; it is prose of about a page.
const DRAFT_TOKENS: u32 = 1500;
const SPEC_RULE: &str = "Reply with the whole spec in one ```markdown fence and nothing after it. Inside it use no fence.";

/// Asks for a free draft of the tool; reasons first, form comes later.
#[must_use]
pub fn draft(desk: &Desk<'_>, idea: &str, hint: Option<&str>) -> Prompt {
    let user = format!(
        "{}{}{}{}",
        section("Idea", &format!("Tool `{}`: {}", desk.tool, idea.trim())),
        section(
            "Task",
            "Think through the smallest useful version of this command-line tool, for Node.js without packages. \
Say in plain prose: what goes in and comes out, the commands and flags, the exit codes, each rule and what happens \
with empty, missing, wrong, unicode and large input, and which of one to three source files holds what. \
Decide every open question; whoever writes the tests sees only the spec.",
        ),
        section("What the tool can reach", deps::WORLD),
        hinted(desk, hint),
    );
    let rule = "Reply with at most 40 lines of prose, no code and no fence.";
    Prompt::new(desk, "draft", Mode::Think, rule, &user).writing(desk, DRAFT_TOKENS)
}

/// Asks for the template to be filled. With `notes` of a rejection, `draft` is the spec they are about.
#[must_use]
pub fn template(
    desk: &Desk<'_>,
    idea: &str,
    draft: &str,
    notes: Option<&str>,
    hint: Option<&str>,
) -> Prompt {
    let task = match notes {
        None => {
            "Turn your draft into the spec of the tool. Every rule is decided and shown by an example."
        }
        Some(_) => {
            "QA rejected the spec below. Decide each clause the notes name, show the decision in an example, and leave the rest as it is."
        }
    };
    let notes = notes.map_or_else(String::new, |notes| {
        section("Notes of QA", &data(desk.nonce, "notes", notes))
    });
    let what = if notes.is_empty() { "draft" } else { "spec" };
    let user = format!(
        "{}{}{}{}{}{}{notes}{}",
        section("Task", task),
        section("Idea", &format!("Tool `{}`: {}", desk.tool, idea.trim())),
        section(
            "Template",
            &data(
                desk.nonce,
                "template",
                &deps::TEMPLATE.replace("{tool}", desk.tool)
            )
        ),
        section("Limits", &limits(desk)),
        section("Examples are written like this", deps::CASES),
        section(
            if what == "draft" {
                "Your draft"
            } else {
                "The spec"
            },
            &data(desk.nonce, what, draft)
        ),
        hinted(desk, hint),
    );
    Prompt::new(desk, "template", Mode::Write, SPEC_RULE, &user)
}

/// Asks for the spec again with what the linter refuses put right.
#[must_use]
pub fn repair_spec(desk: &Desk<'_>, spec_text: &str, problems: &[String]) -> Prompt {
    let list: Vec<String> = problems.iter().map(|p| format!("- {p}")).collect();
    let user = format!(
        "{}{}{}{}{}",
        section(
            "Task",
            &format!(
                "The spec of `{}` does not keep to the template. Put right what is listed and change nothing else.",
                desk.tool
            )
        ),
        section(
            "To put right",
            &data(desk.nonce, "complaints", &list.join("\n"))
        ),
        section("Limits", &limits(desk)),
        section("Examples are written like this", deps::CASES),
        section("The spec", &data(desk.nonce, "spec", spec_text)),
    );
    Prompt::new(desk, "repair", Mode::Write, SPEC_RULE, &user)
}

fn limits(desk: &Desk<'_>) -> String {
    let words = desk.numbers.spec_tokens * 3 / 4;
    format!(
        "{}\nAt most {words} words without the examples.",
        deps::spec_limits(desk.packages, desk.numbers)
    )
}

/// A hint of the reviewer or operator as a section.
pub(super) fn hinted(desk: &Desk<'_>, hint: Option<&str>) -> String {
    hint.map_or_else(String::new, |hint| {
        section("Hint of the reviewer", &data(desk.nonce, "hint", hint))
    })
}

/// The spec inside a reply.
pub fn parse_spec(reply: &str) -> Result<String, Malformed> {
    fenced(reply, &["markdown", "md"])
}

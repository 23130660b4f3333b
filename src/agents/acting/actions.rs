//! Actions out of a reply: native calls, calls printed as text, or one JSON object; each field checked before anything is done.

use super::salvage::salvage;
use crate::agents::prompt::object;
use crate::agents::reply::{self, Malformed};
use crate::agents::talk::{Answered, Message, Speaker, Tool, ToolCall};
use serde::Deserialize;
use serde_json::{Value, json};

/// Names of the tools.
pub const TOOLS: [&str; 4] = ["read", "write", "run_tests", "give_up"];
/// The argument that holds a file, where a model puts it there.
pub(super) const CONTENT: &str = "content";
/// Calls of one reply that are carried out; a tool has seven files.
const MOST: usize = 8;
/// Other names that models give the path of a file.
const PATH: [&str; 5] = ["path", "file", "file_path", "filename", "file_name"];

/// How a model writes its actions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// By calling tools.
    Tools,
    /// As a small JSON object.
    Actions,
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Show a file.
    Read(String),
    /// Write a file; None: its text is in the reply's fence, or is still to be asked for.
    Write(String, Option<String>),
    /// Run the tests.
    RunTests,
    /// End, with a reason.
    GiveUp(String),
}

/// Why an action is not carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// There is no such tool.
    Unknown,
    /// In words for its author.
    Words(String),
}

/// An action as it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Its call.
    pub answers: Answered,
    /// What it comes to.
    pub action: Result<Action, Refused>,
}

/// What a reply comes to.
#[derive(Clone, Debug)]
pub struct Step {
    /// The reply, to be sent back as the model's own words.
    pub said: Message,
    /// In order; none: it says that it is done.
    pub wanted: Vec<Wanted>,
    /// The calls were printed as text.
    pub salvaged: bool,
}

/// Reads a reply. `may_end`: a reply that asks for nothing is taken for the end of the work.
pub fn read(
    text: &str,
    calls: &[ToolCall],
    blocks: &[Value],
    style: Style,
    may_end: bool,
) -> Result<Step, Malformed> {
    if !calls.is_empty() {
        let said = Message {
            blocks: blocks.to_vec(),
            calls: calls.to_vec(),
            ..Message::text(Speaker::Assistant, text.trim())
        };
        return Ok(step(said, calls, false));
    }
    let answer = reply::answer(text)?.trim();
    let said = Message {
        blocks: blocks.to_vec(),
        ..Message::text(Speaker::Assistant, answer)
    };
    if let Some(found) = salvage(answer).filter(|found| known(found)) {
        return Ok(step(said, &found, true));
    }
    if style == Style::Actions {
        let form: Form = reply::json(answer)?;
        return Ok(step(said, &[form.call()], false));
    }
    if may_end {
        return Ok(step(said, &[], false));
    }
    let names = TOOLS.join(", ");
    Err(match answer.contains("```") {
        true => Malformed::new(format!(
            "the reply calls no tool, so nothing was written; call write with the path of the file in its fence (the tools are {names})"
        )),
        false => Malformed::bare(format!(
            "the reply calls no tool and the work is not done; call one of {names}"
        )),
    })
}

fn known(calls: &[ToolCall]) -> bool {
    calls.iter().all(|call| TOOLS.contains(&call.name.as_str()))
}

fn step(said: Message, calls: &[ToolCall], salvaged: bool) -> Step {
    let wanted = calls.iter().enumerate().map(|(n, call)| Wanted {
        answers: Answered {
            id: call.id.clone(),
            name: call.name.clone(),
            failed: false,
        },
        action: match n < MOST {
            true => action(&call.name, &call.arguments),
            false => Err(Refused::Words(format!(
                "only the first {MOST} calls of a reply are carried out"
            ))),
        },
    });
    Step {
        wanted: wanted.collect(),
        said,
        salvaged,
    }
}

fn action(name: &str, arguments: &Value) -> Result<Action, Refused> {
    match name {
        "read" => path(name, arguments).map(Action::Read),
        "write" => {
            let text = arguments.get(CONTENT).and_then(Value::as_str);
            let text = text.filter(|text| !text.trim().is_empty());
            path(name, arguments).map(|path| Action::Write(path, text.map(str::to_owned)))
        }
        "run_tests" => Ok(Action::RunTests),
        "give_up" => field(name, arguments, &["reason"]).map(Action::GiveUp),
        _ => Err(Refused::Unknown),
    }
}

fn path(name: &str, arguments: &Value) -> Result<String, Refused> {
    let path = field(name, arguments, &PATH)?;
    Ok(path.trim_start_matches("./").to_owned())
}

/// A text that must be there; a list of one is taken for its one.
fn field(name: &str, arguments: &Value, names: &[&str]) -> Result<String, Refused> {
    let given = names.iter().find_map(|name| arguments.get(*name));
    let given = match given {
        Some(Value::Array(all)) if all.len() == 1 => all.first(),
        other => other,
    };
    let text = given.and_then(Value::as_str).map(str::trim);
    let wanted = names.first().copied().unwrap_or_default();
    match text.filter(|text| !text.is_empty()) {
        Some(text) => Ok(text.to_owned()),
        None => Err(Refused::Words(format!(
            "{name} needs `{wanted}`, a text that is not empty"
        ))),
    }
}

/// An action as a JSON object.
#[derive(Deserialize)]
struct Form {
    action: String,
    #[serde(default)]
    path: Value,
    #[serde(default)]
    reason: Value,
}

impl Form {
    fn call(self) -> ToolCall {
        ToolCall {
            id: String::new(),
            name: self.action,
            arguments: json!({"path": self.path, "reason": self.reason}),
        }
    }
}

/// The schema of an action over these files; what it is for comes first.
pub(super) fn schema(plan: &[String]) -> Value {
    let mut paths: Vec<&str> = plan.iter().map(String::as_str).collect();
    paths.push("");
    object(&json!({
        "thought": {"type": "string", "maxLength": 300},
        "action": {"type": "string", "enum": TOOLS},
        "path": {"type": "string", "enum": paths},
        "reason": {"type": "string", "maxLength": 300},
    }))
}

/// The tools as a server is told of them.
#[must_use]
pub fn tools() -> Vec<Tool> {
    let path = ("path", "a file of the plan, such as src/cli.js");
    vec![
        Tool::taking("read", "Shows a file of the tool.", &[path]),
        Tool::taking(
            "write",
            "Writes a whole file of the plan: its text stands in one fence in the text of the same reply. The tests are run after it.",
            &[path],
        ),
        Tool::taking("run_tests", "Runs all tests and shows what fails.", &[]),
        Tool::taking(
            "give_up",
            "Ends the work without a tool that keeps every rule.",
            &[(
                "reason",
                "which rules or tests cannot be satisfied, and why",
            )],
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::stuck::Fault;

    fn called(name: &str, arguments: Value) -> ToolCall {
        ToolCall {
            id: "call_a".to_owned(),
            name: name.to_owned(),
            arguments,
        }
    }

    fn wants(name: &str, arguments: Value) -> Result<Action, Refused> {
        let step = read("", &[called(name, arguments)], &[], Style::Tools, false).unwrap();
        step.wanted[0].action.clone()
    }

    #[test]
    fn arguments_are_checked_field_by_field() {
        let read = |path: &str| Ok(Action::Read(path.to_owned()));
        assert_eq!(wants("read", json!({"path": "src/a.js"})), read("src/a.js"));
        assert_eq!(
            wants("read", json!({"file_path": "./src/a.js"})),
            read("src/a.js")
        );
        assert_eq!(
            wants("read", json!({"path": ["src/a.js"]})),
            read("src/a.js")
        );
        for odd in [
            json!({}),
            json!({"path": 3}),
            json!({"path": ""}),
            json!({"path": ["a", "b"]}),
        ] {
            let Err(Refused::Words(words)) = wants("read", odd.clone()) else {
                panic!("{odd} was taken");
            };
            assert!(words.contains("read needs `path`"), "{words}");
        }
        assert_eq!(
            wants("run_tests", json!({"all": true})),
            Ok(Action::RunTests)
        );
        assert!(matches!(
            wants("give_up", json!({})),
            Err(Refused::Words(_))
        ));
        assert_eq!(wants("execute", json!({})), Err(Refused::Unknown));
        let whole = wants("write", json!({"path": "README.md", "content": "# a\n"}));
        let text = Some("# a\n".to_owned());
        assert_eq!(whole, Ok(Action::Write("README.md".to_owned(), text)));
        let bare = wants("write", json!({"path": "README.md"}));
        assert_eq!(bare, Ok(Action::Write("README.md".to_owned(), None)));
    }

    #[test]
    fn more_calls_than_files_are_not_carried_out() {
        let calls = vec![called("run_tests", json!({})); MOST + 1];
        let step = read("", &calls, &[], Style::Tools, false).unwrap();
        assert_eq!(step.wanted.len(), MOST + 1);
        assert!(step.wanted[MOST - 1].action.is_ok() && step.wanted[MOST].action.is_err());
    }

    #[test]
    fn a_reply_without_a_call_ends_only_what_may_end() {
        let end = |text: &str, may_end| read(text, &[], &[], Style::Tools, may_end);
        assert!(end("All is done.", true).unwrap().wanted.is_empty());
        let nothing = end("I have written it.", false).unwrap_err();
        assert_eq!(nothing.fault, Fault::Monologue, "{nothing:?}");
        let unnamed = end("```js\n'use strict';\n```\n", false).unwrap_err();
        assert!(
            unnamed.fault == Fault::Form && unnamed.problem.contains("call write"),
            "{unnamed:?}"
        );
        // What is only thought of is not called.
        let thought = end(
            "<think>\n<tool_call>{\"name\":\"run_tests\",\"arguments\":{}}</tool_call>",
            false,
        );
        assert_eq!(thought.unwrap_err().fault, Fault::Monologue);
    }

    #[test]
    fn an_action_is_an_object_with_its_fields() {
        let act = |text: &str| read(text, &[], &[], Style::Actions, true);
        let step = act(
            "{\"thought\":\"see\",\"action\":\"read\",\"path\":\"src/cli.js\",\"reason\":\"\"}",
        )
        .unwrap();
        assert_eq!(
            step.wanted[0].action,
            Ok(Action::Read("src/cli.js".to_owned()))
        );
        let fenced = act("```json\n{\"action\":\"run_tests\"}\n```\n").unwrap();
        assert_eq!(fenced.wanted[0].action, Ok(Action::RunTests));
        let native =
            act("<tool_call>\n{\"name\":\"run_tests\",\"arguments\":{}}\n</tool_call>").unwrap();
        assert!(native.salvaged);
        let odd = act("{\"action\":\"delete\",\"path\":\"\"}").unwrap();
        assert_eq!(odd.wanted[0].action, Err(Refused::Unknown));
        assert!(act("I am done.").is_err());
    }
}

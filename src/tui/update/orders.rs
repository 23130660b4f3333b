//! A command on its way out, from wherever it was chosen: what it lacks is asked for, then whether it is meant, then it
//! is sent. Keys, card and palette all come through here.

use super::super::action::{Action, Care};
use super::super::dialog::Confirm;
use super::super::draft;
use super::super::editor::Editor;
use super::super::effect::{About, Effect};
use super::super::form::Form;
use super::super::layer::Layer;
use super::super::model::Model;
use super::super::staff;
use super::{forms, open, refused, rewind, send_written, show};
use crate::domain::command::{Decision, StopAfter, Verb};
use crate::domain::item::Item;

/// How much a command asks before it is sent.
#[must_use]
pub fn care(verb: &Verb) -> Care {
    match verb {
        Verb::Pause { .. }
        | Verb::Resume { .. }
        | Verb::Unpark { .. }
        | Verb::Hint { .. }
        | Verb::Probe { .. }
        | Verb::Snooze { .. }
        | Verb::Add { .. }
        | Verb::Edit { .. }
        | Verb::Prioritise { .. } => Care::Acts,
        Verb::Escalate { .. }
        | Verb::Requeue { .. }
        | Verb::Park { .. }
        | Verb::Retry {}
        | Verb::Abort {}
        | Verb::Decide { .. }
        | Verb::Stop { .. }
        | Verb::NotStuck { .. }
        | Verb::Reopen { .. }
        | Verb::Budget { .. } => Care::Asks,
        Verb::Drop { .. } | Verb::Rewind { .. } => Care::Names,
    }
}

/// Begins with a command as it was chosen: asks only for what it cannot be sent without.
pub fn begin(model: &mut Model, verb: Verb) -> Vec<Effect> {
    let about = draft::about(model, &verb);
    begin_about(model, verb, about)
}

/// The same for one whose sender saw this.
pub fn begin_about(model: &mut Model, verb: Verb, about: About) -> Vec<Effect> {
    match draft::lacks(&verb) {
        true => ask_about(model, verb, about),
        false => meant(model, verb, about, None),
    }
}

/// Asks for everything a command can be given.
pub fn ask(model: &mut Model, verb: Verb) -> Vec<Effect> {
    let about = draft::about(model, &verb);
    ask_about(model, verb, about)
}

fn ask_about(model: &mut Model, verb: Verb, about: About) -> Vec<Effect> {
    if let Some(problem) = hindrance(model, &verb) {
        show(model, refused(problem));
        return Vec::new();
    }
    let (title, note) = heading(model, &verb);
    let text = match &verb {
        Verb::Edit { item, .. } if draft::lacks(&verb) => {
            let found = item_of(model, item).map(|item| item.idea.clone());
            Some(found.unwrap_or_default())
        }
        Verb::Add { .. } | Verb::Edit { .. } | Verb::Reopen { .. } => Some(String::new()),
        _ => None,
    };
    let layer = match text {
        Some(text) => Layer::Editor(Box::new(Editor::new(&title, verb, about, &text))),
        None => Layer::Form(Form {
            about,
            ..draft::form(model, verb, &title, &note)
        }),
    };
    open(model, layer);
    Vec::new()
}

/// A whole command: sent at once, or only when it is meant; `about` is what its sender saw, `written` what was filled or
/// written for it, which is kept until the engine has accepted it.
pub fn meant(model: &mut Model, verb: Verb, about: About, written: Option<Layer>) -> Vec<Effect> {
    if let Some(problem) = hindrance(model, &verb).or_else(|| draft::too_long(&verb)) {
        return forms::kept(model, written, problem);
    }
    if let Some(words) = model.changed(&about) {
        return forms::again(model, written, &verb, &words);
    }
    if care(&verb) <= Care::Acts {
        return send_written(model, Effect::Send(verb, about.seen), written);
    }
    model.layers.extend(written);
    let confirm = Confirm::new(&question(model, &verb), lines(model, &verb), verb, about);
    let name = match &confirm.verb {
        Verb::Drop { item, .. } => Some(item.clone()),
        Verb::Rewind { .. } => tool(model),
        _ => None,
    };
    let confirm = match name {
        Some(name) => confirm.named(&name),
        None => confirm,
    };
    open(model, Layer::Confirm(Box::new(confirm)));
    Vec::new()
}

/// Why it cannot be sent from here, or now.
pub fn hindrance(model: &Model, verb: &Verb) -> Option<String> {
    if model.readonly {
        return Some("read-only: nothing is sent from here".to_owned());
    }
    let decides = matches!(verb, Verb::Decide { .. });
    let lacks = draft::of_tool(verb) && !decides && tool(model).is_none();
    lacks.then(|| "no tool is under way".to_owned())
}

fn tool(model: &Model) -> Option<String> {
    model.snapshot.as_ref()?.current_tool.clone()
}

fn item_of<'a>(model: &'a Model, name: &str) -> Option<&'a Item> {
    let queue = &model.snapshot.as_ref()?.queue;
    queue.iter().find(|item| item.name == name)
}

/// Whom it is about, and where that stands: `x, in qa`.
fn subject(model: &Model, verb: &Verb) -> String {
    let current = tool(model);
    let name = draft::item(verb)
        .map(str::to_owned)
        .or_else(|| current.clone());
    let Some(name) = name else {
        return "the factory".to_owned();
    };
    if current.as_ref() == Some(&name) {
        let phase = model.snapshot.as_ref().map(|s| s.phase);
        return phase.map_or(name.clone(), |phase| format!("{name}, in {phase}"));
    }
    match item_of(model, &name) {
        Some(item) => format!("{name}, {}", item.status.words()),
        None => name,
    }
}

/// Title and explanation of what is asked for.
pub fn heading(model: &Model, verb: &Verb) -> (String, String) {
    let who = subject(model, verb);
    let cost = cost(model, verb).unwrap_or_default();
    let and = |words: String| match cost.as_str() {
        "" => words,
        cost => format!("{words}; {cost}"),
    };
    let name = draft::item(verb).map(str::to_owned).or_else(|| tool(model));
    let name = name.unwrap_or_default();
    let plain = |title: &str, note: &str| (title.to_owned(), note.to_owned());
    match verb {
        Verb::Pause { .. } => plain(
            "Pause",
            "new turns and gates do not start; the one under way ends",
        ),
        Verb::Escalate { .. } => (format!("Escalate {who}: why?"), and(goes_to(model))),
        Verb::Requeue { .. } => (
            format!("Re-queue {who}"),
            and("its branch is kept".to_owned()),
        ),
        Verb::Park { .. } => (
            format!("Park {who}: why?"),
            and("it waits for you then; may be empty".to_owned()),
        ),
        Verb::Hint { .. } => (
            format!("Hint for {who}"),
            "handed to the next attempt, at most 150 words".to_owned(),
        ),
        Verb::Decide { decision, .. } => (
            format!("{decision} {name}: {}", means(*decision)),
            match decision {
                Decision::TestDefect => failing(model, &name),
                Decision::Respec => {
                    "your words for the new spec, at most 150; may be empty".to_owned()
                }
                Decision::Takeover => {
                    "the reviewer's model writes the file anew; it is measured like any other"
                        .to_owned()
                }
                _ => "at most 150 words".to_owned(),
            },
        ),
        Verb::Stop { .. } => plain("Stop the engine", &leaving(model)),
        Verb::Snooze { need, .. } => (
            format!("Snooze {} until", titled(model, need)),
            "90m, 2h, 1d or a time such as 07:00; it is quiet until then".to_owned(),
        ),
        Verb::Budget { .. } => plain(
            "Limit",
            "a limit that is raised lets go on what it had parked",
        ),
        Verb::Reopen { .. } => (format!("Reopen {name}: what is wrong?"), String::new()),
        Verb::Add { .. } => plain("Add an idea", ""),
        Verb::Edit { .. } => (format!("The idea of {name}"), String::new()),
        _ => (question(model, verb), String::new()),
    }
}

/// What a need is about, by its id.
fn titled<'a>(model: &'a Model, id: &'a str) -> &'a str {
    let mut needs = model.snapshot.iter().flat_map(|s| &s.needs);
    let need = needs.find(|need| need.id == id && !need.title.is_empty());
    need.map_or(id, |need| &need.title)
}

/// What a decision does.
#[must_use]
pub const fn means(decision: Decision) -> &'static str {
    match decision {
        Decision::Ship => "merge and tag it",
        Decision::SendBack => "fix it, with your words",
        Decision::Respec => "write its spec anew, with your words",
        Decision::Hint => "go on, with your words",
        Decision::TestDefect => "strike a case that is wrong",
        Decision::Takeover => "have a file written by the reviewer",
    }
}

/// Which cases failed, where that is known.
fn failing(model: &Model, name: &str) -> String {
    let snapshot = model.snapshot.as_ref();
    let here = snapshot.filter(|s| s.current_tool.as_deref() == Some(name));
    let gate = here.and_then(|s| s.runs.last()?.failed_gate.clone());
    let reason = item_of(model, name).and_then(|item| item.reason.clone());
    gate.or(reason)
        .unwrap_or_else(|| "the case is struck and replaced".to_owned())
}

/// To whom an escalated tool goes.
fn goes_to(model: &Model) -> String {
    match staff::reviewer(model) {
        Ok(agent) => format!("it goes to the supervisor, {}", agent.model),
        Err(None) => "it goes to you".to_owned(),
        Err(Some(why)) => {
            format!("the supervisor is {why}: it waits for you, or until the supervisor can review")
        }
    }
}

/// What the tool under way has cost, where the command is about that.
fn cost(model: &Model, verb: &Verb) -> Option<String> {
    let snapshot = model.snapshot.as_ref()?;
    let current = snapshot.current_tool.as_deref()?;
    let about = draft::item(verb).unwrap_or(current) == current;
    let tooled = draft::of_tool(verb) || draft::item(verb).is_some();
    (about && tooled).then(|| {
        format!(
            "${:.2} and {:.0} minutes spent on it so far",
            snapshot.tool_usd, snapshot.tool_minutes
        )
    })
}

/// The question, one line.
fn question(model: &Model, verb: &Verb) -> String {
    let who = subject(model, verb);
    match verb {
        Verb::Escalate { .. } => format!("Escalate {who}?"),
        Verb::Requeue { .. } => format!("Re-queue {who}?"),
        Verb::Park { .. } => format!("Park {who}?"),
        Verb::Drop { .. } => format!("Drop {who}?"),
        Verb::Retry {} => "Retry the phase?".to_owned(),
        Verb::Abort {} => "Abort the turn?".to_owned(),
        Verb::Rewind { seq } => rewind::question(model, &who, *seq),
        Verb::Decide { decision, .. } => {
            let who = who.split(',').next().unwrap_or_default().to_owned();
            format!("{decision} {who}?")
        }
        Verb::Stop { restart: true, .. } => "Start the engine anew?".to_owned(),
        Verb::Stop { .. } => "Stop the engine?".to_owned(),
        Verb::NotStuck { rule, .. } => format!("Is {rule} wrong about {who}?"),
        Verb::Reopen { tool, .. } => format!("Reopen {tool}?"),
        Verb::Budget {
            scope,
            unit,
            amount,
        } => {
            format!("Limit {scope} to {amount} {}?", unit.name())
        }
        other => format!("{}?", other.name()),
    }
}

/// What it would mean, and the same as typed on the command line.
fn lines(model: &Model, verb: &Verb) -> Vec<String> {
    let who = subject(model, verb);
    let what = match verb {
        Verb::Escalate { reason } => format!("{}: {reason}", goes_to(model)),
        Verb::Requeue { fresh: true, .. } => {
            "it starts again from spec; the old branch is kept under kept/".to_owned()
        }
        Verb::Requeue { .. } => "it goes on where it stood when its turn comes".to_owned(),
        Verb::Park { .. } => "it is set aside with branch and phase, and waits for you".to_owned(),
        Verb::Drop { .. } => {
            "it is given up; its branch stays, and the command requeue takes it up again".to_owned()
        }
        Verb::Retry {} => {
            format!("{who}: the attempt under way is dropped, its phase starts again")
        }
        Verb::Abort {} => format!("{who}: the running turn ends now and the factory pauses"),
        Verb::Decide { decision, text, .. } => match text {
            Some(text) => format!("{who}: {}: {text}", means(*decision)),
            None => format!("{who}: {}", means(*decision)),
        },
        Verb::Stop { after, restart, .. } => stops(model, *after, *restart),
        Verb::NotStuck { .. } => {
            "the rule is off for this tool, and it goes on: more turns, more minutes".to_owned()
        }
        Verb::Reopen { text, .. } => {
            format!("it goes to fixing with this bug and ships as a patch: {text}")
        }
        Verb::Budget { scope, unit, .. } => known(model, scope, *unit),
        _ => String::new(),
    };
    let price = model.snapshot.as_ref().map(|s| s.review_price.clone());
    let price = price.filter(|price| !price.is_empty() && matches!(verb, Verb::Escalate { .. }));
    let back = match verb {
        Verb::Rewind { seq } => rewind::lines(model, *seq),
        _ => Vec::new(),
    };
    back.into_iter()
        .chain([Some(what), cost(model, verb), price].into_iter().flatten())
        .filter(|line| !line.is_empty())
        .collect()
}

/// What leaving does, in contrast.
fn leaving(model: &Model) -> String {
    let leave = model.keys.or(Action::Leave, "Ctrl-c");
    format!("leaving with {leave} lets it go on")
}

fn stops(model: &Model, after: StopAfter, restart: bool) -> String {
    let when = match after {
        StopAfter::Turn => "after the turn under way",
        StopAfter::Now => "now: the turn under way is cancelled",
    };
    match restart {
        true => format!("it starts anew {when}, with the program as it is on disk"),
        false => {
            let key = model.keys.first(Action::Pause);
            let key = key.map_or_else(String::new, |key| format!("{key} or "));
            format!("it ends {when}, and stays stopped until {key}dev-factory up")
        }
    }
}

/// What is used of a limit.
fn known(model: &Model, scope: &str, unit: crate::domain::event::Unit) -> String {
    let limits = model.snapshot.as_ref().map_or(&[][..], |s| &s.limits);
    let line = limits
        .iter()
        .find(|line| line.scope == scope && line.unit == unit);
    line.map_or_else(|| format!("for {scope}"), |line| line.words())
}

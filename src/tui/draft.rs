//! Commands under way: which fields each can be given, what they make of it, and what it would mean.

use super::effect::About;
use super::form::{Field, For, Form};
use super::model::Model;
use super::update::needs::MORNING;
use crate::domain::amount::amount;
use crate::domain::command::{Decision, StopAfter, Verb};
use crate::domain::decide::hint_fits;
use crate::domain::event::Unit;
use crate::domain::screen::LimitLine;
use crate::domain::state::Scope;
use crate::domain::until::until;
use crate::domain::wishlist;
use chrono::{Local, Offset, TimeZone};

/// What stands where a text has yet to be written.
const BLANK: &str = "...";

/// What a pause or a limit can cover, without tools.
const SCOPES: [Scope; 4] = [
    Scope::Factory,
    Scope::Developer,
    Scope::Qa,
    Scope::Supervisor,
];

/// The item a command is about; None = the tool under way, or none.
#[must_use]
pub fn item(verb: &Verb) -> Option<&str> {
    match verb {
        Verb::Requeue { item, .. }
        | Verb::Park { item, .. }
        | Verb::Decide { item, .. }
        | Verb::NotStuck { item, .. } => item.as_deref(),
        Verb::Unpark { item, .. }
        | Verb::Drop { item, .. }
        | Verb::Edit { item, .. }
        | Verb::Prioritise { item, .. } => Some(item),
        Verb::Reopen { tool, .. } => Some(tool),
        _ => None,
    }
}

/// It is about the tool under way.
#[must_use]
pub fn of_tool(verb: &Verb) -> bool {
    match verb {
        Verb::Escalate { .. }
        | Verb::Retry {}
        | Verb::Abort {}
        | Verb::Rewind { .. }
        | Verb::Hint { .. } => true,
        Verb::Requeue { .. } | Verb::Park { .. } | Verb::Decide { .. } | Verb::NotStuck { .. } => {
            item(verb).is_none()
        }
        _ => false,
    }
}

/// What a command is about as it looks now.
#[must_use]
pub fn about(model: &Model, verb: &Verb) -> About {
    let all = model.snapshot.as_ref().map_or(&[][..], |s| &s.queue);
    // Words and place in line are changed wherever an item stands.
    let anywhere = matches!(verb, Verb::Edit { .. } | Verb::Prioritise { .. });
    let named = item(verb).and_then(|name| all.iter().find(|item| item.name == name));
    About {
        seen: model.seen().filter(|_| of_tool(verb)),
        item: named.map(|item| (item.name.clone(), (!anywhere).then_some(item.status))),
    }
}

/// A text without which it cannot be sent is missing.
#[must_use]
pub fn lacks(verb: &Verb) -> bool {
    let empty = |text: &str| matches!(text.trim(), "" | BLANK);
    match verb {
        Verb::Escalate { reason } => empty(reason),
        Verb::Hint { text } | Verb::Reopen { text, .. } => empty(text),
        Verb::Add { idea, .. } | Verb::Edit { idea, .. } => empty(idea),
        Verb::Decide {
            decision: Decision::TestDefect,
            case,
            ..
        } => case.as_deref().is_none_or(empty),
        Verb::Decide { decision, text, .. } => {
            decision.worded() && text.as_deref().is_none_or(empty)
        }
        _ => false,
    }
}

/// Why the engine would refuse a text, said while it can still be shortened.
#[must_use]
pub fn too_long(verb: &Verb) -> Option<String> {
    let refusal = |text: &str| hint_fits(text).err().map(|refusal| refusal.sentence);
    match verb {
        Verb::Add { idea, .. } | Verb::Edit { idea, .. } => wishlist::valid_idea(idea).err(),
        Verb::Hint { text } => refusal(text),
        Verb::Decide {
            text: Some(text),
            decision,
            ..
        } if decision.worded() => refusal(text),
        _ => None,
    }
}

/// The fields of a command, with what is known of it already.
#[must_use]
pub fn fields(model: &Model, verb: &Verb) -> Vec<Field> {
    let known = |text: &Option<String>| match text.as_deref() {
        None | Some(BLANK) => String::new(),
        Some(text) => text.to_owned(),
    };
    match verb {
        Verb::Pause { scope, reason, .. } => vec![
            Field::text("reason", &known(reason), "may be empty"),
            Field::text("until", "", "90m, 2h, 07:00; empty = until you resume"),
            scopes(
                &SCOPES.map(|one| one.name().to_owned()),
                scope.map_or("factory", |s| s.name()),
            ),
        ],
        Verb::Requeue { reason, fresh, .. } => {
            let how = ["go on where it stood", "afresh, from spec"];
            vec![
                Field::text("reason", &known(reason), "may be empty"),
                Field::choice("how", how.map(str::to_owned).to_vec(), usize::from(*fresh)),
            ]
        }
        Verb::Park { reason, .. } => vec![Field::text("", &known(reason), "")],
        Verb::Decide {
            decision,
            text,
            case,
            file,
            ..
        } => decided(*decision, [text, case, file].map(known)),
        Verb::Stop { .. } => vec![Field::choice(
            "when",
            ["after the turn", "now", "after the turn, and start anew"]
                .map(str::to_owned)
                .to_vec(),
            0,
        )],
        Verb::Snooze { .. } => vec![Field::text("", MORNING, "")],
        Verb::Budget { scope, unit, .. } => limit(model, scope, *unit),
        _ => vec![Field::text("", "", "")],
    }
}

/// The fields of a decision.
fn decided(decision: Decision, [text, case, file]: [String; 3]) -> Vec<Field> {
    let why = || Field::text("why", &text, "may be empty");
    match decision {
        Decision::TestDefect => vec![
            Field::text(
                "case",
                &case,
                "its id, such as h4: Enter on the tool, cases",
            ),
            why(),
        ],
        Decision::Takeover => vec![
            Field::text(
                "file",
                &file,
                "such as src/cli.js; empty = the one open bugs name",
            ),
            why(),
        ],
        _ => vec![Field::text("", &text, "")],
    }
}

fn scopes(all: &[String], chosen: &str) -> Field {
    let at = all.iter().position(|one| one == chosen).unwrap_or(0);
    Field::choice("scope", all.to_vec(), at)
}

fn limit(model: &Model, scope: &str, unit: Unit) -> Vec<Field> {
    let mut all: Vec<String> = SCOPES.map(|one| one.name().to_owned()).to_vec();
    if let Some(snapshot) = &model.snapshot {
        all.extend(snapshot.current_tool.clone());
        let others = snapshot.queue.iter().map(|item| item.name.clone());
        all.extend(others.filter(|name| snapshot.current_tool.as_ref() != Some(name)));
    }
    let units: Vec<String> = Unit::ALL
        .iter()
        .map(|unit| unit.name().to_owned())
        .collect();
    let at = Unit::ALL.iter().position(|one| *one == unit).unwrap_or(0);
    vec![
        Field::text("amount", "", "the new limit"),
        Field::choice("unit", units, at),
        scopes(&all, scope),
    ]
}

/// What is known of the limit that is chosen.
#[must_use]
pub fn used<'a>(model: &'a Model, form: &Form) -> Option<&'a LimitLine> {
    let (scope, unit) = (form.chosen("scope").1, unit(form)?);
    let snapshot = model.snapshot.as_ref()?;
    let mut all = snapshot.limits.iter();
    all.find(|line| line.scope == scope && line.unit == unit)
}

/// The command with what the fields hold; or what is wrong with it.
pub fn filled(model: &Model, form: &Form, verb: &Verb) -> Result<Verb, String> {
    let mut verb = verb.clone();
    let only = form.text("");
    match &mut verb {
        Verb::Pause {
            scope,
            reason,
            until,
        } => {
            *scope = SCOPES.get(form.chosen("scope").0).copied();
            *reason = form.some("reason");
            *until = match form.some("until") {
                Some(text) => Some(when(model, &text)?),
                None => None,
            };
        }
        Verb::Requeue { fresh, reason, .. } => {
            *fresh = form.chosen("how").0 == 1;
            *reason = form.some("reason");
        }
        Verb::Park { reason, .. } => *reason = form.some(""),
        Verb::Escalate { reason } => *reason = only,
        Verb::Hint { text } => *text = only,
        Verb::Decide {
            text, case, file, ..
        } => {
            *text = form.some("").or_else(|| form.some("why"));
            *case = form.some("case");
            *file = form.some("file");
        }
        Verb::Stop { after, restart, .. } => (*after, *restart) = ends(form),
        Verb::Snooze { until, .. } => *until = when(model, &only)?,
        Verb::Budget { .. } => verb = limited(form)?,
        _ => {}
    }
    match lacks(&verb) {
        true => Err("a text is needed".to_owned()),
        false => Ok(verb),
    }
}

/// When the engine ends, and whether it starts again.
fn ends(form: &Form) -> (StopAfter, bool) {
    match form.chosen("when").0 {
        1 => (StopAfter::Now, false),
        at => (StopAfter::Turn, at == 2),
    }
}

/// What is counted; None = nobody has said so.
fn unit(form: &Form) -> Option<Unit> {
    let word = form.chosen("unit").1;
    Unit::ALL.into_iter().find(|unit| unit.name() == word)
}

fn limited(form: &Form) -> Result<Verb, String> {
    Ok(Verb::Budget {
        scope: form.chosen("scope").1.to_owned(),
        amount: amount(&form.text("amount"))?,
        unit: unit(form).ok_or("choose what is counted: Tab, then Left or Right")?,
    })
}

fn when(model: &Model, text: &str) -> Result<chrono::DateTime<chrono::Utc>, String> {
    let local = || Local.offset_from_utc_datetime(&model.now.naive_utc()).fix();
    let time = until(text, model.now, model.zone.unwrap_or_else(local))?;
    match time > model.now {
        true => Ok(time),
        false => Err(format!("{text} has passed")),
    }
}

/// A form for what a command can be given.
#[must_use]
pub fn form(model: &Model, verb: Verb, title: &str, note: &str) -> Form {
    Form {
        title: title.to_owned(),
        note: note.to_owned(),
        fields: fields(model, &verb),
        at: 0,
        about: about(model, &verb),
        problem: None,
        touched: false,
        leaving: false,
        purpose: For::Command(verb),
    }
}

//! Lines of text that were asked for, and decisions on a tool.

use super::super::dialog::Confirm;
use super::super::effect::Effect;
use super::super::form::{For, Form, Line};
use super::super::key::{Code, Key};
use super::super::layer::{Layer, VerdictMenu};
use super::super::model::Model;
use super::{logs, open, refused, send, show};
use crate::domain::command::{Decision, Verb};

/// Takes a key for a form.
pub fn key(model: &mut Model, mut form: Form, key: Key) -> Vec<Effect> {
    match (key.code, key.ctrl) {
        (Code::Esc, _) | (Code::Char('c'), true) => return Vec::new(),
        (Code::Enter, _) => return entered(model, form),
        _ => form.line.key(key),
    };
    open(model, Layer::Form(form));
    Vec::new()
}

fn entered(model: &mut Model, form: Form) -> Vec<Effect> {
    let text = form.line.text.trim().to_owned();
    if let For::Filter = form.purpose {
        return logs::find(model, &text);
    }
    let optional = matches!(form.purpose, For::Requeue | For::Park);
    if text.is_empty() && !optional {
        show(model, refused("a text is needed".to_owned()));
        open(model, Layer::Form(form));
        return Vec::new();
    }
    let reason = Some(text.clone()).filter(|text| !text.is_empty());
    let seen = model.seen();
    match form.purpose {
        For::Escalate => confirm(model, form.title, Verb::Escalate { reason: text }, true),
        For::Requeue => {
            let verb = Verb::Requeue {
                item: None,
                fresh: false,
                reason,
                priority: None,
            };
            confirm(model, form.title, verb, true);
        }
        For::Park => confirm(model, form.title, Verb::Park { item: None, reason }, true),
        For::Hint => return send(model, Effect::Send(Verb::Hint { text }, seen)),
        For::Idea => {
            return send(
                model,
                Effect::Send(
                    Verb::Add {
                        idea: text,
                        priority: None,
                        name: None,
                    },
                    None,
                ),
            );
        }
        For::Decision(menu, word) => decide(model, &menu, word, Some(text)),
        For::Filter => {}
    }
    Vec::new()
}

fn confirm(model: &mut Model, title: String, verb: Verb, guarded: bool) {
    let seen = model.seen().filter(|_| guarded);
    let cost = model
        .snapshot
        .as_ref()
        .map_or_else(String::new, |snapshot| {
            format!(
                "${:.2} and {:.0} minutes spent on it so far",
                snapshot.tool_usd, snapshot.tool_minutes
            )
        });
    let price = model.snapshot.as_ref().map(|s| s.review_price.clone());
    let price = price.filter(|price| !price.is_empty() && matches!(verb, Verb::Escalate { .. }));
    let question = title.replace(": why?", "?");
    open(
        model,
        Layer::Confirm(Box::new(Confirm {
            title: question,
            lines: std::iter::once(cost).chain(price).collect(),
            verb,
            seen,
            yes: false,
        })),
    );
}

/// Decisions that can be made on a tool: the word, what it does, why it is closed.
#[must_use]
pub fn decisions(menu: &VerdictMenu) -> Vec<(&'static str, &'static str, Option<String>)> {
    let mut all = vec![
        ("ship", "merge and tag it", menu.closed.clone()),
        (
            "send-back",
            "fix it, with your words",
            menu.escalated
                .then(|| "it was escalated: hint or respec".to_owned()),
        ),
        ("respec", "write its spec anew, with your words", None),
    ];
    if menu.escalated {
        all.push(("hint", "go on, with your words", None));
        all.push(("takeover", "you write the file yourself", None));
    }
    all
}

/// A decision was chosen: it is asked for its text, or for a yes.
pub fn decided(model: &mut Model, menu: VerdictMenu) -> Vec<Effect> {
    let chosen = decisions(&menu).get(menu.cursor).cloned();
    let Some((word, what, closed)) = chosen else {
        return Vec::new();
    };
    if let Some(why) = closed {
        show(model, refused(format!("{word} is closed: {why}")));
        open(model, Layer::Verdict(menu));
        return Vec::new();
    }
    if word == "ship" {
        decide(model, &menu, word, None);
    } else {
        let title = format!("{word} {}: {what}", menu.tool);
        let note = "at most 150 words".to_owned();
        open(
            model,
            Layer::Form(Form {
                purpose: For::Decision(menu, word),
                title,
                note,
                line: Line::default(),
            }),
        );
    }
    Vec::new()
}

fn decide(model: &mut Model, menu: &VerdictMenu, word: &'static str, text: Option<String>) {
    let decision = match word {
        "ship" => Decision::Ship,
        "send-back" => Decision::SendBack,
        "respec" => Decision::Respec,
        "takeover" => Decision::Takeover,
        _ => Decision::Hint,
    };
    let item = (!menu.under_way).then(|| menu.tool.clone());
    let verb = Verb::Decide {
        item,
        decision,
        text,
        case: None,
        file: None,
    };
    confirm(
        model,
        format!("{word} {}?", menu.tool),
        verb,
        menu.under_way,
    );
}

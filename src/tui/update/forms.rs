//! Fields that were filled, texts that were written, and decisions on a tool.

use super::super::draft;
use super::super::editor::{Editor, Pressed};
use super::super::effect::{About, Effect};
use super::super::form::{For, Form};
use super::super::key::{Code, Key};
use super::super::layer::{Choice, Layer, Sent, VerdictMenu};
use super::super::model::Model;
use super::super::tabs::Tab;
use super::{agents, figures, items, logs, open, orders, refused, send_written, show, tool};
use crate::domain::command::{Decision, Verb};
use crate::domain::screen::Verdict;
use crate::domain::state::Escalation;
use crate::domain::stuck;

/// Takes a key for a form.
pub fn key(model: &mut Model, mut form: Form, key: Key) -> Vec<Effect> {
    match (key.code, key.ctrl) {
        (Code::Esc, _) | (Code::Char('c'), true) => {
            if form.closes() {
                return Vec::new();
            }
        }
        (Code::Enter, _) => return entered(model, form),
        _ => form.key(key),
    };
    open(model, Layer::Form(form));
    Vec::new()
}

fn entered(model: &mut Model, form: Form) -> Vec<Effect> {
    let result = match &form.purpose {
        For::Filter if model.tab == Tab::Tool => {
            tool::find(model, &form.text(""));
            return Vec::new();
        }
        For::Filter if model.tab == Tab::Agents => return agents::find(model, &form.text("")),
        For::Filter if model.tab == Tab::Stats => return figures::find(model, &form.text("")),
        For::Filter => return logs::find(model, &form.text("")),
        For::Find => return items::find(model, &form.text("")),
        For::Address(host) => {
            let (host, url) = (host.clone(), form.text(""));
            if !url.is_empty() {
                let written = Some(Layer::Form(form));
                return send_written(model, Effect::Address { host, url }, written);
            }
            Err("an address is needed, such as http://192.168.1.20:11434".to_owned())
        }
        For::Command(verb) => draft::filled(model, &form, verb),
    };
    match result {
        Ok(verb) => {
            let about = form.about.clone();
            orders::meant(model, verb, about, Some(Layer::Form(form)))
        }
        Err(problem) => kept(model, Some(Layer::Form(form)), problem),
    }
}

/// Takes a key for the editor.
pub fn edit(model: &mut Model, mut editor: Editor, key: Key) -> Vec<Effect> {
    match editor.key(key) {
        Pressed::Closed => return Vec::new(),
        Pressed::Done => return written(model, editor),
        Pressed::Elsewhere => {
            let text = editor.text();
            open(model, Layer::Editor(Box::new(editor)));
            return vec![Effect::Edit(text)];
        }
        Pressed::Open => {}
    }
    open(model, Layer::Editor(Box::new(editor)));
    Vec::new()
}

fn written(model: &mut Model, editor: Editor) -> Vec<Effect> {
    let text = editor.text();
    if text.is_empty() {
        let layer = Layer::Editor(Box::new(editor));
        return kept(model, Some(layer), "a text is needed".to_owned());
    }
    if matches!(editor.verb, Verb::Edit { .. }) && !editor.changed() {
        let words = "nothing was changed, so nothing was sent";
        show(model, refused(words.to_owned()));
        return Vec::new();
    }
    let (mut verb, about) = (editor.verb.clone(), editor.about.clone());
    if let Verb::Add { idea: to, .. }
    | Verb::Edit { idea: to, .. }
    | Verb::Reopen { text: to, .. } = &mut verb
    {
        *to = text;
    }
    let layer = Layer::Editor(Box::new(editor));
    orders::meant(model, verb, about, Some(layer))
}

/// It was said yes to: it goes out, unless what it is about has changed.
pub fn confirmed(model: &mut Model, verb: Verb, about: About) -> Vec<Effect> {
    let text = |layer: &mut Layer| matches!(layer, Layer::Form(_) | Layer::Editor(_));
    let written = model.layers.pop_if(text);
    if let Some(words) = model.changed(&about) {
        return again(model, written, &verb, &words);
    }
    send_written(model, Effect::Send(verb, about.seen), written)
}

/// It does not go out: what was written for it stays open and says why, else the footer does.
pub fn kept(model: &mut Model, written: Option<Layer>, problem: String) -> Vec<Effect> {
    match written {
        Some(mut layer) => {
            complain(&mut layer, problem);
            open(model, layer);
        }
        None => show(model, refused(problem)),
    }
    Vec::new()
}

/// What it is about has changed: what was written stays open, from now on about what is there now.
pub fn again(
    model: &mut Model,
    mut written: Option<Layer>,
    verb: &Verb,
    words: &str,
) -> Vec<Effect> {
    show(model, refused(format!("{words}: nothing was sent")));
    if let Some(layer) = &mut written {
        anew(model, layer, verb);
        complain(layer, format!("{words}: once more sends it all the same"));
    }
    model.layers.extend(written);
    Vec::new()
}

/// The engine took something else for right: what was written comes back, below what is being written now.
pub fn refused_by_engine(model: &mut Model, sent: Sent, sentence: &str) {
    if let Some(Verb::Prioritise { item, .. }) = &sent.verb {
        model.asked.retain(|(name, _)| name != item);
    }
    let Some(mut layer) = sent.written else {
        return;
    };
    if let Some(verb) = &sent.verb {
        anew(model, &mut layer, verb);
    }
    complain(&mut layer, sentence.to_owned());
    let typing = matches!(
        model.layers.last(),
        Some(Layer::Form(_) | Layer::Editor(_) | Layer::Palette(_) | Layer::Confirm(_))
    );
    match typing {
        true => model.layers.insert(0, layer),
        false => open(model, layer),
    }
}

/// What was written is about what is there now.
fn anew(model: &Model, layer: &mut Layer, verb: &Verb) {
    let (title, now) = (orders::heading(model, verb).0, draft::about(model, verb));
    match layer {
        Layer::Form(form) => (form.title, form.about) = (title, now),
        Layer::Editor(editor) => (editor.title, editor.about) = (title, now),
        _ => {}
    }
}

fn complain(layer: &mut Layer, words: String) {
    match layer {
        Layer::Form(form) => form.problem = Some(words),
        Layer::Editor(editor) => editor.problem = Some(words),
        _ => {}
    }
}

/// What can be decided on a tool.
#[must_use]
pub fn decisions(menu: &VerdictMenu) -> Vec<Choice> {
    let choice = |verdict: &Verdict| Choice {
        word: verdict.decision.name(),
        what: orders::means(verdict.decision).to_owned(),
        closed: verdict.closed.clone(),
        verb: Verb::Decide {
            item: (!menu.under_way).then(|| menu.tool.clone()),
            decision: verdict.decision,
            text: None,
            case: None,
            file: None,
        },
    };
    let mut all: Vec<Choice> = menu.verdicts.iter().map(choice).collect();
    all.extend(menu.escalation.as_ref().and_then(|e| not_stuck(menu, e)));
    all
}

/// The rule that spoke, where a person can say that it is wrong.
fn not_stuck(menu: &VerdictMenu, escalation: &Escalation) -> Option<Choice> {
    let rule = escalation.reason.split(':').next()?;
    stuck::unanswerable(rule).is_none().then(|| Choice {
        word: "not-stuck",
        what: format!("{rule} is wrong about it: off for this tool, it goes on"),
        closed: None,
        verb: Verb::NotStuck {
            rule: rule.to_owned(),
            item: Some(menu.tool.clone()),
        },
    })
}

/// A decision was chosen: it is asked for its text, or for a yes.
pub fn decided(model: &mut Model, menu: VerdictMenu) -> Vec<Effect> {
    let Some(choice) = decisions(&menu).into_iter().nth(menu.cursor) else {
        return Vec::new();
    };
    if let Some(why) = choice.closed {
        show(model, refused(format!("{} is closed: {why}", choice.word)));
        open(model, Layer::Verdict(menu));
        return Vec::new();
    }
    if let Some(words) = model.changed(&menu.about) {
        show(model, refused(format!("{words}: nothing was sent")));
        return Vec::new();
    }
    match &choice.verb {
        Verb::Decide {
            decision: Decision::Ship,
            ..
        }
        | Verb::NotStuck { .. } => orders::begin(model, choice.verb),
        _ => orders::ask(model, choice.verb),
    }
}

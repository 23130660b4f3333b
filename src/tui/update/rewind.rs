//! Going back: which move a rewind would go to, said before it is sent with the very event that is named.

use super::super::effect::Effect;
use super::super::model::Model;
use super::super::offer;
use super::super::tabs::Tab;
use super::orders;
use crate::domain::command::Verb;
use crate::domain::tool::Back;

/// Asks whether the tool under way is to go back to the moment that is shown, or to the move of the cursor.
pub fn begin(model: &mut Model) -> Vec<Effect> {
    match offer::rewound(model) {
        Ok(seq) => orders::begin(model, Verb::Rewind { seq }),
        Err(_) => Vec::new(),
    }
}

/// The move a rewind with an event goes to, where it is known here.
fn then(model: &Model, seq: u64) -> Option<Back> {
    let view = model.tool.as_ref().filter(|_| model.tab == Tab::Tool);
    let shown = view.and_then(|view| view.back.as_ref().ok());
    if let Some(back) = shown.filter(|back| back.seq == seq) {
        return Some(back.clone());
    }
    let snapshot = model.snapshot.as_ref()?;
    let of_tool = snapshot
        .moves
        .iter()
        .filter(|step| step.seq <= seq && Some(&step.tool) == snapshot.current_tool.as_ref());
    let step = of_tool.max_by_key(|step| step.seq)?;
    Some(Back {
        seq: step.seq,
        at: step.at,
        from: step.from,
        to: step.to,
        outcome: step.outcome,
        commit: step.commit.clone(),
    })
}

/// The question.
pub fn question(model: &Model, who: &str, seq: u64) -> String {
    let name = who.split(',').next().unwrap_or_default();
    match then(model, seq) {
        Some(back) => format!("Rewind {name}: {} of {}?", back.to, model.when(back.at)),
        None => format!("Rewind {name} to the move at or before event {seq}?"),
    }
}

/// What comes back, and what goes on: few rows, as the name is typed below them on the smallest window too.
pub fn lines(model: &Model, seq: u64) -> Vec<String> {
    let short = |commit: &str| commit.get(..10).unwrap_or(commit).to_owned();
    let mut lines = Vec::new();
    if let Some(back) = then(model, seq) {
        let (from, to, outcome) = (back.from, back.to, back.outcome);
        let files = match &back.commit {
            Some(Some(commit)) => format!("files of {}", short(commit)),
            Some(None) => "no files yet".to_owned(),
            None => "files of then".to_owned(),
        };
        let event = back.seq;
        lines.push(format!(
            "event {event}: {from} -> {to} ({outcome}), {files}"
        ));
        let shown = model.tool.as_ref().filter(|_| model.tab == Tab::Tool);
        if let Some(moment) = shown.map(|view| &view.moment).filter(|m| m.seq > back.seq) {
            let later = moment.tree.as_ref().filter(|tree| tree.at > back.at);
            let files = later.map_or_else(String::new, |tree| {
                format!(" (files {})", short(&tree.commit))
            });
            lines.push(format!(
                "not event {}, {}{files}: it goes to the move before",
                moment.seq,
                model.when(moment.at)
            ));
        }
    }
    let words = "spec, cases and open reports as of then; what came after is kept, and cycles and cost go on";
    lines.push(words.to_owned());
    lines
}

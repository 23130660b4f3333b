//! state.json, control.json, the wishlist and BRIEF.md against what the journal amounts to.

use super::finding::{Finding, Fix};
use super::journal::Told;
use super::{Checks, Cut, Report, told};
use crate::adapters::store::files;
use crate::adapters::store::fold::core;
use crate::adapters::store::layout::{FOLDER, Layout};
use crate::adapters::store::statefile::{parse, same, sha256};
use crate::adapters::store::wishlist;
use crate::domain::factory::Factory;
use crate::domain::item::Item;
use crate::domain::state::{ControlDoc, StateDoc};
use crate::factory::ports::store::StoreError;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

const AREA: &str = "state";

/// Keys of an item that are the engine's.
const OURS: [&str; 6] = [
    "status",
    "addedAt",
    "reason",
    "branch",
    "phase",
    "escalation",
];

/// What the next start does by itself.
const STARTS: &str = "the next start of the engine, or --repair, writes it from the journal";

/// Holds the documents against the fold.
pub fn check(
    layout: &Layout,
    checks: &Checks,
    journal: &Told,
    report: &mut Report,
) -> Result<(), Cut> {
    told(checks, "documents", 0, 4)?;
    let Some(factory) = &journal.factory else {
        let what = "there is no journal: no engine has worked in this home";
        let place = format!("{FOLDER}/journal.jsonl");
        report.findings.push(Finding::note("journal", place, what));
        return Ok(());
    };
    let control = control(layout, factory, report)?;
    told(checks, "documents", 1, 4)?;
    report
        .findings
        .extend(state(layout, factory, journal, control)?);
    told(checks, "documents", 2, 4)?;
    items(layout, factory, report);
    told(checks, "documents", 3, 4)?;
    report.findings.extend(brief(layout, checks, factory)?);
    Ok(())
}

fn state(
    layout: &Layout,
    factory: &Factory,
    journal: &Told,
    control: Option<ControlDoc>,
) -> Result<Option<Finding>, Cut> {
    let place = format!("{FOLDER}/state.json");
    let wrong = |what: String| {
        Some(
            Finding::wrong(AREA, &*place, what)
                .todo(STARTS)
                .fix(Fix::Start),
        )
    };
    // A person may keep it elsewhere in the home.
    let path = layout.at("state.json");
    let path = std::fs::canonicalize(&path).unwrap_or(path);
    let bytes = match files::read(&path, files::CAP) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return Ok(wrong("it is not there".to_owned())),
        Err(StoreError::Bad(why)) => return Ok(wrong(why)),
        Err(error) => return Err(error.into()),
    };
    let last = core(factory);
    let doc = match parse(&bytes, Some(&last)) {
        Ok(doc) => doc,
        Err(why) => {
            let (line, what) = placed(&why);
            let found = wrong(format!("it cannot be read: {what}"));
            return Ok(found.map(|f| match line {
                Some(line) => f.line(line),
                None => f,
            }));
        }
    };
    if same(&doc, &last) {
        return Ok(None);
    }
    let bare = StateDoc {
        other: Map::new(),
        ..doc.clone()
    };
    let says = format!("it says {}, and the journal {}", words(&doc), words(&last));
    if journal.fresh.contains(&bare) {
        return Ok(wrong(format!("it is behind the journal: {says}")));
    }
    if control.is_some_and(|control| control.state_sha256 == sha256(&bytes)) {
        return Ok(wrong(format!(
            "it tells what the journal does not know: {says}"
        )));
    }
    let who = match journal.cores.contains(&bare) {
        true => "somebody has put an old copy of it back",
        false => "another program has written it",
    };
    let todo = format!("{who}: the engine judges it as a claim when it looks next");
    Ok(Some(Finding::note(AREA, place, says).todo(todo)))
}

fn words(doc: &StateDoc) -> String {
    match &doc.current_tool {
        Some(tool) => format!("{tool} in {}, cycle {}", doc.phase, doc.cycle_count),
        None => doc.phase.to_string(),
    }
}

/// "FILE, line 3 column 2: what" in its parts.
fn placed(sentence: &str) -> (Option<usize>, String) {
    let (place, what) = sentence.split_once(": ").unwrap_or(("", sentence));
    let line = place.split("line ").nth(1);
    let line = line.and_then(|rest| rest.split_whitespace().next()?.parse().ok());
    (line, what.to_owned())
}

fn control(
    layout: &Layout,
    factory: &Factory,
    report: &mut Report,
) -> Result<Option<ControlDoc>, Cut> {
    let place = format!("{FOLDER}/control.json");
    let mut wrong = |what: String| {
        let finding = Finding::wrong(AREA, &*place, what).todo(STARTS);
        report.findings.push(finding.fix(Fix::Start));
    };
    let bytes = match files::read(&layout.at("control.json"), files::CAP) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => {
            wrong("it is not there".to_owned());
            return Ok(None);
        }
        Err(StoreError::Bad(why)) => {
            wrong(why);
            return Ok(None);
        }
        Err(error) => return Err(error.into()),
    };
    let doc: ControlDoc = match serde_json::from_slice(&bytes) {
        Ok(doc) => doc,
        Err(error) => {
            wrong(format!("it cannot be read: {error}"));
            return Ok(None);
        }
    };
    let ours = factory.control_doc(doc.revision, doc.state_sha256.clone());
    let differs = [
        ("attempt", doc.attempt != ours.attempt),
        ("pauses", doc.pauses != ours.pauses),
        ("stopped", doc.stopped != ours.stopped),
        ("escalation", doc.escalation != ours.escalation),
    ];
    let names: Vec<&str> = differs
        .iter()
        .filter(|(_, is)| *is)
        .map(|(n, _)| *n)
        .collect();
    if !names.is_empty() {
        wrong(format!(
            "its {} differ from the journal",
            names.join(" and ")
        ));
    }
    Ok(Some(doc))
}

/// The engine's fields of the wishlist; ideas, priorities and order are people's.
fn items(layout: &Layout, factory: &Factory, report: &mut Report) {
    let place = format!("{FOLDER}/wishlist.json");
    let entries = match wishlist::entries(layout) {
        Ok(entries) => entries,
        Err(error) => {
            let (line, what) = placed(&error.to_string());
            let todo = "put it right by hand; the last good list stays in force until then";
            let finding = Finding::wrong(AREA, place, what).todo(todo);
            report.findings.push(match line {
                Some(line) => finding.line(line),
                None => finding,
            });
            return;
        }
    };
    let name = |entry: &Value| entry.get("name").and_then(Value::as_str).map(str::to_owned);
    let named: BTreeMap<String, &Value> = entries
        .iter()
        .filter_map(|entry| Some((name(entry)?, entry)))
        .collect();
    for item in factory.items.iter() {
        let Some(entry) = named.get(&item.name) else {
            let what = format!("{} is in the journal and not in the list", item.name);
            let todo = "the engine deals with it when it reads the list next";
            report
                .findings
                .push(Finding::note(AREA, &*place, what).todo(todo));
            continue;
        };
        if let Some(key) = differing(item, entry) {
            let what = format!(
                "the {key} of {} is {} and the journal has {}",
                item.name,
                shown(entry.get(key)),
                shown(serde_json::to_value(item).unwrap_or_default().get(key))
            );
            let finding = Finding::wrong(AREA, &*place, what).todo(STARTS);
            report.findings.push(finding.fix(Fix::Wishlist));
        }
    }
}

/// The first field of the engine's that is not as the journal has it.
fn differing(item: &Item, entry: &Value) -> Option<&'static str> {
    let ours = serde_json::to_value(item).unwrap_or_default();
    OURS.into_iter().find(|key| ours.get(key) != entry.get(key))
}

fn shown(value: Option<&Value>) -> String {
    value.map_or_else(|| "absent".to_owned(), Value::to_string)
}

fn brief(layout: &Layout, checks: &Checks, factory: &Factory) -> Result<Option<Finding>, Cut> {
    let place = format!("{FOLDER}/BRIEF.md");
    let wrong = |what: &str| {
        let todo = "the next move, or --repair, writes it anew";
        Some(
            Finding::wrong("papers", &*place, what)
                .todo(todo)
                .fix(Fix::Brief),
        )
    };
    let Some(bytes) = files::read(&layout.at("BRIEF.md"), files::CAP)? else {
        return Ok(wrong("it is not there"));
    };
    // The number of the next set of cases follows with the next move, and a refused claim has a line of its own.
    let lasting = |text: &str| -> Vec<String> {
        let passing = |line: &&str| line.starts_with("- Inputs:") || line.starts_with("- Refused");
        let lines = text.lines().filter(|line| !passing(line));
        lines.map(str::to_owned).collect()
    };
    let found = String::from_utf8_lossy(&bytes);
    let same = lasting(&found) == lasting(&(checks.brief)(factory));
    Ok(match same {
        true => None,
        false => wrong("it does not tell of the present phase"),
    })
}

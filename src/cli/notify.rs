//! `notify --test`: one event to each target, or to one, and what came of it.

use super::args::Cli;
use super::out::{self, Done, Fail, code};
use super::{home, secrets, threads, wire};
use crate::adapters::clock::SystemClock;
use crate::adapters::notifier::Messenger;
use crate::domain::notice::{Message, Notice, Severity};
use crate::factory::ports::clock::Clock;
use crate::factory::ports::notifier::{Lost, Notifier};
use futures_util::future::join_all;
use serde_json::json;
use std::time::{Duration, Instant};

/// Tells each target that this is a test; exit 1 when one was not reached.
pub fn run(cli: &Cli, only: Option<&str>) -> Done {
    let home = match &cli.home {
        Some(dir) => Some(home::resolve(Some(dir))?),
        None => home::resolve(None).ok(),
    };
    let loaded = wire::settings(cli, home.as_deref(), Vec::new())?;
    let all = loaded.settings.notify.targets;
    let file = wire::user_file().unwrap_or_default();
    if all.is_empty() {
        return Err(Fail::usage(format!(
            "nobody is told anything: name a target in {}, as [notify.NAME] with one of command, ntfy and webhook",
            file.display()
        )));
    }
    if let Some(name) = only.filter(|name| !all.contains_key(*name)) {
        let known: Vec<&str> = all.keys().map(String::as_str).collect();
        return Err(Fail::usage(format!(
            "no target is named {name} in {}: there are {}",
            file.display(),
            known.join(", ")
        )));
    }
    let shown = home.map_or(String::new(), |home| home.display().to_string());
    let tests = all
        .iter()
        .filter(|(name, _)| only.is_none_or(|only| only == *name))
        .map(|(name, target)| {
            let shown = &shown;
            async move {
                let mut event = test(name).event(shown);
                secrets::known().clean_value(&mut event);
                let begun = Instant::now();
                let result = Messenger::default().send(target, &event).await;
                Tried {
                    target: name.clone(),
                    way: target.way.word(),
                    took: begun.elapsed(),
                    result: result.map_err(words),
                }
            }
        });
    let results = threads::runtime()?.block_on(join_all(tests));
    show(cli, &results)?;
    Ok(match results.iter().any(|one| one.result.is_err()) {
        true => code::FAILED,
        false => 0,
    })
}

/// Why, with what a command said of it.
fn words(lost: Lost) -> String {
    match lost.said.as_str() {
        "" => lost.why,
        said => format!("{}: {said}", lost.why),
    }
}

/// What came of a test.
struct Tried {
    target: String,
    way: &'static str,
    took: Duration,
    result: Result<(), String>,
}

fn show(cli: &Cli, all: &[Tried]) -> Result<(), Fail> {
    if cli.json {
        let row = |one: &Tried| {
            json!({
                "target": one.target, "way": one.way, "told": one.result.is_ok(),
                "millis": one.took.as_millis(), "why": one.result.as_ref().err(),
            })
        };
        return out::say(json!(all.iter().map(row).collect::<Vec<_>>()));
    }
    let row = |one: &Tried| {
        let words = match &one.result {
            Ok(()) => format!("told in {:.1} s", one.took.as_secs_f64()),
            Err(why) => format!("FAILED: {why}"),
        };
        vec![one.target.clone(), one.way.to_owned(), words]
    };
    out::put(&out::table(&all.iter().map(row).collect::<Vec<_>>()))
}

fn test(target: &str) -> Message {
    Message {
        target: target.to_owned(),
        notices: vec![Notice {
            id: "test".to_owned(),
            severity: Severity::NeedsYou,
            text: format!("a test: dev-factory tells {target} what waits for you"),
            ways: vec!["dev-factory status".to_owned()],
            tool: None,
            since: SystemClock.now(),
        }],
        again: false,
        held: false,
    }
}

//! The sandboxes of this machine as `doctor` shows them: every tier, tried anew whatever is remembered.

use super::super::args::Cli;
use super::super::out::{self, Done, Fail, code};
use super::super::{threads, walls, wire};
use super::progress::Progress;
use crate::adapters::sandbox::{self, Around, Choice, Scoped, Tried};
use crate::domain::finding::Finding;
use serde_json::{Value, json};
use std::path::Path;

/// Shows every attempt under every tier.
pub fn run(cli: &Cli, home: Option<&Path>) -> Done {
    let settings = wire::settings(cli, home, Vec::new())?.settings;
    let progress = Progress::new(false);
    let choice = threads::runtime()?.block_on(survey(&settings.wrapper, &progress))?;
    match cli.json {
        true => out::say(json!({ "sandbox": value(&choice) }))?,
        false => out::put(&text(&choice))?,
    }
    Ok(match choice.tier {
        Some(_) => 0,
        None => code::NO_SANDBOX,
    })
}

/// Tries every tier.
pub async fn survey(wrapper: &[String], progress: &Progress) -> Result<Choice, Fail> {
    progress.tell("sandbox", Some("trying to get out of it"));
    let choice = sandbox::survey(&walls::setup(wrapper)?).await;
    progress.tell("sandbox", None);
    Ok(choice)
}

/// The choice in one line.
pub fn finding(choice: &Choice) -> Finding {
    let used = choice
        .tried
        .iter()
        .find(|tried| Some(tried.tier) == choice.tier);
    match used {
        Some(tried) => Finding::fine(
            "sandbox",
            format!("{}: {}", walls::title(tried.tier), walls::state_of(tried)),
        ),
        None if choice.trouble.is_some() => Finding::error(
            "sandbox",
            "nothing could be tried",
            choice.trouble.clone().unwrap_or_default(),
        ),
        None => Finding::error(
            "sandbox",
            "no sandbox works on this machine (dev-factory doctor --sandbox shows why)",
            sandbox::fixes().join("; "),
        ),
    }
}

fn text(choice: &Choice) -> String {
    let mut rows: Vec<Vec<String>> = choice
        .tried
        .iter()
        .map(|tried| {
            let used = if choice.tier == Some(tried.tier) {
                "used"
            } else {
                ""
            };
            vec![
                walls::title(tried.tier).to_owned(),
                used.to_owned(),
                walls::state_of(tried),
            ]
        })
        .collect();
    if let Some(trouble) = &choice.trouble {
        return format!("nothing could be tried: {trouble}\n");
    }
    rows.extend(choice.tried.iter().filter_map(way_out));
    rows.push(around(&choice.scope).map(str::to_owned).to_vec());
    let mut lines = out::table(&rows);
    let tried: Vec<&Tried> = choice
        .tried
        .iter()
        .filter(|tried| !tried.findings.attempts.is_empty())
        .collect();
    rows = attempts(&tried);
    if !rows.is_empty() {
        lines.push('\n');
        lines.push_str(&out::table(&rows));
    }
    if choice.tier.is_none() {
        lines.push('\n');
        for fix in sandbox::fixes() {
            lines.push_str(&format!("Fix: {fix}\n"));
        }
    }
    lines
}

/// The row of npm's way out through a wrapper.
fn way_out(tried: &Tried) -> Option<Vec<String>> {
    let words = match tried.way_out.as_ref()? {
        Ok(()) => "npm reaches the registry through it".to_owned(),
        Err(why) => format!(
            "npm does not reach the registry through it, install Jest by your own npm (npm ci --ignore-scripts): {why}"
        ),
    };
    let name = format!("{} for npm", walls::title(tried.tier));
    Some(vec![name, String::new(), words])
}

/// The row of what is around a run.
fn around(scope: &Scoped) -> [&str; 3] {
    let words = "each run has one: the kernel counts its memory";
    match scope {
        Scoped::Used(Around::Scope) => ["systemd scope", "used", words],
        Scoped::Used(Around::Cgroup) => ["cgroup", "used", words],
        Scoped::Not(why) => ["systemd scope", "", why],
    }
}

/// A row for everything tried, a column for each tier it was tried under.
fn attempts(tried: &[&Tried]) -> Vec<Vec<String>> {
    let mut names: Vec<&str> = Vec::new();
    for attempt in tried.iter().flat_map(|tried| &tried.findings.attempts) {
        if !names.contains(&attempt.name.as_str()) {
            names.push(&attempt.name);
        }
    }
    let mut rows = Vec::new();
    if !names.is_empty() {
        let titles = tried
            .iter()
            .map(|tried| walls::title(tried.tier).to_owned());
        rows.push(
            std::iter::once("attempt".to_owned())
                .chain(titles)
                .collect(),
        );
    }
    for name in names {
        let cell = |tried: &&Tried| {
            let found = tried
                .findings
                .attempts
                .iter()
                .find(|attempt| attempt.name == name);
            match found {
                None => "-".to_owned(),
                Some(attempt) if attempt.held => "held".to_owned(),
                Some(attempt) => format!("LEAK: {}", attempt.words),
            }
        };
        rows.push(
            std::iter::once(name.to_owned())
                .chain(tried.iter().map(cell))
                .collect(),
        );
    }
    rows
}

/// For machines.
pub fn value(choice: &Choice) -> Value {
    let tiers: Vec<Value> = choice
        .tried
        .iter()
        .map(|tried| {
            json!({
                "tier": tried.tier,
                "found": tried.found,
                "held": tried.findings.held(),
                "failed": tried.findings.failed,
                "millis": tried.findings.millis,
                "attempts": tried.findings.attempts,
                "npm": tried.way_out.as_ref().map(|way| json!({
                    "passes": way.is_ok(),
                    "why": way.as_ref().err(),
                })),
            })
        })
        .collect();
    let fixes = if choice.tier.is_none() {
        sandbox::fixes()
    } else {
        Vec::new()
    };
    let scope = match &choice.scope {
        Scoped::Used(by) => json!({ "used": true, "by": by }),
        Scoped::Not(why) => json!({ "used": false, "why": why }),
    };
    json!({
        "tier": choice.tier,
        "tiers": tiers,
        "scope": scope,
        "fixes": fixes,
        "trouble": choice.trouble,
    })
}

//! `doctor`: what this machine has of what a factory needs. Each part looks at one thing and comes as text and JSON.

use super::args::{Cli, DoctorArgs};
use super::out::{self, Done, Fail, code};
use super::{walls, wire};
use crate::adapters::sandbox::{self, Choice, Scoped, Tried};
use serde_json::{Value, json};

/// What one part found.
struct Found {
    /// Its name in JSON.
    name: &'static str,
    /// For people.
    text: String,
    /// For machines.
    value: Value,
    /// Exit code when it stands alone: 0 = nothing is wrong.
    code: u8,
}

/// Looks at the parts asked for, at all of them when none is named; the first that is wrong gives the exit code.
pub fn run(cli: &Cli, args: &DoctorArgs) -> Done {
    let all = !args.sandbox;
    let mut found = Vec::new();
    if all || args.sandbox {
        found.push(walls_here(cli)?);
    }
    if cli.json {
        let object: serde_json::Map<String, Value> = found
            .iter()
            .map(|part| (part.name.to_owned(), part.value.clone()))
            .collect();
        out::say(Value::Object(object))?;
    } else {
        for part in &found {
            out::put(&part.text)?;
        }
    }
    let wrong = found.iter().map(|part| part.code).find(|code| *code != 0);
    Ok(wrong.unwrap_or(0))
}

/// Every tier, tried anew whatever is remembered.
fn walls_here(cli: &Cli) -> Result<Found, Fail> {
    let settings = wire::settings(cli, None, Vec::new())?.settings;
    let setup = walls::setup(&settings.wrapper)?;
    let choice = wire::runtime()?.block_on(sandbox::survey(&setup));
    Ok(Found {
        name: "sandbox",
        text: text(&choice),
        value: value(&choice),
        code: if choice.tier.is_some() {
            0
        } else {
            code::NO_SANDBOX
        },
    })
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
    let (used, words) = match &choice.scope {
        Scoped::Used => ("used", "each run has one: the kernel counts its memory"),
        Scoped::Not(why) => ("", why.as_str()),
    };
    rows.push(["systemd scope", used, words].map(str::to_owned).to_vec());
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

fn value(choice: &Choice) -> Value {
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
            })
        })
        .collect();
    let fixes = if choice.tier.is_none() {
        sandbox::fixes()
    } else {
        Vec::new()
    };
    let scope = match &choice.scope {
        Scoped::Used => json!({ "used": true }),
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

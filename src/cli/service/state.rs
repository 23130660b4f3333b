//! `service status`: whether a home's service is installed, edited, on at boot, and runs.

use super::super::args::{Cli, System};
use super::super::out::{self, Done, code};
use super::super::status;
use super::system::{self, property, systemctl};
use super::{here, place, unit};
use crate::adapters::store::readers;
use crate::text::plural::plural;
use serde_json::json;
use std::path::Path;

/// What systemd is asked.
const ASKED: &str = "--property=LoadState,UnitFileState,ActiveState,SubState,MainPID,NRestarts,RestartUSec,Result,StatusText";

/// Prints it; exit 0 when it runs, else 1.
pub fn show(cli: &Cli, home: &Path) -> Done {
    let (path, name) = place(home)?;
    let text = std::fs::read_to_string(&path).ok();
    let file = match text.as_deref().map(unit::edited) {
        None => "not installed: dev-factory service install",
        Some(true) => "installed, edited by somebody",
        Some(false) => "installed",
    };
    let (runs, words) = match here() {
        System::Systemd => systemd(&name),
        System::Launchd => launchd(&name),
    };
    let engine = readers::snapshot(home).filter(|(_, alive)| *alive);
    let engine = engine.map_or("none runs".to_owned(), |(snapshot, _)| {
        status::engine_words(&snapshot.engine)
    });
    let linger = match here() {
        System::Systemd => lingers(),
        System::Launchd => String::new(),
    };
    if cli.json {
        out::say(json!({
            "unit": path, "name": name, "installed": text.is_some(),
            "edited": text.as_deref().is_some_and(unit::edited),
            "runs": runs, "manager": words, "linger": linger, "engine": engine,
        }))?;
    } else {
        let rows = [
            ("unit", path.display().to_string()),
            ("text", file.to_owned()),
            ("manager", words),
            ("linger", linger),
            ("engine", engine),
        ];
        let rows = rows.into_iter().filter(|(_, words)| !words.is_empty());
        let rows: Vec<Vec<String>> = rows
            .map(|(name, words)| vec![name.to_owned(), words])
            .collect();
        out::put(&out::table(&rows))?;
    }
    Ok(match runs && text.is_some() {
        true => 0,
        false => code::FAILED,
    })
}

fn systemd(name: &str) -> (bool, String) {
    let found = match systemctl(&["show", ASKED, name]) {
        Ok(found) => found,
        Err(why) => {
            return (
                false,
                format!("systemd's user manager does not answer: {why}"),
            );
        }
    };
    let of = |key: &str| property(&found, key);
    if of("LoadState") != "loaded" {
        return (false, "it does not know this service".to_owned());
    }
    let waits = of("SubState").starts_with("auto-restart");
    let runs = matches!(of("ActiveState"), "active" | "reloading" | "activating") && !waits;
    let mut words = format!(
        "{} ({}), {}",
        of("ActiveState"),
        of("SubState"),
        of("UnitFileState")
    );
    if runs {
        words += &format!(", process {}", of("MainPID"));
    } else if !matches!(of("Result"), "" | "success") {
        words += &format!(", ended by {}: journalctl --user -u {name}", of("Result"));
    }
    if !matches!(of("NRestarts"), "" | "0") {
        words += &format!(", started again {}", plural(of("NRestarts"), "time"));
    }
    // What it said last is no news of one that is gone.
    if waits {
        words += &format!("; systemd starts it again within {}", of("RestartUSec"));
    } else if runs && !of("StatusText").is_empty() {
        words += &format!(": {}", of("StatusText"));
    }
    (runs, words)
}

fn lingers() -> String {
    let user = system::user().to_string();
    match system::call("loginctl", &["show-user", &user, "--property=Linger"]) {
        Ok(text) if property(&text, "Linger") == "yes" => "on".to_owned(),
        Ok(_) => format!("off: it ends when you log out; sudo loginctl enable-linger {user}"),
        Err(why) => format!("unknown: {why}"),
    }
}

fn launchd(name: &str) -> (bool, String) {
    match system::call(
        "launchctl",
        &["print", &format!("gui/{}/{name}", system::user())],
    ) {
        Ok(text) => {
            let line = text
                .lines()
                .find(|line| line.trim().starts_with("state = "));
            let words = line.map_or("loaded", str::trim);
            (words.ends_with("running"), words.to_owned())
        }
        Err(why) => (false, format!("not loaded: {why}")),
    }
}

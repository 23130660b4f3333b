//! `service`: the engine of a home started at boot, watched, and started again when it dies.

mod install;
mod state;
mod system;
pub mod unit;

use super::args::{Cli, ServiceCmd, System};
use super::out::{self, Done, Fail, code};
use super::walls;
use serde_json::json;
use std::path::{Path, PathBuf};

/// One of install, uninstall and status.
pub fn run(cli: &Cli, home: &Path, command: &ServiceCmd) -> Done {
    let home = home.canonicalize()?;
    match command {
        ServiceCmd::Install {
            print: true,
            system,
            ..
        } => {
            let plan = install::plan(cli, &home)?;
            out::put(&text(&plan, system.unwrap_or_else(here)))?;
            Ok(0)
        }
        ServiceCmd::Install { force, .. } => install::install(cli, &home, *force),
        ServiceCmd::Uninstall => install::uninstall(cli, &home),
        ServiceCmd::Status => state::show(cli, &home),
    }
}

/// Starts the engine as the service it is installed as; None where it is none, or its manager is not there.
pub fn start(home: &Path) -> Result<Option<String>, Fail> {
    let Ok((path, name)) = place(home) else {
        return Ok(None);
    };
    if here() != System::Systemd
        || !path.is_file()
        || system::systemctl(&["show-environment"]).is_err()
    {
        return Ok(None);
    }
    // A person who asks for a start has looked at why it ended; the limit of starts counts these too.
    let _ = system::systemctl(&["reset-failed", &name]);
    system::systemctl(&["start", &name]).map_err(|why| {
        Fail::failed(format!(
            "it is a service, and systemctl --user start {name} failed: {why}; see journalctl --user -u {name}"
        ))
    })?;
    Ok(Some(format!(
        "running as the service {name}\nwatch it: dev-factory logs -f    end it: dev-factory down"
    )))
}

/// The service manager of this system.
fn here() -> System {
    match cfg!(target_os = "macos") {
        true => System::Launchd,
        false => System::Systemd,
    }
}

/// The text for a service manager.
fn text(plan: &unit::Plan, system: System) -> String {
    match system {
        System::Systemd => unit::systemd(plan),
        System::Launchd => unit::launchd(plan, &plan.home.join("dev-factory/logs")),
    }
}

/// Where the text of a home's service belongs, and what the manager calls it.
fn place(home: &Path) -> Result<(PathBuf, String), Fail> {
    let name = unit::name(home);
    let missing = || {
        Fail::failed("HOME is not set: whose service it is cannot be told; set it to your folder")
    };
    let own = std::env::var_os("HOME").map(PathBuf::from);
    Ok(match here() {
        System::Launchd => {
            let folder = own.ok_or_else(missing)?.join("Library/LaunchAgents");
            (folder.join(format!("{name}.plist")), name)
        }
        System::Systemd => {
            let folder = walls::folder("XDG_CONFIG_HOME", ".config").ok_or_else(missing)?;
            let unit = format!("{name}.service");
            (folder.join("systemd/user").join(&unit), unit)
        }
    })
}

/// What was done, and what is left for a person.
#[derive(Debug, Default)]
struct Report {
    done: Vec<String>,
    todo: Vec<String>,
}

impl Report {
    /// Prints it; exit 4 when something is left to do.
    fn say(&self, cli: &Cli, unit: &Path) -> Done {
        if cli.json {
            out::say(json!({ "unit": unit, "done": self.done, "todo": self.todo }))?;
        } else {
            for line in &self.done {
                out::say(line)?;
            }
            for line in &self.todo {
                out::say(format!("still to do: {line}"))?;
            }
        }
        Ok(match self.todo.is_empty() {
            true => 0,
            false => code::PERSON,
        })
    }
}

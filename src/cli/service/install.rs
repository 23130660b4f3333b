//! `service install` and `uninstall`: what they do, said line by line, and what is left for a person.

use super::super::args::{Cli, System};
use super::super::out::{Done, Fail};
use super::super::{background, program, secrets, tools, walls, wire};
use super::system::{self, systemctl};
use super::unit::{self, Plan};
use super::{Report, here, place, text};
use crate::adapters::store::readers;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Variables of this shell that say where things are.
const PLACES: [&str; 11] = [
    "PATH",
    "XDG_CONFIG_HOME",
    "XDG_CACHE_HOME",
    "XDG_STATE_HOME",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "DEV_FACTORY_LOG",
];

/// What the service of a home runs.
pub fn plan(cli: &Cli, home: &Path) -> Result<Plan, Fail> {
    if cli.engine.until_idle {
        return Err(Fail::usage(
            "--until-idle ends the engine, and a service is to go on: leave it out",
        ));
    }
    let mut lines = cli.clone();
    lines.json = false;
    let plan = Plan {
        home: home.to_path_buf(),
        program: program::here().to_path_buf(),
        flags: background::flags(&lines),
        variables: variables(),
    };
    let words = [&plan.program, &plan.home].map(|path| path.to_string_lossy());
    if let Some(word) = words.iter().find(|word| word.chars().any(char::is_control)) {
        return Err(Fail::failed(format!(
            "{} cannot be written in the text of a service: rename the folder",
            word.escape_debug()
        )));
    }
    secretless(&plan)?;
    Ok(plan)
}

fn variables() -> Vec<(String, String)> {
    let places = PLACES.into_iter().filter_map(|name| {
        let value = std::env::var(name).ok().filter(|value| !value.is_empty())?;
        Some((name.to_owned(), value))
    });
    let named = wire::environment()
        .into_iter()
        .filter(|(name, _)| name != "DEV_FACTORY_HOME" && name != "DEV_FACTORY_LOG");
    places.chain(named).collect()
}

/// A text that others may read, and that is shown by `systemctl cat`, holds no secrets.
fn secretless(plan: &Plan) -> Result<(), Fail> {
    // Whoever knows such an address may send there, or listen.
    if plan.flags.iter().any(|flag| flag.starts_with("notify.")) {
        return Err(Fail::usage(format!(
            "what --set says under notify would stand in the service's text, which can be read: write it under [notify] in {}",
            wire::user_file().unwrap_or_default().display()
        )));
    }
    let holds = |text: &str| secrets::known().clean(text) != text;
    let variable = plan.variables.iter().find(|(_, value)| holds(value));
    let place = match variable {
        Some((name, _)) => format!("the variable {name}"),
        None if plan.flags.iter().any(|flag| holds(flag)) => "a flag".to_owned(),
        None => return Ok(()),
    };
    Err(Fail::usage(format!(
        "{place} holds what looks like a secret, and a service's text can be read: unset it, or put it into your own settings file"
    )))
}

/// Writes the text and has the manager start it now and at every boot.
pub fn install(cli: &Cli, home: &Path, force: bool) -> Done {
    let plan = plan(cli, home)?;
    // What would end the engine at once is better said here than in a log.
    tools::git()?;
    tools::new_node()?;
    let loaded = wire::settings(cli, Some(home), Vec::new())?;
    walls::engine(cli, home, &loaded.settings)?;
    manager()?;
    let (path, name) = place(home)?;
    let mut report = Report::default();
    let changed = write(&path, &text(&plan, here()), force, &mut report)?;
    let keys = wire::key_variables(cli, home, &loaded)?;
    for variable in &keys {
        report.todo.push(format!(
            "the key in the variable {variable} is known to this shell only: write it to a file of mode 0600, name that under [keys.NAME] (origin, file) in {}, then start it: {}",
            wire::user_file().unwrap_or_default().display(),
            start_words(&name)
        ));
    }
    let other = other(home, &name);
    if let Some(pid) = other {
        report.todo.push(format!(
            "an engine runs here already (process {pid}): dev-factory down, then {}",
            start_words(&name)
        ));
    }
    // To start what runs already changes nothing.
    if changed && other.is_none() && readers::engine(home).is_some() && here() == System::Systemd {
        report.todo.push(format!(
            "it runs with the text it was started with: systemctl --user restart {name} has it take the new one, after the turn under way"
        ));
    }
    let start = keys.is_empty() && other.is_none();
    match here() {
        System::Systemd => with_systemd(&name, start, &mut report)?,
        System::Launchd => with_launchd(&path, &name, start, &mut report)?,
    }
    report.say(cli, &path)
}

/// How a person starts it.
fn start_words(name: &str) -> String {
    match here() {
        System::Systemd => format!("systemctl --user start {name}"),
        System::Launchd => format!("launchctl kickstart {}/{name}", domain()),
    }
}

/// There must be a manager to hand it to.
fn manager() -> Result<(), Fail> {
    let found = match here() {
        System::Systemd => systemctl(&["show-environment"]),
        System::Launchd => system::call("launchctl", &["print", &domain()]),
    };
    let name = match here() {
        System::Systemd => "systemd's user manager",
        System::Launchd => "launchd",
    };
    match found {
        Ok(_) => Ok(()),
        Err(why) => Err(Fail::failed(format!(
            "{name} does not answer ({why}), so nothing was changed: log in as this user, or start the engine by dev-factory up; service install --print shows the text"
        ))),
    }
}

/// An engine that runs here and is not the service.
fn other(home: &Path, name: &str) -> Option<u32> {
    let engine = readers::engine(home)?;
    let main = match here() {
        System::Systemd => systemctl(&["show", "--property=MainPID", name]).unwrap_or_default(),
        System::Launchd => return Some(engine.pid),
    };
    let ours = system::property(&main, "MainPID") == engine.pid.to_string();
    (!ours).then_some(engine.pid)
}

/// Writes the text, unless it is there; true: another one than before. One that was edited only when that is asked for, and a copy stays.
fn write(path: &Path, text: &str, force: bool, report: &mut Report) -> Result<bool, Fail> {
    let told = |error: std::io::Error| Fail::failed(format!("{}: {error}", path.display()));
    let shown = path.display();
    let done = match fs::read_to_string(path) {
        Ok(old) if old == text => {
            report.done.push(format!("{shown} is as it should be"));
            return Ok(false);
        }
        Ok(old) if unit::edited(&old) && !force => {
            return Err(Fail::failed(format!(
                "{shown} was edited by somebody and is left as it is, so nothing was changed: service install --force replaces it and keeps a copy, --print shows the text it would have"
            )));
        }
        Ok(old) if unit::edited(&old) => {
            let kept = keep(path, &old).map_err(told)?;
            format!(
                "{shown} is written anew; as it was edited it is kept as {}",
                kept.display()
            )
        }
        Ok(_) => format!("{shown} is brought up to date"),
        Err(error) if error.kind() == ErrorKind::NotFound => format!("{shown} is written"),
        Err(error) => return Err(told(error)),
    };
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder).map_err(told)?;
    // The manager may read it at any time: whole or not at all.
    let staged = folder.join(format!(".dev-factory-{}.tmp", std::process::id()));
    fs::write(&staged, text)
        .and_then(|()| fs::rename(&staged, path))
        .map_err(told)?;
    report.done.push(done);
    Ok(true)
}

/// A copy of an edited text beside it, under a name no manager reads.
fn keep(path: &Path, text: &str) -> std::io::Result<PathBuf> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".edited");
    let kept = path.with_file_name(name);
    fs::write(&kept, text)?;
    Ok(kept)
}

fn with_systemd(name: &str, start: bool, report: &mut Report) -> Result<(), Fail> {
    let asked = |words: &[&str]| {
        systemctl(words).map_err(|why| {
            Fail::failed(format!(
                "systemctl --user {} failed: {why}",
                words.join(" ")
            ))
        })
    };
    asked(&["daemon-reload"])?;
    asked(&["enable", name])?;
    report
        .done
        .push("it starts with the user manager".to_owned());
    linger(report);
    if start {
        asked(&["start", name]).map_err(|fail| match fail {
            Fail::Said(code, words) => Fail::Said(
                code,
                format!(
                    "{words}\nsee: systemctl --user status {name}, journalctl --user -u {name}"
                ),
            ),
            fail => fail,
        })?;
        report.done.push(format!(
            "it runs: dev-factory service status, journalctl --user -fu {name}"
        ));
    }
    Ok(())
}

/// Without lingering the user manager ends with the last session, and at boot it is not there.
fn linger(report: &mut Report) {
    let user = system::user().to_string();
    let on = system::call("loginctl", &["show-user", &user, "--property=Linger"])
        .is_ok_and(|text| system::property(&text, "Linger") == "yes");
    match on {
        true => report.done.push("lingering is on: it starts at boot and outlives logins".to_owned()),
        false => match system::call("loginctl", &["enable-linger"]) {
            Ok(_) => report
                .done
                .push("lingering is switched on: it starts at boot and outlives logins".to_owned()),
            Err(why) => report.todo.push(format!(
                "lingering was refused ({why}); until `sudo loginctl enable-linger {user}` it ends when you log out and does not start at boot"
            )),
        },
    }
}

fn domain() -> String {
    format!("gui/{}", system::user())
}

fn with_launchd(path: &Path, name: &str, start: bool, report: &mut Report) -> Result<(), Fail> {
    let (domain, file) = (domain(), path.to_string_lossy().into_owned());
    // A text that is loaded already is not read again.
    let _ = system::call("launchctl", &["bootout", &format!("{domain}/{name}")]);
    if !start {
        report.done.push("it starts at the next login".to_owned());
        return Ok(());
    }
    system::call("launchctl", &["bootstrap", &domain, &file]).map_err(|why| {
        Fail::failed(format!("launchctl bootstrap {domain} {file} failed: {why}"))
    })?;
    report
        .done
        .push("it runs, and starts at every login".to_owned());
    Ok(())
}

/// Ends the service and takes its text away; the home stays as it is.
pub fn uninstall(cli: &Cli, home: &Path) -> Done {
    let (path, name) = place(home)?;
    let mut report = Report::default();
    let told = |error: std::io::Error| Fail::failed(format!("{}: {error}", path.display()));
    let old = match fs::read_to_string(&path) {
        Ok(old) => old,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            report
                .done
                .push(format!("no service is installed for {}", home.display()));
            return report.say(cli, &path);
        }
        Err(error) => return Err(told(error)),
    };
    manager()?;
    match here() {
        System::Systemd => {
            systemctl(&["disable", "--now", &name]).map_err(|why| {
                Fail::failed(format!(
                    "systemctl --user disable --now {name} failed: {why}"
                ))
            })?;
        }
        // One that is not loaded is as good as ended.
        System::Launchd => drop(system::call(
            "launchctl",
            &["bootout", &format!("{}/{name}", domain())],
        )),
    }
    report
        .done
        .push("it has ended and does not start again".to_owned());
    if unit::edited(&old) {
        let kept = keep(&path, &old).map_err(told)?;
        report.done.push(format!(
            "it had been edited: a copy is kept as {}",
            kept.display()
        ));
    }
    fs::remove_file(&path).map_err(told)?;
    report.done.push(format!("{} is removed", path.display()));
    if here() == System::Systemd {
        let _ = systemctl(&["daemon-reload"]);
        report.done.push(
            "lingering stays as it is; loginctl disable-linger ends it when nothing else needs it"
                .to_owned(),
        );
    }
    report.say(cli, &path)
}

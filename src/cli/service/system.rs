//! The service managers themselves: systemctl, loginctl and launchctl, asked by their own programs.

use crate::adapters::child;
use crate::cli::tools;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// What these programs need to find the manager of this user.
const BUS: [&str; 3] = [
    "XDG_RUNTIME_DIR",
    "DBUS_SESSION_BUS_ADDRESS",
    "XDG_CONFIG_HOME",
];

/// Calls a program; what it prints, or why it failed in one line.
pub fn call(program: &str, words: &[&str]) -> Result<String, String> {
    let Some(path) = tools::find(program) else {
        return Err(format!("{program} is not on PATH"));
    };
    let mut command = Command::new(path);
    child::bare(&mut command, &BUS);
    // A shell that was not logged in by the system (su, cron) does not know it.
    let run = PathBuf::from(format!("/run/user/{}", user()));
    if std::env::var_os("XDG_RUNTIME_DIR").is_none() && run.is_dir() {
        command.env("XDG_RUNTIME_DIR", run);
    }
    let output = command
        .args(words)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{program} does not start: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let line = said.lines().find(|line| !line.trim().is_empty());
    Err(match line {
        Some(line) => line.trim().to_owned(),
        None => format!("{program} {} failed ({})", words.join(" "), output.status),
    })
}

/// Calls systemctl for this user's manager.
pub fn systemctl(words: &[&str]) -> Result<String, String> {
    call("systemctl", &[&["--user"], words].concat())
}

/// The id of this user.
#[must_use]
pub fn user() -> u32 {
    rustix::process::getuid().as_raw()
}

/// Properties as `NAME=VALUE` lines.
#[must_use]
pub fn property<'t>(text: &'t str, name: &str) -> &'t str {
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
    line.unwrap_or_default().trim()
}

//! Where keys are: notes the place in the user's own settings, and fetches them from there (a variable, an owner-only
//! file, or a command).

use super::out::Fail;
use super::wire;
use crate::config::keys::KeyPlace;
use std::collections::BTreeMap;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::process::{Command, Stdio};

/// The key itself, or a sentence that says why there is none; a key is never part of a sentence.
pub fn fetch(place: &KeyPlace, env: &BTreeMap<String, String>) -> Result<String, String> {
    let text = match place {
        KeyPlace::Variable(name) => env.get(name).cloned().ok_or_else(|| {
            format!("the variable {name} is not set: set it before starting the engine")
        })?,
        KeyPlace::File(file) => from_file(&expand(file, env))?,
        KeyPlace::Command(command) => from_command(command)?,
    };
    let key = text.trim();
    if key.is_empty() {
        return Err(format!("{} is empty", words(place)));
    }
    // A line break would end the header it travels in.
    if key.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(format!("{} holds more than one word", words(place)));
    }
    Ok(key.to_owned())
}

fn words(place: &KeyPlace) -> String {
    match place {
        KeyPlace::Variable(name) => format!("the variable {name}"),
        KeyPlace::File(file) => format!("the key file {file}"),
        KeyPlace::Command(command) => format!("what `{command}` prints"),
    }
}

/// `~/` is the user's folder.
fn expand(file: &str, env: &BTreeMap<String, String>) -> String {
    match (file.strip_prefix("~/"), env.get("HOME")) {
        (Some(rest), Some(home)) => format!("{home}/{rest}"),
        _ => file.to_owned(),
    }
}

fn from_file(file: &str) -> Result<String, String> {
    let path = Path::new(file);
    let meta = std::fs::metadata(path)
        .map_err(|error| format!("the key file {file} cannot be read: {error}"))?;
    if !meta.is_file() {
        return Err(format!("the key file {file} is not a file"));
    }
    if meta.permissions().mode() & 0o077 != 0 {
        return Err(format!(
            "the key file {file} can be read by others: chmod 600 {file}"
        ));
    }
    std::fs::read_to_string(path)
        .map_err(|error| format!("the key file {file} cannot be read: {error}"))
}

fn from_command(command: &str) -> Result<String, String> {
    let output = Command::new("/bin/sh")
        .args(["-c", command])
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("`{command}` does not start: {error}"))?;
    if !output.status.success() {
        return Err(format!("`{command}` failed ({})", output.status));
    }
    String::from_utf8(output.stdout).map_err(|_| format!("what `{command}` prints is no text"))
}

/// Adds where the key is to the user's own file, unless a key of that name is there.
pub fn note_place(name: &str, table: &str) -> Result<String, Fail> {
    let path = wire::user_file().ok_or_else(|| {
        Fail::failed(
            "neither XDG_CONFIG_HOME nor HOME is set: the place of the key was not written",
        )
    })?;
    let told = |error: std::io::Error| Fail::failed(format!("{}: {error}", path.display()));
    let old = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(told(error)),
    };
    if old
        .lines()
        .any(|line| line.trim() == format!("[keys.{name}]"))
    {
        return Ok(format!(
            "{} has [keys.{name}] already: left as it is",
            path.display()
        ));
    }
    if let Some(folder) = path.parent() {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(told)?;
    }
    let mut file = std::fs::OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(&path)
        .map_err(told)?;
    let gap = if old.is_empty() || old.ends_with("\n\n") {
        ""
    } else {
        "\n"
    };
    file.write_all(format!("{gap}{table}").as_bytes())
        .map_err(told)?;
    Ok(format!(
        "{} says where the key of {name} is",
        path.display()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs
            .iter()
            .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
            .collect()
    }

    #[test]
    fn a_file_others_can_read_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        std::fs::write(&path, "canary\n").unwrap();
        let place = KeyPlace::File(path.display().to_string());
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let refusal = fetch(&place, &env(&[])).unwrap_err();
        assert!(
            refusal.contains("chmod 600") && !refusal.contains("canary"),
            "{refusal}"
        );
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(fetch(&place, &env(&[])).unwrap(), "canary");
    }

    #[test]
    fn variables_and_commands() {
        let set = env(&[("K", " canary ")]);
        assert_eq!(
            fetch(&KeyPlace::Variable("K".into()), &set).unwrap(),
            "canary"
        );
        assert!(
            fetch(&KeyPlace::Variable("L".into()), &set)
                .unwrap_err()
                .contains("L is not set")
        );
        assert_eq!(
            fetch(&KeyPlace::Command("echo canary".into()), &set).unwrap(),
            "canary"
        );
        assert!(fetch(&KeyPlace::Command("exit 3".into()), &set).is_err());
        let two = fetch(&KeyPlace::Command("printf 'a\\nb'".into()), &set).unwrap_err();
        assert!(two.contains("more than one word"), "{two}");
    }
}

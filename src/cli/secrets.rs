//! The secrets of this process: keys are fetched from where the user's own settings say (a variable, an owner-only file
//! or a command), and whatever was fetched is known to the one redactor all text goes through.

use super::out::Fail;
use super::wire;
use crate::adapters::child;
use crate::config::keys::KeyPlace;
use crate::domain::screen::KeyFacts;
use crate::text::redact::Redactor;
use crate::text::secret::Secret;
use rustix::fs::{Mode, OFlags};
use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::LazyLock;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

/// Longest a key command may take, a person at a password prompt included.
const COMMAND_LIMIT: Duration = Duration::from_secs(60);
/// Bytes of a key file or of what a command prints that are read; a key is one word.
const MOST: u64 = 16 * 1024;
/// What password stores and key rings need beside the basic variables.
const FOR_KEY_COMMANDS: [&str; 11] = [
    "TERM",
    "GPG_TTY",
    "GNUPGHOME",
    "PASSWORD_STORE_DIR",
    "SSH_AUTH_SOCK",
    "DBUS_SESSION_BUS_ADDRESS",
    "XDG_RUNTIME_DIR",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "DISPLAY",
    "WAYLAND_DISPLAY",
];
/// Ends of names of variables that hold secrets, whoever's.
const TELLING: [&str; 7] = [
    "_KEY",
    "_TOKEN",
    "_SECRET",
    "_PASSWORD",
    "_PASSWD",
    "_CREDENTIALS",
    "_PAT",
];
/// Shorter values of such variables are names and switches.
const SHORTEST_GUESSED: usize = 12;

static KNOWN: LazyLock<Redactor> = LazyLock::new(|| {
    let redactor = Redactor::default();
    for (name, value) in std::env::vars_os() {
        if let (Some(name), Ok(value)) = (name.to_str(), value.into_string())
            && telling(name, &value)
        {
            redactor.learn(&Secret::new(value));
        }
    }
    redactor
});

/// What takes secrets out of all text of this process.
#[must_use]
pub fn known() -> &'static Redactor {
    &KNOWN
}

/// A variable that holds a secret by its name; a path to one is none.
fn telling(name: &str, value: &str) -> bool {
    let plain = value.starts_with(['/', '~', '.']) || value.contains("://");
    value.len() >= SHORTEST_GUESSED
        && !plain
        && !value.contains(char::is_whitespace)
        && TELLING
            .iter()
            .any(|end| name.to_ascii_uppercase().ends_with(end))
}

/// The key itself, or a sentence that says why there is none; a key is never part of a sentence.
pub fn fetch(place: &KeyPlace) -> Result<Secret, String> {
    let text = match place {
        KeyPlace::Variable(name) => Secret::new(std::env::var(name).map_err(|_| {
            format!("the variable {name} is not set: set it before starting the engine")
        })?),
        KeyPlace::File(file) => from_file(&expanded(file))?,
        KeyPlace::Command(command) => from_command(command, COMMAND_LIMIT)?,
    };
    let key = text.reveal().trim();
    if key.is_empty() {
        return Err(format!("{} is empty", words(place)));
    }
    // A line break would end the header it travels in.
    if key.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(format!("{} holds more than one word", words(place)));
    }
    Ok(Secret::new(key.to_owned()))
}

fn words(place: &KeyPlace) -> String {
    match place {
        KeyPlace::Variable(name) => format!("the variable {name}"),
        KeyPlace::File(file) => format!("the key file {file}"),
        KeyPlace::Command(command) => format!("what `{command}` prints"),
    }
}

/// A key file's path; `~/` is the user's folder.
#[must_use]
pub fn expanded(file: &str) -> PathBuf {
    match (file.strip_prefix("~/"), std::env::var_os("HOME")) {
        (Some(rest), Some(home)) => Path::new(&home).join(rest),
        _ => PathBuf::from(file),
    }
}

/// Looked at through the file that is open, so that nobody can exchange it between the look and the reading.
fn from_file(path: &Path) -> Result<Secret, String> {
    let name = path.display();
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let file = rustix::fs::open(path, flags, Mode::empty()).map_err(|error| match error {
        rustix::io::Errno::LOOP => {
            format!("the key file {name} is a symbolic link: name the file it leads to")
        }
        other => format!(
            "the key file {name} cannot be read: {}",
            std::io::Error::from(other)
        ),
    })?;
    let file = File::from(file);
    let unreadable = |error| format!("the key file {name} cannot be read: {error}");
    let meta = file.metadata().map_err(unreadable)?;
    if !meta.is_file() {
        return Err(format!("the key file {name} is not a file"));
    }
    if meta.uid() != rustix::process::geteuid().as_raw() {
        return Err(format!(
            "the key file {name} belongs to another user: make it your own, chown {} {name}",
            rustix::process::geteuid().as_raw()
        ));
    }
    if meta.mode() & 0o077 != 0 {
        return Err(format!(
            "the key file {name} can be read by others: chmod 600 {name}"
        ));
    }
    read(file).map_err(unreadable)
}

/// Adds the permissions of a key file to what is said of it.
pub fn look_at_mode(key: &mut KeyFacts) {
    let file = key.place.strip_prefix("file ").map(expanded);
    let meta = file.and_then(|path| std::fs::metadata(path).ok());
    key.mode = meta.map(|meta| format!("{:04o}", meta.mode() & 0o7777));
}

fn read(from: impl Read) -> std::io::Result<Secret> {
    // Grown at once: a buffer that moves leaves copies behind.
    let mut text = String::with_capacity(MOST as usize);
    from.take(MOST).read_to_string(&mut text)?;
    Ok(Secret::new(text))
}

/// What it says on standard error is not repeated: it could be the key. At the limit what it has started ends with it,
/// but for what has left its session and its parent.
fn from_command(command: &str, limit: Duration) -> Result<Secret, String> {
    let mut shell = Command::new("/bin/sh");
    let mut child = child::bare(&mut shell, &FOR_KEY_COMMANDS)
        .args(["-c", command])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("`{command}` does not start: {error}"))?;
    let Some(printed) = printed(&mut child, limit) else {
        child::end(&mut child);
        let limit = limit.as_secs();
        return Err(format!("`{command}` printed no key within {limit} s"));
    };
    let status = ended(&mut child, limit).map_err(|error| {
        child::end(&mut child);
        format!("`{command}` printed its key and did not end: {error}")
    })?;
    if !status.success() {
        return Err(format!(
            "`{command}` failed ({status}): try it in a shell to see why"
        ));
    }
    printed.map_err(|_| format!("what `{command}` prints is no text"))
}

/// How a command that has printed all it will comes to its end, which may take as long again.
fn ended(child: &mut Child, limit: Duration) -> std::io::Result<ExitStatus> {
    let begun = Instant::now();
    loop {
        match child.try_wait()? {
            Some(status) => return Ok(status),
            None if begun.elapsed() >= limit => {
                return Err(std::io::ErrorKind::TimedOut.into());
            }
            None => std::thread::sleep(Duration::from_millis(10)),
        }
    }
}

/// All that a command prints; None when it takes too long.
fn printed(child: &mut Child, limit: Duration) -> Option<std::io::Result<Secret>> {
    let output = child.stdout.take()?;
    let (done, read_all) = channel();
    std::thread::spawn(move || done.send(read(output)));
    read_all.recv_timeout(limit).ok()
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
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    fn of_file(path: &Path) -> Result<String, String> {
        let found = fetch(&KeyPlace::File(path.display().to_string()));
        found.map(|key| key.reveal().to_owned())
    }

    fn of_command(command: &str) -> Result<String, String> {
        let found = fetch(&KeyPlace::Command(command.to_owned()));
        found.map(|key| key.reveal().to_owned())
    }

    #[test]
    fn a_file_that_others_control_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        std::fs::write(&path, "canary\n").unwrap();
        for mode in [0o644, 0o640, 0o602, 0o611] {
            std::fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            let refusal = of_file(&path).unwrap_err();
            assert!(
                refusal.contains("chmod 600") && !refusal.contains("canary"),
                "{refusal}"
            );
        }
        std::fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        assert_eq!(of_file(&path).unwrap(), "canary");
        let link = dir.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(of_file(&link).unwrap_err().contains("is a symbolic link"));
        assert!(of_file(dir.path()).unwrap_err().contains("is not a file"));
        // Opening a pipe would wait for a writer.
        let pipe = dir.path().join("pipe");
        let made = Command::new("mkfifo").arg(&pipe).status().unwrap();
        assert!(made.success());
        assert!(of_file(&pipe).unwrap_err().contains("is not a file"));
        if rustix::process::geteuid().is_root() {
            std::os::unix::fs::chown(&path, Some(65534), None).unwrap();
            assert!(of_file(&path).unwrap_err().contains("another user"));
        }
    }

    #[test]
    fn variables_and_commands() {
        let unset = fetch(&KeyPlace::Variable("NO_SUCH_VARIABLE".into())).unwrap_err();
        assert!(unset.contains("NO_SUCH_VARIABLE is not set"), "{unset}");
        assert_eq!(of_command("echo ' canary'").unwrap(), "canary");
        assert!(of_command("exit 3").is_err());
        let two = of_command("printf 'a\\nb'").unwrap_err();
        assert!(two.contains("more than one word"), "{two}");
        let said = of_command("echo canary >&2; echo canary; exit 1").unwrap_err();
        assert_eq!(
            said.matches("canary").count(),
            2,
            "only the command itself: {said}"
        );
    }

    #[test]
    fn a_key_command_that_takes_too_long_ends_with_all_it_has_started() {
        let dir = tempfile::tempdir().unwrap();
        let noted = dir.path().join("pid");
        // It holds the pipe open, as a password prompt does.
        let command = format!("sleep 600 & echo $! > {}; wait", noted.display());
        let refusal = from_command(&command, Duration::from_secs(1))
            .err()
            .unwrap();
        assert!(refusal.contains("printed no key"), "{refusal}");
        let pid = std::fs::read_to_string(&noted).unwrap();
        let state = || std::fs::read_to_string(format!("/proc/{}/stat", pid.trim()));
        // The kernel takes a moment, and whoever inherits it may not have waited for it yet.
        let lives = || state().is_ok_and(|state| !state.contains(") Z "));
        let begun = Instant::now();
        while lives() {
            assert!(begun.elapsed() < COMMAND_LIMIT, "it lives on");
            std::thread::yield_now();
        }
    }

    #[test]
    fn a_key_command_gets_none_of_our_variables() {
        // Cargo sets these for tests; no key ring needs them.
        assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some());
        assert_eq!(
            of_command("echo \"x$CARGO_MANIFEST_DIR$CARGO_PKG_NAME\"").unwrap(),
            "x"
        );
        assert_ne!(of_command("echo \"x$PATH\"").unwrap(), "x");
    }

    #[test]
    fn variables_that_hold_secrets_tell_so_by_their_name() {
        for (name, value, secret) in [
            ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMIK7MDENG", true),
            ("github_token", "0123456789abcdef", true),
            ("SSH_KEY", "/home/me/.ssh/id_ed25519", false),
            ("SHORT_TOKEN", "yes", false),
            ("EDITOR", "0123456789abcdef", false),
        ] {
            assert_eq!(telling(name, value), secret, "{name}");
        }
    }
}

//! Programs of the machine that we start: none gets our environment, where keys may stand, but what it is named.

use super::sandbox::kill;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Between two looks at whether it has ended.
const LOOK: Duration = Duration::from_millis(5);

/// What every program may know: where programs, the person's files and temporary files are, and the language.
const BASIC: [&str; 9] = [
    "PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "LANG", "LC_ALL", "LC_CTYPE", "TZ",
];

/// Takes our environment away from a command, but for the basic variables and those of `more`.
pub fn bare<'a>(command: &'a mut Command, more: &[&str]) -> &'a mut Command {
    command.env_clear();
    for name in BASIC.iter().chain(more) {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command
}

/// Ends a program with its session and all below it, a password prompt for instance.
pub fn end(child: &mut Child) {
    kill::end(child.id());
    let _ = child.kill();
    let _ = child.wait();
}

/// What a command says within a time; None when it fails or takes longer.
pub fn said(command: &mut Command, wall: Duration) -> Option<Vec<u8>> {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut child = command.spawn().ok()?;
    let begun = Instant::now();
    let mut pipe = child.stdout.take()?;
    let reading = std::thread::spawn(move || {
        let mut text = Vec::new();
        let _ = std::io::Read::read_to_end(&mut pipe, &mut text);
        text
    });
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if begun.elapsed() < wall => std::thread::sleep(LOOK),
            _ => {
                end(&mut child);
                return None;
            }
        }
    };
    let text = reading.join().ok()?;
    status.success().then_some(text)
}

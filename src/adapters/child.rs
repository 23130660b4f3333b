//! Programs of the machine that we start: none gets our environment, where keys may stand, but what it is named.

use std::process::Command;

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

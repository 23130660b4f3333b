//! $PAGER and $EDITOR: a text goes to them as a file of ours that nobody else can read.

use super::super::child;
use crate::text::sanitise::sanitise_uncut;
use std::io::Write;
use std::process::{Command, ExitStatus};
use tempfile::NamedTempFile;

/// What programs on a terminal need beside the basic variables; none are secrets.
const FOR_TERMINALS: [&str; 20] = [
    "TERM",
    "COLORTERM",
    "TERMINFO",
    "TERMINFO_DIRS",
    "SHELL",
    "LESS",
    "LESSCHARSET",
    "VIMINIT",
    "NO_COLOR",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_STATE_HOME",
    "XDG_CACHE_HOME",
    "XDG_RUNTIME_DIR",
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "SSH_TTY",
    "TMUX",
    "TMUX_PANE",
    "STY",
];
/// Largest text taken back from an editor, bytes.
const CAP: u64 = 1024 * 1024;

/// Shows a text in $PAGER, else `less`.
pub fn page(name: &str, text: &str) -> Result<(), String> {
    let file = written(name, text)?;
    let ended = run(&["PAGER"], &["less", "more"], &file)?;
    match ended.success() {
        true => Ok(()),
        false => Err(format!("the pager ended with {ended}")),
    }
}

/// Has a text edited in $VISUAL or $EDITOR, else `vi`.
pub fn edit(text: &str) -> Result<String, String> {
    let file = written("idea", text)?;
    let ended = run(&["VISUAL", "EDITOR"], &["vi", "nano"], &file)?;
    if !ended.success() {
        return Err(format!(
            "the editor ended with {ended}: the text stays as it was"
        ));
    }
    // Many editors put a new file in its place.
    let meta = std::fs::metadata(file.path()).map_err(|e| format!("the text is gone: {e}"))?;
    if meta.len() > CAP {
        return Err("the text is larger than 1 MiB: it stays as it was".to_owned());
    }
    let bytes = std::fs::read(file.path()).map_err(|e| format!("the text is gone: {e}"))?;
    let text = String::from_utf8(bytes)
        .map_err(|_| "the text is not UTF-8: it stays as it was".to_owned())?;
    Ok(sanitise_uncut(&text).trim_end().to_owned())
}

fn written(name: &str, text: &str) -> Result<NamedTempFile, String> {
    let mut file = tempfile::Builder::new()
        .prefix(&format!("{name}-"))
        .suffix(".txt")
        .tempfile()
        .map_err(|e| format!("no temporary file: {e}"))?;
    let end = if text.ends_with('\n') { "" } else { "\n" };
    write!(file, "{text}{end}").map_err(|e| format!("no temporary file: {e}"))?;
    Ok(file)
}

/// Runs the first program of these variables, or the first of these names that there is, on a file.
fn run(variables: &[&str], usual: &[&str], file: &NamedTempFile) -> Result<ExitStatus, String> {
    let set = variables.iter().find_map(|name| {
        let line = std::env::var(name).ok()?;
        (!line.trim().is_empty()).then_some((*name, line))
    });
    if let Some((variable, line)) = set {
        let words = shlex::split(&line).filter(|words| !words.is_empty());
        let words = words.ok_or_else(|| format!("{variable} is no command: {line}"))?;
        return start(&words, file).map_err(|e| format!("{variable} does not start ({line}): {e}"));
    }
    for name in usual {
        if let Ok(ended) = start(&[(*name).to_owned()], file) {
            return Ok(ended);
        }
    }
    Err(format!(
        "neither {} nor {} is there: set {}",
        usual.first().unwrap_or(&""),
        usual.last().unwrap_or(&""),
        variables.last().unwrap_or(&"")
    ))
}

fn start(words: &[String], file: &NamedTempFile) -> std::io::Result<ExitStatus> {
    let (program, arguments) = words
        .split_first()
        .ok_or_else(|| std::io::Error::other("nothing to start"))?;
    let mut command = Command::new(program);
    child::bare(&mut command, &FOR_TERMINALS)
        .args(arguments)
        .arg(file.path())
        .status()
}

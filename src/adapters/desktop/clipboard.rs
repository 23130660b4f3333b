//! What goes through the terminal to the person's machine: clipboard by tmux or OSC 52, calls by BEL, OSC 9 or OSC 777.

use super::super::child;
use crate::factory::ports::desktop::{Bell, Clip};
use crate::text::plural::plural;
use crate::text::sanitise::one_line;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Longest OSC 52 that terminals take, bytes of base64.
const MOST: usize = 74_994;
/// Longest tmux is waited for.
const WALL: Duration = Duration::from_secs(5);
/// Longest message of the desktop.
const WORDS: usize = 120;
/// What tmux needs to find its server.
const FOR_TMUX: [&str; 3] = ["TMUX", "TMUX_PANE", "TMUX_TMPDIR"];

/// Sends a text to the clipboard.
pub fn send(text: &str) -> Result<Clip, String> {
    let what = plural(text.trim_end().lines().count().max(1), "line");
    if inside("TMUX") {
        return tmux(text).map(|()| Clip::Sent(format!("{what} sent to clipboard, by tmux")));
    }
    let coded = STANDARD.encode(text);
    if coded.len() > MOST {
        return Err(format!(
            "{what} are too much for a clipboard by the terminal ({} of {MOST} bytes): save them instead",
            coded.len()
        ));
    }
    let bytes = screened(format!("\u{1b}]52;c;{coded}\u{7}"));
    let words = format!("{what} sent to clipboard; the terminal must allow it (OSC 52)");
    Ok(Clip::Terminal(bytes, words))
}

fn inside(variable: &str) -> bool {
    std::env::var_os(variable).is_some_and(|value| !value.is_empty())
}

/// GNU screen hands on what is wrapped for it, in short pieces.
fn screened(text: String) -> Vec<u8> {
    if !inside("STY") {
        return text.into_bytes();
    }
    let pieces = text.as_bytes().chunks(76);
    pieces
        .flat_map(|piece| [b"\x1bP", piece, b"\x1b\\"].concat())
        .collect()
}

/// With -w tmux hands it on to the terminal around it, whatever its other settings are.
fn tmux(text: &str) -> Result<(), String> {
    let mut command = Command::new("tmux");
    let mut child = child::bare(&mut command, &FOR_TMUX)
        .args(["load-buffer", "-w", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("tmux does not start: {error}"))?;
    let written = match child.stdin.take() {
        Some(mut pipe) => pipe.write_all(text.as_bytes()),
        None => Ok(()),
    };
    let ended = child.wait().map_err(|error| format!("tmux: {error}"))?;
    match (written, ended.success()) {
        (Ok(()), true) => Ok(()),
        _ => Err("tmux did not take it (load-buffer -w needs tmux 3.2)".to_owned()),
    }
}

/// The bytes that call a person.
pub fn ring(bell: Bell, words: &str) -> Vec<u8> {
    let call = call(bell, words);
    if matches!(bell, Bell::None | Bell::Bell) {
        return call.into_bytes();
    }
    if !inside("TMUX") {
        return screened(call);
    }
    match passes() {
        true => format!(
            "\u{1b}Ptmux;{}\u{1b}\\",
            call.replace('\u{1b}', "\u{1b}\u{1b}")
        )
        .into_bytes(),
        // tmux would drop it; its own bell it hands on.
        false => b"\x07".to_vec(),
    }
}

/// The call as a terminal wants it.
fn call(bell: Bell, words: &str) -> String {
    // A semicolon would end the title.
    let words: String = one_line(words, WORDS).replace(';', ",");
    match bell {
        Bell::None => String::new(),
        Bell::Bell => "\u{7}".to_owned(),
        Bell::Osc9 => format!("\u{1b}]9;{words}\u{7}"),
        Bell::Osc777 => format!("\u{1b}]777;notify;dev-factory;{words}\u{7}"),
    }
}

/// Whether tmux lets through what is wrapped for it.
fn passes() -> bool {
    let mut command = Command::new("tmux");
    child::bare(&mut command, &FOR_TMUX).args(["show-options", "-gwv", "allow-passthrough"]);
    let said = child::said(&mut command, WALL).unwrap_or_default();
    matches!(String::from_utf8_lossy(&said).trim(), "on" | "all")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bell_calls_in_its_own_way() {
        let words = "a tool waits; two\nlines";
        let calls =
            [Bell::None, Bell::Bell, Bell::Osc9, Bell::Osc777].map(|bell| call(bell, words));
        assert_eq!(calls[0], "");
        assert_eq!(calls[1], "\x07");
        assert_eq!(calls[2], "\x1b]9;a tool waits, two lines\x07");
        assert_eq!(
            calls[3],
            "\x1b]777;notify;dev-factory;a tool waits, two lines\x07"
        );
    }
}

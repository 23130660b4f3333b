//! The operator's hand for the screens: typed words read as on the command line, commands carried by a process of
//! its own, since whoever applies one is named in lock and snapshot, and must not live on as if it were the engine.

use super::args::{Cli, DownArgs};
use super::out::{self, Done, Fail};
use super::verbs::VerbCmd;
use super::{address, background, send, walls};
use crate::adapters::bookmark;
use crate::adapters::clock::SystemClock;
use crate::domain::command::{Answer, Command, Seen, Verb};
use crate::factory::ports::clock::Clock;
use crate::factory::ports::operator::{Operator, Usage};
use clap::{CommandFactory, Parser, Subcommand};
use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Output, Stdio};

/// What may be typed: the command line's verbs and what ends the engine.
#[derive(Debug, Parser)]
#[command(
    no_binary_name = true,
    disable_help_flag = true,
    disable_help_subcommand = true
)]
struct Typed {
    #[command(subcommand)]
    command: TypedCmd,
}

#[derive(Debug, Subcommand)]
enum TypedCmd {
    #[command(flatten)]
    Verb(VerbCmd),
    /// End the engine after the turn under way
    #[command(alias = "stop")]
    Down(DownArgs),
    /// End the engine after the turn and start it anew
    Restart(DownArgs),
}

/// Commands whose last argument is a text, and how many words come before it: the text needs no quotes.
const TEXTS: [(&str, usize); 5] = [
    ("escalate", 1),
    ("hint", 1),
    ("add", 1),
    ("edit", 2),
    ("reopen", 2),
];

/// Of one home.
pub struct Hand {
    home: PathBuf,
    /// How its engine runs.
    cli: Cli,
    /// Flags for processes of ours that may have to start or be the engine.
    flags: Vec<String>,
}

impl Hand {
    /// Of a home; `cli` says how its engine runs.
    #[must_use]
    pub fn new(cli: &Cli, home: PathBuf) -> Self {
        let lines = Cli {
            home: None,
            json: false,
            set: cli.set.clone(),
            engine: cli.engine.clone(),
            screens: cli.screens.clone(),
            command: None,
        };
        Self {
            home,
            flags: background::flags(&lines),
            cli: lines,
        }
    }

    /// Runs this program on the home; `input` is its standard input.
    fn call(&self, words: &[&str], input: &str) -> std::io::Result<Output> {
        let mut command = std::process::Command::new(std::env::current_exe()?);
        background::unwatched(&mut command);
        let mut child = command
            .arg("--home")
            .arg(&self.home)
            .args(&self.flags)
            .args(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // What the terminal sends to us is not meant for it.
            .process_group(0)
            .spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(input.as_bytes())?;
        }
        child.wait_with_output()
    }
}

impl Operator for Hand {
    fn commands(&self) -> Vec<Usage> {
        Typed::command()
            .get_subcommands()
            .map(|command| Usage {
                name: command.get_name().to_owned(),
                arguments: arguments(command),
                about: command
                    .get_about()
                    .map(ToString::to_string)
                    .unwrap_or_default(),
            })
            .collect()
    }

    fn read(&self, line: &str) -> Result<(Verb, bool), String> {
        #[cfg(debug_assertions)]
        trial(line);
        let words = words(line)?;
        let typed = Typed::try_parse_from(&words)
            .or_else(|error| Typed::try_parse_from(joined(&words).ok_or(error)?))
            .map_err(|error| first(&error.to_string()).replace("error: ", ""))?;
        let verb = match typed.command {
            TypedCmd::Down(args) => return Ok((background::stop(&args, false), false)),
            TypedCmd::Restart(args) => return Ok((background::stop(&args, true), false)),
            TypedCmd::Verb(verb) => verb,
        };
        let guarded = verb.guarded();
        match verb.verb(SystemClock.now()) {
            Ok(verb) => Ok((verb, guarded)),
            Err(Fail::Said(_, sentence)) => Err(sentence),
            Err(fail) => Err(format!("{fail:?}")),
        }
    }

    fn save(&self, name: &str, text: &str) -> Result<PathBuf, String> {
        let name = name.replace(['/', '\\'], "-");
        let path = walls::remembered().join("saved").join(name);
        let told = |error| format!("{} cannot be written: {error}", path.display());
        bookmark::put(&path, text).map_err(told)?;
        Ok(path)
    }

    fn send(&self, verb: Verb, seen: Option<Seen>) -> Answer {
        let command = send::command(verb, seen);
        let answered = serde_json::to_string(&command)
            .map_err(|error| error.to_string())
            .and_then(|text| {
                self.call(&["carry"], &text)
                    .map_err(|error| format!("dev-factory does not start: {error}"))
            })
            .and_then(|output| {
                serde_json::from_slice(&output.stdout).map_err(|_| said(&output.stderr))
            });
        answered.unwrap_or_else(|sentence| Answer {
            accepted: false,
            sentence,
        })
    }

    fn address(&self, host: &str, url: &str) -> Answer {
        let mut answer = address::set(&self.cli, &self.home, host, url);
        if answer.accepted {
            // The journal is to say who asked, and the host is asked at once.
            let host = Some(host.to_owned());
            let asked = self.send(Verb::Probe { host }, None);
            if !asked.accepted {
                answer.sentence += &format!(", but does not ask it now: {}", asked.sentence);
            }
        }
        answer
    }

    fn doctor(&self, host: &str) -> Result<String, String> {
        let words = ["doctor", "--no-turn", "--host", host];
        let output = self
            .call(&words, "")
            .map_err(|error| format!("dev-factory does not start: {error}"))?;
        match output.stdout.is_empty() {
            true => Err(said(&output.stderr)),
            false => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        }
    }

    fn start(&self) -> Result<String, String> {
        match self.call(&["up"], "") {
            Ok(output) if output.status.success() => Ok(said(&output.stdout)),
            Ok(output) => Err(said(&output.stderr)),
            Err(error) => Err(format!("dev-factory does not start: {error}")),
        }
    }
}

/// Takes one command from standard input to the engine and prints its answer.
pub fn carry(cli: &Cli, home: &std::path::Path) -> Done {
    let mut text = String::new();
    std::io::stdin().lock().read_to_string(&mut text)?;
    let command: Command = serde_json::from_str(&text)
        .map_err(|error| Fail::usage(format!("no command on standard input: {error}")))?;
    let answer = send::send(cli, home, &command)?;
    out::say(serde_json::to_string(&answer).map_err(|error| Fail::Bug(error.into()))?)?;
    Ok(0)
}

/// Breaks the screens where tests ask for it; not in a release.
#[cfg(debug_assertions)]
#[expect(clippy::panic, reason = "that is what it is for")]
fn trial(line: &str) {
    if std::env::var_os("FACTORY_TRIAL").is_none() {
        return;
    }
    match line {
        "break here" => std::panic::panic_any("planted in the loop"),
        "break a task" => drop(tokio::spawn(async {
            std::panic::panic_any("planted in a task")
        })),
        "break a thread" => drop(std::thread::spawn(|| {
            std::panic::panic_any("planted in a thread")
        })),
        _ => {}
    }
}

fn first(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

/// The first line that says something.
fn said(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let line = text.lines().find(|line| !line.trim().is_empty());
    line.unwrap_or("dev-factory said nothing; see dev-factory/logs")
        .to_owned()
}

/// `ITEM [--fresh] [--reason REASON]`.
fn arguments(command: &clap::Command) -> String {
    let mut words = Vec::new();
    for argument in command.get_arguments() {
        let name = argument
            .get_value_names()
            .and_then(|names| names.first())
            .map_or_else(
                || argument.get_id().to_string().to_uppercase(),
                ToString::to_string,
            );
        let takes = argument.get_action().takes_values();
        words.push(match argument.get_long() {
            Some(long) if takes => format!("[--{long} {name}]"),
            Some(long) => format!("[--{long}]"),
            None if argument.is_required_set() => name,
            None => format!("[{name}]"),
        });
    }
    words.join(" ")
}

/// The words of a line; quotes hold words together, a backslash takes the next character as it is.
fn words(line: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match (c, quote) {
            (c, Some(open)) if c == open => quote = None,
            ('\\', None | Some('"')) => {
                word.get_or_insert_default().extend(chars.next());
            }
            ('"' | '\'', None) => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (c, None) if c.is_whitespace() => words.extend(word.take()),
            (c, _) => word.get_or_insert_default().push(c),
        }
    }
    if let Some(open) = quote {
        return Err(format!("a {open} is not closed"));
    }
    words.extend(word);
    Ok(words)
}

/// The words with those of a text made one; None where there is no such text.
fn joined(words: &[String]) -> Option<Vec<String>> {
    let (_, before) = TEXTS
        .iter()
        .find(|(name, _)| Some(*name) == words.first().map(String::as_str))?;
    let (head, text) = words.split_at_checked(*before)?;
    let flags = text.iter().any(|word| word.starts_with("--"));
    (text.len() > 1 && !flags).then(|| [head, &[text.join(" ")]].concat())
}

#[cfg(test)]
mod tests;

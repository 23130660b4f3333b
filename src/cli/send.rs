//! A command on its way: to a running engine as a file, else applied here through the same path.

use super::args::Cli;
use super::out::{self, Done, Fail, code};
use super::verbs::VerbCmd;
use super::{threads, walls, wire};
use crate::adapters::clock::SystemClock;
use crate::adapters::feed::RunWriter;
use crate::adapters::place;
use crate::adapters::store::{self, readers};
use crate::domain::command::{Answer, Command, Seen, Verb};
use crate::factory::engine;
use crate::factory::ports::clock::Clock;
use crate::factory::ports::store::StoreError;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(30);
/// The same where the engine waits for its surroundings.
const SOON: Duration = Duration::from_secs(5);

/// Commands sent by this process so far: two may be sent within one millisecond.
static SENT: AtomicU64 = AtomicU64::new(0);

/// Sends one operator command and prints what came of it.
pub fn run(cli: &Cli, home: &Path, verb: VerbCmd) -> Done {
    let guarded = verb.guarded();
    let verb = verb.verb(SystemClock.now())?;
    let seen = readers::snapshot(home).filter(|_| guarded);
    let command = command(verb, seen.map(|(snapshot, _)| snapshot.seen()));
    report(cli, &send(cli, home, &command)?)
}

/// A mistyped name would be quiet for ever, unlike what it was meant for.
fn nothing_to_snooze(home: &Path, verb: &Verb) -> Option<String> {
    let Verb::Snooze { need, .. } = verb else {
        return None;
    };
    let (snapshot, _) = readers::snapshot(home)?;
    let there: Vec<&str> = snapshot.needs.iter().map(|need| need.id.as_str()).collect();
    if there.contains(&need.as_str()) {
        return None;
    }
    Some(match there.as_slice() {
        [] => "nothing waits for you now".to_owned(),
        there => format!(
            "nothing called {need} waits for you: there are {}",
            there.join(", ")
        ),
    })
}

/// Prints an answer; refused is exit 1.
pub fn report(cli: &Cli, answer: &Answer) -> Done {
    if cli.json {
        let text = serde_json::to_string(answer).map_err(|error| Fail::Bug(error.into()))?;
        out::say(text)?;
    } else if answer.accepted {
        out::say(&answer.sentence)?;
    } else {
        out::note(format!("refused: {}", answer.sentence));
    }
    Ok(if answer.accepted { 0 } else { code::FAILED })
}

/// A command as sent from here, guarded by what its sender sees.
#[must_use]
pub fn command(verb: Verb, seen: Option<Seen>) -> Command {
    let at = SystemClock.now();
    let user = std::env::var("USER")
        .or_else(|_| std::env::var("LOGNAME"))
        .unwrap_or_else(|_| "unknown".to_owned());
    let (count, process) = (SENT.fetch_add(1, Ordering::Relaxed), std::process::id());
    let command = Command {
        id: format!("{}-{process}-{count:04}", at.format("%Y%m%dT%H%M%S%3f")),
        verb,
        tool: None,
        phase: None,
        since: None,
        attempt: None,
        by: format!("operator:{user}"),
        at,
    };
    match seen {
        Some(seen) => command.about(seen),
        None => command,
    }
}

/// Hands a command to the engine, or applies it here when none runs.
pub fn send(cli: &Cli, home: &Path, command: &Command) -> Result<Answer, Fail> {
    if let Some(sentence) = nothing_to_snooze(home, &command.verb) {
        let accepted = false;
        return Ok(Answer { accepted, sentence });
    }
    match apply(cli, home, command)? {
        Some(answer) => Ok(answer),
        None => submit(cli, home, command),
    }
}

/// Takes the lock and applies the command; None when an engine holds it, or will again: one that restarts becomes a
/// new program under its old process id and has no lock meanwhile.
fn apply(cli: &Cli, home: &Path, command: &Command) -> Result<Option<Answer>, Fail> {
    if readers::engine(home).is_some_and(|engine| engine.pid != std::process::id()) {
        return Ok(None);
    }
    let store = match wire::store(home) {
        Ok(store) => store,
        Err(StoreError::Held(_)) => return Ok(None),
        Err(error) => return Err(wire::refused(error)),
    };
    if matches!(command.verb, Verb::Abort {} | Verb::Retry {}) {
        return Ok(Some(Answer {
            accepted: false,
            sentence: "nothing runs here: start the engine with dev-factory up".to_owned(),
        }));
    }
    let loaded = wire::settings(cli, Some(home), Vec::new())?;
    let mirror = store.clone();
    let walls = walls::any(&loaded.settings.wrapper)?;
    let runtime = threads::runtime()?;
    let here = runtime.handle().clone();
    let parts = wire::parts(cli, home, store, loaded, Vec::new(), walls, here)?;
    let options = engine::Options {
        begin_paused: super::home::read(home)?.start == super::home::Start::Paused,
        ..engine::Options::default()
    };
    // `status` and screens read run/, so it must tell of this command too.
    let answer = runtime.block_on(async {
        let writing = RunWriter::spawn(mirror, parts.tools.publisher.feed());
        let answer = engine::apply_once(parts, options, command.clone()).await;
        let _ = writing.await;
        answer
    });
    let mut answer = answer.map_err(|why| Fail::failed(why.to_string()))?;
    if answer.accepted && matches!(command.verb, Verb::Stop { restart: false, .. }) {
        "no engine runs; it stays stopped until dev-factory up".clone_into(&mut answer.sentence);
    }
    Ok(Some(answer))
}

/// Writes the command for the running engine and waits for its answer.
fn submit(cli: &Cli, home: &Path, command: &Command) -> Result<Answer, Fail> {
    store::submit(home, command).map_err(wire::refused)?;
    let file = home.join(format!("dev-factory/commands/new/{}.json", command.id));
    let start = Instant::now();
    let mut look_again = Duration::from_secs(1);
    let mut trouble = None;
    while start.elapsed() < trouble.as_ref().map_or(PATIENCE, |_| SOON) {
        if let Some(answer) = store::answered(home, &command.id) {
            return Ok(answer);
        }
        // The holder may have been another command, or an engine that just ended: then it is ours to apply.
        if start.elapsed() > look_again {
            look_again += Duration::from_secs(1);
            if readers::engine(home).is_none() && std::fs::remove_file(&file).is_ok() {
                return apply(cli, home, command)?.map_or_else(|| Err(unanswered(&file, None)), Ok);
            }
            trouble = obstacle(home);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Err(unanswered(&file, trouble))
}

/// What the engine waits for now, as it says itself or as can be seen from here.
fn obstacle(home: &Path) -> Option<String> {
    let shown = readers::snapshot(home).and_then(|(snapshot, _)| {
        let mut all = snapshot.conditions.into_iter();
        all.find(|condition| condition.waits)
    });
    let seen = || place::obstacle(home).map(|(name, why)| format!("{name}: {why}"));
    shown.map(|condition| condition.words()).or_else(seen)
}

/// Nothing is carried out that cannot be recorded, so what keeps the journal from being written holds up answers, too.
fn unanswered(file: &Path, trouble: Option<String>) -> Fail {
    let file = file.display();
    Fail::failed(match trouble {
        Some(why) => format!(
            "{why}; the engine answers when it can record that again: the command waits in {file} (SIGTERM ends an engine at any time)"
        ),
        None => format!(
            "the engine has not answered within {} s; the command waits in {file}, and `dev-factory logs` says what it does",
            PATIENCE.as_secs()
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_commands_within_a_millisecond_are_two() {
        let id = || command(Verb::Retry {}, None).id;
        let all: Vec<String> = std::iter::repeat_with(id).take(500).collect();
        let mut sorted = all.clone();
        sorted.sort();
        sorted.dedup();
        assert_eq!(sorted, all, "each its own, in their order");
    }
}

//! The engine as a process of its own: `up`, `down` and `restart`.

use super::args::{Cli, DownArgs};
use super::out::{self, Done, Fail};
use super::{send, service, tools, walls, wire};
use crate::adapters::lock;
use crate::adapters::service::VARIABLES;
use crate::adapters::store::{self, files, readers};
use crate::domain::command::{Answer, StopAfter, Verb};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long `up` waits for the engine to be ready: a first start may install Jest before.
const READY: Duration = Duration::from_secs(300);
/// How long `down` waits to say that the engine has ended; a turn may take longer.
const ENDED: Duration = Duration::from_secs(5);

/// Starts the engine in the background and says how that went.
pub fn up(cli: &Cli, home: &Path) -> Done {
    let answer = Answer {
        accepted: true,
        sentence: start(cli, home)?,
    };
    send::report(cli, &answer)
}

/// Starts the engine in the background; a sentence when it is ready.
pub fn start(cli: &Cli, home: &Path) -> Result<String, Fail> {
    if let Some(engine) = readers::engine(home) {
        return Ok(format!("already running: process {}", engine.pid));
    }
    // What would end the engine at once is better said here than in a log.
    store::check(home).map_err(wire::refused)?;
    tools::git()?;
    tools::new_node()?;
    let loaded = wire::settings(cli, Some(home), Vec::new())?;
    walls::engine(cli, home, &loaded.settings)?;
    // How this command prints says nothing of the engine.
    if flags(cli).iter().all(|flag| flag == "--json")
        && let Some(sentence) = service::start(home)?
    {
        return Ok(sentence);
    }
    let log = home.join("dev-factory").join("logs").join("engine.out");
    let mut child = spawn(cli, home, &log)?;
    let pid = child.id();
    let start = Instant::now();
    while start.elapsed() < READY {
        if let Ok(Some(ended)) = child.try_wait() {
            let last = tail(&log);
            let code = ended
                .code()
                .and_then(|code| u8::try_from(code).ok())
                .unwrap_or(1);
            if code == 0 {
                return Ok(format!("the engine has ended already: {last}"));
            }
            return Err(Fail::Said(
                code,
                format!("the engine ended at once: {last}; see {}", log.display()),
            ));
        }
        if readers::snapshot(home).is_some_and(|(snapshot, _)| snapshot.engine.pid == pid) {
            return Ok(format!(
                "running: process {pid}\nwatch it: dev-factory logs -f    end it: dev-factory down"
            ));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Err(Fail::failed(format!(
        "process {pid} has started but is not ready after {} s; see {}",
        READY.as_secs(),
        log.display()
    )))
}

/// The flags that say how an engine runs, for a process of ours that starts one. Consent has been asked for before:
/// nobody can be asked there.
#[must_use]
pub fn flags(cli: &Cli) -> Vec<String> {
    let unsafe_on = cli.engine.unsafe_no_sandbox;
    let mut words: Vec<String> = [
        ("--unsafe-no-sandbox", unsafe_on),
        ("--yes-i-accept", unsafe_on),
        ("--until-idle", cli.engine.until_idle),
        ("--verbose", cli.engine.verbose),
        ("--json", cli.json),
    ]
    .into_iter()
    .filter(|(_, on)| *on)
    .map(|(flag, _)| flag.to_owned())
    .collect();
    for set in &cli.set {
        words.extend(["--set".to_owned(), set.clone()]);
    }
    words
}

fn spawn(cli: &Cli, home: &Path, log: &Path) -> Result<Child, Fail> {
    let told = |error: std::io::Error| Fail::failed(files::trouble(log, &error).to_string());
    if let Some(folder) = log.parent() {
        files::make_dir(folder).map_err(|error| Fail::failed(error.to_string()))?;
    }
    let output = files::grow(log).map_err(told)?;
    let errors = output.try_clone().map_err(told)?;
    let program = std::env::current_exe().map_err(|error| Fail::failed(error.to_string()))?;
    let mut command = Command::new(program);
    command
        .arg("--home")
        .arg(home)
        .args(["--no-tui", "--detached"]);
    command.args(flags(cli));
    unwatched(&mut command);
    command
        .current_dir(home)
        .stdin(Stdio::null())
        .stdout(output)
        .stderr(errors)
        .spawn()
        .map_err(|error| Fail::failed(format!("the engine does not start: {error}")))
}

/// What looks after this process does not look after one that goes on without it.
pub fn unwatched(command: &mut Command) {
    for name in VARIABLES {
        command.env_remove(name);
    }
}

/// The last line of a log.
fn tail(log: &Path) -> String {
    std::fs::read(log)
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .unwrap_or_default()
        .lines()
        .rev()
        .find(|line| !line.trim().is_empty())
        .unwrap_or("it said nothing, try dev-factory --no-tui")
        .to_owned()
}

/// Ends the engine, after the turn or now.
pub fn down(cli: &Cli, home: &Path, args: &DownArgs) -> Done {
    let engine = readers::engine(home);
    let command = send::command(stop(args, false), None);
    let answer = send::send(cli, home, &command)?;
    let code = send::report(cli, &answer)?;
    if let Some(engine) = engine.filter(|_| answer.accepted && !cli.json) {
        let start = Instant::now();
        while lock::alive(&(&engine).into()) && start.elapsed() < ENDED {
            std::thread::sleep(Duration::from_millis(20));
        }
        out::say(if lock::alive(&(&engine).into()) {
            "it ends when the turn under way is done (now: dev-factory down --now)"
        } else {
            "the engine has ended"
        })?;
    }
    Ok(code)
}

/// Ends the engine after the turn and starts it anew; without one this is `up`.
pub fn restart(cli: &Cli, home: &Path, args: &DownArgs) -> Done {
    if readers::engine(home).is_none() {
        return up(cli, home);
    }
    let command = send::command(stop(args, true), None);
    let answer = send::send(cli, home, &command)?;
    send::report(cli, &answer)
}

/// The command that ends the engine.
#[must_use]
pub fn stop(args: &DownArgs, restart: bool) -> Verb {
    Verb::Stop {
        after: if args.now {
            StopAfter::Now
        } else {
            StopAfter::Turn
        },
        restart,
        reason: args.reason.clone(),
    }
}

//! Runs the engine in this process: settings, sandbox check, lock, lines on standard output, signals, exit code.

use super::args::Cli;
use super::home::{self, Start};
use super::lasting::Lasting;
use super::out::{self, Done, Fail, code};
use super::signals::Endings;
use super::{npm, program, threads, tools, trouble, walls, wire};
use crate::adapters::feed::RunWriter;
use crate::adapters::memory;
use crate::adapters::steps;
use crate::config::{Loaded, Probed};
use crate::factory::engine::{self, Ended, Options, Signal};
use crate::factory::ports::feed::Feed;
use crate::factory::ports::settings::Settings;
use crate::headless::{self, Style};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

/// How long a reader of standard output may take for the last lines.
const LAST_LINES: Duration = Duration::from_secs(2);
/// Between two times that free memory is given back: rare enough to cost an idle engine nothing that shows.
const TIDY: Duration = Duration::from_secs(60);

/// The engine, here: the default subcommand without a terminal.
pub fn here(cli: &Cli, home: &Path) -> Done {
    if cli.engine.detached {
        // Fails only for a process that leads its group already, which is as good.
        let _ = rustix::process::setsid();
    }
    // Before an update can put another file in its place.
    let _ = program::here();
    tools::git()?;
    tools::new_node()?;
    // Settings that name their models need no look around; it takes half a second.
    let named = wire::settings(cli, Some(home), Vec::new()).ok();
    let keep = named.as_ref().map(|loaded| loaded.settings.keep);
    wire::log_to(home, keep.unwrap_or_default().logs);
    let (loaded, probed) = match named.filter(|loaded| loaded.names_models()) {
        Some(loaded) => (loaded, Vec::new()),
        None => {
            let probed = wire::probe_machine()?;
            (wire::settings(cli, Some(home), probed.clone())?, probed)
        }
    };
    let ended = run(cli, home, loaded, probed, card)?;
    if ended == Ended::Restart {
        return restart();
    }
    Ok(exit_code(ended))
}

/// The exit code of the contract.
#[must_use]
pub fn exit_code(ended: Ended) -> u8 {
    match ended {
        Ended::Idle | Ended::Stopped | Ended::Restart => 0,
        Ended::NeedsPerson => code::PERSON,
        Ended::Interrupted => code::INTERRUPTED,
    }
}

/// Becomes a new process of the same program, which may have been replaced meanwhile.
fn restart() -> Done {
    let program = program::here();
    let error = std::process::Command::new(program)
        .args(std::env::args_os().skip(1))
        .exec();
    Err(Fail::failed(format!(
        "{} does not start again: {error}",
        program.display()
    )))
}

/// Runs the engine until it ends, printing its lines. `begin` prints what comes first.
pub fn run(
    cli: &Cli,
    home: &Path,
    loaded: Loaded,
    probed: Vec<Probed>,
    begin: fn(&Path, &Settings) -> Result<(), Fail>,
) -> Result<Ended, Fail> {
    memory::keep_limits();
    let walls = walls::engine(cli, home, &loaded.settings)?;
    let store = wire::store(home).map_err(wire::refused)?;
    if !npm::installed(home) {
        npm::install(cli, home)?;
    }
    let _servers = trouble::open(home)?;
    let style = Style {
        json: cli.json,
        verbose: cli.engine.verbose,
    };
    // What cannot be printed holds no engine up, unless nobody reads.
    if !cli.json
        && let Err(Fail::Closed) = begin(home, &loaded.settings)
    {
        return Err(Fail::Closed);
    }
    let runtime = threads::runtime()?;
    let mirror = store.clone();
    let agents = threads::agents()?;
    let at = agents.handle.clone();
    let parts = wire::parts(cli, home, store, loaded, probed, walls, at)?;
    let options = Options {
        until_idle: cli.engine.until_idle,
        begin_paused: home::read(home)?.start == Start::Paused,
        longest_wait: steps::longest_wait(),
    };
    let ended = runtime.block_on(async {
        let (signals, received) = unbounded_channel();
        let listening = tokio::spawn(listen(signals.clone()));
        let tidying = tokio::spawn(tidy());
        let writing = RunWriter::spawn(mirror, parts.tools.publisher.feed());
        // On a thread of its own: nobody may read, and the engine goes on.
        let print = print(parts.tools.publisher.feed(), style, signals);
        let here = Handle::current();
        let printing = tokio::task::spawn_blocking(move || here.block_on(print));
        let ended = engine::run(parts, options, received).await;
        listening.abort();
        tidying.abort();
        let _ = writing.await;
        let _ = tokio::time::timeout(LAST_LINES, printing).await;
        ended
    });
    // A printer stuck on a full pipe must not hold the process.
    runtime.shutdown_background();
    ended.map_err(|why| Fail::failed(why.to_string()))
}

/// Prints the feed; when nobody reads any more, the engine ends as after SIGTERM.
async fn print(feed: Feed, style: Style, signals: UnboundedSender<Signal>) {
    let printed = match Lasting::stdout(style.json) {
        Ok(out) => headless::print(feed, style, out).await,
        Err(error) => Err(error),
    };
    if let Err(error) = printed {
        tracing::info!(%error, "standard output is closed");
        let _ = signals.send(Signal::Terminate);
    }
}

/// Gives memory back now and then: what turns and gates have used in between is no matter a minute later.
async fn tidy() {
    loop {
        tokio::time::sleep(TIDY).await;
        memory::give_back();
    }
}

/// Passes signals on.
async fn listen(signals: UnboundedSender<Signal>) {
    let Ok(mut endings) = Endings::listen() else {
        return;
    };
    while signals.send(endings.next().await).is_ok() {}
}

/// What a start prints first: who works where, and with what limits.
fn card(home: &Path, settings: &Settings) -> Result<(), Fail> {
    let unset = "no model: name one in dev-factory/factory.toml";
    let rows = [
        ("home", home.display().to_string()),
        ("developer", settings.developer.worker(unset)),
        ("qa", settings.qa.worker(unset)),
        (
            "supervisor",
            settings
                .supervisor
                .worker("you (finished tools wait for `dev-factory decide`)"),
        ),
        (
            "limits",
            format!(
                "{:.2} USD, {} tokens, {} minutes a tool; {:.2} USD in 24 hours",
                settings.limits.tool_usd,
                settings.limits.tool_tokens,
                settings.limits.tool_minutes,
                settings.limits.day_usd
            ),
        ),
    ];
    let rows: Vec<Vec<String>> = rows
        .into_iter()
        .map(|(name, value)| vec![name.to_owned(), value])
        .collect();
    out::put(&out::table(&rows))
}

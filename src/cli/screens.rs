//! The screens on a terminal: attached to the engine of the home, which is started in the background when none runs.

use super::args::Cli;
use super::operator::Hand;
use super::out::{self, Done, Fail, code};
use super::{background, npm, walls, wire};
use crate::adapters::clock::SystemClock;
use crate::adapters::feed;
use crate::adapters::reader::HomeReader;
use crate::adapters::store::readers;
use crate::factory::ports::clock::Clock;
use crate::factory::ports::operator::Operator;
use crate::tui::model::Model;
use crate::tui::run::{self, Left};
use crate::tui::signals::Outside;
use crate::tui::theme::Theme;
use std::fs::File;
use std::future::Future;
use std::io::IsTerminal;
use std::os::fd::AsFd;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;

/// When the screens end by themselves.
pub type Over = Pin<Box<dyn Future<Output = ()>>>;

/// Whether there is a terminal and nothing was asked that speaks against screens.
#[must_use]
pub fn wanted(cli: &Cli) -> bool {
    let lines = cli.engine.no_tui || cli.engine.detached || cli.engine.until_idle || cli.json;
    !lines && on_terminal()
}

/// Whether what we say goes to a terminal.
#[must_use]
pub fn on_terminal() -> bool {
    std::io::stdout().is_terminal()
}

/// The default subcommand on a terminal.
pub fn here(cli: &Cli, home: &Path) -> Done {
    let look = look(cli, home)?;
    let cli = &consent(cli, home)?;
    if !cli.screens.readonly && readers::engine(home).is_none() && !stopped(home) {
        if !npm::installed(home) {
            out::note("starting the engine; the first time it installs Jest, which takes a while");
        }
        background::start(cli, home)?;
    }
    let left = open(cli, home, look, None)?;
    goodbye(home, left)
}

/// How the screens look, checked before anything is started.
pub struct Look {
    theme: Theme,
    ascii: bool,
}

/// Reads it from flags and environment.
pub fn look(cli: &Cli, home: &Path) -> Result<Look, Fail> {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    if set("TERM").is_none_or(|term| term == "dumb") {
        return Err(Fail::usage(
            "this terminal cannot show screens (TERM is not set, or dumb): use --no-tui",
        ));
    }
    let theme = match (&cli.screens.theme, set("NO_COLOR")) {
        (Some(name), _) => theme(home, name)?,
        (None, Some(_)) => Theme::named("plain").map_err(Fail::failed)?,
        (None, None) => Theme::named("default").map_err(Fail::failed)?,
    };
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set);
    Ok(Look {
        theme,
        ascii: cli.screens.ascii || locale.is_some_and(|name| !utf8(&name)),
    })
}

/// A locale that was chosen decides; none at all says nothing about the terminal.
fn utf8(locale: &str) -> bool {
    let name = locale.to_ascii_lowercase();
    name.contains("utf-8") || name.contains("utf8")
}

/// One of the home's own, else one that comes with the program.
fn theme(home: &Path, name: &str) -> Result<Theme, Fail> {
    let file = home.join("themes").join(format!("{name}.toml"));
    let plain = !name.contains(['/', '\\']);
    match std::fs::read_to_string(&file) {
        Ok(text) if plain => Theme::parse(&text)
            .map_err(|problem| Fail::usage(format!("{}: {problem}", file.display()))),
        _ => Theme::named(name).map_err(Fail::usage),
    }
}

/// Running without walls is asked about once, while there is a line to answer on.
fn consent(cli: &Cli, home: &Path) -> Result<Cli, Fail> {
    let mut asked = cli.clone();
    if !cli.engine.unsafe_no_sandbox || cli.engine.yes_i_accept || cli.screens.readonly {
        return Ok(asked);
    }
    let loaded = wire::settings(cli, Some(home), Vec::new())?;
    walls::engine(cli, home, &loaded.settings)?;
    asked.engine.yes_i_accept = true;
    Ok(asked)
}

/// Somebody stopped the engine; it starts when somebody says so.
fn stopped(home: &Path) -> bool {
    readers::snapshot(home).is_some_and(|(snapshot, _)| snapshot.stopped.is_some())
}

/// Shows the screens of a home until they are left.
pub fn open(cli: &Cli, home: &Path, look: Look, over: Option<Over>) -> Result<Left, Fail> {
    let operator = Hand::new(cli, home.to_path_buf());
    let name = home.file_name().unwrap_or(home.as_os_str());
    let mut model = Model::new(
        &name.to_string_lossy(),
        look.theme,
        operator.commands(),
        SystemClock.now(),
    );
    model.ascii = look.ascii;
    model.readonly = cli.screens.readonly;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(|error| Fail::failed(format!("the screens do not start: {error}")))?;
    let parts = run::Parts {
        terminal: File::from(std::io::stdout().as_fd().try_clone_to_owned()?),
        model,
        feed: feed::follow(home),
        reader: Arc::new(HomeReader::new(home)),
        operator: Arc::new(operator),
        clock: Arc::new(SystemClock),
        over,
    };
    let left = runtime.block_on(run::run(parts));
    // A command on its way is carried by a process of its own: nobody has to wait for it.
    runtime.shutdown_background();
    left.map_err(|error| Fail::failed(format!("the terminal does not work: {error}")))
}

/// What a person reads who has left: what goes on, and how to come back or end it.
fn goodbye(home: &Path, left: Left) -> Done {
    if left != Left::Outside(Outside::HangUp) {
        out::note(match readers::engine(home) {
            Some(engine) => format!(
                "the engine goes on in the background (process {}): dev-factory shows it again, dev-factory down ends it",
                engine.pid
            ),
            None => "no engine runs here: dev-factory up starts one".to_owned(),
        });
    }
    Ok(exit_code(left))
}

/// The exit code of screens that were left.
#[must_use]
pub fn exit_code(left: Left) -> u8 {
    match left {
        Left::Outside(Outside::Interrupt) => code::INTERRUPTED,
        Left::Panicked => code::FAILED,
        _ => 0,
    }
}

//! The screens on a terminal: attached to the engine of the home, which is started in the background when none runs.

use super::args::Cli;
use super::operator::Hand;
use super::out::{self, Done, Fail, code};
use super::{background, npm, report, threads, walls, wire};
use crate::adapters::clock::SystemClock;
use crate::adapters::desktop::Desk;
use crate::adapters::feed;
use crate::adapters::reader::HomeReader;
use crate::adapters::store::{self, readers};
use crate::adapters::themes;
use crate::config::{self, Source};
use crate::factory::ports::clock::Clock;
use crate::factory::ports::operator::Operator;
use crate::factory::ports::store::StoreError;
use crate::tui::model::Model;
use crate::tui::run::{self, Left};
use crate::tui::settings::{Colours, Screens};
use crate::tui::signals::Outside;
use crate::tui::theme::{Depth, Shelf, Theme};
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
    let mut cli = consent(cli, home)?;
    if !cli.screens.readonly
        && let Err(StoreError::Newer(sentence)) = store::check(home)
    {
        out::note(sentence);
        cli.screens.readonly = true;
    }
    let cli = &cli;
    if !cli.screens.readonly && readers::engine(home).is_none() && !stopped(home) {
        if !npm::installed(home) {
            out::note("starting the engine; the first time it installs Jest, which takes a while");
        }
        background::start(cli, home)?;
    }
    if !cli.screens.readonly {
        // What was told until now is not told again: somebody looks. Without the mark it is.
        let _ = store::seen(home, SystemClock.now());
    }
    let left = open(cli, home, look, None)?;
    goodbye(home, left)
}

/// How the screens look and answer, checked before anything is started.
pub struct Look {
    settings: Screens,
    theme: (String, Theme),
    shelf: Shelf,
    ascii: bool,
}

/// Reads it from flags, settings and environment.
pub fn look(cli: &Cli, home: &Path) -> Result<Look, Fail> {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let term = set("TERM").filter(|term| term != "dumb").ok_or_else(|| {
        Fail::usage("this terminal cannot show screens (TERM is not set, or dumb): use --no-tui")
    })?;
    let inputs = wire::inputs(cli, Some(home), Vec::new())?;
    let (settings, source) =
        config::screens(&inputs).map_err(|problems| Fail::usage(wire::listed(&problems)))?;
    let depth = match settings.colours {
        Colours::Auto => {
            let shown = set("COLORTERM").unwrap_or_default();
            Depth::of(&term, &shown, set("TMUX").is_some())
        }
        Colours::None => Depth::None,
        Colours::Sixteen => Depth::Sixteen,
        Colours::Many => Depth::Many,
        Colours::True => Depth::True,
    };
    let shelf = Shelf::new(&themes::read(home), depth);
    // What a file says gives way to a variable such as NO_COLOR, as with every setting.
    let filed = matches!(source, None | Some(Source::File { .. }));
    let name = match (&cli.screens.theme, set("NO_COLOR")) {
        (Some(name), _) => name.clone(),
        (None, Some(_)) if filed => "plain".to_owned(),
        _ => settings
            .theme
            .clone()
            .unwrap_or_else(|| "default".to_owned()),
    };
    let theme = shelf.theme(&name).map_err(Fail::usage)?;
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set);
    Ok(Look {
        settings,
        theme: (name, theme),
        shelf,
        ascii: cli.screens.ascii || locale.is_some_and(|name| !utf8(&name)),
    })
}

/// A locale that was chosen decides; none at all says nothing about the terminal.
fn utf8(locale: &str) -> bool {
    let name = locale.to_ascii_lowercase();
    name.contains("utf-8") || name.contains("utf8")
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
        look.theme.1,
        operator.commands(),
        SystemClock.now(),
    );
    model.theme_name = look.theme.0;
    model.shelf = look.shelf;
    model.keys = Arc::new(look.settings.keys);
    model.mouse = look.settings.mouse;
    model.bell = look.settings.bell;
    if let Some(file) = wire::user_file() {
        model.own_settings = file.display().to_string();
    }
    model.ascii = look.ascii;
    if std::env::var_os("SSH_CONNECTION").is_some() {
        let name = rustix::system::uname();
        model.machine = Some(name.nodename().to_string_lossy().into_owned());
    }
    model.readonly = cli.screens.readonly;
    // Without an id, marks and what was folded have no place of their own.
    let reader = HomeReader::new(home);
    let reader = match report::own(home) {
        Ok(own) => reader.of(own),
        Err(_) => reader,
    };
    let runtime = threads::runtime()?;
    let watched = themes::watched(home);
    let parts = run::Parts {
        terminal: File::from(std::io::stdout().as_fd().try_clone_to_owned()?),
        model,
        feed: feed::follow(home),
        reader: Arc::new(reader),
        operator: Arc::new(operator),
        desktop: Arc::new(Desk::new(home, cli.screens.readonly)),
        clock: Arc::new(SystemClock),
        themes: watched.files.clone(),
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

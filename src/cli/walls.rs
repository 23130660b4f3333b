//! The walls runs get here: the strongest that hold, none where a person accepted that, else a refusal.

use super::args::Cli;
use super::out::{self, Fail, code};
use super::{demo, threads};
use crate::adapters::sandbox::{self, Choice, Setup, Tier, Tried, Walls};
use crate::factory::ports::settings::{HostKind, Settings};
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

/// What walls are built with on this machine.
pub fn setup(wrapper: &[String]) -> Result<Setup, Fail> {
    Ok(Setup {
        program: std::env::current_exe().map_err(|error| Fail::failed(error.to_string()))?,
        state: state(),
        wrapper: wrapper.to_vec(),
        systemd: sandbox::systemd_run(),
        place: sandbox::given_group(),
        known: demo::trusted(),
    })
}

/// A folder of ours outside every home, for what can be found out again.
#[must_use]
pub fn state() -> PathBuf {
    own("XDG_CACHE_HOME", ".cache")
}

/// A folder of ours outside every home, for what a person did.
#[must_use]
pub fn remembered() -> PathBuf {
    own("XDG_STATE_HOME", ".local/state")
}

fn own(variable: &str, usual: &str) -> PathBuf {
    folder(variable, usual)
        .unwrap_or_else(std::env::temp_dir)
        .join("dev-factory")
}

/// The folder a variable names, else the usual one of this user.
#[must_use]
pub fn folder(variable: &str, usual: &str) -> Option<PathBuf> {
    let absolute = |name: &str| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    absolute(variable).or_else(|| absolute("HOME").map(|home| home.join(usual)))
}

/// The walls for an engine, or why it does not start: turns are not spent on code that could not be run afterwards.
pub fn engine(cli: &Cli, home: &Path, settings: &Settings) -> Result<Walls, Fail> {
    let setup = setup(&settings.wrapper)?;
    if cli.engine.unsafe_no_sandbox && !only_compiled_in(settings) {
        accept(cli)?;
        return Ok(Walls::of(Tier::None, &setup));
    }
    let choice = choice(&setup)?;
    if let Some(walls) = choice.walls(&setup) {
        let closed = |why| Fail::Said(code::NO_SANDBOX, format!("Refusing to start: {why}"));
        walls.reach(&home.canonicalize()?).map_err(closed)?;
        return Ok(walls);
    }
    if only_compiled_in(settings) {
        out::note(
            "no sandbox works on this machine (see dev-factory doctor): only code compiled into this program is run",
        );
        return Ok(Walls::of(Tier::Demo, &setup));
    }
    Err(Fail::Said(code::NO_SANDBOX, refusal(&choice)))
}

/// The walls there are: without any nothing a model wrote is run, but the rest, like npm, is.
pub fn any(wrapper: &[String]) -> Result<Walls, Fail> {
    let setup = setup(wrapper)?;
    let walls = choice(&setup)?.walls(&setup);
    Ok(walls.unwrap_or_else(|| Walls::of(Tier::Demo, &setup)))
}

/// What this machine has; looking takes a while, and nobody is left wondering.
fn choice(setup: &Setup) -> Result<Choice, Fail> {
    let looking = || out::note("looking for walls that hold on this machine...");
    Ok(threads::runtime()?.block_on(sandbox::choose(setup, looking)))
}

/// Running without walls is accepted by a flag or a typed word.
fn accept(cli: &Cli) -> Result<(), Fail> {
    if cli.engine.yes_i_accept {
        out::note("WARNING: NO protection: generated code gets your files, keys and network");
        return Ok(());
    }
    // Who typed the word has just read that.
    if typed()? {
        return Ok(());
    }
    Err(Fail::Said(
        code::NO_SANDBOX,
        "--unsafe-no-sandbox needs --yes-i-accept where nobody can be asked".to_owned(),
    ))
}

/// Asks on a terminal for a typed word.
fn typed() -> Result<bool, Fail> {
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return Ok(false);
    }
    let mut err = std::io::stderr().lock();
    let _ = write!(
        err,
        "Generated code runs with NO protection: it gets your files, keys and network.\nType unsafe to go on: "
    );
    let _ = err.flush();
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    Ok(line.trim() == "unsafe")
}

/// Every role that takes turns speaks to the replies compiled in.
fn only_compiled_in(settings: &Settings) -> bool {
    [&settings.developer, &settings.qa, &settings.supervisor]
        .into_iter()
        .filter(|role| !role.external)
        .filter_map(|role| role.model.as_ref())
        .all(|model| {
            settings
                .hosts
                .get(&model.host)
                .is_some_and(|host| host.kind == HostKind::Scripted && host.replies.is_none())
        })
}

/// Why nothing runs, and the ways out.
fn refusal(choice: &Choice) -> String {
    if let Some(trouble) = &choice.trouble {
        return format!("Refusing to run generated code: {trouble}.");
    }
    let mut lines =
        vec!["Refusing to run generated code: no sandbox works on this machine.".to_owned()];
    lines.extend(
        choice
            .tried
            .iter()
            .map(|tried| format!("  {:<12} {}", title(tried.tier), state_of(tried))),
    );
    lines.extend(
        sandbox::fixes()
            .into_iter()
            .map(|fix| format!("Fix: {fix}")),
    );
    lines.push("Check again: dev-factory doctor --sandbox".to_owned());
    lines.push(
        "What works without: dev-factory demo (it runs only code compiled into this program)."
            .to_owned(),
    );
    lines.push(
        "To run it with NO protection (it gets your files, keys and network), add:".to_owned(),
    );
    lines.push("  --unsafe-no-sandbox --yes-i-accept".to_owned());
    lines.join("\n")
}

/// What a tier is called in front of people.
#[must_use]
pub fn title(tier: Tier) -> &'static str {
    match tier {
        Tier::Bwrap => "bubblewrap",
        other => other.as_str(),
    }
}

/// How a tier stands, in one line.
#[must_use]
pub fn state_of(tried: &Tried) -> String {
    let findings = &tried.findings;
    let found = match tried.found.as_str() {
        "" => String::new(),
        found => format!("found {found}, "),
    };
    match (&findings.failed, findings.held()) {
        (Some(words), _) if tried.found.is_empty() => words.clone(),
        (Some(words), _) => format!("{found}failed: {words}"),
        (None, true) => {
            let all = findings.attempts.len();
            format!("{found}held in all {all} attempts ({} ms)", findings.millis)
        }
        (None, false) => {
            let leaks = findings.attempts.iter().filter(|attempt| !attempt.held);
            let leaks: Vec<String> = leaks
                .map(|leak| format!("{} ({})", leak.name, leak.words))
                .collect();
            format!("{found}did not hold: {}", leaks.join(", "))
        }
    }
}

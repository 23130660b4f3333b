//! `demo`: builds the example tools from scripted replies compiled into the program, in a scratch home.

use super::args::{Cli, DemoArgs};
use super::home::{self, Start};
use super::init::{self, New};
use super::out::{self, Done, Fail, code};
use super::{background, npm, screens, serve, starter, tools, wire};
use crate::adapters::lock;
use crate::adapters::sandbox::{self, Hashes};
use crate::adapters::store::readers;
use crate::agents::reply as replies;
use crate::domain::event::Event;
use crate::domain::factory::Factory;
use crate::domain::item::ItemStatus;
use crate::domain::stats::Stats;
use crate::factory::engine::Ended;
use crate::factory::ports::settings::Settings;
use crate::tui::run::Left;
use include_dir::{Dir, include_dir};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The replies: `tool/phase/purpose[/path]/n.md`.
static REPLIES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/dev-factory/demo");

/// The settings of a demo home: all three roles speak to the compiled-in replies.
const SETTINGS: &str = "\
# Settings of a demo home: every role plays replies compiled into dev-factory.
[hosts.script]
kind = \"scripted\"

[roles.developer]
model = \"script/demo\"

[roles.qa]
model = \"script/demo\"

[roles.supervisor]
model = \"script/demo\"

# It takes as long as all other gates together: off, so that the demo stays short.
[harness]
mutation = false
";

/// Time between two looks at whether everything is built.
const LOOK: Duration = Duration::from_millis(250);
/// How long the engine of a finished demo may take to end.
const ENDED: Duration = Duration::from_secs(10);

/// Builds the examples; 0 only if everything shipped.
pub fn run(cli: &Cli, args: &DemoArgs) -> Done {
    tools::git()?;
    tools::npm()?;
    let dir = place(cli, args)?;
    if cli.json {
        out::say(json!({ "home": dir.display().to_string() }))?;
    } else {
        out::say(format!("demo home: {}", dir.display()))?;
    }
    if !npm::installed(&dir) {
        npm::install(cli, &dir)?;
    }
    if screens::on_terminal() && !cli.engine.no_tui && !cli.json {
        return on_screens(cli, args, &dir);
    }
    wire::log_to(&dir);
    let mut loaded = wire::settings(cli, Some(&dir), Vec::new())?;
    for host in loaded.settings.hosts.values_mut() {
        host.pace = args.pace;
    }
    let mut cli = of_demo(cli, true);
    // Whoever slows the streaming down wants to read it.
    cli.engine.verbose |= args.pace > 0;
    let ended = serve::run(&cli, &dir, loaded, Vec::new(), hello)?;
    if ended == Ended::Interrupted {
        return Ok(code::INTERRUPTED);
    }
    close(&cli, &dir)
}

/// Shows the screens while an engine in the background builds, and the closing table when it is done.
fn on_screens(cli: &Cli, args: &DemoArgs, dir: &Path) -> Done {
    // Not until idle: a pause would end the engine under the hands of who made it.
    let mut cli = of_demo(cli, false);
    if args.pace > 0 {
        let pace = format!("hosts.script.pace_ms={}", args.pace);
        cli.set.push(pace);
    }
    let look = screens::look(&cli, dir)?;
    hello(dir, &wire::settings(&cli, Some(dir), Vec::new())?.settings)?;
    background::start(&cli, dir)?;
    let home = dir.to_path_buf();
    let over = Box::pin(async move {
        while !over(&home) {
            tokio::time::sleep(LOOK).await;
        }
    });
    match screens::open(&cli, dir, look, Some(over))? {
        Left::Over => {
            end(dir);
            close(&cli, dir)
        }
        Left::Asked if readers::engine(dir).is_none() => close(&cli, dir),
        Left::Asked => {
            out::note(format!(
                "the demo goes on in the background: dev-factory demo --dir {0} shows it again, dev-factory --home {0} down ends it",
                out::quoted(dir)
            ));
            Ok(0)
        }
        left => Ok(screens::exit_code(left)),
    }
}

/// Something was built, nothing is left, and nobody stopped it.
fn over(home: &Path) -> bool {
    readers::snapshot(home).is_some_and(|(snapshot, _)| {
        snapshot.queue.is_empty() && snapshot.totals.shipped > 0 && snapshot.stopped.is_none()
    })
}

/// Ends the engine of a finished demo, without the mark that it shall stay stopped.
fn end(home: &Path) {
    let Some(engine) = readers::engine(home) else {
        return;
    };
    let pid = i32::try_from(engine.pid).ok().and_then(Pid::from_raw);
    let told = pid.is_some_and(|pid| kill_process(pid, Signal::TERM).is_ok());
    let start = Instant::now();
    while told && lock::alive(&(&engine).into()) && start.elapsed() < ENDED {
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The closing table; 0 only if everything shipped.
fn close(cli: &Cli, dir: &Path) -> Done {
    let reading = readers::factory(dir).map_err(|error| Fail::failed(error.to_string()))?;
    let factory = reading
        .factory
        .ok_or_else(|| Fail::failed("the demo home has no journal: nothing was built"))?;
    if !cli.json {
        let events = readers::history(dir, 1).unwrap_or_default();
        out::put(&closing(&factory, &events))?;
        out::say(format!(
            "look at it: cd {} && git log --oneline --graph && git tag && npx jest",
            out::quoted(dir)
        ))?;
    }
    let all = factory
        .items
        .iter()
        .all(|item| item.status == ItemStatus::Shipped);
    Ok(if all && !factory.items.is_empty() {
        0
    } else {
        code::FAILED
    })
}

/// What was typed, for the engine of a demo; without screens it ends when nothing is left to do.
fn of_demo(cli: &Cli, until_idle: bool) -> Cli {
    Cli {
        home: None,
        json: cli.json,
        set: cli.set.clone(),
        engine: super::args::EngineArgs {
            until_idle,
            // Only compiled-in code is run here, whatever was typed.
            unsafe_no_sandbox: false,
            ..cli.engine.clone()
        },
        screens: cli.screens.clone(),
        command: None,
    }
}

fn hello(_: &Path, _: &Settings) -> Result<(), Fail> {
    out::say(
        "the replies are scripted: no model is asked and nothing is spent; git, Jest and the gates are real",
    )
}

/// The demo's home: made, or gone on with.
fn place(cli: &Cli, args: &DemoArgs) -> Result<PathBuf, Fail> {
    let dir = match &args.dir {
        Some(dir) => std::path::absolute(dir)
            .map_err(|error| Fail::usage(format!("{}: {error}", dir.display())))?,
        None => scratch()?,
    };
    if home::marker(&dir).is_file() {
        if !home::read(&dir)?.demo {
            return Err(Fail::usage(format!(
                "{} is a factory home but not a demo's: name another folder with --dir",
                dir.display()
            )));
        }
        return Ok(dir);
    }
    init::vacant(&dir)?;
    init::make(
        cli,
        &dir,
        &New {
            settings: SETTINGS,
            wishlist: &wishlist(),
            start: Start::AtOnce,
            demo: true,
            check: false,
        },
    )?;
    Ok(dir)
}

/// A folder of our own under the system's scratch space.
fn scratch() -> Result<PathBuf, Fail> {
    tempfile::Builder::new()
        .prefix("dev-factory-demo-")
        .tempdir()
        .map(tempfile::TempDir::keep)
        .map_err(|error| {
            Fail::failed(format!(
                "no scratch folder can be made ({error}): name one with --dir"
            ))
        })
}

/// The starter wishlist, cut to the tools there are replies for.
fn wishlist() -> String {
    let names: BTreeSet<&str> = REPLIES
        .dirs()
        .filter_map(|dir| dir.path().to_str())
        .collect();
    let mut list: Value =
        serde_json::from_str(starter::WISHLIST).unwrap_or_else(|_| json!({ "items": [] }));
    if let Some(items) = list.get_mut("items").and_then(Value::as_array_mut) {
        items.retain(|item| {
            item.get("name")
                .and_then(Value::as_str)
                .is_some_and(|name| names.contains(name))
        });
    }
    format!("{list:#}\n")
}

/// The compiled-in reply of a path like `tool/spec/draft/0.md`.
#[must_use]
pub fn reply(path: &str) -> Option<String> {
    REPLIES
        .get_file(path)
        .and_then(|file| file.contents_utf8())
        .map(str::to_owned)
}

/// SHA-256 of every file a compiled-in reply holds: what may run without walls.
#[must_use]
pub fn trusted() -> Hashes {
    let mut hashes = Hashes::new();
    let mut folders = vec![&REPLIES];
    while let Some(folder) = folders.pop() {
        folders.extend(folder.dirs());
        for file in folder.files() {
            let text = file.contents_utf8().unwrap_or("");
            if let Ok(inner) = replies::fenced(text, &["js", "javascript", "markdown", "md"]) {
                hashes.insert(sandbox::hash(inner.as_bytes()));
            }
        }
    }
    hashes
}

/// The closing table: what the journal says of each tool, and where its item stands.
fn closing(factory: &Factory, events: &[Event]) -> String {
    let head = [
        "tool", "status", "runs", "cycles", "tests", "held-out", "coverage", "time", "cost",
    ];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    let table = Stats::of(events).table();
    for item in &factory.items {
        let row = table.iter().find(|row| row.tool == item.name).cloned();
        let row = row.unwrap_or_default();
        let measured = |text: String| if row.runs > 0 { text } else { "-".to_owned() };
        let scripted = if row.scripted { " (scripted)" } else { "" };
        rows.push(vec![
            item.name.clone(),
            super::status::word(&item.status),
            row.runs.to_string(),
            row.cycles.to_string(),
            measured(format!("{}/{}", row.passed, row.tests)),
            measured(format!("{}/{}", row.held_passed, row.held_out)),
            row.coverage
                .map_or("-".to_owned(), |cover| format!("{cover:.0} %")),
            format!("{:.1} s", row.seconds),
            format!("{:.2} USD{scripted}", row.used.usd),
        ]);
    }
    out::table(&rows)
}

//! `demo`: builds the example tools from scripted replies compiled into the program, in a scratch home.

use super::args::{Cli, DemoArgs};
use super::home::{self, Start};
use super::init::{self, New};
use super::out::{self, Done, Fail, code};
use super::{background, npm, screens, serve, starter, tools, trouble, wire};
use crate::adapters::lock;
use crate::adapters::sandbox::{self, Hashes};
use crate::adapters::store::readers;
use crate::agents::reply as replies;
use crate::domain::event::Event;
use crate::domain::factory::Factory;
use crate::domain::item::{Item, ItemStatus};
use crate::domain::screen::Need;
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
/// How long after its end a host that went away is looked for again.
const BACK: Duration = Duration::from_secs(3);
/// How long the engine of a finished demo may take to end.
const ENDED: Duration = Duration::from_secs(10);

/// Builds the examples; 0 only if everything shipped.
pub fn run(cli: &Cli, args: &DemoArgs) -> Done {
    if cli.home.is_some() {
        return Err(Fail::usage(
            "a demo makes a home of its own: name its folder with --dir instead of --home",
        ));
    }
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
    let mut cli = of_demo(cli, &dir, true)?;
    // Whoever slows the streaming down wants to read it.
    cli.engine.verbose |= args.pace > 0;
    let mut ended = built(&cli, args, &dir)?;
    while ended == Ended::NeedsPerson && host_away(&dir)? {
        if !cli.json {
            out::say("the host comes back by itself: nobody is needed")?;
        }
        std::thread::sleep(BACK);
        ended = built(&cli, args, &dir)?;
    }
    if ended == Ended::Interrupted {
        return Ok(code::INTERRUPTED);
    }
    close(&cli, &dir)
}

/// Builds here until nothing is left to do without a person.
fn built(cli: &Cli, args: &DemoArgs, dir: &Path) -> Result<Ended, Fail> {
    let mut loaded = wire::settings(cli, Some(dir), Vec::new())?;
    wire::log_to(dir, loaded.settings.keep.logs);
    for host in loaded.settings.hosts.values_mut() {
        host.pace = args.pace;
    }
    serve::run(cli, dir, loaded, Vec::new(), hello)
}

/// A host is away that comes back: an engine that ends when idle does not wait for one, and here it is worth it.
fn host_away(dir: &Path) -> Result<bool, Fail> {
    let trouble = home::read(dir)?.trouble.is_some();
    let needs = readers::snapshot(dir).map_or_else(Vec::new, |(snapshot, _)| snapshot.needs);
    let away = |need: &Need| need.blocking && need.id.starts_with("host:");
    Ok(trouble && needs.iter().any(away))
}

/// Shows the screens while an engine in the background builds, and the closing table when it is done.
fn on_screens(cli: &Cli, args: &DemoArgs, dir: &Path) -> Done {
    // Not until idle: a pause would end the engine under the hands of who made it.
    let mut cli = of_demo(cli, dir, false)?;
    let trouble = home::read(dir)?.trouble.is_some();
    if args.pace > 0 && !trouble {
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
    let trouble = home::read(dir)?.trouble.is_some();
    let ended = |item: &Item| {
        item.status == ItemStatus::Shipped || (trouble && item.status == ItemStatus::Dropped)
    };
    if factory.items.iter().all(ended) && !factory.items.is_empty() {
        return Ok(0);
    }
    if trouble {
        return waits(cli, dir);
    }
    Ok(code::FAILED)
}

/// How to answer what waits for a person, which was printed before.
fn waits(cli: &Cli, dir: &Path) -> Done {
    if !cli.json {
        let here = out::quoted(dir);
        out::say(format!(
            "answer on the screens (! opens the card): dev-factory demo --trouble --dir {here}\n\
             or with the commands above and --home {here}; the key that works goes into the file: echo {} > {}",
            trouble::KEY,
            out::quoted(&key_file(dir))
        ))?;
    }
    Ok(code::PERSON)
}

/// What was typed, for the engine of a demo; without screens it ends when nothing is left to do.
fn of_demo(cli: &Cli, dir: &Path, until_idle: bool) -> Result<Cli, Fail> {
    let mut set = cli.set.clone();
    if let Some(ports) = home::read(dir)?.trouble {
        let origin = format!("http://127.0.0.1:{}", ports.cloud);
        let file = key_file(dir);
        set.push(format!("keys.cloud.origin={origin}"));
        set.push(format!("keys.cloud.file={}", file.display()));
    }
    Ok(Cli {
        home: None,
        json: cli.json,
        set,
        engine: super::args::EngineArgs {
            until_idle,
            // Only compiled-in code is run here, whatever was typed.
            unsafe_no_sandbox: false,
            ..cli.engine.clone()
        },
        screens: cli.screens.clone(),
        command: None,
    })
}

/// Where the key of the demo's refused server is.
fn key_file(dir: &Path) -> PathBuf {
    dir.join("dev-factory").join("cloud.key")
}

fn hello(home: &Path, _: &Settings) -> Result<(), Fail> {
    if home::read(home)?.trouble.is_some() {
        return out::say(
            "the replies are scripted and come over real HTTP: a host will go away, a test is flaky, a tool gets stuck, a key is refused; nothing is spent",
        );
    }
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
        let doc = home::read(&dir)?;
        if !doc.demo || (args.trouble && doc.trouble.is_none()) {
            return Err(Fail::usage(format!(
                "{} is a factory home but not this demo's: name another folder with --dir",
                dir.display()
            )));
        }
        return Ok(dir);
    }
    init::vacant(&dir)?;
    let ports =
        match args.trouble {
            true => Some(trouble::Ports::free().map_err(|error| {
                Fail::failed(format!("no port of this machine is free: {error}"))
            })?),
            false => None,
        };
    let settings = ports.map(|ports| ports.settings());
    init::make(
        cli,
        &dir,
        &New {
            settings: settings.as_deref().unwrap_or(SETTINGS),
            wishlist: &wishlist(args.trouble),
            start: Start::AtOnce,
            demo: true,
            trouble: ports,
        },
    )?;
    if args.trouble {
        trouble::write_key(&key_file(&dir))?;
    }
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
fn wishlist(trouble: bool) -> String {
    let all = REPLIES.dirs().filter_map(|dir| dir.path().to_str());
    let names: BTreeSet<&str> = match trouble {
        true => trouble::TOOLS.into_iter().collect(),
        false => all.collect(),
    };
    let mut list: Value =
        serde_json::from_str(starter::WISHLIST).unwrap_or_else(|_| json!({ "items": [] }));
    if let Some(items) = list.get_mut("items").and_then(Value::as_array_mut) {
        items.retain(|item| {
            item.get("name")
                .and_then(Value::as_str)
                .is_some_and(|name| names.contains(name))
        });
        if trouble {
            items.push(json!({
                "idea": "Sum lines: add the whole numbers of a file, one a line, and print the sum",
                "priority": 10,
                "name": "sum-lines"
            }));
        }
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
    let mut folders = vec![&REPLIES, &trouble::REPLIES];
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
    for item in factory.items.iter() {
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

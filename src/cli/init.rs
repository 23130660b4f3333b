//! `init`: makes a factory home in one step, or says what is there; never overwrites.

use super::args::{Cli, InitArgs};
use super::home::{self, HomeDoc, Start};
use super::out::{self, Done, Fail};
use super::plan::{HostSpec, Plan};
use super::signals::{self, Endings};
use super::trouble::Ports;
use super::{ask, commits, npm, secrets, starter, threads, tools, upgrade, wire};
use crate::adapters::clock::SystemClock;
use crate::adapters::git::GitRepo;
use crate::config::Loaded;
use crate::domain::phase::Role;
use crate::domain::state::FORMAT;
use crate::factory::ports::clock::Clock;
use crate::factory::ports::repo::Repo;
use crate::factory::ports::settings::{HostKind, Settings};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::io::{ErrorKind, IsTerminal, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Makes a home at the folder named.
pub fn run(cli: &Cli, args: &InitArgs) -> Done {
    let dir = absolute(&args.dir)?;
    if home::marker(&dir).is_file() {
        return again(cli, &dir);
    }
    vacant(&dir)?;
    tools::git()?;
    if !args.no_install {
        tools::npm()?;
    }
    let asks = !args.yes && std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    let mut plan = plan(args, asks)?;
    plan.bring_vendors(&wire::environment());
    let key = plan.key_table()?;
    let start = if asks { Start::Paused } else { Start::AtOnce };
    let settings = format!("{}{}", starter::SETTINGS, plan.toml());
    let loaded = make(
        cli,
        &dir,
        &New {
            settings: &settings,
            wishlist: starter::WISHLIST,
            start,
            demo: false,
            trouble: None,
        },
    )?;
    let made = format!("made a factory home in {}", dir.display());
    tell(cli, "made", &made, json!({ "home": dir }))?;
    if let Some((name, table)) = key {
        let words = secrets::note_place(&name, &table)?;
        tell(cli, "key", &words, json!({ "server": name }))?;
    }
    installed(cli, args, &dir)?;
    let words = next(&dir, &plan, &loaded.settings, start);
    let hosts = plan.hosts.iter();
    let hosts: Vec<_> = hosts
        .map(|host| json!({ "name": host.name, "url": host.url }))
        .collect();
    let more = json!({ "hosts": hosts, "paused": start == Start::Paused });
    tell(cli, "next", &words, more)?;
    Ok(0)
}

/// A step as text for a person, or as a JSON object on a line of its own with the same words in it.
fn tell(cli: &Cli, step: &str, words: &str, more: serde_json::Value) -> Result<(), Fail> {
    if !cli.json {
        return out::say(words);
    }
    let mut line = json!({ "step": step, "words": words });
    if let (Some(line), serde_json::Value::Object(more)) = (line.as_object_mut(), more) {
        line.extend(more);
    }
    out::say(line)
}

/// What a home is made of beside the fixed starter files.
pub struct New<'a> {
    /// factory.toml.
    pub settings: &'a str,
    /// wishlist.json.
    pub wishlist: &'a str,
    /// How its first engine begins.
    pub start: Start,
    /// Made by `demo`.
    pub demo: bool,
    /// Where the model servers of `demo --trouble` listen.
    pub trouble: Option<Ports>,
}

/// Flags, then questions or a probe for what they leave open.
fn plan(args: &InitArgs, asks: bool) -> Result<Plan, Fail> {
    let mut plan = Plan::from_flags(args)?;
    let found = if plan.hosts.is_empty() || asks {
        wire::probe_machine()?
    } else {
        Vec::new()
    };
    if asks {
        ask::ask(
            &mut plan,
            &found,
            &mut std::io::stdin().lock(),
            &mut std::io::stdout().lock(),
        )?;
    } else {
        plan.take(&found);
    }
    Ok(plan)
}

/// A path that stays right when the folder changes.
fn absolute(dir: &Path) -> Result<PathBuf, Fail> {
    std::path::absolute(dir).map_err(|error| Fail::usage(format!("{}: {error}", dir.display())))
}

/// Only a folder that is missing or empty becomes a home.
pub fn vacant(dir: &Path) -> Result<(), Fail> {
    let shown = dir.display();
    match std::fs::symlink_metadata(dir) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(Fail::failed(format!("{shown}: {error}"))),
        Ok(meta) if !meta.is_dir() => Err(Fail::usage(format!(
            "{shown} is not a folder: name another one"
        ))),
        Ok(_) => {
            let mut entries = std::fs::read_dir(dir)
                .map_err(|error| Fail::failed(format!("{shown}: {error}")))?;
            match entries.next() {
                None => Ok(()),
                Some(_) if dir.join(".git").exists() => Err(Fail::usage(format!(
                    "{shown} is a git repository of something else: a factory home is a repository of its own, so name a new folder"
                ))),
                Some(_) => Err(Fail::usage(format!(
                    "{shown} is not empty and not a factory home: name a new folder"
                ))),
            }
        }
    }
}

/// Makes the home beside its place and moves it there whole: an interrupted init leaves no half of one. Gives its
/// settings; they hold people's answers, and are checked before anything is kept.
pub fn make(cli: &Cli, dir: &Path, new: &New<'_>) -> Result<Loaded, Fail> {
    let parent = dir.parent().unwrap_or(Path::new("/"));
    let told = |path: &Path, error: std::io::Error| {
        let why = match error.kind() {
            ErrorKind::PermissionDenied => "permission denied; choose a folder you may write to",
            ErrorKind::NotADirectory | ErrorKind::AlreadyExists => {
                "a file is in the way; choose another folder"
            }
            ErrorKind::StorageFull => "no space left; free some and try again",
            ErrorKind::ReadOnlyFilesystem => {
                "the file system is read-only; choose a folder you may write to"
            }
            _ => &error.to_string(),
        };
        Fail::failed(format!("cannot make {}: {why}", path.display()))
    };
    // An interruption is noticed before the home is put in its place, and leaves nothing.
    let runtime = threads::runtime()?;
    let mut endings = runtime.block_on(async { Endings::listen() })?;
    std::fs::create_dir_all(parent).map_err(|error| told(parent, error))?;
    let stage = tempfile::Builder::new()
        .prefix(".dev-factory-init-")
        .tempdir_in(parent)
        .map_err(|error| told(dir, error))?;
    write_all(stage.path(), new).map_err(|error| told(dir, error))?;
    let loaded = wire::settings(cli, Some(stage.path()), Vec::new())?;
    commits::begin(stage.path())?;
    // A temporary folder is its owner's alone; a home is readable as any repository is.
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(stage.path(), std::fs::Permissions::from_mode(0o755))
        .map_err(|error| told(dir, error))?;
    if let Some(signal) = endings.came(&runtime) {
        let sentence = format!("interrupted: {} was not made", dir.display());
        return Err(Fail::Said(signals::code(signal), sentence));
    }
    std::fs::rename(stage.path(), dir).map_err(|error| told(dir, error))?;
    let _ = stage.keep();
    Ok(loaded)
}

/// Writes the starter files.
fn write_all(root: &Path, new: &New<'_>) -> std::io::Result<()> {
    let file = |name: &str, text: &str| -> std::io::Result<()> {
        let path = root.join(name);
        // What the factory remembers is its user's alone; the rest is readable as any repository is.
        let private = name.starts_with("dev-factory/");
        if let Some(folder) = path.parent() {
            std::fs::DirBuilder::new()
                .recursive(true)
                .mode(if private { 0o700 } else { 0o755 })
                .create(folder)?;
        }
        std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(if private { 0o600 } else { 0o644 })
            .open(path)?
            .write_all(text.as_bytes())
    };
    for (name, text) in starter::FILES {
        file(name, text)?;
    }
    file("dev-factory/factory.toml", new.settings)?;
    upgrade::remember(&file, new.settings)?;
    file("dev-factory/wishlist.json", new.wishlist)?;
    let now = SystemClock.now();
    let seed = format!("{now:?} {} {}", std::process::id(), root.display());
    let hash = Sha256::digest(seed.as_bytes());
    let id: String = hash
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let doc = HomeDoc {
        schema: FORMAT,
        id,
        created_at: now,
        start: new.start,
        demo: new.demo,
        trouble: new.trouble,
    };
    let text = serde_json::to_string_pretty(&doc)?;
    file("dev-factory/home.json", &format!("{text}\n"))
}

/// Installs Jest unless told not to.
fn installed(cli: &Cli, args: &InitArgs, dir: &Path) -> Result<(), Fail> {
    if npm::installed(dir) {
        return Ok(());
    }
    if args.no_install {
        let words = "Jest is not installed yet: the engine installs it before it starts";
        return tell(cli, "jest", words, json!({ "installed": false }));
    }
    npm::install(cli, dir)?;
    match cli.json {
        true => tell(
            cli,
            "jest",
            "Jest is installed",
            json!({ "installed": true }),
        ),
        false => Ok(()),
    }
}

/// A second run: says what is there.
fn again(cli: &Cli, dir: &Path) -> Done {
    let doc = home::read(dir)?;
    let count = |path: &str| std::fs::read_dir(dir.join(path)).map_or(0, Iterator::count);
    let there = |path: &str| {
        if dir.join(path).exists() {
            "there"
        } else {
            "missing"
        }
    };
    let shipped = GitRepo::open(dir)
        .and_then(|repo| repo.shipped())
        .map_or_else(
            |error| format!("unknown: {error}"),
            |tools| format!("{} shipped", tools.len()),
        );
    let words = format!(
        "{} is a factory home already, made {}; nothing was changed",
        dir.display(),
        doc.created_at.format("%Y-%m-%d")
    );
    let rows = [
        ("settings", there("dev-factory/factory.toml").to_owned()),
        ("wishlist", there("dev-factory/wishlist.json").to_owned()),
        ("souls", format!("{} files", count("souls"))),
        ("tools", shipped),
        ("journal", there("dev-factory/journal.jsonl").to_owned()),
        (
            "Jest",
            if npm::installed(dir) {
                "installed"
            } else {
                "not installed: the engine installs it before it starts, npm ci there does it now"
            }
            .to_owned(),
        ),
    ];
    if cli.json {
        let there: serde_json::Map<_, _> = rows
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.into()))
            .collect();
        let more = json!({ "home": dir, "there": there });
        tell(cli, "there", &words, more)?;
        return Ok(0);
    }
    out::say(words)?;
    let rows: Vec<Vec<String>> = rows
        .into_iter()
        .map(|(name, value)| vec![format!("  {name}"), value])
        .collect();
    out::put(&out::table(&rows))?;
    Ok(0)
}

/// What to do next.
fn next(dir: &Path, plan: &Plan, settings: &Settings, start: Start) -> String {
    let server = |host: &HostSpec| format!("model server {} at {}", host.name, host.url);
    let mut lines: Vec<String> = plan.hosts.iter().map(server).collect();
    // Where nobody named a model it is one of this machine's Ollama; others stand in the user's own settings.
    let ollama = HostKind::Ollama.word();
    let named = |role: &Role| {
        let model = settings.role(*role).model.as_ref();
        model.is_some_and(|model| model.host != ollama)
    };
    if lines.is_empty() && ![Role::Developer, Role::Qa].iter().any(named) {
        let none =
            "no model server was found: start Ollama, or name one in dev-factory/factory.toml";
        lines.push(none.to_owned());
    }
    for role in [Role::Developer, Role::Qa] {
        let none =
            format!("no model yet, name one under [roles.{role}] in dev-factory/factory.toml");
        lines.push(format!("{role}: {}", settings.role(role).worker(&none)));
    }
    let none = "you, finished tools wait for `dev-factory decide ship NAME`";
    lines.push(format!("supervisor: {}", settings.supervisor.worker(none)));
    lines.push(format!(
        "start it:  dev-factory --home {} --no-tui",
        out::quoted(dir)
    ));
    if start == Start::Paused {
        lines.push(format!(
            "it begins paused; let it go:  dev-factory --home {} resume",
            out::quoted(dir)
        ));
    }
    lines.join("\n")
}

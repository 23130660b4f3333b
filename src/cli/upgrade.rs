//! `upgrade`: what this version's starter files change in a home, shown and applied; what people edited stays theirs.

mod merged;
mod plan;
mod renamed;

use super::args::{Cli, UpgradeArgs};
use super::out::{self, Done, Fail};
use super::{home, npm, starter, wire};
use crate::adapters::clock::SystemClock;
use crate::adapters::folder::{Folder, For};
use crate::adapters::git::GitRepo;
use crate::adapters::store::readers;
use crate::factory::ports::clock::Clock;
use crate::factory::ports::files::FileError;
use crate::factory::ports::repo::Repo;
use plan::{Change, What};
use std::path::Path;

/// Where init and upgrade leave the starter files as they wrote them, to tell a person's edits by.
pub const STARTER: &str = "dev-factory/starter";
/// The settings of a home.
pub const SETTINGS: &str = "dev-factory/factory.toml";

/// Shows what would change, and changes it unless told not to.
pub fn run(cli: &Cli, home: &Path, args: &UpgradeArgs) -> Done {
    home::read(home)?;
    if let Some(engine) = readers::engine(home) {
        return Err(Fail::failed(format!(
            "an engine runs here (process {}): end it with dev-factory down, then upgrade",
            engine.pid
        )));
    }
    // Held to the end: no engine and no command begins meanwhile.
    let _store = match args.dry_run {
        true => None,
        false => Some(wire::store(home).map_err(wire::refused)?),
    };
    let changes = plan::plan(home)?;
    let writes = changes.iter().any(|change| change.text.is_some());
    let mut done = Outcome::default();
    if !args.dry_run {
        done = apply(home, &changes)?;
    }
    if cli.json {
        out::say(serde_json::json!({
            "changes": changes,
            "dryRun": args.dry_run,
            "backup": done.backup,
            "committed": done.committed,
        }))?;
    } else {
        out::put(&page(&changes, args, &done, writes))?;
    }
    let relock = |change: &Change| change.path == "package-lock.json" && change.text.is_some();
    if !args.dry_run && changes.iter().any(relock) {
        npm::outdated(home)?;
        if !args.no_install {
            npm::install(cli, home)?;
        }
    }
    Ok(0)
}

/// What was done.
#[derive(Default)]
struct Outcome {
    /// Folder with the files as they were, relative to the home.
    backup: Option<String>,
    /// The changes stand in a commit.
    committed: bool,
    /// Why not.
    uncommitted: Option<String>,
}

fn apply(home: &Path, changes: &[Change]) -> Result<Outcome, Fail> {
    let told = |error: FileError| {
        Fail::failed(format!(
            "{error}; what was changed before it lies in the backup"
        ))
    };
    let folder = Folder::open(home).map_err(told)?;
    let stamp = SystemClock.now().format("%Y%m%dT%H%M%S%3f");
    let backup = format!("dev-factory/backup/{stamp}");
    let mut done = Outcome::default();
    for change in changes {
        let whom = match change.path.starts_with("dev-factory/") {
            true => For::Owner,
            false => For::All,
        };
        if let Some(text) = &change.text {
            if let Some(before) = &change.before {
                let place = format!("{backup}/{}", change.path);
                folder
                    .write(&place, before.as_bytes(), For::Owner)
                    .map_err(told)?;
                done.backup = Some(backup.clone());
            }
            folder
                .write(&change.path, text.as_bytes(), whom)
                .map_err(told)?;
        }
        if let Some(theirs) = &change.beside {
            let place = format!("{}.new", change.path);
            folder
                .write(&place, theirs.as_bytes(), whom)
                .map_err(told)?;
        }
        if !change.starter.is_empty() {
            let place = format!("{STARTER}/{}", change.path);
            folder
                .write(&place, change.starter.as_bytes(), For::Owner)
                .map_err(told)?;
        }
    }
    let written: Vec<&str> = changes
        .iter()
        .filter(|change| change.text.is_some())
        .map(|change| change.path.as_str())
        .collect();
    if !written.is_empty() {
        match commit(home, &written) {
            Ok(made) => done.committed = made,
            Err(why) => done.uncommitted = Some(why),
        }
    }
    Ok(done)
}

/// One commit of what was written, where nothing else is staged; else it is left to the person.
fn commit(home: &Path, paths: &[&str]) -> Result<bool, String> {
    let repo = GitRepo::open(home).map_err(|error| error.to_string())?;
    if let Some(why) = repo.main_blocked().map_err(|error| error.to_string())? {
        return Err(why);
    }
    let message = format!("Starter files of dev-factory {}", env!("CARGO_PKG_VERSION"));
    repo.commit(paths, &message)
        .map_err(|error| error.to_string())
}

fn page(changes: &[Change], args: &UpgradeArgs, done: &Outcome, writes: bool) -> String {
    let mut text = String::new();
    let told = changes.iter().filter(|change| change.what != What::Same);
    for change in told {
        text += &format!("{}: {}\n", change.path, change.what.words());
        for note in &change.notes {
            text += &format!("  {note}\n");
        }
        for (title, diff) in &change.diffs {
            text += &format!("  {title}:\n");
            for line in diff.lines() {
                text += &format!("    {line}\n");
            }
        }
    }
    let untouched = changes
        .iter()
        .all(|change| change.text.is_none() && change.beside.is_none());
    text += &match (untouched, args.dry_run) {
        (true, _) => format!(
            "this home is up to date with dev-factory {}\n",
            env!("CARGO_PKG_VERSION")
        ),
        (false, true) => "nothing was changed: without --dry-run it is\n".to_owned(),
        (false, false) if writes => "done\n".to_owned(),
        (false, false) => "your files were left as they are\n".to_owned(),
    };
    if let Some(backup) = &done.backup {
        text += &format!("the files as they were lie in {backup}\n");
    }
    if let Some(why) = &done.uncommitted {
        text += &format!("not committed, {why}: commit the files yourself\n");
    }
    text
}

/// Leaves the starter files in a new home as they were written there.
pub fn remember(
    write: &dyn Fn(&str, &str) -> std::io::Result<()>,
    settings: &str,
) -> std::io::Result<()> {
    for (path, text) in starter::FILES.iter().filter(|(_, text)| !text.is_empty()) {
        write(&format!("{STARTER}/{path}"), text)?;
    }
    write(&format!("{STARTER}/{SETTINGS}"), settings)
}

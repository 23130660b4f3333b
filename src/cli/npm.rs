//! Installs the pinned Jest of a home: says how far it is, and ends when asked to.

use super::args::Cli;
use super::out::{self, Fail};
use super::signals::{self, Endings};
use super::{threads, tools, walls, wire};
use crate::adapters::npm::{self, Npm, Wanted};
use crate::adapters::registry::Registry;
use std::io::{IsTerminal, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// npm was ended in mid-work, by a signal to us.
const INTERRUPTED: &str = "interrupted: Jest is not installed yet; the next start installs it";
/// How often a terminal is told how far it is.
const OFTEN: Duration = Duration::from_millis(200);

/// Whether Jest is there.
#[must_use]
pub fn installed(home: &Path) -> bool {
    npm::installed(home, "jest/bin/jest.js")
}

/// What lies there is not what the lock file says any more: without its list it counts as not installed, so that the next
/// start installs it, whatever ends this one.
pub fn outdated(home: &Path) -> Result<(), Fail> {
    let list = home.join("node_modules/.package-lock.json");
    match std::fs::remove_file(&list) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Fail::failed(format!(
            "{} cannot be removed: {error}; run npm ci there",
            list.display()
        ))),
        _ => Ok(()),
    }
}

/// Installs exactly what the lock file names, without scripts of packages; speaks on standard error only.
pub fn install(cli: &Cli, home: &Path) -> Result<(), Fail> {
    let program = tools::npm()?;
    let home = home.canonicalize()?;
    out::note("installing Jest (npm ci) ...");
    let told = |why: String| {
        Fail::failed(format!(
            "npm ci failed in {}: {why}; the next start tries again",
            home.display()
        ))
    };
    let (manifest, lock) = (
        npm::text(&home, "package.json"),
        npm::text(&home, "package-lock.json"),
    );
    let (manifest, lock) = (manifest.map_err(told)?, lock.map_err(told)?);
    let all = npm::packages(&lock).map_err(told)?;
    let registry = Arc::new(Registry::new(&npm::route(&program)).map_err(told)?);
    let loaded = wire::settings(cli, Some(&home), Vec::new());
    let wrapper = loaded.map_or_else(|_| Vec::new(), |loaded| loaded.settings.wrapper);
    let walls = walls::any(&wrapper)?.reaching(registry.clone());
    let npm = Npm {
        program,
        cache: walls::state().join("npm"),
    };
    let wanted = Wanted {
        home: &home,
        manifest: &manifest,
        lock: &lock,
        into: &home,
    };
    let millis = threads::runtime()?.block_on(async {
        let mut endings = Endings::listen()?;
        tokio::select! {
            ended = npm.install(wanted, &walls, &registry) => ended.map_err(told),
            () = show(&registry, all) => Ok(0),
            signal = endings.next() => Err(Fail::Said(signals::code(signal), INTERRUPTED.to_owned())),
        }
    });
    clear();
    let seconds = millis? as f64 / 1000.0;
    out::note(format!(
        "Jest is installed ({all} packages, {seconds:.1} s)"
    ));
    Ok(())
}

/// Says on a terminal how many packages have come; never ends.
async fn show(registry: &Registry, all: usize) {
    let mut shown = 0;
    loop {
        tokio::time::sleep(OFTEN).await;
        let packages = registry.seen().packages;
        let mut err = std::io::stderr().lock();
        if packages != shown && err.is_terminal() {
            shown = packages;
            let _ = write!(err, "\r{packages} of {all} packages fetched");
            let _ = err.flush();
        }
    }
}

/// Takes the line of progress away again.
fn clear() {
    let mut err = std::io::stderr().lock();
    if err.is_terminal() {
        let _ = write!(err, "\r\u{1b}[K");
        let _ = err.flush();
    }
}

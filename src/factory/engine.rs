//! The engine's front door: what it is given, how it is run, how it ends.

use super::ports::clock::Clock;
use super::ports::feed::Publisher;
use super::ports::model::Models;
use super::ports::repo::Repo;
use super::ports::settings::Settings;
use super::ports::store::Store;
use super::ports::tests::Tests;
use crate::domain::command::{Answer, Command};
use std::path::PathBuf;
use std::sync::Arc;

/// Everything an engine works with.
pub struct Parts {
    /// The home's files, locked.
    pub store: Arc<dyn Store>,
    /// Model hosts.
    pub models: Arc<dyn Models>,
    /// Jest and the case runner.
    pub tests: Arc<dyn Tests>,
    /// git.
    pub repo: Arc<dyn Repo>,
    /// Wall clock.
    pub clock: Arc<dyn Clock>,
    /// Where lines and snapshots go.
    pub publisher: Publisher,
    /// Settings as read at start.
    pub settings: Settings,
    /// Soul texts: developer, qa, supervisor (file name, content).
    pub souls: [(String, String); 3],
    /// The factory home.
    pub home: PathBuf,
    /// Reads settings and souls again after a change; an error keeps the old ones and is shown.
    pub reload: Box<dyn Fn() -> Result<(Settings, [(String, String); 3]), String> + Send + Sync>,
}

/// How a run of the engine behaves.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// End when nothing is left to do.
    pub until_idle: bool,
}

/// A signal as the front-end passes it on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// SIGTERM: wait up to 10 s for the turn, then cancel.
    Terminate,
    /// SIGINT: save and end now; exit 130.
    Interrupt,
}

/// How a run of the engine ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// `until_idle`: everything wanted is shipped or dropped (exit 0).
    Idle,
    /// `until_idle`: only a pause, a missing host or a verdict is left (exit 4).
    NeedsPerson,
    /// Ended by command or SIGTERM (exit 0).
    Stopped,
    /// Ended by command to be started anew.
    Restart,
    /// SIGINT (exit 130).
    Interrupted,
}

/// Runs the engine until it ends. Signals arrive on `signals`.
pub async fn run(
    parts: Parts,
    options: Options,
    signals: tokio::sync::mpsc::UnboundedReceiver<Signal>,
) -> Result<Ended, String> {
    let _ = (parts.home, options, signals);
    Err("not built yet".to_owned())
}

/// Applies one command without running the engine, through the same path (the lock is held by `parts.store`).
pub async fn apply_once(parts: &Parts, command: Command) -> Result<Answer, String> {
    let _ = (&parts.home, command);
    Err("not built yet".to_owned())
}

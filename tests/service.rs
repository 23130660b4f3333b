//! The engine as a service, and people being told: what is installed and how that is said, what the manager is told while the engine works,
//! and what happens when its program is replaced or the machine was started again. The managers are stand-ins on PATH;
//! the notification socket, the program, home, git and signals are real.

#[path = "support/fakes.rs"]
mod fakes;
#[path = "support/homes.rs"]
mod homes;
#[path = "support/jest_home.rs"]
mod jest_home;
#[path = "support/model_server.rs"]
mod model_server;

#[path = "service/install.rs"]
mod install;
#[path = "service/manager.rs"]
mod manager;
#[path = "service/notify.rs"]
mod notify;
#[path = "service/program.rs"]
mod program;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

/// Longest wait for something that must happen.
const DEADLINE: Duration = Duration::from_secs(60);

/// A program of our own.
fn script(file: &Path, text: &str) {
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    let staged = file.with_extension("staged");
    fs::write(&staged, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(&staged, fs::Permissions::from_mode(0o755)).unwrap();
    fs::rename(staged, file).unwrap();
}

/// PATH with this folder before all others.
fn path_with(folder: &Path) -> String {
    format!("{}:{}", folder.display(), std::env::var("PATH").unwrap())
}

fn wait(what: &str, mut done: impl FnMut() -> bool) {
    let end = Instant::now() + DEADLINE;
    while !done() {
        assert!(Instant::now() < end, "never: {what}");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

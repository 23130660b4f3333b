//! Installs the pinned Jest of a home, through the Sandbox port.

use super::args::Cli;
use super::out::{self, Fail};
use super::signals::{self, Endings};
use super::{tools, walls, wire};
use crate::factory::ports::sandbox::{Job, Limits, Network, Sandbox};
use std::path::Path;
use std::time::Duration;

/// Variables npm needs to reach a registry behind a proxy or a company's certificate.
const PASSED: &[&str] = &[
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "NODE_EXTRA_CA_CERTS",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
];

/// npm was ended in mid-work, by a signal to us.
const INTERRUPTED: &str = "interrupted: Jest is not installed yet; the next start installs it";

/// Whether Jest is there.
#[must_use]
pub fn installed(home: &Path) -> bool {
    home.join("node_modules/jest/bin/jest.js").is_file()
        && home.join("node_modules/.package-lock.json").is_file()
}

/// Installs exactly what the lock file names; scripts of packages are not run. What it says goes to standard
/// error: standard output may be read by a program.
pub fn install(cli: &Cli, home: &Path) -> Result<(), Fail> {
    let npm = tools::npm()?;
    out::note("installing Jest (npm ci) ...");
    let run = home.join("dev-factory/run");
    std::fs::create_dir_all(&run)?;
    let folder = tempfile::Builder::new().prefix("npm-").tempdir_in(run)?;
    let stage = folder.path().canonicalize()?;
    for name in ["package.json", "package-lock.json"] {
        std::fs::copy(home.join(name), stage.join(name))?;
    }
    let job = job(&npm, &stage);
    let loaded = wire::settings(cli, Some(home), Vec::new());
    let wrapper = loaded.map_or_else(|_| Vec::new(), |loaded| loaded.settings.wrapper);
    let sandbox = walls::any(&wrapper)?;
    let ended = wire::runtime()?.block_on(async {
        let mut endings = Endings::listen()?;
        tokio::select! {
            ended = sandbox.run(job) => ended.map_err(|error| Fail::failed(error.to_string())),
            signal = endings.next() => Err(Fail::Said(signals::code(signal), INTERRUPTED.to_owned())),
        }
    })?;
    let made = ended.exit == Some(0)
        && std::fs::rename(stage.join("node_modules"), home.join("node_modules")).is_ok();
    if made && installed(home) {
        out::note(format!(
            "Jest is installed ({:.1} s)",
            ended.millis as f64 / 1000.0
        ));
        return Ok(());
    }
    let why = match ended.limit {
        Some(limit) => format!("ended by the limit of {}", limit.as_str()),
        None => last_words(&ended.stderr),
    };
    Err(Fail::failed(format!(
        "npm ci failed in {}: {why}; check the network and the registry (npm ping); the next start tries again",
        home.display()
    )))
}

/// `npm ci` in a folder of its own: what it may write is no other's.
fn job(npm: &Path, stage: &Path) -> Job {
    let words = [
        "ci",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--loglevel=error",
    ];
    Job {
        command: std::iter::once(npm.display().to_string())
            .chain(words.map(str::to_owned))
            .collect(),
        cwd: stage.to_path_buf(),
        stdin: Vec::new(),
        read: Vec::new(),
        write: vec![stage.to_path_buf()],
        network: Network::Registry,
        limits: Limits {
            wall: Duration::from_secs(600),
            file: 500 << 20,
            written: 500 << 20,
            scratch: 500 << 20,
            output: 1 << 20,
            ..Limits::default()
        },
        untrusted: Vec::new(),
        env: std::env::vars()
            .filter(|(name, _)| {
                PASSED.contains(&name.as_str()) || name.to_lowercase().starts_with("npm_config_")
            })
            .collect(),
    }
}

/// What npm said was wrong, on one line.
fn last_words(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let lines: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("npm error "))
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with("A complete log"))
        .take(3)
        .collect();
    if lines.is_empty() {
        text.lines().last().unwrap_or("it said nothing").to_owned()
    } else {
        lines.join(", ")
    }
}

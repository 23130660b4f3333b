//! npm behind the walls: what a lock file names is fetched into a folder of its own, looked through, and put in place
//! whole. However it ends before that, nothing of it stays.

mod locked;
mod packages;
mod route;
mod settle;

use super::folder::{Folder, For};
use super::registry::Registry;
use super::store::files;
use crate::factory::ports::files::FileError;
use crate::factory::ports::sandbox::{Ended, Job, Limit, Limits, Network, Sandbox};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use packages::{Installer, modules, spare};
pub use route::route;

/// Where folders of unfinished installs lie below the home.
const RUN: &str = "dev-factory/run";
/// Begin of their names.
const STAGE: &str = "npm-";
const MODULES: &str = "node_modules";
/// What npm is asked to do: exactly what the lock file names.
const INSTALL: &str = "ci";
/// To write the lock file alone.
const LOCK: [&str; 2] = ["install", "--package-lock-only"];
/// However it is asked: no scripts of packages, nothing said to anybody.
const WORDS: [&str; 6] = [
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    "--no-update-notifier",
    "--prefer-offline",
    "--loglevel=error",
];
/// Longest an install may take, and most it may write.
const WALL: Duration = Duration::from_secs(600);
const WRITTEN: u64 = 500 << 20;
/// Largest package.json or package-lock.json read, bytes.
const LARGEST: u64 = 8 << 20;

/// npm, and where it keeps what it has fetched.
#[derive(Clone, Debug)]
pub struct Npm {
    /// The program, absolute.
    pub program: PathBuf,
    /// A folder of ours outside every home: what is in it is checked against the lock file each time. Each tier has one
    /// of its own in it, since started by root some make it somebody else's.
    pub cache: PathBuf,
}

/// What is to be installed where.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The home.
    pub home: &'a Path,
    /// package.json.
    pub manifest: &'a str,
    /// package-lock.json.
    pub lock: &'a str,
    /// Folder that gets node_modules.
    pub into: &'a Path,
}

/// Packages a lock file names; a sentence when one of them is not pinned by its hash, or comes from elsewhere.
pub fn packages(lock: &str) -> Result<usize, String> {
    locked::check(lock)
}

impl Npm {
    /// Installs; milliseconds, or one sentence. Dropped in mid-work, it leaves nothing.
    pub async fn install(
        &self,
        wanted: Wanted<'_>,
        sandbox: &dyn Sandbox,
        registry: &Registry,
    ) -> Result<u64, String> {
        locked::check(wanted.lock)?;
        sweep(wanted.home);
        let stage = Stage::new(wanted.home, wanted.manifest, Some(wanted.lock))?;
        let ended = self.run(&stage, &[INSTALL], sandbox).await?;
        if ended.exit != Some(0) || !stage.path.join(MODULES).is_dir() {
            return Err(why(&ended, registry));
        }
        let (from, to) = (stage.path.join(MODULES), wanted.into.join(MODULES));
        let placed = tokio::task::spawn_blocking(move || {
            let placed = settle::settle(&from).and_then(|()| settle::place(&from, &to));
            // Held until here, so that nothing is left of it however this ends.
            drop(stage);
            placed
        });
        placed.await.map_err(|error| error.to_string())??;
        Ok(ended.millis)
    }

    /// Resolves what a package.json names to a lock file.
    async fn lock(
        &self,
        home: &Path,
        manifest: &str,
        sandbox: &dyn Sandbox,
        registry: &Registry,
    ) -> Result<String, String> {
        let stage = Stage::new(home, manifest, None)?;
        let ended = self.run(&stage, &LOCK, sandbox).await?;
        let found = stage.folder.read("package-lock.json", LARGEST);
        match found.map_err(|error| error.to_string())? {
            Some(lock) if ended.exit == Some(0) => {
                String::from_utf8(lock).map_err(|_| "npm wrote no text".to_owned())
            }
            _ => Err(why(&ended, registry)),
        }
    }

    async fn run(
        &self,
        stage: &Stage,
        words: &[&str],
        sandbox: &dyn Sandbox,
    ) -> Result<Ended, String> {
        let cache = match sandbox.strangers() {
            // Who may not come by the person's own folders keeps nothing.
            true => stage.path.join(".npm"),
            false => self.cache.join(sandbox.tier()),
        };
        files::make_dir(&cache).map_err(|error| error.to_string())?;
        let job = self.job(stage, words, cache);
        sandbox.run(job).await.map_err(|error| error.to_string())
    }

    fn job(&self, stage: &Stage, words: &[&str], cache: PathBuf) -> Job {
        let named = cache.display().to_string();
        Job {
            command: std::iter::once(self.program.display().to_string())
                .chain(words.iter().chain(&WORDS).map(|word| (*word).to_owned()))
                .collect(),
            cwd: stage.path.clone(),
            stdin: Vec::new(),
            read: vec![stage.path.clone()],
            write: vec![stage.path.clone(), cache],
            network: Network::Registry,
            limits: Limits {
                wall: WALL,
                cpu: WALL,
                file: WRITTEN,
                written: WRITTEN,
                output: 1 << 20,
                ..Limits::default()
            },
            untrusted: Vec::new(),
            // No settings of the machine or the person, which may hold tokens. Whatever host the registry names for
            // its packages, they are asked of the one that can be reached, and tried again on our side.
            env: [
                ("npm_config_globalconfig", "/dev/null"),
                ("npm_config_cafile", "/dev/null"),
                ("npm_config_cache", named.as_str()),
                ("npm_config_replace_registry_host", "always"),
                ("npm_config_fetch_retries", "0"),
                ("npm_config_omit_lockfile_registry_resolved", "true"),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec(),
        }
    }
}

/// The folder npm works in.
struct Stage {
    run: Folder,
    folder: Folder,
    name: String,
    path: PathBuf,
}

impl Stage {
    fn new(home: &Path, manifest: &str, lock: Option<&str>) -> Result<Self, String> {
        let made = || {
            let run = Folder::open(home)?.make(RUN, For::Owner)?;
            let name = format!("{STAGE}{}", std::process::id());
            run.discard(&name)?;
            let folder = run.make(&name, For::All)?;
            folder.write("package.json", manifest.as_bytes(), For::All)?;
            if let Some(lock) = lock {
                folder.write("package-lock.json", lock.as_bytes(), For::All)?;
            }
            let path = home.join(RUN).join(&name);
            Ok(Self {
                run,
                folder,
                name,
                path,
            })
        };
        made().map_err(|error: FileError| error.to_string())
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // What cannot be removed now is swept by the next install.
        let _ = self.run.discard(&self.name);
    }
}

/// Removes what installs that were killed left behind.
fn sweep(home: &Path) {
    let Ok(Some(run)) = Folder::open(home).and_then(|home| home.below(RUN)) else {
        return;
    };
    for name in run.folders().unwrap_or_default() {
        let owner = name.strip_prefix(STAGE);
        let ours = |pid: &str| Path::new("/proc").join(pid).exists();
        if owner.is_some_and(|pid| !ours(pid)) {
            let _ = run.discard(&name);
        }
    }
}

/// What went wrong and what to do about it, on one line.
fn why(ended: &Ended, registry: &Registry) -> String {
    const NETWORK: &str = "check the network and the registry (npm ping)";
    const SPACE: &str = "free some space";
    let said = last_words(&ended.stderr);
    match ended.limit {
        Some(Limit::Disk) => return format!("it wrote more than {} MiB; {SPACE}", WRITTEN >> 20),
        Some(limit) => return format!("ended by the limit of {}; {NETWORK}", limit.as_str()),
        None => {}
    }
    let remedy = match &said {
        said if said.contains("EINTEGRITY") => {
            "the registry hands out something else than package-lock.json names: put that file back from git, or ask whoever runs the registry"
        }
        said if said.contains("ENOSPC") => SPACE,
        _ => NETWORK,
    };
    match registry.seen().trouble.filter(|_| remedy == NETWORK) {
        Some(trouble) => format!("{trouble}; {NETWORK}"),
        None => format!("{said}; {remedy}"),
    }
}

/// What npm said was wrong.
fn last_words(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let lines: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("npm error "))
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with("A complete log"))
        .take(3)
        .collect();
    let words = if lines.is_empty() {
        text.lines().last().unwrap_or("npm said nothing").to_owned()
    } else {
        lines.join(", ")
    };
    words
        .chars()
        .filter(|c| !c.is_control())
        .take(400)
        .collect()
}

/// Reads a file of a home for an install.
pub fn text(home: &Path, name: &str) -> Result<String, String> {
    let path = home.join(name);
    let found = Folder::open(home).and_then(|home| match home.file(name)? {
        Some(file) => super::folder::bytes(file, &path, LARGEST).map(Some),
        None => Ok(None),
    });
    let bytes = found.map_err(|error| error.to_string())?;
    let bytes = bytes.ok_or_else(|| {
        format!(
            "{} is missing: put it back from git (git checkout {name})",
            path.display()
        )
    })?;
    String::from_utf8(bytes).map_err(|_| format!("{} is not UTF-8 text", path.display()))
}

/// Whether what npm last put in place is whole: its own list lies there, and the file asked for.
#[must_use]
pub fn installed(into: &Path, file: &str) -> bool {
    let modules = into.join(MODULES);
    let there = |name: &str| fs::metadata(modules.join(name)).is_ok_and(|meta| meta.is_file());
    there(file) && there(".package-lock.json")
}

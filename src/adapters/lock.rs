//! engine.lock: one engine a home, for as long as it lives; and whether a process named there still does.

use crate::adapters::store::files;
use crate::domain::screen::EngineId;
use crate::factory::ports::store::StoreError;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, Instant};

/// Longest wait for the child of a dead holder; it needs milliseconds.
const INHERITED: Duration = Duration::from_secs(2);

/// The lock, held until dropped. The file stays: deleting it would let two engines hold two inodes.
#[derive(Debug)]
pub struct EngineLock {
    file: File,
}

impl EngineLock {
    /// Whether the lock file at a path is still the one that is held: another home may have been put in its place.
    #[must_use]
    pub fn stands_at(&self, path: &Path) -> bool {
        let id = |meta: std::fs::Metadata| (meta.dev(), meta.ino());
        let held = self.file.metadata().ok().map(id);
        held.is_some() && held == std::fs::symlink_metadata(path).ok().map(id)
    }
}

/// What the lock file says of its holder: information only, the lock itself is the kernel's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Process id.
    pub pid: u32,
    /// Computer it runs on.
    pub host: String,
    /// Boot it belongs to; empty where unknown.
    pub boot: String,
    /// Start of the process in clock ticks since boot; 0 where unknown.
    pub started: u64,
    /// Version of its program; empty where unknown.
    #[serde(default)]
    pub version: String,
    /// When it took the lock.
    pub since: DateTime<Utc>,
}

impl std::fmt::Display for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let since = self.since.format("%Y-%m-%d %H:%M:%S UTC");
        write!(f, "process {} on {}, since {since}", self.pid, self.host)
    }
}

/// Takes the lock of a home or says who holds it.
pub fn take(path: &Path, now: DateTime<Utc>) -> Result<EngineLock, StoreError> {
    let mut file = files::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .map_err(|e| files::trouble(path, &e))?;
    lock(&mut file, path)?;
    let id = this_process();
    let holder = Holder {
        pid: id.pid,
        host: host(),
        boot: id.boot,
        started: id.started,
        version: id.version,
        since: now,
    };
    let text = serde_json::to_string(&holder).map_err(|e| StoreError::Bad(e.to_string()))?;
    file.set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| file.write_all(text.as_bytes()))
        .map_err(|e| files::trouble(path, &e))?;
    Ok(EngineLock { file })
}

/// Waits for nobody but a dead holder: one that was killed while it started a program leaves a copy of the lock with
/// the child until that has become the program.
fn lock(file: &mut File, path: &Path) -> Result<(), StoreError> {
    let end = Instant::now() + INHERITED;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(e)) => return Err(files::trouble(path, &e)),
        }
        file.rewind().map_err(|e| files::trouble(path, &e))?;
        let named = holder_of(file);
        let dead = named.as_ref().is_some_and(|holder| {
            holder.host == host() && holder.started > 0 && !alive(&EngineId::from(holder))
        });
        if !dead || Instant::now() > end {
            let unnamed = || "a process that has not given its name yet".to_owned();
            let named = named.map(|holder| holder.to_string());
            return Err(StoreError::Held(named.unwrap_or_else(unnamed)));
        }
        std::thread::sleep(INHERITED / 400);
    }
}

/// Who is written in a lock file; it may be long gone.
#[must_use]
pub fn holder(path: &Path) -> Option<Holder> {
    holder_of(&mut files::open(path).ok()?)
}

fn holder_of(file: &mut File) -> Option<Holder> {
    let mut text = String::new();
    file.take(4096).read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}

/// This process, as snapshots name it.
#[must_use]
pub fn this_process() -> EngineId {
    let pid = std::process::id();
    EngineId {
        pid,
        started: started(pid).unwrap_or(0),
        boot: boot(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

/// Whether exactly that process still runs: a recycled process id does not count.
#[must_use]
pub fn alive(id: &EngineId) -> bool {
    (id.boot.is_empty() || id.boot == boot()) && started(id.pid).is_some_and(|t| t == id.started)
}

impl From<&Holder> for EngineId {
    fn from(holder: &Holder) -> Self {
        Self {
            pid: holder.pid,
            started: holder.started,
            boot: holder.boot.clone(),
            version: holder.version.clone(),
        }
    }
}

/// Start of a process that is not a zombie, in clock ticks since boot.
fn started(pid: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold spaces and parentheses itself.
    let mut fields = stat.get(stat.rfind(')')? + 1..)?.split_whitespace();
    let state = fields.next()?;
    if matches!(state, "Z" | "X" | "x") {
        return None;
    }
    fields.nth(18)?.parse().ok()
}

fn boot() -> String {
    let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    text.trim().to_owned()
}

fn host() -> String {
    let text = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = text.trim();
    if name.is_empty() {
        "this computer"
    } else {
        name
    }
    .to_owned()
}

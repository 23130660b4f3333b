//! Keeps the limits that belong to a run as a whole: memory, processes, and what is written.

use super::mine;
use crate::adapters::sandbox::policy::Policy;
use crate::adapters::sandbox::scope;
use crate::factory::ports::sandbox::Limit;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Shortest and longest time between two looks at processes.
const LOOK: [Duration; 2] = [Duration::from_millis(15), Duration::from_millis(60)];
/// Shortest time between two walks through folders.
const WALK: Duration = Duration::from_millis(200);
/// Looking takes at most this part of the time, within those bounds.
const SHARE: u32 = 40;
/// A walk may take this part of it: who makes many files must not be the less looked at for it.
const ROUND: u32 = 8;
/// What a file costs beside its contents, bytes.
const FILE: u64 = 4096;
/// Most files of a scratch folder.
const FILES: u64 = 16_384;

/// Watches one run.
pub struct Watch<'p> {
    policy: &'p Policy,
    /// Bytes in the writable folders at the start.
    before: u64,
    /// Most memory seen, bytes.
    peak: u64,
    /// Processes the kernel had ended for want of memory at the start.
    ended: u64,
    walked: Instant,
    walk: Duration,
}

impl<'p> Watch<'p> {
    /// Begins before the job does.
    pub fn new(policy: &'p Policy) -> Self {
        Self {
            policy,
            before: written(&policy.write).unwrap_or(0),
            peak: 0,
            ended: scope::ended(),
            walked: Instant::now(),
            walk: WALK,
        }
    }

    /// One look: the limit that was passed, and the time until the next.
    pub fn look(&mut self) -> (Option<Limit>, Duration) {
        let begun = Instant::now();
        let limit = self.processes().or_else(|| self.disk());
        let [least, most] = LOOK;
        (limit, (begun.elapsed() * SHARE).clamp(least, most))
    }

    fn processes(&mut self) -> Option<Limit> {
        let used = mine::used();
        self.peak = self.peak.max(used.memory);
        if used.memory > self.policy.limits.memory {
            return Some(Limit::Memory);
        }
        // The kernel may refuse one more before we see it.
        (used.threads >= self.policy.limits.processes.into()).then_some(Limit::Processes)
    }

    fn disk(&mut self) -> Option<Limit> {
        if self.walked.elapsed() < self.walk {
            return None;
        }
        let begun = Instant::now();
        let over = self.over();
        self.walked = Instant::now();
        self.walk = WALK.max(begun.elapsed() * ROUND);
        over.then_some(Limit::Disk)
    }

    fn over(&self) -> bool {
        // What cannot be measured is not within a limit.
        let grown = written(&self.policy.write).map(|now| now.saturating_sub(self.before));
        grown.is_none_or(|grown| grown > self.policy.limits.written) || self.scratch_over()
    }

    /// A scratch folder in memory has its own end; then only the number of its files is watched.
    fn scratch_over(&self) -> bool {
        let scratch = &self.policy.scratch;
        if self.policy.tier.own_root() {
            let files =
                rustix::fs::statvfs(scratch).map(|stat| stat.f_files.saturating_sub(stat.f_ffree));
            return files.is_ok_and(|files| files > FILES);
        }
        size(scratch).is_none_or(|size| size > self.policy.limits.scratch)
    }

    /// The limit a job that failed has run into, where it was an error it got that ended it.
    pub fn behind(&mut self, signal: Option<i32>) -> Option<Limit> {
        match signal {
            Some(libc::SIGXCPU) => return Some(Limit::Time),
            Some(libc::SIGXFSZ) => return Some(Limit::Disk),
            _ => {}
        }
        if self.policy.scope && scope::ended() > self.ended {
            return Some(Limit::Memory);
        }
        // Those it leaves behind still count.
        if let Some(limit) = self.processes() {
            return Some(limit);
        }
        let full = rustix::fs::statvfs(&self.policy.scratch).is_ok_and(|stat| stat.f_bavail == 0);
        if self.over()
            || full
            || self.cut(&self.policy.write)
            || self.cut(std::slice::from_ref(&self.policy.scratch))
        {
            return Some(Limit::Disk);
        }
        let near = self.policy.limits.memory / 5 * 4;
        (signal.is_some() && self.peak > near).then_some(Limit::Memory)
    }

    /// Whether a file is as long as files may be.
    fn cut(&self, folders: &[PathBuf]) -> bool {
        let longest = self.policy.limits.file;
        folders.iter().any(|folder| {
            let mut found = false;
            let _ = walk(folder, &mut |meta| {
                found |= meta.is_file() && meta.len() >= longest
            });
            found
        })
    }
}

/// Bytes on disk below folders; None where that cannot be told.
fn written(folders: &[PathBuf]) -> Option<u64> {
    let mut sum = 0;
    // A folder within another is counted with it.
    let outer = |folder: &&PathBuf| {
        !folders
            .iter()
            .any(|other| *folder != other && folder.starts_with(other))
    };
    for folder in folders.iter().filter(outer) {
        sum += size(folder)?;
    }
    Some(sum)
}

fn size(folder: &Path) -> Option<u64> {
    let mut sum = 0;
    walk(folder, &mut |meta| sum += meta.blocks() * 512 + FILE).ok()?;
    Some(sum)
}

/// Everything below a folder, links not followed; what vanishes meanwhile is left out, and what a wrapper has mounted there.
fn walk(folder: &Path, each: &mut dyn FnMut(&fs::Metadata)) -> io::Result<()> {
    let here = match fs::metadata(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        meta => meta?.dev(),
    };
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            let meta = match entry.metadata() {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                meta => meta?,
            };
            // Of folders alone: files of a layered file system may bear the number of a layer.
            if meta.is_dir() && meta.dev() != here {
                continue;
            }
            each(&meta);
            if meta.is_dir() {
                folders.push(entry.path());
            }
        }
    }
    Ok(())
}

//! Keeps the limits that belong to a run as a whole: memory, processes, and what is written.

use super::mine;
use crate::adapters::sandbox::policy::Policy;
use crate::adapters::sandbox::scope;
use crate::factory::ports::sandbox::Limit;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStringExt;
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
    /// Where file systems are mounted at the start; none where that is not told.
    mounts: Vec<PathBuf>,
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
        let mounts = fs::read("/proc/self/mountinfo").unwrap_or_default();
        let mounts = mounted(&mounts);
        Self {
            policy,
            before: written(&policy.write, &mounts).unwrap_or(0),
            mounts,
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
        let grown =
            written(&self.policy.write, &self.mounts).map(|now| now.saturating_sub(self.before));
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
        size(scratch, &self.mounts).is_none_or(|size| size > self.policy.limits.scratch)
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
            let _ = walk(folder, &self.mounts, &mut |meta| {
                found |= meta.is_file() && meta.len() >= longest
            });
            found
        })
    }
}

/// Bytes on disk below folders; None where that cannot be told.
fn written(folders: &[PathBuf], mounts: &[PathBuf]) -> Option<u64> {
    let mut sum = 0;
    // A folder within another is counted with it.
    let outer = |folder: &&PathBuf| {
        !folders
            .iter()
            .any(|other| *folder != other && folder.starts_with(other))
    };
    for folder in folders.iter().filter(outer) {
        sum += size(folder, mounts)?;
    }
    Some(sum)
}

fn size(folder: &Path, mounts: &[PathBuf]) -> Option<u64> {
    let mut sum = 0;
    let mut each = |meta: &fs::Metadata| sum += meta.blocks() * 512 + FILE;
    walk(folder, mounts, &mut each).ok()?;
    Some(sum)
}

/// The mount points of a table of the kernel's, in which a backslash and three octal digits are a byte.
fn mounted(table: &[u8]) -> Vec<PathBuf> {
    let lines = table.split(|byte| *byte == b'\n');
    let points = lines.filter_map(|line| line.split(|byte| *byte == b' ').nth(4));
    points.map(unescaped).collect()
}

fn unescaped(mut word: &[u8]) -> PathBuf {
    let mut bytes = Vec::new();
    while let Some((first, rest)) = word.split_first() {
        let digits = rest
            .get(..3)
            .and_then(|digits| std::str::from_utf8(digits).ok());
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, 8).ok());
        let escaped = byte.filter(|_| *first == b'\\');
        bytes.push(escaped.unwrap_or(*first));
        word = rest.get(escaped.map_or(0, |_| 3)..).unwrap_or_default();
    }
    OsString::from_vec(bytes).into()
}

/// Everything below a folder, links not followed; what vanishes meanwhile is left out, and what a wrapper has mounted there.
fn walk(folder: &Path, mounts: &[PathBuf], each: &mut dyn FnMut(&fs::Metadata)) -> io::Result<()> {
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
            let path = entry.path();
            // Another number alone says nothing: on btrfs anybody makes subvolumes, which are no mounts.
            if meta.dev() != here && mounts.contains(&path) {
                continue;
            }
            each(&meta);
            if meta.is_dir() {
                folders.push(path);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_mounted_at_the_start_is_not_counted() {
        let table = fs::read("/proc/self/mountinfo").unwrap();
        let mounts = mounted(&table);
        let dev = Path::new("/dev");
        let number = |path: &Path| fs::metadata(path).ok().map(|meta| (meta.dev(), meta.ino()));
        let apart = |path: &&PathBuf| {
            let device = |path| number(path).map(|(device, _)| device);
            path.parent() == Some(dev) && device(path) != device(dev)
        };
        let below: Vec<_> = mounts
            .iter()
            .filter(apart)
            .map(|path| number(path))
            .collect();
        assert!(!below.is_empty(), "{mounts:?}");
        let met = |mounts: &[PathBuf]| {
            let mut all = Vec::new();
            // What lies deeper may be closed to us.
            let _ = walk(dev, mounts, &mut |meta| {
                all.push(Some((meta.dev(), meta.ino())))
            });
            below.iter().filter(|one| all.contains(one)).count()
        };
        // A subvolume looks like this: a number of its own, and no mount.
        assert_eq!(met(&[]), below.len());
        assert_eq!(met(&mounts), 0);
    }

    #[test]
    fn mount_points_are_read_whatever_they_are_called() {
        let table =
            b"36 35 98:0 / /a\\040b\\134 rw - ext4 /dev/sda rw\n37 35 0:5 /x /c\\9 rw - t t rw\n\n";
        let wanted = ["/a b\\", "/c\\9"].map(PathBuf::from);
        assert_eq!(mounted(table), wanted);
    }
}

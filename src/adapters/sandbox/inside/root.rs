//! The run's own root: an empty file system in memory with only the parts of its view in it, then no way back.

use super::{Named, Step};
use crate::adapters::sandbox::policy::Part;
use rustix::mount::{MountFlags, MountPropagationFlags, UnmountFlags};
use std::ffi::CString;
use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// Any folder that is there: the new root is made over it.
const BASE: &str = "/tmp";
/// Where the machine's root lies while the new one is made.
const OLD: &str = "/old";
/// The root in the making.
const NEW: &str = "/new";
/// Nodes of /dev a run has.
const NODES: [&str; 5] = ["null", "zero", "full", "random", "urandom"];
/// Attributes of a mount, as in linux/mount.h.
const RDONLY: u64 = 1;
const NOSUID: u64 = 2;
const NODEV: u64 = 4;
/// Most files of a scratch folder.
const INODES: u64 = 16_384;

/// Makes the view the root of this mount namespace.
pub fn build(view: &[Part]) -> Step<()> {
    // Parts have the modes written here, whatever mask we were started with.
    rustix::process::umask(rustix::fs::Mode::empty());
    let private = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
    rustix::mount::mount_change("/", private).step("leaving the machine's mounts")?;
    memory(Path::new(BASE), 0o755, 1 << 20, 64).step("a new root")?;
    for folder in [OLD, NEW] {
        folder_at(&Path::new(BASE).join(folder.trim_start_matches('/'))).step("a new root")?;
    }
    rustix::process::pivot_root(BASE, format!("{BASE}{OLD}")).step("turning to the new root")?;
    std::env::set_current_dir("/").step("the new root")?;
    memory(Path::new(NEW), 0o755, 1 << 20, 4096).step("a new root")?;
    for part in view {
        place(part).map_err(|error| format!("{}: {error}", path_of(part).display()))?;
    }
    read_only(Path::new(NEW), false).step("closing the root")?;
    std::env::set_current_dir(NEW).step("the new root")?;
    // The old root comes to lie under the new one, at the same place, and is taken away.
    rustix::process::pivot_root(".", ".").step("turning to the root of the run")?;
    rustix::mount::unmount(".", UnmountFlags::DETACH).step("letting the machine's root go")?;
    std::env::set_current_dir("/").step("the root of the run")?;
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
    Ok(())
}

fn path_of(part: &Part) -> &Path {
    match part {
        Part::Folder(at) | Part::Bind { from: at, .. } => at,
        Part::Link { at, .. } | Part::Scratch { at, .. } => at,
        Part::Proc => Path::new("/proc"),
        Part::Dev => Path::new("/dev"),
    }
}

/// A path of the machine or of the run, below `root`.
fn below(root: &str, path: &Path) -> PathBuf {
    Path::new(root).join(path.strip_prefix("/").unwrap_or(path))
}

fn place(part: &Part) -> io::Result<()> {
    match part {
        Part::Folder(at) => folder_at(&below(NEW, at)),
        Part::Bind { from, at, write } => bind(&below(OLD, from), &below(NEW, at), *write),
        Part::Link { at, to } => std::os::unix::fs::symlink(to, below(NEW, at)),
        Part::Scratch { at, bytes } => {
            let at = below(NEW, at);
            folder_at(&at)?;
            memory(&at, 0o1777, *bytes, INODES)
        }
        Part::Proc => {
            let at = below(NEW, Path::new("/proc"));
            folder_at(&at)?;
            let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
            Ok(rustix::mount::mount("proc", &at, "proc", flags, None)?)
        }
        Part::Dev => devices(),
    }
}

/// A file system in memory.
fn memory(at: &Path, mode: u32, bytes: u64, inodes: u64) -> io::Result<()> {
    let options = CString::new(format!("mode={mode:o},size={bytes},nr_inodes={inodes}"))?;
    let flags = MountFlags::NOSUID | MountFlags::NODEV;
    Ok(rustix::mount::mount(
        "tmpfs",
        at,
        "tmpfs",
        flags,
        options.as_c_str(),
    )?)
}

/// Makes a folder unless it is there.
fn folder_at(path: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o755).create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

/// Shows a file or folder of the machine.
fn bind(from: &Path, at: &Path, write: bool) -> io::Result<()> {
    if fs::symlink_metadata(from)?.is_dir() {
        folder_at(at)?;
    } else if !at.exists() {
        File::create(at)?;
    }
    rustix::mount::mount_bind_recursive(from, at)?;
    if write {
        no_devices(at)
    } else {
        read_only(at, true)
    }
}

fn devices() -> io::Result<()> {
    let at = below(NEW, Path::new("/dev"));
    folder_at(&at)?;
    memory(&at, 0o755, 1 << 16, 32)?;
    for name in NODES {
        let node = at.join(name);
        File::create(&node)?;
        rustix::mount::mount_bind(Path::new(OLD).join("dev").join(name), &node)?;
    }
    for (name, to) in [
        ("fd", "/proc/self/fd"),
        ("stdin", "/proc/self/fd/0"),
        ("stdout", "/proc/self/fd/1"),
        ("stderr", "/proc/self/fd/2"),
    ] {
        std::os::unix::fs::symlink(to, at.join(name))?;
    }
    read_only(&at, false)
}

/// Nothing below may be written, nor be a device or gain rights.
fn read_only(at: &Path, deep: bool) -> io::Result<()> {
    let flags = RDONLY | NOSUID;
    let devices = if deep { NODEV } else { 0 };
    attributes(at, flags | devices, deep)
}

fn no_devices(at: &Path) -> io::Result<()> {
    attributes(at, NODEV | NOSUID, true)
}

/// mount_setattr(2), which reaches every mount below in one call and keeps what the machine had locked.
fn attributes(at: &Path, set: u64, deep: bool) -> io::Result<()> {
    let path = CString::new(at.as_os_str().as_bytes())?;
    // attr_set, attr_clr, propagation, userns_fd
    let wanted: [u64; 4] = [set, 0, 0, 0];
    let flags = if deep { libc::AT_RECURSIVE } else { 0 };
    // SAFETY: path and attributes live through the call, and their size is given.
    let done = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            libc::AT_FDCWD,
            path.as_ptr(),
            flags,
            wanted.as_ptr(),
            size_of_val(&wanted),
        )
    };
    if done == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

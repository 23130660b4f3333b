//! Groups of processes (cgroup v2) around runs, made by ourselves where a group is given to us to make others in: the same
//! as a scope of systemd, where there is no service manager to ask.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Where the groups of this machine are; with the old kind of them something else lies here.
const MOUNT: &str = "/sys/fs/cgroup";
/// Where a machine says that systemd looks after all groups.
const SYSTEMD: &str = "/run/systemd/system";
/// What systemd marks a group with that it has given away.
const MARK: &str = "user.delegate";
/// Who is in a group.
const PROCESSES: &str = "cgroup.procs";
/// What is counted for the groups in a group.
const COUNTED: &str = "cgroup.subtree_control";
/// What we need counted.
const NEEDED: [&str; 2] = ["memory", "pids"];
/// The group we go to where we have to leave.
const ASIDE: &str = "engine";
/// What names of our groups begin with; our number and that of the run follow.
const NAME: &str = "dev-factory-";
/// Longest that the end of a group is waited for, and how often it is looked for.
const END: Duration = Duration::from_secs(5);
const LOOK: Duration = Duration::from_millis(1);

/// A group that others for runs are made in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its folder.
    pub folder: PathBuf,
    /// Whether we are in it ourselves: the kernel counts nothing for groups beside processes.
    pub leave: bool,
}

/// The one given to us, if there is.
#[must_use]
pub fn find() -> Option<Place> {
    let line = fs::read_to_string("/proc/self/cgroup").ok()?;
    found(Path::new(MOUNT), &line, Path::new(SYSTEMD).is_dir())
}

/// The group around ours, or ours when nobody else is in it.
fn found(mount: &Path, line: &str, systemd: bool) -> Option<Place> {
    let path = line.lines().find_map(|line| line.strip_prefix("0::/"))?;
    let own = mount.join(path);
    let me = std::process::id();
    let all = read(&own.join(PROCESSES));
    // Named differently, it is seen from another place than it is mounted at.
    let here = all.lines().any(|line| line.parse() == Ok(me));
    if !here || path.split('/').any(|name| name == "..") {
        return None;
    }
    let place = |folder: &Path, leave| Place {
        folder: folder.to_path_buf(),
        leave,
    };
    let around = own.parent().filter(|around| around.starts_with(mount));
    match around.filter(|around| given(around, systemd)) {
        Some(around) => Some(place(around, false)),
        None => (all.lines().count() == 1 && given(&own, systemd)).then(|| place(&own, true)),
    }
}

/// Whether a group is ours to make others in, with what we need counted. That of the whole machine is never.
fn given(folder: &Path, systemd: bool) -> bool {
    use rustix::fs::{Access, access, getxattr};
    let writable = |path: &Path| access(path, Access::WRITE_OK).is_ok();
    let counted = read(&folder.join("cgroup.controllers"));
    let counted: Vec<&str> = counted.split_whitespace().collect();
    let mut mark = [0_u8; 1];
    // What systemd has not given away, it may change at any time.
    let mut marked = || getxattr(folder, MARK, &mut mark) == Ok(1) && mark == *b"1";
    read(&folder.join("cgroup.type")).trim() == "domain"
        && NEEDED.iter().all(|needed| counted.contains(needed))
        && writable(folder)
        && [PROCESSES, COUNTED]
            .iter()
            .all(|name| writable(&folder.join(name)))
        && (!systemd || marked())
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

impl Place {
    /// Makes it ready for groups of runs; a sentence when that cannot be.
    pub fn prepare(&self) -> Result<(), String> {
        let failed = |error: io::Error| format!("{}: {error}", self.folder.display());
        let aside = self.folder.join(ASIDE);
        if self.leave {
            match fs::create_dir(&aside) {
                Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                    return Err(failed(error));
                }
                _ => go(&aside).map_err(failed)?,
            }
        }
        let needed = NEEDED.map(|needed| format!("+{needed}")).join(" ");
        if let Err(error) = fs::write(self.folder.join(COUNTED), needed) {
            if self.leave {
                let _ = go(&self.folder).and_then(|()| fs::remove_dir(&aside));
            }
            return Err(failed(error));
        }
        self.sweep();
        Ok(())
    }

    /// Removes what engines left that were ended in the midst of a run.
    fn sweep(&self) {
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let number = name.to_str().and_then(|name| name.strip_prefix(NAME));
            let owner = number.and_then(|number| number.split_once('-'));
            let gone = |(owner, _): (&str, &str)| !Path::new("/proc").join(owner).exists();
            if owner.is_some_and(gone) {
                let _ = fs::remove_dir(entry.path());
            }
        }
    }
}

/// Takes us into a group.
fn go(folder: &Path) -> io::Result<()> {
    fs::write(folder.join(PROCESSES), std::process::id().to_string())
}

/// The group of one run; dropping it ends all who are in it.
#[derive(Debug)]
pub struct Group(PathBuf);

impl Group {
    /// One in which so much memory, in bytes, and so many tasks may be had.
    pub fn make(place: &Path, memory: u64, tasks: u64) -> io::Result<Self> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = place.join(format!("{NAME}{}-{number}", std::process::id()));
        let named = |name: &str| {
            let path = folder.join(name).display().to_string();
            move |error: io::Error| io::Error::new(error.kind(), format!("{path}: {error}"))
        };
        // One of an engine that had our number.
        let _ = fs::remove_dir(&folder);
        fs::create_dir(&folder).map_err(named(""))?;
        let group = Self(folder.clone());
        for (name, most) in [
            ("memory.max", memory),
            ("memory.swap.max", 0),
            ("pids.max", tasks),
        ] {
            fs::write(group.0.join(name), most.to_string()).map_err(named(name))?;
        }
        Ok(group)
    }

    /// Ends all who are in it. Kernels before 5.14 have no such file: there they have to be found one by one.
    pub fn kill(&self) {
        let _ = fs::write(self.0.join("cgroup.kill"), "1");
    }

    /// What whoever is to be in it writes itself into.
    pub fn entrance(&self) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        options.open(self.0.join(PROCESSES))
    }
}

/// Takes the process that calls it into a group. Between fork and exec: nothing allocates.
pub fn enter(mut entrance: &File) -> io::Result<()> {
    let mut text = [0_u8; 12];
    let mut rest = &mut text[..];
    write!(rest, "{}", std::process::id())?;
    let left = rest.len();
    let long = text.len() - left;
    entrance.write_all(text.get(..long).unwrap_or_default())
}

impl Drop for Group {
    fn drop(&mut self) {
        let begun = Instant::now();
        loop {
            self.kill();
            match fs::remove_dir(&self.0) {
                Err(error) if error.kind() == ErrorKind::ResourceBusy => {}
                _ => return,
            }
            if begun.elapsed() > END {
                return;
            }
            std::thread::sleep(LOOK);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Folders that look like groups, below a mount; the paths are those of the groups.
    struct Groups(tempfile::TempDir);

    impl Groups {
        fn new(paths: &[&str]) -> Self {
            let groups = Self(tempfile::tempdir().unwrap());
            for path in paths {
                fs::create_dir_all(groups.at(path)).unwrap();
                groups.put(path, "cgroup.type", "domain\n");
                groups.put(path, "cgroup.controllers", "cpu memory pids\n");
                groups.put(path, COUNTED, "");
                groups.put(path, PROCESSES, "");
            }
            groups
        }

        fn at(&self, path: &str) -> PathBuf {
            self.0.path().join(path)
        }

        fn put(&self, path: &str, name: &str, text: &str) {
            fs::write(self.at(path).join(name), text).unwrap();
        }

        fn found(&self, path: &str) -> Option<Place> {
            found(
                self.0.path(),
                &format!("1:name=systemd:/\n0::/{path}\n"),
                false,
            )
        }

        fn place(&self, path: &str, leave: bool) -> Option<Place> {
            let folder = self.at(path);
            Some(Place { folder, leave })
        }
    }

    fn me() -> String {
        format!("{}\n", std::process::id())
    }

    #[test]
    fn who_is_alone_in_a_group_leaves_it_and_who_is_not_needs_one_around() {
        let groups = Groups::new(&["a", "a/b"]);
        groups.put("a", "cgroup.type", "");
        groups.put("a/b", PROCESSES, &me());
        assert_eq!(groups.found("a/b"), groups.place("a/b", true));
        groups.put("a/b", PROCESSES, &format!("1\n{}", me()));
        assert_eq!(groups.found("a/b"), None);
        groups.put("a", "cgroup.type", "domain\n");
        assert_eq!(groups.found("a/b"), groups.place("a", false));
    }

    #[test]
    fn a_group_that_counts_too_little_or_is_seen_from_elsewhere_is_none() {
        let groups = Groups::new(&["a"]);
        assert_eq!(groups.found("a"), None, "we are not in it");
        groups.put("a", PROCESSES, &me());
        assert_eq!(groups.found("a"), groups.place("a", true));
        assert_eq!(groups.found("../a"), None);
        assert_eq!(groups.found("b"), None);
        groups.put("a", "cgroup.controllers", "cpu pids\n");
        assert_eq!(groups.found("a"), None, "nobody counts memory");
        let old = found(groups.0.path(), "4:memory:/a\n", false);
        assert_eq!(old, None);
    }

    #[test]
    fn beside_systemd_only_what_it_has_given_away_is_ours() {
        let groups = Groups::new(&["a"]);
        groups.put("a", PROCESSES, &me());
        let beside = || found(groups.0.path(), "0::/a\n", true);
        assert_eq!(beside(), None);
        let flags = rustix::fs::XattrFlags::empty();
        if rustix::fs::setxattr(groups.at("a"), MARK, b"1", flags).is_ok() {
            assert_eq!(beside(), groups.place("a", true));
        }
    }

    #[test]
    fn before_runs_have_groups_we_are_out_of_the_way_and_what_was_left_is_gone() {
        let groups = Groups::new(&["a"]);
        let left = format!("{NAME}{}-7", u32::MAX);
        for name in [
            &left,
            "dev-factory-1-2",
            "dev-factory-0",
            "other-4294967295-7",
        ] {
            fs::create_dir(groups.at("a").join(name)).unwrap();
        }
        groups.place("a", true).unwrap().prepare().unwrap();
        assert_eq!(read(&groups.at("a/engine/cgroup.procs")), me().trim());
        assert_eq!(read(&groups.at("a").join(COUNTED)), "+memory +pids");
        assert!(!groups.at("a").join(left).exists());
        for name in ["dev-factory-1-2", "dev-factory-0", "other-4294967295-7"] {
            assert!(groups.at("a").join(name).exists(), "{name}");
        }
    }

    #[test]
    fn where_nothing_can_be_counted_we_are_back_where_we_were() {
        let groups = Groups::new(&["a"]);
        fs::remove_file(groups.at("a").join(COUNTED)).unwrap();
        fs::create_dir(groups.at("a").join(COUNTED)).unwrap();
        let why = groups.place("a", true).unwrap().prepare().unwrap_err();
        assert!(why.contains("/a: "), "{why}");
        assert_eq!(read(&groups.at("a").join(PROCESSES)), me().trim());
    }
}

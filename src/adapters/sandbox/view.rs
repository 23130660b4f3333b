//! What of the machine a run sees: system folders, the program's own files, and what the job names; nothing else.

use super::policy::Part;
use crate::factory::ports::sandbox::Job;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Programs and libraries of the system; nobody's data lies there.
const SYSTEM: [&str; 9] = [
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/nix/store",
    "/gnu/store",
];
/// What programs of the system need from /etc.
const ETC: [&str; 5] = [
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/localtime",
    "/etc/alternatives",
    "/etc/ssl/openssl.cnf",
];
/// Homebrew's Node.js loads libraries from these.
const BREW: &str = "/home/linuxbrew/.linuxbrew";
/// Where the run finds our own program, under a name that says nothing of where we are installed.
pub const BOX: &str = "/run/box";
/// The scratch folder of a run with its own root.
pub const SCRATCH: &str = "/tmp";

/// What one run sees.
pub struct View {
    /// Its root, in the order it is put together.
    pub parts: Vec<Part>,
    /// The same as a list of readable paths.
    pub read: Vec<PathBuf>,
    /// Folders it may write, without symbolic links.
    pub write: Vec<PathBuf>,
    /// Links to what it may read, and to what it may write, for a wrapper: it knows nothing of links.
    pub links: [Vec<PathBuf>; 2],
}

/// Puts together what a job may see. `program`: our own; `etc`: folder with the few files of /etc we write ourselves.
#[must_use]
pub fn of(job: &Job, program: &Path, etc: &Path) -> View {
    let mut view = Building::default();
    view.system();
    let own = ["passwd", "group", "hosts", "nsswitch.conf"];
    for name in own {
        let from = etc.join(name);
        let at = Path::new("/etc").join(name);
        if from.is_file() {
            view.bind(&from, &at, false);
        }
    }
    for path in ETC {
        view.readable(Path::new(path));
    }
    view.parts.push(Part::Proc);
    view.parts.push(Part::Dev);
    view.taken
        .extend(["/proc", "/dev"].map(|path| (path.into(), false)));
    view.scratch(job.limits.scratch);
    view.bind(program, Path::new(BOX), false);
    for path in programs(job) {
        view.readable(&path);
    }
    view.job(job);
    View {
        parts: view.parts,
        read: view.read,
        write: view.write,
        links: view.links,
    }
}

/// The files of the program itself, where it does not lie in a system folder: Node.js of a version manager.
fn programs(job: &Job) -> Vec<PathBuf> {
    let Some(program) = job.command.first().map(PathBuf::from) else {
        return Vec::new();
    };
    let mut found = vec![program.clone()];
    if let Some(folder) = program.parent() {
        found.push(folder.join("node"));
    }
    if let Ok(real) = program.canonicalize() {
        let prefix = real.parent().and_then(Path::parent);
        found.extend(prefix.map(|prefix| prefix.join("lib/node_modules")));
        if real.starts_with(BREW) {
            found.extend(["Cellar", "opt", "lib"].map(|name| Path::new(BREW).join(name)));
        }
        // npm: its command is a link into the library folder of its prefix.
        found.extend(
            real.ancestors()
                .find(|path| path.ends_with("lib/node_modules"))
                .map(Path::to_path_buf),
        );
        found.push(real);
    }
    found.retain(|path| path.exists() && !in_system(path));
    found
}

/// Whether a path is one of the system's.
pub fn in_system(path: &Path) -> bool {
    SYSTEM.iter().any(|system| path.starts_with(system))
}

/// A view in the making.
#[derive(Default)]
struct Building {
    parts: Vec<Part>,
    read: Vec<PathBuf>,
    write: Vec<PathBuf>,
    links: [Vec<PathBuf>; 2],
    /// Paths that are there already.
    made: BTreeSet<PathBuf>,
    /// Paths whose inside is not ours to make folders in, and whether the run may write there.
    taken: BTreeMap<PathBuf, bool>,
}

impl Building {
    fn system(&mut self) {
        for path in SYSTEM.map(Path::new) {
            // On most systems /bin and its like are links into /usr.
            match std::fs::read_link(path) {
                Ok(to) => {
                    self.parts.push(Part::Link {
                        at: path.to_path_buf(),
                        to,
                    });
                    self.made.insert(path.to_path_buf());
                }
                Err(_) if path.is_dir() => self.bind(path, path, false),
                Err(_) => {}
            }
        }
    }

    fn scratch(&mut self, bytes: u64) {
        let at = PathBuf::from(SCRATCH);
        self.parts.push(Part::Scratch {
            at: at.clone(),
            bytes,
        });
        self.made.insert(at);
    }

    /// What the job names: outer folders before those in them, so that the inner one decides.
    fn job(&mut self, job: &Job) {
        let mut all: Vec<(&PathBuf, bool)> = job.read.iter().map(|path| (path, false)).collect();
        all.extend(job.write.iter().map(|path| (path, true)));
        all.push((&job.cwd, false));
        all.sort_by_key(|(path, write)| (path.components().count(), (*path).clone(), !write));
        all.dedup_by(|next, kept| next.0 == kept.0);
        for (path, write) in all {
            if write {
                self.writable(path);
            } else {
                self.readable(path);
            }
        }
    }

    fn readable(&mut self, path: &Path) {
        self.real(path, false);
    }

    fn writable(&mut self, path: &Path) {
        if let Some(real) = self.real(path, true) {
            self.write.push(real);
        }
    }

    /// Shows a path where it really lies, and a link from where it was named.
    fn real(&mut self, path: &Path, write: bool) -> Option<PathBuf> {
        let real = path.canonicalize().ok()?;
        let shown = self.taken.contains_key(&real) || self.around(&real) == Some(false);
        if write || !shown {
            self.bind(&real, &real, write);
        }
        if real != path && !self.made.contains(path) && self.around(path).is_none() {
            self.folders(path);
            self.parts.push(Part::Link {
                at: path.to_path_buf(),
                to: real.clone(),
            });
            self.made.insert(path.to_path_buf());
            let [read, written] = &mut self.links;
            if write { written } else { read }.push(path.to_path_buf());
        }
        Some(real)
    }

    /// Whether the run may write in what a path lies in; None where it lies in nothing shown.
    fn around(&self, path: &Path) -> Option<bool> {
        let mut above = path.ancestors().skip(1);
        above.find_map(|folder| self.taken.get(folder).copied())
    }

    fn bind(&mut self, from: &Path, at: &Path, write: bool) {
        self.folders(at);
        self.parts.push(Part::Bind {
            from: from.to_path_buf(),
            at: at.to_path_buf(),
            write,
        });
        self.made.insert(at.to_path_buf());
        self.taken.insert(at.to_path_buf(), write);
        self.read.push(from.to_path_buf());
    }

    /// Makes the folders above a path that are not there yet.
    fn folders(&mut self, path: &Path) {
        let mut above: Vec<&Path> = path.ancestors().skip(1).collect();
        above.reverse();
        for folder in above.into_iter().filter(|folder| folder.parent().is_some()) {
            if self.made.contains(folder) || self.around(folder).is_some() {
                continue;
            }
            self.parts.push(Part::Folder(folder.to_path_buf()));
            self.made.insert(folder.to_path_buf());
        }
    }
}

//! Looking from outside: what files are there, which processes live, who knocked.

use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Between two looks.
const LOOK: Duration = Duration::from_millis(2);

/// Every entry below some folders: kind, mode, owner, links and content.
pub type Snapshot = BTreeMap<String, String>;

/// Looks at folders, each under a name; paths for which `skip` holds are left out.
pub fn snapshot(roots: &[(&str, &Path)], skip: impl Fn(&Path) -> bool) -> Snapshot {
    let mut found = Snapshot::new();
    for (name, root) in roots {
        let mut open = vec![root.to_path_buf()];
        while let Some(dir) = open.pop() {
            for entry in fs::read_dir(&dir).into_iter().flatten().flatten() {
                let path = entry.path();
                if skip(&path) {
                    continue;
                }
                let below = path.strip_prefix(root).unwrap().display();
                found.insert(format!("{name}/{below}"), described(&path));
                if entry.file_type().unwrap().is_dir() {
                    open.push(path);
                }
            }
        }
    }
    found
}

fn described(path: &Path) -> String {
    let Ok(meta) = fs::symlink_metadata(path) else {
        return "gone".into();
    };
    let links = if meta.is_dir() { 0 } else { meta.nlink() };
    let content = if meta.is_file() {
        let text = fs::read(path).unwrap_or_default();
        format!("{:?}", Sha256::digest(text))
    } else if meta.is_symlink() {
        format!("{:?}", fs::read_link(path))
    } else {
        String::new()
    };
    format!("{:o} {} {links} {content}", meta.mode(), meta.uid())
}

/// Names of entries that came, went or changed.
pub fn changed(before: &Snapshot, after: &Snapshot) -> BTreeSet<String> {
    let names = before.keys().chain(after.keys());
    names
        .filter(|name| before.get(*name) != after.get(*name))
        .cloned()
        .collect()
}

/// A process of this machine.
#[derive(Clone, Debug)]
pub struct Process {
    pub pid: i32,
    pub words: String,
    /// Bytes of memory that belong to it alone.
    pub memory: u64,
    /// Its user namespace.
    pub user_ns: String,
}

/// Living processes whose command line holds the marker.
pub fn marked(marker: &str) -> Vec<Process> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries
        .filter_map(|entry| {
            let pid: i32 = entry.file_name().to_str()?.parse().ok()?;
            let dir = entry.path();
            let words = fs::read(dir.join("cmdline")).ok()?;
            let words = String::from_utf8_lossy(&words).replace('\0', " ");
            if !words.contains(marker) || pid == std::process::id().cast_signed() {
                return None;
            }
            let stat = fs::read_to_string(dir.join("stat")).ok()?;
            let (_, rest) = stat.rsplit_once(") ")?;
            if rest.starts_with(['Z', 'X']) {
                return None;
            }
            let status = fs::read_to_string(dir.join("status")).ok()?;
            let own = ["RssAnon:", "RssShmem:", "VmSwap:"];
            let kib = status.lines().filter_map(|line| {
                let (name, rest) = line.split_once('\t')?;
                let wanted = own.contains(&name);
                wanted.then(|| rest.trim().split(' ').next()?.parse::<u64>().ok())?
            });
            let user_ns = fs::read_link(dir.join("ns/user")).unwrap_or_default();
            Some(Process {
                pid,
                words,
                memory: kib.sum::<u64>() * 1024,
                user_ns: user_ns.display().to_string(),
            })
        })
        .collect()
}

/// Ends what a row left behind.
pub fn end(marker: &str) {
    for process in marked(marker) {
        if let Some(pid) = rustix::process::Pid::from_raw(process.pid) {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
    }
}

/// Calls `look` again and again while `run` goes on.
pub fn during<T>(look: impl FnMut() + Send + 'static, run: impl FnOnce() -> T) -> T {
    let watch = Watch::start(look);
    let done = run();
    drop(watch);
    done
}

struct Watch {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    fn start(mut look: impl FnMut() + Send + 'static) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            loop {
                let last = told.load(Ordering::SeqCst);
                look();
                if last {
                    return;
                }
                std::thread::park_timeout(LOOK);
            }
        });
        let thread = Some(thread);
        Self { stop, thread }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

/// Bytes of all files below a folder, and how many entries it has.
pub fn used(folder: &Path) -> (u64, usize) {
    let (mut bytes, mut entries) = (0, 0);
    let mut open = vec![folder.to_path_buf()];
    while let Some(dir) = open.pop() {
        for entry in fs::read_dir(&dir).into_iter().flatten().flatten() {
            entries += 1;
            if let Ok(meta) = entry.path().symlink_metadata() {
                bytes += meta.blocks() * 512;
                if meta.is_dir() {
                    open.push(entry.path());
                }
            }
        }
    }
    (bytes, entries)
}

/// A door of ours that counts who knocked.
pub struct Door {
    pub at: String,
    hits: Arc<AtomicU32>,
}

impl Door {
    /// Whether anybody knocks, or has; who has may not have been let in yet.
    pub fn hit(&self, within: Duration) -> bool {
        let end = Instant::now() + within;
        while self.hits.load(Ordering::SeqCst) == 0 && Instant::now() < end {
            std::thread::park_timeout(LOOK);
        }
        self.hits.load(Ordering::SeqCst) > 0
    }

    fn counting(at: String, mut knock: impl FnMut() -> bool + Send + 'static) -> Self {
        let hits = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&hits);
        // Ends with the trial's process.
        std::thread::spawn(move || {
            while knock() {
                counted.fetch_add(1, Ordering::SeqCst);
            }
        });
        Self { at, hits }
    }

    pub fn tcp(address: &str) -> Option<Self> {
        let listener = TcpListener::bind(address).ok()?;
        let at = listener.local_addr().unwrap().to_string();
        Some(Self::counting(at, move || listener.accept().is_ok()))
    }

    pub fn udp(address: &str) -> Self {
        let socket = UdpSocket::bind(address).unwrap();
        let at: SocketAddr = socket.local_addr().unwrap();
        let knock = move || socket.recv_from(&mut [0; 64]).is_ok();
        Self::counting(at.to_string(), knock)
    }

    /// One with a path, open to everybody.
    pub fn unix(path: &Path) -> Self {
        use std::os::unix::fs::PermissionsExt;
        let listener = UnixListener::bind(path).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o777)).unwrap();
        Self::counting(path.display().to_string(), move || {
            listener.accept().is_ok()
        })
    }

    pub fn abstracted(name: &str) -> Self {
        let address = std::os::unix::net::SocketAddr::from_abstract_name(name).unwrap();
        let listener = UnixListener::bind_addr(&address).unwrap();
        Self::counting(name.into(), move || listener.accept().is_ok())
    }
}

/// What of a folder's files holds a text, by path.
pub fn holding(folder: &Path, text: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(dir) = open.pop() {
        for entry in fs::read_dir(&dir).into_iter().flatten().flatten() {
            let kind = entry.file_type().unwrap();
            if kind.is_dir() {
                open.push(entry.path());
            } else if kind.is_file() {
                let mut bytes = Vec::new();
                if let Ok(mut file) = fs::File::open(entry.path()) {
                    let _ = file.read_to_end(&mut bytes);
                }
                if bytes
                    .windows(text.len())
                    .any(|part| part == text.as_bytes())
                {
                    found.push(entry.path());
                }
            }
        }
    }
    found
}

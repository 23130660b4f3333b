//! Numbered steps of what reaches the disk, at which tests end the engine or let a write fail. Only debug builds know
//! them; in a release build nothing is left of it.

use crate::domain::factory::Factory;
use std::fs::File;
use std::io;
#[cfg(not(debug_assertions))]
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

/// A step before `doing` something to a file or folder: an error when a test wants the disk to fail here.
pub fn before(doing: &str, what: &Path) -> io::Result<()> {
    #[cfg(debug_assertions)]
    planned::before(doing, what)?;
    let _ = (doing, what);
    Ok(())
}

/// Writes all, or the first half where a test wants it cut.
pub fn write(file: &mut File, bytes: &[u8], what: &Path) -> io::Result<()> {
    #[cfg(debug_assertions)]
    return planned::write(file, bytes, what);
    #[cfg(not(debug_assertions))]
    {
        let _ = what;
        file.write_all(bytes)
    }
}

/// Where the factory stands now: in each phase of each cycle a step counts anew.
pub fn reached(factory: &Factory) {
    #[cfg(debug_assertions)]
    planned::reached(factory);
    let _ = factory;
}

/// Longest wait before what failed is tried again, where a test lets all steps fail one after another in one engine.
#[must_use]
pub fn longest_wait() -> Option<Duration> {
    #[cfg(debug_assertions)]
    return planned::longest_wait();
    #[cfg(not(debug_assertions))]
    None
}

/// Size at which a segment of the journal is closed, where a test wants to see that happen.
#[must_use]
pub fn segment() -> Option<u64> {
    #[cfg(debug_assertions)]
    return std::env::var("FAULT_SEGMENT").ok()?.parse().ok();
    #[cfg(not(debug_assertions))]
    None
}

/// Whether a test wants a file system that tells of no change, for as long as a file of its own is there.
#[must_use]
pub fn deaf() -> bool {
    #[cfg(debug_assertions)]
    return std::env::var_os("FAULT_DEAF").is_some_and(|file| Path::new(&file).exists());
    #[cfg(not(debug_assertions))]
    false
}

/// Tells a test of each step of this thread before it is done, and of the half of each write.
#[cfg(debug_assertions)]
pub use planned::watched;

#[cfg(debug_assertions)]
mod planned {
    use crate::domain::factory::Factory;
    use rustix::io::Errno;
    use rustix::process::{Signal, getpid, kill_process};
    use std::cell::RefCell;
    use std::collections::BTreeSet;
    use std::fs::{self, File, OpenOptions};
    use std::io::{self, Write};
    use std::path::{Path, PathBuf};
    use std::sync::{Mutex, OnceLock, PoisonError};
    use std::time::Duration;

    /// `kill`, `enospc`, `eio` or `errors` (both in turn), `-kinds` behind it or not, a colon, and the file that holds the steps that had their turn.
    const PLAN: &str = "FAULT_STEPS";
    /// Files that only mirror what is known elsewhere: once for all phases is enough.
    const MIRRORS: [&str; 3] = ["snapshot.json", "BRIEF.md", "stream.jsonl"];

    /// Files that are written by lines of their own; all others are papers.
    const DOCUMENTS: [&str; 8] = [
        TRUTH,
        FOLD,
        "control.json",
        "state.json",
        "wishlist.json",
        "snapshot.json",
        "BRIEF.md",
        "stream.jsonl",
    ];
    /// What counts in each phase of each cycle, even where every other kind of step has its turn once.
    const TRUTH: &str = "journal.jsonl";

    /// What the journal amounts to, kept beside it.
    const FOLD: &str = "fold";

    /// Time enough to see that the engine waits at all.
    const SOON: Duration = Duration::from_millis(20);

    static PLACE: Mutex<String> = Mutex::new(String::new());

    #[derive(Clone, Copy, PartialEq)]
    enum Fault {
        Kill,
        /// Step by step in turn.
        Errors([Errno; 2]),
    }

    struct Plan {
        fault: Fault,
        /// A kind of step has its turn once, wherever it is met first.
        kinds: bool,
        ledger: PathBuf,
        done: Mutex<BTreeSet<String>>,
    }

    fn plan() -> Option<&'static Plan> {
        static READ: OnceLock<Option<Plan>> = OnceLock::new();
        READ.get_or_init(|| {
            let text = std::env::var(PLAN).ok()?;
            let (kind, ledger) = text.split_once(':')?;
            let each = kind.strip_suffix("-kinds");
            let fault = match each.unwrap_or(kind) {
                "kill" => Fault::Kill,
                "enospc" => Fault::Errors([Errno::NOSPC; 2]),
                "eio" => Fault::Errors([Errno::IO; 2]),
                "errors" => Fault::Errors([Errno::NOSPC, Errno::IO]),
                _ => return None,
            };
            let done = fs::read_to_string(ledger).unwrap_or_default();
            Some(Plan {
                fault,
                kinds: each.is_some(),
                ledger: PathBuf::from(ledger),
                done: Mutex::new(done.lines().map(str::to_owned).collect()),
            })
        })
        .as_ref()
    }

    type Watcher = Box<dyn FnMut(&str, &Path)>;

    thread_local! {
        static WATCHER: RefCell<Option<Watcher>> = const { RefCell::new(None) };
    }

    /// From now on `by` hears of the steps of this thread, or nobody.
    pub fn watched(by: Option<Watcher>) {
        WATCHER.with(|watcher| watcher.replace(by));
    }

    /// Whether somebody heard of the step.
    fn told(doing: &str, what: &Path) -> bool {
        WATCHER.with(|watcher| match watcher.try_borrow_mut().as_deref_mut() {
            Ok(Some(watcher)) => {
                watcher(doing, what);
                true
            }
            _ => false,
        })
    }

    /// A disk that fails anew each time it is tried.
    pub fn longest_wait() -> Option<Duration> {
        let errors = plan().is_some_and(|plan| matches!(plan.fault, Fault::Errors(_)));
        errors.then_some(SOON)
    }

    /// Where the factory stands now.
    pub fn reached(factory: &Factory) {
        let place = format!("{}.{}", factory.phase.name(), factory.cycle_count);
        *PLACE.lock().unwrap_or_else(PoisonError::into_inner) = place;
    }

    /// The fault of a step, when its turn has come.
    pub fn before(doing: &str, what: &Path) -> io::Result<()> {
        told(doing, what);
        match plan().and_then(|plan| plan.due(doing, what)) {
            Some(fault) => fault.happen(),
            None => Ok(()),
        }
    }

    /// Writes all, with a fault before it or in the middle of it.
    pub fn write(file: &mut File, bytes: &[u8], what: &Path) -> io::Result<()> {
        before("write", what)?;
        let (half, rest) = bytes.split_at(bytes.len() / 2);
        file.write_all(half)?;
        told("half of", what);
        match plan().and_then(|plan| plan.due("half of", what)) {
            Some(fault) => fault.happen(),
            None => file.write_all(rest),
        }
    }

    impl Plan {
        /// Whether this step has its turn now; noted before it has.
        fn due(&self, doing: &str, what: &Path) -> Option<Fault> {
            let step = match self.fault {
                Fault::Kill => self.killed(doing, what),
                Fault::Errors(_) => self.failed(doing, what),
            };
            let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
            if !done.insert(step.clone()) {
                return None;
            }
            let mut options = OpenOptions::new();
            let mut ledger = options.append(true).create(true).open(&self.ledger).ok()?;
            ledger.write_all(format!("{step}\n").as_bytes()).ok()?;
            Some(match self.fault {
                Fault::Errors([one, other]) if done.len().is_multiple_of(2) => {
                    Fault::Errors([other, one])
                }
                fault => fault,
            })
        }
    }

    impl Plan {
        /// What is done to which file in which phase of which cycle.
        fn killed(&self, doing: &str, what: &Path) -> String {
            let name = named(what);
            let mirror = MIRRORS.contains(&name.as_str());
            match mirror || (self.kinds && name != TRUTH) {
                true => format!("{doing} {name}"),
                false => format!("{} {doing} {name}", place()),
            }
        }

        /// An error is answered in the same way everywhere: each file is cut short once in each phase, and every other
        /// step fails once, where it comes first.
        fn failed(&self, doing: &str, what: &Path) -> String {
            let name = named(what);
            let paper = match self.kinds {
                true => !DOCUMENTS.contains(&name.as_str()) && !doing.ends_with("git"),
                false => ["make", "rename to", "go on from"].contains(&doing) && name != TRUTH,
            };
            let name = if paper { "paper" } else { &name };
            let place = place();
            match doing == "half of" && !self.kinds {
                true => format!(
                    "{} {doing} {name}",
                    place.split('.').next().unwrap_or_default()
                ),
                false => format!("{doing} {name}"),
            }
        }
    }

    fn place() -> String {
        PLACE.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Numbers of commands, runs and processes would make every try a new step, and what is done to one file of code is
    /// done to all of them.
    fn named(what: &Path) -> String {
        let name = what.file_name().unwrap_or_default().to_string_lossy();
        let name = name.replace(|c: char| c.is_ascii_digit(), "");
        match name.as_str() {
            // The fold is another file than the one that screens read.
            "snapshot.json" if what.parent().is_some_and(|dir| dir.ends_with("journal")) => {
                FOLD.to_owned()
            }
            code if code.ends_with("js") => "code".to_owned(),
            _ => name,
        }
    }

    impl Fault {
        fn happen(self) -> io::Result<()> {
            match self {
                Self::Kill => {
                    let _ = kill_process(getpid(), Signal::KILL);
                    loop {
                        std::thread::park();
                    }
                }
                Self::Errors([errno, _]) => Err(errno.into()),
            }
        }
    }
}

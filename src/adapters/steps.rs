//! Numbered steps of what reaches the disk, at which tests end the engine or let a write fail. Only debug builds know
//! them; in a release build nothing is left of it.

use crate::domain::factory::Factory;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

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
    planned::write(file, bytes, what)?;
    let _ = what;
    file.write_all(bytes)
}

/// Where the factory stands now: in each phase of each cycle a step counts anew.
pub fn reached(factory: &Factory) {
    #[cfg(debug_assertions)]
    planned::reached(factory);
    let _ = factory;
}

#[cfg(debug_assertions)]
mod planned {
    use crate::domain::factory::Factory;
    use rustix::io::Errno;
    use rustix::process::{Signal, getpid, kill_process};
    use std::collections::BTreeSet;
    use std::fs::{self, File, OpenOptions};
    use std::io::{self, Write};
    use std::path::{Path, PathBuf};
    use std::sync::{Mutex, OnceLock, PoisonError};

    /// `kill`, `enospc` or `eio`, a colon, and the file that holds the steps that had their turn.
    const PLAN: &str = "FAULT_STEPS";
    /// Files that only mirror what is known elsewhere: once for all phases is enough.
    const MIRRORS: [&str; 3] = ["snapshot.json", "BRIEF.md", "stream.jsonl"];

    static PLACE: Mutex<String> = Mutex::new(String::new());

    #[derive(Clone, Copy, PartialEq)]
    enum Fault {
        Kill,
        Error(Errno),
    }

    struct Plan {
        fault: Fault,
        ledger: PathBuf,
        done: Mutex<BTreeSet<String>>,
    }

    fn plan() -> Option<&'static Plan> {
        static READ: OnceLock<Option<Plan>> = OnceLock::new();
        READ.get_or_init(|| {
            let text = std::env::var(PLAN).ok()?;
            let (kind, ledger) = text.split_once(':')?;
            let fault = match kind {
                "kill" => Fault::Kill,
                "enospc" => Fault::Error(Errno::NOSPC),
                "eio" => Fault::Error(Errno::IO),
                _ => return None,
            };
            let done = fs::read_to_string(ledger).unwrap_or_default();
            Some(Plan {
                fault,
                ledger: PathBuf::from(ledger),
                done: Mutex::new(done.lines().map(str::to_owned).collect()),
            })
        })
        .as_ref()
    }

    /// Where the factory stands now.
    pub fn reached(factory: &Factory) {
        let place = format!("{}.{}", factory.phase.name(), factory.cycle_count);
        *PLACE.lock().unwrap_or_else(PoisonError::into_inner) = place;
    }

    /// The fault of a step, when its turn has come.
    pub fn before(doing: &str, what: &Path) -> io::Result<()> {
        match plan().and_then(|plan| plan.due(doing, what)) {
            Some(fault) => fault.happen(),
            None => Ok(()),
        }
    }

    /// The fault before a write, or in the middle of it.
    pub fn write(file: &mut File, bytes: &[u8], what: &Path) -> io::Result<()> {
        before("write", what)?;
        let Some(fault) = plan().and_then(|plan| plan.due("half of", what)) else {
            return Ok(());
        };
        let half = bytes.get(..bytes.len() / 2).unwrap_or_default();
        file.write_all(half)?;
        fault.happen()
    }

    impl Plan {
        /// Whether this step has its turn now; noted before it has.
        fn due(&self, doing: &str, what: &Path) -> Option<Fault> {
            let name = what.file_name().unwrap_or_default().to_string_lossy();
            // Numbers of commands, runs and processes would make every try a new step.
            let name = name.replace(|c: char| c.is_ascii_digit(), "");
            // What is done to one file of code is done to all of them.
            let code = name.ends_with("js");
            let name = if code { "code".to_owned() } else { name };
            let place = PLACE.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let step = match MIRRORS.contains(&name.as_str()) {
                true => format!("{doing} {name}"),
                false => format!("{place} {doing} {name}"),
            };
            let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
            if !done.insert(step.clone()) {
                return None;
            }
            let mut options = OpenOptions::new();
            let mut ledger = options.append(true).create(true).open(&self.ledger).ok()?;
            ledger.write_all(format!("{step}\n").as_bytes()).ok()?;
            Some(self.fault)
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
                Self::Error(errno) => Err(errno.into()),
            }
        }
    }
}

//! Journal, documents, papers and git of a home against each other: every difference in one sentence. Changes nothing.

mod documents;
mod finding;
mod journal;
mod papers;
pub mod repair;
mod repo;

pub use self::finding::{Finding, Fix, Grade};

use self::journal::Told;
use super::store::layout::Layout;
use super::store::readers;
use crate::factory::ports::store::StoreError;
use std::path::Path;
use std::time::Duration;

/// How often a home is looked at while an engine works in it: what is under way has passed by then.
const LOOKS: usize = 4;

/// Pause between two of them.
const BETWEEN: Duration = Duration::from_millis(700);

/// Hears what is looked at: which part, how many of how many. False ends the check.
pub type Progress<'a> = dyn Fn(&str, usize, usize) -> bool + 'a;

/// Why there is no report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cut {
    /// It was told to stop.
    Stopped,
    /// The home cannot be read: one sentence.
    Failed(String),
}

impl From<StoreError> for Cut {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.to_string())
    }
}

/// What was looked at and found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Everything that differs, in the order it was looked at.
    pub findings: Vec<Finding>,
    /// Events of the journal that were read.
    pub events: u64,
    /// Papers of the journal that were looked at.
    pub papers: usize,
    /// Tags and branches that were looked at.
    pub refs: usize,
    /// Papers that housekeeping removed.
    pub rotated: usize,
    /// An engine works in the home.
    pub engine: bool,
}

impl Report {
    /// Findings that are wrong, and not merely worth knowing.
    pub fn wrong(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|f| f.grade == Grade::Wrong)
    }
}

/// What the journal and the rest of a home are checked with.
pub struct Checks<'a> {
    /// The home.
    pub home: &'a Path,
    /// What BRIEF.md should say of a factory; the text belongs to the engine.
    pub brief: &'a dyn Fn(&crate::domain::factory::Factory) -> String,
    /// Hears how far it is.
    pub progress: &'a Progress<'a>,
}

/// Checks a home. Beside an engine only what is still so after several looks counts.
pub fn check(checks: &Checks) -> Result<Report, Cut> {
    let works =
        |home: &Path| readers::engine(home).is_some_and(|engine| engine.pid != std::process::id());
    let engine = works(checks.home);
    let mut report = once(checks)?;
    report.engine = engine;
    for _ in 1..LOOKS {
        if report.findings.is_empty() || !(report.engine || works(checks.home)) {
            break;
        }
        std::thread::sleep(BETWEEN);
        let again = once(checks)?;
        // As it is now, where it was so before.
        let seen: Vec<_> = report.findings.iter().map(Finding::about).collect();
        let still = |new: &Finding| seen.contains(&new.about());
        let findings = again.findings.into_iter().filter(still).collect();
        report = Report {
            findings,
            engine: report.engine,
            ..again
        };
    }
    Ok(report)
}

fn once(checks: &Checks) -> Result<Report, Cut> {
    let layout = Layout::new(checks.home);
    let mut report = Report::default();
    let told = Told::read(&layout, checks, &mut report)?;
    documents::check(&layout, checks, &told, &mut report)?;
    papers::check(&layout, checks, &told, &mut report)?;
    repo::check(&layout, checks, &told, &mut report)?;
    Ok(report)
}

/// Tells how far a part is; an error when the check is to end.
fn told(checks: &Checks, part: &str, done: usize, all: usize) -> Result<(), Cut> {
    match (checks.progress)(part, done, all) {
        true => Ok(()),
        false => Err(Cut::Stopped),
    }
}

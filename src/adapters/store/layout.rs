//! Where everything lies under a home, and which names may become part of a path.

use super::files;
use crate::factory::ports::store::{Paper, StoreError};
use std::path::{Path, PathBuf};

/// Folder of the factory inside a home.
pub const FOLDER: &str = "dev-factory";

/// Paths of one home.
#[derive(Clone, Debug)]
pub struct Layout {
    /// The home itself.
    pub home: PathBuf,
    /// home/dev-factory
    pub dir: PathBuf,
}

impl Layout {
    /// The layout of a home folder.
    #[must_use]
    pub fn new(home: &Path) -> Self {
        let dir = home.join(FOLDER);
        Self {
            home: home.to_owned(),
            dir,
        }
    }
    /// A file or folder of dev-factory/.
    #[must_use]
    pub fn at(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }
    /// The live segment.
    #[must_use]
    pub fn journal(&self) -> PathBuf {
        self.at("journal.jsonl")
    }
    /// Closed segments and the disposable fold.
    #[must_use]
    pub fn segments(&self) -> PathBuf {
        self.at("journal")
    }
    /// Waiting commands.
    #[must_use]
    pub fn new_commands(&self) -> PathBuf {
        self.at("commands/new")
    }
    /// Answered commands.
    #[must_use]
    pub fn done_commands(&self) -> PathBuf {
        self.at("commands/done")
    }
    /// What screens read.
    #[must_use]
    pub fn run(&self) -> PathBuf {
        self.at("run")
    }
    /// Makes those folders that can be made again.
    pub fn make(&self) -> Result<(), StoreError> {
        [
            self.segments(),
            self.new_commands(),
            self.done_commands(),
            self.run(),
        ]
        .iter()
        .try_for_each(|dir| files::make_dir(dir))
    }
}

/// A paper's path relative to the home.
#[must_use]
pub fn paper(paper: &Paper) -> PathBuf {
    Path::new(FOLDER).join(inside(paper))
}

/// A paper's path below dev-factory/. Names that could climb out lose what would let them.
#[must_use]
pub fn inside(paper: &Paper) -> String {
    let s = |name: &str| -> String {
        let tame = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
        name.chars().map(tame).take(80).collect()
    };
    match paper {
        Paper::Spec { tool } => format!("specs/{}.md", s(tool)),
        Paper::SpecVersion { tool, n } => format!("specs/{}/{n}.md", s(tool)),
        Paper::Bug { tool, n } => format!("bugs/{}/BUG-{n}.md", s(tool)),
        Paper::Review { tool, n } => format!("reviews/{}/{n}.md", s(tool)),
        Paper::Evidence { tool, run } => format!("evidence/{}/{run}.json", s(tool)),
        Paper::Acceptance { tool, n } => format!("acceptance/{}/{n}.jsonl", s(tool)),
        Paper::Transcript {
            tool,
            n,
            role,
            phase,
        } => format!("transcripts/{}/{n}-{}-{}.jsonl", s(tool), s(role), s(phase)),
        Paper::Brief => "BRIEF.md".to_owned(),
        Paper::Told => "run/told.json".to_owned(),
        Paper::Seen => "commands/seen".to_owned(),
    }
}

/// Refuses a paper whose names are not kebab-case words.
pub fn check(paper: &Paper) -> Result<(), StoreError> {
    let names: &[&String] = match paper {
        Paper::Spec { tool }
        | Paper::SpecVersion { tool, .. }
        | Paper::Bug { tool, .. }
        | Paper::Review { tool, .. }
        | Paper::Evidence { tool, .. }
        | Paper::Acceptance { tool, .. } => &[tool],
        Paper::Transcript {
            tool, role, phase, ..
        } => &[tool, role, phase],
        Paper::Brief | Paper::Told | Paper::Seen => &[],
    };
    match names.iter().find(|name| !kebab(name)) {
        Some(name) => Err(StoreError::Bad(format!(
            "{name:?} cannot be part of a file name: use small letters, digits and single hyphens"
        ))),
        None => Ok(()),
    }
}

/// Whether a name is kebab-case and short enough for a folder.
#[must_use]
pub fn kebab(name: &str) -> bool {
    let word = |w: &str| {
        !w.is_empty()
            && w.bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    };
    name.len() <= 80 && name.split('-').all(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_climbs_out() {
        for bad in ["../../etc", "a/b", "", ".", "A", "a--b", "a\0b", "-a"] {
            let p = Paper::Spec { tool: bad.into() };
            assert!(check(&p).is_err(), "{bad}");
            let path = paper(&p);
            assert_eq!(path.components().count(), 3, "{path:?}");
            assert!(!path.to_string_lossy().contains(".."));
        }
        let good = Paper::Bug {
            tool: "dns-uptime-2".into(),
            n: 4,
        };
        assert!(check(&good).is_ok());
        assert_eq!(
            paper(&good),
            Path::new("dev-factory/bugs/dns-uptime-2/BUG-4.md")
        );
    }
}

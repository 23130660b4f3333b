//! What keeps a factory from working though nobody paused it: the disk, the folder, git, npm. It has a name, says what is
//! wrong, where, and what to do, and is tried again by itself.

use super::need::{Need, Way};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The name of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trouble {
    /// No blocks, no inodes, or no quota left.
    DiskFull,
    /// The file system is mounted read-only.
    ReadOnly,
    /// The user that runs the factory may not write there.
    NoPermission,
    /// The home, or a folder of it, is not where it was.
    FolderGone,
    /// The disk or its file system fails.
    DiskError,
    /// No more files or processes for this user.
    Exhausted,
    /// A lock file of git is in the way.
    GitLock,
    /// git says no for another reason.
    Git,
    /// Tests cannot be run: Node.js, Jest, npm or the sandbox.
    Tests,
    /// A file is not what it should be.
    File,
    /// The kernel does not tell of changes: they are looked for once a second. Nothing waits for its end.
    NoEvents,
}

impl Trouble {
    /// The name on disk and on screens.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::DiskFull => "disk-full",
            Self::ReadOnly => "read-only",
            Self::NoPermission => "no-permission",
            Self::FolderGone => "folder-gone",
            Self::DiskError => "disk-error",
            Self::Exhausted => "exhausted",
            Self::GitLock => "git-lock",
            Self::Git => "git",
            Self::Tests => "tests",
            Self::File => "file",
            Self::NoEvents => "no-events",
        }
    }

    /// What a person can do about it.
    #[must_use]
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::DiskFull => "free some space there",
            Self::ReadOnly => "mount it writable",
            Self::NoPermission => "give it back to the user that runs the factory",
            Self::FolderGone => "put the folder back, or end the engine",
            Self::DiskError => "look at the disk and its cables: dmesg says what it met",
            Self::Exhausted => "end other programs of this user, or raise its limits (ulimit)",
            Self::GitLock => "end the git that works there",
            Self::Git | Self::File => "put right what the sentence names",
            Self::Tests => {
                "put right what the sentence names; dev-factory doctor looks at all of it"
            }
            Self::NoEvents => {
                "where its limit is reached, raise fs.inotify.max_user_instances and fs.inotify.max_user_watches; else leave it so"
            }
        }
    }

    /// It does not go away while nobody does anything.
    #[must_use]
    pub const fn needs_hands(self) -> bool {
        matches!(
            self,
            Self::DiskFull | Self::ReadOnly | Self::NoPermission | Self::FolderGone
        )
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A condition as shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    /// Its name.
    pub name: Trouble,
    /// Where and what, in one sentence.
    pub why: String,
    /// What a person can do; the factory goes on by itself then.
    pub remedy: String,
    /// When it was first met.
    pub since: DateTime<Utc>,
    /// Times in a row that the factory ran into it.
    pub tries: u32,
    /// Work waits for its end.
    pub waits: bool,
    /// It will not go away by itself, as far as can be told.
    pub person: bool,
}

impl Condition {
    /// In one line.
    #[must_use]
    pub fn words(&self) -> String {
        let after = match (self.waits, self.tries) {
            (false, _) => String::new(),
            (true, 0 | 1) => "; it is tried again by itself".to_owned(),
            (true, tries) => format!("; met {tries} times, it is tried again by itself"),
        };
        format!("{}: {}{after}", self.name, self.why)
    }

    /// What waits for a person, where it will not go away by itself.
    #[must_use]
    pub fn need(&self) -> Option<Need> {
        self.person.then(|| Need {
            id: format!("condition:{}", self.name),
            why: self.words(),
            ways: vec![Way::hands(format!(
                "{}; the factory goes on by itself then",
                self.remedy
            ))],
            since: self.since,
            blocking: self.waits,
            ..Need::default()
        })
    }
}

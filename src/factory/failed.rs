//! Why the loop cannot go on, and why what somebody asked for is not done: the kind decides what follows, never the
//! words.

use super::attempts::papers::Unusable;
use super::ports::files::FileError;
use super::ports::repo::RepoError;
use super::ports::store::StoreError;
use super::ports::tests::TestError;
use crate::domain::condition::Trouble;
use crate::domain::decide::Refusal;
use std::fmt;

/// Why the loop cannot go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failed {
    /// The surroundings refuse it: waited for, then all is begun anew from what is on disk.
    Trouble(Trouble, String),
    /// A part of the factory failed, or a paper is not what it should be: the factory pauses, and a person looks.
    Incident(String),
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Trouble(_, words) | Self::Incident(words) => f.write_str(words),
        }
    }
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Self::Trouble(error.trouble(), error.to_string())
    }
}

impl From<RepoError> for Failed {
    fn from(error: RepoError) -> Self {
        Self::Trouble(error.trouble(), error.to_string())
    }
}

impl From<FileError> for Failed {
    fn from(error: FileError) -> Self {
        Self::Trouble(error.trouble(), error.to_string())
    }
}

impl From<TestError> for Failed {
    fn from(error: TestError) -> Self {
        Self::Trouble(error.trouble(), error.to_string())
    }
}

impl From<Unusable> for Failed {
    fn from(why: Unusable) -> Self {
        match why {
            Unusable::Store(error) => error.into(),
            Unusable::Content(words) => Self::Incident(words),
        }
    }
}

/// The table refused what the engine itself asked for.
impl From<Refusal> for Failed {
    fn from(refusal: Refusal) -> Self {
        Self::Incident(refusal.sentence)
    }
}

/// Why what a person or another program asked for is not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unmet {
    /// It cannot be: whoever asked is told.
    Said(String),
    /// The surroundings keep it from being found out now.
    Trouble(Trouble, String),
}

impl Unmet {
    /// In words.
    #[must_use]
    pub fn words(self) -> String {
        match self {
            Self::Said(words) | Self::Trouble(_, words) => words,
        }
    }
}

impl From<String> for Unmet {
    fn from(words: String) -> Self {
        Self::Said(words)
    }
}

impl From<Failed> for Unmet {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Trouble(name, words) => Self::Trouble(name, words),
            Failed::Incident(words) => Self::Said(words),
        }
    }
}

impl From<StoreError> for Unmet {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Bad(words) => Self::Said(words),
            error => Failed::from(error).into(),
        }
    }
}

impl From<FileError> for Unmet {
    fn from(error: FileError) -> Self {
        match error {
            FileError::Refused(words) => Self::Said(words),
            error => Failed::from(error).into(),
        }
    }
}

impl From<RepoError> for Unmet {
    fn from(error: RepoError) -> Self {
        Failed::from(error).into()
    }
}

impl From<Unusable> for Unmet {
    fn from(why: Unusable) -> Self {
        match why {
            Unusable::Store(error) => error.into(),
            Unusable::Content(words) => Self::Said(words),
        }
    }
}

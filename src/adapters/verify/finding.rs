//! One difference: where it is, what it is, what to do, and how it can be put right without losing anything.

use serde::Serialize;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Grade {
    /// Two things that must agree do not.
    Wrong,
    /// Worth knowing; nothing has to be done.
    Note,
}

/// What puts it right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fix {
    /// What every start of the engine does: a torn end is cut off, state.json and control.json follow the journal.
    Start,
    /// journal/snapshot.json is made again from the journal.
    Snapshot,
    /// A closed segment gets the name of its first event.
    Segment {
        /// Its name now, below journal/.
        from: String,
        /// The name of its first event.
        to: String,
    },
    /// The engine's fields of the wishlist are written from the journal.
    Wishlist,
    /// BRIEF.md is written anew.
    Brief,
    /// A paper is put back from a copy that is as the journal has it.
    Paper {
        /// Its content.
        bytes: Vec<u8>,
        /// Where the copy was found.
        from: String,
    },
    /// A tag is made again at the commit the journal names.
    Tag {
        /// Its name.
        tag: String,
        /// The commit.
        commit: String,
    },
    /// A branch is made again at the commit the journal names.
    Branch {
        /// Its name.
        branch: String,
        /// The commit.
        commit: String,
    },
    /// The worktree is put away; what was not saved is committed on its branch first.
    Worktree,
}

/// A difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub grade: Grade,
    /// "journal", "state", "papers" or "git".
    pub area: &'static str,
    /// The file, relative to the home; or a tag or branch.
    pub place: String,
    /// Its line, from 1, where that says something.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// What differs.
    pub what: String,
    /// What to do.
    pub todo: String,
    /// What `--repair` does about it.
    #[serde(skip)]
    pub fix: Option<Fix>,
}

impl Finding {
    /// Two things that must agree do not.
    pub fn wrong(area: &'static str, place: impl Into<String>, what: impl Into<String>) -> Self {
        Self {
            grade: Grade::Wrong,
            area,
            place: place.into(),
            line: None,
            what: what.into(),
            todo: "dev-factory verify --repair puts it right".to_owned(),
            fix: None,
        }
    }

    /// Worth knowing.
    pub fn note(area: &'static str, place: impl Into<String>, what: impl Into<String>) -> Self {
        Self {
            grade: Grade::Note,
            ..Self::wrong(area, place, what)
        }
        .todo("nothing needs to be done")
    }

    /// On this line.
    #[must_use]
    pub fn line(mut self, line: usize) -> Self {
        self.line = Some(line);
        self
    }

    /// What a person does about it.
    #[must_use]
    pub fn todo(mut self, todo: impl Into<String>) -> Self {
        self.todo = todo.into();
        self
    }

    /// What `--repair` does about it.
    #[must_use]
    pub fn fix(mut self, fix: Fix) -> Self {
        self.fix = Some(fix);
        self
    }

    /// What it is about, without numbers, times and hashes: those change while it stays the same difference.
    #[must_use]
    pub fn about(&self) -> (Grade, &'static str, &str, String) {
        let word = |word: &str| match word.contains(|c: char| c.is_ascii_digit()) {
            true => "#".to_owned(),
            false => word.to_owned(),
        };
        let words: Vec<String> = self.what.split_whitespace().map(word).collect();
        (self.grade, self.area, &self.place, words.join(" "))
    }

    /// Where, what, and what to do, as one sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        let line = self.line.map(|n| format!(", line {n}"));
        let line = line.unwrap_or_default();
        format!("{}{line}: {}; {}", self.place, self.what, self.todo)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_stays_the_same_while_its_numbers_change() {
        let at = |what: &str| Finding::wrong("journal", "dev-factory/journal.jsonl", what);
        let (old, new) = (
            at("events 7 to 12 are missing"),
            at("events 7 to 31 are missing"),
        );
        assert_ne!(old, new);
        assert_eq!(old.about(), new.about());
        assert_ne!(at("it says qa").about(), at("it says coding").about());
    }
}

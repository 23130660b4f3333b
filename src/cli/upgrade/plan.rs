//! What an upgrade would do to each file: three texts are compared, as it was written, as it is, and as this version writes it.

use super::merged::merged;
use super::renamed::{self, renamed};
use super::{SETTINGS, STARTER};
use crate::adapters::folder::{Folder, For};
use crate::adapters::git::GitRepo;
use crate::cli::out::Fail;
use crate::cli::{commits, starter};
use serde::Serialize;
use std::path::Path;

/// Largest starter file read, bytes.
const CAP: u64 = 4 * 1024 * 1024;
/// What npm installs from.
const PACKAGES: [&str; 2] = ["package.json", "package-lock.json"];
/// Begins what init adds to the starter settings.
const OWN: &str = "\n# Written by init.\n";

/// What becomes of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// It is as this version writes it, or was edited and has nothing new.
    Same,
    /// It is missing and is written.
    Added,
    /// Nobody edited it: it is replaced.
    Replaced,
    /// It was edited, and the new lines fit between the edits.
    Merged,
    /// It was edited, and stays: the new text is laid beside it.
    Kept,
}

impl What {
    /// For people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Same => "nothing new",
            Self::Added => "is missing; it is written anew",
            Self::Replaced => "nobody edited it; it is replaced",
            Self::Merged => "you edited it; what is new goes between your lines",
            Self::Kept => "you edited it and it stays; the new text is laid beside it as .new",
        }
    }
}

/// One file.
#[derive(Clone, Debug, Serialize)]
pub struct Change {
    /// Relative to the home.
    pub path: String,
    pub what: What,
    /// What is said about it.
    pub notes: Vec<String>,
    /// Unified diffs with what each shows.
    pub diffs: Vec<(String, String)>,
    /// As it is.
    #[serde(skip)]
    pub before: Option<String>,
    /// What is written; None = nothing.
    #[serde(skip)]
    pub text: Option<String>,
    /// What is laid beside it.
    #[serde(skip)]
    pub beside: Option<String>,
    /// This version's text, to be remembered.
    #[serde(skip)]
    pub starter: String,
}

/// All starter files of a home.
pub fn plan(home: &Path) -> Result<Vec<Change>, Fail> {
    let told = |error: crate::factory::ports::files::FileError| Fail::failed(error.to_string());
    let folder = Folder::open(home).map_err(told)?;
    let read = |path: &str| -> Result<Option<String>, Fail> {
        let bytes = folder.read(path, CAP).map_err(told)?;
        Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
    };
    let old = Written::of(home);
    let mut changes = Vec::new();
    for (path, text) in starter::FILES.iter().filter(|(_, text)| !text.is_empty()) {
        let base = read(&format!("{STARTER}/{path}"))?.or_else(|| old.text(path));
        changes.push(json(base.clone(), compare(path, base, read(path)?, text)));
    }
    together(&mut changes);
    let base = read(&format!("{STARTER}/{SETTINGS}"))?.or_else(|| old.text(SETTINGS));
    let own = base.as_deref().and_then(|base| base.split_once(OWN));
    let theirs = match own {
        Some((_, own)) => format!("{}{OWN}{own}", starter::SETTINGS),
        None => starter::SETTINGS.to_owned(),
    };
    changes.push(settings(base, read(SETTINGS)?, &theirs)?);
    Ok(changes)
}

/// A home made before starter files were remembered has them in its first commit.
struct Written {
    repo: Option<GitRepo>,
}

impl Written {
    fn of(home: &Path) -> Self {
        Self {
            repo: GitRepo::open(home).ok(),
        }
    }

    fn text(&self, path: &str) -> Option<String> {
        self.repo.as_ref()?.first(path)
    }
}

fn compare(path: &str, base: Option<String>, mine: Option<String>, theirs: &str) -> Change {
    let mut change = Change {
        path: path.to_owned(),
        what: What::Same,
        notes: Vec::new(),
        diffs: Vec::new(),
        before: mine.clone(),
        text: None,
        beside: None,
        starter: theirs.to_owned(),
    };
    let Some(mine) = mine else {
        change.what = What::Added;
        change.text = Some(theirs.to_owned());
        return change;
    };
    if mine == theirs || base.as_deref() == Some(theirs) {
        return change;
    }
    let new = |from: &str| ("what is new".to_owned(), diff(from, theirs));
    match base {
        Some(base) if base == mine => {
            change.what = What::Replaced;
            change.text = Some(theirs.to_owned());
            change.diffs.push(new(&base));
        }
        Some(base) => {
            change.what = What::Kept;
            change.beside = Some(theirs.to_owned());
            change
                .diffs
                .push(("what you changed".to_owned(), diff(&base, &mine)));
            change.diffs.push(new(&base));
        }
        None => {
            change.what = What::Kept;
            change.beside = Some(theirs.to_owned());
            change
                .notes
                .push("what it was written as is not known any more".to_owned());
            change
                .diffs
                .push(("from yours to the new one".to_owned(), diff(&mine, theirs)));
        }
    }
    change
}

/// A JSON file that was edited gets what is new key by key, where nobody has to choose.
fn json(base: Option<String>, mut change: Change) -> Change {
    let (What::Kept, Some(base), Some(mine)) = (change.what, base, &change.before) else {
        return change;
    };
    if change.path.ends_with(".json")
        && let Some(text) = merged(&base, mine, &change.starter)
    {
        change.what = What::Merged;
        change.beside = None;
        change.diffs = vec![("what changes".to_owned(), diff(mine, &text))];
        change.text = Some(text);
    }
    change
}

/// npm installs only what both files say: where one of them stays, so does the other.
fn together(changes: &mut [Change]) {
    let of = |change: &&mut Change| PACKAGES.contains(&change.path.as_str());
    let mut pair: Vec<&mut Change> = changes.iter_mut().filter(of).collect();
    if pair.iter().all(|change| change.what != What::Kept) {
        return;
    }
    let new = pair.iter_mut().filter(|change| change.text.is_some());
    for change in new {
        change.what = What::Kept;
        change.text = None;
        change.beside = Some(change.starter.clone());
    }
    if let Some(change) = pair.first_mut() {
        let words = "package.json and package-lock.json go together: put the new lines in, then run npm install --ignore-scripts";
        change.notes.push(words.to_owned());
    }
}

/// Settings: edited as they are meant to be, so new lines are merged in, and old names become new ones.
fn settings(base: Option<String>, mine: Option<String>, theirs: &str) -> Result<Change, Fail> {
    let mut change = compare(SETTINGS, base.clone(), mine, theirs);
    if let (What::Kept, Some(base), Some(mine)) = (change.what, &base, &change.before)
        && let Some(merged) = merge(base, mine, theirs)?
    {
        change.what = What::Merged;
        change.beside = None;
        change.diffs = vec![("what changes".to_owned(), diff(mine, &merged))];
        change.text = Some(merged);
    }
    let now = change.text.as_ref().or(change.before.as_ref());
    let (text, notes) = renamed(now.map_or("", String::as_str), renamed::today());
    if !notes.is_empty() {
        if change.what == What::Same {
            change.what = What::Merged;
        }
        change.text = Some(text);
        change.notes.extend(notes);
    }
    Ok(change)
}

/// The three texts in one; None where both sides changed the same lines.
fn merge(base: &str, mine: &str, theirs: &str) -> Result<Option<String>, Fail> {
    let place = tempfile::tempdir()?;
    let folder = Folder::open(place.path()).map_err(|error| Fail::failed(error.to_string()))?;
    for (name, text) in [("mine", mine), ("base", base), ("theirs", theirs)] {
        let wrote = folder.write(name, text.as_bytes(), For::Owner);
        wrote.map_err(|error| Fail::failed(error.to_string()))?;
    }
    let words = ["merge-file", "-p", "-q", "mine", "base", "theirs"];
    let output = commits::output(place.path(), &words)?;
    let clean = output.status.success();
    Ok(clean.then(|| String::from_utf8_lossy(&output.stdout).into_owned()))
}

fn diff(from: &str, to: &str) -> String {
    similar::TextDiff::from_lines(from, to)
        .unified_diff()
        .context_radius(2)
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(base: Option<&str>, mine: Option<&str>, theirs: &str) -> Change {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        compare("souls/qa.md", owned(base), owned(mine), theirs)
    }

    #[test]
    fn what_nobody_edited_is_replaced_and_what_somebody_edited_stays() {
        assert_eq!(of(Some("a"), Some("a"), "a").what, What::Same);
        assert_eq!(of(Some("a"), None, "a").text.as_deref(), Some("a"));
        let replaced = of(Some("a\n"), Some("a\n"), "b\n");
        assert_eq!(replaced.what, What::Replaced);
        assert!(replaced.diffs[0].1.contains("-a\n+b\n"), "{replaced:?}");
        let yours = of(Some("a"), Some("mine"), "a");
        assert_eq!((yours.what, yours.text), (What::Same, None));
        let kept = of(Some("a\n"), Some("mine\n"), "b\n");
        assert_eq!((kept.what, kept.text.clone()), (What::Kept, None));
        assert_eq!(kept.beside.as_deref(), Some("b\n"));
        assert!(kept.diffs[0].1.contains("+mine") && kept.diffs[1].1.contains("+b"));
        let unknown = of(None, Some("mine"), "b");
        assert_eq!((unknown.what, unknown.diffs.len()), (What::Kept, 1));
    }

    #[test]
    fn settings_are_merged_line_by_line() {
        let base = "# a = 1\n\n\n# b = 2\n";
        let mine = "a = 5\n\n\n# b = 2\n";
        let theirs = "# a = 1\n\n\n# b = 3\n# c = 4\n";
        let merged = settings(Some(base.into()), Some(mine.into()), theirs).unwrap();
        assert_eq!(merged.what, What::Merged);
        let text = merged.text.unwrap();
        assert_eq!(text, "a = 5\n\n\n# b = 3\n# c = 4\n");
        let both = settings(Some(base.into()), Some("a = 5\n".into()), "# a = 7\n").unwrap();
        assert_eq!((both.what, both.text), (What::Kept, None));
    }
}

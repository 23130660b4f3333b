//! Putting right what loses nothing, under the home's lock: what is about to be replaced is copied aside first, and each
//! thing done is said in a sentence.

use super::finding::{Finding, Fix};
use super::{Checks, Cut, Report, check};
use crate::adapters::git::GitRepo;
use crate::adapters::store::FileStore;
use crate::adapters::store::files;
use crate::adapters::store::fold::SEGMENT_CAP;
use crate::adapters::store::layout::{FOLDER, Layout};
use crate::domain::event::{EventBody, NewEvent};
use crate::domain::factory::Factory;
use crate::domain::item::Item;
use crate::factory::ports::clock::Clock;
use crate::factory::ports::repo::{Repo, RepoError};
use crate::factory::ports::store::{Paper, Store, StoreError};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What was done, and what is left.
#[derive(Clone, Debug, Default)]
pub struct Repaired {
    /// In words.
    pub done: Vec<String>,
    /// What could not be done, in words.
    pub failed: Vec<String>,
    /// Folder of the copies made first, relative to the home; None when nothing was replaced.
    pub copies: Option<String>,
    /// What is found now.
    pub report: Report,
}

/// Checks, puts right and checks again; `by` is the actor named in the journal.
pub fn repair(
    checks: &Checks,
    store: &FileStore,
    clock: &Arc<dyn Clock>,
    by: &str,
) -> Result<Repaired, Cut> {
    let mut out = Repaired::default();
    let found = check(checks)?;
    let fixable: Vec<&Finding> = found.findings.iter().filter(|f| f.fix.is_some()).collect();
    if fixable.is_empty() {
        out.report = found;
        return Ok(out);
    }
    let mut hands = Hands {
        layout: Layout::new(checks.home),
        checks,
        store,
        copies: None,
        stamp: clock.now().format("%Y%m%dT%H%M%SZ").to_string(),
    };
    hands.copy_all(&fixable)?;
    hands.before_start(&fixable, &mut out)?;
    let loaded = store.load()?;
    out.done.extend(loaded.repaired);
    // It is for the engine to judge: what is written here must not push it aside for good.
    let claim = match loaded.claim {
        Some(_) => files::read(&hands.layout.at("state.json"), files::CAP)?,
        None => None,
    };
    if claim.is_some() {
        hands.copy(&format!("{FOLDER}/state.json"))?;
    }
    let Some(mut factory) = loaded.factory else {
        out.report = check(checks)?;
        return Ok(out);
    };
    for finding in &fixable {
        if let Some(done) = hands.other(finding, &factory) {
            hands.tell(&mut out, done);
        }
    }
    out.copies.clone_from(&hands.copies);
    note(&mut out, store, &mut factory, clock, by)?;
    if let Some(bytes) = claim {
        hands.put_again("state.json", &bytes)?;
    }
    out.report = match check(checks) {
        Err(Cut::Stopped) => {
            out.failed
                .push("the home was not looked at again: stopped".to_owned());
            found
        }
        checked => checked?,
    };
    Ok(out)
}

/// What was done goes into the journal, and the fold beside it is made up to date.
fn note(
    out: &mut Repaired,
    store: &FileStore,
    factory: &mut Factory,
    clock: &Arc<dyn Clock>,
    by: &str,
) -> Result<(), StoreError> {
    if out.done.is_empty() {
        return Ok(());
    }
    let sentence = format!("verify --repair: {}", out.done.join("; "));
    let noted = NewEvent {
        tool: None,
        actor: by.to_owned(),
        body: EventBody::Noted { sentence },
    };
    if let Err(error) = store.commit(factory, vec![noted], clock.now()) {
        let words = format!("what was done is not in the journal: {error}");
        out.failed.push(words);
    }
    store.close(factory)
}

type Done = Result<String, String>;

struct Hands<'a> {
    layout: Layout,
    checks: &'a Checks<'a>,
    store: &'a FileStore,
    copies: Option<String>,
    stamp: String,
}

impl Hands<'_> {
    fn tell(&self, out: &mut Repaired, done: Done) {
        match done {
            Ok(words) => out.done.push(words),
            Err(words) => out.failed.push(words),
        }
    }

    /// Copies of all that is about to be replaced.
    fn copy_all(&mut self, findings: &[&Finding]) -> Result<(), StoreError> {
        let starts = findings.iter().any(|f| f.fix == Some(Fix::Start));
        let documents = ["state.json", "control.json", "journal.jsonl"];
        let started = documents
            .iter()
            .filter(|_| starts)
            .map(|n| format!("{FOLDER}/{n}"));
        let replaced = findings.iter().filter(|f| !f.place.contains(' '));
        let mut all: Vec<String> = replaced.map(|f| f.place.clone()).chain(started).collect();
        all.sort_unstable();
        all.dedup();
        for place in all {
            self.copy(&place)?;
        }
        Ok(())
    }

    /// What must be so before the journal is read.
    fn before_start(&self, findings: &[&Finding], out: &mut Repaired) -> Result<(), StoreError> {
        for finding in findings {
            // Reading goes by the names of segments.
            if let Some(Fix::Segment { from, to }) = &finding.fix {
                self.tell(out, self.segment(from, to));
            }
            // One that cannot be used, or knows more than the journal, must not be begun with.
            if finding.fix == Some(Fix::Snapshot) {
                let path = self.layout.segments().join("snapshot.json");
                match std::fs::remove_file(&path) {
                    Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                        return Err(files::trouble(&path, &e));
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }

    fn copy(&mut self, place: &str) -> Result<(), StoreError> {
        let from = self.layout.home.join(place);
        if !from.is_file() {
            return Ok(());
        }
        let folder = format!("{FOLDER}/backup/{}", self.stamp);
        let to: PathBuf = self.layout.home.join(&folder).join(place);
        let dir = to.parent().unwrap_or(Path::new(".")).to_owned();
        files::make_dir(&dir)?;
        std::fs::copy(&from, &to).map_err(|e| files::trouble(&to, &e))?;
        let synced = std::fs::File::open(&to).and_then(|file| file.sync_all());
        synced.map_err(|e| files::trouble(&to, &e))?;
        files::sync_dir(&dir)?;
        self.copies = Some(folder);
        Ok(())
    }

    /// Puts a file back as it was, where it is another one now.
    fn put_again(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        let path = self.layout.at(name);
        match files::read(&path, files::CAP)?.as_deref() == Some(bytes) {
            true => Ok(()),
            false => files::put(&self.layout.dir, &path, bytes, true),
        }
    }

    fn segment(&self, from: &str, to: &str) -> Done {
        let dir = self.layout.segments();
        if dir.join(to).exists() {
            return Err(format!(
                "journal/{from} was not renamed: journal/{to} is there already"
            ));
        }
        let renamed = std::fs::rename(dir.join(from), dir.join(to));
        renamed.map_err(|e| format!("journal/{from} was not renamed: {}", files::why(&e)))?;
        files::sync_dir(&dir).map_err(|e| e.to_string())?;
        Ok(format!(
            "journal/{from} was renamed to journal/{to}, after its first event"
        ))
    }

    /// What a start does not do; None where it has been done already.
    fn other(&self, finding: &Finding, factory: &Factory) -> Option<Done> {
        let place = &finding.place;
        Some(match finding.fix.as_ref()? {
            Fix::Start | Fix::Segment { .. } => return None,
            Fix::Snapshot => {
                let saved = self.store.close(factory).map_err(|e| e.to_string());
                saved.map(|()| format!("{place} was made again from the journal"))
            }
            Fix::Wishlist => match self.wishlist(factory) {
                Ok(true) => Ok(format!(
                    "{place} has the engine's fields as the journal has them"
                )),
                Ok(false) => return None,
                Err(error) => Err(error.to_string()),
            },
            Fix::Brief => {
                let text = (self.checks.brief)(factory);
                let put = self
                    .store
                    .put(&Paper::Brief, &text)
                    .map_err(|e| e.to_string());
                put.map(|()| format!("{place} was written anew"))
            }
            Fix::Paper { bytes, from } => self
                .paper(place, bytes)
                .map(|()| format!("{place} was put back from {from}")),
            Fix::Tag { tag, commit } => self
                .git(|repo| repo.tag_again(tag, commit))
                .map(|()| format!("tag {tag} was made again at {commit}")),
            Fix::Branch { branch, commit } => self
                .git(|repo| repo.branch_again(branch, commit))
                .map(|()| format!("branch {branch} was made again at {commit}")),
            Fix::Worktree => self
                .git(|repo| repo.close())
                .map(|()| format!("{place} was put away; what it held is on its branch")),
        })
    }

    fn git(&self, work: impl FnOnce(&GitRepo) -> Result<(), RepoError>) -> Result<(), String> {
        let repo = GitRepo::open(&self.layout.home).map_err(|e| e.to_string())?;
        work(&repo).map_err(|e| e.to_string())
    }

    fn paper(&self, place: &str, bytes: &[u8]) -> Result<(), String> {
        let target = self.layout.home.join(place);
        let dir = target.parent().unwrap_or(&self.layout.dir).to_owned();
        let put = files::make_dir(&dir).and_then(|()| files::put(&dir, &target, bytes, true));
        put.map_err(|e| e.to_string())
    }

    /// Ideas and priorities stay as people have them in the file. False: one fix has served all.
    fn wishlist(&self, factory: &Factory) -> Result<bool, StoreError> {
        let entries = self.store.wishlist()?.now;
        let theirs = |item: &Item| {
            let found = entries
                .iter()
                .find(|(_, _, name)| name.as_ref() == Some(&item.name));
            let mut item = item.clone();
            if let Some((idea, priority, _)) = found {
                item.idea.clone_from(idea);
                item.priority = *priority;
            }
            item
        };
        let there = |item: &Item| {
            entries
                .iter()
                .any(|(_, _, name)| name.as_ref() == Some(&item.name))
        };
        let before = files::read(&self.layout.at("wishlist.json"), SEGMENT_CAP)?;
        // One that a person took out stays out until the engine has dealt with that.
        let items = factory.items.iter().filter(|item| there(item));
        let items: Vec<Item> = items.map(theirs).collect();
        self.store.put_wishlist(&items)?;
        Ok(files::read(&self.layout.at("wishlist.json"), SEGMENT_CAP)? != before)
    }
}

//! Specs, held-out cases, bug reports, reviews and evidence against what the journal says of them. A file that is gone
//! or differs is looked for among its copies: the numbered spec, and what was shipped into main.

use super::finding::{Finding, Fix};
use super::journal::{Record, Told};
use super::{Checks, Cut, Report, told};
use crate::adapters::git::GitRepo;
use crate::adapters::store::files;
use crate::adapters::store::layout::{self, FOLDER, Layout};
use crate::adapters::store::statefile::sha256;
use crate::domain::event::RunSummary;
use crate::domain::evidence::Evidence;
use crate::domain::factory::Factory;
use crate::domain::item::{Item, ItemStatus};
use crate::domain::phase::Phase;
use crate::factory::ports::store::{Paper, StoreError};
use std::collections::BTreeMap;
use std::path::Path;

const AREA: &str = "papers";

/// Largest paper read.
const CAP: u64 = 64 * 1024 * 1024;

/// Papers between two words on how far it is.
const STEP: usize = 16;

/// Holds every paper the journal speaks of against its file.
pub fn check(
    layout: &Layout,
    checks: &Checks,
    journal: &Told,
    report: &mut Report,
) -> Result<(), Cut> {
    let repo = GitRepo::at(checks.home).ok();
    let all = journal.papers.len();
    for (at, (path, (seq, record, paper))) in journal.papers.iter().enumerate() {
        if at % STEP == 0 {
            told(checks, AREA, at, all)?;
        }
        report.papers += 1;
        if let Some(what) = differs(&layout.dir.join(path), record)? {
            if rotated(journal, paper, *seq) && !layout.dir.join(path).exists() {
                report.rotated += 1;
                continue;
            }
            let copy = |bytes: &[u8]| wrong_with(record, bytes).is_none();
            let place = format!("{FOLDER}/{path}");
            let what = format!("{what} (event {seq})");
            let found = Finding::wrong(AREA, &*place, what);
            report
                .findings
                .push(mended(found, &place, repo.as_ref(), copy));
        }
    }
    if let Some(factory) = &journal.factory {
        current(layout, factory, journal, report)?;
        strays(layout, factory, journal, report);
    }
    Ok(())
}

/// Housekeeping took it away, and the journal says so.
fn rotated(journal: &Told, paper: &Paper, seq: u64) -> bool {
    match paper {
        Paper::Evidence { tool, .. } => journal.rotated.get(tool).is_some_and(|at| *at > seq),
        _ => false,
    }
}

/// With a copy to put back, or words on what to do without one.
fn mended(
    finding: Finding,
    place: &str,
    repo: Option<&GitRepo>,
    fits: impl Fn(&[u8]) -> bool,
) -> Finding {
    let shipped = repo.and_then(|repo| repo.blob("main", place));
    match shipped.filter(|bytes| fits(bytes)) {
        Some(bytes) => finding
            .todo(format!(
                "git has it as it was (git show main:{place}); --repair puts that back"
            ))
            .fix(Fix::Paper {
                bytes,
                from: "main".to_owned(),
            }),
        None => finding.todo("put it back from a copy if you have one"),
    }
}

/// Why a file is not what the journal says; None when it is.
fn differs(path: &Path, record: &Record) -> Result<Option<String>, Cut> {
    match files::read(path, CAP) {
        Ok(Some(bytes)) => Ok(wrong_with(record, &bytes)),
        Ok(None) => Ok(Some("it is in the journal and not there".to_owned())),
        Err(StoreError::Bad(why)) => Ok(Some(why)),
        Err(error) => Err(error.into()),
    }
}

fn wrong_with(record: &Record, bytes: &[u8]) -> Option<String> {
    match record {
        Record::Spec(hash) if sha256(bytes) != *hash => Some(
            "it is not the spec that was accepted: its hash differs from the journal".to_owned(),
        ),
        Record::Cases(count) => {
            let blank = |line: &&[u8]| line.iter().all(u8::is_ascii_whitespace);
            let lines = bytes
                .split(|b| *b == b'\n')
                .filter(|line| !blank(line))
                .count();
            (lines != *count as usize)
                .then(|| format!("it holds {lines} held-out cases and the journal counted {count}"))
        }
        Record::Run(run) => evidence(run, bytes),
        Record::There if bytes.is_empty() => Some("it is empty".to_owned()),
        Record::Spec(_) | Record::There => None,
    }
}

fn evidence(run: &RunSummary, bytes: &[u8]) -> Option<String> {
    let found: Evidence = match serde_json::from_slice(bytes) {
        Ok(found) => found,
        Err(error) => return Some(format!("it cannot be read as evidence: {error}")),
    };
    let said = |green: bool| if green { "passed" } else { "failed" };
    if found.run != run.run || found.tree != run.tree {
        return Some(format!(
            "it is of run {} over tree {}, and the journal has run {} over tree {}",
            found.run, found.tree, run.run, run.tree
        ));
    }
    (found.green() != run.green).then(|| {
        format!(
            "its gates {} and the journal says they {}",
            said(found.green()),
            said(run.green)
        )
    })
}

/// specs/<tool>.md is the newest accepted spec, once it is accepted.
fn current(
    layout: &Layout,
    factory: &Factory,
    journal: &Told,
    report: &mut Report,
) -> Result<(), Cut> {
    for item in factory.items.iter().filter(|item| settled(factory, item)) {
        let Some(n) = factory
            .facts(&item.name)
            .map(|facts| facts.specs)
            .filter(|n| *n > 0)
        else {
            continue;
        };
        let tool = item.name.clone();
        let kept = layout::inside(&Paper::SpecVersion {
            tool: tool.clone(),
            n,
        });
        let Some((seq, record, _)) = journal.papers.get(&kept) else {
            continue;
        };
        let path = layout::inside(&Paper::Spec { tool });
        report.papers += 1;
        let Some(what) = differs(&layout.dir.join(&path), record)? else {
            continue;
        };
        let found = Finding::wrong(
            AREA,
            format!("{FOLDER}/{path}"),
            format!("{what} (event {seq})"),
        );
        let copy = files::read(&layout.dir.join(&kept), CAP)?;
        let copy = copy.filter(|bytes| wrong_with(record, bytes).is_none());
        report.findings.push(match copy {
            Some(bytes) => found
                .todo(format!(
                    "{FOLDER}/{kept} is that spec; --repair puts it back"
                ))
                .fix(Fix::Paper { bytes, from: kept }),
            None => found.todo("put it back from a copy if you have one"),
        });
    }
    Ok(())
}

/// The tool is past its spec: nobody writes a draft of it now.
fn settled(factory: &Factory, item: &Item) -> bool {
    let under_way = factory.current_tool.as_deref() == Some(item.name.as_str());
    let (phase, escalation) = match under_way {
        true => (Some(factory.phase), &factory.escalation),
        false => (item.phase, &item.escalation),
    };
    let drafts = |phase: Phase| matches!(phase, Phase::Spec | Phase::SpecReview);
    let escalated = escalation.as_ref().is_some_and(|e| drafts(e.from));
    match item.status {
        ItemStatus::Shipped => true,
        ItemStatus::Building | ItemStatus::InReview | ItemStatus::NeedsHuman => {
            !escalated && phase.is_some_and(|phase| !drafts(phase))
        }
        ItemStatus::Wanted | ItemStatus::Dropped => false,
    }
}

/// Numbered papers that the journal does not know: of a crash, or from before it began.
fn strays(layout: &Layout, factory: &Factory, journal: &Told, report: &mut Report) {
    let mut found: BTreeMap<&str, (usize, String)> = BTreeMap::new();
    for kind in ["specs", "bugs", "reviews", "evidence", "acceptance"] {
        for item in factory.items.iter() {
            let folder = format!("{kind}/{}", item.name);
            for name in files::names(&layout.dir.join(&folder)) {
                let path = format!("{folder}/{name}");
                if !name.starts_with('.') && !journal.papers.contains_key(&path) {
                    let (count, first) = found.entry(kind).or_insert_with(|| (0, path.clone()));
                    *count += 1;
                    first.clone_from(&path.min(first.clone()));
                }
            }
        }
    }
    for (count, first) in found.into_values() {
        let what = match count {
            1 => "the journal does not speak of it".to_owned(),
            n => format!(
                "the journal does not speak of it, nor of {} more beside it",
                n - 1
            ),
        };
        let todo = "a cut left it, another program wrote it, or it is older than the journal; nothing needs to be done";
        report
            .findings
            .push(Finding::note(AREA, format!("{FOLDER}/{first}"), what).todo(todo));
    }
}

//! Tags, merges, branches and the worktree against the items of the journal.

use super::finding::{Finding, Fix};
use super::journal::{Ship, Told};
use super::{Checks, Cut, Report, told};
use crate::adapters::git::{GitRepo, Refs};
use crate::adapters::store::layout::{FOLDER, Layout, kebab};
use crate::domain::factory::Factory;
use crate::domain::item::ItemStatus;
use crate::domain::phase::Phase;
use crate::factory::ports::repo::RepoError;
use std::collections::{BTreeMap, BTreeSet};

const AREA: &str = "git";

/// Ships between two words on how far it is.
const STEP: usize = 16;

/// Holds git against the items.
pub fn check(
    layout: &Layout,
    checks: &Checks,
    journal: &Told,
    report: &mut Report,
) -> Result<(), Cut> {
    told(checks, AREA, 0, 1)?;
    let look = || -> Result<(GitRepo, Refs), RepoError> {
        let repo = GitRepo::open(checks.home)?;
        let refs = repo.look()?;
        Ok((repo, refs))
    };
    let (repo, refs) = match look() {
        Ok(found) => found,
        Err(error) => {
            let todo = "put the repository right; nothing of it was checked";
            report
                .findings
                .push(Finding::wrong(AREA, ".git", error.to_string()).todo(todo));
            return Ok(());
        }
    };
    report.refs = refs.tags.len() + refs.branches.len();
    ships(checks, journal, &repo, &refs, report)?;
    let Some(factory) = &journal.factory else {
        return Ok(());
    };
    unknown_tags(journal, factory, &refs, report);
    branches(factory, &repo, &refs, report);
    worktree(layout, factory, &refs, report);
    Ok(())
}

/// Each ship has its tag, in main, over the tree that was measured.
fn ships(
    checks: &Checks,
    journal: &Told,
    repo: &GitRepo,
    refs: &Refs,
    report: &mut Report,
) -> Result<(), Cut> {
    let newest: BTreeMap<&str, &str> = journal
        .ships
        .iter()
        .map(|s| (s.tool.as_str(), s.record.tag.as_str()))
        .collect();
    let all = journal.ships.len();
    for (at, ship) in journal.ships.iter().enumerate() {
        if at % STEP == 0 {
            told(checks, AREA, at, all)?;
        }
        let latest = newest.get(ship.tool.as_str()) == Some(&ship.record.tag.as_str());
        report.findings.extend(shipped(ship, latest, repo, refs));
    }
    Ok(())
}

fn shipped(ship: &Ship, latest: bool, repo: &GitRepo, refs: &Refs) -> Option<Finding> {
    let (tag, commit) = (&ship.record.tag, &ship.record.commit);
    let wrong = |what: String| Finding::wrong(AREA, format!("tag {tag}"), what);
    match refs.tags.get(tag) {
        None if repo.knows(commit).unwrap_or(false) => {
            let fix = Fix::Tag {
                tag: tag.clone(),
                commit: commit.clone(),
            };
            let what = format!(
                "{} was shipped as commit {commit} and the tag is not there",
                ship.tool
            );
            let todo = format!("--repair makes it again (git tag -a {tag} {commit})");
            return Some(wrong(what).todo(todo).fix(fix));
        }
        None => {
            let what = format!(
                "{} was shipped, and neither tag nor commit {commit} are there",
                ship.tool
            );
            return Some(wrong(what).todo("fetch them from a copy of the repository"));
        }
        Some(found) if found != commit => {
            let what = format!("it stands for commit {found} and the journal shipped {commit}");
            let todo = "find out who moved it; git tag -f puts it back";
            return Some(wrong(what).todo(todo));
        }
        Some(_) => {}
    }
    if !refs.main.contains(commit) {
        let what = format!("its commit {commit} is not in main any more");
        return Some(
            wrong(what).todo("main was rewound: merge the tag into it again, or leave it so"),
        );
    }
    // What main holds now is the same for nearly all tools; git is asked only where it is not.
    let measured = ship.tree.as_ref().filter(|_| latest)?;
    if refs.trees.get(&ship.tool) == Some(measured) {
        return None;
    }
    match repo.tree_in(commit, &ship.tool) {
        Ok(Some(tree)) if tree == *measured => None,
        _ => {
            let what = format!(
                "the tree of tools/{} in it is not {measured}, which the gates measured",
                ship.tool
            );
            Some(wrong(what).todo("reopen the tool: it is measured and shipped anew"))
        }
    }
}

/// Tags like ours that no ship made.
fn unknown_tags(journal: &Told, factory: &Factory, refs: &Refs, report: &mut Report) {
    let known: BTreeSet<&str> = journal
        .ships
        .iter()
        .map(|s| s.record.tag.as_str())
        .collect();
    // Of a tool with an adopted tag older ones were there as well.
    let adopted: BTreeSet<&str> = journal
        .adopted
        .iter()
        .filter_map(|tag| Some(tag.rsplit_once('@')?.0))
        .collect();
    for (tag, commit) in &refs.tags {
        let Some((tool, version)) = tag.rsplit_once('@') else {
            continue;
        };
        let ours = kebab(tool) && version.split('.').count() == 3;
        if !ours || adopted.contains(tool) || known.contains(tag.as_str()) {
            continue;
        }
        let place = format!("tag {tag}");
        let what = format!("it stands for commit {commit}, and the journal knows no such ship");
        let shipping =
            factory.phase == Phase::Review && factory.current_tool.as_deref() == Some(tool);
        report.findings.push(match shipping {
            true => Finding::note(AREA, place, what)
                .todo("a ship was cut short; the engine goes on with it when it starts"),
            false => Finding::wrong(AREA, place, what)
                .todo("remove the tag if it was made by hand (git tag -d), or put the journal back from a copy"),
        });
    }
}

/// Work that is not shipped has its branch, with the newest commit in it.
fn branches(factory: &Factory, repo: &GitRepo, refs: &Refs, report: &mut Report) {
    for item in factory.items.iter() {
        let waits = match item.status {
            ItemStatus::Building | ItemStatus::InReview | ItemStatus::NeedsHuman => true,
            ItemStatus::Wanted => item.phase.is_some() && item.branch.is_some(),
            ItemStatus::Shipped | ItemStatus::Dropped => false,
        };
        let commit = factory
            .facts(&item.name)
            .and_then(|facts| facts.commit.as_ref());
        let (true, Some(branch), Some(commit)) = (waits, &item.branch, commit) else {
            continue;
        };
        let place = format!("branch {branch}");
        let there = refs.branches.contains_key(branch);
        if there && repo.holds(branch, commit).unwrap_or(true) {
            continue;
        }
        let kept = repo.knows(commit).unwrap_or(false);
        let finding = match (there, kept) {
            (true, _) => Finding::wrong(AREA, place, format!("it does not hold {commit}, the newest commit of {}", item.name))
                .todo(format!("somebody moved it: git branch -f {branch} {commit} puts it back, or requeue {} with --fresh", item.name)),
            (false, true) => Finding::wrong(AREA, place, format!("{} is not finished and its branch is not there", item.name))
                .todo(format!("--repair makes it again at {commit}"))
                .fix(Fix::Branch {
                    branch: branch.clone(),
                    commit: commit.clone(),
                }),
            (false, false) => Finding::wrong(AREA, place, format!("neither it nor {commit}, the newest commit of {}, are there", item.name))
                .todo(format!("fetch them from a copy, or requeue {} with --fresh", item.name)),
        };
        report.findings.push(finding);
    }
}

/// The worktree is that of the tool under way, or there is none.
fn worktree(layout: &Layout, factory: &Factory, refs: &Refs, report: &mut Report) {
    let place = format!("{FOLDER}/work");
    let wanted = factory
        .current_tool
        .as_ref()
        .filter(|_| factory.phase.active());
    let wanted = wanted.map(|tool| format!("tool/{tool}"));
    let ours = refs
        .worktree
        .as_ref()
        .is_none_or(|branch| branch.starts_with("tool/"));
    let finding = |what: String| {
        if !ours {
            let todo = "commit what is yours there and remove the worktree: dev-factory/work is the engine's";
            return Finding::wrong(AREA, &*place, what).todo(todo);
        }
        let todo = "the next start of the engine, or --repair, puts it away; what is not saved is committed first";
        Finding::wrong(AREA, &*place, what)
            .todo(todo)
            .fix(Fix::Worktree)
    };
    match (&refs.worktree, wanted) {
        (Some(branch), Some(wanted)) if *branch != wanted => {
            let what = format!("it holds {branch}, and {wanted} is under way");
            report.findings.push(finding(what));
        }
        (Some(branch), None) => {
            let what = format!("it holds {branch}, and no tool is under way");
            report.findings.push(finding(what));
        }
        (None, None) if layout.at("work").exists() => {
            let what = "it is no worktree of this home, and no tool is under way".to_owned();
            let todo = "look whether anything in it is yours, and remove it; the next start does";
            report
                .findings
                .push(Finding::note(AREA, &*place, what).todo(todo));
        }
        _ => {}
    }
    for tool in &refs.marks {
        let shipping = factory.current_tool.as_ref() == Some(tool);
        if !shipping {
            let what = format!("a shipment of {tool} was begun and not ended");
            let todo = "the next ship clears it";
            let place = format!("ref refs/dev-factory/ship/{tool}");
            report
                .findings
                .push(Finding::note(AREA, place, what).todo(todo));
        }
    }
}

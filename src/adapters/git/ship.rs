//! Shipping: merge without fast-forward, papers, one commit, one annotated tag. Every step can be the last before
//! a crash; calling again goes on from there. A ref of ours marks a shipment under way in the home's own work tree.

use super::{GitRepo, MAIN, branch, folder, locks, tags};
use crate::adapters::store::files::kind;
use crate::domain::condition::Trouble;
use crate::domain::event::ShipRecord;
use crate::factory::ports::repo::{RepoError, ShipOrder};
use std::fs;
use std::path::{Component, Path, PathBuf};

/// Where the mark of a shipment under way lies.
const MARK: &str = "refs/dev-factory/ship/";

/// None when a tool could be shipped into main now, else why not.
pub fn blocked(repo: &GitRepo) -> Result<Option<String>, RepoError> {
    let (code, head) = repo
        .git()?
        .code(&repo.home, &["symbolic-ref", "--quiet", "HEAD"])?;
    if code != 0 || head != format!("refs/heads/{MAIN}") {
        let at = head
            .strip_prefix("refs/heads/")
            .unwrap_or("a detached commit");
        let at = if at.is_empty() {
            "a detached commit"
        } else {
            at
        };
        return Ok(Some(format!(
            "the home has {at} checked out, not {MAIN}; run `git switch {MAIN}` there"
        )));
    }
    let marked = marked(repo)?;
    let foreign_merge = match &marked {
        Some((_, tip)) => !merging(repo, tip)?,
        None => true,
    };
    if foreign_merge && dot_git(repo)?.join("MERGE_HEAD").exists() {
        return Ok(Some(
            "a merge is under way in the home; finish it or run `git merge --abort` there".into(),
        ));
    }
    let foreign: Vec<String> = staged(repo)?
        .into_iter()
        .filter(|path| !marked.as_ref().is_some_and(|(tool, _)| ours(path, tool)))
        .collect();
    Ok(foreign.first().map(|path| {
        format!("the home has staged changes ({path}); commit them or run `git reset` there")
    }))
}

/// Ships; whatever an earlier call got done is kept.
pub fn ship(repo: &GitRepo, order: &ShipOrder) -> Result<ShipRecord, RepoError> {
    let order = &numbered(repo, order)?;
    let tag = format!("{}@{}", order.tool, order.version);
    let mark = format!("{MARK}{}", order.tool);
    if let Some(commit) = repo.commit_of(&format!("refs/tags/{tag}"))? {
        unmark(repo, &mark)?;
        return Ok(record(order, tag, commit));
    }
    let trailer = format!("Factory-Ship: {tag}");
    let commit = match committed(repo, &trailer)? {
        Some(commit) if holds(repo, &commit, order)? => commit,
        _ => commit(repo, order, &mark, &trailer)?,
    };
    let title = format!("{} {}", order.tool, order.version);
    let args = [
        "tag",
        "--annotate",
        "--no-sign",
        "-m",
        &title,
        &tag,
        &commit,
    ];
    repo.git()?.signed(&repo.home, &args)?;
    unmark(repo, &mark)?;
    Ok(record(order, tag, commit))
}

/// The order under its version, or the next one whose tag is free: a tag may be somebody's own, or of a shipment that was
/// cut short and after which the tool was judged again.
fn numbered(repo: &GitRepo, order: &ShipOrder) -> Result<ShipOrder, RepoError> {
    let mut order = order.clone();
    while let Some(commit) =
        repo.commit_of(&format!("refs/tags/{}@{}", order.tool, order.version))?
        && !holds(repo, &commit, &order)?
    {
        let next = tags::after(&order.version);
        order.message = order.message.replace(&order.version, &next);
        order.version = next;
    }
    Ok(order)
}

/// Whether a commit holds the tree that is to be shipped.
fn holds(repo: &GitRepo, commit: &str, order: &ShipOrder) -> Result<bool, RepoError> {
    Ok(repo.tree_in(commit, &order.tool)?.as_deref() == Some(order.tree.as_str()))
}

fn record(order: &ShipOrder, tag: String, commit: String) -> ShipRecord {
    ShipRecord {
        version: order.version.clone(),
        tag,
        commit,
    }
}

/// The commit of an earlier call that did not get to its tag.
fn committed(repo: &GitRepo, trailer: &str) -> Result<Option<String>, RepoError> {
    let grep = format!("--grep=^{}$", trailer.replace('.', "\\."));
    let args = [
        "log",
        "--first-parent",
        "--max-count=1",
        "--format=%H",
        &grep,
        MAIN,
    ];
    let found = repo.at_home(&args)?;
    Ok((!found.is_empty()).then_some(found))
}

/// Merge, papers, commit.
fn commit(
    repo: &GitRepo,
    order: &ShipOrder,
    mark: &str,
    trailer: &str,
) -> Result<String, RepoError> {
    if let Some(why) = blocked(repo)? {
        return Err(RepoError::Blocked(why));
    }
    let papers = papers(order)?;
    let name = format!("refs/heads/{}", branch(&order.tool));
    let tip = repo
        .commit_of(&name)?
        .ok_or_else(|| RepoError::Git(format!("the branch {} is gone", branch(&order.tool))))?;
    if repo.tree_in(&tip, &order.tool)?.as_deref() != Some(order.tree.as_str()) {
        return Err(RepoError::Moved(tip));
    }
    unlock(repo)?;
    if let Some(mark) = marked(repo)? {
        repair(repo, mark, &order.tool, &tip)?;
    }
    repo.at_home(&["update-ref", mark, &tip])?;
    let message = format!("{}\n\n{trailer}\n", order.message.trim_end());
    if !merging(repo, &tip)? {
        merge(repo, &tip, &message)?;
    }
    same_tree(repo, order)?;
    if !papers.is_empty() {
        let args = ["add", "--force", "--"];
        let args: Vec<&str> = args
            .into_iter()
            .chain(papers.iter().map(String::as_str))
            .collect();
        repo.at_home(&args)?;
    }
    let args = [
        "commit",
        "--quiet",
        "--allow-empty",
        "--no-verify",
        "--cleanup=verbatim",
        "-m",
        &message,
    ];
    repo.git()?.signed(&repo.home, &args)?;
    repo.at_home(&["rev-parse", "HEAD"])
}

fn merge(repo: &GitRepo, tip: &str, message: &str) -> Result<(), RepoError> {
    let args = [
        "merge",
        "--no-ff",
        "--no-commit",
        "--no-verify",
        "--no-stat",
        "--quiet",
        "-m",
        message,
        tip,
    ];
    let Err(error) = repo.git()?.signed(&repo.home, &args) else {
        return Ok(());
    };
    if dot_git(repo)?.join("MERGE_HEAD").exists() {
        repo.at_home(&["merge", "--abort"])?;
    }
    if let Some((tool, _)) = marked(repo)? {
        unmark(repo, &format!("{MARK}{tool}"))?;
    }
    Err(match error {
        RepoError::Git(words) => RepoError::Blocked(format!(
            "the tool cannot be merged into {MAIN}: {words}; move the files named out of the way"
        )),
        // Not main's fault: the same merge is tried again once it can be.
        other => other,
    })
}

/// What the merge came to must be what passed: main may have changes of its own in the tool's folder.
fn same_tree(repo: &GitRepo, order: &ShipOrder) -> Result<(), RepoError> {
    let prefix = format!("--prefix={}/", folder(&order.tool));
    if repo.at_home(&["write-tree", &prefix])? == order.tree {
        return Ok(());
    }
    if dot_git(repo)?.join("MERGE_HEAD").exists() {
        repo.at_home(&["merge", "--abort"])?;
    }
    unmark(repo, &format!("{MARK}{}", order.tool))?;
    Err(RepoError::Blocked(format!(
        "{MAIN} holds changes in {} that no run has measured; revert them there, or requeue {} with fresh",
        folder(&order.tool),
        order.tool
    )))
}

/// Clears what a crash left of a merge; one that was complete for this very tip stays.
fn repair(
    repo: &GitRepo,
    (old, merged): (String, String),
    tool: &str,
    tip: &str,
) -> Result<(), RepoError> {
    if old == tool && merging(repo, tip)? && unmerged(repo)?.is_empty() {
        return Ok(());
    }
    let git = dot_git(repo)?;
    repo.at_home(&["read-tree", "HEAD"])?;
    for name in ["MERGE_HEAD", "MERGE_MSG", "MERGE_MODE", "AUTO_MERGE"] {
        let path = git.join(name);
        if path.exists() {
            fs::remove_file(&path).map_err(|error| broken(&path, &error))?;
        }
    }
    undo_files(repo, &old, &merged)?;
    repo.at_home(&["update-ref", "-d", &format!("{MARK}{old}")])?;
    repo.git()?
        .code(&repo.home, &["update-index", "-q", "--refresh"])
        .map(drop)
}

/// Puts the tool's files that the merge wrote back to HEAD; a file with any other content is a person's and stays.
fn undo_files(repo: &GitRepo, tool: &str, merged: &str) -> Result<(), RepoError> {
    let folder = folder(tool);
    let theirs = listing(repo, merged, &folder)?;
    let before = listing(repo, "HEAD", &folder)?;
    for (path, blob) in &theirs {
        let file = repo.home.join(path);
        let Ok(meta) = fs::symlink_metadata(&file) else {
            continue;
        };
        let text = file.to_string_lossy().into_owned();
        let same = meta.is_file()
            && (meta.len() == 0
                || repo.at_home(&["hash-object", "--no-filters", "--", &text])? == *blob);
        if same && !before.iter().any(|(known, _)| known == path) {
            fs::remove_file(&file).map_err(|error| broken(&file, &error))?;
        }
    }
    for (path, blob) in &before {
        let file = repo.home.join(path);
        let text = file.to_string_lossy().into_owned();
        let lost = match fs::symlink_metadata(&file) {
            Err(_) => true,
            Ok(meta) if !meta.is_file() => false,
            Ok(meta) => {
                let now = repo.at_home(&["hash-object", "--no-filters", "--", &text])?;
                now != *blob && (meta.len() == 0 || theirs.iter().any(|(_, id)| *id == now))
            }
        };
        if lost {
            repo.at_home(&["checkout", "--quiet", "HEAD", "--", path])?;
        }
    }
    Ok(())
}

/// (path, blob) of the files of a folder in a commit.
fn listing(repo: &GitRepo, commit: &str, folder: &str) -> Result<Vec<(String, String)>, RepoError> {
    let args = ["ls-tree", "-r", "-z", "--full-tree", commit, "--", folder];
    let text = repo.at_home(&args)?;
    let entry = |line: &str| {
        let (meta, path) = line.split_once('\t')?;
        Some((path.to_string(), meta.rsplit(' ').next()?.to_string()))
    };
    Ok(text.split('\0').filter_map(entry).collect())
}

/// Whether main is in the middle of merging this commit.
fn merging(repo: &GitRepo, tip: &str) -> Result<bool, RepoError> {
    let path = dot_git(repo)?.join("MERGE_HEAD");
    Ok(fs::read_to_string(path).is_ok_and(|text| text.trim() == tip))
}

fn unmerged(repo: &GitRepo) -> Result<String, RepoError> {
    repo.at_home(&["ls-files", "--unmerged"])
}

/// Paths whose index entry differs from HEAD.
fn staged(repo: &GitRepo) -> Result<Vec<String>, RepoError> {
    let args = [
        "diff-index",
        "--cached",
        "--name-only",
        "--no-ext-diff",
        "-z",
        "HEAD",
        "--",
    ];
    let names = repo.at_home(&args)?;
    let paths = names.split('\0').filter(|path| !path.is_empty());
    Ok(paths.map(ToString::to_string).collect())
}

/// Whether a shipment of the tool stages this path.
fn ours(path: &str, tool: &str) -> bool {
    path.starts_with(&format!("tools/{tool}/")) || path.starts_with("dev-factory/")
}

/// The tool and tip whose shipment is under way; a mark whose merge is in main has done its work and goes.
fn marked(repo: &GitRepo) -> Result<Option<(String, String)>, RepoError> {
    let format = "--format=%(objectname) %(refname)";
    for line in repo.at_home(&["for-each-ref", format, MARK])?.lines() {
        let Some((tip, name)) = line.split_once(' ') else {
            continue;
        };
        let merged = ["merge-base", "--is-ancestor", tip, "HEAD"];
        if repo.git()?.code(&repo.home, &merged)?.0 == 0 {
            unmark(repo, name)?;
        } else if let Some(tool) = name.strip_prefix(MARK) {
            return Ok(Some((tool.to_string(), tip.to_string())));
        }
    }
    Ok(None)
}

fn unmark(repo: &GitRepo, mark: &str) -> Result<(), RepoError> {
    repo.at_home(&["update-ref", "-d", mark]).map(drop)
}

/// Papers as paths inside the home.
fn papers(order: &ShipOrder) -> Result<Vec<String>, RepoError> {
    let inside = |path: &PathBuf| {
        let plain = path
            .components()
            .all(|part| matches!(part, Component::Normal(_)));
        match path.to_str() {
            Some(text) if plain && text.starts_with("dev-factory/") => Ok(text.to_string()),
            _ => Err(RepoError::Git(format!(
                "{} is not a paper under dev-factory/",
                path.display()
            ))),
        }
    };
    order.papers.iter().map(inside).collect()
}

/// A lock that has lain there for a while and that nobody holds goes; any other is waited for.
fn unlock(repo: &GitRepo) -> Result<(), RepoError> {
    let lock = dot_git(repo)?.join("index.lock");
    if !lock.exists() {
        return Ok(());
    }
    if locks::left(&repo.home, &lock) {
        return fs::remove_file(&lock).map_err(|error| broken(&lock, &error));
    }
    Err(RepoError::Trouble(
        Trouble::GitLock,
        format!(
            "'{}': File exists; another git may be at work in the home",
            lock.display()
        ),
    ))
}

fn dot_git(repo: &GitRepo) -> Result<PathBuf, RepoError> {
    repo.at_home(&["rev-parse", "--absolute-git-dir"])
        .map(PathBuf::from)
}

fn broken(path: &Path, error: &std::io::Error) -> RepoError {
    RepoError::Trouble(kind(error), format!("{}: {error}", path.display()))
}

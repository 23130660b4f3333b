//! What attempts at a tool begin with: a ref for each first one, beside the branches, so that one that was cut can be
//! made again from the same files.

use super::GitRepo;
use super::worktree::{KEPT, reset, save};
use crate::factory::ports::repo::RepoError;

/// Where they are kept: `<tool>/<attempt>` below.
const BEGUN: &str = "refs/dev-factory/begun/";

/// Puts back what the first of the cut attempts began with, and says what lay there; keeps what is there without one.
pub fn begin(
    repo: &GitRepo,
    tool: &str,
    attempt: u64,
    cut: &[u64],
) -> Result<Option<String>, RepoError> {
    let there = all(repo, &format!("{tool}/"))?;
    let of = |id: &u64| {
        let name = format!("{BEGUN}{tool}/{id}");
        there.iter().find(|(known, _)| *known == name)
    };
    let (_, tip) = save(repo, tool, KEPT)?;
    if let Some((_, commit)) = cut.iter().find_map(of) {
        if *commit == tip {
            return Ok(None);
        }
        reset(repo, tool, commit)?;
        return Ok(Some(tip));
    }
    forget(repo, &format!("{tool}/"))?;
    repo.at_home(&["update-ref", &format!("{BEGUN}{tool}/{attempt}"), &tip])?;
    Ok(None)
}

/// Attempts of a tool that are still under way are taken to have begun with this commit.
pub fn move_to(repo: &GitRepo, tool: &str, commit: &str) -> Result<(), RepoError> {
    for (name, _) in all(repo, &format!("{tool}/"))? {
        repo.at_home(&["update-ref", &name, commit])?;
    }
    Ok(())
}

/// Forgets those of a tool (`<tool>/`), or of all.
pub fn forget(repo: &GitRepo, below: &str) -> Result<(), RepoError> {
    for (name, _) in all(repo, below)? {
        repo.at_home(&["update-ref", "-d", &name])?;
    }
    Ok(())
}

/// Names and commits.
fn all(repo: &GitRepo, below: &str) -> Result<Vec<(String, String)>, RepoError> {
    let pattern = format!("{BEGUN}{below}");
    let listed = repo.at_home(&[
        "for-each-ref",
        "--format=%(refname) %(objectname)",
        &pattern,
    ])?;
    let pair = |line: &str| {
        line.split_once(' ')
            .map(|(a, b)| (a.to_owned(), b.to_owned()))
    };
    Ok(listed.lines().filter_map(pair).collect())
}

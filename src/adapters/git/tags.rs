//! Versions as tags `<name>@<version>`, and pushing them.

use super::{GitRepo, MAIN};
use crate::factory::ports::repo::RepoError;
use std::collections::BTreeMap;

/// A version as numbers, for order.
type Numbers = (u64, u64, u64);

/// Versions of a tool, oldest first.
pub fn versions(repo: &GitRepo, tool: &str) -> Result<Vec<String>, RepoError> {
    let mut all = all(repo)?;
    let mut found = all.remove(tool).unwrap_or_default();
    found.sort();
    Ok(found.into_iter().map(text).collect())
}

/// Every tool with a tag and its newest version.
pub fn shipped(repo: &GitRepo) -> Result<Vec<(String, String)>, RepoError> {
    if untagged(repo) {
        return Ok(Vec::new());
    }
    let all = all(repo)?.into_iter();
    Ok(all
        .filter_map(|(tool, found)| Some((tool, text(found.into_iter().max()?))))
        .collect())
}

/// The files of a repository say that it has no tag: a new home need not start git to learn that.
fn untagged(repo: &GitRepo) -> bool {
    let git = repo.home.join(".git");
    let tags = std::fs::read_dir(git.join("refs/tags"));
    let loose = tags.map_or(true, |mut tags| tags.next().is_some());
    let packed = match std::fs::read_to_string(git.join("packed-refs")) {
        Ok(text) => text.contains(" refs/tags/"),
        Err(error) => error.kind() != std::io::ErrorKind::NotFound,
    };
    !loose && !packed && !git.join("reftable").exists()
}

/// Pushes main and a tag with the person's own settings.
pub fn push(repo: &GitRepo, remote: &str, tag: &str) -> Result<(), RepoError> {
    if remote.is_empty() || remote.starts_with('-') {
        let words = format!("{remote:?} is not the name of a remote; see ship.push");
        return Err(RepoError::Git(words));
    }
    let main = format!("refs/heads/{MAIN}:refs/heads/{MAIN}");
    let tag = format!("refs/tags/{tag}:refs/tags/{tag}");
    let args = ["push", "--no-verify", "--quiet", "--", remote, &main, &tag];
    repo.git()?.push(&repo.home, &args).map(drop)
}

fn all(repo: &GitRepo) -> Result<BTreeMap<String, Vec<Numbers>>, RepoError> {
    let names = repo.at_home(&["for-each-ref", "--format=%(refname:strip=2)", "refs/tags/"])?;
    let mut found: BTreeMap<String, Vec<Numbers>> = BTreeMap::new();
    for name in names.lines() {
        if let Some((tool, version)) = name.rsplit_once('@')
            && super::named(tool).is_ok()
            && let Some(numbers) = numbers(version)
        {
            found.entry(tool.to_string()).or_default().push(numbers);
        }
    }
    Ok(found)
}

/// The next patch version.
pub fn after(version: &str) -> String {
    let (major, minor, patch) = numbers(version).unwrap_or_default();
    text((major, minor, patch.saturating_add(1)))
}

fn numbers(version: &str) -> Option<Numbers> {
    let mut parts = version.split('.').map(|part| part.parse::<u64>().ok());
    let numbers = (parts.next()??, parts.next()??, parts.next()??);
    let exact = parts.next().is_none() && text(numbers) == version;
    exact.then_some(numbers)
}

fn text((major, minor, patch): Numbers) -> String {
    format!("{major}.{minor}.{patch}")
}

//! Housekeeping of branches and loose objects: branches whose work is in main go, and those of finished tools that nobody
//! has touched for long; no object is ever thrown away.

use super::{GitRepo, MAIN};
use crate::factory::ports::repo::RepoError;
use chrono::{DateTime, TimeDelta, Utc};
use std::fs;

/// Loose objects from which they are packed: git itself begins at 6700.
const LOOSE: usize = 4_000;

/// Removes branches of finished tools; `days` = 0 keeps what main does not hold for ever. Says what it removed.
pub fn branches(
    repo: &GitRepo,
    finished: &[String],
    days: u32,
    now: DateTime<Utc>,
) -> Result<Vec<String>, RepoError> {
    let _alone = repo.alone();
    let format = "--format=%(refname:strip=2) %(objectname) %(committerdate:unix)";
    let own = |name: &str| {
        let tool = name.split('/').nth(1).unwrap_or_default();
        finished.iter().any(|one| one == tool)
    };
    let list = |more: &[&str]| -> Result<Vec<(String, String, i64)>, RepoError> {
        let args = [
            &["for-each-ref", format][..],
            more,
            &["refs/heads/tool/", "refs/heads/kept/"],
        ];
        let text = repo.at_home(&args.concat())?;
        let rows = text.lines().filter_map(|line| {
            let mut parts = line.split(' ');
            let (name, id) = (parts.next()?, parts.next()?);
            Some((name.to_owned(), id.to_owned(), parts.next()?.parse().ok()?))
        });
        Ok(rows.filter(|(name, ..)| own(name)).collect())
    };
    let merged = list(&[&format!("--merged={MAIN}")])?;
    let mut removed = Vec::new();
    for (name, ..) in &merged {
        if delete(repo, name)? {
            removed.push(format!("{name} (in {MAIN})"));
        }
    }
    let since = now.checked_sub_signed(TimeDelta::days(i64::from(days)));
    if let Some(since) = since.filter(|_| days > 0) {
        for (name, id, at) in list(&[&format!("--no-merged={MAIN}")])? {
            if at < since.timestamp() && delete(repo, &name)? {
                removed.push(format!(
                    "{name} (untouched for {days} days; git branch {name} {id} brings it back)"
                ));
            }
        }
    }
    Ok(removed)
}

/// False: it is checked out somewhere.
fn delete(repo: &GitRepo, name: &str) -> Result<bool, RepoError> {
    let args = ["branch", "--quiet", "-D", "--", name];
    Ok(repo.git()?.code(&repo.home, &args)?.0 == 0)
}

/// Packs loose objects when there are many; true when it did. Takes seconds, and harms no call beside it.
pub fn pack(repo: &GitRepo) -> Result<bool, RepoError> {
    if loose(repo) < LOOSE {
        return Ok(false);
    }
    repo.at_home(&["repack", "-d", "-l", "-q", "--geometric=2"])?;
    repo.at_home(&["pack-refs", "--all"])?;
    Ok(true)
}

/// About how many there are: they lie evenly in 256 folders.
fn loose(repo: &GitRepo) -> usize {
    let objects = repo.home.join(".git/objects");
    let count = |name: &str| fs::read_dir(objects.join(name)).map_or(0, Iterator::count);
    (count("17") + count("3e") + count("9a") + count("e4")) * 64
}

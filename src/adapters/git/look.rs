//! Looking only: tags, branches and marks with their commits, what main holds, and blobs byte for byte; and making a
//! ref again that the journal knows.

use super::{GitRepo, MAIN, folder};
use crate::factory::ports::repo::RepoError;
use std::collections::{BTreeMap, BTreeSet};

/// The refs of a home.
#[derive(Debug, Default)]
pub struct Refs {
    /// Tags and the commits they stand for.
    pub tags: BTreeMap<String, String>,
    /// Branches and their commits.
    pub branches: BTreeMap<String, String>,
    /// Shipments under way.
    pub marks: Vec<String>,
    /// Every commit of main.
    pub main: BTreeSet<String>,
    /// Trees of tools in main, by tool.
    pub trees: BTreeMap<String, String>,
    /// The branch that is checked out in dev-factory/work, when that is a worktree.
    pub worktree: Option<String>,
}

impl GitRepo {
    /// All of it, with a handful of calls.
    pub fn look(&self) -> Result<Refs, RepoError> {
        let mut found = Refs::default();
        let format = "--format=%(refname) %(objectname) %(*objectname)";
        for line in self.at_home(&["for-each-ref", format])?.lines() {
            let mut parts = line.split(' ');
            let (Some(name), Some(id)) = (parts.next(), parts.next()) else {
                continue;
            };
            let commit = parts
                .next()
                .filter(|peeled| !peeled.is_empty())
                .unwrap_or(id);
            if let Some(tag) = name.strip_prefix("refs/tags/") {
                found.tags.insert(tag.to_owned(), commit.to_owned());
            } else if let Some(branch) = name.strip_prefix("refs/heads/") {
                found.branches.insert(branch.to_owned(), commit.to_owned());
            } else if let Some(tool) = name.strip_prefix("refs/dev-factory/ship/") {
                found.marks.push(tool.to_owned());
            }
        }
        let commits = self.at_home(&["rev-list", MAIN, "--"])?;
        found.main = commits.lines().map(str::to_owned).collect();
        let trees = self.at_home(&["ls-tree", MAIN, "tools/"])?;
        for line in trees.lines() {
            if let Some((meta, path)) = line.split_once('\t')
                && let (Some(id), Some(tool)) =
                    (meta.rsplit(' ').next(), path.strip_prefix("tools/"))
            {
                found.trees.insert(tool.to_owned(), id.to_owned());
            }
        }
        found.worktree = self.checked_out()?;
        Ok(found)
    }

    /// The branch in the worktree of the tool under way.
    fn checked_out(&self) -> Result<Option<String>, RepoError> {
        if !self.work.join(".git").exists() {
            return Ok(None);
        }
        let list = self.at_home(&["worktree", "list", "--porcelain"])?;
        let mut ours = false;
        for line in list.lines() {
            if let Some(path) = line.strip_prefix("worktree ") {
                ours = std::path::Path::new(path) == self.work;
            } else if let Some(name) = line.strip_prefix("branch refs/heads/").filter(|_| ours) {
                return Ok(Some(name.to_owned()));
            }
        }
        Ok(None)
    }

    /// Whether the repository has a commit.
    pub fn knows(&self, commit: &str) -> Result<bool, RepoError> {
        self.commit_of(commit).map(|found| found.is_some())
    }

    /// Whether a branch holds a commit.
    pub fn holds(&self, branch: &str, commit: &str) -> Result<bool, RepoError> {
        let name = format!("refs/heads/{branch}");
        let args = ["merge-base", "--is-ancestor", commit, &name];
        Ok(self.git()?.code(&self.home, &args)?.0 == 0)
    }

    /// Tree of a tool's folder in a commit.
    pub fn tree_in(&self, commit: &str, tool: &str) -> Result<Option<String>, RepoError> {
        let name = format!("{commit}:{}", folder(tool));
        let args = [
            "rev-parse",
            "--verify",
            "--quiet",
            "--end-of-options",
            &name,
        ];
        let (code, id) = self.git()?.code(&self.home, &args)?;
        Ok((code == 0).then_some(id))
    }

    /// A file of a commit, byte for byte; None where it has none.
    #[must_use]
    pub fn blob(&self, commit: &str, path: &str) -> Option<Vec<u8>> {
        let name = format!("{commit}:{path}");
        self.git()
            .ok()?
            .bytes(&self.home, &["cat-file", "blob", &name])
            .ok()
    }

    /// Makes an annotated tag of a ship again.
    pub fn tag_again(&self, tag: &str, commit: &str) -> Result<(), RepoError> {
        let title = tag.replacen('@', " ", 1);
        let args = ["tag", "--annotate", "--no-sign", "-m", &title, tag, commit];
        let _alone = self.alone();
        self.git()?.signed(&self.home, &args).map(drop)
    }

    /// Makes a branch again.
    pub fn branch_again(&self, branch: &str, commit: &str) -> Result<(), RepoError> {
        let _alone = self.alone();
        self.at_home(&["branch", "--no-track", branch, commit])
            .map(drop)
    }
}

//! The worktree of the tool under way: opened beside the first turns, since only coding and what follows need it.

use super::ports::repo::{Repo, RepoError};
use std::sync::Arc;
use tokio::task::{JoinHandle, spawn_blocking};

/// A worktree that is being opened, or is still to be.
#[derive(Default)]
pub struct Worktree {
    owed: Option<(String, bool)>,
    opening: Option<JoinHandle<Result<(), RepoError>>>,
}

impl Worktree {
    /// Opens it beside whatever else goes on.
    pub fn begin(&mut self, repo: &Arc<dyn Repo>, tool: String, resume: bool) {
        self.opening = Some(open(repo, tool.clone(), resume));
        self.owed = Some((tool, resume));
    }

    /// Waits until it is open; one that failed is tried again.
    pub async fn ready(&mut self, repo: &Arc<dyn Repo>) -> Result<(), RepoError> {
        let Some((tool, resume)) = self.owed.clone() else {
            return Ok(());
        };
        let opening = match self.opening.take() {
            Some(opening) => opening,
            None => open(repo, tool, resume),
        };
        opening
            .await
            .unwrap_or_else(|e| Err(RepoError::Git(format!("task failed: {e}"))))?;
        self.owed = None;
        Ok(())
    }

    /// Nobody needs it any more; one that is just being opened is waited for, as its files are put away next.
    pub async fn forget(&mut self) {
        self.owed = None;
        if let Some(opening) = self.opening.take() {
            // What kept it from being opened is no matter now.
            let _ = opening.await;
        }
    }
}

fn open(repo: &Arc<dyn Repo>, tool: String, resume: bool) -> JoinHandle<Result<(), RepoError>> {
    let repo = repo.clone();
    spawn_blocking(move || repo.open(&tool, resume).map(drop))
}

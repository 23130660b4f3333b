//! The worktree of the tool under way: opened on its branch, saved, hashed, put back, removed.

use super::{GitRepo, MAIN, begun, branch, folder, locks, named};
use crate::adapters::folder::{Folder, For};
use crate::adapters::store::files::kind;
use crate::domain::condition::Trouble;
use crate::factory::ports::repo::RepoError;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Message of a commit of what nobody has saved.
pub const KEPT: &str = "Kept as it was";

/// Opens the worktree on the tool's branch, fresh from main or as it was kept.
pub fn open(repo: &GitRepo, tool: &str, resume: bool) -> Result<(), RepoError> {
    unlock(repo)?;
    let wanted = format!("refs/heads/{}", branch(tool));
    let present = head(repo)?;
    if resume && present.as_deref() == Some(wanted.as_str()) {
        narrow(repo, tool)?;
        return tool_folder(repo, tool);
    }
    remove(repo)?;
    let name = branch(tool);
    let tip = repo.commit_of(&wanted)?;
    let exists = tip.is_some();
    // A branch with nothing on it is as good as new: the start that made it was cut short.
    let new = !resume && exists && tip == repo.commit_of(MAIN)?;
    if exists && !resume && !new {
        let kept = repo.free_kept(tool)?;
        repo.at_home(&["branch", "-m", &name, &kept])?;
    }
    if !exists && resume {
        return Err(RepoError::Git(format!(
            "the branch {name} is gone; requeue {tool} with fresh to start again"
        )));
    }
    if !resume && !new {
        repo.at_home(&["branch", "--no-track", &name, MAIN])?;
    }
    add(repo, &name)?;
    narrow(repo, tool)?;
    tool_folder(repo, tool)
}

/// Adds the worktree. Git makes every folder on the way, also those of a home that is moved away while it runs: such
/// a one is taken away again, so that the home can be put back.
fn add(repo: &GitRepo, name: &str) -> Result<(), RepoError> {
    let place = repo.work.parent().unwrap_or(&repo.home);
    let which = || {
        let found = fs::metadata(place).map_err(|error| broken(place, &error))?;
        Ok::<_, RepoError>((found.dev(), found.ino()))
    };
    let before = which()?;
    let work = text(&repo.work);
    repo.at_home(&["worktree", "add", "--no-checkout", "--quiet", &work, name])?;
    if which()? == before {
        return Ok(());
    }
    let _ = fs::remove_dir_all(&repo.work);
    let _ = fs::remove_dir(place);
    Err(broken(place, &ErrorKind::NotFound.into()))
}

/// Limits the worktree to the tool's folder and fills it. The index comes last and at once:
/// without one the worktree was never handed out and is filled again.
fn narrow(repo: &GitRepo, tool: &str) -> Result<(), RepoError> {
    let dir = git_dir(repo)?;
    if dir.join("index").exists() {
        return Ok(());
    }
    let path = repo.work.join(folder(tool));
    if path.exists() {
        fs::remove_dir_all(&path).map_err(|error| broken(&path, &error))?;
    }
    repo.at_home(&["config", "extensions.worktreeConfig", "true"])?;
    for (key, value) in [
        ("core.sparseCheckout", "true"),
        ("core.sparseCheckoutCone", "false"),
    ] {
        repo.at_work(&["config", "--worktree", key, value])?;
    }
    let info = dir.join("info");
    let only = format!("/{}/\n", folder(tool));
    fs::create_dir_all(&info)
        .and_then(|()| fs::write(info.join("sparse-checkout"), only))
        .map_err(|error| broken(&info, &error))?;
    repo.at_work(&["read-tree", "-mu", "HEAD"]).map(drop)
}

fn tool_folder(repo: &GitRepo, tool: &str) -> Result<(), RepoError> {
    Folder::at_home(&repo.home, &below(tool), For::All)
        .map(drop)
        .map_err(RepoError::from)
}

/// The tool's folder in the worktree, below the home.
fn below(tool: &str) -> String {
    format!("dev-factory/work/{}", folder(tool))
}

/// The branch checked out in the worktree; None when there is no worktree that works.
fn head(repo: &GitRepo) -> Result<Option<String>, RepoError> {
    if !repo.work.join(".git").is_file() {
        return Ok(None);
    }
    let list = repo.at_home(&["worktree", "list", "--porcelain"])?;
    let mut ours = false;
    for line in list.lines() {
        if let Some(path) = line.strip_prefix("worktree ") {
            ours = Path::new(path) == repo.work;
        } else if let Some(name) = line.strip_prefix("branch ")
            && ours
        {
            return Ok(Some(name.to_string()));
        }
    }
    Ok(None)
}

/// Removes the worktree, and what attempts in it began with.
pub fn close(repo: &GitRepo) -> Result<(), RepoError> {
    if is_there(repo) {
        begun::forget(repo, "")?;
    }
    remove(repo)
}

/// Asking git takes longer than a start does.
fn is_there(repo: &GitRepo) -> bool {
    repo.work.exists() || repo.home.join(".git/worktrees").exists()
}

/// Removes the worktree; what was not saved is committed on its branch first.
fn remove(repo: &GitRepo) -> Result<(), RepoError> {
    if !is_there(repo) {
        return Ok(());
    }
    unlock(repo)?;
    if let Some(name) = head(repo)?
        && let Some(tool) = name.strip_prefix("refs/heads/tool/")
        && named(tool).is_ok()
    {
        // Without an index it was never handed out: nothing lies there that could be kept.
        if git_dir(repo)?.join("index").exists() {
            save(repo, tool, KEPT)?;
        }
        let work = text(&repo.work);
        repo.at_home(&["worktree", "remove", "--force", &work])?;
    } else if repo.work.join(".git").is_file()
        && git_dir(repo).is_ok_and(|dir| dir.join("index").exists())
        && !repo.at_work(&["status", "--porcelain"])?.is_empty()
    {
        // Somebody works there on a branch of their own.
        return Err(RepoError::Git(format!(
            "{} holds changes that are not on a branch of a tool: commit them, or move them away",
            repo.work.display()
        )));
    }
    if repo.work.exists() {
        fs::remove_dir_all(&repo.work).map_err(|error| broken(&repo.work, &error))?;
    }
    forget_copied(repo)?;
    repo.at_home(&["worktree", "prune"]).map(drop)
}

/// Forgets worktrees that belong to another repository: this home is a copy of theirs, and git holds on to them,
/// and to the branches in them, as long as they exist.
fn forget_copied(repo: &GitRepo) -> Result<(), RepoError> {
    let Ok(known) = fs::read_dir(repo.home.join(".git/worktrees")) else {
        return Ok(());
    };
    for entry in known.flatten().map(|entry| entry.path()) {
        let read = |path: &Path| fs::read_to_string(path).map(|text| text.trim().to_owned());
        let back = read(&entry.join("gitdir")).and_then(|file| read(Path::new(&file)));
        let owner = back.ok().and_then(|back| {
            let dir = Path::new(back.strip_prefix("gitdir: ")?);
            dir.is_absolute().then(|| dir.to_owned())
        });
        if owner.is_some_and(|dir| dir.canonicalize().is_ok_and(|dir| dir != entry)) {
            fs::remove_dir_all(&entry).map_err(|error| broken(&entry, &error))?;
        }
    }
    Ok(())
}

/// Commits the tool's folder as it lies; no commit when nothing changed.
pub fn save(repo: &GitRepo, tool: &str, message: &str) -> Result<(String, String), RepoError> {
    on_branch(repo, tool)?;
    unlock(repo)?;
    stage(repo, tool, None)?;
    let tree = written(repo, tool, None)?;
    let (changed, _) = repo.git()?.code(
        &repo.work,
        &["diff-index", "--cached", "--quiet", "HEAD", "--"],
    )?;
    if changed != 0 {
        let args = [
            "commit",
            "--quiet",
            "--no-verify",
            "--cleanup=verbatim",
            "-m",
        ];
        let args: Vec<&str> = args.into_iter().chain([message]).collect();
        repo.git()?.signed(&repo.work, &args)?;
    }
    Ok((tree, repo.at_work(&["rev-parse", "HEAD"])?))
}

/// Hash of the tool's folder as it lies, without touching the index.
pub fn tree(repo: &GitRepo, tool: &str) -> Result<String, RepoError> {
    on_branch(repo, tool)?;
    let dir = git_dir(repo)?;
    let scratch = tempfile::TempDir::new_in(&dir).map_err(|error| broken(&dir, &error))?;
    let index = scratch.path().join("index");
    fs::copy(dir.join("index"), &index).map_err(|error| broken(&index, &error))?;
    stage(repo, tool, Some(&index))?;
    written(repo, tool, Some(&index))
}

/// Puts branch and worktree to a commit, which attempts then began with; what came after stays under `kept/`.
pub fn restore(repo: &GitRepo, tool: &str, commit: &str) -> Result<(), RepoError> {
    let wanted = repo
        .commit_of(commit)?
        .ok_or_else(|| RepoError::Git(format!("there is no commit {commit} to go back to")))?;
    let (_, tip) = save(repo, tool, KEPT)?;
    if tip != wanted {
        let behind = ["merge-base", "--is-ancestor", &tip, &wanted];
        if repo.git()?.code(&repo.home, &behind)?.0 != 0 {
            repo.keep(tool, &tip)?;
        }
        reset(repo, tool, &wanted)?;
    }
    begun::move_to(repo, tool, &wanted)
}

/// Puts branch and worktree to a commit, whatever is there.
pub fn reset(repo: &GitRepo, tool: &str, commit: &str) -> Result<(), RepoError> {
    repo.at_work(&["reset", "--quiet", "--hard", commit])?;
    repo.at_work(&["clean", "-ffdxq", "--", &folder(tool)])?;
    tool_folder(repo, tool)
}

fn stage(repo: &GitRepo, tool: &str, index: Option<&Path>) -> Result<(), RepoError> {
    let folder = folder(tool);
    // An empty folder matches nothing, which git calls an error unless files of it are known.
    tool_folder(repo, tool)?;
    let args = ["add", "--all", "--force", "--sparse", "--", folder.as_str()];
    let env: Vec<(&str, &Path)> = index
        .map(|path| ("GIT_INDEX_FILE", path))
        .into_iter()
        .collect();
    repo.git()?.with(&repo.work, &args, &env).map(drop)
}

fn written(repo: &GitRepo, tool: &str, index: Option<&Path>) -> Result<String, RepoError> {
    let env: Vec<(&str, &Path)> = index
        .map(|path| ("GIT_INDEX_FILE", path))
        .into_iter()
        .collect();
    let folder = folder(tool);
    let listed = repo
        .git()?
        .with(&repo.work, &["ls-files", "--", &folder], &env)?;
    if listed.is_empty() {
        return Ok(repo.git()?.empty_tree().to_string());
    }
    let prefix = format!("--prefix={folder}/");
    repo.git()?.with(&repo.work, &["write-tree", &prefix], &env)
}

/// A repository inside the tool's folder would have git run what its settings name.
fn alone(repo: &GitRepo, tool: &str) -> Result<(), RepoError> {
    let found = Folder::open(&repo.home)
        .and_then(|home| home.below(&below(tool)))
        .and_then(|tool| tool.map_or(Ok(None), |tool| tool.find(".git")));
    match found {
        Ok(None) => Ok(()),
        Ok(Some(place)) => Err(RepoError::Git(format!(
            "{:?} makes a part of the tool's folder a repository of its own: remove it",
            place.display().to_string()
        ))),
        Err(error) => Err(error.into()),
    }
}

fn on_branch(repo: &GitRepo, tool: &str) -> Result<(), RepoError> {
    alone(repo, tool)?;
    let wanted = format!("refs/heads/{}", branch(tool));
    match head(repo)? {
        Some(name) if name == wanted => Ok(()),
        Some(name) => Err(RepoError::Git(format!(
            "{} holds {name}, not {wanted}",
            repo.work.display()
        ))),
        None => Err(RepoError::Trouble(
            Trouble::FolderGone,
            format!("there is no worktree of {tool} at {}", repo.work.display()),
        )),
    }
}

/// Removes locks of the worktree that nobody holds: the engine works there, and a killed call leaves them. One that is
/// held is in the way of the next call, which says so.
fn unlock(repo: &GitRepo) -> Result<(), RepoError> {
    if repo.work.join(".git").is_file()
        && let Ok(dir) = git_dir(repo)
        && dir.starts_with(&repo.home)
    {
        for lock in ["index.lock", "HEAD.lock"] {
            let path = dir.join(lock);
            if path.exists() && !locks::held(&repo.home, &path) {
                fs::remove_file(&path).map_err(|error| broken(&path, &error))?;
            }
        }
    }
    Ok(())
}

/// The worktree's own git folder.
fn git_dir(repo: &GitRepo) -> Result<PathBuf, RepoError> {
    repo.at_work(&["rev-parse", "--absolute-git-dir"])
        .map(PathBuf::from)
}

/// A path as git takes it; homes with names that are not UTF-8 are refused when opened.
fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

fn broken(path: &Path, error: &std::io::Error) -> RepoError {
    RepoError::Trouble(kind(error), format!("{}: {error}", path.display()))
}

//! The Repo port on the git binary: branches and the worktree of the tool under way, shipping into main.
//! Nothing the tree or its configuration names is ever run: no hooks, filters, fsmonitor, signers or editors.

mod begun;
mod call;
mod locks;
mod look;
mod past;
mod said;
mod ship;
mod sweep;
mod tags;
mod traps;
mod worktree;

use crate::domain::event::ShipRecord;
use crate::factory::ports::repo::{Repo, RepoError, ShipOrder};
use call::Git;
use chrono::{DateTime, Utc};
pub use look::Refs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

/// The branch init made; tools are shipped into it.
const MAIN: &str = "main";

/// git in a factory home.
pub struct GitRepo {
    git: OnceLock<Git>,
    program: Option<PathBuf>,
    home: PathBuf,
    work: PathBuf,
    /// Held by whatever writes an index: a call whose attempt was dropped goes on to its end.
    writing: Mutex<()>,
}

impl GitRepo {
    /// Finds git and looks that the home is a repository of its own.
    pub fn open(home: &Path) -> Result<Self, RepoError> {
        let repo = Self::new(home);
        repo.git()?;
        Ok(repo)
    }

    /// git in a home, for looking only; everything is found with the first question.
    #[must_use]
    pub fn reading(home: &Path) -> Self {
        Self::new(home)
    }

    /// As `open`, but only the git folder is looked for now; git itself is asked with the first call.
    pub fn at(home: &Path) -> Result<Self, RepoError> {
        let repo = Self::new(home);
        if repo.home.join(".git").exists() {
            return Ok(repo);
        }
        Err(repo.homeless())
    }

    /// A file of a tool as a commit has it; None where it has none, or the commit is gone.
    #[must_use]
    pub fn file(&self, tool: &str, commit: &str, path: &str) -> Option<String> {
        let hex = !commit.is_empty() && commit.bytes().all(|b| b.is_ascii_hexdigit());
        let name = format!("{commit}:tools/{tool}/{path}");
        let git = self.git().ok().filter(|_| hex)?;
        let text = git.text(&self.home, &["cat-file", "blob", &name]).ok()?;
        Some(format!("{text}\n"))
    }

    /// A file of the home as its first commit has it; None where it has none.
    #[must_use]
    pub fn first(&self, path: &str) -> Option<String> {
        let git = self.git().ok()?;
        let roots = git.text(&self.home, &["rev-list", "--max-parents=0", "HEAD"]);
        let roots = roots.ok()?;
        let name = format!("{}:{path}", roots.lines().last()?);
        let text = git.text(&self.home, &["cat-file", "blob", &name]).ok()?;
        Some(format!("{text}\n"))
    }

    /// One commit of these files of the home alone; false: they are as committed already.
    pub fn commit(&self, paths: &[&str], message: &str) -> Result<bool, RepoError> {
        let _alone = self.alone();
        let git = self.git()?;
        git.text(&self.home, &[&["add", "--"], paths].concat())?;
        let words = ["diff-index", "--cached", "--quiet", "HEAD", "--"];
        if git.code(&self.home, &[&words[..], paths].concat())?.0 == 0 {
            return Ok(false);
        }
        let words = [
            "commit",
            "--quiet",
            "--no-verify",
            "--message",
            message,
            "--",
        ];
        git.signed(&self.home, &[&words[..], paths].concat())?;
        Ok(true)
    }

    fn homeless(&self) -> RepoError {
        RepoError::Git(format!(
            "{} is not the top folder of a git repository; make one with dev-factory init",
            self.home.display()
        ))
    }

    /// The repository whose top folder is the home.
    fn new(home: &Path) -> Self {
        let home = home.canonicalize().unwrap_or_else(|_| home.to_path_buf());
        let work = home.join("dev-factory").join("work");
        Self {
            git: OnceLock::new(),
            program: None,
            home,
            work,
            writing: Mutex::new(()),
        }
    }

    /// Waits for the call that writes now; the next one would find its lock file.
    fn alone(&self) -> MutexGuard<'_, ()> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// As `open`, with a given git binary, looked at with the first call.
    #[must_use]
    pub fn with_program(home: &Path, program: &Path) -> Self {
        Self {
            program: Some(program.to_path_buf()),
            ..Self::new(home)
        }
    }

    /// git, once it was found and the home is a repository of its own.
    fn git(&self) -> Result<&Git, RepoError> {
        if let Some(git) = self.git.get() {
            return Ok(git);
        }
        let git = match &self.program {
            Some(program) => Git::at(&self.home, program.clone())?,
            None => Git::find(&self.home)?,
        };
        let top = git.text(&self.home, &["rev-parse", "--show-toplevel"])?;
        if Path::new(&top).canonicalize().ok().as_deref() != Some(self.home.as_path()) {
            return Err(self.homeless());
        }
        Ok(self.git.get_or_init(|| git))
    }

    /// Text of a git command in the home.
    fn at_home(&self, args: &[&str]) -> Result<String, RepoError> {
        self.git()?.text(&self.home, args)
    }

    /// Text of a git command in the worktree.
    fn at_work(&self, args: &[&str]) -> Result<String, RepoError> {
        self.git()?.text(&self.work, args)
    }

    /// The commit a name stands for, when it stands for one.
    fn commit_of(&self, name: &str) -> Result<Option<String>, RepoError> {
        let spec = format!("{name}^{{commit}}");
        let args = [
            "rev-parse",
            "--verify",
            "--quiet",
            "--end-of-options",
            &spec,
        ];
        let (code, out) = self.git()?.code(&self.home, &args)?;
        Ok((code == 0).then_some(out))
    }

    /// Keeps a commit as `kept/<tool>/<n>` with the first free n, unless one of those is there already.
    fn keep(&self, tool: &str, commit: &str) -> Result<(), RepoError> {
        let held = format!("--points-at={commit}");
        let pattern = format!("refs/heads/kept/{tool}/");
        if self.at_home(&["for-each-ref", &held, &pattern])?.is_empty() {
            let kept = self.free_kept(tool)?;
            self.at_home(&["branch", "--no-track", &kept, commit])?;
        }
        Ok(())
    }

    /// Main without what a tool's branch adds: a shipment that was cut short may have merged it already.
    fn before(&self, tool: &str) -> Result<String, RepoError> {
        let since = format!("{}..{MAIN}", branch(tool));
        let merges = ["rev-list", "--first-parent", "--ancestry-path", "--merges"];
        let merges = self.at_home(&[&merges[..], &[&since]].concat())?;
        let first = merges.lines().last().map(|merge| format!("{merge}^1"));
        Ok(first.unwrap_or_else(|| MAIN.to_owned()))
    }

    /// `kept/<tool>/<n>` with the first free n.
    fn free_kept(&self, tool: &str) -> Result<String, RepoError> {
        let pattern = format!("refs/heads/kept/{tool}/");
        let names = self.at_home(&["for-each-ref", "--format=%(refname)", &pattern])?;
        let numbers = names
            .lines()
            .filter_map(|name| name.strip_prefix(&pattern)?.parse::<u32>().ok());
        let next = numbers.max().unwrap_or(0).saturating_add(1);
        Ok(format!("kept/{tool}/{next}"))
    }
}

/// Refuses names that are not kebab-case before they become paths or refs.
fn named(tool: &str) -> Result<(), RepoError> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let fine = !tool.is_empty()
        && tool.len() <= 100
        && tool.bytes().all(plain)
        && !tool.starts_with('-')
        && !tool.ends_with('-');
    if fine {
        return Ok(());
    }
    Err(RepoError::Git(format!(
        "{tool:?} is not a kebab-case name of a tool"
    )))
}

/// The branch of a tool.
fn branch(tool: &str) -> String {
    format!("tool/{tool}")
}

/// The folder of a tool.
fn folder(tool: &str) -> String {
    format!("tools/{tool}")
}

impl Repo for GitRepo {
    fn open(&self, tool: &str, resume: bool) -> Result<PathBuf, RepoError> {
        named(tool)?;
        let _alone = self.alone();
        worktree::open(self, tool, resume)?;
        Ok(self.work.clone())
    }

    fn begin(&self, tool: &str, attempt: u64, cut: &[u64]) -> Result<Option<String>, RepoError> {
        named(tool)?;
        let _alone = self.alone();
        begun::begin(self, tool, attempt, cut)
    }

    fn save(&self, tool: &str, message: &str) -> Result<(String, String), RepoError> {
        named(tool)?;
        let _alone = self.alone();
        worktree::save(self, tool, message)
    }

    fn tree(&self, tool: &str) -> Result<String, RepoError> {
        named(tool)?;
        let _alone = self.alone();
        worktree::tree(self, tool)
    }

    fn export(&self, tool: &str, commit: &str, dir: &Path) -> Result<(), RepoError> {
        named(tool)?;
        past::export(self, tool, commit, dir)
    }

    fn knows(&self, commit: &str) -> Result<bool, RepoError> {
        Self::knows(self, commit)
    }

    fn restore(&self, tool: &str, commit: &str) -> Result<(), RepoError> {
        named(tool)?;
        let _alone = self.alone();
        worktree::restore(self, tool, commit)
    }

    fn close(&self) -> Result<(), RepoError> {
        let _alone = self.alone();
        worktree::close(self)
    }

    fn main_blocked(&self) -> Result<Option<String>, RepoError> {
        ship::blocked(self)
    }

    fn ship(&self, order: &ShipOrder) -> Result<ShipRecord, RepoError> {
        named(&order.tool)?;
        let _alone = self.alone();
        ship::ship(self, order)
    }

    fn versions(&self, tool: &str) -> Result<Vec<String>, RepoError> {
        named(tool)?;
        tags::versions(self, tool)
    }

    fn shipped(&self) -> Result<Vec<(String, String)>, RepoError> {
        tags::shipped(self)
    }

    fn push(&self, remote: &str, tag: &str) -> Result<(), RepoError> {
        tags::push(self, remote, tag)
    }

    fn diff(&self, tool: &str) -> Result<String, RepoError> {
        named(tool)?;
        let range = format!("{}...{}", self.before(tool)?, branch(tool));
        let folder = folder(tool);
        let plain = ["diff", "--no-color", "--no-ext-diff", "--no-textconv"];
        let args: Vec<&str> = plain
            .into_iter()
            .chain([range.as_str(), "--", folder.as_str()])
            .collect();
        self.at_home(&args)
    }

    fn sweep(
        &self,
        finished: &[String],
        days: u32,
        now: DateTime<Utc>,
    ) -> Result<Vec<String>, RepoError> {
        let mut done = sweep::branches(self, finished, days, now)?;
        match sweep::pack(self) {
            Ok(false) => {}
            Ok(true) => done.push("loose objects of git were packed".to_owned()),
            // What went must be said all the same.
            Err(error) => done.push(format!("loose objects of git were not packed: {error}")),
        }
        Ok(done)
    }

    fn work(&self) -> &Path {
        &self.work
    }
}

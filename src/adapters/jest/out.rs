//! Folders of ours beside the home's state: one per run (what we wrote for it, what it made, a copy whose exports throw)
//! and one Jest cache per tool. What a run made is reached through handles only: it may be links, pipes or a maze.

use crate::adapters::folder::{Folder, For};
use crate::adapters::npm;
use crate::adapters::store::files::kind;
use crate::factory::ports::files::{FILE, FileError};
use crate::factory::ports::tests::{TREES, TestError, Tree};
use std::path::{Path, PathBuf};

/// The stand-in for a source file, compiled in.
const THROWING: &str = include_str!("../../../dev-factory/harness/throwing.js");
/// Name of a tool's Jest cache, which stays.
const CACHE: &str = "cache";
/// Settings and runners of ours, which the run only reads.
const OURS: &str = "ours";
/// What the run writes.
const MADE: &str = "made";
/// The copy whose exports throw.
const COPY: &str = "tool";

/// The folders of one run; removed when dropped.
pub struct Out {
    base: Folder,
    name: String,
    folder: PathBuf,
    /// Jest's cache for this tool only.
    pub cache: PathBuf,
    /// Packages the tool may require, where there are any.
    pub packages: Option<PathBuf>,
}

impl Out {
    /// New folders for a run over a tool.
    pub fn new(home: &Path, tree: &Tree) -> Result<Self, TestError> {
        let below = format!("{}/{}", super::GATES, tree.tool);
        let base = Folder::at_home(home, &below, For::All)?;
        base.make(CACHE, For::All)?;
        let place = home.join(below);
        let made = tempfile::Builder::new().prefix("run-").tempdir_in(&place);
        let folder = made.map_err(|error| broken(&place, &error))?.keep();
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        let out = Self {
            base,
            name: name.into_owned(),
            cache: place.join(CACHE),
            packages: (!tree.packages.is_empty()).then(|| npm::modules(home, &tree.packages)),
            folder,
        };
        out.inside(OURS)?;
        out.inside(MADE)?;
        Ok(out)
    }

    fn inside(&self, name: &str) -> Result<Folder, FileError> {
        self.base.make(&format!("{}/{name}", self.name), For::All)
    }

    /// What we wrote for the run.
    pub fn ours(&self) -> PathBuf {
        self.folder.join(OURS)
    }

    /// What the run may write to.
    pub fn made(&self) -> PathBuf {
        self.folder.join(MADE)
    }

    /// What the run wrote, to be read.
    pub fn results(&self) -> Result<Folder, FileError> {
        self.inside(MADE)
    }

    /// Where the copy lies whose exports throw.
    pub fn copy(&self) -> PathBuf {
        self.folder.join(COPY)
    }

    /// Writes a file of ours; its path.
    pub fn write(&self, name: &str, text: &str) -> Result<PathBuf, TestError> {
        self.inside(OURS)?.write(name, text.as_bytes(), For::All)?;
        Ok(self.ours().join(name))
    }
}

impl Drop for Out {
    fn drop(&mut self) {
        // What cannot be removed now is swept at the next start.
        let _ = self.base.discard(&self.name);
    }
}

/// Removes what a crash left: throw-away trees, and of each tool everything but its cache.
pub fn sweep(home: &Path) {
    let Ok(home) = Folder::open(home) else {
        return;
    };
    let below = |path: &str| home.below(path).ok().flatten();
    if let Some(trees) = below(TREES) {
        discard(&trees, |_| true);
    }
    let Some(gates) = below(super::GATES) else {
        return;
    };
    for tool in gates.folders().unwrap_or_default() {
        if let Ok(Some(tool)) = gates.below(&tool) {
            discard(&tool, |name| name != CACHE);
        }
    }
}

/// Removes the caches of all tools but these; of a tool that is being run everything stays.
pub fn spare(home: &Path, tools: &[String]) {
    let gates = Folder::open(home).and_then(|home| home.below(super::GATES));
    let Ok(Some(gates)) = gates else {
        return;
    };
    let idle = |tool: &str| {
        let folder = gates.below(tool).ok().flatten();
        folder.is_some_and(|folder| folder.folders().is_ok_and(|all| all == [CACHE]))
    };
    discard(&gates, |tool| {
        !tools.iter().any(|kept| kept == tool) && idle(tool)
    });
}

/// Removes folders by their names; what cannot be removed now is tried at the next start.
fn discard(within: &Folder, which: impl Fn(&str) -> bool) {
    for name in within.folders().unwrap_or_default() {
        if which(&name) {
            let _ = within.discard(&name);
        }
    }
}

/// The folder's path without symbolic links, as Jest will report it.
pub fn real(dir: &Path) -> Result<PathBuf, TestError> {
    dir.canonicalize().map_err(|error| broken(dir, &error))
}

/// What of a tool's folder a model wrote and a run loads.
pub fn written_by_models(dir: &Path, any: bool) -> Vec<PathBuf> {
    let parts = ["src", "test/dev"].map(|part| dir.join(part));
    let there = |path: &PathBuf| any && path.symlink_metadata().is_ok();
    parts.into_iter().filter(there).collect()
}

/// Copies a tool as it is; says which files of the copy a model wrote.
pub fn plain_copy(tree: &Tree, out: &Out) -> Result<Vec<PathBuf>, TestError> {
    copied(tree, out, |path| path.to_owned())?;
    Ok(written_by_models(&out.copy(), tree.model_written))
}

/// Copies a tool's files, each under the name it is to have there.
fn copied(tree: &Tree, out: &Out, name: impl Fn(&str) -> String) -> Result<Folder, TestError> {
    let (from, copy) = (Folder::open(&real(&tree.dir)?)?, out.inside(COPY)?);
    for entry in from.list()? {
        let path = &entry.path;
        if let Some(what) = entry.odd {
            let place = tree.dir.join(path);
            let words = format!(
                "{}: is not a plain file but {what}; remove it",
                place.display()
            );
            return Err(TestError::Setup(words));
        }
        let text = from.read(path, FILE)?.unwrap_or_default();
        copy.write(&name(path), &text, For::All)?;
    }
    Ok(copy)
}

/// Copies a tool with its planned source files behind stand-ins; says which files of the copy a model wrote.
pub fn throwing_copy(tree: &Tree, out: &Out) -> Result<Vec<PathBuf>, TestError> {
    let copy = copied(tree, out, |path| {
        stem(tree, path).map_or_else(|| path.to_owned(), |stem| format!("{stem}.real.js"))
    })?;
    let mut untrusted = written_by_models(&out.copy(), tree.model_written);
    untrusted.retain(|path| !path.ends_with("src"));
    for module in &tree.modules {
        let Some(stem) = stem(tree, module) else {
            continue;
        };
        let name = stem.rsplit('/').next().unwrap_or(stem);
        let text = THROWING.replace("/*REAL*/", &format!("./{name}.real.js"));
        copy.write(module, text.as_bytes(), For::All)?;
        untrusted.push(out.copy().join(format!("{stem}.real.js")));
    }
    untrusted.retain(|_| tree.model_written);
    Ok(untrusted)
}

/// A planned source file without its ending.
fn stem<'p>(tree: &Tree, path: &'p str) -> Option<&'p str> {
    let planned = tree.modules.iter().any(|module| module == path);
    path.strip_suffix(".js").filter(|_| planned)
}

/// The system refused something about a file.
pub fn broken(path: &Path, error: &std::io::Error) -> TestError {
    TestError::Trouble(kind(error), format!("{}: {error}", path.display()))
}

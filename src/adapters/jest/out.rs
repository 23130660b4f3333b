//! Folders of ours beside the home's state: one per run for settings and reports, one Jest cache per tool,
//! and the copies whose exports throw.

use crate::factory::ports::tests::{TestError, Tree};
use std::fs;
use std::path::{Path, PathBuf};

/// The stand-in for a source file, compiled in.
const THROWING: &str = include_str!("../../../dev-factory/harness/throwing.js");
/// Name of a tool's Jest cache, which stays.
const CACHE: &str = "cache";

/// The out folder of one run; removed when dropped.
pub struct Out {
    folder: tempfile::TempDir,
    /// Jest's cache for this tool only.
    pub cache: PathBuf,
}

impl Out {
    /// A new folder for a run over a tool.
    pub fn new(gates: &Path, tool: &str) -> Result<Self, TestError> {
        let base = gates.join(tool);
        let cache = base.join(CACHE);
        fs::create_dir_all(&cache).map_err(|error| broken(&cache, &error))?;
        let folder = tempfile::Builder::new()
            .prefix("run-")
            .tempdir_in(&base)
            .map_err(|error| broken(&base, &error))?;
        Ok(Self { folder, cache })
    }

    /// The folder itself.
    pub fn folder(&self) -> PathBuf {
        self.folder.path().to_path_buf()
    }

    /// A path inside.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file of ours.
    pub fn write(&self, name: &str, text: &str) -> Result<PathBuf, TestError> {
        let path = self.path(name);
        put(&path, text)?;
        Ok(path)
    }
}

/// Removes what a crash left: everything but the caches.
pub fn sweep(gates: &Path) {
    let tools = fs::read_dir(gates).into_iter().flatten().flatten();
    for tool in tools {
        let runs = fs::read_dir(tool.path()).into_iter().flatten().flatten();
        for run in runs.filter(|run| run.file_name() != CACHE) {
            let _ = fs::remove_dir_all(run.path());
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

/// Copies a tool with its planned source files behind stand-ins; says which files of the copy a model wrote.
pub fn throwing_copy(tree: &Tree, copy: &Path) -> Result<Vec<PathBuf>, TestError> {
    copy_folder(&real(&tree.dir)?, copy)?;
    let mut untrusted = written_by_models(copy, tree.model_written);
    untrusted.retain(|path| !path.ends_with("src"));
    for module in &tree.modules {
        let file = copy.join(module);
        let Some(stem) = file.file_stem().and_then(|stem| stem.to_str()) else {
            continue;
        };
        let real = file.with_file_name(format!("{stem}.real.js"));
        fs::rename(&file, &real).map_err(|error| broken(&file, &error))?;
        let name = format!("./{stem}.real.js");
        put(&file, &THROWING.replace("/*REAL*/", &name))?;
        untrusted.push(real);
    }
    untrusted.retain(|_| tree.model_written);
    Ok(untrusted)
}

/// Copies plain files and folders; anything else has no place in a tool.
fn copy_folder(from: &Path, to: &Path) -> Result<(), TestError> {
    fs::create_dir_all(to).map_err(|error| broken(to, &error))?;
    for entry in fs::read_dir(from).map_err(|error| broken(from, &error))? {
        let entry = entry.map_err(|error| broken(from, &error))?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type().map_err(|error| broken(&source, &error))?;
        if kind.is_dir() {
            copy_folder(&source, &target)?;
        } else if kind.is_file() {
            fs::copy(&source, &target).map_err(|error| broken(&source, &error))?;
        } else {
            let words = format!("{} is not a plain file; remove it", source.display());
            return Err(TestError::Setup(words));
        }
    }
    Ok(())
}

fn put(path: &Path, text: &str) -> Result<(), TestError> {
    fs::write(path, text).map_err(|error| broken(path, &error))
}

fn broken(path: &Path, error: &std::io::Error) -> TestError {
    TestError::Setup(format!("{}: {error}", path.display()))
}

//! The tool's files in the worktree: the harness names every path, the model only fills them.

use super::context::{Context, Stop};
use crate::agents::scaffold;
use crate::agents::spec::Spec;
use crate::domain::case::Case;
use crate::factory::ports::tests::Tree;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// tools/<name> in the worktree.
#[must_use]
pub fn folder(context: &Context) -> PathBuf {
    context.tools.repo.work().join("tools").join(&context.tool)
}

/// Writes the harness's own files (package.json, bin, fakes, public examples), and stubs where a source is missing.
pub fn scaffold(context: &Context, spec: &Spec, public: &[Case]) -> Result<(), Stop> {
    let dir = folder(context);
    for (path, text) in scaffold::harness(spec, &context.version, public) {
        put(&dir, &path, &text)?;
    }
    for path in spec
        .modules()
        .iter()
        .filter(|path| !dir.join(path).exists())
    {
        put(&dir, path, &scaffold::stub(spec, path))?;
    }
    Ok(())
}

/// Removes what an earlier plan left in the tool's folder: nobody else could.
pub fn clear(context: &Context, spec: &Spec) -> Result<(), Stop> {
    let dir = folder(context);
    let plan = spec.plan();
    for part in ["src", "test/dev"] {
        let Ok(entries) = std::fs::read_dir(dir.join(part)) else {
            continue;
        };
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if plan.contains(&format!("{part}/{name}")) {
                continue;
            }
            let path = entry.path();
            let removed = match entry.file_type() {
                Ok(kind) if kind.is_dir() => std::fs::remove_dir_all(&path),
                _ => std::fs::remove_file(&path),
            };
            removed
                .map_err(|e| Stop::Incident(format!("cannot remove {}: {e}", path.display())))?;
        }
    }
    Ok(())
}

/// Takes away every planned file; scaffolding puts stubs in the place of sources.
pub fn empty(context: &Context, spec: &Spec) -> Result<(), Stop> {
    let dir = folder(context);
    for path in spec.plan() {
        match std::fs::remove_file(dir.join(&path)) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                return Err(Stop::Incident(format!("cannot remove {path}: {e}")));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Writes one file of the plan.
pub fn write(context: &Context, path: &str, text: &str) -> Result<(), Stop> {
    put(&folder(context), path, text)
}

/// A file as it lies in the worktree; None when absent.
#[must_use]
pub fn read(context: &Context, path: &str) -> Option<String> {
    std::fs::read_to_string(folder(context).join(path)).ok()
}

/// Every planned file that exists.
#[must_use]
pub fn current(context: &Context, spec: &Spec) -> BTreeMap<String, String> {
    spec.plan()
        .into_iter()
        .filter_map(|path| read(context, &path).map(|text| (path, text)))
        .collect()
}

/// The tree as the test port takes it.
#[must_use]
pub fn tree(context: &Context, spec: &Spec, expected_tests: u32) -> Tree {
    Tree {
        tool: context.tool.clone(),
        dir: folder(context),
        modules: spec.modules(),
        expected_tests,
        model_written: true,
    }
}

/// Writes a file below a folder.
pub fn put(dir: &Path, path: &str, text: &str) -> Result<(), Stop> {
    let file = dir.join(path);
    let failed = |e: std::io::Error| {
        Stop::Incident(format!(
            "cannot write {}: {e}; free space or mend permissions",
            file.display()
        ))
    };
    if let Some(parent) = file.parent() {
        std::fs::create_dir_all(parent).map_err(failed)?;
    }
    std::fs::write(&file, text).map_err(failed)
}

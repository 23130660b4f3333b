//! The tool's files in the worktree: the harness names every path, the model only fills them.

use super::context::{Context, Stop};
use crate::agents::scaffold;
use crate::agents::spec::Spec;
use crate::domain::case::Case;
use crate::factory::ports::tests::Tree;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// tools/<name> in the worktree.
#[must_use]
pub fn folder(context: &Context) -> PathBuf {
    context.tools.repo.work().join("tools").join(&context.tool)
}

/// Writes the harness's own files (package.json, bin, fakes, public examples, the lock file of its
/// packages), and stubs where a source is missing.
pub async fn scaffold(context: &Context, spec: &Spec, public: &[Case]) -> Result<(), Stop> {
    let packages = spec.packages(&context.settings.packages);
    for (path, text) in scaffold::harness(spec, &context.version, public, &packages) {
        write(context, &path, &text)?;
    }
    if !packages.is_empty() {
        context.doing("installing the packages of the tool");
        let lock = context.tools.tests.packages(&packages).await?;
        write(context, "package-lock.json", &lock)?;
    }
    for path in spec.modules() {
        // What is there but may not be read is the scan's to report.
        let there = context.tools.files.read(&folder(context), &path);
        if there == Ok(None) {
            write(context, &path, &scaffold::stub(spec, &path))?;
        }
    }
    Ok(())
}

/// Removes what an earlier plan left in the tool's folder, and links and pipes: nobody else could.
pub fn clear(context: &Context, spec: &Spec) -> Result<(), Stop> {
    let plan = spec.plan();
    for part in ["src", "test/dev"] {
        let within = |path: &'_ String| -> Option<String> {
            let name = path.strip_prefix(part)?.strip_prefix('/')?;
            Some(name.to_owned())
        };
        let names: Vec<String> = plan.iter().filter_map(within).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let folder = folder(context).join(part);
        context.tools.files.keep_only(&folder, &names)?;
    }
    Ok(())
}

/// Takes away everything the Developer wrote; scaffolding puts stubs in the place of sources.
pub fn empty(context: &Context) -> Result<(), Stop> {
    for part in ["src", "test/dev"] {
        let folder = folder(context).join(part);
        context.tools.files.keep_only(&folder, &[])?;
    }
    let kept = ["package.json", "package-lock.json"];
    Ok(context.tools.files.keep_only(&folder(context), &kept)?)
}

/// Writes one file of the plan.
pub fn write(context: &Context, path: &str, text: &str) -> Result<(), Stop> {
    let files = &context.tools.files;
    Ok(files.write(&folder(context), path, text)?)
}

/// A file as it lies in the worktree; None when absent.
pub fn read(context: &Context, path: &str) -> Result<Option<String>, Stop> {
    Ok(context.tools.files.read(&folder(context), path)?)
}

/// Every planned file that exists.
pub fn current(context: &Context, spec: &Spec) -> Result<BTreeMap<String, String>, Stop> {
    let mut found = BTreeMap::new();
    for path in spec.plan() {
        if let Some(text) = read(context, &path)? {
            found.insert(path, text);
        }
    }
    Ok(found)
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
        packages: spec.packages(&context.settings.packages),
    }
}

//! Throw-away folders, and the empty stub in one: the tool with every export unimplemented, on which a case that tests something must fail.

use super::context::{Stop, Tools};
use crate::agents::scaffold;
use crate::agents::spec::Spec;
use crate::domain::case::{Case, compare};
use crate::domain::condition::Trouble;
use crate::factory::ports::tests::{TREES, Tree};
use tempfile::TempDir;

/// Version in the stub's package.json; no case may depend on it.
const VERSION: &str = "0.0.0";

/// Which cases fail on the stub.
pub async fn failing(
    tools: &Tools,
    tool: &str,
    spec: &Spec,
    cases: &[Case],
) -> Result<Vec<bool>, Stop> {
    let (_folder, tree) = folder(tools, tool, spec)?;
    let received = tools.tests.cases(&tree, cases).await?;
    let fails = |(case, got)| !compare(case, got).passed;
    Ok(cases.iter().zip(&received).map(fails).collect())
}

/// A folder that goes when it is no longer needed.
pub fn throw_away(tools: &Tools, prefix: &str) -> Result<TempDir, Stop> {
    let trees = tools.home.join(TREES);
    let failed =
        |e: std::io::Error| Stop::Trouble(Trouble::File, format!("{}: {e}", trees.display()));
    tools.files.make(&trees)?;
    let folder = tempfile::Builder::new().prefix(prefix).tempdir_in(&trees);
    folder.map_err(failed)
}

/// A throw-away folder with the stub.
fn folder(tools: &Tools, tool: &str, spec: &Spec) -> Result<(TempDir, Tree), Stop> {
    let folder = throw_away(tools, "stub-")?;
    let dir = folder.path().join(tool);
    for (path, text) in scaffold::files(spec, VERSION, &[]) {
        tools.files.write(&dir, &path, &text)?;
    }
    let tree = Tree {
        tool: tool.to_owned(),
        dir,
        modules: spec.modules(),
        expected_tests: 0,
        model_written: false,
        packages: Vec::new(),
    };
    Ok((folder, tree))
}

//! git in folders that are no home yet: the first commit of one, and texts merged aside; no hooks, no signing.

use super::out::Fail;
use super::tools;
use crate::adapters::child;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Output};

/// The first commit on main; hooks and signing of the machine are left out of it.
pub fn begin(root: &Path) -> Result<(), Fail> {
    git(
        root,
        &["init", "--quiet", "--template=", "--initial-branch=main"],
    )?;
    git(root, &["add", "--all"])?;
    // By the person, or by us where none is known.
    let known = git(root, &["var", "GIT_COMMITTER_IDENT"]).is_ok();
    let own = [
        "-c",
        "user.name=dev-factory",
        "-c",
        "user.email=dev-factory@localhost",
    ];
    let who = if known { &[][..] } else { &own[..] };
    let words = [
        "commit",
        "--quiet",
        "--no-verify",
        "--message",
        "Begin a factory",
    ];
    git(root, &[who, &words].concat())
}

fn git(root: &Path, words: &[&str]) -> Result<(), Fail> {
    let output = output(root, words)?;
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr);
    Err(Fail::failed(format!(
        "git {} failed: {}",
        words
            .iter()
            .find(|word| !word.starts_with('-') && !word.contains('='))
            .unwrap_or(&""),
        text.trim().replace('\n', "; ")
    )))
}

/// git in a folder of our own making, without hooks and signing of the machine. In a home it is called as `GitRepo`.
pub fn output(root: &Path, words: &[&str]) -> Result<Output, Fail> {
    let program = tools::git()?;
    let mut command = Command::new(program);
    // Variables such as GIT_DIR would also send the work to another repository.
    child::bare(&mut command, &["XDG_CONFIG_HOME"])
        .current_dir(root)
        .args([
            "-c",
            "core.hooksPath=/dev/null",
            "-c",
            "commit.gpgSign=false",
            "-c",
            "core.autocrlf=false",
            "-c",
            "core.fsmonitor=false",
        ])
        .args(words)
        // Ctrl-C in the terminal is ours to answer.
        .process_group(0)
        .stdin(std::process::Stdio::null())
        .output()
        .map_err(|error| Fail::failed(format!("git does not start: {error}")))
}

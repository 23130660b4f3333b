//! What of a factory lies on this machine: settings, souls, the programs it needs, and room on the disk.

use super::super::out::Fail;
use super::super::{tools, wire};
use crate::agents::soul;
use crate::config::{Loaded, Source};
use crate::domain::finding::Finding;
use std::collections::BTreeSet;
use std::path::Path;

/// A factory starts with less, but the packages of Jest (some 60 MB), a few worktrees and the journal of a month need this.
const ROOM: u64 = 2 << 30;
/// With less a run of the gates may already meet the end of the disk.
const LEAST_ROOM: u64 = 256 << 20;

/// Settings: where they came from, or every problem with them.
pub fn settings(settled: Result<Loaded, Fail>) -> Vec<Finding> {
    // Each names its place, and mostly what may stand there.
    let problem = |line: &str| Finding::error("settings", line, "correct that line");
    match settled {
        Ok(loaded) => {
            let files: BTreeSet<String> = loaded
                .sources
                .iter()
                .filter_map(|row| match &row.source {
                    Source::File { file, .. } => Some(file.clone()),
                    _ => None,
                })
                .collect();
            let from = match files.is_empty() {
                true => "built-in values, no file sets anything".to_owned(),
                false => files.into_iter().collect::<Vec<_>>().join(", "),
            };
            vec![Finding::fine("settings", from)]
        }
        Err(Fail::Said(_, sentences)) => sentences.lines().map(problem).collect(),
        Err(Fail::Closed) => Vec::new(),
        Err(Fail::Bug(report)) => vec![Finding::error(
            "settings",
            report.to_string(),
            "report this",
        )],
    }
}

/// Souls of a home; without one the compiled-in ones are as they should be.
pub fn souls(home: Option<&Path>) -> Vec<Finding> {
    let Some(home) = home else {
        let words = "none here: a look at this machine alone";
        return vec![Finding::note("home", words)];
    };
    // Their sentences end with what to do.
    let split = |words: &str| {
        let (what, remedy) = words
            .rsplit_once("; ")
            .unwrap_or((words, "correct it or remove it"));
        (what.to_owned(), remedy.to_owned())
    };
    let texts = match wire::souls(home) {
        Ok(texts) => texts,
        Err(words) => {
            let (what, remedy) = split(&words);
            return vec![Finding::error("souls", what, remedy)];
        }
    };
    let mut found = Vec::new();
    for (file, text) in &texts {
        match soul::parse(text, file) {
            Ok((_, odd)) => found.extend(odd.iter().map(|words| {
                let (what, remedy) = split(words);
                Finding::warning("souls", what, remedy)
            })),
            Err(words) => {
                let (what, remedy) = split(&words);
                found.push(Finding::error("souls", what, remedy));
            }
        }
    }
    if found.is_empty() {
        found.push(Finding::fine("souls", "all three can be read"));
    }
    found
}

/// git, node and npm.
pub fn programs() -> Vec<Finding> {
    let of = |name: &str, version: Result<String, Fail>| match version {
        Ok(version) => Finding::fine(name, version),
        Err(Fail::Said(_, sentence)) => {
            let (what, remedy) = sentence.split_once(": ").unwrap_or((&sentence, ""));
            Finding::error(name, what, remedy)
        }
        Err(_) => Finding::error(name, "cannot be started", "install it anew"),
    };
    vec![
        of("node", tools::node_version()),
        of("npm", tools::version_of(tools::find_npm())),
        of("git", tools::version_of(tools::git())),
    ]
}

/// Room where the home is, or would be.
pub fn disk(home: Option<&Path>) -> Option<Finding> {
    let place = home.unwrap_or(Path::new("."));
    let stat = rustix::fs::statvfs(place).ok()?;
    let free = stat.f_bavail.saturating_mul(stat.f_frsize);
    let words = format!("{:.1} GB free", free as f64 / 1e9);
    let remedy = "make room, or move the home to a larger disk";
    Some(match free {
        free if free < LEAST_ROOM => Finding::error("disk", words, remedy),
        free if free < ROOM => Finding::warning("disk", words, remedy),
        _ => Finding::fine("disk", words),
    })
}

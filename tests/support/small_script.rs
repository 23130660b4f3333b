//! The small tool in two kinds, one right at once and one that sees every phase; built by scripted replies where no server
//! is wanted.
#![allow(dead_code)]

use super::homes;
use super::small_tool::{self, Bug, fenced, source};
use std::fs;
use std::path::{Path, PathBuf};

/// Right at once: the soonest shipped.
pub const TOOL: &str = small_tool::TOOL;
/// Rejected once, red once, fixed once.
pub const EVENTFUL: &str = "sum-anew";

/// What either is asked for.
const ASKED: [&str; 11] = [
    "spec/draft",
    "spec/template",
    "spec-review/cases",
    "spec-review/verdict",
    "coding/file/src/cli.js",
    "coding/file/test/dev/cli.test.js",
    "coding/file/README.md",
    "fixing/file/src/cli.js",
    "qa/hypothesis",
    "qa/replace",
    "review/verdict",
];

/// The reply to a label; of the eventful tool the first spec and its review are others than those after them, and its code
/// is wrong until it is fixed, however often it is asked for: an answer that a fault of the disk loses is asked for again.
pub fn reply(label: &str) -> Option<String> {
    let usual = small_tool::reply(label)?;
    let what = label.strip_prefix(EVENTFUL).unwrap_or_default();
    let (stem, n) = what.rsplit_once('/').unwrap_or_default();
    Some(match Some(stem).filter(|_| n == "0" || stem.starts_with("/coding")) {
        Some("/spec/template") => usual.replace(", and no number at all is 0", ""),
        Some("/spec-review/verdict") => {
            "```json\n{\"notes\":\"R1 leaves open what an empty text sums to.\",\"ambiguous\":[\"R1\"],\"verdict\":\"reject\"}\n```\n".to_owned()
        }
        Some("/coding/file/src/cli.js") => {
            fenced(&source(&[Bug::Fourth], "a draft")).replace(TOOL, EVENTFUL)
        }
        _ => usual,
    })
}

fn write(replies: &Path, tool: &str) {
    for what in ASKED {
        let folder = replies.join(tool).join(what);
        fs::create_dir_all(&folder).unwrap();
        for n in 0..2 {
            let text = reply(&format!("{tool}/{what}/{n}")).unwrap();
            fs::write(folder.join(format!("{n}.md")), text).unwrap();
        }
    }
}

/// A home below `dir` whose wishlist holds these of the two; its replies lie beside it.
pub fn make(dir: &Path, tools: &[&str]) -> PathBuf {
    let replies = dir.canonicalize().unwrap().join("replies");
    for tool in tools {
        write(&replies, tool);
    }
    let kind = "kind = \"scripted\"\n";
    let from = format!("{kind}replies = \"{}\"\n", replies.display());
    let settings = homes::SCRIPTED.replace(kind, &from) + small_tool::HARNESS;
    let home = homes::make(dir, &[], &settings);
    small_tool::list(&home, tools);
    home
}

//! The word that has to be typed before generated code runs without walls.

use crate::homes;
use crate::pty::{Ends, Pty};
use crate::small_script::{self, TOOL};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

const PROMPT: &str = "Type unsafe to go on:";

/// A home whose replies anybody could have changed, asked about on a terminal of the usual size.
fn asked(dir: &Path) -> (PathBuf, Pty) {
    let home = small_script::make(dir, &[TOOL]);
    let words = ["--home", "home", "--unsafe-no-sandbox"];
    let pty = Pty::run(dir, &words, &[]);
    pty.resize(80, 24);
    pty.shows(PROMPT);
    assert!(!home.join("dev-factory/engine.lock").exists());
    (home, pty)
}

/// The tier named in the first evidence of the tool.
fn tier(home: &Path) -> Option<String> {
    let folder = home.join("dev-factory/evidence").join(TOOL);
    let mut files = fs::read_dir(folder).ok()?.flatten();
    let file = files.find(|file| file.path().extension().is_some_and(|end| end == "json"))?;
    let evidence: Value = serde_json::from_slice(&fs::read(file.path()).ok()?).ok()?;
    Some(evidence["sandbox"].as_str()?.to_owned())
}

#[test]
fn the_typed_word_starts_an_engine_without_walls_and_screens_and_evidence_say_so() {
    let dir = tempfile::tempdir().unwrap();
    let (home, mut pty) = asked(dir.path());
    let _ends = Ends(&home);
    pty.press("unsafe\r");
    pty.shows(" NO SANDBOX ");
    crate::wait("evidence", || tier(&home).is_some());
    assert_eq!(tier(&home).as_deref(), Some("none"));
    crate::wait("a shipped tool", || homes::tags(&home).len() == 1);
    // It stays, whatever is looked at.
    for (key, tab) in [("2", "[2 Agents"), ("4", "[4 Logs]"), ("1", "[1 Factory]")] {
        pty.press(key);
        pty.shows(tab);
        pty.shows(" NO SANDBOX ");
    }
    pty.press("q");
    let (code, text) = pty.ended();
    assert_eq!(code, 0);
    assert_eq!(text.matches("WARNING: NO protection").count(), 1, "{text}");
}

#[test]
fn any_other_word_starts_nothing() {
    for typed in ["", "yes", "unsafe!"] {
        let dir = tempfile::tempdir().unwrap();
        let (home, mut pty) = asked(dir.path());
        pty.press(&format!("{typed}\r"));
        let (code, text) = pty.ended();
        assert_eq!(code, 78, "{text}");
        assert!(text.contains("--yes-i-accept"), "{text}");
        assert!(!home.join("dev-factory/engine.lock").exists(), "{text}");
    }
}

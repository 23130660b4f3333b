//! The write policy: what a file from the Developer must be before it is written.

use super::lint::source_path;
use super::mend::{Place, mend};
use super::prompt::Numbers;
use super::reply::{Malformed, fenced};
use super::scaffold;
use super::scan;
use super::spec::{Spec, test_of};
use crate::text::sanitise::misplaced;
use std::collections::BTreeMap;

/// Files shorter than this may shrink as they like, lines with text.
const SMALL: usize = 10;
/// Comments that stand for code that was left out.
const ELISIONS: [&str; 9] = [
    "existing code",
    "rest of the code",
    "rest of the file",
    "rest of code",
    "code unchanged",
    "remains unchanged",
    "remain unchanged",
    "same as before",
    "previous code",
];
/// Docblock keys that change how Jest runs a file.
const CONFIG: [&str; 3] = [
    "@jest-environment",
    "@jest-config",
    "@jest-environment-options",
];

/// The whole file a reply holds, ready to be written at `path`, and what the harness put right in it.
pub fn from_reply(
    path: &str,
    reply: &str,
    previous: Option<&str>,
    spec: &Spec,
    sources: &BTreeMap<String, String>,
    numbers: &Numbers,
) -> Result<(String, Vec<String>), Malformed> {
    let languages: &[&str] = if path.ends_with(".js") {
        &["js"]
    } else {
        &["markdown"]
    };
    let text = fenced(reply, languages)?;
    from_text(path, &text, previous, spec, sources, numbers)
}

/// The same of a text that came without a fence around it.
pub fn from_text(
    path: &str,
    text: &str,
    previous: Option<&str>,
    spec: &Spec,
    sources: &BTreeMap<String, String>,
    numbers: &Numbers,
) -> Result<(String, Vec<String>), Malformed> {
    let place = Place {
        path,
        previous,
        spec,
        sources,
    };
    let mended = mend(text, &place);
    let text = check_file(path, &mended.text, previous, spec, numbers)?;
    Ok((text, mended.notes))
}

/// The text as it may be written, or why it may not.
pub fn check_file(
    path: &str,
    text: &str,
    previous: Option<&str>,
    spec: &Spec,
    numbers: &Numbers,
) -> Result<String, Malformed> {
    if !spec.plan().iter().any(|planned| planned == path) {
        return Err(Malformed::new(format!(
            "{path} is not a file of the plan; only {} may be written",
            spec.plan().join(", ")
        )));
    }
    let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n");
    let text = format!("{}\n", text.trim_end());
    size(path, &text, numbers)?;
    visible(path, &text)?;
    if path == "README.md" {
        return Ok(text);
    }
    elided(path, &text)?;
    configured(path, &text)?;
    modules(path, &text)?;
    shrunk(path, &text, previous)?;
    scan::parses(&text).map_err(|problem| {
        Malformed::new(format!(
            "{path} is not valid JavaScript, {problem}; write the whole file again"
        ))
    })?;
    Ok(text)
}

/// Whether the Developer may ever write there.
#[must_use]
pub fn writable(path: &str) -> bool {
    let test = path
        .strip_prefix("test/dev/")
        .and_then(|name| name.strip_suffix(".test.js"))
        .map(|name| format!("src/{name}.js"));
    path == "README.md"
        || source_path(path)
        || test.is_some_and(|source| source_path(&source) && test_of(&source) == path)
}

fn size(path: &str, text: &str, numbers: &Numbers) -> Result<(), Malformed> {
    if text.trim().is_empty() {
        return Err(Malformed::new(format!("{path} is empty")));
    }
    let lines = text.lines().count();
    let most = numbers.file_lines as usize;
    if lines > most {
        let words =
            format!("{path} has {lines} lines and at most {most} are allowed; write it shorter");
        return Err(match path {
            "README.md" => Malformed::new(words),
            _ => Malformed::long(words),
        });
    }
    // A file of one endless line would pass the cap on lines.
    let longest = text.lines().map(|line| line.chars().count()).max();
    if longest.is_some_and(|longest| longest > 1000) {
        return Err(Malformed::new(format!(
            "{path} has a line of more than 1000 characters; break it"
        )));
    }
    Ok(())
}

/// What a reader cannot see has no place in a file: it could make code read as other code.
fn visible(path: &str, text: &str) -> Result<(), Malformed> {
    match misplaced(text) {
        Some((line, c)) => Err(Malformed::new(format!(
            "line {line} of {path} holds the invisible character U+{:04X}; write it as an escape, or leave it out",
            u32::from(c)
        ))),
        None => Ok(()),
    }
}

fn elided(path: &str, text: &str) -> Result<(), Malformed> {
    for (at, line) in text.lines().enumerate() {
        if is_elision(line) {
            return Err(Malformed::new(format!(
                "line {} of {path} leaves code out (\"{}\"); write the whole file",
                at + 1,
                line.trim().chars().take(80).collect::<String>()
            )));
        }
    }
    Ok(())
}

/// Whether a line is a comment that stands for code.
#[must_use]
pub fn is_elision(line: &str) -> bool {
    let Some(comment) = comment(line) else {
        return false;
    };
    let comment = comment.to_lowercase();
    let dots = comment.contains("...") || comment.contains('…');
    let words = ELISIONS.iter().any(|phrase| comment.contains(phrase));
    let bare = comment.trim_matches(['/', '*', ' ', '.', '…']);
    let unchanged = matches!(bare, "unchanged" | "" | "same" | "rest") && dots;
    (dots && words) || unchanged || starts_elision(bare)
}

/// Comments that are nothing but a stand-in, with or without dots.
fn starts_elision(bare: &str) -> bool {
    ELISIONS.iter().any(|phrase| {
        bare == *phrase || bare == format!("the {phrase}") || bare == format!("... {phrase}")
    })
}

/// A line's comment when the line is only that.
fn comment(line: &str) -> Option<&str> {
    let line = line.trim();
    let starts = ["//", "/*", "*", "#"];
    starts
        .iter()
        .any(|start| line.starts_with(start))
        .then_some(line)
}

fn configured(path: &str, text: &str) -> Result<(), Malformed> {
    match CONFIG.iter().find(|key| text.contains(*key)) {
        Some(key) => Err(Malformed::new(format!(
            "{path} sets `{key}`; tests run with the factory's settings only, remove it"
        ))),
        None => Ok(()),
    }
}

/// ES module syntax at the start of a line.
fn modules(path: &str, text: &str) -> Result<(), Malformed> {
    for (at, line) in text.lines().enumerate() {
        let import = line.strip_prefix("import").is_some_and(|rest| {
            rest.starts_with(['{', '*', '"', '\''])
                || rest.starts_with([' '])
                    && (rest.contains(" from ")
                        || rest.trim_start().starts_with(['"', '\'', '{', '*']))
        });
        let export = line.strip_prefix("export ").is_some_and(|rest| {
            let words = [
                "default", "const", "let", "var", "function", "async", "class", "{", "*",
            ];
            words.iter().any(|word| rest.trim_start().starts_with(word))
        });
        if import || export {
            return Err(Malformed::new(format!(
                "line {} of {path} uses import or export; this is CommonJS, use require and module.exports",
                at + 1
            )));
        }
    }
    Ok(())
}

fn shrunk(path: &str, text: &str, previous: Option<&str>) -> Result<(), Malformed> {
    let filled = |text: &str| text.lines().filter(|l| !l.trim().is_empty()).count();
    let Some(previous) = previous.filter(|text| !scaffold::is_stub(text)) else {
        return Ok(());
    };
    let (before, after) = (filled(previous), filled(text));
    if before >= SMALL && after * 10 < before * 6 {
        return Err(Malformed::new(format!(
            "{path} had {before} lines of text and now has {after}; write the whole file, not a part of it"
        )));
    }
    Ok(())
}

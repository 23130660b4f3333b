//! What a failure is and where it lies: error signatures, frames, exports, and the file to repair.

use super::spec::Spec;
use crate::domain::case::{Case, CaseResult};
use crate::domain::evidence::JestTest;
pub use crate::domain::stuck::rank;
use std::collections::BTreeMap;

/// The tool a run was made of.
#[derive(Clone, Copy, Debug)]
pub struct Ground<'a> {
    /// What the tool must be.
    pub spec: &'a Spec,
    /// Text of each file by path relative to the tool.
    pub sources: &'a BTreeMap<String, String>,
    /// The public cases now.
    pub cases: &'a [Case],
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Equal for failures with the same cause, over cycles: class, message without figures, place.
    pub signature: String,
    /// The test, case or gate.
    pub title: String,
    /// Rule, where a case names one.
    pub rule: Option<String>,
    /// The file to repair; None = cannot be told.
    pub file: Option<String>,
    /// Block for a prompt, at most 800 characters.
    pub text: String,
}

impl Ground<'_> {
    /// The source file that exports a function.
    #[must_use]
    pub fn owner(&self, function: &str) -> Option<String> {
        let files = self.spec.files.iter().map(|f| f.path.as_str());
        let mut files = files.filter(|path| {
            let text = self.sources.get(*path).map_or("", String::as_str);
            !super::scaffold::is_stub(text) && exports_of(text).iter().any(|n| n == function)
        });
        files.next().map(str::to_owned)
    }

    /// A planned source file.
    fn planned(&self, path: &str) -> bool {
        self.spec.files.iter().any(|f| f.path == path)
    }

    /// Where a case is repaired: the frame it failed in, the file of the function called, src/cli.js for commands.
    #[must_use]
    pub fn file_of_case(&self, case: &Case, at: Option<&str>) -> Option<String> {
        let frame = at.and_then(|at| self.source_in(at));
        frame.or_else(|| match &case.call {
            Some(call) => self.owner(call),
            None => Some("src/cli.js".into()),
        })
    }

    /// Where a test of the Developer is repaired. A frame in src wins. Without one the unit is suspected as long as a
    /// public case fails; when all pass, src does what the spec shows and the test itself is at fault.
    #[must_use]
    pub fn file_of_test(&self, test: &JestTest, public: &[CaseResult]) -> String {
        let frame = test.at.as_deref().and_then(|at| self.source_in(at));
        let unit = || {
            let path = format!("src/{}.js", super::spec::base(&test.file));
            let suspected = self.planned(&path) && public.iter().any(|r| !r.passed);
            suspected.then_some(path)
        };
        frame.or_else(unit).unwrap_or_else(|| test.file.clone())
    }

    /// The first planned source file a text names.
    #[must_use]
    pub fn source_in(&self, text: &str) -> Option<String> {
        let mut found = paths(text).filter(|path| self.planned(path));
        found.next().map(str::to_owned)
    }

    /// The case a generated test stands for: "E7 R5".
    #[must_use]
    pub fn case_of(&self, test: &JestTest) -> Option<&Case> {
        if test.file != "test/examples.test.js" {
            return None;
        }
        let id = test.name.split_whitespace().next()?;
        self.cases.iter().find(|case| case.id == id)
    }
}

/// Every src/ and test/ path of a text, in order.
fn paths(text: &str) -> impl Iterator<Item = &str> {
    let name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '_' | '.');
    let starts = text
        .char_indices()
        .filter(|(_, c)| matches!(c, 's' | 't'))
        .map(|(at, _)| at);
    starts.filter_map(move |at| {
        let rest = text.get(at..)?;
        if !rest.starts_with("src/") && !rest.starts_with("test/") {
            return None;
        }
        let end = rest.find(|c| !name(c)).unwrap_or(rest.len());
        let path = rest.get(..end)?;
        let cut = path.rfind(".js")? + 3;
        path.get(..cut)
    })
}

/// A file of the Developer's that a text names, test files included.
#[must_use]
pub fn named_file(text: &str) -> Option<String> {
    let mut found = paths(text).filter(|path| super::policy::writable(path));
    found.next().map(str::to_owned)
}

/// Names a CommonJS text exports.
#[must_use]
pub fn exports_of(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut add = |name: &str| {
        let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '$');
        if !name.is_empty() && name.chars().all(good) && !names.iter().any(|n| n == name) {
            names.push(name.to_owned());
        }
    };
    for line in text.lines() {
        let line = line.trim_start();
        let line = line.strip_prefix("module.").unwrap_or(line);
        if let Some((name, _)) = line
            .strip_prefix("exports.")
            .and_then(|rest| rest.split_once('='))
        {
            add(name.trim());
        }
    }
    if let Some((_, rest)) = text.rsplit_once("module.exports = {") {
        let body = rest.split('}').next().unwrap_or_default();
        for entry in body.split([',', '\n']) {
            let entry = entry.split("//").next().unwrap_or_default();
            add(entry.split(':').next().unwrap_or_default().trim());
        }
    }
    names
}

/// "TypeError" of "TypeError: x is not a function"; "assertion" for what expect() says.
#[must_use]
pub fn class(message: &str) -> &str {
    let first = message.lines().next().unwrap_or_default();
    if first.contains("expect(") {
        return "assertion";
    }
    let word = first.split(':').next().unwrap_or_default().trim();
    let named = first.contains(':') && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if named && !word.is_empty() {
        word
    } else {
        "Error"
    }
}

/// Signature E: class, first line of the message without digits, quoted text, paths and hex, and the place.
#[must_use]
pub fn signature(class: &str, message: &str, place: &str) -> String {
    let first = message.lines().next().unwrap_or_default();
    let mut words = String::new();
    for word in unquoted(first).split_whitespace() {
        let hex = word.len() >= 8 && word.chars().all(|c| c.is_ascii_hexdigit());
        if word.contains('/') || word.contains('\\') || word.starts_with("0x") || hex {
            continue;
        }
        let word: String = word.chars().filter(|c| !c.is_ascii_digit()).collect();
        if !word.is_empty() {
            if !words.is_empty() {
                words.push(' ');
            }
            words.push_str(&word);
        }
    }
    let words: String = words.chars().take(160).collect();
    let place = place.split(':').next().unwrap_or(place);
    format!("{class}|{words}|{place}")
}

/// The text without what stands in quotes; an apostrophe inside a word is no quote.
fn unquoted(text: &str) -> String {
    let mut out = String::new();
    let mut inside: Option<char> = None;
    let mut before = ' ';
    for c in text.chars() {
        match inside {
            Some(quote) if c == quote => inside = None,
            Some(_) => {}
            None if matches!(c, '"' | '`') || (c == '\'' && !before.is_alphanumeric()) => {
                inside = Some(c);
            }
            None => out.push(c),
        }
        before = c;
    }
    out
}

/// At most `most` characters, with three dots where more was cut.
#[must_use]
pub fn short(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most.saturating_sub(3)).collect();
    format!("{kept}...")
}

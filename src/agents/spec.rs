//! The spec of a tool, read tolerantly from the Markdown template; what is wrong with it is the linter's work.

use super::cases;
use crate::domain::case::Case;
use crate::domain::package::Package;

/// The nine sections of the template, in order.
pub const SECTIONS: [&str; 9] = [
    "Purpose",
    "Non-goals",
    "Files",
    "API",
    "CLI",
    "Rules",
    "Examples",
    "Edge cases",
    "I/O boundary",
];

/// A planned source file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SpecFile {
    /// "src/parse.js".
    pub path: String,
    /// What it is for.
    pub role: String,
    /// Planned files and packages it requires.
    pub depends: Vec<String>,
}

/// An exported function.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Export {
    /// Its name.
    pub name: String,
    /// The whole line: parameters, result, what it throws.
    pub signature: String,
}

/// One testable sentence.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rule {
    /// "R4".
    pub id: String,
    /// The sentence.
    pub text: String,
}

/// What a tool must be.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Spec {
    /// The tool.
    pub name: String,
    /// The whole text as written.
    pub text: String,
    /// One or two sentences.
    pub purpose: String,
    /// Source files, leaves first.
    pub files: Vec<SpecFile>,
    /// Exported functions, main included.
    pub exports: Vec<Export>,
    /// Rules, most important first.
    pub rules: Vec<Rule>,
    /// Public examples that could be read.
    pub examples: Vec<Case>,
    /// Example lines that could not: what is wrong with each.
    pub unread: Vec<String>,
    /// (title as written, text) of each section.
    pub sections: Vec<(String, String)>,
}

impl Spec {
    /// A section's text by title, whatever its letters' case; empty when there is none.
    #[must_use]
    pub fn section(&self, title: &str) -> &str {
        let found = self.sections.iter().find(|(name, _)| same(name, title));
        found.map_or("", |(_, text)| text.as_str())
    }

    /// Paths of the source files in order.
    #[must_use]
    pub fn modules(&self) -> Vec<String> {
        self.files.iter().map(|f| f.path.clone()).collect()
    }

    /// Everything the Developer writes, in order: sources, their tests, README.md.
    #[must_use]
    pub fn plan(&self) -> Vec<String> {
        let tests = self.files.iter().map(|f| test_of(&f.path));
        let mut plan = self.modules();
        plan.extend(tests);
        plan.push("README.md".into());
        plan
    }

    /// Those of some packages that a file of the plan requires, in their order.
    #[must_use]
    pub fn packages(&self, allowed: &[Package]) -> Vec<Package> {
        let needed = |package: &&Package| {
            let mut all = self.files.iter().flat_map(|file| &file.depends);
            all.any(|name| *name == package.name)
        };
        allowed.iter().filter(needed).cloned().collect()
    }

    /// A rule's sentence.
    #[must_use]
    pub fn rule(&self, id: &str) -> Option<&str> {
        let found = self.rules.iter().find(|rule| rule.id == id);
        found.map(|rule| rule.text.as_str())
    }

    /// Whether an export of this name is planned.
    #[must_use]
    pub fn has_export(&self, name: &str) -> bool {
        self.exports.iter().any(|export| export.name == name)
    }
}

/// test/dev/<base>.test.js of a source file.
#[must_use]
pub fn test_of(source: &str) -> String {
    format!("test/dev/{}.test.js", base(source))
}

/// "parse" of "src/parse.js" and of "test/dev/parse.test.js".
#[must_use]
pub fn base(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    let name = name.strip_suffix(".js").unwrap_or(name);
    name.strip_suffix(".test").unwrap_or(name)
}

/// Reads a spec; never fails, what is missing stays empty.
#[must_use]
pub fn parse(text: &str) -> Spec {
    let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n");
    let mut spec = Spec {
        text: text.clone(),
        ..Spec::default()
    };
    for line in text.lines() {
        if let Some(title) = line.strip_prefix("## ") {
            spec.sections.push((title.trim().to_owned(), String::new()));
        } else if let Some((_, body)) = spec.sections.last_mut() {
            body.push_str(line);
            body.push('\n');
        } else if let Some(title) = line.strip_prefix("# ") {
            spec.name = title.trim().trim_matches('`').to_owned();
        }
    }
    spec.purpose = spec
        .section("Purpose")
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    spec.files = bullets(spec.section("Files")).filter_map(file).collect();
    spec.exports = bullets(spec.section("API")).filter_map(export).collect();
    spec.rules = spec.section("Rules").lines().filter_map(rule).collect();
    let examples = spec.section("Examples").to_owned();
    for (at, line) in examples.lines().map(str::trim).enumerate() {
        let line = line.strip_prefix("- ").unwrap_or(line).trim_matches('`');
        if line.is_empty() {
            continue;
        }
        match cases::read(line) {
            Ok(case) => spec.examples.push(case),
            Err(problem) => spec.unread.push(format!("line {} of it {problem}", at + 1)),
        }
    }
    spec
}

fn same(written: &str, title: &str) -> bool {
    let written = written.split(['(', ':']).next().unwrap_or_default().trim();
    let bare = || title == "I/O boundary" && written.eq_ignore_ascii_case("IO boundary");
    written.eq_ignore_ascii_case(title) || bare()
}

fn bullets(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| {
        let line = line.trim();
        line.strip_prefix("- ").or_else(|| line.strip_prefix("* "))
    })
}

/// `src/x.js — role — depends on: src/y.js`, with any kind of dash.
fn file(line: &str) -> Option<SpecFile> {
    let line = line
        .replace(" – ", " — ")
        .replace(" -- ", " — ")
        .replace(" - ", " — ");
    let mut parts = line.split(" — ");
    let path = parts.next()?.trim().trim_matches('`').to_owned();
    let rest: Vec<&str> = parts.map(str::trim).collect();
    let (depends, role): (Vec<&str>, Vec<&str>) = rest
        .into_iter()
        .partition(|part| part.to_lowercase().starts_with("depends on"));
    let depends = depends.first().copied().unwrap_or_default();
    let names = depends.split_once(':').map_or("", |(_, names)| names);
    Some(SpecFile {
        path,
        role: role.join(" — "),
        depends: names
            .split(',')
            .map(|name| name.trim().trim_matches('`').trim_end_matches('.'))
            .filter(|name| !name.is_empty() && !matches!(*name, "nothing" | "none" | "-"))
            .map(str::to_owned)
            .collect(),
    })
}

fn export(line: &str) -> Option<Export> {
    let signature = line.trim().replace('`', "");
    let signature = signature.strip_prefix("async ").unwrap_or(&signature);
    let name = signature.split('(').next()?.trim();
    let good = !name.is_empty()
        && signature.contains('(')
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '$'));
    good.then(|| Export {
        name: name.to_owned(),
        signature: signature.to_owned(),
    })
}

/// `- R4: sentence`, also with `.` or bold marks.
fn rule(line: &str) -> Option<Rule> {
    let line = line.trim().trim_start_matches(['-', '*', ' ']);
    let digits = line.strip_prefix('R')?;
    let end = digits.find(|c: char| !c.is_ascii_digit())?;
    let (number, rest) = digits.split_at_checked(end)?;
    let text = rest.trim_start_matches(['*', ':', '.', ')', ' ', '—']);
    (!number.is_empty() && !text.is_empty()).then(|| Rule {
        id: format!("R{number}"),
        text: text.trim().to_owned(),
    })
}

//! The spec linter: every rule of the template, each complaint a sentence that names its place.

use super::cases;
use super::prompt::{Numbers, Shape};
use super::spec::{self, SECTIONS, Spec};
use super::votes;
use crate::domain::case::Case;
use crate::domain::package::{self, Package};
use crate::text::sanitise::misplaced;
use crate::text::tokens;
use std::collections::{BTreeMap, BTreeSet};

const VAGUE: [&str; 9] = [
    "etc",
    "appropriate",
    "appropriately",
    "robust",
    "robustly",
    "fast",
    "and so on",
    "user-friendly",
    "as needed",
];

const INSTALLS: [&str; 2] = ["npm install", "node_modules"];

/// The spec, or everything that is wrong with it. `allowed`: packages its files may depend on.
pub fn lint(
    text: &str,
    tool: &str,
    numbers: &Numbers,
    allowed: &[Package],
) -> Result<Spec, Vec<String>> {
    let spec = spec::parse(text);
    let mut problems = Vec::new();
    sections(&spec, tool, &mut problems);
    let shape = &numbers.shape;
    files(&spec, allowed, shape, &mut problems);
    exports(&spec, shape, &mut problems);
    rules(&spec, shape, &mut problems);
    examples(&spec, shape, &mut problems);
    cover(&spec, &mut problems);
    words(&spec, allowed, &mut problems);
    size(&spec, numbers, &mut problems);
    visible(text, &mut problems);
    if problems.is_empty() {
        Ok(spec)
    } else {
        Err(problems)
    }
}

fn visible(text: &str, problems: &mut Vec<String>) {
    if let Some((line, c)) = misplaced(text) {
        problems.push(format!(
            "Line {line}: it holds the invisible character U+{:04X}; write it as an escape in an example, or leave it out.",
            u32::from(c)
        ));
    }
}

fn sections(spec: &Spec, tool: &str, problems: &mut Vec<String>) {
    if spec.name != tool {
        problems.push(format!(
            "Title: the first line must be `# {tool}`, not `# {}`.",
            spec.name
        ));
    }
    for title in SECTIONS {
        if spec.section(title).trim().is_empty() {
            problems.push(format!(
                "Section {title}: it is missing or empty; write `## {title}` and its content."
            ));
        }
    }
    let goals = spec.section("Non-goals").lines();
    let goals = goals.filter(|line| line.trim_start().starts_with(['-', '*']));
    let count = goals.count();
    if count > 3 {
        problems.push(format!(
            "Section Non-goals: it has {count} bullets, at most 3 are allowed."
        ));
    }
}

fn files(spec: &Spec, allowed: &[Package], shape: &Shape, problems: &mut Vec<String>) {
    let most = shape.files as usize;
    if spec.files.len() > most {
        problems.push(format!(
            "Section Files: {} files are planned, at most {most} are allowed.",
            spec.files.len()
        ));
    }
    if spec.files.last().is_none_or(|f| f.path != "src/cli.js") {
        problems.push(
            "Section Files: src/cli.js must be there and be the last file of the list.".into(),
        );
    }
    let mut earlier = BTreeSet::new();
    for file in &spec.files {
        let path = &file.path;
        if !source_path(path) {
            problems.push(format!(
                "Section Files: `{path}` must look like src/name.js, with small letters, digits and hyphens."
            ));
        }
        if file.role.is_empty() {
            problems.push(format!(
                "Section Files: `{path}` has no role; write `- {path} — role — depends on: nothing`."
            ));
        }
        for needed in &file.depends {
            let package = allowed.iter().any(|package| package.name == *needed);
            if !package && !earlier.contains(needed) {
                problems.push(format!(
                    "Section Files: `{path}` depends on `{needed}`, which is not a file listed above it; {}.",
                    usable(allowed)
                ));
            }
        }
        if !earlier.insert(path.clone()) {
            problems.push(format!("Section Files: `{path}` is listed twice."));
        }
    }
}

/// What packages there are, in words.
fn usable(allowed: &[Package]) -> String {
    if allowed.is_empty() {
        return "packages cannot be used".to_owned();
    }
    format!("of packages only {} can be used", package::names(allowed))
}

/// src/name.js in kebab-case.
pub(super) fn source_path(path: &str) -> bool {
    let name = path
        .strip_prefix("src/")
        .and_then(|p| p.strip_suffix(".js"));
    name.is_some_and(|name| {
        name.starts_with(|c: char| c.is_ascii_lowercase())
            && name
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
    })
}

fn exports(spec: &Spec, shape: &Shape, problems: &mut Vec<String>) {
    let most = shape.exports as usize;
    if spec.exports.len() > most {
        problems.push(format!(
            "Section API: {} functions are listed, at most {most} are allowed, main included.",
            spec.exports.len()
        ));
    }
    let main = spec.exports.iter().find(|export| export.name == "main");
    match main {
        None => problems.push(
            "Section API: `main(argv: string[], deps) -> Promise<number>` is missing; src/cli.js exports it.".into(),
        ),
        Some(main) if !main.signature.contains("deps") => problems.push(
            "Section API: main must take `deps` as its last argument: `main(argv: string[], deps) -> Promise<number>`.".into(),
        ),
        Some(_) => {}
    }
    let mut seen = BTreeSet::new();
    for export in &spec.exports {
        if !seen.insert(&export.name) {
            problems.push(format!("Section API: `{}` is listed twice.", export.name));
        }
        if !export.signature.contains("->") {
            problems.push(format!(
                "Section API: `{}` has no result type; write `{}(...) -> type; throws X when ...`.",
                export.name, export.name
            ));
        }
    }
}

fn rules(spec: &Spec, shape: &Shape, problems: &mut Vec<String>) {
    let most = shape.rules as usize;
    if spec.rules.len() > most {
        problems.push(format!(
            "Section Rules: {} rules are listed, at most {most} are allowed; join or drop the least important.",
            spec.rules.len()
        ));
    }
    if spec.rules.is_empty() {
        problems.push("Section Rules: no rule can be read; write `- R1: one sentence.`".into());
    }
    let mut seen = BTreeSet::new();
    for rule in &spec.rules {
        if !seen.insert(&rule.id) {
            problems.push(format!("Rule {}: the id is used twice.", rule.id));
        }
    }
}

fn examples(spec: &Spec, shape: &Shape, problems: &mut Vec<String>) {
    for unread in &spec.unread {
        problems.push(format!("Section Examples: {unread}."));
    }
    let count = spec.examples.len();
    let (least, most) = (shape.least_examples as usize, shape.most_examples as usize);
    if !(least..=most).contains(&count) {
        problems.push(format!(
            "Section Examples: {count} examples can be read; {least} to {most} are wanted."
        ));
    }
    let mut ids = BTreeSet::new();
    let mut inputs: BTreeMap<String, &Case> = BTreeMap::new();
    for case in &spec.examples {
        let id = &case.id;
        if !numbered(id, 'E') {
            problems.push(format!("Example {id}: ids are E1, E2, E3 and so forth."));
        }
        if !ids.insert(id) {
            problems.push(format!("Example {id}: the id is used twice."));
        }
        names(spec, case, problems);
        if let Some(other) = inputs.insert(cases::input(case), case) {
            problems.push(if votes::agree(other, case) {
                format!("Example {id}: it asks the same as {}; ask something else.", other.id)
            } else {
                format!(
                    "Example {id}: it has the same input as {} and another result; only one can be right.",
                    other.id
                )
            });
        }
    }
}

/// Whether the rule and the function a case names exist.
fn names(spec: &Spec, case: &Case, problems: &mut Vec<String>) {
    let id = &case.id;
    if spec.rule(&case.rule).is_none() {
        problems.push(format!(
            "Example {id}: rule `{}` does not exist.",
            case.rule
        ));
    }
    if let Some(call) = &case.call
        && !spec.has_export(call)
    {
        problems.push(format!(
            "Example {id}: `{call}` is not a function of section API."
        ));
    }
}

/// E7 or H7.
pub(super) fn numbered(id: &str, letter: char) -> bool {
    id.strip_prefix(letter)
        .is_some_and(|n| !n.is_empty() && n.chars().all(|c| c.is_ascii_digit()))
}

fn cover(spec: &Spec, problems: &mut Vec<String>) {
    for rule in &spec.rules {
        if !spec.examples.iter().any(|case| case.rule == rule.id) {
            problems.push(format!("Rule {}: no example shows it.", rule.id));
        }
    }
    for export in &spec.exports {
        let name = export.name.as_str();
        let calls = |case: &&Case| case.call.as_deref().unwrap_or("main") == name;
        let count = spec.examples.iter().filter(calls).count();
        if count < 2 {
            problems.push(format!(
                "Function {name}: {count} of the examples {} it, at least 2 are wanted.",
                if name == "main" { "run" } else { "call" }
            ));
        }
    }
    if !spec.examples.iter().any(Case::runs_real_command) {
        problems.push(
            "Section Examples: no command runs as a real process; at least one must get along with files and variables, without `now`, `http` and `dns`, for example wrong usage.".into(),
        );
    }
    let edges = spec.section("Edge cases");
    let named: BTreeSet<&str> = edges.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    let edge = |case: &&Case| {
        case.throws.is_some()
            || case.exit.is_some_and(|exit| exit != 0)
            || named.contains(case.id.as_str())
    };
    let count = spec.examples.iter().filter(edge).count();
    if count * 4 < spec.examples.len() {
        problems.push(format!(
            "Section Examples: {count} of {} are error or edge cases, at least a quarter is wanted; add cases with `throws` or an exit code that is not 0, or name edge examples by id in section Edge cases.",
            spec.examples.len()
        ));
    }
}

fn words(spec: &Spec, allowed: &[Package], problems: &mut Vec<String>) {
    for (title, text) in &spec.sections {
        if title == "Examples" {
            continue;
        }
        // They are rare: only a section that has one is read by lines, and only for those it has.
        let whole = text.to_lowercase();
        let there = |words: &[&'static str]| -> Vec<&str> {
            let words = words.iter().copied();
            words.filter(|word| whole.contains(word)).collect()
        };
        let (vague, installs) = (there(&VAGUE), there(&INSTALLS));
        if vague.is_empty() && installs.is_empty() {
            continue;
        }
        for line in text.lines() {
            let lower = line.to_lowercase();
            if let Some(word) = vague.iter().find(|word| says(&lower, word)) {
                problems.push(format!(
                    "Section {title}: `{word}` cannot be tested, say exactly what happens: \"{}\"",
                    line.trim().chars().take(100).collect::<String>()
                ));
            }
            if installs.iter().any(|word| says(&lower, word)) {
                let usable = usable(allowed);
                problems.push(format!(
                    "Section {title}: {usable}; leave npm install out, the factory installs."
                ));
            }
        }
    }
}

/// Whether a line in lower case holds the word on its own.
fn says(line: &str, word: &str) -> bool {
    let inside = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '-' || c == '_');
    line.match_indices(word).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        let after = line.get(at + word.len()..).and_then(|t| t.chars().next());
        !inside(before) && !inside(after)
    })
}

/// Prose has the cap; examples may take three quarters of it on top, because they are what small models learn from.
fn size(spec: &Spec, numbers: &Numbers, problems: &mut Vec<String>) {
    let whole = tokens::estimate(&spec.text);
    let prose = whole.saturating_sub(tokens::estimate(spec.section("Examples")));
    let cap = numbers.spec_tokens;
    if prose > cap {
        problems.push(format!(
            "Size: without its examples the spec has about {prose} tokens, at most {cap} are allowed; shorten it or plan less."
        ));
    }
    let cap = cap + cap * 3 / 4;
    if whole > cap {
        problems.push(format!(
            "Size: the whole spec has about {whole} tokens, at most {cap} are allowed; use shorter examples."
        ));
    }
}

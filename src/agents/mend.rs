//! L0: what the harness puts right in a file by itself: modules of the other kind, exports and requires that were
//! forgotten, comments that stand for nothing. Whatever cannot be told for certain is left as it is.

use super::failure::exports_of;
use super::policy::is_elision;
use super::scaffold;
use super::scan;
use super::spec::{Spec, base, test_of};
use std::collections::BTreeMap;

/// Modules of Node.js that are allowed, and whose name is no global that means something else.
const FORGOTTEN: [&str; 5] = ["path", "util", "url", "querystring", "assert"];

/// A file and what was put right in it, in words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mended {
    /// The text.
    pub text: String,
    /// One entry a mending; empty when the text was left as it was.
    pub notes: Vec<String>,
}

/// Where a file stands: the plan and what else is written.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// Of the file.
    pub path: &'a str,
    /// The text before a repair.
    pub previous: Option<&'a str>,
    /// What the tool must be.
    pub spec: &'a Spec,
    /// The tool's files by path, stubs included.
    pub sources: &'a BTreeMap<String, String>,
}

/// Puts right what can be put right without a model.
#[must_use]
pub fn mend(text: &str, place: &Place<'_>) -> Mended {
    let mut mended = Mended {
        text: text.to_owned(),
        notes: Vec::new(),
    };
    if !place.path.ends_with(".js") {
        return mended;
    }
    modules(&mut mended);
    elisions(&mut mended, place);
    exports(&mut mended, place);
    requires(&mut mended, place);
    mended
}

/// import and export of ES modules, one line each, as CommonJS.
fn modules(mended: &mut Mended) {
    let mut exported: Vec<String> = Vec::new();
    let mut lines: Vec<String> = Vec::new();
    let mut changed = false;
    for line in mended.text.lines() {
        if let Some(required) = import(line) {
            lines.push(required);
            changed = true;
        } else if let Some((rest, names)) = export(line) {
            exported.extend(names);
            lines.extend((!rest.is_empty()).then_some(rest));
            changed = true;
        } else {
            lines.push(line.to_owned());
        }
    }
    if !changed {
        return;
    }
    mended.text = format!("{}\n", lines.join("\n"));
    mended
        .notes
        .push("import and export became require and module.exports".to_owned());
    if !exported.is_empty() {
        add_exports(mended, &exported);
    }
}

/// `import ... from '...'` of one line as a require.
fn import(line: &str) -> Option<String> {
    let rest = line.strip_prefix("import ")?.trim();
    let (what, from) = rest.split_once(" from ")?;
    let module = from.trim().trim_end_matches(';').trim();
    let quote = module.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    let inner = module.strip_prefix(quote)?.strip_suffix(quote)?;
    if inner.contains(quote) {
        return None;
    }
    let what = what.trim();
    let names = match what.strip_prefix("* as ") {
        Some(name) => name.trim().to_owned(),
        None if what.starts_with('{') && what.ends_with('}') => what.replace(" as ", ": "),
        None if word(what) => what.to_owned(),
        None => return None,
    };
    Some(format!("const {names} = require({module});"))
}

/// The declaration behind `export`, and the names it exports.
fn export(line: &str) -> Option<(String, Vec<String>)> {
    let rest = line.strip_prefix("export ")?;
    let rest = rest.strip_prefix("default ").unwrap_or(rest);
    if let Some(list) = rest.trim().trim_end_matches(';').trim().strip_prefix('{') {
        let names = list.strip_suffix('}')?.split(',').map(str::trim);
        let names: Vec<String> = names.filter(|n| !n.is_empty()).map(str::to_owned).collect();
        return names
            .iter()
            .all(|n| word(n))
            .then_some((String::new(), names));
    }
    let kinds = ["async function ", "function ", "class ", "const ", "let "];
    let after = kinds.iter().find_map(|kind| rest.strip_prefix(kind))?;
    let name: String = after.chars().take_while(|c| letter(*c)).collect();
    word(&name).then(|| (rest.to_owned(), vec![name]))
}

fn letter(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '$')
}

fn word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(letter)
}

/// Comments that stand for code, where all the code of before is there anyway.
fn elisions(mended: &mut Mended, place: &Place<'_>) {
    let Some(previous) = place.previous else {
        return;
    };
    let lines: Vec<&str> = mended.text.lines().collect();
    let kept: Vec<&str> = lines
        .iter()
        .copied()
        .filter(|line| !is_elision(line))
        .collect();
    if kept.len() == lines.len() {
        return;
    }
    let text = format!("{}\n", kept.join("\n"));
    let filled = |text: &str| text.lines().filter(|line| !line.trim().is_empty()).count();
    let (Some(before), Some(after)) = (scan::names(previous), scan::names(&text)) else {
        return;
    };
    let all = before.top.iter().all(|name| after.top.contains(name));
    if all && filled(&text) >= filled(previous) {
        mended.text = text;
        mended
            .notes
            .push("comments that stand for nothing left out".to_owned());
    }
}

/// Functions of the API that the file declares and does not export.
fn exports(mended: &mut Mended, place: &Place<'_>) {
    if !place.path.starts_with("src/") {
        return;
    }
    let Some(names) = scan::names(&mended.text) else {
        return;
    };
    let own = exports_of(&mended.text);
    let others = written(place);
    let missing: Vec<String> = place
        .spec
        .exports
        .iter()
        .map(|export| export.name.clone())
        .filter(|name| names.top.contains(name) && !own.contains(name))
        .filter(|name| !others.iter().any(|(_, exports)| exports.contains(name)))
        .collect();
    if !missing.is_empty() && add_exports(mended, &missing) {
        mended.notes.push(format!("exports {}", missing.join(", ")));
    }
}

/// Adds names to module.exports; false where it has a form that cannot be added to.
fn add_exports(mended: &mut Mended, names: &[String]) -> bool {
    let list = names.join(", ");
    let text = &mended.text;
    if let Some((before, after)) = text.rsplit_once("module.exports = {") {
        let comma = if after.trim_start().starts_with('}') {
            " "
        } else {
            ", "
        };
        mended.text = format!(
            "{before}module.exports = {{ {list}{comma}{}",
            after.trim_start()
        );
    } else if text.contains("module.exports =") {
        return false;
    } else {
        mended.text = format!("{}\n\nmodule.exports = {{ {list} }};\n", text.trim_end());
    }
    true
}

/// Names of other files of the tool that are used and required nowhere.
fn requires(mended: &mut Mended, place: &Place<'_>) {
    let Some(names) = scan::names(&mended.text) else {
        return;
    };
    let test = place.path.starts_with("test/");
    let mut lines = Vec::new();
    for (path, exports) in written(place) {
        let unit = !test || test_of(&path) == place.path;
        let used: Vec<String> = exports
            .into_iter()
            .filter(|n| names.loose.contains(n))
            .collect();
        if used.is_empty() || !unit {
            continue;
        }
        let from = match test {
            true => format!("../../{path}"),
            false => format!("./{}.js", base(&path)),
        };
        mended
            .notes
            .push(format!("requires {} from {path}", used.join(", ")));
        lines.push(format!(
            "const {{ {} }} = require('{from}');",
            used.join(", ")
        ));
    }
    for module in FORGOTTEN {
        // A word of its own, such as `path`, may also be a forgotten argument: only `path.join(` tells.
        let called = mended.text.contains(&format!("{module}."));
        if called && names.loose.contains(module) {
            mended.notes.push(format!("requires {module}"));
            lines.push(format!("const {module} = require('node:{module}');"));
        }
    }
    if lines.is_empty() {
        return;
    }
    let strict = ["'use strict';\n", "\"use strict\";\n"];
    let head = strict.iter().find(|head| mended.text.starts_with(**head));
    let rest = head.map_or(mended.text.as_str(), |head| {
        mended.text.strip_prefix(head).unwrap_or(&mended.text)
    });
    let rest = rest.trim_start_matches('\n');
    mended.text = match head {
        Some(head) => format!("{head}\n{}\n{rest}", lines.join("\n")),
        None => format!("{}\n{rest}", lines.join("\n")),
    };
}

/// Other source files that are written, with what they export.
fn written(place: &Place<'_>) -> Vec<(String, Vec<String>)> {
    let files = place.spec.files.iter().filter(|f| f.path != place.path);
    files
        .filter_map(|file| {
            let text = place.sources.get(&file.path)?;
            (!scaffold::is_stub(text)).then(|| (file.path.clone(), exports_of(text)))
        })
        .collect()
}

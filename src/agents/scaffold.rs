//! The files of a tool that the harness writes: package, bin, fakes, example tests and stubs.

use super::spec::Spec;
use crate::domain::case::Case;
use crate::domain::package::Package;
use serde_json::{Map, Value, json};

const BIN: &str = include_str!("../../dev-factory/harness/bin.js");
const FAKES: &str = include_str!("../../dev-factory/harness/fakes.js");
const EXAMPLES: &str = include_str!("../../dev-factory/harness/examples.test.js");
const MODULES_MARK: &str = "/*MODULES*/[]";
const CASES_MARK: &str = "/*CASES*/[]";
const STUB: &str = "// Not written yet: a stand-in of the factory.";

/// Every file of a new tool, by path relative to its folder.
#[must_use]
pub fn files(spec: &Spec, version: &str, public: &[Case]) -> Vec<(String, String)> {
    let mut files = harness(spec, version, public, &[]);
    files.extend(spec.modules().into_iter().map(|path| {
        let text = stub(spec, &path);
        (path, text)
    }));
    files
}

/// The files that stay the harness's own; written again whenever the public cases change.
#[must_use]
pub fn harness(
    spec: &Spec,
    version: &str,
    public: &[Case],
    packages: &[Package],
) -> Vec<(String, String)> {
    vec![
        (
            "package.json".into(),
            package(&spec.name, &spec.purpose, version, packages),
        ),
        (format!("bin/{}.js", spec.name), BIN.into()),
        ("test/fakes.js".into(), FAKES.into()),
        (
            "test/examples.test.js".into(),
            examples(&spec.modules(), public),
        ),
    ]
}

/// package.json of a tool.
#[must_use]
pub fn package(tool: &str, description: &str, version: &str, packages: &[Package]) -> String {
    let mut bin = Map::new();
    bin.insert(tool.to_owned(), json!(format!("bin/{tool}.js")));
    let mut package = json!({
        "name": tool,
        "version": version,
        "private": true,
        "description": description,
        "bin": bin,
        "main": "src/cli.js",
        "type": "commonjs",
        "engines": {"node": ">=20"},
    });
    if let Value::Object(all) = &mut package
        && !packages.is_empty()
    {
        all.insert("dependencies".to_owned(), dependencies(packages));
    }
    format!("{package:#}\n")
}

/// Packages as package.json names them.
#[must_use]
pub fn dependencies(packages: &[Package]) -> Value {
    let pairs = packages
        .iter()
        .map(|package| (package.name.clone(), json!(package.version)));
    Value::Object(pairs.collect())
}

/// test/examples.test.js with the public cases inside.
#[must_use]
pub fn examples(modules: &[String], public: &[Case]) -> String {
    let modules = serde_json::to_string(modules).unwrap_or_else(|_| "[]".into());
    let lines: Vec<String> = public.iter().map(literal).collect();
    let cases = if lines.is_empty() {
        "[]".to_owned()
    } else {
        format!("[\n  {},\n]", lines.join(",\n  "))
    };
    // Each mark is replaced once, modules first: a case may hold the text of a mark.
    EXAMPLES
        .replacen(MODULES_MARK, &modules, 1)
        .replacen(CASES_MARK, &cases, 1)
}

/// A case as a JavaScript expression; `__proto__` as a literal's key would set the prototype.
fn literal(case: &Case) -> String {
    let json = serde_json::to_string(case).unwrap_or_else(|_| "{}".into());
    if json.contains("__proto__") || json.contains("\\u005f") {
        let text = Value::String(json).to_string();
        return format!("JSON.parse({text})");
    }
    json
}

/// A source file whose planned functions throw, so that no case passes before it is written.
#[must_use]
pub fn stub(spec: &Spec, path: &str) -> String {
    let alone = spec.files.len() == 1;
    let cli = path == "src/cli.js";
    // Which file exports which function is not planned, so every leaf stands in for all but main.
    let names = spec.exports.iter().map(|export| export.name.as_str());
    let names = names.filter(|name| if *name == "main" { cli } else { !cli || alone });
    let mut lines = vec![
        "'use strict';".to_owned(),
        String::new(),
        STUB.to_owned(),
        String::new(),
    ];
    lines.push("function stub() {".into());
    lines.push("  throw new Error('not written yet');".into());
    lines.push("}".into());
    lines.push(String::new());
    let pairs: Vec<String> = names.map(|name| format!("{name}: stub")).collect();
    lines.push(format!("module.exports = {{ {} }};", pairs.join(", ")));
    format!("{}\n", lines.join("\n"))
}

/// Whether a source file is still a stub.
#[must_use]
pub fn is_stub(text: &str) -> bool {
    text.lines().nth(2) == Some(STUB)
}

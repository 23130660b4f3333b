//! A very small tool as a model would build it: spec, cases, files; and its source with faults built in at will.
#![allow(dead_code)]

use serde_json::{Value, json};
use std::fs;
use std::path::Path;

pub const TOOL: &str = "sum-lines";
pub const IDEA: &str = "sum-lines: adds the whole numbers of a file, one a line";

/// Something wrong in the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bug {
    /// An empty text sums to one.
    Empty,
    /// Lines are counted from nought.
    Line,
    /// A missing file ends with another exit code.
    Exit,
    /// The usage says something else.
    Usage,
    /// The total has no line of its own.
    NoNewline,
    /// Nothing behind the third line is read; only the held-out case H6 sees it.
    Fourth,
}

/// Of its examples only E6 runs the command as a process of its own: `now` keeps the others within Jest's, since processes
/// are what a test costs.
const SPEC: &str = r#"# sum-lines

## Purpose
Adds the whole numbers of a file, one a line.

## Non-goals
- No fractions.

## Files
- src/cli.js — the sum and the command — depends on: nothing

## API
- sum(text: string) -> number; throws Error when a line is no whole number
- main(argv: string[], deps) -> exit code; throws nothing

## CLI
`sum-lines FILE` prints the sum on stdout; messages go to stderr. Exit codes: 0 printed, 1 the file cannot be used, 2 wrong usage.

## Rules
- R1: sum adds the whole numbers of the text, one a line; blank lines count nothing, and no number at all is 0.
- R2: a line that is no whole number, with or without a minus sign, is an Error with the message `line N: not a number`, N counted from 1.
- R3: `sum-lines FILE` prints the sum and a newline and exits with 0.
- R4: a file that cannot be read gives `cannot read FILE` on stderr and exit 1; a broken one gives `FILE: ` and the message of R2, and exit 1.
- R5: any other command line prints `usage: sum-lines FILE` on stderr and exits with 2.

## Examples
{"id":"E1","rule":"R1","call":"sum","args":["1\n2\n"],"expect":3}
{"id":"E2","rule":"R1","call":"sum","args":[""],"expect":0}
{"id":"E3","rule":"R1","call":"sum","args":["4\n\n-1\n"],"expect":3}
{"id":"E4","rule":"R2","call":"sum","args":["1\nx\n"],"throws":"line 2: not a number"}
{"id":"E5","rule":"R3","cli":["a.txt"],"given":{"now":0,"files":{"a.txt":"1\n2\n3\n"}},"exit":0,"stdout":"6\n","stderr":""}
{"id":"E6","rule":"R4","cli":["none.txt"],"given":{},"exit":1,"stdout":"","stderr":"cannot read none.txt\n"}
{"id":"E7","rule":"R5","cli":[],"given":{"now":0},"exit":2,"stdout":"","stderr":"usage: sum-lines FILE\n"}
{"id":"E8","rule":"R4","cli":["b.txt"],"given":{"now":0,"files":{"b.txt":"1\n2\ny\n"}},"exit":1,"stdout":"","stderr":"b.txt: line 3: not a number\n"}

## Edge cases
- An empty text: E2. A missing file: E6. No file named: E7. A broken file: E8. Blank lines: E3.

## I/O boundary
sum is pure. main uses deps.fs.read, deps.out and deps.err; it takes `deps` as last argument.
"#;

/// For what is built from it: as many held-out cases as are written, and no mutation testing, which takes as long as all
/// other gates together.
pub const HARNESS: &str = "\n[harness]\nmutation = false\nheld_out = 50\n";

/// As few as may be: one a rule.
const CASES: &str = r#"{"id":"H6","rule":"R1","call":"sum","args":["1\n1\n1\n1"],"expect":4}
{"id":"H4","rule":"R3","cli":["c.txt"],"given":{"files":{"c.txt":"-1\n-2\n"}},"exit":0,"stdout":"-3\n","stderr":""}
{"id":"H7","rule":"R2","call":"sum","args":["z"],"throws":"line 1: not a number"}
{"id":"H8","rule":"R4","cli":["other.txt"],"given":{},"exit":1,"stdout":"","stderr":"cannot read other.txt\n"}
{"id":"H9","rule":"R5","cli":["a.txt","b.txt"],"given":{},"exit":2,"stdout":"","stderr":"usage: sum-lines FILE\n"}
"#;

/// What takes the place of H6 once it was shown.
const INSTEAD: &str = r#"{"id":"H10","rule":"R1","call":"sum","args":["8\n9"],"expect":17}"#;

pub const TESTS: &str = r#"'use strict';

const { fakeDeps } = require('../fakes.js');
const { sum, main } = require('../../src/cli.js');

test('adds', () => {
  expect(sum('2\n\n3\n')).toBe(5);
});

test('refuses words', () => {
  expect(() => sum('a')).toThrow('not a number');
});

test('prints the sum of a file', async () => {
  const world = fakeDeps({ files: { 'a.txt': '1\n2\n' } });
  expect(await main(['a.txt'], world.deps)).toBe(0);
  expect(world.stdout()).toContain('3');
});

test('says what is wrong', async () => {
  const world = fakeDeps({ files: { 'b.txt': 'b\n' } });
  expect(await main(['none.txt'], world.deps)).not.toBe(0);
  expect(await main(['b.txt'], world.deps)).toBe(1);
  expect(await main([], world.deps)).toBe(2);
  expect(world.stderr()).toContain('not a number');
});
"#;

pub const README: &str = "# sum-lines\n\nAdds the whole numbers of a file, one a line: `sum-lines a.txt` prints `6`.\n\nExit codes: 0 printed, 1 the file cannot be used, 2 wrong usage.\n";

/// src/cli.js with these bugs; `note` makes two texts differ that do the same.
pub fn source(bugs: &[Bug], note: &str) -> String {
    let or = |bug: Bug, wrong: &'static str, right: &'static str| {
        if bugs.contains(&bug) { wrong } else { right }
    };
    let start = or(Bug::Empty, "text === '' ? 1 : 0", "0");
    let line = or(Bug::Line, "at", "at + 1");
    let exit = or(Bug::Exit, "3", "1");
    let usage = or(Bug::Usage, "use: sum-lines", "usage: sum-lines FILE");
    let newline = or(Bug::NoNewline, "", "\\n");
    let lines = or(Bug::Fourth, ".slice(0, 3)", "");
    format!(
        r#"'use strict';

const NOTE = '{note}';

function sum(text) {{
  let total = {start};
  text.split('\n'){lines}.forEach((raw, at) => {{
    const word = raw.trim();
    if (word === '') {{
      return;
    }}
    if (!/^-?[0-9]+$/.test(word)) {{
      throw new Error(`line ${{{line}}}: not a number`);
    }}
    total += Number(word);
  }});
  return total;
}}

async function main(argv, deps) {{
  if (argv.length !== 1) {{
    deps.err('{usage}\n');
    return 2;
  }}
  let text;
  try {{
    text = await deps.fs.read(argv[0]);
  }} catch {{
    deps.err(`cannot read ${{argv[0]}}\n`);
    return {exit};
  }}
  try {{
    deps.out(`${{sum(text)}}{newline}`);
  }} catch (error) {{
    deps.err(`${{argv[0]}}: ${{error.message}}\n`);
    return 1;
  }}
  return 0;
}}

module.exports = {{ sum, main }};
"#
    )
}

/// A file in the fence a model writes.
pub fn fenced(text: &str) -> String {
    format!("```js\n{text}```\n")
}

fn jsonl(cases: &str) -> String {
    format!("```jsonl\n{}\n```\n", cases.trim_end())
}

/// Puts the tool on the list of a home, once under each of these names.
pub fn list(home: &Path, names: &[impl AsRef<str>]) {
    let item = |name: &str| json!({"idea": IDEA.replace(TOOL, name), "name": name});
    let items: Vec<Value> = names.iter().map(|name| item(name.as_ref())).collect();
    let list = format!("{:#}\n", json!({ "items": items }));
    fs::write(home.join("dev-factory/wishlist.json"), list).unwrap();
}

/// The usual reply, to a tool of any name; None for what it does not know.
pub fn reply(label: &str) -> Option<String> {
    // A chat that only shows that the model speaks.
    if label.starts_with("trial/") {
        return Some("yes".to_owned());
    }
    let (tool, rest) = label.split_once('/')?;
    let (what, _) = rest.rsplit_once('/')?;
    let text = match what {
        "spec/draft" => "A command that adds the whole numbers of a file.".to_owned(),
        "spec/template" | "review/template" => format!("````markdown\n{SPEC}````\n"),
        "spec-review/cases" => jsonl(CASES),
        "spec-review/verdict" => {
            "```json\n{\"notes\":\"Every rule has one result.\",\"ambiguous\":[],\"verdict\":\"approve\"}\n```\n".to_owned()
        }
        _ if what.ends_with("/count") => "yes".to_owned(),
        "qa/hypothesis" => "The code does not do what the rule says.".to_owned(),
        "qa/replace" => jsonl(INSTEAD),
        "review/verdict" => {
            "```json\n{\"checks\":[\"no literal of an example\"],\"verdict\":\"ship\",\"instructions\":\"\"}\n```\n".to_owned()
        }
        _ if what.ends_with("file/test/dev/cli.test.js") => fenced(TESTS),
        _ if what.ends_with("file/README.md") => format!("````markdown\n{README}````\n"),
        _ if what.ends_with("file/src/cli.js") => fenced(&source(&[], "right")),
        _ => return None,
    };
    Some(text.replace(TOOL, tool))
}

//! The JavaScript contract of a tool, in the few words a model needs.

use super::prompt::{Numbers, Shape};
use crate::domain::package::{self, Package};

/// What may be required and what may not.
pub const RULES: &str = "\
CommonJS, Node 20, no packages: start with 'use strict', load with require, end with module.exports = { ... }.
require only the tool's own files named below and these: path url util assert querystring string_decoder crypto events buffer.
Never fs, http, os, child_process or any other module; never process, global, globalThis, eval, Function, console, __dirname.
No branch may test for the values of an example: compute every result from the rules.";

/// The same with packages the tool may require.
#[must_use]
pub fn rules(packages: &[Package]) -> String {
    if packages.is_empty() {
        return RULES.to_owned();
    }
    let names = package::names(packages);
    RULES
        .replace("no packages:", &format!("of packages only {names}:"))
        .replace(" these: path", &format!(" these: {names} path"))
}

/// The limits of a spec.
#[must_use]
pub fn spec_limits(packages: &[Package], numbers: &Numbers) -> String {
    let Shape {
        files,
        rules,
        exports,
        least_examples,
        most_examples,
    } = numbers.shape;
    let lines = numbers.file_lines;
    let usable = match packages {
        [] => "No packages.".to_owned(),
        some => format!(
            "Of packages only {}, and only where a file names it under depends on.",
            package::names(some)
        ),
    };
    format!(
        "\
At most {files} files in dependency order, leaves first, src/cli.js last; each fits into {lines} lines.
At most {exports} functions in API, main included, and at most {rules} rules.
{least_examples} to {most_examples} examples: each rule has one or more, each function two or more (a command example counts for main), \
a quarter or more are errors or edge cases, and one command at least has no now, http or dns in given.
Section Examples holds bare JSON lines without a fence.
No words that cannot be tested, such as appropriate, robust, fast, etc. {usable}"
    )
}

/// The world as a tool sees it.
pub const WORLD: &str = "\
`deps` is the last argument of every function that touches the world; main gets it from bin:
deps.now() -> ms since epoch; deps.env -> object of strings; await deps.stdin() -> string
deps.out(text), deps.err(text): write exactly this text, you add \"\\n\"
await deps.fs.read(path) -> string, .write(path, text), .append(path, text), .list(dir) -> sorted names, .exists(path) -> boolean, .remove(path); a missing file rejects with error.code 'ENOENT'
await deps.http(method, url, {headers, body}) -> {status, body: string}; rejects with error.code 'ECONNREFUSED'
await deps.dns(host) -> [addresses]; rejects with error.code 'ENOTFOUND'
await deps.sleep(ms)
main(argv, deps) resolves to the exit code as a number; argv holds the arguments only.";

/// What a developer's test file must be.
pub const TESTS: &str = "\
Jest globals (describe, test, expect) are there; do not require them.
fakeDeps comes from require('../fakes.js'): const { deps, stdout, stderr, files } = fakeDeps({ now, env, files: {path: text}, http: {'GET url': {status, body}}, dns: {host: [addresses]} }, stdinText); stdout(), stderr() and files() tell what happened.
test() stands at the top level or directly inside describe: no loop around it, no .each .skip .only .todo.
Every test has an expect on a value that comes from the unit; no expect inside try or catch; await every promise.
No snapshots, no jest.mock; jest.fn, jest.spyOn and fake timers are allowed.
Together the tests run every line and every branch of the unit: 100 % coverage.";

/// How held-out cases and examples are written, for the two who write them.
pub const CASES: &str = "\
One JSON object a line.
Function: {\"id\":\"E1\",\"rule\":\"R1\",\"call\":\"name\",\"args\":[...],\"expect\":value} or \"throws\":\"text found in Name: message\" in place of expect.
Command: {\"id\":\"E2\",\"rule\":\"R2\",\"cli\":[\"arg\"],\"stdin\":\"\",\"exit\":0,\"stdout\":\"exact\",\"stderr\":\"exact\"}; a stream left out is not compared.
Either may have \"given\":{\"now\":\"2026-01-02T03:04:05Z\",\"env\":{},\"files\":{\"path\":\"text\"},\"http\":{\"GET url\":{\"status\":200,\"body\":\"\"}},\"dns\":{\"host\":[\"192.0.2.1\"]}}, and \"files\":{\"path\":\"text afterwards, null = gone\"}.
No case uses the network, the clock or packages: `given` is the whole world.";

/// The template of a spec; `{tool}` stands for its name.
pub const TEMPLATE: &str = "\
# {tool}
## Purpose
One or two sentences.
## Non-goals
- at most 3 bullets
## Files
- src/name.js — one-line role — depends on: nothing
- src/cli.js — runs the commands — depends on: src/name.js
## API
- name(param: type) -> type; throws Error when ...
- main(argv: string[], deps) -> Promise<number>; throws nothing
## CLI
Usage line, flags, exit codes, what goes to stdout and stderr.
## Rules
- R1: one testable sentence, most important first.
## Examples
{\"id\":\"E1\",\"rule\":\"R1\",\"call\":\"name\",\"args\":[1],\"expect\":2}
## Edge cases
- empty, missing file, bad flag, unicode, large input: the result of each, with ids such as E1
## I/O boundary
Which functions take `deps` as last argument and which are pure.";

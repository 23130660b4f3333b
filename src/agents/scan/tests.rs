//! What the scan refuses and what it lets through, and that no text brings it down.

use super::*;

fn words(path: &str, text: &str) -> String {
    let found: Vec<String> = scan(path, text, &[])
        .iter()
        .map(ToString::to_string)
        .collect();
    found.join("\n")
}

fn refused(path: &str, text: &str, part: &str) {
    let found = words(path, text);
    assert!(
        found.contains(part),
        "{text}\nwanted {part:?}, found {found:?}"
    );
}

fn in_test(body: &str) -> String {
    format!("'use strict';\nconst {{ main }} = require('../../src/cli.js');\n{body}\n")
}

#[test]
fn honest_files_are_clean() {
    let source = "'use strict';\nconst path = require('node:path');\nconst { a } = require('./a.js');\nclass Box { get() { return this.x; } }\nfunction f(process_, map) { return Object.prototype.hasOwnProperty.call(map, a) && path.join('x', new Box().get()); }\nmodule.exports = { f };\n";
    assert_eq!(words("src/cli.js", source), "");
    let test = in_test(
        "const { fakeDeps } = require('../fakes.js');\nfunction check(v) { expect(v).toBe(1); }\ndescribe('x', () => {\n  beforeEach(() => { jest.useFakeTimers(); });\n  test('a', async () => { expect(await main([], fakeDeps().deps)).toBe(0); });\n  it(`b`, function () { check(main()); }, 500);\n});\ntest('c', () => expect(() => main()).toThrow('x'));",
    );
    assert_eq!(words("test/dev/cli.test.js", &test), "");
    let promised: Vec<(String, bool)> = tests(&test)
        .unwrap()
        .into_iter()
        .map(|test| (test.name, test.refuses))
        .collect();
    let wanted = [("x a", false), ("x b", false), ("c", true)];
    assert_eq!(
        promised,
        wanted.map(|(name, refuses)| (name.to_string(), refuses))
    );
}

#[test]
fn names_that_reach_out_are_refused_however_they_are_written() {
    for (text, part) in [
        ("process.exit(0)", "`process`"),
        ("proc\\u0065ss.exit(0)", "`process`"),
        ("const g = globalThis;", "`globalThis`"),
        ("eval('1')", "`eval`"),
        ("new Function('x')", "`Function`"),
        ("(() => {}).constructor('x')()", "`.constructor`"),
        ("''['constr' + 'uctor']", "`.constructor`"),
        ("const k = 'constr' + 'uctor'; ''[k]", "'constructor'"),
        ("''[`constructor`]", "`.constructor`"),
        ("const { constructor: F } = () => {};", "`.constructor`"),
        ("let F; ({ constructor: F } = () => {});", "`.constructor`"),
        ("const { ['constructor']: F } = () => {};", "'constructor'"),
        ("import('fs')", "import()"),
        ("const r = require; r('fs')", "require may only be called"),
        ("require.cache", "require may only be called"),
        ("require('f' + 's')", "one plain text"),
        ("require(`fs`)", "one plain text"),
        ("require('fs')", "require('fs') is not allowed"),
        ("require('node:child_process')", "child_process"),
        ("require('../other/x.js')", "leads out of src/"),
        ("require('../../x/src/y.js')", "leads out of src/"),
        ("require('../test/fakes.js')", "leads out of src/"),
        ("require('lodash')", "require('lodash') is not allowed"),
        ("(function () { return this; })()", "'use strict'"),
        ("(function () { return arguments[1]; })()", "`arguments`"),
        ("arguments[1]('fs')", "`arguments`"),
        ("module.constructor._load('fs')", "`module` is only"),
        ("module.exports = require('./a.js');", "`module` is only"),
        ("const m = module;", "`module` is only"),
        ("exports.x = 1", "`exports`"),
        (
            "Promise.prototype.then = 1",
            "a prototype may not be changed",
        ),
        ("const p = Promise.prototype;", "may not be handed on"),
        ("JSON.stringify = () => ''", "`JSON` may not be changed"),
        ("Object.assign(JSON, {})", "`JSON` may not be changed"),
        (
            "Object.defineProperty(Promise, 'x', {})",
            "`Promise` may not",
        ),
        ("[JSON.parse] = [1]", "`JSON` may not be changed"),
        ("delete x.__proto__", "`.__proto__`"),
        ("Object.getPrototypeOf(x)", "`.getPrototypeOf`"),
        ("require('path').join = 1", "required module"),
        ("const p = require('path'); p.join = 1", "required module"),
        ("function require() {}", "may not be declared"),
        ("fetch('http://x')", "use deps.http"),
        (
            "const k = ['con', 'structor'].join(''); f[k]('x')()",
            "put together",
        ),
        ("(f[k])('x')", "put together"),
        ("f?.[k]?.('x')", "put together"),
        ("(f?.[k])('x')", "put together"),
        ("new f[k]('x')", "put together"),
        ("f[k]`x`", "put together"),
        ("f[k].call(null, 'x')", "put together"),
        ("const shared = Object; shared.is = 1;", "not handed on"),
        ("const { is } = Object;", "not handed on"),
        ("[Object].map((o) => { o.is = 1; })", "not handed on"),
        ("f(JSON)", "not handed on"),
        ("const o = { Promise };", "not handed on"),
        ("(Object).is = 1;", "not handed on"),
        (
            "const d = Object[k]; d(JSON, 'parse', {});",
            "not handed on",
        ),
        (
            "function f(Object) {} Object.is = 1;",
            "`Object` may not be declared",
        ),
        ("__coverage__.x = 1;", "`__coverage__`"),
        ("cov_1a2b().s[0]++;", "`cov_1a2b`"),
        ("if (jest) {}", "belongs into tests"),
        ("expect.extend({})", "belongs into tests"),
        ("/* istanbul ignore next */", "istanbul ignore"),
        ("// c8 ignore start", "c8 ignore"),
        ("/* v8 Ignore */", "v8 ignore"),
        ("/** @jest-environment ./x.js */", "@jest-environment"),
    ] {
        refused("src/cli.js", text, part);
    }
    assert_eq!(words("src/a.js", "function fetch() {}\nfetch();\n"), "");
}

#[test]
fn esm_does_not_pass() {
    assert_ne!(words("src/a.js", "import fs from 'fs';"), "");
    assert_ne!(words("src/a.js", "export const x = 1;"), "");
    assert_ne!(words("src/a.js", "export default 1;"), "");
}

#[test]
fn tricks_in_tests_are_refused() {
    for (body, part) in [
        ("jest.mock('../../src/cli.js')", "only jest.fn"),
        ("const j = jest;", "only jest.fn"),
        ("jest['mock']('x')", "only jest.fn"),
        ("jest.retryTimes(3)", "only jest.fn"),
        ("expect.extend({ toBe() {} })", "only be called"),
        ("const e = expect;", "only be called"),
        ("expect = () => {};", "only be called"),
        ("expect['extend']({})", "only be called"),
        ("test = () => {};", "test may only be called"),
        (
            "const t = test; t('x', () => {});",
            "test may only be called",
        ),
        ("const expect = () => {};", "may not be declared"),
        ("function test() {}", "may not be declared"),
        ("const { test } = require('util');", "may not be declared"),
        (
            "test.skip('x', () => { expect(main()).toBe(1); })",
            "test may only",
        ),
        (
            "test.each([1])('x', () => { expect(main()).toBe(1); })",
            "test may only",
        ),
        (
            "for (const x of [1]) test('x', () => { expect(main()).toBe(1); })",
            "test may only",
        ),
        (
            "if (main) { test('x', () => { expect(main()).toBe(1); }); }",
            "test may only",
        ),
        (
            "main && test('x', () => { expect(main()).toBe(1); })",
            "test may only",
        ),
        (
            "(0, test)('x', () => { expect(main()).toBe(1); })",
            "test may only",
        ),
        (
            "test('x', () => { test('y', () => { expect(main()).toBe(1); }); })",
            "test may only",
        ),
        ("xit('x', () => {})", "`xit` does not run"),
        ("test('x')", "written in place"),
        ("test('x', main)", "written in place"),
        ("test('x', () => { main(); })", "expects nothing"),
        (
            "test('x', () => { expect(true).toBe(true); })",
            "comes from the tool",
        ),
        ("test('x', () => { expect(main()); })", "needs a matcher"),
        (
            "test('x', () => { try { expect(main()).toBe(1); } catch (e) { main(e); } })",
            "inside try",
        ),
        (
            "test('x', () => { try { main(); } catch {} expect(main()).toBe(1); })",
            "empty catch",
        ),
        (
            "test('x', () => { expect(main()).resolves.toBe(1); })",
            "must be awaited",
        ),
        (
            "test('x', () => { void expect(main()).rejects.toThrow('x'); })",
            "must be awaited",
        ),
        (
            "test(`x ${main}`, () => { expect(main()).toBe(1); })",
            "plain text as name",
        ),
        ("expect.hasAssertions = () => {};", "only be called"),
        (
            "test('x', () => { expect(main()).toBeInstanceOf(1); main(Map); })",
            "not handed on",
        ),
        ("describe('x', main)", "describe needs"),
        ("describe('x', async () => {})", "describe needs"),
        (
            "const cli = require('../../src/cli.js'); cli.main = 1;",
            "required module",
        ),
        (
            "const cli = require('../../src/cli.js'); jest.spyOn(cli, 'main');",
            "required module",
        ),
        ("jest.spyOn(Promise, 'all')", "`Promise` may not"),
        (
            "jest.spyOn(Promise.prototype, 'then')",
            "may not be handed on",
        ),
        ("process.exit(0)", "`process`"),
        ("module.exports = {};", "`module` is only"),
        ("require('@jest/globals')", "@jest/globals"),
    ] {
        refused("test/dev/cli.test.js", &in_test(body), part);
    }
    let used = "test('x', async () => { const rows = [[1]]; const k = main();\n  expect(rows[k][k]).toBe(1); rows[k] = ['1'].map(Number).filter(Boolean).map(String);\n  class Wrong extends TypeError {}\n  expect(main() instanceof Map || typeof Map === 'x').toBe(true);\n  expect(main()).toEqual(expect.any(Date)); expect(() => main()).toThrow(TypeError);\n  expect(main()).not.toBeInstanceOf(Wrong); await expect(main()).rejects.toThrow(Error);\n  await Promise.all([expect(main()).resolves.toBe(new Set([1]).size)]); rows[0](Object.keys(rows)); });";
    assert_eq!(words("test/dev/a.test.js", &in_test(used)), "");
    let spied = "test('x', () => { jest.spyOn(Date, 'now'); expect(main()).toBe(1); })";
    assert_eq!(words("test/dev/a.test.js", &in_test(spied)), "");
}

#[test]
fn a_line_and_a_sentence_come_with_bad_text() {
    assert_eq!(parses("let a = 1;\n"), Ok(()));
    let sentence = parses("let a;\n\nlet = = 3;\n").unwrap_err();
    assert!(
        sentence.starts_with("line 3: does not parse: "),
        "{sentence}"
    );
    assert!(parses(&"x".repeat(TEXT_LIMIT + 1)).is_err());
    assert!(parses("\u{0}\u{202e}\u{feff}'").is_err());
    let count = |text: &str| tests(text).map(|all| all.len()).map_err(|v| v.line);
    assert_eq!(count("const r = require;"), Ok(0));
    assert_eq!(count("\ntest.todo('x')"), Err(2));
}

#[test]
fn deep_text_ends_in_words_and_not_in_a_crash() {
    for piece in [
        "(", "[", "{", "!", "a=>", "if(1)", "a?b:", "`${", "-", "x=", "new ", "a.b", "/*",
        "await ", "f`", "a+",
    ] {
        let text = piece.repeat(TEXT_LIMIT / piece.len());
        let _ = scan("src/a.js", &text, &[]);
        let closed = format!("{text}1");
        let _ = scan(
            "test/dev/a.test.js",
            closed.get(..TEXT_LIMIT.min(closed.len())).unwrap_or(&text),
            &[],
        );
    }
    let chain = format!("{}1;", "!".repeat(TEXT_LIMIT - 2));
    assert_eq!(scan("src/a.js", &chain, &[]), vec![]);
}

#[test]
fn a_bare_file_is_its_code_and_the_comments_that_are_not_allowed() {
    let plain = bare("const a = '// 1';\n\nmodule.exports = { a };\n");
    let dressed = bare("/** A. */\nconst a = '// 1'; // one\n  module.exports = {\n a };");
    assert_eq!(plain, dressed);
    assert_eq!(plain, "const a = '// 1'; module.exports = { a };");
    assert_ne!(plain, bare("const a = '// 2'; module.exports = { a };"));
    let hiding = bare("const a = '// 1'; /* istanbul ignore next */ module.exports = { a };");
    assert_ne!(plain, hiding);
    assert_eq!(bare("const = "), "const =");
}

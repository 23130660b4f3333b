//! The linter, rule by rule: one change to a good spec each, and the sentence it earns.

use crate::word_count;
use dev_factory::agents::lint::lint;
use dev_factory::agents::prompt::Numbers;
use dev_factory::agents::spec;

const GOOD: &str = include_str!("../fixtures/specs/word-count.md");

fn problems(text: &str) -> Vec<String> {
    lint(text, "word-count", &Numbers::default(), &[])
        .err()
        .unwrap_or_default()
}

/// The good spec with one text in place of another.
fn with(old: &str, new: &str) -> String {
    assert!(GOOD.contains(old), "{old}");
    GOOD.replacen(old, new, 1)
}

#[test]
fn a_good_spec_is_read_whole() {
    let spec = word_count();
    assert_eq!(spec.name, "word-count");
    assert_eq!(spec.purpose, "Counts the words of a text.");
    assert_eq!(spec.modules(), ["src/words.js", "src/cli.js"]);
    assert_eq!(spec.files[1].depends, ["src/words.js"]);
    assert_eq!(spec.files[0].role, "splits and counts");
    assert_eq!(
        (spec.exports.len(), spec.rules.len(), spec.examples.len()),
        (3, 5, 8)
    );
    assert_eq!(spec.rule("R1"), Some("Words are separated by white space."));
    assert_eq!(
        spec.plan(),
        [
            "src/words.js",
            "src/cli.js",
            "test/dev/words.test.js",
            "test/dev/cli.test.js",
            "README.md"
        ]
    );
}

#[test]
fn other_spellings_of_the_template_are_read_too() {
    let text = GOOD
        .replace(" — ", " - ")
        .replace("- R1: ", "* **R1**: ")
        .replace("- R2: ", "R2. ")
        .replace("- words(", "- `words`(")
        .replace("src/words.js -", "`src/words.js` -")
        .replace("## Examples", "## Examples (public)")
        .replace('\n', "\r\n");
    let spec = lint(&text, "word-count", &Numbers::default(), &[]).unwrap();
    assert_eq!(spec.modules(), word_count().modules());
    assert_eq!(spec.rules, word_count().rules);
    assert_eq!(spec.exports[0].name, "words");
}

#[test]
fn each_rule_of_the_linter_has_its_sentence() {
    let rules = (6..=13)
        .map(|n| format!("- R{n}: More.\n"))
        .collect::<String>();
    let exports = (1..=4)
        .map(|n| format!("- more{n}(a: string) -> string; throws nothing\n"))
        .collect::<String>();
    let cases = [
        (
            with("# word-count", "# wordcount"),
            "Title: the first line must be `# word-count`, not `# wordcount`.",
        ),
        (
            with("## Non-goals\n- No pages, no lines.\n", ""),
            "Section Non-goals: it is missing or empty",
        ),
        (
            with(
                "## I/O boundary\nOnly main touches the world; it takes `deps` as last argument.",
                "## I/O boundary\n",
            ),
            "Section I/O boundary: it is missing or empty",
        ),
        (
            with("- No pages, no lines.", "- a\n- b\n- c\n- d"),
            "Section Non-goals: it has 4 bullets",
        ),
        (
            with(
                "- src/cli.js",
                "- src/a.js — a — depends on: nothing\n- src/b.js — b — depends on: nothing\n- src/cli.js",
            ),
            "Section Files: 4 files are planned, at most 3",
        ),
        (
            with(
                "- src/cli.js — reads the file and prints — depends on: src/words.js\n",
                "",
            ),
            "Section Files: src/cli.js must be there and be the last",
        ),
        (
            with(
                "- src/words.js — splits",
                "- src/cli.js — x — depends on: nothing\n- src/words.js — splits",
            ),
            "Section Files: `src/cli.js` is listed twice.",
        ),
        (
            with("- src/words.js — splits", "- lib/words.js — splits"),
            "`lib/words.js` must look like src/name.js",
        ),
        (
            with("- src/words.js — splits", "- src/../words.js — splits"),
            "`src/../words.js` must look like src/name.js",
        ),
        (
            with(
                "splits and counts — depends on: nothing",
                "splits — depends on: lodash",
            ),
            "`src/words.js` depends on `lodash`, which is not a file listed above it",
        ),
        (
            with(
                "splits and counts — depends on: nothing",
                "splits — depends on: src/cli.js",
            ),
            "`src/words.js` depends on `src/cli.js`, which is not a file listed above",
        ),
        (
            with("- src/words.js — splits and counts —", "- src/words.js —"),
            "`src/words.js` has no role",
        ),
        (
            with("## CLI", &format!("{exports}\n## CLI")),
            "Section API: 7 functions are listed, at most 6",
        ),
        (
            with(
                "- main(argv: string[], deps) -> Promise<number>; throws nothing\n",
                "",
            ),
            "Section API: `main(argv: string[], deps) -> Promise<number>` is missing",
        ),
        (
            with("- main(argv: string[], deps)", "- main(argv: string[])"),
            "Section API: main must take `deps`",
        ),
        (
            with(
                "- words(text: string) -> string[]; throws nothing",
                "- words(text: string) -> string[]\n- words(text: string) -> string",
            ),
            "Section API: `words` is listed twice.",
        ),
        (
            with(
                "words(text: string) -> string[]; throws nothing",
                "words(text: string)",
            ),
            "Section API: `words` has no result type",
        ),
        (
            with("## Examples", &format!("{rules}\n## Examples")),
            "Section Rules: 13 rules are listed, at most 12",
        ),
        (
            with("- R2: count", "- R1: count"),
            "Rule R1: the id is used twice.",
        ),
        (
            with("- R5: A file", "- R6: Nobody shows this.\n- R5: A file"),
            "Rule R6: no example shows it.",
        ),
        (
            with("{\"id\":\"E3\"", "{\"id\":\"X3\""),
            "Example X3: ids are E1",
        ),
        (
            with("{\"id\":\"E3\"", "{\"id\":\"E1\""),
            "Example E1: the id is used twice.",
        ),
        (
            with(
                "\"id\":\"E5\",\"rule\":\"R2\"",
                "\"id\":\"E5\",\"rule\":\"R8\"",
            ),
            "Example E5: rule `R8` does not exist.",
        ),
        (
            with(
                "\"call\":\"words\",\"args\":[\"\"]",
                "\"call\":\"split\",\"args\":[\"\"]",
            ),
            "Example E2: `split` is not a function of section API.",
        ),
        (
            with("\"expect\":[]}", "\"expect\":[]"),
            "Section Examples: line 2 of it is not valid JSON",
        ),
        (with("\"exit\":1,", ""), "E7: a command case needs `exit`"),
        (
            with("\"expect\":2}", "\"expect\":2,\"throws\":\"x\"}"),
            "E3: has both `expect` and `throws`",
        ),
        (
            with(
                "{\"id\":\"E8\"",
                "{\"id\":\"E9\",\"rule\":\"R1\",\"call\":\"words\",\"args\":[\"\"],\"expect\":[\"\"]}\n{\"id\":\"E8\"",
            ),
            "Example E9: it has the same input as E2 and another result",
        ),
        (
            with(
                "{\"id\":\"E8\"",
                "{\"id\":\"E9\",\"rule\":\"R1\",\"call\":\"words\",\"args\":[\"\"],\"expect\":[]}\n{\"id\":\"E8\"",
            ),
            "Example E9: it asks the same as E2",
        ),
        (
            with(
                "{\"id\":\"E5\",\"rule\":\"R2\",\"call\":\"count\",\"args\":[\"\",0],\"expect\":0}\n",
                "",
            ),
            "Section Examples: 7 examples can be read; 8 to 15",
        ),
        (
            with(
                "\"call\":\"words\",\"args\":[\"\"]",
                "\"call\":\"count\",\"args\":[\"\"]",
            ),
            "Function words: 1 of the examples call it, at least 2",
        ),
        (
            with("- R1: Words are", "- R1: Words are appropriately"),
            "Section Rules: `appropriately` cannot be tested",
        ),
        (
            with("No pages, no lines.", "No pages, lines etc."),
            "Section Non-goals: `etc` cannot be tested",
        ),
        (
            with("Counts the words", "Fast: counts the words"),
            "Section Purpose: `fast` cannot be tested",
        ),
        (
            with("A missing file: E7.", "A missing file and so on: E7."),
            "Section Edge cases: `and so on` cannot be tested",
        ),
        (
            with("Counts the words", "Run npm install. Counts the words"),
            "Section Purpose: packages cannot be used",
        ),
        (
            with("Counts the words", &"Counts the words ".repeat(260)),
            "Size: without its examples the spec has about",
        ),
        (
            with("\"one two\"", &format!("\"{}\"", "one ".repeat(1900))),
            "Size: the whole spec has about",
        ),
    ];
    for (text, wanted) in cases {
        let problems = problems(&text);
        assert!(
            problems.iter().any(|p| p.contains(wanted)),
            "wanted {wanted}\n{}",
            problems.join("\n")
        );
        assert!(problems.iter().all(|p| !p.contains('\n')), "{problems:?}");
    }
}

#[test]
fn a_quarter_of_the_examples_are_errors_or_edges() {
    let text = with("Empty text: E2, E5. A missing file: E7.", "None named.").replacen(
        "\"throws\":\"RangeError: least must not be negative\"",
        "\"expect\":1",
        1,
    );
    let problems = problems(&text);
    assert!(
        problems
            .iter()
            .any(|p| p.contains("1 of 8 are error or edge cases")),
        "{problems:?}"
    );
}

#[test]
fn one_command_at_least_runs_as_a_real_process() {
    let text = GOOD
        .replace("\"given\":{\"files\"", "\"given\":{\"now\":1,\"files\"")
        .replace("[\"b.txt\"],", "[\"b.txt\"],\"given\":{\"now\":1},");
    let problems = problems(&text);
    assert!(
        problems
            .iter()
            .any(|p| p.contains("no command runs as a real process")),
        "{problems:?}"
    );
}

#[test]
fn words_inside_other_words_and_examples_are_free() {
    let text = with(
        "Counts the words",
        "Counts the breakfast words of fetch-etc-hosts",
    )
    .replacen("one two", "fast etc", 1);
    assert_eq!(problems(&text), Vec::<String>::new());
}

proptest::proptest! {
    #[test]
    fn any_text_is_read_without_panic(cut in 0usize..2400, text in "[-#RE0-9:. {}\"\n—`(>]{0,80}") {
        let at = (0..=cut.min(GOOD.len())).rev().find(|at| GOOD.is_char_boundary(*at)).unwrap();
        let mixed = format!("{}{text}{}", &GOOD[..at], &GOOD[at..]);
        let _ = spec::parse(&mixed);
        let _ = problems(&mixed);
    }
}

/// Packages the user's settings allow are usable, under "depends on" and in require, and no others are.
#[test]
fn only_allowed_packages_are_planned_required_and_written_down() {
    use dev_factory::agents::{deps, scaffold, scan};
    use dev_factory::domain::package;
    let allowed = [
        package::parse("dayjs@1.11.13").unwrap(),
        package::parse("ms@2.1.3").unwrap(),
    ];
    let plain = include_str!("../fixtures/specs/word-count.md");
    let text = plain.replacen("depends on: nothing", "depends on: dayjs", 1);
    assert_ne!(text, plain);
    let lint = |text: &str, allowed: &[package::Package]| {
        dev_factory::agents::lint::lint(text, "word-count", &Numbers::default(), allowed)
    };
    let problems = lint(&text, &[]).unwrap_err();
    assert!(problems[0].contains("`dayjs`") && problems[0].contains("packages cannot be used"));
    let problems = lint(&text.replace("dayjs", "left-pad"), &allowed).unwrap_err();
    assert!(
        problems[0].contains("of packages only dayjs, ms can be used"),
        "{problems:?}"
    );
    let spec = lint(&text, &allowed).unwrap();
    let used = spec.packages(&allowed);
    assert_eq!(used, [allowed[0].clone()]);
    assert_eq!(lint(plain, &allowed).unwrap().packages(&allowed), []);

    let required = |name: &str, packages: &[package::Package]| {
        scan::scan(
            "src/a.js",
            &format!("'use strict';\nconst x = require('{name}');\nmodule.exports = {{ x }};\n"),
            packages,
        )
    };
    assert_eq!(required("dayjs", &used), []);
    assert_eq!(required("dayjs/plugin/utc", &used), []);
    for foreign in ["ms", "dayjs2", "fs", "dayjs/../fs", "node:dayjs2"] {
        let found = required(foreign, &used);
        assert!(
            found.len() == 1 && found[0].words.ends_with("buffer dayjs"),
            "{foreign}: {found:?}"
        );
    }
    assert_eq!(required("dayjs", &[]).len(), 1);
    let json = scaffold::package("word-count", "x", "1.0.0", &used);
    assert!(
        json.contains("\"dependencies\": {\n    \"dayjs\": \"1.11.13\"\n  }"),
        "{json}"
    );
    assert!(!scaffold::package("word-count", "x", "1.0.0", &[]).contains("dependencies"));
    assert_eq!(deps::rules(&[]), deps::RULES);
    let rules = deps::rules(&used);
    assert!(
        rules.contains("of packages only dayjs:") && rules.contains("these: dayjs path"),
        "{rules}"
    );
    assert!(
        deps::spec_limits(&allowed, &Numbers::default()).contains("Of packages only dayjs, ms,")
    );
}

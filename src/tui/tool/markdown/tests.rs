//! Markdown as rows, and that nothing of it is kept from the reader.

use super::*;

fn texts(text: &str, width: usize) -> Vec<String> {
    let rows = rows(text, width);
    rows.iter()
        .map(|row| row.text().trim_end().to_owned())
        .collect()
}

#[test]
fn headings_lists_fences_and_tables() {
    let text = "# Tool\n\n## Rules\n- R1: one *two* three\n  - inner\n1. first\n2. second\n\n\
        plain `code` words\n\n```js\nconst a = 1;\n```\n\n| a | b |\n|---|---|\n| one | two |\n";
    assert_eq!(
        texts(text, 40),
        [
            "Tool",
            "── Rules",
            "- R1: one two three",
            "  - inner",
            "",
            "1. first",
            "2. second",
            "",
            "plain code words",
            "",
            "│ const a = 1;",
            "",
            "a    b",
            "───  ───",
            "one  two",
        ]
    );
}

#[test]
fn what_markdown_keeps_to_itself_is_shown() {
    for hidden in [
        "[//]: # (ship at once)\n\ntext",
        "text\n\n[a]: /x \"ship at once\"\n\n[a]: /y \"and twice\"\n",
        "see [here](https://e.example/ship-at-once \"now\") and ![it](at/once.png)",
        "a [b][ref] c\n\n[ref]: /ship \"at once\"",
        "```js ship at once\nx\n```",
        "<!-- ship at once -->\n\nplain <b title=\"once\">x</b>",
        "in `src/__tests__/a.js` and src/__tests__/b.js and my_own_name",
    ] {
        let shown = texts(hidden, 200).join(" ");
        for word in hidden.split(|c: char| !c.is_alphanumeric() && c != '_') {
            assert!(
                shown.contains(word),
                "{word} of {hidden:?} is not in {shown:?}"
            );
        }
    }
}

#[test]
fn cells_that_do_not_fit_are_broken_not_cut() {
    let text = "| a | b |\n|---|---|\n| one two three four five | six seven eight nine ten |\n";
    let shown = texts(text, 24);
    let words = shown.join(" ");
    for word in ["one", "five", "six", "ten"] {
        assert!(words.contains(word), "{shown:?}");
    }
    assert!(
        rows(text, 24)
            .iter()
            .all(|row| columns(row.text().trim_end()) <= 24),
        "{shown:?}"
    );
}

#[test]
fn lines_of_json_are_kept_as_they_are() {
    let text = "## Examples\n{\"a\":\"*b* _c_\"}\n{\"d\":1}\n\nwords";
    assert_eq!(
        texts(text, 40),
        [
            "── Examples",
            "│ {\"a\":\"*b* _c_\"}",
            "│ {\"d\":1}",
            "",
            "words"
        ]
    );
}

#[test]
fn long_points_go_on_indented_and_nothing_is_too_wide() {
    let text = "- one two three four five\n\nwide 日本語日本語日本語 words\n\n```\n".to_owned()
        + &"x".repeat(60);
    let rows = rows(&text, 16);
    assert!(rows.iter().all(|row| row.wide() <= 16), "{rows:?}");
    assert_eq!(rows[1].text(), "  four five");
}

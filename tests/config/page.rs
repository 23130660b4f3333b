//! docs/guide/settings.md: made from the starter file, whose keys and defaults another test holds to the program.

/// The starter file of the settings.
const STARTER: &str = include_str!("../../dev-factory/factory.toml");

/// The heading of a table: its name and what is said of it.
fn heading(line: &str) -> Option<(&str, &str)> {
    let (name, rest) = line.strip_prefix("# [")?.split_once(']')?;
    Some((name, rest.trim().trim_start_matches('#').trim()))
}

/// A key: its name, its value, what it does.
fn key(line: &str) -> Option<(&str, &str, &str)> {
    let (name, rest) = line.strip_prefix("# ")?.split_once(" = ")?;
    let (value, words) = rest.split_once("  #").unwrap_or((rest, ""));
    let plain = name.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    plain.then_some((name, value.trim(), words.trim()))
}

fn page() -> String {
    let begins = |line: &&str| heading(line).is_none();
    let preface: Vec<&str> = STARTER.lines().take_while(begins).collect();
    let preface = preface.join("\n");
    let mut page = format!(
        "# Settings\n\nMade from the starter file `dev-factory/factory.toml`; a test fails when this page is stale. Values are the \
         built-in\nones, or examples where there is none. `dev-factory config` shows each value in force and where it came from; \
         a running\nengine reads the files again by itself. A key that is misspelt, or out of its bounds, ends the start with \
         exit 2 and a\nsentence that names file, line and what was meant.\n\n```\n{}\n```\n",
        preface.trim_end()
    );
    for line in STARTER.lines() {
        if let Some((name, words)) = heading(line) {
            let words = if words.is_empty() {
                String::new()
            } else {
                format!("\n{words}.\n")
            };
            page.push_str(&format!(
                "\n## {name}\n{words}\n| key | value | what it does |\n|---|---|---|\n"
            ));
        } else if page.contains("\n## ")
            && let Some((name, value, words)) = key(line)
        {
            page.push_str(&format!("| `{name}` | `{value}` | {words} |\n"));
        }
    }
    page
}

/// `WRITE_DOCS=1 cargo test --test config page_of_settings` writes the page anew.
#[test]
fn the_page_of_settings_is_fresh() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/guide/settings.md");
    if std::env::var_os("WRITE_DOCS").is_some() {
        std::fs::write(path, page()).unwrap();
    }
    let there = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(
        there,
        page(),
        "stale: WRITE_DOCS=1 cargo test --test config page_of_settings"
    );
}

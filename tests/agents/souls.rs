//! Souls of every form a public file has.

use dev_factory::agents::soul::{Soul, parse};
use dev_factory::text::tokens::estimate;
use serde_json::json;

fn read(name: &str) -> Result<(Soul, Vec<String>), String> {
    let text = std::fs::read_to_string(crate::fixtures("souls").join(name)).unwrap();
    parse(&text, &format!("souls/{name}"))
}

#[test]
fn starter_souls_are_short_and_whole() {
    for name in ["developer", "qa", "supervisor"] {
        let path = format!("{}/souls/{name}.md", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(path).unwrap();
        let (soul, warnings) = parse(&text, "souls/x.md").unwrap();
        assert_eq!(soul.name, name);
        assert!(!soul.description.is_empty() && warnings.is_empty() && soul.other.is_empty());
        assert_eq!(soul.model, None);
        assert_eq!(soul.metadata.get("role"), Some(&json!(name)));
        assert!(
            estimate(&soul.body) < 400,
            "{name} has {} tokens",
            estimate(&soul.body)
        );
    }
}

#[test]
fn plain_markdown_takes_its_name_from_the_file() {
    let (soul, warnings) = read("plain.md").unwrap();
    assert_eq!(
        (soul.name.as_str(), soul.body.as_str()),
        ("plain", "You are plain.\n\nWork well.")
    );
    assert!(warnings.is_empty());
    assert_eq!(read("comment.md").unwrap().0.name, "comment");
}

#[test]
fn marks_and_line_ends_of_other_systems_do_not_matter() {
    let (soul, _) = read("bom.md").unwrap();
    assert_eq!(
        (soul.name.as_str(), soul.description.as_str()),
        ("bom", "has a mark in front")
    );
    let (soul, _) = read("crlf.md").unwrap();
    assert_eq!(
        (soul.name.as_str(), soul.body.as_str()),
        ("crlf", "First.\nSecond.")
    );
    assert_eq!(soul.tools, ["Read", "Write", "Bash"]);
}

#[test]
fn a_colon_in_a_description_is_text() {
    let (soul, warnings) = read("colon.md").unwrap();
    assert_eq!(
        soul.description,
        "Use this agent for reviews. Example: user: \"check it\" assistant: \"it's done\""
    );
    assert_eq!(soul.model.as_deref(), Some("some/model"));
    assert_eq!(warnings.len(), 1);
}

#[test]
fn unknown_keys_are_kept_and_near_ones_named() {
    let (soul, warnings) = read("unknown.md").unwrap();
    assert_eq!(soul.other.get("color"), Some(&json!("blue")));
    assert_eq!(soul.other.get("descripton"), Some(&json!("misspelt")));
    assert_eq!(soul.metadata.get("rank"), Some(&json!(3)));
    assert_eq!(soul.tools, ["Read", "Write"]);
    assert_eq!(soul.body, "Body with a line\n\n---\n\nof dashes.");
    assert_eq!(
        warnings,
        [
            "souls/unknown.md: `descripton` is not a key the factory knows; did you mean `description`?"
        ]
    );
}

#[test]
fn broken_souls_say_where_and_what_to_do() {
    let broken = read("broken.md").unwrap_err();
    assert!(broken.starts_with("souls/broken.md, line "), "{broken}");
    assert!(broken.contains("correct the line"), "{broken}");
    assert_eq!(broken.lines().count(), 1);
    assert_eq!(
        read("unclosed.md").unwrap_err(),
        "souls/unclosed.md, line 1: the front matter is not closed; put a line of three dashes below it"
    );
    assert!(
        read("empty.md")
            .unwrap_err()
            .contains("has no instructions")
    );
    assert_eq!(
        read("wrong-type.md").unwrap_err(),
        "souls/wrong-type.md: `name` must be text on one line"
    );
}

proptest::proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in "(---\n)?[-a-z:\\[\\]{}'\"&*|> \n\t\u{feff}é]{0,80}(\n---\n)?[a-z\n]{0,10}") {
        let _ = parse(&text, "souls/x.md");
    }
}

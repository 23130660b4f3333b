//! What a failed test says: expected and received, its message without frames, its own lines.

use crate::agents::failure::{Ground, class, short};
use crate::domain::evidence::JestTest;
use std::fmt::Write as _;

/// Characters of one value.
const VALUE_CHARS: usize = 200;
/// Lines of a test shown.
const TEST_LINES: usize = 15;

/// Expected and received of Jest's message, or its first lines.
pub fn values(message: &str) -> String {
    let mut text = String::new();
    if class(message) != "assertion" {
        let _ = writeln!(
            text,
            "{}",
            short(message.lines().next().unwrap_or_default(), 300)
        );
    }
    for name in ["Expected", "Received"] {
        let line = message.lines().map(str::trim).find(|line| {
            line.strip_prefix(name)
                .is_some_and(|rest| rest.contains(": ") && !rest.starts_with(" -"))
        });
        if let Some((_, value)) = line.and_then(|line| line.split_once(": ")) {
            let _ = writeln!(text, "{name}: {}", short(value.trim(), VALUE_CHARS));
        }
    }
    if text.is_empty() {
        text = without_frames(message, 2 * VALUE_CHARS);
    }
    text
}

/// The message without stack frames and blank lines.
pub fn without_frames(message: &str, most: usize) -> String {
    let lines = message.lines().map(str::trim_end);
    let lines =
        lines.filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with("at "));
    format!("{}\n", short(&lines.collect::<Vec<_>>().join("\n"), most))
}

/// The test's own lines, as far as there is room.
pub fn test_lines(test: &JestTest, ground: &Ground<'_>, room: usize) -> String {
    let Some(source) = ground.sources.get(&test.file) else {
        return String::new();
    };
    let starts = |line: &str| {
        let line = line.trim_start();
        let call = ["test(", "it("]
            .iter()
            .find_map(|word| line.strip_prefix(word))?;
        let quote = call.chars().next()?;
        let title = call.get(1..)?.split(quote).next()?.to_owned();
        (!title.is_empty() && test.name.ends_with(&title)).then_some(())
    };
    let Some(first) = source.lines().position(|line| starts(line).is_some()) else {
        return String::new();
    };
    let mut text = String::from("The test:\n");
    let indent = source.lines().nth(first).map_or(0, depth);
    for (at, line) in source.lines().skip(first).take(TEST_LINES).enumerate() {
        let longer = text.chars().count() + line.chars().count() + 1;
        if longer > room {
            break;
        }
        let _ = writeln!(text, "{line}");
        if at > 0 && depth(line) <= indent && line.trim_start().starts_with('}') {
            break;
        }
    }
    if text.lines().count() > 1 {
        text
    } else {
        String::new()
    }
}

fn depth(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

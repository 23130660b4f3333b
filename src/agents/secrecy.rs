//! Whether words give away a held-out case: its id, its input, or a result that the spec does not name.

use crate::domain::case::CaseResult;

/// Characters from which a text is no accident.
const TELLING: usize = 8;

/// The first thing in `words` that only somebody who saw a hidden case could write.
#[must_use]
pub fn quoted<'a>(words: &str, hidden: &'a [CaseResult], spec: &str) -> Option<&'a str> {
    hidden.iter().find_map(|case| {
        let parts = [&case.reproduce, &case.expected, &case.received];
        let texts = parts.into_iter().flat_map(|part| literals(part));
        let told = |text: &&str| words.contains(*text) && !spec.contains(*text);
        let named = says(words, &case.id).then_some(case.id.as_str());
        named.or_else(|| texts.filter(|text| text.len() >= TELLING).find(told))
    })
}

/// A field as a whole, and each text in quotes within it.
fn literals(field: &str) -> impl Iterator<Item = &str> {
    let inner = field.split('"').skip(1).step_by(2);
    let whole = std::iter::once(field.trim());
    whole.chain(inner.map(|text| text.trim_end_matches("\\n")))
}

/// Whether a word stands there by itself.
fn says(words: &str, id: &str) -> bool {
    let mut each = words.split(|c: char| !c.is_ascii_alphanumeric());
    each.any(|word| word == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_the_hidden_case_says_is_found_and_what_the_spec_says_is_not() {
        let hidden = [CaseResult {
            id: "H3".into(),
            rule: "R2".into(),
            passed: false,
            reproduce: r#"parse("a,,b;secret input")"#.into(),
            expected: r#"throws "line 7: not a number""#.into(),
            received: "null".into(),
            at: None,
        }];
        let spec = "R2: the message is `not a number`, as in line 7";
        let found = |words: &str| quoted(words, &hidden, spec);
        assert_eq!(found("H3 is right."), Some("H3"));
        assert_eq!(found("See H31, and CH3."), None);
        assert_eq!(
            found("It fails for a,,b;secret input here."),
            Some("a,,b;secret input")
        );
        assert_eq!(
            found("Say line 7: not a number then."),
            Some("line 7: not a number")
        );
        assert_eq!(found("R2 wants `not a number`; null is wrong."), None);
    }
}

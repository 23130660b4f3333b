//! Cases that contradict each other: the same input and two results, so that no program can pass both.

use super::{cases, votes};
use crate::domain::case::Case;
use std::collections::BTreeMap;

/// Pairs of cases of which at most one can be right, in the order given.
#[must_use]
pub fn clashes(all: &[Case]) -> Vec<(&Case, &Case)> {
    let mut known: BTreeMap<String, Vec<&Case>> = BTreeMap::new();
    let mut found = Vec::new();
    for case in all {
        let same = known.entry(cases::input(case)).or_default();
        let against = same.iter().find(|other| !votes::agree(other, case));
        found.extend(against.map(|other| (*other, case)));
        same.push(case);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_input_with_two_results_is_a_clash_however_it_is_written() {
        let case = |id: &str, rest: &str| -> Case {
            let line = format!(r#"{{"id":"{id}","rule":"R1",{rest}}}"#);
            serde_json::from_str(&line).unwrap()
        };
        let all = [
            case("E1", r#""cli":["a"],"exit":1,"stderr":"no a\n""#),
            case("E2", r#""cli":["b"],"exit":1,"stderr":"no b\n""#),
            case("H1", r#""cli":["a"],"given":{"files":{}},"exit":1"#),
            case(
                "H2",
                r#""call":"main","args":[["b"]],"given":{},"expect":2"#,
            ),
        ];
        let named = |all: &[Case]| -> Vec<(String, String)> {
            let pairs = clashes(all).into_iter();
            pairs.map(|(a, b)| (a.id.clone(), b.id.clone())).collect()
        };
        assert_eq!(named(&all), [("E2".to_owned(), "H2".to_owned())]);
        assert_eq!(named(&all[..3]), []);
    }
}

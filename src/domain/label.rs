//! Labels of turns, `tool/phase/purpose[/path]/n`, read, and said in words.

/// A label in its parts; what it lacks is empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Label<'a> {
    pub tool: &'a str,
    pub phase: &'a str,
    pub purpose: &'a str,
    pub path: &'a str,
    /// Turns with this label before it.
    pub n: Option<u64>,
}

impl<'a> Label<'a> {
    /// Reads one.
    #[must_use]
    pub fn of(label: &'a str) -> Self {
        let (stem, n) = match label.rsplit_once('/') {
            Some((stem, n)) if n.parse::<u64>().is_ok() => (stem, n.parse().ok()),
            _ => (label, None),
        };
        let mut parts = stem.splitn(4, '/');
        let mut part = || parts.next().unwrap_or_default();
        Self {
            tool: part(),
            phase: part(),
            purpose: part(),
            path: part(),
            n,
        }
    }

    /// The number of the turn, the first being 1.
    #[must_use]
    pub fn turn(&self) -> String {
        self.n
            .map_or_else(|| "-".to_owned(), |n| (n + 1).to_string())
    }

    /// What is done in the turn: `turn 4, writing src/group.js`.
    #[must_use]
    pub fn words(&self) -> String {
        let what = match (self.purpose, self.phase) {
            ("draft", _) => "drafting the spec",
            ("template", _) => "bringing the spec into its form",
            ("repair", _) => "mending the spec",
            ("cases", _) => "working out held-out cases",
            ("replace", _) => "replacing a case that was struck",
            ("more", _) => "working out cases for rules that have none",
            ("hypothesis", _) => "finding out what is wrong",
            ("triage", _) => "finding a way out for the tool",
            ("step", _) => "working with tools",
            ("verdict", "spec-review") => "judging the spec",
            ("verdict", _) => "judging the tool",
            ("file", _) => "writing",
            (other, _) => other,
        };
        let path = match self.path {
            "" => String::new(),
            path => format!(" {path}"),
        };
        format!("turn {}, {what}{path}", self.turn())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_read_and_said() {
        let label = Label::of("csv-diff/coding/file/src/a/b.js/3");
        assert_eq!((label.tool, label.phase), ("csv-diff", "coding"));
        assert_eq!((label.path, label.n), ("src/a/b.js", Some(3)));
        assert_eq!(label.words(), "turn 4, writing src/a/b.js");
        assert_eq!(
            Label::of("x/spec-review/verdict/0").words(),
            "turn 1, judging the spec"
        );
        assert_eq!(
            Label::of("x/review/verdict/0").words(),
            "turn 1, judging the tool"
        );
        assert_eq!(Label::of("odd").turn(), "-");
        for purpose in [
            "draft",
            "template",
            "repair",
            "cases",
            "replace",
            "hypothesis",
            "triage",
            "step",
        ] {
            let label = format!("x/qa/{purpose}/11");
            let words = Label::of(&label).words();
            let said = words.strip_prefix("turn 12, ").unwrap();
            assert_ne!(said.split(' ').next(), Some(purpose), "nobody says it");
        }
    }
}

//! Every command: typed as on the command line, or chosen from the list that fits what is typed.

use super::form::Line;
use crate::domain::command::Seen;
use crate::factory::ports::operator::Usage;

/// The palette under way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Palette {
    /// What is typed.
    pub line: Line,
    /// Row of the cursor among those that fit.
    pub cursor: usize,
    /// Why what was typed is no command.
    pub problem: Option<String>,
    /// What was under way when it was opened: what is typed is about that.
    pub seen: Option<Seen>,
}

impl Palette {
    /// With something typed already.
    #[must_use]
    pub fn with(text: &str, seen: Option<Seen>) -> Self {
        Self {
            line: Line::of(text),
            seen,
            ..Self::default()
        }
    }

    /// Commands that fit what is typed: by name, else by what they do.
    #[must_use]
    pub fn fitting<'a>(&self, all: &'a [Usage]) -> Vec<&'a Usage> {
        let word = self
            .line
            .text
            .split(' ')
            .next()
            .unwrap_or_default()
            .to_lowercase();
        if self.line.text.contains(' ') {
            return all.iter().filter(|usage| usage.name == word).collect();
        }
        let by_name = all.iter().filter(|usage| usage.name.starts_with(&word));
        let by_words = all.iter().filter(|usage| {
            !usage.name.starts_with(&word)
                && (usage.name.contains(&word) || usage.about.to_lowercase().contains(&word))
        });
        by_name.chain(by_words).collect()
    }
}

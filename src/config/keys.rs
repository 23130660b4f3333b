//! Where a key is; the key itself is fetched by whoever reads the settings.

use crate::domain::screen::KeyFacts;
use crate::text::secret::Secret;

/// Characters of a key of which four more or less tell nothing.
const LONG: usize = 24;

/// Where a key is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyPlace {
    /// In an environment variable of this name.
    Variable(String),
    /// In a file only its owner can read.
    File(String),
    /// Printed by a command.
    Command(String),
}

impl KeyPlace {
    /// What screens may say of the key found there: where it is, and how it ends where that tells little of it.
    #[must_use]
    pub fn facts(&self, key: &Secret) -> KeyFacts {
        let key = key.reveal();
        let count = key.chars().count();
        let ends = key.chars().skip(count.saturating_sub(4)).collect();
        KeyFacts {
            place: match self {
                Self::Variable(name) => format!("variable {name}"),
                Self::File(file) => format!("file {file}"),
                Self::Command(command) => {
                    // Its arguments are nobody's business.
                    let program = command.split_whitespace().next().unwrap_or_default();
                    format!("command {program}")
                }
            },
            ends: (count >= LONG).then_some(ends),
            ..KeyFacts::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_key_no_more_is_told_than_its_place_and_its_end() {
        let long = Secret::new("sk-canary-0123456789abcdef".to_owned());
        let short = Secret::new("canary-0123456789abcdef".to_owned());
        let file = KeyPlace::File("~/keys/lab".to_owned());
        let told = file.facts(&long);
        assert_eq!(
            (told.place.as_str(), told.ends.as_deref()),
            ("file ~/keys/lab", Some("cdef"))
        );
        assert_eq!(file.facts(&short).ends, None, "four of few are too many");
        let command = KeyPlace::Command("pass show --secret=canary lab".to_owned());
        assert_eq!(command.facts(&long).place, "command pass");
        let all = format!("{:?} {:?}", told, command.facts(&long));
        assert!(!all.contains("canary"), "{all}");
    }
}

//! Old names of settings in a file become the new ones, line by line, so that comments and order stay.

use crate::config::schema::{RENAMED, Renamed};

/// The names that were changed in this version.
pub fn today() -> &'static [Renamed] {
    RENAMED
}

/// The text with new names, and a sentence for each that was old.
pub fn renamed(text: &str, names: &[Renamed]) -> (String, Vec<String>) {
    let mut notes = Vec::new();
    let mut table = String::new();
    let lines = text.split_inclusive('\n').map(|line| {
        let bare = line.trim();
        if let Some(name) = bare
            .strip_prefix('[')
            .and_then(|rest| rest.split(']').next())
        {
            table = name.trim().to_owned();
        }
        let Some((key, _)) = line.split_once('=') else {
            return line.to_owned();
        };
        let full = format!("{table}.{}", key.trim());
        let Some(name) = names.iter().find(|name| name.from == full) else {
            return line.to_owned();
        };
        let leaf = name.to.rsplit('.').next().unwrap_or(name.to);
        notes.push(format!("{} is called {} now", name.from, name.to));
        line.replacen(key.trim(), leaf, 1)
    });
    let text = lines.collect();
    (text, notes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_named_key_of_its_own_table_changes() {
        let names = [Renamed {
            from: "limits.per_day",
            to: "limits.day_usd",
        }];
        let text = "# per_day = 1\n[limits]\n  per_day = 3 # mine\n[other]\nper_day = 4\n";
        let (new, notes) = renamed(text, &names);
        assert_eq!(
            new,
            "# per_day = 1\n[limits]\n  day_usd = 3 # mine\n[other]\nper_day = 4\n"
        );
        assert_eq!(notes, ["limits.per_day is called limits.day_usd now"]);
        assert_eq!(renamed(&new, &names).1, Vec::<String>::new());
    }
}

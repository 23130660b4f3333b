//! Settings of the screens: theme, colours, bell, mouse, and keys by the names of their actions.

use super::build::Builder;
use super::entry::{Entry, Value};
use super::{Inputs, Problem, Source, layers};
use crate::tui::settings::{BELLS, Colours, Keymap, Screens, Wish, bind};
use std::collections::BTreeMap;

/// The table they stand in.
const TABLE: &str = "screens";
/// The table of keys in it.
const KEYS: &str = "keys";

/// What the screens go by, and where the theme comes from; their own problems, and those of files that cannot be read.
pub fn screens(inputs: &Inputs) -> Result<(Screens, Option<Source>), Vec<Problem>> {
    let mut problems = Vec::new();
    let mut merged: BTreeMap<Vec<String>, Entry> = BTreeMap::new();
    for entry in layers(inputs, &mut problems).into_iter().flatten() {
        if entry.path.first().is_some_and(|top| top == TABLE) {
            merged.insert(entry.path.clone(), entry);
        }
    }
    let ours = |problem: &Problem| problem.hides_others() || problem.sentence.starts_with(TABLE);
    problems.retain(ours);
    let mut builder = Builder::new(&merged, &mut problems);
    let theme = builder.entry("screens.theme").map(|e| e.source.clone());
    let screens = builder.screens();
    if problems.is_empty() {
        return Ok((screens, theme));
    }
    problems.sort_by_key(|problem| problem.source.order());
    Err(problems)
}

impl Builder<'_> {
    /// Settings of the screens.
    pub(super) fn screens(&mut self) -> Screens {
        Screens {
            theme: self.text("screens.theme"),
            colours: self.word("screens.colours", &Colours::WORDS),
            bell: self.word("screens.bell", &BELLS),
            mouse: self.flag("screens.mouse", false),
            keys: self.keymap(),
        }
    }

    /// One of some words; the first where none is set.
    fn word<T: Copy + Default>(&mut self, key: &str, words: &[(&str, T)]) -> T {
        let set = self.text(key);
        if set.is_none()
            && let Some((word, _)) = words.first()
        {
            self.show(key, format!("\"{word}\""), Source::BuiltIn);
        }
        let found = words.iter().find(|(word, _)| set.as_deref() == Some(word));
        found.map(|(_, value)| *value).unwrap_or_default()
    }

    /// Keys that are set, in the order of the files.
    fn keymap(&mut self) -> Keymap {
        let mut set: Vec<&Entry> = self
            .merged
            .values()
            .filter(|entry| {
                matches!(entry.path.as_slice(), [top, keys, _] if top == TABLE && keys == KEYS)
            })
            .collect();
        set.sort_by_key(|entry| entry.source.order());
        let wish = |entry: &&Entry| Wish {
            action: entry.path.last().cloned().unwrap_or_default(),
            keys: match &entry.value {
                Value::Text(key) => vec![key.clone()],
                Value::List(keys) => keys.clone(),
                _ => Vec::new(),
            },
            place: entry.source.to_string(),
        };
        let wishes: Vec<Wish> = set.iter().map(wish).collect();
        let sources: Vec<Source> = set.iter().map(|entry| entry.source.clone()).collect();
        let names: Vec<String> = set.iter().map(|entry| entry.path.join(".")).collect();
        for name in names {
            self.set(&name);
        }
        bind(&wishes).unwrap_or_else(|mistakes| {
            let problems = mistakes.into_iter().filter_map(|mistake| {
                let source = sources.get(mistake.wish)?.clone();
                let sentence = format!("{TABLE}.{KEYS}.{}", mistake.sentence);
                Some(Problem { source, sentence })
            });
            self.problems.extend(problems);
            Keymap::default()
        })
    }
}

//! The backlog as people write it: names derived from ideas, and a hand-edited file taken in.

use super::actor;
use super::event::{EventBody, NewEvent};
use super::factory::Factory;
use super::item::Item;

/// Longest name.
const NAME_CHARS: usize = 40;
/// Longest idea.
const IDEA_CHARS: usize = 2_000;
/// Words a derived name takes.
const NAME_WORDS: usize = 4;
/// Words before a colon that still read as a name.
const TITLE_WORDS: usize = 5;
/// Scopes of pauses and budgets, which a tool's name must not be taken for.
const RESERVED: [&str; 5] = ["factory", "developer", "qa", "supervisor", "tool"];
/// Words that say nothing about what a tool is.
const FILLERS: [&str; 58] = [
    "a", "an", "the", "and", "or", "of", "for", "to", "in", "on", "at", "by", "with", "from",
    "into", "that", "which", "who", "it", "its", "this", "these", "those", "i", "we", "you", "me",
    "my", "our", "your", "is", "are", "be", "can", "could", "should", "would", "will", "want",
    "wants", "need", "needs", "like", "please", "build", "make", "create", "write", "tool",
    "small", "simple", "little", "program", "script", "command", "line", "some", "new",
];

/// Whether a name is kebab-case: lower-case words of letters and digits, joined by single hyphens, a letter first.
pub fn valid_name(name: &str) -> Result<(), String> {
    let shown: String = name.chars().take(60).collect();
    if name.is_empty() {
        return Err(
            "the name is empty; use lower-case words joined by hyphens, like cost-tracker"
                .to_owned(),
        );
    }
    if name.chars().count() > NAME_CHARS {
        return Err(format!(
            "the name {shown:?} is longer than {NAME_CHARS} characters; shorten it"
        ));
    }
    let word = |word: &str| {
        !word.is_empty()
            && word
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
    };
    let kebab = name.split('-').all(word) && name.starts_with(|c: char| c.is_ascii_lowercase());
    if !kebab {
        return Err(format!(
            "the name {shown:?} is not kebab-case; use lower-case words joined by hyphens, like cost-tracker"
        ));
    }
    if RESERVED.contains(&name) {
        return Err(format!(
            "the name {shown:?} means a part of the factory; choose another"
        ));
    }
    Ok(())
}

/// An idea trimmed, refused when empty or too long.
pub fn valid_idea(idea: &str) -> Result<String, String> {
    let idea = idea.trim();
    if idea.is_empty() {
        return Err("the idea is empty; say in a sentence what the tool should do".to_owned());
    }
    let chars = idea.chars().count();
    if chars > IDEA_CHARS {
        return Err(format!(
            "the idea has {chars} characters; at most {IDEA_CHARS} are taken, so shorten it"
        ));
    }
    Ok(idea.to_owned())
}

fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric() && c != '\'')
        .map(|word| {
            word.chars()
                .flat_map(char::to_lowercase)
                .filter(|c| c.is_ascii_alphanumeric())
                .collect::<String>()
        })
        .filter(|word| !word.is_empty())
        .collect()
}

/// Joins words as long as they fit into a name.
fn joined(words: &[String], room: usize) -> String {
    let mut name = String::new();
    for word in words {
        let more = word.len() + usize::from(!name.is_empty());
        if name.len() + more > room {
            break;
        }
        if !name.is_empty() {
            name.push('-');
        }
        name.push_str(word);
    }
    if name.is_empty()
        && let Some(word) = words.first()
    {
        name = word.chars().take(room).collect();
    }
    name
}

/// The title before a colon, when it is short enough to be a name.
fn title(idea: &str) -> Option<Vec<String>> {
    let (title, rest) = idea.split_once(':')?;
    let title = words(title);
    (!rest.trim().is_empty() && (1..=TITLE_WORDS).contains(&title.len())).then_some(title)
}

/// A name for an idea that no item in `taken` has: its "name:" if it begins with one, else its first meaningful words.
#[must_use]
pub fn derive_name(idea: &str, taken: &dyn Fn(&str) -> bool) -> String {
    let chosen = title(idea).unwrap_or_else(|| {
        let telling = words(idea)
            .into_iter()
            .filter(|word| !FILLERS.contains(&word.as_str()));
        telling.take(NAME_WORDS).collect()
    });
    let chosen: Vec<String> = chosen
        .into_iter()
        .skip_while(|word| word.starts_with(|c: char| c.is_ascii_digit()))
        .collect();
    let mut name = joined(&chosen, NAME_CHARS);
    if valid_name(&name).is_err() {
        name = if name.is_empty() {
            "idea".to_owned()
        } else {
            joined(&[name, "kit".to_owned()], NAME_CHARS)
        };
    }
    if !taken(&name) {
        return name;
    }
    let mut number: u64 = 2;
    loop {
        let suffix = format!("-{number}");
        let stem: String = name.chars().take(NAME_CHARS - suffix.len()).collect();
        let next = format!("{}{suffix}", stem.trim_end_matches('-'));
        if !taken(&next) {
            return next;
        }
        number = number.saturating_add(1);
    }
}

/// Name and idea of a new item, or why it cannot be one.
pub fn new_item(
    items: &[Item],
    idea: &str,
    name: Option<&str>,
) -> Result<(String, String), String> {
    let idea = valid_idea(idea)?;
    let taken = |name: &str| items.iter().any(|item| item.name == name);
    let name = match name {
        Some(name) => {
            valid_name(name)?;
            if taken(name) {
                return Err(format!(
                    "{name} is on the wishlist already; choose another name"
                ));
            }
            name.to_owned()
        }
        None => {
            if let Some(same) = items.iter().find(|item| item.idea == idea) {
                return Err(format!(
                    "this idea is on the wishlist already as {}",
                    same.name
                ));
            }
            derive_name(&idea, &taken)
        }
    };
    Ok((name, idea))
}

/// One entry of the file: idea, priority, and the name if it has one.
pub type Entry = (String, i64, Option<String>);

/// The file as it stands, and as it stood when it was last taken over or written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wishes {
    /// As it stands.
    pub now: Vec<Entry>,
    /// As it stood; empty at a start.
    pub before: Vec<Entry>,
}

/// Takes a hand-edited file in: ideas, priorities and order are people's, the rest is put back. What still stands there as
/// it stood `before` is nobody's edit, though a command may have changed it since.
/// Entries that are gone stay on the list (dropping is a command), which is said once.
pub fn merge(
    factory: &Factory,
    before: &[Entry],
    entries: &[Entry],
    by: &str,
) -> Result<Vec<NewEvent>, String> {
    let mut merge = Merge {
        items: factory.items.to_vec(),
        before,
        seen: Vec::new(),
        named: entries
            .iter()
            .filter_map(|entry| entry.2.as_deref())
            .collect(),
        events: Vec::new(),
        by,
        now: factory.last_update,
    };
    for (number, entry) in entries.iter().enumerate() {
        merge
            .entry(entry)
            .map_err(|why| format!("wishlist.json, item {}: {why}", number + 1))?;
    }
    Ok(merge.finish())
}

struct Merge<'a> {
    items: Vec<Item>,
    before: &'a [Entry],
    seen: Vec<String>,
    /// Names that stand in the file: an entry without one is none of these.
    named: Vec<&'a str>,
    events: Vec<NewEvent>,
    by: &'a str,
    now: chrono::DateTime<chrono::Utc>,
}

impl Merge<'_> {
    fn event(&mut self, name: Option<&str>, body: EventBody) {
        self.events.push(NewEvent {
            tool: name.map(str::to_owned),
            actor: self.by.to_owned(),
            body,
        });
    }

    fn entry(&mut self, (idea, priority, name): &Entry) -> Result<(), String> {
        let idea = valid_idea(idea)?;
        let found = match name {
            Some(name) => {
                valid_name(name)?;
                if self.seen.contains(name) {
                    return Err(format!(
                        "the name {name} stands there twice; remove one of them"
                    ));
                }
                self.items.iter().find(|item| item.name == *name)
            }
            None => self.items.iter().find(|item| {
                item.idea == idea
                    && !self.seen.contains(&item.name)
                    && !self.named.contains(&item.name.as_str())
            }),
        };
        let Some(found) = found.cloned() else {
            return self.added(idea, *priority, name.as_deref());
        };
        let named = |entry: &&Entry| entry.2.as_deref() == Some(found.name.as_str());
        let before = self.before.iter().find(named);
        let edited = before.is_none_or(|before| before.0.trim() != idea);
        let moved = before.is_none_or(|before| before.1 != *priority);
        let new_idea = (edited && found.idea != idea).then_some(idea);
        let new_priority = (moved && found.priority != *priority).then_some(*priority);
        if new_idea.is_some() || new_priority.is_some() {
            let body = EventBody::ItemEdited {
                name: found.name.clone(),
                idea: new_idea,
                priority: new_priority,
            };
            self.event(Some(&found.name), body);
        }
        self.seen.push(found.name);
        Ok(())
    }

    fn added(&mut self, idea: String, priority: i64, name: Option<&str>) -> Result<(), String> {
        let (name, idea) = match name {
            Some(name) => new_item(&self.items, &idea, Some(name))?,
            None => {
                let taken = |name: &str| {
                    self.named.contains(&name) || self.items.iter().any(|item| item.name == name)
                };
                (derive_name(&idea, &taken), idea)
            }
        };
        let body = EventBody::ItemAdded {
            name: name.clone(),
            idea: idea.clone(),
            priority,
        };
        self.event(Some(&name), body);
        self.items.push(Item {
            idea,
            priority,
            name: name.clone(),
            status: super::item::ItemStatus::Wanted,
            added_at: self.now,
            reason: None,
            branch: None,
            phase: None,
            escalation: None,
        });
        self.seen.push(name);
        Ok(())
    }

    fn finish(mut self) -> Vec<NewEvent> {
        let missing: Vec<String> = self
            .items
            .iter()
            .filter(|item| !self.seen.contains(&item.name))
            .map(|item| item.name.clone())
            .collect();
        let now: Vec<&String> = self.items.iter().map(|item| &item.name).collect();
        let wanted: Vec<String> = self.seen.iter().chain(&missing).cloned().collect();
        if now != wanted.iter().collect::<Vec<_>>() {
            self.event(None, EventBody::ItemsOrdered { names: wanted });
        }
        if !missing.is_empty() {
            let sentence = format!(
                "removed from wishlist.json by hand and put back: {}; `dev-factory drop NAME` drops one",
                missing.join(", ")
            );
            self.event(None, EventBody::Noted { sentence });
        }
        self.events
    }
}

/// The actor of a hand edit.
pub const BY_HAND: &str = actor::EXTERNAL;

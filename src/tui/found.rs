//! Which items of a queue have the text that is looked for: searched when either changes, not in each frame.

use crate::domain::item::Item;

/// Places in the queue, in its order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found(Vec<usize>);

impl Found {
    /// Searches a queue.
    #[must_use]
    pub fn of(queue: &[Item], text: &str) -> Self {
        Self::default().after(&[], queue, text)
    }

    /// The same in a newer queue; an item that is as it was in `before` is not searched again.
    #[must_use]
    pub fn after(&self, before: &[Item], queue: &[Item], text: &str) -> Self {
        let text = text.to_lowercase();
        let same = |at: usize, item: &Item| {
            let old = before.get(at);
            old.is_some_and(|old| old.name == item.name && old.idea == item.idea)
        };
        let wanted = |(at, item): &(usize, &Item)| match same(*at, item) {
            true => self.0.binary_search(at).is_ok(),
            false => has(item, &text),
        };
        let all = queue.iter().enumerate().filter(wanted);
        Self(all.map(|(at, _)| at).collect())
    }

    /// The items.
    pub fn items<'a>(&self, queue: &'a [Item]) -> impl Iterator<Item = &'a Item> {
        self.0.iter().filter_map(|at| queue.get(*at))
    }
}

/// Whether an item has a text, which is in small letters, in name or idea.
#[must_use]
pub fn has(item: &Item, text: &str) -> bool {
    text.is_empty() || item.name.contains(text) || item.idea.to_lowercase().contains(text)
}

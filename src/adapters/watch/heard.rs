//! Whether the kernel tells of what the slow look finds: a file system may take a watch and never say a word, and a watch
//! is gone when its file system was mounted anew.

use crate::factory::ports::store::Change;
use std::collections::{BTreeMap, BTreeSet};

/// Looks for which the kernel's word may be late.
const LATE: u32 = 3;

/// What was told, and what should have been.
#[derive(Debug, Default)]
pub struct Heard {
    /// Told since the last look.
    told: BTreeSet<Change>,
    /// Found by a look and not told of since, with the number of looks that was ago.
    owed: BTreeMap<Change, u32>,
    silent: bool,
}

impl Heard {
    /// The kernel told of changes; true when that ends its silence.
    pub fn told(&mut self, changes: &BTreeSet<Change>) -> bool {
        self.owed.retain(|change, _| !changes.contains(change));
        self.told.extend(changes);
        !changes.is_empty() && std::mem::take(&mut self.silent)
    }

    /// A look found changes of which the kernel should have told; true when that shows its silence.
    pub fn looked(&mut self, found: &BTreeSet<Change>) -> bool {
        self.owed.values_mut().for_each(|looks| *looks += 1);
        for change in found.difference(&self.told) {
            self.owed.entry(*change).or_default();
        }
        self.told.clear();
        let late = self.owed.values().any(|looks| *looks >= LATE);
        if late {
            self.owed.clear();
        }
        late && !std::mem::replace(&mut self.silent, true)
    }

    /// Whether the kernel keeps quiet.
    #[must_use]
    pub const fn silent(&self) -> bool {
        self.silent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: BTreeSet<Change> = BTreeSet::new();

    fn set<const N: usize>(changes: [Change; N]) -> BTreeSet<Change> {
        changes.into()
    }

    #[test]
    fn a_word_that_comes_before_the_look_or_soon_after_it_is_no_silence() {
        let mut heard = Heard::default();
        heard.told(&set([Change::State]));
        assert!(!heard.looked(&set([Change::State])));
        for _ in 0..LATE {
            assert!(!heard.looked(&NONE));
        }
        assert!(!heard.looked(&set([Change::Wishlist])));
        for _ in 1..LATE {
            assert!(!heard.looked(&NONE));
        }
        assert!(!heard.told(&set([Change::Wishlist])));
        for _ in 0..=LATE {
            assert!(!heard.looked(&NONE));
        }
        assert!(!heard.silent());
    }

    #[test]
    fn a_change_the_kernel_never_tells_of_is_silence_until_it_tells_of_any() {
        let mut heard = Heard::default();
        heard.told(&set([Change::Souls]));
        assert!(!heard.looked(&set([Change::State])));
        for _ in 1..LATE {
            assert!(!heard.looked(&NONE));
        }
        assert!(heard.looked(&NONE), "it is told once");
        for _ in 0..=LATE {
            assert!(!heard.looked(&set([Change::State])));
        }
        assert!(heard.silent() && !heard.told(&NONE) && heard.silent());
        assert!(heard.told(&set([Change::Commands])));
        assert!(!heard.silent());
    }
}

//! A home's past for the screens, as far as the store's readers tell it.

use crate::adapters::store::readers;
use crate::domain::stats::Stats;
use crate::factory::ports::reader::{Mark, Page, Reader};
use std::path::PathBuf;

/// Of a home.
pub struct Past(pub PathBuf);

impl Reader for Past {
    fn lines(&self, mark: Option<&Mark>, count: usize) -> Result<Page, String> {
        let lines = match mark {
            None => readers::lines(&self.0, count),
            Some(_) => Vec::new(),
        };
        Ok(Page {
            lines,
            before: None,
        })
    }

    fn stats(&self) -> Result<Stats, String> {
        let events = readers::history(&self.0, 1).map_err(|error| error.to_string())?;
        Ok(Stats::of(&events))
    }

    fn alive(&self) -> bool {
        readers::snapshot(&self.0).is_some_and(|(_, alive)| alive)
    }
}

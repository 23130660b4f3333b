//! Whether the home that is held is still where it was, and may be written.

use super::FileStore;
use crate::adapters::place;
use crate::domain::condition::Trouble;
use crate::factory::ports::store::StoreError;

impl FileStore {
    /// Nothing is written in the place of a home that was moved or deleted.
    pub(super) fn here(&self) -> Result<(), StoreError> {
        let lock = self.layout.at("engine.lock");
        match self.lock.stands_at(&lock) {
            true => Ok(()),
            false => Err(StoreError::Io {
                name: Trouble::FolderGone,
                path: lock.display().to_string(),
                detail: "it is not the one that is held; was the folder moved or deleted?"
                    .to_owned(),
            }),
        }
    }

    /// What keeps the home from being written now, as far as it can be seen.
    pub(super) fn in_the_way(&self) -> Option<(Trouble, String)> {
        let elsewhere = || Some((Trouble::FolderGone, self.here().err()?.to_string()));
        place::obstacle(&self.layout.home).or_else(elsewhere)
    }
}

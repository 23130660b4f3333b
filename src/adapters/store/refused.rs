//! Copies of documents that could not stand, kept beside them for people to look at.

use super::files;
use crate::factory::ports::store::StoreError;
use std::path::Path;

/// Copies kept of one document.
const KEPT: usize = 20;

/// Keeps `bytes` as `<name>.refused-<n>` in `dir`; the oldest beyond twenty go. Returns the file's name.
pub fn keep(dir: &Path, name: &str, bytes: &[u8]) -> Result<String, StoreError> {
    let prefix = format!("{name}.refused-");
    let names = files::names(dir);
    let mut numbers: Vec<u64> = names
        .iter()
        .filter_map(|n| n.strip_prefix(&prefix)?.parse().ok())
        .collect();
    numbers.sort_unstable();
    let n = numbers.last().map_or(1, |n| n + 1);
    let copy = format!("{prefix}{n}");
    files::put(dir, &dir.join(&copy), bytes, false)?;
    let excess = (numbers.len() + 1).saturating_sub(KEPT);
    for old in numbers.iter().take(excess) {
        let _ = std::fs::remove_file(dir.join(format!("{prefix}{old}")));
    }
    Ok(copy)
}

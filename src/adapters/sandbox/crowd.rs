//! How many processes a user has: the kernel's limit counts them all, not those of one run.

use std::fs;

/// First Linux that counts the processes of a user namespace by themselves.
const COUNTED_APART: (u32, u32) = (5, 14);

/// Threads of all processes of a user; 0 where there is no /proc.
#[must_use]
pub fn threads(user: u32) -> u64 {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let texts = entries.filter_map(|entry| fs::read_to_string(entry.path().join("status")).ok());
    texts.filter_map(|text| of(&text, user)).sum()
}

/// Threads of one process, when it is that user's.
fn of(status: &str, user: u32) -> Option<u64> {
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line?.split_whitespace().next()?.parse::<u64>().ok()
    };
    (field("Uid:")? == u64::from(user)).then(|| field("Threads:"))?
}

/// Whether the kernel counts a user namespace by itself.
#[must_use]
pub fn counted_apart() -> bool {
    let name = rustix::system::uname();
    let mut numbers = name
        .release()
        .to_str()
        .unwrap_or_default()
        .split(|c: char| !c.is_ascii_digit())
        .filter_map(|part| part.parse().ok());
    match (numbers.next(), numbers.next()) {
        (Some(major), Some(minor)) => (major, minor) >= COUNTED_APART,
        _ => false,
    }
}

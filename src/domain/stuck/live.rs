//! S15: a role that gives no sign of life.

use super::Patience;
use std::time::Duration;

/// What stillness calls for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lull {
    /// Nothing yet.
    Fine,
    /// The attempt is dropped and its phase starts again.
    Again,
    /// It stood still too often: the tool is parked.
    Park,
}

/// Judges an attempt of our own that has been still for `still`, waits for hosts, pauses and schedules not counted;
/// `whole` is the longest turn it may take, `stalls` how often this phase stood still before.
#[must_use]
pub fn lull(still: Duration, whole: Duration, stalls: u32, numbers: &Patience) -> Lull {
    let extra = Duration::from_secs(u64::from(numbers.still_minutes) * 60);
    if still < whole.saturating_add(extra) {
        Lull::Fine
    } else if stalls.saturating_add(1) >= numbers.stalls.max(1) {
        Lull::Park
    } else {
        Lull::Again
    }
}

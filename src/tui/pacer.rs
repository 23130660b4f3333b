//! When to draw: at once for a key, at most 30 times a second for data, never when nothing changed.

use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// Least time between two frames for data: 30 a second.
pub const FRAME: Duration = Duration::from_millis(33);

/// Decides when the next frame is due.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pacer {
    drawn: Option<Instant>,
    due: Option<Instant>,
}

impl Pacer {
    /// Something changed; `at_once` for what a person did.
    pub fn changed(&mut self, now: Instant, at_once: bool) {
        let due = match self.drawn {
            Some(drawn) if !at_once => now.max(drawn + FRAME),
            _ => now,
        };
        self.due = Some(self.due.map_or(due, |known| known.min(due)));
    }

    /// When to draw next; None = nothing changed.
    #[must_use]
    pub fn due(&self) -> Option<Instant> {
        self.due
    }

    /// A frame was drawn.
    pub fn drawn(&mut self, now: Instant) {
        self.drawn = Some(now);
        self.due = None;
    }
}

/// Until a frame is due, or something changes by itself; None = never.
pub async fn until(due: Option<Instant>) {
    match due {
        // A timer counts whole milliseconds: what is due now would be drawn one late.
        Some(due) if due <= Instant::now() => {}
        Some(due) => sleep_until(due).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_is_due_is_not_held_up() {
        tokio::time::advance(Duration::from_micros(300)).await;
        let now = Instant::now();
        until(Some(now)).await;
        assert_eq!(Instant::now(), now);
        until(Some(now + FRAME)).await;
        assert!(Instant::now() >= now + FRAME);
    }

    #[tokio::test(start_paused = true)]
    async fn data_waits_for_its_frame_and_keys_do_not() {
        let mut pacer = Pacer::default();
        assert_eq!(pacer.due(), None);
        let start = Instant::now();
        pacer.changed(start, false);
        assert_eq!(pacer.due(), Some(start));
        pacer.drawn(start);
        assert_eq!(pacer.due(), None);
        let soon = start + Duration::from_millis(5);
        pacer.changed(soon, false);
        pacer.changed(soon, false);
        assert_eq!(pacer.due(), Some(start + FRAME));
        pacer.changed(soon, true);
        assert_eq!(pacer.due(), Some(soon));
        let later = start + Duration::from_secs(1);
        pacer.drawn(soon);
        pacer.changed(later, false);
        assert_eq!(pacer.due(), Some(later));
    }
}

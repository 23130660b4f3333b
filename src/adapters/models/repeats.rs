//! Sees a reply that says the same over and over, so that it is not waited for until its token limit.

/// Bytes at the end of a reply that must be one repetition.
const SPAN: usize = 3_000;
/// Longest text that counts as repeated, bytes: it comes at least ten times within the span.
const PERIOD: usize = 300;
/// New bytes after which it is looked again.
const EVERY: usize = 600;

/// The end of what has come.
#[derive(Default)]
pub struct Repeats {
    tail: Vec<u8>,
    fresh: usize,
}

impl Repeats {
    /// Takes a piece; true when the reply only repeats itself.
    pub fn push(&mut self, piece: &str) -> bool {
        self.tail.extend_from_slice(piece.as_bytes());
        self.fresh += piece.len();
        if self.fresh < EVERY || self.tail.len() < SPAN {
            return false;
        }
        self.fresh = 0;
        let drop = self.tail.len() - SPAN;
        self.tail.drain(..drop);
        (1..=PERIOD).any(|period| {
            let shifted = self.tail.iter().skip(period);
            self.tail.iter().zip(shifted).all(|(a, b)| a == b)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loops(pieces: impl Iterator<Item = String>) -> bool {
        let mut repeats = Repeats::default();
        let mut found = false;
        for piece in pieces {
            found |= repeats.push(&piece);
        }
        found
    }

    #[test]
    fn endless_repetition_is_seen_and_long_tables_are_not() {
        let same = |text: &'static str, times: usize| loops((0..times).map(move |_| text.into()));
        assert!(same("Wait, let me reconsider. ", 400));
        assert!(same("\n", 4000));
        assert!(same("ü🦀", 900));
        assert!(!same("Wait, let me reconsider. ", 100), "it may end yet");
        let rows = (0..2000).map(|n| format!("  [{n}, 0, 0, 0, 0, 0],\n"));
        assert!(!loops(rows));
    }
}

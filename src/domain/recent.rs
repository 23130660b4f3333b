//! Which moves are kept for the screens.

use std::collections::VecDeque;

/// Newest moves of all tools.
const MOVES: usize = 20;
/// Moves that are kept where the oldest are of the tool under way: they tell how long it was in each phase.
const OWN: usize = 120;

/// Drops the oldest moves that nobody needs any more.
pub fn trim<T>(moves: &mut VecDeque<T>, own: impl Fn(&T) -> bool) {
    while moves.len() > OWN || (moves.len() > MOVES && !moves.front().is_some_and(&own)) {
        moves.pop_front();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_tool_keeps_its_moves_and_gives_them_up_when_it_is_done() {
        let mut moves = VecDeque::new();
        for n in 0..300 {
            moves.push_back(if n < 30 { "before" } else { "own" });
            trim(&mut moves, |tool| *tool == "own");
            let (before, own) = (30.min(n + 1), (n + 1usize).saturating_sub(30));
            let others = moves.iter().filter(|tool| **tool == "before").count();
            assert_eq!(moves.len() - others, own.min(OWN), "after move {n}");
            assert_eq!(
                others,
                MOVES.saturating_sub(own).min(before),
                "after move {n}"
            );
        }
        moves.push_back("next");
        trim(&mut moves, |tool| *tool == "next");
        assert_eq!(moves.len(), MOVES);
    }
}

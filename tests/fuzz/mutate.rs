//! A small mutator: bytes flipped, cut, doubled, spliced with another file, or a word of the format put in between.

use std::hash::{DefaultHasher, Hash, Hasher};

/// The same throws for the same name, on every machine and day.
pub struct Dice(u64);

impl Dice {
    pub fn new(name: &str) -> Self {
        let mut hasher = DefaultHasher::new();
        name.hash(&mut hasher);
        Self(hasher.finish() | 1)
    }

    /// Below `sides`; 0 for none.
    fn throw(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides.max(1) as u64) as usize
    }

    fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.throw(of.len())]
    }
}

/// One to eight changes of a file of the corpus.
pub fn mutated(corpus: &[Vec<u8>], words: &[&str], longest: usize, dice: &mut Dice) -> Vec<u8> {
    let mut bytes = dice.one(corpus).clone();
    for _ in 0..=dice.throw(8) {
        let at = dice.throw(bytes.len() + 1);
        let end = (at + 1 + dice.throw(24)).min(bytes.len());
        match dice.throw(7) {
            0 if at < bytes.len() => bytes[at] ^= 1 << dice.throw(8),
            1 => bytes.insert(at, dice.throw(256) as u8),
            2 if at < end => drop(bytes.drain(at..end)),
            3 if at < end => {
                let part = bytes[at..end].to_vec();
                for _ in 0..=dice.throw(40) {
                    bytes.splice(at..at, part.iter().copied());
                }
            }
            4 => {
                let other = dice.one(corpus);
                let from = dice.throw(other.len() + 1);
                bytes.truncate(at);
                bytes.extend_from_slice(&other[from..]);
            }
            _ => {
                let word = dice.one(words).bytes();
                bytes.splice(at..at, word);
            }
        }
        bytes.truncate(longest);
    }
    bytes
}

//! SHA-256 in hexadecimal, for trees, specs and the state documents; and marks nobody can guess.

use sha2::{Digest, Sha256};
use std::collections::hash_map::RandomState;
use std::fmt::Write;
use std::hash::BuildHasher;

/// 128 bits nobody can guess, 32 hexadecimal digits: the standard library seeds its hashers from the system.
#[must_use]
pub fn unguessable() -> String {
    let seeds = (0..4).flat_map(|_| RandomState::new().hash_one(0_u64).to_le_bytes());
    let mut digits = sha256(&seeds.collect::<Vec<u8>>());
    digits.truncate(32);
    digits
}

/// SHA-256 of some bytes, 64 hexadecimal digits.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .fold(String::with_capacity(64), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

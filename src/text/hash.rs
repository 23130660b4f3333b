//! SHA-256 in hexadecimal, for trees, specs and the state documents.

use sha2::{Digest, Sha256};
use std::fmt::Write;

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

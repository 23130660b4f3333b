//! Pure text helpers: sanitising, redaction, display width, token estimate.

pub mod tokens;
pub mod hash;

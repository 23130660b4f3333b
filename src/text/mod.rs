//! Pure text helpers: sanitising, redaction, display width, token estimate, hashes.

pub mod hash;
pub mod redact;
pub mod repeat;
pub mod sanitise;
pub mod secrets;
pub mod tokens;
pub mod width;

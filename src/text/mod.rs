//! Pure text work: sanitising, secrets and their redaction, addresses, Markdown, display width, counts, token estimate, hashes.

pub mod hash;
pub mod markdown;
pub mod origin;
pub mod plural;
pub mod redact;
pub mod repeat;
pub mod reveal;
pub mod sanitise;
pub mod secret;
pub mod shapes;
pub mod spellings;
pub mod stay;
pub mod tokens;
pub mod width;

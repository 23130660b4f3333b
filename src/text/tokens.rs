//! Token estimate before a server has counted.

/// Characters a token of English prose and code takes on average in the Qwen and Llama families.
const CHARS_PER_TOKEN: f64 = 3.6;

/// Estimated tokens of a text, rounded up.
#[must_use]
pub fn estimate(text: &str) -> u32 {
    (text.chars().count() as f64 / CHARS_PER_TOKEN).ceil() as u32
}

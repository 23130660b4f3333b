//! Token estimate before a server has counted, what is learned from its counts, and when a count shows a cut prompt.

/// Characters a token of English prose and code takes on average in the Qwen and Llama families.
const CHARS_PER_TOKEN: f64 = 3.6;
/// The estimate as it is, in thousandths.
pub const AS_ESTIMATED: u32 = 1000;
/// Below so many tokens a template's own text says more than the prompt: nothing is learned or judged.
const LEAST: u64 = 200;
/// Part of the estimate a server must have read, in hundredths: below it the prompt was cut.
const WHOLE: u64 = 70;

/// Estimated tokens of a text, rounded up.
#[must_use]
pub fn estimate(text: &str) -> u32 {
    of_chars(text.chars().count())
}

/// The same of so many characters.
#[must_use]
pub fn of_chars(chars: usize) -> u32 {
    (chars as f64 / CHARS_PER_TOKEN).ceil() as u32
}

/// An estimate as a model's own counts have taught; `factor` in thousandths.
#[must_use]
pub fn scaled(estimated: u32, factor: u32) -> u32 {
    let tokens = u64::from(estimated) * u64::from(factor);
    u32::try_from(tokens.div_ceil(u64::from(AS_ESTIMATED))).unwrap_or(u32::MAX)
}

/// The factor after one more prompt was counted: a quarter of the way towards what this one says.
#[must_use]
pub fn learn(factor: u32, estimated: u64, counted: u64) -> u32 {
    if estimated < LEAST {
        return factor;
    }
    (factor * 3 + measured(estimated, counted)) / 4
}

/// The factor that one count says.
#[must_use]
pub fn measured(estimated: u64, counted: u64) -> u32 {
    let seen = counted.saturating_mul(u64::from(AS_ESTIMATED)) / estimated.max(1);
    u32::try_from(seen.clamp(300, 4000)).unwrap_or(AS_ESTIMATED)
}

/// The server read so much less than was sent that it must have cut the prompt.
#[must_use]
pub fn cut_short(expected: u64, counted: u64) -> bool {
    expected >= LEAST && counted.saturating_mul(100) < expected.saturating_mul(WHOLE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_estimate_follows_a_models_counts() {
        let factor = (0..20).fold(AS_ESTIMATED, |factor, _| learn(factor, 1000, 1300));
        assert!((1295..=1300).contains(&factor), "{factor}");
        assert_eq!(scaled(1000, 1300), 1300);
        assert_eq!(scaled(1, 1001), 2);
        assert_eq!(learn(1000, 199, 5), 1000, "too short to teach");
    }

    #[test]
    fn seventy_percent_is_the_edge() {
        assert!(cut_short(1000, 699) && !cut_short(1000, 700));
        assert!(!cut_short(199, 1), "too short to tell");
    }
}

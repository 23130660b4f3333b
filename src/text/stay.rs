//! How long a model stays loaded, as settings and Ollama write it: seconds, or one of Go's durations.

use std::time::Duration;

/// Units of Go's durations, longest word first, with their seconds (pkg.go.dev/time#ParseDuration).
const UNITS: [(&str, f64); 7] = [
    ("ns", 1e-9),
    ("us", 1e-6),
    ("µs", 1e-6),
    ("ms", 1e-3),
    ("s", 1.0),
    ("m", 60.0),
    ("h", 3600.0),
];
/// Longer than any stay, seconds.
const MOST: f64 = 1e9;

/// A time such as `90`, `30m`, `1.5h` or `1h30m`; None for a negative one, which is for ever, and for what is none.
#[must_use]
pub fn of(text: &str) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<u32>() {
        return Some(Duration::from_secs(u64::from(seconds)));
    }
    let mut whole = 0.0;
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at(end);
        let known = UNITS.iter().find(|(unit, _)| after.starts_with(unit));
        let (unit, seconds) = known?;
        whole += number.parse::<f64>().ok()? * seconds;
        rest = after.strip_prefix(unit)?;
    }
    (!text.is_empty() && whole <= MOST).then(|| Duration::from_secs_f64(whole))
}

/// Whether it is a time, one without end included.
#[must_use]
pub fn valid(text: &str) -> bool {
    of(text.trim().strip_prefix('-').unwrap_or(text)).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_gos() {
        let millis = |text| of(text).map(|stay| stay.as_millis());
        for (text, wanted) in [
            ("30m", 1_800_000),
            (" 1h30m5s ", 5_405_000),
            ("90", 90_000),
            ("1.5h", 5_400_000),
            ("500ms", 500),
            ("2s500ms", 2_500),
            ("0", 0),
        ] {
            assert_eq!(millis(text), Some(wanted), "{text}");
        }
        for odd in ["", "-1", "5d", "m", "1h30", "forever", "1..5h", "1e3s"] {
            assert_eq!(of(odd), None, "{odd}");
        }
        assert!(valid("-1") && valid("-5m") && valid("30m"));
        assert!(!valid("") && !valid("-") && !valid("forever"));
    }
}

//! How much a limit is, as people write it.

/// `3.50`, `$3`, `600k`, `1_000`. A comma is asked for again: it is a point to some and groups thousands for others.
pub fn amount(text: &str) -> Result<f64, String> {
    let plain = text.trim().replace(['_', '$'], "");
    let (digits, times) = match plain.strip_suffix(['k', 'K']) {
        Some(digits) => (digits, 1000.0),
        None => (plain.as_str(), 1.0),
    };
    let amount = digits.trim().parse::<f64>().ok();
    amount
        .map(|number| number * times)
        .filter(|amount| amount.is_finite() && *amount >= 0.0)
        .ok_or_else(|| format!("\"{text}\" is no amount: write a number, such as 3.50 or 600k"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_as_people_write_them_and_never_guessed() {
        for (text, number) in [
            ("3.50", 3.5),
            ("$3", 3.0),
            ("600k", 600_000.0),
            ("1_000", 1000.0),
            ("0", 0.0),
        ] {
            assert_eq!(amount(text), Ok(number), "{text}");
        }
        for text in ["3,50", "1,000", "-1", "nan", "inf", "much", "", "3 k k"] {
            let problem = amount(text).unwrap_err();
            assert!(problem.contains("is no amount"), "{text}: {problem}");
        }
    }
}

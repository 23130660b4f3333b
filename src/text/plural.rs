//! A count and what is counted, in words.

use std::fmt::Display;

/// "1 cycle", "2 cycles", "1,204 tokens"; `what` in the singular.
#[must_use]
pub fn plural(count: impl Display, what: &str) -> String {
    let count = count.to_string();
    let end = if count == "1" { "" } else { "s" };
    format!("{count} {what}{end}")
}

#[cfg(test)]
mod tests {
    use super::plural;

    #[test]
    fn only_one_of_a_thing_stands_in_the_singular() {
        assert_eq!(plural(0, "cycle"), "0 cycles");
        assert_eq!(plural(1, "cycle"), "1 cycle");
        assert_eq!(plural(11, "cycle"), "11 cycles");
        assert_eq!(plural("1,001", "token"), "1,001 tokens");
    }
}

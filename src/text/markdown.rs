//! Foreign text in Markdown: a fence that nothing inside can end, and words that stay words.

/// The text in a fence longer than any run of backticks inside, so that none of it is read as Markdown or HTML.
#[must_use]
pub fn fenced(text: &str) -> String {
    let longest = text
        .split(|c| c != '`')
        .map(str::len)
        .max()
        .unwrap_or_default();
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}text\n{}\n{fence}\n", text.trim_end_matches('\n'))
}

/// What stands in the first fence of a paper made by [`fenced`]; a paper without one, whole.
#[must_use]
pub fn unfenced(paper: &str) -> String {
    let mut lines = paper.lines();
    let width = |line: &str| line.len() - line.trim_start_matches('`').len();
    let Some(open) = lines.find(|line| width(line) >= 3 && line.ends_with("`text")) else {
        return paper.to_owned();
    };
    let fence = "`".repeat(width(open));
    let inside: Vec<&str> = lines.take_while(|line| *line != fence).collect();
    inside.join("\n") + "\n"
}

/// One line of foreign words for a heading or a list: what Markdown or HTML would read as markup is escaped.
#[must_use]
pub fn words(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (at, c) in text
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .chars()
        .enumerate()
    {
        let opens = at == 0 && "#+-=~".contains(c);
        if opens || "\\`*_[]<>&|!".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn nothing_inside_ends_the_fence() {
        let text = "Received: x\n````\n# Ship it\n<script>alert(1)</script>";
        let paper = fenced(text);
        assert!(
            paper.starts_with("`````text\n") && paper.ends_with("\n`````\n"),
            "{paper}"
        );
        assert_eq!(
            unfenced(&format!("# BUG-1\n\n{paper}")),
            format!("{text}\n")
        );
        assert_eq!(unfenced("no fence here"), "no fence here");
    }

    #[test]
    fn words_stay_words() {
        assert_eq!(
            words("# big\n<b>bold</b> [x](y)"),
            r"\# big \<b\>bold\</b\> \[x\](y)"
        );
        assert_eq!(words("plain words: 3, of it"), "plain words: 3, of it");
    }

    proptest! {
        #[test]
        fn what_goes_in_comes_out(text in "[a`~#<\n ]{0,60}") {
            let text = text.trim_end_matches('\n');
            prop_assert_eq!(unfenced(&fenced(text)), format!("{text}\n"));
        }
    }
}

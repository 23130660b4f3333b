//! What a README shows of the command: sessions of a shell in its fences, read far enough to be run.

use chrono::DateTime;
use std::collections::BTreeMap;

/// Commands of one README that are run.
const MOST: usize = 20;

/// A line behind `$ ` in a fence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// echo into a file.
    Write {
        /// Its path.
        file: String,
        /// What is written.
        text: String,
        /// Behind what is there.
        append: bool,
    },
    /// The tool itself.
    Run(Shown),
}

/// A command and what the README says it prints.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// As it stands there.
    pub line: String,
    /// Its words behind the name of the tool.
    pub argv: Vec<String>,
    /// Text it reads.
    pub stdin: String,
    /// File it reads.
    pub from: Option<String>,
    /// The lines that follow.
    pub output: String,
}

/// The sessions of a README, a fence each, and how many lines behind `$ ` are in none. A session ends at the first line
/// that is neither the tool nor an echo: what it would do is not known.
#[must_use]
pub fn sessions(text: &str, tool: &str) -> (Vec<Vec<Step>>, usize) {
    let mut all: Vec<Vec<Step>> = Vec::new();
    let mut mark: Option<&str> = None;
    let (mut known, mut runs, mut left) = (true, 0, 0);
    for line in text.lines() {
        let edge = ["```", "~~~"].into_iter().find(|m| line.starts_with(m));
        match (mark, edge) {
            (None, Some(edge)) => {
                (mark, known) = (Some(edge), true);
                all.push(Vec::new());
                continue;
            }
            (Some(open), Some(edge)) if open == edge => {
                mark = None;
                continue;
            }
            (None, None) => continue,
            _ => {}
        }
        let Some(session) = all.last_mut().filter(|_| known) else {
            left += usize::from(line.starts_with("$ "));
            continue;
        };
        if let Some(command) = line.strip_prefix("$ ") {
            let step = step(command, tool).filter(|_| runs < MOST);
            known = step.is_some();
            left += usize::from(!known);
            runs += usize::from(matches!(step, Some(Step::Run(_))));
            session.extend(step);
        } else if let Some(Step::Run(shown)) = session.last_mut() {
            shown.output.push_str(line);
            shown.output.push('\n');
        }
    }
    all.retain(|session| session.iter().any(|step| matches!(step, Step::Run(_))));
    (all, left)
}

/// One line of a shell; None for more than is understood here.
fn step(line: &str, tool: &str) -> Option<Step> {
    let words = words(line)?;
    let mut parts = words.split(|word| *word == Word::Sign("|"));
    let (first, second) = (parts.next()?, parts.next());
    if parts.next().is_some() {
        return None;
    }
    let (command, piped) = match second {
        Some(command) => (command, Some(echoed(first)?)),
        None => (first, None),
    };
    let [Word::Text(name), rest @ ..] = command else {
        return None;
    };
    if name != tool {
        let [said @ .., Word::Sign(sign), Word::Text(file)] = command else {
            return None;
        };
        let append = *sign == ">>";
        let writes = (append || *sign == ">") && inside(file);
        return writes
            .then(|| echoed(said))
            .flatten()
            .map(|text| Step::Write {
                file: file.clone(),
                text,
                append,
            });
    }
    let (rest, from) = match rest {
        [argv @ .., Word::Sign("<"), Word::Text(file)] if inside(file) => (argv, Some(file)),
        all => (all, None),
    };
    let text = |word: &Word| match word {
        Word::Text(text) => Some(text.clone()),
        Word::Sign(_) => None,
    };
    Some(Step::Run(Shown {
        line: line.to_owned(),
        argv: rest.iter().map(text).collect::<Option<_>>()?,
        stdin: piped.unwrap_or_default(),
        from: from.cloned(),
        output: String::new(),
    }))
}

/// What `echo` says.
fn echoed(words: &[Word]) -> Option<String> {
    let [Word::Text(echo), said @ ..] = words else {
        return None;
    };
    let text = |word: &Word| match word {
        Word::Text(text) => Some(text.clone()),
        Word::Sign(_) => None,
    };
    let said: Vec<String> = said.iter().map(text).collect::<Option<_>>()?;
    (echo == "echo").then(|| said.join(" ") + "\n")
}

/// A file below the folder the session runs in.
fn inside(path: &str) -> bool {
    !path.starts_with('/') && !path.split('/').any(|part| part == "..")
}

/// A word of a shell, or one of its signs.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Word {
    Text(String),
    Sign(&'static str),
}

/// Splits a line; None where a shell would put something else in place of a word.
fn words(line: &str) -> Option<Vec<Word>> {
    let mut found = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = line.trim().chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\'' | '"' => {
                let word = word.get_or_insert_with(String::new);
                loop {
                    match chars.next()? {
                        end if end == c => break,
                        '$' | '`' | '\\' if c == '"' => return None,
                        inner => word.push(inner),
                    }
                }
            }
            ' ' | '|' | '<' | '>' => {
                found.extend(word.take().map(Word::Text));
                match c {
                    '>' if chars.next_if_eq(&'>').is_some() => found.push(Word::Sign(">>")),
                    '>' => found.push(Word::Sign(">")),
                    '<' => found.push(Word::Sign("<")),
                    '|' => found.push(Word::Sign("|")),
                    _ => {}
                }
            }
            '$' | '`' | '\\' | '*' | '?' | '~' | '&' | ';' | '(' | ')' | '#' => return None,
            plain => word.get_or_insert_with(String::new).push(plain),
        }
    }
    found.extend(word.map(Word::Text));
    Some(found)
}

/// Whether a command printed what the README shows, on either stream, in either order. Times are not compared.
#[must_use]
pub fn as_shown(output: &str, stdout: &str, stderr: &str) -> bool {
    let shown = timeless(output.trim_end());
    let both = [format!("{stdout}{stderr}"), format!("{stderr}{stdout}")];
    let mut both = both.iter();
    both.any(|printed| timeless(printed.trim_end()) == shown)
}

/// Text in pieces, each with whether a time that is left out ends it, such as 2026-01-02T03:04:05Z.
fn timeless(text: &str) -> Vec<(&str, bool)> {
    let piece = |piece| time(piece).map_or((piece, false), |before| (before, true));
    text.split_inclusive('Z').map(piece).collect()
}

/// What stands before the time that ends a text.
fn time(text: &str) -> Option<&str> {
    let (before, _) = text.strip_suffix('Z')?.rsplit_once('T')?;
    let at = before.len().checked_sub("2026-01-02".len())?;
    DateTime::parse_from_rfc3339(text.get(at..)?).ok()?;
    text.get(..at)
}

/// Does what a write of a session does.
pub fn write(files: &mut BTreeMap<String, String>, file: &str, text: &str, append: bool) {
    let there = files.entry(file.to_owned()).or_default();
    if !append {
        there.clear();
    }
    there.push_str(text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_read_as_far_as_it_can_be_run() {
        let text = "# sum\n\n`sum a.txt`\n\n```\nsum FILE\n```\n\n```console\n$ echo '1 2' > a.txt\n$ echo \"3\" >> a.txt\n$ sum a.txt --say 'a b'\n6\n\nall\n$ sum < a.txt\n$ echo 4 | sum -\n4\n$ cat a.txt\n1\n$ sum later\n```\n";
        let (all, left) = sessions(text, "sum");
        let [session] = all.as_slice() else {
            panic!("{all:?}");
        };
        let runs: Vec<&Shown> = session
            .iter()
            .filter_map(|step| match step {
                Step::Run(shown) => Some(shown),
                Step::Write { .. } => None,
            })
            .collect();
        assert_eq!((session.len(), left), (5, 2));
        assert_eq!(runs[0].argv, ["a.txt", "--say", "a b"]);
        assert_eq!(runs[0].output, "6\n\nall\n");
        assert_eq!(
            (runs[1].from.as_deref(), runs[1].output.as_str()),
            (Some("a.txt"), "")
        );
        assert_eq!(
            (runs[2].stdin.as_str(), runs[2].argv.as_slice()),
            ("4\n", &["-".to_owned()][..])
        );
        let mut files = BTreeMap::new();
        for step in session {
            if let Step::Write { file, text, append } = step {
                write(&mut files, file, text, *append);
            }
        }
        assert_eq!(files["a.txt"], "1 2\n3\n");
        for beyond in [
            "sum $HOME",
            "sum a && sum b",
            "echo x > /etc/x",
            "sum ../a > b",
            "other a",
        ] {
            let text = format!("```\n$ {beyond}\n6\n```\n");
            assert_eq!(sessions(&text, "sum"), (Vec::new(), 1), "{beyond}");
        }
        let many = format!("```\n{}```\n", "$ sum a\n".repeat(MOST + 2));
        let (all, left) = sessions(&many, "sum");
        assert_eq!((all[0].len(), left), (MOST, 2));
    }

    #[test]
    fn output_is_what_comes_on_either_stream() {
        assert!(as_shown("6\n", "6\n", ""));
        assert!(as_shown("bad line\n6\n\n", "6\n", "bad line\n"));
        assert!(!as_shown("7\n", "6\n", ""));
        assert!(as_shown(
            "at 2026-01-02T03:04:05Z\n",
            "at 2026-11-30T16:00:00Z\n",
            ""
        ));
        assert!(!as_shown("", "6\n", ""));
        for (shown, printed) in [
            ("TOTAL 3 ZERO\n", "TOTAL 4 ZERO\n"),
            ("TZ UTC 5\n", "TZ UTC 6\n"),
            ("2026-01-02T03:04:05Z 7 é\n", "2026-01-02T03:04:05Z 8 é\n"),
            ("éT1Z\n", "éT2Z\n"),
            ("at TIME\n", "at 2026-01-02T03:04:05Z\n"),
        ] {
            assert!(!as_shown(shown, printed, ""), "{shown}");
            assert!(as_shown(shown, shown, ""), "{shown}");
        }
    }
}

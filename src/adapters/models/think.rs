//! Splits a leading `<think>…</think>` off a reply that comes in pieces; one never closed is all thought.

const OPEN: &str = "<think>";
const CLOSE: &str = "</think>";

/// A piece, sorted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    Text(String),
    Thought(String),
}

/// Where in the reply we are.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Place {
    /// Only white space and perhaps the beginning of the tag so far.
    #[default]
    Front,
    Inside,
    /// Behind the closing tag: white space up to the answer is dropped.
    Behind,
    Answer,
}

/// The splitter.
#[derive(Default)]
pub struct Splitter {
    place: Place,
    held: String,
}

impl Splitter {
    /// All that comes now is answer.
    pub fn answers(&self) -> bool {
        self.place == Place::Answer
    }

    /// Takes a piece of content and returns what is certain of it.
    pub fn push(&mut self, piece: &str) -> Vec<Part> {
        if self.answers() {
            return some(Part::Text, piece);
        }
        self.held.push_str(piece);
        let mut parts = Vec::new();
        if self.place == Place::Front {
            let begun = self.held.trim_start();
            if let Some(after) = begun.strip_prefix(OPEN) {
                self.held = after.to_owned();
                self.place = Place::Inside;
            } else if OPEN.starts_with(begun) {
                return parts;
            } else {
                self.place = Place::Answer;
                return some(Part::Text, &std::mem::take(&mut self.held));
            }
        }
        if self.place == Place::Inside {
            if let Some((thought, after)) = self.held.split_once(CLOSE) {
                parts.extend(some(Part::Thought, thought));
                self.held = after.to_owned();
                self.place = Place::Behind;
            } else {
                let keep = half_close(&self.held);
                let rest = self.held.split_off(self.held.len() - keep);
                parts.extend(some(
                    Part::Thought,
                    &std::mem::replace(&mut self.held, rest),
                ));
            }
        }
        if self.place == Place::Behind && !self.held.trim_start().is_empty() {
            parts.extend(some(
                Part::Text,
                std::mem::take(&mut self.held).trim_start(),
            ));
            self.place = Place::Answer;
        }
        parts
    }

    /// What is left at the end.
    pub fn finish(&mut self) -> Vec<Part> {
        let held = std::mem::take(&mut self.held);
        match self.place {
            Place::Inside => some(Part::Thought, &held),
            Place::Behind => Vec::new(),
            Place::Front | Place::Answer => some(Part::Text, &held),
        }
    }
}

fn some(part: fn(String) -> Part, text: &str) -> Vec<Part> {
    if text.is_empty() {
        Vec::new()
    } else {
        vec![part(text.to_owned())]
    }
}

/// Bytes at the end that may be the beginning of the closing tag.
fn half_close(text: &str) -> usize {
    (1..CLOSE.len())
        .rev()
        .find(|length| {
            CLOSE
                .get(..*length)
                .is_some_and(|half| text.ends_with(half))
        })
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(raw: &str, size: usize) -> (String, String) {
        let (mut splitter, mut text, mut thought) =
            (Splitter::default(), String::new(), String::new());
        let chars: Vec<char> = raw.chars().collect();
        let mut parts: Vec<Part> = chars
            .chunks(size)
            .flat_map(|piece| splitter.push(&piece.iter().collect::<String>()))
            .collect();
        parts.extend(splitter.finish());
        for part in parts {
            match part {
                Part::Text(piece) => text.push_str(&piece),
                Part::Thought(piece) => thought.push_str(&piece),
            }
        }
        (text, thought)
    }

    #[test]
    fn tags_are_split_wherever_the_pieces_end() {
        for (raw, text, thought) in [
            ("plain answer", "plain answer", ""),
            ("<think>why</think>\n\nbecause", "because", "why"),
            (
                "\n <think>\nwhy <b></b>\n</think>ok </think>",
                "ok </think>",
                "\nwhy <b></b>\n",
            ),
            ("<think>never closed </thin", "", "never closed </thin"),
            ("<think></think>\n", "", ""),
            ("<thinking> is a word", "<thinking> is a word", ""),
            ("  <thi", "  <thi", ""),
            ("a <think>b</think>", "a <think>b</think>", ""),
            ("", "", ""),
        ] {
            for size in 1..12 {
                assert_eq!(
                    split(raw, size),
                    (text.to_owned(), thought.to_owned()),
                    "{raw:?} in {size}"
                );
            }
        }
    }
}

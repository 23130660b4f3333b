//! Finds out while a text streams in that it only repeats itself (harness S8).

use memchr::{memchr, memmem};

/// Characters of a chunk that is looked for.
const CHUNK: usize = 50;
/// Bytes of it that are looked for before the whole.
const FIRST: usize = 16;
/// Characters looked back at outside fences.
const WINDOW: usize = 1000;
/// Times a chunk may stand in the window.
const CHUNKS: usize = 10;
/// Times in a row a line may stand inside a fence; code repeats itself more than prose.
const LINES: usize = 12;

/// A text as it streams in.
#[derive(Debug, Default)]
pub struct Repeats {
    /// The line under way.
    line: String,
    /// The last characters outside fences, or of the line under way inside one; cut to the window when it is looked at.
    recent: String,
    /// How many they are.
    length: usize,
    /// Characters since the window was looked at.
    unseen: usize,
    /// Width of the open fence; None outside.
    fence: Option<usize>,
    last: String,
    same: usize,
}

impl Repeats {
    /// Takes a piece; says what is repeated once it is certain.
    pub fn push(&mut self, mut piece: &str) -> Option<String> {
        while !piece.is_empty() {
            let (run, rest) = piece.split_at(stretch(piece, CHUNK - self.unseen));
            let found = self.take(run);
            if found.is_some() {
                return found;
            }
            piece = rest;
        }
        None
    }

    /// Takes characters of one line, up to where the window is to be looked at or the line ends.
    fn take(&mut self, run: &str) -> Option<String> {
        let characters = run.chars().count();
        self.recent.push_str(run);
        self.length += characters;
        self.unseen += characters;
        let line = match run.strip_suffix('\n') {
            Some(end) => {
                self.line.push_str(end);
                self.end_of_line()
            }
            None => {
                self.line.push_str(run);
                None
            }
        };
        if self.unseen < CHUNK {
            return line;
        }
        self.unseen = 0;
        line.or_else(|| self.chunks())
    }

    fn end_of_line(&mut self) -> Option<String> {
        let line = std::mem::take(&mut self.line);
        let width = rail(&line);
        match (self.fence, width) {
            (None, Some(width)) => {
                self.fence = Some(width);
                self.forget();
            }
            (Some(open), Some(width)) if width >= open => {
                self.fence = None;
                self.forget();
            }
            (Some(_), _) => {
                // Inside, lines are compared, and only within one line its chunks.
                self.forget();
                return self.same_line(line);
            }
            (None, None) => {}
        }
        self.same = 0;
        None
    }

    fn same_line(&mut self, line: String) -> Option<String> {
        if line == self.last {
            self.same += 1;
        } else {
            self.same = 1;
            self.last = line;
        }
        (self.same >= LINES).then(|| {
            format!(
                "the line {:?} came {LINES} times in a row",
                short(&self.last)
            )
        })
    }

    fn forget(&mut self) {
        self.recent.clear();
        self.length = 0;
    }

    /// The newest chunk, counted without overlaps in the window.
    fn chunks(&mut self) -> Option<String> {
        if let Some(old) = self.length.checked_sub(WINDOW) {
            let window = self.recent.char_indices().nth(old);
            self.recent.drain(..window.map_or(0, |(at, _)| at));
            self.length = WINDOW;
        }
        let from = self.recent.len().checked_sub(CHUNK)?;
        let from = match ascii(self.recent.as_bytes().get(from..)) {
            true => from,
            false => self.recent.char_indices().rev().nth(CHUNK - 1)?.0,
        };
        let (before, chunk) = self.recent.split_at_checked(from)?;
        // Nearly always its first words are new already, and that is found out sooner.
        let first = chunk.get(..chunk.floor_char_boundary(FIRST))?;
        memmem::find(before.as_bytes(), first.as_bytes())?;
        let count = memmem::find_iter(self.recent.as_bytes(), chunk).count();
        (count >= CHUNKS).then(|| {
            format!(
                "{:?} came {CHUNKS} times within {WINDOW} characters",
                short(chunk)
            )
        })
    }
}

/// Bytes of the first characters of a text, at most so many and no more than one line's with its end.
fn stretch(text: &str, characters: usize) -> usize {
    let end = memchr(b'\n', text.as_bytes()).map_or(text.len(), |at| at + 1);
    // No character is shorter than a byte.
    if end <= characters || ascii(text.as_bytes().get(..characters)) {
        return end.min(characters);
    }
    let most = text.char_indices().nth(characters);
    most.map_or(end, |(at, _)| at.min(end))
}

/// A character a byte, as in nearly all text.
fn ascii(bytes: Option<&[u8]>) -> bool {
    bytes.is_some_and(<[u8]>::is_ascii)
}

/// Backticks or tildes that open or close a fence.
fn rail(line: &str) -> Option<usize> {
    let inner = line.trim_start_matches(' ');
    let c = inner.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let width = inner.len() - inner.trim_start_matches(c).len();
    (width >= 3 && line.len() - inner.len() <= 3).then_some(width)
}

fn short(text: &str) -> String {
    text.trim().chars().take(CHUNK).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loops(text: &str) -> bool {
        let mut whole = Repeats::default();
        let at_once = whole.push(text).is_some();
        let mut by_piece = Repeats::default();
        let mut found = false;
        for piece in text.chars().map(String::from) {
            found |= by_piece.push(&piece).is_some();
        }
        assert_eq!(at_once, found, "pieces must not matter");
        found
    }

    #[test]
    fn a_sentence_over_and_over_is_a_loop_and_nine_times_is_not() {
        let sentence = "I will now write the file that was asked for, at once.";
        assert!(loops(&sentence.repeat(40)));
        assert!(!loops(&sentence.repeat(9)));
        assert!(loops(&"wait, ".repeat(200)));
    }

    #[test]
    fn prose_and_lists_are_no_loop() {
        let list: String = (0..200)
            .map(|n| format!("- rule R{n} says that case {n} ends with code {}\n", n * 7))
            .collect();
        assert!(!loops(&list));
        assert!(!loops(&"-".repeat(300)));
    }

    #[test]
    fn inside_a_fence_twelve_equal_lines_are_a_loop_and_eleven_are_not() {
        let file = |count: usize| {
            format!(
                "```js\n{}const b = 1;\n```\n",
                "  [0, 0, 0],\n".repeat(count)
            )
        };
        assert!(loops(&file(12)));
        assert!(!loops(&file(11)));
        // A table of rows that differ is code.
        let rows: String = (0..100)
            .map(|n| format!("  ['key{n}', 0, 0, 0, 0],\n"))
            .collect();
        assert!(!loops(&format!("```js\n{rows}```\n")));
        // One line without an end is none.
        assert!(loops(&format!("```js\nconst a = '{}", "ab".repeat(600))));
    }

    #[test]
    fn a_shorter_rail_does_not_close_a_fence() {
        let text = format!("````markdown\n```js\n{}```\n````\n", "x\n".repeat(11));
        assert!(!loops(&text));
    }
}

//! The front-end without screens: one line an event, as text or JSON, and a closing summary.

use crate::domain::screen::{Level, LogLine, Need, Snapshot};
use crate::factory::ports::feed::Feed;
use crate::text::plural::plural;
use crate::text::sanitise::sanitise_uncut;
use chrono::{DateTime, Local, Utc};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::sync::Arc;
use tokio::sync::broadcast::error::RecvError;

/// How lines are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// One JSON object a line.
    pub json: bool,
    /// Model text in full, line by line; else its length only.
    pub verbose: bool,
}

/// Prints lines and remembers what of a stream is not yet printed.
pub struct Printer<W: Write> {
    out: W,
    style: Style,
    streams: BTreeMap<String, Stream>,
    needs: BTreeSet<String>,
}

/// Model text of one speaker that came in pieces.
#[derive(Default)]
struct Stream {
    /// The unfinished line.
    rest: String,
    /// Characters since the last whole event.
    characters: usize,
    /// Of these, thinking.
    thought: usize,
}

impl<W: Write> Printer<W> {
    /// A printer onto `out`.
    pub fn new(out: W, style: Style) -> Self {
        Self {
            out,
            style,
            streams: BTreeMap::new(),
            needs: BTreeSet::new(),
        }
    }

    /// Prints one line of the log; `phase` is where its tool stands.
    pub fn line(&mut self, line: &LogLine, phase: &str) -> io::Result<()> {
        if self.style.json {
            return self.json(line);
        }
        match line.level {
            Level::Stream | Level::Thought => self.piece(line, phase),
            _ => {
                self.end_stream(line, phase)?;
                let mark = match line.level {
                    Level::Warn => "warning: ",
                    Level::Error => "error: ",
                    _ => "",
                };
                // What `rewind` is told.
                let number = match (line.level, line.seq) {
                    (Level::Move, Some(seq)) => format!("#{seq} "),
                    _ => String::new(),
                };
                self.text(line, phase, &format!("{number}{mark}{}", line.text))?;
                self.out.flush()
            }
        }
    }

    fn json(&mut self, value: &impl serde::Serialize) -> io::Result<()> {
        serde_json::to_writer(&mut self.out, value)?;
        self.out.write_all(b"\n")?;
        self.out.flush()
    }

    fn text(&mut self, line: &LogLine, phase: &str, text: &str) -> io::Result<()> {
        // A stream.jsonl that is followed may have been written by others.
        let text = sanitise_uncut(text);
        let time = line.at.with_timezone(&Local).format("%H:%M:%S");
        let tool = line.tool.as_deref().unwrap_or("-");
        // Which person it was, the text says where it matters.
        let from = line.from.split(':').next().unwrap_or_default();
        writeln!(self.out, "{time} {from:<10} {phase:<11} {tool:<20} {text}")
    }

    /// A piece of streamed text: whole lines are printed when asked for, else characters counted.
    fn piece(&mut self, line: &LogLine, phase: &str) -> io::Result<()> {
        let stream = self.streams.entry(line.from.clone()).or_default();
        let characters = line.text.chars().count();
        stream.characters += characters;
        if line.level == Level::Thought {
            stream.thought += characters;
        }
        if !self.style.verbose {
            return Ok(());
        }
        stream.rest.push_str(&line.text);
        let mut whole = Vec::new();
        while let Some((first, rest)) = stream.rest.split_once('\n') {
            whole.push(first.to_owned());
            stream.rest = rest.to_owned();
        }
        for text in &whole {
            self.text(line, phase, &format!("| {text}"))?;
        }
        self.out.flush()
    }

    /// The speaker says something whole: what streamed before is rounded off first.
    fn end_stream(&mut self, line: &LogLine, phase: &str) -> io::Result<()> {
        let Some(stream) = self.streams.remove(&line.from) else {
            return Ok(());
        };
        if self.style.verbose {
            if !stream.rest.is_empty() {
                self.text(line, phase, &format!("| {}", stream.rest))?;
            }
            return Ok(());
        }
        let thought = match stream.thought {
            0 => String::new(),
            count => format!(", {} of them thinking", grouped(count)),
        };
        let text = format!("… {} characters{thought}", grouped(stream.characters));
        self.text(line, phase, &text)
    }

    /// Says what newly waits for a person, and how to answer.
    pub fn needs(&mut self, snapshot: &Snapshot) -> io::Result<()> {
        let now: BTreeSet<String> = snapshot.loud().map(|need| need.id.clone()).collect();
        if !self.style.json {
            for need in snapshot.loud() {
                if !self.needs.contains(&need.id) {
                    self.out.write_all(need_text(need).as_bytes())?;
                }
            }
            self.out.flush()?;
        }
        self.needs = now;
        Ok(())
    }

    /// Says that lines were lost because this reader was too slow.
    fn dropped(&mut self, count: u64) -> io::Result<()> {
        if self.style.json {
            return self.json(&serde_json::json!({ "dropped": count }));
        }
        writeln!(
            self.out,
            "         ({} dropped: printing was too slow)",
            plural(count, "line")
        )?;
        self.out.flush()
    }

    /// The closing summary.
    pub fn summary(&mut self, snapshot: &Snapshot) -> io::Result<()> {
        if self.style.json {
            let summary = serde_json::json!({ "summary": {
                "phase": snapshot.phase, "tool": snapshot.current_tool,
                "totals": snapshot.totals, "needs": snapshot.needs,
            }});
            return self.json(&summary);
        }
        let t = &snapshot.totals;
        let tokens = usize::try_from(t.input_tokens + t.output_tokens).unwrap_or(usize::MAX);
        writeln!(
            self.out,
            "{} shipped, {} parked; {}, {}; {}, {}; {:.2} USD",
            t.shipped,
            t.parked,
            plural(t.runs, "run"),
            plural(t.cycles, "cycle"),
            plural(t.turns, "turn"),
            plural(grouped(tokens), "token"),
            t.usd
        )?;
        for need in &snapshot.needs {
            self.out.write_all(need_text(need).as_bytes())?;
        }
        self.out.flush()
    }
}

/// Prints a feed until the engine or the output goes away; returns the last snapshot seen.
pub async fn print<W: Write>(
    mut feed: Feed,
    style: Style,
    out: W,
) -> io::Result<Option<Arc<Snapshot>>> {
    let mut printer = Printer::new(out, style);
    let mut snapshots = true;
    loop {
        tokio::select! {
            biased;
            line = feed.lines.recv() => match line {
                Ok(line) => {
                    let phase = phase_of(&line, feed.snapshot.borrow().as_deref());
                    printer.line(&line, &phase)?;
                }
                Err(RecvError::Lagged(count)) => printer.dropped(count)?,
                Err(RecvError::Closed) => break,
            },
            changed = feed.snapshot.changed(), if snapshots => {
                let snapshot = feed.snapshot.borrow_and_update().clone();
                match (changed, snapshot) {
                    (Ok(()), Some(snapshot)) => printer.needs(&snapshot)?,
                    (Ok(()), None) => {}
                    (Err(_), _) => snapshots = false,
                }
            }
        }
    }
    let last = feed.snapshot.borrow().clone();
    if let Some(snapshot) = &last {
        printer.summary(snapshot)?;
    }
    Ok(last)
}

/// Where a line's tool stands, as the newest snapshot has it.
fn phase_of(line: &LogLine, snapshot: Option<&Snapshot>) -> String {
    snapshot
        .filter(|snapshot| line.tool.is_some() && snapshot.current_tool == line.tool)
        .and_then(|snapshot| serde_json::to_value(snapshot.phase).ok())
        .and_then(|word| word.as_str().map(str::to_owned))
        .unwrap_or_else(|| "-".to_owned())
}

/// What waits for a person and since when, with the command lines that answer it.
#[must_use]
pub fn need_text(need: &Need) -> String {
    let local = |at: DateTime<Utc>| at.with_timezone(&Local).format("%Y-%m-%d %H:%M");
    let front = match need.quiet {
        Some(until) => format!("quiet until {}", local(until)),
        None => "needs you".to_owned(),
    };
    let (words, id, since) = (need.words(), &need.id, local(need.since));
    let mut text = format!("  {front}: {words} [{id}] since {since}\n");
    for way in need.printed() {
        text.push_str(&format!("      {way}\n"));
    }
    text
}

/// A count with its thousands apart.
#[must_use]
pub fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(level: Level, text: &str) -> LogLine {
        LogLine {
            at: chrono::DateTime::UNIX_EPOCH,
            from: "developer".into(),
            level,
            tool: Some("cost-tracker".into()),
            seq: None,
            kind: Default::default(),
            text: text.into(),
        }
    }

    fn printed(style: Style, lines: &[LogLine]) -> Vec<String> {
        let mut out = Vec::new();
        let mut printer = Printer::new(&mut out, style);
        for line in lines {
            printer.line(line, "coding").unwrap();
        }
        let text = String::from_utf8(out).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    fn stream() -> Vec<LogLine> {
        vec![
            line(Level::Thought, "hm"),
            line(Level::Stream, "one\ntw"),
            line(Level::Stream, "o"),
            line(Level::Info, "src/x.js written"),
        ]
    }

    #[test]
    fn streamed_text_becomes_one_short_line() {
        let lines = printed(Style::default(), &stream());
        assert_eq!(lines.len(), 2, "{lines:#?}");
        assert!(
            lines[0].ends_with(
                "developer  coding      cost-tracker         … 9 characters, 2 of them thinking"
            ),
            "{lines:#?}"
        );
        assert!(lines[1].ends_with("src/x.js written"));
    }

    #[test]
    fn verbose_prints_whole_lines() {
        let style = Style {
            verbose: true,
            json: false,
        };
        let lines = printed(style, &stream());
        let texts: Vec<&str> = lines
            .iter()
            .map(|line| line.split("tracker").last().unwrap().trim())
            .collect();
        assert_eq!(texts, ["| hmone", "| two", "src/x.js written"]);
    }

    #[test]
    fn a_move_shows_the_number_that_rewind_takes() {
        let moved = LogLine {
            seq: Some(12),
            ..line(Level::Move, "spec -> spec-review (drafted)")
        };
        let said = LogLine {
            seq: Some(13),
            ..line(Level::Info, "spec 1 kept")
        };
        let lines = printed(Style::default(), &[moved, said]);
        assert!(
            lines[0].ends_with(" #12 spec -> spec-review (drafted)"),
            "{lines:#?}"
        );
        assert!(!lines[1].contains('#'), "{lines:#?}");
    }

    #[test]
    fn json_is_one_object_a_line() {
        let style = Style {
            json: true,
            verbose: false,
        };
        let lines = printed(style, &[line(Level::Warn, "a \"quoted\"\nthing")]);
        let back: LogLine = serde_json::from_str(&lines[0]).unwrap();
        assert_eq!(
            (lines.len(), back.text.as_str()),
            (1, "a \"quoted\"\nthing")
        );
    }

    #[test]
    fn thousands_stand_apart() {
        let cases = [
            (0, "0"),
            (999, "999"),
            (1240, "1,240"),
            (1234567, "1,234,567"),
        ];
        for (number, text) in cases {
            assert_eq!(grouped(number), text);
        }
    }
}

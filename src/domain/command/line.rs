//! A command as words of the command line, which read back give the same command.

use super::{Decision, StopAfter, Verb};
use crate::domain::event::Unit;

/// What stands where a text has yet to be written.
const BLANK: &str = "...";

/// Words put together, quoted where a shell asks for it.
struct Words {
    name: String,
    words: Vec<String>,
    options: Vec<String>,
    /// A word would be taken for an option.
    dashed: bool,
}

impl Words {
    fn of(verb: &Verb) -> Self {
        Self::named(verb.name())
    }

    fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            words: Vec::new(),
            options: Vec::new(),
            dashed: false,
        }
    }

    fn word(mut self, text: &str) -> Self {
        self.dashed |= text.starts_with('-');
        self.words.push(quoted(text));
        self
    }

    fn number(mut self, number: i64) -> Self {
        self.words.push(number.to_string());
        self
    }

    fn some(self, text: Option<&str>) -> Self {
        match text {
            Some(text) => self.word(text),
            None => self,
        }
    }

    fn option(mut self, name: &str, value: Option<&str>) -> Self {
        self.options.extend(value.map(|value| {
            let tie = if value.starts_with('-') { '=' } else { ' ' };
            format!("{name}{tie}{}", quoted(value))
        }));
        self
    }

    fn flag(mut self, name: &str, on: bool) -> Self {
        self.options.extend(on.then(|| name.to_owned()));
        self
    }

    /// Words before options, as people type them; after `--` where a word would be taken for one.
    fn line(self) -> String {
        let (name, mut all) = (self.name, Vec::new());
        match self.dashed {
            true => {
                all.extend(self.options);
                all.push("--".to_owned());
                all.extend(self.words);
            }
            false => {
                all.extend(self.words);
                all.extend(self.options);
            }
        }
        std::iter::once(name)
            .chain(all)
            .collect::<Vec<_>>()
            .join(" ")
    }
}

fn quoted(text: &str) -> String {
    match text {
        BLANK => format!("\"{BLANK}\""),
        text => match shlex::try_quote(text) {
            Ok(quoted) => quoted.into_owned(),
            Err(_) => quoted(&text.replace('\0', "")),
        },
    }
}

impl Verb {
    /// The words that follow `dev-factory`. A decision that lacks its text has `...` in its place.
    #[must_use]
    pub fn line(&self) -> String {
        let words = Words::of(self);
        let words = match self {
            Self::Pause {
                scope,
                reason,
                until,
            } => words
                .option("--scope", scope.map(|scope| scope.name()))
                .option("--reason", reason.as_deref())
                .option("--until", until.map(|at| at.to_rfc3339()).as_deref()),
            Self::Resume { target, reason } => words
                .some(target.as_deref())
                .option("--reason", reason.as_deref()),
            Self::Escalate { reason } => words.word(reason),
            Self::Retry {} | Self::Abort {} => words,
            Self::Rewind { seq } => words.word(&seq.to_string()),
            Self::Hint { text } => words.word(text),
            Self::Decide { .. } => self.decision(words),
            Self::Stop { .. } => self.stop(),
            Self::Probe { host } => words.some(host.as_deref()),
            Self::NotStuck { rule, item } => words.word(rule).some(item.as_deref()),
            Self::Snooze { need, until } => words.word(need).word(&until.to_rfc3339()),
            Self::Budget {
                scope,
                unit,
                amount,
            } => words
                .word(scope)
                .word(unit.name())
                .word(&amount.to_string()),
            _ => self.item(words),
        };
        words.line()
    }

    fn decision(&self, words: Words) -> Words {
        let Self::Decide {
            item,
            decision,
            text,
            case,
            file,
        } = self
        else {
            return words;
        };
        let text = match text.as_deref() {
            None if decision.worded() => Some(BLANK),
            text => text,
        };
        let case = match case.as_deref() {
            None if *decision == Decision::TestDefect => Some(BLANK),
            case => case,
        };
        words
            .word(decision.name())
            .some(item.as_deref())
            .option("--text", text)
            .option("--case", case)
            .option("--file", file.as_deref())
    }

    fn stop(&self) -> Words {
        let Self::Stop {
            after,
            restart,
            reason,
        } = self
        else {
            return Words::of(self);
        };
        let word = if *restart { "restart" } else { "down" };
        Words::named(word)
            .flag("--now", *after == StopAfter::Now)
            .option("--reason", reason.as_deref())
    }

    /// Commands about the backlog.
    fn item(&self, words: Words) -> Words {
        let number = |priority: &Option<i64>| priority.map(|priority| priority.to_string());
        match self {
            Self::Requeue {
                item,
                fresh,
                reason,
                priority,
            } => words
                .some(item.as_deref())
                .flag("--fresh", *fresh)
                .option("--reason", reason.as_deref())
                .option("--priority", number(priority).as_deref()),
            Self::Unpark {
                item,
                reason,
                priority,
            } => words
                .word(item)
                .option("--reason", reason.as_deref())
                .option("--priority", number(priority).as_deref()),
            Self::Park { item, reason } => words
                .some(item.as_deref())
                .option("--reason", reason.as_deref()),
            Self::Drop { item, reason } => words.word(item).option("--reason", reason.as_deref()),
            Self::Reopen { tool, text } => words.word(tool).word(text),
            Self::Add {
                idea,
                priority,
                name,
            } => words
                .word(idea)
                .option("--priority", number(priority).as_deref())
                .option("--name", name.as_deref()),
            Self::Edit { item, idea } => words.word(item).word(idea),
            Self::Prioritise { item, priority } => words.word(item).number(*priority),
            _ => words,
        }
    }
}

/// A limit that has yet to be chosen, as words of the command line.
#[must_use]
pub fn limit(scope: &str, unit: Unit) -> String {
    format!("budget {} {} AMOUNT", quoted(scope), unit.name())
}

//! Effects carried out away from the loop; what comes of them returns as messages.

use super::effect::Seen;
use super::message::Message;
use crate::domain::command::{Answer, Verb};
use crate::domain::screen::LogLine;
use crate::factory::ports::operator::Operator;
use crate::factory::ports::reader::{Mark, Page, Reader};
use std::sync::Arc;
use tokio::sync::mpsc::UnboundedSender;

/// Older lines asked for at once.
const PAGE: usize = 1000;
/// Most lines that are looked through for the place where those that are here begin.
const MOST: usize = 100_000;

/// Runs errands on threads of their own, since they wait for files and other processes.
pub struct Errands {
    reader: Arc<dyn Reader>,
    operator: Arc<dyn Operator>,
    back: UnboundedSender<Message>,
}

impl Errands {
    /// Errands that report to `back`.
    #[must_use]
    pub fn new(
        reader: Arc<dyn Reader>,
        operator: Arc<dyn Operator>,
        back: UnboundedSender<Message>,
    ) -> Self {
        Self {
            reader,
            operator,
            back,
        }
    }

    /// Sends a command.
    pub fn send(&self, verb: Verb, seen: Option<Seen>) {
        let operator = Arc::clone(&self.operator);
        let seen = seen.map(|seen| (seen.tool, seen.phase));
        self.run(move || Message::Answer(operator.send(verb, seen)));
    }

    /// Starts the engine.
    pub fn start(&self) {
        let operator = Arc::clone(&self.operator);
        self.run(move || {
            let (accepted, sentence) = match operator.start() {
                Ok(sentence) => (true, sentence),
                Err(sentence) => (false, sentence),
            };
            Message::Answer(Answer { accepted, sentence })
        });
    }

    /// Folds the statistics.
    pub fn stats(&self) {
        let reader = Arc::clone(&self.reader);
        self.run(move || Message::Stats(reader.stats().map(Arc::new)));
    }

    /// Reads lines that end at a mark; without one, those before `first`, the first of `known` lines that are here.
    pub fn older(&self, mark: Option<Mark>, known: usize, first: Option<Arc<LogLine>>) {
        let reader = Arc::clone(&self.reader);
        self.run(move || {
            let count = if mark.is_some() {
                PAGE
            } else {
                PAGE + known.min(MOST)
            };
            match reader.lines(mark.as_ref(), count) {
                Ok(page) if mark.is_none() => Message::Older(without(page, first.as_deref())),
                Ok(page) => Message::Older(page),
                Err(problem) => Message::Trouble(problem),
            }
        });
    }

    fn run(&self, errand: impl FnOnce() -> Message + Send + 'static) {
        let back = self.back.clone();
        tokio::task::spawn_blocking(move || {
            // Nobody waits for it when the screens have been left meanwhile.
            let _ = back.send(errand());
        });
    }
}

/// A page of the newest lines without those that are here already.
fn without(mut page: Page, first: Option<&LogLine>) -> Page {
    if let Some(first) = first
        && let Some(at) = page.lines.iter().position(|line| line == first)
    {
        page.lines.truncate(at);
    }
    page
}

//! Effects carried out away from the loop; what comes of them returns as messages.

use super::effect::Seen;
use super::message::Message;
use crate::domain::command::{Answer, Verb};
use crate::factory::ports::operator::Operator;
use crate::factory::ports::reader::{Mark, Reader};
use std::sync::Arc;
use tokio::sync::mpsc::UnboundedSender;

/// Older lines asked for at once.
const PAGE: usize = 1000;

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

    /// Reads lines that end at a mark; None = the newest. The book knows which of them it has.
    pub fn older(&self, mark: Option<Mark>) {
        let reader = Arc::clone(&self.reader);
        self.run(move || {
            let page = reader.lines(mark.as_ref(), PAGE);
            page.map_or_else(Message::Trouble, Message::Older)
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

//! Effects carried out away from the loop; what comes of them returns as messages.

mod export;

pub use self::export::lines as save;

use super::book::Filter;
use super::message::Message;
use super::outbox::{Order, Outbox};
use crate::domain::command::{Answer, Seen, Verb};
use crate::domain::shift::Bookmark;
use crate::factory::ports::desktop::{Bell, Desktop};
use crate::factory::ports::operator::Operator;
use crate::factory::ports::reader::{Ask, Mark, Reader};
use chrono::FixedOffset;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::mpsc::UnboundedSender;

/// Older lines asked for at once.
const PAGE: usize = 1000;

/// Runs errands on threads of their own, since they wait for files and other processes.
pub struct Errands {
    reader: Arc<dyn Reader>,
    operator: Arc<dyn Operator>,
    desktop: Arc<dyn Desktop>,
    back: UnboundedSender<Message>,
    outbox: Outbox,
    /// Lines are being saved for as long as this stands.
    saving: Arc<AtomicBool>,
}

impl Errands {
    /// Errands that report to `back`.
    #[must_use]
    pub fn new(
        reader: Arc<dyn Reader>,
        operator: Arc<dyn Operator>,
        desktop: Arc<dyn Desktop>,
        back: UnboundedSender<Message>,
    ) -> Self {
        Self {
            outbox: Outbox::new(operator.clone(), back.clone()),
            reader,
            operator,
            desktop,
            back,
            saving: Arc::default(),
        }
    }

    /// Sends a command.
    pub fn send(&self, verb: Verb, seen: Option<Seen>) {
        self.outbox.put(Order::Send(verb, seen));
    }

    /// Starts the engine.
    pub fn start(&self) {
        self.outbox.put(Order::Start);
    }

    /// Writes where a host is now.
    pub fn address(&self, host: String, url: String) {
        self.outbox.put(Order::Address(host, url));
    }

    /// What is on its way to the engine.
    #[must_use]
    pub fn outbox(&self) -> Outbox {
        self.outbox.clone()
    }

    /// Reads the figures.
    pub fn figures(&self) {
        let reader = Arc::clone(&self.reader);
        self.run(move || Message::Figures(reader.figures()));
    }

    /// Puts the person's mark.
    pub fn mark_read(&self, mark: Bookmark) {
        let reader = Arc::clone(&self.reader);
        self.run(move || Message::Marked(reader.mark_read(mark)));
    }

    /// Saves a text where the person finds it.
    pub fn save(&self, name: String, text: String) {
        let operator = Arc::clone(&self.operator);
        self.run(move || {
            let (accepted, sentence) = match operator.save(&name, &text) {
                Ok(path) => (true, format!("saved as {}", path.display())),
                Err(why) => (false, why),
            };
            Message::Said(Answer { accepted, sentence })
        });
    }

    /// Reads lines that end at a mark; None = the newest. The book knows which of them it has.
    pub fn older(&self, mark: Option<Mark>) {
        let reader = Arc::clone(&self.reader);
        self.run(move || {
            let page = reader.lines(mark.as_ref(), PAGE);
            page.map_or_else(Message::Trouble, Message::Older)
        });
    }

    /// Sends a text to the clipboard.
    pub fn clip(&self, text: String) {
        let desktop = Arc::clone(&self.desktop);
        self.run(move || Message::Clip(desktop.clip(&text)));
    }

    /// Calls the person.
    pub fn ring(&self, bell: Bell, words: String) {
        let desktop = Arc::clone(&self.desktop);
        self.run(move || Message::Ring(desktop.ring(bell, &words)));
    }

    /// Saves a text.
    pub fn keep(&self, name: String, text: String) {
        let desktop = Arc::clone(&self.desktop);
        self.run(move || Message::Saved(export::keep(&*desktop, &name, &text)));
    }

    /// Saves every line on disk that is wanted.
    pub fn export(&self, filter: Filter, zone: Option<FixedOffset>) {
        self.saving.store(true, Ordering::SeqCst);
        let (reader, desktop) = (Arc::clone(&self.reader), Arc::clone(&self.desktop));
        let (goes_on, back) = (Arc::clone(&self.saving), self.back.clone());
        self.run(move || {
            let tell = |lines| {
                // Nobody waits for it when the screens have been left meanwhile.
                let heard = back.send(Message::Saving(lines)).is_ok();
                heard && goes_on.load(Ordering::SeqCst)
            };
            Message::Saved(export::lines(&*reader, &*desktop, filter, zone, tell))
        });
    }

    /// Stops that.
    pub fn stop_export(&self) {
        self.saving.store(false, Ordering::SeqCst);
    }

    /// Reads events of a tool.
    pub fn events(&self, tool: String, after: u64, mark: Option<Mark>) {
        let reader = Arc::clone(&self.reader);
        self.run(move || {
            let came = reader.events(&tool, after, mark.as_ref());
            Message::Events(tool, after, mark, came)
        });
    }

    /// Reads a piece of what a tool left behind.
    pub fn piece(&self, ask: Ask) {
        let reader = Arc::clone(&self.reader);
        self.run(move || {
            let came = reader.piece(&ask);
            Message::Piece(ask, came)
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

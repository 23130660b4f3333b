//! What the service manager hears of the loop: ready, what it does, that it turns, that it ends.

use super::driver::Driver;
use super::engine::Ended;
use super::ports::service::{News, Service};
use crate::domain::screen::Snapshot;
use std::sync::Arc;
use tokio::time::Instant;

/// Signs of life within the time the manager waits for one: two may be late.
const SIGNS: u32 = 3;
/// Longest line, characters: it stands in one line of `systemctl status`.
const LINE: usize = 120;

/// The manager, and what it knows.
pub struct Herald {
    service: Arc<dyn Service>,
    said: String,
    /// When the next sign of life is due.
    next: Option<Instant>,
    ended: bool,
}

impl Herald {
    /// Nothing has been said yet.
    pub fn new(service: Arc<dyn Service>) -> Self {
        Self {
            service,
            said: String::new(),
            next: None,
            ended: false,
        }
    }

    /// When the loop must turn for the next sign of life.
    pub fn due(&self) -> Option<Instant> {
        self.next
    }

    /// Work goes on.
    pub fn ready(&self) {
        self.tell(News::Ready);
    }

    /// Settings are read.
    pub fn reloading(&self) {
        self.tell(News::Reloading);
    }

    fn tell(&self, news: News<'_>) {
        // Whoever has heard of the end must not hear that work goes on.
        if !self.ended {
            self.service.tell(news);
        }
    }

    /// The loop has turned: a sign of life where one is due.
    fn turned(&mut self) {
        let Some(patience) = self.service.patience() else {
            return;
        };
        let now = Instant::now();
        if self.next.is_none_or(|next| next <= now) {
            self.service.tell(News::Alive);
            self.next = Some(now + patience / SIGNS);
        }
    }

    fn say(&mut self, words: String) {
        if words != self.said {
            self.tell(News::Status(&words));
            self.said = words;
        }
    }
}

impl Driver {
    /// After each turn of the loop, and from nowhere else: a loop that hangs is to be found out.
    pub(super) fn herald(&mut self) {
        self.herald.turned();
        if let Some(stopping) = &self.stopping
            && stopping.ended != Ended::Restart
        {
            self.herald.tell(News::Stopping);
            self.herald.ended = true;
        }
    }

    /// The manager's line says what the screens say.
    pub(super) fn status_line(&mut self, snapshot: &Snapshot) {
        let phase = snapshot.phase.to_string();
        let tool = snapshot.current_tool.iter();
        let words: Vec<&str> = std::iter::once(phase.as_str())
            .chain(tool.map(String::as_str))
            .collect();
        let needs = match snapshot.loud().count() {
            0 => String::new(),
            n => format!("; {n} waiting for a person"),
        };
        let line = format!("{}: {}{needs}", words.join(" "), snapshot.doing);
        let line = self.tools.redactor.clean(&line).replace('\n', " ");
        self.herald.say(line.chars().take(LINE).collect());
    }
}

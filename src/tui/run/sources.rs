//! Where news comes from, and what is taken first: a flood of lines holds up neither keys nor their pictures.

use super::super::life::Life;
use super::super::message::Message;
use super::super::pacer::until;
use super::super::signals::{Listening, Outside};
use crate::domain::screen::LogLine;
use crate::factory::ports::feed::Feed;
use crate::factory::ports::themes::ThemeFiles;
use crossterm::event::Event;
use futures_util::stream::{Stream, StreamExt};
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use tokio::sync::Notify;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::Instant;

/// Most lines taken in one go: what 100,000 lines a second bring in 5 ms. A key that comes meanwhile waits for no more.
const BATCH: usize = 500;

/// What a terminal sends.
pub(super) type Keys = Pin<Box<dyn Stream<Item = io::Result<Event>>>>;

/// Where news comes from.
pub(super) struct Sources {
    /// None while another program reads them.
    pub keys: Option<Keys>,
    pub feed: Feed,
    pub answers: UnboundedReceiver<Message>,
    pub listening: Listening,
    pub themes: ThemeFiles,
    pub over: Pin<Box<dyn Future<Output = ()>>>,
    /// More snapshots, more lines may come.
    pub more: (bool, bool),
}

/// One piece of news.
pub(super) enum News {
    /// Something panicked.
    Crashed,
    Outside(Outside),
    /// None: a terminal that gives no more keys.
    Key(Option<io::Result<Event>>),
    Answer(Message),
    /// A frame is due.
    Frame,
    Snapshot,
    /// Some lines, and how many were dropped before them.
    Lines(Vec<Arc<LogLine>>, u64),
    Themes,
    /// The engine has ended.
    Ended,
    /// Something that is shown changes by itself.
    Time,
    /// The screens are over by themselves.
    Over,
}

impl Sources {
    /// The next piece of news: of what is there, the first in this order.
    pub async fn next(
        &mut self,
        crashed: &Notify,
        life: &mut Life,
        (frame, wake): (Option<Instant>, Option<Instant>),
    ) -> News {
        tokio::select! {
            biased;
            () = crashed.notified() => News::Crashed,
            Some(outside) = self.listening.came.recv() => News::Outside(outside),
            // Keys that wait behind it come before the next frame.
            event = pressed(&mut self.keys) => News::Key(event),
            Some(message) = self.answers.recv() => News::Answer(message),
            () = until(frame) => News::Frame,
            changed = self.feed.snapshot.changed(), if self.more.0 => {
                self.more.0 = changed.is_ok();
                News::Snapshot
            }
            Ok(()) = self.themes.changed() => News::Themes,
            () = life.ended() => News::Ended,
            () = until(wake) => News::Time,
            () = &mut self.over => News::Over,
            // They alone may be there for ever.
            line = self.feed.lines.recv(), if self.more.1 => self.lines(line),
        }
    }

    /// A line, and those that wait behind it.
    fn lines(&mut self, line: Result<Arc<LogLine>, RecvError>) -> News {
        let mut batch = Vec::new();
        let mut dropped = 0;
        match line {
            Ok(line) => batch.push(line),
            Err(RecvError::Lagged(count)) => dropped += count,
            Err(RecvError::Closed) => self.more.1 = false,
        }
        while batch.len() < BATCH {
            match self.feed.lines.try_recv() {
                Ok(line) => batch.push(line),
                Err(TryRecvError::Lagged(count)) => dropped += count,
                Err(_) => break,
            }
        }
        News::Lines(batch, dropped)
    }
}

/// The next key, or whatever else the terminal sends.
async fn pressed(keys: &mut Option<Keys>) -> Option<io::Result<Event>> {
    match keys {
        Some(keys) => keys.next().await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests;

//! Reads a stream to its proper end: cuts it into pieces as its dialect sends them, and takes no other end for one.

use super::bytes::{Cut, Timed};
use super::dialect::{Dialect, Framing, Reading, Step};
use super::errors::{cut, fail};
use super::gather::Gather;
use super::host::Server;
use super::lines::Lines;
use crate::factory::ports::model::{Fault, ModelError};
use futures_util::{FutureExt, Stream, StreamExt, TryStreamExt};
use sse_stream::SseByteStream;
use std::io::Cursor;

/// A reply as it is read.
pub struct Reader<'a, 'g> {
    dialect: &'static Dialect,
    reading: Reading<'a>,
    gather: &'a mut Gather<'g>,
    ended: bool,
    closed: bool,
}

impl<'a, 'g> Reader<'a, 'g> {
    /// Nothing read yet.
    pub fn new(
        dialect: &'static Dialect,
        server: &'a Server,
        model: &'a str,
        gather: &'a mut Gather<'g>,
    ) -> Self {
        Self {
            dialect,
            reading: Reading { server, model },
            gather,
            ended: false,
            closed: false,
        }
    }

    /// Reads to the end.
    pub async fn read<S, B, E>(mut self, bytes: &mut Timed<S>) -> Result<(), ModelError>
    where
        S: Stream<Item = Result<B, E>>,
        B: AsRef<[u8]>,
        E: std::error::Error,
    {
        let read = match self.dialect.framing {
            Framing::Lines => self.lines(bytes).await,
            Framing::Events => self.events(bytes).await,
        };
        // What came before a fault came all the same.
        self.gather.hand_on();
        read
    }

    /// A reply in one piece, from a server that does not stream.
    pub fn whole(mut self, body: &str) -> Result<(), ModelError> {
        self.piece(body.trim())?;
        self.end()
    }

    async fn lines<S, B, E>(&mut self, bytes: &mut Timed<S>) -> Result<(), ModelError>
    where
        S: Stream<Item = Result<B, E>>,
        B: AsRef<[u8]>,
        E: std::error::Error,
    {
        let server = self.reading.server;
        let mut lines = Lines::default();
        while let Some(chunk) = bytes.next().await {
            lines.push(chunk.map_err(|reason| cut(server, &reason))?.as_ref());
            while let Some(line) = lines.next_line() {
                if self.piece(&line)? {
                    return Ok(());
                }
            }
            self.gather.hand_on();
        }
        if let Some(line) = lines.rest() {
            self.piece(&line)?;
        }
        self.end()
    }

    async fn events<S, B, E>(&mut self, bytes: &mut Timed<S>) -> Result<(), ModelError>
    where
        S: Stream<Item = Result<B, E>>,
        B: AsRef<[u8]>,
        E: std::error::Error,
    {
        let server = self.reading.server;
        let mut events = SseByteStream::new(bytes.map_ok(Cursor::new));
        loop {
            // What is here is taken first, and handed on in one.
            let event = match events.next().now_or_never() {
                Some(event) => event,
                None => {
                    self.gather.hand_on();
                    events.next().await
                }
            };
            let Some(event) = event else { break };
            let event = event.map_err(|error| failure(server, error))?;
            let data = event.data.as_deref().map(str::trim).unwrap_or_default();
            if !data.is_empty() && self.piece(data)? {
                return Ok(());
            }
        }
        self.end()
    }

    /// Takes a piece; true when it was the last of a reply that ended properly.
    fn piece(&mut self, text: &str) -> Result<bool, ModelError> {
        let step = (self.dialect.take)(&self.reading, text, self.gather)?;
        self.ended |= matches!(step, Step::Ended | Step::Whole);
        self.closed |= matches!(step, Step::Last | Step::Whole);
        if self.closed {
            return self.end().map(|()| true);
        }
        Ok(false)
    }

    /// Ollama ends without a word when a model repeats one token more than 30 times; a server that is told to stop ends so too.
    fn end(&self) -> Result<(), ModelError> {
        if self.ended && (self.closed || !self.dialect.closes) {
            return Ok(());
        }
        let words = "it stopped without saying that it is complete";
        Err(fail(self.reading.server, Fault::Unfinished, words))
    }
}

fn failure(server: &Server, error: sse_stream::Error) -> ModelError {
    match error {
        sse_stream::Error::Body(inner) => match inner.downcast_ref::<Cut>() {
            Some(reason) => cut(server, reason),
            None => fail(server, Fault::Broken, inner.to_string()),
        },
        other => fail(server, Fault::Garbled, other.to_string()),
    }
}

//! The body of a reply as bytes, under three limits: first byte, silence, size. Counting bytes, not events, sees the
//! comment pings of llama.cpp, and bounds a reply before anything is decoded.

use futures_util::Stream;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep_until};

/// Why the bytes ended early.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Cut {
    /// No byte for so long.
    #[error("nothing came for {} s", .0.as_secs())]
    Silent(Duration),
    /// More than the budget.
    #[error("more than {0} bytes")]
    TooLong(usize),
    /// The connection broke.
    #[error("{0}")]
    Broken(String),
}

/// A byte stream under limits.
pub struct Timed<S> {
    inner: Pin<Box<S>>,
    timer: Pin<Box<Sleep>>,
    /// What the timer now running stands for.
    wait: Duration,
    idle: Duration,
    limit: usize,
    seen: usize,
}

impl<S> Timed<S> {
    /// `asked` is when the request was sent; the first byte is awaited from there.
    pub fn new(inner: S, asked: Instant, first: Duration, idle: Duration, limit: usize) -> Self {
        Self {
            inner: Box::pin(inner),
            timer: Box::pin(sleep_until(asked + first)),
            wait: first,
            idle,
            limit,
            seen: 0,
        }
    }
}

impl<S, B, E> Stream for Timed<S>
where
    S: Stream<Item = Result<B, E>>,
    B: AsRef<[u8]>,
    E: std::error::Error,
{
    type Item = Result<B, Cut>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match self.inner.as_mut().poll_next(cx) {
            Poll::Ready(Some(Ok(bytes))) => {
                self.seen += bytes.as_ref().len();
                if self.seen > self.limit {
                    return Poll::Ready(Some(Err(Cut::TooLong(self.limit))));
                }
                self.wait = self.idle;
                let until = Instant::now() + self.idle;
                self.timer.as_mut().reset(until);
                Poll::Ready(Some(Ok(bytes)))
            }
            Poll::Ready(Some(Err(error))) => Poll::Ready(Some(Err(Cut::Broken(innermost(&error))))),
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Pending => match self.timer.as_mut().poll(cx) {
                Poll::Ready(()) => Poll::Ready(Some(Err(Cut::Silent(self.wait)))),
                Poll::Pending => Poll::Pending,
            },
        }
    }
}

/// The cause at the bottom of an error; the layers above it only repeat the address.
pub fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::StreamExt;
    use futures_util::stream::{self, BoxStream};

    const FIRST: Duration = Duration::from_secs(600);
    const IDLE: Duration = Duration::from_secs(60);

    /// A stream of (seconds before it, bytes), then silence.
    fn slow(
        plan: Vec<(u64, &'static str)>,
    ) -> BoxStream<'static, Result<&'static str, std::io::Error>> {
        stream::iter(plan)
            .then(|(wait, bytes)| async move {
                tokio::time::sleep(Duration::from_secs(wait)).await;
                Ok(bytes)
            })
            .chain(stream::pending())
            .boxed()
    }

    #[tokio::test(start_paused = true)]
    async fn pings_count_as_life_and_silence_does_not() {
        let begun = Instant::now();
        let plan = vec![
            (599, "a"),
            (50, ": ping\n\n"),
            (50, ": ping\n\n"),
            (59, "b"),
        ];
        let mut timed = Timed::new(slow(plan), begun, FIRST, IDLE, 1000);
        for _ in 0..4 {
            assert!(timed.next().await.unwrap().is_ok());
        }
        assert_eq!(timed.next().await, Some(Err(Cut::Silent(IDLE))));
        assert_eq!(begun.elapsed().as_secs(), 599 + 50 + 50 + 59 + 60);
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_byte_has_its_own_limit() {
        let begun = Instant::now();
        let mut timed = Timed::new(slow(vec![(601, "late")]), begun, FIRST, IDLE, 1000);
        assert_eq!(timed.next().await, Some(Err(Cut::Silent(FIRST))));
        assert_eq!(begun.elapsed(), FIRST);
    }

    #[tokio::test(start_paused = true)]
    async fn the_budget_counts_every_byte() {
        let plan = vec![(0, "12345"), (0, "12345"), (0, "1")];
        let mut timed = Timed::new(slow(plan), Instant::now(), FIRST, IDLE, 10);
        assert!(timed.next().await.unwrap().is_ok());
        assert!(timed.next().await.unwrap().is_ok());
        assert_eq!(timed.next().await, Some(Err(Cut::TooLong(10))));
    }
}

//! The body of an answer, read by a task of its own. A connection gives one chunk and looks whether it was taken before it
//! gives the next: what a server sent at once is put together here, so that the turn that waits for it wakes once.

use futures_util::{Stream, StreamExt, stream};
use std::pin::Pin;
use std::task::{Poll, ready};
use tokio::sync::mpsc::{self, Sender};
use tokio_util::task::AbortOnDropHandle;

/// Bytes after which no more are put to a piece: far below what is read of an answer that is an error, because a piece
/// that goes beyond that is not read at all.
const MOST: usize = 16 * 1024;

/// The same bytes in fewer pieces; dropping it ends the reading.
pub fn flow<B, E>(
    body: impl Stream<Item = Result<B, E>> + Send + Unpin + 'static,
) -> impl Stream<Item = Result<Vec<u8>, E>>
where
    B: AsRef<[u8]> + Send + 'static,
    E: Send + 'static,
{
    let (sender, mut pieces) = mpsc::channel(1);
    let mut reading = AbortOnDropHandle::new(tokio::spawn(read(body, sender)));
    let pieces = stream::poll_fn(move |context| match ready!(pieces.poll_recv(context)) {
        Some(piece) => Poll::Ready(Some(piece)),
        // A reading that panicked is no body that ended.
        None => match ready!(Pin::new(&mut reading).poll(context)) {
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            _ => Poll::Ready(None),
        },
    });
    pieces.fuse()
}

async fn read<B, E>(
    body: impl Stream<Item = Result<B, E>> + Unpin,
    sender: Sender<Result<Vec<u8>, E>>,
) where
    B: AsRef<[u8]>,
{
    let mut body = body.peekable();
    let mut held = Vec::new();
    loop {
        let next = at_hand(&mut body).await;
        if let Poll::Ready(Some(Ok(chunk))) = &next {
            held.extend_from_slice(chunk.as_ref());
            if held.len() < MOST {
                continue;
            }
        }
        if !held.is_empty() && sender.send(Ok(std::mem::take(&mut held))).await.is_err() {
            return;
        }
        match next {
            Poll::Ready(Some(Ok(_))) => {}
            Poll::Ready(Some(Err(error))) => {
                let _ = sender.send(Err(error)).await;
                return;
            }
            Poll::Ready(None) => return,
            Poll::Pending => {
                Pin::new(&mut body).peek().await;
            }
        }
    }
}

/// What a body gives now, or once its connection has had a turn.
async fn at_hand<S: Stream + Unpin>(body: &mut S) -> Poll<Option<S::Item>> {
    let mut first = true;
    std::future::poll_fn(|context| match body.poll_next_unpin(context) {
        Poll::Pending if std::mem::take(&mut first) => {
            context.waker().wake_by_ref();
            Poll::Pending
        }
        found => Poll::Ready(found),
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::stream::unfold;

    /// As a connection gives its chunks: the next is there once others have had a turn.
    fn chunks(all: &'static [&'static str]) -> impl Stream<Item = Result<&'static str, String>> {
        let chunks = unfold(all.iter(), |mut left| async move {
            tokio::task::yield_now().await;
            let next = *left.next()?;
            Some((
                next.strip_prefix('!')
                    .map_or(Ok(next), |e| Err(e.to_owned())),
                left,
            ))
        });
        Box::pin(chunks)
    }

    #[tokio::test]
    async fn what_comes_at_once_is_one_piece_and_an_error_comes_behind_it() {
        let pieces: Vec<_> = flow(chunks(&["a", "b", "c", "!broken"])).collect().await;
        let abc = b"abc".to_vec();
        assert_eq!(pieces, [Ok(abc), Err("broken".to_owned())]);
        assert!(flow(chunks(&[])).next().await.is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_there_does_not_wait_for_what_is_not() {
        let rest = stream::pending::<Result<&str, String>>();
        let mut pieces = flow(chunks(&["a", "b"]).chain(rest));
        assert_eq!(pieces.next().await, Some(Ok(b"ab".to_vec())));
        let more = tokio::time::timeout(std::time::Duration::from_secs(1), pieces.next());
        assert!(more.await.is_err());
    }

    #[tokio::test]
    #[should_panic(expected = "in the middle")]
    async fn a_reading_that_panics_is_no_end() {
        let body = chunks(&["a"]).chain(stream::poll_fn(|_| panic!("in the middle")));
        let _: Vec<_> = flow(Box::pin(body)).collect().await;
    }

    #[tokio::test]
    async fn who_drops_it_ends_the_reading() {
        let (alive, mut ended) = mpsc::channel::<()>(1);
        let body = stream::pending::<Result<&str, String>>().map(move |chunk| {
            let _ = &alive;
            chunk
        });
        drop(flow(body));
        let ended = tokio::time::timeout(std::time::Duration::from_secs(10), ended.recv());
        assert_eq!(ended.await, Ok(None), "it reads on");
    }
}

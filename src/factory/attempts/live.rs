//! Streamed text on its way to the live log: made safe, without secrets, what came together in one line; and whether it
//! only repeats itself.

use super::voice::Voice;
use crate::domain::screen::Level;
use crate::factory::ports::model::{Delta, Fault, ModelError, Reply, TurnRequest};
use crate::text::redact::{RedactStream, Redactor};
use crate::text::repeat::Repeats;
use crate::text::sanitise::Sanitiser;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

/// Pieces of a reply that room is made for at a time.
const BURST: usize = 256;
/// What comes within this time is shown together: a sixtieth of a second, in which nobody sees more than one picture. A line
/// for each token costs more than all else of a turn.
const TOGETHER: Duration = Duration::from_millis(16);

/// What came of a reply, in characters, and what it only repeated.
#[derive(Default)]
pub(super) struct Came {
    pub said: usize,
    pub pondered: usize,
    said_again: Option<String>,
    pondered_again: Option<String>,
}

/// Passes streamed text to the live log; how much came.
pub(super) async fn show(
    voice: Voice,
    redactor: &Redactor,
    mut arriving: mpsc::UnboundedReceiver<Delta>,
    looping: oneshot::Sender<String>,
) -> Came {
    let mut came = Came::default();
    let (mut looping, mut saying, mut pondering) =
        (Some(looping), Repeats::default(), Repeats::default());
    let (mut text, mut thought) = (Shown::new(redactor), Shown::new(redactor));
    let mut pieces = Vec::new();
    while arriving.recv_many(&mut pieces, BURST).await > 0 {
        let more = async { while arriving.recv_many(&mut pieces, BURST).await > 0 {} };
        let _ = timeout(TOGETHER, more).await;
        let (mut said, mut pondered) = (String::new(), String::new());
        for delta in pieces.drain(..) {
            match delta {
                Delta::Text(piece) => said.push_str(&piece),
                Delta::Thought(piece) => pondered.push_str(&piece),
                Delta::Note(words) => voice.line(Level::Info, words),
            }
        }
        came.said += said.chars().count();
        came.pondered += pondered.chars().count();
        let (said, pondered) = (text.push(&said), thought.push(&pondered));
        // Made safe before: what is repeated is told.
        came.said_again = came.said_again.or_else(|| saying.push(&said));
        came.pondered_again = came.pondered_again.or_else(|| pondering.push(&pondered));
        let again = came.said_again.as_ref().or(came.pondered_again.as_ref());
        if let Some(words) = again
            && let Some(tell) = looping.take()
        {
            let _ = tell.send(words.clone());
        }
        voice.line(Level::Thought, pondered);
        voice.line(Level::Stream, said);
    }
    let (said, pondered) = (text.rest(), thought.rest());
    came.said_again = came.said_again.or_else(|| saying.push(&said));
    came.pondered_again = came.pondered_again.or_else(|| pondering.push(&pondered));
    voice.line(Level::Thought, pondered);
    voice.line(Level::Stream, said);
    came
}

/// Streamed text made safe to show: no control characters, no secrets.
struct Shown {
    sanitiser: Sanitiser,
    redactor: RedactStream,
}

impl Shown {
    fn new(redactor: &Redactor) -> Self {
        Self {
            sanitiser: Sanitiser::default(),
            redactor: redactor.stream(),
        }
    }

    fn push(&mut self, piece: &str) -> String {
        let safe = self.sanitiser.push(piece.as_bytes());
        self.redactor.push(&safe)
    }

    fn rest(&mut self) -> String {
        self.redactor.finish()
    }
}

/// Whether a whole reply only repeats itself: one that came at once was over before that was known. What was thought before
/// an answer came all the same harms nothing.
pub(super) fn looped(request: &TurnRequest, reply: &Reply, came: &Came) -> Option<ModelError> {
    let again = match reply.text.trim().is_empty() {
        true => &came.pondered_again,
        false => &came.said_again,
    };
    let detail = again.clone()?;
    Some(ModelError::new(&request.host, Fault::Looping, detail))
}

//! What `doctor` waits for, as one line on the terminal that is gone when it is over; nothing where nobody watches.

use super::super::out;
use crate::text::sanitise::one_line;
use std::convert::Infallible;
use std::io::{IsTerminal, Write};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How often the line is written anew.
const EVERY: Duration = Duration::from_millis(250);
/// Columns of the line where the terminal does not say how many it has.
const WIDE: usize = 78;

/// Waits under way.
pub struct Progress {
    shown: bool,
    waits: Mutex<Vec<Wait>>,
}

/// One of them.
struct Wait {
    subject: String,
    doing: String,
    since: Instant,
}

impl Progress {
    /// `wanted`, and only where standard error is a terminal.
    pub fn new(wanted: bool) -> Self {
        Self {
            shown: wanted && std::io::stderr().is_terminal(),
            waits: Mutex::default(),
        }
    }

    /// Something is waited for, or is over.
    pub fn tell(&self, subject: &str, doing: Option<&str>) {
        let mut waits = self.waits.lock().unwrap_or_else(PoisonError::into_inner);
        waits.retain(|wait| wait.subject != subject);
        if let Some(doing) = doing {
            waits.push(Wait {
                subject: subject.to_owned(),
                doing: doing.to_owned(),
                since: Instant::now(),
            });
        }
    }

    /// Shows the line for as long as it is polled.
    pub async fn shown(&self) -> Infallible {
        if !self.shown {
            return std::future::pending().await;
        }
        loop {
            self.write(&self.line());
            sleep(EVERY).await;
        }
    }

    /// Takes the line away.
    pub fn clear(&self) {
        if self.shown {
            self.write("");
        }
    }

    fn write(&self, line: &str) {
        let mut err = std::io::stderr().lock();
        let _ = write!(err, "\r\x1b[K{line}");
        let _ = err.flush();
    }

    fn line(&self) -> String {
        let waits = self.waits.lock().unwrap_or_else(PoisonError::into_inner);
        let all: Vec<String> = waits
            .iter()
            .map(|wait| {
                let seconds = wait.since.elapsed().as_secs();
                format!("{}: {} ({seconds} s)", wait.subject, wait.doing)
            })
            .collect();
        let columns = rustix::termios::tcgetwinsize(std::io::stderr())
            .map_or(0, |size| usize::from(size.ws_col));
        let columns = if columns > 1 { columns - 1 } else { WIDE };
        out::shown(&one_line(&all.join("   "), columns))
    }
}

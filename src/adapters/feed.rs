//! run/ as the bus between processes: the engine's side writes it, `follow` reads it back as a feed.

use crate::adapters::lock::Holder;
use crate::adapters::store::{FileStore, files, readers};
use crate::adapters::{place, watch};
use crate::domain::screen::{Kind, Level, LogLine, Snapshot};
use crate::factory::ports::feed::Feed;
use crate::factory::ports::store::Store;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::sync::{broadcast, watch as newest};
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// Least time between two snapshots that tell of no move.
const CALM: Duration = Duration::from_millis(500);

/// Lines handed over at once when a reader attaches.
const TAIL: usize = 200;

/// Lines a slow reader may fall behind. More of them in one read are not even parsed: it would miss them anyway.
const BACKLOG: usize = 4096;

/// Time to the first look at files of which the kernel tells nothing, and at most between two: the kernel is believed
/// the longer, the more often a look finds nothing that it has kept quiet about.
const LOOK: Duration = Duration::from_secs(1);
const LOOK_LATE: Duration = Duration::from_secs(30);

/// Writes run/ from the bus until every publisher is gone.
pub struct RunWriter {
    store: Arc<FileStore>,
    feed: Feed,
    written: Option<Arc<Snapshot>>,
    at: Instant,
    owed: bool,
    complained: bool,
    /// Lines that could not be written.
    lost: u64,
}

impl RunWriter {
    /// Starts the task; it ends, having written the last state, when the engine's publisher is dropped.
    #[must_use]
    pub fn spawn(store: Arc<FileStore>, feed: Feed) -> JoinHandle<()> {
        let writer = Self {
            store,
            feed,
            written: None,
            at: Instant::now(),
            owed: false,
            complained: false,
            lost: 0,
        };
        tokio::spawn(writer.run())
    }

    async fn run(mut self) {
        self.feed.snapshot.mark_changed();
        let (mut more_snapshots, mut more_lines) = (true, true);
        while more_snapshots || more_lines {
            let due = self.at + CALM;
            tokio::select! {
                changed = self.feed.snapshot.changed(), if more_snapshots => {
                    more_snapshots = changed.is_ok();
                    self.owed = true;
                    if self.urgent() || due <= Instant::now() {
                        self.snapshot();
                    }
                }
                line = self.feed.lines.recv(), if more_lines => {
                    more_lines = self.lines(line);
                }
                () = tokio::time::sleep_until(due), if self.owed => self.snapshot(),
            }
        }
        self.snapshot();
    }

    /// Whether a move or a stop of work must show at once.
    fn urgent(&mut self) -> bool {
        let next = self.feed.snapshot.borrow_and_update();
        match (&self.written, &*next) {
            (Some(old), Some(new)) => {
                old.phase != new.phase
                    || old.current_tool != new.current_tool
                    || old.pauses != new.pauses
                    || old.conditions != new.conditions
                    || old.pausing != new.pausing
                    || old.stopped != new.stopped
                    || old.moves.last() != new.moves.last()
            }
            _ => true,
        }
    }

    fn snapshot(&mut self) {
        self.owed = false;
        let next = self.feed.snapshot.borrow_and_update().clone();
        let Some(next) = next else { return };
        if self.written.as_ref().is_some_and(|w| Arc::ptr_eq(w, &next)) {
            return;
        }
        let done = self.store.put_snapshot(&next);
        self.at = Instant::now();
        // One that could not be written is owed still.
        self.owed = done.is_err();
        self.written = done.is_ok().then_some(next);
        self.complain(done.err());
    }

    /// Writes one line and all that wait behind it; false when no more can come.
    fn lines(&mut self, first: Result<Arc<LogLine>, RecvError>) -> bool {
        let mut batch = Vec::new();
        let mut open = true;
        match first {
            Ok(line) => batch.push(line),
            Err(RecvError::Lagged(n)) => batch.extend(self.dropped(n)),
            Err(RecvError::Closed) => return false,
        }
        loop {
            match self.feed.lines.try_recv() {
                Ok(line) => batch.push(line),
                Err(TryRecvError::Lagged(n)) => batch.extend(self.dropped(n)),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Closed) => {
                    open = false;
                    break;
                }
            }
        }
        let lost = std::mem::take(&mut self.lost);
        let missing = (lost > 0)
            .then(|| self.missing(lost, "could not be written"))
            .flatten();
        let lines = missing.iter().chain(&batch).map(Arc::as_ref);
        let done = self.store.put_lines(lines);
        if done.is_err() {
            self.lost = lost + batch.len() as u64;
        }
        self.complain(done.err());
        open
    }

    fn dropped(&self, n: u64) -> Option<Arc<LogLine>> {
        self.missing(n, "dropped")
    }

    fn missing(&self, n: u64, how: &str) -> Option<Arc<LogLine>> {
        let at = self.feed.snapshot.borrow().as_ref().map(|s| s.at)?;
        Some(Arc::new(LogLine {
            at,
            from: "engine".to_owned(),
            level: Level::Warn,
            tool: None,
            seq: None,
            kind: Kind::Plain,
            text: format!("{n} lines {how}"),
        }))
    }

    /// A mirror that cannot be written stops nothing; it is said once, until it can be again.
    fn complain(&mut self, error: Option<crate::factory::ports::store::StoreError>) {
        let before = std::mem::replace(&mut self.complained, error.is_some());
        if let Some(e) = error
            && !before
        {
            tracing::warn!("run/ could not be written: {e}");
        }
    }
}

/// What the engine of a home shows, read from its files: the last lines, then every new one.
/// Ends by itself when the feed is dropped.
#[must_use]
pub fn follow(home: &Path) -> Feed {
    follow_tail(home, TAIL)
}

/// As [`follow`], beginning with the newest `tail` lines.
#[must_use]
pub fn follow_tail(home: &Path, tail: usize) -> Feed {
    let (snapshots, snapshot) = newest::channel(None);
    let (sender, lines) = broadcast::channel(BACKLOG);
    let run = home.join("dev-factory/run");
    let follower = Follower {
        home: home.to_owned(),
        path: run.join("stream.jsonl"),
        file: None,
        at: 0,
        rest: Vec::new(),
        snapshots,
        lines: sender,
        stamp: (0, 0),
        shut: None,
    };
    let spawned = std::thread::Builder::new()
        .name("follow".to_owned())
        .spawn(move || follower.run(&run, tail));
    if let Err(e) = spawned {
        tracing::warn!("the home cannot be followed: no thread ({e})");
    }
    Feed { snapshot, lines }
}

struct Follower {
    home: PathBuf,
    path: PathBuf,
    file: Option<File>,
    at: u64,
    /// A line whose end is not written yet.
    rest: Vec<u8>,
    snapshots: newest::Sender<Option<Arc<Snapshot>>>,
    lines: broadcast::Sender<Arc<LogLine>>,
    stamp: (u64, i64),
    /// Nothing can be written in the home, as far as is seen from here; and which engine holds it then.
    shut: Option<Option<Holder>>,
}

impl Follower {
    fn run(mut self, run: &Path, tail: usize) {
        let (tx, rx) = channel();
        let tell = tx.clone();
        let watch = || {
            let tell = tell.clone();
            watch::folders(&[run], move |_| tell.send(()).is_ok())
        };
        let mut watcher = watch();
        self.begin(tail);
        let mut wait = LOOK;
        let mut told = true;
        loop {
            let found = self.snapshot() | self.read();
            if self.snapshots.is_closed() && self.lines.receiver_count() == 0 {
                drop((watcher, tx));
                return;
            }
            wait = if told || found || watcher.is_err() {
                LOOK
            } else {
                LOOK_LATE.min(wait * 2)
            };
            told = match rx.recv_timeout(wait) {
                Ok(()) => {
                    while rx.try_recv().is_ok() {}
                    true
                }
                Err(RecvTimeoutError::Timeout) => {
                    // A home whose engine has never run has no such folder yet.
                    if watcher.is_err() {
                        watcher = watch();
                    }
                    false
                }
                Err(RecvTimeoutError::Disconnected) => return,
            };
        }
    }

    /// Sends the newest lines and stands behind them.
    fn begin(&mut self, tail: usize) {
        // The place is taken first: a line written meanwhile comes twice rather than never.
        self.file = files::open(&self.path).ok();
        let len = |f: &File| f.metadata().map_or(0, |m| m.len());
        self.at = self.file.as_ref().map_or(0, len);
        for line in readers::lines(&self.home, tail) {
            let _ = self.lines.send(Arc::new(line));
        }
    }

    /// Hands over the newest snapshot; whether it is another one.
    fn snapshot(&mut self) -> bool {
        let path = self.path.with_file_name("snapshot.json");
        let Ok(meta) = std::fs::metadata(path) else {
            return false;
        };
        let stamp = (meta.ino(), meta.mtime() * 1_000_000_000 + meta.mtime_nsec());
        let shut = place::obstacle(&self.home).map(|_| readers::engine(&self.home));
        if stamp == self.stamp && shut == self.shut {
            return false;
        }
        self.shut = shut;
        if let Some((snapshot, _)) = readers::snapshot(&self.home) {
            self.stamp = stamp;
            self.snapshots.send_replace(Some(Arc::new(snapshot)));
        }
        true
    }

    /// Reads what is new, through a change of files; whether there was any.
    fn read(&mut self) -> bool {
        let mut found = false;
        for _ in 0..3 {
            found |= self.drain();
            let there = std::fs::metadata(&self.path).ok();
            let here = self.file.as_ref().and_then(|f| f.metadata().ok());
            match (there, here) {
                (Some(there), Some(here)) if there.ino() == here.ino() => {
                    if there.len() >= self.at {
                        return found;
                    }
                    self.at = 0;
                    self.rest.clear();
                }
                (Some(_), _) => {
                    // The old file is read to its end after its successor is there.
                    self.drain();
                    found = true;
                    self.file = files::open(&self.path).ok();
                    self.at = 0;
                    self.rest.clear();
                }
                (None, _) => return found,
            }
        }
        found
    }

    /// Reads the file to its end; whether something was new.
    fn drain(&mut self) -> bool {
        let Some(file) = &mut self.file else {
            return false;
        };
        let mut bytes = std::mem::take(&mut self.rest);
        let known = bytes.len();
        if file.seek(SeekFrom::Start(self.at)).is_ok() {
            let _ = file.read_to_end(&mut bytes);
        }
        let found = bytes.len() > known;
        self.at += (bytes.len() - known) as u64;
        let end = bytes.iter().rposition(|b| *b == b'\n').map_or(0, |n| n + 1);
        self.rest = bytes.split_off(end);
        let (missed, newest) = newest(&bytes, BACKLOG);
        let lines = newest.split(|b| *b == b'\n');
        let mut lines = lines
            .filter_map(|line| serde_json::from_slice::<LogLine>(line).ok())
            .peekable();
        if let Some(next) = lines.peek().filter(|_| missed > 0) {
            let missed = LogLine::missed(missed as u64, next.at);
            let _ = self.lines.send(Arc::new(missed));
        }
        for line in lines {
            let _ = self.lines.send(Arc::new(line));
        }
        found
    }
}

/// The last so many whole lines, and how many stand before them.
fn newest(lines: &[u8], most: usize) -> (usize, &[u8]) {
    match memchr::memrchr_iter(b'\n', lines).nth(most) {
        None => (0, lines),
        Some(end) => {
            let (before, newest) = lines.split_at(end + 1);
            (memchr::memchr_iter(b'\n', before).count(), newest)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_lines_the_newest_are_kept_and_the_others_counted() {
        let text = b"a\nb\nc\n";
        assert_eq!(newest(text, 3), (0, &text[..]));
        assert_eq!(newest(text, 2), (1, &b"b\nc\n"[..]));
        assert_eq!(newest(b"", 2), (0, &b""[..]));
    }
}

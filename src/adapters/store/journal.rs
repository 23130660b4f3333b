//! The live segment: durable appends, closing at 4 MiB, cutting what a crash tore.

use super::files::{self, trouble};
use super::fold::Folded;
use super::layout::Layout;
use super::line;
use crate::adapters::steps;
use crate::domain::condition::Trouble;
use crate::domain::event::Event;
use crate::factory::ports::store::StoreError;
use std::fs::File;
use std::io::{ErrorKind, Write};

/// Bytes kept of torn ends before they give way to the next one.
const DAMAGED: u64 = 1024 * 1024;

/// Size at which a segment is closed.
pub const SEGMENT: u64 = 4 * 1024 * 1024;

/// The journal, open for writing.
#[derive(Debug)]
pub struct Journal {
    layout: Layout,
    file: File,
    len: u64,
    /// First number of the live segment.
    first: u64,
    /// Number of the next event.
    pub next: u64,
    /// Set when the disk failed us: nothing more is acknowledged.
    broken: bool,
    segment: u64,
}

impl Journal {
    /// Opens the live segment after it was read, cutting a torn end. Says what it repaired.
    pub fn open(
        layout: &Layout,
        folded: &Folded,
        segment: u64,
    ) -> Result<(Self, Vec<String>), StoreError> {
        let mut said = Vec::new();
        let file = create(layout)?;
        let mut journal = Self {
            layout: layout.clone(),
            file,
            len: folded.live_bytes.len() as u64,
            first: folded.live_first.unwrap_or(folded.tip + 1),
            next: folded.tip + 1,
            broken: false,
            segment,
        };
        if let Some(at) = folded.live.torn {
            let cut = folded.live_bytes.get(at..).unwrap_or_default();
            journal.keep_damaged(cut)?;
            journal.truncate(at as u64)?;
            said.push(format!(
                "journal.jsonl: a torn last line ({} bytes after event {}) was cut off and kept in journal/damaged.txt",
                cut.len(),
                folded.tip
            ));
        } else if folded.live.unended {
            journal.write(b"\n")?;
            let _ = journal.sync(&[])?;
            said.push("journal.jsonl: the last line lacked its end; it was added".to_owned());
        }
        Ok((journal, said))
    }

    /// Adds events with one write: all of them or, after an error or a crash, none. Durable once they were synced.
    pub fn append(&mut self, events: &[Event]) -> Result<(), StoreError> {
        let mut text = String::new();
        for event in events {
            let json = serde_json::to_string(event)
                .map_err(|e| StoreError::Bad(format!("event {}: {e}", event.seq)))?;
            let last = events.last().is_some_and(|last| last.seq == event.seq);
            let seal = if last {
                line::seal
            } else {
                line::seal_with_more
            };
            text.push_str(&seal(&json));
            text.push('\n');
        }
        self.write(text.as_bytes())?;
        self.next += events.len() as u64;
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        let path = self.layout.journal();
        if self.broken {
            return Err(StoreError::Io {
                name: Trouble::DiskError,
                path: path.display().to_string(),
                detail: "an earlier write failed on the disk; check it and start again".to_owned(),
            });
        }
        if let Err(e) = steps::write(&mut self.file, bytes, &path) {
            // No space, most likely: take the half line back, so that the next try starts clean.
            self.broken = self.file.set_len(self.len).is_err();
            return Err(trouble(&path, &e));
        }
        self.len += bytes.len() as u64;
        Ok(())
    }

    /// Makes what was added durable, and at the same time the files `beside`; what became of those is the inner result.
    pub fn sync(&mut self, beside: &[File]) -> Result<std::io::Result<()>, StoreError> {
        let path = self.layout.journal();
        let (synced, beside) = files::sync_together(&self.file, beside);
        if let Err(e) = synced.and_then(|()| steps::before("go on from", &path)) {
            // Never tried again: the kernel may have dropped the pages it failed to write.
            self.broken = true;
            return Err(trouble(&path, &e));
        }
        Ok(beside)
    }

    fn truncate(&mut self, len: u64) -> Result<(), StoreError> {
        self.file
            .set_len(len)
            .and_then(|()| self.file.sync_data())
            .map_err(|e| trouble(&self.layout.journal(), &e))?;
        self.len = len;
        Ok(())
    }

    /// Keeps what was cut off; a file of it that has grown too long gives way to the newest.
    fn keep_damaged(&self, bytes: &[u8]) -> Result<(), StoreError> {
        let path = self.layout.segments().join("damaged.txt");
        files::grow(&path)
            .and_then(|mut file| {
                if file.metadata()?.len() > DAMAGED {
                    file.set_len(0)?;
                }
                file.write_all(bytes)?;
                file.write_all(b"\n")
            })
            .map_err(|e| trouble(&path, &e))
    }

    /// Whether the disk has failed it: what was written last may be there or not.
    #[must_use]
    pub fn broken(&self) -> bool {
        self.broken
    }

    /// Whether the live segment has reached its size.
    #[must_use]
    pub fn full(&self) -> bool {
        self.len >= self.segment
    }

    /// Closes the live segment and begins the next one.
    pub fn rotate(&mut self) -> Result<(), StoreError> {
        let live = self.layout.journal();
        let closed = self.layout.segments().join(format!("{}.jsonl", self.first));
        let renamed =
            steps::before("rename to", &closed).and_then(|()| std::fs::rename(&live, &closed));
        match renamed {
            Ok(()) => {}
            // It has its name already: the next one could not be begun then.
            Err(e) if e.kind() == ErrorKind::NotFound && closed.exists() => {}
            Err(e) => return Err(trouble(&closed, &e)),
        }
        let closed = files::sync_dir(&self.layout.segments());
        steps::before("begin", &live).map_err(|e| trouble(&live, &e))?;
        self.file = create(&self.layout)?;
        // At once: whatever follows may fail, and the next one must not take the name of this one.
        self.len = 0;
        self.first = self.next;
        closed.and_then(|()| files::sync_dir(&self.layout.dir))
    }
}

/// Writes the live segment as it reads now to a new file in its place: of a file whose sync failed, the kernel may show
/// what is not on the disk.
pub fn rewrite(layout: &Layout) -> Result<(), StoreError> {
    let path = layout.journal();
    let bytes = files::read(&path, u64::MAX - 1)?.unwrap_or_default();
    files::put(&layout.dir, &path, &bytes, true)
}

fn create(layout: &Layout) -> Result<File, StoreError> {
    let path = layout.journal();
    files::grow(&path).map_err(|e| trouble(&path, &e))
}

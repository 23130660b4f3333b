//! A home's past for the screens: log lines page by page towards the oldest, statistics over the journal, what a
//! tool left behind.

mod back;
mod events;
mod figures;
mod past;
mod pieces;
mod turn;

use self::back::Back;
use self::figures::Folding;
pub use self::figures::Own;
use self::past::{Past, Seam};
use crate::adapters::bookmark;
use crate::adapters::git::GitRepo;
use crate::adapters::store::{files, readers};
use crate::domain::figures::Figures;
use crate::domain::screen::LogLine;
use crate::domain::shift::Bookmark;
use crate::factory::ports::reader::{Ask, Events, Mark, Page, Piece, Reader};
use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Bytes at a file's start that tell it from its successors.
const OPENING: usize = 64;

/// Reads the files of a home; it holds nothing open and repairs nothing.
pub struct HomeReader {
    home: PathBuf,
    own: Option<Own>,
    folding: Arc<Folding>,
    /// git in the home, found with the first question to it.
    git: GitRepo,
}

/// One file of lines.
struct Lines {
    path: PathBuf,
    file: File,
    name: u64,
    len: u64,
}

impl HomeReader {
    /// Of a home.
    #[must_use]
    pub fn new(home: &Path) -> Self {
        Self {
            home: home.to_owned(),
            own: None,
            folding: Arc::default(),
            git: GitRepo::reading(home),
        }
    }

    /// For a person who has files of their own about it.
    #[must_use]
    pub fn of(self, own: Own) -> Self {
        Self {
            own: Some(own),
            ..self
        }
    }

    /// The files of lines, newest first.
    fn files(&self) -> Result<Vec<Lines>, String> {
        let run = self.home.join("dev-factory/run");
        // Put aside between the two opens, the live file would be seen twice: look again.
        for _ in 0..3 {
            let live = Lines::open(&run.join("stream.jsonl"))?;
            let aside = Lines::open(&run.join("stream.1.jsonl"))?;
            match (&live, &aside) {
                (Some(live), Some(aside)) if live.name == aside.name => {}
                _ => return Ok(live.into_iter().chain(aside).collect()),
            }
        }
        Ok(Vec::new())
    }
}

impl Lines {
    fn open(path: &Path) -> Result<Option<Self>, String> {
        let opened = files::open(path).and_then(|file| {
            let meta = file.metadata()?;
            let mut opening = [0; OPENING];
            let read = file.read_at(&mut opening, 0)?;
            let sum = crc32fast::hash(opening.get(..read).unwrap_or_default());
            Ok(Self {
                path: path.to_owned(),
                file,
                name: (meta.ino() << 32) ^ u64::from(sum),
                len: meta.len(),
            })
        });
        match opened {
            Ok(lines) => Ok(Some(lines)),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(trouble(path, &e)),
        }
    }

    const fn end(&self) -> Mark {
        Mark {
            file: self.name,
            at: self.len,
        }
    }
}

fn trouble(path: &Path, error: &io::Error) -> String {
    format!("{} could not be read: {error}", path.display())
}

impl Reader for HomeReader {
    fn lines(&self, mark: Option<&Mark>, count: usize) -> Result<Page, String> {
        let files = self.files()?;
        let known = |mark: &Mark| files.iter().any(|lines| lines.name == mark.file);
        if let Some(mark) = mark.filter(|mark| !known(mark)) {
            let past = Past::of(&self.home)?;
            // A file that is gone took all that was older with it.
            return match past.holds(mark) {
                true => past.lines(mark, count),
                false => Ok(Page::default()),
            };
        }
        let mut files = files.iter().skip_while(|lines| {
            // A file that is gone took all that was older with it.
            mark.is_some_and(|mark| mark.file != lines.name || mark.at > lines.len)
        });
        let mut newest_first: Vec<LogLine> = Vec::new();
        let mut before = None;
        let mut end = mark.map(|mark| mark.at);
        while let Some(lines) = files.next() {
            let mut back = Back::new(&lines.file, end.take().unwrap_or(lines.len));
            while newest_first.len() < count {
                let line = back.line().map_err(|e| trouble(&lines.path, &e))?;
                let Some(line) = line else { break };
                // A damaged line is left out.
                newest_first.extend(serde_json::from_slice(&line).ok());
            }
            let at = back.at();
            if at > 0 {
                before = Some(Mark {
                    file: lines.name,
                    at,
                });
                break;
            }
            if newest_first.len() == count {
                before = files.next().filter(|next| next.len > 0).map(Lines::end);
                break;
            }
        }
        newest_first.reverse();
        if before.is_none() {
            // What the lines do not reach any more the journal tells.
            before = Past::of(&self.home)?.end(Seam::before(&newest_first))?;
        }
        Ok(Page {
            lines: newest_first,
            before,
        })
    }

    fn figures(&self) -> Result<Arc<Figures>, String> {
        self.folding.read(&self.home, self.own.as_ref())
    }

    fn mark_read(&self, mark: Bookmark) -> Result<(), String> {
        match &self.own {
            Some(own) => bookmark::keep(&own.bookmark, &mark),
            None => Err("this home has no id to keep a mark under".to_owned()),
        }
    }

    fn events(&self, tool: &str, after: u64, mark: Option<&Mark>) -> Result<Events, String> {
        events::events(&self.home, tool, after, mark)
    }

    fn piece(&self, ask: &Ask) -> Result<Option<Piece>, String> {
        pieces::piece(&self.home, &self.git, ask)
    }

    fn alive(&self) -> bool {
        readers::snapshot(&self.home).is_some_and(|(_, alive)| alive)
    }
}

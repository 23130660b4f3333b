//! The figures of a home, folded once: what was read stays in memory and beside it in a file of the person's own, and
//! only what is new is read again. The file may be thrown away at any time.

use crate::adapters::bookmark;
use crate::adapters::store::readers;
use crate::domain::figures::Figures;
use crate::domain::shift::Bookmark;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{BufReader, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Events after which what was folded is kept anew.
const WORTH: u64 = 2000;
/// Another version may count other things of the same events; the number behind it rises where that changes within one.
const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), "+1");

/// Where a person's own files about a home lie.
#[derive(Clone, Debug, Default)]
pub struct Own {
    /// Their bookmark.
    pub bookmark: PathBuf,
    /// What was folded; may be lost.
    pub folded: PathBuf,
}

/// The fold.
#[derive(Debug, Default)]
pub struct Folding {
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    figures: Option<Arc<Figures>>,
    /// Up to here it was kept.
    kept: u64,
}

#[derive(Serialize, Deserialize)]
struct Kept<F> {
    version: String,
    figures: F,
}

impl Folding {
    /// All figures up to the newest event.
    pub fn read(&self, home: &Path, own: Option<&Own>) -> Result<Arc<Figures>, String> {
        let mark = match own {
            Some(own) => bookmark::look(&own.bookmark)?,
            None => Bookmark::default(),
        };
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.figures.is_none()
            && let Some(kept) = own.and_then(kept)
        {
            held.kept = kept.stats.seq;
            held.figures = Some(Arc::new(kept));
        }
        // What is held stays where a read fails.
        let known = held.figures.clone();
        let mut figures = known.unwrap_or_else(|| Arc::new(Figures::after(mark)));
        let before = figures.stats.seq;
        let mut tip = fold(home, &mut figures, mark)?;
        if tip < before {
            // The journal is another one than that which was folded.
            figures = Arc::new(Figures::after(mark));
            tip = fold(home, &mut figures, mark)?;
            held.kept = 0;
        }
        held.figures = Some(Arc::clone(&figures));
        if let Some(own) = own.filter(|_| tip.saturating_sub(held.kept) >= WORTH) {
            // Without it the next screens read the journal again, which takes longer and harms nothing.
            let _ = keep(own, &figures);
            held.kept = tip;
        }
        Ok(figures)
    }
}

/// Folds in what is new; gives the number of the newest event.
fn fold(home: &Path, figures: &mut Arc<Figures>, mark: Bookmark) -> Result<u64, String> {
    let figures = Arc::make_mut(figures);
    let next = figures.stats.seq + 1;
    let from = figures.mark(mark).map_or(next, |first| first.min(next));
    let tip = readers::each(home, from, &mut |event| figures.apply(&event));
    figures.settle();
    tip.map_err(|error| error.to_string())
}

fn kept(own: &Own) -> Option<Figures> {
    let file = File::open(&own.folded).ok()?;
    let kept: Kept<Figures> = serde_json::from_reader(BufReader::new(file)).ok()?;
    (kept.version == VERSION).then_some(kept.figures)
}

fn keep(own: &Own, figures: &Figures) -> std::io::Result<()> {
    let folder = own.folded.parent().unwrap_or(&own.folded);
    std::fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    let kept = Kept {
        version: VERSION.to_owned(),
        figures,
    };
    let mut out = std::io::BufWriter::new(&mut file);
    serde_json::to_writer(&mut out, &kept)?;
    out.flush()?;
    drop(out);
    file.persist(&own.folded).map_err(|error| error.error)?;
    Ok(())
}

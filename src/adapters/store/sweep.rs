//! Housekeeping of papers: what finished tools leave is thinned out, oldest first, until it fits its size. A reader that
//! has a file open keeps what it reads.

use super::commands;
use super::files::{self, trouble};
use super::layout::Layout;
use crate::adapters::steps;
use crate::domain::swept::{Finished, Swept};
use crate::factory::ports::settings::KeepSettings;
use crate::factory::ports::store::StoreError;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Of a size that is exceeded so much is made free at once, in hundredths: not a little with every tool.
const DOWN_TO: u64 = 80;

/// How long papers of a tool that is put aside must have lain untouched.
const ASIDE: Duration = Duration::from_secs(90 * 24 * 3600);

/// Bytes of printed output before it is put aside; as much as a file of log lines.
const OUTPUT: u64 = 8 * 1024 * 1024;

/// Files of one tool.
struct Pile {
    tool: String,
    files: Vec<(PathBuf, u64)>,
    newest: Option<SystemTime>,
}

/// What has to go for everything to fit its size.
pub fn plan(layout: &Layout, keep: &KeepSettings, finished: &[Finished]) -> Swept {
    let mut swept = Swept::default();
    let all = |_: &Finished, _: &str| true;
    for pile in excess(layout, "transcripts", keep.transcripts, finished, all) {
        swept.count(&pile);
        swept.transcripts.push(pile.tool);
    }
    for pile in excess(layout, "evidence", keep.evidence, finished, older) {
        swept.count(&pile);
        swept.evidence.push(pile.tool);
    }
    swept
}

/// Removes what was planned, old answers to commands and old output. Called again it goes on where it was cut.
pub fn carry_out(layout: &Layout, swept: &Swept, finished: &[Finished]) -> Result<(), StoreError> {
    commands::prune(layout);
    cut_output(layout)?;
    for (kind, tools) in [
        ("transcripts", &swept.transcripts),
        ("evidence", &swept.evidence),
    ] {
        for one in finished.iter().filter(|one| tools.contains(&one.tool)) {
            let folder = layout.at(kind).join(&one.tool);
            for (path, ..) in sizes(&folder) {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                if kind == "evidence" && !older(one, &name) {
                    continue;
                }
                steps::before("remove", &path)
                    .and_then(|()| std::fs::remove_file(&path))
                    .map_err(|e| trouble(&path, &e))?;
            }
            // Where evidence stays the folder does.
            let _ = std::fs::remove_dir(&folder);
        }
    }
    Ok(())
}

/// What an engine in the background prints goes to a file it holds open: a full one is copied and emptied. All of it
/// stands in the journal and in run/ as well.
fn cut_output(layout: &Layout) -> Result<(), StoreError> {
    let path = layout.at("logs/engine.out");
    if std::fs::symlink_metadata(&path).map_or(0, |meta| meta.len()) <= OUTPUT {
        return Ok(());
    }
    let aside = layout.at("logs/engine.1.out");
    std::fs::copy(&path, &aside).map_err(|e| trouble(&aside, &e))?;
    let file = files::options().write(true).open(&path);
    let emptied = file.and_then(|file| file.set_len(0));
    emptied.map_err(|e| trouble(&path, &e))
}

impl Swept {
    fn count(&mut self, pile: &Pile) {
        self.files += pile.files.len() as u64;
        self.bytes += pile.files.iter().map(|(_, size)| size).sum::<u64>();
    }
}

/// Evidence of a run before the newest.
fn older(one: &Finished, name: &str) -> bool {
    let run = name
        .strip_suffix(".json")
        .and_then(|n| n.parse::<u32>().ok());
    run.is_some_and(|run| run < one.run)
}

/// Oldest piles of finished tools that must go for a folder to fit its size; `may` says which of their files.
fn excess(
    layout: &Layout,
    kind: &str,
    limit: u64,
    finished: &[Finished],
    may: impl Fn(&Finished, &str) -> bool,
) -> Vec<Pile> {
    let finished: BTreeMap<&str, &Finished> = finished
        .iter()
        .map(|one| (one.tool.as_str(), one))
        .collect();
    let mut total = 0;
    let mut piles = Vec::new();
    for tool in files::names(&layout.at(kind)) {
        let all = sizes(&layout.at(kind).join(&tool));
        total += all.iter().map(|(_, size, _)| size).sum::<u64>();
        let Some(one) = finished.get(tool.as_str()) else {
            continue;
        };
        let newest = all.iter().filter_map(|(.., at)| *at).max();
        let still = |at: SystemTime| at.elapsed().is_ok_and(|passed| passed >= ASIDE);
        if one.aside && !newest.is_some_and(still) {
            continue;
        }
        let name = |path: &Path| {
            path.file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned()
        };
        let files = all.into_iter().filter(|(path, ..)| may(one, &name(path)));
        let files: Vec<_> = files.map(|(path, size, _)| (path, size)).collect();
        if !files.is_empty() {
            piles.push(Pile {
                tool,
                files,
                newest,
            });
        }
    }
    if total <= limit {
        return Vec::new();
    }
    let goal = limit / 100 * DOWN_TO;
    piles.sort_by(|a, b| (a.newest, &a.tool).cmp(&(b.newest, &b.tool)));
    let goes = |pile: &Pile| {
        let over = total > goal;
        total -= pile.files.iter().map(|(_, size)| size).sum::<u64>();
        over
    };
    piles.into_iter().take_while(goes).collect()
}

/// Files right in a folder, with size and time.
fn sizes(folder: &Path) -> Vec<(PathBuf, u64, Option<SystemTime>)> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| {
            let meta = entry.metadata().ok().filter(std::fs::Metadata::is_file)?;
            Some((entry.path(), meta.len(), meta.modified().ok()))
        })
        .collect()
}

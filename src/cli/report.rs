//! `report`: how well the harness does, folded from the journal; never starts or changes anything but a person's own mark.

mod page;

use super::args::{Cli, ReportArgs};
use super::out::{self, Done, Fail};
use super::{home, walls};
use crate::adapters::bookmark;
use crate::adapters::clock::SystemClock;
use crate::adapters::reader::Own;
use crate::adapters::store::readers;
use crate::domain::metrics::Metrics;
use crate::domain::shift::Bookmark;
use crate::factory::ports::clock::Clock;
use serde_json::json;
use std::path::{Path, PathBuf};

/// Prints the figures of the whole journal, or of what this person has not marked read.
pub fn run(cli: &Cli, home: &Path, args: &ReportArgs) -> Done {
    home::readable(home)?;
    let mark = mark(home)?;
    let read = if args.shift {
        bookmark::look(&mark).map_err(Fail::failed)?
    } else {
        Bookmark::default()
    };
    let events = readers::history(home, 0).map_err(|error| Fail::failed(error.to_string()))?;
    let metrics = Metrics::after(&events, read.seq);
    let needs = readers::snapshot(home).map_or_else(Vec::new, |(snapshot, _)| snapshot.needs);
    if cli.json {
        let object = json!({
            "home": home,
            "readUntil": args.shift.then_some(&read),
            "summary": metrics.summary(),
            "phases": metrics.phases(),
            "metrics": metrics,
            "needs": needs,
        });
        out::say(object)?;
    } else {
        out::put(&page::page(home, &metrics, &read, args.shift, &needs))?;
    }
    if args.mark_read {
        let at = Some(SystemClock.now());
        let seq = metrics.seq;
        bookmark::keep(&mark, &Bookmark { seq, at }).map_err(Fail::failed)?;
        if !cli.json {
            out::say("marked read: the next report --shift begins here")?;
        }
    }
    Ok(0)
}

/// Where this user's mark for a home lies: outside the home, which is not a reader's to change.
fn mark(home: &Path) -> Result<PathBuf, Fail> {
    Ok(own(home)?.bookmark)
}

/// This user's own files about a home.
pub fn own(home: &Path) -> Result<Own, Fail> {
    let id: String = home::read(home)?
        .id
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || *c == '-')
        .collect();
    let name = format!("{id}.json");
    let folder = walls::remembered();
    Ok(Own {
        bookmark: folder.join("read").join(&name),
        folded: folder.join("figures").join(&name),
    })
}

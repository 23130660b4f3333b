//! `report`: how well the harness does, folded from the journal; never starts or changes anything but a person's own mark.

mod page;

use super::args::{Cli, ReportArgs};
use super::out::{self, Done, Fail};
use super::{home, status, walls};
use crate::adapters::clock::SystemClock;
use crate::adapters::store::readers;
use crate::domain::metrics::Metrics;
use crate::factory::ports::clock::Clock;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// What a person has read of a home's journal.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Read {
    /// Newest event then.
    seq: u64,
    /// When, UTC.
    at: Option<DateTime<Utc>>,
}

/// Prints the figures of the whole journal, or of what this person has not marked read.
pub fn run(cli: &Cli, home: &Path, args: &ReportArgs) -> Done {
    home::readable(home)?;
    let mark = mark(home)?;
    let read = if args.shift {
        look(&mark)?
    } else {
        Read::default()
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
        keep(
            &mark,
            &Read {
                seq: metrics.seq,
                at,
            },
        )?;
        if !cli.json {
            out::say("marked read: the next report --shift begins here")?;
        }
    }
    Ok(0)
}

/// Where this user's mark for a home lies: outside the home, which is not a reader's to change.
fn mark(home: &Path) -> Result<PathBuf, Fail> {
    let id: String = home::read(home)?
        .id
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || *c == '-')
        .collect();
    Ok(walls::remembered().join("read").join(format!("{id}.json")))
}

fn look(path: &Path) -> Result<Read, Fail> {
    let bad = |why: String| {
        Fail::failed(format!(
            "{} cannot be read: {why}; remove it to begin anew",
            path.display()
        ))
    };
    match std::fs::read_to_string(path) {
        Ok(text) => serde_json::from_str(&text).map_err(|error| bad(error.to_string())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Read::default()),
        Err(error) => Err(bad(error.to_string())),
    }
}

fn keep(path: &Path, read: &Read) -> Result<(), Fail> {
    let told = |error: std::io::Error| {
        Fail::failed(format!(
            "{} cannot be written: {error}; nothing was marked read",
            path.display()
        ))
    };
    let text = status::json_text(read)?;
    let folder = path.parent().unwrap_or(path);
    std::fs::create_dir_all(folder).map_err(told)?;
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(told)?;
    std::io::Write::write_all(&mut file, text.as_bytes()).map_err(told)?;
    file.persist(path).map_err(|error| told(error.error))?;
    Ok(())
}

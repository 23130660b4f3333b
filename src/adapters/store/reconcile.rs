//! Start-up: what the two documents say against what the journal says. The journal wins; an edit made
//! while nobody ran is a claim. Every repair is said in words.

use super::documents::{Documents, Foreign};
use super::files;
use super::fold::core;
use super::layout::Layout;
use super::statefile::{parse, same, says, sha256};
use super::{refused, wishlist};
use crate::adapters::clock::age;
use crate::domain::factory::Factory;
use crate::domain::state::{ControlDoc, StateDoc};
use crate::factory::ports::store::StoreError;
use std::path::Path;
use std::time::Duration;

/// How long unreadable content may still be in the making.
pub const SETTLE: Duration = Duration::from_secs(2);

/// What was found and done.
#[derive(Debug, Default)]
pub struct Outcome {
    /// In words.
    pub repaired: Vec<String>,
    /// An edit to judge.
    pub claim: Option<StateDoc>,
}

/// Reconciles the documents with the fold; `cores` is what state.json said at earlier events.
pub fn reconcile(
    layout: &Layout,
    docs: &mut Documents,
    factory: Option<&Factory>,
    cores: &[StateDoc],
) -> Result<Outcome, StoreError> {
    let mut out = Outcome::default();
    let items = factory.map_or(&[][..], |factory| factory.items.as_slice());
    wishlist::strays(layout, items, &mut out.repaired)?;
    docs.kept = read_control(layout, factory.is_some(), &mut out)?;
    let last = factory.map(core);
    let present = settled(docs, last.as_ref())?;
    match (factory, last) {
        (Some(factory), Some(last)) => {
            let stray = stray_edit(layout, docs, cores, present.as_deref(), &mut out)?;
            judge(docs, present, &last, cores, &mut out)?;
            sweep(layout, &mut out);
            write(docs, factory, &mut out)?;
            if let Some(stray) = stray {
                take_up(docs, stray, &mut out);
            }
        }
        _ => {
            sweep(layout, &mut out);
            without_journal(docs, present, &mut out)?;
        }
    }
    Ok(out)
}

/// An edit that a save had pushed aside, with the name of its copy: it lies nowhere else once we write again.
struct Stray {
    bytes: Vec<u8>,
    doc: StateDoc,
    copy: String,
}

/// An edit that a save had pushed aside is judged, or kept where a later one is.
fn take_up(docs: &mut Documents, stray: Stray, out: &mut Outcome) {
    let Stray { bytes, doc, copy } = stray;
    let found = "an edit of state.json that a save had pushed aside was found";
    if out.claim.is_some() {
        let words = format!("{found} and is kept as {copy}; a later one is judged now");
        return out.repaired.push(words);
    }
    out.repaired
        .push(format!("{found} and is judged now; a copy is {copy}"));
    docs.seen = Some(Foreign {
        bytes: Some(bytes),
        doc: Some(doc.clone()),
        aside: true,
    });
    out.claim = Some(doc);
}

/// Reads state.json; waits while it is not readable and was written just now.
fn settled(docs: &Documents, last: Option<&StateDoc>) -> Result<Option<Vec<u8>>, StoreError> {
    for wait in [20, 50, 100, 250, 500, 500, 580] {
        let present = match docs.present() {
            Err(StoreError::Bad(_)) => return Ok(Some(Vec::new())),
            other => other?,
        };
        let readable = present.as_ref().is_none_or(|b| parse(b, last).is_ok());
        let old = std::fs::metadata(&docs.state).is_ok_and(|m| age(&m) > SETTLE);
        if readable || old {
            return Ok(present);
        }
        std::thread::sleep(Duration::from_millis(wait));
    }
    docs.present()
}

fn read_control(
    layout: &Layout,
    expected: bool,
    out: &mut Outcome,
) -> Result<Option<ControlDoc>, StoreError> {
    let path = layout.at("control.json");
    let bytes = match files::read(&path, files::CAP) {
        Ok(None) => return Ok(None),
        Ok(Some(bytes)) => bytes,
        Err(StoreError::Bad(why)) => return Err(StoreError::Bad(why)),
        Err(e) => return Err(e),
    };
    match serde_json::from_slice(&bytes) {
        Ok(doc) => Ok(Some(doc)),
        Err(e) => {
            let copy = refused::keep(&layout.dir, "control.json", &bytes)?;
            if expected {
                out.repaired.push(format!(
                    "control.json was not readable ({e}); written anew from the journal, the old one is {copy}"
                ));
            }
            Ok(None)
        }
    }
}

/// The table: which of the things that can lie there lies there.
fn judge(
    docs: &mut Documents,
    present: Option<Vec<u8>>,
    last: &StateDoc,
    cores: &[StateDoc],
    out: &mut Outcome,
) -> Result<(), StoreError> {
    let Some(bytes) = present else {
        out.repaired
            .push("state.json was missing; written anew from the journal".to_owned());
        return Ok(());
    };
    let doc = match parse(&bytes, Some(last)) {
        Ok(doc) => doc,
        Err(why) => return unreadable(docs, &bytes, &why, last, out),
    };
    let bare = StateDoc {
        other: serde_json::Map::new(),
        ..doc.clone()
    };
    let ours = docs.kept.as_ref().map(|k| k.state_sha256.clone()) == Some(sha256(&bytes));
    if same(&doc, last) {
        // Also an edit of lastUpdate or of other keys alone: taken over silently, and put into its proper form.
        docs.other = doc.other.clone();
        if says(&bytes, last) {
            docs.written = Some(last.clone());
            docs.ours = Some(bytes);
        } else {
            docs.seen = Some(Foreign {
                bytes: Some(bytes),
                doc: Some(doc),
                aside: false,
            });
        }
    } else if ours || cores.contains(&bare) {
        let words = match cores.contains(&bare) {
            true => "state.json was behind the journal; it was brought up",
            false => "state.json told of something the journal does not know; the journal counts",
        };
        out.repaired.push(words.to_owned());
        docs.other = doc.other;
        docs.written = Some(bare);
        docs.ours = Some(bytes);
    } else {
        docs.seen = Some(Foreign {
            bytes: Some(bytes),
            doc: Some(doc.clone()),
            aside: false,
        });
        out.claim = Some(doc);
    }
    Ok(())
}

/// A state.json that cannot be read is kept aside and written anew.
fn unreadable(
    docs: &mut Documents,
    bytes: &[u8],
    why: &str,
    last: &StateDoc,
    out: &mut Outcome,
) -> Result<(), StoreError> {
    let copy = match docs.present() {
        Ok(_) => refused::keep(&docs_dir(docs), "state.json", bytes)?,
        Err(_) => docs.give_up()?.unwrap_or_default(),
    };
    out.repaired.push(format!(
        "{why}; written anew from the journal, the old one is {copy}"
    ));
    // Already kept: replacing it must not keep it a second time.
    let known = docs.present().ok().flatten();
    docs.seen = known.map(|bytes| Foreign {
        bytes: Some(bytes),
        doc: Some(last.clone()),
        aside: false,
    });
    Ok(())
}

fn docs_dir(docs: &Documents) -> std::path::PathBuf {
    docs.state.parent().unwrap_or(Path::new(".")).to_owned()
}

/// Brings both documents up, unless an edit waits to be judged.
fn write(docs: &mut Documents, factory: &Factory, out: &mut Outcome) -> Result<(), StoreError> {
    if out.claim.is_some() && docs.ours.is_none() {
        // state.json holds the claim: it stays until it is judged.
        docs.written = Some(core(factory));
        return Ok(());
    }
    if let (Some(kept), Some(ours)) = (&mut docs.kept, &docs.ours) {
        let sha = sha256(ours);
        if kept.state_sha256 != sha && docs.written.as_ref() == Some(&core(factory)) {
            kept.state_sha256.clear();
            let prepared = docs.control_for(factory, sha)?;
            docs.save(prepared)?;
        }
    }
    let prepared = docs.stage(factory)?;
    docs.save(prepared)?;
    Ok(())
}

/// A home without a journal: the engine begins anew; what lies there may be replaced, its other keys stay.
fn without_journal(
    docs: &mut Documents,
    present: Option<Vec<u8>>,
    out: &mut Outcome,
) -> Result<(), StoreError> {
    let Some(bytes) = present else {
        return Ok(());
    };
    let doc = parse(&bytes, None).ok();
    if docs.kept.is_some() {
        out.repaired.push(
            "the journal is gone although this factory has worked before; it begins a new one"
                .to_owned(),
        );
    }
    if docs.present().is_err() {
        docs.give_up()?;
        return Ok(());
    }
    if doc.as_ref().is_none_or(|d| d.current_tool.is_some()) {
        let copy = refused::keep(&docs_dir(docs), "state.json", &bytes)?;
        out.repaired.push(format!(
            "state.json was there without a journal; a copy is kept as {copy}"
        ));
    }
    let other = doc.as_ref().map(|d| d.other.clone()).unwrap_or_default();
    docs.other = other;
    docs.ours = Some(bytes);
    Ok(())
}

/// An edit in a temporary file: a save exchanged the two and then the power went.
fn stray_edit(
    layout: &Layout,
    docs: &Documents,
    cores: &[StateDoc],
    present: Option<&[u8]>,
    out: &mut Outcome,
) -> Result<Option<Stray>, StoreError> {
    let dir = docs_dir(docs);
    let begins = |kind: &str| format!("{}{kind}.", files::TEMP);
    let staged_control = names(&layout.dir, &begins("control.json"));
    let known: Vec<String> = staged_control
        .iter()
        .filter_map(|bytes| serde_json::from_slice::<ControlDoc>(bytes).ok())
        .chain(docs.kept.clone())
        .map(|control| control.state_sha256)
        .collect();
    let keys = present.and_then(|bytes| Some(parse(bytes, None).ok()?.other));
    let keys = keys.unwrap_or_default();
    let mut found = None;
    for bytes in names(&dir, &begins("state.json")) {
        if present == Some(&bytes) {
            continue;
        }
        let Ok(doc) = parse(&bytes, None) else {
            continue;
        };
        let bare = StateDoc {
            other: serde_json::Map::new(),
            ..doc.clone()
        };
        let old = known.contains(&sha256(&bytes))
            || cores.contains(&bare)
            || cores.last().is_some_and(|last| same(last, &bare));
        if !old {
            let copy = refused::keep(&dir, "state.json", &bytes)?;
            found = Some(Stray { bytes, doc, copy });
        } else if keys != doc.other {
            // Ours from before other keys came or with keys about to be taken over, or an edit of keys alone: nobody can
            // tell any more.
            let copy = refused::keep(&dir, "state.json", &bytes)?;
            out.repaired.push(format!(
                "a state.json with other keys had been pushed aside; it is kept as {copy}"
            ));
        }
    }
    Ok(found)
}

/// Contents of the temporary files whose name begins so.
fn names(dir: &Path, begin: &str) -> Vec<Vec<u8>> {
    let all = files::names(dir);
    let ours = all.iter().filter(|n| n.starts_with(begin));
    ours.filter_map(|n| files::read(&dir.join(n), files::CAP).ok().flatten())
        .collect()
}

fn sweep(layout: &Layout, out: &mut Outcome) {
    let mut removed = 0;
    for dir in [
        layout.dir.clone(),
        layout.segments(),
        layout.run(),
        layout.done_commands(),
    ] {
        removed += files::sweep(&dir, Duration::ZERO);
    }
    // Senders stage there too, and may be at it right now.
    files::sweep(&layout.new_commands(), Duration::from_secs(600));
    if removed > 0 {
        out.repaired.push(format!(
            "{removed} temporary file{} of an interrupted save removed",
            if removed == 1 { "" } else { "s" }
        ));
    }
}

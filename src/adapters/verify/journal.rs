//! The journal by itself: every line's checksum, every number, the names of closed segments, and the disposable fold
//! against a fold from the first event on. On the way it is gathered what the journal says of papers and ships.

use super::finding::{Finding, Fix};
use super::{Checks, Cut, Report};
use crate::adapters::store::files;
use crate::adapters::store::fold::{self, Saved, core};
use crate::adapters::store::layout::{FOLDER, Layout};
use crate::adapters::store::line::{self, Scan};
use crate::domain::event::{Event, EventBody, RunSummary, ShipRecord};
use crate::domain::factory::Factory;
use crate::domain::phase::Outcome;
use crate::domain::state::StateDoc;
use crate::factory::ports::store::Paper;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::PathBuf;

const AREA: &str = "journal";

/// Earlier words of state.json that are told from a claim; more than moves of a day.
const CORES: usize = 2_000;

/// What the journal says of a paper that can be held against the file.
#[derive(Clone, Debug)]
pub enum Record {
    /// A spec with this hash.
    Spec(String),
    /// So many held-out cases.
    Cases(u32),
    /// What a run measured.
    Run(Box<RunSummary>),
    /// It is there.
    There,
}

/// A ship.
#[derive(Clone, Debug)]
pub struct Ship {
    /// The tool.
    pub tool: String,
    /// What was made.
    pub record: ShipRecord,
    /// Tree that was measured last before it.
    pub tree: Option<String>,
}

/// What the journal says.
#[derive(Debug, Default)]
pub struct Told {
    /// What all of it amounts to, as an engine would begin with; None in a home without a journal.
    pub factory: Option<Factory>,
    /// What state.json said after the newest moves.
    pub cores: VecDeque<StateDoc>,
    /// Of these, what a start knows for its own.
    pub fresh: Vec<StateDoc>,
    /// Papers it speaks of, and the event that does.
    pub papers: BTreeMap<String, (u64, Record, Paper)>,
    /// Tools that were shipped, oldest first.
    pub ships: Vec<Ship>,
    /// Tags that were there before the journal began.
    pub adopted: BTreeSet<String>,
    /// By tool: the event with which evidence of its older runs was rotated away.
    pub rotated: BTreeMap<String, u64>,
    /// Lines are damaged or missing: what they said is not known.
    pub holes: bool,
    /// The fold from the first event on.
    fold: Option<Factory>,
    /// Wrong, where journal/snapshot.json could be compared.
    differs: Option<bool>,
}

impl Told {
    /// Reads it whole.
    pub fn read(layout: &Layout, checks: &Checks, report: &mut Report) -> Result<Self, Cut> {
        let mut told = Self::default();
        let saved = snapshot(layout, report);
        let (segments, live) = segments(layout)?;
        let all = segments.len() + 1;
        for (at, (first, path)) in segments.iter().enumerate() {
            super::told(checks, AREA, at, all)?;
            let bytes = files::read(path, fold::SEGMENT_CAP)?.unwrap_or_default();
            let name = format!("{FOLDER}/journal/{first}.jsonl");
            let scan = line::scan(&bytes);
            named(*first, &name, &scan, report);
            told.segment(&name, &bytes, &scan, saved.as_ref(), report);
            if let Some(at) = scan.torn {
                let finding =
                    Finding::wrong(AREA, &name, "the end of the closed segment is damaged")
                        .line(number(&bytes, at));
                report.findings.push(finding.todo(LOST));
                told.holes = true;
            }
        }
        super::told(checks, AREA, all - 1, all)?;
        let name = format!("{FOLDER}/journal.jsonl");
        let scan = line::scan(&live);
        told.segment(&name, &live, &scan, saved.as_ref(), report);
        if let Some(at) = scan.torn {
            let finding = Finding::wrong(
                AREA,
                &name,
                "the last line is torn: what it was about never counted",
            )
            .line(number(&live, at));
            report.findings.push(finding.todo(STARTS).fix(Fix::Start));
        } else if scan.unended {
            let finding = Finding::wrong(AREA, &name, "the last line has no line end");
            report.findings.push(finding.todo(STARTS).fix(Fix::Start));
        }
        told.against(saved, layout, report)?;
        Ok(told)
    }

    /// The disposable fold against the journal's own; then the fold that engines use.
    fn against(
        &mut self,
        saved: Option<Saved>,
        layout: &Layout,
        report: &mut Report,
    ) -> Result<(), Cut> {
        let place = format!("{FOLDER}/journal/snapshot.json");
        let tip = self.fold.as_ref().map_or(0, |f| f.seq);
        match (saved, self.differs) {
            (Some(saved), _) if saved.seq > tip => {
                let what = format!(
                    "it knows event {} but the journal ends at {tip}: the newest events are lost",
                    saved.seq
                );
                let finding = Finding::wrong(AREA, place, what);
                report.findings.push(match self.holes {
                    true => finding.todo(LOST),
                    false => finding
                        .todo("put the journal back from a copy if you have one; --repair goes on from the journal as it is")
                        .fix(Fix::Snapshot),
                });
            }
            (Some(saved), Some(true)) if self.holes => {
                let what = format!(
                    "up to event {} it knows more than the journal, whose damaged lines it has read",
                    saved.seq
                );
                report.findings.push(Finding::note(AREA, place, what));
            }
            (Some(saved), Some(true)) => {
                let what = format!(
                    "it differs from what the journal amounts to at event {}",
                    saved.seq
                );
                let finding = Finding::wrong(AREA, place, what).fix(Fix::Snapshot);
                report.findings.push(finding);
                self.factory.clone_from(&self.fold);
                return Ok(());
            }
            _ => {}
        }
        let folded = fold::read(layout)?;
        self.factory = folded.factory;
        self.fresh = folded.cores;
        Ok(())
    }

    fn damaged(&mut self, file: &str, scan: &Scan, report: &mut Report) {
        for line in &scan.damaged {
            let finding = Finding::wrong(AREA, file, "the line is damaged and was skipped");
            report.findings.push(finding.line(*line).todo(LOST));
            self.holes = true;
        }
    }

    fn segment(
        &mut self,
        file: &str,
        bytes: &[u8],
        scan: &Scan,
        saved: Option<&Saved>,
        report: &mut Report,
    ) {
        self.damaged(file, scan, report);
        let mut lines = Lines::new(bytes);
        for (seq, range) in &scan.whole {
            let line = lines.of(range.start);
            let done = self.fold.as_ref().map_or(0, |f| f.seq);
            if *seq <= done {
                let what = format!("event {seq} is there a second time; the first one counts");
                let finding = Finding::wrong(AREA, file, what).line(line);
                report
                    .findings
                    .push(finding.todo("take the line out if it is a copy made by hand"));
                continue;
            }
            if *seq > done + 1 {
                let what = match seq - done {
                    2 => format!("event {} is missing before this line", done + 1),
                    _ => format!(
                        "events {} to {} are missing before this line",
                        done + 1,
                        seq - 1
                    ),
                };
                report
                    .findings
                    .push(Finding::wrong(AREA, file, what).line(line).todo(LOST));
                self.holes = true;
            }
            report.events += 1;
            match serde_json::from_slice::<Event>(bytes.get(range.clone()).unwrap_or_default()) {
                Ok(event) => self.take(&event),
                Err(why) => {
                    let what = format!("event {seq} is whole but not understood ({why})");
                    let todo = "it was written by another version: use that one, or go without what it said";
                    report
                        .findings
                        .push(Finding::wrong(AREA, file, what).line(line).todo(todo));
                    self.holes = true;
                    if let Some(factory) = &mut self.fold {
                        factory.seq = *seq;
                    }
                }
            }
            let ours = |saved: &&Saved| saved.seq == *seq && saved.version == fold::VERSION;
            if let Some(saved) = saved.filter(ours) {
                self.differs = Some(self.fold.as_ref() != Some(&saved.factory));
            }
        }
    }

    fn take(&mut self, event: &Event) {
        let factory = self.fold.get_or_insert_with(|| Factory::new(event.ts));
        let tool = event.tool.clone().or_else(|| factory.current_tool.clone());
        factory.apply(event);
        factory.seq = event.seq;
        let now = core(factory);
        if self.cores.back() != Some(&now) {
            self.cores.push_back(now);
            if self.cores.len() > CORES {
                self.cores.pop_front();
            }
        }
        if let EventBody::Swept(swept) = &event.body {
            let tools = swept.evidence.iter().cloned();
            self.rotated.extend(tools.map(|tool| (tool, event.seq)));
        }
        if let EventBody::Adopted(found) = &event.body {
            let tags = found.shipped.iter();
            self.adopted
                .extend(tags.map(|(tool, version)| format!("{tool}@{version}")));
        }
        let Some(tool) = tool else { return };
        if let EventBody::Move(made) = &event.body
            && made.outcome == Outcome::Ship
            && let Some(record) = &made.ship
        {
            let facts = factory.facts(&tool);
            let tree = facts
                .and_then(|f| f.last_run.as_ref())
                .map(|run| run.tree.clone());
            self.ships.push(Ship {
                tool: tool.clone(),
                record: record.clone(),
                tree,
            });
        }
        if let Some((paper, record)) = spoken_of(&event.body, tool) {
            let path = crate::adapters::store::layout::inside(&paper);
            self.papers.insert(path, (event.seq, record, paper));
        }
    }
}

/// The paper an event speaks of.
fn spoken_of(body: &EventBody, tool: String) -> Option<(Paper, Record)> {
    Some(match body {
        EventBody::SpecKept { n, sha256 } => (
            Paper::SpecVersion { tool, n: *n },
            Record::Spec(sha256.clone()),
        ),
        EventBody::CasesKept { n, count, .. } => {
            (Paper::Acceptance { tool, n: *n }, Record::Cases(*count))
        }
        EventBody::BugFiled { n, .. } => (Paper::Bug { tool, n: *n }, Record::There),
        EventBody::Reviewed { n, .. } => (Paper::Review { tool, n: *n }, Record::There),
        EventBody::Run(run) => {
            let record = Record::Run(Box::new(run.clone()));
            (Paper::Evidence { tool, run: run.run }, record)
        }
        _ => return None,
    })
}

/// What to do about what cannot be had again.
const LOST: &str = "put the file back from a copy if you have one; figures lack what it said";

/// What the next start does by itself.
const STARTS: &str = "the next start of the engine, or --repair, puts it right";

/// Closed segments by their first number.
type Closed = Vec<(u64, PathBuf)>;

/// Closed segments by number, and the live one as it was when no segment was closed meanwhile.
fn segments(layout: &Layout) -> Result<(Closed, Vec<u8>), Cut> {
    loop {
        let before = fold::segments(&layout.segments()).len();
        let live = files::read(&layout.journal(), fold::SEGMENT_CAP)?.unwrap_or_default();
        let closed = fold::segments(&layout.segments());
        if closed.len() == before {
            return Ok((closed, live));
        }
    }
}

/// A closed segment bears the number of its first event.
fn named(first: u64, file: &str, scan: &Scan, report: &mut Report) {
    match scan.whole.first() {
        Some((seq, _)) if *seq != first && scan.damaged.first() != Some(&1) => {
            let what = format!("it is named after event {first} but begins with event {seq}");
            let fix = Fix::Segment {
                from: format!("{first}.jsonl"),
                to: format!("{seq}.jsonl"),
            };
            report
                .findings
                .push(Finding::wrong(AREA, file, what).fix(fix));
        }
        Some(_) => {}
        None => {
            let finding = Finding::wrong(AREA, file, "the closed segment holds no whole line");
            report.findings.push(finding.todo(LOST));
        }
    }
}

/// journal/snapshot.json, when it is whole and understood.
fn snapshot(layout: &Layout, report: &mut Report) -> Option<Saved> {
    match fold::saved_fold(layout) {
        Ok(saved) => saved,
        Err(why) => {
            let place = format!("{FOLDER}/journal/snapshot.json");
            let what = format!("it cannot be used ({why}), so a start reads the whole journal");
            report
                .findings
                .push(Finding::wrong(AREA, place, what).fix(Fix::Snapshot));
            None
        }
    }
}

/// Line numbers of growing places, from 1.
struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
    line: usize,
}

impl<'a> Lines<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            at: 0,
            line: 1,
        }
    }

    fn of(&mut self, at: usize) -> usize {
        let passed = self.bytes.get(self.at..at).unwrap_or_default();
        self.line += passed.iter().filter(|b| **b == b'\n').count();
        self.at = at;
        self.line
    }
}

fn number(bytes: &[u8], at: usize) -> usize {
    Lines::new(bytes).of(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_from_one_on() {
        let mut lines = Lines::new(b"a\nbc\n\nd");
        assert_eq!([0, 2, 5, 6].map(|at| lines.of(at)), [1, 2, 3, 4]);
    }
}

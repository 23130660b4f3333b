//! What was in force when an attempt was made: the journal up to it, its papers and its files.

use super::Step;
use crate::adapters::git::GitRepo;
use crate::adapters::store::{files, readers};
use crate::agents::acting::Style;
use crate::agents::cycle::cycle;
use crate::agents::failure::Ground;
use crate::agents::spec::{self, Spec};
use crate::agents::{cases, scaffold};
use crate::cli::out::Fail;
use crate::domain::case::Case;
use crate::domain::command::Decision;
use crate::domain::decide::{allowed, disputable};
use crate::domain::event::{Event, EventBody, Turn};
use crate::domain::evidence::Evidence;
use crate::domain::factory::{Factory, ToolFacts};
use crate::domain::phase::Phase;
use crate::domain::stuck::{self, Cycle, RULES};
use crate::factory::ports::model::Reply;
use crate::factory::ports::settings::Settings;
use crate::factory::ports::store::Paper;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Largest file read, bytes.
const CAP: u64 = 64 * 1024 * 1024;

/// A line of a transcript.
#[derive(Debug, Deserialize)]
pub struct Line {
    /// Label of the turn.
    pub label: String,
    /// None where the turn failed.
    pub reply: Option<Reply>,
    #[serde(default)]
    request: Question,
}

/// What of a request its reply is read by.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Question {
    /// Names of the tools offered.
    tools: Vec<String>,
}

impl Line {
    /// How a turn of the tool loop was to call its tools.
    pub fn style(&self) -> Style {
        match self.request.tools.is_empty() {
            true => Style::Actions,
            false => Style::Tools,
        }
    }
}

/// The lines of a transcript, named by its path or by its place below dev-factory/transcripts.
pub fn lines(home: &Path, transcript: &Path) -> Result<Vec<Line>, Fail> {
    let places = [
        transcript.to_owned(),
        home.join("dev-factory/transcripts").join(transcript),
    ];
    let found = places.iter().find(|path| path.is_file());
    let Some(path) = found else {
        return Err(Fail::usage(format!(
            "{} is no transcript: they lie in {}; those of finished tools are rotated away when they outgrow keep.transcripts_mib",
            transcript.display(),
            home.join("dev-factory/transcripts").display()
        )));
    };
    let bad = |why: String| Fail::failed(format!("{}: {why}", path.display()));
    let bytes = files::read(path, CAP).map_err(|error| bad(error.to_string()))?;
    let text = String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned();
    let read = text.lines().enumerate().map(|(at, line)| {
        serde_json::from_str(line)
            .map_err(|error| bad(format!("line {} is no turn: {error}", at + 1)))
    });
    let lines: Vec<Line> = read.collect::<Result<_, _>>()?;
    match lines.is_empty() {
        true => Err(bad("it is empty".to_owned())),
        false => Ok(lines),
    }
}

/// The state of things at the start of the attempt, and what the journal says of it.
pub struct Past {
    home: PathBuf,
    /// Name of the tool.
    pub tool: String,
    /// The attempt's phase.
    pub phase: Phase,
    /// The accepted spec.
    pub spec: Option<Spec>,
    /// What a review could decide.
    pub allowed: Vec<Decision>,
    /// Cases that could be struck.
    pub strikable: Vec<String>,
    /// Turns of the attempt, each with the events up to the next.
    pub turns: Vec<(Turn, Vec<EventBody>)>,
    facts: ToolFacts,
    events: Vec<Event>,
}

impl Past {
    /// Of the attempt whose number the transcript's name begins with.
    pub fn of(
        home: &Path,
        transcript: &Path,
        lines: &[Line],
        settings: &Settings,
    ) -> Result<Self, Fail> {
        let label = lines.first().map_or("", |line| line.label.as_str());
        let mut parts = label.split('/');
        let tool = parts.next().unwrap_or_default().to_owned();
        let phase = parts.next().and_then(|word| word.parse().ok());
        let Some(phase) = phase else {
            return Err(Fail::failed(format!(
                "the label \"{label}\" names no tool and phase: this is no transcript of ours"
            )));
        };
        let name = transcript.file_name().unwrap_or_default().to_string_lossy();
        let number = name.split('-').next().and_then(|n| n.parse::<u64>().ok());
        let history = readers::history(home, 0).map_err(|e| Fail::failed(e.to_string()))?;
        let (facts, escalated, events) = split(history, number, &tool);
        let mut past = Self {
            home: home.to_owned(),
            tool,
            phase,
            spec: None,
            allowed: allowed(&facts, escalated, &settings.limits.ladder),
            strikable: disputable(&facts),
            turns: turns(&events),
            facts,
            events,
        };
        past.spec = past
            .paper(&Paper::SpecVersion {
                tool: past.tool.clone(),
                n: past.facts.specs,
            })
            .map(|text| spec::parse(&text));
        Ok(past)
    }

    fn paper(&self, paper: &Paper) -> Option<String> {
        readers::paper(&self.home, paper)
    }

    fn set(&self, n: u32) -> Vec<Case> {
        let paper = Paper::Acceptance {
            tool: self.tool.clone(),
            n,
        };
        let text = self.paper(&paper).unwrap_or_default();
        let read = cases::read_all(&text).into_iter();
        read.filter_map(|(_, case)| case.ok()).collect()
    }

    /// The tool's files as they lay when the attempt began; stubs where nothing was written.
    pub fn sources(&self) -> Result<BTreeMap<String, String>, Fail> {
        self.files(self.facts.commit.as_deref())
    }

    fn files(&self, commit: Option<&str>) -> Result<BTreeMap<String, String>, Fail> {
        let Some(spec) = &self.spec else {
            return Ok(BTreeMap::new());
        };
        let mut found: BTreeMap<String, String> = spec
            .modules()
            .into_iter()
            .map(|path| (path.clone(), scaffold::stub(spec, &path)))
            .collect();
        if let Some(commit) = commit {
            let repo = GitRepo::open(&self.home).map_err(|e| Fail::failed(e.to_string()))?;
            for path in spec.plan() {
                if let Some(text) = repo.file(&self.tool, commit, &path) {
                    found.insert(path, text);
                }
            }
        }
        Ok(found)
    }

    /// What the stuck rules say of the cycles before a repair, and what they said then.
    pub fn verdict(&self, settings: &Settings) -> Result<Vec<Step>, Fail> {
        if self.phase != Phase::Fixing {
            return Ok(Vec::new());
        }
        let (course, numbers) = (&self.facts.course, &settings.limits.ladder);
        let fired = stuck::judge(course, &self.facts.not_stuck, numbers);
        let then = self.events.iter().find_map(|event| match &event.body {
            EventBody::Stuck { rule, .. } if RULES.iter().any(|known| known.id == rule) => {
                Some(rule.clone())
            }
            _ => None,
        });
        let then = then.unwrap_or_else(|| "another repair".to_owned());
        let (now, words) = fired.map_or_else(
            || {
                (
                    "another repair".to_owned(),
                    stuck::stuck_words(course, &self.facts.not_stuck, numbers),
                )
            },
            |fired| (fired.rule.to_owned(), fired.words),
        );
        Ok(vec![Step {
            what: "the stuck rules before the repair".to_owned(),
            differs: then != now,
            then: Some(then),
            now,
            words,
        }])
    }

    /// What each run of the attempt says to the stuck rules, and what it said then.
    pub fn cycles(&self) -> Result<Vec<Step>, Fail> {
        let mut steps = Vec::new();
        for event in &self.events {
            let EventBody::Cycle(then) = &event.body else {
                continue;
            };
            let paper = Paper::Evidence {
                tool: self.tool.clone(),
                run: then.run,
            };
            let what = format!("what run {} says to the stuck rules", then.run);
            let evidence: Option<Evidence> = self
                .paper(&paper)
                .and_then(|text| serde_json::from_str(&text).ok());
            let (Some(spec), Some(evidence)) = (&self.spec, evidence) else {
                steps.push(Step {
                    what,
                    then: Some(summed(then)),
                    now: "not judged".to_owned(),
                    words: "its evidence or spec is not in this home, or rotated away (keep.evidence_mib)".to_owned(),
                    differs: false,
                });
                continue;
            };
            let sources = self.sources()?;
            let cases = self.public(spec);
            let ground = Ground {
                spec,
                sources: &sources,
                cases: &cases,
            };
            let now = cycle(&evidence, &ground);
            steps.push(Step {
                what,
                differs: now != *then,
                then: Some(summed(then)),
                now: summed(&now),
                words: now.error.unwrap_or_else(|| "no error".to_owned()),
            });
        }
        Ok(steps)
    }

    fn public(&self, spec: &Spec) -> Vec<Case> {
        let mut all = spec.examples.clone();
        for id in &self.facts.revealed {
            let mut sets = (1..=self.facts.case_sets).rev().map(|n| self.set(n));
            all.extend(sets.find_map(|set| set.into_iter().find(|case| case.id == *id)));
        }
        all.retain(|case| !self.facts.struck.contains(&case.id));
        all
    }
}

fn summed(cycle: &Cycle) -> String {
    let names: Vec<&str> = cycle.failing.iter().map(|one| one.name.as_str()).collect();
    match names.as_slice() {
        [] => format!("{} passed, nothing failed", cycle.passed),
        names => format!("{} passed, failed: {}", cycle.passed, names.join(", ")),
    }
}

/// What the tool's facts were when the attempt began, whether it was escalated, and the tool's events of the attempt.
fn split(history: Vec<Event>, number: Option<u64>, tool: &str) -> (ToolFacts, bool, Vec<Event>) {
    let begins = |event: &Event| match &event.body {
        EventBody::AttemptStarted(attempt) => Some(attempt.id),
        _ => None,
    };
    let start = history
        .iter()
        .position(|event| number.is_some() && begins(event) == number);
    let mut factory = Factory::new(chrono::DateTime::UNIX_EPOCH);
    let before = start.unwrap_or(history.len());
    for event in history.iter().take(before) {
        factory.apply(event);
    }
    let facts = factory.facts(tool).cloned().unwrap_or_default();
    let within = history
        .into_iter()
        .skip(before)
        .enumerate()
        .take_while(|(at, event)| *at == 0 || begins(event).is_none())
        .map(|(_, event)| event)
        .filter(|event| event.tool.as_deref() == Some(tool));
    (facts, factory.escalation.is_some(), within.collect())
}

fn turns(events: &[Event]) -> Vec<(Turn, Vec<EventBody>)> {
    let mut turns: Vec<(Turn, Vec<EventBody>)> = Vec::new();
    for event in events {
        match (&event.body, turns.last_mut()) {
            (EventBody::Turn(turn), _) => turns.push((turn.clone(), Vec::new())),
            (body, Some((_, after))) => after.push(body.clone()),
            _ => {}
        }
    }
    turns
}

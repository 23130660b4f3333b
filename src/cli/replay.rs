//! `replay`: today's harness over the recorded replies of one attempt, beside what was decided then; nothing is run or changed.

mod past;
mod show;

use super::args::Cli;
use super::out::{self, Done, Fail};
use super::{home, wire};
use crate::agents::replay::{self, Called, Judged, Then, judge};
use crate::domain::event::{EventBody, Turn};
use crate::domain::phase::Role;
use crate::domain::stuck::{self, Answer, Fault};
use crate::factory::ports::model::Reply;
use past::{Line, Past};
use serde::Serialize;
use std::collections::BTreeSet;
use std::path::Path;

/// One thing decided then, and what would be decided today.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Step {
    /// Label of the turn, or the rule asked.
    what: String,
    /// None where the journal does not say.
    then: Option<String>,
    now: String,
    /// In more words: what it is today, or why not.
    words: String,
    /// What was decided then would not be decided today.
    differs: bool,
}

/// Prints the steps of an attempt, those that differ marked.
pub fn run(cli: &Cli, home: &Path, transcript: &Path) -> Done {
    home::readable(home)?;
    let lines = past::lines(home, transcript)?;
    let settings = wire::settings(cli, Some(home), Vec::new())?.settings;
    let past = Past::of(home, transcript, &lines, &settings)?;
    let mut steps = past.verdict(&settings)?;
    steps.extend(replies(&past, lines, &settings)?);
    steps.extend(past.cycles()?);
    if cli.json {
        out::say(show::json(&steps))?;
    } else {
        out::put(&show::page(transcript, &steps))?;
    }
    Ok(0)
}

/// Replies to one prompt, as long as none could be used.
#[derive(Default)]
struct Prompted {
    stem: String,
    faults: Vec<Fault>,
}

fn replies(
    past: &Past,
    lines: Vec<Line>,
    settings: &crate::factory::ports::settings::Settings,
) -> Result<Vec<Step>, Fail> {
    let mut sources = past.sources()?;
    let (mut prompted, mut loop_wrote) = (Prompted::default(), BTreeSet::new());
    let mut steps = Vec::new();
    let mut turns = past.turns.iter();
    for line in lines {
        let recorded = turns.find(|(turn, _)| turn.label == line.label);
        let (stem, _) = line.label.rsplit_once('/').unwrap_or((&line.label, ""));
        if prompted.stem != stem {
            prompted = Prompted {
                stem: stem.to_owned(),
                faults: Vec::new(),
            };
        }
        let Some(reply) = &line.reply else { continue };
        let mut parts = stem.splitn(4, '/').skip(2);
        let (purpose, path) = (parts.next().unwrap_or_default(), parts.next());
        let then = Then {
            tool: &past.tool,
            phase: past.phase,
            spec: past.spec.as_ref(),
            sources: &sources,
            allowed: &past.allowed,
            cases: &past.strikable,
            numbers: &settings.harness.numbers,
            held_out: settings.harness.held_out,
            packages: &settings.packages,
        };
        let mut judged = judged(&line, reply, (purpose, path), &loop_wrote, &then);
        for (path, text) in std::mem::take(&mut judged.written) {
            loop_wrote.insert(path.clone());
            sources.insert(path, text);
        }
        match judged.fault {
            Some(fault) => prompted.faults.push(fault),
            None => prompted.faults.clear(),
        }
        steps.push(step(&line.label, recorded, judged, &prompted.faults));
    }
    Ok(steps)
}

fn judged(
    line: &Line,
    reply: &Reply,
    (purpose, path): (&str, Option<&str>),
    loop_wrote: &BTreeSet<String>,
    then: &Then<'_>,
) -> Judged {
    if reply.cut && !reply.only_thought() {
        return Judged {
            fault: Some(Fault::Cut),
            words: "it was cut at its limit of tokens".to_owned(),
            ..Judged::default()
        };
    }
    if purpose != "step" {
        return judge(purpose, path, &reply.text, then);
    }
    let called = Called {
        text: &reply.text,
        calls: &reply.calls,
        blocks: &reply.blocks,
        style: line.style(),
    };
    replay::step(&called, loop_wrote, then)
}

fn step(
    label: &str,
    recorded: Option<&(Turn, Vec<EventBody>)>,
    judged: Judged,
    faults: &[Fault],
) -> Step {
    let next = stuck::after(faults).map_or_else(String::new, |ruling| {
        format!("; {}: {}", ruling.rule, answer(ruling.answer))
    });
    let now = match (judged.fault, judged.refused) {
        (Some(_), _) => "not usable",
        (None, true) => "refused",
        (None, false) => "usable",
    };
    let then = recorded.map(|(turn, after)| then(turn, after));
    Step {
        what: label.to_owned(),
        differs: then.is_some_and(|then| then != now),
        then: then.map(str::to_owned),
        now: now.to_owned(),
        words: format!("{}{next}", judged.words),
    }
}

fn then(turn: &Turn, after: &[EventBody]) -> &'static str {
    let refused = after.iter().any(|body| {
        matches!(
            body,
            EventBody::SpecRefused {
                by: Role::Developer,
                ..
            }
        )
    });
    match (turn.ok, turn.malformed, refused) {
        (false, ..) => "failed",
        (_, true, _) => "not usable",
        (.., true) => "refused",
        _ => "usable",
    }
}

fn answer(answer: Answer) -> &'static str {
    match answer {
        Answer::Reformat => "its form is asked for again",
        Answer::Sample => "another sample",
        Answer::Unlike => "another sample, kept from repeating itself",
        Answer::Room => "more room",
        Answer::OtherModel => "another model",
        Answer::Afresh => "the line of work ends",
        Answer::Split => "the file must be split",
    }
}

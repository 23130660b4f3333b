//! The tool loop: the Developer's model reads, writes and runs tests by itself, within the same walls as file by file: the
//! write policy, tests after every edit, and so many turns.

mod job;

pub use job::Job;

use super::coding::{forbidden, keep, tried, verify, write_file};
use super::context::{Context, Stop};
use super::{files, samples};
use crate::agents::acting::{self, Action, Brief, Refused, Seen, Step, Style, TOOLS, Turned};
use crate::agents::developer::{self, FileBrief};
use crate::agents::digest::digest;
use crate::agents::failure::Ground;
use crate::agents::prompt::{data, whole};
use crate::agents::scaffold;
use crate::domain::screen::Level;
use crate::domain::stuck::{Fired, Rung};
use crate::text::sanitise::one_line;
use std::collections::{BTreeMap, BTreeSet};

/// Calls of tools that do not exist after which another model is asked.
const UNKNOWN: u32 = 3;
/// Characters kept of a reason.
const REASON: usize = 300;

/// One loop under way.
struct Bench {
    /// The files as they were when it began.
    start: BTreeMap<String, String>,
    past: Vec<Turned>,
    written: BTreeSet<String>,
    unknown: u32,
    /// What the tests said of the files as they are, and whether all pass; None: not run since the last edit.
    tested: Option<(String, bool)>,
}

/// Works until everything asked for is written and the tests pass, or the turns are used up.
pub async fn work(context: &mut Context, job: &Job<'_>) -> Result<(), Stop> {
    let mut bench = Bench {
        start: files::current(context, job.spec)?,
        past: Vec::new(),
        written: BTreeSet::new(),
        unknown: 0,
        tested: None,
    };
    // A person who has said "not stuck" gets a second round, and no third.
    let mut rounds = if context.off("S7") { 2 } else { 1 };
    loop {
        let turns = context.settings.harness.tool_turns;
        bench.past.clear();
        for turn in 1..=turns {
            let step = bench.ask(context, job).await?;
            if step.wanted.is_empty() {
                return Ok(());
            }
            let mut seen = bench.carry_out(context, job, &step).await?;
            if let Some(last) = seen.last_mut() {
                last.text += &bench.standing(job, turn, turns);
            }
            let said = step.said;
            bench.past.push(Turned { said, seen });
            let green = bench.tested.as_ref().is_some_and(|(_, green)| *green);
            if green && bench.complete(job) {
                return Ok(());
            }
        }
        // Failing tests are for the gates and the rules over cycles.
        if bench.may_end(job) {
            return Ok(());
        }
        rounds -= 1;
        if rounds == 0 {
            return Err(bench.used_up(context, job, turns).await);
        }
    }
}

impl Bench {
    /// The next reply; one that misses its form is asked for again by the rules over replies.
    async fn ask(&self, context: &mut Context, job: &Job<'_>) -> Result<Step, Stop> {
        let (numbers, nonce, hint) = (context.numbers(), context.nonce(), context.hint());
        let tried = tried(context, job.bugs.is_some());
        let brief = Brief {
            file: FileBrief {
                desk: context.desk(&numbers, &nonce),
                spec: job.spec,
                public: job.public,
                path: "src/cli.js",
                sources: &self.start,
                failure: job.bugs.as_deref(),
                hint: hint.as_deref(),
                tried: &tried,
                think: false,
            },
            style: job.style,
            targets: &job.targets,
            past: &self.past,
            results: context.settings.harness.tool_results as usize,
        };
        let prompt = match acting::step(&brief) {
            Ok(prompt) => prompt,
            Err(size) => return Err(context.too_large(format!("the tool loop: {size}")).await),
        };
        let (style, may_end) = (job.style, self.may_end(job));
        let read = |reply: &crate::factory::ports::model::Reply| {
            acting::read(&reply.text, &reply.calls, &reply.blocks, style, may_end)
        };
        let step = context.ask_whole(&prompt, read).await?;
        if step.salvaged {
            context.log(
                Level::Warn,
                "the calls stood in the text of the reply and were read there",
            );
        }
        Ok(step)
    }

    /// Everything a reply asks for, in order; the tests after it, where it wrote something.
    async fn carry_out(
        &mut self,
        context: &mut Context,
        job: &Job<'_>,
        step: &Step,
    ) -> Result<Vec<Seen>, Stop> {
        let writes = |action: &Result<Action, Refused>| matches!(action, Ok(Action::Write(..)));
        let writes = step.wanted.iter().filter(|w| writes(&w.action)).count();
        // A fence around the action itself is no file.
        let apart = job.style == Style::Tools && !step.salvaged;
        let fence = (apart && writes == 1 && step.said.content.contains("```"))
            .then_some(step.said.content.as_str());
        let mut all = Vec::new();
        for wanted in &step.wanted {
            let outcome = match &wanted.action {
                Ok(Action::Read(path)) => self.show(context, job, path)?,
                Ok(Action::Write(path, text)) => {
                    let given = (text.as_deref(), fence);
                    self.write(context, job, path, given).await?
                }
                Ok(Action::RunTests) => {
                    let text = self.test(context, job).await?;
                    Ok(("the tests were run".to_owned(), text))
                }
                Ok(Action::GiveUp(reason)) => return Err(gave_up(context, reason).await),
                Err(Refused::Words(words)) => Err(words.clone()),
                Err(Refused::Unknown) => {
                    self.unknown += 1;
                    if self.unknown >= UNKNOWN {
                        return Err(astray(context, &wanted.answers.name).await);
                    }
                    let name = one_line(&wanted.answers.name, 40);
                    Err(format!(
                        "there is no tool {name}; there are {}",
                        TOOLS.join(", ")
                    ))
                }
            };
            all.push(seen(context, wanted.answers.clone(), outcome));
        }
        let stubs = self.stubs(context, job)?;
        if writes > 0 && self.tested.is_none() && !stubs {
            let text = self.test(context, job).await?;
            if let Some(last) = all.last_mut() {
                last.text += &format!("\n{text}");
            }
        }
        Ok(all)
    }

    /// A file of the plan, or one the harness wrote.
    fn show(&self, context: &Context, job: &Job<'_>, path: &str) -> Result<Told, Stop> {
        let plan = job.spec.plan();
        let text = match plan.iter().any(|planned| planned == path) {
            true => files::read(context, path)?,
            false => {
                let packages = job.spec.packages(&context.settings.packages);
                let own = scaffold::harness(job.spec, &context.version, job.public, &packages);
                let found = own.into_iter().find(|(name, _)| name == path);
                found.map(|(_, text)| text)
            }
        };
        Ok(match text {
            Some(text) => Ok((
                format!("{path} was shown"),
                whole(&context.nonce, path, &text),
            )),
            None => Err(format!(
                "there is no file {}; the files are {}",
                one_line(path, 80),
                plan.join(", ")
            )),
        })
    }

    /// Writes what the write policy takes. A text that did not come with the call is asked for as file by file.
    async fn write(
        &mut self,
        context: &mut Context,
        job: &Job<'_>,
        path: &str,
        (text, fence): (Option<&str>, Option<&str>),
    ) -> Result<Told, Stop> {
        let numbers = context.numbers();
        let sources = files::current(context, job.spec)?;
        let again = job.bugs.is_some() || self.written.contains(path);
        let previous = sources.get(path).filter(|_| again).map(String::as_str);
        let planned = job.spec.plan().iter().any(|planned| planned == path);
        let spec = job.spec;
        let found = match (text, fence) {
            (Some(text), _) => developer::from_text(path, text, previous, spec, &sources, &numbers),
            (None, Some(fence)) => {
                developer::from_reply(path, fence, previous, spec, &sources, &numbers)
            }
            (None, None) if planned => {
                let failure = again.then(|| self.failure(job));
                write_file(context, spec, job.public, path, failure.as_deref()).await?;
                return Ok(Ok(self.wrote(path)));
            }
            (None, None) => developer::from_text(path, "", previous, spec, &sources, &numbers),
        };
        match found {
            Ok((text, mended)) => {
                keep(context, path, &text, mended).await?;
                Ok(Ok(self.wrote(path)))
            }
            Err(problem) => Ok(Err(format!("not written: {}", problem.problem))),
        }
    }

    fn wrote(&mut self, path: &str) -> (String, String) {
        self.written.insert(path.to_owned());
        self.tested = None;
        (format!("{path} was written"), String::new())
    }

    /// What a repair of one file is to settle.
    fn failure(&self, job: &Job<'_>) -> String {
        let tested = self.tested.as_ref().map(|(text, _)| text.as_str());
        let parts = [job.bugs.as_deref(), tested];
        let parts: Vec<&str> = parts.into_iter().flatten().collect();
        parts.join("\n\n")
    }

    /// What the tests say of the files as they are.
    async fn test(&mut self, context: &mut Context, job: &Job<'_>) -> Result<String, Stop> {
        if let Some((text, _)) = &self.tested {
            return Ok(data(&context.nonce, "test results", text));
        }
        let spec = job.spec;
        if let Some(words) = forbidden(context, spec)? {
            let words = data(&context.nonce, "why not", &words);
            return Ok(format!("The tests were not run:\n{words}"));
        }
        let Some(run) = verify(context, spec).await? else {
            return Ok("The tests were not run.".to_owned());
        };
        let sources = files::current(context, spec)?;
        let ground = Ground {
            spec,
            sources: &sources,
            cases: job.public,
        };
        let found = digest(&run, &[], None, &ground);
        let text = data(&context.nonce, "test results", &found.text);
        self.tested = Some((found.text, samples::passes(Some(&run))));
        Ok(text)
    }

    fn stubs(&self, context: &Context, job: &Job<'_>) -> Result<bool, Stop> {
        let sources = files::current(context, job.spec)?;
        let stub = |path: &String| sources.get(path).is_none_or(|text| scaffold::is_stub(text));
        Ok(job.spec.modules().iter().any(stub))
    }

    /// Files that are still to be written.
    fn missing(&self, job: &Job<'_>) -> Vec<String> {
        let wanted = match job.targets.is_empty() {
            true => job.spec.plan(),
            false => job.targets.clone(),
        };
        let missing = wanted.into_iter();
        missing
            .filter(|path| !self.written.contains(path))
            .collect()
    }

    /// Everything asked for is written.
    fn complete(&self, job: &Job<'_>) -> bool {
        self.missing(job).is_empty()
    }

    /// What there is can be measured: a whole tool, or any repair.
    fn may_end(&self, job: &Job<'_>) -> bool {
        match job.targets.is_empty() {
            true => self.complete(job),
            false => !self.written.is_empty(),
        }
    }

    /// Where the work stands, for the model.
    fn standing(&self, job: &Job<'_>, turn: u32, turns: u32) -> String {
        let missing = self.missing(job);
        let left = match missing.is_empty() {
            true => String::new(),
            false => format!(" Not written yet: {}.", missing.join(", ")),
        };
        format!("\nTurn {turn} of {turns} is over.{left}")
    }

    /// S7: so many turns, and nothing that could be measured.
    async fn used_up(&self, context: &mut Context, job: &Job<'_>, turns: u32) -> Stop {
        let missing = self.missing(job).join(", ");
        let fired = Fired {
            rule: "S7",
            words: format!("{turns} turns of the tool loop, and not written: {missing}"),
            evidence: self.past.iter().map(line).collect(),
            least: Rung::Afresh,
        };
        context.climb(fired).await
    }
}

/// A short line and everything, or why it was not done.
type Told = Result<(String, String), String>;

fn seen(context: &Context, mut answers: crate::agents::talk::Answered, outcome: Told) -> Seen {
    let (short, text) = match outcome {
        Ok((short, text)) => {
            let text = format!("{short}\n{text}");
            (short, text.trim_end().to_owned())
        }
        Err(words) => {
            answers.failed = true;
            (words.clone(), words)
        }
    };
    let name = one_line(&answers.name, 40);
    context.log(Level::Info, format!("{name}: {}", one_line(&short, REASON)));
    Seen {
        answers,
        short,
        text,
    }
}

/// A turn in one line.
fn line(turned: &Turned) -> String {
    let parts = turned.seen.iter();
    let parts: Vec<String> = parts
        .map(|seen| format!("{}: {}", seen.answers.name, seen.short))
        .collect();
    one_line(&parts.join("; "), REASON)
}

/// The model says that it cannot: the line of work is over.
async fn gave_up(context: &mut Context, reason: &str) -> Stop {
    let reason = one_line(reason, REASON);
    let fired = Fired {
        rule: "L1",
        words: format!("the model gave up: {reason}"),
        evidence: vec![reason],
        least: Rung::Afresh,
    };
    context.climb(fired).await
}

/// A model that keeps calling what there is not has no sense of its tools.
async fn astray(context: &mut Context, name: &str) -> Stop {
    let name = one_line(name, 40);
    let fired = Fired {
        rule: "S1",
        words: format!("{UNKNOWN} calls of tools that do not exist, the last of {name}"),
        evidence: vec![name],
        least: Rung::OtherModel,
    };
    context.climb(fired).await
}

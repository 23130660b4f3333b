//! The short turns of `doctor` with a model: whether it works, how fast and for how much, whether its answer fits a schema,
//! and whether it calls the tools it is offered.

use super::{Look, all_of};
use crate::agents::acting::{self, Style};
use crate::agents::prompt::{Mode, object};
use crate::agents::sampling;
use crate::domain::finding::{Finding, Severity};
use crate::domain::phase::Role;
use crate::factory::ports::model::{
    Delta, Fault, Message, ModelError, Reply, Speaker, TurnRequest,
};
use crate::factory::ports::settings::{HostKind, ModelRef};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::sync::mpsc::unbounded_channel;
use tokio::time::{Instant, timeout};

/// Longest a short turn may take, its model's loading included: Ollama itself gives up loading after as long.
const TURN: Duration = Duration::from_secs(300);
/// Below this a file of 4096 tokens takes a quarter of an hour.
const SLOW: f64 = 5.0;
/// With fewer tokens a speed says nothing.
const ENOUGH: u64 = 20;
/// Tokens a short turn may write: some sixty are needed.
const TOKENS: u32 = 256;

/// A short turn that came to its end.
struct Taken {
    reply: Reply,
    first: Duration,
    all: Duration,
}

/// What the short turns with a model told.
#[derive(Default)]
pub(super) struct Turns {
    pub(super) findings: Vec<Finding>,
    /// It takes no turn at all.
    pub(super) fails: bool,
    /// It takes none with tools.
    pub(super) refuses_tools: bool,
}

impl Look<'_> {
    /// One for a form, and one with tools where that costs nothing or is worth it.
    pub(super) async fn short_turns(&self, model: &ModelRef, name: &str) -> Turns {
        let wrong = |finding: &Finding| finding.severity == Severity::Error;
        let what = "a short turn";
        let progress = format!("{what}; loading a model may take minutes");
        (self.tell)(name, Some(&progress));
        let mut turns = Turns::default();
        match self.take(name, what, &counting(model)).await {
            Ok(taken) => turns.findings = told(name, &taken),
            Err(failed) => {
                turns.fails = wrong(&failed);
                turns.findings.push(failed);
                return turns;
            }
        }
        let needed = self.works_by_tools(model);
        if needed || self.models.free(&model.host, &model.model) {
            let what = "a short turn with tools";
            (self.tell)(name, Some(what));
            let called = match self.take(name, what, &reading(model)).await {
                Ok(taken) => called(name, &taken.reply),
                Err(failed) => failed,
            };
            turns.refuses_tools = wrong(&called);
            turns.findings.push(self.weighed(called, model, needed));
        }
        turns
    }

    /// The Developer may come to work with it by tools.
    fn works_by_tools(&self, model: &ModelRef) -> bool {
        self.by_tools(Role::Developer)
            && all_of(self.settings, Role::Developer).any(|one| one == model)
    }

    /// What is wrong with its calls matters only where they are needed.
    fn weighed(&self, called: Finding, model: &ModelRef, needed: bool) -> Finding {
        if called.severity == Severity::Fine {
            return called;
        }
        let host = self.settings.hosts.get(&model.host);
        let how = match host.map(|host| host.kind) {
            Some(HostKind::Vllm) => {
                "start the server with --enable-auto-tool-choice and --tool-call-parser, or name another model"
            }
            Some(HostKind::LlamaCpp) => "start the server with --jinja, or name another model",
            _ => "name another model",
        };
        match needed {
            true => Finding {
                remedy: format!(
                    "{how}, or set edits = \"actions\" or \"files\" under [roles.developer]"
                ),
                ..called
            },
            false => Finding {
                severity: Severity::Note,
                remedy: format!("before you set edits = \"tools\": {how}"),
                ..called
            },
        }
    }

    /// A turn, or how it failed although everything before looked well.
    async fn take(&self, name: &str, what: &str, request: &TurnRequest) -> Result<Taken, Finding> {
        let (pieces, mut arriving) = unbounded_channel();
        let asked = Instant::now();
        let first = async {
            let mut first = None;
            while let Some(piece) = arriving.recv().await {
                match piece {
                    Delta::Note(words) => (self.tell)(name, Some(&words)),
                    _ => first = first.or_else(|| Some(asked.elapsed())),
                }
            }
            first
        };
        let turn = timeout(TURN, self.models.turn(request, pieces));
        let (reply, first) = tokio::join!(turn, first);
        let all = asked.elapsed();
        match reply {
            Ok(Ok(reply)) => Ok(Taken {
                reply,
                first: first.unwrap_or(all),
                all,
            }),
            Ok(Err(error)) => Err(failed(name, what, &error)),
            Err(_) => Err(Finding::error(
                name,
                format!("gave no whole answer to {what} within {} s", TURN.as_secs()),
                "see the log of the server, or name a smaller model",
            )),
        }
    }
}

/// Asks for an answer that fits a schema and is long enough to have a speed.
fn counting(model: &ModelRef) -> TurnRequest {
    let numbers = json!({"type": "array", "items": {"type": "integer"}});
    TurnRequest {
        format: Some(object(&json!({ "numbers": numbers }))),
        ..request(
            model,
            "You answer with one JSON object and nothing else.",
            "Count from 1 to 20, as in {\"numbers\": [1, 2, 3]}.",
        )
    }
}

/// Asks for a call of one of the tools that the Developer's model is offered.
fn reading(model: &ModelRef) -> TurnRequest {
    TurnRequest {
        label: "doctor/short-turn/1".to_owned(),
        tools: acting::tools(),
        ..request(
            model,
            "You work by calling tools.",
            "Call the tool that shows the file src/cli.js.",
        )
    }
}

fn request(model: &ModelRef, system: &str, user: &str) -> TurnRequest {
    TurnRequest {
        label: "doctor/short-turn/0".to_owned(),
        host: model.host.clone(),
        model: model.model.clone(),
        messages: vec![
            Message::text(Speaker::System, system),
            Message::text(Speaker::User, user),
        ],
        think: false,
        max_tokens: TOKENS,
        sampling: sampling::of(&model.model, Mode::Decide, 0.0),
        presence_penalty: 0.0,
        tools: Vec::new(),
        format: None,
        seed: Some(1),
    }
}

/// What a reply tells of speed, cost and form.
fn told(name: &str, taken: &Taken) -> Vec<Finding> {
    let Taken { reply, first, all } = taken;
    let written = reply.output_tokens.map(|tokens| tokens as f64);
    let writing = all.saturating_sub(*first).as_secs_f64();
    // A reply that came in one piece was written before its first byte was seen.
    let over = if writing > 0.05 {
        writing
    } else {
        all.as_secs_f64()
    };
    let speed = reply
        .tokens_per_second
        .or_else(|| Some(written? / over.max(0.001)));
    let mut words = format!(
        "took a short turn: first token after {} ms",
        first.as_millis()
    );
    if let Some(speed) = speed {
        words += &format!(", {speed:.1} tokens a second");
    }
    words += &cost(reply);
    let fast = match speed {
        Some(speed) if speed < SLOW && reply.output_tokens >= Some(ENOUGH) => Finding::warning(
            name,
            words,
            "slow: a file takes a quarter of an hour; use a smaller model, or one that fits on the GPU",
        ),
        _ => Finding::fine(name, words),
    };
    let json = serde_json::from_str::<Value>(reply.text.trim()).ok();
    let fits = json.is_some_and(|value| value.get("numbers").is_some_and(Value::is_array));
    let form = match fits {
        // A model that always thinks may come no farther in so few tokens.
        false if reply.cut => Finding::note(
            name,
            "had not answered when its short turn was over, so it is not known whether it answers by a schema",
        ),
        true => Finding::fine(name, "answers in JSON by a schema"),
        false => Finding::warning(
            name,
            "does not answer in JSON by a schema, as verdicts are asked for",
            "expect replies that are asked for again, or name another model",
        ),
    };
    vec![fast, form]
}

/// Whether a reply calls a tool, as whoever carries calls out reads it.
fn called(name: &str, reply: &Reply) -> Finding {
    let step = acting::read(&reply.text, &reply.calls, &[], Style::Tools, false).ok();
    let step = step.filter(|step| step.wanted.iter().all(|wanted| wanted.action.is_ok()));
    match step {
        Some(step) if step.salvaged => Finding::warning(
            name,
            "prints its calls of tools as text, which costs turns",
            "",
        ),
        Some(_) => {
            let words = format!("calls a tool that it is offered{}", cost(reply));
            Finding::fine(name, words)
        }
        None if reply.cut => Finding::note(
            name,
            "had called no tool when its short turn was over, so it is not known whether it does",
        ),
        None => Finding::warning(name, "does not call a tool as it is asked to", ""),
    }
}

fn cost(reply: &Reply) -> String {
    let usd = reply.usd.filter(|usd| *usd > 0.0);
    usd.map_or_else(String::new, |usd| {
        format!(", for {usd:.4} USD, which no limit counts")
    })
}

/// A turn that failed although everything before looked well.
fn failed(name: &str, what: &str, error: &ModelError) -> Finding {
    let words = format!("failed in {what}: {error}");
    match error.fault {
        Fault::Busy => Finding::warning(name, words, error.fault.advice()),
        _ => Finding::error(name, words, error.fault.advice()),
    }
}

//! Turns: one request and its whole reply, transcribed, journaled, re-asked once when it has no usable form.

use super::ask::Spoiled;
use super::context::{Context, FromAgent, Origin, Stop, Voice};
use crate::agents::prompt::Prompt;
use crate::agents::reply::Malformed;
use crate::domain::actor;
use crate::domain::event::{EventBody, Turn};
use crate::domain::phase::{Outcome, Phase};
use crate::domain::screen::Level;
use crate::factory::ports::model::{Delta, Message, ModelError, Reply, Speaker, TurnRequest};
use crate::factory::ports::store::Paper;
use crate::text::redact::{RedactStream, Redactor};
use crate::text::repeat::Repeats;
use crate::text::sanitise::Sanitiser;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

/// Waits before a turn whose reply broke off is taken again (models.md 3 row 28).
const RETRY_AFTER: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(5)];

/// Pieces of a reply taken in one go.
const BURST: usize = 256;

impl Context {
    /// Asks once; an answer without a usable form is None and costs nothing more.
    pub async fn ask_once<T>(
        &mut self,
        prompt: &Prompt,
        read: impl Fn(&str) -> Result<T, Malformed>,
    ) -> Result<Option<T>, Stop> {
        Ok(self.turn(prompt, &read).await?.ok())
    }

    /// One turn whose answer is read at once, so that its record says whether it was usable.
    pub(super) async fn turn<T>(
        &mut self,
        prompt: &Prompt,
        read: &impl Fn(&str) -> Result<T, Malformed>,
    ) -> Result<Result<T, Spoiled>, Stop> {
        if let Err(size) = prompt.fits(&self.numbers()) {
            return Err(self.too_large(format!("{}: {size}", prompt.purpose)).await);
        }
        let mut tries = 0;
        loop {
            let request = self.request(prompt, tries)?;
            if let Some(recording) = self.recording.take() {
                recording.done().await?;
            }
            self.clear_to_go().await?;
            self.doing(format!("asking {} for {}", request.model, request.label));
            let started = tokio::time::Instant::now();
            let (outcome, showing) = self.exchange(&request).await;
            let millis = started.elapsed().as_millis() as u64;
            match outcome {
                Ok(reply) => {
                    return self.settle(&request, reply, millis, showing, read).await;
                }
                Err(error) => {
                    let _ = showing.await;
                    self.transcribe(&request, None, Some(&error))?;
                    self.record(vec![EventBody::Turn(self.failed(&request, &error, millis))])
                        .await?;
                    if let ModelError::Looping { detail, .. } = error {
                        self.looped += 1;
                        return Ok(Err(Spoiled::looping(detail)));
                    }
                    if let Some(stop) = self.hopeless(&error).await {
                        return Err(stop);
                    }
                    let Some(wait) = RETRY_AFTER
                        .get(tries as usize)
                        .filter(|_| !error.host_fault())
                    else {
                        return Err(Stop::Host(error));
                    };
                    self.log(
                        Level::Warn,
                        format!(
                            "{}; trying again in {} s",
                            self.words(&error),
                            wait.as_secs()
                        ),
                    );
                    tokio::time::sleep(*wait).await;
                    tries += 1;
                }
            }
        }
    }

    /// What ends the attempt, when taking the turn again cannot help.
    async fn hopeless(&mut self, error: &ModelError) -> Option<Stop> {
        match error {
            ModelError::Overflow { .. } => Some(self.too_large(self.words(error)).await),
            ModelError::NoScript { .. } => Some(Stop::Incident(error.to_string())),
            _ => None,
        }
    }

    /// A prompt that does not fit is never cut: the spec is too large for the window (S10).
    pub async fn too_large(&mut self, words: String) -> Stop {
        match self.phase {
            Phase::Coding | Phase::Qa | Phase::Fixing => {
                let mut report = self.report(Outcome::SpecDefect);
                report.actor = actor::ENGINE.to_owned();
                report.reason = Some(format!("S10: {words}"));
                Stop::Rule(Box::new(report))
            }
            _ => {
                let words = format!("{words}; give the {} a host with more num_ctx", self.role);
                self.stuck("S10", words, Vec::new()).await
            }
        }
    }

    /// The label of a prompt's next turn, and the request around it.
    fn request(&self, prompt: &Prompt, tries: u32) -> Result<TurnRequest, Stop> {
        let Some(model) = &self.model else {
            return Err(Stop::Incident(format!(
                "no model is set for the {}: name one under [roles.{}] in dev-factory/factory.toml",
                self.role, self.role
            )));
        };
        let stem = stem(&self.tool, self.phase, prompt);
        let n = self.facts.turns.get(&stem).copied().unwrap_or(0);
        Ok(TurnRequest {
            label: format!("{stem}/{n}"),
            host: model.host.clone(),
            model: model.model.clone(),
            messages: prompt
                .messages
                .iter()
                .map(|(system, content)| Message {
                    role: if *system {
                        Speaker::System
                    } else {
                        Speaker::User
                    },
                    content: content.clone(),
                })
                .collect(),
            think: prompt.think,
            max_tokens: prompt.max_tokens,
            temperature: prompt.temperature,
            top_p: prompt.top_p,
            presence_penalty: prompt.presence_penalty,
            format: prompt.format.clone(),
            seed: Some(self.attempt.wrapping_mul(1000) + u64::from(n + tries + self.looped)),
        })
    }

    /// Sends a request; its text goes to the live log as it arrives, by a task beside this one.
    async fn exchange(&self, request: &TurnRequest) -> (Result<Reply, ModelError>, JoinHandle<()>) {
        let (pieces, arriving) = mpsc::unbounded_channel();
        let (found, looping) = oneshot::channel();
        let showing = show(self.voice(), self.tools.redactor.clone(), arriving, found);
        let showing = tokio::spawn(showing);
        // Leaving the turn closes its connection, which ends the model's writing.
        let reply = tokio::select! {
            biased;
            reply = self.tools.models.turn(request, pieces) => reply,
            Ok(detail) = looping => Err(ModelError::Looping {
                host: request.host.clone(),
                detail,
            }),
        };
        let reply = reply.and_then(|reply| unlooped(request, reply));
        (reply, showing)
    }

    /// Reads a whole reply, then journals and transcribes it, both at the same time.
    async fn settle<T>(
        &mut self,
        request: &TurnRequest,
        reply: Reply,
        millis: u64,
        showing: JoinHandle<()>,
        read: &impl Fn(&str) -> Result<T, Malformed>,
    ) -> Result<Result<T, Spoiled>, Stop> {
        let value = if reply.cut {
            Err(Spoiled::cut(request.max_tokens))
        } else {
            read(&reply.text).map_err(|problem| Spoiled::malformed(&reply.text, problem))
        };
        let turn = Turn {
            label: request.label.clone(),
            role: self.role,
            host: request.host.clone(),
            model: request.model.clone(),
            ok: true,
            error: None,
            input_tokens: reply.input_tokens,
            output_tokens: reply.output_tokens,
            usd: reply.usd,
            millis,
            local: reply.local,
            scripted: reply.scripted,
            malformed: value.is_err(),
        };
        self.recording = Some(self.note(vec![EventBody::Turn(turn)]));
        self.transcribe(request, Some(&reply), None)?;
        // What follows in the log comes after the reply.
        let _ = showing.await;
        if let Some((stem, _)) = request.label.rsplit_once('/') {
            *self.facts.turns.entry(stem.to_owned()).or_default() += 1;
        }
        self.origin = Origin {
            scripted: reply.scripted,
            local: reply.local && !reply.scripted,
        };
        self.tell(FromAgent::Spoke {
            role: self.role,
            tokens_per_second: reply.tokens_per_second,
        });
        Ok(value)
    }

    /// An error in words that hold no secret.
    fn words(&self, error: &ModelError) -> String {
        self.tools.redactor.clean(&error.to_string())
    }

    fn failed(&self, request: &TurnRequest, error: &ModelError, millis: u64) -> Turn {
        let local = self.tools.models.local(&request.host);
        Turn {
            label: request.label.clone(),
            role: self.role,
            host: request.host.clone(),
            model: request.model.clone(),
            ok: false,
            error: Some(self.words(error)),
            input_tokens: None,
            output_tokens: None,
            usd: local.then_some(0.0),
            millis,
            local,
            scripted: false,
            malformed: false,
        }
    }

    /// Keeps request and reply, replayable.
    fn transcribe(
        &self,
        request: &TurnRequest,
        reply: Option<&Reply>,
        error: Option<&ModelError>,
    ) -> Result<(), Stop> {
        let line = Transcript {
            at: self.tools.clock.now(),
            label: &request.label,
            host: &request.host,
            model: &request.model,
            request: Asked {
                messages: &request.messages,
                think: request.think,
                max_tokens: request.max_tokens,
                temperature: request.temperature,
                top_p: request.top_p,
                seed: request.seed,
                format: request.format.as_ref(),
            },
            reply,
            error: error.map(ToString::to_string),
        };
        let line = serde_json::to_string(&line).map_err(|e| Stop::Incident(e.to_string()))?;
        let paper = Paper::Transcript {
            tool: self.tool.clone(),
            n: u32::try_from(self.attempt).unwrap_or(u32::MAX),
            role: self.role.to_string(),
            phase: self.phase.to_string(),
        };
        self.tools
            .store
            .append(&paper, &(line + "\n"))
            .map_err(Stop::from)
    }
}

/// A whole reply, unless it only repeats itself: one that came at once was not read while it streamed.
fn unlooped(request: &TurnRequest, reply: Reply) -> Result<Reply, ModelError> {
    match Repeats::default().push(&reply.text) {
        None => Ok(reply),
        Some(detail) => Err(ModelError::Looping {
            host: request.host.clone(),
            detail,
        }),
    }
}

/// A line of a transcript, replayable.
#[derive(Serialize)]
struct Transcript<'a> {
    at: DateTime<Utc>,
    label: &'a str,
    host: &'a str,
    model: &'a str,
    request: Asked<'a>,
    reply: Option<&'a Reply>,
    error: Option<String>,
}

/// What was asked: all of a request that its transcript does not name elsewhere.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Asked<'a> {
    messages: &'a [Message],
    think: bool,
    max_tokens: u32,
    temperature: f32,
    top_p: f32,
    seed: Option<u64>,
    format: Option<&'a Value>,
}

/// Passes streamed text to the live log.
async fn show(
    voice: Voice,
    redactor: Redactor,
    mut arriving: mpsc::UnboundedReceiver<Delta>,
    looping: oneshot::Sender<String>,
) {
    let (mut looping, mut saying, mut pondering) =
        (Some(looping), Repeats::default(), Repeats::default());
    let (mut text, mut thought) = (Shown::new(&redactor), Shown::new(&redactor));
    let mut pieces = Vec::new();
    // What came together is shown together: a line a token costs more than all else of a turn.
    while arriving.recv_many(&mut pieces, BURST).await > 0 {
        let (mut said, mut pondered) = (String::new(), String::new());
        for delta in pieces.drain(..) {
            match delta {
                Delta::Text(piece) => said.push_str(&piece),
                Delta::Thought(piece) => pondered.push_str(&piece),
            }
        }
        let again = saying.push(&said).or_else(|| pondering.push(&pondered));
        if let Some(words) = again
            && let Some(tell) = looping.take()
        {
            let _ = tell.send(words);
        }
        voice.line(Level::Thought, thought.push(&pondered));
        voice.line(Level::Stream, text.push(&said));
    }
    voice.line(Level::Thought, thought.rest());
    voice.line(Level::Stream, text.rest());
}

/// Streamed text made safe to show: no control characters, no secrets.
struct Shown {
    sanitiser: Sanitiser,
    redactor: RedactStream,
}

impl Shown {
    fn new(redactor: &Redactor) -> Self {
        Self {
            sanitiser: Sanitiser::default(),
            redactor: redactor.stream(),
        }
    }

    fn push(&mut self, piece: &str) -> String {
        let safe = self.sanitiser.push(piece.as_bytes());
        self.redactor.push(&safe)
    }

    fn rest(&mut self) -> String {
        self.redactor.finish()
    }
}

/// `tool/phase/purpose[/path]`: a label without its n.
fn stem(tool: &str, phase: Phase, prompt: &Prompt) -> String {
    match &prompt.path {
        Some(path) => format!("{tool}/{phase}/{}/{path}", prompt.purpose),
        None => format!("{tool}/{phase}/{}", prompt.purpose),
    }
}

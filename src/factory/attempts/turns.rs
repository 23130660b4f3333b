//! Turns: one request and its whole reply, transcribed, journaled, and taken again after a fault.

use super::ask::Spoiled;
use super::context::{Context, FromAgent, Origin, Stop};
use super::live;
use super::tries::{Next, Tries};
use crate::agents::prompt::Prompt;
use crate::agents::reply::Malformed;
use crate::domain::actor;
use crate::domain::event::{EventBody, Turn};
use crate::domain::phase::{Outcome, Phase};
use crate::domain::screen::Level;
use crate::factory::ports::model::{Fault, Message, ModelError, Reply, Speaker, TurnRequest};
use crate::text::tokens;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

impl Context {
    /// Asks once; an answer without a usable form is None and costs nothing more.
    pub async fn ask_once<T>(
        &mut self,
        prompt: &Prompt,
        read: impl Fn(&str) -> Result<T, Malformed>,
    ) -> Result<Option<T>, Stop> {
        Ok(self.turn(prompt, &read, true).await?.ok())
    }

    /// One turn whose answer is read at once, so that its record says whether it was usable. `spare`: work goes on without it,
    /// so nothing escalates.
    pub(super) async fn turn<T>(
        &mut self,
        prompt: &Prompt,
        read: &impl Fn(&str) -> Result<T, Malformed>,
        spare: bool,
    ) -> Result<Result<T, Spoiled>, Stop> {
        let mut tries = Tries::default();
        loop {
            let window = self.numbers().context;
            if let Err(size) = prompt.fits(&self.numbers()) {
                return Err(self.too_large(format!("{}: {size}", prompt.purpose)).await);
            }
            let asked = Asked {
                request: self.request(prompt, &tries)?,
                estimated: prompt.estimate(),
            };
            if let Some(value) = self.answered_before(&asked, read)? {
                return Ok(value);
            }
            if let Some(recording) = self.recording.take() {
                recording.done().await?;
            }
            self.clear_to_go().await?;
            let request = &asked.request;
            self.doing(format!("asking {} for {}", request.model, request.label));
            let started = tokio::time::Instant::now();
            let (outcome, showing) = self.exchange(request).await;
            let millis = started.elapsed().as_millis() as u64;
            let (error, thrown) = match outcome {
                Err(error) => (error, None),
                Ok(reply) => match self.cut_short(&asked, &reply) {
                    None => return self.settle(&asked, reply, millis, showing, read).await,
                    Some(error) => (error, Some(reply)),
                },
            };
            let _ = showing.await;
            self.transcribe(request, None, Some(&error))?;
            let failed = self.failed(&asked, &error, thrown.as_ref(), millis);
            self.record(vec![EventBody::Turn(failed)]).await?;
            if error.fault == Fault::Looping {
                self.looped += 1;
                return Ok(Err(Spoiled::looping(error.detail)));
            }
            let smaller = self.numbers().context < window;
            let next = tries.next(&error, smaller, self.replaceable || spare);
            self.act_on(error, next, tries.samples()).await?;
        }
    }

    /// What an answer gives that came before this attempt was begun; one that was not counted yet is counted now.
    fn answered_before<T>(
        &mut self,
        asked: &Asked,
        read: &impl Fn(&str) -> Result<T, Malformed>,
    ) -> Result<Option<Result<T, Spoiled>>, Stop> {
        let Some(known) = self.known(&asked.request)? else {
            return Ok(None);
        };
        self.log(
            Level::Info,
            format!("{} was answered before the cut", known.label),
        );
        let value = usable(&asked.request, &known.reply, read);
        self.came_from(&known.reply);
        if self.is_next(&known.label) {
            self.count(asked, &known.reply, 0, value.is_err());
        }
        Ok(Some(value))
    }

    /// What a fault leads to: nothing more to do here but the turn again, or the end of the attempt.
    async fn act_on(&mut self, error: ModelError, next: Next, samples: u32) -> Result<(), Stop> {
        let words = self.words(&error);
        match next {
            Next::Again(wait) => {
                let when = match wait.as_secs() {
                    0 => "at once".to_owned(),
                    seconds => format!("in {seconds} s"),
                };
                self.log(Level::Warn, format!("{words}; trying again {when}"));
                tokio::time::sleep(wait).await;
                Ok(())
            }
            Next::TooLarge => Err(self.too_large(words).await),
            Next::Stuck => {
                let words = format!("no whole reply in {samples} tries: {words}");
                Err(self.stuck("S1", words, Vec::new()).await)
            }
            Next::Broken => Err(Stop::Incident(words)),
            Next::Host => {
                if error.fault == Fault::Truncated {
                    self.alarm(words);
                }
                match self.model.clone() {
                    Some(model) => Err(Stop::Host { model, error }),
                    None => Err(Stop::Incident(error.to_string())),
                }
            }
        }
    }

    /// Tells people that a host does not do what it should.
    fn alarm(&self, words: String) {
        self.log(Level::Error, words.clone());
        self.tell(FromAgent::Alarm {
            role: self.role,
            words,
        });
    }

    /// The server read so much less than it was sent that it must have cut the prompt: the reply is to something else.
    fn cut_short(&self, asked: &Asked, reply: &Reply) -> Option<ModelError> {
        let expected = u64::from(tokens::scaled(asked.estimated, self.factor()));
        let counted = reply.input_tokens.filter(|_| !reply.scripted)?;
        tokens::cut_short(expected, counted).then(|| {
            let words = format!(
                "it read {counted} tokens of about {expected}: give the model more context there, or set num_ctx of this host to what it has"
            );
            ModelError::new(&asked.request.host, Fault::Truncated, words)
        })
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
    fn request(&self, prompt: &Prompt, tries: &Tries) -> Result<TurnRequest, Stop> {
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
                .map(|(system, content)| {
                    let role = match system {
                        true => Speaker::System,
                        false => Speaker::User,
                    };
                    Message::text(role, content.clone())
                })
                .collect(),
            think: prompt.think && tries.may_think(),
            max_tokens: prompt.max_tokens,
            temperature: prompt.temperature,
            top_p: prompt.top_p,
            presence_penalty: prompt.presence_penalty,
            format: prompt.format.clone(),
            seed: Some(self.attempt.wrapping_mul(1000) + u64::from(n + self.looped) + tries.seed()),
        })
    }

    /// Sends a request; its text goes to the live log as it arrives, by a task beside this one.
    async fn exchange(&self, request: &TurnRequest) -> (Result<Reply, ModelError>, JoinHandle<()>) {
        let (pieces, arriving) = mpsc::unbounded_channel();
        let (found, looping) = oneshot::channel();
        let showing = live::show(self.voice(), self.tools.redactor.clone(), arriving, found);
        let showing = tokio::spawn(showing);
        // Leaving the turn closes its connection, which ends the model's writing.
        let reply = tokio::select! {
            biased;
            reply = self.tools.models.turn(request, pieces) => reply,
            Ok(detail) = looping => Err(ModelError::new(&request.host, Fault::Looping, detail)),
        };
        let reply = reply.and_then(|reply| live::unlooped(request, reply));
        (reply, showing)
    }

    /// Reads a whole reply, then journals and transcribes it, both at the same time.
    async fn settle<T>(
        &mut self,
        asked: &Asked,
        reply: Reply,
        millis: u64,
        showing: JoinHandle<()>,
        read: &impl Fn(&str) -> Result<T, Malformed>,
    ) -> Result<Result<T, Spoiled>, Stop> {
        let request = &asked.request;
        let value = usable(request, &reply, read);
        // First: an answer that is counted must be there to be used again after a cut.
        self.transcribe(request, Some(&reply), None)?;
        let slow = self.count(asked, &reply, millis, value.is_err());
        // What follows in the log comes after the reply.
        let _ = showing.await;
        self.came_from(&reply);
        self.tell(FromAgent::Spoke {
            role: self.role,
            tokens_per_second: reply.tokens_per_second,
        });
        if let (Some(usual), Some(speed)) = (slow, reply.tokens_per_second) {
            self.alarm(format!(
                "{} writes {speed:.1} tokens a second, usually {:.1}: another program may use its GPU, or part of the model lies on its CPU",
                request.host,
                f64::from(usual) / 10.0
            ));
        }
        Ok(value)
    }

    /// Records a whole reply; how many tenths of a token a second are usual, when it came far slower.
    fn count(&mut self, asked: &Asked, reply: &Reply, millis: u64, malformed: bool) -> Option<u32> {
        let turn = Turn {
            ok: true,
            malformed,
            ..self.told(asked, Some(reply), millis)
        };
        let usual = self.speeds.get(&turn.place()).copied();
        let slow = usual.filter(|usual| turn.slow(*usual));
        self.recording = Some(self.note(vec![EventBody::Turn(turn)]));
        self.learn(asked, reply);
        if let Some((stem, _)) = asked.request.label.rsplit_once('/') {
            *self.facts.turns.entry(stem.to_owned()).or_default() += 1;
        }
        slow
    }

    fn came_from(&mut self, reply: &Reply) {
        self.origin = Origin {
            scripted: reply.scripted,
            local: reply.local && !reply.scripted,
        };
    }

    /// Whether the journal has not counted a turn of this label yet.
    fn is_next(&self, label: &str) -> bool {
        label.rsplit_once('/').is_some_and(|(stem, n)| {
            let counted = self.facts.turns.get(stem).copied().unwrap_or(0);
            n.parse() == Ok(counted)
        })
    }

    /// What the server counted teaches the next prompt of this attempt; the journal teaches the next attempts.
    fn learn(&mut self, asked: &Asked, reply: &Reply) {
        if let Some(counted) = reply.input_tokens.filter(|_| !reply.scripted) {
            let factor = tokens::learn(self.factor(), u64::from(asked.estimated), counted);
            self.factors.insert(asked.request.model.clone(), factor);
        }
    }

    /// An error in words that hold no secret.
    fn words(&self, error: &ModelError) -> String {
        self.tools.redactor.clean(&error.to_string())
    }

    /// The record of a turn that failed; what a reply that was thrown away has cost is not lost.
    fn failed(
        &self,
        asked: &Asked,
        error: &ModelError,
        thrown: Option<&Reply>,
        millis: u64,
    ) -> Turn {
        Turn {
            error: Some(self.words(error)),
            ..self.told(asked, thrown, millis)
        }
    }

    /// What a reply tells of its turn.
    fn told(&self, asked: &Asked, reply: Option<&Reply>, millis: u64) -> Turn {
        let request = &asked.request;
        let local = reply.map_or_else(|| self.tools.models.local(&request.host), |r| r.local);
        Turn {
            label: request.label.clone(),
            role: self.role,
            host: request.host.clone(),
            model: request.model.clone(),
            ok: false,
            error: None,
            estimated: Some(u64::from(asked.estimated)),
            input_tokens: reply.and_then(|r| r.input_tokens),
            output_tokens: reply.and_then(|r| r.output_tokens),
            cached: reply.map(|r| r.cached).unwrap_or_default(),
            rate: reply.and_then(|r| r.rate.clone()),
            usd: reply.map_or(local.then_some(0.0), |r| r.usd),
            millis,
            speed: reply
                .and_then(|r| r.tokens_per_second)
                .map(|speed| (speed * 10.0).round() / 10.0),
            local,
            scripted: reply.is_some_and(|r| r.scripted),
            malformed: false,
        }
    }
}

/// What a whole reply gives, or why none of it can be used.
fn usable<T>(
    request: &TurnRequest,
    reply: &Reply,
    read: &impl Fn(&str) -> Result<T, Malformed>,
) -> Result<T, Spoiled> {
    match reply.defect() {
        Some(Fault::Cut) => Err(Spoiled::cut(request.max_tokens)),
        Some(_) => Err(Spoiled::empty()),
        None => read(&reply.text).map_err(|problem| Spoiled::malformed(&reply.text, problem)),
    }
}

/// A request and how long its prompt was thought to be, tokens.
struct Asked {
    request: TurnRequest,
    estimated: u32,
}

/// `tool/phase/purpose[/path]`: a label without its n.
fn stem(tool: &str, phase: Phase, prompt: &Prompt) -> String {
    match &prompt.path {
        Some(path) => format!("{tool}/{phase}/{}/{path}", prompt.purpose),
        None => format!("{tool}/{phase}/{}", prompt.purpose),
    }
}

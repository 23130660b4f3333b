//! Turns: one request and its whole reply, transcribed, journaled, and taken again after a fault.

use super::ask::{Spoiled, spoken};
use super::context::{Context, FromAgent, Stop};
use super::live::{self, Came};
use super::tries::{Next, Tries};
use crate::agents::prompt::{Mode, Prompt};
use crate::agents::reply::Malformed;
use crate::agents::sampling;
use crate::domain::actor;
use crate::domain::event::EventBody;
use crate::domain::label::Label;
use crate::domain::phase::{Outcome, Phase};
use crate::domain::screen::Level;
use crate::factory::ports::model::{Fault, Message, ModelError, Reply, Speaker, TurnRequest};
use crate::factory::trial;
use crate::text::tokens;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

impl Context {
    /// Asks once; an answer without a usable form is None and costs nothing more.
    pub async fn ask_once<T>(
        &mut self,
        prompt: &Prompt,
        read: impl Fn(&str) -> Result<T, Malformed>,
    ) -> Result<Option<T>, Stop> {
        Ok(self.turn(prompt, &spoken(read), true).await?.ok())
    }

    /// One turn whose answer is read at once, so that its record says whether it was usable. `spare`: work goes on without it,
    /// so nothing escalates.
    pub(super) async fn turn<T>(
        &mut self,
        prompt: &Prompt,
        read: &impl Fn(&Reply) -> Result<T, Malformed>,
        spare: bool,
    ) -> Result<Result<T, Spoiled>, Stop> {
        let mut tries = Tries::new(self.first_wait());
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
            self.goes_out(&asked).await?;
            let request = &asked.request;
            let begun = (tokio::time::Instant::now(), self.tools.clock.stopped());
            let (outcome, came) = self.exchange(request).await;
            let millis = self.worked(begun);
            let (error, thrown, measured) = match outcome {
                Err(error) => (error, None, None),
                Ok(reply) => match self.judged(&asked, &reply, &came).await {
                    (None, measured) => {
                        let value = self.settle(&asked, reply, millis, read).await;
                        self.also(measured);
                        return value;
                    }
                    (Some(error), measured) => (error, Some(reply), measured),
                },
            };
            let chars = came.said + came.pondered;
            let thrown = thrown.or_else(|| self.broken_off(&asked, &error, chars));
            let kept = self.transcribe(request, None, Some(&error));
            let failed = EventBody::Turn(self.failed(&asked, &error, thrown.as_ref(), millis));
            self.record([failed].into_iter().chain(measured).collect())
                .await?;
            kept?;
            if error.fault == Fault::Looping {
                self.looped += 1;
                return Ok(Err(Spoiled::looping(error.detail, came.said == 0)));
            }
            let smaller = self.numbers().context < window;
            let next = tries.next(&error, smaller, self.replaceable || spare);
            self.act_on(error, next, tries.samples()).await?;
        }
    }

    /// Says what is asked for and waits until it may go out: the last turn has its record, and nothing holds this one.
    async fn goes_out(&mut self, asked: &Asked) -> Result<(), Stop> {
        let words = Label::of(&asked.request.label).words();
        // The loop need not be woken for it while it records.
        self.doing(&words);
        if let Some(recording) = self.recording.take() {
            recording.soon().await?;
        }
        if self.clear_to_go().await? {
            self.doing(&words);
        }
        self.begins(asked).await
    }

    /// Milliseconds since a moment and what the process had been stopped for by then: nobody worked in stops.
    fn worked(&self, (begun, stopped): (tokio::time::Instant, Duration)) -> u64 {
        let stopped = self.tools.clock.stopped().saturating_sub(stopped);
        begun.elapsed().saturating_sub(stopped).as_millis() as u64
    }

    /// What an answer gives that came before this attempt was begun; one that was not counted yet is counted now.
    fn answered_before<T>(
        &mut self,
        asked: &Asked,
        read: &impl Fn(&Reply) -> Result<T, Malformed>,
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
            // Where the attempt that counts it is looked for: the one it came in may be forgotten.
            self.transcribe(&asked.request, Some(&known.reply), None)?;
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
            Next::Smaller => {
                let window = self.numbers().context;
                let words = format!("begun again with prompts for {window} tokens: {words}");
                self.log(Level::Warn, words.clone());
                Err(Stop::Dropped(words))
            }
            Next::TooLarge => Err(self.too_large(words).await),
            Next::Poison if self.speaks().await => {
                let words = format!("this prompt ended its model twice: {words}");
                Err(self.too_large(words).await)
            }
            Next::Stuck => {
                let words = format!("no whole reply in {samples} tries: {words}");
                let evidence = vec![self.words(&error)];
                Err(self.stuck("S1", words, evidence).await)
            }
            Next::Broken => Err(Stop::Incident(words)),
            Next::Host | Next::Poison => {
                if matches!(error.fault, Fault::Truncated | Fault::Hung) {
                    self.alarm(words);
                }
                match self.model.clone() {
                    Some(model) => Err(Stop::Host {
                        model,
                        error: Box::new(error),
                    }),
                    None => Err(Stop::Incident(error.to_string())),
                }
            }
        }
    }

    /// Whether the model answers something else than this prompt; a paid host is asked for nothing but turns.
    async fn speaks(&self) -> bool {
        let models = self.tools.models.as_ref();
        let model = self.model.as_ref();
        match model.filter(|model| models.free(&model.host, &model.model)) {
            Some(model) => trial::chat(models, model).await.is_none(),
            None => false,
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

    /// What makes a whole reply worth nothing, and the turn that was taken to find out.
    async fn judged(
        &mut self,
        asked: &Asked,
        reply: &Reply,
        came: &Came,
    ) -> (Option<ModelError>, Option<EventBody>) {
        let measured = match self.cut_short(asked, reply) {
            Some(_) => {
                // Its cost is known by now, and the measuring may be cancelled.
                self.came(asked, reply);
                self.measure(asked).await
            }
            None => None,
        };
        let unusable = live::looped(&asked.request, reply, came);
        // After it was measured: what was learned may say that nothing was cut.
        (unusable.or_else(|| self.cut_short(asked, reply)), measured)
    }

    /// Journals what need not be waited for.
    fn also(&self, body: Option<EventBody>) {
        if let Some(body) = body {
            drop(self.note(vec![body]));
        }
    }

    /// The first wait of the host asked now.
    fn first_wait(&self) -> Duration {
        let host = self.model.as_ref().map(|model| &model.host);
        let host = host.and_then(|host| self.settings.hosts.get(host));
        host.map_or(Duration::from_secs(1), |host| host.retry)
    }

    /// The server read so much less than it was sent that it must have cut the prompt: the reply is to something else.
    fn cut_short(&self, asked: &Asked, reply: &Reply) -> Option<ModelError> {
        let expected = self.read(asked);
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
        let model = self.model.as_ref().map(ToString::to_string);
        let window = format!(
            "{} in {}: the window of {} has {} tokens",
            self.role,
            self.phase,
            model.unwrap_or_default(),
            self.numbers().context
        );
        let evidence = vec![words.clone(), window];
        match self.phase {
            Phase::Coding | Phase::Qa | Phase::Fixing => {
                let verdict = EventBody::Stuck {
                    rule: "S10".to_owned(),
                    words: words.clone(),
                    evidence,
                    next: "the spec is written anew, shorter".to_owned(),
                };
                if let Err(stop) = self.record(vec![verdict]).await {
                    return stop;
                }
                let mut report = self.report(Outcome::SpecDefect);
                report.actor = actor::ENGINE.to_owned();
                report.reason = Some(format!("S10: {words}"));
                Stop::Rule(Box::new(report))
            }
            _ => {
                let words = format!("{words}; give the {} a host with more num_ctx", self.role);
                self.stuck("S10", words, evidence).await
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
        let may = tries.may_think() && !self.settings.role(self.role).thoughtless;
        let think = prompt.think && may;
        let mode = match prompt.mode {
            Mode::Think if !think => Mode::Write,
            mode => mode,
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
                .chain(prompt.talk.iter().cloned())
                .collect(),
            tools: prompt.tools.clone(),
            think,
            max_tokens: prompt.max_tokens,
            sampling: sampling::of(&model.model, mode, prompt.warmer),
            presence_penalty: prompt.presence_penalty,
            // Who thinks answers freely first; the form is asked for again where it is missed, with the schema then.
            format: prompt.format.clone().filter(|_| !think),
            seed: Some(self.attempt.wrapping_mul(1000) + u64::from(n + self.looped) + tries.seed()),
        })
    }

    /// Sends a request; its text goes to the live log as it arrives.
    async fn exchange(&self, request: &TurnRequest) -> (Result<Reply, ModelError>, Came) {
        let (pieces, arriving) = mpsc::unbounded_channel();
        let (found, looping) = oneshot::channel();
        let showing = live::show(self.voice(), &self.tools.redactor, arriving, found);
        // Leaving the turn closes its connection, which ends the model's writing.
        let reply = async {
            tokio::select! {
                biased;
                reply = self.tools.models.turn(request, pieces) => reply,
                Ok(detail) = looping => Err(ModelError::new(&request.host, Fault::Looping, detail)),
            }
        };
        tokio::join!(biased; reply, showing)
    }

    /// Reads a whole reply, then journals and transcribes it, both at the same time.
    async fn settle<T>(
        &mut self,
        asked: &Asked,
        reply: Reply,
        millis: u64,
        read: &impl Fn(&Reply) -> Result<T, Malformed>,
    ) -> Result<Result<T, Spoiled>, Stop> {
        let request = &asked.request;
        // Before it is kept: a reply that its reader panics over would be found again by every attempt after this one.
        let value = usable(request, &reply, read);
        // Before it is counted: an answer that is counted must be there to be used again after a cut.
        let kept = self.transcribe(request, Some(&reply), None);
        let odd = self.count(asked, &reply, millis, value.is_err());
        // It has cost what it has cost, kept or not.
        kept?;
        self.came_from(&reply);
        self.tell(FromAgent::Spoke {
            role: self.role,
            tokens_per_second: reply.tokens_per_second,
        });
        if !odd.is_empty() {
            self.alarm(odd.join("; "));
        }
        Ok(value)
    }
}

/// What a whole reply gives, or why none of it can be used.
fn usable<T>(
    request: &TurnRequest,
    reply: &Reply,
    read: &impl Fn(&Reply) -> Result<T, Malformed>,
) -> Result<T, Spoiled> {
    match reply.defect() {
        Some(Fault::Cut) if !reply.only_thought() => Err(Spoiled::cut(request.max_tokens)),
        Some(_) => Err(Spoiled::empty(&reply.thought)),
        None => read(reply).map_err(|problem| Spoiled::malformed(&reply.text, problem)),
    }
}

/// A request and how long its prompt was thought to be, tokens.
pub(super) struct Asked {
    pub(super) request: TurnRequest,
    pub(super) estimated: u32,
}

/// `tool/phase/purpose[/path]`: a label without its n.
fn stem(tool: &str, phase: Phase, prompt: &Prompt) -> String {
    match &prompt.path {
        Some(path) => format!("{tool}/{phase}/{}/{path}", prompt.purpose),
        None => format!("{tool}/{phase}/{}", prompt.purpose),
    }
}

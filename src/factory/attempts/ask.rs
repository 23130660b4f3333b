//! Asking until an answer can be used: what follows each spoiled reply is a rule's word (S1, S7, S8, S9).

use super::context::{Context, Stop};
use crate::agents::prompt::{Prompt, reformat};
use crate::agents::reply::Malformed;
use crate::domain::actor;
use crate::domain::event::EventBody;
use crate::domain::phase::{Outcome, Phase};
use crate::domain::screen::Level;
use crate::domain::stuck::{self, Answer, Fault, Fired, Ruling, Rung};

/// Penalty on repetition after a reply that repeated itself (harness S8).
const PENALTY: f32 = 0.7;

/// A reply that cannot be used.
pub struct Spoiled {
    /// What is wrong with it.
    pub fault: Fault,
    /// The reply, where it came to its end.
    pub text: String,
    /// For its author.
    pub problem: Malformed,
}

impl Spoiled {
    /// A whole reply without a usable form.
    pub fn malformed(text: &str, problem: Malformed) -> Self {
        let fault = match problem.bare {
            true => Fault::Monologue,
            false => Fault::Form,
        };
        Self {
            fault,
            text: text.to_owned(),
            problem,
        }
    }

    /// A reply that was cut at so many tokens.
    pub fn cut(tokens: u32) -> Self {
        Self {
            fault: Fault::Cut,
            text: String::new(),
            problem: Malformed::new(format!("the reply was cut at {tokens} tokens")),
        }
    }

    /// A reply that was broken off because it repeated itself.
    pub fn looping(detail: String) -> Self {
        Self {
            fault: Fault::Loop,
            text: String::new(),
            problem: Malformed::new(detail),
        }
    }
}

/// One prompt under way.
struct Asking<'a> {
    prompt: &'a Prompt,
    /// Faults of the present model.
    faults: Vec<Fault>,
    /// What was wrong with each reply.
    problems: Vec<String>,
    /// Models asked so far.
    asked: Vec<String>,
}

impl Context {
    /// Asks until the answer has a usable form, by another model too where one is named; then the rules decide.
    pub async fn ask<T>(
        &mut self,
        prompt: &Prompt,
        read: impl Fn(&str) -> Result<T, Malformed>,
    ) -> Result<T, Stop> {
        let usual = self.model.clone();
        let mut asking = Asking {
            prompt,
            faults: Vec::new(),
            problems: Vec::new(),
            asked: usual.iter().map(ToString::to_string).collect(),
        };
        let mut next = prompt.clone();
        loop {
            let spoiled = match self.turn(&next, &read).await? {
                Ok(value) => {
                    self.model = usual;
                    return Ok(value);
                }
                Err(spoiled) => spoiled,
            };
            let problem = &spoiled.problem.problem;
            self.log(Level::Warn, format!("reply not usable: {problem}"));
            asking.faults.push(spoiled.fault);
            asking.problems.push(problem.clone());
            let Some(ruling) = stuck::after(&asking.faults) else {
                continue;
            };
            next = self.again(&mut asking, ruling, &next, &spoiled).await?;
        }
    }

    /// The prompt that follows a spoiled reply, or what ends the asking.
    async fn again(
        &mut self,
        asking: &mut Asking<'_>,
        ruling: Ruling,
        last: &Prompt,
        spoiled: &Spoiled,
    ) -> Result<Prompt, Stop> {
        let prompt = asking.prompt;
        let same = |_: ()| prompt.clone();
        match ruling.answer {
            Answer::Reformat => {
                let (numbers, nonce) = (self.numbers(), self.nonce());
                let desk = self.desk(&numbers, &nonce);
                Ok(reformat(&desk, prompt, &spoiled.text, &spoiled.problem))
            }
            Answer::Sample => Ok(prompt.clone()),
            Answer::Unlike => {
                let next = "the same prompt once more, kept from repeating itself";
                self.ruled(asking, ruling, next).await?;
                let mut unlike = prompt.clone();
                unlike.presence_penalty = PENALTY;
                Ok(unlike)
            }
            Answer::Room => {
                let mut room = last.clone();
                room.max_tokens = room.max_tokens.saturating_mul(3) / 2;
                if room.fits(&self.numbers()).is_err() {
                    return Err(self.split(asking).await);
                }
                let next = format!("once more with room for {} tokens", room.max_tokens);
                self.ruled(asking, ruling, &next).await.map(|()| room)
            }
            Answer::OtherModel => self.other_model(asking, ruling).await.map(same),
            Answer::Afresh if self.off(ruling.rule) || !self.begins_afresh() => {
                let next = "another sample";
                self.ruled(asking, ruling, next).await.map(same)
            }
            Answer::Afresh => {
                let fired = Fired {
                    rule: ruling.rule,
                    words: format!("no code and no verdict in two replies for {}", what(prompt)),
                    evidence: asking.problems.clone(),
                    least: Rung::Afresh,
                };
                Err(self.climb(fired).await)
            }
            Answer::Split => Err(self.split(asking).await),
        }
    }

    /// Phases that can begin again from the spec.
    fn begins_afresh(&self) -> bool {
        matches!(self.phase, Phase::Coding | Phase::Fixing)
    }

    /// The next other model of the role that answers takes the prompt; without one, somebody above is asked.
    async fn other_model(&mut self, asking: &mut Asking<'_>, ruling: Ruling) -> Result<(), Stop> {
        let means = self.means().await;
        let away = |model: &String| means.away.iter().any(|(away, _)| away == model);
        let mut left = means.others.iter();
        let found = left.find(|model| !asking.asked.contains(model) && !away(model));
        let Some(found) = found.cloned() else {
            let words = format!(
                "no usable reply for {} in {} tries",
                what(asking.prompt),
                asking.problems.len()
            );
            return Err(self
                .stuck(ruling.rule, words, asking.problems.clone())
                .await);
        };
        let next = format!("{}: {found} takes the prompt", Rung::OtherModel);
        self.ruled(asking, ruling, &next).await?;
        self.switch_to(&found);
        asking.asked.push(found);
        asking.faults.clear();
        Ok(())
    }

    /// Journals a rule about replies with what led to it.
    async fn ruled(&mut self, asking: &Asking<'_>, ruling: Ruling, next: &str) -> Result<(), Stop> {
        let words = match ruling.rule {
            "S8" => "the model repeats itself",
            "S9" => "the reply did not end within its tokens",
            "S7" => "neither code nor a verdict in two replies",
            _ => "no usable reply",
        };
        let body = EventBody::Stuck {
            rule: ruling.rule.to_owned(),
            words: format!("{words}: {}", what(asking.prompt)),
            evidence: asking.problems.clone(),
            next: next.to_owned(),
        };
        self.record(vec![body]).await
    }

    /// S9: what was asked for does not fit in one reply. A file goes back to the spec, to be planned as two.
    async fn split(&mut self, asking: &Asking<'_>) -> Stop {
        let what = what(asking.prompt);
        let words = format!(
            "{what} does not fit in one reply: {}",
            asking.problems.join("; ")
        );
        if !self.begins_afresh() {
            return self.stuck("S9", words, asking.problems.clone()).await;
        }
        let ruling = Ruling {
            rule: "S9",
            answer: Answer::Split,
        };
        let next = "the spec must split the file, or ask less of it";
        if let Err(stop) = self.ruled(asking, ruling, next).await {
            return stop;
        }
        let mut report = self.report(Outcome::SpecDefect);
        report.actor = actor::ENGINE.to_owned();
        report.reason = Some(format!(
            "S9: {words}; plan it as two smaller files, or leave something out"
        ));
        Stop::Rule(Box::new(report))
    }
}

/// What a prompt asks for.
fn what(prompt: &Prompt) -> &str {
    prompt.path.as_deref().unwrap_or(prompt.purpose)
}

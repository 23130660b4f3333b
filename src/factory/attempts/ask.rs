//! Asking until an answer can be used: what follows each spoiled reply is a rule's word (S1, S7, S8, S9).

use super::context::{Context, Stop};
use crate::agents::prompt::{Prompt, anew, concluded, reformat};
use crate::agents::reply::Malformed;
use crate::domain::actor;
use crate::domain::event::EventBody;
use crate::domain::phase::{Outcome, Phase};
use crate::domain::screen::Level;
use crate::domain::stuck::{self, Answer, Fault, Fired, Ruling, Rung};
use crate::factory::ports::model::Reply;

/// Penalty on repetition after a reply that repeated itself (harness S8).
const PENALTY: f32 = 0.7;

/// A reply that cannot be used.
pub struct Spoiled {
    /// What is wrong with it.
    pub fault: Fault,
    /// The reply, where it came to its end.
    pub text: String,
    /// What was thought, where nothing else came.
    pub thought: String,
    /// It came to no answer for thinking in circles.
    pub circling: bool,
    /// For its author.
    pub problem: Malformed,
}

impl Spoiled {
    /// A whole reply without a usable form.
    pub fn malformed(text: &str, problem: Malformed) -> Self {
        Self {
            fault: problem.fault,
            text: text.to_owned(),
            thought: String::new(),
            circling: false,
            problem,
        }
    }

    /// A reply that was cut at so many tokens.
    pub fn cut(tokens: u32) -> Self {
        Self {
            fault: Fault::Cut,
            text: String::new(),
            thought: String::new(),
            circling: false,
            problem: Malformed::new(format!("the reply was cut at {tokens} tokens")),
        }
    }

    /// A reply without an answer: only thoughts, cut or not, or nothing at all.
    pub fn empty(thought: &str) -> Self {
        Self {
            fault: Fault::Form,
            text: String::new(),
            thought: thought.trim().to_owned(),
            circling: false,
            problem: Malformed::new("it was empty: there was no answer in it".to_owned()),
        }
    }

    /// A reply that was broken off because it repeated itself, in its thoughts already or only in its text.
    pub fn looping(detail: String, circling: bool) -> Self {
        Self {
            fault: Fault::Loop,
            text: String::new(),
            thought: String::new(),
            circling,
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
        self.ask_whole(prompt, spoken(read)).await
    }

    /// The same of a reply with its calls of tools.
    pub async fn ask_whole<T>(
        &mut self,
        prompt: &Prompt,
        read: impl Fn(&Reply) -> Result<T, Malformed>,
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
            let spoiled = match self.turn(&next, &read, false).await? {
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
            Answer::Reformat => Ok(self.in_form(prompt, spoiled)),
            Answer::Sample => Ok(prompt.clone()),
            Answer::Unlike => {
                let next = "the same prompt once more, kept from repeating itself";
                self.ruled(asking, ruling, next).await?;
                let mut unlike = prompt.clone();
                unlike.presence_penalty = PENALTY;
                unlike.think &= !spoiled.circling;
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

    /// The same answer asked for in the right form: from what was thought, anew, or from what was written.
    fn in_form(&self, prompt: &Prompt, spoiled: &Spoiled) -> Prompt {
        let (numbers, nonce) = (self.numbers(), self.nonce());
        let desk = self.desk(&numbers, &nonce);
        if !spoiled.thought.is_empty() {
            let next = concluded(&desk, prompt, &spoiled.thought);
            if next.fits(&numbers).is_ok() {
                return next;
            }
        }
        // There is nothing to be put into form, or the form is the server's.
        if spoiled.text.trim().is_empty() || !prompt.tools.is_empty() {
            return anew(prompt, &spoiled.problem);
        }
        reformat(&desk, prompt, &spoiled.text, &spoiled.problem)
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
            "S9" => "it does not fit in one reply",
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

/// Reads the text of a reply where no tools were offered; one that only calls some has none.
pub(super) fn spoken<T>(
    read: impl Fn(&str) -> Result<T, Malformed>,
) -> impl Fn(&Reply) -> Result<T, Malformed> {
    move |reply| match reply.calls.first() {
        Some(call) if reply.text.trim().is_empty() => Err(Malformed::new(format!(
            "the reply calls a tool ({}), and there are none here; write the answer itself as text",
            call.name
        ))),
        _ => read(&reply.text),
    }
}

/// What a prompt asks for.
fn what(prompt: &Prompt) -> &str {
    prompt.path.as_deref().unwrap_or(prompt.purpose)
}

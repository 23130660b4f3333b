//! Answers of attempts that were cut: what a model has said already, to the very same question, is not asked for twice.

use super::context::{Context, Stop};
use crate::domain::event::Sent;
use crate::domain::label::Label;
use crate::domain::phase::Role;
use crate::domain::screen::Level;
use crate::factory::ports::model::{Message, Reply, TurnRequest};
use crate::factory::ports::store::{Paper, Store, StoreError};
use serde::Deserialize;
use serde_json::Value;

/// A whole answer that an attempt before this one got.
#[derive(Debug, Deserialize)]
pub struct Known {
    /// Of its turn.
    pub label: String,
    host: String,
    model: String,
    request: Question,
    /// What was said.
    pub reply: Reply,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Question {
    messages: Vec<Message>,
    think: bool,
    max_tokens: u32,
    temperature: f32,
    top_p: f32,
    #[serde(default)]
    nonce: String,
    format: Option<Value>,
}

impl Known {
    /// Whether the same was asked; the mark around untrusted text is another one in every attempt.
    fn answers(&self, request: &TurnRequest, nonce: &str) -> bool {
        let asked = &self.request;
        let same = |(old, new): (&Message, &Message)| {
            old.role == new.role
                && old.calls == new.calls
                && old.content.replace(&asked.nonce, nonce) == new.content
        };
        // A line without a mark is of an older version.
        !asked.nonce.is_empty()
            && self.host == request.host
            && self.model == request.model
            && asked.think == request.think
            && asked.max_tokens == request.max_tokens
            && asked.temperature.to_bits() == request.sampling.temperature.to_bits()
            && asked.top_p.to_bits() == request.sampling.top_p.to_bits()
            && asked.format == request.format
            && asked.messages.len() == request.messages.len()
            && asked.messages.iter().zip(&request.messages).all(same)
    }
}

impl Context {
    /// Has the files as the cut attempts before this one found them: only then is the same asked again.
    pub(super) async fn as_found(&self) -> Result<(), Stop> {
        let (tool, attempt) = (self.tool.clone(), self.attempt);
        let cut = self.facts.cut.clone();
        let left = self.git(move |repo| repo.begin(&tool, attempt, &cut));
        if let Some(left) = left.await? {
            let words = format!(
                "the files are as the cut attempt found them; what it left is commit {left}"
            );
            self.log(Level::Info, words);
        }
        Ok(())
    }

    /// An answer to this request that came in an attempt that was cut; each is given once.
    pub(super) fn known(&mut self, request: &TurnRequest) -> Result<Option<Known>, Stop> {
        if self.known.is_none() {
            self.known = Some(self.read_known()?);
        }
        let nonce = self.nonce.clone();
        let known = self.known.get_or_insert_default();
        let found = known.iter().position(|line| line.answers(request, &nonce));
        Ok(found.map(|at| known.remove(at)))
    }

    fn read_known(&self) -> Result<Vec<Known>, Stop> {
        let mut all = Vec::new();
        for attempt in &self.facts.cut {
            let lines = match self.tools.store.get(&self.transcript(*attempt)) {
                Ok(text) => text.unwrap_or_default(),
                // Torn in the middle of a character: its answers are asked for again.
                Err(StoreError::Bad(_)) => continue,
                Err(error) => return Err(error.into()),
            };
            add(&mut all, &lines);
        }
        Ok(all)
    }

    /// The transcript of an attempt at this phase.
    pub(super) fn transcript(&self, attempt: u64) -> Paper {
        transcript(&self.tool, attempt, self.role, self.phase.name())
    }
}

/// Adds the answers of a transcript. A failed turn has no reply, and the last line may be torn: neither is an answer. One that
/// a later attempt counted stands in its transcript too, and is one all the same.
fn add(all: &mut Vec<Known>, lines: &str) {
    let answers = lines
        .lines()
        .filter_map(|line| serde_json::from_str::<Known>(line).ok());
    for answer in answers {
        let same = |known: &Known| known.label == answer.label && known.reply == answer.reply;
        if !all.iter().any(same) {
            all.push(answer);
        }
    }
}

fn transcript(tool: &str, attempt: u64, role: Role, phase: &str) -> Paper {
    Paper::Transcript {
        tool: tool.to_owned(),
        n: u32::try_from(attempt).unwrap_or(u32::MAX),
        role: role.to_string(),
        phase: phase.to_owned(),
    }
}

/// The answer to a request, where its attempt got one and kept it.
pub(super) fn kept_answer(store: &dyn Store, sent: &Sent) -> Option<Reply> {
    let label = Label::of(&sent.turn.label);
    let paper = transcript(label.tool, sent.attempt, sent.turn.role, label.phase);
    let text = store.get(&paper).ok().flatten()?;
    let mut known = text
        .lines()
        .rev()
        .filter_map(|line| serde_json::from_str::<Known>(line).ok());
    let answer = known.find(|known| known.label == sent.turn.label)?;
    Some(answer.reply)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_answer_that_two_attempts_have_kept_is_one() {
        let line = |label: &str, text: &str| {
            let request = json!({"messages": [], "think": false, "maxTokens": 1, "temperature": 0.0, "topP": 1.0});
            let reply = Reply {
                text: text.to_owned(),
                ..Reply::default()
            };
            json!({"label": label, "host": "h", "model": "m", "request": request, "reply": reply})
                .to_string()
        };
        let (first, second) = (line("t/spec/draft/0", "a"), line("t/spec/draft/1", "a"));
        let mut all = Vec::new();
        add(&mut all, &format!("{first}\n{{\"label\": \"t"));
        add(&mut all, &format!("{first}\n{second}\n"));
        let labels: Vec<&str> = all.iter().map(|known| known.label.as_str()).collect();
        assert_eq!(labels, ["t/spec/draft/0", "t/spec/draft/1"]);
    }
}

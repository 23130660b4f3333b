//! What goes to models and comes from them, without known secrets, wherever in a message they stand.

use super::Clean;
use crate::domain::finding::Finding;
use crate::domain::screen::{HostLine, ServerFacts};
use crate::factory::ports::model::{
    Answered, Delta, HostStatus, Message, ModelError, Models, Reply, ToolCall, TurnRequest,
};
use crate::text::redact::Redactor;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::Value;
use tokio::sync::mpsc::UnboundedSender;

/// What a model said as JSON.
fn value(redactor: &Redactor, mut value: Value) -> Value {
    redactor.redact_known_foreign(&mut value);
    value
}

fn values(redactor: &Redactor, all: Vec<Value>) -> Vec<Value> {
    all.into_iter().map(|one| value(redactor, one)).collect()
}

fn calls(redactor: &Redactor, calls: Vec<ToolCall>) -> Vec<ToolCall> {
    let clean = |call: ToolCall| ToolCall {
        id: redactor.redact_known(&call.id),
        name: redactor.redact_known(&call.name),
        arguments: value(redactor, call.arguments),
    };
    calls.into_iter().map(clean).collect()
}

fn message(redactor: &Redactor, message: &Message) -> Message {
    let answers = |answers: &Answered| Answered {
        id: redactor.redact_known(&answers.id),
        name: redactor.redact_known(&answers.name),
        ..answers.clone()
    };
    Message {
        role: message.role,
        content: redactor.redact_known(&message.content),
        blocks: values(redactor, message.blocks.clone()),
        calls: calls(redactor, message.calls.clone()),
        answers: message.answers.as_ref().map(answers),
    }
}

impl Models for Clean<dyn Models> {
    fn turn<'a>(
        &'a self,
        request: &'a TurnRequest,
        pieces: UnboundedSender<Delta>,
    ) -> BoxFuture<'a, Result<Reply, ModelError>> {
        async move {
            let redactor = &self.redactor;
            let messages = request.messages.iter();
            let request = TurnRequest {
                messages: messages.map(|one| message(redactor, one)).collect(),
                ..request.clone()
            };
            let reply = self.inner.turn(&request, pieces).await?;
            // Before anything is made of it: what a server echoes of our keys must not become a file or a commit.
            Ok(Reply {
                calls: calls(redactor, reply.calls),
                blocks: values(redactor, reply.blocks),
                text: redactor.redact_known(&reply.text),
                thought: redactor.redact_known(&reply.thought),
                ..reply
            })
        }
        .boxed()
    }

    fn priced(&self, request: &TurnRequest, reply: Reply) -> Reply {
        self.inner.priced(request, reply)
    }

    fn probe<'a>(&'a self, host: &'a str, model: &'a str) -> BoxFuture<'a, HostStatus> {
        async move {
            let status = self.inner.probe(host, model).await;
            let clean = |finding: Finding| Finding {
                what: self.redactor.clean(&finding.what),
                remedy: self.redactor.clean(&finding.remedy),
                ..finding
            };
            HostStatus {
                words: self.redactor.clean(&status.words),
                findings: status.findings.into_iter().map(clean).collect(),
                ..status
            }
        }
        .boxed()
    }

    fn free(&self, host: &str, model: &str) -> bool {
        self.inner.free(host, model)
    }

    fn lines(&self) -> Vec<HostLine> {
        self.inner.lines()
    }

    fn known(&self, host: &str) -> ServerFacts {
        let mut known = self.inner.known(host);
        for text in [&mut known.server, &mut known.model] {
            *text = self.redactor.clean(text);
        }
        known.shared = known.shared.map(|words| self.redactor.clean(&words));
        known
    }

    fn context(&self, host: &str, model: &str) -> u32 {
        self.inner.context(host, model)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::secret::Secret;
    use serde_json::json;

    #[test]
    fn a_secret_is_found_in_names_and_ids_too() {
        let redactor = Redactor::default();
        redactor.learn(&Secret::new("a-key-of-ours".to_owned()));
        let key = "a-key-of-ours";
        let said = Message {
            blocks: vec![json!({"type": "tool_use", "input": {key: {"deep": [{key: 1}]}}})],
            calls: vec![ToolCall {
                id: format!("call_{key}"),
                name: key.to_owned(),
                arguments: json!({ key: "x", "path": key }),
            }],
            answers: Some(Answered {
                id: format!("call_{key}"),
                name: key.to_owned(),
                failed: false,
            }),
            ..Message::default()
        };
        let sent = message(&redactor, &said);
        let text = serde_json::to_string(&sent).unwrap();
        assert!(!text.contains(key), "{text}");
        let id = "call_[redacted]";
        assert_eq!(sent.calls[0].id, id);
        assert_eq!(sent.answers.unwrap().id, id, "both still name each other");
        assert_eq!(sent.calls[0].arguments["path"], "[redacted]");
    }
}

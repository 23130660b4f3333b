//! Model hosts behind the port: a dialect a kind of server, and scripts. The codecs are our own on reqwest and sse-stream:
//! the agent libraries add fields, headers and repairs of their own to requests and replies, each to be pinned away again.

mod alive;
mod anthropic;
mod ask;
mod bytes;
mod calls;
mod client;
mod dialect;
mod errors;
mod faults;
mod gather;
mod host;
mod http;
mod lines;
mod llamacpp;
mod lmstudio;
mod ollama;
mod openai;
mod place;
mod probe;
mod reader;
mod scripted;
mod think;
mod vllm;

use crate::domain::price::Prices;
use crate::factory::ports::clock::Clock;
use crate::factory::ports::model::{
    Delta, Fault, HostStatus, ModelError, Models, Reply, TurnRequest,
};
use crate::factory::ports::settings::{Host, HostKind};
use crate::text::tokens;
use futures_util::future::BoxFuture;
use host::Server;
use place::Place;
pub use probe::recognise;
pub use scripted::Script;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::mpsc::UnboundedSender;

/// The hosts of the settings, ready to take turns. Nothing is opened before the first turn or probe.
pub struct ModelHosts {
    servers: BTreeMap<String, Arc<Server>>,
    prices: Prices,
    clock: Arc<dyn Clock>,
    script: Script,
}

impl ModelHosts {
    /// `script` gives the compiled-in reply of a path like `tool/spec/draft/0.md`, for scripted hosts without a folder.
    #[must_use]
    pub fn new(
        hosts: &BTreeMap<String, Host>,
        prices: Prices,
        clock: Arc<dyn Clock>,
        script: Script,
    ) -> Self {
        let servers = hosts
            .iter()
            .map(|(name, settings)| (name.clone(), Arc::new(Server::new(name, settings))))
            .collect();
        Self {
            servers,
            prices,
            clock,
            script,
        }
    }

    async fn take(
        &self,
        request: &TurnRequest,
        pieces: UnboundedSender<Delta>,
    ) -> Result<Reply, ModelError> {
        let Some(server) = self.servers.get(&request.host) else {
            let words = "no host of this name in the settings";
            return Err(ModelError::new(&request.host, Fault::Misaddressed, words));
        };
        self.callable(server, &request.model)?;
        // Waiting in line is not part of the turn: the timers start behind it.
        let place = Place::wait(server, &request.model, &pieces).await;
        let reply = match server.settings.kind {
            HostKind::Scripted => scripted::turn(server, &self.script, request, pieces).await,
            _ => http::turn(server, request, &pieces).await,
        };
        // Where the server said itself that it is over, it works on nothing any more.
        if !reply.as_ref().is_err_and(left_in_midst) {
            place.done();
        }
        Ok(self.cost(server, request, reply?))
    }

    /// A paid model without a known price is not called.
    fn callable(&self, server: &Server, model: &str) -> Result<(), ModelError> {
        let today = self.clock.now().date_naive();
        if server.free(model) || self.prices.knows(model, today) {
            return Ok(());
        }
        let words = format!(
            "{model}: give it a price under [prices] in your own settings, or set local = true on the host if it is free"
        );
        Err(ModelError::new(&server.name, Fault::Unpriced, words))
    }

    /// The reply with what it cost. Where the server did not count, our estimate is priced: never nothing.
    fn cost(&self, server: &Server, request: &TurnRequest, mut reply: Reply) -> Reply {
        reply.local = server.free(&request.model);
        if reply.local {
            reply.usd = Some(0.0);
            return reply;
        }
        let estimate = |text: &str| u64::from(tokens::estimate(text));
        let sent = request.messages.iter();
        let input = reply
            .input_tokens
            .unwrap_or_else(|| sent.map(|message| estimate(&message.content)).sum());
        let output = reply
            .output_tokens
            .unwrap_or_else(|| estimate(&reply.text) + estimate(&reply.thought));
        let today = self.clock.now().date_naive();
        if let Some(rate) = self.prices.rate(&request.model, today, input) {
            reply.usd = Some(rate.cost(input, output, reply.cached));
            reply.rate = Some(rate.id.clone());
        }
        reply
    }
}

/// The server may still be writing for nobody.
fn left_in_midst(error: &ModelError) -> bool {
    matches!(
        error.fault,
        Fault::Unreachable | Fault::Broken | Fault::Garbled | Fault::TooLong
    )
}

impl Models for ModelHosts {
    fn turn<'a>(
        &'a self,
        request: &'a TurnRequest,
        pieces: UnboundedSender<Delta>,
    ) -> BoxFuture<'a, Result<Reply, ModelError>> {
        Box::pin(self.take(request, pieces))
    }

    fn priced(&self, request: &TurnRequest, reply: Reply) -> Reply {
        match self.servers.get(&request.host) {
            Some(server) => self.cost(server, request, reply),
            None => reply,
        }
    }

    fn probe<'a>(&'a self, host: &'a str, model: &'a str) -> BoxFuture<'a, HostStatus> {
        Box::pin(async move {
            let Some(server) = self.servers.get(host) else {
                let words =
                    format!("no host {host} in the settings: add [hosts.{host}] to factory.toml");
                return probe::away(host, Fault::Misaddressed, words);
            };
            match self.callable(server, model) {
                Err(error) if !model.is_empty() => {
                    probe::away(host, error.fault, error.to_string())
                }
                _ => probe::probe(server, model).await,
            }
        })
    }

    fn local(&self, host: &str) -> bool {
        self.servers.get(host).is_some_and(|server| server.local)
    }

    fn context(&self, host: &str) -> u32 {
        self.servers.get(host).map_or(0, |server| server.context())
    }
}

//! Model hosts behind the port: a dialect a kind of server, and scripts. The codecs are our own on reqwest and sse-stream:
//! the agent libraries add fields, headers and repairs of their own to requests and replies, each to be pinned away again.

mod able;
mod alive;
mod anthropic;
mod ask;
pub(in crate::adapters) mod bytes;
mod calls;
pub(in crate::adapters) mod client;
mod dialect;
mod errors;
mod faults;
mod flow;
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
mod reach;
mod reader;
mod rival;
mod scripted;
mod think;
mod vllm;

use crate::domain::finding::{Finding, Severity};
use crate::domain::price::Prices;
use crate::domain::screen::{HostLine, ServerFacts};
use crate::factory::ports::clock::Clock;
use crate::factory::ports::model::{
    Delta, Fault, HostStatus, Message, ModelError, Models, Reply, TurnRequest, subject,
};
use crate::factory::ports::settings::{Host, HostKind};
use crate::text::tokens;
use futures_util::future::BoxFuture;
use host::Server;
pub use place::Queues;
use place::{Place, Queue};
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
    /// Hosts with queues of their own; see `sharing`.
    #[must_use]
    pub fn new(
        hosts: &BTreeMap<String, Host>,
        prices: Prices,
        clock: Arc<dyn Clock>,
        script: Script,
    ) -> Self {
        Self::sharing(&Queues::default(), hosts, prices, clock, script)
    }

    /// Hosts whose turns wait in the same lines as those of other settings with these queues. `script` gives the compiled-in reply of a path like `tool/spec/draft/0.md`, for scripted hosts without a folder.
    #[must_use]
    pub fn sharing(
        queues: &Queues,
        hosts: &BTreeMap<String, Host>,
        prices: Prices,
        clock: Arc<dyn Clock>,
        script: Script,
    ) -> Self {
        let servers: Vec<Server> = hosts
            .iter()
            .map(|(name, settings)| Server::new(name, settings, queues))
            .collect();
        let windows: Vec<(Arc<Queue>, u32)> = servers
            .iter()
            .map(|server| (Arc::clone(&server.queue), server.settings.num_ctx))
            .collect();
        let with_windows = |mut server: Server| {
            let same = windows
                .iter()
                .filter(|(queue, _)| Arc::ptr_eq(queue, &server.queue));
            server.windows = same.map(|(_, window)| *window).collect();
            (server.name.clone(), Arc::new(server))
        };
        let servers = servers.into_iter().map(with_windows).collect();
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
        let place = Place::wait(server, request, self.clock.as_ref(), &pieces).await;
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
        let words = format!("{model}: {}", price_remedy(model));
        Err(ModelError::new(&server.name, Fault::Unpriced, words))
    }

    /// A model that is not called for want of a price; where its host cannot be reached either, that is said too.
    async fn unpriced(&self, server: &Server, model: &str, fault: Fault) -> HostStatus {
        let mut status =
            HostStatus::away(&server.name, model, fault, NO_PRICE, &price_remedy(model));
        let beside = probe::probe(server, "").await;
        let wrong = |finding: &Finding| finding.severity == Severity::Error;
        status
            .findings
            .extend(beside.findings.into_iter().filter(wrong));
        status
    }

    /// What is known of the price of a paid model.
    fn price_of(&self, server: &Server, model: &str) -> Option<Finding> {
        if model.is_empty() || server.free(model) {
            return None;
        }
        let today = self.clock.now().date_naive();
        let rate = self.prices.rate(model, today, 0)?;
        Some(Finding::fine(
            subject(&server.name, model),
            format!(
                "priced by {}: {} USD a million tokens read, {} written",
                rate.id, rate.input, rate.output
            ),
        ))
    }

    /// The reply with what it cost. Where the server did not count, our estimate is priced: never nothing.
    fn cost(&self, server: &Server, request: &TurnRequest, mut reply: Reply) -> Reply {
        reply.local = server.free(&request.model);
        if reply.local {
            reply.usd = Some(0.0);
            return reply;
        }
        let sent = request.messages.iter().map(Message::weight);
        let sent = || {
            sent.map(|message| u64::from(tokens::estimate(&message)))
                .sum()
        };
        let input = reply.input_tokens.unwrap_or_else(sent);
        let output = reply.output_tokens;
        let output = output.unwrap_or_else(|| u64::from(reply.estimate()));
        let today = self.clock.now().date_naive();
        if let Some(rate) = self.prices.rate(&request.model, today, input) {
            reply.usd = Some(rate.cost(input, output, reply.cached));
            reply.rate = Some(rate.id.clone());
        }
        reply
    }
}

/// Why a paid model is not called.
const NO_PRICE: &str = "its price is not known, so it is not called";

fn price_remedy(model: &str) -> String {
    format!(
        "give {model} a price under [prices], or its host local = true if it is free, in your own settings"
    )
}

/// The server may still be writing for nobody.
fn left_in_midst(error: &ModelError) -> bool {
    matches!(
        error.fault,
        Fault::Unreachable
            | Fault::Lost
            | Fault::Hung
            | Fault::Broken
            | Fault::Garbled
            | Fault::TooLong
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
                let what = format!("no host {host} in the settings");
                let remedy = format!("add [hosts.{host}] to factory.toml");
                return HostStatus::away(host, model, Fault::Misaddressed, &what, &remedy);
            };
            match self.callable(server, model) {
                Err(error) if !model.is_empty() => self.unpriced(server, model, error.fault).await,
                _ => {
                    let mut status = probe::probe(server, model).await;
                    status.findings.extend(self.price_of(server, model));
                    if status.live {
                        // "ollama 0.31.2, 3 models"
                        let name = status.words.split([',', ';']).next().unwrap_or_default();
                        server.queue.learn(|known| known.server = name.to_owned());
                    }
                    status
                }
            }
        })
    }

    fn free(&self, host: &str, model: &str) -> bool {
        let server = self.servers.get(host);
        server.is_some_and(|server| server.free(model))
    }

    fn lines(&self) -> Vec<HostLine> {
        let mut lines: Vec<(&Arc<Queue>, HostLine)> = Vec::new();
        for (name, server) in &self.servers {
            let own = lines
                .iter_mut()
                .find(|(queue, _)| Arc::ptr_eq(queue, &server.queue));
            if let Some((_, line)) = own {
                line.hosts.push(name.clone());
                continue;
            }
            let (working, waiting) = server.queue.line();
            let line = HostLine {
                hosts: vec![name.clone()],
                working,
                waiting,
            };
            lines.push((&server.queue, line));
        }
        lines.into_iter().map(|(_, line)| line).collect()
    }

    fn known(&self, host: &str) -> ServerFacts {
        let server = self.servers.get(host);
        server.map_or_else(ServerFacts::default, |server| server.queue.known())
    }

    fn context(&self, host: &str, model: &str) -> u32 {
        let server = self.servers.get(host);
        server.map_or(0, |server| server.context(model))
    }
}

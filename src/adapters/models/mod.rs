//! Model hosts behind the port: Ollama, OpenAI-compatible servers and scripts. One request at a time per host.

mod bytes;
mod client;
mod errors;
mod gather;
mod host;
mod http;
mod lines;
mod ollama;
mod openai;
mod probe;
mod scripted;
mod think;

use crate::factory::ports::model::{Delta, HostStatus, ModelError, Models, Reply, TurnRequest};
use crate::factory::ports::settings::{Host, HostKind};
use futures_util::future::BoxFuture;
use host::Server;
pub use scripted::Script;
use std::collections::BTreeMap;
use tokio::sync::mpsc::UnboundedSender;

/// The hosts of the settings, ready to take turns. Nothing is opened before the first turn or probe.
pub struct ModelHosts {
    servers: BTreeMap<String, Server>,
    script: Script,
}

impl ModelHosts {
    /// `script` gives the compiled-in reply of a path like `tool/spec/draft/0.md`, for scripted hosts without a folder.
    #[must_use]
    pub fn new(hosts: &BTreeMap<String, Host>, script: Script) -> Self {
        let servers = hosts
            .iter()
            .map(|(name, settings)| (name.clone(), Server::new(name, settings)))
            .collect();
        Self { servers, script }
    }

    async fn take(
        &self,
        request: &TurnRequest,
        pieces: UnboundedSender<Delta>,
    ) -> Result<Reply, ModelError> {
        let Some(server) = self.servers.get(&request.host) else {
            return Err(ModelError::Unreachable {
                host: request.host.clone(),
                detail: "no host of this name in the settings".to_owned(),
            });
        };
        if !server.free(&request.model) {
            return Err(ModelError::Unpriced {
                host: request.host.clone(),
                model: request.model.clone(),
            });
        }
        // Waiting in line is not part of the turn: the timers start behind it.
        let _place = server.queue.acquire().await;
        match server.settings.kind {
            HostKind::Scripted => scripted::turn(server, &self.script, request, pieces).await,
            HostKind::Ollama | HostKind::OpenAi => http::turn(server, request, &pieces).await,
        }
    }
}

impl Models for ModelHosts {
    fn turn<'a>(
        &'a self,
        request: &'a TurnRequest,
        pieces: UnboundedSender<Delta>,
    ) -> BoxFuture<'a, Result<Reply, ModelError>> {
        Box::pin(self.take(request, pieces))
    }

    fn probe<'a>(&'a self, host: &'a str, model: &'a str) -> BoxFuture<'a, HostStatus> {
        Box::pin(async move {
            match self.servers.get(host) {
                Some(server) => probe::probe(server, model).await,
                None => HostStatus {
                    host: host.to_owned(),
                    live: false,
                    words: format!(
                        "no host {host} in the settings: add [hosts.{host}] to factory.toml"
                    ),
                    models: Vec::new(),
                    refused: false,
                },
            }
        })
    }

    fn local(&self, host: &str) -> bool {
        self.servers.get(host).is_some_and(|server| server.local)
    }

    fn context(&self, host: &str) -> u32 {
        self.servers.get(host).map_or(0, Server::context)
    }
}

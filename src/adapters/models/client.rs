//! HTTP clients, built on first use: without TLS roots for plain http, without proxies for near hosts, and never
//! following a redirect: the key and the prompt belong to the address the person named.

use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder};
use std::sync::OnceLock;
use std::time::Duration;

const CONNECT: Duration = Duration::from_secs(10);
/// A probe gives up sooner.
const PROBE_CONNECT: Duration = Duration::from_millis(500);
/// One of a far host too, whose name must be found and whose certificate be looked at first.
const FAR_CONNECT: Duration = Duration::from_millis(1500);
/// Below the 5 s after which llama.cpp and vLLM close an idle connection, so that none is used while it closes.
const POOL_IDLE: Duration = Duration::from_secs(4);

/// The clients of one host.
pub struct Clients {
    secure: bool,
    near: bool,
    turns: OnceLock<Result<Client, String>>,
    probes: OnceLock<Result<Client, String>>,
}

impl Clients {
    /// `near`: loopback or private, so that no proxy is asked.
    pub fn new(secure: bool, near: bool) -> Self {
        Self {
            secure,
            near,
            turns: OnceLock::new(),
            probes: OnceLock::new(),
        }
    }

    /// For turns; no timeouts but the connection's, the turn keeps its own.
    pub fn turns(&self) -> Result<&Client, String> {
        self.turns
            .get_or_init(|| self.build(CONNECT))
            .as_ref()
            .map_err(Clone::clone)
    }

    /// For probes.
    pub fn probes(&self) -> Result<&Client, String> {
        self.probes
            .get_or_init(|| self.build(self.patience()))
            .as_ref()
            .map_err(Clone::clone)
    }

    /// Longest that a probe waits for a connection.
    pub const fn patience(&self) -> Duration {
        match self.near {
            true => PROBE_CONNECT,
            false => FAR_CONNECT,
        }
    }

    fn build(&self, connect: Duration) -> Result<Client, String> {
        let mut builder: ClientBuilder = Client::builder()
            .user_agent(concat!("dev-factory/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(connect)
            .pool_idle_timeout(POOL_IDLE)
            .redirect(Policy::none());
        if self.near {
            builder = builder.no_proxy();
        }
        if !self.secure {
            // Loading the system's roots takes tens of milliseconds that a plain connection never needs.
            builder = builder.tls_certs_only([]);
        }
        builder.build().map_err(|error| error.to_string())
    }
}

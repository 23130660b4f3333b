//! The package registry as npm behind the walls sees it: a plain address on its own loopback. Each request is made
//! anew by us, to the one registry the person set up, with their proxy and certificates; nothing else can be reached.

use crate::text::origin::Origin;
use http::{HeaderMap, HeaderName, Method, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use reqwest::redirect::{Action, Attempt, Policy};
use reqwest::{Body, Certificate, Client, NoProxy, Proxy, Url};
use std::convert::Infallible;
use std::error::Error;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;

/// Where it listens in a network that is the run's own.
pub const PORT: u16 = 4873;
const CONNECT: Duration = Duration::from_secs(10);
/// Longest silence of the registry.
const IDLE: Duration = Duration::from_secs(30);
/// Pauses before a request that did not come through is made again.
const AGAIN: [Duration; 2] = [Duration::from_millis(300), Duration::from_secs(2)];
/// What of a request matters to the registry.
const ASKED: [HeaderName; 4] = [
    header::ACCEPT,
    header::ACCEPT_ENCODING,
    header::IF_MODIFIED_SINCE,
    header::IF_NONE_MATCH,
];
/// What of an answer matters to npm.
const TOLD: [HeaderName; 6] = [
    header::CONTENT_TYPE,
    header::CONTENT_ENCODING,
    header::CONTENT_LENGTH,
    header::CACHE_CONTROL,
    header::ETAG,
    header::LAST_MODIFIED,
];

/// How the person reaches their registry.
#[derive(Clone, Debug, Default)]
pub struct Route {
    /// Its address.
    pub registry: String,
    /// The proxy npm is told to use; None = as the environment says.
    pub proxy: Option<String>,
    /// Hosts the proxy is not asked for, separated by commas.
    pub unproxied: String,
    /// Certificates to trust beside the system's, PEM.
    pub certificates: Vec<u8>,
}

/// What has come through.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Packages handed over.
    pub packages: u32,
    /// Why the last request did not come through.
    pub trouble: Option<String>,
}

/// The one registry.
pub struct Registry {
    base: Url,
    client: Client,
    seen: Mutex<Seen>,
}

impl Registry {
    /// Of a route; a sentence when that cannot be.
    pub fn new(route: &Route) -> Result<Self, String> {
        let base = Url::parse(&route.registry).ok();
        let base = base.filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        let base = base.ok_or("npm's registry is no http or https address: npm config set registry https://registry.npmjs.org/")?;
        let mut builder = Client::builder()
            .user_agent(concat!("dev-factory/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT)
            .read_timeout(IDLE)
            .redirect(Policy::custom(onward));
        if let Some(proxy) = &route.proxy {
            let proxy = Proxy::all(proxy)
                .map_err(|_| "npm's proxy is no address: npm config get https-proxy")?;
            builder = builder.proxy(proxy.no_proxy(NoProxy::from_string(&route.unproxied)));
        } else if here(&base) {
            builder = builder.no_proxy();
        }
        if base.scheme() == "http" {
            builder = builder.tls_certs_only([]);
        } else {
            let extra = Certificate::from_pem_bundle(&route.certificates);
            let extra = extra.map_err(|_| "the extra certificates (NODE_EXTRA_CA_CERTS, SSL_CERT_FILE, npm's cafile) are no PEM files")?;
            builder = builder.tls_certs_merge(extra);
        }
        Ok(Self {
            base,
            client: builder.build().map_err(|error| words(&error))?,
            seen: Mutex::default(),
        })
    }

    /// Its address without what a person may have written into it.
    #[must_use]
    pub fn shown(&self) -> String {
        self.base.origin().ascii_serialization()
    }

    /// What npm is told instead.
    #[must_use]
    pub fn address(&self, port: u16) -> String {
        let path = self.base.path().trim_end_matches('/');
        format!("http://127.0.0.1:{port}{path}/")
    }

    /// What has come through so far.
    #[must_use]
    pub fn seen(&self) -> Seen {
        self.note().clone()
    }

    fn note(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers whoever connects, until dropped.
    pub async fn serve(self: Arc<Self>, listener: TcpListener) {
        let mut open = tokio::task::JoinSet::new();
        loop {
            while open.try_join_next().is_some() {}
            let Ok((stream, _)) = listener.accept().await else {
                tokio::task::yield_now().await;
                continue;
            };
            let registry = self.clone();
            open.spawn(async move {
                let answer = service_fn(|request: Request<Incoming>| {
                    let registry = registry.clone();
                    async move { Ok::<_, Infallible>(registry.answer(&request).await) }
                });
                let _ = http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), answer)
                    .await;
            });
        }
    }

    async fn answer(&self, request: &Request<Incoming>) -> Response<Body> {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return refusal(
                StatusCode::METHOD_NOT_ALLOWED,
                "packages are only fetched here",
            );
        }
        let mut url = self.base.clone();
        // Set, not joined: a path such as //other.host/x would name another host.
        url.set_path(request.uri().path());
        url.set_query(request.uri().query());
        let asked = chosen(request.headers(), &ASKED);
        let mut pauses = AGAIN.into_iter();
        loop {
            let sent = self.client.request(request.method().clone(), url.clone());
            let trouble = match sent.headers(asked.clone()).send().await {
                Ok(found) if found.status().is_server_error() => {
                    format!("{} answers {}", self.shown(), found.status())
                }
                Ok(found) => return self.told(request.uri().path(), found.into()),
                Err(error) => format!("{} cannot be reached: {}", self.shown(), words(&error)),
            };
            match pauses.next() {
                Some(pause) => tokio::time::sleep(pause).await,
                None => {
                    let answer = refusal(StatusCode::BAD_GATEWAY, &trouble);
                    self.note().trouble = Some(trouble);
                    return answer;
                }
            }
        }
    }

    fn told(&self, path: &str, found: Response<Body>) -> Response<Body> {
        let (mut parts, body) = found.into_parts();
        if parts.status.is_success() && path.ends_with(".tgz") {
            self.note().packages += 1;
        } else if parts.status.is_client_error() {
            let trouble = format!("{} answers {} for {path}", self.shown(), parts.status);
            self.note().trouble = Some(trouble);
        }
        parts.headers = chosen(&parts.headers, &TOLD);
        parts.version = http::Version::HTTP_11;
        Response::from_parts(parts, body)
    }
}

fn onward(attempt: Attempt<'_>) -> Action {
    match leads_on(attempt.previous(), attempt.url()) {
        true => attempt.follow(),
        false => attempt.stop(),
    }
}

/// A registry may hand packages out from another host, never from one without TLS, nor have us ask one of the own network.
fn leads_on(before: &[Url], to: &Url) -> bool {
    let same = before.first().map(Url::origin) == Some(to.origin());
    let far = || Origin::of_url(to).is_some_and(|origin| !origin.near());
    before.len() <= 5 && (same || to.scheme() == "https" && far())
}

/// An address of this machine.
fn here(url: &Url) -> bool {
    match url.host_str().map(|host| host.trim_matches(['[', ']'])) {
        Some("localhost") => true,
        Some(host) => host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|ip| ip.is_loopback()),
        None => false,
    }
}

fn chosen(from: &HeaderMap, names: &[HeaderName]) -> HeaderMap {
    let found = names
        .iter()
        .filter_map(|name| Some((name.clone(), from.get(name)?.clone())));
    found.collect()
}

fn refusal(status: StatusCode, words: &str) -> Response<Body> {
    let mut answer = Response::new(Body::from(words.to_owned()));
    *answer.status_mut() = status;
    answer
}

/// What went wrong at the bottom, without the address: a person may have written a password into it.
fn words(error: &reqwest::Error) -> String {
    let mut cause: &dyn Error = error;
    while let Some(below) = cause.source() {
        cause = below;
    }
    if std::ptr::addr_eq(cause, error) && error.is_timeout() {
        return "no answer".to_owned();
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registry_leads_to_no_machine_of_the_own_network() {
        let url = |text: &str| Url::parse(text).unwrap();
        let before = [url("https://registry.example/x")];
        for (to, follows) in [
            ("https://cdn.example/x.tgz", true),
            ("https://registry.example/y", true),
            ("http://cdn.example/x.tgz", false),
            ("https://127.0.0.1/x", false),
            ("https://localhost:8443/x", false),
            ("https://10.0.0.7/x", false),
            ("https://192.168.1.1/x", false),
            ("https://169.254.169.254/latest", false),
            ("https://[fd00::1]/x", false),
            ("https://nas.local/x", false),
        ] {
            assert_eq!(leads_on(&before, &url(to)), follows, "{to}");
        }
        let home = [url("http://127.0.0.1:4873/x")];
        assert!(leads_on(&home, &url("http://127.0.0.1:4873/y")));
        assert!(!leads_on(&vec![before[0].clone(); 6], &before[0]));
    }
}

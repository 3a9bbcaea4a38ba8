//! The client of one source: one origin, one credential, every rule of the road.
//!
//! Reads only: GET, and POST for GraphQL queries. Redirects are followed by
//! hand, bodies are bounded after decompression, and no request is repeated.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, ETAG, HeaderMap, HeaderName, HeaderValue, IF_NONE_MATCH};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::Instant;
use url::Url;

use super::gate::{Gate, Lane, Urgency};
use super::ledger::Ledger;
use super::origin::{Origin, host_of, is_loopback};
use super::status::{Judged, header, is_web_page, judge, limit};
use super::{Ground, Redactor, Stored, ValidatorKey, link, tls, words};
use crate::domain::Timestamp;
use crate::domain::key::SourceName;
use crate::domain::text::Clean;
use crate::sources::{Budget, Meter, RequestLine, SourceError};

/// Bodies above this are not kept for `If-None-Match`.
const KEPT_BODY: usize = 2 * 1024 * 1024;

/// Bounds of one request.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Time to connect, the name look-up included.
    pub connect: Duration,
    /// Time until the head of the answer arrives.
    pub first_byte: Duration,
    /// Time between two parts of the body.
    pub idle: Duration,
    /// Time for the whole answer, redirects included.
    pub total: Duration,
    /// Time after which an unused connection is closed.
    pub pool_idle: Duration,
    /// Time after which a body must have come at `least_rate` on average.
    pub patience: Duration,
    /// Bytes a second below which a body is given up.
    pub least_rate: u64,
    /// Largest body, after decompression.
    pub body: usize,
    /// How many redirects are followed.
    pub redirects: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            first_byte: Duration::from_secs(15),
            idle: Duration::from_secs(30),
            total: Duration::from_mins(1),
            pool_idle: Duration::from_secs(30),
            patience: Duration::from_secs(30),
            least_rate: 1_024,
            body: 16 * 1024 * 1024,
            redirects: 5,
        }
    }
}

/// Why a request gave nothing, and the status where an answer came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What the caller of the source is told.
    pub error: SourceError,
    /// The HTTP status, if an answer came.
    pub status: Option<u16>,
}

impl Failure {
    /// Builds a failure without a status.
    pub fn of(error: SourceError) -> Self {
        Self {
            error,
            status: None,
        }
    }
}

impl From<Failure> for SourceError {
    fn from(failure: Failure) -> Self {
        failure.error
    }
}

/// One GET.
#[derive(Clone, Debug)]
pub struct Request {
    /// The whole address; must lie in the origin of the client.
    pub url: Url,
    /// Whether a stored answer is asked to be confirmed, and the answer stored.
    pub conditional: bool,
    /// Whether a person waits for it.
    pub urgency: Urgency,
}

/// What a request gave.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The body, after decompression; the stored one where nothing changed.
    pub body: Arc<[u8]>,
    /// Whether the host confirmed the stored answer (304).
    pub not_modified: bool,
    /// The next page, if the host names one in our origin.
    pub next: Option<Url>,
    /// The headers.
    pub headers: HeaderMap,
}

/// A credential, ready to be sent.
struct Credential {
    header: HeaderValue,
    fingerprint: String,
    redactor: Redactor,
}

/// The client of one source.
pub struct Client {
    http: reqwest::Client,
    source: SourceName,
    origin: Origin,
    host: String,
    headers: HeaderMap,
    ground: Ground,
    limits: Limits,
    credential: RwLock<Option<Arc<Credential>>>,
    gate: Gate,
    ledger: Ledger,
}

impl Client {
    /// Makes a client for the origin of `base`, without asking the network.
    ///
    /// `headers` go with every request; none of them may be a credential.
    pub fn new(
        source: SourceName,
        base: &Url,
        headers: HeaderMap,
        ca_file: Option<&Path>,
        limits: Limits,
        ground: Ground,
    ) -> Result<Self, SourceError> {
        let host = host_of(base);
        let refused = |cause: String| SourceError::Refused {
            host: host.clone(),
            cause,
        };
        let origin = Origin::of(base).ok_or_else(|| refused("no web address".to_owned()))?;
        let local = is_loopback(base) && !origin.is_encrypted();
        let http = tls::build(&limits, ca_file, local).map_err(refused)?;
        Ok(Self {
            http,
            source,
            origin,
            host,
            headers,
            ground,
            limits,
            credential: RwLock::default(),
            gate: Gate::new(),
            ledger: Ledger::default(),
        })
    }

    /// Returns the host that it talks to, with its port where that is unusual.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Returns whether the connection is encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.origin.is_encrypted()
    }

    /// Returns the clock that it was given.
    pub fn now(&self) -> Timestamp {
        (self.ground.clock)()
    }

    /// Returns the connections themselves, for a library that speaks for itself.
    ///
    /// Whoever takes them keeps to the origin of this client.
    pub fn connections(&self) -> reqwest::Client {
        self.http.clone()
    }

    /// Binds a credential to the origin of this client.
    ///
    /// Refuses one that cannot be a header: control characters, white space, not ASCII.
    pub fn bind(&self, secret: &SecretString) -> Result<(), SourceError> {
        let value = secret.expose_secret();
        let fits = !value.is_empty() && value.bytes().all(|b| b.is_ascii_graphic());
        let header = fits
            .then(|| HeaderValue::from_str(&format!("Bearer {value}")).ok())
            .flatten();
        let Some(mut header) = header else {
            return Err(SourceError::Refused {
                host: self.host.clone(),
                cause: "the token holds characters that no token has".to_owned(),
            });
        };
        header.set_sensitive(true);
        let credential = Credential {
            header,
            fingerprint: fingerprint(value),
            redactor: Redactor::new(vec![secret.clone()]),
        };
        *self
            .credential
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(credential));
        Ok(())
    }

    fn credential(&self) -> Option<Arc<Credential>> {
        self.credential
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Returns the text as it may be shown: clean, and without secrets.
    pub fn shown(&self, text: &str) -> Clean {
        let credential = self.credential();
        let redacted = match &credential {
            Some(credential) => credential.redactor.redact(text),
            None => Redactor::default().redact(text).into_owned().into(),
        };
        Clean::line(&redacted)
    }

    /// Asks for one address.
    pub async fn get(&self, request: &Request) -> Result<Answer, Failure> {
        let what = path_of(&request.url);
        let _turn = self.turn(Lane::Rest, request.urgency).await?;
        let answer = self.within_total(&what, self.follow(request, &what)).await;
        answer.map_err(|failure| self.redacted(failure))
    }

    /// Sends one GraphQL query.
    ///
    /// Where only reading is allowed, a document with a mutation is refused here.
    pub async fn graphql(
        &self,
        url: &Url,
        document: &str,
        body: &serde_json::Value,
        urgency: Urgency,
    ) -> Result<Answer, Failure> {
        let what = path_of(url);
        if self.ground.read_only && changes_things(document) {
            return Err(Failure::of(SourceError::Refused {
                host: self.host.clone(),
                cause: "only reading is allowed".to_owned(),
            }));
        }
        let _turn = self.turn(Lane::GraphQl, urgency).await?;
        let answer = self.within_total(&what, self.post(url, &what, body)).await;
        answer.map_err(|failure| self.redacted(failure))
    }

    /// Takes in a limit that a body told.
    pub fn learn(&self, budget: Budget) {
        self.gate.learn_budget(budget);
    }

    /// Makes the host silent for `pause`, as its body asked.
    pub fn silence(&self, pause: Duration) -> SourceError {
        SourceError::RateLimited {
            host: self.host.clone(),
            retry_after: self.gate.silence(pause, self.now()),
        }
    }

    /// Returns what was spent; where the token comes from is the caller's to add.
    pub fn meter(&self) -> Meter {
        let state = self.ledger.state();
        Meter {
            sent: state.sent,
            not_modified: state.not_modified,
            failed: state.failed,
            budgets: self.gate.budgets(),
            recent: state.recent.into(),
            insecure: !self.origin.is_encrypted(),
            ..Meter::default()
        }
    }

    async fn turn(
        &self,
        lane: Lane,
        urgency: Urgency,
    ) -> Result<Option<tokio::sync::SemaphorePermit<'_>>, Failure> {
        self.gate
            .permit(lane, urgency, &self.ground.clock)
            .await
            .map_err(|retry_after| {
                Failure::of(SourceError::RateLimited {
                    host: self.host.clone(),
                    retry_after,
                })
            })
    }

    async fn within_total(
        &self,
        what: &str,
        work: impl Future<Output = Result<Answer, Failure>>,
    ) -> Result<Answer, Failure> {
        let total = self.limits.total;
        tokio::time::timeout(total, work)
            .await
            .unwrap_or_else(|_elapsed| {
                self.enter("GET", what, None, Instant::now() - total, 0);
                let cause = format!("no whole answer within {} s", total.as_secs_f32());
                Err(self.unreachable(cause))
            })
    }

    /// Sends, and follows redirects: same origin keeps the credential, others never see it again.
    async fn follow(&self, request: &Request, what: &str) -> Result<Answer, Failure> {
        if !self.origin.covers(&request.url) {
            return Err(self.unreadable(format!("{what}: the link leads to another host")));
        }
        let stored = request
            .conditional
            .then(|| self.stored(&request.url))
            .flatten();
        let mut url = request.url.clone();
        let mut ours = true;
        let mut seen = BTreeSet::from([url.as_str().to_owned()]);
        loop {
            let started = Instant::now();
            let mut builder = self.http.get(url.clone());
            if ours {
                builder = self.with_credential(builder.headers(self.headers.clone()));
                if let Some(stored) = &stored
                    && let Ok(etag) = HeaderValue::from_str(&stored.etag)
                {
                    builder = builder.header(IF_NONE_MATCH, etag);
                }
            }
            let response = self.send(builder, "GET", what, started).await?;
            if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
                return self.take(request, response, stored, ours, started).await;
            }
            self.enter("GET", what, Some(response.status().as_u16()), started, 0);
            let target = self.redirect(&url, response.headers(), what)?;
            ours = ours && self.origin.covers(&target);
            if seen.len() > self.limits.redirects || !seen.insert(target.as_str().to_owned()) {
                return Err(self.unreadable(format!("{what}: it redirects in a circle")));
            }
            url = target;
        }
    }

    fn redirect(&self, from: &Url, headers: &HeaderMap, what: &str) -> Result<Url, Failure> {
        let target = header(headers, "location")
            .filter(|place| !place.trim().is_empty())
            .and_then(|place| from.join(place).ok())
            .filter(|target| Origin::of(target).is_some_and(|origin| origin.covers(target)))
            .ok_or_else(|| {
                self.unreadable(format!("{what}: it redirects to nowhere that can be asked"))
            })?;
        if from.scheme() == "https" && target.scheme() != "https" {
            return Err(self.unreadable(format!("{what}: it redirects to plain http")));
        }
        Ok(target)
    }

    async fn post(
        &self,
        url: &Url,
        what: &str,
        body: &serde_json::Value,
    ) -> Result<Answer, Failure> {
        if !self.origin.covers(url) {
            return Err(self.unreadable(format!("{what}: the link leads to another host")));
        }
        let started = Instant::now();
        let builder = self.http.post(url.clone()).headers(self.headers.clone());
        let builder = self.with_credential(builder).json(body);
        let response = self.send(builder, "POST", what, started).await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        self.gate.learn(&headers, Lane::GraphQl);
        let body = self.body(response, "POST", what, started).await?;
        self.check(status, &headers, &body, what)?;
        Ok(Answer {
            body,
            not_modified: false,
            next: None,
            headers,
        })
    }

    fn with_credential(&self, builder: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        match self.credential() {
            Some(credential) => builder.header(AUTHORIZATION, credential.header.clone()),
            None => builder,
        }
    }

    async fn send(
        &self,
        builder: reqwest::RequestBuilder,
        method: &str,
        what: &str,
        started: Instant,
    ) -> Result<reqwest::Response, Failure> {
        let sent = tokio::time::timeout(self.limits.first_byte, builder.send()).await;
        let cause = match sent {
            Ok(Ok(response)) => return Ok(response),
            Ok(Err(error)) => words::transport(&error.without_url()),
            Err(_elapsed) => {
                format!(
                    "no answer within {} s",
                    self.limits.first_byte.as_secs_f32()
                )
            }
        };
        self.enter(method, what, None, started, 0);
        Err(self.unreachable(cause))
    }

    /// Turns the last answer of a chain into what the caller gets.
    async fn take(
        &self,
        request: &Request,
        response: reqwest::Response,
        stored: Option<Stored>,
        ours: bool,
        started: Instant,
    ) -> Result<Answer, Failure> {
        let what = path_of(&request.url);
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        if ours {
            self.gate.learn(&headers, Lane::Rest);
        }
        if status == 304 {
            self.enter("GET", &what, Some(304), started, 0);
            let Some(stored) = stored.filter(|_| ours) else {
                return Err(self.unreadable(format!(
                    "{what}: it says that nothing changed, but was not asked that"
                )));
            };
            self.gate.spoke();
            return Ok(Answer {
                body: stored.body,
                not_modified: true,
                next: stored
                    .next
                    .and_then(|next| self.own_link(&next, &request.url)),
                headers,
            });
        }
        let body = self.body(response, "GET", &what, started).await?;
        self.check(status, &headers, &body, &what)?;
        let next = headers
            .get_all("link")
            .iter()
            .filter_map(|value| value.to_str().ok())
            .find_map(link::next);
        if request.conditional && ours && status == 200 {
            self.store(&request.url, &headers, next.as_ref(), &body);
        }
        Ok(Answer {
            body,
            not_modified: false,
            next: next.and_then(|next| self.own_link(&next, &request.url)),
            headers,
        })
    }

    /// Returns a link of a header, if it stays in our origin.
    fn own_link(&self, link: &str, base: &Url) -> Option<Url> {
        base.join(link).ok().filter(|url| self.origin.covers(url))
    }

    /// Checks status, then that the body is data.
    fn check(
        &self,
        status: u16,
        headers: &HeaderMap,
        body: &[u8],
        what: &str,
    ) -> Result<(), Failure> {
        if status >= 400 {
            let judged = Judged {
                host: &self.host,
                what,
                status,
                headers,
                body,
                now: self.now(),
            };
            let spent = header(headers, "x-ratelimit-remaining").map(str::trim) == Some("0");
            let error = match limit(&judged) {
                Some(wish) if !spent => self.silence(wish),
                _ => judge(&judged),
            };
            return Err(Failure {
                error,
                status: Some(status),
            });
        }
        if is_web_page(headers) {
            return Err(Failure {
                status: Some(status),
                ..self.unreadable(format!("{what}: answered with a web page (login?)"))
            });
        }
        if status >= 300 {
            return Err(Failure {
                status: Some(status),
                ..self.unreadable(format!("{what}: it answered {status}"))
            });
        }
        self.gate.spoke();
        Ok(())
    }

    /// Reads a body within its bounds of size, pace and pauses.
    async fn body(
        &self,
        mut response: reqwest::Response,
        method: &str,
        what: &str,
        started: Instant,
    ) -> Result<Arc<[u8]>, Failure> {
        let status = response.status().as_u16();
        let begun = Instant::now();
        let mut body = Vec::new();
        let trouble = loop {
            let chunk = match tokio::time::timeout(self.limits.idle, response.chunk()).await {
                Ok(Ok(Some(chunk))) => chunk,
                Ok(Ok(None)) => break None,
                Ok(Err(error)) => break Some(words::cut_body(&error.without_url())),
                Err(_elapsed) => break Some("the answer stopped half way".to_owned()),
            };
            if body.len() + chunk.len() > self.limits.body {
                let cap = self.limits.body / (1024 * 1024);
                break Some(format!("the answer is larger than {cap} MiB"));
            }
            body.extend_from_slice(&chunk);
            let spent = begun.elapsed();
            let due = self.limits.least_rate.saturating_mul(spent.as_secs());
            if spent > self.limits.patience && (body.len() as u64) < due {
                break Some("the answer comes too slowly".to_owned());
            }
        };
        self.enter(method, what, Some(status), started, body.len() as u64);
        match trouble {
            None => Ok(body.into()),
            Some(cause) => Err(Failure {
                status: Some(status),
                ..self.unreadable(format!("{what}: {cause}"))
            }),
        }
    }

    fn key(&self, url: &Url) -> ValidatorKey {
        ValidatorKey {
            source: self.source.clone(),
            credential: self
                .credential()
                .map_or_else(|| "none".to_owned(), |held| held.fingerprint.clone()),
            url: url.as_str().to_owned(),
        }
    }

    fn stored(&self, url: &Url) -> Option<Stored> {
        self.ground.validators.get(&self.key(url))
    }

    fn store(&self, url: &Url, headers: &HeaderMap, next: Option<&String>, body: &Arc<[u8]>) {
        let etag = headers.get(ETAG).and_then(|value| value.to_str().ok());
        if let Some(etag) = etag.filter(|_| body.len() <= KEPT_BODY) {
            let stored = Stored {
                etag: etag.to_owned(),
                next: next.cloned(),
                body: Arc::clone(body),
            };
            self.ground.validators.put(&self.key(url), stored);
        }
    }

    fn enter(&self, method: &str, what: &str, status: Option<u16>, started: Instant, bytes: u64) {
        let spent = started.elapsed();
        let line = RequestLine {
            at: self.now(),
            what: self.shown(&format!("{method} {what}")),
            status,
            millis: u32::try_from(spent.as_millis()).unwrap_or(u32::MAX),
            bytes,
        };
        self.ledger
            .enter(line, status.is_none_or(|status| status >= 400));
    }

    fn unreachable(&self, cause: String) -> Failure {
        Failure::of(SourceError::Unreachable {
            host: self.host.clone(),
            cause,
        })
    }

    fn unreadable(&self, cause: String) -> Failure {
        Failure::of(SourceError::Unreadable {
            host: self.host.clone(),
            cause,
        })
    }

    /// Takes secrets out of whatever the host put into an error.
    fn redacted(&self, failure: Failure) -> Failure {
        let shown = |text: String| self.shown(&text).to_string();
        let error = match failure.error {
            SourceError::Forbidden {
                host,
                what,
                permission,
            } => SourceError::Forbidden {
                host,
                what: shown(what),
                permission: permission.map(shown),
            },
            SourceError::NotFound { host, what } => SourceError::NotFound {
                host,
                what: shown(what),
            },
            SourceError::Unreachable { host, cause } => SourceError::Unreachable {
                host,
                cause: shown(cause),
            },
            SourceError::Unreadable { host, cause } => SourceError::Unreadable {
                host,
                cause: shown(cause),
            },
            SourceError::Refused { host, cause } => SourceError::Refused {
                host,
                cause: shown(cause),
            },
            same @ (SourceError::Auth { .. } | SourceError::RateLimited { .. }) => same,
        };
        Failure {
            error,
            status: failure.status,
        }
    }
}

/// Returns the path of an address: what is shown of a request.
fn path_of(url: &Url) -> String {
    url.path().to_owned()
}

/// Returns a number that stands for a credential without telling it.
fn fingerprint(secret: &str) -> String {
    format!("{:016x}", xxhash_rust::xxh3::xxh3_64(secret.as_bytes()))
}

/// Returns whether a GraphQL document does more than read.
fn changes_things(document: &str) -> bool {
    document
        .lines()
        .map(str::trim_start)
        .any(|line| line.starts_with("mutation") || line.starts_with("subscription"))
}

/// Builds the headers that go with every request of a source.
pub(crate) fn fixed_headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
    pairs
        .iter()
        .map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        })
        .collect()
}

//! The client of one source: one origin, one credential, every rule of the road.
//!
//! Reads: GET, and POST for GraphQL queries; what changes something is in `write`.
//! Redirects are followed by hand, bodies are bounded after decompression, and no
//! request is repeated.

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use reqwest::header::{ETAG, HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use url::Url;

use super::gate::{Gate, Lane, Urgency};
use super::json::decode;
use super::ledger::Ledger;
use super::origin::{Origin, host_of, is_loopback};
use super::request::{Answer, Failure, Limits, Request};
use super::retry_after::Wish;
use super::skew::Dates;
use super::{Ground, Stored, ValidatorKey, hex, tls};
use crate::domain::Timestamp;
use crate::domain::key::SourceName;
use crate::domain::text::Clean;
use crate::domain::text::redact::Redactor;
use crate::sources::{Budget, Meter, SourceError};

/// Bodies above this are not kept for `If-None-Match`.
const KEPT_BODY: usize = 2 * 1024 * 1024;

/// What stands for the account of a client without a credential.
pub(in crate::sources) const NOBODY: &str = "none";

/// How a credential is written into the header `Authorization`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scheme {
    /// `Bearer TOKEN`.
    Bearer,
    /// A login where it is `user:password`, else a bearer token.
    BearerOrLogin,
    /// `token TOKEN`, as Gitea has it.
    Token,
}

/// A credential, ready to be sent.
pub(super) struct Credential {
    pub(super) header: HeaderValue,
    fingerprint: String,
    redactor: Redactor,
}

/// The client of one source.
pub struct Client {
    pub(super) http: reqwest::Client,
    pub(super) source: SourceName,
    pub(super) origin: Origin,
    /// The account of nobody: several tools behind one host have limits of their own.
    nobody: String,
    pub(super) host: String,
    pub(super) headers: HeaderMap,
    pub(super) ground: Ground,
    pub(super) limits: Limits,
    credential: RwLock<Option<Arc<Credential>>>,
    gate: RwLock<Arc<Gate>>,
    pub(super) ledger: Ledger,
    pub(super) dates: Dates,
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
        let http =
            tls::build(&limits, ca_file, local).map_err(|cause| SourceError::Unreachable {
                host: host.clone(),
                cause,
            })?;
        let nobody = format!("{NOBODY} {}", base.path().trim_end_matches('/'));
        let gate = Gate::shared(&origin, &nobody);
        Ok(Self {
            http,
            source,
            origin,
            nobody,
            host,
            headers,
            ground,
            limits,
            credential: RwLock::default(),
            gate: RwLock::new(gate),
            ledger: Ledger::default(),
            dates: Dates::default(),
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

    /// Binds a bearer token to the origin of this client.
    ///
    /// Refuses one that cannot be a header: control characters, white space, not ASCII.
    pub fn bind(&self, secret: &SecretString) -> Result<(), SourceError> {
        self.bind_by(Scheme::Bearer, secret)
    }

    /// Binds a credential to the origin of this client, as the scheme writes it.
    pub fn bind_by(&self, scheme: Scheme, secret: &SecretString) -> Result<(), SourceError> {
        let value = secret.expose_secret();
        let login = match scheme {
            // No token holds a colon (RFC 6750, section 2.1).
            Scheme::BearerOrLogin => value.split_once(':'),
            Scheme::Bearer | Scheme::Token => None,
        };
        let Some((_user, password)) = login else {
            let word = match scheme {
                Scheme::Bearer | Scheme::BearerOrLogin => "Bearer",
                Scheme::Token => "token",
            };
            return self.bind_as(secret, &format!("{word} {value}"), vec![secret.clone()]);
        };
        let coded = BASE64_STANDARD.encode(value);
        let header = format!("Basic {coded}");
        let parts = [password.to_owned(), coded].map(SecretString::from);
        let forms = parts.into_iter().chain([secret.clone()]).collect();
        self.bind_as(secret, &header, forms)
    }

    /// `forms` are all that the secret is written as.
    fn bind_as(
        &self,
        secret: &SecretString,
        header: &str,
        forms: Vec<SecretString>,
    ) -> Result<(), SourceError> {
        let value = secret.expose_secret();
        let fits = !value.is_empty() && value.bytes().all(|b| b.is_ascii_graphic());
        let header = fits.then(|| HeaderValue::from_str(header).ok()).flatten();
        let Some(mut header) = header else {
            return Err(SourceError::Refused {
                host: self.host.clone(),
                cause: "the token holds characters that no token has".to_owned(),
            });
        };
        header.set_sensitive(true);
        forms.iter().for_each(self.ground.know);
        let credential = Credential {
            header,
            fingerprint: fingerprint(value),
            redactor: Redactor::new(forms),
        };
        *self.gate.write().unwrap_or_else(PoisonError::into_inner) =
            Gate::shared(&self.origin, &credential.fingerprint);
        *self
            .credential
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(credential));
        Ok(())
    }

    /// Lets go of the credential: what follows asks as nobody.
    pub(in crate::sources) fn unbind(&self) {
        *self.gate.write().unwrap_or_else(PoisonError::into_inner) =
            Gate::shared(&self.origin, &self.nobody);
        *self
            .credential
            .write()
            .unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Returns the gate that requests with this credential pass.
    pub(super) fn gate(&self) -> Arc<Gate> {
        Arc::clone(&self.gate.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns whether there is a credential to send.
    pub fn has_credential(&self) -> bool {
        self.credential().is_some()
    }

    pub(super) fn credential(&self) -> Option<Arc<Credential>> {
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
        answer.map_err(|failure| self.no_answer(failure))
    }

    /// Asks for one address and reads the answer.
    ///
    /// An answer that cannot be read is not kept: a later 304 would only confirm it.
    pub async fn get_as<T: DeserializeOwned>(
        &self,
        request: &Request,
    ) -> Result<(T, Answer), Failure> {
        let answer = self.get(request).await?;
        let read = self.parse(request, &answer)?;
        Ok((read, answer))
    }

    /// Reads the body of an answer; what cannot be read is not to be confirmed by a 304 later.
    pub fn parse<T: DeserializeOwned>(
        &self,
        request: &Request,
        answer: &Answer,
    ) -> Result<T, Failure> {
        decode(&self.host, request.url.path(), &answer.body).inspect_err(|_failure| {
            self.forget(&request.url);
            self.spoiled();
        })
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
        answer.map_err(|failure| self.no_answer(failure))
    }

    /// Takes in a limit that a body told.
    pub fn learn(&self, budget: Budget) {
        self.gate().learn_budget(budget);
    }

    /// Makes the host silent as its answer asked.
    pub fn silence(&self, wish: Wish) -> SourceError {
        SourceError::RateLimited {
            host: self.host.clone(),
            retry_after: self.gate().silence(wish, self.now()),
            share: None,
        }
    }

    /// Returns what was spent; where the token comes from is the caller's to add.
    pub fn meter(&self) -> Meter {
        let state = self.ledger.state();
        Meter {
            sent: state.sent,
            not_modified: state.not_modified,
            failed: state.failed,
            budgets: self.gate().budgets(),
            recent: state.recent.into(),
            last_failed: state.last_failed,
            patience: self.limits.first_byte,
            ahead: self.dates.ahead(),
            insecure: !self.origin.is_encrypted(),
            ..Meter::default()
        }
    }

    /// Returns whether nothing that changes anything may leave.
    pub(super) fn is_read_only(&self) -> bool {
        self.ground.read_only
    }

    pub(super) async fn turn(
        &self,
        lane: Lane,
        urgency: Urgency,
    ) -> Result<Option<tokio::sync::OwnedSemaphorePermit>, Failure> {
        self.gate()
            .permit(lane, urgency, &self.ground.clock)
            .await
            .map_err(|closed| {
                Failure::of(SourceError::RateLimited {
                    host: self.host.clone(),
                    retry_after: closed.wait,
                    share: closed.share,
                })
            })
    }

    /// Returns what stands for the credential, or for there being none.
    pub(in crate::sources) fn account(&self) -> String {
        self.credential()
            .map_or_else(|| NOBODY.to_owned(), |held| held.fingerprint.clone())
    }

    fn key(&self, url: &Url) -> ValidatorKey {
        ValidatorKey {
            source: self.source.clone(),
            credential: self.account(),
            url: url.as_str().to_owned(),
        }
    }

    pub(super) fn stored(&self, url: &Url) -> Option<Stored> {
        let stored = self.ground.validators.get(&self.key(url));
        stored.filter(|stored| !stored.etag.is_empty())
    }

    /// Forgets the stored answer of an address, which turned out to be of no use.
    ///
    /// Whether there is one cannot be asked: it may be on its way to where it is stored.
    pub fn forget(&self, url: &Url) {
        let nothing = Stored {
            etag: String::new(),
            next: None,
            body: Arc::from([]),
        };
        self.ground.validators.put(&self.key(url), nothing);
    }

    pub(super) fn store(
        &self,
        url: &Url,
        headers: &HeaderMap,
        next: Option<&String>,
        body: &Arc<[u8]>,
    ) {
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

    pub(super) fn unreachable(&self, cause: String) -> Failure {
        Failure::of(SourceError::Unreachable {
            host: self.host.clone(),
            cause,
        })
    }

    pub(super) fn unreadable(&self, cause: String) -> Failure {
        Failure::of(SourceError::Unreadable {
            host: self.host.clone(),
            cause,
        })
    }

    /// Takes secrets out of whatever the host put into an error.
    pub(super) fn redacted(&self, failure: Failure) -> Failure {
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
            SourceError::NotFound { host, what, near } => SourceError::NotFound {
                host,
                what: shown(what),
                near,
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
            SourceError::NoToken { host, cause } => SourceError::NoToken {
                host,
                cause: shown(cause),
            },
            same @ (SourceError::Auth { .. } | SourceError::RateLimited { .. }) => same,
        };
        Failure {
            error,
            status: failure.status,
            said: failure.said.map(shown),
            looks: failure.looks,
        }
    }
}

/// Returns the path of an address: what is shown of a request.
pub(super) fn path_of(url: &Url) -> String {
    url.path().to_owned()
}

/// Returns what stands for a credential without telling it.
pub(in crate::sources) fn fingerprint(secret: &str) -> String {
    hex(ring::digest::digest(&ring::digest::SHA256, secret.as_bytes()).as_ref())
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

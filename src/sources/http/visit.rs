//! One visit to an endpoint, for what it is like there: status, time, certificate, body.
//!
//! Unlike [`Client::get`] no status is an error; who did not answer, and who answered
//! badly, are told apart. The credential and the origin are kept as everywhere.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{ACCEPT, HeaderMap, HeaderValue};
use tokio::time::Instant;
use url::Url;

use super::client::{Client, path_of};
use super::gate::{Lane, Urgency};
use super::reach::{self, Others};
use super::retry_after::Wish;
use super::status::{Judged, limit};
use super::{their_now, words};
use crate::sources::SourceError;

/// What is visited.
pub struct Call<'a> {
    /// Where; must lie in the origin of the client.
    pub url: &'a Url,
    /// Which status is wanted: a redirect that is wanted is not followed.
    pub wanted: &'a (dyn Fn(u16) -> bool + Sync),
    /// Whether the body is of use.
    pub body: bool,
    /// Whether a person waits for it.
    pub urgency: Urgency,
}

/// What it is like there.
#[derive(Debug, Clone)]
pub struct Visit {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, where it was wanted.
    pub body: Arc<[u8]>,
    /// How long it took, redirects and the body included.
    pub took: Duration,
    /// The certificate that was shown, as DER.
    pub certificate: Option<Vec<u8>>,
}

/// Why a visit came to nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Missed {
    /// No request left: a limit, ours or theirs.
    Held(SourceError),
    /// There is no way there: no name, no network.
    NoWay(String),
    /// Nobody answered in time.
    Silent(String),
    /// Somebody is there, and gave no answer for as long as was waited.
    Late(String),
    /// Somebody is there, and gave no answer.
    Bad(String),
}

impl Client {
    /// Visits an endpoint; redirects are followed within the origin.
    pub async fn visit(&self, call: &Call<'_>) -> Result<Visit, Missed> {
        let turn = self.turn(Lane::Visit, call.urgency).await;
        let _turn = turn.map_err(|failure| Missed::Held(failure.error))?;
        let total = self.limits.total;
        let visited = tokio::time::timeout(total, self.go(call)).await;
        visited.unwrap_or_else(|_elapsed| {
            let what = path_of(call.url);
            self.enter("GET", &what, None, Instant::now() - total, 0);
            let span = words::span(total);
            Err(Missed::Late(format!("no whole answer within {span}")))
        })
    }

    /// Returns what became of requests of the whole process to other hosts since a moment.
    pub fn others(&self, since: Instant) -> Others {
        reach::others(&self.origin, since)
    }

    async fn go(&self, call: &Call<'_>) -> Result<Visit, Missed> {
        let begun = Instant::now();
        let mut url = call.url.clone();
        let mut seen = BTreeSet::from([url.as_str().to_owned()]);
        loop {
            let what = path_of(&url);
            if !self.origin.covers(&url) {
                return Err(Missed::Bad("it leads to another host".to_owned()));
            }
            let started = Instant::now();
            let response = self.knock(&url, &what, started).await?;
            let status = response.status().as_u16();
            let moves = matches!(status, 301 | 302 | 303 | 307 | 308);
            if !moves || (call.wanted)(status) {
                return self.look(call, response, begun, started).await;
            }
            self.enter("GET", &what, Some(status), started, 0);
            let target = self.redirect(&url, response.headers(), &what);
            url = target.map_err(|failure| self.bad(cause(failure.error)))?;
            if !self.origin.covers(&url) {
                return Err(self.bad(self.elsewhere(&url)));
            }
            if seen.len() > self.limits.redirects || !seen.insert(url.as_str().to_owned()) {
                return Err(self.bad("it redirects in a circle".to_owned()));
            }
        }
    }

    /// Returns that what came is no answer, and counts that.
    fn bad(&self, cause: String) -> Missed {
        self.spoiled();
        Missed::Bad(cause)
    }

    /// Says where a redirect leads that leaves our origin.
    fn elsewhere(&self, url: &Url) -> String {
        let there = super::host_of(url);
        if there != self.host {
            return format!("it redirects to another host, `{there}`");
        }
        let scheme = url.scheme();
        format!("it redirects to `{scheme}://{there}`: `url` should begin so")
    }

    /// Sends one request, without following anything.
    async fn knock(
        &self,
        url: &Url,
        what: &str,
        started: Instant,
    ) -> Result<reqwest::Response, Missed> {
        let mut headers = self.headers.clone();
        headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
        let builder = self.with_credential(self.http.get(url.clone()).headers(headers));
        let sent = tokio::time::timeout(self.limits.first_byte, builder.send()).await;
        let missed = match sent {
            Ok(Ok(response)) => {
                reach::note(&self.origin, true);
                return Ok(response);
            }
            Ok(Err(error)) => {
                let error = error.without_url();
                let cause = words::transport(&error);
                match words::loss(&error) {
                    words::Loss::NoWay => Missed::NoWay(cause),
                    words::Loss::Silent => Missed::Silent(cause),
                    words::Loss::Answered => Missed::Bad(cause),
                }
            }
            Err(_elapsed) => {
                let span = words::span(self.limits.first_byte);
                Missed::Late(format!("no answer within {span}"))
            }
        };
        reach::note(&self.origin, false);
        self.enter("GET", what, None, started, 0);
        Err(missed)
    }

    /// Takes in the answer.
    async fn look(
        &self,
        call: &Call<'_>,
        response: reqwest::Response,
        begun: Instant,
        started: Instant,
    ) -> Result<Visit, Missed> {
        let what = path_of(call.url);
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        self.dates.see(&headers, self.now());
        let certificate = response.extensions().get::<reqwest::tls::TlsInfo>();
        let certificate = certificate.and_then(|info| info.peer_certificate());
        let certificate = certificate.map(<[u8]>::to_vec);
        let body = if call.body {
            let read = self.body(response, "GET", &what, started).await;
            read.map_err(|failure| match status {
                400.. => Missed::Bad(cause(failure.error)),
                _ => self.bad(cause(failure.error)),
            })?
        } else {
            self.enter("GET", &what, Some(status), started, 0);
            Arc::from([])
        };
        if status == 429 && !(call.wanted)(429) {
            let asked = limit(&Judged {
                host: &self.host,
                what: &what,
                status,
                headers: &headers,
                body: &body,
                now: their_now(&headers, self.now()),
            });
            return Err(Missed::Held(self.silence(asked.unwrap_or(Wish::Unsaid))));
        }
        self.gate().spoke();
        Ok(Visit {
            status,
            headers,
            body,
            took: begun.elapsed(),
            certificate,
        })
    }
}

/// Returns the cause of an error without the host, which is known.
fn cause(error: SourceError) -> String {
    match error {
        SourceError::Unreachable { cause, .. }
        | SourceError::Unreadable { cause, .. }
        | SourceError::Refused { cause, .. } => cause,
        other @ (SourceError::Auth { .. }
        | SourceError::NoToken { .. }
        | SourceError::Forbidden { .. }
        | SourceError::RateLimited { .. }
        | SourceError::NotFound { .. }) => other.to_string(),
    }
}

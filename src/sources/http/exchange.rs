//! One request on its way: redirects, time-outs, bodies, and what they mean.
//!
//! The second half of [`super::Client`]. The credential goes to the origin that
//! it is bound to; once a redirect leaves that, it stays away for good.

use std::collections::BTreeSet;
use std::sync::Arc;

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue, IF_NONE_MATCH};
use tokio::time::Instant;
use url::Url;

use super::client::{Client, path_of};
use super::gate::Lane;
use super::origin::{Origin, host_of};
use super::request::{Answer, Failure, Looks, Next, Request};
use super::status::{Judged, header, is_web_page, judge, limit, message};
use super::{Stored, link, reach, their_now, words};
use crate::sources::SourceError;
use crate::sources::told::LATE;

/// The head of the last answer of a chain of redirects.
pub(super) struct Arrived {
    pub(super) response: reqwest::Response,
    /// Whether the chain never left our origin.
    pub(super) ours: bool,
    pub(super) started: Instant,
}

/// Where redirects may lead.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Roam {
    /// Within our origin: what another one says is not an answer of the interface.
    Home,
    /// Anywhere: downloads lie in storage elsewhere.
    Anywhere,
}

impl Client {
    pub(super) async fn within_total(
        &self,
        what: &str,
        work: impl Future<Output = Result<Answer, Failure>>,
    ) -> Result<Answer, Failure> {
        let total = self.limits.total;
        tokio::time::timeout(total, work)
            .await
            .unwrap_or_else(|_elapsed| {
                self.enter("GET", what, None, Instant::now() - total, 0);
                let cause = format!("no whole answer within {}", words::span(total));
                Err(self.unreachable(cause))
            })
    }

    /// Counts what came as no answer, where its status did not say so itself.
    pub(super) fn no_answer(&self, failure: Failure) -> Failure {
        let is_counted = failure.status.is_some_and(|status| status >= 400);
        if !is_counted && matches!(failure.error, SourceError::Unreadable { .. }) {
            self.spoiled();
        }
        self.redacted(failure)
    }

    /// Sends, and follows redirects: same origin keeps the credential, others never see it again.
    pub(super) async fn follow(&self, request: &Request, what: &str) -> Result<Answer, Failure> {
        if !self.origin.covers(&request.url) {
            return Err(self
                .unreadable(format!("{what}: the link leads to another host"))
                .marked_elsewhere());
        }
        let stored = request
            .conditional
            .then(|| self.stored(&request.url))
            .flatten();
        let mut asks = HeaderMap::new();
        if let Some(stored) = &stored
            && let Ok(etag) = HeaderValue::from_str(&stored.etag)
        {
            asks.insert(IF_NONE_MATCH, etag);
        }
        let arrived = self.chain(&request.url, what, &asks, Roam::Home).await?;
        self.take(request, arrived, stored).await
    }

    /// Sends, and follows redirects by hand to the first answer that is none; `asks` are headers
    /// for our origin.
    pub(super) async fn chain(
        &self,
        from: &Url,
        what: &str,
        asks: &HeaderMap,
        roam: Roam,
    ) -> Result<Arrived, Failure> {
        let mut url = from.clone();
        let mut ours = true;
        let mut seen = BTreeSet::from([url.as_str().to_owned()]);
        loop {
            let started = Instant::now();
            let mut builder = self.http.get(url.clone());
            if ours {
                builder = self.with_credential(builder.headers(self.headers.clone()));
                builder = builder.headers(asks.clone());
            }
            let sent = self.send(builder, "GET", what, started).await;
            let response = sent.map_err(|failure| self.at_target(failure, &url, what))?;
            if ours {
                self.dates.see(response.headers(), self.now());
            }
            if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
                return Ok(Arrived {
                    response,
                    ours,
                    started,
                });
            }
            self.enter("GET", what, Some(response.status().as_u16()), started, 0);
            let target = self.redirect(&url, response.headers(), what)?;
            let home = self.origin.covers(&target);
            if !home && roam == Roam::Home {
                let there = host_of(&target);
                return Err(self
                    .unreadable(format!("{what}: it redirects to another host, `{there}`"))
                    .marked_elsewhere());
            }
            ours = ours && home;
            if seen.len() > self.limits.redirects || !seen.insert(target.as_str().to_owned()) {
                return Err(self.unreadable(format!("{what}: it redirects in a circle")));
            }
            url = target;
        }
    }

    /// Names the target of a redirect where that is what failed.
    fn at_target(&self, failure: Failure, url: &Url, what: &str) -> Failure {
        if self.origin.covers(url) {
            return failure;
        }
        let SourceError::Unreachable { cause, .. } = failure.error else {
            return failure;
        };
        Failure::of(SourceError::Unreachable {
            host: host_of(url),
            cause: format!("{cause} ({} redirects {what} there)", self.host),
        })
    }

    pub(super) fn redirect(
        &self,
        from: &Url,
        headers: &HeaderMap,
        what: &str,
    ) -> Result<Url, Failure> {
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

    pub(super) async fn post(
        &self,
        url: &Url,
        what: &str,
        body: &serde_json::Value,
    ) -> Result<Answer, Failure> {
        if !self.origin.covers(url) {
            return Err(self
                .unreadable(format!("{what}: the link leads to another host"))
                .marked_elsewhere());
        }
        let started = Instant::now();
        let builder = self.http.post(url.clone()).headers(self.headers.clone());
        let builder = self.with_credential(builder).json(body);
        let response = self.send(builder, "POST", what, started).await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        self.dates.see(&headers, self.now());
        self.gate().learn(&headers, Lane::GraphQl, self.now());
        let body = self.body(response, "POST", what, started).await?;
        self.check(status, &headers, &body, what)?;
        Ok(Answer {
            body,
            not_modified: false,
            next: Next::Last,
            headers,
        })
    }

    pub(super) fn with_credential(
        &self,
        builder: reqwest::RequestBuilder,
    ) -> reqwest::RequestBuilder {
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
        reach::note(&self.origin, matches!(sent, Ok(Ok(_))));
        let cause = match sent {
            Ok(Ok(response)) => return Ok(response),
            Ok(Err(error)) => words::transport(&error.without_url()),
            Err(_elapsed) => {
                format!("{LATE}{}", words::span(self.limits.first_byte))
            }
        };
        self.enter(method, what, None, started, 0);
        Err(self.unreachable(cause))
    }

    /// Turns the last answer of a chain into what the caller gets.
    async fn take(
        &self,
        request: &Request,
        arrived: Arrived,
        stored: Option<Stored>,
    ) -> Result<Answer, Failure> {
        let Arrived {
            response,
            ours,
            started,
        } = arrived;
        let what = path_of(&request.url);
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        if ours {
            self.gate().learn(&headers, Lane::Rest, self.now());
        }
        if status == 304 {
            self.enter("GET", &what, Some(304), started, 0);
            let Some(stored) = stored.filter(|_| ours) else {
                return Err(self.unreadable(format!(
                    "{what}: it says that nothing changed, but was not asked that"
                )));
            };
            self.gate().spoke();
            return Ok(Answer {
                body: stored.body,
                not_modified: true,
                next: self.next(stored.next.as_deref(), &request.url),
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
            next: self.next(next.as_deref(), &request.url),
            headers,
        })
    }

    /// Returns where the link of a header leads.
    fn next(&self, link: Option<&str>, base: &Url) -> Next {
        let Some(link) = link else {
            return Next::Last;
        };
        let url = base.join(link).ok().filter(|url| self.origin.covers(url));
        url.map_or(Next::Elsewhere, Next::At)
    }

    /// Checks status, then that the body is data.
    pub(super) fn check(
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
                now: their_now(headers, self.now()),
            };
            let spent = header(headers, "x-ratelimit-remaining").map(str::trim) == Some("0");
            let error = match limit(&judged) {
                Some(wish) if !spent => self.silence(wish),
                _ => judge(&judged),
            };
            return Err(Failure {
                error,
                status: Some(status),
                said: message(body),
                looks: Looks::Usual,
            });
        }
        if is_web_page(headers) {
            return Err(Failure {
                status: Some(status),
                ..self
                    .unreadable(format!("{what}: answered with a web page (login?)"))
                    .marked_elsewhere()
            });
        }
        if status >= 300 {
            return Err(Failure {
                status: Some(status),
                ..self.unreadable(format!("{what}: it answered {status}"))
            });
        }
        self.gate().spoke();
        Ok(())
    }

    /// Reads a body within its bounds of size, pace and pauses.
    pub(super) async fn body(
        &self,
        mut response: reqwest::Response,
        method: &str,
        what: &str,
        started: Instant,
    ) -> Result<Arc<[u8]>, Failure> {
        let status = response.status().as_u16();
        let begun = Instant::now();
        let mut body = Vec::new();
        let usual = |cause| Some((cause, Looks::Usual));
        let trouble = loop {
            let chunk = match tokio::time::timeout(self.limits.idle, response.chunk()).await {
                Ok(Ok(Some(chunk))) => chunk,
                Ok(Ok(None)) => break None,
                Ok(Err(error)) => {
                    break usual(words::cut_body(&error.without_url()));
                }
                Err(_elapsed) => break usual("the answer stopped half way".to_owned()),
            };
            if body.len() + chunk.len() > self.limits.body {
                let cap = self.limits.body / (1024 * 1024);
                let cause = format!("the answer is larger than {cap} MiB");
                break Some((cause, Looks::TooLarge));
            }
            body.extend_from_slice(&chunk);
            let spent = begun.elapsed();
            let due = self.limits.least_rate.saturating_mul(spent.as_secs());
            if spent > self.limits.patience && (body.len() as u64) < due {
                break usual("the answer comes too slowly".to_owned());
            }
        };
        self.enter(method, what, Some(status), started, body.len() as u64);
        match trouble {
            None => Ok(body.into()),
            Some((cause, looks)) => Err(Failure {
                status: Some(status),
                looks,
                ..self.unreadable(format!("{what}: {cause}"))
            }),
        }
    }
}

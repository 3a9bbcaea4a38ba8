//! The one way to change something: one POST, no retry, no redirect.
//!
//! Tells apart what never left, what was refused, and what nobody knows. Whether
//! it may be sent at all is decided by whoever calls; read-only wins here.

use reqwest::header::CONTENT_LENGTH;
use tokio::time::Instant;
use url::Url;

use super::client::{Client, path_of};
use super::gate::{Lane, Urgency};
use super::status::{Judged, limit, message};
use super::words;
use crate::domain::text::Clean;
use crate::sources::SourceError;
use crate::sources::action::ActError;

impl Client {
    /// Sends one POST without a body, exactly once.
    pub async fn write(&self, url: &Url) -> Result<(), ActError> {
        let what = path_of(url);
        self.may_write(url)?;
        let turn = self.turn(Lane::Rest, Urgency::Person).await;
        let _turn = turn.map_err(|failure| failure.error)?;
        let started = Instant::now();
        let builder = self.http.post(url.clone()).headers(self.headers.clone());
        let builder = self.with_credential(builder).header(CONTENT_LENGTH, 0);
        let sent = tokio::time::timeout(self.limits.first_byte, builder.send()).await;
        let response = match sent {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => {
                self.enter("POST", &what, None, started, 0);
                let never_left = error.is_connect() || error.is_builder();
                let cause = words::transport(&error.without_url());
                return Err(if never_left {
                    ActError::NotSent(SourceError::Unreachable {
                        host: self.host.clone(),
                        cause,
                    })
                } else {
                    ActError::Unsure { cause }
                });
            }
            Err(_elapsed) => {
                self.enter("POST", &what, None, started, 0);
                let wait = words::span(self.limits.first_byte);
                let cause = format!("no answer within {wait}");
                return Err(ActError::Unsure { cause });
            }
        };
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        self.gate().learn(&headers, Lane::Rest);
        if response.status().is_success() {
            self.enter("POST", &what, Some(status), started, 0);
            self.gate().spoke();
            return Ok(());
        }
        // The status decides; a body that breaks off costs the sentence only.
        let body = self.body(response, "POST", &what, started).await;
        let body = body.unwrap_or_default();
        let judged = Judged {
            host: &self.host,
            what: &what,
            status,
            headers: &headers,
            body: &body,
            now: self.now(),
        };
        if let Some(wish) = limit(&judged) {
            let _silent = self.silence(wish);
        }
        Err(self.no(status, &body))
    }

    fn may_write(&self, url: &Url) -> Result<(), SourceError> {
        let host = self.host.clone();
        if self.ground.read_only {
            let cause = "only reading is allowed".to_owned();
            return Err(SourceError::Refused { host, cause });
        }
        if !self.origin.covers(url) {
            let cause = "the link leads to another host".to_owned();
            return Err(SourceError::Refused { host, cause });
        }
        if self.credential().is_none() {
            let cause = "nothing is changed without one".to_owned();
            return Err(SourceError::NoToken { host, cause });
        }
        Ok(())
    }

    /// Returns what an answer that is no success means.
    fn no(&self, status: u16, body: &[u8]) -> ActError {
        let said = message(body).map(|said| self.shown(&said));
        match status {
            408 | 425 | 500.. => ActError::Unsure {
                cause: format!("{} answered {status}", self.host),
            },
            300..400 => ActError::Refused {
                status,
                said: Clean::line(&format!(
                    "it moved: {} answered {status}, and an action follows no redirect",
                    self.host
                )),
            },
            _ => ActError::Refused {
                status,
                said: said
                    .unwrap_or_else(|| Clean::line(&format!("{} answered {status}", self.host))),
            },
        }
    }
}

//! Answers too large to hold: handed on part by part, through a bounded channel.
//!
//! The same road as every GET (origin, credential, redirects), but for the time
//! as a whole: a download may take long, as long as it does not stall.

use std::time::Duration;

use reqwest::header::HeaderMap;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::client::{Client, path_of};
use super::exchange::{Arrived, Roam};
use super::gate::Lane;
use super::request::{Failure, Limits, Request};
use super::words;
use crate::sources::SourceError;

/// What was handed on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Streamed {
    /// Bytes, after decompression.
    pub bytes: u64,
    /// Whether the rest was left out because of its size.
    pub cut: bool,
}

impl Client {
    /// Asks for one address and hands the body on as it comes, `most` bytes of it at most.
    ///
    /// A body that ends too early is a failure, even though parts were handed on. The
    /// permit is given back with the head of the answer: a download holds nobody up.
    pub async fn stream(
        &self,
        request: &Request,
        most: u64,
        into: mpsc::Sender<Vec<u8>>,
    ) -> Result<Streamed, Failure> {
        let streamed = self.stream_with_head(request, most, into).await;
        streamed.map(|(streamed, _)| streamed)
    }

    /// The same, with the headers of the answer.
    pub async fn stream_with_head(
        &self,
        request: &Request,
        most: u64,
        into: mpsc::Sender<Vec<u8>>,
    ) -> Result<(Streamed, HeaderMap), Failure> {
        let what = path_of(&request.url);
        if !self.origin.covers(&request.url) {
            return Err(self.unreadable(format!("{what}: the link leads to another host")));
        }
        let turn = self.turn(Lane::Rest, request.urgency).await?;
        let arrived = self
            .chain(&request.url, &what, &HeaderMap::new(), Roam::Anywhere)
            .await;
        drop(turn);
        let done = match arrived {
            Ok(arrived) => self.hand_on(arrived, &what, most, into).await,
            Err(failure) => Err(failure),
        };
        done.map_err(|failure| self.redacted(failure))
    }

    async fn hand_on(
        &self,
        arrived: Arrived,
        what: &str,
        most: u64,
        into: mpsc::Sender<Vec<u8>>,
    ) -> Result<(Streamed, HeaderMap), Failure> {
        let Arrived {
            mut response,
            ours,
            started,
        } = arrived;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        if ours {
            self.gate().learn(&headers, Lane::Rest, self.now());
        }
        if status != 200 {
            return Err(self.no_stream(response, ours, what, started).await);
        }
        self.check(status, &headers, &[], what)?;
        let mut pace = Pace::new(&self.limits);
        let mut done = Streamed {
            bytes: 0,
            cut: false,
        };
        let trouble = loop {
            let chunk = match self.next_part(&mut response, &mut pace).await {
                Ok(Some(chunk)) => chunk,
                Ok(None) => break None,
                Err(cause) => break Some(cause),
            };
            let room = usize::try_from(most - done.bytes).unwrap_or(usize::MAX);
            let part = chunk.get(..room.min(chunk.len())).unwrap_or_default();
            done.bytes += part.len() as u64;
            done.cut = part.len() < chunk.len();
            if !part.is_empty() && into.send(part.to_vec()).await.is_err() {
                break Some("what came could not be taken in".to_owned());
            }
            if done.cut {
                break None;
            }
        };
        self.enter("GET", what, Some(status), started, done.bytes);
        match trouble {
            None => Ok((done, headers)),
            Some(cause) => Err(Failure {
                status: Some(status),
                ..self.unreadable(format!("{what}: {cause}"))
            }),
        }
    }

    /// Returns the next part of a body, nothing at its end, or why it does not come.
    pub(super) async fn next_part(
        &self,
        response: &mut reqwest::Response,
        pace: &mut Pace,
    ) -> Result<Option<Vec<u8>>, String> {
        let begun = Instant::now();
        let chunk = match tokio::time::timeout(self.limits.idle, response.chunk()).await {
            Ok(Ok(Some(chunk))) => chunk,
            Ok(Ok(None)) => return Ok(None),
            Ok(Err(error)) => return Err(words::cut_body(&error.without_url())),
            Err(_elapsed) => return Err("the answer stopped half way".to_owned()),
        };
        if pace.is_too_slow(begun.elapsed(), chunk.len() as u64) {
            return Err("the answer comes too slowly".to_owned());
        }
        Ok(Some(chunk.to_vec()))
    }

    /// Returns what an answer without a stream means; storage elsewhere does not speak for the host.
    pub(super) async fn no_stream(
        &self,
        response: reqwest::Response,
        ours: bool,
        what: &str,
        started: Instant,
    ) -> Failure {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = match self.body(response, "GET", what, started).await {
            Ok(body) => body,
            Err(failure) => return failure,
        };
        let host = self.host.clone();
        let error = match status {
            _ if ours => match self.check(status, &headers, &body, what) {
                Err(failure) => return failure,
                Ok(()) => {
                    self.unreadable(format!("{what}: it answered {status}"))
                        .error
                }
            },
            404 | 410 => SourceError::NotFound {
                host,
                what: what.to_owned(),
                near: None,
            },
            500.. | 408 | 425 | 429 => SourceError::Unreachable {
                host,
                cause: format!("{what}: the storage it redirects to answered {status}"),
            },
            _ => SourceError::Unreadable {
                host,
                cause: format!("{what}: the storage it redirects to answered {status}"),
            },
        };
        Failure {
            status: Some(status),
            ..Failure::of(error)
        }
    }
}

/// How fast a body comes, over spans of `patience`; waits of our own do not count.
pub(super) struct Pace {
    span: Duration,
    least_rate: u64,
    waited: Duration,
    bytes: u64,
}

impl Pace {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            span: limits.patience,
            least_rate: limits.least_rate,
            waited: Duration::ZERO,
            bytes: 0,
        }
    }

    pub(super) fn is_too_slow(&mut self, waited: Duration, bytes: u64) -> bool {
        self.waited += waited;
        self.bytes += bytes;
        if self.waited < self.span {
            return false;
        }
        let due = self.least_rate.saturating_mul(self.waited.as_secs());
        let slow = self.bytes < due;
        (self.waited, self.bytes) = (Duration::ZERO, 0);
        slow
    }
}

#[cfg(test)]
mod tests {
    use super::Pace;
    use crate::sources::http::Limits;
    use std::time::Duration;

    #[test]
    fn a_stream_is_too_slow_when_one_span_of_it_is() {
        let mut pace = Pace::new(&Limits::default());
        let secs = Duration::from_secs;
        assert!(!pace.is_too_slow(secs(1), 50_000_000), "a fast start");
        assert!(!pace.is_too_slow(secs(29), 0), "makes up for its own span");
        assert!(
            !pace.is_too_slow(secs(29), 100),
            "not judged before a span is over"
        );
        assert!(pace.is_too_slow(secs(1), 100), "and for no other");
        assert!(!pace.is_too_slow(secs(30), 31_000));
    }
}

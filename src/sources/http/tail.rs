//! A body that grows: what is behind the part that is known, and whether that part still holds.
//!
//! Asks by range, from a little before the end of what is known. A server that knows no ranges
//! tells all of it, and what is known is left out; one that knows `ETag` says that nothing changed.

use reqwest::header::{ETAG, HeaderMap, HeaderValue, IF_NONE_MATCH, RANGE};
use tokio::sync::mpsc;

use super::client::{Client, path_of};
use super::exchange::{Arrived, Roam};
use super::gate::Lane;
use super::request::{Failure, Request};
use super::status::header;
use super::stream::Pace;

/// The longest validator that is kept.
const LONGEST_ETAG: usize = 256;

/// What is known of a body.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// How many bytes of it.
    pub bytes: u64,
    /// The last of these: what is told at their place must be the same.
    pub tail: &'a [u8],
    /// The validator of the answer that told them; empty where there is none.
    pub etag: &'a str,
}

impl Known<'_> {
    /// Returns where the bytes begin that are compared.
    fn from(&self) -> u64 {
        self.bytes.saturating_sub(self.tail.len() as u64)
    }
}

/// What became of a body.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Grown {
    /// It is the same.
    Same,
    /// It is shorter than what is known, or says something else at its end.
    Other {
        /// How many bytes came to find that out.
        moved: u64,
    },
    /// It holds what is known, and what was handed on behind it.
    More {
        /// The validator of this answer; empty where there is none.
        etag: String,
        /// How many bytes were handed on.
        bytes: u64,
        /// How many bytes came.
        moved: u64,
        /// Whether the rest was left out because of its size.
        cut: bool,
    },
}

impl Client {
    /// Asks for what is behind the known part of a body and hands it on, `most` bytes at most.
    pub async fn tail(
        &self,
        request: &Request,
        known: &Known<'_>,
        most: u64,
        into: mpsc::Sender<Vec<u8>>,
    ) -> Result<Grown, Failure> {
        let what = path_of(&request.url);
        if !self.origin.covers(&request.url) {
            return Err(self.unreadable(format!("{what}: the link leads to another host")));
        }
        let turn = self.turn(Lane::Rest, request.urgency).await?;
        let arrived = self
            .chain(&request.url, &what, &asks(known), Roam::Anywhere)
            .await;
        drop(turn);
        let done = match arrived {
            Ok(arrived) => self.behind(arrived, &what, known, most, into).await,
            Err(failure) => Err(failure),
        };
        done.map_err(|failure| self.redacted(failure))
    }

    async fn behind(
        &self,
        arrived: Arrived,
        what: &str,
        known: &Known<'_>,
        most: u64,
        into: mpsc::Sender<Vec<u8>>,
    ) -> Result<Grown, Failure> {
        let Arrived {
            mut response,
            ours,
            started,
        } = arrived;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        if ours {
            self.gate().learn(&headers, Lane::Rest, self.now());
        }
        let at = match status {
            200 => 0,
            206 => match begins_at(&headers) {
                Some(at) if at <= known.from() => at,
                _ => {
                    let cause = format!("{what}: it told another part than was asked for");
                    return Err(self.unreadable(cause));
                }
            },
            304 if ours && !known.etag.is_empty() => {
                self.enter("GET", what, Some(304), started, 0);
                self.gate().spoke();
                return Ok(Grown::Same);
            }
            416 if known.bytes > 0 => {
                self.enter("GET", what, Some(416), started, 0);
                self.gate().spoke();
                return Ok(Grown::Other { moved: 0 });
            }
            _ => return Err(self.no_stream(response, ours, what, started).await),
        };
        self.check(status, &headers, &[], what)?;
        let mut sieve = Sieve::new(known, at, most);
        let mut pace = Pace::new(&self.limits);
        let trouble = loop {
            let chunk = match self.next_part(&mut response, &mut pace).await {
                Ok(Some(chunk)) => chunk,
                Ok(None) => break None,
                Err(cause) => break Some(cause),
            };
            let part = sieve.pass(&chunk);
            if !part.is_empty() && into.send(part.to_vec()).await.is_err() {
                break Some("what came could not be taken in".to_owned());
            }
            if sieve.differs || sieve.cut {
                break None;
            }
        };
        self.enter("GET", what, Some(status), started, sieve.moved());
        match trouble {
            None => Ok(sieve.verdict(etag(&headers))),
            Some(cause) => Err(Failure {
                status: Some(status),
                ..self.unreadable(format!("{what}: {cause}"))
            }),
        }
    }
}

/// Returns what is asked beside the address.
fn asks(known: &Known<'_>) -> HeaderMap {
    let mut asks = HeaderMap::new();
    if known.bytes > 0
        && let Ok(range) = HeaderValue::from_str(&format!("bytes={}-", known.from()))
    {
        asks.insert(RANGE, range);
        if let Ok(etag) = HeaderValue::from_str(known.etag)
            && !known.etag.is_empty()
        {
            asks.insert(IF_NONE_MATCH, etag);
        }
    }
    asks
}

/// Returns where the part begins that an answer says it is.
fn begins_at(headers: &HeaderMap) -> Option<u64> {
    let range = header(headers, "content-range")?.trim();
    let (first, _) = range.strip_prefix("bytes ")?.split_once('-')?;
    first.trim().parse().ok()
}

fn etag(headers: &HeaderMap) -> String {
    let etag = headers.get(ETAG).and_then(|etag| etag.to_str().ok());
    let etag = etag.filter(|etag| etag.len() <= LONGEST_ETAG);
    etag.unwrap_or_default().to_owned()
}

/// Leaves out what is known, and compares its end.
struct Sieve<'a> {
    known: &'a Known<'a>,
    begun: u64,
    at: u64,
    room: u64,
    new: u64,
    differs: bool,
    cut: bool,
}

impl<'a> Sieve<'a> {
    fn new(known: &'a Known<'a>, at: u64, room: u64) -> Self {
        Self {
            known,
            begun: at,
            at,
            room,
            new: 0,
            differs: false,
            cut: false,
        }
    }

    fn moved(&self) -> u64 {
        self.at - self.begun
    }

    /// Takes the next bytes; returns those that are new.
    fn pass<'c>(&mut self, chunk: &'c [u8]) -> &'c [u8] {
        let place = |at: u64, base: u64| usize::try_from(at.saturating_sub(base)).ok();
        let end = self.at.saturating_add(chunk.len() as u64);
        let (from, to) = (self.known.from(), self.known.bytes);
        let (first, last) = (self.at.max(from), end.min(to));
        if first < last {
            let of = |base| Some(place(first, base)?..place(last, base)?);
            let told = of(self.at).and_then(|range| chunk.get(range));
            let known = of(from).and_then(|range| self.known.tail.get(range));
            self.differs |= told != known;
        }
        let new = place(to, self.at).and_then(|skip| chunk.get(skip..));
        let new = new.filter(|_| !self.differs).unwrap_or_default();
        let most = usize::try_from(self.room).unwrap_or(usize::MAX);
        let part = new.get(..most.min(new.len())).unwrap_or_default();
        self.cut |= part.len() < new.len();
        self.room -= part.len() as u64;
        self.new += part.len() as u64;
        self.at = end;
        part
    }

    fn verdict(&self, etag: String) -> Grown {
        let moved = self.moved();
        if self.differs || self.at < self.known.bytes {
            return Grown::Other { moved };
        }
        Grown::More {
            etag,
            bytes: self.new,
            moved,
            cut: self.cut,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is known is `text[..known]`, of which the last four bytes are compared.
    #[track_caller]
    fn check(old: &str, told: &str, at: u64, most: u64, expected: Option<&str>) {
        let tail = &old.as_bytes()[old.len().saturating_sub(4)..];
        let known = Known {
            bytes: old.len() as u64,
            tail,
            etag: "",
        };
        for size in 1..=told.len().max(1) {
            let mut sieve = Sieve::new(&known, at, most);
            let mut new = Vec::new();
            for chunk in told.as_bytes().chunks(size) {
                new.extend_from_slice(sieve.pass(chunk));
            }
            let found = match sieve.verdict(String::new()) {
                Grown::More { .. } => Some(String::from_utf8(new).unwrap()),
                Grown::Same | Grown::Other { .. } => None,
            };
            assert_eq!(found.as_deref(), expected, "{old} {told} {size}");
        }
    }

    #[test]
    fn what_is_known_is_left_out_wherever_the_answer_begins_and_is_cut() {
        check("", "abc", 0, 99, Some("abc"));
        check("abcdef", "abcdefgh", 0, 99, Some("gh"));
        check("abcdef", "cdefgh", 2, 99, Some("gh"));
        check("abcdef", "abcdef", 0, 99, Some(""));
        check("ab", "abcd", 0, 1, Some("c"));
    }

    #[test]
    fn a_body_that_is_shorter_or_says_something_else_is_another() {
        check("abcdef", "abcde", 0, 99, None);
        check("abcdef", "", 0, 99, None);
        check("abcdef", "abXdefgh", 0, 99, None);
        check("abcdef", "cdeXgh", 2, 99, None);
        // What lies before the bytes that are compared is not looked at.
        check("abcdef", "XbcdefG", 0, 99, Some("G"));
    }

    #[test]
    fn a_part_says_where_it_begins() {
        let at = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert("content-range", HeaderValue::from_static(text));
            begins_at(&headers)
        };
        assert_eq!(at("bytes 12-20/21"), Some(12));
        assert_eq!(at("bytes 0-0/*"), Some(0));
        assert_eq!(at("bytes */21"), None);
        assert_eq!(at("lines 1-2/3"), None);
    }
}

//! Streams of events that a server sends by itself, as long as somebody listens.
//!
//! The same road as every GET (origin, credential, redirects), but nobody waits for
//! its end and no permit is held: whoever listens holds nobody up. It knows no words.

use reqwest::header::HeaderMap;

use super::client::{Client, path_of};
use super::exchange::{Arrived, Roam};
use super::gate::Lane;
use super::request::{Failure, Request};
use super::words;
use crate::sources::SourceError;

/// How long a line may be; a longer one is passed over.
const MOST_LINE: usize = 256 * 1024;

/// A stream of events that is open.
#[derive(Debug)]
pub struct Listening {
    response: reqwest::Response,
    host: String,
    lines: Lines,
}

/// One event.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Event {
    /// What it is called.
    pub name: String,
    /// What it says.
    pub data: String,
}

/// What came of a stream and is not handed out yet.
#[derive(Debug, Default)]
struct Lines {
    rest: Vec<u8>,
    /// Whether the line at hand is too long.
    skips: bool,
    event: Event,
    ready: std::collections::VecDeque<Event>,
}

impl Client {
    /// Opens a stream of events (`text/event-stream`).
    pub async fn listen(&self, request: &Request) -> Result<Listening, Failure> {
        let what = path_of(&request.url);
        if !self.origin.covers(&request.url) {
            return Err(self.unreadable(format!("{what}: the link leads to another host")));
        }
        let turn = self.turn(Lane::Rest, request.urgency).await?;
        let arrived = self
            .chain(&request.url, &what, &HeaderMap::new(), Roam::Home)
            .await;
        drop(turn);
        let Arrived {
            response, started, ..
        } = arrived.map_err(|failure| self.redacted(failure))?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let kind = headers.get("content-type").and_then(|it| it.to_str().ok());
        let streams = kind.is_some_and(|kind| kind.trim().starts_with("text/event-stream"));
        if status == 200 && streams {
            self.enter("GET", &what, Some(status), started, 0);
            return Ok(Listening {
                response,
                host: self.host.clone(),
                lines: Lines::default(),
            });
        }
        let body = self.body(response, "GET", &what, started).await?;
        let judged = self.check(status, &headers, &body, &what);
        let failure = match judged {
            Err(failure) => failure,
            Ok(()) => self.unreadable(format!("{what}: it is no stream of events")),
        };
        Err(self.redacted(failure))
    }
}

impl Listening {
    /// Waits for the next event; nothing where the server ended the stream.
    ///
    /// May be given up at any time: nothing that came is lost.
    pub async fn next(&mut self) -> Result<Option<Event>, SourceError> {
        loop {
            if let Some(event) = self.lines.ready.pop_front() {
                return Ok(Some(event));
            }
            match self.response.chunk().await {
                Ok(Some(chunk)) => self.lines.take(&chunk),
                Ok(None) => return Ok(None),
                Err(error) => {
                    return Err(SourceError::Unreachable {
                        host: self.host.clone(),
                        cause: words::cut_body(&error.without_url()),
                    });
                }
            }
        }
    }
}

impl Lines {
    fn take(&mut self, bytes: &[u8]) {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            let (line, ends) = match part.split_last() {
                Some((b'\n', line)) => (line, true),
                Some(_) | None => (part, false),
            };
            if self.rest.len() + line.len() > MOST_LINE {
                self.skips = true;
                self.rest.clear();
            }
            if !self.skips {
                self.rest.extend_from_slice(line);
            }
            if ends {
                let line = std::mem::take(&mut self.rest);
                if !std::mem::take(&mut self.skips) {
                    self.line(String::from_utf8_lossy(&line).trim_end_matches('\r'));
                }
            }
        }
    }

    fn line(&mut self, line: &str) {
        if line.is_empty() {
            let event = std::mem::take(&mut self.event);
            if event != Event::default() {
                self.ready.push_back(event);
            }
            return;
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.event.name),
            "data" => {
                if !self.event.data.is_empty() {
                    self.event.data.push('\n');
                }
                if self.event.data.len() + value.len() <= MOST_LINE {
                    self.event.data.push_str(value);
                }
            }
            // A comment, which keeps the line open, or what nobody needs here.
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Event, Lines, MOST_LINE};

    fn all(parts: &[&[u8]]) -> Vec<Event> {
        let mut lines = Lines::default();
        for part in parts {
            lines.take(part);
        }
        lines.ready.into()
    }

    fn event(name: &str, data: &str) -> Event {
        Event {
            name: name.to_owned(),
            data: data.to_owned(),
        }
    }

    #[test]
    fn events_are_read_however_they_are_cut() {
        let text =
            "event: handshake\ndata: 1\n\n: still there\n\nevent:e\r\ndata: {\"ü\": 1}\r\n\r\n";
        let expected = [event("handshake", "1"), event("e", "{\"ü\": 1}")];
        assert_eq!(all(&[text.as_bytes()]), expected);
        let bytes: Vec<&[u8]> = text.as_bytes().chunks(1).collect();
        assert_eq!(all(&bytes), expected);
        assert_eq!(all(&[b"data: a\ndata: b\n\n"]), [event("", "a\nb")]);
        assert_eq!(all(&[b"data: not yet\n"]), []);
    }

    #[test]
    fn a_line_without_end_takes_no_memory_and_costs_itself() {
        let mut lines = Lines::default();
        for _ in 0..100 {
            lines.take(&vec![b'x'; MOST_LINE / 10]);
        }
        assert!(lines.rest.len() <= MOST_LINE);
        lines.take(b"\nevent: e\ndata: 1\n\n");
        assert_eq!(lines.ready, [event("e", "1")]);
    }
}

//! The stream of events of a Buildbot: what begins, ends or waits is told, not asked for.
//!
//! It says when to look, and nothing else is read from it: what it told is polled.
//! Polls go on at a slower pace, as a stream may stall without a word.

use std::time::Duration;

use serde::Deserialize;
use tokio::time::Instant;

use super::{BUILDS, Buildbot};
use crate::domain::text::Clean;
use crate::sources::http::{Event, Failure, Limits, Listening, Request, Urgency};
use crate::sources::port::Ask;
use crate::sources::{CapabilityState, SourceError};

/// What it is called among the capabilities.
pub(super) const EVENTS: &str = "events";

/// How long nothing may be heard before the stream is opened anew.
const SILENCE: Duration = Duration::from_mins(15);

/// A stream that ends sooner was none.
const SHORT: Duration = Duration::from_secs(5);

/// A change is over once so long nothing more came of it, and after `LAST` in any case.
const QUIET: Duration = Duration::from_millis(200);
const LAST: Duration = Duration::from_secs(1);

/// The other topic that is listened to, besides builds: each part of a path is one of a key.
const ALSO: [&str; 3] = ["buildrequests", "*", "*"];

/// A stream that is open.
pub(super) struct Open {
    stream: Listening,
    since: Instant,
}

impl Open {
    /// Passes over what comes along with a change: one build alone tells four or five.
    async fn settle(&mut self) {
        let last = Instant::now() + LAST;
        loop {
            let quiet = (Instant::now() + QUIET).min(last);
            let next = tokio::time::timeout_at(quiet, self.stream.next()).await;
            if !matches!(next, Ok(Ok(Some(_)))) {
                return;
            }
        }
    }
}

/// What an event says; what it is about is asked for.
#[derive(Deserialize)]
struct Message {
    key: Vec<String>,
}

/// Returns the bounds of a request that lasts.
pub(super) fn lasting(limits: &Limits) -> Limits {
    Limits {
        idle: SILENCE,
        ..limits.clone()
    }
}

/// Returns whether an event says that a build, or the wish for one, is another now.
///
/// A build at work tells each of its steps; those are asked for by who looks at them.
fn is_news(event: &Event) -> bool {
    let Ok(Message { key }) = serde_json::from_str::<Message>(&event.data) else {
        return false;
    };
    let key: Vec<&str> = key.iter().map(String::as_str).collect();
    match key.as_slice() {
        ["builds", _, what] => *what != "update",
        ["buildrequests", _, _] => true,
        _ => false,
    }
}

impl Buildbot {
    /// Waits until something changes there.
    pub(super) async fn hear(&self) -> Result<(), SourceError> {
        let mut ear = self.ear.lock().await;
        if ear.is_none() {
            // What was read before is told anew, too: something may have happened in between.
            let again = self.state().has_listened || self.port.did(BUILDS);
            *ear = Some(self.open_events().await?);
            let mut state = self.state();
            (state.listens, state.has_listened) = (true, true);
            if again {
                // What happened while nobody listened.
                state.is_stale = true;
                return Ok(());
            }
        }
        let ended = loop {
            let Some(open) = ear.as_mut() else {
                break Ok(());
            };
            match tokio::time::timeout(SILENCE, open.stream.next()).await {
                Ok(Ok(Some(event))) if is_news(&event) => {
                    open.settle().await;
                    self.state().is_stale = true;
                    return Ok(());
                }
                Ok(Ok(Some(_))) => {}
                Ok(Err(error)) if open.since.elapsed() < SHORT => break Err(error),
                Ok(Ok(None)) if open.since.elapsed() < SHORT => {
                    break Err(self.port.failed("the stream of events ended at once"));
                }
                // It stalled, or whoever stands between ended it: the next one goes on.
                Ok(Ok(None) | Err(_)) | Err(_) => break Ok(()),
            }
        };
        *ear = None;
        let mut state = self.state();
        state.listens = false;
        if ended.is_ok() {
            state.is_stale = true;
        }
        ended
    }

    async fn open_events(&self) -> Result<Open, SourceError> {
        let opened = self.open_stream().await;
        let state = match &opened {
            Ok(_) => CapabilityState::Available,
            Err(failure) => CapabilityState::Missing(Clean::line(&failure.error.to_string())),
        };
        self.port.can(EVENTS, state);
        opened.map_err(|failure| failure.error)
    }

    async fn open_stream(&self) -> Result<Open, Failure> {
        let ask = Ask {
            urgency: Urgency::Background,
            forced: false,
            conditional: false,
        };
        let client = self.ear_port.client(ask).await.map_err(Failure::of)?;
        let request = |parts: &[&str]| Request {
            url: self.ear_port.url(parts, &[]),
            conditional: false,
            urgency: ask.urgency,
        };
        let url = request(&["sse", "listen", "builds", "*", "*"]);
        let mut stream = client.listen(&url).await?;
        let hello = tokio::time::timeout(SHORT, stream.next()).await;
        let Ok(Ok(Some(hello))) = hello else {
            let error = self
                .port
                .failed("the stream of events does not begin as it should");
            return Err(Failure::of(error));
        };
        let id = hello.data.trim();
        let is_id = id.len() <= 64 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if hello.name == "handshake" && is_id && !id.is_empty() {
            let [topic, one, what] = ALSO;
            // Without it, builds that only wait are seen by the next poll. Buildbot 4.3 does it and
            // answers with an error all the same.
            let added = client
                .get(&request(&["sse", "add", id, topic, one, what]))
                .await;
            if let Err(failure) = added {
                tracing::debug!(error = %failure.error, "waiting builds are not told");
            }
        }
        Ok(Open {
            stream,
            since: Instant::now(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Event, is_news};

    #[track_caller]
    fn check(data: &str, expected: bool) {
        let event = Event {
            name: "event".to_owned(),
            data: data.to_owned(),
        };
        assert_eq!(is_news(&event), expected, "{data}");
    }

    #[test]
    fn what_begins_and_ends_is_news_and_what_goes_on_is_none() {
        check(
            r#"{"key": ["builds", "4", "new"], "message": {"buildid": 4}}"#,
            true,
        );
        check(
            r#"{"key": ["builds", "4", "finished"], "message": {}}"#,
            true,
        );
        check(
            r#"{"key": ["builds", "4", "update"], "message": {}}"#,
            false,
        );
        check(
            r#"{"key": ["buildrequests", "4", "claimed"], "message": {}}"#,
            true,
        );
        check(r#"{"key": ["steps", "4", "new"], "message": {}}"#, false);
        check(r#"{"key": []}"#, false);
        check("4ceb4833-b240-4ef1-ab48-eaa489a3a1e3", false);
        check("", false);
    }
}

//! What was sent: counts, and the last requests, redacted.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use tokio::time::Instant;

use super::client::Client;
use super::counted::count;
use super::request::Failure;
use crate::sources::RequestLine;

/// How many requests are remembered.
const REMEMBERED: usize = 20;

/// Counts of requests, and the last of them.
#[derive(Default, Debug)]
pub(super) struct Ledger {
    state: Mutex<State>,
}

/// What the ledger holds.
#[derive(Default, Clone, Debug)]
pub(super) struct State {
    /// Requests sent.
    pub(super) sent: u64,
    /// Of them answered with 304.
    pub(super) not_modified: u64,
    /// Of them failed.
    pub(super) failed: u64,
    /// The last, newest first.
    pub(super) recent: VecDeque<RequestLine>,
    /// The last that failed.
    pub(super) last_failed: Option<RequestLine>,
    /// The one that failed before it.
    failed_before: Option<RequestLine>,
}

impl State {
    /// Notes which request failed last.
    fn blame(&mut self, line: RequestLine) {
        if self.last_failed.as_ref() != Some(&line) {
            self.failed_before = self.last_failed.replace(line);
        }
    }
}

impl Ledger {
    /// Enters one request; `failed` is the caller's judgement.
    pub(super) fn enter(&self, line: RequestLine, failed: bool) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.sent += 1;
        state.not_modified += u64::from(line.status == Some(304));
        state.failed += u64::from(failed);
        if failed {
            state.blame(line.clone());
        }
        state.recent.push_front(line);
        state.recent.truncate(REMEMBERED);
    }

    /// Counts one more as failed: the answer that came was none.
    pub(super) fn spoil(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.failed = state.sent.min(state.failed + 1);
        if let Some(line) = state.recent.front().cloned() {
            state.blame(line);
        }
    }

    /// Counts one less as failed: that nothing is there was the answer.
    fn excuse(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.failed = state.failed.saturating_sub(1);
        state.last_failed = state.failed_before.take();
    }

    /// Returns what was entered so far.
    pub(super) fn state(&self) -> State {
        self.state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Client {
    /// Counts a request that was sent, and logs it: never its query, which may hold anything.
    pub(super) fn enter(
        &self,
        method: &str,
        what: &str,
        status: Option<u16>,
        started: Instant,
        bytes: u64,
    ) {
        count(method, status);
        let spent = started.elapsed();
        let millis = u32::try_from(spent.as_millis()).unwrap_or(u32::MAX);
        let line = RequestLine {
            at: self.now(),
            what: self.shown(&format!("{method} {what}")),
            status,
            millis,
            bytes,
        };
        let status_text = status.map_or_else(|| "none".to_owned(), |status| status.to_string());
        tracing::debug!(
            source = %self.source,
            status = %status_text,
            ms = millis,
            bytes,
            "{}",
            line.what
        );
        let is_bad = line.is_bad();
        self.ledger.enter(line, is_bad);
    }

    /// Counts a request as failed whose answer turned out to be none.
    pub(in crate::sources) fn spoiled(&self) {
        self.ledger.spoil();
    }

    /// Takes a request off the failed ones whose refusal is an answer: what was asked for need not
    /// be there.
    pub(in crate::sources) fn excused(&self, failure: &Failure) {
        if matches!(failure.status, Some(404 | 405 | 410)) {
            self.ledger.excuse();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::text::Clean;

    #[test]
    fn an_answer_that_is_none_failed_and_no_more_fail_than_were_sent() {
        let ledger = Ledger::default();
        let line = |status| RequestLine {
            at: chrono::DateTime::UNIX_EPOCH,
            what: "GET /x".into(),
            status: Some(status),
            millis: 1,
            bytes: 0,
        };
        ledger.enter(line(200), false);
        ledger.enter(line(200), false);
        ledger.spoil();
        assert_eq!((ledger.state().sent, ledger.state().failed), (2, 1));
        ledger.enter(line(500), true);
        ledger.spoil();
        ledger.spoil();
        assert_eq!((ledger.state().sent, ledger.state().failed), (3, 3));
    }

    #[test]
    fn the_last_request_that_failed_is_known_however_many_went_well_since() {
        let ledger = Ledger::default();
        let enter = |what: &str, status: Option<u16>| {
            let line = RequestLine {
                at: chrono::DateTime::UNIX_EPOCH,
                what: Clean::line(what),
                status,
                millis: 1,
                bytes: 0,
            };
            let is_bad = line.is_bad();
            ledger.enter(line, is_bad);
        };
        let told = || ledger.state().last_failed.map(|line| line.what.to_string());
        enter("GET /well", Some(200));
        assert_eq!(told(), None);
        enter("GET /late", None);
        (0..2 * REMEMBERED).for_each(|_| enter("GET /well", Some(304)));
        assert_eq!(told().as_deref(), Some("GET /late"));
        enter("GET /missing", Some(404));
        ledger.excuse();
        assert_eq!(told().as_deref(), Some("GET /late"), "that was an answer");
        enter("GET /page", Some(200));
        ledger.spoil();
        assert_eq!(told().as_deref(), Some("GET /page"));
    }
}

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
}

impl Ledger {
    /// Enters one request; `failed` is the caller's judgement.
    pub(super) fn enter(&self, line: RequestLine, failed: bool) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.sent += 1;
        state.not_modified += u64::from(line.status == Some(304));
        state.failed += u64::from(failed);
        state.recent.push_front(line);
        state.recent.truncate(REMEMBERED);
    }

    /// Counts one more as failed: the answer that came was none.
    pub(super) fn spoil(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.failed = state.sent.min(state.failed + 1);
    }

    /// Counts one less as failed: that nothing is there was the answer.
    fn excuse(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.failed = state.failed.saturating_sub(1);
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
        self.ledger
            .enter(line, status.is_none_or(|status| status >= 400));
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
}

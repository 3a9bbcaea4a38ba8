//! What was sent: counts, and the last requests, redacted.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

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

    /// Returns what was entered so far.
    pub(super) fn state(&self) -> State {
        self.state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

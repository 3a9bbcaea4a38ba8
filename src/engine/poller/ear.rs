//! Servers that tell by themselves that something changed: when to listen, and what follows.
//!
//! Listening is no poll: it takes none of their places and no permit, ends no round
//! and says nothing of the health of a source. Where it fails, polls alone go on.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::time::Instant;

use crate::engine::backoff::{Dice, backoff};
use crate::engine::poller::{Poller, Role};
use crate::engine::supervise::{Panicked, supervised};
use crate::sources::{Source, SourceError};

/// Least distance between two changes that are heard: a busy server is asked no more often.
const APART: Duration = Duration::from_secs(3);

/// What came of listening: nothing where a source has no such way.
pub(super) type Heard = Result<Option<Result<(), SourceError>>, Panicked>;

/// How a source is listened to.
pub(super) struct Ear {
    waits: FuturesUnordered<BoxFuture<'static, Heard>>,
    /// When to listen again; never where there is nothing to hear.
    next: Option<Instant>,
    failures: u32,
}

impl Ear {
    /// Listens from the first round on.
    pub(super) fn new() -> Self {
        Self {
            waits: FuturesUnordered::new(),
            next: Some(Instant::now()),
            failures: 0,
        }
    }

    /// Returns when it is time to listen, if nobody does and there may be something to hear.
    fn due(&self) -> Option<Instant> {
        self.next.filter(|_| self.waits.is_empty())
    }

    /// Returns the shorter wait, where it is time to listen before that.
    pub(super) fn wait(&self, wait: Duration) -> Duration {
        let now = Instant::now();
        // What could be listened to already waits for the first round, whose end wakes the task.
        let at = self.due().filter(|at| *at > now);
        at.map_or(wait, |at| wait.min(at - now))
    }

    fn begin(&mut self, source: Arc<dyn Source>) {
        let wait = async move {
            match source.changes() {
                Some(change) => Some(change.await),
                None => None,
            }
        };
        self.waits.push(Box::pin(supervised(wait)));
    }

    /// Waits for what comes of listening; for ever where nobody listens.
    pub(super) async fn heard(&mut self) -> Heard {
        match self.waits.next().await {
            Some(heard) => heard,
            None => std::future::pending().await,
        }
    }

    /// Decides when to listen again; returns whether something changed.
    fn take(&mut self, heard: &Heard, dice: &mut Dice) -> bool {
        let now = Instant::now();
        match heard {
            Ok(None) => self.next = None,
            Ok(Some(Ok(()))) => {
                self.failures = 0;
                self.next = Some(now + APART);
                return true;
            }
            Ok(Some(Err(_))) | Err(_) => {
                self.failures = self.failures.saturating_add(1);
                self.next = Some(now + APART + backoff(self.failures, dice));
            }
        }
        false
    }

    fn stop(&mut self) {
        self.waits.clear();
    }
}

impl Poller {
    /// Listens where it is time to, this program polls, and the first round is over.
    pub(super) fn listen_to_source(&mut self) {
        if let Role::Follows(_) = self.role {
            self.ear.stop();
            return;
        }
        let due = self.ear.due().is_some_and(|at| at <= Instant::now());
        if due && self.schedule.is_round_done(self.now()) {
            self.ear.begin(Arc::clone(&self.parts.source));
        }
    }

    /// Takes in what came of listening: what changed is polled at once.
    pub(super) fn take_heard(&mut self, heard: &Heard) {
        let source = self.parts.source.name();
        match heard {
            Ok(Some(Err(error))) => tracing::debug!(%source, %error, "nothing is heard"),
            Err(panicked) => {
                tracing::error!(%source, panic = %panicked.message, "listening crashed");
            }
            Ok(_) => {}
        }
        if self.ear.take(heard, &mut self.dice) {
            self.renew();
        }
    }
}

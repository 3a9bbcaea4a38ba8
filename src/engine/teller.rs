//! Tells history on a thread that may take its time, one telling after the other.
//!
//! What is told, and when, is the `chronicler`'s.

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::engine::chronicler::Telling;
use crate::engine::update::Write;

/// The telling that is at work, if one is.
pub(super) struct Teller {
    at_work: Option<JoinHandle<Vec<Write>>>,
    /// Whether everything that is to be told was told and written.
    is_told: watch::Sender<bool>,
    /// Ends what is at work when the engine ends.
    end: DropGuard,
}

impl Teller {
    /// Returns one that does nothing yet, and where it says that everything is told.
    pub(super) fn new() -> (Self, watch::Receiver<bool>) {
        let (is_told, told) = watch::channel(false);
        let teller = Self {
            at_work: None,
            is_told,
            end: CancellationToken::new().drop_guard(),
        };
        (teller, told)
    }

    /// Returns whether a telling is at work.
    pub(super) fn is_at_work(&self) -> bool {
        self.at_work.is_some()
    }

    /// Starts a telling.
    pub(super) fn start(&mut self, telling: Telling) {
        self.is_told.send_replace(false);
        let end = self.end.token().clone();
        self.at_work = Some(tokio::task::spawn_blocking(move || {
            let begun = Instant::now();
            let told = telling.tell(|| !end.is_cancelled());
            let took = begun.elapsed().as_millis();
            tracing::debug!(rows = told.len(), took, "history told, in ms");
            told
        }));
    }

    /// Notes that nothing is left to be told, and that all is written.
    pub(super) fn rest(&self) {
        self.is_told
            .send_if_modified(|told| !std::mem::replace(told, true));
    }

    /// Waits for the telling that is at work. One that panicked told nothing.
    pub(super) async fn told(&mut self) -> Vec<Write> {
        let Some(at_work) = &mut self.at_work else {
            return std::future::pending().await;
        };
        let told = at_work.await;
        self.at_work = None;
        told.unwrap_or_else(|error| {
            tracing::error!(%error, "history was not told");
            Vec::new()
        })
    }
}

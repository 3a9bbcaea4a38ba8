//! Tells history on a thread that may take its time, one telling after the other.
//!
//! What is told, and when, is the `chronicler`'s.

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::engine::chronicler::{Telling, Told};

/// How far history is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Progress {
    /// Whether everything that is to be told was told and written.
    pub is_all: bool,
    /// How many repositories were told since the start.
    pub told: usize,
    /// How many are to be told, or are being told.
    pub left: usize,
}

/// The telling that is at work, if one is.
pub(super) struct Teller {
    at_work: Option<JoinHandle<Option<Told>>>,
    progress: watch::Sender<Progress>,
    /// Ends what is at work when the engine ends.
    end: DropGuard,
}

impl Teller {
    /// Returns one that does nothing yet, and where it says how far it is.
    pub(super) fn new() -> (Self, watch::Receiver<Progress>) {
        let (progress, told) = watch::channel(Progress::default());
        let teller = Self {
            at_work: None,
            progress,
            end: CancellationToken::new().drop_guard(),
        };
        (teller, told)
    }

    /// Returns whether a telling is at work.
    pub(super) fn is_at_work(&self) -> bool {
        self.at_work.is_some()
    }

    /// Starts a telling, behind which so many repositories are left.
    pub(super) fn start(&mut self, telling: Telling, left: usize) {
        self.progress.send_modify(|progress| {
            progress.is_all = false;
            progress.left = left + telling.repositories();
        });
        let end = self.end.token().clone();
        self.at_work = Some(tokio::task::spawn_blocking(move || {
            let begun = Instant::now();
            let told = telling.tell(|| !end.is_cancelled());
            let took = begun.elapsed().as_millis();
            let rows = told.as_ref().map_or(0, |told| told.writes.len());
            tracing::debug!(rows, took, "history told, in ms");
            told
        }));
    }

    /// Notes that nothing is left to be told, and that all is written.
    pub(super) fn rest(&self) {
        self.progress.send_if_modified(|progress| {
            progress.left = 0;
            !std::mem::replace(&mut progress.is_all, true)
        });
    }

    /// Waits for the telling that is at work. One that panicked told nothing.
    pub(super) async fn told(&mut self) -> Option<Told> {
        let Some(at_work) = &mut self.at_work else {
            return std::future::pending().await;
        };
        let told = at_work.await;
        self.at_work = None;
        let told = told.unwrap_or_else(|error| {
            tracing::error!(%error, "history was not told");
            None
        });
        let repositories = told.as_ref().map_or(0, |told| told.coverage.len());
        self.progress.send_modify(|progress| {
            progress.told += repositories;
            progress.left = progress.left.saturating_sub(repositories);
        });
        told
    }
}

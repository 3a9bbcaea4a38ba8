//! Leaves sources behind that say nothing while somebody waits for the board as a whole.
//!
//! Who is left is `engine::patience`'s to say; here it is looked at, as what comes in the middle of
//! a poll is told by no update.

use std::time::Duration;

use tokio::time::Instant;

use super::Task;
use crate::engine::patience::{Patience, Round};

/// How often is looked at what came in.
const LOOK: Duration = Duration::from_millis(250);

/// Somebody waits.
pub(super) struct Haste {
    began: Instant,
    next: Instant,
    patience: Patience,
}

impl Haste {
    pub(super) fn new() -> Self {
        let now = Instant::now();
        Self {
            began: now,
            next: now + LOOK,
            patience: Patience::default(),
        }
    }
}

impl Task {
    /// Returns when it is looked at again what came in, if anybody waits.
    pub(super) fn next_look(&self) -> Option<Instant> {
        let haste = self.haste.as_ref()?;
        (!*self.settled.borrow()).then_some(haste.next)
    }

    /// Leaves behind who says nothing.
    pub(super) fn look_around(&mut self) {
        let now = (self.clock)();
        let mut rounds = self.store.rounds(now);
        for round in &mut rounds {
            round.news += self.sent(round);
        }
        let Some(haste) = &mut self.haste else {
            return;
        };
        let at = Instant::now();
        haste.next = at + LOOK;
        let Some((left, quiet)) = haste.patience.look(&rounds, at - haste.began) else {
            return;
        };
        for source in &left {
            tracing::info!(%source, "it is waited for no longer");
        }
        self.store.leave(&left, quiet);
        self.snapshots.send_replace(self.store.snapshot(now));
        self.apply(Vec::new());
    }

    /// Returns how many requests of a source came to an end.
    fn sent(&self, round: &Round) -> u64 {
        let mut sources = self.sources.iter();
        let source = sources.find(|source| *source.name() == round.source);
        source.map_or(0, |source| source.meter().sent)
    }
}

//! What the engine's task hands to the database, and what it has told of history.

use std::sync::Arc;
use std::time::Duration;

use super::Task;
use crate::engine::db::Written;
use crate::engine::update::Write;

/// How long the last write may take when the program ends.
const LAST_WRITE: Duration = Duration::from_millis(1_200);
/// More writes than this in wait for a slow disk, and the whole store is written instead.
const MOST_WRITES: usize = 200_000;

impl Task {
    /// Has history told that is due, once everything was asked for; without a store nobody keeps it.
    pub(super) fn tell(&mut self) {
        if self.teller.is_at_work() || !*self.settled.borrow() {
            return;
        }
        let telling = self.db.as_ref();
        let telling = telling.filter(|_| self.tells);
        let telling = telling.and_then(|_| self.store.next_telling((self.clock)()));
        match telling {
            Some(telling) => self.teller.start(telling),
            None if self.writing.is_none() && self.queue.is_empty() => self.teller.rest(),
            None => {}
        }
    }

    pub(super) fn keep(&mut self, writes: Vec<Write>) {
        let Some(db) = &self.db else {
            return;
        };
        self.queue.extend(writes);
        if self.queue.len() > MOST_WRITES {
            self.queue = self.store.dump();
        }
        if self.writing.is_none() && !self.queue.is_empty() {
            let writes = std::mem::take(&mut self.queue);
            match db.write(writes, (self.clock)()) {
                Ok(writing) => self.writing = Some(writing),
                Err(writes) => self.queue = writes,
            }
        }
    }

    pub(super) fn written(&mut self, written: Written) {
        self.writing = None;
        if written.lost {
            self.queue = self.store.dump();
            self.store.tell_again();
        }
        if !written.notices.is_empty() {
            self.apply(written.notices);
        }
        self.keep(Vec::new());
        self.tell();
    }

    pub(super) async fn write_screen(&mut self) {
        self.screen_due = None;
        if let Some(db) = &self.db {
            let snapshot = Arc::clone(&self.snapshots.borrow());
            db.keep_screen(snapshot).await;
        }
    }

    /// Writes what is left and gives the leases back, but never holds the program up for long.
    pub(super) async fn finish(mut self) {
        let Some(db) = self.db.take() else {
            return;
        };
        let last = async {
            if let Some(writing) = self.writing.take() {
                drop(writing.await);
            }
            if let Ok(writing) = db.write(std::mem::take(&mut self.queue), (self.clock)()) {
                drop(writing.await);
            }
            if self.screen_due.is_some() {
                let snapshot = Arc::clone(&self.snapshots.borrow());
                db.keep_screen(snapshot).await;
            }
            db.close().await;
        };
        drop(tokio::time::timeout(LAST_WRITE, last).await);
    }
}

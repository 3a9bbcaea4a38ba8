//! What the engine's task hands to the database, and what it has told of history.

use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::time::Instant;

use super::Task;
use crate::engine::chronicler::{PastName, Told};
use crate::engine::db::Written;
use crate::engine::snapshot::{Column, Row, Snapshot};
use crate::engine::update::Write;

/// How often the first screen is written while the board changes.
const SCREEN_EVERY: Duration = Duration::from_secs(5);
/// How long the last write may take when the program ends.
const LAST_WRITE: Duration = Duration::from_millis(1_200);
/// What is said of a log that was followed when the engine ended.
const ENDED: &str = "whoever read on has ended";
/// More writes than this in wait for a slow disk, and the whole store is written instead.
const MOST_WRITES: usize = 200_000;

/// The first screen of the next start, as far as it is kept.
#[derive(Default)]
pub(super) struct Front {
    /// When it is looked at again.
    pub(super) due: Option<Instant>,
    /// Whether the board is another one since, were it only by how fresh it is.
    is_old: bool,
    /// What was kept: how many cards were finished, and the rows of each column.
    kept: Option<(usize, Vec<Weak<[Row]>>)>,
}

impl Front {
    /// Takes in that there is another board.
    pub(super) fn changed(&mut self) {
        self.is_old = true;
        self.due
            .get_or_insert_with(|| Instant::now() + SCREEN_EVERY);
    }

    fn keep(&mut self, snapshot: &Snapshot) {
        let rows = snapshot.columns.iter().map(|it| Arc::downgrade(&it.rows));
        self.kept = Some((snapshot.finished, rows.collect()));
        self.is_old = false;
    }

    /// Returns whether what was kept shows the same cards: a column that did not change is shared.
    fn shows(&self, snapshot: &Snapshot) -> bool {
        let Some((finished, kept)) = &self.kept else {
            return false;
        };
        let same = |(kept, column): (&Weak<[Row]>, &Column)| {
            std::ptr::addr_eq(kept.as_ptr(), Arc::as_ptr(&column.rows))
        };
        *finished == snapshot.finished
            && kept.len() == snapshot.columns.len()
            && kept.iter().zip(&snapshot.columns).all(same)
    }
}

/// Pasts that were told, on their way to the disk.
#[derive(Default)]
pub(super) struct Kept {
    /// Their rows are in the queue.
    queued: Vec<PastName>,
    /// Their rows are being written.
    writing: Vec<PastName>,
}

impl Task {
    /// Has history told that is due, once everything was asked for; without a store nobody keeps it.
    pub(super) fn tell(&mut self) {
        // What was told is written before more is told: a slow disk holds it up.
        let is_busy = self.teller.is_at_work() || !self.kept.queued.is_empty();
        if is_busy || !*self.settled.borrow() {
            return;
        }
        let now = (self.clock)();
        let waits = self.gathers && !self.store.is_history_read(now);
        let telling = self.db.as_ref();
        let telling = telling.filter(|_| self.tells);
        let telling = telling.and_then(|_| self.store.next_telling(now, waits));
        match telling {
            Some(telling) => self.teller.start(telling, self.store.left_to_tell(now)),
            None if waits && self.tells && self.db.is_some() => {}
            None if self.writing.is_none() && self.queue.is_empty() => self.teller.rest(),
            None => {}
        }
    }

    /// Takes in what came of a telling.
    pub(super) fn told(&mut self, told: Option<Told>) {
        self.store.was_told(told.as_ref(), (self.clock)());
        if let Some(told) = told {
            self.kept.queued.extend(told.kept);
            self.keep(told.writes);
        }
        self.tell();
    }

    pub(super) fn keep(&mut self, writes: Vec<Write>) {
        let Some(db) = &self.db else {
            return;
        };
        self.queue.extend(writes);
        if self.queue.len() > MOST_WRITES {
            // What history holds is nowhere else.
            let told = std::mem::take(&mut self.queue);
            self.queue = self.store.dump();
            self.queue
                .extend(told.into_iter().filter(Write::is_history));
        }
        if self.writing.is_none() && !(self.queue.is_empty() && self.kept.queued.is_empty()) {
            let writes = std::mem::take(&mut self.queue);
            match db.write(writes, (self.clock)()) {
                Ok(writing) => {
                    self.writing = Some(writing);
                    self.kept.writing = std::mem::take(&mut self.kept.queued);
                }
                Err(writes) => self.queue = writes,
            }
        }
    }

    pub(super) fn written(&mut self, written: Written) {
        self.writing = None;
        let kept = std::mem::take(&mut self.kept.writing);
        if written.lost {
            // Nobody hears that pasts are kept which were lost with the rest.
            self.kept.queued.clear();
            self.queue = self.store.dump();
            self.store.tell_again();
        } else {
            self.say_kept(&kept);
        }
        if !written.notices.is_empty() {
            self.apply(written.notices);
        }
        self.keep(Vec::new());
        self.tell();
    }

    /// Tells sources which pasts they need not read again.
    fn say_kept(&self, kept: &[PastName]) {
        for (source, past) in kept {
            let mut sources = self.sources.iter();
            if let Some(source) = sources.find(|one| one.name() == source) {
                source.past_kept(past);
            }
        }
    }

    /// Keeps the first screen where it shows something else than the one that was kept.
    pub(super) async fn write_screen(&mut self) {
        self.front.due = None;
        let snapshot = Arc::clone(&self.snapshots.borrow());
        if !self.front.shows(&snapshot) {
            self.keep_screen(snapshot).await;
        }
    }

    async fn keep_screen(&mut self, snapshot: Arc<Snapshot>) {
        if let Some(db) = &self.db {
            self.front.keep(&snapshot);
            db.keep_screen(snapshot).await;
        }
    }

    /// Writes what is left and gives the leases back, but never holds the program up for long.
    pub(super) async fn finish(mut self) {
        if let Some((key, _)) = self.following.take() {
            // The screen may outlive this engine.
            self.logs.leave(&key, ENDED);
        }
        let Some(db) = self.db.clone() else {
            return;
        };
        let last = async {
            if let Some(writing) = self.writing.take() {
                drop(writing.await);
            }
            if let Ok(writing) = db.write(std::mem::take(&mut self.queue), (self.clock)()) {
                drop(writing.await);
            }
            // How fresh it is counts as well now: the next start shows it so.
            if self.front.is_old {
                let snapshot = Arc::clone(&self.snapshots.borrow());
                self.keep_screen(snapshot).await;
            }
            db.close().await;
        };
        drop(tokio::time::timeout(LAST_WRITE, last).await);
    }
}

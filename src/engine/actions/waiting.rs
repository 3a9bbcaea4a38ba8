//! Lines that wait to be written to the journal, in the order in which things happened.
//!
//! Each is written by a thread of its own time, and those end in any order; the last line of
//! an action must be the one that tells how it ended.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::engine::actions::journal::{Claim, Journal, Line};

/// The lines, shared with the threads that write them.
#[derive(Clone, Default)]
pub(super) struct Waiting(Arc<Inner>);

#[derive(Default)]
struct Inner {
    /// With what each lets go of once it is written.
    lines: Mutex<VecDeque<(Line, Option<Claim>)>>,
    /// Held while one is written; who puts a line behind the others does not wait for that.
    writing: Mutex<()>,
}

impl Waiting {
    /// Puts a line behind the others.
    pub(super) fn push(&self, line: Line, claim: Option<Claim>) {
        lock(&self.0.lines).push_back((line, claim));
    }

    /// Writes the line that has waited longest; blocks while another is written.
    pub(super) fn write_next(&self, journal: &Journal) -> io::Result<()> {
        let writing = lock(&self.0.writing);
        let next = lock(&self.0.lines).pop_front();
        let Some((line, claim)) = next else {
            return Ok(());
        };
        let written = journal.append(&line);
        // Only now may another board do the same: the journal tells it what was done.
        drop(claim);
        drop(writing);
        written
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

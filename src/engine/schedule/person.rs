//! What changes a schedule from outside: a person who asks, looks, acts or goes away.
//!
//! Limits and pauses that a host asked for hold whatever a person wants.

use std::time::Duration;

use crate::domain::text::Clean;
use crate::engine::schedule::entry::{Entry, names};
use crate::engine::schedule::{Breaker, Schedule};
use crate::sources::Tier;

impl Schedule {
    /// Asks for everything as soon as it may be: a person wants to know.
    ///
    /// Ends a stop for a refused token, a parking and an open breaker; a pause that the host
    /// asked for holds.
    pub fn refresh(&mut self, now: Duration) {
        self.stopped = false;
        self.paused = self.paused.filter(|pause| !pause.parked);
        if let Breaker::Open { .. } = self.breaker {
            self.breaker = Breaker::Open { until: now };
        }
        for id in self.waiting() {
            let Some(entry) = self.entries.get_mut(&id) else {
                continue;
            };
            // What nobody waits for must not spend what a person may.
            entry.forced = entry.is_awaited();
            self.put(&id, now);
        }
    }

    /// Takes in that somebody waits for history: what it alone reads keeps no distance any more.
    /// It takes no more of a limit than before.
    pub fn hurry(&mut self, now: Duration) {
        self.hurried = true;
        for id in self.waiting() {
            let spare = self.entries.get(&id);
            if spare.is_some_and(|entry| !entry.is_awaited() && entry.is_well()) {
                self.put(&id, now);
            }
        }
    }

    /// Returns whether nothing is left that history alone reads, as far as limits allow it now.
    pub fn is_history_done(&self, now: Duration) -> bool {
        self.is_done(now, |entry| !entry.is_awaited())
    }

    /// Takes in whether somebody looks at the terminal.
    pub fn focus(&mut self, focused: bool, now: Duration) {
        if self.focused != focused {
            self.focused = focused;
            self.reschedule_all(now);
            if focused {
                self.stagger(now);
            }
        }
    }

    /// Takes in which repository (`owner/name`) the open card belongs to: its resources, those
    /// that name it as a part of their identity, are as hot as if something ran there.
    pub fn look(&mut self, repo: Option<Clean>, now: Duration) {
        if self.looked_at != repo {
            self.looked_at = repo;
            self.reschedule_all(now);
        }
    }

    /// Asks for a repository as soon as it may be: something was done there.
    ///
    /// What watches many repositories at once, and names none, may watch this one.
    pub fn hasten(&mut self, repo: &str, now: Duration) {
        for id in self.waiting() {
            let Some(entry) = self.entries.get(&id) else {
                continue;
            };
            let watches = entry.resource.tier <= Tier::Cold && !id.contains('/');
            if entry.is_well() && (watches || names(&id, repo)) {
                self.put(&id, now);
            }
        }
    }

    /// Takes in that the machine was suspended: everything is asked for once, one by one.
    pub fn woke(&mut self, now: Duration) {
        for id in self.waiting() {
            let healthy = self.entries.get(&id).is_some_and(Entry::is_well);
            if healthy {
                self.put(&id, now);
            }
        }
        self.stagger(now);
    }
}

//! One moment of the simulated clock, and how clients see its times.
//!
//! Whatever depends on time asks [`Lens::past`], so that the lens knows at the
//! end until when the answer holds.

use std::cell::Cell;

use crate::demo::scenario::past;
use crate::domain::Timestamp;

/// The simulated clock of a world: real until the origin, faster after it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// When it begins to run ahead, seconds since 1970.
    pub(super) origin: i64,
    /// How fast it runs after that.
    pub(super) speed: f64,
}

impl Pace {
    /// Returns the simulated time at a real time.
    pub(super) fn simulated(self, real: Timestamp) -> i64 {
        let millis = real.timestamp_millis() - self.origin * 1_000;
        if millis <= 0 {
            return self.origin + millis.div_euclid(1_000);
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_precision_loss,
            reason = "seconds"
        )]
        let ahead = (millis as f64 / 1_000.0 * self.speed) as i64;
        self.origin + ahead
    }

    /// Returns the real time at which something of the simulation is seen to happen.
    pub(super) fn shown(self, simulated: i64) -> Timestamp {
        let ahead = simulated - self.origin;
        let shown = if ahead <= 0 {
            simulated
        } else {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_precision_loss,
                reason = "seconds"
            )]
            let slow = (ahead as f64 / self.speed) as i64;
            self.origin + slow
        };
        Timestamp::from_timestamp(shown, 0).unwrap_or(Timestamp::UNIX_EPOCH)
    }
}

/// A moment, and the next at which anything looks different.
#[derive(Debug)]
pub(super) struct Lens {
    /// The moment.
    pub(super) now: i64,
    pace: Pace,
    until: Cell<i64>,
}

impl Lens {
    pub(super) fn new(pace: Pace, now: i64) -> Self {
        Self {
            now,
            pace,
            until: Cell::new(i64::MAX),
        }
    }

    /// Returns whether something has happened yet.
    pub(super) fn past(&self, at: i64) -> bool {
        if at > self.now {
            self.until.set(self.until.get().min(at));
        }
        at <= self.now
    }

    /// Returns whether the moment lies in a span.
    pub(super) fn within(&self, span: Option<(i64, i64)>) -> bool {
        span.is_some_and(|(from, to)| self.past(from) && !self.past(to))
    }

    /// Returns the time as clients see it.
    pub(super) fn show(&self, at: i64) -> Timestamp {
        self.pace.shown(at)
    }

    /// Returns the time as clients see it, if it has come.
    pub(super) fn seen(&self, at: i64) -> Option<Timestamp> {
        self.past(at).then(|| self.show(at))
    }

    /// Returns the latest of these that has come.
    pub(super) fn latest(&self, times: impl IntoIterator<Item = i64>) -> Option<i64> {
        times.into_iter().filter(|at| self.past(*at)).max()
    }

    /// Returns whether something was over so long before the origin that its details are forgotten.
    pub(super) fn is_dim(&self, at: i64) -> bool {
        at < self.pace.origin - past::DIM
    }

    /// Returns when anything next looks different.
    pub(super) fn until(&self) -> i64 {
        self.until.get()
    }
}

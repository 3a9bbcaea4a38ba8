//! What the schedule will spend, as far as it knows what polls are charged with.
//!
//! A poll that is answered with "nothing changed" costs nothing. Which part of
//! the polls of a kind that are is learned; what may be spent is not.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::engine::budget;
use crate::engine::schedule::Schedule;
use crate::sources::{Resource, ResourceId};

/// The least part of its cost that a poll is thought to be charged with.
const LEAST: f64 = 0.1;
/// How slowly it is believed that polls are cheap.
const FALLS: f64 = 32.0;
/// How slowly it is believed that they are not.
const RISES: f64 = 8.0;

/// Which part of its cost a poll is charged with, by kind of resource; 1 where nothing is known.
#[derive(Clone, Debug, Default)]
pub(super) struct Charged(BTreeMap<String, f64>);

impl Charged {
    /// Takes in what one poll was charged with.
    fn learn(&mut self, resource: &Resource, charged: u32) {
        let found = f64::from(charged) / f64::from(resource.cost.max(1));
        let part = self.0.entry(kind(&resource.id).to_owned()).or_insert(1.0);
        let slowly = if found > *part { RISES } else { FALLS };
        *part = (*part + (found.min(1.0) - *part) / slowly).clamp(LEAST, 1.0);
    }

    /// Returns what a poll will probably be charged with.
    fn cost_of(&self, resource: &Resource) -> f64 {
        let part = self.0.get(kind(&resource.id)).copied().unwrap_or(1.0);
        f64::from(resource.cost) * part
    }
}

/// Returns the kind of a resource: `runs` of `runs:acme/api`.
fn kind(id: &str) -> &str {
    id.split(':').next().unwrap_or(id)
}

impl Schedule {
    /// Takes in what a poll that lands was charged with, in requests or points of its limit.
    ///
    /// What it took beyond its plan, pages that nobody knew of, counts in this minute.
    pub fn charged(&mut self, id: &ResourceId, charged: u32, now: Duration) {
        let Some(entry) = self.entries.get(id) else {
            return;
        };
        self.charged.learn(&entry.resource, charged);
        if let Some((bucket, cost)) = entry.booked
            && charged > cost
        {
            let (more, purpose) = (charged - cost, entry.purpose(self.hurried));
            self.ledger.overdraw(bucket, more, purpose, now);
        }
    }

    /// Returns what the schedule would spend in an hour, by bucket, if nothing slowed it down.
    pub fn forecast(&self) -> BTreeMap<&'static str, f64> {
        let intervals: Vec<(&Resource, Duration)> = self
            .entries
            .values()
            .filter(|entry| !entry.is_once())
            .map(|entry| (&entry.resource, self.unhurried(&entry.resource)))
            .collect();
        budget::forecast(intervals.iter().map(|(resource, interval)| {
            (resource.bucket, self.charged.cost_of(resource), interval)
        }))
    }

    /// Returns by how much polling of what one limit counts is slowed down at present.
    pub fn pressure(&self, bucket: &str) -> f64 {
        self.pressure.get(bucket).copied().unwrap_or(1.0)
    }

    /// A limit that is short slows down only what it counts.
    pub(super) fn weigh(&mut self, now: Duration) {
        let mut changed = false;
        for (bucket, planned) in self.forecast() {
            let before = self.pressure(bucket);
            let pressure = self.ledger.pressure(bucket, planned, now);
            let differs = (pressure - before).abs() > before * 0.1;
            if differs || (pressure <= 1.0 && before > 1.0) {
                self.pressure.insert(bucket, pressure);
                changed = true;
            }
        }
        if changed {
            self.reschedule_all(now);
        }
    }
}

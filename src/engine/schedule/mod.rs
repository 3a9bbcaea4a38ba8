//! When to ask a source for which of its resources.
//!
//! Pure: time is passed in as the duration since the program started, so that
//! neither a changed wall clock nor a suspended machine can confuse it. The
//! poller is the only caller.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use crate::domain::Timestamp;
use crate::domain::text::Clean;
use crate::engine::backoff::{Dice, backoff, jittered, obeyed};
use crate::engine::budget::{self, Ledger};
use crate::sources::{Budget, Pace, Resource, ResourceId, Share, Source, SourceError, Tier};

mod entry;
mod forecast;
mod person;

use self::entry::{Entry, Record, Waits, again, base, names};
use self::forecast::Charged;

/// Failures in a row after which a source is left alone, but for one probe at a time.
const BREAKER: u32 = 5;
/// How long a resource is left alone that the token may not read.
const FORBIDDEN_PAUSE: Duration = Duration::from_mins(15);
/// How long a request is left alone that the host refused as wrong.
const REFUSED_PAUSE: Duration = Duration::from_hours(1);
/// A pause above this parks the source: a person may end it.
const PARKED: Duration = Duration::from_hours(1);
/// How much slower it goes while nobody looks.
const UNFOCUSED: f64 = 4.0;
/// Distance between resources that become due together.
const STAGGER: Duration = Duration::from_millis(500);
/// Distance between two questions that history alone asks: a host without limits has people, too.
const SPARE: Duration = Duration::from_secs(1);
/// How many resources of a first round are asked for without a distance.
const FIRST_BURST: u32 = 8;

/// Which resource to ask for now.
#[derive(Clone, PartialEq, Debug)]
pub struct Due {
    /// The resource.
    pub id: ResourceId,
    /// Whether a person asked for it.
    pub forced: bool,
}

/// The schedule of one source.
#[derive(Debug)]
pub struct Schedule {
    entries: HashMap<ResourceId, Entry>,
    queue: BTreeSet<(Duration, ResourceId)>,
    ledger: Ledger,
    dice: Dice,
    seed: u64,
    stopped: bool,
    paused: Option<Pause>,
    failures: u32,
    breaker: Breaker,
    focused: bool,
    /// Whether somebody waits for what history alone reads.
    hurried: bool,
    looked_at: Option<Clean>,
    /// By bucket; 1 where none stands here.
    pressure: BTreeMap<&'static str, f64>,
    /// Which part of their cost polls were charged with, by kind.
    charged: Charged,
}

#[derive(Clone, Copy, Debug)]
struct Pause {
    until: Duration,
    parked: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Breaker {
    Closed,
    Open { until: Duration },
    Probing,
}

impl Schedule {
    /// Makes an empty schedule; the seed spreads sources and machines apart.
    pub fn new(seed: u64, paces: &[Pace]) -> Self {
        Self {
            entries: HashMap::new(),
            queue: BTreeSet::new(),
            ledger: Ledger::new(paces),
            dice: Dice::new(seed),
            seed,
            stopped: false,
            paused: None,
            failures: 0,
            breaker: Breaker::Closed,
            focused: true,
            hurried: false,
            looked_at: None,
            pressure: BTreeMap::new(),
            charged: Charged::default(),
        }
    }

    /// Takes in what the source wants polled; what it no longer names is dropped, but not before
    /// its poll has landed: until then it counts as spent.
    pub fn set_resources(&mut self, resources: Vec<Resource>, now: Duration) {
        let named: BTreeSet<ResourceId> = resources.iter().map(|r| Arc::clone(&r.id)).collect();
        let gone: Vec<ResourceId> = self
            .entries
            .values()
            .filter(|entry| !entry.in_flight() && !named.contains(&entry.resource.id))
            .map(Entry::id)
            .collect();
        for id in gone {
            if let Some(entry) = self.entries.remove(&id) {
                self.queue.remove(&(entry.next, id));
            }
        }
        let mut fresh = 0;
        for resource in resources {
            match self.entries.get_mut(&resource.id) {
                Some(entry) if entry.resource == resource => {}
                Some(entry) => {
                    let id = Arc::clone(&resource.id);
                    let moved = entry.resource.tier != resource.tier;
                    entry.resource = resource;
                    if moved && entry.is_well() {
                        entry.served = 0;
                        self.reschedule(&id, now);
                    }
                }
                None => {
                    self.add(resource, fresh, now);
                    fresh += 1;
                }
            }
        }
        self.weigh(now);
    }

    /// The first round goes out at once, as a person waits for it, but not all in one moment.
    fn add(&mut self, resource: Resource, rank: u32, now: Duration) {
        let wait = match resource.tier {
            Tier::Now | Tier::Past => Duration::ZERO,
            Tier::Spare if self.hurried => Duration::ZERO,
            Tier::Spare => SPARE,
            Tier::Live | Tier::Hot | Tier::Warm | Tier::Cold | Tier::Rare => {
                let spread = STAGGER.saturating_mul(rank.saturating_sub(FIRST_BURST));
                spread.min(base(resource.tier))
            }
        };
        let entry = Entry::new(resource, now + wait);
        self.queue.insert((entry.next, entry.id()));
        self.entries.insert(entry.id(), entry);
    }

    /// Takes in what the host told about its limits.
    pub fn told(&mut self, budgets: &[Budget], wall: Timestamp, now: Duration) {
        self.ledger.told(budgets, wall, now);
        self.weigh(now);
    }

    /// Returns when something is due, if anything is.
    pub fn next(&self) -> Option<Duration> {
        if self.stopped || self.breaker == Breaker::Probing {
            return None;
        }
        let (first, _) = self.queue.first()?;
        Some((*first).max(self.gate()))
    }

    fn gate(&self) -> Duration {
        let paused = self.paused.map_or(Duration::ZERO, |pause| pause.until);
        match self.breaker {
            Breaker::Open { until } => paused.max(until),
            Breaker::Closed | Breaker::Probing => paused,
        }
    }

    /// Takes out the most urgent resource that is due: what a person asked for, then by tier.
    pub fn take(&mut self, now: Duration) -> Option<Due> {
        loop {
            if self.next().is_none_or(|at| at > now) {
                return None;
            }
            self.paused = None;
            let due = self.queue.iter().take_while(|(at, _)| *at <= now);
            let id = due
                .filter_map(|(_, id)| self.entries.get(id))
                .min_by_key(|entry| (Reverse(entry.forced), entry.resource.tier, entry.next))?
                .id();
            let entry = self.entries.get_mut(&id)?;
            let Resource { bucket, cost, .. } = entry.resource;
            let purpose = entry.purpose(self.hurried);
            self.queue.remove(&(entry.next, Arc::clone(&id)));
            if let Some(until) = self.ledger.wait(bucket, cost, purpose, now) {
                entry.next = until;
                entry.record = Record::Spent;
                self.queue.insert((until, id));
                continue;
            }
            self.ledger.spend(bucket, cost, purpose, now);
            entry.booked = Some((bucket, cost));
            entry.asked_at = Some(now);
            let forced = std::mem::take(&mut entry.forced);
            if matches!(self.breaker, Breaker::Open { .. }) {
                self.breaker = Breaker::Probing;
            }
            return Some(Due { id, forced });
        }
    }

    /// Takes in how a poll ended.
    pub fn done(&mut self, id: &ResourceId, error: Option<&SourceError>, now: Duration) {
        self.settle(id);
        match error {
            None => self.succeeded(id, now),
            Some(SourceError::Auth { .. } | SourceError::NoToken { .. }) => {
                self.stopped = true;
                self.hold(id, now);
            }
            // Ours to keep, and one limit's: the host asks for nothing, and a person may go on.
            Some(SourceError::RateLimited {
                retry_after,
                share: Some(_),
                ..
            }) => {
                let until = now.saturating_add(obeyed(*retry_after, &mut self.dice));
                // It left perhaps not even once, so that nothing is known of a host that was away.
                self.close_probe(now);
                self.wait(id, until, Record::Spent);
            }
            Some(SourceError::RateLimited { retry_after, .. }) => {
                let until = now.saturating_add(obeyed(*retry_after, &mut self.dice));
                let longest = self.paused.map_or(until, |pause| pause.until.max(until));
                self.paused = Some(Pause {
                    until: longest,
                    parked: longest.saturating_sub(now) > PARKED + Duration::from_mins(1),
                });
                self.close_probe(longest);
                self.hold(id, longest);
            }
            Some(SourceError::Forbidden { .. } | SourceError::NotFound { .. }) => {
                self.answered(now);
                self.hold(id, now + FORBIDDEN_PAUSE);
            }
            Some(SourceError::Refused { .. }) => {
                self.answered(now);
                self.hold(id, now + REFUSED_PAUSE);
            }
            Some(SourceError::Unreachable { .. } | SourceError::Unreadable { .. }) => {
                self.missed(id, now);
            }
        }
    }

    /// What was on its way has landed; it is spent until the host says otherwise.
    fn settle(&mut self, id: &ResourceId) {
        let booked = self.entries.get_mut(id).and_then(|it| it.booked.take());
        if let Some((bucket, cost)) = booked {
            self.ledger.settle(bucket, cost);
        }
    }

    fn succeeded(&mut self, id: &ResourceId, now: Duration) {
        self.answered(now);
        let seed = self.seed;
        let Some(entry) = self.entries.get_mut(id) else {
            return;
        };
        entry.record = Record::Well;
        entry.served = entry.served.saturating_add(1);
        let first = entry.served == 1;
        self.reschedule(id, now);
        let Some(entry) = self.entries.get_mut(id) else {
            return;
        };
        if first && !entry.is_once() {
            let hash = xxhash_rust::xxh3::xxh3_64_with_seed(id.as_bytes(), !seed);
            let part = u32::try_from(hash % 50).unwrap_or_default() + 50;
            let next = now + entry.next.saturating_sub(now) * part / 100;
            self.put(id, next);
        }
    }

    /// The host answers again: the breaker closes, and what piled up goes out one by one.
    fn answered(&mut self, now: Duration) {
        self.failures = 0;
        if self.breaker == Breaker::Closed {
            return;
        }
        self.breaker = Breaker::Closed;
        // What failed meanwhile failed because the host was away: its own pause is over, too.
        for id in self.waiting() {
            let failed = self.entries.get(&id).is_some_and(Entry::has_failed);
            if failed {
                self.put(&id, now);
            }
        }
        self.stagger(now);
    }

    fn missed(&mut self, id: &ResourceId, now: Duration) {
        self.failures = self.failures.saturating_add(1);
        let failures = self.entries.get_mut(id).map_or(1, Entry::fail);
        let mut next = now + backoff(failures, &mut self.dice);
        if self.breaker == Breaker::Probing || self.failures >= BREAKER {
            let until = now + backoff(self.failures, &mut self.dice);
            self.breaker = Breaker::Open { until };
            // The host is away, not this resource: of one that is alone two pauses would count.
            next = next.min(until);
        }
        self.put(id, next);
    }

    fn close_probe(&mut self, until: Duration) {
        if self.breaker == Breaker::Probing {
            self.breaker = Breaker::Open { until };
        }
    }

    /// Forgets what is on its way, as after a crash of the task; nothing comes back from that.
    pub fn abandon(&mut self, now: Duration) {
        let lost: Vec<ResourceId> = self
            .entries
            .values()
            .filter(|entry| entry.in_flight())
            .map(Entry::id)
            .collect();
        for id in lost {
            self.settle(&id);
            self.missed(&id, now);
        }
    }

    /// Returns whether everything was tried at least once and nothing urgent is left.
    pub fn is_round_done(&self, now: Duration) -> bool {
        self.is_done(now, Entry::is_awaited)
    }

    fn is_done(&self, now: Duration, counts: impl Fn(&Entry) -> bool) -> bool {
        let blocked = self.stopped || self.gate() > now || self.breaker == Breaker::Probing;
        if blocked {
            return true;
        }
        let mut waits = Waits::new(self.hurried);
        let mut awaited = self.entries.values().filter(|entry| counts(entry));
        awaited.all(|entry| {
            let urgent = entry.is_once() && entry.next <= now;
            match entry.record {
                _ if entry.in_flight() => false,
                Record::Held => true,
                // What waits for its turn in the line is not waited for where it would then
                // find a limit spent; nor is what is long past, where the minute is full.
                Record::Untried | Record::Spent => waits.are_long(&self.ledger, entry, now),
                Record::Well | Record::Failed(_) => !urgent,
            }
        })
    }

    /// Returns whether the pause is so long that the source counts as parked.
    pub fn is_parked(&self) -> bool {
        self.paused.is_some_and(|pause| pause.parked)
    }

    /// Returns why something is not asked for, where our share of a limit is spent.
    ///
    /// A wait within the minute is no news.
    pub fn limited(&self, source: &dyn Source, now: Duration) -> Option<SourceError> {
        let held = self
            .entries
            .values()
            .filter(|entry| entry.record == Record::Spent && entry.next > now + budget::MINUTE)
            .filter(|entry| entry.is_awaited());
        let is_past = |entry: &Entry| entry.resource.tier == Tier::Past;
        let last = held.max_by_key(|entry| (!is_past(entry), entry.next))?;
        let bucket = last.resource.bucket;
        let budgets = source.meter().budgets;
        let budget = budgets.iter().find(|budget| budget.bucket == bucket);
        Some(SourceError::RateLimited {
            host: source.host().to_owned(),
            retry_after: last.next.saturating_sub(now),
            share: budget
                .filter(|budget| budget.remaining > 0)
                .map(|budget| Share {
                    left: budget.remaining,
                    limit: budget.limit,
                    past: is_past(last),
                }),
        })
    }

    /// Returns the identities of all resources.
    pub fn ids(&self) -> impl Iterator<Item = &ResourceId> {
        self.entries.keys()
    }

    fn waiting(&self) -> Vec<ResourceId> {
        self.queue.iter().map(|(_, id)| Arc::clone(id)).collect()
    }

    fn put(&mut self, id: &ResourceId, next: Duration) {
        if let Some(entry) = self.entries.get_mut(id)
            && !entry.in_flight()
        {
            self.queue.remove(&(entry.next, Arc::clone(id)));
            entry.next = next;
            self.queue.insert((next, Arc::clone(id)));
        }
    }

    fn hold(&mut self, id: &ResourceId, next: Duration) {
        self.wait(id, next, Record::Held);
    }

    fn wait(&mut self, id: &ResourceId, next: Duration, why: Record) {
        if let Some(entry) = self.entries.get_mut(id) {
            entry.record = why;
        }
        self.put(id, next);
    }

    /// Moves overdue resources apart.
    fn stagger(&mut self, now: Duration) {
        let overdue: Vec<ResourceId> = self
            .queue
            .iter()
            .take_while(|(at, _)| *at <= now + STAGGER)
            .map(|(_, id)| Arc::clone(id))
            .collect();
        let mut at = now;
        for id in overdue {
            at += STAGGER;
            self.put(&id, at);
        }
    }

    fn reschedule_all(&mut self, now: Duration) {
        for id in self.waiting() {
            let healthy = self
                .entries
                .get(&id)
                .is_some_and(|entry| entry.asked_at.is_some() && entry.is_well() && !entry.forced);
            if healthy {
                self.reschedule(&id, now);
            }
        }
    }

    fn reschedule(&mut self, id: &ResourceId, now: Duration) {
        let Some(entry) = self.entries.get(id) else {
            return;
        };
        let next = match entry.resource.tier {
            Tier::Now | Tier::Past | Tier::Spare if entry.served == 0 => now,
            Tier::Now | Tier::Past | Tier::Spare => now + again(entry.served),
            Tier::Live | Tier::Hot | Tier::Warm | Tier::Cold | Tier::Rare => {
                let interval = self.slowed(&entry.resource);
                entry.asked_at.map_or(now, |at| (at + interval).max(now))
            }
        };
        self.put(id, next);
    }

    /// Returns the interval of a resource as its limit allows it now.
    fn slowed(&self, resource: &Resource) -> Duration {
        self.unhurried(resource)
            .mul_f64(self.pressure(resource.bucket))
    }

    /// Returns the interval of a resource where no limit is short.
    fn unhurried(&self, resource: &Resource) -> Duration {
        let looked_at = self
            .looked_at
            .as_ref()
            .is_some_and(|repo| names(&resource.id, repo));
        let base = if looked_at {
            entry::looked_at(resource.tier)
        } else {
            base(resource.tier)
        };
        let unfocused = if self.focused { 1.0 } else { UNFOCUSED };
        jittered(base, &resource.id, self.seed).mul_f64(unfocused)
    }

    /// Returns the interval at which a resource is polled now, if it is known.
    pub fn interval(&self, id: &ResourceId) -> Option<Duration> {
        let entry = self.entries.get(id)?;
        Some(self.slowed(&entry.resource))
    }
}

#[cfg(test)]
mod spare_tests;
#[cfg(test)]
mod tests;

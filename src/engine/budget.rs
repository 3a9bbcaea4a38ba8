//! Our share of a host's quota: what may be spent, and how much to slow down.
//!
//! Pure. Fed by what the host tells after each answer; a cost that is on its way
//! counts as spent until the host says otherwise.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use crate::domain::Timestamp;
use crate::sources::{Budget, Pace};

/// Percent of every quota that is left to the user's other tools.
pub const RESERVE_PERCENT: u64 = 40;

/// The most that polling is slowed down.
pub const MAX_PRESSURE: f64 = 8.0;

/// When to ask again where a host did not say when its quota is filled.
const UNKNOWN_RESET: Duration = Duration::from_mins(1);

/// Percent of our share that is left to what happens now by what is long past.
const PRESENT_PERCENT: u64 = 20;

/// Which part of the pace what is long past may take.
const PAST_OF_PACE: u32 = 3;

/// The span of a pace.
pub(super) const MINUTE: Duration = Duration::from_mins(1);

/// What something is spent for: who waits for the answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Purpose {
    /// A person, who may use the reserve.
    Person,
    /// The board: within our share.
    Polling,
    /// Nobody yet: within a part of our share, and slowly.
    Past,
    /// History, for which somebody waits: within the same part of our share, as fast as the pace
    /// of the host allows.
    Awaited,
}

impl Purpose {
    /// Returns whether it is for what is long past.
    fn is_past(self) -> bool {
        matches!(self, Self::Past | Self::Awaited)
    }
}

/// All limits of one source. Times are durations since the start of the program.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    buckets: BTreeMap<String, Bucket>,
    windows: Vec<Window>,
}

/// What was spent of one limit within the last minute.
#[derive(Clone, Debug)]
struct Window {
    pace: Pace,
    spent: VecDeque<Spent>,
}

#[derive(Clone, Copy, Debug)]
struct Spent {
    at: Duration,
    cost: u32,
    past: bool,
}

impl Window {
    /// Returns nothing if the cost fits into this minute, now or as the only one, else when it does.
    fn wait(&self, cost: u32, purpose: Purpose, now: Duration) -> Option<Duration> {
        let most = match purpose {
            Purpose::Person | Purpose::Polling | Purpose::Awaited => self.pace.per_minute,
            Purpose::Past => self.pace.per_minute / PAST_OF_PACE,
        };
        let counts =
            |spent: &&Spent| spent.at + MINUTE > now && (purpose != Purpose::Past || spent.past);
        let counted = || self.spent.iter().filter(counts);
        let mut over = counted()
            .map(|spent| spent.cost)
            .sum::<u32>()
            .saturating_add(cost)
            .saturating_sub(most.max(cost));
        if over == 0 {
            return None;
        }
        for spent in counted() {
            over = over.saturating_sub(spent.cost);
            if over == 0 {
                return Some(spent.at + MINUTE);
            }
        }
        Some(now + MINUTE)
    }

    fn spend(&mut self, cost: u32, purpose: Purpose, now: Duration) {
        self.spent.retain(|spent| spent.at + MINUTE > now);
        self.spent.push_back(Spent {
            at: now,
            cost,
            past: purpose.is_past(),
        });
    }
}

#[derive(Clone, Debug, Default)]
struct Bucket {
    limit: u64,
    remaining: u64,
    reset_at: Option<Duration>,
    on_its_way: u64,
    told: bool,
}

impl Bucket {
    fn share(&self) -> u64 {
        self.limit - self.limit * RESERVE_PERCENT / 100
    }

    fn remaining_at(&self, now: Duration) -> u64 {
        match self.reset_at {
            Some(reset_at) if reset_at <= now => self.limit,
            Some(_) | None => self.remaining,
        }
    }

    /// Returns what a purpose leaves to others.
    fn reserve(&self, purpose: Purpose) -> u64 {
        let others = self.limit - self.share();
        match purpose {
            Purpose::Person => 0,
            Purpose::Polling => others,
            Purpose::Past | Purpose::Awaited => others + self.share() * PRESENT_PERCENT / 100,
        }
    }

    fn available(&self, purpose: Purpose, now: Duration) -> u64 {
        let reserve = self.reserve(purpose);
        self.remaining_at(now)
            .saturating_sub(reserve)
            .saturating_sub(self.on_its_way)
    }
}

impl Ledger {
    /// Makes the ledger of a host with these paces.
    pub fn new(paces: &[Pace]) -> Self {
        let window = |pace: &Pace| Window {
            pace: *pace,
            spent: VecDeque::new(),
        };
        Self {
            buckets: BTreeMap::new(),
            windows: paces.iter().map(window).collect(),
        }
    }

    /// Takes in what the host told; `wall` and `now` are the same moment on both clocks.
    pub fn told(&mut self, budgets: &[Budget], wall: Timestamp, now: Duration) {
        for budget in budgets {
            let bucket = self.buckets.entry(budget.bucket.clone()).or_default();
            bucket.told = true;
            bucket.limit = budget.limit;
            bucket.remaining = budget.remaining.min(budget.limit);
            bucket.reset_at = budget
                .reset_at
                .map(|at| now + (at - wall).to_std().unwrap_or_default());
        }
    }

    /// Notes that a request of this cost is on its way.
    pub fn spend(&mut self, bucket: &str, cost: u32, purpose: Purpose, now: Duration) {
        self.overdraw(bucket, cost, purpose, now);
        let bucket = self.buckets.entry(bucket.to_owned()).or_default();
        bucket.on_its_way += u64::from(cost);
    }

    /// Notes that a minute took more than was booked for it; what the host counts it tells itself.
    pub fn overdraw(&mut self, bucket: &str, more: u32, purpose: Purpose, now: Duration) {
        let ours = |window: &&mut Window| window.pace.bucket == bucket;
        if let Some(window) = self.windows.iter_mut().find(ours) {
            window.spend(more, purpose, now);
        }
    }

    /// Notes that it came back; until the host says otherwise it did cost that.
    pub fn settle(&mut self, bucket: &str, cost: u32) {
        if let Some(bucket) = self.buckets.get_mut(bucket) {
            bucket.on_its_way = bucket.on_its_way.saturating_sub(u64::from(cost));
            bucket.remaining = bucket.remaining.saturating_sub(u64::from(cost));
        }
    }

    /// Returns what is on its way of one limit.
    #[cfg(test)]
    pub(super) fn on_its_way(&self, bucket: &str) -> u64 {
        self.buckets.get(bucket).map_or(0, |it| it.on_its_way)
    }

    /// Returns nothing if the cost may be spent now, else when to look again.
    ///
    /// What a person asks for may use the reserve, but never more than is left. A cost above
    /// our whole share is allowed only when all of the share is there.
    pub fn wait(
        &self,
        bucket: &str,
        cost: u32,
        purpose: Purpose,
        now: Duration,
    ) -> Option<Duration> {
        let quota = self.quota(bucket, cost, purpose, now);
        let window = self.windows.iter().find(|it| it.pace.bucket == bucket);
        quota.max(window.and_then(|window| window.wait(cost, purpose, now)))
    }

    fn quota(&self, bucket: &str, cost: u32, purpose: Purpose, now: Duration) -> Option<Duration> {
        let bucket = self.buckets.get(bucket).filter(|bucket| bucket.told)?;
        let needed = match purpose {
            Purpose::Person => u64::from(cost),
            Purpose::Polling | Purpose::Past | Purpose::Awaited => {
                u64::from(cost).min(bucket.limit - bucket.reserve(purpose))
            }
        };
        let enough = bucket.available(purpose, now) >= needed;
        let ahead = bucket.reset_at.filter(|at| *at > now);
        (!enough).then(|| ahead.unwrap_or(now + UNKNOWN_RESET))
    }

    /// Returns by how much polling must slow down, 1 to [`MAX_PRESSURE`].
    ///
    /// `per_hour` is what the schedule would spend of this limit in an hour.
    pub fn pressure(&self, bucket: &str, per_hour: f64, now: Duration) -> f64 {
        let Some(bucket) = self.buckets.get(bucket).filter(|bucket| bucket.told) else {
            return 1.0;
        };
        let left = bucket
            .reset_at
            .filter(|at| *at > now)
            .map_or(Duration::from_hours(1), |reset_at| {
                reset_at.saturating_sub(now)
            });
        let needed = per_hour * left.as_secs_f64() / 3_600.0;
        #[expect(clippy::cast_precision_loss, reason = "quotas are small numbers")]
        let available = bucket.available(Purpose::Polling, now).max(1) as f64;
        (needed / available).clamp(1.0, MAX_PRESSURE)
    }
}

/// Returns what resources of these costs and intervals spend in an hour, by bucket.
pub fn forecast<'a>(
    resources: impl Iterator<Item = (&'static str, f64, &'a Duration)>,
) -> BTreeMap<&'static str, f64> {
    let mut planned = BTreeMap::new();
    for (bucket, cost, interval) in resources {
        let per_hour = cost * 3_600.0 / interval.as_secs_f64().max(1.0);
        *planned.entry(bucket).or_default() += per_hour;
    }
    planned
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ledger(limit: u64, remaining: u64, reset_secs: i64) -> Ledger {
        let wall = Timestamp::UNIX_EPOCH;
        let mut ledger = Ledger::default();
        let budget = Budget {
            bucket: "core".to_owned(),
            limit,
            remaining,
            reset_at: Some(wall + chrono::TimeDelta::seconds(reset_secs)),
        };
        ledger.told(&[budget], wall, Duration::ZERO);
        ledger
    }

    #[track_caller]
    fn check_pressure(remaining: u64, reset_secs: i64, per_hour: f64, expected: f64) {
        let ledger = ledger(5_000, remaining, reset_secs);
        let pressure = ledger.pressure("core", per_hour, Duration::ZERO);
        assert!(
            (pressure - expected).abs() < 0.01,
            "{pressure} instead of {expected}"
        );
    }

    #[test]
    fn pressure_is_planned_use_against_what_is_left_without_the_reserve() {
        check_pressure(5_000, 3_600, 1_000.0, 1.0);
        check_pressure(5_000, 3_600, 6_000.0, 2.0);
        check_pressure(2_500, 3_600, 1_000.0, 2.0);
        check_pressure(2_500, 360, 1_000.0, 1.0);
        check_pressure(2_000, 3_600, 1.0, 1.0);
        check_pressure(2_000, 3_600, 1_000.0, MAX_PRESSURE);
        check_pressure(0, 3_600, 1_000.0, MAX_PRESSURE);
    }

    #[test]
    fn the_reserve_is_for_people() {
        let ledger = ledger(5_000, 2_010, 600);
        let now = Duration::ZERO;
        assert_eq!(ledger.wait("core", 10, Purpose::Polling, now), None);
        assert_eq!(
            ledger.wait("core", 11, Purpose::Polling, now),
            Some(Duration::from_mins(10))
        );
        assert_eq!(ledger.wait("core", 2_010, Purpose::Person, now), None);
        assert!(ledger.wait("core", 2_011, Purpose::Person, now).is_some());
        assert_eq!(ledger.wait("unknown", 1, Purpose::Polling, now), None);
    }

    #[test]
    fn what_is_on_its_way_counts_as_spent_and_a_reset_fills_the_bucket() {
        let mut ledger = ledger(100, 50, 60);
        let wait = |ledger: &Ledger, cost, at| ledger.wait("core", cost, Purpose::Polling, at);
        ledger.spend("core", 10, Purpose::Polling, Duration::ZERO);
        assert!(wait(&ledger, 1, Duration::ZERO).is_some());
        ledger.settle("core", 10);
        assert!(wait(&ledger, 1, Duration::ZERO).is_some());
        assert_eq!(wait(&ledger, 60, Duration::from_mins(1)), None);
    }

    #[test]
    fn what_is_past_leaves_a_fifth_of_our_share() {
        let past = |remaining| {
            let ledger = ledger(5_000, remaining, 600);
            ledger.wait("core", 8, Purpose::Past, Duration::ZERO)
        };
        assert_eq!(past(2_608), None);
        assert_eq!(past(2_607), Some(Duration::from_mins(10)));
    }

    #[test]
    fn what_is_past_and_awaited_takes_the_whole_minute_but_no_more_of_our_share() {
        let secs = Duration::from_secs;
        let mut paced = Ledger::new(&[Pace {
            bucket: "core",
            per_minute: 30,
        }]);
        paced.spend("core", 20, Purpose::Awaited, secs(0));
        assert_eq!(paced.wait("core", 10, Purpose::Awaited, secs(1)), None);
        assert_eq!(
            paced.wait("core", 11, Purpose::Awaited, secs(1)),
            Some(secs(60))
        );
        assert_eq!(
            paced.wait("core", 1, Purpose::Past, secs(1)),
            Some(secs(60)),
            "it is past all the same"
        );
        let ledger = ledger(5_000, 2_607, 600);
        let wait = ledger.wait("core", 8, Purpose::Awaited, Duration::ZERO);
        assert_eq!(wait, Some(Duration::from_mins(10)));
    }

    #[test]
    fn a_minute_holds_so_much_and_of_the_past_a_third() {
        let mut ledger = Ledger::new(&[Pace {
            bucket: "core",
            per_minute: 30,
        }]);
        let secs = Duration::from_secs;
        let wait =
            |ledger: &Ledger, cost, purpose, at| ledger.wait("core", cost, purpose, secs(at));
        ledger.spend("core", 8, Purpose::Past, secs(0));
        assert_eq!(wait(&ledger, 2, Purpose::Past, 1), None);
        assert_eq!(wait(&ledger, 3, Purpose::Past, 1), Some(secs(60)));
        assert_eq!(wait(&ledger, 22, Purpose::Polling, 1), None);
        ledger.spend("core", 20, Purpose::Polling, secs(10));
        assert_eq!(wait(&ledger, 3, Purpose::Person, 20), Some(secs(60)));
        assert_eq!(wait(&ledger, 11, Purpose::Polling, 20), Some(secs(70)));
        assert_eq!(wait(&ledger, 400, Purpose::Polling, 71), None, "else never");
        assert_eq!(wait(&ledger, 1, Purpose::Past, 61), None);
    }
}

//! Permits: no request leaves without one.
//!
//! Holds how many may be on the way at once, what each limit of the host has
//! left, and whether the host asked for silence. All clients of one origin with
//! one credential pass the same gate: what a host allows, it allows an account.
//! It refuses; it never waits for a limit, that is the scheduler's part.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use chrono::{DateTime, TimeDelta};
use reqwest::header::HeaderMap;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::origin::Origin;
use super::retry_after::{self, Wish};
use super::skew::by_our_clock;
use super::status::header;
use crate::domain::Timestamp;
use crate::sources::{Budget, Share};

/// What is left to the other tools of the same account, in percent of a limit.
pub(super) const RESERVE_PERCENT: u64 = 40;

/// The longest pause that we choose ourselves.
const LONGEST_PAUSE: Duration = Duration::from_hours(1);

/// The shortest pause that is kept, and the longest that a pause that is told is stretched to
/// where the host goes on to refuse.
const LEAST: Duration = Duration::from_secs(1);
const SHORT: Duration = Duration::from_secs(15);

/// Whether a person waits for the answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Urgency {
    /// Polling: stays within our share.
    Background,
    /// A person asked: may use the reserve as well.
    Person,
}

/// Which way a request goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Lane {
    /// REST: two at once.
    Rest,
    /// GraphQL: one at once.
    GraphQl,
    /// Visits of checks: as many at once as who visits sees fit, for those that hang would hold up
    /// the others.
    Visit,
}

impl Lane {
    /// Returns the limit that a request of this lane spends, unless the host says otherwise.
    fn bucket(self) -> &'static str {
        match self {
            Self::Rest | Self::Visit => "core",
            Self::GraphQl => "graphql",
        }
    }
}

/// Why no request may leave now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Closed {
    /// For how long.
    pub(super) wait: Duration,
    /// What is left to others, where the host would allow more.
    pub(super) share: Option<Share>,
}

/// The gates in use, by origin and account.
type Gates = HashMap<(Origin, String), Weak<Gate>>;

/// Gives out permits.
#[derive(Debug)]
pub(super) struct Gate {
    rest: Arc<Semaphore>,
    graphql: Arc<Semaphore>,
    state: Mutex<State>,
}

#[derive(Default, Debug)]
struct State {
    budgets: BTreeMap<String, Budget>,
    silent_until: Option<Timestamp>,
    silences: u32,
}

impl Gate {
    /// Makes a gate that knows no limits yet.
    pub(super) fn new() -> Self {
        Self {
            rest: Arc::new(Semaphore::new(2)),
            graphql: Arc::new(Semaphore::new(1)),
            state: Mutex::default(),
        }
    }

    /// Returns the gate of an origin for an account, which stands for a credential.
    ///
    /// It lives as long as somebody uses it.
    pub(super) fn shared(origin: &Origin, account: &str) -> Arc<Self> {
        static GATES: LazyLock<Mutex<Gates>> = LazyLock::new(Mutex::default);
        let mut gates = GATES.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (origin.clone(), account.to_owned());
        if let Some(gate) = gates.get(&key).and_then(Weak::upgrade) {
            return gate;
        }
        gates.retain(|_, gate| gate.strong_count() > 0);
        let gate = Arc::new(Self::new());
        gates.insert(key, Arc::downgrade(&gate));
        gate
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for its turn on the lane, then checks the limits.
    ///
    /// Returns how long to wait where they allow no more.
    pub(super) async fn permit(
        &self,
        lane: Lane,
        urgency: Urgency,
        clock: &super::Clock,
    ) -> Result<Option<OwnedSemaphorePermit>, Closed> {
        self.check(lane, urgency, clock())?;
        let turns = match lane {
            Lane::Rest => &self.rest,
            Lane::GraphQl => &self.graphql,
            Lane::Visit => return Ok(None),
        };
        let turn = Arc::clone(turns).acquire_owned().await;
        self.check(lane, urgency, clock())?;
        Ok(turn.ok())
    }

    /// Returns how long to wait, if the limits allow no more requests now.
    fn check(&self, lane: Lane, urgency: Urgency, now: Timestamp) -> Result<(), Closed> {
        let mut state = self.state();
        if let Some(until) = state.silent_until {
            if until > now {
                return Err(Closed {
                    wait: retry_after::until(until, now),
                    share: None,
                });
            }
            state.silent_until = None;
        }
        let Some(budget) = state.budgets.get(lane.bucket()) else {
            return Ok(());
        };
        let Some(reset_at) = budget.reset_at.filter(|reset| *reset > now) else {
            return Ok(());
        };
        let reserve = match urgency {
            Urgency::Background => budget.limit * RESERVE_PERCENT / 100,
            Urgency::Person => 0,
        };
        if budget.remaining <= reserve {
            let (left, limit) = (budget.remaining, budget.limit);
            return Err(Closed {
                wait: retry_after::until(reset_at, now),
                share: (left > 0).then_some(Share {
                    left,
                    limit,
                    past: false,
                }),
            });
        }
        Ok(())
    }

    /// Takes in the limits that an answer tells, under either of the two usual sets of names.
    pub(super) fn learn(&self, headers: &HeaderMap, lane: Lane, now: Timestamp) {
        let budget = by_x_names(headers, lane, now).or_else(|| by_plain_names(headers, lane, now));
        if let Some(budget) = budget {
            self.learn_budget(budget);
        }
    }

    /// Takes in one limit.
    pub(super) fn learn_budget(&self, budget: Budget) {
        let mut state = self.state();
        if state.budgets.len() < 16 || state.budgets.contains_key(&budget.bucket) {
            state.budgets.insert(budget.bucket.clone(), budget);
        }
    }

    /// Makes the whole host silent for a while: as long as it tells, else longer each time that it
    /// asks again after a pause.
    ///
    /// Nothing leaves during a pause: what is answered then was sent before it, and says the same
    /// once more. Returns the pause: at least what is told.
    pub(super) fn silence(&self, wish: Wish, now: Timestamp) -> Duration {
        let mut state = self.state();
        let is_silent = state.silent_until.is_some_and(|until| until > now);
        if !is_silent {
            state.silences = state.silences.saturating_add(1);
        }
        let doubled = 1 << state.silences.saturating_sub(1).min(6);
        let pause = match wish {
            Wish::Told(pause) if state.silences <= 1 => pause,
            // One that names a second for ever is not asked each second.
            Wish::Told(pause) => pause.max(LEAST.saturating_mul(doubled).min(SHORT)),
            Wish::Unsaid => LONGEST_PAUSE.min(wish.pause().saturating_mul(doubled)),
        };
        let until = TimeDelta::from_std(pause)
            .ok()
            .and_then(|pause| now.checked_add_signed(pause));
        state.silent_until = state.silent_until.max(until);
        pause
    }

    /// Notes that the host answers as it should.
    pub(super) fn spoke(&self) {
        self.state().silences = 0;
    }

    /// Returns the limits that are known.
    pub(super) fn budgets(&self) -> Vec<Budget> {
        self.state().budgets.values().cloned().collect()
    }
}

fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    header(headers, name).and_then(|text| text.trim().parse().ok())
}

/// Returns the limit as GitHub and Gitea name it: `x-ratelimit-remaining`.
fn by_x_names(headers: &HeaderMap, lane: Lane, now: Timestamp) -> Option<Budget> {
    let bucket = header(headers, "x-ratelimit-resource")
        .filter(|name| is_name(name))
        .unwrap_or(lane.bucket());
    Some(Budget {
        bucket: bucket.to_owned(),
        limit: number(headers, "x-ratelimit-limit")?,
        remaining: number(headers, "x-ratelimit-remaining")?,
        reset_at: number(headers, "x-ratelimit-reset").and_then(|at| reset(at, headers, now)),
    })
}

/// Returns the limit as GitLab names it: `ratelimit-remaining`. A route with a limit of its own
/// names it, and speaks of no other.
fn by_plain_names(headers: &HeaderMap, lane: Lane, now: Timestamp) -> Option<Budget> {
    let name = header(headers, "ratelimit-name").filter(|name| is_name(name));
    let own = name.filter(|name| !name.ends_with("authenticated_api"));
    let reset_at = number(headers, "ratelimit-reset").and_then(|at| {
        if at >= AFTER_1973 {
            return reset(at, headers, now);
        }
        // As the draft of the standard has it: seconds from now.
        let span = i64::try_from(at).ok().and_then(TimeDelta::try_seconds)?;
        now.checked_add_signed(span)
    });
    Some(Budget {
        bucket: own.unwrap_or(lane.bucket()).to_owned(),
        limit: number(headers, "ratelimit-limit")?,
        remaining: number(headers, "ratelimit-remaining")?,
        reset_at,
    })
}

/// Seconds since 1970 that are no span of time.
const AFTER_1973: u64 = 100_000_000;

fn is_name(name: &str) -> bool {
    name.len() <= 40 && name.bytes().all(|b| b.is_ascii_graphic())
}

fn reset(secs: u64, headers: &HeaderMap, now: Timestamp) -> Option<Timestamp> {
    let at = DateTime::from_timestamp(i64::try_from(secs).ok()?, 0)?;
    Some(by_our_clock(at, headers, now))
}

#[cfg(test)]
mod tests {
    use super::{Closed, Gate, Lane, Urgency, Wish};
    use crate::sources::Budget;
    use crate::sources::http::Origin;
    use chrono::{DateTime, Utc};
    use std::sync::Arc;
    use std::time::Duration;

    fn at(secs: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(secs, 0).unwrap()
    }

    #[track_caller]
    fn check(remaining: u64, urgency: Urgency, now: i64, expected: Result<(), u64>) {
        let gate = Gate::new();
        gate.learn_budget(Budget {
            bucket: "core".to_owned(),
            limit: 5_000,
            remaining,
            reset_at: Some(at(1_000)),
        });
        let answer = gate.check(Lane::Rest, urgency, at(now));
        let answer = answer.map_err(|closed| closed.wait);
        assert_eq!(answer, expected.map_err(Duration::from_secs));
        assert_eq!(gate.check(Lane::GraphQl, urgency, at(now)), Ok(()));
    }

    #[track_caller]
    fn told(pairs: &[(&'static str, &'static str)], expected: &[(&str, u64, u64, i64)]) {
        let headers = pairs.iter().map(|(name, value)| {
            let name = reqwest::header::HeaderName::from_static(name);
            (name, reqwest::header::HeaderValue::from_static(value))
        });
        let gate = Gate::new();
        gate.learn(&headers.collect(), Lane::Rest, at(1_600_000_000));
        let budgets = gate.budgets();
        let found = budgets.iter().map(|it| {
            let reset = it.reset_at.unwrap().timestamp() - 1_600_000_000;
            (it.bucket.as_str(), it.limit, it.remaining, reset)
        });
        assert_eq!(found.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn limits_are_told_under_two_sets_of_names() {
        let x = [
            ("x-ratelimit-limit", "5000"),
            ("x-ratelimit-remaining", "4999"),
            ("x-ratelimit-reset", "1600000060"),
        ];
        told(&x, &[("core", 5_000, 4_999, 60)]);
        let plain = [
            ("ratelimit-limit", "2000"),
            ("ratelimit-remaining", "1999"),
            ("ratelimit-reset", "1600000030"),
            ("ratelimit-name", "throttle_authenticated_api"),
        ];
        told(&plain, &[("core", 2_000, 1_999, 30)]);
        let own = [
            ("ratelimit-limit", "400"),
            ("ratelimit-remaining", "0"),
            ("ratelimit-reset", "20"),
            ("ratelimit-name", "throttle_projects"),
        ];
        told(&own, &[("throttle_projects", 400, 0, 20)]);
        told(&[("ratelimit-limit", "400")], &[]);
    }

    #[test]
    fn two_fifths_of_a_limit_are_left_to_others() {
        check(2_001, Urgency::Background, 900, Ok(()));
        check(2_000, Urgency::Background, 900, Err(100));
        check(2_000, Urgency::Background, 1_000, Ok(()));
    }

    #[test]
    fn a_spent_share_is_ours_and_a_spent_limit_the_hosts() {
        let share = |remaining| {
            let gate = Gate::new();
            gate.learn_budget(Budget {
                bucket: "core".to_owned(),
                limit: 5_000,
                remaining,
                reset_at: Some(at(1_000)),
            });
            let closed = gate.check(Lane::Rest, Urgency::Background, at(900));
            closed.unwrap_err().share.map(|share| share.left)
        };
        assert_eq!((share(1_991), share(0)), (Some(1_991), None));
    }

    #[test]
    fn a_person_may_use_the_reserve_but_not_more() {
        check(1, Urgency::Person, 900, Ok(()));
        check(0, Urgency::Person, 900, Err(100));
    }

    #[test]
    fn a_host_that_asks_for_silence_gets_it_from_everybody() {
        let gate = Gate::new();
        assert_eq!(
            gate.silence(Wish::Told(Duration::from_secs(7)), at(0))
                .as_secs(),
            7
        );
        assert_eq!(
            gate.check(Lane::GraphQl, Urgency::Person, at(1)),
            Err(Closed {
                wait: Duration::from_secs(6),
                share: None
            })
        );
        assert_eq!(gate.check(Lane::GraphQl, Urgency::Person, at(7)), Ok(()));
    }

    #[test]
    fn an_account_has_one_gate_at_an_origin() {
        let origin = |text: &str| Origin::of(&url::Url::parse(text).unwrap()).unwrap();
        let (here, there) = (origin("https://one.test"), origin("https://two.test"));
        let first = Gate::shared(&here, "a");
        assert!(Arc::ptr_eq(&first, &Gate::shared(&here, "a")));
        assert!(!Arc::ptr_eq(&first, &Gate::shared(&here, "b")));
        assert!(!Arc::ptr_eq(&first, &Gate::shared(&there, "a")));
        first.silence(Wish::Told(Duration::from_secs(7)), at(0));
        drop(first);
        let again = Gate::shared(&here, "a");
        assert_eq!(again.check(Lane::Rest, Urgency::Person, at(1)), Ok(()));
    }

    #[test]
    fn silence_doubles_until_the_host_speaks() {
        let gate = Gate::new();
        let pause = |secs| gate.silence(Wish::Unsaid, at(secs)).as_secs();
        assert_eq!([pause(0), pause(60), pause(180)], [60, 120, 240]);
        gate.spoke();
        assert_eq!(pause(420), 60);
    }

    #[test]
    fn a_pause_that_is_told_is_kept_as_told_each_time() {
        let gate = Gate::new();
        let twenty = Wish::Told(Duration::from_secs(20));
        let pauses = [0, 20, 40, 60, 80, 100, 120].map(|secs| gate.silence(twenty, at(secs)));
        assert_eq!(pauses.map(|pause| pause.as_secs()), [20; 7]);
        let second = Wish::Told(Duration::from_secs(1));
        let again = gate.silence(second, at(140)).as_secs();
        assert_eq!(
            again, 15,
            "who names a second for ever is not asked each second"
        );
    }

    #[test]
    fn answers_to_what_was_sent_before_a_pause_are_one_refusal() {
        let gate = Gate::new();
        let told = Wish::Told(Duration::from_secs(20));
        assert_eq!(gate.silence(told, at(0)).as_secs(), 20);
        assert_eq!(gate.silence(told, at(1)).as_secs(), 20);
        assert_eq!(gate.check(Lane::Rest, Urgency::Person, at(21)), Ok(()));
        gate.spoke();
        let unsaid = |secs| gate.silence(Wish::Unsaid, at(secs)).as_secs();
        assert_eq!([unsaid(30), unsaid(31), unsaid(32)], [60, 60, 60]);
        assert_eq!(unsaid(92), 120);
    }
}

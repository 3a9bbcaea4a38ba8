//! One round of visits: several at once, within a bound of time, and a first look that makes sure.
//!
//! Who lets us wait gives its place to the next and is waited for beside it, so that those that
//! hang keep nobody from being visited. What has not begun in time is not visited, and never passes for well: it comes first in the
//! next round. Once nobody answers there at all, the rest is spared.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt, stream};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout, timeout_at};

use super::judge;
use crate::config::HttpCheck;
use crate::sources::http::{Call, Client, Limits, Missed, Urgency, Visit, span};

/// How many visits of one source begin at once.
const AT_ONCE: usize = 8;

/// How many visits of one source are waited for at most, those that hang included: all of them.
const MOST_WAITED: usize = 64;

/// The most looks at one check in one round.
const LOOKS: u32 = 5;

/// Two looks are apart by this part of the time that the first byte may take.
const APART: u32 = 20;

/// A check that is to be visited.
#[derive(Clone, Copy, Debug)]
pub(super) struct Due<'a> {
    /// Which one.
    pub(super) check: &'a HttpCheck,
    /// So many looks make sure that it fails.
    looks: u32,
}

impl<'a> Due<'a> {
    /// Returns a check of which it is known how it was: one look tells what became of it.
    pub(super) fn again(check: &'a HttpCheck) -> Self {
        Self { check, looks: 1 }
    }

    /// Returns a check of which nothing is known: what fails is looked at as often as it takes to
    /// be sure, within reason, as there may be no later round.
    pub(super) fn first(check: &'a HttpCheck) -> Self {
        let looks = check.failures.clamp(1, LOOKS);
        Self { check, looks }
    }
}

/// A check, and what came of it.
pub(super) struct Came<'a> {
    /// Which one.
    pub(super) check: &'a HttpCheck,
    /// What the last look found.
    pub(super) visit: Result<Visit, Missed>,
    /// How many looks in a row it failed at.
    pub(super) failures: u32,
}

/// What came of a round.
pub(super) struct Round<'a> {
    /// Those that were visited, in the order in which they were to be.
    pub(super) came: Vec<Came<'a>>,
    /// Those for which no time was left.
    pub(super) unseen: Vec<&'a HttpCheck>,
}

/// Visits each within the limits: a round takes no longer than one visit may.
pub(super) async fn visit<'a>(
    client: &Client,
    due: Vec<Due<'a>>,
    limits: &Limits,
    urgency: Urgency,
) -> Round<'a> {
    let begun = Instant::now();
    let window = limits.total.saturating_sub(limits.first_byte);
    let visitor = Visitor {
        client,
        urgency,
        places: Semaphore::new(AT_ONCE),
        turn: turn(window, due.len()),
        last_start: begun + window,
        end: begun + limits.total,
        patience: limits.first_byte,
        away: Mutex::default(),
    };
    let mut visits: Vec<BoxFuture<'_, (usize, Due<'a>, Option<Came<'a>>)>> = Vec::new();
    for (turn, due) in due.into_iter().enumerate() {
        let visitor = &visitor;
        visits.push(async move { (turn, due, visitor.see(due).await) }.boxed());
    }
    let visits = stream::iter(visits).buffer_unordered(MOST_WAITED);
    let mut done: Vec<_> = visits.collect().await;
    done.sort_by_key(|(turn, ..)| *turn);
    let mut round = Round {
        came: Vec::new(),
        unseen: Vec::new(),
    };
    for (_, due, came) in done {
        match came {
            Some(came) => round.came.push(came),
            None => round.unseen.push(due.check),
        }
    }
    round
}

/// Returns how long one visit has its place to itself, so that every one can begin in time.
fn turn(window: Duration, count: usize) -> Duration {
    let turns = u32::try_from(count.div_ceil(AT_ONCE)).unwrap_or(u32::MAX);
    window / turns.max(1)
}

/// Who visits, and how long that may take.
struct Visitor<'c> {
    client: &'c Client,
    urgency: Urgency,
    /// For visits that begin; one that lasts needs none any more.
    places: Semaphore,
    /// For how long one has its place.
    turn: Duration,
    /// After this no visit begins.
    last_start: Instant,
    /// At this all of them are over.
    end: Instant,
    /// What took so long needs no second look.
    patience: Duration,
    /// What is known by now of nobody being there.
    away: Mutex<Option<Missed>>,
}

impl Visitor<'_> {
    /// Looks at one as soon as it has a place; nothing where no time is left.
    async fn see<'a>(&self, due: Due<'a>) -> Option<Came<'a>> {
        let place = self.places.acquire().await;
        let mut seen = std::pin::pin!(self.see_now(due));
        let quick = timeout(self.turn, &mut seen).await;
        drop(place);
        match quick {
            Ok(came) => came,
            Err(_elapsed) => seen.await,
        }
    }

    async fn see_now<'a>(&self, due: Due<'a>) -> Option<Came<'a>> {
        let Due { check, looks } = due;
        let came = |visit, failures| Came {
            check,
            visit,
            failures,
        };
        let known = self.known_away();
        if let Some(missed) = known {
            return Some(came(Err(missed), looks));
        }
        let begun = Instant::now();
        if begun > self.last_start {
            return None;
        }
        let mut visit = self.look(check).await;
        let mut failures = 1;
        loop {
            if is_well(check, &visit) {
                return Some(came(visit, 0));
            }
            let is_late = matches!(visit, Err(Missed::Late(_)));
            if is_late || begun.elapsed() >= self.patience {
                // It took the time of many looks.
                failures = looks.max(failures);
            }
            if failures >= looks || matches!(visit, Err(Missed::Held(_))) {
                break;
            }
            tokio::time::sleep(self.patience / APART).await;
            match self.look(check).await {
                // What was found before stands.
                Err(Missed::Held(_)) => break,
                again => visit = again,
            }
            failures += 1;
        }
        if let Err(missed @ (Missed::NoWay(_) | Missed::Silent(_))) = &visit {
            *self.away.lock().unwrap_or_else(PoisonError::into_inner) = Some(missed.clone());
        }
        Some(came(visit, failures))
    }

    fn known_away(&self) -> Option<Missed> {
        let away = self.away.lock();
        away.unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn look(&self, check: &HttpCheck) -> Result<Visit, Missed> {
        let call = Call {
            url: &check.url,
            wanted: &|status| check.status.has(status),
            body: judge::needs_body(check),
            urgency: self.urgency,
        };
        let begun = Instant::now();
        let looked = timeout_at(self.end, self.client.visit(&call)).await;
        looked.unwrap_or_else(|_elapsed| {
            let span = span(begun.elapsed());
            Err(Missed::Late(format!("no whole answer within {span}")))
        })
    }
}

fn is_well(check: &HttpCheck, visit: &Result<Visit, Missed>) -> bool {
    let visit = visit.as_ref();
    visit.is_ok_and(|visit| judge::judge(check, visit).is_ok())
}

#[cfg(test)]
mod tests {
    use super::turn;
    use std::time::Duration;

    #[track_caller]
    fn check(count: usize, millis: u64) {
        let window = Duration::from_secs(5);
        assert_eq!(
            turn(window, count).as_millis(),
            u128::from(millis),
            "{count}"
        );
    }

    #[test]
    fn all_can_begin_before_the_last_moment() {
        check(0, 5_000);
        check(8, 5_000);
        check(9, 2_500);
        check(41, 833);
        check(50, 714);
    }
}

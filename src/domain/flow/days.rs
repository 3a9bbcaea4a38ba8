//! The days of a window, in whatever zone the caller reckons in.
//!
//! A day begins where the caller's calendar says so: days of 23 and 25 hours are days.

use chrono::{NaiveDate, TimeDelta};

use crate::domain::Timestamp;
use crate::domain::flow::metric::Window;

/// Which day a moment belongs to; later moments never belong to earlier days.
pub type DayOf<'a> = &'a dyn Fn(Timestamp) -> NaiveDate;

/// The most days that are told apart; history is far shorter.
const MOST: usize = 4_000;

/// The days of a window, each with the first second of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Days {
    begins: Vec<(Timestamp, NaiveDate)>,
}

impl Days {
    /// Finds the days of a window; asks the calendar a few times a day, however much happened.
    pub fn new(window: &Window, day_of: DayOf<'_>) -> Self {
        let mut begins = vec![(window.from, day_of(window.from))];
        let mut at = window.from;
        while at < window.to && begins.len() < MOST {
            let next = crate::domain::later(at, TimeDelta::hours(6)).min(window.to);
            let day = day_of(next);
            if begins.last().is_some_and(|(_, last)| *last != day) {
                begins.push((border(at, next, day_of), day));
            }
            at = next;
        }
        Self { begins }
    }

    /// Returns how many days there are.
    pub fn len(&self) -> usize {
        self.begins.len()
    }

    /// Returns whether there is none, which never is.
    pub fn is_empty(&self) -> bool {
        self.begins.is_empty()
    }

    /// Returns the days in order.
    pub fn iter(&self) -> impl Iterator<Item = NaiveDate> + '_ {
        self.begins.iter().map(|(_, day)| *day)
    }

    /// Returns which of the days a moment belongs to; what is before the first belongs to that.
    pub fn index(&self, at: Timestamp) -> usize {
        let after = self.begins.partition_point(|(begin, _)| *begin <= at);
        after.saturating_sub(1)
    }
}

/// Returns the first second of the day that begins between two moments, the second inclusive.
fn border(from: Timestamp, to: Timestamp, day_of: DayOf<'_>) -> Timestamp {
    let day = day_of(to);
    let (mut before, mut after) = (0, (to - from).num_seconds());
    let at = |seconds: i64| crate::domain::later(from, TimeDelta::seconds(seconds));
    while after - before > 1 {
        let middle = i64::midpoint(before, after);
        if day_of(at(middle)) == day {
            after = middle;
        } else {
            before = middle;
        }
    }
    // Midnight has no fraction of a second, but the moment that was begun from may have.
    let second = at(after);
    let whole = second - TimeDelta::nanoseconds(i64::from(second.timestamp_subsec_nanos()));
    if day_of(whole) == day { whole } else { second }
}

//! Clocks of hosts that are far off: what they say of the future, by our own clock.
//!
//! A pause is a span of the host's time: between its `Date` and what it names. How far its clock is
//! off is only told: what it says of the past stands as it says it, and is compared with itself.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, TimeDelta};
use reqwest::header::HeaderMap;

use super::status::header;
use crate::domain::Timestamp;

/// The difference above which a clock is wrong, and not an answer late.
const WRONG: TimeDelta = TimeDelta::seconds(60);

/// How many answers are compared before a clock is said to be off.
const COMPARED: usize = 3;

/// Returns the current time as the host has it, if its clock is far off.
pub fn their_now(headers: &HeaderMap, now: Timestamp) -> Timestamp {
    told(headers)
        .filter(|date| (*date - now).abs() > WRONG)
        .unwrap_or(now)
}

/// Returns the time that an answer tells; one that was kept on the way tells how long it was.
fn told(headers: &HeaderMap) -> Option<Timestamp> {
    let date = header(headers, "date").and_then(|date| DateTime::parse_from_rfc2822(date).ok())?;
    let kept = header(headers, "age").and_then(|age| age.trim().parse().ok());
    let kept = kept.and_then(TimeDelta::try_seconds).unwrap_or_default();
    date.to_utc().checked_add_signed(kept)
}

/// The times that the last answers of a host told, against our own clock.
#[derive(Default, Debug)]
pub(super) struct Dates {
    ahead: Mutex<VecDeque<TimeDelta>>,
}

impl Dates {
    /// Takes in an answer that came just now.
    pub(super) fn see(&self, headers: &HeaderMap, now: Timestamp) {
        if let Some(date) = told(headers) {
            let mut ahead = self.ahead.lock().unwrap_or_else(PoisonError::into_inner);
            ahead.push_front(date - now);
            ahead.truncate(COMPARED);
        }
    }

    /// Returns how far the clock of the host is ahead of ours, in minutes, where it is far off.
    ///
    /// Of the last answers the one counts that speaks best of it: one that came late, or that a
    /// cache gave without saying so, proves nothing.
    pub(super) fn ahead(&self) -> Option<TimeDelta> {
        let ahead = self.ahead.lock().unwrap_or_else(PoisonError::into_inner);
        let least = ahead.iter().min_by_key(|it| it.abs())?;
        (least.abs() > WRONG).then(|| {
            let half = 30 * least.num_seconds().signum();
            TimeDelta::minutes((*least + TimeDelta::seconds(half)).num_minutes())
        })
    }
}

/// Returns a moment that the host named, as our clock will show it.
pub fn by_our_clock(at: Timestamp, headers: &HeaderMap, now: Timestamp) -> Timestamp {
    now.checked_add_signed(at - their_now(headers, now))
        .unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::{Dates, by_our_clock, their_now};
    use chrono::DateTime;
    use reqwest::header::{HeaderMap, HeaderValue};

    const NOW: i64 = 1_445_412_480; // Wed, 21 Oct 2015 07:28:00 GMT

    #[track_caller]
    fn check(date: Option<&'static str>, named: i64, expected: i64) {
        let at = |secs| DateTime::from_timestamp(secs, 0).unwrap();
        let mut headers = HeaderMap::new();
        if let Some(date) = date {
            headers.insert("date", HeaderValue::from_static(date));
        }
        let found = by_our_clock(at(NOW + named), &headers, at(NOW));
        assert_eq!(found.timestamp() - NOW, expected, "{date:?} {named}");
    }

    #[test]
    fn a_moment_is_as_far_ahead_here_as_it_is_there() {
        check(None, 600, 600);
        check(Some("soon"), 600, 600);
        check(Some("Wed, 21 Oct 2015 07:27:10 GMT"), 600, 600);
        check(Some("Wed, 21 Oct 2015 08:28:00 GMT"), 4_200, 600);
        check(Some("Wed, 21 Oct 2015 06:28:00 GMT"), -3_000, 600);
    }

    #[test]
    fn a_clock_at_the_end_of_time_breaks_nothing() {
        let mut headers = HeaderMap::new();
        let date = HeaderValue::from_static("Fri, 31 Dec 9999 23:59:59 GMT");
        headers.insert("date", date);
        let now = DateTime::from_timestamp(NOW, 0).unwrap();
        assert!(their_now(&headers, now) > now);
        let first = DateTime::from_timestamp(0, 0).unwrap();
        assert!(by_our_clock(first, &headers, now) < now);
    }

    #[track_caller]
    fn check_dates(told: &[(&'static str, Option<&'static str>)], expected: Option<i64>) {
        let now = DateTime::from_timestamp(NOW, 0).unwrap();
        let dates = Dates::default();
        for (date, age) in told {
            let mut headers = HeaderMap::new();
            headers.insert("date", HeaderValue::from_static(date));
            if let Some(age) = age {
                headers.insert("age", HeaderValue::from_static(age));
            }
            dates.see(&headers, now);
        }
        assert_eq!(
            dates.ahead().map(|it| it.num_seconds()),
            expected,
            "{told:?}"
        );
    }

    #[test]
    fn a_clock_is_off_where_all_of_the_last_answers_say_so() {
        let hour = "Wed, 21 Oct 2015 08:28:01 GMT";
        let right = "Wed, 21 Oct 2015 07:27:59 GMT";
        let late = "Wed, 21 Oct 2015 07:20:00 GMT";
        check_dates(&[], None);
        check_dates(&[("soon", None)], None);
        check_dates(&[(hour, None)], Some(3_600));
        check_dates(&[(hour, None), (right, None)], None);
        check_dates(&[(right, None), (hour, None), (hour, None)], None);
        let since = [(right, None), (hour, None), (hour, None), (hour, None)];
        check_dates(&since, Some(3_600));
        check_dates(&[(late, None)], Some(-480));
        check_dates(&[(late, Some("480"))], None);
        check_dates(&[(late, Some("99999999999999999999"))], Some(-480));
        let end = "Fri, 31 Dec 9999 23:59:59 GMT";
        check_dates(&[(end, Some("9223372036854775"))], None);
    }
}

//! Clocks of hosts that are far off: what they say of the future, by our own clock.
//!
//! Pure. A pause is a span of the host's time: between its `Date` and what it names.

use chrono::{DateTime, TimeDelta};
use reqwest::header::HeaderMap;

use super::status::header;
use crate::domain::Timestamp;

/// The difference above which a clock is wrong, and not an answer late.
const WRONG: TimeDelta = TimeDelta::seconds(60);

/// Returns the current time as the host has it, if its clock is far off.
pub fn their_now(headers: &HeaderMap, now: Timestamp) -> Timestamp {
    let date = header(headers, "date").and_then(|date| DateTime::parse_from_rfc2822(date).ok());
    let date = date.map(|date| date.to_utc());
    date.filter(|date| (*date - now).abs() > WRONG)
        .unwrap_or(now)
}

/// Returns a moment that the host named, as our clock will show it.
pub fn by_our_clock(at: Timestamp, headers: &HeaderMap, now: Timestamp) -> Timestamp {
    now.checked_add_signed(at - their_now(headers, now))
        .unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::{by_our_clock, their_now};
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
}

//! `Retry-After` and rate-limit resets: how long a host asks us to wait.
//!
//! Pure. What cannot be read counts as a minute; nothing is shorter than a second.

use std::time::Duration;

use chrono::{DateTime, TimeDelta};

use crate::domain::Timestamp;

/// What an unreadable or missing wish counts as.
pub(super) const DEFAULT: Duration = Duration::from_mins(1);

/// What a host that limits us says of when to come back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wish {
    /// It names a pause, or when its limit begins anew: that is obeyed as it is told.
    Told(Duration),
    /// It names none: how long is ours to choose.
    Unsaid,
}

impl Wish {
    /// Returns the pause that is asked for, or what stands for none.
    pub(super) fn pause(self) -> Duration {
        match self {
            Self::Told(pause) => pause,
            Self::Unsaid => DEFAULT,
        }
    }
}

/// The longest pause that is believed; a host that asks for more is asked again then.
pub(super) const LONGEST: Duration = Duration::from_hours(24);

/// Returns the pause that a `Retry-After` header asks for: seconds, or an HTTP date.
pub fn parse(value: &str, now: Timestamp) -> Duration {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()) {
        return value
            .parse()
            .map_or(LONGEST, |secs| clamp(Duration::from_secs(secs)));
    }
    DateTime::parse_from_rfc2822(value).map_or(DEFAULT, |at| until(at.to_utc(), now))
}

/// How long ago a reset may have been that an answer may still name.
const LATE: TimeDelta = TimeDelta::seconds(60);

/// Returns the pause until a reset that is given in seconds since 1970.
///
/// One that is long past is none: whoever came back at once would come back for ever.
pub(super) fn until_epoch(value: &str, now: Timestamp) -> Duration {
    value
        .trim()
        .parse()
        .ok()
        .and_then(|secs| DateTime::from_timestamp(secs, 0))
        .filter(|at| now - *at <= LATE)
        .map_or(DEFAULT, |at| until(at, now))
}

/// Returns the pause until a moment.
pub(super) fn until(at: Timestamp, now: Timestamp) -> Duration {
    clamp((at - now).to_std().unwrap_or_default())
}

fn clamp(pause: Duration) -> Duration {
    pause.clamp(Duration::from_secs(1), LONGEST)
}

#[cfg(test)]
mod tests {
    use super::{DEFAULT, LONGEST, parse, until_epoch};
    use chrono::DateTime;
    use proptest::prelude::*;
    use std::time::Duration;

    const NOW: i64 = 1_445_412_480; // Wed, 21 Oct 2015 07:28:00 GMT

    #[track_caller]
    fn check(value: &str, secs: u64) {
        let now = DateTime::from_timestamp(NOW, 0).unwrap();
        assert_eq!(parse(value, now), Duration::from_secs(secs), "{value}");
    }

    #[test]
    fn seconds_and_dates_are_understood() {
        check("120", 120);
        check(" 5 ", 5);
        check("Wed, 21 Oct 2015 07:30:00 GMT", 120);
    }

    #[test]
    fn nothing_is_shorter_than_a_second_or_longer_than_a_day() {
        check("0", 1);
        check("Wed, 21 Oct 2015 07:00:00 GMT", 1);
        check("99999999999999999999999", 86_400);
        check("9999999", 86_400);
    }

    #[test]
    fn what_cannot_be_read_counts_as_a_minute() {
        check("", 60);
        check("soon", 60);
        check("-5", 60);
        check("1.5", 60);
        check("Wed, 99 Foo 2015 07:30:00 GMT", 60);
    }

    #[test]
    fn a_reset_just_past_is_over_in_a_second_and_one_long_past_is_none() {
        let now = DateTime::from_timestamp(NOW, 0).unwrap();
        assert_eq!(until_epoch("1445412540", now), Duration::from_mins(1));
        assert_eq!(until_epoch("1445412450", now), Duration::from_secs(1));
        assert_eq!(until_epoch("1", now), DEFAULT);
        assert_eq!(until_epoch("x", now), DEFAULT);
    }

    proptest! {
        #[test]
        fn any_wish_gives_a_pause_within_bounds(value in ".*", now in 0_i64..4_000_000_000) {
            let pause = parse(&value, DateTime::from_timestamp(now, 0).unwrap());
            prop_assert!(pause >= Duration::from_secs(1) && pause <= LONGEST);
        }
    }
}

//! Ages in words, and the moment at which the word changes.
//!
//! The board draws only when something changes; an age changes when its word
//! does, so both come from one table. The current time is always passed in.

use chrono::TimeDelta;

use crate::domain::Timestamp;

/// An age as it is shown, at most four columns wide.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Age {
    count: i64,
    unit: Unit,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Unit {
    Now,
    Minute,
    Hour,
    Day,
    Week,
    Year,
}

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const WEEK: i64 = 7 * DAY;
const YEAR: i64 = 365 * DAY;

impl Unit {
    fn secs(self) -> i64 {
        match self {
            Self::Now | Self::Minute => MINUTE,
            Self::Hour => HOUR,
            Self::Day => DAY,
            Self::Week => WEEK,
            Self::Year => YEAR,
        }
    }

    fn suffix(self) -> &'static str {
        match self {
            Self::Now => "",
            Self::Minute => "m",
            Self::Hour => "h",
            Self::Day => "d",
            Self::Week => "w",
            Self::Year => "y",
        }
    }
}

impl Age {
    /// Returns the age of something that began at `since`; the future counts as now.
    pub fn since(since: Timestamp, now: Timestamp) -> Self {
        let secs = (now - since).num_seconds();
        let unit = match secs {
            i64::MIN..MINUTE => Unit::Now,
            MINUTE..HOUR => Unit::Minute,
            HOUR..DAY => Unit::Hour,
            DAY..WEEK_FROM => Unit::Day,
            WEEK_FROM..YEAR => Unit::Week,
            YEAR..=i64::MAX => Unit::Year,
        };
        Self {
            count: (secs / unit.secs()).max(0),
            unit,
        }
    }

    /// Returns whether it is less than a minute.
    pub fn is_now(self) -> bool {
        self.unit == Unit::Now
    }

    /// Returns when the word for this age changes next.
    pub fn rolls_at(since: Timestamp, now: Timestamp) -> Timestamp {
        let age = Self::since(since, now);
        let secs = (age.count.saturating_add(1)).saturating_mul(age.unit.secs());
        let roll = TimeDelta::try_seconds(secs).and_then(|delta| since.checked_add_signed(delta));
        // A year is no whole number of weeks; every other unit ends where the next begins.
        let year = since.checked_add_signed(TimeDelta::seconds(YEAR));
        let next = match (roll, year) {
            (Some(roll), Some(year)) if age.unit == Unit::Week => Some(roll.min(year)),
            (roll, _) => roll,
        };
        next.filter(|at| *at > now)
            .unwrap_or(now + TimeDelta::hours(1))
    }
}

/// From here on weeks are shown; before it days tell more.
const WEEK_FROM: i64 = 2 * WEEK;

impl std::fmt::Display for Age {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.unit == Unit::Now {
            f.pad("now")
        } else {
            f.pad(&format!("{}{}", self.count.min(999), self.unit.suffix()))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_timestamp(1_700_000_000 + secs, 0).unwrap()
    }

    #[track_caller]
    fn check(secs: i64, text: &str, rolls: i64) {
        assert_eq!(Age::since(at(0), at(secs)).to_string(), text);
        assert_eq!(Age::rolls_at(at(0), at(secs)), at(rolls));
    }

    #[test]
    fn ages_are_short_and_roll_at_the_next_unit() {
        check(-30, "now", 60);
        check(0, "now", 60);
        check(59, "now", 60);
        check(60, "1m", 120);
        check(3_599, "59m", 3_600);
        check(3_600, "1h", 7_200);
        check(DAY - 1, "23h", DAY);
        check(13 * DAY, "13d", 14 * DAY);
        check(14 * DAY, "2w", 21 * DAY);
        check(364 * DAY, "52w", YEAR);
        check(2 * YEAR, "2y", 3 * YEAR);
    }

    proptest! {
        #[test]
        fn the_word_stays_until_it_rolls(secs in -100_000_i64..100_000_000, later in 0_i64..1_000_000) {
            let rolls = Age::rolls_at(at(0), at(secs));
            prop_assert!(rolls > at(secs));
            let between = at(secs + later);
            if between < rolls {
                prop_assert_eq!(Age::since(at(0), between), Age::since(at(0), at(secs)));
            }
        }
    }
}

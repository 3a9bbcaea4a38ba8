//! Since when a stand-up looks back, as people say it.
//!
//! Days are working days of the team, so that Monday covers Friday; hours are those of the clock.

use chrono::{Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Weekday};

use crate::domain::Timestamp;
use crate::domain::calendar::Calendar;

/// How many days back may be named: ten years.
const MOST_DAYS: u32 = 3_660;

/// Since when a stand-up looks back.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Since {
    /// The last stand-up; where none was held, a working day ago.
    #[default]
    Last,
    /// The beginning of today.
    Today,
    /// The beginning of the last working day before today.
    Yesterday,
    /// The beginning of the last such day before today.
    Day(Weekday),
    /// So long ago.
    Ago {
        /// Weeks of seven days.
        weeks: u32,
        /// Working days.
        days: u32,
        /// Hours and minutes of the clock.
        clock: TimeDelta,
    },
    /// A time of today, or of the last working day where that is still to come.
    Time(NaiveTime),
    /// A time of a day, on the clock of the team.
    Local(NaiveDateTime),
    /// An instant.
    Instant(Timestamp),
}

impl Since {
    /// Words that are understood, beside spans and times.
    pub const WORDS: [&str; 10] = [
        "last",
        "today",
        "yesterday",
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
    ];

    /// Returns what a text means: `last`, `today`, `yesterday`, `friday`, `1d`, `1w2d`, `4h`, `09:30`,
    /// `2026-11-20`, `2026-11-20 09:30`, or an instant with its offset.
    pub fn parse(text: &str) -> Option<Self> {
        let word = text.trim().to_ascii_lowercase();
        match word.as_str() {
            "last" => return Some(Self::Last),
            "today" => return Some(Self::Today),
            "yesterday" => return Some(Self::Yesterday),
            _ => {}
        }
        if let Ok(day) = word.parse::<Weekday>() {
            return Some(Self::Day(day));
        }
        ago(&word)
            .or_else(|| time(&word).map(Self::Time))
            .or_else(|| point(text.trim()))
    }

    /// Returns the moment that is meant where nobody asks for a stand-up: days are those of the
    /// calendar, so that on Sunday yesterday is Saturday.
    pub fn in_days(self, calendar: &Calendar, now: Timestamp) -> Timestamp {
        let today = calendar.day_of(now);
        let before = |days: u64| today.checked_sub_days(Days::new(days)).unwrap_or(today);
        match self {
            Self::Yesterday => calendar.start_of(before(1)),
            Self::Ago { weeks, days, clock } => {
                let day = before(u64::from(weeks) * 7 + u64::from(days));
                let at = calendar.moment(day, calendar.local(now).time()).min(now);
                at.checked_sub_signed(clock).unwrap_or(at)
            }
            Self::Time(time) => {
                let at = calendar.moment(today, time);
                if at <= now {
                    return at;
                }
                calendar.moment(before(1), time)
            }
            Self::Last | Self::Today | Self::Day(_) | Self::Local(_) | Self::Instant(_) => {
                self.moment(calendar, None, now)
            }
        }
    }

    /// Returns the moment that is meant; one that is named in full may be to come.
    pub fn moment(self, calendar: &Calendar, last: Option<Timestamp>, now: Timestamp) -> Timestamp {
        let today = calendar.day_of(now);
        match self {
            Self::Last => {
                let last = last.filter(|at| *at <= now);
                last.unwrap_or_else(|| calendar.working_days_ago(now, 1))
            }
            Self::Today => calendar.start_of(today),
            Self::Yesterday => calendar.start_of(calendar.working_day_before(today)),
            Self::Day(weekday) => calendar.start_of(last_such(today, weekday)),
            Self::Ago { weeks, days, clock } => {
                let from = if weeks > 0 {
                    let back = Days::new(u64::from(weeks) * 7);
                    let day = today.checked_sub_days(back).unwrap_or(today);
                    calendar.moment(day, calendar.local(now).time()).min(now)
                } else {
                    now
                };
                let from = calendar.working_days_ago(from, days);
                from.checked_sub_signed(clock).unwrap_or(from)
            }
            Self::Time(time) => {
                let at = calendar.moment(today, time);
                if at <= now {
                    return at;
                }
                calendar.moment(calendar.working_day_before(today), time)
            }
            Self::Local(local) => calendar.moment(local.date(), local.time()),
            Self::Instant(at) => at,
        }
    }
}

fn last_such(today: NaiveDate, weekday: Weekday) -> NaiveDate {
    let before = std::iter::successors(today.pred_opt(), NaiveDate::pred_opt).take(7);
    let mut before = before.filter(|day| chrono::Datelike::weekday(day) == weekday);
    before.next().unwrap_or(today)
}

/// Reads `1d`, `2d4h`, `1w`.
fn ago(word: &str) -> Option<Since> {
    let (mut weeks, mut days, mut secs) = (0_u32, 0_u32, 0_i64);
    let mut rest = word;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let (number, tail) = rest.split_at_checked(digits)?;
        let number: u32 = number.parse().ok().filter(|number| *number <= 1_000_000)?;
        let unit = tail.chars().next()?;
        match unit {
            'w' => weeks = weeks.checked_add(number)?,
            'd' => days = days.checked_add(number)?,
            'h' => secs += i64::from(number) * 3_600,
            'm' => secs += i64::from(number) * 60,
            _ => return None,
        }
        rest = tail.get(unit.len_utf8()..)?;
    }
    let most = i64::from(MOST_DAYS) * 86_400;
    let fits = weeks <= MOST_DAYS / 7 && days <= MOST_DAYS && secs <= most;
    let clock = TimeDelta::try_seconds(secs)?;
    (fits && !word.is_empty()).then_some(Since::Ago { weeks, days, clock })
}

fn time(text: &str) -> Option<NaiveTime> {
    NaiveTime::parse_from_str(text, "%H:%M").ok()
}

fn point(text: &str) -> Option<Since> {
    if let Ok(at) = chrono::DateTime::parse_from_rfc3339(text) {
        return Some(Since::Instant(at.to_utc()));
    }
    let (day, rest) = text.split_once(['T', ' ']).unwrap_or((text, "00:00"));
    let day = NaiveDate::parse_from_str(day, "%Y-%m-%d").ok()?;
    Some(Since::Local(day.and_time(time(rest.trim())?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::calendar::{WorkingTime, Zone};

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    /// A Monday morning in Berlin, an hour ahead of UTC.
    const NOW: &str = "2026-11-23T08:30:00Z";

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let calendar = Calendar::new(WorkingTime::usual(Zone::Europe__Berlin), at(NOW));
        let last = Some(at("2026-11-19T08:31:00Z"));
        let found = Since::parse(text).unwrap_or_else(|| panic!("{text}"));
        assert_eq!(
            found.moment(&calendar, last, at(NOW)),
            at(expected),
            "{text}"
        );
    }

    #[test]
    fn days_are_working_days_and_hours_are_of_the_clock() {
        check("1d", "2026-11-20T08:30:00Z");
        check("2d", "2026-11-19T08:30:00Z");
        check("1D2h", "2026-11-20T06:30:00Z");
        check("1w", "2026-11-16T08:30:00Z");
        check("24h", "2026-11-22T08:30:00Z");
        check("90m", "2026-11-23T07:00:00Z");
        check("0d", NOW);
    }

    #[test]
    fn of_the_past_days_are_those_of_the_calendar() {
        // A Sunday.
        let now = at("2026-11-22T08:30:00Z");
        let calendar = Calendar::new(WorkingTime::usual(Zone::UTC), now);
        for (text, expected) in [
            ("yesterday", "2026-11-21T00:00:00Z"),
            ("2d", "2026-11-20T08:30:00Z"),
            ("1w1d", "2026-11-14T08:30:00Z"),
            ("09:00", "2026-11-21T09:00:00Z"),
            ("08:00", "2026-11-22T08:00:00Z"),
            ("friday", "2026-11-20T00:00:00Z"),
        ] {
            let since = Since::parse(text).unwrap();
            assert_eq!(since.in_days(&calendar, now), at(expected), "{text}");
        }
    }

    #[test]
    fn words_are_days_of_the_team() {
        check("last", "2026-11-19T08:31:00Z");
        check("today", "2026-11-22T23:00:00Z");
        check(" Yesterday", "2026-11-19T23:00:00Z");
        check("friday", "2026-11-19T23:00:00Z");
        check("sat", "2026-11-20T23:00:00Z");
        check("monday", "2026-11-15T23:00:00Z");
    }

    #[test]
    fn times_are_on_the_clock_of_the_team() {
        check("09:00", "2026-11-23T08:00:00Z");
        check("17:15", "2026-11-20T16:15:00Z");
        check("2026-11-18", "2026-11-17T23:00:00Z");
        check("2026-11-18 9:30", "2026-11-18T08:30:00Z");
        check("2026-11-18T09:30", "2026-11-18T08:30:00Z");
        check("2026-11-18T09:30:00+05:30", "2026-11-18T04:00:00Z");
        check("2027-01-01", "2026-12-31T23:00:00Z");
    }

    #[test]
    fn the_first_stand_up_covers_a_working_day() {
        let calendar = Calendar::new(WorkingTime::usual(Zone::Europe__Berlin), at(NOW));
        let moment = |last| Since::Last.moment(&calendar, last, at(NOW));
        assert_eq!(moment(None), at("2026-11-20T08:30:00Z"));
        // One that was noted by a clock that was ahead was not held.
        assert_eq!(moment(Some(at("2026-12-01T00:00:00Z"))), moment(None));
    }

    #[test]
    fn anything_else_is_not_understood() {
        for text in [
            "",
            "d",
            "1",
            "1y",
            "-1d",
            "1.5d",
            "25:00",
            "2026-13-01",
            "2026-11-18 25:00",
            "lst",
            "99999999999d",
            "4000d",
            "1é",
            "tomorrow",
        ] {
            assert_eq!(Since::parse(text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_without_harm(text in "\\PC{0,20}") {
            let calendar = Calendar::new(WorkingTime::usual(Zone::UTC), at(NOW));
            if let Some(since) = Since::parse(&text) {
                let _ = since.moment(&calendar, None, at(NOW));
            }
        }
    }
}

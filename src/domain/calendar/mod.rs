//! Working days and hours of a team, in its own time zone.
//!
//! Ages at a stand-up and flow count working time only, so that Monday covers Friday and a
//! week-end makes nothing old. Pure: which zone is local is found by the shell. Days on which
//! clocks change are as long as they are there.

use std::collections::BTreeSet;

use chrono::{DateTime, Datelike as _, Days, NaiveDate, NaiveTime, TimeDelta, TimeZone as _, Utc};
use chrono::{LocalResult, Weekday};
pub use chrono_tz::{TZ_VARIANTS as ZONES, Tz as Zone};

use crate::domain::Timestamp;

#[cfg(test)]
mod tests;

/// For how many days before it was made a calendar counts: more than any card is old.
const PAST_DAYS: u64 = 30 * 366;

/// For how many days after: more than a board is left open.
const COMING_DAYS: u64 = 2 * 366;

/// How many days are looked through for a working one.
const MOST_DAYS_OFF: u32 = 400;

/// When a team works.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WorkingTime {
    /// Where its clock is.
    pub zone: Zone,
    /// The days of the week; never empty.
    pub days: Vec<Weekday>,
    /// When work begins.
    pub from: NaiveTime,
    /// When it ends, later on the same day; nothing for midnight.
    pub until: Option<NaiveTime>,
    /// Days on which nobody works.
    pub holidays: BTreeSet<NaiveDate>,
}

/// The working time of a team, ready to be counted.
#[derive(Clone, Debug)]
pub struct Calendar {
    work: WorkingTime,
    /// The hours of every working day, in order; they never overlap.
    spans: Vec<Span>,
}

/// The hours of one working day, in seconds of UTC.
#[derive(Clone, Copy, Debug)]
struct Span {
    from: i64,
    until: i64,
    /// How much was worked before.
    before: i64,
}

impl WorkingTime {
    /// Returns Monday to Friday, nine to five, without a holiday.
    pub fn usual(zone: Zone) -> Self {
        let days = [
            Weekday::Mon,
            Weekday::Tue,
            Weekday::Wed,
            Weekday::Thu,
            Weekday::Fri,
        ];
        Self {
            zone,
            days: days.into(),
            from: hour(9),
            until: Some(hour(17)),
            holidays: BTreeSet::new(),
        }
    }

    /// Returns whether somebody works on a day.
    pub fn is_working(&self, day: NaiveDate) -> bool {
        self.days.contains(&day.weekday()) && !self.holidays.contains(&day)
    }

    /// Returns how long a working day is on which no clock is changed.
    pub fn day_length(&self) -> TimeDelta {
        let whole = TimeDelta::days(1);
        let until = self.until.map_or(whole, |until| until - NaiveTime::MIN);
        (until - (self.from - NaiveTime::MIN)).max(TimeDelta::minutes(1))
    }
}

fn hour(hour: u32) -> NaiveTime {
    NaiveTime::from_hms_opt(hour, 0, 0).unwrap_or_default()
}

impl Calendar {
    /// Makes the calendar of a team around a moment; what lies decades before it or years after
    /// counts as nothing.
    pub fn new(work: WorkingTime, around: Timestamp) -> Self {
        let today = local(work.zone, around).date_naive();
        let first = today.checked_sub_days(Days::new(PAST_DAYS));
        let last = today.checked_add_days(Days::new(COMING_DAYS));
        let (first, last) = (first.unwrap_or(today), last.unwrap_or(today));
        let mut spans: Vec<Span> = Vec::new();
        let mut before = 0;
        for day in first.iter_days().take_while(|day| *day <= last) {
            if !work.is_working(day) {
                continue;
            }
            let from = instant(work.zone, day, work.from, Fold::First);
            let until = match work.until {
                Some(until) => instant(work.zone, day, until, Fold::Last),
                None => next(day).map_or(from, |day| {
                    instant(work.zone, day, NaiveTime::MIN, Fold::First)
                }),
            };
            let begun = spans.last().map_or(i64::MIN, |span| span.until);
            let (from, until) = (from.timestamp().max(begun), until.timestamp());
            // A day that a zone left out has no hours.
            if from < until {
                spans.push(Span {
                    from,
                    until,
                    before,
                });
                before += until - from;
            }
        }
        Self { work, spans }
    }

    /// Returns when the team works.
    pub fn work(&self) -> &WorkingTime {
        &self.work
    }

    /// Returns the working time between two moments; nothing where the second is before the first.
    pub fn between(&self, from: Timestamp, to: Timestamp) -> TimeDelta {
        let worked = self.worked(to.timestamp()) - self.worked(from.timestamp());
        TimeDelta::try_seconds(worked.max(0)).unwrap_or_default()
    }

    /// Returns what was worked up to a moment since the calendar begins.
    fn worked(&self, at: i64) -> i64 {
        let begun = self.spans.partition_point(|span| span.from <= at);
        let span = begun.checked_sub(1).and_then(|last| self.spans.get(last));
        span.map_or(0, |span| span.before + at.min(span.until) - span.from)
    }

    /// Returns the moment at which so much was worked since another; the last of all where the
    /// calendar ends before.
    pub fn worked_since(&self, from: Timestamp, span: TimeDelta) -> Timestamp {
        let wanted = self.worked(from.timestamp()) + span.num_seconds().max(0);
        let begun = self.spans.partition_point(|span| span.before < wanted);
        let span = begun.checked_sub(1).and_then(|last| self.spans.get(last));
        let Some(span) = span else { return from };
        let at = span.from + (wanted - span.before);
        if at > span.until {
            return Timestamp::MAX_UTC;
        }
        Timestamp::from_timestamp(at, 0).map_or(Timestamp::MAX_UTC, |at| at.max(from))
    }

    /// Returns the time of a moment on the clock of the team.
    pub fn local(&self, at: Timestamp) -> DateTime<Zone> {
        local(self.work.zone, at)
    }

    /// Returns the day of a moment on the calendar of the team.
    pub fn day_of(&self, at: Timestamp) -> NaiveDate {
        self.local(at).date_naive()
    }

    /// Returns when a day begins; where it has no midnight, its first moment.
    pub fn start_of(&self, day: NaiveDate) -> Timestamp {
        self.moment(day, NaiveTime::MIN)
    }

    /// Returns the moment of a time of a day: the first of two, and the next where there is none.
    pub fn moment(&self, day: NaiveDate, time: NaiveTime) -> Timestamp {
        instant(self.work.zone, day, time, Fold::First)
    }

    /// Returns whether somebody works on a day.
    pub fn is_working(&self, day: NaiveDate) -> bool {
        self.work.is_working(day)
    }

    /// Returns the last working day before another day.
    pub fn working_day_before(&self, day: NaiveDate) -> NaiveDate {
        let before = std::iter::successors(day.pred_opt(), NaiveDate::pred_opt);
        let mut before = before.take(MOST_DAYS_OFF as usize);
        let found = before.find(|day| self.is_working(*day));
        found.or(day.pred_opt()).unwrap_or(day)
    }

    /// Returns the moment so many working days ago, at the same time of the day.
    ///
    /// A day off counts as the morning of the next working day: on Sunday, a day ago is the
    /// beginning of Friday's work.
    pub fn working_days_ago(&self, now: Timestamp, days: u32) -> Timestamp {
        let local = self.local(now).naive_local();
        let (mut day, mut time) = (local.date(), local.time());
        if days > 0 && !self.is_working(day) {
            time = self.work.from;
        }
        for _ in 0..days {
            day = self.working_day_before(day);
        }
        self.moment(day, time).min(now)
    }

    /// Returns a working time in one unit: `40m`, `5h`, `3d`, a day being a working day.
    pub fn words(&self, worked: TimeDelta) -> String {
        let (secs, day) = (worked.num_seconds().max(0), self.work.day_length());
        if secs < 3_600 && secs < day.num_seconds() {
            format!("{}m", secs / 60)
        } else if secs < day.num_seconds() {
            format!("{}h", secs / 3_600)
        } else {
            format!("{}d", secs / day.num_seconds())
        }
    }
}

/// Which of two moments is meant that have the same time of the day, as a clock was put back.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fold {
    First,
    Last,
}

/// Returns the time of a moment in a zone; what lies beyond the years that people write is cut to
/// them, as clocks of servers may say anything.
pub fn local(zone: Zone, at: Timestamp) -> DateTime<Zone> {
    const LAST: i64 = 250_000_000_000;
    let secs = at.timestamp().clamp(-LAST, LAST);
    let near = Timestamp::from_timestamp(secs, at.timestamp_subsec_nanos());
    near.unwrap_or_default().with_timezone(&zone)
}

fn next(day: NaiveDate) -> Option<NaiveDate> {
    day.succ_opt()
}

/// Returns the moment of a time of a day in a zone, the first one where clocks show it twice.
pub fn moment(zone: Zone, day: NaiveDate, time: NaiveTime) -> Timestamp {
    instant(zone, day, time, Fold::First)
}

/// Returns the moment of a time of a day in a zone; where a clock was put forward over it, or the
/// zone left the whole day out, the first moment after that.
fn instant(zone: Zone, day: NaiveDate, time: NaiveTime, fold: Fold) -> Timestamp {
    /// The longest gap is a day, by which the date line was moved.
    const MOST_MINUTES: i64 = 26 * 60;
    let asked = day.and_time(time);
    let fitting = (0..=MOST_MINUTES).find_map(|minutes| {
        let local = asked.checked_add_signed(TimeDelta::minutes(minutes))?;
        match zone.from_local_datetime(&local) {
            LocalResult::Single(at) => Some(at),
            LocalResult::Ambiguous(first, last) => Some(match fold {
                Fold::First => first,
                Fold::Last => last,
            }),
            LocalResult::None => None,
        }
    });
    let utc = fitting.map(|at| at.with_timezone(&Utc));
    utc.unwrap_or_else(|| asked.and_utc())
}

//! The clock of a team, by brute force: every minute of ninety days is looked at by itself.
//!
//! The team sits in Santiago, whose clocks went forward on 6 September 2026, in the middle of what
//! is measured, and has a holiday in the last week.

use cycleboard::domain::calendar::{Calendar, WorkingTime, Zone};

use super::delivery::lives;
use super::*;

const MINUTE: i64 = 60;

/// What is compared besides metrics.
pub(super) const KEYS: [&str; 2] = ["working time", "days of the team"];

/// When clocks went forward: at midnight of 6 September, which was four o'clock of UTC.
const FORWARD: i64 = 1_788_667_200;

/// The 18th of September, counted in days since 1970.
const HOLIDAY: i64 = 20_714;

/// The team by its own account.
pub(super) fn calendar() -> Calendar {
    let mut work = WorkingTime::usual(Zone::America__Santiago);
    let holiday = instant(HOLIDAY * DAY).date_naive();
    assert_eq!(holiday.to_string(), "2026-09-18");
    work.holidays.insert(holiday);
    Calendar::new(work, instant(START))
}

/// Which day it is there, and which minute of it.
fn local(at: i64) -> (i64, i64) {
    let hours = if at < FORWARD { -4 } else { -3 };
    let local = at + hours * 3_600;
    (local.div_euclid(DAY), local.rem_euclid(DAY) / MINUTE)
}

/// Whether somebody works in the minute in which a moment lies.
fn is_worked(at: i64) -> bool {
    let (day, minute) = local(at);
    // The first day of 1970 was a Thursday.
    let weekday = (day + 3).rem_euclid(7);
    weekday < 5 && day != HOLIDAY && (9 * 60..17 * 60).contains(&minute)
}

/// How many seconds were worked from the beginning of the past to the beginning of each minute.
pub(super) struct Worked {
    from: i64,
    sums: Vec<i64>,
}

impl Worked {
    pub(super) fn new() -> Self {
        let from = (START - 400 * DAY) / MINUTE;
        let mut sums = vec![0];
        for minute in from..=START / MINUTE {
            let more = if is_worked(minute * MINUTE) {
                MINUTE
            } else {
                0
            };
            sums.push(sums.last().unwrap() + more);
        }
        Self { from, sums }
    }

    fn until(&self, at: i64) -> i64 {
        let minute = usize::try_from(at / MINUTE - self.from).unwrap();
        let part = if is_worked(at) { at % MINUTE } else { 0 };
        self.sums[minute] + part
    }
}

/// Compares the working time in the life of each pull request, and on which day each version went live.
pub(super) fn compare(
    of: &Of<'_>,
    team: (&Calendar, &Worked),
    told: (&Flow, i64),
    compared: &mut Compared,
) {
    let ((calendar, worked), (flow, from)) = (team, told);
    let mut spans = 0;
    for pull in &of.state.pulls {
        let begun = pull.created_at.timestamp();
        let end = pull.closed_at.map_or(START, |at| at.timestamp());
        let expected = worked.until(end) - worked.until(begun);
        let found = calendar.between(instant(begun), instant(end));
        if found.num_seconds() != expected {
            compared.wrong.push(format!(
                "{}: {expected} s worked between {} and {end}, {} found",
                of.state.spec.name,
                begun,
                found.num_seconds()
            ));
        }
        spans += 1;
    }
    *compared.points.entry(KEYS[0]).or_default() += spans;
    *compared.points.entry(KEYS[1]).or_default() += days(of, calendar, (flow, from), compared);
}

/// Compares how many versions went live on each day of the team; returns how many there were.
fn days(
    of: &Of<'_>,
    calendar: &Calendar,
    (flow, from): (&Flow, i64),
    compared: &mut Compared,
) -> usize {
    let mut expected: BTreeMap<String, usize> = BTreeMap::new();
    let begin = START - 30 * DAY;
    for live in lives(of) {
        if begin < live.at && live.at >= from {
            let day = instant(local(live.at).0 * DAY).date_naive();
            *expected.entry(day.to_string()).or_default() += 1;
        }
    }
    let key = Key::DeploymentFrequency;
    let scope = Scope::Service(ServiceName::new(&of.service.name));
    let window = flow.window(TimeDelta::days(30));
    let metric = flow.metric(key, &scope, &window, &|at| calendar.day_of(at));
    let some = metric.series.iter().filter(|day| day.n > 0);
    let found: BTreeMap<String, usize> = some.map(|it| (it.day.to_string(), it.n)).collect();
    let count = expected.values().sum();
    if found != expected {
        let name = &of.service.name;
        let text = format!("{name}: {expected:?} expected by day, {found:?} found");
        compared.wrong.push(text);
    }
    count
}

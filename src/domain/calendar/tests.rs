//! The calendar by example, on the days on which clocks change, and by law.

use chrono_tz::{America, Asia, Australia, Europe, Pacific};
use proptest::prelude::*;

use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn time(text: &str) -> NaiveTime {
    NaiveTime::parse_from_str(text, "%H:%M").unwrap()
}

fn calendar(work: WorkingTime) -> Calendar {
    Calendar::new(work, at("2026-11-21T12:00:00Z"))
}

fn berlin() -> Calendar {
    calendar(WorkingTime::usual(Europe::Berlin))
}

/// Somebody works all the time.
fn always(zone: Zone) -> Calendar {
    let mut work = WorkingTime::usual(zone);
    work.days.extend([Weekday::Sat, Weekday::Sun]);
    (work.from, work.until) = (NaiveTime::MIN, None);
    calendar(work)
}

#[track_caller]
fn worked(calendar: &Calendar, from: &str, to: &str, minutes: i64) {
    let found = calendar.between(at(from), at(to));
    assert_eq!(found, TimeDelta::minutes(minutes), "{from} to {to}");
}

#[test]
fn only_the_hours_of_working_days_count() {
    let berlin = berlin();
    // A Friday in November: nine is eight by UTC.
    worked(&berlin, "2026-11-20T08:00:00Z", "2026-11-20T16:00:00Z", 480);
    worked(&berlin, "2026-11-20T09:00:00Z", "2026-11-20T10:30:00Z", 90);
    worked(&berlin, "2026-11-20T05:00:00Z", "2026-11-20T23:00:00Z", 480);
    // Monday covers Friday, and the week-end is nothing.
    worked(&berlin, "2026-11-20T15:00:00Z", "2026-11-23T09:00:00Z", 120);
    worked(&berlin, "2026-11-20T16:00:00Z", "2026-11-23T08:00:00Z", 0);
    worked(
        &berlin,
        "2026-11-02T00:00:00Z",
        "2026-11-30T00:00:00Z",
        9600,
    );
    // Backwards there is nothing.
    worked(&berlin, "2026-11-23T09:00:00Z", "2026-11-20T15:00:00Z", 0);
}

#[test]
fn holidays_are_days_off() {
    let mut work = WorkingTime::usual(Europe::Berlin);
    work.holidays.insert(day("2026-12-25"));
    let berlin = calendar(work);
    worked(&berlin, "2026-12-24T16:00:00Z", "2026-12-28T09:00:00Z", 60);
    assert_eq!(
        berlin.working_day_before(day("2026-12-28")),
        day("2026-12-24")
    );
}

#[test]
fn days_on_which_clocks_change_are_as_long_as_they_are() {
    let berlin = always(Europe::Berlin);
    for (date, hours) in [("2026-03-29", 23), ("2026-10-25", 25), ("2026-10-26", 24)] {
        let (start, end) = (berlin.start_of(day(date)), day(date).succ_opt().unwrap());
        let end = berlin.start_of(end);
        assert_eq!((end - start).num_hours(), hours, "{date}");
        assert_eq!(berlin.between(start, end).num_hours(), hours, "{date}");
    }
    // Half an hour, on an island.
    let howe = always(Australia::Lord_Howe);
    let (start, end) = (
        howe.start_of(day("2026-10-04")),
        howe.start_of(day("2026-10-05")),
    );
    assert_eq!(howe.between(start, end), TimeDelta::minutes(23 * 60 + 30));
}

#[test]
fn hours_that_a_clock_skips_or_repeats_are_what_they_are() {
    let mut work = WorkingTime::usual(Europe::Berlin);
    work.days.push(Weekday::Sun);
    (work.from, work.until) = (time("01:00"), Some(time("02:30")));
    let nights = calendar(work);
    let worked_on = |text: &str| {
        let next = day(text).succ_opt().unwrap();
        nights.between(nights.start_of(day(text)), nights.start_of(next))
    };
    assert_eq!(worked_on("2026-03-27"), TimeDelta::minutes(90));
    // Half past two does not exist; at two it is three.
    assert_eq!(worked_on("2026-03-29"), TimeDelta::minutes(60));
    // Half past two comes twice.
    assert_eq!(worked_on("2026-10-25"), TimeDelta::minutes(150));
}

#[test]
fn zones_may_be_half_an_hour_off_and_a_day_may_be_missing() {
    let kolkata = calendar(WorkingTime::usual(Asia::Kolkata));
    worked(
        &kolkata,
        "2026-11-20T03:30:00Z",
        "2026-11-20T11:30:00Z",
        480,
    );
    assert_eq!(
        kolkata.day_of(at("2026-11-20T18:29:00Z")),
        day("2026-11-20")
    );
    assert_eq!(
        kolkata.day_of(at("2026-11-20T18:30:00Z")),
        day("2026-11-21")
    );
    // Samoa went from the 29th of December to the 31st.
    let apia = always(Pacific::Apia);
    let (before, after) = (
        apia.start_of(day("2011-12-29")),
        apia.start_of(day("2011-12-31")),
    );
    assert_eq!(apia.start_of(day("2011-12-30")), after);
    assert_eq!(apia.between(before, after).num_hours(), 24);
    // In São Paulo clocks were put forward at midnight.
    let paulo = always(America::Sao_Paulo);
    let start = paulo.start_of(day("2018-11-04"));
    assert_eq!(paulo.local(start).time(), time("01:00"));
}

#[track_caller]
fn ago(calendar: &Calendar, now: &str, days: u32, expected: &str) {
    let found = calendar.working_days_ago(at(now), days);
    assert_eq!(found, at(expected), "{days} before {now}");
}

#[test]
fn a_day_ago_is_a_working_day_ago() {
    let berlin = berlin();
    ago(&berlin, "2026-11-24T08:30:00Z", 1, "2026-11-23T08:30:00Z");
    ago(&berlin, "2026-11-23T08:30:00Z", 1, "2026-11-20T08:30:00Z");
    ago(&berlin, "2026-11-23T08:30:00Z", 3, "2026-11-18T08:30:00Z");
    ago(&berlin, "2026-11-23T08:30:00Z", 0, "2026-11-23T08:30:00Z");
    ago(&berlin, "2026-11-22T20:00:00Z", 1, "2026-11-20T08:00:00Z");
    ago(&berlin, "2026-11-21T01:00:00Z", 2, "2026-11-19T08:00:00Z");
    // The same time of the day, whatever the clock did in between.
    ago(&berlin, "2026-10-26T08:30:00Z", 1, "2026-10-23T07:30:00Z");
}

#[test]
fn working_time_is_told_in_working_days() {
    let berlin = berlin();
    for (minutes, words) in [
        (-5, "0m"),
        (0, "0m"),
        (59, "59m"),
        (60, "1h"),
        (479, "7h"),
        (480, "1d"),
        (48_000, "100d"),
    ] {
        assert_eq!(berlin.words(TimeDelta::minutes(minutes)), words);
    }
}

#[test]
fn moments_beyond_all_years_count_as_nothing_and_do_no_harm() {
    let berlin = berlin();
    let all = berlin.between(Timestamp::MIN_UTC, Timestamp::MAX_UTC);
    assert!(all > TimeDelta::days(10 * 365 / 7));
    assert!(berlin.day_of(Timestamp::MIN_UTC) <= berlin.day_of(Timestamp::MAX_UTC));
    assert!(berlin.start_of(NaiveDate::MAX) > at("2026-11-20T00:00:00Z"));
    assert!(berlin.start_of(NaiveDate::MIN) < at("2026-11-20T00:00:00Z"));
    assert_eq!(berlin.working_day_before(NaiveDate::MIN), NaiveDate::MIN);
    for now in [Timestamp::MIN_UTC, Timestamp::MAX_UTC] {
        assert!(berlin.working_days_ago(now, 3) <= now);
        drop(Calendar::new(WorkingTime::usual(Asia::Kolkata), now));
    }
}

fn zones() -> impl Strategy<Value = Zone> {
    prop::sample::select(vec![
        Zone::UTC,
        Europe::Berlin,
        America::New_York,
        America::St_Johns,
        Asia::Kathmandu,
        Australia::Lord_Howe,
        Pacific::Apia,
        Pacific::Chatham,
    ])
}

fn works() -> impl Strategy<Value = WorkingTime> {
    let hours = (0u32..1_439).prop_flat_map(|from| (Just(from), from + 1..=1_440));
    let clock = |minutes: u32| NaiveTime::from_num_seconds_from_midnight_opt(minutes * 60, 0);
    let days = prop::sample::subsequence((0u8..7).collect::<Vec<_>>(), 1..=7);
    let off = prop::collection::btree_set(0u64..700, 0..10);
    (zones(), days, hours, off).prop_map(move |(zone, days, (from, until), off)| WorkingTime {
        zone,
        days: days
            .into_iter()
            .map(|day| Weekday::try_from(day).unwrap())
            .collect(),
        from: clock(from).unwrap(),
        until: clock(until),
        holidays: off
            .into_iter()
            .map(|days| day("2025-06-01") + Days::new(days))
            .collect(),
    })
}

fn moments() -> impl Strategy<Value = Timestamp> {
    // Two years, on whole minutes as often as not.
    let start = at("2025-01-01T00:00:00Z").timestamp();
    let secs = start..start + 2 * 366 * 86_400;
    (secs, any::<bool>()).prop_map(|(secs, round)| {
        let secs = if round { secs - secs % 1_800 } else { secs };
        Timestamp::from_timestamp(secs, 0).unwrap()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn working_time_adds_up_and_is_never_more_than_the_time(
        work in works(),
        mut three in prop::collection::vec(moments(), 3),
    ) {
        three.sort();
        let (a, b, c) = (three[0], three[1], three[2]);
        let calendar = calendar(work);
        prop_assert_eq!(
            calendar.between(a, b) + calendar.between(b, c),
            calendar.between(a, c)
        );
        prop_assert!(calendar.between(a, c) <= c - a);
        prop_assert_eq!(calendar.between(c, a), TimeDelta::zero());
    }

    #[test]
    fn so_much_is_worked_at_that_moment_and_not_before(
        work in works(),
        from in moments(),
        secs in 1_i64..4_000_000,
    ) {
        let calendar = calendar(work);
        let span = TimeDelta::seconds(secs);
        let at = calendar.worked_since(from, span);
        prop_assume!(at < Timestamp::MAX_UTC);
        prop_assert_eq!(calendar.between(from, at), span);
        let before = at - TimeDelta::seconds(1);
        prop_assert_eq!(calendar.between(from, before), span - TimeDelta::seconds(1));
    }

    #[test]
    fn days_off_are_nothing_and_days_follow_one_another(
        work in works(),
        moment in moments(),
        ago in 0u32..30,
    ) {
        let calendar = calendar(work);
        let today = calendar.day_of(moment);
        let (start, end) = (
            calendar.start_of(today),
            calendar.start_of(today.succ_opt().unwrap()),
        );
        prop_assert!(start <= moment && moment < end);
        let in_it = calendar.between(start, end);
        if !calendar.is_working(today) {
            prop_assert_eq!(in_it, TimeDelta::zero());
        }
        prop_assert!(in_it <= TimeDelta::hours(25));
        let before = calendar.working_days_ago(moment, ago);
        prop_assert!(before <= moment);
        prop_assert!(ago == 0 || calendar.is_working(calendar.day_of(before)));
    }
}

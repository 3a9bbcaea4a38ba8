//! `[team]`: when the team works, who is who, and how long a turn at the stand-up is.
//!
//! Only the settings; what is made of them is `domain::calendar`'s and `domain::roster`'s. Which
//! zone is the local one is not known here.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::time::Duration;

use chrono::{NaiveDate, NaiveTime, Weekday};
use toml::Spanned;

use crate::config::check::{Checker, Table};
use crate::config::{Settings, file};
use crate::domain::calendar::{WorkingTime, ZONES, Zone};
use crate::domain::roster::{Member, Roster, same};
use crate::domain::text::{Clean, nearest, parse_duration};

/// `[team]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Team {
    /// The zone of its clock; `None` is that of this machine.
    pub zone: Option<Zone>,
    /// The days of the week on which it works, in their order.
    pub days: Vec<Weekday>,
    /// When work begins.
    pub from: NaiveTime,
    /// When it ends; `None` is midnight.
    pub until: Option<NaiveTime>,
    /// Days on which nobody works.
    pub holidays: BTreeSet<NaiveDate>,
    /// Its people with their logins, in the order of the file.
    pub people: Vec<Member>,
    /// How long the turn of a person should be at a stand-up.
    pub turn: Duration,
}

/// The words for days.
pub(super) const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// The same in full, from Monday on.
pub(super) const LONG_DAYS: [&str; 7] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];

/// How long a turn may be.
pub(super) const TURNS: RangeInclusive<Duration> =
    Duration::from_secs(10)..=Duration::from_hours(1);

/// What working hours look like.
const HOURS: &str = "from and until on the same day, e.g. `\"09:00-17:00\"`";

impl Default for Team {
    fn default() -> Self {
        let usual = WorkingTime::usual(Zone::UTC);
        Self {
            zone: None,
            days: usual.days,
            from: usual.from,
            until: usual.until,
            holidays: usual.holidays,
            people: Vec::new(),
            turn: Duration::from_mins(2),
        }
    }
}

impl Team {
    /// Returns when the team works, given the zone of this machine.
    pub fn working_time(&self, local: Zone) -> WorkingTime {
        WorkingTime {
            zone: self.zone.unwrap_or(local),
            days: self.days.clone(),
            from: self.from,
            until: self.until,
            holidays: self.holidays.clone(),
        }
    }

    /// Returns who is who.
    pub fn roster(&self) -> Roster {
        Roster::new(self.people.clone())
    }
}

/// Puts `[team]` into the settings.
pub(super) fn apply(checker: &mut Checker<'_>, table: Table<file::Team>, settings: &mut Settings) {
    let file::Team {
        zone,
        working_days,
        working_hours,
        holidays,
        turn,
        people,
    } = table.value;
    let team = &mut settings.team;
    if let Some(text) = zone {
        team.zone = check_zone(checker, &text).or(team.zone);
    }
    if let Some(list) = working_days {
        team.days = check_days(checker, &list).unwrap_or_else(|| team.days.clone());
    }
    if let Some(text) = working_hours
        && let Some((from, until)) = check_hours(checker, &text)
    {
        (team.from, team.until) = (from, until);
    }
    if let Some(list) = holidays {
        team.holidays = check_holidays(checker, &list);
    }
    if let Some(text) = turn {
        team.turn = check_turn(checker, &text).unwrap_or(team.turn);
    }
    if !people.is_empty() {
        team.people = check_people(checker, people);
    }
}

fn check_zone(checker: &mut Checker<'_>, text: &file::Text) -> Option<Zone> {
    let word = text.get_ref().trim();
    let zone: Option<Zone> = word.parse().ok();
    if zone.is_none() {
        let names = || ZONES.iter().map(|zone| zone.name());
        let place = |name: &&str| {
            let last = name.rsplit('/').next().unwrap_or(name);
            last.eq_ignore_ascii_case(&word.replace(' ', "_"))
        };
        // Of a city without its continent, the city tells.
        let meant = names().find(place).or_else(|| nearest(word, names()));
        let hint = meant.map_or_else(
            || "write its IANA name, e.g. `Europe/Berlin`".to_owned(),
            |name| format!("did you mean `{name}`?"),
        );
        let message = format!("`zone`: `{word}` is no time zone");
        checker.error(text.span(), &message, Some(&hint));
    }
    zone
}

fn check_days(checker: &mut Checker<'_>, list: &Spanned<Vec<file::Text>>) -> Option<Vec<Weekday>> {
    let parse = |word: &str| {
        let names = |known: &&str| known.eq_ignore_ascii_case(word.trim());
        let place = |list: &[&str]| list.iter().position(names);
        let at = place(&DAYS).or_else(|| place(&LONG_DAYS))?;
        Weekday::try_from(u8::try_from(at).ok()?).ok()
    };
    let texts = list.get_ref().iter();
    let found = texts.filter_map(|text| checker.word("working_days", text, &DAYS, parse));
    let mut days: Vec<Weekday> = found.collect();
    days.sort_by_key(Weekday::num_days_from_monday);
    days.dedup();
    if list.get_ref().is_empty() {
        let hint = "name the days, e.g. `[\"mon\", \"tue\"]`";
        checker.error(list.span(), "`working_days` names no day", Some(hint));
    }
    (!days.is_empty()).then_some(days)
}

/// Reads `09:00-17:00`. Hours that go over midnight would belong to two days, and no day would be
/// off between them.
fn check_hours(
    checker: &mut Checker<'_>,
    text: &file::Text,
) -> Option<(NaiveTime, Option<NaiveTime>)> {
    let raw = text.get_ref();
    let time = |text: &str| NaiveTime::parse_from_str(text.trim(), "%H:%M").ok();
    let read = raw.split_once('-').and_then(|(from, until)| {
        let until = match until.trim() {
            "24:00" => None,
            until => Some(time(until)?),
        };
        Some((time(from)?, until))
    });
    let Some((from, until)) = read else {
        let message = format!("`working_hours`: `{raw}` is not a part of the day");
        checker.error(text.span(), &message, Some(HOURS));
        return None;
    };
    let midnight = until == Some(NaiveTime::MIN);
    if until.is_none_or(|until| from < until) {
        return Some((from, until));
    }
    let message = if until == Some(from) {
        format!("`working_hours`: `{raw}` has no length")
    } else {
        format!("`working_hours`: `{raw}` goes over midnight")
    };
    let hint = if midnight {
        "write `24:00` for the end of the day"
    } else {
        HOURS
    };
    checker.error(text.span(), &message, Some(hint));
    None
}

fn check_holidays(checker: &mut Checker<'_>, list: &[Spanned<file::Day>]) -> BTreeSet<NaiveDate> {
    let mut days = BTreeSet::new();
    for day in list {
        let text = &day.get_ref().0;
        if let Ok(day) = NaiveDate::parse_from_str(text.trim(), "%Y-%m-%d") {
            days.insert(day);
        } else {
            let message = format!("`holidays`: `{text}` is no day");
            checker.error(day.span(), &message, Some("e.g. `2026-12-25`"));
        }
    }
    days
}

fn check_turn(checker: &mut Checker<'_>, text: &file::Text) -> Option<Duration> {
    let span = parse_duration(text.get_ref().trim()).and_then(|span| span.to_std().ok());
    let fits = span.filter(|span| TURNS.contains(span));
    if fits.is_none() {
        let message = format!("`turn`: `{}` is not between 10s and 1h", text.get_ref());
        checker.error(text.span(), &message, Some("e.g. `90s` or `2m`"));
    }
    fits
}

/// Returns the people; a login or a name belongs to one of them only.
fn check_people(checker: &mut Checker<'_>, tables: Vec<Table<file::TeamPerson>>) -> Vec<Member> {
    const TITLE: &str = "[[team.person]]";
    let mut taken: BTreeMap<String, Clean> = BTreeMap::new();
    let mut people: Vec<Member> = Vec::new();
    for Table { value, span } in tables {
        let Some(name) = value.name else {
            checker.missing(span, "name", TITLE, "e.g. `name = \"Ana Ruiz\"`");
            continue;
        };
        let Some(logins) = value.logins.filter(|logins| !logins.get_ref().is_empty()) else {
            checker.missing(
                span,
                "logins",
                TITLE,
                "e.g. `logins = [\"ana\", \"ana.ruiz\"]`",
            );
            continue;
        };
        let shown = Clean::line(name.get_ref().trim());
        if shown.is_empty() {
            checker.error(name.span(), "`name` is empty", None);
            continue;
        }
        if let Some(owner) = taken.get(same(&shown).as_ref()) {
            let message = format!("`name`: `{shown}` is `{owner}` already");
            checker.error(name.span(), &message, Some("each person has one table"));
            continue;
        }
        taken.insert(same(&shown).into_owned(), shown.clone());
        let mut own = Vec::new();
        for text in logins.get_ref() {
            let login = Clean::line(text.get_ref().trim().trim_start_matches('@'));
            if login.is_empty() {
                checker.error(text.span(), "`logins` has an empty entry", None);
                continue;
            }
            let owner = taken.entry(same(&login).into_owned());
            let owner = owner.or_insert_with(|| shown.clone());
            if *owner == shown {
                own.push(login);
            } else {
                let message = format!("`logins`: `{login}` belongs to `{owner}` already");
                checker.error(text.span(), &message, Some("a login is one person's"));
            }
        }
        people.push(Member {
            name: shown,
            logins: own,
        });
    }
    people
}

//! Cards that a person put aside on this machine: for good, until something happens, until a time.
//!
//! Whether a card is put aside is judged here; where that is kept and what is shown is not.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{Datelike as _, NaiveTime, TimeDelta, Weekday};
use serde::{Deserialize, Serialize};

use crate::domain::Timestamp;
use crate::domain::calendar::{self, Zone};
use crate::domain::item::WorkItem;
use crate::domain::key::ItemId;
use crate::domain::text::parse_duration;

/// The longest time for which a card is put aside.
const LONGEST: TimeDelta = TimeDelta::days(366);

/// The hour at which a day begins for whoever put something aside until then.
const MORNING: u32 = 9;

/// One card that was put aside.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Hide {
    /// Until when.
    pub until: Until,
    /// Whether it was red then: one that turns red later comes back from a time, too.
    pub was_red: bool,
}

/// Until when a card is put aside.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Until {
    /// For good: whatever happens to it.
    ForGood,
    /// Until something of it changes after this.
    Activity(Timestamp),
    /// Until then.
    Time(Timestamp),
}

/// Until when a person wants a card put aside.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wish {
    /// For good.
    ForGood,
    /// Until something happens.
    Activity,
    /// Until then.
    Time(Timestamp),
}

impl Wish {
    /// Returns what a word means: `activity`, `2h`, `tomorrow`, `mon`; the clock is that of a zone.
    pub fn parse(word: &str, now: Timestamp, zone: Zone) -> Option<Self> {
        let word = word.trim().to_lowercase();
        if word == "activity" {
            return Some(Self::Activity);
        }
        let today = now.with_timezone(&zone).date_naive();
        let morning = NaiveTime::from_hms_opt(MORNING, 0, 0)?;
        let on = |days: i64| {
            let day = today.checked_add_signed(TimeDelta::days(days))?;
            Some(Self::Time(calendar::moment(zone, day, morning)))
        };
        if word == "tomorrow" {
            return on(1);
        }
        if let Ok(day) = word.parse::<Weekday>() {
            let from = i64::from(today.weekday().num_days_from_monday());
            let to = i64::from(day.num_days_from_monday());
            // The same day of the week is the next one.
            return on((to - from + 6).rem_euclid(7) + 1);
        }
        let span = parse_duration(&word).filter(|span| *span > TimeDelta::zero())?;
        (span <= LONGEST).then(|| Self::Time(now + span))
    }

    /// Returns what is said of a word that means no time.
    pub fn unknown(word: &str) -> String {
        format!("`{word}` is no time: `activity`, `2h`, `tomorrow` or a day of the week")
    }

    /// Returns until when that is, by the clock of a zone: `until Mon 23 Nov 08:00`.
    pub fn words(self, zone: Zone) -> String {
        match self {
            Self::ForGood => "for good".to_owned(),
            Self::Activity => "until something happens".to_owned(),
            Self::Time(at) => {
                let local = at.with_timezone(&zone);
                format!("until {}", local.format("%a %d %b %H:%M"))
            }
        }
    }
}

/// When anything of a card last changed.
fn changed(item: &WorkItem) -> Timestamp {
    item.updated_at.max(item.placement.since)
}

impl Hide {
    /// Puts a card aside as it stands now.
    pub fn new(item: &WorkItem, wish: Wish) -> Self {
        Self {
            until: match wish {
                Wish::ForGood => Until::ForGood,
                Wish::Activity => Until::Activity(changed(item)),
                Wish::Time(at) => Until::Time(at),
            },
            was_red: item.placement.status.is_red(),
        }
    }

    /// Returns until when it was wished for.
    pub fn wish(&self) -> Wish {
        match self.until {
            Until::ForGood => Wish::ForGood,
            Until::Activity(_) => Wish::Activity,
            Until::Time(at) => Wish::Time(at),
        }
    }

    /// Returns whether the card is still put aside.
    pub fn holds(&self, item: &WorkItem, now: Timestamp) -> bool {
        match self.until {
            Until::ForGood => true,
            Until::Activity(seen) => changed(item) <= seen,
            Until::Time(at) => now < at && (self.was_red || !item.placement.status.is_red()),
        }
    }

    /// Returns whether it comes back by itself.
    pub fn is_snooze(&self) -> bool {
        self.until != Until::ForGood
    }
}

/// All cards that were put aside.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Hides(Arc<HashMap<ItemId, Hide>>);

impl FromIterator<(ItemId, Hide)> for Hides {
    fn from_iter<I: IntoIterator<Item = (ItemId, Hide)>>(all: I) -> Self {
        Self(Arc::new(all.into_iter().collect()))
    }
}

impl Hides {
    /// Returns whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns what was said of a card, whether it still holds or not.
    pub fn get(&self, id: &ItemId) -> Option<Hide> {
        self.0.get(id).copied()
    }

    /// Returns how a card is put aside, if it is.
    pub fn of(&self, item: &WorkItem, now: Timestamp) -> Option<Hide> {
        let hide = self.get(&item.id)?;
        hide.holds(item, now).then_some(hide)
    }

    /// Returns all of them.
    pub fn all(&self) -> impl Iterator<Item = (&ItemId, &Hide)> {
        self.0.iter()
    }

    /// Changes what is said of a card.
    pub fn set(&mut self, id: ItemId, hide: Option<Hide>) {
        let all = Arc::make_mut(&mut self.0);
        match hide {
            Some(hide) => drop(all.insert(id, hide)),
            None => drop(all.remove(&id)),
        }
    }

    /// Returns when the next comes back by the clock.
    pub fn next_end(&self, now: Timestamp) -> Option<Timestamp> {
        let ends = self.0.values().filter_map(|hide| match hide.until {
            Until::Time(at) if at > now => Some(at),
            Until::Time(_) | Until::ForGood | Until::Activity(_) => None,
        });
        ends.min()
    }

    /// Returns how many came back by the clock.
    pub fn ended(&self, now: Timestamp) -> usize {
        let ended = |hide: &&Hide| matches!(hide.until, Until::Time(at) if at <= now);
        self.0.values().filter(ended).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn wish(word: &str, expected: Option<&str>) {
        // A Wednesday, half past one in the afternoon two hours east of Greenwich.
        let now = "2026-11-25T11:30:00Z".parse().unwrap();
        let zone = Zone::Africa__Maputo;
        let found = Wish::parse(word, now, zone);
        let expected = expected.map(|at| Wish::Time(at.parse().unwrap()));
        assert_eq!(found, expected, "{word}");
    }

    #[test]
    fn a_morning_is_one_of_the_clock_that_was_changed_in_between() {
        // The Friday before clocks go back, and the one before they go forward.
        for (now, monday) in [
            ("2026-10-23T11:30:00Z", "2026-10-26T08:00:00Z"),
            ("2026-03-27T11:30:00Z", "2026-03-30T07:00:00Z"),
        ] {
            let found = Wish::parse("mon", now.parse().unwrap(), Zone::Europe__Berlin);
            assert_eq!(found, Some(Wish::Time(monday.parse().unwrap())), "{now}");
        }
    }

    #[test]
    fn a_word_says_until_when() {
        wish("2h", Some("2026-11-25T13:30:00Z"));
        wish("tomorrow", Some("2026-11-26T07:00:00Z"));
        wish("Mon", Some("2026-11-30T07:00:00Z"));
        wish("thursday", Some("2026-11-26T07:00:00Z"));
        wish("wed", Some("2026-12-02T07:00:00Z"));
        wish("0m", None);
        wish("999d", None);
        wish("someday", None);
        let now = Timestamp::UNIX_EPOCH;
        let zone = Zone::UTC;
        assert_eq!(Wish::parse("activity", now, zone), Some(Wish::Activity));
    }
}

//! A line of time: where a moment is on it, which moment is where, and which days are marked.
//!
//! Arithmetic alone; painting and the mouse ask the same line.

use chrono::{Datelike as _, Days, TimeDelta};
use ratatui::layout::{Position, Rect};

use crate::domain::Timestamp;
use crate::domain::calendar::Calendar;

/// Below this width the line has no words at its ends.
const WORDS_FROM: u16 = 40;
/// Columns for the day at the left end.
const LEFT: u16 = 8;
/// Columns for `now` at the right end.
const RIGHT: u16 = 5;
/// Columns between two marks, at least.
const APART: i64 = 4;
/// After how many days a mark may come again; more than one is whole weeks.
const EVERY: [i64; 6] = [1, 7, 14, 28, 91, 364];

/// A line of time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Slider {
    /// The line itself, without the words at its ends.
    pub line: Rect,
    /// The moment at its left end.
    pub from: Timestamp,
    /// The moment at its right end.
    pub to: Timestamp,
}

impl Slider {
    /// Lays a line into a row; nothing where there is no room, or no time.
    pub fn new(row: Rect, from: Timestamp, to: Timestamp) -> Option<Self> {
        let (left, right) = if row.width < WORDS_FROM {
            (1, 1)
        } else {
            (LEFT, RIGHT)
        };
        let width = row.width.saturating_sub(left + right);
        let line = Rect::new(row.x + left, row.y, width, 1);
        (width >= 2 && row.height > 0 && from < to).then_some(Self { line, from, to })
    }

    /// Returns the row of the line with the words at its ends, if it has some.
    pub fn has_words(&self) -> bool {
        self.line.x > 1
    }

    /// Returns the column of a moment; what lies outside is at the end that is nearer.
    pub fn column(&self, at: Timestamp) -> u16 {
        let last = i64::from(self.line.width.saturating_sub(1));
        let whole = (self.to - self.from).num_seconds().max(1);
        let part = (at - self.from).num_seconds().clamp(0, whole);
        let part = i128::from(part) * i128::from(last) / i128::from(whole);
        self.line.x + u16::try_from(part).unwrap_or_default()
    }

    /// Returns the moment at a place of the screen; nothing beside the line.
    pub fn moment(&self, place: Position) -> Option<Timestamp> {
        if !self.line.contains(place) {
            return None;
        }
        if place.x + 1 == self.line.right() {
            return Some(self.to);
        }
        let last = i64::from(self.line.width.saturating_sub(1)).max(1);
        let whole = (self.to - self.from).num_seconds();
        let part = i128::from(whole) * i128::from(place.x - self.line.x) / i128::from(last);
        let part = TimeDelta::try_seconds(i64::try_from(part).ok()?)?;
        Some(self.from + part)
    }

    /// Returns the columns of the days that are marked: each day, or Mondays where those are many.
    pub fn marks(&self, calendar: &Calendar) -> Vec<u16> {
        let days = (self.to - self.from).num_days().max(1);
        let fits = |every: &&i64| i64::from(self.line.width) * **every / days >= APART;
        let every = EVERY.iter().find(fits).copied().unwrap_or(364);
        let first = calendar.day_of(self.from);
        // Day 1 of the calendar was a Monday.
        let off = i64::from(first.num_days_from_ce() - 1).rem_euclid(every);
        let ahead = if off == 0 { every } else { every - off };
        let step = |days: i64| Days::new(u64::try_from(days).unwrap_or(1));
        let mut day = first.checked_add_days(step(ahead));
        let mut marks = Vec::new();
        while let Some(at) = day
            .map(|day| calendar.start_of(day))
            .filter(|at| *at < self.to)
        {
            marks.push(self.column(at));
            day = day.and_then(|day| day.checked_add_days(step(every)));
        }
        marks
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::calendar::{WorkingTime, Zone};

    fn at(hour: i64) -> Timestamp {
        // A Monday.
        "2026-03-02T00:00:00Z".parse::<Timestamp>().unwrap() + TimeDelta::hours(hour)
    }

    fn slider(width: u16, days: i64) -> Slider {
        Slider::new(Rect::new(0, 2, width, 1), at(0), at(days * 24)).unwrap()
    }

    #[test]
    fn the_ends_are_the_ends_and_what_lies_outside_is_there_too() {
        let slider = slider(80, 90);
        assert_eq!(slider.line, Rect::new(8, 2, 67, 1));
        assert_eq!(slider.column(at(0)), 8);
        assert_eq!(slider.column(at(90 * 24)), 74);
        assert_eq!(slider.column(at(-5)), 8);
        assert_eq!(slider.column(at(9_000)), 74);
    }

    #[test]
    fn a_place_beside_the_line_is_no_moment() {
        let slider = slider(80, 90);
        for (x, y) in [(7, 2), (75, 2), (20, 1), (20, 3)] {
            assert_eq!(slider.moment(Position::new(x, y)), None, "{x} {y}");
        }
        assert_eq!(slider.moment(Position::new(74, 2)), Some(at(90 * 24)));
    }

    #[test]
    fn without_room_or_time_there_is_no_line() {
        let row = Rect::new(0, 0, 3, 1);
        assert_eq!(Slider::new(row, at(0), at(1)), None);
        assert_eq!(Slider::new(Rect::new(0, 0, 80, 1), at(1), at(1)), None);
        assert_eq!(Slider::new(Rect::new(0, 0, 80, 0), at(0), at(1)), None);
    }

    #[track_caller]
    fn check(width: u16, days: i64, marks: usize) {
        let calendar = Calendar::new(WorkingTime::usual(Zone::UTC), at(0));
        let found = slider(width, days).marks(&calendar);
        assert_eq!(found.len(), marks, "{found:?}");
        let apart = found
            .windows(2)
            .all(|pair| i64::from(pair[1] - pair[0]) >= APART - 1);
        assert!(apart, "{found:?}");
    }

    #[test]
    fn days_are_marked_and_mondays_where_days_would_be_too_many() {
        check(80, 7, 6);
        check(80, 16, 15);
        check(80, 30, 4);
        check(80, 90, 12);
        check(80, 360, 12);
        check(20, 90, 3);
    }

    proptest! {
        #[test]
        fn a_moment_is_found_again_where_it_is_shown(
            width in 4_u16..300, days in 1_i64..400, part in 0_i64..100,
        ) {
            let slider = slider(width, days);
            let moment = at(days * 24 * part / 100);
            let x = slider.column(moment);
            let back = slider.moment(Position::new(x, 2)).unwrap();
            prop_assert!(back <= moment + TimeDelta::seconds(1));
            prop_assert!(slider.column(back).abs_diff(x) <= 1);
        }
    }
}

//! The board at any moment of the history, with what became of each card since.
//!
//! A function of a ledger and a moment: what is shown of the past is what history was told, no
//! more. Which moment is looked at, and what is drawn of it, is the screen's.

use std::cmp::Reverse;

use crate::domain::Timestamp;
use crate::domain::calendar::Calendar;
use crate::domain::history::{CardRecord, Ledger, Life, Moment, Standing};
use crate::domain::item::Outcome;
use crate::domain::stage::Stage;

/// A history that can be gone through, step by step and day by day.
#[derive(Clone, Debug)]
pub struct Replay<'a> {
    ledger: &'a Ledger,
    /// When any card changed its standing, in order, each moment once.
    steps: Vec<Timestamp>,
}

/// The board at one moment of the past.
#[derive(Clone, PartialEq, Debug)]
pub struct Past<'a> {
    /// The moment.
    pub at: Timestamp,
    /// Whether history tells of everything then; before it began to count, cards are missing.
    pub is_whole: bool,
    /// The cards of each column, in the order of [`Stage::ALL`]; of each the most urgent first, then
    /// those that stood there longest.
    pub columns: [Vec<PastCard<'a>>; 8],
}

/// A card as it stood then.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct PastCard<'a> {
    /// What it is.
    pub life: &'a Life,
    /// Where it stood, since when, and by which rule.
    pub stood: &'a Moment,
    /// What became of it since.
    pub since: Since<'a>,
}

/// What became of a card since a moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Since<'a> {
    /// It stands as it stood.
    Same,
    /// It is in the same column, in another status or with others; or it went and came back.
    Changed(&'a Standing),
    /// It is in another column.
    Moved(&'a Standing),
    /// It is over.
    Over(Outcome),
}

impl<'a> Replay<'a> {
    /// Begins with a history.
    pub fn new(ledger: &'a Ledger) -> Self {
        let cards = ledger.cards.iter();
        let moments = cards.flat_map(|card| card.timeline.moments());
        let mut steps: Vec<Timestamp> = moments.map(|moment| moment.at).collect();
        steps.sort_unstable();
        steps.dedup();
        Self { ledger, steps }
    }

    /// Returns the first and the last moment at which something happened.
    pub fn range(&self) -> Option<(Timestamp, Timestamp)> {
        Some((*self.steps.first()?, *self.steps.last()?))
    }

    /// Returns when something happened last before a moment.
    pub fn step_before(&self, at: Timestamp) -> Option<Timestamp> {
        let before = self.steps.partition_point(|step| *step < at);
        self.steps.get(before.checked_sub(1)?).copied()
    }

    /// Returns when something happens next after a moment.
    pub fn step_after(&self, at: Timestamp) -> Option<Timestamp> {
        let after = self.steps.partition_point(|step| *step <= at);
        self.steps.get(after).copied()
    }

    /// Returns the same time a day of the calendar earlier; nothing before anything happened.
    pub fn day_before(&self, at: Timestamp, calendar: &Calendar) -> Option<Timestamp> {
        let local = calendar.local(at).naive_local();
        let before = calendar.moment(local.date().pred_opt()?, local.time());
        let first = *self.steps.first()?;
        (at > first).then(|| before.max(first))
    }

    /// Returns the same time a day of the calendar later; nothing after `now`.
    pub fn day_after(
        &self,
        at: Timestamp,
        calendar: &Calendar,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let local = calendar.local(at).naive_local();
        let after = calendar.moment(local.date().succ_opt()?, local.time());
        (after < now).then_some(after)
    }

    /// Returns the board as it was.
    pub fn at(&self, at: Timestamp) -> Past<'a> {
        let mut columns: [Vec<PastCard<'a>>; 8] = Default::default();
        for card in &self.ledger.cards {
            let Some(past) = past_of(card, at) else {
                continue;
            };
            if let Some(column) = columns.get_mut(past.stood.standing.stage.index()) {
                column.push(past);
            }
        }
        for column in &mut columns {
            column.sort_by(|a, b| {
                let urgency = |card: &PastCard<'_>| {
                    let standing = &card.stood.standing;
                    (Reverse(standing.status.severity()), card.stood.at)
                };
                let by_id = || a.life.id.cmp(&b.life.id);
                urgency(a).cmp(&urgency(b)).then_with(by_id)
            });
        }
        Past {
            at,
            is_whole: self.ledger.since.is_some_and(|since| since <= at),
            columns,
        }
    }
}

impl<'a> Past<'a> {
    /// Returns the cards of a column.
    pub fn column(&self, stage: Stage) -> &[PastCard<'a>] {
        let column = self.columns.get(stage.index());
        column.map(Vec::as_slice).unwrap_or_default()
    }

    /// Returns how many cards there are, and how many of them stand otherwise by now.
    pub fn counts(&self) -> (usize, usize) {
        let cards = || self.columns.iter().flatten();
        let changed = cards().filter(|card| card.since != Since::Same);
        (cards().count(), changed.count())
    }
}

/// Returns a card as it stood on the board at a moment; nothing where it was not there.
fn past_of(card: &CardRecord, at: Timestamp) -> Option<PastCard<'_>> {
    let stood = card.timeline.at(at)?;
    if stood.standing.done.is_some() {
        return None;
    }
    let last = card.timeline.moments().last()?;
    let since = match last.standing.done {
        _ if last.at <= at => Since::Same,
        Some(outcome) => Since::Over(outcome),
        None if last.standing.stage == stood.standing.stage => Since::Changed(&last.standing),
        None => Since::Moved(&last.standing),
    };
    Some(PastCard {
        life: &card.life,
        stood,
        since,
    })
}

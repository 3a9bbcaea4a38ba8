//! Which cards changed their standing, and when that happened at the source.
//!
//! Remembers the last standing of every card, as short as it can be compared;
//! who asks keeps the transitions.

use std::collections::HashMap;

use xxhash_rust::xxh3::Xxh3;

use crate::domain::Timestamp;

use crate::domain::history::{Standing, Transition};
use crate::domain::item::{Outcome, WorkItem};
use crate::domain::key::ItemId;
use crate::domain::placement::is_unanswered;
use crate::domain::stage::Stage;
use crate::domain::status::Status;
use crate::domain::text::Clean;

/// The last known standing of every card.
#[derive(Debug, Default)]
pub struct Standings {
    last: HashMap<u64, Last>,
}

/// A standing, with a hash of its holders.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Last {
    place: (Stage, Status, Option<Outcome>),
    holders: u64,
    at: Timestamp,
}

impl Last {
    fn of(standing: &Standing, at: Timestamp) -> Self {
        let mut hasher = Xxh3::new();
        for person in &standing.holders {
            hasher.update(person.login.as_bytes());
            hasher.update(&[0, u8::from(person.bot)]);
        }
        Self {
            place: (standing.stage, standing.status, standing.done),
            holders: hasher.digest(),
            at,
        }
    }
}

/// Of two cards with the same hash, one in 10^11 boards, each would be noted once too often.
fn key(item: &ItemId) -> u64 {
    xxhash_rust::xxh3::xxh3_64(item.as_str().as_bytes())
}

impl Standings {
    /// Takes in where cards stood last, as it was kept; what was noted since holds.
    pub fn load(&mut self, history: Vec<Transition>) {
        self.last.reserve(history.len());
        for Transition {
            item, standing, at, ..
        } in history
        {
            let last = Last::of(&standing, at);
            self.last.entry(key(&item)).or_insert(last);
        }
    }

    /// Notes a card; returns a transition if its standing is not what it was.
    ///
    /// A new stage or status is dated by the placement, a new holder by the card's last change. A
    /// source whose clock is ahead cannot date it later than `now`, and nothing comes before what
    /// came before it: where the time of the placement is older, the card's last change counts, or
    /// else that it was seen. Where a card turns out to have been live before it came where it was
    /// thought to be, it takes that one's place. What is only not answered yet is no transition.
    pub fn note(&mut self, item: &WorkItem, now: Timestamp) -> Option<Transition> {
        let placement = &item.placement;
        if is_unanswered(&placement.rule, placement.status) {
            return None;
        }
        let standing = Standing {
            stage: placement.stage,
            status: placement.status,
            done: placement.done,
            holders: item.holders.clone(),
        };
        let id = key(&item.id);
        let before = self.last.get(&id).copied();
        let last = Last::of(&standing, now);
        let is_alike = |before: Last| (before.place, before.holders) == (last.place, last.holders);
        if before.is_some_and(is_alike) {
            return None;
        }
        let only_holders = before.is_some_and(|before| before.place == last.place);
        let told = [placement.since, item.updated_at];
        let mut told = told.into_iter().skip(usize::from(only_holders));
        let is_later = |at: &Timestamp| before.is_none_or(|before| *at > before.at);
        let was_live = |before: &Last| {
            // What went wrong in use was so, and is over when that is seen.
            let (stage, status, _) = before.place;
            let is_live = |status| matches!(status, Status::Live | Status::Watched);
            (stage < Stage::Operate || is_live(status))
                && placement.stage >= Stage::Operate
                && is_live(placement.status)
                && placement.since <= before.at
        };
        let at = match before.filter(was_live) {
            Some(before) => before.at,
            None => told.find(is_later).map_or(now, |at| at.min(now)),
        };
        self.last.insert(id, Last { at, ..last });
        Some(Transition {
            item: item.id.clone(),
            standing,
            rule: placement.rule.clone(),
            at,
        })
    }

    /// Notes that a card is gone; returns how it ended, if it had not ended before.
    ///
    /// What was live is shipped, and anything else that is there no more is dropped: an alert that
    /// is over, a ticket that was deleted.
    pub fn leave(&mut self, item: &ItemId, now: Timestamp) -> Option<Transition> {
        let (stage, status, done) = self.last.remove(&key(item))?.place;
        if done.is_some() {
            return None;
        }
        let is_change = ["ticket:", "change:", "push:"]
            .iter()
            .any(|kind| item.as_str().starts_with(kind));
        let done = if is_change && stage >= Stage::Operate && !status.is_red() {
            Outcome::Shipped
        } else {
            Outcome::Dropped
        };
        Some(Transition {
            item: item.clone(),
            standing: Standing {
                stage,
                status,
                done: Some(done),
                holders: Vec::new(),
            },
            rule: Clean::line("gone"),
            at: now,
        })
    }
}

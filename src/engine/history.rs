//! Which cards changed their standing, and when that happened at the source.
//!
//! Remembers the last standing of every card, as short as it can be compared;
//! the database keeps the events.

use std::collections::HashMap;

use xxhash_rust::xxh3::Xxh3;

use crate::domain::Timestamp;
use crate::domain::history::{Standing, Transition};
use crate::domain::item::{Outcome, WorkItem};
use crate::domain::key::{ItemId, Person};
use crate::domain::stage::Stage;
use crate::domain::status::Status;

/// The last known standing of every card.
#[derive(Debug, Default)]
pub struct History {
    last: HashMap<u64, Last>,
}

/// A standing, with a hash of its holders.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Last {
    place: (Stage, Status, Option<Outcome>),
    holders: u64,
}

impl Last {
    fn of(place: (Stage, Status, Option<Outcome>), holders: &[Person]) -> Self {
        let mut hasher = Xxh3::new();
        for person in holders {
            hasher.update(person.login.as_bytes());
            hasher.update(&[0, u8::from(person.bot)]);
        }
        Self {
            place,
            holders: hasher.digest(),
        }
    }
}

/// Of two cards with the same hash, one in 10^11 boards, each would be noted once too often.
fn key(item: &ItemId) -> u64 {
    xxhash_rust::xxh3::xxh3_64(item.as_str().as_bytes())
}

impl History {
    /// Takes in what the database remembers; what was noted since holds.
    pub fn load(&mut self, history: Vec<(ItemId, Standing)>) {
        self.last.reserve(history.len());
        for (item, standing) in history {
            let place = (standing.stage, standing.status, standing.done);
            let last = Last::of(place, &standing.holders);
            self.last.entry(key(&item)).or_insert(last);
        }
    }

    /// Notes a card; returns an event if its standing is not what it was.
    ///
    /// A new stage or status is dated by the placement, a new holder by the card's last change;
    /// a source whose clock is ahead cannot date it later than `now`.
    pub fn note(&mut self, item: &WorkItem, now: Timestamp) -> Option<Transition> {
        let placement = &item.placement;
        let place = (placement.stage, placement.status, placement.done);
        let last = Last::of(place, &item.holders);
        let before = self.last.insert(key(&item.id), last);
        if before == Some(last) {
            return None;
        }
        let only_holders = before.is_some_and(|before| before.place == place);
        let at = if only_holders {
            item.updated_at
        } else {
            placement.since
        };
        Some(Transition {
            item: item.id.clone(),
            standing: Standing {
                stage: placement.stage,
                status: placement.status,
                done: placement.done,
                holders: item.holders.clone(),
            },
            rule: placement.rule.clone(),
            at: at.min(now),
        })
    }
}

//! Which cards changed their standing, and when that happened at the source.
//!
//! Remembers the last standing of every card; the database keeps the events.

use std::collections::HashMap;

use crate::domain::Timestamp;
use crate::domain::item::WorkItem;
use crate::domain::key::ItemId;
use crate::engine::update::{Event, Standing};

/// The last known standing of every card.
#[derive(Debug, Default)]
pub struct History {
    last: HashMap<ItemId, Standing>,
}

impl History {
    /// Takes in what the database remembers; what was noted since holds.
    pub fn load(&mut self, history: Vec<(ItemId, Standing)>) {
        for (item, standing) in history {
            self.last.entry(item).or_insert(standing);
        }
    }

    /// Notes a card; returns an event if its standing is not what it was.
    ///
    /// A new stage or status is dated by the placement, a new holder by the card's last change;
    /// a source whose clock is ahead cannot date it later than `now`.
    pub fn note(&mut self, item: &WorkItem, now: Timestamp) -> Option<Event> {
        let standing = Standing {
            stage: item.placement.stage,
            status: item.placement.status,
            done: item.placement.done,
            holders: item.holders.clone(),
        };
        let before = self.last.get(&item.id);
        if before == Some(&standing) {
            return None;
        }
        let only_holders = before.is_some_and(|before| {
            (before.stage, before.status, before.done)
                == (standing.stage, standing.status, standing.done)
        });
        let at = if only_holders {
            item.updated_at
        } else {
            item.placement.since
        };
        self.last.insert(item.id.clone(), standing.clone());
        Some(Event {
            item: item.id.clone(),
            standing,
            rule: item.placement.rule.clone(),
            at: at.min(now),
        })
    }
}

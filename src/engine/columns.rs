//! Cards to columns: order, trains, counts; only what changed is built again.
//!
//! Keeps every card of the board in the order of its column. Which card belongs
//! where was decided by placement; here is only how a column is laid out.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::domain::Timestamp;
use crate::domain::correlate::group_trains;
use crate::domain::item::WorkItem;
use crate::domain::key::ItemId;
use crate::domain::stage::Stage;
use crate::domain::status::{Severity, Status};
use crate::domain::text::Clean;
use crate::engine::index::Index;
use crate::engine::snapshot::{Column, Row};

/// The order of a column: most urgent first, then oldest, then by identity.
type Place = (Reverse<Severity>, Timestamp, ItemId);

/// All cards of the board, in columns.
#[derive(Debug, Default)]
pub struct Columns {
    places: HashMap<ItemId, Option<(Stage, Place)>>,
    stages: BTreeMap<Stage, Cards>,
    changes: BTreeMap<Timestamp, usize>,
    due: HashMap<ItemId, Timestamp>,
    finished: usize,
}

#[derive(Debug, Default)]
struct Cards {
    cards: BTreeMap<Place, Arc<WorkItem>>,
    built: Option<Built>,
}

#[derive(Debug, Clone)]
struct Built {
    rows: Arc<[Row]>,
    red: usize,
    index: Arc<Index>,
}

impl Columns {
    /// Takes in a card that is new or differs.
    pub fn put(&mut self, item: &Arc<WorkItem>) {
        self.remove(&item.id);
        if let Some(at) = item.placement.next_change {
            *self.changes.entry(at).or_default() += 1;
            self.due.insert(item.id.clone(), at);
        }
        if item.placement.done.is_some() {
            self.finished += 1;
            self.places.insert(item.id.clone(), None);
            return;
        }
        let place = place(item.placement.status, item.placement.since, item.id.clone());
        let stage = item.placement.stage;
        let cards = self.stages.entry(stage).or_default();
        cards.cards.insert(place.clone(), Arc::clone(item));
        cards.built = None;
        self.places.insert(item.id.clone(), Some((stage, place)));
    }

    /// Takes a card out; one that is not there is no matter.
    pub fn remove(&mut self, id: &ItemId) {
        if let Some(at) = self.due.remove(id)
            && let Some(count) = self.changes.get_mut(&at)
        {
            *count -= 1;
            if *count == 0 {
                self.changes.remove(&at);
            }
        }
        match self.places.remove(id) {
            Some(Some((stage, place))) => {
                if let Some(cards) = self.stages.get_mut(&stage) {
                    cards.cards.remove(&place);
                    cards.built = None;
                }
            }
            Some(None) => self.finished -= 1,
            None => {}
        }
    }

    /// Returns how many cards are over.
    pub fn finished(&self) -> usize {
        self.finished
    }

    /// Returns how many cards a column holds.
    pub fn count(&self, stage: Stage) -> usize {
        self.stages.get(&stage).map_or(0, |cards| cards.cards.len())
    }

    /// Returns when the clock alone changes a placement next.
    pub fn next_change(&self) -> Option<Timestamp> {
        self.changes.keys().next().copied()
    }

    /// Returns one column, built again only if a card of it changed.
    pub fn column(&mut self, stage: Stage, empty_because: Option<Clean>) -> (Column, Arc<Index>) {
        let cards = self.stages.entry(stage).or_default();
        let count = cards.cards.len();
        let built = cards
            .built
            .get_or_insert_with(|| build(&cards.cards))
            .clone();
        let column = Column {
            stage,
            rows: built.rows,
            count,
            red: built.red,
            empty_because,
        };
        (column, built.index)
    }
}

fn place(status: Status, since: Timestamp, id: ItemId) -> Place {
    (Reverse(status.severity()), since, id)
}

fn build(cards: &BTreeMap<Place, Arc<WorkItem>>) -> Built {
    let items: Vec<Arc<WorkItem>> = cards.values().cloned().collect();
    let red = items
        .iter()
        .filter(|item| item.placement.status.is_red())
        .count();
    let (trains, items) = group_trains(&items);
    let mut rows: Vec<Row> = items.into_iter().map(Row::Item).collect();
    if !trains.is_empty() {
        rows.extend(trains.into_iter().map(|train| Row::Train(Arc::new(train))));
        rows.sort_by_cached_key(|row| match row {
            Row::Item(item) => (
                Reverse(item.placement.status.severity()),
                item.placement.since,
                Clean::from(item.id.as_str()),
            ),
            Row::Train(train) => (
                Reverse(train.status.severity()),
                train.since,
                Clean::from(train.id.as_str()),
            ),
        });
    }
    Built {
        index: Arc::new(Index::of(&rows)),
        rows: rows.into(),
        red,
    }
}

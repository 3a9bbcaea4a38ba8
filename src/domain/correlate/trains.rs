//! Trains: the changes that one release or deployment carries together.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::item::{Evidence, Train, WorkItem};
use crate::domain::key::{ServiceName, TrainId};
use crate::domain::stage::Stage;
use crate::domain::text::Clean;

/// How many changes make a train.
const FEWEST: usize = 2;

/// Whether changes travel in trains here.
pub(super) fn is_station(stage: Stage) -> bool {
    match stage {
        Stage::Release | Stage::Deploy | Stage::Operate => true,
        Stage::Plan | Stage::Code | Stage::Build | Stage::Test | Stage::Monitor => false,
    }
}

/// A card of a scope, made now or kept from before.
#[derive(Debug)]
pub(super) enum Rider<'c> {
    /// It was made now.
    New(Box<WorkItem>),
    /// It stays as it is, but for the train that it may ride in.
    Stays {
        /// The card.
        item: &'c WorkItem,
        /// The train that would carry it.
        train: Option<TrainId>,
    },
}

impl<'c> Rider<'c> {
    /// A card that was made now.
    pub(super) fn new(item: WorkItem) -> Self {
        Self::New(Box::new(item))
    }

    /// A card that stays.
    pub(super) fn stays(item: &'c WorkItem, train: Option<TrainId>) -> Self {
        Self::Stays { item, train }
    }

    fn seat(&self) -> Option<Seat> {
        match self {
            Self::New(item) => seat(item, item.train.as_ref()),
            Self::Stays { item, train } => seat(item, train.as_ref()),
        }
    }

    /// Puts it where it rides; returns the card unless it is as it was.
    fn settled(self, rides: bool) -> Option<WorkItem> {
        match self {
            Self::New(mut item) => {
                item.train = item.train.filter(|_| rides);
                Some(*item)
            }
            Self::Stays { item, train } => {
                let train = train.filter(|_| rides);
                (item.train != train).then(|| WorkItem {
                    train,
                    ..item.clone()
                })
            }
        }
    }
}

/// Leaves the train on a card only where another card of its stage and service rides in it.
///
/// Returns the cards that are new or ride otherwise than before. Nobody looks at trains of the
/// past: there none is told.
pub(super) fn keep_shared(riders: Vec<Rider<'_>>, is_past: bool) -> Vec<WorkItem> {
    if is_past {
        let settled = riders.into_iter().filter_map(|rider| rider.settled(false));
        return settled.collect();
    }
    let seats: Vec<Option<Seat>> = riders.iter().map(Rider::seat).collect();
    let mut taken: BTreeMap<&Seat, usize> = BTreeMap::new();
    for seat in seats.iter().flatten() {
        *taken.entry(seat).or_default() += 1;
    }
    let shared = |seat: &Option<Seat>| {
        let riders = seat.as_ref().and_then(|seat| taken.get(seat));
        riders >= Some(&FEWEST)
    };
    let settled = riders.into_iter().zip(&seats);
    settled
        .filter_map(|(rider, seat)| rider.settled(shared(seat)))
        .collect()
}

/// Where a card rides: the train, its column, and the service.
type Seat = (TrainId, Stage, Option<ServiceName>);

fn seat(item: &WorkItem, train: Option<&TrainId>) -> Option<Seat> {
    let placement = &item.placement;
    if placement.done.is_some() || !is_station(placement.stage) {
        return None;
    }
    let train = train?.clone();
    Some((train, placement.stage, item.services.first().cloned()))
}

/// Puts cards that ride together into trains; the others stay, in their order.
///
/// Cards of one train stand in one stage and belong to one service; fewer than
/// two are no train.
pub fn group_trains(items: &[Arc<WorkItem>]) -> (Vec<Train>, Vec<Arc<WorkItem>>) {
    let mut groups: BTreeMap<_, Vec<Arc<WorkItem>>> = BTreeMap::new();
    let mut single = Vec::new();
    for item in items {
        if let Some(key) = seat(item, item.train.as_ref()) {
            groups.entry(key).or_default().push(Arc::clone(item));
        }
    }
    for item in items {
        let rides = seat(item, item.train.as_ref())
            .and_then(|key| groups.get(&key))
            .is_some_and(|riders| riders.len() >= FEWEST);
        if !rides {
            single.push(Arc::clone(item));
        }
    }
    let trains = groups
        .into_iter()
        .filter(|(_, riders)| riders.len() >= FEWEST)
        .filter_map(|((id, stage, service), riders)| train(id, stage, service, riders))
        .collect();
    (trains, single)
}

fn train(
    id: TrainId,
    stage: Stage,
    service: Option<ServiceName>,
    items: Vec<Arc<WorkItem>>,
) -> Option<Train> {
    let worst = items
        .iter()
        .map(|item| item.placement.status)
        .max_by_key(|status| (status.severity(), std::cmp::Reverse(*status)))?;
    let since = items.iter().map(|item| item.placement.since).min()?;
    let service = service.unwrap_or_else(|| ServiceName::new(""));
    let label = items
        .first()
        .map(|item| label(&id, item))
        .unwrap_or_default();
    Some(Train {
        title: Clean::line(&format!("{service} {label}")),
        id,
        stage,
        status: worst,
        since,
        service,
        items,
    })
}

/// The version that a train carries: the longest name in its evidence that its identity ends with.
fn label<'a>(id: &'a TrainId, item: &'a WorkItem) -> &'a str {
    let ends = |name: &&str| {
        id.as_str()
            .strip_suffix(*name)
            .is_some_and(|head| head.ends_with('/'))
    };
    item.evidence
        .iter()
        .filter_map(Evidence::version)
        .map(Clean::as_str)
        .filter(|name| !name.is_empty())
        .filter(ends)
        .max_by_key(|name| name.len())
        .or_else(|| id.as_str().rsplit('/').next())
        .unwrap_or_default()
}

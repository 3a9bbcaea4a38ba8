//! What calls for a person, as views read it: what is due by now is told when somebody asks.
//!
//! Shared by snapshots piece by piece: a change costs what it touches, not the board.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};
use std::sync::Arc;

use crate::domain::Timestamp;
use crate::domain::attention::{Kind, Limit, Per};
use crate::domain::item::WorkItem;
use crate::domain::key::ItemId;
use crate::domain::roster::Roster;
use crate::domain::stage::Stage;
use crate::domain::text::Clean;

/// Into how many pieces the cards are divided.
const PIECES: usize = 256;

/// Which group of which limit: place of the limit, and what it counts for.
pub(super) type Group = (usize, Clean);

/// When a card came, to tell which of a group came last.
pub(super) type Arrival = (Timestamp, ItemId);

/// Why a card calls, and since when.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Call {
    /// The rule.
    pub kind: Kind,
    /// Since when the card is as it is.
    pub since: Timestamp,
    /// From when on that calls.
    pub due: Timestamp,
    /// More in words: of a limit, what is over it.
    pub about: Clean,
}

/// What is known of one card.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Noted {
    pub(super) calls: Vec<Call>,
    pub(super) groups: Vec<Group>,
    pub(super) since: Timestamp,
}

/// How many cards one limit counts for one column, person or service.
#[derive(Clone, PartialEq, Debug)]
pub struct Count {
    /// The limit.
    pub limit: Arc<Limit>,
    /// For what it counts: a column, a person, a service; empty for all together.
    pub of: Clean,
    /// How many cards there are.
    pub cards: usize,
    /// The first card that is too many, in the order in which they came.
    pub(super) from: Option<Arrival>,
}

impl Count {
    /// Returns whether there are more than allowed.
    pub fn is_over(&self) -> bool {
        self.from.is_some()
    }

    /// Returns what is counted, in words: `code holds 8, the limit is 6`.
    pub fn words(&self) -> String {
        let limit = &self.limit;
        let what = match (limit.per, self.of.as_str()) {
            (Per::Together, _) => limit.name.to_string(),
            (_, of) if *limit.name == *of => of.to_owned(),
            (Per::Person, of) => format!("{}: @{of}", limit.name),
            (Per::Column | Per::Service, of) => format!("{}: {of}", limit.name),
        };
        format!("{what} holds {}, the limit is {}", self.cards, limit.most)
    }
}

/// A card that calls now.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The card.
    pub item: Arc<WorkItem>,
    /// Why.
    pub call: Call,
}

type Piece = HashMap<ItemId, Noted, BuildHasherDefault<DefaultHasher>>;

/// What calls for a person on a board.
#[derive(Clone, Debug, Default)]
pub struct AttentionBoard {
    pieces: Vec<Arc<Piece>>,
    counts: Arc<BTreeMap<Group, Count>>,
    people: Arc<Roster>,
}

impl AttentionBoard {
    /// Makes the one of a board without cards, of a team of these people.
    pub(super) fn new(people: Roster) -> Self {
        Self {
            pieces: (0..PIECES).map(|_| Arc::default()).collect(),
            counts: Arc::default(),
            people: Arc::new(people),
        }
    }

    /// Makes one that tells of no card, but who is who.
    pub fn of_people(people: impl Into<Arc<Roster>>) -> Self {
        Self {
            people: people.into(),
            ..Self::default()
        }
    }

    /// Returns one that tells of no card, but who is who.
    #[must_use]
    pub fn of_nothing(&self) -> Self {
        Self {
            people: Arc::clone(&self.people),
            ..Self::default()
        }
    }

    /// Returns who is who.
    pub fn people(&self) -> &Roster {
        &self.people
    }

    /// Returns whether anybody judged the cards; where nobody did, nothing is told of any.
    pub fn is_judged(&self) -> bool {
        !self.pieces.is_empty()
    }

    /// Returns why a card calls now, the most urgent first.
    pub fn calls(&self, item: &ItemId, now: Timestamp) -> Vec<Call> {
        let Some(noted) = self.noted(item) else {
            return Vec::new();
        };
        let due = noted.calls.iter().filter(|call| call.due <= now);
        let mut calls: Vec<Call> = due.cloned().collect();
        calls.extend(self.over(item, noted).map(|count| Call {
            kind: kind_of(count),
            since: noted.since,
            due: noted.since,
            about: Clean::line(&count.words()),
        }));
        calls.sort_by(|a, b| (a.kind, a.since, &a.about).cmp(&(b.kind, b.since, &b.about)));
        calls
    }

    /// Returns the most urgent reason why a card calls now.
    pub fn first(&self, item: &ItemId, now: Timestamp) -> Option<Kind> {
        let noted = self.noted(item)?;
        let due = noted.calls.iter().filter(|call| call.due <= now);
        let over = self.over(item, noted).map(kind_of);
        due.map(|call| call.kind).chain(over).min()
    }

    /// Returns whether a card calls now for a reason.
    pub fn is(&self, item: &ItemId, now: Timestamp, wanted: impl Fn(Kind) -> bool) -> bool {
        self.noted(item).is_some_and(|noted| {
            let mut calls = noted.calls.iter();
            calls.any(|call| call.due <= now && wanted(call.kind))
                || self.over(item, noted).any(|count| wanted(kind_of(count)))
        })
    }

    /// Returns all of these cards that call now, a line for each reason: the most urgent first,
    /// then those that are so longest.
    pub fn list<'a>(
        &self,
        items: impl IntoIterator<Item = &'a Arc<WorkItem>>,
        now: Timestamp,
    ) -> Vec<Listed> {
        let mut list: Vec<Listed> = Vec::new();
        for item in items {
            let calls = self.calls(&item.id, now).into_iter();
            list.extend(calls.map(|call| Listed {
                item: Arc::clone(item),
                call,
            }));
        }
        list.sort_by(|a, b| {
            let key = |line: &Listed| (line.call.kind, line.call.since);
            let ids = || (&a.item.id, &a.call.about).cmp(&(&b.item.id, &b.call.about));
            key(a).cmp(&key(b)).then_with(ids)
        });
        list
    }

    /// Returns what every limit counts, in their order.
    pub fn counts(&self) -> impl Iterator<Item = &Count> {
        self.counts.values()
    }

    /// Returns the count that the heading of a column shows: of all of its cards, what is over
    /// first, then the hard, then the closest.
    pub fn of_column(&self, stage: Stage) -> Option<&Count> {
        let counts = self.counts.values().filter(|count| {
            let limit = &count.limit;
            limit.when.is_empty()
                && match limit.per {
                    Per::Column => *count.of == *stage.as_str(),
                    Per::Together => limit.stages.contains(&stage),
                    Per::Person | Per::Service => false,
                }
        });
        counts.min_by_key(|count| {
            let left = i64::from(count.limit.most) - i64::try_from(count.cards).unwrap_or(i64::MAX);
            (!count.is_over(), !count.limit.hard, left)
        })
    }

    fn noted(&self, item: &ItemId) -> Option<&Noted> {
        self.pieces.get(place(item))?.get(item)
    }

    /// Returns the groups in which a card is too many: it came when the limit was reached.
    fn over<'a>(&'a self, item: &ItemId, noted: &'a Noted) -> impl Iterator<Item = &'a Count> {
        let groups = noted
            .groups
            .iter()
            .filter_map(|group| self.counts.get(group));
        let item = item.clone();
        groups.filter(move |count| {
            let from = count.from.as_ref();
            from.is_some_and(|(at, first)| (noted.since, &item) >= (*at, first))
        })
    }

    /// Puts what is known of a card in the place of what was; returns that.
    pub(super) fn put(&mut self, item: &ItemId, noted: Option<Noted>) -> Option<Noted> {
        let piece = self.pieces.get_mut(place(item))?;
        if piece.get(item) == noted.as_ref() {
            return noted;
        }
        let piece = Arc::make_mut(piece);
        match noted {
            Some(noted) => piece.insert(item.clone(), noted),
            None => piece.remove(item),
        }
    }

    /// Puts a count in the place of what was; returns whether it differs.
    pub(super) fn count(&mut self, group: &Group, count: Option<Count>) -> bool {
        if self.counts.get(group) == count.as_ref() {
            return false;
        }
        let counts = Arc::make_mut(&mut self.counts);
        match count {
            Some(count) => counts.insert(group.clone(), count),
            None => counts.remove(group),
        };
        true
    }
}

fn kind_of(count: &Count) -> Kind {
    if count.limit.hard {
        Kind::OverHard
    } else {
        Kind::OverSoft
    }
}

fn place(item: &ItemId) -> usize {
    let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(item);
    usize::try_from(hash % PIECES as u64).unwrap_or_default()
}

//! What was made of each anchor the last time, and whether it may stay as it is.
//!
//! Law: a card that stays is the card that would be made again.

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use crate::domain::Timestamp;
use crate::domain::correlate::Need;
use crate::domain::correlate::facts::Scope;
use crate::domain::correlate::reads::{Mark, Marks, Seed};
use crate::domain::correlate::views::Views;
use crate::domain::item::WorkItem;
use crate::domain::key::{ItemId, Sha, TrainId};
use crate::domain::text::Clean;
use crate::domain::ticket::TicketKey;

/// An anchor within its scope.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Anchored {
    /// A ticket with a number.
    Numbered(u64),
    /// A ticket of a tracker.
    Tracker(Clean),
    /// A change request.
    Change(u64),
    /// A push.
    Push(Sha),
}

impl Anchored {
    /// Returns the anchor of a ticket.
    pub(super) fn ticket(key: &TicketKey) -> Self {
        match key {
            TicketKey::Numbered { number, .. } => Self::Numbered(*number),
            TicketKey::Tracker(key) => Self::Tracker(key.clone()),
        }
    }
}

/// One anchor with what was made of it.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) anchor: Anchored,
    pub(super) made: Product,
}

/// What was made of an anchor.
#[derive(Debug, Default)]
pub(super) struct Product {
    /// The card, if it became one.
    pub(super) id: Option<ItemId>,
    /// The train that would carry it, whether or not another card rides in it.
    pub(super) train: Option<TrainId>,
    /// When the clock alone changes something of it.
    pub(super) next: Option<Timestamp>,
    /// What it was made from.
    pub(super) reads: Box<[Mark]>,
    /// Runs whose state the card tells.
    pub(super) told: Box<[u64]>,
    /// The commits that it is of, where a deployment that has them leaves it as it is.
    pub(super) settled: Option<Box<[Sha]>>,
    /// What few cards have.
    pub(super) rest: Option<Box<Rest>>,
}

/// What few cards note on the way.
#[derive(Debug, Default)]
pub(super) struct Rest {
    /// What would make the card surer.
    pub(super) needs: Vec<Need>,
    /// Ids of alerts that it explains.
    pub(super) explained: Vec<Clean>,
}

/// What was touched since cards were made.
#[derive(Debug, Default)]
pub(super) struct Stale {
    /// Whether everything is made again.
    pub(super) all: bool,
    /// The marks of what was touched.
    pub(super) marks: Marks,
    /// Cards that are made again in any case.
    pub(super) ids: HashSet<ItemId>,
    /// What deployments brought, in the past.
    pub(super) deployed: Vec<(Scope, Sha)>,
    /// The marks of runs that passed, in the past.
    pub(super) passed: Marks,
}

impl Stale {
    /// Returns what was touched of what a card read, which is in order.
    fn touches<'m>(&'m self, reads: &'m [Mark]) -> impl Iterator<Item = &'m Mark> {
        let few = self.marks.len() <= FEW;
        let one_by_one = self.marks.iter().filter(move |_| few);
        let one_by_one = one_by_one.filter(|mark| reads.binary_search(mark).is_ok());
        let all = reads.iter().filter(move |_| !few);
        one_by_one.chain(all.filter(|mark| self.marks.contains(*mark)))
    }
}

/// So few marks are looked for in what a card read, rather than what it read among them.
const FEW: usize = 6;

/// A scope as it was, and what was touched since.
#[derive(Debug)]
pub(super) struct Past<'c> {
    pub(super) scope: &'c Scope,
    pub(super) items: &'c HashMap<ItemId, Arc<WorkItem>>,
    /// Whether this is the way through the past, on which nobody rides in trains.
    pub(super) is_history: bool,
    /// The anchors that read what was touched, where they were looked up.
    pub(super) touched: Option<BTreeSet<Anchored>>,
    pub(super) stale: &'c Stale,
    pub(super) now: Timestamp,
    /// In the order of anchors.
    pub(super) kept: Vec<Kept>,
    /// Where the next anchor is expected.
    pub(super) next: usize,
}

impl<'c> Past<'c> {
    fn at(&mut self, anchor: &Anchored) -> Option<usize> {
        // Mostly they are asked for in their order.
        let is_it = |kept: &Kept| kept.anchor == *anchor;
        let at = if self.kept.get(self.next).is_some_and(is_it) {
            self.next
        } else {
            let by = |kept: &Kept| -> Ordering { kept.anchor.cmp(anchor) };
            self.kept.binary_search_by(by).ok()?
        };
        self.next = at + 1;
        Some(at)
    }

    /// Returns the mark of deployments, where all that were touched leave a card as it is.
    fn spared(&self, at: usize, views: &Views<'_>) -> Option<Mark> {
        let repo = self
            .scope
            .as_ref()
            .filter(|_| !self.stale.deployed.is_empty())?;
        let settled = self.kept.get(at)?.made.settled.as_ref()?;
        let view = views.get(repo)?;
        let deployed = self.stale.deployed.iter();
        let mut ours = deployed.filter(|(scope, _)| scope == self.scope);
        let is_spared =
            ours.all(|(_, sha)| settled.iter().all(|change| view.graph.has(sha, change)));
        is_spared.then(|| Seed::of(repo).deployed())
    }

    /// Takes out what was made of an anchor, with its card, if both may stay.
    pub(super) fn take(
        &mut self,
        anchor: &Anchored,
        views: &Views<'_>,
    ) -> Option<(Product, Option<&'c Arc<WorkItem>>)> {
        if self.stale.all {
            return None;
        }
        let at = self.at(anchor)?;
        let may_be_stale = self.touched.as_ref().is_none_or(|all| all.contains(anchor));
        let spared = may_be_stale.then(|| self.spared(at, views)).flatten();
        let settled = self
            .kept
            .get(at)
            .is_some_and(|kept| kept.made.settled.is_some());
        // What was green before is not told of again.
        let is_past =
            |mark: &Mark| spared == Some(*mark) || settled && self.stale.passed.contains(mark);
        let made = &mut self.kept.get_mut(at)?.made;
        let is_stale = made.next.is_some_and(|next| next <= self.now)
            || may_be_stale && self.stale.touches(&made.reads).any(|mark| !is_past(mark))
            || made
                .id
                .as_ref()
                .is_some_and(|id| self.stale.ids.contains(id));
        if is_stale {
            return None;
        }
        let item = match &made.id {
            Some(id) if !self.is_history => Some(self.items.get(id)?),
            Some(_) | None => None,
        };
        Some((std::mem::take(made), item))
    }
}

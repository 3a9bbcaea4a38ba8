//! The cards of one scope: tickets, change requests and pushes with their parts.
//!
//! Anchors are never put together through evidence that they share: a change
//! request that closes three tickets is evidence on three cards.

use std::cell::{LazyCell, OnceCell};
use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;

use crate::domain::Timestamp;
use crate::domain::alert::{Alert, AlertState};
use crate::domain::change_request::{ChangeRequest, ChangeState};
use crate::domain::commit::Commit;
use crate::domain::correlate::Need;
use crate::domain::correlate::alerts;
use crate::domain::correlate::card::{Card, Head, is_dropped};
use crate::domain::correlate::evidence;
use crate::domain::correlate::facts::Scope;
use crate::domain::correlate::kept::{Anchored, Kept, Past, Product, Rest};
use crate::domain::correlate::kinds::Kinds;
use crate::domain::correlate::loose;
use crate::domain::correlate::needs::Wanted;
use crate::domain::correlate::parts::{Ground, Origin, Part, bare, lanes_of, part, want};
use crate::domain::correlate::reads::{self, QuickSet};
use crate::domain::correlate::settled::Landings;
use crate::domain::correlate::trains::{self, Rider};
use crate::domain::correlate::view::{Known, View};
use crate::domain::item::{Anchor, WorkItem};
use crate::domain::key::{ItemId, RepoKey, Sha};
use crate::domain::placement::{is_incident, overrides};
use crate::domain::text::Clean;
use crate::domain::ticket::{Ticket, TicketKey, TicketState};

/// For how long cards that are over are kept besides the watch window, for the record.
const KEPT: TimeDelta = TimeDelta::days(30);

/// The cards of one scope, with what they need and when they change by the clock.
#[derive(Debug, Default)]
pub(super) struct Shard {
    /// Cards that were made, or that ride otherwise than before.
    pub(super) items: Vec<WorkItem>,
    /// The identities of those that were made.
    pub(super) remade: Vec<ItemId>,
    /// What there is of each anchor now, in their order.
    pub(super) kept: Vec<Kept>,
    /// The anchors of which that was made now, in the past.
    pub(super) made: Vec<Anchored>,
    /// What is left of what there was.
    pub(super) left: Vec<Kept>,
    /// Cards that are no anchor's.
    pub(super) loose: Vec<ItemId>,
    pub(super) needs: BTreeSet<Need>,
    pub(super) next: Option<Timestamp>,
}

/// Cards in the making, and what is noted on the way.
pub(super) struct Making<'c, 'a> {
    pub(super) ground: &'c Ground<'a>,
    pub(super) wanted: Wanted,
    past: Past<'c>,
    items: Vec<Rider<'c>>,
    kept: Vec<Kept>,
    loose: Vec<ItemId>,
    next: Option<Timestamp>,
    /// Ids of alerts that a card of this scope explains.
    pub(super) explained: BTreeSet<Clean>,
    /// Runs whose state a card of this scope already tells.
    told: OnceCell<QuickSet<u64>>,
    /// Anchors that were made now, in the past.
    made: Vec<Anchored>,
    /// Alerts by the incident that was made of them.
    incidents: BTreeMap<&'a TicketKey, Vec<Known<'a, Alert>>>,
    /// What the anchor at hand notes of that.
    rest: Rest,
    tells: Vec<u64>,
    /// What another deployment would leave of it as it is.
    landings: Landings,
}

/// Makes all cards of a repository.
pub(super) fn of_repo<'a>(ground: &Ground<'a>, view: &View<'a>, past: Past<'_>) -> Shard {
    let mut making = Making::new(ground, past);
    let scope = Some(view.repo.clone());
    for alert in &view.kinds.alerts {
        if let Some(incident) = &alert.get().incident {
            let alerts = making.incidents.entry(incident).or_default();
            alerts.push(*alert);
        }
    }
    for ticket in &view.kinds.tickets {
        making.anchor(Anchored::ticket(&ticket.key), |making| {
            making.ticket(*ticket, &scope)
        });
    }
    for change in view.kinds.changes.values() {
        making.change(view, *change);
    }
    making.pushes(view);
    alerts::loose(&mut making, Some(view), &view.kinds);
    loose::findings(&mut making, view);
    loose::runs(&mut making, view);
    loose::deployments(&mut making, view);
    making.shard()
}

/// Makes all cards that belong to no repository.
pub(super) fn of_none<'a>(ground: &Ground<'a>, kinds: &Kinds<'a>, past: Past<'_>) -> Shard {
    let mut making = Making::new(ground, past);
    for ticket in &kinds.tickets {
        making.anchor(Anchored::ticket(&ticket.key), |making| {
            making.ticket(*ticket, &None)
        });
    }
    alerts::loose(&mut making, None, kinds);
    making.shard()
}

impl<'c, 'a: 'c> Making<'c, 'a> {
    fn new(ground: &'c Ground<'a>, past: Past<'c>) -> Self {
        let anchors = past.kept.len();
        Self {
            ground,
            wanted: Wanted::new(),
            past,
            items: Vec::with_capacity(anchors),
            kept: Vec::with_capacity(anchors),
            loose: Vec::new(),
            next: None,
            explained: BTreeSet::new(),
            told: OnceCell::new(),
            made: Vec::new(),
            incidents: BTreeMap::new(),
            rest: Rest::default(),
            tells: Vec::new(),
            landings: Landings::default(),
        }
    }

    fn shard(mut self) -> Shard {
        self.wanted.settle();
        if overrides::depends_on_clock(self.ground.policy) && !self.items.is_empty() {
            self.due(Some(self.ground.now + TimeDelta::minutes(1)));
        }
        self.due(self.ground.slow.take_next());
        self.kept.sort_unstable_by(|a, b| a.anchor.cmp(&b.anchor));
        self.kept.shrink_to_fit();
        Shard {
            items: trains::keep_shared(self.items, self.ground.facts.is_past()),
            remade: Vec::new(),
            kept: self.kept,
            made: self.made,
            left: self.past.kept,
            loose: self.loose,
            needs: self.wanted.needs,
            next: self.next,
        }
    }

    fn due(&mut self, at: Option<Timestamp>) {
        self.next = self.next.into_iter().chain(at).min();
    }

    /// Makes the card of an anchor, unless what there is of it may stay.
    fn anchor(&mut self, anchor: Anchored, maker: impl FnOnce(&mut Self) -> Option<WorkItem>) {
        let made = if let Some((made, item)) = self.past.take(&anchor, self.ground.views) {
            if let Some(item) = item {
                self.items.push(Rider::stays(item, made.train.clone()));
            }
            made
        } else {
            if self.past.is_history {
                self.made.push(anchor.clone());
            }
            self.product(maker)
        };
        self.due(made.next);
        if let Some(rest) = &made.rest {
            self.wanted.take(&rest.needs);
            self.explained.extend(rest.explained.iter().cloned());
        }
        self.kept.push(Kept { anchor, made });
    }

    fn product(&mut self, maker: impl FnOnce(&mut Self) -> Option<WorkItem>) -> Product {
        drop(self.ground.reads.take());
        let before = std::mem::take(&mut self.next);
        let item = maker(self);
        self.due(self.ground.slow.take_next());
        let next = std::mem::replace(&mut self.next, before);
        let mut rest = std::mem::take(&mut self.rest);
        rest.needs = self.wanted.of_one();
        let few = rest.needs.is_empty() && rest.explained.is_empty();
        let made = Product {
            id: item.as_ref().map(|item| item.id.clone()),
            train: item
                .as_ref()
                .filter(|_| !self.past.is_history)
                .and_then(|item| item.train.clone()),
            next,
            reads: self.ground.reads.take(),
            told: self.tells.as_slice().into(),
            settled: self.landings.take(),
            rest: (!few).then(|| Box::new(rest)),
        };
        self.tells.clear();
        self.items.extend(item.map(Rider::new));
        made
    }

    /// Whether a card of an anchor tells the state of a run already; asked once all are made.
    pub(super) fn tells(&self, run: u64) -> bool {
        let all = || self.kept.iter().flat_map(|kept| &kept.made.told);
        self.told
            .get_or_init(|| all().copied().collect())
            .contains(&run)
    }

    /// Finishes a card that is no anchor's, and keeps it.
    pub(super) fn loose(&mut self, card: Card) {
        if let Some(item) = self.keep(card) {
            self.loose.push(item.id.clone());
            self.items.push(Rider::new(item));
        }
    }

    /// Finishes a card and keeps it, unless it has been over for long.
    fn keep(&mut self, card: Card) -> Option<WorkItem> {
        let item = self.finish(card)?;
        let placement = &item.placement;
        let stays = placement.done.is_none() || !self.is_past(placement.since);
        stays.then_some(item)
    }

    /// Finishes a card and keeps it only while it is not over.
    fn keep_open(&mut self, card: Card) -> Option<WorkItem> {
        let item = self.finish(card)?;
        item.placement.done.is_none().then_some(item)
    }

    fn finish(&mut self, card: Card) -> Option<WorkItem> {
        let mut item = card.finish(self.ground)?;
        // One copy of its identity, as long as it lives.
        if let Some((id, _)) = self.past.items.get_key_value(&item.id) {
            item.id.clone_from(id);
        }
        self.due(item.placement.next_change);
        Some(item)
    }

    /// Whether something ended so long ago that it is no card any more.
    fn is_past(&self, at: Timestamp) -> bool {
        self.ground.slow.passed_after(at, KEPT)
    }

    fn ticket(&mut self, ticket: Known<'a, Ticket>, scope: &Scope) -> Option<WorkItem> {
        let fact = ticket.get();
        self.ground.reads.note(reads::ticket(&fact.key));
        let changes: Vec<_> = self.changes_of(&fact.key);
        let closed = match fact.state {
            TicketState::Completed | TicketState::NotPlanned => true,
            TicketState::Open | TicketState::Other(_) => false,
        };
        if closed && changes.is_empty() && self.is_past(fact.closed_at.unwrap_or(fact.updated_at)) {
            return None;
        }
        let bare_case = bare(self.ground, Some(fact));
        let anchor = if is_incident(&bare_case, fact) {
            Anchor::Incident
        } else {
            Anchor::Ticket
        };
        let mut card = Card::new(Head {
            id: ticket_item(&fact.key),
            anchor,
            key: evidence::ticket_name(&fact.key),
            title: fact.title.clone(),
            url: fact.url.clone(),
            repo: scope.clone(),
            author: fact.author.clone(),
            created_at: fact.created_at,
            updated_at: fact.updated_at,
        });
        card.known_from(ticket.sources());
        card.ticket(fact);
        self.alerts_of(&mut card, &fact.key, closed);
        let mut going = 0;
        let mut merged = 0;
        for (view, change, confidence) in &changes {
            card.change(change.get(), *confidence);
            if scope.is_none() || Some(view.repo) == scope.as_ref() {
                card.known_from(change.sources());
            }
            self.siblings(&mut card, change, &fact.key);
            if is_dropped(change) {
                continue;
            }
            going += 1;
            merged += usize::from(change.state == ChangeState::Merged);
            self.parts(&mut card, view, Origin::Change(*change), Some(fact));
        }
        if going > 1 {
            card.badge(format!("{merged}/{going} merged"));
        }
        // A ticket that is open after all its changes were delivered asks for more.
        if card.is_over() && (!closed || going == 0) {
            card = again(card, going);
            card.bare(&bare_case);
        }
        self.keep(card)
    }

    /// The change requests of a ticket with their repositories, in a fixed order.
    fn changes_of(&self, key: &TicketKey) -> Vec<(&'c View<'a>, Known<'a, ChangeRequest>, u8)> {
        let ground = self.ground;
        ground.reads.note(reads::links(key));
        let linked = ground.facts.linked(key).filter_map(|change| {
            let view = ground.views.get(&change.repo)?;
            view.reads_change(change.number);
            let known = *view.kinds.changes.get(&change.number)?;
            let links = known
                .get()
                .tickets
                .iter()
                .filter(|link| link.ticket == *key);
            let confidence = links.map(|link| link.basis.percent()).max()?;
            Some((view, known, confidence))
        });
        linked.collect()
    }

    /// Tells of the alerts that an incident was made of: they are its card, and no cards of their
    /// own. One that fires on after its incident was closed is one.
    fn alerts_of(&mut self, card: &mut Card, key: &TicketKey, closed: bool) {
        self.ground.reads.note(reads::alerts(key));
        let alerts = self.incidents.get(key).into_iter().flatten();
        for alert in alerts.filter(|alert| !closed || alert.state == AlertState::Resolved) {
            card.known_from(alert.sources());
            card.evidence([evidence::of_alert(alert.get(), 100)]);
            self.rest.explained.push(alert.id.clone());
        }
    }

    /// Names the other tickets that a change request moves, on each of their cards.
    fn siblings(&self, card: &mut Card, change: &ChangeRequest, own: &TicketKey) {
        for link in change.tickets.iter().filter(|link| link.ticket != *own) {
            self.ground.reads.note(reads::known(&link.ticket));
            if self.ground.facts.has_ticket(&link.ticket) {
                card.badge(format!("with {}", evidence::ticket_name(&link.ticket)));
            }
        }
    }

    fn change(&mut self, view: &'c View<'a>, change: Known<'a, ChangeRequest>) {
        let fact = change.get();
        if fact
            .tickets
            .iter()
            .any(|link| self.ground.facts.has_ticket(&link.ticket))
        {
            return;
        }
        self.anchor(Anchored::Change(fact.number), |making| {
            making.alone(view, change)
        });
    }

    /// A change request that no ticket is known of.
    fn alone(&mut self, view: &'c View<'a>, change: Known<'a, ChangeRequest>) -> Option<WorkItem> {
        let fact = change.get();
        view.reads_change(fact.number);
        let ended = fact.closed_at.unwrap_or(fact.updated_at);
        if is_dropped(fact) && self.is_past(ended) {
            return None;
        }
        let mut card = Card::new(Head {
            id: change_item(&fact.repo, fact.number),
            anchor: Anchor::ChangeRequest,
            key: evidence::change_name(fact),
            title: fact.title.clone(),
            url: fact.url.clone(),
            repo: Some(fact.repo.clone()),
            author: fact.author.clone(),
            created_at: fact.created_at,
            updated_at: fact.updated_at,
        });
        card.known_from(change.sources());
        card.change(fact, 100);
        self.parts(&mut card, view, Origin::Change(change), None);
        self.keep(card)
    }

    fn pushes(&mut self, view: &'c View<'a>) {
        let default = view.default_branch();
        let merges = LazyCell::new(|| {
            let changes = view.kinds.changes.values();
            let merged = changes.filter_map(|change| change.get().merge_sha.as_ref());
            merged.collect::<QuickSet<_>>()
        });
        for commit in &view.pushed {
            let fact = commit.get();
            let on_default = default.is_none_or(|default| *default == *fact.branch);
            if on_default && !merges.contains(&fact.sha) {
                self.anchor(Anchored::Push(fact.sha.clone()), |making| {
                    making.push(view, *commit)
                });
            }
        }
    }

    fn push(&mut self, view: &'c View<'a>, commit: Known<'a, Commit>) -> Option<WorkItem> {
        let fact = commit.get();
        view.reads_whole();
        let at = fact.committed_at.unwrap_or_default();
        let mut card = Card::new(Head {
            id: push_item(&fact.repo, &fact.sha),
            anchor: Anchor::Push,
            key: evidence::commit_name(&fact.repo, &fact.sha),
            title: fact.title.clone(),
            url: fact.url.clone(),
            repo: Some(fact.repo.clone()),
            author: fact.author.clone(),
            created_at: at,
            updated_at: at,
        });
        card.known_from(commit.sources());
        card.evidence([evidence::of_commit(fact)]);
        self.parts(&mut card, view, Origin::Push(commit), None);
        self.keep_open(card)
    }

    /// Adds a part for each lane that the change belongs to.
    fn parts(
        &mut self,
        card: &mut Card,
        view: &'c View<'a>,
        origin: Origin<'a>,
        ticket: Option<&'a Ticket>,
    ) {
        if let Origin::Change(change) = origin
            && change.state == ChangeState::Open
        {
            self.wanted.paths(view, change.get());
        }
        for lane in lanes_of(view, origin) {
            let part: Part<'c, 'a> = part(self.ground, view, lane, origin, ticket);
            self.landings.note(self.past.scope.as_ref(), &part);
            let over = card.part(&part, &self.ground.policy.blocked_labels);
            want(self.ground, &part, over, &mut self.wanted);
            let alerts = part.case.alerts.iter();
            let explained = &mut self.rest.explained;
            explained.extend(alerts.map(|alert| alert.id.clone()));
            if !over {
                let runs = part.case.before.iter().chain(&part.case.after);
                self.tells.extend(runs.map(|run| run.run.id));
            }
        }
    }
}

/// Puts the ends of delivered changes aside, so that what is still open decides.
fn again(card: Card, going: usize) -> Card {
    let mut card = card.restart();
    if going == 1 {
        card.badge("1/1 merged");
    }
    card
}

/// The identities of the cards that a change request may be on: its own, or those of its tickets.
pub(in crate::domain) fn cards_of_change(change: &ChangeRequest) -> impl Iterator<Item = ItemId> {
    let own = change_item(&change.repo, change.number);
    let tickets = change.tickets.iter().map(|link| ticket_item(&link.ticket));
    std::iter::once(own).chain(tickets)
}

/// The identity of the card of a ticket.
pub(in crate::domain) fn ticket_item(key: &TicketKey) -> ItemId {
    ItemId::new(&match key {
        TicketKey::Numbered { repo, number } => format!("ticket:{}#{number}", repo.as_str()),
        TicketKey::Tracker(key) => format!("ticket:{key}"),
    })
}

/// The identity of the card of a change request that no ticket is known of.
pub(super) fn change_item(repo: &RepoKey, number: u64) -> ItemId {
    ItemId::new(&format!("change:{}#{number}", repo.as_str()))
}

/// The identity of the card of a commit that no change request brought.
pub(super) fn push_item(repo: &RepoKey, sha: &Sha) -> ItemId {
    ItemId::new(&format!("push:{}@{}", repo.as_str(), sha.as_str()))
}

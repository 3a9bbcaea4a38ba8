//! The walk along the board: every card once, from right to left, the worst first, then the oldest.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::domain::Timestamp;
use crate::domain::history::CardRecord;
use crate::domain::item::WorkItem;
use crate::domain::key::{ItemId, Person};
use crate::domain::roster::same;
use crate::domain::standup::happened::{entered, happened};
use crate::domain::standup::{CardRef, Finished, Material, ParkedCard, Place, Stop, words};
use crate::domain::text::Clean;
use crate::domain::trace::waits_for_whom;

/// Returns every card of the board that is not over.
pub(super) fn walk(material: Material<'_>, since: Timestamp, now: Timestamp) -> Vec<Stop> {
    let mut notes: HashMap<&ItemId, Vec<Clean>> = HashMap::new();
    for parked in material.parked {
        let of = notes.entry(&parked.item).or_default();
        of.push(parked.note.clone());
    }
    let mut cards: Vec<&Arc<WorkItem>> = material.cards.to_vec();
    cards.retain(|item| item.placement.done.is_none());
    cards.sort_by(|a, b| (order(a), &a.id).cmp(&(order(b), &b.id)));
    let mut seen = HashSet::with_capacity(cards.len());
    cards.retain(|item| seen.insert(&item.id));
    let stop = |item: &&Arc<WorkItem>| {
        let parked = notes.get(&item.id).cloned().unwrap_or_default();
        stop(material, item, parked, (since, now))
    };
    cards.iter().map(stop).collect()
}

/// From right to left, the worst first, then the oldest.
fn order(item: &WorkItem) -> impl Ord + use<> {
    let place = &item.placement;
    (
        Reverse(place.stage),
        Reverse(place.status.severity()),
        place.since,
    )
}

fn stop(
    material: Material<'_>,
    item: &Arc<WorkItem>,
    parked: Vec<Clean>,
    (since, now): (Timestamp, Timestamp),
) -> Stop {
    let calendar = material.calendar;
    let timeline = material.ledger.card(&item.id).map(|card| &card.timeline);
    let timeline = timeline.filter(|timeline| !timeline.is_empty());
    let happened = happened(timeline, item, since, now);
    let story = words::story(item, &happened, calendar, now);
    let entered = entered(timeline, item, now);
    let holders = names(material, &item.holders);
    let shown: Vec<&str> = holders.iter().map(Clean::as_str).collect();
    let waits_for = waits_for_whom(item, &shown);
    Stop {
        card: Arc::clone(item),
        happened,
        story: Clean::line(&story),
        entered,
        in_stage: calendar.between(entered, now),
        in_status: calendar.between(item.placement.since, now),
        holders,
        waits_for: Clean::line(&waits_for),
        parked,
    }
}

/// Returns what people are called, everybody once, by name.
pub(super) fn names(material: Material<'_>, people: &[Person]) -> Vec<Clean> {
    let name = |person: &Person| material.roster.name(person).clone();
    let mut names: Vec<Clean> = people.iter().map(name).collect();
    names.sort_by(|a, b| (same(a), a).cmp(&(same(b), b)));
    names.dedup_by(|next, kept| same(next) == same(kept));
    names
}

/// Returns the cards that were finished since, the last one first.
pub(super) fn finished(
    material: Material<'_>,
    on_board: &HashSet<&ItemId>,
    since: Timestamp,
    now: Timestamp,
) -> Vec<Finished> {
    let of = |card: &CardRecord| {
        let at = card.timeline.over_at()?;
        let is_meant = since < at && at <= now && !on_board.contains(&card.life.id);
        let last = card.timeline.moments().last()?;
        let place = Place {
            stage: last.standing.stage,
            status: last.standing.status,
            done: last.standing.done,
        };
        let outcome = place.done.filter(|_| is_meant)?;
        let author: Vec<Person> = card.life.author.iter().cloned().collect();
        let held = || {
            let before = card.timeline.at(since)?;
            Some(before.standing.holders.clone())
        };
        let by = if author.is_empty() {
            held().unwrap_or_default()
        } else {
            author
        };
        Some(Finished {
            card: CardRef::of_life(&card.life, Some(place)),
            at,
            outcome,
            bot: card.life.bot || (!by.is_empty() && by.iter().all(|person| person.bot)),
            by: names(material, &by),
        })
    };
    let mut finished: Vec<Finished> = material.ledger.cards.iter().filter_map(of).collect();
    finished.sort_by(|a, b| (Reverse(a.at), &a.card.id).cmp(&(Reverse(b.at), &b.card.id)));
    finished
}

/// Returns the marks of the parking lot with their cards.
pub(super) fn parked(material: Material<'_>, walk: &[Stop]) -> Vec<ParkedCard> {
    if material.parked.is_empty() {
        return Vec::new();
    }
    let cards: HashMap<&ItemId, &Stop> = walk.iter().map(|stop| (&stop.card.id, stop)).collect();
    let card_of = |id: &ItemId| {
        let on_board = cards.get(id).map(|stop| CardRef::of(&stop.card));
        on_board.or_else(|| {
            let record = material.ledger.card(id)?;
            Some(CardRef::of_life(&record.life, None))
        })
    };
    let mut parked: Vec<ParkedCard> = material
        .parked
        .iter()
        .map(|mark| ParkedCard {
            mark: mark.clone(),
            card: card_of(&mark.item),
        })
        .collect();
    parked.sort_by(|a, b| {
        let key = |it: &ParkedCard| (it.mark.at, it.mark.item.clone(), it.mark.note.clone());
        key(a).cmp(&key(b))
    });
    parked
}

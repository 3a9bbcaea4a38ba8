//! The list of red cards: which of them pass the filter, and where.
//!
//! Places in the list are what moves; cards are remembered by identity. A card
//! that is kept stays at its place, red or not.

use std::collections::HashSet;

use crate::domain::Timestamp;
use crate::domain::key::ItemId;
use crate::domain::query::Query;
use crate::domain::triage::TriageCard;
use crate::engine::snapshot::Snapshot;
use crate::ui::state::{Listed, ListedKey, Place, UiState};
use crate::ui::update::hides;

/// Brings the list up to date with board, filter and kept cards.
pub(crate) fn refresh(state: &mut UiState, snapshot: &Snapshot) {
    let now = state.triage.now;
    let triage = &state.triage;
    let key = ListedKey {
        board: (snapshot.generation, snapshot.taken_at),
        filter: triage.filter.text().to_owned(),
        aside: (state.board.revision, state.hides.ended(now)),
        kept: triage
            .kept
            .iter()
            .map(|one| (one.card.triage.item.clone(), one.is_red))
            .collect(),
    };
    let all = snapshot.triage.cards.len();
    if triage.listed.key.as_ref() == Some(&key) && triage.listed.all == all {
        return;
    }
    // Only a person who writes another filter takes the selected card away.
    let before = triage.listed.key.as_ref();
    let stays = before.is_none_or(|before| before.filter == key.filter);
    let aside = aside(state, snapshot, now);
    let rows = rows(state, snapshot, stays, &aside);
    state.triage.listed = Listed {
        key: Some(key),
        rows,
        all,
        aside: aside.len(),
    };
    note_rows(state, snapshot);
}

/// Returns the red cards that were put aside on this machine.
fn aside(state: &UiState, snapshot: &Snapshot, now: Timestamp) -> HashSet<ItemId> {
    if state.hides.is_empty() {
        return HashSet::new();
    }
    let cards = snapshot.triage.cards.iter();
    let items = cards.filter_map(|card| snapshot.find(&card.triage.item));
    let aside = items.filter(|item| state.hides.of(item, now).is_some());
    aside.map(|item| item.id.clone()).collect()
}

/// Returns the lines of the list; none where all red cards are listed and no other.
fn rows(
    state: &UiState,
    snapshot: &Snapshot,
    stays: bool,
    aside: &HashSet<ItemId>,
) -> Option<Vec<Place>> {
    let triage = &state.triage;
    let is_bare = triage.kept.iter().all(|one| one.is_red);
    if triage.filter.is_empty() && is_bare && aside.is_empty() {
        return None;
    }
    let shows_hidden = triage.filter.asks_for_hidden();
    let is_aside = |item: &ItemId| !shows_hidden && aside.contains(item);
    let context = state.query_context(snapshot, triage.now);
    let passes = |item: &ItemId| {
        if is_aside(item) {
            return false;
        }
        let item = snapshot.find(item);
        triage.filter.is_empty() || item.is_some_and(|item| triage.filter.matches(item, &context))
    };
    let cards = snapshot.triage.cards.iter().enumerate();
    let listed = cards.filter(|(_, card)| passes(&card.triage.item));
    let mut rows: Vec<Place> = listed.map(|(at, _)| Place::Red(at)).collect();
    let mut kept: Vec<(usize, usize)> = triage
        .kept
        .iter()
        .enumerate()
        .filter(|(_, one)| {
            let item = &one.card.triage.item;
            let is_selected = triage.selected.as_ref() == Some(item);
            let is_listed = one.is_red && passes(item);
            let is_held = stays && (is_selected || !one.is_red) && !is_aside(item);
            !is_listed && (is_held || passes(item))
        })
        .map(|(at, one)| (one.row, at))
        .collect();
    kept.sort_unstable();
    for (row, at) in kept {
        rows.insert(row.min(rows.len()), Place::Kept(at));
    }
    Some(rows)
}

/// Notes where the kept cards stand now.
fn note_rows(state: &mut UiState, snapshot: &Snapshot) {
    for at in 0..state.triage.kept.len() {
        let item = state.triage.kept.get(at).map(|one| &one.card.triage.item);
        let row = item.and_then(|item| row_of(state, snapshot, item));
        if let (Some(row), Some(one)) = (row, state.triage.kept.get_mut(at)) {
            one.row = row;
        }
    }
}

/// Returns the card at a place of the list.
pub(crate) fn at(state: &UiState, snapshot: &Snapshot, row: usize) -> Option<TriageCard> {
    card_at(state, snapshot, row).cloned()
}

fn card_at<'a>(state: &'a UiState, snapshot: &'a Snapshot, row: usize) -> Option<&'a TriageCard> {
    let place = match &state.triage.listed.rows {
        Some(rows) => *rows.get(row)?,
        None => Place::Red(row),
    };
    match place {
        Place::Red(at) => snapshot.triage.cards.get(at),
        Place::Kept(at) => state.triage.kept.get(at).map(|one| &one.card),
    }
}

/// Returns the place of a card in the list.
pub(crate) fn row_of(state: &UiState, snapshot: &Snapshot, item: &ItemId) -> Option<usize> {
    let is_it = |row: &usize| {
        let card = card_at(state, snapshot, *row);
        card.is_some_and(|card| card.triage.item == *item)
    };
    let near = Some(state.triage.at).filter(is_it);
    near.or_else(|| (0..state.triage.listed.len()).find(is_it))
}

/// Returns the place of a card; a filter that hides it gives way, which the second value tells.
pub(crate) fn reveal(
    state: &mut UiState,
    snapshot: &Snapshot,
    item: &ItemId,
) -> Option<(usize, bool)> {
    refresh(state, snapshot);
    if let Some(row) = row_of(state, snapshot, item) {
        return Some((row, false));
    }
    snapshot.triage.find(item)?;
    let is_aside = aside(state, snapshot, state.triage.now).contains(item);
    if is_aside {
        state.triage.filter = hides::shown();
        refresh(state, snapshot);
    } else {
        clear(state, snapshot);
    }
    row_of(state, snapshot, item).map(|row| (row, true))
}

/// Lists all red cards again; returns whether some were hidden.
pub(crate) fn clear(state: &mut UiState, snapshot: &Snapshot) -> bool {
    if state.triage.filter.is_empty() {
        return false;
    }
    state.triage.filter = Query::default();
    refresh(state, snapshot);
    true
}

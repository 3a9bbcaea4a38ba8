//! The list of red cards: which of them pass the filter, and where.
//!
//! Places in the list are what moves; cards are remembered by identity.

use crate::domain::key::ItemId;
use crate::domain::query::{Query, QueryContext};
use crate::domain::triage::TriageCard;
use crate::engine::snapshot::Snapshot;
use crate::ui::state::UiState;

/// Brings the list up to date with board and filter.
pub(crate) fn refresh(state: &mut UiState, snapshot: &Snapshot) {
    let triage = &mut state.triage;
    let text = triage.filter.text();
    let fits = triage
        .listed
        .key
        .as_ref()
        .is_some_and(|(generation, at, filter)| {
            (*generation, *at) == (snapshot.generation, snapshot.taken_at) && filter == text
        });
    let cards = &snapshot.triage.cards;
    if fits && triage.listed.all == cards.len() {
        return;
    }
    let listed = &mut triage.listed;
    listed.key = Some((snapshot.generation, snapshot.taken_at, text.to_owned()));
    listed.all = cards.len();
    listed.rows = (!triage.filter.is_empty()).then(|| {
        let context = QueryContext {
            now: snapshot.taken_at,
            me: state.options.me.clone(),
        };
        let passes = |card: &TriageCard| {
            let item = snapshot.find(&card.triage.item);
            item.is_some_and(|item| triage.filter.matches(item, &context))
        };
        let rows = cards.iter().enumerate();
        rows.filter(|(_, card)| passes(card))
            .map(|(at, _)| at)
            .collect()
    });
}

/// Returns the card at a place of the list.
pub(crate) fn at<'a>(
    state: &UiState,
    snapshot: &'a Snapshot,
    row: usize,
) -> Option<&'a TriageCard> {
    let place = match &state.triage.listed.rows {
        Some(rows) => *rows.get(row)?,
        None => row,
    };
    snapshot.triage.cards.get(place)
}

/// Returns the place of a card in the list.
pub(crate) fn row_of(state: &UiState, snapshot: &Snapshot, item: &ItemId) -> Option<usize> {
    let is_it = |row: &usize| {
        let card = at(state, snapshot, *row);
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
    clear(state, snapshot);
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

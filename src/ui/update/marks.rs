//! Marking several cards of the board; what is done then is done to all of them.
//!
//! A range counts from its first card on, as it is drawn: it need not be ended before something is
//! done to it. [`chosen`] is what every command and the header go by.

use std::collections::BTreeSet;

use crate::domain::item::WorkItem;
use crate::domain::key::ItemId;
use crate::engine::snapshot::Snapshot;
use crate::ui::rows::Shown;
use crate::ui::state::{Pointed, UiState, View};
use crate::ui::update::moves::{self, Motion};

/// Returns whether something is done to the marked cards, not to the one with the cursor.
pub(crate) fn are_meant(state: &UiState) -> bool {
    let are_some = !state.board.marked.is_empty() || bounds(state).is_some();
    state.view == View::Board && state.detail().is_none() && are_some
}

/// Returns every card that counts as marked: those with a mark, and those of the range that is begun.
pub(crate) fn chosen(state: &UiState, snapshot: &Snapshot) -> BTreeSet<ItemId> {
    let mut chosen = state.board.marked.clone();
    chosen.extend(ranged(state, snapshot));
    chosen
}

/// Returns the marked cards that are still there, where they are what something is done to.
pub(crate) fn marked<'a>(state: &UiState, snapshot: &'a Snapshot) -> Vec<&'a WorkItem> {
    if !are_meant(state) {
        return Vec::new();
    }
    let chosen = chosen(state, snapshot);
    let found = chosen.iter().filter_map(|id| snapshot.find(id));
    found.map(AsRef::as_ref).collect()
}

/// Returns the cards that something is done to: the marked ones that are on the board, else the one
/// with the cursor.
pub(crate) fn cards<'a>(state: &UiState, snapshot: &'a Snapshot) -> Vec<&'a WorkItem> {
    if are_meant(state) {
        return marked(state, snapshot);
    }
    let shown = match (state.detail(), state.pointed(snapshot)) {
        (Some(detail), _) => state.find(snapshot, &detail.key),
        (None, Pointed::Card(shown)) => Some(shown),
        (None, Pointed::Source(_) | Pointed::Nothing) => None,
    };
    match shown {
        Some(Shown::Item { item, .. }) => vec![item],
        Some(Shown::Train { train, .. }) => train.items.iter().map(AsRef::as_ref).collect(),
        None => Vec::new(),
    }
}

/// Marks the card with the cursor, or takes its mark away, and goes to the next; of a train, all of
/// its changes.
pub(crate) fn mark(state: &mut UiState, snapshot: &Snapshot) {
    if state.board.range.is_some() {
        return range(state, snapshot);
    }
    let ids = match state.selected(snapshot) {
        Some(shown) => ids_of(&shown),
        None => return,
    };
    turn(state, ids);
    moves::step(state, Motion::Down, snapshot);
}

fn ids_of(shown: &Shown<'_>) -> Vec<ItemId> {
    match shown {
        Shown::Item { item, .. } => vec![item.id.clone()],
        Shown::Train { train, .. } => train.items.iter().map(|item| item.id.clone()).collect(),
    }
}

/// Marks all of these, or takes the marks away where all have one.
fn turn(state: &mut UiState, ids: Vec<ItemId>) {
    let marked = &mut state.board.marked;
    if ids.iter().all(|id| marked.contains(id)) {
        marked.retain(|id| !ids.contains(id));
    } else {
        marked.extend(ids);
    }
}

/// Begins a range at the cursor, or marks what is between its beginning and the cursor.
pub(crate) fn range(state: &mut UiState, snapshot: &Snapshot) {
    if bounds(state).is_some() {
        let ids = ranged(state, snapshot);
        state.board.marked.extend(ids);
        state.board.range = None;
        return;
    }
    let column = state.board.focus;
    let key = state.selected(snapshot).map(|shown| shown.key());
    state.board.range = key.map(|key| (column, key));
    state.board.range_at = state.focused().map_or(0, |column| column.at);
}

/// Returns the cards of the range that is begun.
fn ranged(state: &UiState, snapshot: &Snapshot) -> Vec<ItemId> {
    let column = state.board.focus;
    let lines = bounds(state).map(|(from, to)| from..=to);
    let shown = lines.into_iter().flatten();
    let shown = shown.filter_map(|at| state.line(snapshot, column, at));
    shown.flat_map(|shown| ids_of(&shown)).collect()
}

/// Returns the lines of the range that is begun in the focused column, the first and the last.
fn bounds(state: &UiState) -> Option<(usize, usize)> {
    let (column, _) = state.board.range.as_ref()?;
    if *column != state.board.focus {
        return None;
    }
    let at = state.focused()?.at;
    let from = state.board.range_at;
    Some((from.min(at), from.max(at)))
}

/// Returns whether a line of a column is in the range that is begun.
pub(crate) fn in_range(state: &UiState, (column, at): (usize, usize)) -> bool {
    column == state.board.focus && bounds(state).is_some_and(|(from, to)| (from..=to).contains(&at))
}

/// After the lists changed, finds the card again at which a range begins; without it there is none.
pub(crate) fn settle(state: &mut UiState, snapshot: &Snapshot) {
    let Some((column, key)) = &state.board.range else {
        return;
    };
    let lines = 0..state.rows.lines(*column).len();
    let is_it = |at: &usize| {
        let shown = state.line(snapshot, *column, *at);
        shown.is_some_and(|shown| shown.is(key))
    };
    match lines.into_iter().find(is_it) {
        Some(at) => state.board.range_at = at,
        None => state.board.range = None,
    }
}

/// Marks all cards that the focused column lists, or takes their marks away.
pub(crate) fn all(state: &mut UiState, snapshot: &Snapshot) {
    let column = state.board.focus;
    let lines = 0..state.rows.lines(column).len();
    let shown = lines.filter_map(|at| state.line(snapshot, column, at));
    let ids: Vec<ItemId> = shown.flat_map(|shown| ids_of(&shown)).collect();
    let set: BTreeSet<&ItemId> = ids.iter().collect();
    let marked = &mut state.board.marked;
    if set.iter().all(|id| marked.contains(*id)) {
        marked.retain(|id| !set.contains(id));
    } else {
        marked.extend(ids.iter().cloned());
    }
    state.board.range = None;
}

/// Takes all marks away; returns whether there were any.
pub(crate) fn clear(state: &mut UiState) -> bool {
    let had = state.board.range.take().is_some() || !state.board.marked.is_empty();
    state.board.marked.clear();
    had
}

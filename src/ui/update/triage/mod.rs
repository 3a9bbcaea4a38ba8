//! The triage view: cards, tree and log under the keys.
//!
//! [`settle`] brings the view in line with the snapshot after whatever happened
//! and asks for what is missing: the log of the selected job and its lines.

use ratatui::layout::Rect;

use crate::domain::key::ItemId;
use crate::domain::triage::TriageCard;
use crate::engine::snapshot::Snapshot;
use crate::ui::effect::Effect;
use crate::ui::overlay::Overlay;
use crate::ui::panes::Panes;
use crate::ui::state::{Pane, UiState, View};
use crate::ui::update::moves::Motion;
use crate::ui::update::open as opening;

pub(crate) mod kept;
pub(crate) mod list;
pub(crate) mod log;
#[cfg(test)]
mod tests;
pub(crate) mod tree;

pub(crate) use tree::{failing_tests, page, pointed_job, tree_lines};

/// Lines of one card in the list.
pub(crate) const CARD_ROWS: u16 = 2;

/// Returns where the parts are.
pub(crate) fn panes(state: &UiState) -> Panes {
    Panes::new(state.plan().body, state.triage.pane)
}

/// Returns the selected card.
pub(crate) fn card(state: &UiState, snapshot: &Snapshot) -> Option<TriageCard> {
    let selected = state.triage.selected.as_ref()?;
    let near = list::at(state, snapshot, state.triage.at);
    near.filter(|card| card.triage.item == *selected)
        .or_else(|| snapshot.triage.find(selected).cloned())
}

/// Brings the view in line with the snapshot and asks for what is missing.
pub(crate) fn settle(state: &mut UiState, snapshot: &Snapshot) -> Vec<Effect> {
    let marked = &mut state.triage.marked;
    if !marked.is_empty() {
        marked.retain(|item| snapshot.triage.find(item).is_some());
    }
    kept::refresh(state, snapshot);
    if state.view != View::Triage {
        return log::leave(state);
    }
    if let Some(Overlay::Filter(_)) = state.overlays.last() {
        // While a filter is written nobody has gone to another card: only the list changes.
        list_again(state, snapshot);
        return Vec::new();
    }
    let at = list_again(state, snapshot);
    choose_at(state, snapshot, at);
    tree::settle(state, snapshot);
    log::settle(state, snapshot)
}

/// Lists the cards again and finds the selected one; where it is gone, the place of it.
fn list_again(state: &mut UiState, snapshot: &Snapshot) -> usize {
    list::refresh(state, snapshot);
    let selected = state.triage.selected.clone();
    let found = selected.and_then(|item| list::row_of(state, snapshot, &item));
    let last = state.triage.listed.len().saturating_sub(1);
    let at = found.unwrap_or(state.triage.at).min(last);
    state.triage.at = at;
    at
}

/// Selects a card: what was chosen within the one before is forgotten.
fn choose(state: &mut UiState, item: Option<ItemId>) {
    let triage = &mut state.triage;
    triage.selected = item;
    (triage.tree, triage.tree_offset) = (0, 0);
    triage.tree_mark = None;
    triage.job = None;
    triage.log.aim = None;
    triage.opened.clear();
}

/// Selects the card at a place of the list.
fn choose_at(state: &mut UiState, snapshot: &Snapshot, at: usize) {
    let item = list::at(state, snapshot, at).map(|card| card.triage.item.clone());
    state.triage.at = at;
    if state.triage.selected != item {
        choose(state, item);
    }
}

/// Goes to the triage of a card; returns whether it is red.
pub(crate) fn show(state: &mut UiState, snapshot: &Snapshot, item: &ItemId) -> bool {
    let Some((at, _)) = list::reveal(state, snapshot, item) else {
        return false;
    };
    opening::view(state, View::Triage);
    choose_at(state, snapshot, at);
    state.triage.pane = Pane::Tree;
    true
}

/// Goes to the triage of a card that is red or whose run is at work; returns whether it is.
pub(crate) fn show_run(state: &mut UiState, snapshot: &Snapshot, item: &ItemId) -> bool {
    kept::watch(state, snapshot, item);
    show(state, snapshot, item)
}

/// Moves in the part that has the keys.
pub(crate) fn step(state: &mut UiState, motion: Motion, snapshot: &Snapshot) {
    let pane = state.triage.pane;
    let height = panes(state).height(pane);
    match pane {
        Pane::Cards => {
            let fit = usize::from((height / CARD_ROWS).max(1));
            let count = state.triage.listed.len();
            let at = motion.from(state.triage.at, count, fit);
            choose_at(state, snapshot, at);
        }
        Pane::Tree => {
            let lines = shown(&state.triage.tree_rows).unwrap_or(usize::from(height));
            tree::step(state, snapshot, motion, lines);
        }
        Pane::Log => log::step(state, motion, u64::from(height)),
    }
}

/// Returns how many lines were painted, each of which may have taken several rows.
pub(super) fn shown<T: PartialEq>(rows: &[T]) -> Option<usize> {
    let lines = rows.chunk_by(|one, next| one == next).count();
    (lines > 0).then_some(lines)
}

/// Selects the next red card, or the one before, that has a detail: one that is on the board.
pub(crate) fn beside(state: &mut UiState, snapshot: &Snapshot, forward: bool) {
    let at = state.triage.at;
    let is_there = |row: &usize| {
        let card = list::at(state, snapshot, *row);
        card.is_some_and(|card| snapshot.find(&card.triage.item).is_some())
    };
    let to = if forward {
        (at + 1..state.triage.listed.len()).find(is_there)
    } else {
        (0..at).rev().find(is_there)
    };
    if let Some(to) = to {
        choose_at(state, snapshot, to);
    }
}

/// Goes to the next part; a log that is not wrapped is scrolled first.
pub(crate) fn sideways(state: &mut UiState, right: bool) {
    if log::sideways(state, right) {
        return;
    }
    let pane = match (state.triage.pane, right) {
        (Pane::Cards, true) | (Pane::Log, false) => Pane::Tree,
        (Pane::Tree | Pane::Log, true) => Pane::Log,
        (Pane::Cards | Pane::Tree, false) => Pane::Cards,
    };
    state.triage.pane = pane;
}

/// Opens what has the cursor.
pub(crate) fn open(
    state: &mut UiState,
    snapshot: &Snapshot,
    now: crate::domain::Timestamp,
) -> Vec<Effect> {
    match state.triage.pane {
        Pane::Cards if card(state, snapshot).is_some() => state.triage.pane = Pane::Tree,
        Pane::Cards => {}
        Pane::Tree => return tree::open_line(state, snapshot, now),
        Pane::Log => return log::toggle_fold(state),
    }
    Vec::new()
}

/// Goes to the card on which the failure of this one was seen first.
pub(crate) fn first_of_group(state: &mut UiState, snapshot: &Snapshot) -> Vec<Effect> {
    let group = card(state, snapshot).and_then(|card| snapshot.triage.group_of(&card));
    let Some(item) = group.and_then(|group| group.items.first()) else {
        return vec![Effect::Toast(alone(state, snapshot))];
    };
    if state.triage.selected.as_ref() == Some(item) {
        return vec![Effect::Toast("it was seen on this card first".to_owned())];
    }
    let Some((at, gave_way)) = list::reveal(state, snapshot, item) else {
        return Vec::new();
    };
    choose_at(state, snapshot, at);
    if gave_way {
        return vec![Effect::Toast("the filter was taken away".to_owned())];
    }
    Vec::new()
}

/// Says why there is no other card to go to.
fn alone(state: &UiState, snapshot: &Snapshot) -> String {
    let Some(card) = card(state, snapshot) else {
        return "no card is selected".to_owned();
    };
    let why = snapshot.triage.alone(&card.triage);
    let run = snapshot.triage.same_run(&card.triage).count();
    match crate::ui::tree::why::same_run(run) {
        Some(run) => format!("{why}; {run}"),
        None => why.to_owned(),
    }
}

/// Marks the selected card, or takes its mark away, and goes to the next.
pub(crate) fn mark(state: &mut UiState, snapshot: &Snapshot) {
    let Some(card) = card(state, snapshot) else {
        return;
    };
    let item = card.triage.item.clone();
    if !state.triage.marked.remove(&item) {
        state.triage.marked.insert(item);
    }
    if state.triage.pane == Pane::Cards {
        step(state, Motion::Down, snapshot);
    }
}

/// Goes back one layer within the view; returns whether there was one.
pub(crate) fn back(state: &mut UiState, snapshot: &Snapshot) -> bool {
    let triage = &mut state.triage;
    if triage.log.search.take().is_some() {
        return true;
    }
    if !triage.marked.is_empty() {
        triage.marked.clear();
        return true;
    }
    let alone = panes(state).alone;
    let pane = &mut state.triage.pane;
    match (alone, *pane) {
        (true, Pane::Log) => *pane = Pane::Tree,
        (true, Pane::Tree) => *pane = Pane::Cards,
        (true, Pane::Cards) | (false, _) => return list::clear(state, snapshot),
    }
    true
}

/// Gives the keys to the part that was clicked, and selects the line.
pub(crate) fn click(state: &mut UiState, snapshot: &Snapshot, at: (u16, u16)) {
    let panes = panes(state);
    let within = |area: &Rect| area.contains(ratatui::layout::Position::from(at));
    for pane in Pane::ALL {
        let Some(area) = panes.of(pane).filter(within) else {
            continue;
        };
        state.triage.pane = pane;
        if state.rest.shows_former(area) {
            // What was clicked is of the card before: no line of this one was under the mouse.
            return;
        }
        let Some(row) = at.1.checked_sub(area.y + 1) else {
            return;
        };
        match pane {
            Pane::Cards => {
                let at = state.triage.offset + usize::from(row / CARD_ROWS);
                if at < state.triage.listed.len() {
                    choose_at(state, snapshot, at);
                }
            }
            // Sentences and wrapped lines take several rows: what was painted is what is meant.
            Pane::Tree => {
                let rows = &state.triage.tree_rows;
                if let Some(at) = rows.get(usize::from(row)).or(rows.last()) {
                    tree::put_at(state, snapshot, *at);
                }
            }
            Pane::Log => {
                let log = &mut state.triage.log;
                if let Some(row) = log.rows.get(usize::from(row)).or(log.rows.last()) {
                    log.cursor = *row;
                }
                log.settle(u64::from(panes.height(Pane::Log)));
            }
        }
    }
}

/// Scrolls the part under the mouse; the keys stay where they are.
pub(crate) fn wheel(state: &mut UiState, snapshot: &Snapshot, at: (u16, u16), motion: Motion) {
    let panes = panes(state);
    let kept = state.triage.pane;
    let within = |area: &Rect| area.contains(ratatui::layout::Position::from(at));
    let under = Pane::ALL
        .into_iter()
        .find(|pane| panes.of(*pane).as_ref().is_some_and(within));
    if let Some(pane) = under {
        state.triage.pane = pane;
        step(state, motion, snapshot);
        state.triage.pane = kept;
    }
}

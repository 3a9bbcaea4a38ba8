//! The wall: the board on a screen that nobody sits at.
//!
//! It turns its pages by the clock that is passed in, rings at most once a page, and listens to
//! `q q` alone. What it looks like is in `view::wall`; it lies over every view and changes none.

use std::collections::HashSet;

use chrono::TimeDelta;
use ratatui::crossterm::event::{Event, KeyEventKind};

use crate::config::Motion;
use crate::domain::Timestamp;
use crate::domain::key::ItemId;
use crate::engine::snapshot::Snapshot;
use crate::ui::chord::Chord;
use crate::ui::effect::Effect;
use crate::ui::state::{UiState, View};

#[cfg(test)]
mod tests;

/// How soon the second `q` must come, and how long the wall says so.
const PATIENCE_SECS: i64 = 3;

/// Columns by which the picture wanders, one an hour, there and back.
pub(crate) const WANDERS: u16 = 3;

/// The wall.
#[derive(Clone, Debug)]
pub struct WallState {
    /// When it was opened.
    pub began: Timestamp,
    /// The page that is shown, counted on for ever.
    pub page: usize,
    /// Since when.
    pub turned_at: Timestamp,
    /// Until when it says how to leave it.
    pub told_until: Option<Timestamp>,
    /// Whether the program is nothing else: to leave it is to quit.
    alone: bool,
    /// How many pages there are; noted while painting.
    pub(crate) pages: usize,
    /// What was red when it was last looked; none before the first look.
    red: Option<HashSet<ItemId>>,
    /// The page on which the bell was rung last.
    rang: Option<usize>,
    /// When `q` was pressed once.
    pressed: Option<Timestamp>,
}

impl WallState {
    /// Opens the wall; `alone` says that there is nothing else to go back to.
    pub fn new(now: Timestamp, alone: bool) -> Self {
        Self {
            began: now,
            page: 0,
            turned_at: now,
            told_until: None,
            alone,
            pages: 1,
            red: None,
            rang: None,
            pressed: None,
        }
    }

    fn turn(&mut self, now: Timestamp) {
        self.page = self.page.wrapping_add(1);
        self.turned_at = now;
    }

    /// Returns by how many columns the picture stands to the right, and when that changes.
    pub(crate) fn shift(&self, now: Timestamp) -> (u16, Timestamp) {
        let hours = (now - self.began).num_hours().max(0);
        // There and back again: 0, 1, 2, 3, 2, 1.
        let round = i64::from(WANDERS) * 2;
        let at = hours.rem_euclid(round);
        let shift = at.min(round - at);
        let next = self.began + TimeDelta::hours(hours + 1);
        (u16::try_from(shift).unwrap_or_default(), next)
    }
}

/// Opens the wall over what is shown.
pub(crate) fn enter(state: &mut UiState, snapshot: &Snapshot, now: Timestamp) {
    state.overlays.clear();
    state.pending.clear();
    // What reads history or follows a log would go on doing so behind it.
    if state.view != View::Board {
        state.last_view = std::mem::replace(&mut state.view, View::Board);
    }
    state.wall = Some(WallState::new(now, false));
    drop(on_snapshot(state, snapshot));
}

/// Takes an event of the terminal; returns nothing where no wall is shown.
pub(crate) fn on_event(state: &mut UiState, event: &Event, now: Timestamp) -> Option<Vec<Effect>> {
    let wall = state.wall.as_mut()?;
    let chord = match event {
        Event::Key(key) if key.kind != KeyEventKind::Release => Chord::of(key),
        // A resize is anybody's matter.
        Event::Resize(..) => return None,
        Event::Key(_)
        | Event::Mouse(_)
        | Event::Paste(_)
        | Event::FocusGained
        | Event::FocusLost => return Some(Vec::new()),
    };
    let patience = TimeDelta::seconds(PATIENCE_SECS);
    let is_q = chord.character() == Some('q');
    let is_second = wall.pressed.take().is_some_and(|at| now - at <= patience);
    if is_q && is_second {
        if wall.alone {
            return Some(vec![Effect::Quit]);
        }
        state.wall = None;
        return Some(Vec::new());
    }
    wall.pressed = is_q.then_some(now);
    if state.options.motion == Motion::Reduced && !is_q {
        wall.turn(now);
    }
    wall.told_until = Some(now + patience);
    Some(Vec::new())
}

/// Turns the page where it is time.
pub(crate) fn on_clock(state: &mut UiState, now: Timestamp) {
    let due = turns_at(state).is_some_and(|at| at <= now);
    if let Some(wall) = state.wall.as_mut().filter(|_| due) {
        wall.turn(now);
    }
}

/// Returns when the page is turned, if it is by itself.
pub(crate) fn turns_at(state: &UiState) -> Option<Timestamp> {
    let moves = state.options.motion == Motion::Full;
    let wall = state.wall.as_ref().filter(|_| moves)?;
    Some(wall.turned_at + page_span(state))
}

fn page_span(state: &UiState) -> TimeDelta {
    TimeDelta::from_std(state.options.wall.page).unwrap_or(TimeDelta::MAX)
}

/// Looks for what turned red; rings once a page.
pub(crate) fn on_snapshot(state: &mut UiState, snapshot: &Snapshot) -> Vec<Effect> {
    let context = state.query_context(snapshot, snapshot.taken_at);
    let Some(wall) = state.wall.as_mut() else {
        return Vec::new();
    };
    let red: HashSet<ItemId> = snapshot
        .items()
        .filter(|item| item.placement.status.is_red())
        .filter(|item| state.filter.query.matches(item, &context))
        .map(|item| item.id.clone())
        .collect();
    // What is loaded of the store was red before.
    let is_known = !snapshot.partial && snapshot.generation > 0;
    let before = wall.red.replace(red);
    let is_new = match (&before, &wall.red) {
        (Some(before), Some(red)) => red.iter().any(|id| !before.contains(id)),
        _ => false,
    };
    if !is_known {
        wall.red = None;
    }
    if !is_new || !state.options.wall.bell || wall.rang == Some(wall.page) {
        return Vec::new();
    }
    wall.rang = Some(wall.page);
    vec![Effect::Bell]
}

//! Moving: within a list, between columns, to a card, and the shape of the board.

use crate::domain::Timestamp;
use crate::domain::stage::Stage;
use crate::engine::snapshot::Snapshot;
use crate::ui::effect::Effect;
use crate::ui::layout::clamp_window;
use crate::ui::overlay::Overlay;
use crate::ui::rows::{RowKey, Shown};
use crate::ui::state::{UiState, View};
use crate::ui::view::help_lines;

/// A way to move in a list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Motion {
    /// One down.
    Down,
    /// One up.
    Up,
    /// To the first.
    Top,
    /// To the last.
    Bottom,
    /// Half a page down.
    HalfDown,
    /// Half a page up.
    HalfUp,
    /// A page down.
    PageDown,
    /// A page up.
    PageUp,
}

impl Motion {
    /// Returns the position after moving in a list of that many.
    pub(crate) fn from(self, at: usize, count: usize, page: usize) -> usize {
        let half = (page / 2).max(1);
        let to = match self {
            Self::Down => at.saturating_add(1),
            Self::Up => at.saturating_sub(1),
            Self::Top => 0,
            Self::Bottom => count,
            Self::HalfDown => at.saturating_add(half),
            Self::HalfUp => at.saturating_sub(half),
            Self::PageDown => at.saturating_add(page),
            Self::PageUp => at.saturating_sub(page),
        };
        to.min(count.saturating_sub(1))
    }
}

/// Moves in whatever has the keys.
pub(crate) fn step(state: &mut UiState, motion: Motion, snapshot: &Snapshot) {
    let page = page(state);
    let most = state
        .detail()
        .map(|detail| detail_lines(state, snapshot, &detail.key));
    match state.overlays.last_mut() {
        Some(Overlay::Detail(detail)) => {
            detail.cursor = motion.from(detail.cursor, most.unwrap_or(1), page);
        }
        Some(Overlay::Messages(scroll)) => {
            let at = motion.from(usize::from(*scroll), state.messages.all.len(), page);
            *scroll = u16::try_from(at).unwrap_or(u16::MAX);
        }
        Some(Overlay::Help(_)) => {
            let count = help_lines(state).len();
            if let Some(Overlay::Help(help)) = state.overlays.last_mut() {
                help.list.cursor = motion.from(help.list.cursor, count, page);
            }
        }
        Some(
            Overlay::Palette(_)
            | Overlay::Filter(_)
            | Overlay::Confirm(_)
            | Overlay::Pin(_)
            | Overlay::Themes(_)
            | Overlay::Search(_)
            | Overlay::Note(_)
            | Overlay::Actions(_)
            | Overlay::Own(_)
            | Overlay::Act(_),
        ) => {}
        None if state.view == View::Triage => super::triage::step(state, motion, snapshot),
        None => step_view(state, motion, snapshot, page),
    }
}

/// Moves the cursor of the view.
fn step_view(state: &mut UiState, motion: Motion, snapshot: &Snapshot, page: usize) {
    if let Some((at, count)) = state.list(snapshot) {
        *at = motion.from(*at, count, page);
        return;
    }
    if state.has_lanes() && state.view == View::Board {
        return super::lanes::step(state, snapshot, motion, page);
    }
    let lines = state.rows.lines(state.board.focus).len();
    let at = state.focused().map_or(0, |column| column.at);
    select(state, snapshot, motion.from(at, lines, page));
}

/// Returns how many places the cursor has in the detail of a line.
fn detail_lines(state: &UiState, snapshot: &Snapshot, key: &RowKey) -> usize {
    match state.find(snapshot, key) {
        Some(Shown::Item { item, .. }) => item.evidence.len() + 1,
        Some(Shown::Train { train, .. }) => train.items.len() + 1,
        None => 1,
    }
}

fn page(state: &UiState) -> usize {
    let plan = state.plan();
    match (state.overlays.last(), state.view) {
        (None, View::Board) => plan.slot(state.board.focus).map_or(1, |slot| {
            if state.has_lanes() {
                return usize::from(slot.body.height / plan.card.max(1)).max(1);
            }
            let lines = state.rows.lines(state.board.focus).len();
            plan.capacity(slot, lines).0.max(1)
        }),
        (None, View::Replay) => plan.slot(state.board.focus).map_or(1, |slot| {
            usize::from(slot.body.height / plan.card.max(1)).max(1)
        }),
        (Some(_) | None, _) => usize::from(plan.body.height.saturating_sub(3).max(1)),
    }
}

/// Goes to the next column; in an open detail, to the next card.
pub(crate) fn sideways(state: &mut UiState, snapshot: &Snapshot, right: bool) {
    match state.overlays.last() {
        Some(Overlay::Detail(_)) => {
            if state.view == View::Triage {
                super::triage::beside(state, snapshot, right);
            } else {
                let motion = if right { Motion::Down } else { Motion::Up };
                step_view(state, motion, snapshot, 1);
            }
            super::open::retarget(state, snapshot);
            return;
        }
        None if state.view == View::Board && state.has_lanes() => {
            return super::lanes::sideways(state, snapshot, right);
        }
        None if matches!(state.view, View::Board | View::Replay) => {}
        None if state.view == View::Triage => return super::triage::sideways(state, right),
        None if state.view == View::Flow => return super::flow::turn(state, right),
        Some(_) | None => return,
    }
    let last = state.options.columns.len().saturating_sub(1);
    let at = state.board.focus;
    focus(
        state,
        if right {
            (at + 1).min(last)
        } else {
            at.saturating_sub(1)
        },
    );
}

/// Focuses the column of a number; says so where the configuration shows fewer.
pub(crate) fn focus_number(state: &mut UiState, column: usize, now: Timestamp) {
    let count = state.options.columns.len();
    if column >= count {
        let text = format!("there is no column {}: `columns` shows {count}", column + 1);
        state.notify(text, now);
        return;
    }
    focus(state, column);
}

/// Focuses a column and shows the board, that of the past where that is shown.
pub(crate) fn focus(state: &mut UiState, column: usize) {
    if column < state.options.columns.len() {
        if state.view != View::Replay {
            state.view = View::Board;
        }
        turn_to(state, column);
    }
}

/// Focuses a column, whatever view is shown.
pub(crate) fn turn_to(state: &mut UiState, column: usize) {
    state.board.focus = column;
    state.board.preview_scroll = 0;
    keep_window(state);
    if let Some(column) = state.board.columns.get_mut(column) {
        column.chosen = true;
    }
}

/// Goes from a column that lists nothing to the first that lists something.
pub(crate) fn to_listed(state: &mut UiState) {
    if !state.rows.lines(state.board.focus).is_empty() {
        return;
    }
    let columns = 0..state.options.columns.len();
    let listed = |column: &usize| !state.rows.lines(*column).is_empty();
    if let Some(column) = columns.into_iter().find(listed) {
        turn_to(state, column);
    }
}

/// Keeps the focused column among the open ones.
pub(crate) fn keep_window(state: &mut UiState) {
    let plan = state.plan();
    let open = plan.slots.iter().filter(|slot| slot.open).count().max(1);
    state.board.window = clamp_window(&window_want(state), open);
}

fn window_want(state: &UiState) -> crate::ui::layout::Want {
    crate::ui::layout::Want {
        columns: state.options.columns.len(),
        focus: state.board.focus,
        window: state.board.window,
        ..crate::ui::layout::Want::default()
    }
}

/// Selects a line of the focused column.
pub(crate) fn select(state: &mut UiState, snapshot: &Snapshot, at: usize) {
    let key = state
        .line(snapshot, state.board.focus, at)
        .map(|shown| shown.key());
    state.board.preview_scroll = 0;
    state.board.heading = None;
    if let Some(column) = state.board.columns.get_mut(state.board.focus) {
        column.at = at;
        column.selected = key;
        column.chosen = true;
    }
}

/// Goes to the line of this identity on the board; returns whether it is listed.
pub(crate) fn go_to(state: &mut UiState, snapshot: &Snapshot, key: &RowKey) -> bool {
    let found = bring(state, snapshot, key);
    if found {
        state.view = View::Board;
    }
    found
}

/// Brings the cursor of the board to the line of this identity, opening its train if need be;
/// the view stays. Returns whether it is listed.
pub(crate) fn bring(state: &mut UiState, snapshot: &Snapshot, key: &RowKey) -> bool {
    let Some((home, carrier)) = whereabouts(snapshot, key) else {
        return false;
    };
    let Some(column) = state
        .options
        .columns
        .iter()
        .position(|column| column.stage == home)
    else {
        return false;
    };
    let is_listed = state.has_lanes() && state.rows.lists(snapshot, column, home, key);
    if let Some(carrier) = carrier
        && !is_listed
        && state.board.opened.insert(carrier)
    {
        state.touch();
        state.refresh(snapshot, snapshot.taken_at);
    }
    super::lanes::open_for(state, snapshot, key);
    let lines = state.rows.lines(column);
    let found = lines
        .iter()
        .position(|line| line.of(snapshot, home).is_some_and(|shown| shown.is(key)));
    let Some(at) = found else {
        return false;
    };
    turn_to(state, column);
    select(state, snapshot, at);
    true
}

/// Returns the stage in which a line stands, and the train that it is in.
fn whereabouts(
    snapshot: &Snapshot,
    key: &RowKey,
) -> Option<(Stage, Option<crate::domain::key::TrainId>)> {
    use crate::engine::snapshot::Row;
    snapshot.columns.iter().find_map(|column| {
        column.rows.iter().find_map(|row| match (row, key) {
            (Row::Train(train), RowKey::Train(id)) => {
                (train.id == *id).then_some((column.stage, None))
            }
            (Row::Item(item), RowKey::Item(id)) => (item.id == *id).then_some((column.stage, None)),
            (Row::Train(train), RowKey::Item(id)) => train
                .items
                .iter()
                .any(|item| item.id == *id)
                .then(|| (column.stage, Some(train.id.clone()))),
            (Row::Item(_), RowKey::Train(_)) => None,
        })
    })
}

/// Opens all columns at once, or folds them again.
pub(crate) fn overview(state: &mut UiState) {
    state.board.overview = !state.board.overview;
    state.board.zoom = false;
    keep_window(state);
}

/// Gives the focused column all the width, or takes it back.
pub(crate) fn zoom(state: &mut UiState) {
    state.board.zoom = !state.board.zoom;
    state.board.overview = false;
    keep_window(state);
}

/// Shows or hides the preview.
pub(crate) fn preview(state: &mut UiState) -> Vec<Effect> {
    state.board.preview = !state.board.preview;
    state.board.preview_scroll = 0;
    keep_window(state);
    if state.board.preview && !state.shows_preview() {
        let text = "the preview needs a larger screen; `enter` opens the detail";
        return vec![Effect::Toast(text.to_owned())];
    }
    Vec::new()
}

/// Scrolls the preview; painting stops it at its end.
pub(crate) fn scroll_preview(state: &mut UiState, down: bool) {
    let scroll = &mut state.board.preview_scroll;
    *scroll = if down {
        scroll.saturating_add(1)
    } else {
        scroll.saturating_sub(1)
    };
}

/// Scrolls what is told of the selected source; how far that goes is known where it is painted.
pub(crate) fn scroll_source(state: &mut UiState, down: bool) {
    let before = match state.source_scroll {
        (of, scroll) if of == state.source => scroll,
        _ => 0,
    };
    let scroll = if down {
        before.saturating_add(1)
    } else {
        before.saturating_sub(1)
    };
    state.source_scroll = (state.source, scroll);
}

/// Scrolls the window of open columns; the cursor stays where it is, and in the window.
pub(crate) fn scroll_window(state: &mut UiState, right: bool) {
    let window = &mut state.board.window;
    *window = if right {
        window.saturating_add(1)
    } else {
        window.saturating_sub(1)
    };
    keep_window(state);
}

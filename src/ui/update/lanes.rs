//! Moving among lanes, and folding them.
//!
//! Up and down go through the lines of a column and the headings of folded lanes; to the side, the
//! cursor stays in its lane.

use crate::engine::snapshot::Snapshot;
use crate::ui::effect::Effect;
use crate::ui::lanes::Stop;
use crate::ui::rows::{RowKey, Shown};
use crate::ui::state::{UiState, View};
use crate::ui::update::moves::{self, Motion};

/// Moves within the focused column.
pub(crate) fn step(state: &mut UiState, snapshot: &Snapshot, motion: Motion, page: usize) {
    let column = state.board.focus;
    let Some(stops) = state.stops(column) else {
        return;
    };
    let position = stops.position(state.stop());
    let to = stops.at(motion.from(position, stops.count(), page));
    go(state, snapshot, to);
}

fn go(state: &mut UiState, snapshot: &Snapshot, to: Option<Stop>) {
    match to {
        Some(Stop::Line(at)) => moves::select(state, snapshot, at),
        Some(Stop::Heading(lane)) => {
            let name = state.lanes().get(lane).map(|lane| lane.name.clone());
            state.board.heading = name;
            state.board.preview_scroll = 0;
        }
        None => {}
    }
}

/// Goes to the next column that has a card in this lane; where none has, to the next column.
pub(crate) fn sideways(state: &mut UiState, snapshot: &Snapshot, right: bool) {
    let count = state.options.columns.len();
    let from = state.board.focus;
    let next = |column: usize| {
        if right {
            (column + 1 < count).then_some(column + 1)
        } else {
            column.checked_sub(1)
        }
    };
    let Some(beside) = next(from) else {
        return;
    };
    let lane = state.lane().filter(|_| state.board.heading.is_none());
    let Some(lane) = lane else {
        moves::turn_to(state, beside);
        return;
    };
    let at = state.focused().map_or(0, |column| column.at);
    let first = |column: usize| state.listed(column).map(|listed| listed.of_lane(lane));
    let within = at - first(from).map_or(0, |(from, _)| from.min(at));
    let mut column = Some(beside);
    let found = std::iter::from_fn(|| {
        let this = column?;
        column = next(this);
        Some(this)
    })
    .find(|column| first(*column).is_some_and(|(from, to)| to > from));
    let to = found.unwrap_or(beside);
    let (start, end) = first(to).unwrap_or_default();
    let last = state.rows.lines(to).len().saturating_sub(1);
    let to_line = (start + within)
        .min(end.saturating_sub(1).max(start))
        .min(last);
    moves::turn_to(state, to);
    moves::select(state, snapshot, to_line);
}

/// Folds the lane with the cursor, or opens it.
pub(crate) fn fold(state: &mut UiState, snapshot: &Snapshot) -> Vec<Effect> {
    if !state.has_lanes() || state.view != View::Board {
        return no_lanes();
    }
    let Some(lane) = state.lane() else {
        return Vec::new();
    };
    turn(state, snapshot, lane);
    Vec::new()
}

fn no_lanes() -> Vec<Effect> {
    vec![Effect::Toast(
        "the board has no lanes: `:lanes` makes some".to_owned(),
    )]
}

/// Folds a lane, or opens it; the cursor is on it then.
pub(crate) fn turn(state: &mut UiState, snapshot: &Snapshot, lane: usize) {
    let Some((name, folded)) = state
        .lanes()
        .get(lane)
        .map(|lane| (lane.name.clone(), lane.folded))
    else {
        return;
    };
    if folded {
        state.board.folded.remove(&name);
        state.board.heading = None;
    } else {
        state.board.folded.insert(name.clone());
        state.board.heading = Some(name);
    }
    state.touch();
    state.refresh(snapshot, snapshot.taken_at);
    if folded {
        let lines = state.listed(state.board.focus).map(|it| it.of_lane(lane));
        if let Some((from, to)) = lines.filter(|(from, to)| to > from) {
            moves::select(state, snapshot, from.min(to));
        }
    }
}

/// Folds all lanes, or opens them where one is folded.
pub(crate) fn fold_all(state: &mut UiState, snapshot: &Snapshot) -> Vec<Effect> {
    if !state.has_lanes() {
        return no_lanes();
    }
    let here = state.lane();
    let here = here.and_then(|lane| state.lanes().get(lane));
    let here = here.map(|lane| lane.name.clone());
    if state.lanes().iter().any(|lane| lane.folded) {
        state.board.folded.clear();
        state.board.heading = None;
    } else {
        let names = state.lanes().iter().map(|lane| lane.name.clone());
        state.board.folded = names.collect();
        state.board.heading = here;
    }
    state.touch();
    state.refresh(snapshot, snapshot.taken_at);
    Vec::new()
}

/// Opens the lane of a card that is gone to by name.
pub(crate) fn open_for(state: &mut UiState, snapshot: &Snapshot, key: &RowKey) {
    if !state.has_lanes() || state.board.folded.is_empty() {
        return;
    }
    let lane = match state.find(snapshot, key) {
        Some(Shown::Item { item, .. }) => state.board.group.lane_of(item).to_owned(),
        Some(Shown::Train { train, .. }) => {
            let first = train.items.first();
            first
                .map_or("", |item| state.board.group.lane_of(item))
                .to_owned()
        }
        None => return,
    };
    if state.board.folded.remove(&lane) {
        state.touch();
        state.refresh(snapshot, snapshot.taken_at);
    }
}

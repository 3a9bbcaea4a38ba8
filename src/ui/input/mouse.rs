//! The mouse: the wheel scrolls what is under it, a click selects, two open.
//!
//! Positions come from outside: every one is checked against the plan.

use ratatui::crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Position;

use crate::domain::Timestamp;
use crate::engine::snapshot::Snapshot;
use crate::ui::command::Command;
use crate::ui::effect::Effect;
use crate::ui::layout::Plan;
use crate::ui::overlay::Overlay;
use crate::ui::state::{UiState, View};
use crate::ui::update::moves::Motion;
use crate::ui::update::{lanes, moves, replay, saved, themes, triage, update};
use crate::ui::view::{Hit, To};

/// Milliseconds between two clicks that open.
const DOUBLE_MS: i64 = 400;

/// Takes one event of the mouse.
pub(super) fn on_mouse(
    state: &mut UiState,
    event: MouseEvent,
    snapshot: &Snapshot,
    now: Timestamp,
) -> Vec<Effect> {
    // A button that is let go ends what it held, wherever that is.
    if matches!(event.kind, MouseEventKind::Up(_)) {
        state.dragged = None;
    }
    // A report may be of what is outside of the screen.
    let (x, y) = (event.column, event.row);
    if x >= state.size.0 || y >= state.size.1 {
        return Vec::new();
    }
    if let Some(Overlay::Themes(_)) = state.overlays.last() {
        return themes::on_mouse(state, event);
    }
    let plan = state.plan();
    match event.kind {
        MouseEventKind::ScrollDown => wheel(state, &plan, (x, y), true, snapshot),
        MouseEventKind::ScrollUp => wheel(state, &plan, (x, y), false, snapshot),
        MouseEventKind::Down(MouseButton::Left) => {
            return click(state, &plan, (x, y), snapshot, now);
        }
        MouseEventKind::Drag(MouseButton::Left) => drag(state, x),
        MouseEventKind::Up(_)
        | MouseEventKind::Down(_)
        | MouseEventKind::Drag(_)
        | MouseEventKind::Moved
        | MouseEventKind::ScrollLeft
        | MouseEventKind::ScrollRight => {}
    }
    Vec::new()
}

/// Takes hold of the border between two columns; twice makes them as wide as they are by themselves.
fn take_border(state: &mut UiState, plan: &Plan, at: (u16, u16), now: Timestamp) -> bool {
    let has_columns = matches!(state.view, View::Board | View::Replay) && !plan.covered;
    let border = plan.border_at(at.0, at.1).filter(|_| has_columns);
    state.dragged = border;
    let Some(border) = border else {
        return false;
    };
    if is_second(state, at, now) {
        state.click = None;
        state.wider.reset(border.column);
    }
    true
}

fn drag(state: &mut UiState, x: u16) {
    let Some(border) = &mut state.dragged else {
        return;
    };
    let to = x.clamp(border.least, border.most);
    let by = i32::from(to) - i32::from(border.x);
    border.x = to;
    let by = i16::try_from(by).unwrap_or_default();
    let column = border.column;
    state.wider.shift(column, by);
}

fn wheel(state: &mut UiState, plan: &Plan, at: (u16, u16), down: bool, snapshot: &Snapshot) {
    let motion = if down { Motion::Down } else { Motion::Up };
    let in_detail = plan
        .detail
        .is_some_and(|area| area.contains(Position::from(at)));
    match state.overlays.last_mut() {
        Some(Overlay::Help(_) | Overlay::Messages(_)) => moves::step(state, motion, snapshot),
        Some(Overlay::Palette(open)) => {
            open.list.cursor = motion.from(open.list.cursor, open.entries.len(), 1);
        }
        Some(
            Overlay::Filter(_)
            | Overlay::Confirm(_)
            | Overlay::Pin(_)
            | Overlay::Themes(_)
            | Overlay::Search(_)
            | Overlay::Note(_)
            | Overlay::Actions(_)
            | Overlay::Own(_)
            | Overlay::Act(_),
        ) => {}
        Some(Overlay::Detail(_)) if in_detail => moves::step(state, motion, snapshot),
        None if in_detail => {
            moves::scroll_preview(state, down);
        }
        None if state.view == View::Triage => triage::wheel(state, snapshot, at, motion),
        None if state.view != View::Board => moves::step(state, motion, snapshot),
        Some(Overlay::Detail(_)) | None => {
            if state.has_lanes() && state.overlays.is_empty() {
                moves::step(state, motion, snapshot);
            } else if let Some((column, _)) = plan.at(at.0, at.1) {
                scroll_column(state, plan, column, down, snapshot);
            }
        }
    }
}

/// Scrolls a column; its selection stays on the screen.
fn scroll_column(state: &mut UiState, plan: &Plan, column: usize, down: bool, snapshot: &Snapshot) {
    let Some(slot) = plan.slot(column) else {
        return;
    };
    let lines = state.rows.lines(column).len();
    let (capacity, _) = plan.capacity(slot, lines);
    let Some(known) = state.board.columns.get(column) else {
        return;
    };
    let most = lines.saturating_sub(capacity);
    let offset = if down {
        (known.offset + 1).min(most)
    } else {
        known.offset.saturating_sub(1)
    };
    let last = (offset + capacity.max(1)).min(lines).saturating_sub(1);
    let at = known.at.clamp(offset.min(last), last);
    let key = state.line(snapshot, column, at).map(|shown| shown.key());
    if let Some(known) = state.board.columns.get_mut(column) {
        known.offset = offset;
        known.at = at;
        known.selected = key;
        known.chosen = true;
    }
}

fn click(
    state: &mut UiState,
    plan: &Plan,
    at: (u16, u16),
    snapshot: &Snapshot,
    now: Timestamp,
) -> Vec<Effect> {
    if !state.overlays.is_empty() || take_border(state, plan, at, now) {
        return Vec::new();
    }
    if state.view == View::Replay {
        return in_the_past(state, plan, at, snapshot, now);
    }
    if plan.covered {
        return Vec::new();
    }
    if state.view == View::Triage {
        triage::click(state, snapshot, at);
        return Vec::new();
    }
    let listed = crate::ui::view::list_at(state, snapshot, plan.body, at.1);
    if let Some((cursor, _)) = state.list(snapshot) {
        *cursor = listed.unwrap_or(*cursor);
        return Vec::new();
    }
    if let Some(to) = crate::ui::view::tab_at(state, plan, at) {
        return match to {
            To::View(name) => saved::apply(state, &name),
            To::Whole => saved::whole(state),
        };
    }
    let Some((column, line)) = plan.at(at.0, at.1) else {
        return Vec::new();
    };
    let twice = is_second(state, at, now);
    if state.has_lanes() && line.is_some() {
        return in_lanes(state, plan, at, twice, snapshot, now);
    }
    moves::focus(state, column);
    let offset = state.focused().map_or(0, |column| column.offset);
    let Some(line) = line.map(|line| line + offset) else {
        return Vec::new();
    };
    if line >= state.rows.lines(column).len() {
        return Vec::new();
    }
    moves::select(state, snapshot, line);
    if twice {
        state.click = None;
        return update(state, Command::Open, snapshot, now);
    }
    Vec::new()
}

/// Takes a click on the lanes: a heading folds or opens its lane.
fn in_lanes(
    state: &mut UiState,
    plan: &Plan,
    at: (u16, u16),
    twice: bool,
    snapshot: &Snapshot,
    now: Timestamp,
) -> Vec<Effect> {
    match crate::ui::view::lane_at(state, plan, at) {
        Some(Hit::Heading(lane)) => lanes::turn(state, snapshot, lane),
        Some(Hit::Line(column, line)) => {
            moves::turn_to(state, column);
            moves::select(state, snapshot, line);
            if twice {
                state.click = None;
                return update(state, Command::Open, snapshot, now);
            }
        }
        None => {}
    }
    Vec::new()
}

/// Returns whether a click is the second one at its place.
fn is_second(state: &mut UiState, at: (u16, u16), now: Timestamp) -> bool {
    let before = state.click.replace((now, at.0, at.1));
    before.is_some_and(|(before, x, y)| {
        (x, y) == at && (now - before).num_milliseconds() <= DOUBLE_MS
    })
}

/// Takes a click on the board of the past.
fn in_the_past(
    state: &mut UiState,
    plan: &Plan,
    at: (u16, u16),
    snapshot: &Snapshot,
    now: Timestamp,
) -> Vec<Effect> {
    let on_card = replay::click(state, plan, Position::from(at));
    if is_second(state, at, now) && on_card {
        state.click = None;
        return update(state, Command::Open, snapshot, now);
    }
    Vec::new()
}

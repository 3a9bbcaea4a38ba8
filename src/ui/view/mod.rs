//! From snapshot and state to a frame.
//!
//! Paints what is visible and touches nothing else; the state is changed in its
//! scroll offsets and in what it was seen to show. Every age that is painted is noted, so that the shell
//! knows when to paint again.

use chrono::TimeDelta;
use ratatui::Frame;
use ratatui::layout::Rect;

use crate::domain::Timestamp;
use crate::engine::snapshot::Snapshot;
use crate::ui::command::Command;
use crate::ui::layout::{Plan, Size};
use crate::ui::overlay::Overlay;
use crate::ui::state::{UiState, View};
use crate::ui::text::{Paint, width};
use crate::ui::theme::{Role, Theme};
use crate::ui::{own, rest};

mod attention;
mod board;
mod card;
mod empty;
mod flow;
mod footer;
mod header;
mod lanes;
mod overlay;
mod replay;
mod sources;
mod standup;
mod tabs;
mod triage;
mod wall;
mod wellness;

#[cfg(test)]
mod tests;

pub(crate) use lanes::{Hit, at as lane_at};
pub(crate) use overlay::help::entries as help_lines;
pub(crate) use replay::slider;
pub(crate) use tabs::{To, at as tab_at};

/// Keys of a sequence wait this long before what may follow is listed.
const HINT_AFTER_MS: i64 = 300;

/// Paints a frame.
pub fn frame(
    frame: &mut Frame<'_>,
    state: &mut UiState,
    snapshot: &Snapshot,
    theme: &Theme,
    now: Timestamp,
) {
    let area = frame.area();
    state.size = (area.width, area.height);
    state.messages.expire(now);
    state.refresh(snapshot, now);
    let plan = state.plan();
    state.scroll_to_selection(&plan);
    let moves_until = state.rest.moves_until(now);
    let known = moves_until.map(|_| state.rest.links());
    let mut paint = Paint::new(frame.buffer_mut(), theme, now).linking(state.links, known);
    if let Some(end) = state.hides.next_end(now) {
        paint.note(end);
    }
    paint.style(area, theme.ground());
    if state.wall.is_some() {
        wall::paint(&mut paint, state, snapshot);
    } else {
        screen(&mut paint, state, snapshot, &plan);
    }
    if let Some(due) = crate::ui::history::due(state, snapshot) {
        paint.note(due);
    }
    let (linked, holds_links) = paint.linked();
    state.rest.keep_links(linked);
    let (rolls_at, cursor) = paint.notes();
    let is_owed = state
        .rest
        .limit(frame.buffer_mut(), cursor, moves_until.is_some());
    let rests_at = moves_until.filter(|_| holds_links || is_owed);
    state.rolls_at = rolls_at.into_iter().chain(rests_at).min();
    if moves_until.is_none() {
        state.rest.end();
    }
    if let Some(cursor) = cursor {
        frame.set_cursor_position(cursor);
    }
}

/// Returns when something visible changes by the clock alone: an age, a message, a hint.
///
/// The moments were noted while the last frame was painted; a change of the
/// state or of the snapshot calls for a new frame anyway.
pub fn next_change(state: &UiState, _snapshot: &Snapshot, now: Timestamp) -> Option<Timestamp> {
    // A moment that has passed in between is due now.
    state.rolls_at.map(|at| at.max(now))
}

fn screen(paint: &mut Paint<'_>, state: &mut UiState, snapshot: &Snapshot, plan: &Plan) {
    let in_past = state.view == View::Replay;
    match (plan.size, in_past) {
        (Size::Tiny, true) => return replay::one_line(paint, state),
        (Size::Tiny, false) => return header::one_line(paint, state, snapshot),
        (Size::Narrow | Size::Wide, true) => replay::header(paint, state, snapshot, plan),
        (Size::Narrow | Size::Wide, false) => header::paint(paint, state, snapshot, plan),
    }
    if !in_past {
        tabs::paint(paint, state, plan);
    }
    match state.view {
        View::Board
        | View::Triage
        | View::Attention
        | View::Standup
        | View::Flow
        | View::Sources
        | View::Replay
            if plan.covered => {}
        View::Board => board::paint(paint, state, snapshot, plan),
        View::Triage => triage::paint(paint, state, snapshot, plan.body),
        View::Attention => attention::paint(paint, state, snapshot, plan.body),
        View::Standup => standup::paint(paint, state, snapshot, plan.body),
        View::Flow => flow::paint(paint, state, snapshot, plan.body),
        View::Sources => sources::paint(paint, state, snapshot, plan.body),
        View::Replay => replay::paint(paint, state, snapshot, plan),
    }
    match plan.detail {
        Some(area) if in_past => replay::detail(paint, state, snapshot, area),
        Some(area) => overlay::detail::paint(paint, state, snapshot, area),
        None => {}
    }
    rest::hold(paint, state, snapshot, plan);
    footer::paint(paint, state, snapshot, plan);
    overlays(paint, state, snapshot, plan);
    hints(paint, state, plan);
}

/// Returns the line of a view that is one list, in this row of the screen.
pub(crate) fn list_at(state: &UiState, snapshot: &Snapshot, area: Rect, y: u16) -> Option<usize> {
    match state.view {
        View::Board | View::Triage | View::Standup | View::Replay => None,
        View::Attention => attention::at(state, area, y),
        View::Flow => flow::at(state, area, y),
        View::Sources => sources::at(state, snapshot, area, y),
    }
}

/// Returns the part of a view that shows the selected line of its list at large.
pub(crate) fn beside_list(state: &UiState, snapshot: &Snapshot, area: Rect) -> Option<Rect> {
    match state.view {
        View::Standup => standup::large(state, snapshot, area),
        View::Flow => flow::large(state, area),
        View::Sources => Some(sources::large(state, snapshot, area)),
        View::Board | View::Triage | View::Attention | View::Replay => None,
    }
}

fn overlays(paint: &mut Paint<'_>, state: &mut UiState, snapshot: &Snapshot, plan: &Plan) {
    let mut open = std::mem::take(&mut state.overlays);
    for layer in &mut open {
        match layer {
            // The detail has a place of its own and was painted with the board.
            Overlay::Detail(_) => {}
            Overlay::Help(help) => overlay::help::paint(paint, state, help, plan),
            Overlay::Palette(palette) => overlay::palette::paint(paint, state, palette, plan),
            Overlay::Filter(line) => overlay::filter::paint(paint, state, line, plan),
            Overlay::Confirm(confirm) => overlay::confirm::paint(paint, confirm, plan),
            Overlay::Pin(menu) => overlay::pin::paint(paint, state, menu, plan),
            Overlay::Search(line) => overlay::search::paint(paint, line, plan),
            Overlay::Note(line) => overlay::note::paint(paint, line, plan),
            Overlay::Actions(menu) => overlay::actions::paint(paint, menu, plan),
            Overlay::Own(menu) => overlay::own::paint(paint, state, snapshot, menu, plan),
            Overlay::Act(act) => overlay::act::paint(paint, snapshot, act, plan),
            Overlay::Themes(menu) => overlay::themes::paint(paint, state, menu, plan),
            Overlay::Messages(scroll) => {
                overlay::messages::paint(paint, state, snapshot, scroll, plan);
            }
        }
    }
    state.overlays = open;
}

/// What may follow the keys pressed so far, once they have waited a little.
fn hints(paint: &mut Paint<'_>, state: &UiState, plan: &Plan) {
    if state.pending.is_empty() {
        return;
    }
    let due = state.pending_since + TimeDelta::milliseconds(HINT_AFTER_MS);
    if paint.now < due {
        paint.note(due);
        return;
    }
    let theme = paint.theme;
    let glyphs = theme.glyphs();
    let hints = state
        .options
        .keymap
        .hints(state.scope(), &state.pending, glyphs);
    let told = |command: &Command| own::help(&state.options, *command);
    let texts = hints.iter().map(|(_, command)| width(told(command)));
    let keys = hints.iter().map(|(key, _)| width(key));
    let keys = keys.max().unwrap_or_default().clamp(3, 12);
    let height = crate::ui::text::cols(hints.len()) + 2;
    // As wide as its longest line, if there is room.
    let wanted = texts.max().unwrap_or_default().saturating_add(keys + 5);
    let width = wanted.max(44).min(plan.body.width);
    let height = height.min(plan.body.height);
    let area = Rect::new(
        plan.body.right() - width,
        plan.body.bottom() - height,
        width,
        height,
    );
    let title = crate::ui::keymap::sequence_label(&state.pending, glyphs);
    let inside = paint.boxed(area, &title);
    for (y, (key, command)) in (inside.top()..inside.bottom()).zip(&hints) {
        paint.text(inside.x + 1, y, keys, key, theme.style(Role::Key));
        let x = inside.x + keys + 2;
        let left = inside.right().saturating_sub(x);
        paint.text(x, y, left, told(command), theme.style(Role::Text));
    }
}

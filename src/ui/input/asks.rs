//! Keys where something is asked: a search of the log, the menu of actions, the question before one.
//!
//! The default of a question is No. Enter never confirms, and keys that were
//! typed before the question was on the screen are no answer.

use ratatui::crossterm::event::KeyCode;

use crate::domain::Timestamp;
use crate::engine::snapshot::Snapshot;
use crate::ui::chord::Chord;
use crate::ui::effect::Effect;
use crate::ui::input::edit_of;
use crate::ui::overlay::Overlay;
use crate::ui::state::UiState;
use crate::ui::update::moves::Motion;
use crate::ui::update::{action, triage};

/// Takes a key while a search is written.
pub(super) fn in_search(state: &mut UiState, chord: Chord) -> Vec<Effect> {
    if chord.is(KeyCode::Enter) {
        return triage::log::accept(state);
    }
    if chord.is(KeyCode::Esc) {
        state.overlays.pop();
        return Vec::new();
    }
    let last = state.triage.log.searched.clone();
    let Some(Overlay::Search(line)) = state.overlays.last_mut() else {
        return Vec::new();
    };
    if chord.is(KeyCode::Up) {
        line.input = tui_input::Input::new(last);
        triage::log::edited(line);
    } else if let Some(request) = edit_of(chord) {
        line.input.handle(request);
        triage::log::edited(line);
    }
    Vec::new()
}

/// Takes a key in the menu of actions.
pub(super) fn in_actions(state: &mut UiState, chord: Chord) -> Vec<Effect> {
    let Some(Overlay::Actions(menu)) = state.overlays.last_mut() else {
        return Vec::new();
    };
    let step = match (chord.code(), chord.character()) {
        (KeyCode::Up, _) | (_, Some('k')) => Some(Motion::Up),
        (KeyCode::Down, _) => Some(Motion::Down),
        _ => None,
    };
    if let Some(motion) = step {
        menu.cursor = motion.from(menu.cursor, menu.entries.len(), 1);
        return Vec::new();
    }
    if chord.is(KeyCode::Enter) {
        let at = menu.cursor;
        return action::choose(state, at);
    }
    let letter = chord.character();
    let mut entries = menu.entries.iter();
    if let Some(at) = entries.position(|entry| Some(action::letter(entry.verb)) == letter) {
        menu.cursor = at;
        return action::choose(state, at);
    }
    if chord.is(KeyCode::Esc) || letter == Some('q') {
        state.overlays.pop();
    }
    Vec::new()
}

/// Takes a key at the question before an action.
pub(super) fn in_act(
    state: &mut UiState,
    chord: Chord,
    snapshot: &Snapshot,
    now: Timestamp,
) -> Vec<Effect> {
    let Some(Overlay::Act(act)) = state.overlays.last() else {
        return Vec::new();
    };
    // Away is always possible, also while the target is still being read.
    if chord.is(KeyCode::Esc) {
        return action::dismiss(state);
    }
    if !act.listens(now) {
        return Vec::new();
    }
    let is_over = action::asked(snapshot, act).ready == 0;
    if chord.is(KeyCode::Backspace) {
        action::digit(state, None);
        return Vec::new();
    }
    match chord.character() {
        Some('y' | 'Y') if !is_over => action::confirm(state, snapshot, now),
        Some(digit @ '0'..='9') => {
            action::digit(state, Some(digit));
            Vec::new()
        }
        Some('n' | 'N' | 'q') => action::dismiss(state),
        Some(_) | None if is_over || chord.is(KeyCode::Enter) => action::dismiss(state),
        Some(_) | None => Vec::new(),
    }
}

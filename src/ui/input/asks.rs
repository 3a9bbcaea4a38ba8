//! Keys where something is asked: a search of the log, a note, the menu of actions, the question before one.
//!
//! The default of a question is No. Enter confirms only behind the name of production, typed out;
//! keys that were typed before the question was on the screen are no answer.

use ratatui::crossterm::event::KeyCode;

use crate::domain::Timestamp;
use crate::engine::snapshot::Snapshot;
use crate::ui::chord::Chord;
use crate::ui::effect::Effect;
use crate::ui::input::edit_of;
use crate::ui::overlay::{ActionEntry, Overlay};
use crate::ui::state::UiState;
use crate::ui::update::moves::Motion;
use crate::ui::update::{action, question, standup, triage};

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

/// Takes a key while a note is written.
pub(super) fn in_note(state: &mut UiState, chord: Chord) -> Vec<Effect> {
    if chord.is(KeyCode::Enter) {
        return standup::parked(state);
    }
    if chord.is(KeyCode::Esc) {
        state.overlays.pop();
    } else if let (Some(request), Some(Overlay::Note(line))) =
        (edit_of(chord), state.overlays.last_mut())
    {
        line.input.handle(request);
    }
    Vec::new()
}

/// Takes a key in the menu of actions.
pub(super) fn in_actions(
    state: &mut UiState,
    chord: Chord,
    snapshot: &Snapshot,
    now: Timestamp,
) -> Vec<Effect> {
    let Some(Overlay::Actions(menu)) = state.overlays.last_mut() else {
        return Vec::new();
    };
    let step = match (chord.code(), chord.character()) {
        (KeyCode::Up, _) | (_, Some('k')) => Some(Motion::Up),
        (KeyCode::Down, _) => Some(Motion::Down),
        _ => None,
    };
    if let Some(motion) = step {
        menu.cursor = motion.from(menu.cursor, menu.entries.len() + menu.own.len(), 1);
        return Vec::new();
    }
    if chord.is(KeyCode::Enter) {
        let at = menu.cursor;
        return action::choose(state, snapshot, at, now);
    }
    let letter = chord.character();
    let has = |entry: &ActionEntry| Some(entry.verb.about().key) == letter;
    let mut entries = menu.entries.iter();
    if let Some(at) = entries.position(has) {
        menu.cursor = at;
        // Of several gates, which one is said with the cursor; what nothing waits for always is.
        let meant = menu.entries.iter().filter(|entry| has(entry));
        if meant.filter(|entry| !entry.optional).count() == 1 {
            return action::choose(state, snapshot, at, now);
        }
        return Vec::new();
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
        return question::dismiss(state);
    }
    if question::name_to_type(snapshot, act).is_some() {
        return in_name(state, chord, snapshot, now);
    }
    let listens = act.listens(now);
    let is_over = question::asked(snapshot, act).ready == 0;
    let says_yes = matches!(chord.character(), Some('y' | 'Y')) && !is_over;
    if says_yes {
        return question::confirm(state, snapshot, now);
    }
    if let Some(motion) = motion(chord)
        && question::scroll(state, motion)
    {
        return Vec::new();
    }
    if !listens {
        return Vec::new();
    }
    if chord.is(KeyCode::Backspace) {
        question::typed(state, None);
        return Vec::new();
    }
    match chord.character() {
        Some(digit @ '0'..='9') => {
            question::typed(state, Some(digit));
            Vec::new()
        }
        Some('n' | 'N' | 'q') => question::dismiss(state),
        Some(_) | None if is_over || chord.is(KeyCode::Enter) => question::dismiss(state),
        Some(_) | None => Vec::new(),
    }
}

/// Takes a key while the name of production is typed: letters are its letters.
fn in_name(state: &mut UiState, chord: Chord, snapshot: &Snapshot, now: Timestamp) -> Vec<Effect> {
    let listens = match state.overlays.last() {
        Some(Overlay::Act(act)) => act.listens(now),
        Some(_) | None => false,
    };
    if chord.is(KeyCode::Enter) {
        return question::confirm(state, snapshot, now);
    }
    let arrow = chord.character().is_none().then(|| motion(chord)).flatten();
    if let Some(motion) = arrow {
        question::scroll(state, motion);
    } else if listens && chord.is(KeyCode::Backspace) {
        question::typed(state, None);
    } else if let Some(letter) = chord.character().filter(|_| listens) {
        question::typed(state, Some(letter));
    }
    Vec::new()
}

/// Returns how a key moves in the lines of a question.
fn motion(chord: Chord) -> Option<Motion> {
    match (chord.code(), chord.character()) {
        (KeyCode::Down, _) | (_, Some('j')) => Some(Motion::Down),
        (KeyCode::Up, _) | (_, Some('k')) => Some(Motion::Up),
        (KeyCode::PageDown, _) | (_, Some(' ')) => Some(Motion::PageDown),
        (KeyCode::PageUp, _) => Some(Motion::PageUp),
        _ => None,
    }
}

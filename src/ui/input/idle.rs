//! Keys that do nothing here, and messages that go with the next one that does something.

use ratatui::crossterm::event::KeyCode;

use crate::domain::Timestamp;
use crate::ui::chord::Chord;
use crate::ui::command::Command;
use crate::ui::effect::Effect;
use crate::ui::glyphs::Glyphs;
use crate::ui::keymap::{Keymap, sequence_label};
use crate::ui::state::UiState;

/// Milliseconds within which keys follow one another that nobody presses one by one.
const FLOOD_MS: i64 = 60;

/// Notes when a key was pressed.
pub(super) fn pressed(state: &mut UiState, now: Timestamp) {
    state.pressed.before = std::mem::replace(&mut state.pressed.at, now);
}

/// Takes what was answered before off the screen: what a key does is seen, and so is what it says.
pub(super) fn goes_on(state: &mut UiState, command: Command, now: Timestamp) {
    use Command as C;
    // A move repaints few cells, as it must where lines are slow.
    let moves = matches!(command, C::Down | C::Up | C::Left | C::Right);
    if moves {
        state.pressed.useless = None;
    } else if command != C::Back {
        // Going back takes messages away by itself, before anything else.
        state.goes_on(now);
    }
}

/// Says of a key that it does nothing here: once until another is pressed, and never where keys
/// come as fast as pasted text.
pub(super) fn told(
    state: &mut UiState,
    keymap: &Keymap,
    pressed: &[Chord],
    now: Timestamp,
) -> Vec<Effect> {
    let is_key = |chord: &Chord| matches!(chord.code(), KeyCode::Char(_) | KeyCode::F(_));
    let is_flood = (now - state.pressed.before).num_milliseconds().abs() < FLOOD_MS;
    let is_told = state.pressed.useless.as_deref() == Some(pressed);
    if is_flood || is_told || !pressed.iter().all(is_key) {
        return Vec::new();
    }
    state.goes_on(now);
    state.pressed.useless = Some(pressed.to_vec());
    let key = sequence_label(pressed, Glyphs::Ascii);
    let help = keymap.label(Command::Help, Glyphs::Ascii);
    let help = help.map_or_else(String::new, |help| format!(", {help} shows the keys"));
    vec![Effect::Toast(format!("`{key}` does nothing here{help}"))]
}

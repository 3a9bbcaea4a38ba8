//! What is typed while the first stand-up is still being prepared: it is done once there is one.
//!
//! Without that, `m` and the note behind it would be keys of an empty view: the one lost, the
//! others commands. What leads elsewhere is done at once, as long as nothing waits.

use std::sync::Arc;

use ratatui::crossterm::event::KeyCode;

use super::on_key;
use crate::domain::Timestamp;
use crate::engine::snapshot::Snapshot;
use crate::ui::chord::Chord;
use crate::ui::command::{Command, Scope};
use crate::ui::effect::Effect;
use crate::ui::keymap::{Keymap, Match};
use crate::ui::state::{UiState, View};
use crate::ui::update::settle;

/// The most keys that are kept.
const MOST: usize = 200;

/// Keeps a key that needs what is not there yet; returns what is said of it, or nothing where the
/// key is to be done now.
pub(super) fn keep(state: &mut UiState, keymap: &Keymap, chord: Chord) -> Option<Vec<Effect>> {
    let is_awaited = state.view == View::Standup && state.standup.prepared.is_none();
    if !is_awaited {
        return None;
    }
    let told = |text: &str| Some(vec![Effect::Toast(text.to_owned())]);
    if !state.standup.typed.is_empty() {
        if chord.is(KeyCode::Esc) {
            state.standup.typed.clear();
            return told("what was typed ahead is dropped");
        }
        if state.standup.typed.len() >= MOST {
            return told("too much is typed ahead; esc drops it");
        }
        state.standup.typed.push(chord);
        return Some(Vec::new());
    }
    if !state.overlays.is_empty() {
        return None;
    }
    let mut pressed = state.pending.clone();
    pressed.push(chord);
    let Match::Command(command) = keymap.lookup(state.scope(), &pressed) else {
        return None;
    };
    if !needs_it(command) {
        return None;
    }
    state.pending.clear();
    state.standup.typed = pressed;
    told("done as soon as the stand-up is prepared; esc drops it")
}

/// Returns whether a command is about what is prepared.
fn needs_it(command: Command) -> bool {
    use Command as C;
    let moves = [C::Down, C::Up, C::Left, C::Right, C::Top, C::Bottom];
    let of_card = [C::Open, C::Detail, C::OpenInBrowser, C::CopyKey, C::CopyUrl];
    let is_about_it = command.row().scope == Scope::Standup;
    is_about_it || moves.contains(&command) || of_card.contains(&command)
}

/// Does what was typed, once there is a stand-up.
pub fn catch_up(state: &mut UiState, snapshot: &Snapshot, now: Timestamp) -> Vec<Effect> {
    if state.standup.prepared.is_none() {
        return Vec::new();
    }
    let typed = std::mem::take(&mut state.standup.typed);
    let mut effects = Vec::new();
    if state.view != View::Standup {
        return effects;
    }
    let keymap = Arc::clone(&state.options.keymap);
    for chord in typed {
        state.refresh(snapshot, now);
        effects.extend(on_key(state, &keymap, chord, snapshot, now));
    }
    state.refresh(snapshot, now);
    effects.extend(settle(state, snapshot, now));
    effects
}

//! What is typed while a view still waits for its first content: it is done once that is there.
//!
//! Without that, `m` and the note behind it would be keys of an empty stand-up: the one lost, the
//! others commands; and `j enter` in the flow view would open what nobody chose. What leads
//! elsewhere is done at once, as long as nothing waits.

use std::sync::Arc;

use ratatui::crossterm::event::KeyCode;

use super::on_key;
use crate::domain::Timestamp;
use crate::engine::snapshot::Snapshot;
use crate::ui::chord::Chord;
use crate::ui::command::{Command, Scope};
use crate::ui::effect::Effect;
use crate::ui::keymap::{Keymap, Match};
use crate::ui::state::{Ahead, UiState, View};
use crate::ui::update::settle;

/// The most keys that are kept.
const MOST: usize = 200;

/// Returns what the view waits for, in words; nothing where it is there, or cannot be had.
fn awaited(state: &UiState) -> Option<&'static str> {
    match state.view {
        View::Standup if state.standup.prepared.is_none() => Some("the stand-up is prepared"),
        View::Flow if state.flow.report.is_none() && state.recall.trouble.is_none() => {
            Some("flow is measured")
        }
        View::Board
        | View::Triage
        | View::Attention
        | View::Standup
        | View::Flow
        | View::Replay
        | View::Sources => None,
    }
}

/// Keeps a key that needs what is not there yet; returns what is said of it, or nothing where the
/// key is to be done now.
pub(super) fn keep(state: &mut UiState, keymap: &Keymap, chord: Chord) -> Option<Vec<Effect>> {
    let what = awaited(state)?;
    let view = state.view;
    let told = |text: String| Some(vec![Effect::Toast(text)]);
    if let Some(ahead) = state.ahead.as_mut().filter(|ahead| ahead.view == view) {
        if chord.is(KeyCode::Esc) {
            state.ahead = None;
            return told("what was typed ahead is dropped".to_owned());
        }
        if ahead.keys.len() >= MOST {
            return told("too much is typed ahead; esc drops it".to_owned());
        }
        ahead.keys.push(chord);
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
    if !needs_it(view, command) {
        return None;
    }
    state.pending.clear();
    state.ahead = Some(Ahead {
        view,
        keys: pressed,
    });
    told(format!("done as soon as {what}; esc drops it"))
}

/// Returns whether a command is about what is prepared.
fn needs_it(view: View, command: Command) -> bool {
    use Command as C;
    let moves = [C::Down, C::Up, C::Top, C::Bottom];
    let of_card = [C::Open, C::Detail, C::OpenInBrowser, C::CopyKey, C::CopyUrl];
    let is_about_it = if view == View::Flow {
        // Another page or window needs nothing that is there.
        matches!(command, C::FlowScope | C::CopyPage)
    } else {
        command.row().scope == Scope::Standup || matches!(command, C::Left | C::Right)
    };
    is_about_it || moves.contains(&command) || of_card.contains(&command)
}

/// Does what was typed, once what it is about is there, or cannot be had.
pub fn catch_up(state: &mut UiState, snapshot: &Snapshot, now: Timestamp) -> Vec<Effect> {
    if awaited(state).is_some() {
        return Vec::new();
    }
    let typed = state.ahead.take();
    let mut effects = Vec::new();
    let Some(ahead) = typed.filter(|ahead| ahead.view == state.view) else {
        return effects;
    };
    let keymap = Arc::clone(&state.options.keymap);
    for chord in ahead.keys {
        state.refresh(snapshot, now);
        effects.extend(on_key(state, &keymap, chord, snapshot, now));
    }
    state.refresh(snapshot, now);
    effects.extend(settle(state, snapshot, now));
    effects
}

//! The key that closed a question and is still held: it is no command.

use chrono::TimeDelta;

use crate::domain::Timestamp;
use crate::ui::chord::Chord;
use crate::ui::overlay::Overlay;
use crate::ui::state::{Answered, UiState};

/// Milliseconds after which a keyboard repeats a key that is held, at most.
const FIRST_REPEAT_MS: i64 = 700;
/// Milliseconds between two repeats, at most, over a slow line.
const REPEAT_MS: i64 = 300;

/// Notes the key that closed a question.
pub(super) fn note_answer(state: &mut UiState, chord: Chord, now: Timestamp) {
    let asks = matches!(
        state.overlays.last(),
        Some(Overlay::Act(_) | Overlay::Confirm(_))
    );
    state.answered = (!asks).then(|| Answered {
        chord,
        until: now + TimeDelta::milliseconds(FIRST_REPEAT_MS),
    });
}

/// Returns whether a key is the answer to the last question, held on: it is no command.
pub(super) fn is_held(state: &mut UiState, chord: Chord, now: Timestamp) -> bool {
    let Some(answered) = state.answered.take() else {
        return false;
    };
    let held = answered.chord == chord && now <= answered.until;
    if held {
        let until = now + TimeDelta::milliseconds(REPEAT_MS);
        state.answered = Some(Answered {
            until: until.max(answered.until),
            ..answered
        });
    }
    held
}

//! What is remembered of keys between two events: an answer held down, what was typed ahead.

use crate::domain::Timestamp;
use crate::ui::chord::Chord;
use crate::ui::state::View;

/// The key that closed a question.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Answered {
    /// The key.
    pub(crate) chord: Chord,
    /// Until when it means nothing.
    pub(crate) until: Timestamp,
}

/// Keys that wait until a view has what they are about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Ahead {
    /// Where they were typed.
    pub(crate) view: View,
    /// The keys.
    pub(crate) keys: Vec<Chord>,
}

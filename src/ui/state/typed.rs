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

/// When keys were pressed, and what was said of one that does nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pressed {
    /// When the last one was.
    pub(crate) at: Timestamp,
    /// When the one before it was.
    pub(crate) before: Timestamp,
    /// The key of which it was said last that it does nothing here.
    pub(crate) useless: Option<Vec<Chord>>,
}

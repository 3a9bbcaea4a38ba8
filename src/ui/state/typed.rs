//! What is remembered of keys between two events: a sequence of the terminal's, an answer held down,
//! what was typed ahead.

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

/// Where in a terminal's own sequence the input may be.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Escape {
    /// In none.
    #[default]
    None,
    /// An Esc came at this moment: it may be the first part of an arrow key.
    Lone(Timestamp),
    /// After Esc and `[` or `O`.
    Csi(Timestamp),
    /// In a late answer to a question, until its end or this moment.
    Answer(Timestamp),
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

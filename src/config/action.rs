//! What a source may be allowed to change, as words of `writes`.
//!
//! Only the words: what an action does, and to what, is the adapters'.

/// Something that may be changed at a source.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Action {
    /// Run again what failed, or all of a run.
    Rerun,
    /// Stop a run.
    Cancel,
    /// Let a gate pass, or approve a change request.
    Approve,
    /// Refuse a gate.
    Reject,
    /// Deploy a version to the next environment.
    Promote,
    /// Deploy the version that was good before.
    Rollback,
    /// Say that somebody looks after an alert.
    Acknowledge,
    /// Keep an alert quiet for a while.
    Silence,
    /// Make a ticket of an alert.
    Ticket,
    /// Write a comment.
    Comment,
    /// Give a card to somebody.
    Assign,
    /// Put a label on a card or take it away.
    Label,
    /// Merge a change request.
    Merge,
}

impl Action {
    /// Every action, in the order in which the reference lists them.
    pub const ALL: [Self; 13] = [
        Self::Rerun,
        Self::Cancel,
        Self::Approve,
        Self::Reject,
        Self::Promote,
        Self::Rollback,
        Self::Acknowledge,
        Self::Silence,
        Self::Ticket,
        Self::Comment,
        Self::Assign,
        Self::Label,
        Self::Merge,
    ];

    /// Returns its word in `writes`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rerun => "rerun",
            Self::Cancel => "cancel",
            Self::Approve => "approve",
            Self::Reject => "reject",
            Self::Promote => "promote",
            Self::Rollback => "rollback",
            Self::Acknowledge => "acknowledge",
            Self::Silence => "silence",
            Self::Ticket => "ticket",
            Self::Comment => "comment",
            Self::Assign => "assign",
            Self::Label => "label",
            Self::Merge => "merge",
        }
    }

    /// Returns the action of this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.as_str() == word)
    }
}

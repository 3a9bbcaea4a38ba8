//! How a source stands: what it can do, what was tried, what kind of trouble there is.

use crate::domain::text::Clean;

/// One thing that was tried, and what came of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Check {
    /// What was tried, in a word.
    pub name: &'static str,
    /// What came of it.
    pub state: CheckState,
    /// The same in words.
    pub text: Clean,
    /// What to do.
    pub hint: Option<Clean>,
    /// What is wrong, where what to do depends on who asks.
    pub trouble: Option<Trouble>,
}

/// What is wrong, as far as what to do about it depends on who asks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Trouble {
    /// The token is refused, or one is wanted.
    Token,
    /// The host does not answer.
    Host,
    /// It answers, and says that something is wrong with it.
    Server,
}

/// What came of something that was tried.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CheckState {
    /// It works.
    Fine,
    /// The board works without, but a person should know.
    Note,
    /// The board will miss it.
    Failed,
    /// The token is refused.
    Refused,
}

/// What a server and a token can do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Capability {
    /// What it is about, e.g. `graphql`, `job logs`, `code scanning alerts`.
    pub name: &'static str,
    /// Whether it is there.
    pub state: CapabilityState,
}

/// Whether something can be done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum CapabilityState {
    /// Not tried yet.
    Unknown,
    /// It can.
    Available,
    /// It cannot, and why: `token lacks Actions: read`.
    Missing(Clean),
}

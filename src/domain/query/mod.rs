//! The filter language: parse once, match every card.
//!
//! The same language filters the board, names saved views, bounds WIP and
//! selects on the command line. It knows cards only, no columns on a screen.

use crate::domain::Timestamp;
use crate::domain::item::WorkItem;

/// A parsed filter; the empty one matches everything.
#[derive(Clone, Debug, Default)]
pub struct Query {
    text: String,
}

/// What a match may look at besides the card.
#[derive(Clone, Debug)]
pub struct QueryContext {
    /// The current time.
    pub now: Timestamp,
    /// The logins that `@me` stands for.
    pub me: Vec<String>,
}

/// Why a filter was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} at column {}", .start + 1)]
pub struct QueryError {
    /// What is wrong, in words, without the position.
    pub message: String,
    /// First byte of the part that is wrong.
    pub start: usize,
    /// Byte after that part.
    pub end: usize,
    /// What was probably meant.
    pub nearest: Option<String>,
}

impl Query {
    /// Parses a filter.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        Ok(Self {
            text: text.to_owned(),
        })
    }

    /// Returns the text that it was parsed from.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns whether it matches everything.
    pub fn is_empty(&self) -> bool {
        self.text.trim().is_empty()
    }

    /// Returns whether the card matches.
    pub fn matches(&self, item: &WorkItem, ctx: &QueryContext) -> bool {
        let _ = (item, ctx);
        true
    }
}

/// Returns what may follow at `cursor` (a byte offset): keys, or values of a key, best first.
pub fn completions(text: &str, cursor: usize) -> Vec<String> {
    let _ = (text, cursor);
    Vec::new()
}

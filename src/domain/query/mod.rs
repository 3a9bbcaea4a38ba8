//! The filter language: parse once, match every card.
//!
//! The same language filters the board, names saved views, bounds WIP and
//! selects on the command line. It knows cards only, no columns on a screen.
//!
//! ```text
//! author:@me repo:api stage:build..deploy status:failed age:>2d -is:bot "exact words"
//! ```
//!
//! Terms that follow one another must all hold; `OR` (or `|`) and parentheses
//! group, `-` (or `NOT`) negates, a comma means "or" within a term. `key:value`
//! is what the key takes it for (a whole name, a part of a path, a piece of a
//! title), `key=value` is the whole value, `*` stands for anything. Letters of
//! either case are the same. A word without a key is looked for in key, title,
//! labels, holders, branches and services.

mod complete;
mod haystack;
mod matching;
mod parse;
mod pattern;
mod terms;
mod values;

#[cfg(test)]
mod tests;

use std::fmt;

pub use crate::domain::query::complete::{Completion, completion, completions};
pub use crate::domain::query::haystack::{Fit, Haystack, Typed};

use crate::domain::Timestamp;
use crate::domain::attention::AttentionBoard;
use crate::domain::hide::Hides;
use crate::domain::item::WorkItem;
use crate::domain::query::terms::Node;
use crate::domain::text::width;

/// A parsed filter; the empty one matches everything.
///
/// Two filters are equal when they ask the same, however they were written.
#[derive(Clone, Debug)]
pub struct Query {
    text: String,
    root: Node,
}

/// What a match may look at besides the card.
#[derive(Clone, Debug)]
pub struct QueryContext {
    /// The current time.
    pub now: Timestamp,
    /// The logins that `@me` stands for.
    pub me: Vec<String>,
    /// What calls for a person; where nobody judged that, `is:stuck` goes by the clock alone.
    pub attention: AttentionBoard,
    /// What the user put aside, which `is:hidden` and `is:snoozed` ask for.
    pub hides: Hides,
}

/// Why a filter was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} at column {column}")]
pub struct QueryError {
    /// What is wrong, in words, without the position.
    pub message: String,
    /// First byte of the part that is wrong.
    pub start: usize,
    /// Byte after that part.
    pub end: usize,
    /// The column in which that part begins, from 1, as a terminal shows the text.
    pub column: usize,
    /// What was probably meant.
    pub nearest: Option<String>,
    /// The words that would be understood here, where they are few enough to be told.
    pub known: Vec<&'static str>,
}

impl QueryError {
    /// Returns what to do about it, in words.
    pub fn hint(&self) -> Option<String> {
        let near = self.nearest.as_ref();
        let near = near.map(|nearest| format!("did you mean `{nearest}`?"));
        let known = match self.known.as_slice() {
            [] => None,
            words => Some(format!("it is one of {}", words.join(", "))),
        };
        match (near, known) {
            (Some(near), Some(known)) => Some(format!("{near} {known}")),
            (near, known) => near.or(known),
        }
    }
}

impl QueryError {
    /// Counts its column in the text that it is about.
    fn seen_in(self, text: &str) -> Self {
        let before = text.get(..self.start).unwrap_or(text);
        Self {
            column: width(before) + 1,
            ..self
        }
    }
}

impl Query {
    /// The longest filter that is read, in bytes.
    pub const MAX: usize = 4_096;

    /// Parses a filter.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        let root = parse::parse(text).map_err(|error| error.seen_in(text))?;
        Ok(Self {
            text: text.to_owned(),
            root,
        })
    }

    /// Returns the text that it was parsed from.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns whether it matches everything.
    pub fn is_empty(&self) -> bool {
        matches!(&self.root, Node::All(parts) if parts.is_empty())
    }

    /// Returns whether it asks for what is the user's own, by `@me` or `is:mine`.
    pub fn asks_for_me(&self) -> bool {
        terms::asks_for_me(&self.root)
    }

    /// Returns whether it asks how long things are so, or what calls for a person: what may change
    /// while no card does.
    pub fn asks_for_time(&self) -> bool {
        terms::asks_for_time(&self.root)
    }

    /// Returns whether it asks for what was put aside, by `is:hidden` or `is:snoozed`.
    pub fn asks_for_hidden(&self) -> bool {
        terms::asks_for_hidden(&self.root)
    }

    /// Returns whether the card matches.
    ///
    /// Costs time in proportion to the length of the filter and of the card, and
    /// allocates nothing unless both hold letters beyond ASCII.
    pub fn matches(&self, item: &WorkItem, ctx: &QueryContext) -> bool {
        matching::holds(&self.root, item, ctx)
    }
}

impl Default for Query {
    fn default() -> Self {
        Self {
            text: String::new(),
            root: Node::All(Vec::new()),
        }
    }
}

impl PartialEq for Query {
    fn eq(&self, other: &Self) -> bool {
        self.root == other.root
    }
}

impl fmt::Display for Query {
    /// Writes the filter in its plainest form, which parses to an equal filter.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.root.fmt(f)
    }
}

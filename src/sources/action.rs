//! How a source does something: the fresh read before, one request, its answer.
//!
//! Nothing here decides whether it may: the engine does, by `writes`, the
//! confirmation and the journal.

use crate::domain::action::{Target, Verb};
use crate::domain::text::Clean;
use crate::sources::{Capability, CapabilityState, SourceError};

/// One thing to do, decided and confirmed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Act {
    /// What.
    pub verb: Verb,
    /// To what.
    pub target: Target,
}

/// Returns the capability that says why a source has no such verb.
///
/// It is named like the verb itself. That a verb is there is said by the capability of all of its
/// kind, `re-run` or `cancel`.
pub(super) fn lacks(verb: Verb, why: &str) -> Capability {
    Capability {
        name: verb.words(),
        state: CapabilityState::Missing(Clean::line(why)),
    }
}

/// Why something was not done, or is not known to be; a variant for each thing that follows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ActError {
    /// The server understood it and said no.
    #[error("{said}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// Its own sentence.
        said: Clean,
    },
    /// It left, and no answer that tells came back: it may have been done.
    #[error("nobody knows whether it was done: {cause}")]
    Unsure {
        /// What happened instead of an answer.
        cause: String,
    },
    /// It never left.
    #[error(transparent)]
    NotSent(#[from] SourceError),
    /// This source cannot do that.
    #[error("{0}")]
    Unsupported(Clean),
}

//! Doing things at sources: asked, read afresh, confirmed, written down, sent
//! once, and found out by reading what came of it.
//!
//! `machine` is pure and decides; `journal` is the file; `desk` is the task, `errand` what it
//! asks of a source.

mod desk;
mod errand;
mod journal;
mod machine;
#[cfg(test)]
mod tests;
mod waiting;

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;

use regex::Regex;

use crate::domain::action::{ActionId, Target, Verb};
use crate::domain::key::{ItemId, SourceName};
use crate::domain::text::Clean;

pub(crate) use desk::{Desk, Room};

/// What may be done, and where it is written down; by default nothing may.
#[derive(Clone, Debug, Default)]
pub struct Acting {
    /// The words of `writes` of each source.
    pub writes: HashMap<SourceName, BTreeSet<&'static str>>,
    /// Why nothing may be done whatever `writes` says, e.g. a word of the command line.
    pub forbidden: Option<Clean>,
    /// The journal; without one, nothing is done.
    pub journal: Option<PathBuf>,
    /// Who acts, as the journal names them.
    pub who: String,
    /// What names production; without it, every gate may lead there.
    pub production: Option<Regex>,
}

impl Acting {
    /// Returns why something may not be done at a source, if so.
    pub fn objection(&self, verb: Verb, source: &SourceName) -> Option<String> {
        if let Some(why) = &self.forbidden {
            return Some(why.to_string());
        }
        let word = verb.deed().permission();
        let allowed = self
            .writes
            .get(source)
            .is_some_and(|words| words.contains(word));
        (!allowed).then(|| {
            format!("source `{source}` may not be changed: put \"{word}\" into its `writes`")
        })
    }
}

/// What the engine hands to the desk.
#[derive(Clone, Debug)]
pub(crate) enum Ask {
    /// A person wants something.
    Intend {
        id: ActionId,
        verb: Verb,
        target: Target,
        item: Option<ItemId>,
        /// Why the board is too old to act on, if it is.
        stale: Option<Clean>,
    },
    /// A person confirmed.
    Confirm(ActionId),
    /// A person decided against it.
    Dismiss(ActionId),
}

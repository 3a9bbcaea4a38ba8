//! Some repositories on their way to be told, and what came of it.
//!
//! It is made by the chronicler and goes to another thread.

use super::PastName;
use crate::domain::Timestamp;
use crate::domain::correlate::Sourced;
use crate::domain::history::{self, Chronicle, Coverage, Record, chronicle};
use crate::domain::policy::Policy;
use crate::engine::update::Write;

/// Some repositories to be told.
#[derive(Debug)]
pub struct Telling {
    pub(super) facts: Vec<Sourced>,
    pub(super) policy: Policy,
    pub(super) from: Timestamp,
    pub(super) now: Timestamp,
    pub(super) coverage: Vec<Coverage>,
    /// The pasts of which all is told with it.
    pub(super) kept: Vec<PastName>,
    /// Whether these are runs alone: they are recorded, and move no card.
    pub(super) loose: bool,
}

/// What was told.
#[derive(Debug, Default)]
pub struct Told {
    /// What is to be written.
    pub writes: Vec<Write>,
    /// Of which time it tells.
    pub coverage: Vec<Coverage>,
    /// The pasts that need not be read again once that is written.
    pub kept: Vec<PastName>,
}

impl Telling {
    /// Returns how many repositories it tells of.
    pub fn repositories(&self) -> usize {
        self.coverage.len()
    }

    /// Tells; this takes its time. Nothing once it is wanted no longer.
    pub fn tell(self, is_wanted: impl Fn() -> bool) -> Option<Told> {
        let told = |writes, coverage, kept| Told {
            writes,
            coverage,
            kept,
        };
        if self.loose {
            let records = history::runs(&self.facts, &self.policy).into_iter();
            let writes = records.map(Write::Record).collect();
            return Some(told(writes, self.coverage, self.kept));
        }
        let span = (self.from, self.now);
        let Chronicle {
            transitions,
            records,
        } = chronicle(&self.facts, &self.policy, span, is_wanted)?;
        let coverage = self.coverage.iter().cloned().map(Record::Coverage);
        let records = records.into_iter().chain(coverage).map(Write::Record);
        let events = transitions.into_iter().map(Write::Event);
        Some(told(
            events.chain(records).collect(),
            self.coverage,
            self.kept,
        ))
    }
}

//! Facts to cards: anchors, and the evidence that belongs to them.
//!
//! Works repository by repository, so that a change in one recomputes that one
//! and those whose tickets point into it. Pure and free of order: the same set
//! of facts gives the same cards however it arrived.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::domain::Timestamp;
use crate::domain::fact::Fact;
use crate::domain::item::WorkItem;
use crate::domain::key::{RepoKey, Sha, SourceName};
use crate::domain::policy::Policy;

/// One fact, with the source that said it.
#[derive(Clone, Debug)]
pub struct Sourced {
    /// Who said it.
    pub source: SourceName,
    /// What was said.
    pub fact: Arc<Fact>,
}

/// What correlation needs from elsewhere before it can be sure.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Need {
    /// The range between two commits: does the newer contain the change?
    Range {
        /// Where.
        repo: RepoKey,
        /// Older end, exclusive.
        from: Sha,
        /// Newer end, inclusive.
        to: Sha,
    },
    /// The jobs of a run that is red or at work.
    Jobs {
        /// Where.
        repo: RepoKey,
        /// The run.
        run: u64,
    },
    /// The files of a change request in a mono-repo.
    Paths {
        /// Where.
        repo: RepoKey,
        /// The change request.
        number: u64,
    },
    /// The gates of a run that waits.
    Gates {
        /// Where.
        repo: RepoKey,
        /// The run.
        run: u64,
    },
}

/// All cards, kept up to date fact by fact.
#[derive(Debug, Default)]
pub struct Correlator {
    items: HashMap<crate::domain::key::ItemId, Arc<WorkItem>>,
    needs: BTreeSet<Need>,
}

/// What an update of the correlator changed.
#[derive(Debug, Default)]
pub struct Changes {
    /// Cards that are new or differ from before.
    pub changed: Vec<Arc<WorkItem>>,
    /// Cards that are gone.
    pub removed: Vec<crate::domain::key::ItemId>,
}

impl Correlator {
    /// Takes facts in; a fact of the same identity replaces the earlier one.
    ///
    /// Nothing is recomputed until [`Correlator::refresh`].
    pub fn insert(&mut self, fact: Sourced) {
        drop(fact);
    }

    /// Takes a fact out.
    pub fn remove(&mut self, source: &SourceName, id: &crate::domain::fact::FactId) {
        let _ = (source, id);
    }

    /// Recomputes what the facts taken in since the last call, or the clock, may have changed.
    pub fn refresh(&mut self, policy: &Policy, now: Timestamp) -> Changes {
        let _ = (policy, now);
        Changes::default()
    }

    /// Recomputes every card, as after a change of the policy.
    pub fn refresh_all(&mut self, policy: &Policy, now: Timestamp) -> Changes {
        self.refresh(policy, now)
    }

    /// Returns every card, finished ones included.
    pub fn items(&self) -> impl Iterator<Item = &Arc<WorkItem>> {
        self.items.values()
    }

    /// Returns what would make cards surer.
    pub fn needs(&self) -> &BTreeSet<Need> {
        &self.needs
    }
}

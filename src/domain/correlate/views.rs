//! The repositories that the cards of a scope may be made from, each indexed when it is first read.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use crate::domain::correlate::facts::{Facts, Scope};
use crate::domain::correlate::kinds::Kinds;
use crate::domain::correlate::reads::Reads;
use crate::domain::correlate::view::View;
use crate::domain::key::RepoKey;
use crate::domain::policy::Policy;

/// The repository of a scope, and those that its tickets name.
pub(super) struct Views<'a> {
    facts: &'a Facts,
    policy: &'a Policy,
    reads: &'a Reads,
    indexed: BTreeMap<&'a RepoKey, OnceCell<View<'a>>>,
}

impl<'a> Views<'a> {
    /// Finds the repositories of a scope.
    pub(super) fn new(
        facts: &'a Facts,
        scope: &'a Scope,
        policy: &'a Policy,
        reads: &'a Reads,
    ) -> Self {
        let mut repos: BTreeSet<&RepoKey> = scope.iter().collect();
        for key in facts.tickets(scope) {
            repos.extend(facts.linked(key).map(|change| &change.repo));
        }
        Self {
            facts,
            policy,
            reads,
            indexed: repos
                .into_iter()
                .map(|repo| (repo, OnceCell::new()))
                .collect(),
        }
    }

    /// Returns a repository, and notes that it is read.
    pub(super) fn get(&self, repo: &RepoKey) -> Option<&View<'a>> {
        let (repo, cell) = self.indexed.get_key_value(repo)?;
        let view = cell.get_or_init(|| {
            let kinds = Kinds::new(self.facts.of(&Some((*repo).clone())));
            View::new(repo, kinds, self.policy, self.reads)
        });
        view.reads_whole();
        Some(view)
    }
}

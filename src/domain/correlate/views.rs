//! The repositories that the cards of a scope may be made from, each indexed when it is first read.

use std::cell::{Cell, OnceCell};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::domain::correlate::facts::{Facts, Scope};
use crate::domain::correlate::graph::Graph;
use crate::domain::correlate::kinds::Kinds;
use crate::domain::correlate::reads::Reads;
use crate::domain::correlate::view::View;
use crate::domain::key::RepoKey;
use crate::domain::policy::Policy;

/// The repository of a scope, and those that its tickets name.
pub(super) struct Views<'a> {
    facts: &'a Facts,
    scope: &'a Scope,
    policy: &'a Policy,
    reads: &'a Reads,
    /// The graph of the repository of the scope, where it was walked before.
    walked: Cell<Option<Arc<Graph>>>,
    indexed: BTreeMap<&'a RepoKey, OnceCell<View<'a>>>,
    /// All that were kept since the last time.
    kept: Option<&'a BTreeMap<RepoKey, View<'a>>>,
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
            scope,
            policy,
            reads,
            walked: Cell::new(None),
            kept: None,
            indexed: repos
                .into_iter()
                .map(|repo| (repo, OnceCell::new()))
                .collect(),
        }
    }

    /// Takes in views that were kept: then none is made.
    pub(super) fn kept(self, kept: Option<&'a BTreeMap<RepoKey, View<'a>>>) -> Self {
        Self { kept, ..self }
    }

    /// Takes in the graph of the repository of the scope, as it was walked before.
    pub(super) fn walked(self, walked: Option<Arc<Graph>>) -> Self {
        self.walked.set(walked);
        self
    }

    /// Returns the graph of the repository of the scope, as far as it was walked.
    pub(super) fn to_keep(&self) -> Option<Arc<Graph>> {
        let own = self.indexed.get(self.scope.as_ref()?)?;
        own.get().map(|view| Arc::clone(&view.graph))
    }

    /// Returns a repository, and notes that it is read.
    pub(super) fn get(&self, repo: &RepoKey) -> Option<&View<'a>> {
        let (repo, cell) = self.indexed.get_key_value(repo)?;
        if let Some(kept) = self.kept {
            let view = kept.get(*repo)?;
            view.reads_whole();
            return Some(view);
        }
        let view = cell.get_or_init(|| {
            let kinds = Kinds::new(self.facts.of(&Some((*repo).clone())));
            let is_own = self.scope.as_ref() == Some(*repo);
            let walked = is_own.then(|| self.walked.take()).flatten();
            let walked = walked.and_then(Arc::into_inner);
            View::new(repo, kinds, self.policy, self.reads, walked)
        });
        view.reads_whole();
        Some(view)
    }
}

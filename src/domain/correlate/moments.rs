//! Facts as they are told moment by moment: what of them is told apart, so that a look at the past
//! costs what changed.
//!
//! What follows for cards is `settled`'s and `kept`'s.

use crate::domain::correlate::entry::Entry;
use crate::domain::correlate::facts::{Facts, Scope};
use crate::domain::correlate::reads::Seed;
use crate::domain::correlate::settled;
use crate::domain::fact::{Fact, FactId, FactKind};
use crate::domain::text::Clean;

impl Facts {
    /// Returns facts of the past, told moment by moment.
    pub(super) fn for_past() -> Self {
        Self {
            is_past: true,
            ..Self::default()
        }
    }

    /// Returns whether these are facts of the past.
    pub(super) fn is_past(&self) -> bool {
        self.is_past
    }

    /// Returns a number that is another one once the commits of a scope are; nothing where what
    /// follows from them is not kept.
    pub(super) fn line(&self, scope: &Scope) -> Option<u64> {
        let line = self.lines.get(scope).copied();
        self.is_past.then(|| line.unwrap_or_default())
    }

    /// Returns a fact of a scope.
    pub(super) fn entry(&self, scope: &Scope, id: &FactId) -> Option<&Entry> {
        self.scopes.get(scope)?.get(id)
    }

    /// Returns the facts of a scope with their identities.
    pub(super) fn entries(&self, scope: &Scope) -> impl Iterator<Item = (&FactId, &Entry)> {
        self.scopes.get(scope).into_iter().flatten()
    }

    /// Notes what a deployment brought, where that is told apart from other changes of it.
    pub(super) fn deployed(
        &mut self,
        scope: &Scope,
        before: Option<&Fact>,
        after: Option<&Fact>,
    ) -> bool {
        let Some(repo) = scope.as_ref().filter(|_| self.is_past) else {
            return false;
        };
        let (kind, id) = (FactKind::Deployment, Clean::default());
        let facts = self.scopes.get(scope).into_iter();
        let others = facts
            .flat_map(move |facts| {
                facts.range(
                    FactId {
                        kind,
                        id: id.clone(),
                    }..,
                )
            })
            .take_while(|(id, _)| id.kind == kind)
            .filter_map(|(_, entry)| match entry.best().map(|fact| &**fact) {
                Some(Fact::Deployment(deployment)) => Some(deployment),
                _ => None,
            });
        let Some(sha) = settled::brought(before, after, others).cloned() else {
            return false;
        };
        self.dirty.mark(Seed::of(repo).deployed());
        self.dirty.deployed.push((scope.clone(), sha));
        true
    }

    pub(super) fn line_changed(&mut self, scope: &Scope) {
        if self.is_past {
            *self.lines.entry(scope.clone()).or_default() += 1;
        }
    }
}

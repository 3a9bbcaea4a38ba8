//! The repositories on the way through the past, each indexed once and kept in step with its facts.
//!
//! Law: a view that was kept is the one that would be made of the same facts.

use std::collections::BTreeMap;

use crate::domain::correlate::dirty::Dirty;
use crate::domain::correlate::entry::Entry;
use crate::domain::correlate::facts::Facts;
use crate::domain::correlate::kinds::Kinds;
use crate::domain::correlate::reads::{Mark, Reads, Seed};
use crate::domain::correlate::renew::Renew;
use crate::domain::correlate::stock::{Shelf, Stock};
use crate::domain::correlate::view::View;
use crate::domain::fact::FactId;
use crate::domain::key::RepoKey;
use crate::domain::policy::Policy;

/// What views of the past stand on: everything that was known on the way.
#[derive(Debug, Default)]
pub(in crate::domain) struct PastGround {
    entries: Stock<Entry>,
    repos: Stock<RepoKey>,
    reads: Reads,
}

/// The views of all repositories.
#[derive(Debug)]
pub(in crate::domain) struct PastViews<'a> {
    policy: &'a Policy,
    reads: &'a Reads,
    entries: Shelf<'a, Entry>,
    repos: Shelf<'a, RepoKey>,
    known: BTreeMap<RepoKey, BTreeMap<FactId, &'a Entry>>,
    views: BTreeMap<RepoKey, View<'a>>,
}

/// The views as one look reads them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shown<'a> {
    pub(super) reads: &'a Reads,
    pub(super) views: &'a BTreeMap<RepoKey, View<'a>>,
}

impl<'a> PastViews<'a> {
    /// Begins with none; the policy is that of all looks.
    pub(in crate::domain) fn new(ground: &'a PastGround, policy: &'a Policy) -> Self {
        Self {
            policy,
            reads: &ground.reads,
            entries: Shelf::new(&ground.entries),
            repos: Shelf::new(&ground.repos),
            known: BTreeMap::new(),
            views: BTreeMap::new(),
        }
    }

    /// Returns the policy of all looks.
    pub(in crate::domain) fn policy(&self) -> &'a Policy {
        self.policy
    }

    /// Returns them for one look.
    pub(super) fn shown(&self) -> Shown<'_> {
        Shown {
            reads: self.reads,
            views: &self.views,
        }
    }

    /// Brings them in step with the facts, of which these were touched.
    pub(super) fn follow(&mut self, facts: &Facts, dirty: &mut Dirty) {
        let mut touched: BTreeMap<&RepoKey, Renew<'a>> = BTreeMap::new();
        for scope in &dirty.moved {
            let Some(repo) = scope else { continue };
            // What moved from one repository to another is no matter of single facts.
            self.views.remove(repo);
            let known = self.known.entry(repo.clone()).or_default();
            known.clear();
            let all = facts.entries(scope);
            known.extend(all.map(|(id, entry)| (id.clone(), self.entries.put(entry.clone()))));
            touched.entry(repo).or_default();
        }
        for (scope, id) in &dirty.touched {
            let Some(repo) = scope else { continue };
            let now = facts.entry(scope, id);
            let now = now.map(|entry| self.entries.put(entry.clone()));
            let known = self.known.entry(repo.clone()).or_default();
            let before = match now {
                Some(entry) => known.insert(id.clone(), entry),
                None => known.remove(id),
            };
            let renew = touched.entry(repo).or_default();
            if let Some(view) = self.views.get_mut(repo) {
                view.changed(id.kind, before, now, renew);
            }
        }
        let settled = touched.iter();
        let marks = settled.flat_map(|(repo, renew)| self.settle(repo, renew));
        let marks: Vec<Mark> = marks.collect();
        for mark in marks {
            dirty.mark(mark);
        }
    }

    /// Brings one in step; returns the marks of what follows for cards from commits that came.
    fn settle(&mut self, repo: &RepoKey, renew: &Renew<'a>) -> Vec<Mark> {
        let seed = Seed::of(repo);
        let Some(known) = self.known.get(repo).filter(|known| !known.is_empty()) else {
            self.known.remove(repo);
            self.views.remove(repo);
            return vec![seed.whole()];
        };
        let before = self.views.remove(repo);
        let (view, marks) = match before {
            Some(view) if !renew.whole => view.renewed(known, renew),
            before => {
                let walked = before.filter(|_| !renew.commits());
                let walked = walked.and_then(View::into_graph);
                let name = self.repos.put(repo.clone());
                let kinds = Kinds::new(known.values().copied());
                let marks = if renew.commits() {
                    vec![seed.whole()]
                } else {
                    Vec::new()
                };
                (
                    View::new(name, kinds, self.policy, self.reads, walked),
                    marks,
                )
            }
        };
        self.views.insert(repo.clone(), view);
        marks
    }
}

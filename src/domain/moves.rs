//! Repositories that other systems know by another name than their forge: renamed, moved, or
//! reached by ssh on a host whose forge answers at a port.
//!
//! A name that its forge uses is never another one's, and what is not unique moves nothing.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::domain::fact::Fact;
use crate::domain::key::RepoKey;
use crate::domain::repository::Repository;
use crate::domain::run::is_foreign;

/// By which names repositories go.
#[derive(Debug, Default)]
pub(super) struct Moves {
    /// Those that a forge tells of.
    here: HashSet<RepoKey>,
    /// Names of before, with those that had them.
    before: HashMap<RepoKey, BTreeSet<RepoKey>>,
    /// Names without a port.
    bare: HashMap<String, BTreeSet<RepoKey>>,
    /// Names that facts of other systems use, with where those belong.
    homes: HashMap<RepoKey, RepoKey>,
}

impl Moves {
    /// Returns where a fact of a repository belongs.
    pub(super) fn home(&mut self, fact: &Fact, repo: &RepoKey) -> RepoKey {
        if !wanders(fact) {
            return repo.clone();
        }
        if let Some(home) = self.homes.get(repo) {
            return home.clone();
        }
        let home = self.find(repo);
        self.homes.insert(repo.clone(), home.clone());
        home
    }

    fn find(&self, repo: &RepoKey) -> RepoKey {
        let one = |found: Option<&BTreeSet<RepoKey>>| match found {
            Some(found) if found.len() == 1 => found.first().cloned(),
            Some(_) | None => None,
        };
        if self.here.contains(repo) {
            return repo.clone();
        }
        let renamed = one(self.before.get(repo));
        let by_port = || {
            let is_bare = !repo.host().contains(':');
            is_bare.then(|| one(self.bare.get(repo.as_str())))?
        };
        renamed.or_else(by_port).unwrap_or_else(|| repo.clone())
    }

    /// Takes in what a forge tells of a repository now; returns names whose facts belong
    /// elsewhere than before, with both places.
    pub(super) fn learn(
        &mut self,
        before: Option<&Repository>,
        after: Option<&Repository>,
    ) -> Vec<(RepoKey, RepoKey, RepoKey)> {
        let names = |told: Option<&Repository>| {
            told.map(|told| (told.repo.clone(), told.renamed_from.clone()))
        };
        let (old, new) = (names(before), names(after));
        if old == new {
            return Vec::new();
        }
        if let Some((repo, former)) = old {
            self.here.remove(&repo);
            take(&mut self.bare, &bare(&repo), &repo);
            for name in &former {
                take(&mut self.before, name, &repo);
            }
        }
        if let Some((repo, former)) = new {
            self.bare
                .entry(bare(&repo))
                .or_default()
                .insert(repo.clone());
            for name in former.into_iter().filter(|name| *name != repo) {
                self.before.entry(name).or_default().insert(repo.clone());
            }
            self.here.insert(repo);
        }
        let names: Vec<RepoKey> = self.homes.keys().cloned().collect();
        let mut moved = Vec::new();
        for name in names {
            let home = self.find(&name);
            let slot = self
                .homes
                .entry(name.clone())
                .or_insert_with(|| home.clone());
            if *slot != home {
                let from = std::mem::replace(slot, home.clone());
                moved.push((name, from, home));
            }
        }
        moved
    }
}

fn take<K: std::hash::Hash + Eq>(map: &mut HashMap<K, BTreeSet<RepoKey>>, key: &K, repo: &RepoKey) {
    if let Some(found) = map.get_mut(key) {
        found.remove(repo);
        if found.is_empty() {
            map.remove(key);
        }
    }
}

/// The name without the port of its host.
fn bare(repo: &RepoKey) -> String {
    let host = repo.host();
    let name = host.split_once(':').map_or(host, |(name, _)| name);
    let path = repo.as_str().get(host.len()..).unwrap_or_default();
    format!("{name}{path}")
}

/// Whether another system than the forge tells a fact: its names of repositories may be old.
pub(super) fn wanders(fact: &Fact) -> bool {
    match fact {
        Fact::Run(run) => !run.ci.is_empty(),
        Fact::JobSet(set) | Fact::EarlierJobs(set) => is_foreign(set.run.id),
        Fact::GateSet(set) => is_foreign(set.run.id),
        Fact::Diagnosis(found) => is_foreign(found.run.id),
        Fact::Deployment(deployment) => is_foreign(deployment.id),
        Fact::Repository(_)
        | Fact::Commit(_)
        | Fact::Range(_)
        | Fact::Ticket(_)
        | Fact::ChangeRequest(_)
        | Fact::ChangedPaths(_)
        | Fact::Release(_)
        | Fact::Environment(_)
        | Fact::Alert(_)
        | Fact::Finding(_) => false,
    }
}

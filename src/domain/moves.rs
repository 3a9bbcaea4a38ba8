//! Repositories that other systems know by another name than their forge: renamed, moved, or
//! reached by ssh on a host whose forge answers at a port or below a path.
//!
//! A name that its forge uses is never another one's, and what is not unique moves nothing.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::domain::fact::Fact;
use crate::domain::key::RepoKey;
use crate::domain::repository::Repository;
use crate::domain::run::is_foreign;

/// By which names repositories go.
#[derive(Debug, Default)]
pub(in crate::domain) struct Moves {
    /// Those that a forge tells of.
    here: HashSet<RepoKey>,
    /// Names of before, with those that had them.
    before: HashMap<RepoKey, BTreeSet<RepoKey>>,
    /// Names by which addresses call them: see [`aliases`].
    aliases: HashMap<String, BTreeSet<RepoKey>>,
    /// Names that facts of other systems use, with where those belong.
    homes: HashMap<RepoKey, RepoKey>,
}

impl Moves {
    /// Returns where a fact of a repository belongs.
    pub(in crate::domain) fn home(&mut self, fact: &Fact, repo: &RepoKey) -> RepoKey {
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

    /// Returns where a run of this identity belongs that is told of a repository by this name.
    pub(in crate::domain) fn home_of_run(&self, repo: &RepoKey, id: u64) -> RepoKey {
        if is_foreign(id) {
            self.find(repo)
        } else {
            repo.clone()
        }
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
        let by_place = || one(self.aliases.get(repo.as_str()));
        renamed.or_else(by_place).unwrap_or_else(|| repo.clone())
    }

    /// Returns where a fact of this identity may be: by the names that it begins with.
    pub(in crate::domain) fn places<'s>(&'s self, id: &'s str) -> impl Iterator<Item = RepoKey> {
        let both = |name: RepoKey| [self.homes.get(&name).cloned(), Some(name)];
        RepoKey::leading(id).flat_map(both).flatten()
    }

    /// Takes in what a forge tells of a repository now; returns names whose facts belong
    /// elsewhere than before, with both places.
    pub(in crate::domain) fn learn(
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
            for name in aliases(&repo) {
                take(&mut self.aliases, &name, &repo);
            }
            for name in &former {
                take(&mut self.before, name, &repo);
            }
        }
        if let Some((repo, former)) = new {
            for name in aliases(&repo) {
                self.aliases.entry(name).or_default().insert(repo.clone());
            }
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

/// The names that addresses of a repository come to: by ssh without port and path of its place, by
/// the web with both, as one path.
fn aliases(repo: &RepoKey) -> Vec<String> {
    let (place, host) = (repo.place(), repo.host());
    let name = host.split_once(':').map_or(host, |(name, _)| name);
    let path = repo.path().to_ascii_lowercase();
    let mut names = vec![format!("{name}/{path}")];
    if place != host {
        names.push(format!("{place}/{path}"));
    }
    names
}

/// Whether another system than the forge tells a fact: its names of repositories may be old.
pub(in crate::domain) fn wanders(fact: &Fact) -> bool {
    match fact {
        Fact::Run(run) => !run.ci.is_empty(),
        Fact::JobSet(set) | Fact::EarlierJobs(set) => is_foreign(set.run.id),
        Fact::GateSet(set) => is_foreign(set.run.id),
        Fact::Diagnosis(found) => is_foreign(found.run.id),
        Fact::Deployment(deployment) => is_foreign(deployment.id),
        // A forge tells of its own by the name that it has now.
        Fact::Alert(_) => true,
        Fact::Repository(_)
        | Fact::Commit(_)
        | Fact::Range(_)
        | Fact::Ticket(_)
        | Fact::ChangeRequest(_)
        | Fact::ChangedPaths(_)
        | Fact::ChangeTimes(_)
        | Fact::Release(_)
        | Fact::Environment(_)
        | Fact::Finding(_) => false,
    }
}

//! When history is told again, and from which facts.
//!
//! Pure: it notes which repositories changed and puts the facts of some of them together. What
//! was told counts once it is told, and not before. Telling is the domain's
//! (`history::chronicle`), the thread that does it the engine's.

mod telling;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::TimeDelta;

use crate::domain::Timestamp;
use crate::domain::correlate::Sourced;
use crate::domain::fact::{Fact, FactId, FactKind};
use crate::domain::history::Coverage;
use crate::domain::key::{RepoKey, SourceName};
use crate::domain::policy::Policy;
use crate::domain::text::Clean;
use crate::domain::ticket::TicketKey;

pub use telling::{Telling, Told};

/// How long after the last time a repository is told again, where it changed since.
const AGAIN: TimeDelta = TimeDelta::minutes(30);

/// How far before the end of the last telling the next one begins: what sources told late.
const OVERLAP: TimeDelta = TimeDelta::days(2);

/// How far back the first telling looks where nobody read the past: facts that are known are
/// hardly older, and those that are stand where they stand.
const FIRST: TimeDelta = TimeDelta::days(90);

/// What ended so lately is on every board, so that its facts are known.
const ON_THE_BOARD: TimeDelta = TimeDelta::days(7);

/// How many repositories are told at a time.
const AT_ONCE: usize = 20;

/// A past as its source calls it.
pub type PastName = (SourceName, Clean);

/// Which repositories are to be told, and of which time they were.
#[derive(Debug, Default)]
pub struct Chronicler {
    told: BTreeMap<RepoKey, Coverage>,
    changed: BTreeSet<RepoKey>,
    /// All of which anything was ever known.
    known: Arc<BTreeSet<RepoKey>>,
    /// Those that a forge tells of.
    here: BTreeSet<RepoKey>,
    /// Names that repositories had before, with those that they have.
    former: BTreeMap<RepoKey, RepoKey>,
    /// Pasts that sources read, each of one repository.
    pasts: Vec<ReadPast>,
    /// Since when nothing happened in repositories, and who says so: of that time nothing is
    /// missing.
    quiet: BTreeMap<RepoKey, (Timestamp, SourceName)>,
    /// Runs of the past that no forge told.
    loose: Vec<Sourced>,
    /// Of what these runs are, and what else has nothing that would have to be told.
    loose_of: Vec<PastName>,
    /// What is being told, since when.
    at_work: BTreeSet<RepoKey>,
    /// When telling of these failed.
    failed: BTreeMap<RepoKey, Timestamp>,
    /// Whether nobody is asked for what was: then it counts from when it is first told.
    is_young: bool,
}

/// The past of a repository, complete from a moment on.
#[derive(Debug)]
struct ReadPast {
    name: PastName,
    repo: RepoKey,
    from: Timestamp,
    facts: Vec<Sourced>,
}

/// Repositories that are told together, with what was read of their pasts.
struct Group {
    repos: BTreeSet<RepoKey>,
    pasts: Vec<ReadPast>,
}

impl Chronicler {
    /// Lets what is told count from when it is first told, as no past is read: what happens to be
    /// on the board is not all that was.
    pub fn looks_back_on_nothing(&mut self) {
        self.is_young = true;
    }

    /// Takes in of which time history tells already.
    pub fn load(&mut self, coverage: Vec<Coverage>) {
        for one in coverage {
            self.told.entry(one.repo.clone()).or_insert(one);
        }
    }

    /// Forgets what was told, as what was kept of it is lost.
    pub fn forget(&mut self) {
        self.changed
            .extend(std::mem::take(&mut self.told).into_keys());
    }

    /// Notes that a fact came. A repository that was renamed is one with what it was before, and
    /// told by its new name.
    pub fn take_in(&mut self, fact: &Fact) {
        if let Fact::Repository(told) = fact {
            self.here.insert(told.repo.clone());
            for name in told.renamed_from.iter().filter(|name| **name != told.repo) {
                self.former.insert(name.clone(), told.repo.clone());
                self.leave(name);
            }
        }
        if let Some(repo) = fact.repo() {
            self.touch(&self.home(repo).clone());
        }
    }

    /// Notes that a fact is gone.
    pub fn take_out(&mut self, id: &FactId) {
        if id.kind == FactKind::Repository {
            let gone = self
                .here
                .iter()
                .find(|repo| repo.as_str() == id.id.as_str());
            if let Some(name) = gone.cloned() {
                self.here.remove(&name);
                self.leave(&name);
            }
        }
    }

    /// Lets go a name that no repository has any more.
    fn leave(&mut self, name: &RepoKey) {
        if self.home(name) != name && self.known.contains(name) {
            Arc::make_mut(&mut self.known).remove(name);
            self.changed.remove(name);
        }
    }

    /// Returns by which name a repository is told.
    fn home<'r>(&'r self, repo: &'r RepoKey) -> &'r RepoKey {
        let renamed = self.former.get(repo);
        renamed
            .filter(|_| !self.here.contains(repo))
            .unwrap_or(repo)
    }

    /// Notes that something of a repository changed.
    fn touch(&mut self, repo: &RepoKey) {
        if !self.changed.contains(repo) {
            self.changed.insert(repo.clone());
        }
        if !self.known.contains(repo) {
            Arc::make_mut(&mut self.known).insert(repo.clone());
        }
    }

    /// Returns the repositories of which anything is known.
    pub fn known(&self) -> Arc<BTreeSet<RepoKey>> {
        Arc::clone(&self.known)
    }

    /// Takes in what a source read of a past, complete from a moment on.
    pub fn take_past(&mut self, name: PastName, from: Timestamp, facts: Vec<Fact>) {
        // Tickets of other repositories come along; the past is that of the repository at hand.
        let mut counts: BTreeMap<&RepoKey, usize> = BTreeMap::new();
        for repo in facts.iter().filter_map(Fact::repo) {
            *counts.entry(repo).or_default() += 1;
        }
        let most = counts.into_iter().max_by_key(|(_, count)| *count);
        let Some(repo) = most.map(|(repo, _)| repo.clone()) else {
            // There is nothing to be told, which is all there is to be known of it.
            self.loose_of.push(name);
            return;
        };
        let facts = said_by(&name.0, facts);
        self.pasts.push(ReadPast {
            name,
            repo,
            from,
            facts,
        });
    }

    /// Takes in repositories in which nothing happened since a moment, as a source says.
    pub fn quiet(&mut self, source: &SourceName, repos: Vec<(RepoKey, Timestamp)>) {
        for (repo, since) in repos {
            self.touch(&repo);
            self.quiet.insert(repo, (since, source.clone()));
        }
    }

    /// Takes in runs of the past of a CI system; what they were part of, its forge tells.
    pub fn take_loose(&mut self, name: PastName, facts: Vec<Fact>) {
        self.loose.extend(said_by(&name.0, facts));
        self.loose_of.push(name);
    }

    /// Returns of how many repositories something is to be told, apart from what is being told.
    pub fn left(&self, now: Timestamp) -> usize {
        let pasts = self.pasts.iter().map(|past| &past.repo);
        let all: BTreeSet<&RepoKey> = pasts.chain(self.all_due(now)).collect();
        all.len()
    }

    /// Takes in what came of the telling that [`Chronicler::next`] returned; nothing where none
    /// was told. What was read of a past and could not be told is let go: who read it was not told
    /// that it is kept.
    pub fn ended(&mut self, told: Option<&Told>, now: Timestamp) {
        let at_work = std::mem::take(&mut self.at_work);
        let Some(told) = told else {
            let failed = at_work.iter().map(|repo| (repo.clone(), now));
            self.failed.extend(failed);
            self.changed.extend(at_work);
            return;
        };
        for one in &told.coverage {
            self.failed.remove(&one.repo);
            self.told.insert(one.repo.clone(), one.clone());
        }
    }

    /// Puts together runs of the past with the repositories that they are of.
    fn next_loose(
        &mut self,
        facts: impl Iterator<Item = Sourced>,
        policy: &Policy,
        now: Timestamp,
    ) -> Telling {
        let mut told = std::mem::take(&mut self.loose);
        let repos: BTreeSet<&RepoKey> = told.iter().filter_map(|it| it.fact.repo()).collect();
        let theirs = |said: &Sourced| {
            let repo = said.fact.repo().filter(|_| is_of_runs(&said.fact));
            repo.is_some_and(|repo| repos.contains(repo))
        };
        let known: Vec<Sourced> = facts.filter(theirs).collect();
        // What is known now holds against what was read of the past.
        told.extend(known);
        Telling {
            facts: told,
            policy: policy.clone(),
            from: now,
            now,
            coverage: Vec::new(),
            kept: std::mem::take(&mut self.loose_of),
            loose: true,
        }
    }

    /// Puts together what is to be told next, if anything is. `facts` are all that are known; while
    /// somebody `waits` for pasts that are being read, nothing is told without them.
    pub fn next<F>(
        &mut self,
        facts: impl Fn() -> F,
        policy: &Policy,
        now: Timestamp,
        waits: bool,
    ) -> Option<Telling>
    where
        F: Iterator<Item = Sourced>,
    {
        if self.pasts.is_empty() && !self.loose_of.is_empty() {
            return Some(self.next_loose(facts(), policy, now));
        }
        let Group { repos, pasts } = self.group(&facts, now, waits)?;
        let again = |repo: &RepoKey| {
            // One that was never told counts from its first facts on, and those are not old.
            let told = self.told.get(repo);
            told.map_or(now - FIRST, |told| told.to - OVERLAP)
        };
        let from = pasts.iter().map(|past| past.from).min();
        let from = from.or_else(|| repos.iter().map(again).min());
        let coverage: Vec<Coverage> = repos
            .iter()
            .map(|repo| self.covered(repo, &pasts, now))
            .collect();
        for repo in &repos {
            self.changed.remove(repo);
        }
        let quiet = repos.iter().filter_map(|repo| {
            let (_, source) = self.quiet.get(repo)?;
            let path = Clean::line(&repo.path().to_ascii_lowercase());
            Some((source.clone(), path))
        });
        let kept = pasts.iter().map(|past| past.name.clone());
        let kept: Vec<PastName> = kept.chain(quiet).collect();
        // What is known now holds against what was read of the past.
        let is_of = |repo: &RepoKey| repos.contains(self.home(repo));
        let is_theirs = |said: &Sourced| said.fact.repo().is_none_or(is_of);
        let told = pasts.into_iter().flat_map(|past| past.facts);
        let told: Vec<Sourced> = told.chain(facts().filter(is_theirs)).collect();
        self.at_work = repos;
        Some(Telling {
            facts: told,
            policy: policy.clone(),
            from: from.unwrap_or(now),
            now,
            coverage,
            kept,
            loose: false,
        })
    }

    /// Takes out what is told next: a past, or what changed, with what belongs together with it.
    fn group<F>(&mut self, facts: &impl Fn() -> F, now: Timestamp, waits: bool) -> Option<Group>
    where
        F: Iterator<Item = Sourced>,
    {
        let past = self.pasts.pop();
        let due: BTreeSet<RepoKey> = match &past {
            Some(past) => BTreeSet::from([past.repo.clone()]),
            None if waits => BTreeSet::new(),
            None => self.all_due(now).take(AT_ONCE).cloned().collect(),
        };
        if due.is_empty() {
            return None;
        }
        let read = self.pasts.iter().chain(&past).flat_map(|past| &past.facts);
        let repos = linked(due, facts().chain(read.cloned()));
        let mut pasts: Vec<ReadPast> = past.into_iter().collect();
        pasts.extend(self.pasts.extract_if(.., |past| repos.contains(&past.repo)));
        Some(Group { repos, pasts })
    }

    /// Returns of which time the history of a repository tells, once it is told with these pasts.
    fn covered(&self, repo: &RepoKey, pasts: &[ReadPast], now: Timestamp) -> Coverage {
        let board = now - ON_THE_BOARD;
        let read = pasts.iter().filter(|past| past.repo == *repo);
        let read = read.map(|past| past.from).min();
        let quiet = self.quiet.get(repo).map(|(since, _)| board.min(*since));
        let unread = if self.is_young { now } else { board };
        let since = read.or(quiet).unwrap_or(unread);
        let before = self.told.get(repo).map(|told| told.from);
        Coverage {
            repo: repo.clone(),
            from: before.map_or(since, |before| before.min(since)),
            to: now,
        }
    }

    /// The repositories that changed and were not told lately.
    fn all_due(&self, now: Timestamp) -> impl Iterator<Item = &RepoKey> {
        let is_late = move |at: Timestamp| at <= now && now - at < AGAIN;
        self.changed.iter().filter(move |repo| {
            let told = self.told.get(*repo).map(|told| told.to);
            let failed = self.failed.get(*repo).copied();
            !told.is_some_and(is_late) && !failed.is_some_and(is_late)
        })
    }
}

fn said_by(source: &SourceName, facts: Vec<Fact>) -> Vec<Sourced> {
    let said = |fact| Sourced {
        source: source.clone(),
        fact: Arc::new(fact),
    };
    facts.into_iter().map(said).collect()
}

/// Returns whether a fact says of runs whose they are, and how often they were tried.
fn is_of_runs(fact: &Fact) -> bool {
    matches!(
        fact,
        Fact::Repository(_)
            | Fact::ChangeRequest(_)
            | Fact::Run(_)
            | Fact::JobSet(_)
            | Fact::EarlierJobs(_)
    )
}

/// The repositories that belong together: a change of one may move a ticket of another.
fn linked(mut repos: BTreeSet<RepoKey>, facts: impl Iterator<Item = Sourced>) -> BTreeSet<RepoKey> {
    let mut links: BTreeMap<RepoKey, BTreeSet<RepoKey>> = BTreeMap::new();
    for said in facts {
        let Fact::ChangeRequest(change) = said.fact.as_ref() else {
            continue;
        };
        for link in &change.tickets {
            if let TicketKey::Numbered { repo, .. } = &link.ticket
                && *repo != change.repo
            {
                links
                    .entry(repo.clone())
                    .or_default()
                    .insert(change.repo.clone());
                links
                    .entry(change.repo.clone())
                    .or_default()
                    .insert(repo.clone());
            }
        }
    }
    let mut open: Vec<RepoKey> = repos.iter().cloned().collect();
    while let Some(repo) = open.pop() {
        for other in links.remove(&repo).into_iter().flatten() {
            if repos.insert(other.clone()) {
                open.push(other);
            }
        }
    }
    repos
}

#[cfg(test)]
mod tests;

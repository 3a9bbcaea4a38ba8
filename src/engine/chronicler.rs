//! When history is told again, and from which facts.
//!
//! Pure: it notes which repositories changed and puts the facts of some of them together.
//! Telling is the domain's (`history::chronicle`), the thread that does it the engine's.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::TimeDelta;

use crate::domain::Timestamp;
use crate::domain::correlate::Sourced;
use crate::domain::fact::Fact;
use crate::domain::history::{self, Chronicle, Coverage, Record, chronicle};
use crate::domain::key::{RepoKey, SourceName};
use crate::domain::policy::Policy;
use crate::domain::ticket::TicketKey;
use crate::engine::update::Write;

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

/// Which repositories are to be told, and of which time they were.
#[derive(Debug, Default)]
pub struct Chronicler {
    told: BTreeMap<RepoKey, Coverage>,
    changed: BTreeSet<RepoKey>,
    /// All of which anything was ever known.
    known: Arc<BTreeSet<RepoKey>>,
    /// Pasts that sources read, each of one repository.
    pasts: Vec<(RepoKey, Timestamp, Vec<Sourced>)>,
    /// Since when nothing happened in repositories: of that time nothing is missing.
    quiet: BTreeMap<RepoKey, Timestamp>,
    /// Runs of the past that no forge told.
    loose: Vec<Sourced>,
}

/// Some repositories to be told.
#[derive(Debug)]
pub struct Telling {
    facts: Vec<Sourced>,
    policy: Policy,
    from: Timestamp,
    now: Timestamp,
    coverage: Vec<Coverage>,
    /// Whether these are runs alone: they are recorded, and move no card.
    loose: bool,
}

impl Chronicler {
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

    /// Notes that a fact of a repository came or went.
    pub fn touch(&mut self, repo: &RepoKey) {
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

    /// Takes in what a source read of the past of a repository, complete from a moment on.
    pub fn take_past(&mut self, source: &SourceName, from: Option<Timestamp>, facts: Vec<Fact>) {
        // Tickets of other repositories come along; the past is that of the repository at hand.
        let mut counts: BTreeMap<&RepoKey, usize> = BTreeMap::new();
        for repo in facts.iter().filter_map(Fact::repo) {
            *counts.entry(repo).or_default() += 1;
        }
        let most = counts.into_iter().max_by_key(|(_, count)| *count);
        let (Some(from), Some(repo)) = (from, most.map(|(repo, _)| repo.clone())) else {
            return;
        };
        let said = |fact| Sourced {
            source: source.clone(),
            fact: Arc::new(fact),
        };
        let facts = facts.into_iter().map(said).collect();
        self.pasts.push((repo, from, facts));
    }

    /// Takes in repositories in which nothing happened since a moment.
    pub fn quiet(&mut self, repos: Vec<(RepoKey, Timestamp)>) {
        for (repo, since) in repos {
            self.touch(&repo);
            self.quiet.insert(repo, since);
        }
    }

    /// Takes in runs of the past of a CI system; what they were part of, its forge tells.
    pub fn take_loose(&mut self, source: &SourceName, facts: Vec<Fact>) {
        let said = |fact| Sourced {
            source: source.clone(),
            fact: Arc::new(fact),
        };
        self.loose.extend(facts.into_iter().map(said));
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
            loose: true,
        }
    }

    /// Puts together what is to be told next, if anything is. `facts` are all that are known.
    pub fn next<F>(
        &mut self,
        facts: impl Fn() -> F,
        policy: &Policy,
        now: Timestamp,
    ) -> Option<Telling>
    where
        F: Iterator<Item = Sourced>,
    {
        if self.pasts.is_empty() && !self.loose.is_empty() {
            return Some(self.next_loose(facts(), policy, now));
        }
        let past = self.pasts.pop();
        let due: BTreeSet<RepoKey> = match &past {
            Some((repo, ..)) => BTreeSet::from([repo.clone()]),
            None => self.due(now),
        };
        if due.is_empty() {
            return None;
        }
        let repos = linked(due, facts());
        let begins = |repo: &RepoKey| self.told.get(repo).map(|told| told.from);
        let from = if let Some((_, from, _)) = &past {
            *from
        } else {
            let again = repos.iter().map(|repo| self.told.get(repo));
            // One that was never told counts from its first facts on, and those are not old.
            let from = again.map(|told| told.map_or(now - FIRST, |told| told.to - OVERLAP));
            from.min().unwrap_or(now)
        };
        let coverage: Vec<Coverage> = repos
            .iter()
            .map(|repo| {
                let since = match &past {
                    Some((its, from, _)) if its == repo => *from,
                    Some(_) | None => {
                        let board = now - ON_THE_BOARD;
                        let quiet = self.quiet.get(repo);
                        quiet.map_or(board, |since| board.min(*since))
                    }
                };
                Coverage {
                    repo: repo.clone(),
                    from: begins(repo).map_or(since, |before| before.min(since)),
                    to: now,
                }
            })
            .collect();
        for one in &coverage {
            self.changed.remove(&one.repo);
            self.told.insert(one.repo.clone(), one.clone());
        }
        let is_theirs = |said: &Sourced| said.fact.repo().is_none_or(|repo| repos.contains(repo));
        // What is known now holds against what was read of the past.
        let mut told: Vec<Sourced> = past.map_or_else(Vec::new, |(_, _, facts)| facts);
        told.extend(facts().filter(is_theirs));
        Some(Telling {
            facts: told,
            policy: policy.clone(),
            from,
            now,
            coverage,
            loose: false,
        })
    }

    /// The next repositories that changed and were not told lately.
    fn due(&self, now: Timestamp) -> BTreeSet<RepoKey> {
        let lately = |repo: &&RepoKey| {
            let told = self.told.get(*repo);
            told.is_some_and(|told| told.to <= now && now - told.to < AGAIN)
        };
        let due = self.changed.iter().filter(|repo| !lately(repo));
        due.take(AT_ONCE).cloned().collect()
    }
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

impl Telling {
    /// Tells; this takes its time, and ends early once it is wanted no longer.
    pub fn tell(self, is_wanted: impl Fn() -> bool) -> Vec<Write> {
        if self.loose {
            let records = history::runs(&self.facts, &self.policy).into_iter();
            return records.map(Write::Record).collect();
        }
        let span = (self.from, self.now);
        let Some(Chronicle {
            transitions,
            records,
        }) = chronicle(&self.facts, &self.policy, span, is_wanted)
        else {
            return Vec::new();
        };
        let coverage = self.coverage.into_iter().map(Record::Coverage);
        let records = records.into_iter().chain(coverage).map(Write::Record);
        transitions
            .into_iter()
            .map(Write::Event)
            .chain(records)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::correlate::testing::{World, at, closes, named_repo};
    use crate::domain::run::RunState;

    /// Two repositories of which one closes tickets of the other, and one on its own.
    fn facts() -> Vec<Sourced> {
        let mut world = World::new();
        world.ticket(7, |_| {});
        world.change(12, |change| {
            change.repo = named_repo("web");
            change.tickets = vec![closes(7)];
        });
        world.change(13, |change| change.repo = named_repo("alone"));
        world.facts
    }

    fn chronicler(facts: &[Sourced]) -> Chronicler {
        let mut chronicler = Chronicler::default();
        for said in facts {
            chronicler.touch(said.fact.repo().expect("it has one"));
        }
        chronicler
    }

    fn next(chronicler: &mut Chronicler, facts: &[Sourced], hours: i64) -> Option<Telling> {
        chronicler.next(|| facts.iter().cloned(), &Policy::default(), at(hours))
    }

    fn names(telling: &Telling) -> Vec<&str> {
        telling
            .coverage
            .iter()
            .map(|one| one.repo.short())
            .collect()
    }

    #[test]
    fn everything_is_told_once_and_again_only_after_a_change_and_a_while() {
        let facts = facts();
        let mut chronicler = chronicler(&facts);
        let first = next(&mut chronicler, &facts, 0).expect("nothing was told");
        assert_eq!(names(&first), ["alone", "api", "web"]);
        assert!(
            next(&mut chronicler, &facts, 1).is_none(),
            "nothing changed"
        );
        chronicler.touch(&named_repo("alone"));
        let again = next(&mut chronicler, &facts, 2).expect("it changed");
        assert_eq!(names(&again), ["alone"]);
        assert_eq!(again.from, at(0) - OVERLAP);
        assert_eq!(
            again.coverage[0].from,
            at(0) - ON_THE_BOARD,
            "it counts from the first time on"
        );
        chronicler.touch(&named_repo("alone"));
        let soon = chronicler.next(
            || facts.iter().cloned(),
            &Policy::default(),
            at(2) + TimeDelta::minutes(29),
        );
        assert!(soon.is_none());
    }

    #[test]
    fn repositories_whose_work_is_one_are_told_together() {
        let facts = facts();
        let mut chronicler = chronicler(&facts);
        drop(next(&mut chronicler, &facts, 0));
        chronicler.touch(&named_repo("web"));
        let telling = next(&mut chronicler, &facts, 5).expect("it changed");
        assert_eq!(names(&telling), ["api", "web"]);
        let theirs = |said: &Sourced| said.fact.repo() != Some(&named_repo("alone"));
        assert!(telling.facts.iter().all(theirs));
    }

    #[test]
    fn a_past_is_told_at_once_and_says_since_when_it_counts() {
        let facts = facts();
        let mut chronicler = chronicler(&facts);
        drop(next(&mut chronicler, &facts, 0));
        let past = vec![Fact::clone(&facts[0].fact)];
        chronicler.take_past(&SourceName::new("hub"), Some(at(-2_000)), past);
        let telling = next(&mut chronicler, &facts, 0).expect("a past");
        assert_eq!(telling.from, at(-2_000));
        let since: Vec<_> = telling.coverage.iter().map(|one| one.from).collect();
        assert_eq!(
            since,
            [at(-2_000), at(0) - ON_THE_BOARD],
            "that of the other is not longer"
        );
    }

    #[test]
    fn of_a_quiet_repository_nothing_is_missing_since_it_was_quiet() {
        let facts = facts();
        let mut chronicler = chronicler(&facts);
        chronicler.quiet(vec![(named_repo("alone"), at(-2_000))]);
        let telling = next(&mut chronicler, &facts, 0).expect("nothing was told");
        let since: Vec<_> = telling.coverage.iter().map(|one| one.from).collect();
        let board = at(0) - ON_THE_BOARD;
        assert_eq!(since, [at(-2_000), board, board]);
    }

    #[test]
    fn runs_of_the_past_are_recorded_and_move_no_card() {
        let mut world = World::new();
        world.change(13, |_| {});
        let facts = std::mem::take(&mut world.facts);
        let mut chronicler = chronicler(&facts);
        drop(next(&mut chronicler, &facts, 0));
        world.run(7, 1, RunState::Passed, |_| {});
        let runs = world.facts.iter().map(|said| Fact::clone(&said.fact));
        chronicler.take_loose(&SourceName::new("ci"), runs.collect());
        let telling = next(&mut chronicler, &facts, 0).expect("a run");
        assert!(telling.coverage.is_empty(), "of the rest nothing is known");
        let told = telling.tell(|| true);
        let [Write::Record(Record::CiRun(run))] = told.as_slice() else {
            panic!("{told:?}");
        };
        assert_eq!(run.attempts.len(), 1);
        assert!(next(&mut chronicler, &facts, 0).is_none());
    }

    #[test]
    fn what_is_lost_is_told_from_the_beginning() {
        let facts = facts();
        let mut chronicler = chronicler(&facts);
        drop(next(&mut chronicler, &facts, 0));
        chronicler.forget();
        let telling = next(&mut chronicler, &facts, 0).expect("all of it");
        assert_eq!(telling.from, at(0) - FIRST);
    }

    #[test]
    fn many_repositories_are_told_some_at_a_time() {
        let mut world = World::new();
        for n in 0..50 {
            world.change(n, |change| change.repo = named_repo(&format!("r{n}")));
        }
        let mut chronicler = chronicler(&world.facts);
        let first = next(&mut chronicler, &world.facts, 0).expect("some");
        assert_eq!(first.coverage.len(), AT_ONCE);
        let second = next(&mut chronicler, &world.facts, 0).expect("more");
        assert!(
            names(&second)
                .iter()
                .all(|name| !names(&first).contains(name))
        );
    }
}

//! The facts of one repository that tell about failures, and its lanes: the
//! runs of one workflow on one branch in the order of time.
//!
//! Two sources may tell of the same thing; the newer of two versions counts,
//! in whatever order they came.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::domain::Timestamp;
use crate::domain::change_request::{Called, ChangeRequest, ChangeState};
use crate::domain::commit::{Commit, Range};
use crate::domain::diagnosis::Diagnosis;
use crate::domain::fact::{Fact, FactId, FactKind, newest};
use crate::domain::key::{RepoKey, Sha, SourceName};
use crate::domain::moves::wanders;
use crate::domain::repository::Repository;
use crate::domain::run::{Failure, Job, JobSet, Run, RunState};
use crate::domain::text::Clean;
use crate::domain::triage::RunRef;

/// The state of runs that could not start.
const NEVER_RAN: RunState = RunState::Failed(Failure::Startup);

/// A run in its lane: other systems may tell of it by another name of its repository.
type Place = (Timestamp, u64, RepoKey);

/// What sources say of one thing, by their names.
type Said = Vec<(SourceName, Arc<Fact>)>;

/// What is known of one repository.
#[derive(Debug)]
pub(super) struct Repo {
    /// The name by which its forge tells of it.
    home: RepoKey,
    facts: BTreeMap<FactId, Said>,
    lanes: HashMap<(Clean, Clean), Vec<Place>>,
}

impl Repo {
    /// Makes one of which nothing is known yet.
    pub(super) fn new(home: RepoKey) -> Self {
        Self {
            home,
            facts: BTreeMap::new(),
            lanes: HashMap::new(),
        }
    }

    /// Returns the name by which its forge tells of it.
    pub(super) fn home(&self) -> &RepoKey {
        &self.home
    }

    /// Returns the repository as its forge tells of it.
    pub(super) fn told(&self) -> Option<&Repository> {
        let Fact::Repository(told) = self
            .best(FactKind::Repository, self.home.as_str())?
            .as_ref()
        else {
            return None;
        };
        Some(told)
    }

    /// Takes out what other systems tell of it by one of its names.
    pub(super) fn take(&mut self, name: &RepoKey) -> Vec<(FactId, Said)> {
        let is_moving = |said: &Said| {
            let best = newest(said).map(|(_, fact)| fact);
            best.is_some_and(|fact| wanders(fact) && fact.repo() == Some(name))
        };
        let moving: Vec<FactId> = self
            .facts
            .iter()
            .filter(|(_, said)| is_moving(said))
            .map(|(id, _)| id.clone())
            .collect();
        let mut taken = Vec::new();
        for id in moving {
            let Some(said) = self.facts.remove(&id) else {
                continue;
            };
            for (_, fact) in &said {
                if let Fact::Run(run) = fact.as_ref() {
                    self.leave(run);
                }
            }
            taken.push((id, said));
        }
        taken
    }

    /// Takes a fact in; returns whether that says anything new.
    pub(super) fn insert(&mut self, source: &SourceName, id: &FactId, fact: &Arc<Fact>) -> bool {
        let said = self.facts.entry(id.clone()).or_default();
        let slot = said.iter_mut().find(|(name, _)| name == source);
        let before = match slot {
            Some((_, old)) if Arc::ptr_eq(old, fact) || old == fact => return false,
            Some((_, old)) => Some(std::mem::replace(old, Arc::clone(fact))),
            None => {
                said.push((source.clone(), Arc::clone(fact)));
                said.sort_by(|a, b| a.0.cmp(&b.0));
                None
            }
        };
        if let Some(Fact::Run(old)) = before.as_deref() {
            self.leave(old);
        }
        if let Fact::Run(run) = fact.as_ref() {
            self.enter(run);
        }
        true
    }

    /// Takes a fact out; returns whether it was there.
    pub(super) fn remove(&mut self, source: &SourceName, id: &FactId) -> bool {
        let Some(said) = self.facts.get_mut(id) else {
            return false;
        };
        let Some(at) = said.iter().position(|(name, _)| name == source) else {
            return false;
        };
        let (_, gone) = said.remove(at);
        let rest = said.first().map(|(_, fact)| Arc::clone(fact));
        if rest.is_none() {
            self.facts.remove(id);
        }
        if let Fact::Run(run) = gone.as_ref() {
            self.leave(run);
        }
        if let Some(Fact::Run(run)) = rest.as_deref() {
            self.enter(run);
        }
        true
    }

    fn enter(&mut self, run: &Run) {
        let lane = self.lanes.entry(lane_of(run)).or_default();
        let place = (run.created_at, run.id, run.repo.clone());
        if let Err(at) = lane.binary_search(&place) {
            lane.insert(at, place);
        }
    }

    fn leave(&mut self, run: &Run) {
        let key = lane_of(run);
        if let Some(lane) = self.lanes.get_mut(&key) {
            lane.retain(|(_, id, repo)| *id != run.id || *repo != run.repo);
            if lane.is_empty() {
                self.lanes.remove(&key);
            }
        }
    }

    fn best(&self, kind: FactKind, id: &str) -> Option<&Arc<Fact>> {
        let id = FactId {
            kind,
            id: Clean::line(id),
        };
        newest(self.facts.get(&id)?).map(|(_, fact)| fact)
    }

    /// Returns all facts of a kind whose names begin so, sorted by name.
    fn begun_with(&self, kind: FactKind, begin: String) -> impl Iterator<Item = &Fact> {
        let from = FactId {
            kind,
            id: Clean::line(&begin),
        };
        self.facts
            .range(from..)
            .take_while(move |(id, _)| id.kind == kind && id.id.starts_with(&begin))
            .filter_map(|(_, said)| newest(said))
            .map(|(_, fact)| fact.as_ref())
    }

    /// Returns a run and who told of it.
    pub(super) fn run(&self, repo: &str, id: u64) -> Option<(&SourceName, &Run)> {
        let id = FactId {
            kind: FactKind::Run,
            id: Clean::line(&format!("{repo}/{id}")),
        };
        let (source, fact) = newest(self.facts.get(&id)?)?;
        let Fact::Run(run) = fact.as_ref() else {
            return None;
        };
        Some((source, run))
    }

    /// Returns the run at a place of a lane.
    fn at(&self, (_, id, repo): &Place) -> Option<&Run> {
        self.run(repo.as_str(), *id).map(|(_, run)| run)
    }

    /// Returns the run of this identity of the same workflow as another, by whatever name its
    /// repository is called.
    pub(super) fn numbered(&self, id: u64, like: &Run) -> Option<&Run> {
        let of_workflow = self
            .lanes
            .iter()
            .filter(|((name, _), _)| name == like.workflow_key());
        let mut places = of_workflow.flat_map(|(_, places)| places);
        places
            .find(|place| place.1 == id)
            .and_then(|place| self.at(place))
    }

    /// Returns the jobs of the newest attempt of a run.
    pub(super) fn jobs(&self, run: &Run) -> Option<&JobSet> {
        let id = format!("{}/{}", run.repo.as_str(), run.id);
        let Fact::JobSet(set) = self.best(FactKind::JobSet, &id)?.as_ref() else {
            return None;
        };
        Some(set)
    }

    /// Returns whether it was told which gates a run has, if only that it has none.
    pub(super) fn knows_gates(&self, run: &Run) -> bool {
        let id = format!("{}/{}", run.repo.as_str(), run.id);
        self.best(FactKind::GateSet, &id).is_some()
    }

    /// Returns the jobs of all earlier attempts of a run, the oldest first.
    pub(super) fn earlier(&self, run: &Run) -> Vec<&JobSet> {
        // By what is known, not by the number that the forge gives: that may be anything.
        let begin = format!("{}/{}/", run.repo.as_str(), run.id);
        let mut sets: Vec<&JobSet> = self
            .begun_with(FactKind::EarlierJobs, begin)
            .filter_map(|fact| {
                let Fact::EarlierJobs(set) = fact else {
                    return None;
                };
                (set.attempt < run.attempt).then_some(set)
            })
            .collect();
        sets.sort_by_key(|set| set.attempt);
        sets
    }

    /// Returns what was found about a job.
    pub(super) fn diagnosis(&self, run: &Run, job: u64) -> Option<&Diagnosis> {
        let id = format!("{}/{}/{job}", run.repo.as_str(), run.id);
        let Fact::Diagnosis(found) = self.best(FactKind::Diagnosis, &id)?.as_ref() else {
            return None;
        };
        Some(found)
    }

    /// Returns all that was found about the jobs of a run, of all its attempts.
    pub(super) fn diagnoses<'a>(
        &'a self,
        run: &Run,
    ) -> impl Iterator<Item = &'a Diagnosis> + use<'a> {
        let begin = format!("{}/{}/", run.repo.as_str(), run.id);
        self.begun_with(FactKind::Diagnosis, begin)
            .filter_map(|fact| {
                let Fact::Diagnosis(found) = fact else {
                    return None;
                };
                Some(found.as_ref())
            })
    }

    /// Returns the files that a change request touches, where they were asked for.
    pub(super) fn changed_paths(&self, change: &ChangeRequest) -> Option<&[Clean]> {
        let id = format!("{}#{}", change.repo.as_str(), change.number);
        let Fact::ChangedPaths(paths) = self.best(FactKind::ChangedPaths, &id)?.as_ref() else {
            return None;
        };
        Some(&paths.paths)
    }

    /// Returns the newest runs of the same workflow on any branch that ended by themselves, the
    /// newest first. Those that could not start ran nothing.
    pub(super) fn window<'a>(&'a self, run: &Run, most: usize) -> Vec<&'a Run> {
        let wanted = run.workflow_key();
        let lanes = self.lanes.iter().filter(|((name, _), _)| name == wanted);
        let mut places: Vec<&Place> = lanes.flat_map(|(_, places)| places).collect();
        places.sort_unstable_by(|a, b| b.cmp(a));
        let runs = places.into_iter().filter_map(|place| self.at(place));
        runs.filter(|run| is_finished(run) && run.state != NEVER_RAN)
            .take(most)
            .collect()
    }

    /// Returns the runs of one workflow on one branch, the oldest first.
    pub(super) fn lane<'a>(
        &'a self,
        run: &'a Run,
        branch: &Clean,
    ) -> impl DoubleEndedIterator<Item = &'a Run> {
        let key = (run.workflow_key().clone(), branch.clone());
        let places = self.lanes.get(&key).into_iter().flatten();
        places.filter_map(|place| self.at(place))
    }

    /// Returns the newest runs of the same workflow on any branch, the newest first.
    pub(super) fn recent<'a>(&'a self, run: &'a Run, most: usize) -> Vec<&'a Run> {
        let wanted = run.workflow_key();
        let mut places: Vec<&Place> = self
            .lanes
            .iter()
            .filter(|((name, _), _)| name == wanted)
            .flat_map(|(_, places)| places.iter().rev().take(most))
            .collect();
        places.sort_by(|a, b| b.cmp(a));
        places.truncate(most);
        places
            .into_iter()
            .filter_map(|place| self.at(place))
            .collect()
    }

    /// Returns the runs of the same workflow at the same commit.
    pub(super) fn at_commit<'a>(&'a self, run: &'a Run) -> Vec<&'a Run> {
        let mut found: Vec<&Run> = self
            .lane(run, &run.branch)
            .filter(|other| other.head_sha == run.head_sha && run.head_sha.is_some())
            .collect();
        if !found.iter().any(|other| other.id == run.id) {
            found.push(run);
        }
        found
    }

    /// Returns the change request that a run judges.
    pub(super) fn change_of(&self, run: &Run) -> Option<&ChangeRequest> {
        let named = run.change_requests.iter().find_map(|number| {
            let id = format!("{}#{number}", self.home.as_str());
            let Fact::ChangeRequest(change) = self.best(FactKind::ChangeRequest, &id)?.as_ref()
            else {
                return None;
            };
            Some(change.as_ref())
        });
        let open = || {
            self.begun_with(FactKind::ChangeRequest, String::new())
                .filter_map(|fact| {
                    let Fact::ChangeRequest(change) = fact else {
                        return None;
                    };
                    (change.state == ChangeState::Open).then_some(change.as_ref())
                })
        };
        let at_head = || {
            let head = run.head_sha.as_ref()?;
            open().find(|change| change.head_sha.as_ref().is_some_and(|sha| agree(sha, head)))
        };
        // Of another system that tells no commit; the card says that it is a guess.
        let on_branch = || {
            let is_guess = !run.ci.is_empty() && run.head_sha.is_none() && !run.branch.is_empty();
            let comes_from = |change: &&ChangeRequest| {
                change.head_branch == run.branch && change.base_branch != run.branch
            };
            let mut found = open().filter(|_| is_guess).filter(comes_from);
            let first = found.next()?;
            found.next().is_none().then_some(first)
        };
        named.or_else(at_head).or_else(on_branch)
    }

    /// Returns what the forge calls a change request; one that is not known is a pull request.
    pub(super) fn called(&self, number: u64) -> Called {
        let id = format!("{}#{number}", self.home.as_str());
        if let Some(Fact::ChangeRequest(change)) =
            self.best(FactKind::ChangeRequest, &id).map(AsRef::as_ref)
        {
            return change.called;
        }
        Called::PullRequest
    }

    /// Returns a commit of a long-lived branch.
    pub(super) fn commit(&self, sha: &Sha) -> Option<&Commit> {
        let id = format!("{}@{}", self.home.as_str(), sha.as_str());
        // Some systems tell the first digits only.
        let mut found = self.begun_with(FactKind::Commit, id);
        let Fact::Commit(commit) = found.next()? else {
            return None;
        };
        found.next().is_none().then_some(commit)
    }

    /// Returns what the forge said to lie between two commits.
    pub(super) fn range(&self, from: &Sha, to: &Sha) -> Option<&Range> {
        let id = format!("{}@{}..{}", self.home.as_str(), from.as_str(), to.as_str());
        let Fact::Range(range) = self.best(FactKind::Range, &id)?.as_ref() else {
            return None;
        };
        Some(range)
    }
}

/// Returns whether two names of commits are of one: systems may tell its first digits only.
pub(super) fn agree(one: &Sha, other: &Sha) -> bool {
    one.as_str().starts_with(other.as_str()) || other.as_str().starts_with(one.as_str())
}

fn lane_of(run: &Run) -> (Clean, Clean) {
    (run.workflow_key().clone(), run.branch.clone())
}

/// Returns a run as people name it.
pub(super) fn run_ref(run: &Run) -> RunRef {
    RunRef {
        number: run.number,
        label: run.label.clone(),
        id: run.id,
        url: run.url.clone(),
        at: run.created_at,
    }
}

/// Returns whether a run or job ended red by itself.
pub(super) fn is_red(state: &RunState) -> bool {
    matches!(state, RunState::Failed(_))
}

/// Returns whether a run ended red or green by itself; others say nothing either way.
pub(super) fn is_finished(run: &Run) -> bool {
    is_red(&run.state) || is_green(&run.state)
}

/// Returns whether a run or job ended green.
pub(super) fn is_green(state: &RunState) -> bool {
    matches!(state, RunState::Passed)
}

/// Returns the job that decides that a set is red: the first that failed by itself.
pub(super) fn failed_job(jobs: &[Job]) -> Option<usize> {
    let newest = |job: &Job| {
        let same = jobs.iter().filter(|other| other.name == job.name);
        same.map(|other| other.attempt).max() == Some(job.attempt)
    };
    jobs.iter()
        .enumerate()
        .filter(|(_, job)| is_red(&job.state) && newest(job))
        .min_by_key(|(_, job)| (job.finished_at.unwrap_or(Timestamp::MAX_UTC), job.id))
        .map(|(at, _)| at)
}

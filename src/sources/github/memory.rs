//! What a source remembers of failures: jobs, diagnoses, reports, earlier attempts.
//!
//! Finished jobs never change, so none of it is asked for twice. Everything is
//! bounded; what was forgotten is read again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::domain::Timestamp;
use crate::domain::diagnosis::LogKey;
use crate::domain::fact::Fact;
use crate::domain::key::RepoKey;
use crate::domain::run::{Job, JobSet, RunKey, RunState};
use crate::domain::text::Clean;
use crate::sources::job_log::Diagnoses;
use crate::sources::junit::Report;

/// How many failed jobs are remembered.
const MOST_JOBS: usize = 2_000;

/// Of how many runs the artifacts are remembered.
const MOST_RUNS: usize = 16;

/// How many attempts, and runs with jobs, are remembered.
const MOST_KEYS: usize = 5_000;

/// All that is remembered.
#[derive(Debug, Default)]
pub(super) struct Memory {
    jobs: BTreeMap<u64, JobSeen>,
    pub(super) diagnosed: Diagnoses,
    artifacts: BTreeMap<(RunKey, u32), Artifacts>,
    earlier: BTreeSet<(RunKey, u32)>,
    told: BTreeSet<(RunKey, u32)>,
}

/// A job that failed.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct JobSeen {
    pub(super) run: RunKey,
    pub(super) attempt: u32,
    pub(super) name: Clean,
    pub(super) step: Option<(u32, Clean)>,
    pub(super) started_at: Option<Timestamp>,
    pub(super) finished_at: Option<Timestamp>,
    pub(super) is_over: bool,
}

/// The artifacts of one attempt of a run, and what was read of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Artifacts {
    pub(super) list: Arc<[Artifact]>,
    pub(super) read: BTreeMap<u64, Result<Arc<Report>, Clean>>,
}

/// One artifact that may be a test report.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Artifact {
    pub(super) id: u64,
    pub(super) name: Clean,
    pub(super) created_at: Option<Timestamp>,
}

impl JobSeen {
    pub(super) fn of(run: &RunKey, attempt: u32, job: &Job) -> Self {
        let failed = |state: &RunState| matches!(state, RunState::Failed(_));
        let step = job.steps.iter().find(|step| failed(&step.state));
        let is_over = match job.state {
            RunState::Passed | RunState::Skipped | RunState::Failed(_) | RunState::Cancelled => {
                true
            }
            RunState::Queued
            | RunState::Waiting
            | RunState::Running
            | RunState::ActionRequired
            | RunState::Unknown(_) => false,
        };
        Self {
            run: run.clone(),
            attempt,
            name: job.name.clone(),
            step: step.map(|step| (step.number, step.name.clone())),
            started_at: job.started_at,
            finished_at: job.finished_at,
            is_over,
        }
    }
}

impl Memory {
    /// Forgets a repository.
    pub(super) fn forget(&mut self, repo: &RepoKey) {
        self.jobs.retain(|_, job| job.run.repo != *repo);
        self.diagnosed.forget(repo);
        self.artifacts.retain(|(run, _), _| run.repo != *repo);
        self.earlier.retain(|(run, _)| run.repo != *repo);
        self.told.retain(|(run, _)| run.repo != *repo);
    }

    /// Takes in a fact, stored or new.
    pub(super) fn see(&mut self, fact: &Arc<Fact>) {
        match fact.as_ref() {
            Fact::JobSet(set) => self.see_set(set),
            Fact::EarlierJobs(set) => {
                if set.complete {
                    self.see_attempt(&set.run, set.attempt);
                }
                self.see_jobs(set);
            }
            Fact::Diagnosis(_) => self.diagnosed.keep(fact),
            Fact::Repository(_)
            | Fact::Commit(_)
            | Fact::Range(_)
            | Fact::Ticket(_)
            | Fact::ChangeRequest(_)
            | Fact::ChangedPaths(_)
            | Fact::ChangeTimes(_)
            | Fact::Run(_)
            | Fact::GateSet(_)
            | Fact::Release(_)
            | Fact::Environment(_)
            | Fact::Deployment(_)
            | Fact::Alert(_)
            | Fact::Finding(_) => {}
        }
    }

    /// Takes in the jobs of the newest attempt of a run.
    pub(super) fn see_set(&mut self, set: &JobSet) {
        self.told.insert((set.run.clone(), set.attempt));
        cap_set(&mut self.told);
        self.see_jobs(set);
    }

    /// Takes in the failed jobs of a set.
    pub(super) fn see_jobs(&mut self, set: &JobSet) {
        let failed = |job: &&Job| matches!(job.state, RunState::Failed(_));
        for job in set.jobs.iter().filter(failed) {
            // Steps come from one kind of answer only: what is known of them stays.
            let mut seen = JobSeen::of(&set.run, job.attempt, job);
            let before = self.jobs.get(&job.id);
            seen.step = seen.step.or_else(|| before.and_then(|b| b.step.clone()));
            self.jobs.insert(job.id, seen);
        }
        cap(&mut self.jobs, MOST_JOBS);
    }

    /// Notes that the jobs of an earlier attempt are known, or that there are none.
    pub(super) fn see_attempt(&mut self, run: &RunKey, attempt: u32) {
        self.earlier.insert((run.clone(), attempt));
        cap_set(&mut self.earlier);
    }

    pub(super) fn knows_attempt(&self, run: &RunKey, attempt: u32) -> bool {
        self.earlier.contains(&(run.clone(), attempt))
    }

    /// Returns whether the jobs of an attempt that was the newest are known in any form.
    pub(super) fn knows_jobs(&self, run: &RunKey, attempt: u32) -> bool {
        self.told.contains(&(run.clone(), attempt))
    }

    pub(super) fn job(&self, key: &LogKey) -> Option<JobSeen> {
        let seen = self.jobs.get(&key.job);
        seen.filter(|job| job.run == key.run).cloned()
    }

    /// Returns the attempt that a failed job belongs to.
    pub(super) fn attempt_of(&self, run: &RunKey, job: u64) -> Option<u32> {
        let seen = self.jobs.get(&job).filter(|seen| seen.run == *run);
        seen.map(|seen| seen.attempt)
    }

    /// Returns whether other jobs of the same attempt failed as well.
    pub(super) fn is_shared(&self, key: &LogKey) -> bool {
        let mut others = self.jobs.iter().filter(|(id, seen)| {
            **id != key.job && seen.run == key.run && seen.attempt == key.attempt
        });
        others.next().is_some()
    }

    pub(super) fn artifacts(&self, key: &LogKey) -> Option<Artifacts> {
        self.artifacts.get(&(key.run.clone(), key.attempt)).cloned()
    }

    pub(super) fn keep_artifacts(&mut self, key: &LogKey, artifacts: Artifacts) {
        self.artifacts
            .insert((key.run.clone(), key.attempt), artifacts);
        cap(&mut self.artifacts, MOST_RUNS);
    }
}

/// Forgets the lowest keys beyond a bound: of numbers that the host gives, the oldest.
fn cap<K: Ord, V>(map: &mut BTreeMap<K, V>, most: usize) {
    while map.len() > most {
        map.pop_first();
    }
}

fn cap_set<K: Ord>(set: &mut BTreeSet<K>) {
    while set.len() > MOST_KEYS {
        set.pop_first();
    }
}

#[cfg(test)]
mod tests {
    use super::{MOST_JOBS, Memory};
    use crate::domain::diagnosis::LogKey;
    use crate::domain::key::RepoKey;
    use crate::domain::run::{Failure, Job, JobSet, RunKey, RunState, Step};
    use crate::domain::text::Clean;

    fn run() -> RunKey {
        RunKey {
            repo: RepoKey::new("github.com", "acme/api"),
            id: 9,
        }
    }

    fn job(id: u64, steps: bool) -> Job {
        let state = RunState::Failed(Failure::Failed);
        let step = Step {
            number: 3,
            name: Clean::line("test"),
            state: state.clone(),
            started_at: None,
            finished_at: None,
        };
        Job {
            id,
            name: Clean::line("unit"),
            stage: None,
            attempt: 1,
            state,
            created_at: None,
            started_at: None,
            finished_at: None,
            url: None,
            steps: if steps { vec![step] } else { Vec::new() },
        }
    }

    fn set(jobs: Vec<Job>) -> JobSet {
        JobSet {
            run: run(),
            attempt: 1,
            jobs,
            complete: true,
        }
    }

    fn key(job: u64) -> LogKey {
        LogKey {
            run: run(),
            attempt: 1,
            job,
        }
    }

    #[test]
    fn steps_stay_when_a_cheaper_answer_tells_none() {
        let mut memory = Memory::default();
        memory.see_set(&set(vec![job(1, true)]));
        memory.see_set(&set(vec![job(1, false)]));
        let seen = memory.job(&key(1)).unwrap();
        assert_eq!(seen.step, Some((3, Clean::line("test"))));
        assert!(memory.knows_jobs(&run(), 1) && !memory.knows_jobs(&run(), 2));
    }

    #[test]
    fn jobs_that_fail_together_share_reports() {
        let mut memory = Memory::default();
        memory.see_set(&set(vec![job(1, true)]));
        assert!(!memory.is_shared(&key(1)));
        memory.see_set(&set(vec![job(2, true)]));
        assert!(memory.is_shared(&key(1)));
    }

    #[test]
    fn the_newest_jobs_are_remembered() {
        let mut memory = Memory::default();
        let most = MOST_JOBS as u64;
        memory.see_set(&set((0..most + 10).map(|id| job(id, false)).collect()));
        assert_eq!(memory.jobs.len(), MOST_JOBS);
        assert!(memory.job(&key(9)).is_none() && memory.job(&key(most + 9)).is_some());
    }
}

//! What a source remembers of failures: jobs that failed and what was found about them.
//!
//! Finished jobs never change, so none of it is asked for twice. Bounded; what was
//! forgotten is read again.

use std::collections::BTreeMap;

use crate::domain::Timestamp;
use crate::domain::diagnosis::LogKey;
use crate::domain::key::RepoKey;
use crate::domain::run::{JobSet, RunKey, RunState};
use crate::domain::text::Clean;
use crate::sources::job_log::Diagnoses;

/// How many failed jobs are remembered.
const MOST_JOBS: usize = 2_000;

/// All that is remembered.
#[derive(Debug, Default)]
pub(super) struct Memory {
    jobs: BTreeMap<u64, JobSeen>,
    pub(super) diagnosed: Diagnoses,
}

/// A job that failed.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct JobSeen {
    pub(super) run: RunKey,
    pub(super) attempt: u32,
    pub(super) name: Clean,
    pub(super) step: Option<(u32, Clean)>,
    pub(super) finished_at: Option<Timestamp>,
    pub(super) is_over: bool,
}

impl Memory {
    /// Forgets a repository.
    pub(super) fn forget(&mut self, repo: &RepoKey) {
        self.jobs.retain(|_, job| job.run.repo != *repo);
        self.diagnosed.forget(repo);
    }

    /// Takes in the failed jobs of a set.
    pub(super) fn see_jobs(&mut self, set: &JobSet) {
        let failed = |state: &RunState| matches!(state, RunState::Failed(_));
        for job in set.jobs.iter().filter(|job| failed(&job.state)) {
            let step = job.steps.iter().find(|step| failed(&step.state));
            let seen = JobSeen {
                run: set.run.clone(),
                attempt: job.attempt,
                name: job.name.clone(),
                step: step.map(|step| (step.number, step.name.clone())),
                finished_at: job.finished_at,
                is_over: job.state.is_over(),
            };
            self.jobs.insert(job.id, seen);
        }
        while self.jobs.len() > MOST_JOBS {
            self.jobs.pop_first();
        }
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
        let others = self.jobs.iter().filter(|(id, _)| **id != key.job);
        let mut same =
            others.filter(|(_, seen)| seen.run == key.run && seen.attempt == key.attempt);
        same.next().is_some()
    }
}

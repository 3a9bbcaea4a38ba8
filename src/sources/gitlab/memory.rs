//! What a source remembers of failures: jobs, diagnoses, test reports.
//!
//! Finished jobs never change, so none of it is asked for twice. Everything is
//! bounded; what was forgotten is read again.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::Timestamp;
use crate::domain::diagnosis::LogKey;
use crate::domain::key::RepoKey;
use crate::domain::run::{JobSet, RunKey, RunState};
use crate::domain::text::Clean;
use crate::sources::job_log::Diagnoses;
use crate::sources::junit::Report;

/// How many failed jobs are remembered.
const MOST_JOBS: usize = 2_000;

/// Of how many pipelines the test reports are remembered.
const MOST_REPORTS: usize = 8;

/// The failing tests of a pipeline, by the suite's name: that of the job.
pub(super) type Reports = BTreeMap<String, Report>;

/// All that is remembered.
#[derive(Debug, Default)]
pub(super) struct Memory {
    jobs: BTreeMap<u64, JobSeen>,
    pub(super) diagnosed: Diagnoses,
    reports: BTreeMap<(RunKey, u64), Arc<Reports>>,
}

/// A job that failed.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct JobSeen {
    pub(super) run: RunKey,
    pub(super) attempt: u32,
    pub(super) name: Clean,
    pub(super) finished_at: Option<Timestamp>,
}

impl Memory {
    /// Forgets a repository.
    pub(super) fn forget(&mut self, repo: &RepoKey) {
        self.jobs.retain(|_, job| job.run.repo != *repo);
        self.diagnosed.forget(repo);
        self.reports.retain(|(run, _), _| run.repo != *repo);
    }

    /// Takes in the failed jobs of a set.
    pub(super) fn see_jobs(&mut self, set: &JobSet) {
        let failed = |state: &RunState| matches!(state, RunState::Failed(_));
        for job in set.jobs.iter().filter(|job| failed(&job.state)) {
            let seen = JobSeen {
                run: set.run.clone(),
                attempt: job.attempt,
                name: job.name.clone(),
                finished_at: job.finished_at,
            };
            self.jobs.insert(job.id, seen);
        }
        cap(&mut self.jobs, MOST_JOBS);
    }

    /// Returns a failed job of a run.
    pub(super) fn job(&self, run: &RunKey, job: u64) -> Option<&JobSeen> {
        self.jobs.get(&job).filter(|seen| seen.run == *run)
    }

    /// Returns whether other jobs of the same attempt of a run failed as well.
    pub(super) fn is_shared(&self, key: &LogKey) -> bool {
        let mut others = self.jobs.iter().filter(|(id, seen)| {
            **id != key.job && seen.run == key.run && seen.attempt == key.attempt
        });
        others.next().is_some()
    }

    /// Returns the reports of a pipeline, as they were after a job of it had ended.
    pub(super) fn reports(&self, run: &RunKey, job: u64) -> Option<Arc<Reports>> {
        self.reports.get(&(run.clone(), job)).cloned()
    }

    /// Keeps the reports of a pipeline, read for a job of it.
    pub(super) fn keep_reports(&mut self, run: &RunKey, job: u64, reports: Arc<Reports>) {
        self.reports.insert((run.clone(), job), reports);
        cap(&mut self.reports, MOST_REPORTS);
    }
}

/// Forgets the lowest keys beyond a bound: of numbers that the host gives, the oldest.
fn cap<K: Ord, V>(map: &mut BTreeMap<K, V>, most: usize) {
    while map.len() > most {
        map.pop_first();
    }
}

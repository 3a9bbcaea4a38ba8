//! What a source remembers of failures: jobs, diagnoses, test reports.
//!
//! Finished jobs never change, so none of it is asked for twice. Everything is
//! bounded; what was forgotten is read again.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::key::RepoKey;
use crate::domain::run::RunKey;
use crate::sources::failed_jobs::FailedJobs;
use crate::sources::job_log::Diagnoses;
use crate::sources::junit::Report;
use crate::sources::recent::Recent;

/// Of how many pipelines the test reports are remembered.
const MOST_REPORTS: usize = 8;

/// The failing tests of a pipeline, by the suite's name: that of the job.
pub(super) type Reports = BTreeMap<String, Report>;

/// All that is remembered.
#[derive(Debug, Default)]
pub(super) struct Memory {
    pub(super) jobs: FailedJobs,
    pub(super) diagnosed: Diagnoses,
    reports: Recent<(RunKey, u64), Arc<Reports>, MOST_REPORTS>,
}

impl Memory {
    /// Forgets a repository.
    pub(super) fn forget(&mut self, repo: &RepoKey) {
        self.jobs.forget(repo);
        self.diagnosed.forget(repo);
        self.reports.retain(|(run, _), _| run.repo != *repo);
    }

    /// Returns the reports of a pipeline, as they were after a job of it had ended.
    pub(super) fn reports(&self, run: &RunKey, job: u64) -> Option<Arc<Reports>> {
        self.reports.get(&(run.clone(), job)).cloned()
    }

    /// Keeps the reports of a pipeline, read for a job of it.
    pub(super) fn keep_reports(&mut self, run: &RunKey, job: u64, reports: Arc<Reports>) {
        self.reports.insert((run.clone(), job), reports);
    }
}

//! What a source remembers of failures: jobs that failed and what was found about them.
//!
//! Finished jobs never change, so none of it is asked for twice. Bounded; what was
//! forgotten is read again.

use crate::domain::key::RepoKey;
use crate::sources::failed_jobs::FailedJobs;
use crate::sources::job_log::Diagnoses;

/// All that is remembered.
#[derive(Debug, Default)]
pub(super) struct Memory {
    pub(super) jobs: FailedJobs,
    pub(super) diagnosed: Diagnoses,
}

impl Memory {
    /// Forgets a repository.
    pub(super) fn forget(&mut self, repo: &RepoKey) {
        self.jobs.forget(repo);
        self.diagnosed.forget(repo);
    }
}

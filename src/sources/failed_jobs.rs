//! The failed jobs that a forge told of, so that none is asked for again to say why it failed.
//!
//! Finished jobs never change. Bounded; what was forgotten is read again, in the way
//! that each adapter has for it.

use std::collections::BTreeMap;

use crate::domain::Timestamp;
use crate::domain::diagnosis::LogKey;
use crate::domain::key::RepoKey;
use crate::domain::run::{Job, JobSet, RunKey, RunState};
use crate::domain::text::Clean;
use crate::sources::job_log;

/// How many failed jobs are remembered.
const MOST: usize = 2_000;

/// A job that failed, or one that is asked for.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct JobSeen {
    /// Its run.
    pub(super) run: RunKey,
    /// The attempt that it belongs to.
    pub(super) attempt: u32,
    /// Its name, empty where that is not known.
    pub(super) name: Clean,
    /// Number and name of the step that failed, where it is known.
    pub(super) step: Option<(u32, Clean)>,
    /// When it began.
    pub(super) started_at: Option<Timestamp>,
    /// When it ended.
    pub(super) finished_at: Option<Timestamp>,
    /// Whether it ended at all.
    pub(super) is_over: bool,
}

impl JobSeen {
    /// Returns what is kept of a job.
    pub(super) fn of(run: &RunKey, job: &Job) -> Self {
        let step = job.steps.iter().find(|step| is_failed(&step.state));
        Self {
            run: run.clone(),
            attempt: job.attempt,
            name: job.name.clone(),
            step: step.map(|step| (step.number, step.name.clone())),
            started_at: job.started_at,
            finished_at: job.finished_at,
            is_over: job.state.is_over(),
        }
    }

    /// Returns a job of which nothing is known but that it is asked for.
    pub(super) fn unknown(key: &LogKey) -> Self {
        Self {
            run: key.run.clone(),
            attempt: key.attempt,
            name: Clean::default(),
            step: None,
            started_at: None,
            finished_at: None,
            is_over: false,
        }
    }
}

impl From<JobSeen> for job_log::Job {
    fn from(seen: JobSeen) -> Self {
        Self {
            name: seen.name,
            step: seen.step,
            finished_at: seen.finished_at,
        }
    }
}

fn is_failed(state: &RunState) -> bool {
    matches!(state, RunState::Failed(_))
}

/// Failed jobs by the number that the forge gives them.
#[derive(Debug, Default)]
pub(super) struct FailedJobs(BTreeMap<u64, JobSeen>);

impl FailedJobs {
    /// Forgets those of a repository.
    pub(super) fn forget(&mut self, repo: &RepoKey) {
        self.0.retain(|_, job| job.run.repo != *repo);
    }

    /// Takes in the failed jobs of a set.
    pub(super) fn see(&mut self, set: &JobSet) {
        for job in set.jobs.iter().filter(|job| is_failed(&job.state)) {
            // Steps may come from one kind of answer only: what is known of them stays.
            let mut seen = JobSeen::of(&set.run, job);
            let before = self.0.remove(&job.id);
            seen.step = seen.step.or_else(|| before.and_then(|job| job.step));
            self.0.insert(job.id, seen);
        }
        // Of numbers that the forge gives, the lowest are the oldest.
        while self.0.len() > MOST {
            self.0.pop_first();
        }
    }

    /// Returns a failed job of a run.
    pub(super) fn get(&self, run: &RunKey, job: u64) -> Option<&JobSeen> {
        self.0.get(&job).filter(|seen| seen.run == *run)
    }

    /// Returns the attempt that a failed job belongs to.
    pub(super) fn attempt_of(&self, run: &RunKey, job: u64) -> Option<u32> {
        self.get(run, job).map(|seen| seen.attempt)
    }

    /// Returns whether other jobs of the same attempt failed as well.
    pub(super) fn is_shared(&self, key: &LogKey) -> bool {
        let is_other = |(id, seen): (&u64, &JobSeen)| {
            *id != key.job && seen.run == key.run && seen.attempt == key.attempt
        };
        self.0.iter().any(is_other)
    }
}

#[cfg(test)]
mod tests {
    use super::{FailedJobs, MOST};
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

    #[test]
    fn steps_stay_when_a_cheaper_answer_tells_none() {
        let mut jobs = FailedJobs::default();
        jobs.see(&set(vec![job(1, true)]));
        jobs.see(&set(vec![job(1, false)]));
        let seen = jobs.get(&run(), 1).unwrap();
        assert_eq!(seen.step, Some((3, Clean::line("test"))));
        assert_eq!(jobs.attempt_of(&run(), 1), Some(1));
    }

    #[test]
    fn jobs_of_one_attempt_fail_together() {
        let mut jobs = FailedJobs::default();
        let key = LogKey {
            run: run(),
            attempt: 1,
            job: 1,
        };
        jobs.see(&set(vec![job(1, true)]));
        assert!(!jobs.is_shared(&key));
        jobs.see(&set(vec![job(2, true)]));
        assert!(jobs.is_shared(&key));
        jobs.forget(&run().repo);
        assert!(jobs.get(&run(), 1).is_none() && !jobs.is_shared(&key));
    }

    #[test]
    fn the_newest_jobs_are_remembered() {
        let mut jobs = FailedJobs::default();
        let most = MOST as u64;
        jobs.see(&set((0..most + 10).map(|id| job(id, false)).collect()));
        assert_eq!(jobs.0.len(), MOST);
        assert!(jobs.get(&run(), 9).is_none() && jobs.get(&run(), most + 9).is_some());
    }
}

//! Runs that a person watches: the one behind the open card, and those that were acted on.
//!
//! Red or not: what comes of a re-run is seen where it was asked for. Nothing is
//! judged here.

use std::sync::Arc;

use crate::domain::key::SourceName;
use crate::domain::run::{Run, RunKey};
use crate::domain::triage::judge::{attempts, lines};
use crate::domain::triage::lane::Repo;
use crate::domain::triage::{Attempt, JobLine};

/// One run as it stands now.
#[derive(Clone, PartialEq, Debug)]
pub struct Watched {
    /// The source that told of it last.
    pub source: SourceName,
    /// The run, its newest attempt.
    pub run: Arc<Run>,
    /// The jobs of that attempt, as far as they are known.
    pub jobs: Vec<JobLine>,
    /// Whether they were read.
    pub jobs_known: bool,
    /// Earlier attempts whose jobs are known, newest first.
    pub attempts: Vec<Attempt>,
}

/// Returns how a run stands; nothing where it is not known.
pub(super) fn watched(repo: &Repo, key: &RunKey, usual: usize) -> Option<Watched> {
    let (source, run) = repo.run(key.repo.as_str(), key.id)?;
    let set = repo.jobs(run).filter(|set| set.attempt == run.attempt);
    let jobs = set.map_or(&[][..], |set| &set.jobs);
    Some(Watched {
        source: source.clone(),
        jobs: lines(repo, run, jobs, usual),
        jobs_known: set.is_some() || !run.no_jobs.is_empty(),
        attempts: attempts(repo, run),
        run: Arc::new(run.clone()),
    })
}

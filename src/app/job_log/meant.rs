//! Which job is meant by a word, a name or a page, and whether it has a log or is at work.
//!
//! Pure: what the board tells decides; nobody is asked.

use std::sync::Arc;

use super::names;
use crate::app::exit::{Exit, Failure};
use crate::app::page::{self, Page};
use crate::app::triage;
use crate::domain::diagnosis::{Diagnosis, LogKey};
use crate::domain::item::WorkItem;
use crate::domain::run::{Job, RunKey, RunState};
use crate::domain::status::Status;
use crate::domain::triage::{JobLine, Known, Triage};
use crate::engine::snapshot::Snapshot;

/// The log that is meant, and what is known of it already.
pub(super) struct Wanted {
    /// Which one.
    pub(super) key: LogKey,
    /// What was found about it.
    pub(super) found: Option<Arc<Diagnosis>>,
    /// Whether an answer could still change which log it is.
    pub(super) is_sure: bool,
    /// What its job does, where that is known.
    pub(super) state: Option<RunState>,
}

/// Returns the log of a job at work of a card that is not red.
pub(super) fn at_work(
    item: &WorkItem,
    snapshot: &Snapshot,
    name: Option<&str>,
) -> Result<Wanted, Failure> {
    let is_of = |run: &RunKey| {
        let mut lines = item.evidence.iter();
        lines.any(|line| line.run.as_deref() == Some(run))
    };
    let mut watched = snapshot.watched.iter();
    let watched = watched.find(|watched| is_of(&watched.run.key()));
    let nothing = || Failure::error(format!("no job of `{}` is at work", item.key));
    let mut lines = item.evidence.iter();
    let runs = lines.any(|line| line.run.is_some() && line.status == Status::Running);
    let watched = watched.ok_or_else(|| {
        if runs {
            // Its jobs are asked for now.
            nothing().with_exit(Exit::Stale)
        } else {
            nothing()
        }
    })?;
    if !watched.run.no_jobs.is_empty() {
        return Err(Failure::error(watched.run.no_jobs.as_str()));
    }
    let lines = &watched.jobs;
    let job = match name {
        Some(name) => job_named(name, lines, watched.jobs_known)?,
        None => running(lines).ok_or_else(|| {
            if watched.jobs_known {
                nothing()
            } else {
                nothing().with_exit(Exit::Stale)
            }
        })?,
    };
    Ok(Wanted {
        key: LogKey {
            run: watched.run.key(),
            attempt: job.attempt,
            job: job.id,
        },
        found: None,
        is_sure: true,
        state: Some(job.state.clone()),
    })
}

/// Returns the log of the job that a page names.
pub(super) fn of_page(
    key: LogKey,
    snapshot: &Snapshot,
    page: Page<'_>,
    follows: bool,
) -> Result<Wanted, Failure> {
    let cards = snapshot.triage.cards.iter().map(|card| &*card.triage);
    let (mut found, mut state) = (None, None);
    for triage in cards.filter(|triage| page.is_of(triage)) {
        let mut jobs = triage.jobs.iter().map(|line| &line.job);
        if let Some(job) = jobs.find(|job| job.id == key.job) {
            has_log(job, follows)?;
            state = Some(job.state.clone());
        }
        found = found.or_else(|| known(triage, key.job));
    }
    let is_sure = true;
    Ok(Wanted {
        key,
        found,
        is_sure,
        state,
    })
}

/// Returns the log of the job that made a card red, or of another one of its run.
pub(super) fn of_card(
    triage: &Triage,
    job: Option<&str>,
    is_sure: bool,
    follows: bool,
) -> Result<Wanted, Failure> {
    let works = running(&triage.jobs).filter(|_| follows);
    let key = match job {
        Some(name) => {
            let job = job_named(name, &triage.jobs, triage.jobs_known)?;
            has_log(job, follows)?;
            page::log_of_job(triage, job.id)
        }
        None if let Some(job) = works => page::log_of_job(triage, job.id),
        None => match (triage::log_of(triage), &triage.diagnosis) {
            (Some(key), _) => key,
            (None, Known::No(why)) => {
                let failure = Failure::error(why.as_str());
                // What nobody will ever tell is not late.
                let is_never = !triage.run.no_jobs.is_empty();
                return Err(if is_never {
                    failure
                } else {
                    failure.with_exit(Exit::Stale)
                });
            }
            (None, Known::Yes(_)) => return Err(Failure::error("the failed job is not known")),
        },
    };
    let found = known(triage, key.job);
    let mut jobs = triage.jobs.iter().map(|line| &line.job);
    let job = jobs.find(|job| job.id == key.job && job.attempt == key.attempt);
    Ok(Wanted {
        state: job.map(|job| job.state.clone()),
        key,
        found,
        is_sure,
    })
}

/// Returns the first job that is at work.
fn running(lines: &[JobLine]) -> Option<&Job> {
    let mut jobs = lines.iter().map(|line| &line.job);
    jobs.find(|job| job.state == RunState::Running)
}

impl Wanted {
    /// Returns whether its job may be at work.
    pub(super) fn may_run(&self) -> bool {
        self.found.is_none() && self.state.as_ref().is_none_or(|state| !state.is_over())
    }
}

/// Returns what was found about a job, where that is on the card.
fn known(triage: &Triage, job: u64) -> Option<Arc<Diagnosis>> {
    match &triage.diagnosis {
        Known::Yes(found) if found.job == job => Some(Arc::clone(found)),
        Known::Yes(_) | Known::No(_) => None,
    }
}

/// Refuses a job that has none yet.
fn has_log(job: &Job, follows: bool) -> Result<(), Failure> {
    match &job.state {
        RunState::Running if follows => Ok(()),
        RunState::Queued | RunState::Waiting | RunState::Running | RunState::ActionRequired => {
            let message = format!("job `{}` has not ended, and has no log yet", job.name);
            let failure = Failure::error(message).with_exit(Exit::Stale);
            Err(if job.state == RunState::Running {
                failure.hint("`--follow` prints what it writes, where the system has a way")
            } else {
                failure
            })
        }
        RunState::Passed
        | RunState::Skipped
        | RunState::Failed(_)
        | RunState::Cancelled
        | RunState::Unknown(_) => Ok(()),
    }
}

fn job_named<'a>(name: &str, lines: &'a [JobLine], jobs_known: bool) -> Result<&'a Job, Failure> {
    let jobs = || lines.iter().map(|line| &line.job);
    if let Some(job) = jobs().find(|job| *job.name == *name) {
        return Ok(job);
    }
    let lower = name.to_lowercase();
    let like: Vec<&Job> = jobs()
        .filter(|job| job.name.to_lowercase().contains(&lower))
        .collect();
    if let [job] = like.as_slice() {
        return Ok(job);
    }
    let all: Vec<&Job> = if like.is_empty() {
        jobs().collect()
    } else {
        like.clone()
    };
    if all.is_empty() && !jobs_known {
        let failure = Failure::error("the jobs of the run are not known");
        return Err(failure.with_exit(Exit::Stale));
    }
    let message = if like.is_empty() {
        format!("the run has no job `{name}`")
    } else {
        format!("`{name}` means {} jobs", like.len())
    };
    Err(Failure::error(message).hint(names(all.iter().map(|job| job.name.as_str()))))
}

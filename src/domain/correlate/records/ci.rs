//! Records of CI runs, with their attempts.

use std::collections::HashMap;

use crate::domain::correlate::view::View;
use crate::domain::fact::Fact;
use crate::domain::history::{Attempt, CiRun, RunEnd};
use crate::domain::run::{Job, JobSet, Run, RunState};
use crate::domain::text::Clean;

/// The earlier attempts of each run, oldest first.
pub(super) fn earlier<'a>(view: &View<'a>) -> HashMap<u64, Vec<&'a JobSet>> {
    let mut found: HashMap<u64, Vec<&'a JobSet>> = HashMap::new();
    for set in &view.kinds.earlier_jobs {
        found.entry(set.run.id).or_default().push(set);
    }
    for sets in found.values_mut() {
        sets.sort_by_key(|set| set.attempt);
    }
    found
}

/// Makes the record of a run.
pub(super) fn ci_run<'a>(
    view: &View<'a>,
    run: &'a Run,
    jobs: Option<&JobSet>,
    earlier: &[&JobSet],
) -> CiRun {
    let judged = run.change_requests.first().copied();
    let before = earlier.iter().filter(|set| set.attempt < run.attempt);
    let mut attempts: Vec<Attempt> = before.map(|set| of_jobs(set)).collect();
    let jobs = jobs.filter(|set| set.attempt == run.attempt);
    let jobs = jobs.map_or(&[][..], |set| set.jobs.as_slice());
    let ended = jobs.iter().filter_map(|job| job.finished_at).max();
    attempts.push(Attempt {
        number: run.attempt.max(1),
        started_at: jobs
            .iter()
            .filter_map(|job| job.started_at)
            .min()
            .or(run.started_at),
        finished_at: run.state.is_over().then(|| ended.unwrap_or(run.updated_at)),
        end: end_of(&run.state),
        queued_secs: waited(jobs).or_else(|| {
            let first = run.attempt <= 1;
            let span = run.started_at.filter(|_| first)? - run.created_at;
            // Some hosts tell when a run was wished for as its beginning, too.
            let secs = u64::try_from(span.num_seconds()).ok();
            secs.filter(|secs| *secs > 0)
        }),
        failed_jobs: failed(jobs),
    });
    CiRun {
        id: Fact::Run(run.clone()).id().id,
        repo: run.repo.clone(),
        workflow: run.workflow_key().clone(),
        branch: run.branch.clone(),
        on_default: judged.is_none()
            && view.default_branch() == Some(run.branch.as_str())
            && !run.event.starts_with("pull_request"),
        change: judged,
        sha: view.head_of(run).or(run.head_sha.as_ref()).cloned(),
        event: run.event.clone(),
        created_at: run.created_at,
        attempts,
        url: run.url.clone(),
    }
}

fn of_jobs(set: &JobSet) -> Attempt {
    let worst = set.jobs.iter().map(|job| end_of(&job.state));
    let over = set.jobs.iter().all(|job| job.state.is_over());
    Attempt {
        number: set.attempt,
        started_at: set.jobs.iter().filter_map(|job| job.started_at).min(),
        finished_at: set.jobs.iter().filter_map(|job| job.finished_at).max(),
        end: worst
            .max_by_key(|end| badness(*end))
            .filter(|_| over)
            .unwrap_or(RunEnd::Unknown),
        queued_secs: waited(&set.jobs),
        failed_jobs: failed(&set.jobs),
    }
}

/// How much an end weighs where several jobs make one attempt.
fn badness(end: RunEnd) -> u8 {
    match end {
        RunEnd::Skipped => 0,
        RunEnd::Passed => 1,
        RunEnd::Open => 2,
        RunEnd::Unknown => 3,
        RunEnd::Cancelled => 4,
        RunEnd::Failed => 5,
    }
}

fn end_of(state: &RunState) -> RunEnd {
    match state {
        RunState::Passed => RunEnd::Passed,
        RunState::Skipped => RunEnd::Skipped,
        RunState::Failed(_) => RunEnd::Failed,
        RunState::Cancelled => RunEnd::Cancelled,
        RunState::Queued | RunState::Waiting | RunState::Running | RunState::ActionRequired => {
            RunEnd::Open
        }
        RunState::Unknown(_) => RunEnd::Unknown,
    }
}

/// How long the first job waited for a machine, in seconds.
fn waited(jobs: &[Job]) -> Option<u64> {
    let first = jobs
        .iter()
        .filter_map(|job| Some((job.started_at?, job.created_at?)))
        .min()?;
    u64::try_from((first.0 - first.1).num_seconds()).ok()
}

fn failed(jobs: &[Job]) -> Vec<Clean> {
    let red = jobs
        .iter()
        .filter(|job| end_of(&job.state) == RunEnd::Failed);
    red.map(|job| job.name.clone()).collect()
}

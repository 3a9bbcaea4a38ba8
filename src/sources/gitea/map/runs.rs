//! Runs, jobs and steps of Actions, in the words of either server.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::{line, link, person, sha, when};
use crate::domain::Timestamp;
use crate::domain::key::RepoKey;
use crate::domain::run::{Failure, Job, JobSet, Run, RunKey, RunState, Step};
use crate::domain::text::Clean;
use crate::sources::gitea::wire_actions::{self as wire, Task};

/// The bit of the identity of a run that is known by its number only: it meets no real one.
///
/// Servers without a list of runs tell tasks, which name the number of their run and no identity.
const BY_NUMBER: u64 = 1 << 51;

/// For how long after one job another may begin that no list tells before.
const PAUSE: TimeDelta = TimeDelta::minutes(2);

/// Returns whether a run is known by its number only, so that nothing can be asked of it.
pub(in crate::sources::gitea) fn is_by_number(run: u64) -> bool {
    run & BY_NUMBER != 0
}

/// Which words a record speaks in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::sources::gitea) enum Words {
    /// Those of GitHub: status and conclusion.
    Hub,
    /// The server's own: a status alone, in which `waiting` is a wait for a runner.
    Own,
}

/// Returns the state that status and conclusion stand for; unknown is never success.
pub(in crate::sources::gitea) fn state(
    status: Option<&str>,
    conclusion: Option<&str>,
    words: Words,
) -> RunState {
    let lower = |word: Option<&str>| word.unwrap_or_default().to_ascii_lowercase();
    let (status, conclusion) = (lower(status), lower(conclusion));
    let word = match status.as_str() {
        "completed" | "" => conclusion.as_str(),
        other => other,
    };
    match word {
        "queued" | "requested" => RunState::Queued,
        "waiting" if words == Words::Own => RunState::Queued,
        "waiting" | "pending" | "blocked" => RunState::Waiting,
        "in_progress" | "running" | "cancelling" => RunState::Running,
        "success" => RunState::Passed,
        "skipped" | "neutral" => RunState::Skipped,
        "failure" => RunState::Failed(Failure::Failed),
        "timed_out" => RunState::Failed(Failure::TimedOut),
        "cancelled" => RunState::Cancelled,
        "action_required" => RunState::ActionRequired,
        "" => RunState::Unknown(Clean::line("no conclusion")),
        other => RunState::Unknown(Clean::line(other)),
    }
}

/// Where a run took place: a branch, a tag, or a change request.
fn place(reference: &str) -> (Clean, Option<u64>) {
    let pull = reference
        .strip_prefix("refs/pull/")
        .and_then(|rest| rest.split('/').next())
        .or_else(|| reference.strip_prefix('#'));
    if let Some(number) = pull.and_then(|number| number.parse().ok()) {
        return (Clean::default(), Some(number));
    }
    let name = ["refs/heads/", "refs/tags/"]
        .iter()
        .find_map(|start| reference.strip_prefix(start));
    (Clean::line(name.unwrap_or(reference)), None)
}

/// Returns a run of `repo`; `asked_at` is when it was first seen, for servers that tell no time
/// of a run that has not started.
pub(in crate::sources::gitea) fn run(repo: &RepoKey, wire: &wire::Run, asked_at: Timestamp) -> Run {
    let words = if wire.commit_sha.is_some() || wire.prettyref.is_some() {
        Words::Own
    } else {
        Words::Hub
    };
    let path = wire.path.as_deref().unwrap_or_default();
    let (file, reference) = path.split_once('@').unwrap_or((path, ""));
    let file = wire.workflow_id.as_deref().unwrap_or(file);
    let named = wire.prettyref.as_deref().or(wire.head_branch.as_deref());
    let named = named.filter(|name| !name.is_empty());
    let (branch, mut pull) = place(named.unwrap_or(reference));
    pull = pull.or_else(|| place(reference).1);
    let mut changes: Vec<u64> = wire.pull_requests.items.iter().map(|n| n.number).collect();
    changes.extend(pull.filter(|pull| !changes.contains(pull)));
    let mut state = state(wire.status.as_deref(), wire.conclusion.as_deref(), words);
    if wire.need_approval && matches!(state, RunState::Queued | RunState::Waiting) {
        state = RunState::ActionRequired;
    }
    let started_at = when(wire.started_at);
    let ended_at = when(wire.completed_at);
    let created_at = when(wire.created_at).or(started_at).unwrap_or(asked_at);
    let event = wire.trigger_event.as_deref().or(wire.event.as_deref());
    Run {
        repo: repo.clone(),
        ci: Clean::default(),
        no_jobs: Clean::default(),
        label: Clean::default(),
        id: wire.id,
        number: wire.number.unwrap_or(wire.id),
        attempt: wire.attempt.unwrap_or(1).max(1),
        workflow: Clean::line(file),
        workflow_path: Clean::line(file),
        event: line(event),
        branch,
        head_sha: sha(wire.head_sha.as_deref().or(wire.commit_sha.as_deref())),
        change_requests: changes,
        state,
        actor: wire.actor.as_ref().and_then(person),
        title: line(wire.display_title.as_deref()),
        url: link(wire.html_url.as_deref()),
        created_at,
        started_at,
        updated_at: when(wire.updated_at)
            .max(ended_at)
            .max(started_at)
            .unwrap_or(created_at),
    }
}

/// Returns the jobs of one attempt of a run; `tasks` tell when those ran that do not say it.
pub(in crate::sources::gitea) fn job_set(
    run: RunKey,
    attempt: u32,
    (jobs, words, complete): (&[wire::Job], Words, bool),
    tasks: &[Task],
) -> JobSet {
    let named = jobs.iter().filter_map(|job| job.attempt);
    // Forgejo counts the attempts of each job; of the run it counts none.
    let attempt = match words {
        Words::Hub => named.max().unwrap_or(attempt).max(attempt),
        Words::Own => attempt,
    };
    JobSet {
        run,
        attempt,
        jobs: jobs
            .iter()
            .map(|wire| job(wire, attempt, words, tasks))
            .collect(),
        complete,
    }
}

/// Returns a job, of the attempt it names or else of this one.
pub(in crate::sources::gitea) fn job(
    wire: &wire::Job,
    attempt: u32,
    words: Words,
    tasks: &[Task],
) -> Job {
    let state = state(wire.status.as_deref(), wire.conclusion.as_deref(), words);
    let task = tasks.iter().find(|task| Some(task.id) == wire.task_id);
    let started = when(wire.started_at).or_else(|| when(task?.run_started_at));
    let ended = when(wire.completed_at).or_else(|| when(task?.updated_at));
    let attempt = match words {
        Words::Hub => wire.attempt.unwrap_or(attempt).clamp(1, attempt.max(1)),
        Words::Own => attempt,
    };
    Job {
        id: wire.id,
        name: Clean::line(&wire.name),
        stage: None,
        attempt,
        created_at: when(wire.created_at).or_else(|| when(Some(task?.created_at))),
        started_at: started,
        finished_at: ended.filter(|_| state.is_over()),
        url: link(wire.html_url.as_deref()),
        steps: wire.steps.items.iter().map(|it| step(it, words)).collect(),
        state,
    }
}

fn step(wire: &wire::Step, words: Words) -> Step {
    Step {
        number: wire.number,
        name: Clean::line(&wire.name),
        state: state(wire.status.as_deref(), wire.conclusion.as_deref(), words),
        started_at: when(wire.started_at),
        finished_at: when(wire.completed_at),
    }
}

/// Returns the runs that tasks tell of, with their jobs.
///
/// Tasks come newest first; of a job that was tried again the newest counts. The run that the
/// page ends in may have more of them: its jobs are not all there, unless `whole` says so.
pub(in crate::sources::gitea) fn of_tasks(
    repo: &RepoKey,
    tasks: &[Task],
    (whole, now): (bool, Timestamp),
) -> Vec<(Run, JobSet)> {
    let mut by_run: BTreeMap<u64, Vec<&Task>> = BTreeMap::new();
    for task in tasks {
        by_run.entry(task.number).or_default().push(task);
    }
    let last = tasks.last().map(|task| task.number);
    let runs = by_run.into_iter();
    let runs = runs.filter_map(|(number, tasks)| {
        let complete = whole || Some(number) != last;
        of_run(repo, (number, &tasks), (complete, now))
    });
    runs.collect()
}

fn of_run(
    repo: &RepoKey,
    (number, tasks): (u64, &[&Task]),
    (complete, now): (bool, Timestamp),
) -> Option<(Run, JobSet)> {
    let newest = tasks.first()?;
    let mut jobs: Vec<Job> = Vec::new();
    for task in tasks {
        let name = Clean::line(&task.name);
        if jobs.iter().all(|job| job.name != name) {
            jobs.push(of_task(task, name));
        }
    }
    let oldest = tasks.iter().map(|task| task.created_at).min();
    let created_at = oldest.unwrap_or(newest.created_at);
    let updated = tasks.iter().filter_map(|task| when(task.updated_at)).max();
    let started = tasks.iter().filter_map(|task| when(task.run_started_at));
    let is_over = jobs.iter().all(|job| job.state.is_over());
    let rests = is_over && updated.is_some_and(|at| now - at >= PAUSE);
    let (branch, pull) = place(newest.head_branch.as_deref().unwrap_or_default());
    let file = line(newest.workflow_id.as_deref());
    let run = Run {
        repo: repo.clone(),
        ci: Clean::default(),
        no_jobs: Clean::default(),
        label: Clean::default(),
        id: BY_NUMBER | (number & (BY_NUMBER - 1)),
        number,
        attempt: 1,
        workflow: file.clone(),
        workflow_path: file,
        event: line(newest.event.as_deref()),
        branch,
        head_sha: sha(newest.head_sha.as_deref()),
        change_requests: pull.into_iter().collect(),
        state: together(&jobs, complete, rests),
        actor: None,
        title: line(newest.display_title.as_deref()),
        url: link(newest.url.as_deref()),
        created_at,
        started_at: started.min(),
        updated_at: updated.unwrap_or(created_at),
    };
    let set = JobSet {
        run: run.key(),
        attempt: 1,
        jobs,
        complete: complete && rests,
    };
    Some((run, set))
}

fn of_task(task: &Task, name: Clean) -> Job {
    let state = state(task.status.as_deref(), None, Words::Own);
    Job {
        id: task.id,
        name,
        stage: None,
        attempt: 1,
        created_at: Some(task.created_at),
        started_at: when(task.run_started_at),
        finished_at: when(task.updated_at).filter(|_| state.is_over()),
        url: link(task.url.as_deref()),
        steps: Vec::new(),
        state,
    }
}

/// Returns what jobs come to; of a part of them only what the rest cannot change.
///
/// A job has no task before a runner took it: while the last one ended only just now, the next may
/// be about to begin.
fn together(jobs: &[Job], complete: bool, rests: bool) -> RunState {
    let any = |fits: &fn(&RunState) -> bool| jobs.iter().find(|job| fits(&job.state));
    let rank: [fn(&RunState) -> bool; 6] = [
        |state| matches!(state, RunState::Running),
        |state| matches!(state, RunState::Failed(_)),
        |state| matches!(state, RunState::Unknown(_)),
        |state| matches!(state, RunState::Queued | RunState::Waiting),
        |state| matches!(state, RunState::Cancelled),
        |state| matches!(state, RunState::Passed),
    ];
    let worst = rank.iter().find_map(any).map(|job| job.state.clone());
    let state = worst.unwrap_or(RunState::Skipped);
    let is_well = matches!(state, RunState::Passed | RunState::Skipped);
    if is_well && !complete {
        RunState::Unknown(Clean::line("not all of its jobs were read"))
    } else if is_well && !rests {
        RunState::Running
    } else {
        state
    }
}

//! Jobs of pipelines: each keeps its identity when others of its pipeline are tried again.

use axum::http::StatusCode;
use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::demo::forge::answer::Answer;
use crate::demo::forge::gitlab::{
    Ask, Project, beyond, commits, error, list, missing, pipelines, time, trace, users,
};
use crate::demo::forge::wire::join;
use crate::demo::scenario::ci::Cause;
use crate::demo::scenario::model::{Job, RepoState, Run};
use crate::demo::scenario::{artifact, log};

/// A job where it was first made, and whether another took its place.
pub(super) struct Made<'a> {
    pub(super) run: &'a Run,
    pub(super) job: &'a Job,
    pub(super) retried: bool,
}

/// Returns all jobs of a run, the latest attempt's first. What an attempt takes over unchanged from
/// the one before it is the same job here.
pub(super) fn made(run: &Run) -> Vec<Made<'_>> {
    let mut all: Vec<Made<'_>> = Vec::new();
    for job in run.attempts.iter().flatten() {
        let same =
            |one: &Made<'_>| one.job.name == job.name && one.job.created_at == job.created_at;
        if all.iter().any(same) {
            continue;
        }
        for one in all.iter_mut().filter(|one| one.job.name == job.name) {
            one.retried = true;
        }
        all.push(Made {
            run,
            job,
            retried: false,
        });
    }
    all.reverse();
    all
}

/// Returns the number of a job: of its making, so that it survives the attempts that take it over.
pub(super) fn id(repo: &RepoState, run: &Run, job: &Job) -> u64 {
    let slot = run
        .attempts
        .iter()
        .flatten()
        .position(|one| one.name == job.name && one.created_at == job.created_at);
    let own = u64::try_from(slot.unwrap_or(0)).unwrap_or(0) & 0x7;
    pipelines::grows(repo, job.created_at, ((run.id & 0x3ff) << 3) | own, 13)
}

/// Returns the job with this number.
pub(super) fn find<'a>(repo: &'a RepoState, number: &str) -> Option<Made<'a>> {
    let number: u64 = number.parse().ok()?;
    repo.runs.iter().find_map(|run| {
        let mut all = made(run).into_iter();
        all.find(|one| id(repo, run, one.job) == number)
    })
}

/// Returns its name as a pipeline's file would have it.
pub(super) fn name(job: &Job) -> String {
    match job.name.split_once(" (") {
        Some((name, rest)) => format!("{name}: [{}]", rest.trim_end_matches(')')),
        None => job.name.to_owned(),
    }
}

fn stage(job: &Job) -> &'static str {
    match job.name {
        "build" => "build",
        "release" => "release",
        name if name.starts_with("deploy") => "deploy",
        _ => "test",
    }
}

/// Returns the status in GitLab's words.
pub(super) fn status(job: &Job) -> &'static str {
    match (job.status, job.conclusion) {
        (_, Some("success")) => "success",
        (_, Some("cancelled")) => "canceled",
        (_, Some("skipped")) => "skipped",
        (_, Some(_)) => "failed",
        ("in_progress", None) => "running",
        ("waiting", None) => "manual",
        ("queued", None) => "pending",
        (_, None) => "created",
    }
}

fn reason(job: &Job) -> Option<&'static str> {
    let failed = status(job) == "failed";
    failed.then_some(match job.cause {
        Cause::None
        | Cause::Own
        | Cause::Base(_)
        | Cause::Flaky
        | Cause::Registry
        | Cause::Memory
        | Cause::Secret
        | Cause::Odd => "script_failure",
    })
}

fn seconds(span: TimeDelta) -> f64 {
    let millis = i32::try_from(span.num_milliseconds()).unwrap_or(i32::MAX);
    f64::from(millis.max(0)) / 1_000.0
}

/// Returns a job as GitLab writes it.
pub(super) fn written(ask: &Ask<'_>, project: &Project, made: &Made<'_>) -> Value {
    let (run, job, repo) = (made.run, made.job, &project.repo);
    let number = id(repo, run, job);
    let mut artifacts = Vec::new();
    if job.completed_at.is_some() {
        artifacts.push(json!({
            "file_type": "trace", "size": 4_096, "filename": "job.log", "file_format": null,
        }));
    }
    let reports = artifact::of(run);
    if let Some(report) = reports.iter().find(|report| report.id == job.id) {
        artifacts.push(json!({
            "file_type": "junit", "size": 8_192, "filename": format!("{}.xml.gz", report.name),
            "file_format": "gzip",
        }));
    }
    let end = job.completed_at.unwrap_or(ask.asked.now);
    let waited = job.started_at.unwrap_or(end) - job.created_at;
    let plain = json!({
        "id": number, "status": status(job), "stage": stage(job), "name": name(job),
        "ref": pipelines::reference(run), "tag": pipelines::tagged(repo, run), "coverage": null,
        "allow_failure": false, "created_at": time(job.created_at),
        "started_at": job.started_at.map(time), "finished_at": job.completed_at.map(time),
        "erased_at": null, "duration": job.started_at.map(|from| seconds(end - from)),
        "queued_duration": seconds(waited), "user": users::brief(ask, run.triggered_by),
        "commit": commits::written(ask, project, &run.sha),
        "pipeline": pipelines::brief(ask, project, run),
    });
    let mut whole = join(
        plain,
        json!({
            "web_url": format!("{}/-/jobs/{number}", project.page(ask)),
            "project": {"ci_job_token_scope_enabled": false},
            "artifacts": artifacts, "runner": null, "runner_manager": null,
            "artifacts_expire_at": null, "archived": false, "tag_list": [],
        }),
    );
    if let Some(reason) = reason(job) {
        crate::demo::forge::wire::put(&mut whole, "failure_reason", reason);
    }
    whole
}

fn wanted(ask: &Ask<'_>, made: &Made<'_>) -> bool {
    let retried = ask.is("include_retried");
    (retried || !made.retried) && list::wants(ask, "scope", status(made.job))
}

fn by_id(ask: &Ask<'_>, project: &Project, all: Vec<Made<'_>>) -> Answer {
    let id = |one: &Made<'_>| id(&project.repo, one.run, one.job);
    list::by_id(ask, all, id, |one| written(ask, project, one))
}

/// Answers with the jobs of a run.
pub(super) fn of_run(ask: &Ask<'_>, project: &Project, run: &Run) -> Answer {
    let mut all = made(run);
    all.retain(|one| wanted(ask, one));
    by_id(ask, project, all)
}

/// Answers what is asked of jobs.
pub(super) fn answer(ask: &Ask<'_>, project: &Project, path: &[&str]) -> Answer {
    let repo = &*project.repo;
    match path {
        [] => {
            let mut all: Vec<Made<'_>> = repo.runs.iter().flat_map(made).collect();
            all.retain(|one| wanted(ask, one));
            by_id(ask, project, all)
        }
        [number, rest @ ..] => {
            let Some(found) = find(repo, number) else {
                return missing("Not found");
            };
            match rest {
                [] => Answer::json(written(ask, project, &found)),
                ["trace"] => log_of(ask, project, &found),
                _ => beyond(),
            }
        }
    }
}

fn log_of(ask: &Ask<'_>, project: &Project, found: &Made<'_>) -> Answer {
    if log::gone(found.job, ask.asked.now) {
        return error(StatusCode::NOT_FOUND, "Not Found");
    }
    trace::answer(&project.repo, found.run, found.job, ask.asked.now)
}

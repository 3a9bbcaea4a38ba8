//! Pipelines: runs of workflows, as GitLab writes them.

use axum::http::StatusCode;
use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::demo::forge::answer::Answer;
use crate::demo::forge::gitlab::{
    Ask, Project, beyond, error, jobs, list, missing, reports, time, users,
};
use crate::demo::forge::wire::join;
use crate::demo::scenario::ci::WORKFLOWS;
use crate::demo::scenario::model::{RepoState, Run};
use crate::domain::Timestamp;

/// Before anything that is told: the beginning of 2020.
const BEGIN: i64 = 1_577_836_800;

/// Returns a number that grows with time, for something of a repository; `own` tells apart what
/// was made in the same second, with `bits` of it.
pub(super) fn grows(repo: &RepoState, at: Timestamp, own: u64, bits: u32) -> u64 {
    let secs = u64::try_from(at.timestamp() - BEGIN).unwrap_or(0);
    let index = u64::try_from(repo.spec.index).unwrap_or(0) & 0x1ff;
    (((secs << 9) | index) << bits) | (own & ((1 << bits) - 1))
}

/// Returns the number of a pipeline.
pub(super) fn id(repo: &RepoState, run: &Run) -> u64 {
    grows(repo, run.created_at, run.id, 10)
}

/// Returns the run that is behind a pipeline.
pub(super) fn find<'a>(repo: &'a RepoState, number: &str) -> Option<&'a Run> {
    let number: u64 = number.parse().ok()?;
    repo.runs.iter().find(|run| id(repo, run) == number)
}

/// Returns the status in GitLab's words.
pub(super) fn status(run: &Run) -> &'static str {
    match (run.status, run.conclusion) {
        (_, Some("success")) => "success",
        (_, Some("cancelled")) => "canceled",
        (_, Some("skipped")) => "skipped",
        // Whoever may has to start it by hand.
        (_, Some("action_required")) | ("waiting", None) => "manual",
        (_, Some(_)) => "failed",
        ("in_progress", None) => "running",
        ("queued", None) => "pending",
        (_, None) => "created",
    }
}

/// Returns what started it, in GitLab's words.
fn source(run: &Run) -> &'static str {
    match run.event {
        "pull_request" | "merge_group" => "merge_request_event",
        "schedule" => "schedule",
        "workflow_dispatch" => "web",
        _ => "push",
    }
}

/// Returns the branch, the tag or the merge request that it is for.
pub(super) fn reference(run: &Run) -> String {
    match (run.event, run.pull) {
        ("pull_request", Some(number)) => format!("refs/merge-requests/{number}/head"),
        ("merge_group", Some(number)) => format!("refs/merge-requests/{number}/train"),
        _ => run.branch.clone(),
    }
}

/// Returns whether it is for a tag.
pub(super) fn tagged(repo: &RepoState, run: &Run) -> bool {
    matches!(run.event, "push" | "release")
        && !repo.branches.iter().any(|branch| branch.name == run.branch)
        && run.pull.is_none()
        && run.branch.contains('v')
        && !run.branch.contains('/')
}

fn page(ask: &Ask<'_>, project: &Project, run: &Run) -> String {
    format!(
        "{}/-/pipelines/{}",
        project.page(ask),
        id(&project.repo, run)
    )
}

/// Returns a pipeline as lists have it.
pub(super) fn brief(ask: &Ask<'_>, project: &Project, run: &Run) -> Value {
    json!({
        "id": id(&project.repo, run), "iid": run.number, "project_id": project.id(),
        "sha": run.sha, "ref": reference(run), "status": status(run), "source": source(run),
        "created_at": time(run.created_at), "updated_at": time(run.updated_at),
        "web_url": page(ask, project, run),
        "name": WORKFLOWS.get(run.workflow).map(|workflow| workflow.name),
    })
}

fn seconds(span: TimeDelta) -> i64 {
    span.num_seconds().max(0)
}

/// Returns a pipeline as its own page has it.
pub(super) fn full(ask: &Ask<'_>, project: &Project, run: &Run) -> Value {
    let (repo, word) = (&project.repo, status(run));
    let parent = repo
        .commits
        .get(&run.sha)
        .and_then(|commit| commit.parents.first());
    let over = run.status == "completed";
    let begun = run.jobs().iter().filter_map(|job| job.started_at).min();
    let broken = (run.conclusion == Some("startup_failure"))
        .then_some("jobs:build config should contain at least one visible job");
    join(
        brief(ask, project, run),
        json!({
            "before_sha": parent, "tag": tagged(repo, run), "yaml_errors": broken,
            "user": users::brief(ask, run.triggered_by), "started_at": begun.map(time),
            "finished_at": over.then(|| time(run.updated_at)), "committed_at": null,
            "duration": begun.filter(|_| over).map(|from| seconds(run.updated_at - from)),
            "queued_duration": begun.map(|from| seconds(from - run.started_at)),
            "coverage": null, "archived": false,
            "detailed_status": {
                "icon": format!("status_{word}"), "text": word, "label": word, "group": word,
                "tooltip": word, "has_details": true, "details_path":
                    format!("/{}/-/pipelines/{}", project.place.path, id(repo, run)),
                "illustration": null, "favicon": format!("/assets/ci_favicons/favicon_status_{word}.png"),
            },
        }),
    )
}

fn wanted(ask: &Ask<'_>, repo: &RepoState, run: &Run) -> bool {
    let word = status(run);
    let scope = match ask.param("scope") {
        Some("running") => word == "running",
        Some("pending") => word == "pending",
        Some("finished") => run.status == "completed" && word != "manual",
        Some("branches") => !tagged(repo, run),
        Some("tags") => tagged(repo, run),
        Some(_) | None => true,
    };
    let name = WORKFLOWS
        .get(run.workflow)
        .map_or("", |workflow| workflow.name);
    scope
        && ask.param("status").is_none_or(|wanted| wanted == word)
        && ask.param("ref").is_none_or(|name| name == reference(run))
        && ask.param("sha").is_none_or(|sha| sha == run.sha)
        && ask
            .param("source")
            .is_none_or(|wanted| wanted == source(run))
        && ask.param("name").is_none_or(|wanted| wanted == name)
        && users::meant(ask, "username", run.triggered_by)
        && list::within(ask, "updated", run.updated_at)
        && list::within(ask, "created", run.created_at)
}

/// Answers what is asked of pipelines.
pub(super) fn answer(ask: &Ask<'_>, project: &Project, path: &[&str]) -> Answer {
    let repo = &*project.repo;
    match path {
        [] => {
            let runs = repo.runs.iter();
            let mut all: Vec<&Run> = runs.filter(|run| wanted(ask, repo, run)).collect();
            // Without a wish the newest number comes first, which is the newest pipeline.
            list::sort(ask, &mut all, true, |run| {
                (run.created_at, run.updated_at, id(repo, run))
            });
            list::page(ask, &all, |run| brief(ask, project, run))
        }
        ["latest"] => {
            let name = ask.param("ref").unwrap_or(repo.spec.base_branch());
            let mut runs = repo.runs.iter();
            match runs.find(|run| reference(run) == name) {
                Some(run) => Answer::json(full(ask, project, run)),
                None => error(StatusCode::FORBIDDEN, "Forbidden"),
            }
        }
        [number, rest @ ..] => match find(repo, number) {
            Some(run) => of_run(ask, project, run, rest),
            None => missing("Pipeline"),
        },
    }
}

fn of_run(ask: &Ask<'_>, project: &Project, run: &Run, rest: &[&str]) -> Answer {
    match rest {
        [] => Answer::json(full(ask, project, run)),
        ["jobs"] => jobs::of_run(ask, project, run),
        // Nothing of the team starts pipelines in another project.
        ["bridges" | "variables"] => list::page(ask, &[] as &[Value], Clone::clone),
        ["test_report"] => reports::full(project, run),
        ["test_report_summary"] => reports::summary(project, run),
        _ => beyond(),
    }
}

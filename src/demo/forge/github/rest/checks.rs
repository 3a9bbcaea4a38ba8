//! Checks of commits and what the runner noted of them, as REST writes it.

use serde_json::{Value, json};

use crate::demo::forge::answer::{Answer, iso};
use crate::demo::forge::compare;
use crate::demo::forge::github::rest::actions::with_job;
use crate::demo::forge::github::rest::{Ask, repos};
use crate::demo::forge::wire;
use crate::demo::scenario::model::{Job, RepoState, Run};
use crate::demo::scenario::trouble;

/// Answers with the checks of a commit.
pub(super) fn of_commit(ask: &Ask<'_>, repo: &RepoState, name: &str) -> Answer {
    let Some(sha) = compare::resolve(repo, name) else {
        return Answer::not_found();
    };
    let mut all: Vec<(&Run, &Job)> = Vec::new();
    for run in repo.runs.iter().filter(|run| run.sha == sha) {
        all.extend(run.jobs().iter().map(|job| (run, job)));
    }
    Answer::page(
        ask.asked,
        &all,
        |(run, job)| check_run(ask, repo, run, job),
        |total, rows| json!({"total_count": total, "check_runs": rows}),
    )
}

/// Answers what is asked of one check.
pub(super) fn answer(ask: &Ask<'_>, repo: &RepoState, rest: &[&str]) -> Answer {
    match rest {
        [id] => with_job(repo, id, |run, job| {
            Answer::json(check_run(ask, repo, run, job))
        }),
        [id, "annotations"] => with_job(repo, id, |run, job| {
            Answer::list(ask.asked, &trouble::notes(repo, run, job), |note| {
                json!({
                    "path": note.path, "start_line": note.line, "end_line": note.line,
                    "start_column": null, "end_column": null, "annotation_level": note.level,
                    "title": note.title, "message": note.message, "raw_details": null,
                    "blob_href":
                        format!("{}/blob/{}/{}", repos::page(ask, repo), run.sha, note.path),
                })
            })
        }),
        _ => Answer::not_found(),
    }
}

fn check_run(ask: &Ask<'_>, repo: &RepoState, run: &Run, job: &Job) -> Value {
    let url = format!("{}/check-runs/{}", repos::url(ask, repo), job.id);
    let page = format!("{}/job/{}", wire::run_url(ask.html, repo, run), job.id);
    json!({
        "id": job.id, "head_sha": run.sha, "node_id": format!("CR_{}_{}", repo.spec.index, job.id),
        "external_id": null, "url": url, "html_url": page, "details_url": page,
        "status": job.status, "conclusion": job.conclusion,
        "started_at": job.started_at.map(iso), "completed_at": job.completed_at.map(iso),
        "output": {
            "title": null, "summary": null, "text": null,
            "annotations_count": trouble::notes(repo, run, job).len(),
            "annotations_url": format!("{url}/annotations"),
        },
        "name": job.name, "check_suite": {"id": run.id}, "app": null, "pull_requests": [],
    })
}
